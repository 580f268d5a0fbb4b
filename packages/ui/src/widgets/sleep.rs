//! Waiting, on either platform.

use std::time::Duration;

/// Waits for `millis` milliseconds.
#[cfg(target_arch = "wasm32")]
pub async fn sleep(millis: u64) {
    gloo_timers::future::sleep(Duration::from_millis(millis)).await;
}

/// Waits for `millis` milliseconds. Needs a tokio runtime, which the desktop renderer brings.
#[cfg(not(target_arch = "wasm32"))]
pub async fn sleep(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
