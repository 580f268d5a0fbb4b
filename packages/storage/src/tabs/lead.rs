//! Which of several tabs does what only one of them may do.

/// The lead, until it is dropped.
pub(crate) struct Lead {
    #[cfg(target_arch = "wasm32")]
    _held: Option<super::presence::Held>,
}

/// Waits until this tab has the lead: when nobody else has it, or the one who had it is gone. A process has one session, which
/// leads; another process on the same data hands over and exits.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn lead(_of: &str) -> Lead {
    std::future::ready(()).await;
    Lead {}
}

/// Waits until this tab has the lead: when nobody else has it, or the one who had it is gone, which a browser notices at once.
/// Where a browser has no locks every tab leads: what is sent twice counts once.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn lead(of: &str) -> Lead {
    Lead { _held: super::presence::hold(&format!("atelier:{of}"), "exclusive").await }
}
