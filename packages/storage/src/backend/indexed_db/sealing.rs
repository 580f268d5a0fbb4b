//! Whether a transaction is told that nothing more comes.
//!
//! `commit()` has a write outlive a reload that comes right behind it. But when a write then fails, Firefox completes the transaction
//! without it, as if all had been stored, and WebKit aborts without saying why. Both abort with the reason where nobody called
//! `commit()`. So it is called only where the engine has shown that it does no harm.

use std::cell::Cell;

use super::{
    connection::{Access, Connection},
    convert::refused,
    transaction::Started,
};
use crate::{Error, Result, SCHEMA_VERSION, backend::SCHEMA, platform::spawn};

thread_local! {
    /// Whether this engine may be told. None: nobody has tried yet.
    static SEALS: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Whether it has shown that.
pub(super) fn is_safe() -> bool {
    SEALS.get() == Some(true)
}

/// Tries it, unless it was tried: in a transaction that writes nothing, since its one request must fail.
pub(super) fn learn(connection: &Connection) {
    if SEALS.get().is_some() {
        return;
    }
    // A database that can't be written to needs no answer.
    let Ok(started) = fail(connection) else { return };
    spawn(Box::pin(async move {
        let failure = started.failure().await;
        let is_told = matches!(failure, Some(Error::Refused { name, .. }) if name == "ConstraintError");
        SEALS.set(Some(is_told));
        tracing::debug!(seals = is_told, "tried a failing transaction");
    }));
}

/// Queues a write of what is there already, and says that nothing more comes.
fn fail(connection: &Connection) -> Result<Started> {
    let started = Started::new(connection, &["kv"], Access::Write)?;
    let queue = || {
        started.table("kv")?.add_with_key(&SCHEMA_VERSION.into(), &SCHEMA.into()).map_err(refused)?;
        started.commit()
    };
    queue().inspect_err(|_| started.abort())?;
    Ok(started)
}
