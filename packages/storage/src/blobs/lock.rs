//! The lock between those who add media and those who remove it, in all tabs or windows.
//!
//! Who puts something holds it together with others, until the node that refers to it is stored; who deletes or sweeps holds it
//! alone. So nothing is removed that somebody is about to refer to. When a tab dies, the browser lets its locks go.

#[cfg(not(target_arch = "wasm32"))]
mod platform {
    use std::{
        fs::{File, OpenOptions, TryLockError},
        path::PathBuf,
        pin::pin,
        sync::{Arc, Mutex, MutexGuard, PoisonError},
        time::Duration,
    };

    use futures::future::select;
    use tokio::sync::Notify;

    use crate::{blobs::Device, platform::sleep};

    /// The file in the data folder that other processes lock as well.
    const FILE: &str = "media.lock";
    /// How often it is asked whether another process has let it go.
    const PAUSE: Duration = Duration::from_millis(50);

    /// A lock of this process, and one that other processes see: the system's own, which goes with a process that dies.
    ///
    /// Who shares it goes before who waits to have it alone. In a fair order, somebody who holds it and puts a second content
    /// would wait for the one who waits for them.
    #[derive(Debug, Default)]
    pub struct Lock {
        here: Arc<Here>,
        file: Option<PathBuf>,
    }

    /// Who of this process holds it.
    #[derive(Debug, Default)]
    struct Here {
        holders: Mutex<Holders>,
        freed: Notify,
    }

    #[derive(Debug, Default)]
    struct Holders {
        sharing: usize,
        is_alone: bool,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum How {
        Shared,
        Alone,
    }

    /// Another process has it.
    struct Taken;

    /// While it exists, the lock is held.
    #[derive(Debug)]
    pub struct Held {
        here: Arc<Here>,
        how: How,
        /// Locked for as long as it is open.
        file: Option<File>,
    }

    impl Here {
        fn holders(&self) -> MutexGuard<'_, Holders> {
            // Nothing panics while it is held.
            self.holders.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            // First, so that who is woken finds it free.
            self.file = None;
            let mut holders = self.here.holders();
            match self.how {
                How::Shared => holders.sharing -= 1,
                How::Alone => holders.is_alone = false,
            }
            drop(holders);
            self.here.freed.notify_waiters();
        }
    }

    impl Lock {
        /// The lock of all who keep media where `device` does.
        pub fn new(device: &Device) -> Self {
            Self { here: Arc::default(), file: device.data().map(|folder| folder.join(FILE)) }
        }

        /// Waits until nobody removes anything.
        pub async fn shared(&self) -> Held {
            self.wait(How::Shared).await
        }

        /// Waits until nobody adds or removes anything.
        pub async fn alone(&self) -> Held {
            self.wait(How::Alone).await
        }

        /// None: somebody adds or removes something.
        #[expect(clippy::unused_async, reason = "a browser has to be asked")]
        pub async fn alone_now(&self) -> Option<Held> {
            self.take(How::Alone)
        }

        async fn wait(&self, how: How) -> Held {
            loop {
                // Before it is tried, so that nothing that happens in between is missed.
                let freed = self.here.freed.notified();
                if let Some(held) = self.take(how) {
                    return held;
                }
                if self.file.is_some() {
                    select(pin!(freed), pin!(sleep(PAUSE))).await;
                } else {
                    freed.await;
                }
            }
        }

        /// Takes it, if that can be done now.
        fn take(&self, how: How) -> Option<Held> {
            let mut holders = self.here.holders();
            if holders.is_alone || (how == How::Alone && holders.sharing > 0) {
                return None;
            }
            let Ok(file) = self.lock_file(how) else { return None };
            match how {
                How::Shared => holders.sharing += 1,
                How::Alone => holders.is_alone = true,
            }
            Some(Held { here: Arc::clone(&self.here), how, file })
        }

        /// Locks the file. Where files can't be locked, there is nobody to agree with, and it gives none.
        fn lock_file(&self, how: How) -> Result<Option<File>, Taken> {
            let open = |path| OpenOptions::new().create(true).truncate(false).write(true).open(path);
            let Some(Ok(file)) = self.file.as_ref().map(open) else { return Ok(None) };
            let locked = match how {
                How::Shared => file.try_lock_shared(),
                How::Alone => file.try_lock(),
            };
            match locked {
                Ok(()) => Ok(Some(file)),
                Err(TryLockError::WouldBlock) => Err(Taken),
                Err(TryLockError::Error(_)) => Ok(None),
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod platform {
    use js_sys::{Function, Object, Promise, Reflect};
    use tokio::sync::oneshot;
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};

    use std::time::Duration;

    use crate::{blobs::Device, platform::sleep};

    const NAME: &str = "atelier:assets";
    /// How often it is asked whether others have let it go.
    const PAUSE: Duration = Duration::from_millis(50);

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
            request(NAME, "shared", false).await.unwrap_or(Held(None))
        }

        /// Waits until nobody adds or removes anything.
        ///
        /// It is asked again and again rather than queued for: the browser's queue is fair, so somebody who holds the lock and
        /// puts a second content would wait for the one who waits for them.
        pub async fn alone(&self) -> Held {
            loop {
                if let Some(held) = self.alone_now().await {
                    return held;
                }
                sleep(PAUSE).await;
            }
        }

        /// None: somebody adds or removes something.
        pub async fn alone_now(&self) -> Option<Held> {
            match request(NAME, "exclusive", true).await {
                Some(held) => Some(held),
                // The browser lets a lock go a moment after it was told to.
                None => {
                    sleep(PAUSE).await;
                    request(NAME, "exclusive", true).await
                }
            }
        }
    }

    /// What the browser has of locks. None: an address that isn't secure, or an old browser.
    fn manager() -> Option<JsValue> {
        let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
        Reflect::get(&navigator, &"locks".into()).ok().filter(JsValue::is_object)
    }

    /// Whether the browser has locks.
    pub fn is_there() -> bool {
        manager().is_some()
    }

    /// Waits until nobody else has the lock of that name.
    pub async fn exclusive(name: &str) -> Option<Held> {
        request(name, "exclusive", false).await
    }

    /// Asks for a lock. Where the browser has none (an address that isn't secure), everybody has it: a commit then still says
    /// when what it refers to is gone.
    async fn request(name: &str, mode: &str, only_now: bool) -> Option<Held> {
        let Some(locks) = manager() else { return Some(Held(None)) };
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
        request.call3(&locks, &name.into(), &options, &granted).ok()?;
        told.await.ok().flatten()
    }
}

pub use platform::{Held, Lock};
#[cfg(target_arch = "wasm32")]
pub use platform::{exclusive, is_there};
