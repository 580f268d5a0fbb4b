//! What the canvas knows beside the store: where it looks, what the pointer is doing.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use dioxus::{html::geometry::ClientPoint, prelude::*};
use storage::{
    Hold,
    model::{Ends, NodeId, Point, Size, Viewport},
};

use super::{
    edges::DraftEdge,
    geometry::{self, Rect},
    gesture::{Gesture, Mood, PortId},
    wheel::Wheel,
};
use crate::{
    store::{Document, Store},
    widgets::{Toaster, sleep},
};

/// How much of a node is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything.
    Near,
    /// Title, picture and ports.
    Mid,
    /// Shapes in one drawing.
    Far,
}

impl Detail {
    fn at(zoom: f64) -> Self {
        match zoom {
            zoom if zoom >= 0.5 => Self::Near,
            zoom if zoom >= 0.25 => Self::Mid,
            _ => Self::Far,
        }
    }

    /// The value of `data-detail`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Near => "near",
            Self::Mid => "mid",
            Self::Far => "far",
        }
    }
}

/// Elements are made for what is so near to the view, in CSS pixels.
const MARGIN: f64 = 120.;
/// Elements are taken away once what has them is so much larger than what should. While the view moves it may be much, so that
/// zooming doesn't make and drop cards all the time; at rest it may be little, for every card costs a part of every frame.
pub(super) const SLACK_MOVING: f64 = 2.5;
pub(super) const SLACK_AT_REST: f64 = 1.2;
/// Wheels have no end that is told: after so many milliseconds of rest the view is kept, and what is being dragged.
pub(super) const REST: u64 = 400;

/// The canvas' own state. Clones share it.
#[derive(Clone)]
pub struct Editor(Rc<Inner>);

impl std::ops::Deref for Editor {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// What [`Editor`] shares.
pub struct Inner {
    pub(super) store: Store,
    pub(super) toaster: Toaster,
    /// The part of the world that has elements.
    pub(super) area: Signal<Rect>,
    pub(super) detail: Signal<Detail>,
    /// How far the view is zoomed in, in steps: what shows more or less of a picture need not hear of every movement.
    pub(super) sharpness: Signal<i32>,
    /// What the pointer is doing, as far as it shows.
    pub(super) mood: Signal<Mood>,
    pub(super) marquee: Signal<Option<Rect>>,
    pub(super) draft: Signal<Option<DraftEdge>>,
    /// What the drawn edge would join if it were released now. Beside [`Inner::draft`], because ports show this alone and
    /// the draft changes with every movement.
    pub(super) snapped: Signal<Option<Ends>>,
    /// The port from which an edge is being drawn.
    pub(super) connecting: Signal<Option<PortId>>,
    /// Where a node is asked for: a point of the world.
    pub(super) adding: Signal<Option<Point>>,
    /// The title that is being edited.
    pub(super) renaming: Signal<Option<NodeId>>,
    /// Whether dragging the background pans, rather than selects.
    pub(super) hand: Signal<bool>,
    /// Whether Space is held, which does the same.
    pub(super) space: Signal<bool>,
    pub(super) gesture: RefCell<Gesture>,
    pub(super) wheel: RefCell<Wheel>,
    /// What a drag moves is stored when it ends, or pauses.
    pub(super) hold: RefCell<Option<Hold>>,
    element: RefCell<Option<Rc<MountedData>>>,
    /// Where the pointer was last: what is pasted goes there.
    pub(super) pointer: Cell<Option<ClientPoint>>,
    /// Where the canvas is in the window.
    origin: Cell<Point>,
    size: Cell<Size>,
    /// Counts view changes and steps of a drag, so that the last one can be told.
    pub(super) changes: Cell<u32>,
}

/// The editor of this window.
pub fn use_editor() -> Editor {
    use_context()
}

impl Editor {
    /// An editor with its signals in the current scope.
    pub fn new(store: Store, toaster: Toaster) -> Self {
        Self(Rc::new(Inner {
            store,
            toaster,
            area: Signal::new(Rect::default()),
            detail: Signal::new(Detail::Near),
            sharpness: Signal::new(0),
            mood: Signal::new(Mood::Idle),
            marquee: Signal::new(None),
            draft: Signal::new(None),
            snapped: Signal::new(None),
            connecting: Signal::new(None),
            adding: Signal::new(None),
            renaming: Signal::new(None),
            hand: Signal::new(false),
            space: Signal::new(false),
            gesture: RefCell::new(Gesture::None),
            wheel: RefCell::default(),
            hold: RefCell::new(None),
            element: RefCell::new(None),
            pointer: Cell::default(),
            origin: Cell::default(),
            size: Cell::default(),
            changes: Cell::default(),
        }))
    }

