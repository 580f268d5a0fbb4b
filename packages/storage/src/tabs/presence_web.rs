//! Which workflows are open in other tabs.
//!
//! Each tab holds one of the browser's locks, named after its workflow and shared with whoever has it open too. A lock goes with
//! the tab that dies, so what a tab says can't outlive it. Where there are no locks, nobody is seen elsewhere.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use js_sys::{Array, Function, Object, Promise, Reflect};
use tokio::sync::oneshot;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::model::WorkflowId;

/// What a lock's name begins with.
const PREFIX: &str = "atelier:open:";

/// What this tab shows. Clones share it.
#[derive(Clone, Default)]
pub struct Presence(Rc<RefCell<Option<(WorkflowId, Held)>>>);

/// A lock that is held until this is dropped.
pub(super) struct Held {
    release: Function,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Calling a promise's own function cannot fail.
        let _always_fulfilled = self.release.call0(&JsValue::NULL);
    }
}

impl Presence {
    /// Says that this tab shows this workflow now, or none. A tab is one window, whatever its number.
    pub async fn enter(&self, _window: u64, workflow: Option<WorkflowId>) {
        self.0.take();
        if let Some(workflow) = workflow {
            let held = hold(&format!("{PREFIX}{workflow}"), "shared").await;
            self.0.replace(held.map(|held| (workflow, held)));
        }
    }

    /// The workflows that other tabs show.
    pub async fn elsewhere(&self, _window: u64) -> BTreeSet<WorkflowId> {
        let mut open = held().await.unwrap_or_default();
        let own = self.0.borrow().as_ref().map(|(workflow, _)| *workflow);
        if let Some(at) = own.and_then(|own| open.iter().position(|workflow| *workflow == own)) {
            open.swap_remove(at);
        }
        open.into_iter().collect()
    }
}

fn locks() -> Option<JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    Reflect::get(&navigator, &"locks".into()).ok().filter(JsValue::is_object)
}

fn method(locks: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(locks, &name.into()).ok()?.dyn_into().ok()
}

/// Takes a lock: `shared` together with all others who have it, `exclusive` once nobody else has it.
pub(super) async fn hold(name: &str, mode: &str) -> Option<Held> {
    let locks = locks()?;
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &mode.into()).ok()?;
    let (tell, told) = oneshot::channel();
    let granted = Closure::once_into_js(move |_lock: JsValue| -> Promise {
        // The lock is held until this promise is fulfilled.
        let mut release = None;
        let held = Promise::new(&mut |resolve: Function, _| release = Some(resolve));
        // If nobody waits any more, what is sent is dropped, and so the lock let go.
        drop(release.map(|release| tell.send(Held { release })));
        held
    });
    method(&locks, "request")?.call3(&locks, &name.into(), &options, &granted).ok()?;
    told.await.ok()
}

/// Every tab's workflow, once for each tab that has it.
async fn held() -> Option<Vec<WorkflowId>> {
    let locks = locks()?;
    let asked: Promise = method(&locks, "query")?.call0(&locks).ok()?.dyn_into().ok()?;
    let all: Array = Reflect::get(&JsFuture::from(asked).await.ok()?, &"held".into()).ok()?.dyn_into().ok()?;
    let named = |lock: JsValue| {
        let name = Reflect::get(&lock, &"name".into()).ok()?.as_string()?;
        name.strip_prefix(PREFIX)?.parse().ok()
    };
    Some(all.iter().filter_map(named).collect())
}
