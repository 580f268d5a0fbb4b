//! What a window finds out about media, and what its disk has room for.

use std::time::Duration;

use dioxus::prelude::*;
use storage::{
    blobs::{Assets, Look, Quota},
    model::{Asset, MediaKind},
};

/// How long a file may take to say what it is. Then it comes in without. The first one has the system look for its players, which on
/// a cold disk has taken more than five seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a video or a sound plays, how large it is, and a picture of the video. None: it is something else, that is known already,
/// or the window can't play it.
pub async fn look(assets: &Assets, asset: &Asset) -> Option<Look> {
    if !matches!(asset.kind(), MediaKind::Video | MediaKind::Audio) || asset.duration.is_some() {
        return None;
    }
    let url = assets.url(asset.id).await.ok()?;
    let script = format!(
        "const [kind, url, longest, limit] = ['{}', '{}', {}, {}];{LOOK}",
        asset.kind().name(),
        url.as_str(),
        Look::SIDE,
        Asset::THUMBNAIL_LIMIT,
    );
    let found = tokio::time::timeout(PATIENCE, document::eval(&script)).await.ok()?.ok()?;
    let (duration, width, height, thumbnail): (Option<f64>, u32, u32, _) = serde_json::from_value(found).ok()?;
    let side = |side: u32| Some(side).filter(|side| *side > 0);
    Some(Look { duration, width: side(width), height: side(height), thumbnail })
}

/// Gives the duration, the sides, and a picture of a moment shortly after the first frame, which is often black; as large as a row may
/// hold. The page may read the frames because the answers of the media's scheme say so to this page alone.
const LOOK: &str = "
    const player = document.createElement(kind);
    player.crossOrigin = 'anonymous';
    player.muted = true;
    player.preload = 'auto';
    const next = (...names) => new Promise((resolve) => {
        for (const name of names) player.addEventListener(name, () => resolve(true), { once: true });
        player.addEventListener('error', () => resolve(false), { once: true });
        setTimeout(() => resolve(false), 12000);
    });
    const loaded = next(kind === 'video' ? 'loadeddata' : 'loadedmetadata');
    player.src = url;
    await loaded;
    if (player.readyState < HTMLMediaElement.HAVE_METADATA) return null;
    const [wide, high] = [player.videoWidth ?? 0, player.videoHeight ?? 0];
    const duration = Number.isFinite(player.duration) ? player.duration : null;
    const picture = () => {
        const canvas = document.createElement('canvas');
        for (let side = longest; side >= 32; side /= 2) {
            const scale = Math.min(1, side / Math.max(wide, high));
            canvas.width = Math.max(1, Math.round(wide * scale));
            canvas.height = Math.max(1, Math.round(high * scale));
            canvas.getContext('2d').drawImage(player, 0, 0, canvas.width, canvas.height);
            for (const quality of [0.8, 0.6, 0.4, 0.2]) {
                const found = canvas.toDataURL('image/jpeg', quality);
                if (found.length <= limit) return found;
            }
        }
        return null;
    };
    let thumbnail = null;
    if (wide > 0 && high > 0) {
        const moved = next('seeked');
        player.currentTime = Math.min(1, (duration ?? 0) / 10);
        if (await moved) {
            try {
                thumbnail = picture();
            } catch {
                // It comes in without one.
            }
        }
    }
    // Lets go of the decoder.
    player.removeAttribute('src');
    player.load();
    return [duration, wide, high, thumbnail];
";

/// A disk is never cleared by itself.
pub async fn ask_to_keep() -> bool {
    true
}

/// What the disk has room for.
pub async fn quota(assets: &Assets) -> Option<Quota> {
    assets.stored().await.ok()?.quota
}

/// How many of the screen's pixels a CSS pixel has: the window doesn't say.
pub fn pixel_ratio() -> f64 {
    1.
}
