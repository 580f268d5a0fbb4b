//! What presses, movements and keys mean.

use std::rc::Rc;

use dioxus::{
    html::{Code, Location, SerializedKeyboardData},
    prelude::*,
};
use storage::model::{NodeId, Point, Viewport};

use super::{
    super::{
        Editor,
        gesture::{Mood, PortId},
    },
    stage::{Stage, add, connect},
};
use crate::store::{Document, Selection, Side, Store};

const LEFT: u16 = 1;
const MIDDLE: u16 = 4;

/// A pointer at a place of the window, which is the canvas' too, with these buttons held.
fn pointer_with(x: f64, y: f64, buttons: u16, shift: bool) -> Event<PointerData> {
    let button = i32::from(buttons == MIDDLE);
    let data = serde_json::json!({
        "alt_key": false, "ctrl_key": false, "meta_key": false, "shift_key": shift, "button": button, "buttons": buttons,
        "client_x": x, "client_y": y, "offset_x": x, "offset_y": y, "page_x": x, "page_y": y, "screen_x": x, "screen_y": y,
        "pointer_id": 1, "width": 1., "height": 1., "pressure": 0.5, "tangential_pressure": 0., "tilt_x": 0, "tilt_y": 0,
        "twist": 0, "pointer_type": "mouse", "is_primary": true,
    });
    Event::new(Rc::new(serde_json::from_value::<PointerData>(data).unwrap()), true)
}

fn pointer(x: f64, y: f64) -> Event<PointerData> {
    pointer_with(x, y, LEFT, false)
}

fn press_key(editor: &Editor, key: Key, modifiers: Modifiers) {
    let data = SerializedKeyboardData::new(key, Code::Unidentified, Location::Standard, false, modifiers, false);
    editor.key_down(&Event::new(Rc::new(KeyboardData::from(data)), true));
}

fn letter(text: &str) -> Key {
    Key::Character(text.into())
}

impl Stage {
    /// Goes on with what was pressed, through these places, and releases at the last one.
    fn drag(&mut self, places: &[(f64, f64)]) {
        for (x, y) in places {
            self.act(|editor| editor.pointer_moved(&pointer(*x, *y)));
        }
        let (x, y) = places[places.len() - 1];
        self.act(|editor| editor.pointer_released(&pointer(x, y)));
    }

    fn corner(&self, id: NodeId) -> (f64, f64) {
        let corner = self.store.rect(id).unwrap().corner();
        (corner.x, corner.y)
    }

    fn port(&self, id: NodeId, side: Side, handle: &str) -> (f64, f64) {
        let place = self.store.with_document(|document| document.port_point(id, side, Some(handle))).flatten().unwrap();
        (place.x, place.y)
    }

    fn press_port(&mut self, node: NodeId, side: Side, handle: &str) {
        let (x, y) = self.port(node, side, handle);
        let port = PortId { node, side, handle: handle.into() };
        self.act(|editor| editor.press_port(port, &pointer(x, y)));
    }

    fn ends(&self) -> Vec<(NodeId, NodeId, String)> {
        let edges = self.store.with_document(crate::store::Document::edges).unwrap();
        edges.into_iter().map(|edge| (edge.ends.source, edge.ends.target, edge.ends.target_handle.unwrap())).collect()
    }
}

fn two_notes(store: &Store) -> [NodeId; 2] {
    [add(store, "note", 100., 100.), add(store, "note", 500., 100.)]
}

/// A prompt, and two steps to its right.
fn prompt_and_steps(store: &Store) -> [NodeId; 3] {
    [add(store, "prompt", 0., 100.), add(store, "generic", 400., 0.), add(store, "generic", 400., 400.)]
}

#[tokio::test]
async fn a_press_that_hardly_moves_is_a_click() {
    let (mut stage, [one, other]) = Stage::new(two_notes).await;
    stage.act(|editor| editor.press_node(one, &pointer(150., 120.)));
    stage.drag(&[(152., 122.)]);
    assert_eq!(stage.corner(one), (100., 100.));
    assert_eq!(stage.store.selection(), Selection::node(one));
    stage.act(|editor| editor.press_node(other, &pointer_with(550., 120., LEFT, true)));
    stage.drag(&[(550., 120.)]);
    assert_eq!(stage.store.selection(), Selection::of([one, other]), "with Shift it adds");
    stage.act(|editor| editor.press_node(one, &pointer_with(150., 120., LEFT, true)));
    stage.drag(&[(150., 120.)]);
    assert_eq!(stage.store.selection(), Selection::node(other), "and takes away");
}

