use storage::model::{Edge, EdgeId, EntityKey, NodeId};

use super::desk::{Desk, ends, names};
use crate::store::Document;

/// Two prompts and two steps.
async fn desk() -> (Desk, [NodeId; 4]) {
    let desk = Desk::open().await;
    let nodes = ["prompt", "prompt", "generic", "generic"].map(|kind| desk.add(kind));
    (desk, nodes)
}

#[tokio::test]
async fn an_edge_joins_an_output_and_an_input_and_is_there_after_a_restart() {
    let (mut desk, [prompt, _, step, _]) = desk().await;
    let id = desk.connect((prompt, "text"), (step, "prompt")).unwrap();
    let edges = [(id, ends((prompt, "text"), (step, "prompt")))].into();
    assert_eq!(desk.edges(), edges);
    desk.settle().await;
    assert_eq!(desk.another().await.edges(), edges);
}

#[tokio::test]
async fn what_doesnt_fit_is_refused_in_words_and_writes_nothing() {
    let (mut desk, [prompt, _, step, second]) = desk().await;
    let image = desk.add("image");
    desk.connect((step, "out"), (second, "in")).unwrap();
    desk.settle().await;
    let before = desk.disk.batches().len();
    for (source, target, reason) in [
        ((image, "image"), (step, "prompt"), "prompt takes text"),
        ((step, "out"), (step, "in"), "a node can't feed itself"),
        ((second, "out"), (step, "in"), "that would go in a circle"),
        ((prompt, "words"), (step, "in"), "there is no such output"),
        ((prompt, "text"), (step, "text"), "there is no such input"),
        ((prompt, "text"), (NodeId::from_uuid(uuid::Uuid::nil()), "in"), "there is no such input"),
    ] {
        assert_eq!(desk.connect(source, target), Err(reason.to_owned()));
    }
    desk.settle().await;
    assert_eq!((desk.edges().len(), desk.disk.batches().len()), (1, before));
    desk.store.close_workflow();
    assert_eq!(desk.connect((prompt, "text"), (step, "in")), Err("no workflow is open".into()));
}

#[tokio::test]
async fn a_circle_is_seen_through_any_number_of_nodes_and_not_through_deleted_edges() {
    let desk = Desk::open().await;
    let chain: Vec<_> = (0..50).map(|_| desk.add("generic")).collect();
    let edges: Vec<_> = chain.windows(2).map(|pair| desk.connect((pair[0], "out"), (pair[1], "in")).unwrap()).collect();
    let back = ((chain[49], "out"), (chain[0], "in"));
    assert!(desk.connect(back.0, back.1).is_err());
    desk.store.disconnect(&[edges[25]].into());
    desk.connect(back.0, back.1).unwrap();
}

#[tokio::test]
async fn an_input_takes_one_edge_and_an_output_feeds_many() {
    let (mut desk, [one, two, step, second]) = desk().await;
    desk.connect((one, "text"), (step, "prompt")).unwrap();
    desk.connect((one, "text"), (step, "in")).unwrap();
    desk.connect((one, "text"), (second, "prompt")).unwrap();
    assert_eq!(desk.edges().len(), 3);
    let mut id = None;
    let committed = desk.committed(|store| id = store.connect(ends((two, "text"), (step, "prompt"))).ok()).await;
    assert_eq!(committed.len(), 1, "the older one gives way in the same commit");
    let at_prompt: Vec<_> = desk
        .edges()
        .into_iter()
        .filter(|(_, ends)| *ends == super::desk::ends((two, "text"), (step, "prompt")))
        .collect();
    assert_eq!((desk.edges().len(), at_prompt.len()), (3, 1));
    assert_eq!(at_prompt[0].0, id.unwrap());
}

#[tokio::test]
async fn connecting_what_is_connected_changes_nothing() {
    let (mut desk, [prompt, _, step, _]) = desk().await;
    let id = desk.connect((prompt, "text"), (step, "in")).unwrap();
    let again = |store: &crate::store::Store| assert_eq!(store.connect(ends((prompt, "text"), (step, "in"))), Ok(id));
    assert!(desk.committed(again).await.is_empty());
}