    /// Which part of the world is shown.
    pub fn view(&self) -> Viewport {
        self.store.viewport().unwrap_or_default()
    }

    /// Where a point of the window is on the canvas.
    pub fn on_canvas(&self, at: ClientPoint) -> Point {
        let origin = self.origin.get();
        Point { x: at.x - origin.x, y: at.y - origin.y }
    }

    /// The point of the world that is under a point of the window.
    pub fn in_world(&self, at: ClientPoint) -> Point {
        geometry::to_world(self.view(), self.on_canvas(at))
    }

    /// The middle of the canvas.
    pub fn middle(&self) -> Point {
        let size = self.size.get();
        Point { x: size.width / 2., y: size.height / 2. }
    }

    /// The point of the world in the middle of the canvas.
    pub fn middle_in_world(&self) -> Point {
        geometry::to_world(self.view(), self.middle())
    }

    /// Where a card's top left corner goes so that it is in the middle of the view.
    pub fn room_in_view(&self) -> Point {
        corner_at(self.middle_in_world())
    }

    /// Where a card's corner goes so that its title is under a point of the window. Beside the canvas: in the middle of it.
    pub fn corner_under(&self, at: Option<ClientPoint>) -> Point {
        let size = self.size.get();
        let inside = |at: &ClientPoint| {
            let at = self.on_canvas(*at);
            (0. ..=size.width).contains(&at.x) && (0. ..=size.height).contains(&at.y)
        };
        at.filter(inside).map_or_else(|| self.room_in_view(), |at| corner_at(self.in_world(at)))
    }

    /// Where what is pasted goes: to the pointer.
    pub fn corner_under_pointer(&self) -> Point {
        self.corner_under(self.pointer.get())
    }

    /// The node under a point of the window that holds a file, if that is what is there.
    pub fn media_under(&self, at: ClientPoint) -> Option<NodeId> {
        let at = self.in_world(at);
        let point = Rect::between(at, at);
        let found = |document: &Document| {
            let (nodes, _) = document.within(&point);
            let holds = |id: &NodeId| matches!(document.picture(*id), Some(engine::Picture::Media(_)));
            nodes.into_iter().rev().find(holds)
        };
        self.store.with_document(found).flatten()
    }

    /// Shows a node in the middle, and selects it.
    pub fn show_node(&self, id: NodeId) {
        let Some(rect) = self.store.rect(id) else { return };
        let (size, zoom) = (self.size.get(), self.view().zoom.max(0.6));
        let (x, y) = (f64::midpoint(rect.left, rect.right), f64::midpoint(rect.top, rect.bottom));
        self.look(Viewport { x: size.width / 2. - x * zoom, y: size.height / 2. - y * zoom, zoom });
        self.store.select(crate::store::Selection::node(id));
    }

    /// Shows another part of the world, and keeps that once it comes to rest.
    pub fn look(&self, view: Viewport) {
        self.store.set_viewport(view);
        self.refresh(SLACK_MOVING);
        let change = self.changes.get().wrapping_add(1);
        self.changes.set(change);
        let this = self.clone();
        spawn(async move {
            sleep(REST).await;
            if this.changes.get() == change && matches!(*this.gesture.borrow(), Gesture::None) {
                this.refresh(SLACK_AT_REST);
                this.store.keep_viewport();
            }
        });
    }

