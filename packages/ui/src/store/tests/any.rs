//! Whatever is done in whatever order: memory, the disk and a restart agree.

use std::collections::BTreeSet;

use storage::model::{Json, Node, NodeId, NodeStatus, Object, Run, Viewport};

use super::desk::{Desk, ends, point, size};
use crate::{
    canvas::geometry::Rect,
    store::{Document, Removed, Selection},
};

const STEPS: usize = 200;
const KINDS: [&str; 5] = ["prompt", "note", "image", "generic", "comfy.KSampler"];

/// A repeatable series of numbers (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.roll(all.len())])
    }

    fn number(&mut self) -> f64 {
        f64::from(u32::try_from(self.roll(8000)).unwrap()) / 3. - 1000.
    }
}

/// Somebody at work.
pub struct Player {
    pub desk: Desk,
    dice: Dice,
    /// What was deleted and may come back.
    removed: Vec<Removed>,
}

impl Player {
    pub fn new(desk: Desk, seed: u64) -> Self {
        Self { desk, dice: Dice::new(seed), removed: Vec::new() }
    }

    pub fn node_ids(&self) -> Vec<NodeId> {
        self.desk.store.with_document(Document::node_ids).unwrap()
    }

    fn node(&mut self) -> Option<NodeId> {
        let ids = self.node_ids();
        self.dice.pick(&ids)
    }

    fn some_nodes(&mut self) -> BTreeSet<NodeId> {
        (0..=self.dice.roll(3)).filter_map(|_| self.node()).collect()
    }

    pub async fn step(&mut self) {
        let at = point(self.dice.number(), self.dice.number());
        let store = self.desk.store.clone();
        match self.dice.roll(20) {
            0..5 => {
                let kind = KINDS[self.dice.roll(KINDS.len())];
                store.add_node(kind, at).unwrap();
            }
            5..8 => {
                let (one, two) = (self.node(), self.node());
                if let (Some(one), Some(two)) = (one, two) {
                    let output = ["text", "out", "image"][self.dice.roll(3)];
                    // Mostly refused, which is one of the ways.
                    let _refused = store.connect(ends((one, output), (two, ["in", "prompt"][self.dice.roll(2)])));
                }
            }
            8 => {
                if let Some(id) = self.node() {
                    store.update_node_dimensions(id, Some(at), Some(size(at.x.abs(), at.y.abs())));
                }
            }
            9 => {
                let moves: Vec<_> = self.some_nodes().into_iter().map(|id| (id, at)).collect();
                store.move_nodes(&moves);
            }
            10 => {
                if let Some(id) = self.node() {
                    let seed = Json::from(u64::MAX - self.dice.roll(5) as u64);
                    store.update_node_config(id, &Object::from_iter([("seed", seed), ("text", "…\"\\".into())]));
                }
            }
            11 => {
                if let Some(id) = self.node() {
                    store.remove_node_config(id, ["seed", "text"][self.dice.roll(2)]);
                }
            }
            12 => {
                if let Some(id) = self.node() {
                    store.rename_node(id, ["", "Paint", "Ünïcode 🎨"][self.dice.roll(3)]);
                }
            }
            13 => {
                if let Some(id) = self.node() {
                    let run = Run { status: NodeStatus::Done, ..Run::default() };
                    store.update_node_result(self.desk.workflow(), id, &run).unwrap();
                }
            }
            14 => {
                let nodes = self.some_nodes();
                let edges: Vec<_> = self.desk.edges().into_keys().collect();
                let edges = self.dice.pick(&edges).into_iter().collect();
                self.removed.extend(store.remove(&Selection { nodes, edges }));
            }
            15 => {
                if !self.removed.is_empty() {
                    let removed = self.removed.swap_remove(self.dice.roll(self.removed.len()));
                    store.restore(&removed);
                }
            }
            16 => {
                let mut nodes = store.with_document(Document::nodes).unwrap();
                if self.dice.roll(2) == 0 {
                    nodes.pop();
                }
                nodes.push(Node::new(NodeId::new(store.session().stamp()), "note", at));
                store.set_nodes(&nodes).unwrap();
            }
            17 => {
                let mut edges = store.with_document(Document::edges).unwrap();
                edges.truncate(self.dice.roll(edges.len() + 1).max(edges.len() / 2));
                store.set_edges(&edges).unwrap();
            }
            18 => {
                store.select(Selection::of(self.some_nodes()));
                store.set_viewport(Viewport { x: at.x, y: at.y, zoom: 1. });
                store.keep_viewport();
            }
            _ => self.desk.settle().await,
        }
    }

    /// What is derived from the registers agrees with them.
    pub fn check(&self) {
        let selection = self.desk.store.selection();
        self.desk.store.with_document(|document| {
            let (nodes, edges) = (document.nodes(), document.edges());
            assert_eq!((document.node_count(), document.edge_count()), (nodes.len(), edges.len()));
            let everything = Rect::between(point(-1e9, -1e9), point(1e9, 1e9));
            let all = (document.node_ids(), edges.iter().map(|edge| edge.id).collect::<Vec<_>>());
            assert_eq!(document.within(&everything), all);
            for node in &nodes {
                assert_eq!(document.rect(node.id).unwrap().corner(), node.position);
                assert_eq!(document.content(node.id).unwrap().node.config, node.config);
                assert!(document.edges_at(node.id).all(|(_, ends)| ends.source == node.id || ends.target == node.id));
            }
            let shown: BTreeSet<_> = all.0.into_iter().collect();
            for edge in &edges {
                assert!(shown.contains(&edge.ends.source) && shown.contains(&edge.ends.target));
                assert_eq!(document.ends(edge.id), Some(&edge.ends));
                assert!(document.edges_at(edge.ends.source).any(|(id, _)| id == edge.id));
            }
            assert!(selection.nodes.is_subset(&shown));
        });
    }
}

#[tokio::test]
async fn whatever_is_done_a_restart_shows_exactly_what_memory_shows() {
    for seed in 1..=12_u64 {
        let mut player = Player::new(Desk::open().await, seed);
        for _ in 0..STEPS {
            player.step().await;
            player.check();
        }
        player.desk.settle().await;
        let (here, again) = (&player.desk, player.desk.another().await);
        let shown = |desk: &Desk| desk.store.with_document(|all| (all.nodes(), all.edges())).unwrap();
        assert_eq!(shown(&again), shown(here), "seed {seed}");
        for id in player.node_ids() {
            assert_eq!(again.registers(id), here.registers(id), "seed {seed}");
        }
        assert_eq!(again.store.viewport(), here.store.viewport());
        let summary = |desk: &Desk| desk.store.summary(here.workflow());
        assert_eq!(summary(&again), summary(here), "seed {seed}");
        assert!(player.node_ids().len() > 5, "something was done");
    }
}
