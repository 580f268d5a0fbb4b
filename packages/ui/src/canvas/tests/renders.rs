//! An edit renders what shows it and nothing else, however much there is.

use std::collections::BTreeSet;

use storage::model::{EdgeId, NodeId, Point, Viewport};

use super::stage::{Stage, add, connect, set};
use crate::store::{Selection, Store};

/// A prompt that feeds a step, and a prompt beside them that feeds nothing.
struct Drawn {
    prompt: NodeId,
    step: NodeId,
    beside: NodeId,
    edge: EdgeId,
}

fn draw(store: &Store) -> Drawn {
    let [prompt, beside] = [0., 400.].map(|y| add(store, "prompt", 0., y));
    let step = add(store, "generic", 400., 0.);
    let edge = connect(store, (prompt, "text"), (step, "prompt"));
    Drawn { prompt, step, beside, edge }
}

/// `Card` and so on of one node.
fn of<const N: usize>(names: [&str; N], id: impl std::fmt::Display) -> BTreeSet<String> {
    names.map(|name| format!("{name} {id}")).into()
}

/// Only what is on a node or an edge.
fn on_the_canvas(rendered: &BTreeSet<String>) -> BTreeSet<String> {
    rendered.iter().filter(|name| name.contains(' ')).cloned().collect()
}

#[tokio::test]
async fn a_setting_renders_its_card_alone() {
    let (mut stage, Drawn { prompt, .. }) = Stage::new(draw).await;
    let rendered = stage.rendered_by(|editor| set(&editor.store, prompt, "text", "A lighthouse"));
    assert_eq!(rendered, of(["Card", "Face", "Marks", "Body"], prompt));
    assert!(stage.card(prompt).contains("A lighthouse"));
}

#[tokio::test]
async fn a_setting_of_the_selected_node_renders_the_inspector_too() {
    let (mut stage, Drawn { prompt, beside, .. }) = Stage::new(draw).await;
    stage.act(|editor| editor.store.select(Selection::node(prompt)));
    let rendered = stage.rendered_by(|editor| set(&editor.store, prompt, "text", "A lighthouse"));
    assert_eq!(on_the_canvas(&rendered), of(["Card", "Face", "Marks", "Body"], prompt));
    assert!(rendered.contains("NodeSettings") && rendered.contains("Setting"), "{rendered:?}");
    let rendered = stage.rendered_by(|editor| set(&editor.store, beside, "text", "A castle"));
    assert_eq!(rendered, of(["Card", "Face", "Marks", "Body"], beside), "it shows another node");
}

#[tokio::test]
async fn the_inspector_follows_the_selection_and_hears_of_what_it_shows() {
    let (mut stage, Drawn { prompt, beside, .. }) = Stage::new(draw).await;
    for (id, words) in [(prompt, "of the first"), (beside, "of the second")] {
        stage.act(|editor| editor.store.select(Selection::node(id)));
        stage.act(|editor| editor.store.rename_node(id, words));
        let html = stage.html();
        let inspector = html.split("<aside").nth(1).unwrap();
        assert!(inspector.contains(words), "{inspector}");
    }
}