    /// Shows all nodes.
    pub fn fit(&self) {
        let bounds = self.store.with_document(Document::bounds).flatten();
        let size = self.size.get();
        if size.width > 0. {
            self.look(bounds.map_or_else(Viewport::default, |bounds| geometry::fitted(bounds, size)));
        }
    }

    /// Zooms by a factor around a point of the canvas.
    pub fn zoom(&self, factor: f64, at: Point) {
        self.look(geometry::zoomed(self.view(), factor, at));
    }

    /// Shows a workflow that has just been opened: where the user looked last, or all of it.
    pub fn show_opened(&self) {
        let mut area = self.area;
        area.set(Rect::default());
        *self.gesture.borrow_mut() = Gesture::None;
        self.rest();
        self.settle();
        self.focus();
    }

    fn settle(&self) {
        if self.store.open_id().is_some() && self.store.viewport().is_none() {
            self.fit();
        } else {
            self.refresh(SLACK_AT_REST);
        }
    }

    /// Decides anew what has elements, if what is shown has left what has, or that is more than `slack` times too large.
    pub(super) fn refresh(&self, slack: f64) {
        let view = self.view();
        let detail = Detail::at(view.zoom);
        update(self.detail, detail);
        update(self.sharpness, sharpness(view.zoom));
        if detail == Detail::Far {
            return;
        }
        let shown = geometry::shown(view, self.size.get());
        let wanted = shown.grown(MARGIN / view.zoom);
        let area = *self.area.peek();
        if !area.holds(&shown) || area.area() > wanted.area() * slack {
            let mut signal = self.area;
            signal.set(wanted);
            self.store.set_area(wanted);
        }
    }

    /// Takes note of the canvas' element.
    pub fn measure(self, element: Rc<MountedData>) {
        *self.element.borrow_mut() = Some(element);
        self.find_origin();
        self.focus();
    }

    /// Takes note of the canvas' size.
    pub fn resized(self, size: Size) {
        self.size.set(size);
        self.find_origin();
        self.settle();
    }

    fn find_origin(&self) {
        let Some(element) = self.element.borrow().clone() else { return };
        let this = self.clone();
        spawn(async move {
            if let Ok(rect) = element.get_client_rect().await {
                this.origin.set(Point { x: rect.origin.x, y: rect.origin.y });
                if this.size.get().width == 0. {
                    this.size.set(Size { width: rect.size.width, height: rect.size.height });
                    this.settle();
                }
            }
        });
    }

    /// Gives the keyboard to the canvas.
    pub fn focus(&self) {
        let Some(element) = self.element.borrow().clone() else { return };
        spawn(async move {
            // Fails when the canvas is gone meanwhile.
            drop(element.set_focus(true).await);
        });
    }

    /// Asks which node to add under a point of the window.
    pub fn ask_for_node_at(&self, at: ClientPoint) {
        let mut adding = self.adding;
        adding.set(Some(self.in_world(at)));
    }

    /// Asks which node to add in the middle of the view.
    pub fn ask_for_node(&self) {
        let mut adding = self.adding;
        adding.set(Some(geometry::to_world(self.view(), self.middle())));
    }
}

/// A card lies so that its title is under `at`.
fn corner_at(at: Point) -> Point {
    Point { x: at.x - geometry::CARD_WIDTH / 2., y: at.y - geometry::HEADER / 2. }
}

/// The zoom in steps, of which two double it.
fn sharpness(zoom: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "zoom has ends: these are small")]
    let step = (zoom.max(geometry::MIN_ZOOM).log2() * 2.).round() as i32;
    step
}

/// Sets a signal, unless it holds that already: setting it would have everything rendered again that reads it.
pub(super) fn update<T: PartialEq + 'static>(mut signal: Signal<T>, value: T) {
    if *signal.peek() != value {
        signal.set(value);
    }
}
