//! The viewer: one picture, or two beside each other, as large as the window.

mod facts;
mod film;
mod reel;
mod stage;
mod view;

use std::rc::Rc;

use dioxus::prelude::*;
use storage::model::{MediaKind, NodeId, Size, Viewport};

pub use self::reel::{Item, Reel};
use self::{facts::Facts, film::Film, stage::Stage};
use crate::{
    canvas::use_editor,
    media::{use_address, use_closed, use_file_address, words},
    platform,
    store::{Topic, use_asset, use_store, use_topic},
    widgets::{Icon, IconName, Modal, Toaster},
};

/// Opens and closes the viewer. Every component gets it with `use_context`.
#[derive(Clone, Copy, PartialEq)]
pub struct Viewer(Signal<Option<NodeId>>);

impl Viewer {
    /// A closed one, with its signal in the current scope.
    pub fn new() -> Self {
        Self(Signal::new(None))
    }

    /// Shows what a node holds.
    pub fn open(mut self, node: NodeId) {
        self.0.set(Some(node));
    }

    /// Closes it.
    pub fn close(mut self) {
        self.0.set(None);
    }
}

/// How pictures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One.
    One,
    /// Two in one place, with an edge between them that can be moved.
    Slider,
    /// Two beside each other, moved together.
    Beside,
    /// What differs between the two: black where nothing does.
    Difference,
}

impl Mode {
    const ALL: [Self; 4] = [Self::One, Self::Slider, Self::Beside, Self::Difference];

    fn label(self) -> &'static str {
        match self {
            Self::One => "One",
            Self::Slider => "Slider",
            Self::Beside => "Side by side",
            Self::Difference => "Difference",
        }
    }
}

/// What the viewer shows now. Its parts get it with `use_context`.
#[derive(Clone, Copy, PartialEq)]
pub struct Showing {
    /// The one that is looked at: A.
    pub a: Signal<NodeId>,
    /// What it is compared with: B.
    pub b: Signal<Option<NodeId>>,
    /// How.
    pub mode: Signal<Mode>,
    /// Where the picture lies. None: it is shown whole.
    pub view: Signal<Option<Viewport>>,
    /// Where the edge between two is, in per cent.
    pub wipe: Signal<f64>,
    /// How large a pane is.
    pub pane: Signal<Size>,
}

impl Showing {
    fn look_at(mut self, node: NodeId) {
        if *self.a.peek() != node {
            self.a.set(node);
            self.view.set(None);
        }
    }

    /// Another picture in the place of A, or of B.
    pub fn choose(mut self, reel: &Reel, node: NodeId, as_b: bool) {
        let is_picture = reel.item(node).is_some_and(|item| item.kind == MediaKind::Image);
        if as_b && is_picture && node != *self.a.peek() {
            self.b.set(Some(node));
            if *self.mode.peek() == Mode::One {
                self.mode.set(Mode::Slider);
            }
            return;
        }
        if !is_picture {
            self.mode.set(Mode::One);
        }
        // What is chosen as A can't be B as well.
        if *self.b.peek() == Some(node) {
            self.b.set(Some(*self.a.peek()));
        }
        self.look_at(node);
    }

    /// Compares in another way.
    pub fn set_mode(mut self, reel: &Reel, mode: Mode) {
        let a = *self.a.peek();
        let b = self.b.peek().filter(|b| *b != a && reel.position(*b).is_some()).or_else(|| reel.beside(a));
        let is_picture = reel.item(a).is_some_and(|item| item.kind == MediaKind::Image);
        if mode == Mode::One || (b.is_some() && is_picture) {
            self.b.set(b);
            self.mode.set(mode);
            self.view.set(None);
        }
    }

    /// Has A and B change places.
    pub fn swap(mut self) {
        let b = *self.b.peek();
        if let Some(b) = b {
            let a = *self.a.peek();
            self.a.set(b);
            self.b.set(Some(a));
        }
    }

