//! Finding out what a file is, where that holds nobody up, and saying what came of it.

use tracing::{Instrument as _, debug_span, info, warn};

use super::{Found, Package, PackageError, target};
use crate::blobs::{Assets, Source, Ticket};

/// Finds out what a file is: a package is checked from end to end (see [`super::check`]), of a backup is found where its packages are.
/// On a thread, or in the page's worker.
///
/// Nothing is added to `assets`. The worker may stage there what the package brings, once its archive and graph are sound, so that it
/// has to be read once only; what isn't kept goes with the [`Package`], and at once if anything of it is damaged.
///
/// # Errors
/// Why nothing of it can come in.
pub async fn find(assets: &Assets, source: Source, ticket: Ticket) -> Result<Found, PackageError> {
    let found = target::find(assets, source, ticket).instrument(debug_span!("check")).await;
    match &found {
        Ok(Found::Package(package)) => info!(
            nodes = package.workflow.nodes.len(),
            edges = package.workflow.edges.len(),
            assets = package.assets.len(),
            damaged = package.damaged.len(),
            ignored = package.ignored.len(),
            "a package was checked"
        ),
        Ok(Found::Backup(backup)) => info!(packages = backup.packages.len(), "a backup was found"),
        Err(PackageError::Cancelled) => info!("a check was called off"),
        Err(error) => warn!(error = error.code(), "a file was refused"),
    }
    found
}

/// Checks a package like [`find`].
///
/// # Errors
/// Why nothing of it can come in.
pub async fn look(assets: &Assets, source: Source, ticket: Ticket) -> Result<Package, PackageError> {
    match find(assets, source, ticket).await? {
        Found::Package(package) => Ok(*package),
        Found::Backup(_) => Err(PackageError::IsBackup),
    }
}
