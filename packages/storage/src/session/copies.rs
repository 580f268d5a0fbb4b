//! Work that a clock ahead has dated, brought in as copies; and the clock, set right once nothing of that is left.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
};

use tokio::sync::mpsc::UnboundedReceiver;
use tracing::{info, warn};

use super::{Event, Inner, Session, lock};
use crate::{
    Result,
    backend::Batch,
    model::{Clock, EntityKey, Row, Stamp, WorkflowId},
    platform::{monotonic_millis, random_bits, spawn, wall_clock},
    sync::{self, AHEAD, Problem, copy_of},
};

/// Why nothing was brought in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CopyError {
    /// Sync is off, or another tab does it.
    #[error("sync doesn't run here")]
    Off,
    /// New stamps would be refused like the old ones. By how many milliseconds the device's clock is ahead of the server's.
    #[error("this device's clock is still ahead of the server's by {} hours", .0 / 3_600_000)]
    StillAhead(u64),
    /// The workflows can't be read.
    #[error(transparent)]
    Storage(#[from] crate::Error),
}

impl Session {
    /// By how many milliseconds the device's clock is ahead of the server's. None: it isn't, or the server hasn't said.
    pub fn clock_ahead(&self) -> Option<u64> {
        let server = self.sync()?.status().borrow().server_clock?.now(monotonic_millis());
        wall_clock().checked_sub(server).filter(|ahead| *ahead > 0)
    }

    /// Makes copies of all workflows with changes that the server doesn't take because of their time, with ids and stamps of their
    /// own, and has the originals go back to what the server has. One that is kept on this device alone is replaced by its copy, which
    /// is kept on this device alone as well: nothing that has a time ahead may stay, or the clock would stay with it. Gives the copies.
    ///
    /// The copies are on the disk when this resolves; the server's part follows by itself, and after it the clock starts again.
    ///
    /// # Errors
    /// Then nothing was changed, or some of the copies are there and their originals as well.
    pub async fn bring_in_as_copies(&self) -> std::result::Result<Vec<WorkflowId>, CopyError> {
        let driver = self.sync().ok_or(CopyError::Off)?;
        let workflows = driver.status().borrow().workflows.clone();
        if let Some(ahead) = self.clock_ahead().filter(|ahead| *ahead > AHEAD) {
            return Err(CopyError::StillAhead(ahead));
        }
        // The versions of the rows are those that are stored.
        self.flush().await;
        let mut fresh = Clock::new(random_bits());
        let mut next_stamp = || fresh.tick(wall_clock());
        let (mut copies, mut taken_back, mut replaced) = (Vec::new(), Vec::new(), Batch::new());
        for (id, one) in workflows {
            let waits = matches!(one.problem, Some(Problem::ClockAhead(_)));
            if one.included && !waits {
                continue;
            }
            let rows: BTreeMap<EntityKey, Row> = self.load(id).await?.into_rows(id).collect();
            if !one.included && !is_ahead(rows.values().filter_map(|row| row.registers.newest()).max()) {
                continue;
            }
            let registers: BTreeMap<_, _> = rows.iter().map(|(key, row)| (*key, row.registers.clone())).collect();
            if let Some((copy, patches)) = copy_of(&registers, &mut next_stamp) {
                let mut batch = Batch::new();
                for (key, patch) in &patches {
                    batch.merge(*key, patch);
                }
                if !one.included {
                    // Before the engine hears of it, so that nothing of it is sent.
                    driver.hear(sync::Event::Include(copy, false));
                }
                self.write(batch);
                copies.push(copy);
            }
            if one.included {
                taken_back.push((id, registers));
            } else {
                for (key, row) in rows {
                    replaced.remove(key, row.version);
                }
            }
        }
        // Not before the copies are safe.
        self.flush().await;
        info!(copies = copies.len(), "work with a time ahead was brought in as copies");
        for (id, registers) in taken_back {
            driver.hear(sync::Event::Copied(id, Arc::new(registers)));
        }
        if !replaced.is_empty() {
            self.0.writer.enqueue(replaced);
        }
        Ok(copies)
    }

    /// Starts the clock again behind everything that is stored, if it is ahead of what the system says by more than a server takes.
    ///
    /// A clock may go back only if nothing that it has stamped is left for a later edit to be merged with: such an edit would
    /// lose. So all rows are looked at, and what is on its way to the disk. The clock that starts is another one, so no stamp is made twice.
    pub(super) async fn restart_clock(&self) -> Result<()> {
        loop {
            let before = lock(&self.0.clock).clone();
            if before.millis() <= wall_clock() + AHEAD {
                return Ok(());
            }
            let newest = self.newest().await?;
            if is_ahead(newest) {
                return Ok(());
            }
            let mut clock = lock(&self.0.clock);
            // A stamp that was made meanwhile is on its way to the disk: then everything is looked at once more.
            if *clock == before {
                *clock = Clock::new(random_bits());
                if let Some(newest) = newest {
                    clock.observe(newest);
                }
                info!("nothing with a time ahead is left; the clock starts again");
                return Ok(());
            }
        }
    }

    /// The newest stamp of all that is stored or waits for it. What is certainly ahead is given without looking at the rest.
    async fn newest(&self) -> Result<Option<Stamp>> {
        let waiting = |session: &Self| session.unsaved().and_then(|batch| batch.newest());
        let mut newest = waiting(self);
        for (id, row) in self.0.backend.workflows().await?.rows {
            newest = newest.max(row.registers.newest());
            if is_ahead(newest) {
                break;
            }
            let rows = self.0.backend.load(id).await?.into_rows(id);
            newest = newest.max(rows.filter_map(|(_, row)| row.registers.newest()).max());
        }
        Ok(newest.max(waiting(self)))
    }
}

/// Whether no server takes it now, as far as this device's clock is right.
fn is_ahead(stamp: Option<Stamp>) -> bool {
    stamp.is_some_and(|stamp| stamp.millis() > wall_clock() + AHEAD)
}

/// Sets the clock right whenever something was taken back, here or in another tab.
pub(super) fn follow(session: Weak<Inner>, mut events: UnboundedReceiver<Event>) {
    spawn(Box::pin(async move {
        while let Some(event) = events.recv().await {
            if !matches!(event, Event::Undone(_)) {
                continue;
            }
            let Some(session) = session.upgrade().map(Session) else { return };
            if let Err(error) = session.restart_clock().await {
                warn!(error = error.code(), "whether the clock can start again is not known; it goes on");
            }
        }
    }));
}
