//! What the page of `packages.mjs` calls.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use storage::{
    Session,
    backend::{Backend, indexed_db::IndexedDb},
    blobs::{By, DatabasePlace, Opfs, Place, Source, Ticket},
    model::Workflow,
    package::{Originals, Plan, Way, look},
};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use crate::{
    sample::{creation, gallery},
    web::now,
};

/// How many files of a drop are put at once, as the app does it.
const AT_ONCE: usize = 4;

/// A store with a workflow whose nodes show files, or with nothing yet.
#[wasm_bindgen]
pub struct Packages {
    database: IndexedDb,
    session: Session,
    workflow: Option<Workflow>,
}

#[wasm_bindgen]
impl Packages {
    /// Opens a database and a folder of private files.
    #[expect(clippy::arc_with_non_send_sync, reason = "shared between targets; the browser has one thread")]
    pub async fn open(name: String) -> Result<Packages, JsError> {
        let database = IndexedDb::open(&name, |_| {}).await?;
        let files = Opfs::open_in(&name, By::Worker).await.ok_or_else(|| JsError::new("there are no private files"))?;
        let (files, blobs) = (Arc::new(files) as Arc<dyn Place>, Arc::new(DatabasePlace::new(database.clone())));
        let (session, _events) = Session::on_places(Arc::new(database.clone()), Some(files), blobs).await?;
        Ok(Self { database, session, workflow: None })
    }

    /// Puts all files, and makes a workflow with a node for each.
    pub async fn fill(&mut self, files: Vec<Blob>) -> Result<(), JsError> {
        let puts = files.into_iter().map(|file| self.session.assets().put(Source::Blob(file), None, Ticket::default()));
        let added: Vec<_> = stream::iter(puts).buffered(AT_ONCE).try_collect().await?;
        let assets: Vec<_> = added.iter().map(|added| added.asset.clone()).collect();
        self.workflow = Some(gallery(&assets, &mut || self.session.stamp()));
        Ok(())
    }

    /// The workflow as a package: a file that the browser puts together while it is saved.
    pub async fn package(&self) -> Result<Blob, JsError> {
        let workflow = self.workflow.clone().ok_or_else(|| JsError::new("there is no workflow"))?;
        let plan = Plan::new(self.session.assets(), workflow, &Originals::new()).await?;
        Ok(plan.layout.blob(self.session.assets(), Ticket::default()).await?)
    }

    /// Checks a package from end to end, stores its media and its graph, and returns the milliseconds that each of the three took until
    /// it was on the disk.
    pub async fn take(&self, package: Blob) -> Result<Vec<f64>, JsError> {
        let start = now()?;
        let source = Source::Blob(package);
        let checked = look(self.session.assets(), source.clone(), Ticket::default()).await?;
        if let Some(refusal) = checked.refusal() {
            return Err(JsError::new(&refusal.to_string()));
        }
        let checked_at = now()?;
        let media = checked.keep_media(self.session.assets(), &source, Ticket::default()).await?;
        let (stored_at, contents) = (now()?, checked.contents().len());
        let workflow = checked.into_workflow(&media, Way::Copy, &mut || self.session.stamp());
        self.session.write(creation(&workflow, &workflow.nodes, self.session.stamp())?);
        self.session.flush().await;
        let parts = vec![checked_at - start, stored_at - checked_at, now()? - stored_at];
        if media.stored() == contents { Ok(parts) } else { Err(JsError::new("a content was here already")) }
    }

    /// Ends the connection.
    pub async fn close(self) {
        self.database.close().await;
    }
}
