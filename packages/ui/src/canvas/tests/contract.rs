//! The attributes that others find things by.

use storage::{
    comfyui,
    model::{EdgeId, NodeId, NodeStatus, Point, Run, Size, Viewport},
};

use super::stage::{Stage, add, connect, set};
use crate::store::{Selection, Store};

fn none(_: &Store) {}

/// A node of a kind that this build doesn't know, with fields as a file carries them.
fn unknown(store: &Store, kind: &str, extra: serde_json::Value) -> NodeId {
    use storage::model::{Json, Node};
    let mut node = Node::new(NodeId::new(store.session().stamp()), kind, Point::default());
    for (field, value) in extra.as_object().unwrap() {
        node.extra.put(field, Json::from(value.clone()));
    }
    let mut all = store.with_document(crate::store::Document::nodes).unwrap();
    all.push(node.clone());
    store.set_nodes(&all).unwrap();
    node.id
}

#[tokio::test]
async fn the_canvas_says_where_it_looks_and_what_there_is() {
    let (mut stage, ()) = Stage::new(none).await;
    stage.act(|editor| {
        add(&editor.store, "note", 0., 0.);
        editor.look(Viewport { x: -12.5, y: 40., zoom: 0.4 });
    });
    let canvas = stage.tag("data-canvas");
    for attribute in
        [r#"data-x="-12.5""#, r#"data-y="40""#, r#"data-zoom="0.4""#, r#"data-node-count="1""#, r#"data-detail="mid""#]
    {
        assert!(canvas.contains(attribute), "{canvas}");
    }
}

#[tokio::test]
async fn a_node_says_what_it_is_and_where() {
    let (mut stage, id) = Stage::new(|store| add(store, "prompt", 30.5, -20.)).await;
    let card = stage.tag(&format!("data-node-id=\"{id}\""));
    for attribute in [
        r#"data-node-type="prompt""#,
        r#"data-status="idle""#,
        r#"data-stale="false""#,
        r#"data-x="30.5""#,
        r#"data-y="-20""#,
        r#"aria-label="Text prompt, Text prompt""#,
        r#"aria-selected="false""#,
    ] {
        assert!(card.contains(attribute), "{card}");
    }
    assert!(stage.card(id).contains(r#"data-part="header""#) && stage.card(id).contains(r#"data-part="resize""#));
    stage.act(|editor| {
        let run = |status| Run { status, ..Run::default() };
        let workflow = editor.store.open_id().unwrap();
        editor.store.update_node_result(workflow, id, &run(NodeStatus::Done)).unwrap();
        editor.store.select(Selection::node(id));
        editor.store.update_node_dimensions(id, None, Some(Size { width: 400., height: 300. }));
    });
    let card = stage.tag(&format!("data-node-id=\"{id}\""));
    for attribute in [
        r#"data-status="done""#,
        r#"aria-selected="true""#,
        r#"data-width="400""#,
        r#"data-height="300""#,
        "is-selected",
    ] {
        assert!(card.contains(attribute), "{card}");
    }
}

#[tokio::test]
async fn a_status_of_a_newer_build_shows_as_idle() {
    let (stage, id) = Stage::new(|store| {
        let id = add(store, "prompt", 0., 0.);
        let run = Run { status: NodeStatus::Other("dreaming".into()), ..Run::default() };
        store.update_node_result(store.open_id().unwrap(), id, &run).unwrap();
        id
    })
    .await;
    assert!(stage.tag(&format!("data-node-id=\"{id}\"")).contains(r#"data-status="idle""#));
}

#[tokio::test]
async fn ports_and_edges_have_names() {
    let (stage, (prompt, step, edge)) = Stage::new(|store| {
        let (prompt, step) = (add(store, "prompt", 0., 0.), add(store, "generic", 400., 0.));
        (prompt, step, connect(store, (prompt, "text"), (step, "prompt")))
    })
    .await;
    let card = stage.card(prompt);
    assert!(card.contains(r#"data-port="out:text" data-kind="text" data-connected="true""#), "{card}");
    assert!(card.contains("text · text"), "a tip says what goes through");
    let card = stage.card(step);
    for port in ["in:in", "out:out"] {
        assert!(card.contains(&format!(r#"data-port="{port}" data-kind="any" data-connected="false""#)), "{card}");
    }
    assert!(card.contains(r#"data-port="in:prompt" data-kind="text" data-connected="true""#), "{card}");
    let line = stage.tag(&format!("data-edge-id=\"{edge}\""));
    let ends = format!(r#"data-source="{prompt}" data-target="{step}" data-kind="text""#);
    assert!(line.contains(&ends), "{line}");
}

#[tokio::test]
async fn a_note_is_paper_with_words_on_it() {
    let (mut stage, id) = Stage::new(|store| add(store, "note", 0., 0.)).await;
    assert!(stage.card(id).contains("Empty note"));
    stage.act(|editor| set(&editor.store, id, "text", "Keep <the tower> small"));
    let card = stage.card(id);
    assert!(card.contains("Keep &#60;the tower&#62; small"), "{card}");
    assert!(card.contains(r#"data-part="header""#) && !card.contains("data-port"), "{card}");
}

#[tokio::test]
async fn a_kind_that_this_build_doesnt_know_is_shown_by_what_it_carries() {
    let extra = serde_json::json!({
        "inputs": [{"name": "image", "type": "IMAGE"}, {"name": "image", "type": "IMAGE"}, {"type": "*"}],
        "outputs": [{"name": "IMAGE", "type": "IMAGE", "label": "picture"}],
    });
    let (mut stage, id) = Stage::new(|store| unknown(store, "comfy.ImageBatch", extra)).await;
    stage.act(|editor| {
        set(&editor.store, id, "blend_mode", "multiply");
        set(&editor.store, id, "strength", 2_u32);
    });
    assert!(stage.tag(&format!("data-node-id=\"{id}\"")).contains(r#"data-node-type="comfy.ImageBatch""#));
    let card = stage.card(id);
    let expected: Vec<_> =
        comfyui::handles(&serde_json::from_str(r#"[{"name":"image"},{"name":"image"},{"type":"*"}]"#).unwrap())
            .into_iter()
            .map(|slot| format!(r#"data-port="in:{}""#, slot.handle))
            .collect();
    assert_eq!(expected[..2], [r#"data-port="in:image""#, r#"data-port="in:image (2)""#], "each name once");
    for words in expected.iter().map(String::as_str).chain([
        r#"data-port="out:IMAGE""#,
        ">picture<",
        ">ImageBatch<",
        "blend mode",
        "multiply",
        "strength",
    ]) {
        assert!(card.contains(words), "{words}: {card}");
    }
    let [from, to] = [id, stage.act(|editor| add(&editor.store, "generic", 500., 0.))];
    let edge: EdgeId = stage.act(|editor| connect(&editor.store, (from, "IMAGE"), (to, "in")));
    assert!(stage.tag(&format!("data-edge-id=\"{edge}\"")).contains(r#"data-kind="image""#));
}

#[tokio::test]
async fn what_makes_no_sense_is_shown_all_the_same() {
    let extra = serde_json::json!({"inputs": "many", "outputs": [1, null, {}], "subgraph": 3});
    let (stage, id) = Stage::new(|store| unknown(store, "", extra)).await;
    assert!(stage.card(id).contains("data-part"), "{}", stage.card(id));
}

#[tokio::test]
async fn a_subgraph_says_what_it_holds() {
    for (subgraph, words) in [
        (serde_json::json!({"name": "Upscale", "nodes": 4}), "Upscale: holds 4 nodes"),
        (serde_json::json!({"name": "", "nodes": 1}), "Holds 1 node<"),
    ] {
        let extra = serde_json::json!({"subgraph": subgraph});
        let (stage, id) = Stage::new(|store| unknown(store, "comfy.subgraph", extra)).await;
        assert!(stage.card(id).contains(words), "{}", stage.card(id));
    }
}

#[tokio::test]
async fn a_picture_by_address_is_not_fetched_until_the_user_says_so() {
    let (mut stage, id) = Stage::new(|store| add(store, "image", 0., 0.)).await;
    assert!(stage.card(id).contains("No address yet"));
    stage.act(|editor| set(&editor.store, id, "url", "https://example.com/a.png"));
    let card = stage.card(id);
    assert!(card.contains("example.com") && card.contains("Load") && !card.contains("<img"), "{card}");
    assert!(!card.contains("a.png"));
}

#[tokio::test]
async fn the_inspector_has_a_labelled_field_for_each_setting() {
    let (mut stage, id) = Stage::new(|store| add(store, "generic", 0., 0.)).await;
    stage.act(|editor| {
        set(&editor.store, id, "my_own", "words");
        editor.store.select(Selection::node(id));
    });
    let html = stage.html();
    let inspector = html.split("<aside").nth(1).unwrap();
    assert!(inspector.contains(r#"role="region" aria-label="Inspector""#), "{inspector}");
    for label in ["Title", "Instruction", "Strength", "Seed", "Quality", "Enabled", "my own"] {
        assert!(inspector.contains(&format!(">{label}</label>")), "{label}: {inspector}");
    }
}

#[tokio::test]
async fn from_far_away_nodes_are_one_drawing() {
    let (mut stage, _) = Stage::new(|store| add(store, "note", 10., 20.)).await;
    stage.act(|editor| editor.look(Viewport { x: 0., y: 0., zoom: 0.2 }));
    let canvas = stage.tag("data-canvas");
    assert!(canvas.contains(r#"data-detail="far""#), "{canvas}");
    assert!(stage.html().contains(r#"class="far-note""#));
}
