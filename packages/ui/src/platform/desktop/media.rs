//! What a window finds out about media, and what its disk has room for.

use std::time::Duration;

use dioxus::prelude::*;
use storage::{
    blobs::{Assets, Look, Quota},
    model::{Asset, MediaKind},
};

/// How long a file may take to say what it is. Then it comes in without.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a video or a sound plays, and how large it is. None: it is something else, that is known already, or the window
/// can't play it. There is no picture of it: the page may not read what it plays from another address.
pub async fn look(assets: &Assets, asset: &Asset) -> Option<Look> {
    if !matches!(asset.kind(), MediaKind::Video | MediaKind::Audio) || asset.duration.is_some() {
        return None;
    }
    let url = assets.url(asset.id).await.ok()?;
    let script = format!(
        "const player = document.createElement('{}');
        player.preload = 'metadata';
        const loaded = new Promise((resolve) => {{
            player.onloadedmetadata = () => resolve([player.duration, player.videoWidth ?? 0, player.videoHeight ?? 0]);
            player.onerror = () => resolve(null);
        }});
        player.src = '{}';
        return await loaded;",
        asset.kind().name(),
        url.as_str(),
    );
    let found = tokio::time::timeout(PATIENCE, document::eval(&script)).await.ok()?.ok()?;
    let (duration, width, height): (Option<f64>, u32, u32) = serde_json::from_value(found).ok()?;
    let side = |side: u32| Some(side).filter(|side| *side > 0);
    Some(Look { duration, width: side(width), height: side(height), thumbnail: None })
}

/// A disk is never cleared by itself.
pub async fn ask_to_keep() -> bool {
    true
}

/// What the disk has room for.
pub async fn quota(assets: &Assets) -> Option<Quota> {
    assets.usage().await.ok()?.quota
}

/// How many of the screen's pixels a CSS pixel has: the window doesn't say.
pub fn pixel_ratio() -> f64 {
    1.
}