#[tokio::test]
async fn moving_a_node_renders_its_outer_part_and_its_edges() {
    let (mut stage, Drawn { prompt, edge, .. }) = Stage::new(draw).await;
    let rendered = stage.rendered_by(|editor| editor.store.move_nodes(&[(prompt, Point { x: 10., y: 20. })]));
    assert_eq!(rendered, of(["Card"], prompt).union(&of(["EdgeLine"], edge)).cloned().collect());
    assert!(stage.tag(&format!("data-node-id=\"{prompt}\"")).contains(r#"data-x="10" data-y="20""#));
}

#[tokio::test]
async fn a_new_node_renders_the_lists_and_its_own_card() {
    let (mut stage, _) = Stage::new(draw).await;
    let mut id = None;
    let rendered = stage.rendered_by(|editor| id = Some(add(&editor.store, "note", 700., 500.)));
    let card = of(["Card", "Face", "Body"], id.unwrap());
    assert_eq!(on_the_canvas(&rendered), card);
    let others: BTreeSet<_> = rendered.difference(&card).map(String::as_str).collect();
    assert_eq!(others, ["Canvas", "Cards", "Edges", "Whole"].into());
}

#[tokio::test]
async fn a_deleted_node_renders_the_lists_and_the_ports_that_are_free_now() {
    let (mut stage, Drawn { prompt, step, .. }) = Stage::new(draw).await;
    assert!(stage.card(step).contains(r#"data-port="in:prompt" data-kind="text" data-connected="true""#));
    let mut removed = None;
    let rendered = stage.rendered_by(|editor| removed = editor.store.remove(&Selection::node(prompt)));
    assert!(on_the_canvas(&rendered).iter().all(|name| name.ends_with(&step.to_string())), "{rendered:?}");
    assert!(stage.card(step).contains(r#"data-port="in:prompt" data-kind="text" data-connected="false""#));
    stage.act(|editor| editor.store.restore(&removed.unwrap()));
    assert!(stage.card(step).contains(r#"data-port="in:prompt" data-kind="text" data-connected="true""#));
}

#[tokio::test]
async fn selecting_renders_the_cards_concerned() {
    let (mut stage, Drawn { prompt, step, beside, edge }) = Stage::new(draw).await;
    let rendered = stage.rendered_by(|editor| editor.store.select(Selection::node(beside)));
    assert_eq!(on_the_canvas(&rendered), of(["Card"], beside));
    let rendered = stage.rendered_by(|editor| editor.store.select(Selection::node(step)));
    let both = of(["Card"], beside).union(&of(["Card"], step)).cloned().collect::<BTreeSet<_>>();
    assert_eq!(on_the_canvas(&rendered), both.union(&of(["EdgeLine"], edge)).cloned().collect());
    assert!(!rendered.iter().any(|name| name.ends_with(&prompt.to_string())));
}

#[tokio::test]
async fn what_was_stored_renders_nothing_again() {
    let (mut stage, Drawn { prompt, .. }) = Stage::new(draw).await;
    stage.settle().await;
    stage.act(|editor| set(&editor.store, prompt, "text", "A lighthouse"));
    assert_eq!(stage.rendered_by_settling().await, BTreeSet::new());
}

/// A thousand nodes, each connected with the next, in rows of 40 that are 300 apart.
fn thousand(store: &Store) -> Vec<NodeId> {
    let place = |n: u32| (f64::from(n % 40) * 300., f64::from(n / 40) * 300.);
    let nodes: Vec<_> = (0..1000).map(place).map(|(x, y)| add(store, "generic", x, y)).collect();
    for pair in nodes.windows(2) {
        connect(store, (pair[0], "out"), (pair[1], "in"));
    }
    nodes
}

#[tokio::test]
async fn of_a_thousand_nodes_those_near_the_view_are_mounted() {
    let (stage, nodes) = Stage::new(thousand).await;
    let mounted = stage.mounted();
    let count = |name: &str| mounted.iter().filter(|mounted| mounted.starts_with(name)).count();
    // 1120 × 920 units of the world hold 4 columns and 4 rows.
    assert_eq!((count("Card "), count("Face ")), (16, 16));
    assert!((16..=28).contains(&count("EdgeLine ")), "{}", count("EdgeLine "));
    assert_eq!(stage.html().matches("data-node-id").count(), 16);
    assert!(stage.tag("data-canvas").contains(r#"data-node-count="1000""#));
    assert!(stage.html().contains(&nodes[0].to_string()) && !stage.html().contains(&nodes[500].to_string()));
}

#[tokio::test]
async fn an_edit_out_of_sight_renders_nothing() {
    let (mut stage, nodes) = Stage::new(thousand).await;
    let far = nodes[500];
    let rendered = stage.rendered_by(|editor| {
        set(&editor.store, far, "instruction", "Paint");
        editor.store.rename_node(far, "Far");
        editor.store.move_nodes(&[(far, Point { x: 20_000., y: 20_000. })]);
        editor.store.update_node_dimensions(far, None, Some(super::stage::SIZE));
    });
    assert_eq!(rendered, BTreeSet::new());
}

#[tokio::test]
async fn what_is_moved_into_view_is_mounted() {
    let (mut stage, nodes) = Stage::new(thousand).await;
    let far = nodes[500];
    let rendered = stage.rendered_by(|editor| editor.store.move_nodes(&[(far, Point { x: 500., y: 500. })]));
    assert!(rendered.contains(&format!("Card {far}")));
    assert!(stage.html().contains(&format!("data-node-id=\"{far}\"")));
    let others = nodes[..500].iter().map(|id| format!("Card {id}"));
    assert_eq!(others.filter(|card| rendered.contains(card)).count(), 0);
    stage.act(|editor| editor.store.move_nodes(&[(far, Point { x: 5000., y: 500. })]));
    assert!(!stage.html().contains(&format!("data-node-id=\"{far}\"")), "and is let go of when it leaves");
}

#[tokio::test]
async fn panning_renders_no_card() {
    let (mut stage, _) = Stage::new(thousand).await;
    let rendered = stage.rendered_by(|editor| editor.look(Viewport { x: -100., y: -50., zoom: 1. }));
    assert_eq!(rendered, ["Canvas", "World", "Zoom"].map(String::from).into());
    // Beyond the margin other cards are mounted, and those that stay are left alone.
    let rendered = stage.rendered_by(|editor| editor.look(Viewport { x: -400., y: 0., zoom: 1. }));
    let cards = rendered.iter().filter(|name| name.starts_with("Card ")).count();
    assert!((1..=8).contains(&cards), "{cards}");
}

#[tokio::test]
async fn far_away_everything_is_one_drawing_that_follows_what_moves() {
    let (mut stage, nodes) = Stage::new(thousand).await;
    stage.act(|editor| editor.look(Viewport { x: 0., y: 0., zoom: 0.1 }));
    assert!(stage.tag("data-canvas").contains(r#"data-detail="far""#));
    let rendered = stage.rendered_by(|editor| editor.store.move_nodes(&[(nodes[500], Point { x: 1., y: 77_777. })]));
    assert_eq!(rendered, ["Shapes".to_owned()].into());
    assert!(stage.html().contains("M1 77777h"));
    let rendered = stage.rendered_by(|editor| editor.look(Viewport { x: 9., y: 0., zoom: 0.1 }));
    assert!(!rendered.contains("Shapes"), "panning moves the drawing as it is: {rendered:?}");
}
