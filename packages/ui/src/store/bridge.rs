//! What storage says, brought into memory.

use storage::{
    Event,
    backend::Batch,
    model::{EntityKey, Part, Row},
};
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::{error, warn};

use super::Store;

impl Store {
    /// Brings what storage says into memory, for as long as the window is open.
    pub async fn listen(self, mut events: UnboundedReceiver<Event>) {
        while let Some(event) = events.recv().await {
            match event {
                Event::Committed(rows) => self.committed(&rows),
                Event::Deleted => self.rewrite().await,
                Event::Connection(notice) => warn!(?notice, "the database's connection"),
            }
        }
    }

    /// Merges rows as they are stored now: they may hold what another tab has written.
    pub(super) fn committed(&self, rows: &[(EntityKey, Row)]) {
        let mut topics = self.merge(rows.iter().map(|(key, row)| (*key, &row.registers)));
        {
            let mut state = self.state_mut();
            for (key, row) in rows {
                if key.part == Part::Itself {
                    topics.extend(state.library.set_counts(key.workflow, row.counts));
                }
                if let Some(document) = state.open.as_mut().filter(|document| document.id() == key.workflow) {
                    document.set_version(key.part, row.version);
                }
            }
        }
        self.notify(topics);
    }

    /// Stores everything in memory anew, because the stored data was deleted under us.
    async fn rewrite(&self) {
        let mut batch = Batch::new();
        {
            let state = self.state();
            for (id, registers) in state.library.all() {
                batch.merge(EntityKey::workflow(id), registers);
            }
            if let Some(document) = &state.open {
                document.add_to(&mut batch);
            }
        }
        if let Err(error) = self.session().rewrite(batch).await {
            error!(%error, "the deleted database could not be made again");
        }
    }
}
