//! The sync panel: where a second copy goes, how far it is, and what stands in its way.

mod button;
mod clock;
mod desk;
mod entries;
mod members;
mod originals;
mod server;
mod workflows;

use dioxus::prelude::*;
use storage::sync::{self, Event, News, State, Status};

pub use self::{button::SyncButton, desk::SyncDesk};
use self::{originals::Originals, server::Server, workflows::Workflows};
use crate::{
    media::words,
    store::use_store,
    widgets::{Icon, IconName, Modal, sleep, use_dom_id},
};

/// The panel, while it is open.
#[component]
pub fn SyncPanel() -> Element {
    let desk: SyncDesk = use_context();
    rsx! {
        if (desk.open)() {
            Panel {}
        }
    }
}

#[component]
fn Panel() -> Element {
    let desk: SyncDesk = use_context();
    let mut open = desk.open;
    let heading = format!("{}-title", use_dom_id());
    let is_on = desk.status.read().state != State::Off;
    rsx! {
        Modal { class: "drawer", role: "region", labelled_by: heading.clone(), onclose: move |()| open.set(false),
            header {
                div { class: "grow",
                    h2 { id: heading, "Sync" }
                    p { class: "q", "Working offline is the normal case. Sync adds a second copy on your own server." }
                }
                button {
                    r#type: "button",
                    class: "btn quiet small icon",
                    aria_label: "Close",
                    onclick: move |_| open.set(false),
                    Icon { name: IconName::X }
                }
            }
            div { class: "in",
                Now {}
                if is_on {
                    Workflows {}
                    Originals {}
                }
                Server {}
            }
        }
    }
}

/// How it goes, in words.
#[component]
fn Now() -> Element {
    let store = use_store();
    let desk: SyncDesk = use_context();
    let mut now = use_signal(sync::now);
    use_future(move || async move {
        loop {
            sleep(5_000).await;
            now.set(sync::now());
        }
    });
    let status = desk.status.read().clone();
    let host = host(&desk.settings.read().address);
    let Said { kind, icon, title, detail, action } = said(&status, &host);
    let last = status.last_success.map(|at| ago(now().saturating_sub(at)));
    rsx! {
        section {
            "data-sync-state": state_name(status.state),
            "data-pending": "{status.pending}",
            div { class: "msg {kind}", role: "status",
                Icon { name: icon }
                div {
                    b { {title} }
                    p { class: "q", "{detail}" }
                }
                if let Some(action) = action {
                    button {
                        class: "btn small",
                        onclick: move |_| {
                            if let Some(driver) = store.session().sync() {
                                driver.hear(Event::Retry);
                            }
                        },
                        {action}
                    }
                }
            }
            if status.state != State::Off {
                dl { class: "facts wide diag num below",
                    dt { "To send" }
                    dd { "data-fact": "pending", "{words::count(status.pending, \"change\", \"changes\")}" }
                    dt { "Last success" }
                    dd { "data-fact": "last-success",
                        match last {
                            Some(last) => rsx! { "{last}" },
                            None => rsx! { "Not yet" },
                        }
                    }
                    dt { "What is new" }
                    dd { "data-fact": "news", "data-news": news_name(&status.news), {learned(&status.news)} }
                }
            }
        }
    }
}

/// A state in words, and what can be done.
struct Said {
    kind: &'static str,
    icon: IconName,
    title: String,
    detail: String,
    action: Option<&'static str>,
}

