//! What the pointer is doing.
//!
//! A press becomes a drag once it has moved four pixels (six for a finger), so that a click is a click. A gesture ends with the
//! release, also outside the window, and Escape takes it back.

use std::collections::BTreeMap;

use dioxus::{
    html::{
        geometry::ClientPoint,
        input_data::{MouseButton, MouseButtonSet},
    },
    prelude::*,
};
use storage::model::{EdgeId, Ends, NodeId, Point, Size, Viewport};

use super::{
    edges::DraftEdge,
    editor::{Editor, REST, SLACK_AT_REST, update},
    geometry::{self, MIN_WIDTH, Rect},
};
use crate::{
    platform,
    store::{Selection, Side},
    widgets::sleep,
};

/// A port of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortId {
    /// Of which node.
    pub node: NodeId,
    /// On which side.
    pub side: Side,
    /// Which one.
    pub handle: String,
}

/// What the pointer is doing.
#[derive(Debug, Default)]
pub(super) enum Gesture {
    #[default]
    None,
    /// Pressed, and not moved far enough to be more than a click.
    Pressed {
        at: ClientPoint,
        then: Box<Gesture>,
    },
    Pan {
        from: ClientPoint,
        view: Viewport,
    },
    Drag {
        from: Point,
        nodes: Vec<(NodeId, Point)>,
    },
    Resize {
        id: NodeId,
        from: Point,
        size: Size,
    },
    /// In points of the canvas.
    Marquee {
        from: Point,
        base: Selection,
    },
    Connect {
        port: PortId,
        moving: Option<EdgeId>,
    },
    /// Two fingers: where they were, and what was shown then.
    Pinch {
        fingers: BTreeMap<i32, ClientPoint>,
        start: (ClientPoint, f64),
        view: Viewport,
    },
}

/// What the pointer is doing, as far as it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Nothing.
    Idle,
    /// Moving the view.
    Panning,
    /// Moving nodes.
    Dragging,
    /// Drawing an edge.
    Connecting,
}

impl Mood {
    /// The canvas' class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Idle | Self::Dragging => "",
            Self::Panning => "is-panning",
            Self::Connecting => "is-connecting",
        }
    }
}

impl Editor {
    /// The background was pressed.
    pub(super) fn press_background(&self, event: &PointerEvent) {
        let Some(button) = event.trigger_button() else { return };
        let at = event.client_coordinates();
        let pans = button == MouseButton::Auxiliary || *self.hand.peek() || *self.space.peek();
        let then = match button {
            MouseButton::Primary if event.modifiers().shift() => {
                Gesture::Marquee { from: self.on_canvas(at), base: self.store.selection() }
            }
            MouseButton::Primary | MouseButton::Auxiliary => Gesture::Pan { from: at, view: self.view() },
            _ => return,
        };
        if button == MouseButton::Auxiliary {
            // Or the browser would begin to scroll by itself.
            event.prevent_default();
        } else if !pans && !event.modifiers().shift() {
            self.store.select(Selection::default());
        }
        self.press(event, then);
    }

    /// A node was pressed.
    pub(super) fn press_node(&self, id: NodeId, event: &PointerEvent) {
        if *self.space.peek() || *self.hand.peek() || event.trigger_button() != Some(MouseButton::Primary) {
            return;
        }
        event.stop_propagation();
        let mut selection = self.store.selection();
        let modifiers = event.modifiers();
        let adds = modifiers.shift() || modifiers.ctrl() || modifiers.meta();
        if adds && selection.nodes.contains(&id) {
            selection.nodes.remove(&id);
        } else if adds {
            selection.nodes.insert(id);
        } else if !selection.nodes.contains(&id) {
            selection = Selection::node(id);
        }
        let place = |id: &NodeId| Some((*id, self.store.rect(*id)?.corner()));
        let nodes = selection.nodes.iter().filter_map(place).collect();
        self.store.select(selection);
        self.press(event, Gesture::Drag { from: self.in_world(event.client_coordinates()), nodes });
    }

    /// An edge was pressed.
    pub(super) fn press_edge(&self, id: EdgeId, event: &PointerEvent) {
        if event.trigger_button() == Some(MouseButton::Primary) && !*self.space.peek() {
            event.stop_propagation();
            let mut selection = self.store.selection();
            if event.modifiers().shift() {
                if !selection.edges.remove(&id) {
                    selection.edges.insert(id);
                }
            } else {
                selection = Selection::edge(id);
            }
            self.store.select(selection);
            self.focus();
        }
    }

    /// A node's lower right corner was pressed.
    pub(super) fn press_corner(&self, id: NodeId, event: &PointerEvent) {
        let Some(rect) = self.store.rect(id) else { return };
        if event.trigger_button() != Some(MouseButton::Primary) {
            return;
        }
        event.stop_propagation();
        let size = Size { width: rect.width(), height: rect.height() };
        self.store.select(Selection::node(id));
        self.press(event, Gesture::Resize { id, from: self.in_world(event.client_coordinates()), size });
    }