#[tokio::test]
async fn an_edge_that_is_led_elsewhere_stays_the_same_edge() {
    let (mut desk, [one, two, step, second]) = desk().await;
    let id = desk.connect((one, "text"), (step, "prompt")).unwrap();
    let older = desk.connect((two, "text"), (second, "prompt")).unwrap();
    let to = ends((one, "text"), (second, "prompt"));
    let committed = desk.committed(|store| store.move_edge(id, to.clone()).unwrap()).await;
    assert_eq!(committed.len(), 1);
    let key = |id| EntityKey::edge(desk.workflow(), id);
    assert_eq!(names(&committed[0], key(id)), ["ends".to_owned()].into());
    assert_eq!(names(&committed[0], key(older)), ["deleted".to_owned()].into(), "an input takes one edge");
    assert_eq!(desk.edges(), [(id, to.clone())].into());
    assert!(desk.committed(|store| store.move_edge(id, to).unwrap()).await.is_empty(), "it is there");
    assert!(desk.store.move_edge(id, ends((step, "out"), (step, "in"))).is_err());
    assert_eq!(desk.edges().len(), 1, "refused, it stays where it was");
}

#[tokio::test]
async fn an_edge_that_is_led_elsewhere_doesnt_stand_in_its_own_way() {
    let (desk, [_, _, step, second]) = desk().await;
    let id = desk.connect((step, "out"), (second, "in")).unwrap();
    let around = ends((second, "out"), (step, "in"));
    assert!(desk.store.connect(around.clone()).is_err());
    desk.store.move_edge(id, around.clone()).unwrap();
    assert_eq!(desk.edges(), [(id, around)].into());
}

#[tokio::test]
async fn an_edge_is_hidden_with_its_node_and_comes_back_with_it() {
    let (mut desk, [prompt, _, step, _]) = desk().await;
    let id = desk.connect((prompt, "text"), (step, "in")).unwrap();
    let removed = desk.store.remove(&crate::store::Selection::node(prompt)).unwrap();
    assert!(desk.edges().is_empty() && desk.store.edge(id).is_none());
    assert_eq!(desk.store.with_document(Document::edge_count), Some(0));
    desk.settle().await;
    assert!(desk.another().await.edges().is_empty());
    desk.store.restore(&removed);
    assert_eq!(desk.edges().into_keys().collect::<Vec<_>>(), [id]);
    desk.settle().await;
    assert_eq!(desk.another().await.edges(), desk.edges());
}

#[tokio::test]
async fn setting_edges_writes_what_differs_and_leaves_hidden_ones() {
    let (mut desk, [one, two, step, second]) = desk().await;
    let kept = desk.connect((one, "text"), (step, "in")).unwrap();
    let gone = desk.connect((one, "text"), (second, "in")).unwrap();
    let hidden = desk.connect((two, "text"), (second, "prompt")).unwrap();
    let removed = desk.store.remove(&crate::store::Selection::node(two)).unwrap();
    let mut all = desk.store.with_document(Document::edges).unwrap();
    assert!(desk.committed(|store| store.set_edges(&all).unwrap()).await.is_empty(), "all of it is there");
    all.retain(|edge| edge.id != gone);
    let fresh = Edge::new(EdgeId::new(desk.store.session().stamp()), ends((step, "out"), (second, "in")));
    all.push(fresh.clone());
    let committed = desk.committed(|store| store.set_edges(&all).unwrap()).await;
    let touched: Vec<_> = committed.iter().flat_map(|batch| batch.rows().map(|(key, _)| key.uuid())).collect();
    assert_eq!(touched, [gone.uuid(), fresh.id.uuid()]);
    desk.store.restore(&removed);
    assert_eq!(desk.edges().into_keys().collect::<Vec<_>>(), [kept, hidden, fresh.id]);
}