fn said(status: &Status, host: &str) -> Said {
    let (kind, icon, title, detail, action) = match status.state {
        State::Off => (
            "",
            IconName::HardDrive,
            "Sync is off".to_owned(),
            "Everything stays on this device, and nothing is sent.".to_owned(),
            None,
        ),
        State::Follower => (
            "info",
            IconName::RefreshCw,
            "Another tab syncs".to_owned(),
            "What you change here is sent by it.".to_owned(),
            None,
        ),
        State::Starting => {
            ("info", IconName::RefreshCw, "Starting".to_owned(), format!("Asking {host} what is new."), None)
        }
        State::Offline => (
            "info",
            IconName::WifiOff,
            format!("No connection to {host}"),
            "Your work goes on and is safe on this disk. It is tried again by itself.".to_owned(),
            Some("Try now"),
        ),
        State::SignedOut => (
            "warn",
            IconName::TriangleAlert,
            format!("{host} wants you to sign in"),
            "Put a new token below. Your work goes on and is safe on this disk.".to_owned(),
            Some("Try now"),
        ),
        State::Busy => (
            "info",
            IconName::RefreshCw,
            "Syncing".to_owned(),
            format!("Sending to {host}, and reading from it."),
            None,
        ),
        State::UpToDate if status.pending > 0 => (
            "warn",
            IconName::TriangleAlert,
            "Not everything is synced".to_owned(),
            format!("{} can’t be sent now; why is said below.", words::count(status.pending, "change", "changes")),
            None,
        ),
        State::UpToDate => (
            "ok",
            IconName::CircleCheck,
            "Everything is synced".to_owned(),
            format!("{host} has all of your changes, and you have all of its."),
            None,
        ),
    };
    Said { kind, icon, title, detail, action }
}

/// How what is new on the server becomes known.
fn learned(news: &News) -> String {
    match news {
        News::Unknown => "Not known".into(),
        News::Told => "The server says so at once".into(),
        News::Asked(None) => "Asked for every 5 seconds".into(),
        News::Asked(Some(why)) => {
            format!("Asked for every 5 seconds, since the server can’t say so itself: {why}")
        }
    }
}

/// The attribute `data-news`.
fn news_name(news: &News) -> &'static str {
    match news {
        News::Unknown => "unknown",
        News::Told => "told",
        News::Asked(_) => "asked",
    }
}

/// The attribute `data-sync-state`.
fn state_name(state: State) -> &'static str {
    match state {
        State::Off => "off",
        State::Follower => "follower",
        State::Starting => "starting",
        State::Offline => "offline",
        State::SignedOut => "signed-out",
        State::Busy => "busy",
        State::UpToDate => "up-to-date",
    }
}

/// An address without what is the same in all.
fn host(address: &str) -> String {
    let address = address.trim().trim_end_matches('/');
    let host = address.split_once("://").map_or(address, |(_, host)| host);
    if host.is_empty() { "your server".into() } else { host.into() }
}

fn ago(millis: u64) -> String {
    match millis / 1000 {
        0..5 => "Just now".into(),
        seconds @ 5..60 => format!("{seconds} s ago"),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_says_what_becomes_of_the_work() {
        for state in [
            State::Off,
            State::Follower,
            State::Starting,
            State::Offline,
            State::SignedOut,
            State::Busy,
            State::UpToDate,
        ] {
            let said = said(&Status { state, ..Status::default() }, "otter.convex.cloud");
            assert!(!said.title.is_empty() && said.detail.ends_with('.'), "{state:?}");
        }
        let waits = said(&Status { state: State::UpToDate, pending: 2, ..Status::default() }, "otter.convex.cloud");
        assert_eq!((waits.kind, waits.detail.as_str()), ("warn", "2 changes can’t be sent now; why is said below."));
        let offline = said(&Status { state: State::Offline, ..Status::default() }, "otter.convex.cloud");
        assert_eq!((offline.title.as_str(), offline.action), ("No connection to otter.convex.cloud", Some("Try now")));
    }

    #[test]
    fn why_the_server_is_asked_is_said() {
        let said = learned(&News::Asked(Some("it is busy, 503".into())));
        assert!(said.contains("every 5 seconds") && said.contains("it is busy, 503"), "{said}");
        assert_eq!((news_name(&News::Told), news_name(&News::Asked(None))), ("told", "asked"));
    }

    #[test]
    fn an_address_is_told_by_its_host() {
        assert_eq!(host("https://otter.convex.cloud/"), "otter.convex.cloud");
        assert_eq!(host(""), "your server");
        assert_eq!((ago(0), ago(61_000), ago(7_200_000)), ("Just now".into(), "1 min ago".into(), "2 h ago".into()));
    }
}