    /// A port was pressed. An input that is connected gives its edge's end away.
    pub(super) fn press_port(&self, port: PortId, event: &PointerEvent) {
        if event.trigger_button() != Some(MouseButton::Primary) {
            return;
        }
        event.stop_propagation();
        let taken = self.store.with_document(|document| {
            let mut edges = document.edges_at(port.node);
            let taken =
                edges.find(|(_, ends)| ends.target == port.node && ends.target_handle.as_ref() == Some(&port.handle));
            taken.map(|(id, ends)| (id, ends.clone()))
        });
        let gesture = match taken.flatten().filter(|_| port.side == Side::In) {
            Some((id, Ends { source, source_handle: Some(handle), .. })) => {
                Gesture::Connect { port: PortId { node: source, side: Side::Out, handle }, moving: Some(id) }
            }
            _ => Gesture::Connect { port, moving: None },
        };
        self.press(event, gesture);
    }

    fn press(&self, event: &PointerEvent, then: Gesture) {
        if let Some(pinch) = self.second_finger(event) {
            self.begin(pinch);
            return;
        }
        *self.gesture.borrow_mut() = Gesture::Pressed { at: event.client_coordinates(), then: Box::new(then) };
    }

    /// The pinch that a second finger begins.
    fn second_finger(&self, event: &PointerEvent) -> Option<Gesture> {
        if event.pointer_type() != "touch" || event.is_primary() {
            return None;
        }
        let gesture = self.gesture.borrow();
        let first = match &*gesture {
            Gesture::Pressed { at, .. } => *at,
            Gesture::Pan { from, .. } => *from,
            _ => return None,
        };
        let second = event.client_coordinates();
        // The first finger's id isn't known here; the next event brings it.
        let fingers = BTreeMap::from([(event.pointer_id(), second)]);
        Some(Gesture::Pinch { fingers, start: pair(first, second), view: self.view() })
    }

    /// The pointer moved.
    pub fn pointer_moved(&self, event: &PointerEvent) {
        self.pointer.set(Some(event.client_coordinates()));
        if matches!(*self.gesture.borrow(), Gesture::None) {
            return;
        }
        if event.held_buttons() == MouseButtonSet::empty() && event.pointer_type() != "touch" {
            // Released where we couldn't hear it.
            self.finish();
            return;
        }
        let at = event.client_coordinates();
        let begun = match &mut *self.gesture.borrow_mut() {
            Gesture::Pressed { at: start, then } => {
                let far = if event.pointer_type() == "touch" { 6. } else { 4. };
                if (at.x - start.x).hypot(at.y - start.y) < far {
                    return;
                }
                Some(std::mem::take(&mut **then))
            }
            _ => None,
        };
        if let Some(gesture) = begun {
            platform::capture(event);
            self.begin(gesture);
        }
        self.go_on(event.pointer_id(), at);
    }

    fn begin(&self, gesture: Gesture) {
        let shown = match &gesture {
            Gesture::Pan { .. } | Gesture::Pinch { .. } => Mood::Panning,
            Gesture::Drag { .. } => Mood::Dragging,
            Gesture::Connect { .. } => Mood::Connecting,
            _ => Mood::Idle,
        };
        update(self.mood, shown);
        if matches!(gesture, Gesture::Drag { .. } | Gesture::Resize { .. }) {
            *self.hold.borrow_mut() = Some(self.store.session().hold());
            self.keep_when_it_pauses();
        }
        if let Gesture::Connect { port, .. } = &gesture {
            let mut connecting = self.connecting;
            connecting.set(Some(port.clone()));
        }
        *self.gesture.borrow_mut() = gesture;
    }

    /// Stores what a drag has moved whenever the hand rests: it may stay there for long.
    fn keep_when_it_pauses(&self) {
        let this = self.clone();
        spawn(async move {
            let mut seen = this.changes.get();
            loop {
                sleep(REST).await;
                if this.hold.borrow().is_none() {
                    return;
                }
                if seen == this.changes.get() {
                    // Under way from here on; nobody needs to wait for it.
                    drop(this.store.session().flush());
                }
                seen = this.changes.get();
            }
        });
    }