    fn step(self, reel: &Reel, by: isize) {
        // Read first: what is read in an `if let` is held through it, and would be in the way of the change.
        let next = reel.step(*self.a.peek(), by);
        if let Some(next) = next {
            self.choose(reel, next, false);
        }
    }
}

/// The viewer, while it is open.
#[component]
pub fn ViewerDialog() -> Element {
    let viewer: Viewer = use_context();
    let store = use_store();
    use_topic(&store, Topic::Open);
    let open = (viewer.0)();
    rsx! {
        if let Some(node) = open {
            Open { key: "{node}", node }
        }
    }
}

#[component]
fn Open(node: NodeId) -> Element {
    let store = use_store();
    let viewer: Viewer = use_context();
    use_topic(&store, Topic::Graph);
    let showing = use_context_provider(|| Showing {
        a: Signal::new(node),
        b: Signal::new(None),
        mode: Signal::new(Mode::One),
        view: Signal::new(None),
        wipe: Signal::new(50.),
        pane: Signal::new(Size::default()),
    });
    let reel = Rc::new(Reel::of(&store));
    let shown = reel.item((showing.a)()).cloned();
    let Some(item) = shown else {
        // Its node was deleted, or the workflow was closed.
        return rsx! {
            Modal { class: "viewer", label: "Viewer", scrim: false, onclose: move |()| viewer.close(),
                header {
                    span {}
                    span {}
                    div { class: "row acts", Close {} }
                }
                div { class: "stage",
                    p { class: "empty", "It isn’t in this workflow any more." }
                }
            }
        };
    };
    let compares = (showing.mode)() != Mode::One;
    let keys = Rc::clone(&reel);
    rsx! {
        Modal {
            class: "viewer",
            label: "Viewer",
            scrim: false,
            onclose: move |()| viewer.close(),
            onkey: move |event: KeyboardEvent| key(showing, &keys, &event),
            Top { reel: Reel::clone(&reel), item: item.clone() }
            Stage { reel: Reel::clone(&reel), item: item.clone() }
            Facts { reel: Reel::clone(&reel), item, compares }
            Film { reel: Reel::clone(&reel) }
        }
    }
}

/// A key was pressed.
fn key(showing: Showing, reel: &Reel, event: &KeyboardEvent) {
    let modifiers = event.modifiers();
    if modifiers.ctrl() || modifiers.meta() || modifiers.alt() {
        return;
    }
    let mut view = showing.view;
    match event.key() {
        Key::ArrowRight | Key::ArrowDown | Key::PageDown => showing.step(reel, 1),
        Key::ArrowLeft | Key::ArrowUp | Key::PageUp => showing.step(reel, -1),
        Key::Home => choose_end(showing, reel, reel.0.first()),
        Key::End => choose_end(showing, reel, reel.0.last()),
        Key::Character(text) => match text.as_str() {
            " " => showing.swap(),
            "1" => view.set(None),
            "c" => showing.set_mode(reel, if (*showing.mode.peek()) == Mode::One { Mode::Slider } else { Mode::One }),
            _ => return,
        },
        _ => return,
    }
    event.prevent_default();
}

fn choose_end(showing: Showing, reel: &Reel, item: Option<&Item>) {
    if let Some(item) = item {
        showing.choose(reel, item.node, false);
    }
}

/// The bar: what it is, ways to compare, and what can be done with it.
#[component]
fn Top(reel: Reel, item: Item) -> Element {
    let showing: Showing = use_context();
    let mode = (showing.mode)();
    let (at, count) = (reel.position(item.node).unwrap_or_default() + 1, reel.0.len());
    let can_compare = item.kind == MediaKind::Image && reel.beside(item.node).is_some();
    rsx! {
        header {
            div { class: "row",
                // Another asset's name, address and row are another component's.
                for asset in [item.asset] {
                    Name { key: "{asset}", item: item.clone() }
                }
                span { class: "q num s12", "{at} of {count}" }
            }
            div { class: "tabset", role: "tablist", aria_label: "Compare",
                for one in Mode::ALL {
                    button {
                        key: "{one.label()}",
                        role: "tab",
                        aria_selected: "{mode == one}",
                        disabled: one != Mode::One && !can_compare,
                        onclick: {
                            let reel = reel.clone();
                            move |_| showing.set_mode(&reel, one)
                        },
                        "{one.label()}"
                    }
                }
            }
            div { class: "row acts",
                if mode != Mode::One {
                    button {
                        class: "btn quiet icon",
                        aria_label: "Swap A and B",
                        "data-tip": "Swap A and B · Space",
                        "data-tip-at": "end",
                        onclick: move |_| showing.swap(),
                        Icon { name: IconName::ArrowLeftRight }
                    }
                }
                for asset in [item.asset] {
                    Acts { key: "{asset}", item: item.clone() }
                }
                Close {}
            }
        }
    }
}