#[tokio::test]
async fn a_drag_moves_all_that_is_selected_by_as_much_of_the_world_as_the_pointer() {
    let (mut stage, [one, other]) = Stage::new(two_notes).await;
    stage.act(|editor| {
        editor.look(Viewport { x: 0., y: 0., zoom: 0.5 });
        editor.store.select(Selection::of([one, other]));
        editor.press_node(one, &pointer(80., 60.));
    });
    stage.act(|editor| editor.pointer_moved(&pointer(100., 70.)));
    assert_eq!((stage.editor.mood)(), Mood::Dragging);
    assert!(stage.html().contains("is-dragging"));
    stage.drag(&[(130., 80.), (120., 90.)]);
    assert_eq!((stage.corner(one), stage.corner(other)), ((180., 160.), (580., 160.)));
    assert_eq!((stage.editor.mood)(), Mood::Idle);
    stage.act(|editor| editor.pointer_moved(&pointer(300., 300.)));
    assert_eq!(stage.corner(one), (180., 160.), "it is over");
}

#[tokio::test]
async fn what_is_dragged_into_view_out_of_sight_gets_its_card() {
    let (mut stage, [near, away]) =
        Stage::new(|store| [add(store, "note", 100., 100.), add(store, "note", 2000., 100.)]).await;
    assert!(!stage.html().contains(&away.to_string()));
    stage.act(|editor| {
        editor.store.select(Selection::of([near, away]));
        editor.press_node(near, &pointer(1150., 110.));
    });
    stage.drag(&[(600., 110.), (50., 110.)]);
    assert_eq!(stage.corner(away), (900., 100.));
    assert!(stage.html().contains(&format!("data-node-id=\"{away}\"")));
}

#[tokio::test]
async fn escape_takes_a_drag_back() {
    let (mut stage, [one, _]) = Stage::new(two_notes).await;
    stage.act(|editor| editor.press_node(one, &pointer(150., 120.)));
    stage.act(|editor| editor.pointer_moved(&pointer(350., 420.)));
    assert_eq!(stage.corner(one), (300., 400.));
    stage.act(|editor| press_key(editor, Key::Escape, Modifiers::empty()));
    assert_eq!(stage.corner(one), (100., 100.));
    stage.drag(&[(400., 400.)]);
    assert_eq!(stage.corner(one), (100., 100.), "and the rest of the movement means nothing");
    stage.act(|editor| press_key(editor, Key::Escape, Modifiers::empty()));
    assert!(stage.store.selection().is_empty(), "with nothing to take back, it selects nothing");
}

#[tokio::test]
async fn a_release_that_was_not_heard_ends_a_drag() {
    let (mut stage, [one, _]) = Stage::new(two_notes).await;
    stage.act(|editor| editor.press_node(one, &pointer(150., 120.)));
    stage.act(|editor| editor.pointer_moved(&pointer(160., 120.)));
    stage.act(|editor| editor.pointer_moved(&pointer_with(500., 500., 0, false)));
    assert_eq!((stage.corner(one), (stage.editor.mood)()), ((110., 100.), Mood::Idle));
}

#[tokio::test]
async fn the_background_pans_and_lets_go_of_what_is_selected() {
    let (mut stage, [one, _]) = Stage::new(two_notes).await;
    stage.act(|editor| editor.store.select(Selection::node(one)));
    stage.act(|editor| editor.press_background(&pointer(10., 10.)));
    assert!(stage.store.selection().is_empty());
    stage.drag(&[(40., 0.), (60., 30.)]);
    assert_eq!(stage.store.viewport(), Some(Viewport { x: 50., y: 20., zoom: 1. }));
    stage.act(|editor| editor.store.select(Selection::node(one)));
    stage.act(|editor| editor.press_background(&pointer_with(10., 10., MIDDLE, false)));
    stage.act(|editor| editor.pointer_moved(&pointer_with(0., 0., MIDDLE, false)));
    stage.act(|editor| editor.pointer_released(&pointer_with(0., 0., 0, false)));
    assert_eq!(stage.store.viewport(), Some(Viewport { x: 40., y: 10., zoom: 1. }));
    assert_eq!(stage.store.selection(), Selection::node(one), "the middle button only looks");
}

