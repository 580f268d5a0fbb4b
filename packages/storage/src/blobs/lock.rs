//! The lock between those who add media and those who remove it, in all tabs or windows.
//!
//! Who puts something holds it together with others, until the node that refers to it is stored; who deletes or sweeps holds it
//! alone. So nothing is removed that somebody is about to refer to. When a tab dies, the browser lets its locks go.

#[cfg(not(target_arch = "wasm32"))]
mod platform {
    use std::sync::Arc;

    use tokio::sync::RwLock;

    use crate::blobs::Device;

    /// Shared by all windows of the process; there is one process for a folder.
    #[derive(Clone, Debug, Default)]
    pub struct Lock(Arc<RwLock<()>>);

    /// While it exists, the lock is held.
    pub type Held = Box<dyn std::any::Any + Send + Sync>;

    impl Lock {
        /// The lock of all who keep media where `device` does.
        pub fn new(_device: &Device) -> Self {
            Self::default()
        }

        /// Waits until nobody removes anything.
        pub async fn shared(&self) -> Held {
            Box::new(Arc::clone(&self.0).read_owned().await)
        }

        /// Waits until nobody adds or removes anything.
        pub async fn alone(&self) -> Held {
            Box::new(Arc::clone(&self.0).write_owned().await)
        }

        /// None: somebody adds or removes something.
        pub async fn alone_now(&self) -> Option<Held> {
            let held = Arc::clone(&self.0).try_write_owned().ok()?;
            Some(Box::new(held))
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod platform {
    use js_sys::{Function, Object, Promise, Reflect};
    use tokio::sync::oneshot;
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};

    use crate::blobs::Device;

    const NAME: &str = "atelier:assets";

    /// One of the browser's own locks, which all tabs share.
    #[derive(Clone, Debug, Default)]
    pub struct Lock;

    /// While it exists, the lock is held.
    #[derive(Debug)]
    pub struct Held(Option<Function>);

    impl Drop for Held {
        fn drop(&mut self) {
            if let Some(release) = &self.0 {
                // Calling a promise's own function cannot fail.
                let _always_fulfilled = release.call0(&JsValue::NULL);
            }
        }
    }

    impl Lock {
        /// The lock of all tabs of this origin.
        pub fn new(_device: &Device) -> Self {
            Self
        }

        /// Waits until nobody removes anything.
        pub async fn shared(&self) -> Held {
            request("shared", false).await.unwrap_or(Held(None))
        }

        /// Waits until nobody adds or removes anything.
        pub async fn alone(&self) -> Held {
            request("exclusive", false).await.unwrap_or(Held(None))
        }

        /// None: somebody adds or removes something.
        pub async fn alone_now(&self) -> Option<Held> {
            request("exclusive", true).await
        }
    }

    /// Asks for the lock. Where the browser has none (an address that isn't secure), everybody has it: a commit then still says
    /// when what it refers to is gone.
    async fn request(mode: &str, only_now: bool) -> Option<Held> {
        let locks = Reflect::get(&js_sys::global(), &"navigator".into())
            .and_then(|navigator| Reflect::get(&navigator, &"locks".into()))
            .ok()
            .filter(JsValue::is_object);
        let Some(locks) = locks else { return Some(Held(None)) };
        let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
        let options = Object::new();
        Reflect::set(&options, &"mode".into(), &mode.into()).ok()?;
        Reflect::set(&options, &"ifAvailable".into(), &only_now.into()).ok()?;
        let (tell, told) = oneshot::channel();
        let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            if lock.is_null() {
                let _nobody_waits = tell.send(None);
                return JsValue::UNDEFINED;
            }
            // The lock is held until this promise is fulfilled.
            let mut release = None;
            let held = Promise::new(&mut |resolve: Function, _| release = Some(resolve));
            // If nobody waits any more, what is sent is dropped, and so the lock let go.
            drop(tell.send(release.map(|release| Held(Some(release)))));
            held.into()
        });
        request.call3(&locks, &NAME.into(), &options, &granted).ok()?;
        told.await.ok().flatten()
    }
}

pub use platform::{Held, Lock};