#[component]
fn Name(item: Item) -> Element {
    let store = use_store();
    let name = item.name(&use_asset(&store, item.asset));
    rsx! {
        h2 { class: "b cut", title: "{name}", "{name}" }
    }
}

#[component]
fn Close() -> Element {
    let viewer: Viewer = use_context();
    rsx! {
        button {
            class: "btn quiet icon",
            aria_label: "Close",
            "data-tip": "Close · Esc",
            "data-tip-at": "end",
            onclick: move |_| viewer.close(),
            Icon { name: IconName::X }
        }
    }
}

/// Copy and Download.
#[component]
fn Acts(item: Item) -> Element {
    let store = use_store();
    let toaster: Toaster = use_context();
    let known = use_asset(&store, item.asset);
    let is_open = use_closed(known.row()).is_none();
    // A picture is copied as it is shown.
    let shown = use_address(item.asset, is_open && item.kind == MediaKind::Image);
    let file = use_file_address(item.asset, is_open);
    let name = known.row().map_or_else(|| item.title.clone(), words::name);
    let (shown, url) = (shown.read().url(), file.read().url());
    let saved = name.clone();
    rsx! {
        if platform::COPIES_PICTURES && item.kind == MediaKind::Image {
            button {
                class: "btn quiet icon",
                aria_label: "Copy",
                "data-tip": "Copy the picture",
                "data-tip-at": "end",
                disabled: shown.is_none(),
                onclick: move |_| {
                    let url = shown.clone().unwrap_or_default();
                    async move {
                        match platform::copy_picture(&url).await {
                            Ok(()) => toaster.info("The picture is in the clipboard"),
                            Err(reason) => toaster.error(format!("The picture can’t be copied: {reason}. Download it instead.")),
                        }
                    }
                },
                Icon { name: IconName::Copy }
            }
        }
        if platform::LINKS_DOWNLOAD {
            if let Some(url) = url {
                a {
                    class: "btn quiet icon",
                    href: "{url}",
                    download: "{name}",
                    aria_label: "Download",
                    "data-tip": "Download {name}",
                    "data-tip-at": "end",
                    Icon { name: IconName::Download }
                }
            }
        } else {
            button {
                class: "btn quiet icon",
                aria_label: "Download",
                "data-tip": "Save a copy among your downloads",
                "data-tip-at": "end",
                onclick: move |_| {
                    let (assets, name) = (store.session().assets().clone(), saved.clone());
                    // It goes on when the viewer is closed meanwhile.
                    dioxus::core::spawn_forever(async move {
                        match platform::save(assets, item.asset, name).await {
                            Ok(path) => toaster.info(format!("Saved as {path}")),
                            Err(reason) => toaster.error(format!("It can’t be saved: {reason}.")),
                        }
                    });
                },
                Icon { name: IconName::Download }
            }
        }
    }
}

/// Shows the node in the workflow, and closes the viewer.
#[component]
fn ShowInWorkflow(node: NodeId) -> Element {
    let editor = use_editor();
    let viewer: Viewer = use_context();
    rsx! {
        button {
            class: "btn",
            onclick: move |_| {
                viewer.close();
                editor.show_node(node);
            },
            Icon { name: IconName::LocateFixed }
            "Show in the workflow"
        }
    }
}