#[tokio::test]
async fn with_shift_the_background_selects_what_the_rectangle_touches() {
    let (mut stage, [one, other]) = Stage::new(two_notes).await;
    stage.act(|editor| editor.store.select(Selection::node(other)));
    stage.act(|editor| editor.press_background(&pointer_with(20., 20., LEFT, true)));
    stage.act(|editor| editor.pointer_moved(&pointer(110., 110.)));
    assert_eq!(stage.store.selection(), Selection::of([one, other]));
    assert!(stage.html().contains(r#"class="marquee""#));
    stage.act(|editor| editor.pointer_moved(&pointer(60., 60.)));
    assert_eq!(stage.store.selection(), Selection::node(other), "what it leaves is let go of");
    stage.drag(&[(60., 60.)]);
    assert!(!stage.html().contains(r#"class="marquee""#));
}

#[tokio::test]
async fn a_corner_resizes_no_further_than_a_card_can_be() {
    let (mut stage, [one, _]) = Stage::new(two_notes).await;
    let rect = stage.store.rect(one).unwrap();
    for (dx, dy, expected) in [(52., 88., Some((rect.width() + 52., rect.height() + 88.))), (-900., -900., None)] {
        let corner = stage.store.rect(one).unwrap();
        stage.act(|editor| editor.press_corner(one, &pointer(corner.right, corner.bottom)));
        stage.drag(&[(corner.right + dx, corner.bottom + dy)]);
        let now = stage.store.rect(one).unwrap();
        assert_eq!(now.corner(), rect.corner());
        match expected {
            Some(size) => assert_eq!((now.width(), now.height()), size),
            None => assert!(now.width() >= 200. && now.height() >= 40.),
        }
    }
}

#[tokio::test]
async fn an_edge_snaps_to_a_port_that_is_near() {
    let (mut stage, [prompt, step, _]) = Stage::new(prompt_and_steps).await;
    let (x, y) = stage.port(step, Side::In, "prompt");
    stage.press_port(prompt, Side::Out, "text");
    stage.act(|editor| editor.pointer_moved(&pointer(x - 90., y)));
    let html = stage.html();
    assert!(
        html.contains(r#"data-part="draft""#) && html.contains("is-connecting") && html.contains("is-fit"),
        "{html}"
    );
    assert!(!html.contains("is-target"));
    stage.act(|editor| editor.pointer_moved(&pointer(x - 15., y + 3.)));
    assert!(stage.html().contains("is-target"));
    stage.drag(&[(x - 15., y + 3.)]);
    assert_eq!(stage.ends(), [(prompt, step, "prompt".into())]);
    assert!(!stage.html().contains("data-part=\"draft\""));
}

#[tokio::test]
async fn drawing_an_edge_renders_no_port_until_it_snaps() {
    let (mut stage, [prompt, step, _]) = Stage::new(prompt_and_steps).await;
    let (x, y) = stage.port(step, Side::In, "prompt");
    stage.press_port(prompt, Side::Out, "text");
    stage.act(|editor| editor.pointer_moved(&pointer(x - 100., y)));
    let rendered = stage.rendered_by(|editor| editor.pointer_moved(&pointer(x - 90., y)));
    assert_eq!(rendered, ["Draft", "Why"].map(String::from).into());
    let rendered = stage.rendered_by(|editor| editor.pointer_moved(&pointer(x - 10., y)));
    assert!(rendered.iter().any(|name| name.starts_with("Marks")));
    let rendered = stage.rendered_by(|editor| editor.pointer_moved(&pointer(x - 9., y)));
    assert!(rendered.is_empty(), "it is snapped, so nothing changes: {rendered:?}");
}

#[tokio::test]
async fn an_edge_can_be_drawn_from_an_input_too() {
    let (mut stage, [prompt, step, _]) = Stage::new(prompt_and_steps).await;
    let end = stage.port(prompt, Side::Out, "text");
    stage.press_port(step, Side::In, "in");
    stage.drag(&[(300., 300.), end]);
    assert_eq!(stage.ends(), [(prompt, step, "in".into())]);
}

#[tokio::test]
async fn an_edge_that_ends_nowhere_or_where_it_cant_is_none() {
    let (mut stage, [_, step, second]) = Stage::new(prompt_and_steps).await;
    stage.press_port(step, Side::Out, "out");
    stage.drag(&[(900., 700.)]);
    assert_eq!(stage.ends(), []);
    let itself = stage.port(step, Side::In, "in");
    stage.press_port(step, Side::Out, "out");
    stage.act(|editor| editor.pointer_moved(&pointer(itself.0, itself.1)));
    assert!(stage.html().contains("a node can&#39;t feed itself"), "{}", stage.html());
    stage.drag(&[itself]);
    assert_eq!(stage.ends(), []);
    assert!(stage.store.with_document(|document| document.edges_at(second).count()) == Some(0));
}

#[tokio::test]
async fn an_edge_is_taken_by_its_end_and_led_elsewhere_or_away() {
    let (mut stage, ([prompt, step, second], edge)) = Stage::new(|store| {
        let nodes = prompt_and_steps(store);
        (nodes, connect(store, (nodes[0], "text"), (nodes[1], "prompt")))
    })
    .await;
    let place = stage.port(second, Side::In, "in");
    stage.press_port(step, Side::In, "prompt");
    stage.drag(&[(300., 300.), place]);
    assert_eq!(stage.ends(), [(prompt, second, "in".into())]);
    assert!(stage.store.edge(edge).is_some(), "it is the same edge");
    stage.press_port(second, Side::In, "in");
    stage.drag(&[(300., 300.), place]);
    assert_eq!(stage.ends(), [(prompt, second, "in".into())], "back where it was, it stays");
    stage.press_port(second, Side::In, "in");
    stage.drag(&[(300., 300.)]);
    assert_eq!(stage.ends(), []);
}

#[tokio::test]
async fn delete_takes_what_is_selected_and_offers_it_back() {
    let (mut stage, [prompt, step, _]) = Stage::new(prompt_and_steps).await;
    stage.act(|editor| {
        let edge = connect(&editor.store, (prompt, "text"), (step, "prompt"));
        editor.store.select(Selection { nodes: [prompt].into(), edges: [edge].into() });
        press_key(editor, Key::Delete, Modifiers::empty());
    });
    assert_eq!((stage.store.node_count(), stage.ends().len()), (2, 0));
    assert!(stage.html().contains("1 node and 1 edge deleted") && stage.html().contains("Undo"), "{}", stage.html());
    stage.act(|editor| press_key(editor, Key::Backspace, Modifiers::empty()));
    assert_eq!(stage.store.node_count(), 2, "nothing is selected");
}

#[tokio::test]
async fn arrows_nudge_and_shift_nudges_further() {
    let (mut stage, [one, other]) = Stage::new(two_notes).await;
    stage.act(|editor| {
        editor.store.select(Selection::node(one));
        press_key(editor, Key::ArrowRight, Modifiers::empty());
        press_key(editor, Key::ArrowDown, Modifiers::SHIFT);
        press_key(editor, Key::ArrowLeft, Modifiers::CONTROL);
    });
    assert_eq!((stage.corner(one), stage.corner(other)), ((106., 124.), (500., 100.)));
}

#[tokio::test]
async fn keys_look_select_and_add() {
    let (mut stage, [one, other]) = Stage::new(two_notes).await;
    stage.act(|editor| press_key(editor, letter("a"), Modifiers::CONTROL));
    assert_eq!(stage.store.selection(), Selection::of([one, other]));
    stage.act(|editor| press_key(editor, letter("-"), Modifiers::empty()));
    assert_eq!(stage.store.viewport().unwrap().zoom, 0.8);
    stage.act(|editor| press_key(editor, letter("+"), Modifiers::empty()));
    assert!((stage.store.viewport().unwrap().zoom - 1.).abs() < 1e-9);
    stage.act(|editor| press_key(editor, letter("1"), Modifiers::empty()));
    let (view, bounds) =
        (stage.store.viewport().unwrap(), stage.store.with_document(Document::bounds).flatten().unwrap());
    assert!(super::super::geometry::shown(view, super::stage::SIZE).holds(&bounds), "1 shows everything");
    stage.act(|editor| press_key(editor, Key::Tab, Modifiers::empty()));
    assert!(stage.html().contains(r#"aria-label="Add node""#), "{}", stage.html());
}

#[tokio::test]
async fn a_double_click_asks_for_a_node_there() {
    let (mut stage, _) = Stage::new(two_notes).await;
    stage.act(|editor| {
        editor.look(Viewport { x: 100., y: 0., zoom: 2. });
        editor.ask_for_node_at(dioxus::html::geometry::ClientPoint::new(300., 50.));
    });
    assert_eq!((stage.editor.adding)(), Some(Point { x: 100., y: 25. }));
}

#[tokio::test]
async fn a_view_is_stored_when_the_movement_is_over() {
    let (mut stage, _) = Stage::new(two_notes).await;
    stage.settle().await;
    stage.act(|editor| editor.press_background(&pointer(10., 10.)));
    stage.drag(&[(40., 0.), (60., 30.)]);
    stage.settle().await;
    let (id, view) = (stage.store.open_id().unwrap(), stage.store.viewport());
    stage.store.close_workflow();
    stage.store.open_workflow(id).await.unwrap();
    assert_eq!(stage.store.viewport(), view);
}
