//! Media that are only linked: fetched when the user says so, and kept (law 11).

use std::collections::BTreeSet;

use dioxus::{core::spawn_forever, prelude::*};
use storage::{blobs::Ticket, model::WorkflowId, package::Originals};

use super::words;
use crate::{
    canvas::keep_press,
    platform,
    store::{Store, use_store},
    widgets::Toaster,
};

/// Downloads what these addresses lead to, and has the workflow refer to what is kept. What can't be had stays a link, and the
/// user is told why.
///
/// `said` hears the number of each one before it is fetched. What was fetched before it was called off is used.
pub async fn keep_linked(
    store: &Store,
    toaster: Toaster,
    workflow: WorkflowId,
    urls: BTreeSet<String>,
    ticket: &Ticket,
    mut said: impl FnMut(usize),
) {
    let assets = store.session().assets().clone();
    let (mut kept, mut held, mut failed) = (Originals::new(), Vec::new(), Vec::new());
    for (number, url) in urls.into_iter().enumerate() {
        said(number + 1);
        let fetched = platform::fetch(&assets, &url, ticket).await;
        if ticket.is_cancelled() && fetched.is_err() {
            break;
        }
        match fetched {
            Ok(added) => {
                store.learn_asset(added.asset.clone());
                kept.insert(url, added.asset.clone());
                held.push(added);
            }
            Err(reason) => failed.push(format!("{url} ({reason})")),
        }
    }
    if let Err(error) = store.keep_links(workflow, &kept).await {
        toaster.error(format!("What was downloaded can’t be used: {error}."));
    }
    // Held until the nodes that refer to them are on the disk.
    store.session().flush().await;
    drop(held);
    if !failed.is_empty() {
        let left = words::count(failed.len(), "file stays a link", "files stay links");
        toaster.error(format!("{left}, since it can’t be downloaded: {}.", failed.join(", ")));
    }
}

/// What something at an address is called: the last part of its path.
pub fn name_of_address(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (_host, path) = rest.split(['?', '#']).next()?.split_once('/')?;
    path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Two buttons for a card: download what it links to, and everything to which this workflow links.
#[component]
pub fn KeepLinked(url: String) -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    // Which of how many is fetched, and what calls that off.
    let mut going = use_signal(|| None::<(usize, usize, Ticket)>);
    let mut begin = move |store: Store, urls: BTreeSet<String>| {
        let Some(workflow) = store.open_id() else { return };
        let (count, ticket) = (urls.len(), Ticket::default());
        going.set(Some((1, count, ticket.clone())));
        // The card changes when its content is there, and this with it.
        spawn_forever(async move {
            let said = |number| {
                if let Ok(mut going) = going.try_write() {
                    *going = Some((number, count, ticket.clone()));
                }
            };
            keep_linked(&store, toaster, workflow, urls, &ticket, said).await;
            if let Ok(mut going) = going.try_write() {
                *going = None;
            }
        });
    };
    let (one, every) = (store.clone(), store);
    rsx! {
        if let Some((number, count, ticket)) = going() {
            span { class: "qq num", role: "status",
                if count > 1 {
                    "Downloading {number} of {count}…"
                } else {
                    "Downloading…"
                }
            }
            button {
                class: "nbtn",
                onpointerdown: |event| event.stop_propagation(),
                ondoubleclick: |event| event.stop_propagation(),
                onkeydown: |event| keep_press(&event),
                onclick: move |_| ticket.cancel(),
                "Stop"
            }
        } else {
            button {
                class: "nbtn",
                title: "Download it, and keep it on this device",
                onpointerdown: |event| event.stop_propagation(),
                ondoubleclick: |event| event.stop_propagation(),
                onkeydown: |event| keep_press(&event),
                onclick: move |_| begin(one.clone(), BTreeSet::from([url.clone()])),
                "Download"
            }
            button {
                class: "nbtn",
                title: "Download everything to which this workflow links, and keep it on this device",
                onpointerdown: |event| event.stop_propagation(),
                ondoubleclick: |event| event.stop_propagation(),
                onkeydown: |event| keep_press(&event),
                onclick: move |_| begin(every.clone(), every.links()),
                "Download all"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fetched_is_called_what_its_address_ends_with() {
        for (url, name) in [
            ("https://example.com/a/b.png?size=2#top", Some("b.png")),
            ("https://example.com/a/", None),
            ("https://example.com", None),
            ("https://example.com?x=/a.png", None),
        ] {
            assert_eq!(name_of_address(url).as_deref(), name, "{url}");
        }
    }
}
