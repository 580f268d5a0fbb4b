//! What the page exports: the cases, and a tab's view of a database for tests that the DevTools protocol drives.

mod media;

use std::{cell::RefCell, rc::Rc, sync::Arc};

use conformance::{Migration, indexed_db};
use futures::future::join_all;
use js_sys::{Function, Promise};
use storage::{
    Error,
    backend::{Backend, Batch, Notice, indexed_db::IndexedDb},
    model::{Clock, EntityKey, NodeId, RegisterName, Registers, Stamp, WorkflowId},
};
use uuid::Uuid;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};

thread_local! {
    /// What rejects the promise of the case that runs.
    static REJECT: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// A panic stops the code where it is, so nothing can answer after it: the hook does.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        if let Some(reject) = REJECT.take() {
            let _told = reject.call1(&JsValue::NULL, &panic.to_string().into());
        }
    }));
}

/// The cases.
#[wasm_bindgen]
pub fn names() -> Vec<String> {
    indexed_db::names()
}

/// Runs a case. Rejects with what went wrong; then the page is of no more use.
#[wasm_bindgen]
pub fn run(name: String) -> Promise {
    Promise::new(&mut |resolve: Function, reject: Function| {
        REJECT.set(Some(reject));
        let name = name.clone();
        spawn_local(async move {
            indexed_db::run(&name).await;
            REJECT.take();
            let _told = resolve.call0(&JsValue::NULL);
        });
    })
}

/// Opens the database as a build of the third schema does, and closes it; says what became of it. If it hangs, it never does.
#[wasm_bindgen]
pub fn migrate(name: String, hangs: bool) -> Promise {
    let steps = if hangs { indexed_db::HANGING_STEPS } else { indexed_db::steps(Migration::ToThird) };
    future_to_promise(async move {
        let opened = IndexedDb::open_with(&name, steps, |_| {}).await;
        if let Ok(db) = &opened {
            db.close().await;
        }
        Ok(told(opened))
    })
}

/// A tab that has a database open.
#[wasm_bindgen]
pub struct Tab {
    db: Rc<IndexedDb>,
    clock: RefCell<Clock>,
    notices: Rc<RefCell<Vec<Notice>>>,
}

/// The one workflow that tabs write to.
fn workflow() -> WorkflowId {
    WorkflowId::from_uuid(Uuid::from_u128(1))
}

fn node(number: u32) -> EntityKey {
    EntityKey::node(workflow(), NodeId::from_uuid(Uuid::from_u128(number.into())))
}

fn told<T>(result: Result<T, Error>) -> JsValue {
    match result {
        Ok(_) => "ok".into(),
        Err(error) => format!("{error:?}").into(),
    }
}

#[wasm_bindgen]
impl Tab {
    /// Opens the database. `number` is the tab's own.
    pub fn open(name: String, number: u32) -> Promise {
        future_to_promise(async move {
            let notices: Rc<RefCell<Vec<Notice>>> = Rc::default();
            let heard = Rc::clone(&notices);
            let db = IndexedDb::open(&name, move |notice| heard.borrow_mut().push(notice)).await;
            let db = Rc::new(db.map_err(|error| told::<()>(Err(error)))?);
            Ok(Self { db, clock: RefCell::new(Clock::new(number.into())), notices }.into())
        })
    }

    fn stamp(&self) -> Stamp {
        self.clock.borrow_mut().tick(1_800_000_000_000)
    }

    fn commit(&self, batch: Batch) -> Promise {
        let commit = self.db.commit(Arc::new(batch));
        future_to_promise(async move { Ok(told(commit.await)) })
    }

    /// Stores so many nodes, each with a text, and the operation; says what became of it.
    pub fn store(&self, nodes: u32, text: &str) -> Promise {
        let stamp = self.stamp();
        let mut batch = Batch::new();
        batch.merge(EntityKey::workflow(workflow()), &Registers::new().with(RegisterName::Name, stamp, "Shared"));
        for number in 0..nodes {
            let created = Registers::new().with(RegisterName::Type, stamp, "prompt");
            batch.merge(node(number), &created.with(RegisterName::config("text"), stamp, text));
        }
        batch.record();
        self.commit(batch)
    }

    /// Commits often, without waiting: a register of the tab's own each time, and one that all tabs set.
    pub fn race(&self, tab: &str, rounds: u32) -> Promise {
        let commits = (0..rounds).map(|round| {
            let stamp = self.stamp();
            let own = RegisterName::config(&format!("{tab} {round}"));
            let patch = Registers::new().with(RegisterName::Type, stamp, "prompt").with(own, stamp, round);
            let mut batch = Batch::new();
            batch.merge(node(0), &patch.with(RegisterName::Title, stamp, tab));
            self.db.commit(Arc::new(batch))
        });
        let all = join_all(commits.collect::<Vec<_>>());
        future_to_promise(async move { Ok(told(all.await.into_iter().collect::<Result<Vec<_>, _>>())) })
    }

    /// What is stored, as JSON: how many nodes, registers and operations there are, and the first node's title and version.
    pub fn stored(&self) -> Promise {
        let (load, oplog) = (self.db.load(workflow()), self.db.oplog());
        future_to_promise(async move {
            let (loaded, oplog) = futures::join!(load, oplog);
            let (loaded, oplog) =
                (loaded.map_err(|error| told::<()>(Err(error)))?, oplog.map_err(|error| told::<()>(Err(error)))?);
            let first = loaded.nodes.rows.first().map(|(_, row)| row);
            let text = serde_json::json!({
                "nodes": loaded.nodes.rows.len(),
                "counted": loaded.workflow.and_then(|row| row.counts).map_or(0, |counts| counts.nodes),
                "registers": first.map_or(0, |row| row.registers.len()),
                "title": first.and_then(|row| row.registers.value(&RegisterName::Title)),
                "version": first.map_or(0, |row| row.version),
                "operations": oplog.len(),
            });
            Ok(text.to_string().into())
        })
    }

    /// Makes a deleted database again; says what became of it.
    pub fn recreate(&self) -> Promise {
        let recreate = self.db.recreate();
        future_to_promise(async move { Ok(told(recreate.await)) })
    }

    /// What happened to the connection by itself.
    pub fn notices(&self) -> Vec<String> {
        self.notices.borrow().iter().map(|notice| format!("{notice:?}")).collect()
    }
}
