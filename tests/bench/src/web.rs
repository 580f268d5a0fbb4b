//! What the page of `storage.mjs` calls. Every call does its preparations first and returns the milliseconds of the rest.

use std::sync::Arc;

use storage::{
    backend::{Backend, indexed_db::IndexedDb},
    writer::Writer,
};
use wasm_bindgen::prelude::*;

use crate::sample::{NODES, Sample};

/// A database with the sample in it, or about to be.
#[wasm_bindgen]
pub struct Bench {
    database: IndexedDb,
    sample: Sample,
}

#[wasm_bindgen]
impl Bench {
    /// Opens a database.
    pub async fn open(name: String) -> Result<Bench, JsError> {
        Ok(Self { database: IndexedDb::open(&name, |_| {}).await?, sample: Sample::new() })
    }

    /// The sample's nodes as JSON: what the peer stores.
    pub fn nodes(&self) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.sample.nodes)?)
    }

    /// The id of the sample's workflow.
    pub fn workflow(&self) -> String {
        self.sample.workflow.id.to_string()
    }

    /// One commit that creates all nodes.
    pub async fn commit(&mut self) -> Result<f64, JsError> {
        let batch = Arc::new(self.sample.creation()?);
        let start = now()?;
        self.database.commit(batch).await?;
        Ok(now()? - start)
    }

    /// Reads all nodes into registers.
    pub async fn load(&self) -> Result<f64, JsError> {
        let start = now()?;
        let loaded = self.database.load(self.sample.workflow.id).await?;
        let time = now()? - start;
        if loaded.nodes.rows.len() == NODES as usize { Ok(time) } else { Err(JsError::new("a load left rows out")) }
    }

    /// So many edits of a node each, every one committed before the next begins.
    pub async fn edit_one_by_one(&mut self, edits: usize) -> Result<f64, JsError> {
        let start = now()?;
        for number in 0..edits {
            let batch = Arc::new(self.sample.step(number)?);
            self.database.commit(batch).await?;
        }
        Ok(now()? - start)
    }

    /// So many edits of a node each through the writer, which gathers what comes while it is busy.
    #[expect(clippy::arc_with_non_send_sync, reason = "the writer is the same where there are threads")]
    pub async fn edit_at_once(&mut self, edits: usize) -> Result<f64, JsError> {
        let writer = Writer::new(Arc::new(self.database.clone()), |_: &storage::Result<_>| {});
        let start = now()?;
        for number in 0..edits {
            writer.enqueue(self.sample.step(number)?);
        }
        writer.flush().await;
        Ok(now()? - start)
    }

    /// Ends the connection.
    pub async fn close(self) {
        self.database.close().await;
    }
}

pub fn now() -> Result<f64, JsError> {
    let performance = web_sys::window().and_then(|window| window.performance());
    Ok(performance.ok_or_else(|| JsError::new("this page has no clock"))?.now())
}