    fn go_on(&self, finger: i32, at: ClientPoint) {
        let mut gesture = self.gesture.borrow_mut();
        match &mut *gesture {
            Gesture::None | Gesture::Pressed { .. } => {}
            Gesture::Pan { from, view } => {
                let view = Viewport { x: view.x + at.x - from.x, y: view.y + at.y - from.y, zoom: view.zoom };
                drop(gesture);
                self.look(view);
            }
            Gesture::Drag { from, nodes } => {
                let to = self.in_world(at);
                let (dx, dy) = (to.x - from.x, to.y - from.y);
                let moved: Vec<_> = nodes.iter().map(|(id, at)| (*id, Point { x: at.x + dx, y: at.y + dy })).collect();
                drop(gesture);
                self.changes.set(self.changes.get().wrapping_add(1));
                self.store.move_nodes(&moved);
            }
            Gesture::Resize { id, from, size } => {
                let to = self.in_world(at);
                let size = Size {
                    width: (size.width + to.x - from.x).max(MIN_WIDTH),
                    height: (size.height + to.y - from.y).max(geometry::HEADER),
                };
                let id = *id;
                drop(gesture);
                self.changes.set(self.changes.get().wrapping_add(1));
                self.store.update_node_dimensions(id, None, Some(size));
            }
            Gesture::Marquee { from, base } => {
                let rect = Rect::between(*from, self.on_canvas(at));
                let (corner, opposite) = (rect.corner(), Point { x: rect.right, y: rect.bottom });
                let world =
                    Rect::between(geometry::to_world(self.view(), corner), geometry::to_world(self.view(), opposite));
                let mut selection = base.clone();
                drop(gesture);
                let touched = self.store.with_document(|document| document.within(&world).0).unwrap_or_default();
                selection.nodes.extend(touched);
                let mut marquee = self.marquee;
                marquee.set(Some(rect));
                self.store.select(selection);
            }
            Gesture::Connect { port, moving } => {
                let (port, moving) = (port.clone(), *moving);
                drop(gesture);
                let draft = DraftEdge::new(&self.store, &port, moving, self.in_world(at), self.view().zoom);
                update(self.snapped, draft.as_ref().and_then(DraftEdge::target).cloned());
                update(self.draft, draft);
            }
            Gesture::Pinch { fingers, start, view } => {
                fingers.insert(finger, at);
                let mut points = fingers.values();
                let (Some(one), Some(two)) = (points.next(), points.next()) else { return };
                let (middle, distance) = pair(*one, *two);
                let (start_middle, start_distance) = *start;
                let from = self.on_canvas(start_middle);
                let zoomed = geometry::zoomed(*view, distance / start_distance.max(1.), from);
                let view = Viewport {
                    x: zoomed.x + middle.x - start_middle.x,
                    y: zoomed.y + middle.y - start_middle.y,
                    zoom: zoomed.zoom,
                };
                drop(gesture);
                self.look(view);
            }
        }
    }

    /// The pointer was released.
    pub fn pointer_released(&self, event: &PointerEvent) {
        let moving = !matches!(*self.gesture.borrow(), Gesture::None | Gesture::Pressed { .. });
        if moving {
            self.go_on(event.pointer_id(), event.client_coordinates());
        }
        self.finish();
    }

    /// Ends what the pointer is doing and keeps it.
    fn finish(&self) {
        let gesture = std::mem::take(&mut *self.gesture.borrow_mut());
        match gesture {
            Gesture::Pan { .. } | Gesture::Pinch { .. } => self.store.keep_viewport(),
            Gesture::Connect { moving, .. } => {
                let draft = self.draft.peek().clone();
                self.connect_draft(draft, moving);
            }
            _ => {}
        }
        self.rest();
        self.refresh(SLACK_AT_REST);
    }

    /// Takes back what the pointer is doing. Returns whether it was doing anything.
    pub(super) fn cancel(&self) -> bool {
        let gesture = std::mem::take(&mut *self.gesture.borrow_mut());
        self.rest();
        match gesture {
            Gesture::None => return false,
            Gesture::Pressed { .. } | Gesture::Connect { .. } => {}
            Gesture::Pan { view, .. } | Gesture::Pinch { view, .. } => self.look(view),
            Gesture::Drag { nodes, .. } => self.store.move_nodes(&nodes),
            Gesture::Resize { id, size, .. } => self.store.update_node_dimensions(id, None, Some(size)),
            Gesture::Marquee { base, .. } => self.store.select(base),
        }
        true
    }

    /// Shows nothing of a gesture any more.
    pub(super) fn rest(&self) {
        self.hold.replace(None);
        update(self.mood, Mood::Idle);
        update(self.marquee, None);
        update(self.draft, None);
        update(self.snapped, None);
        update(self.connecting, None);
    }
}

/// The middle between two fingers, and how far they are apart.
fn pair(one: ClientPoint, two: ClientPoint) -> (ClientPoint, f64) {
    let middle = ClientPoint::new(f64::midpoint(one.x, two.x), f64::midpoint(one.y, two.y));
    (middle, (one.x - two.x).hypot(one.y - two.y).max(1.))
}
