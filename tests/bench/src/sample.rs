//! What is measured: a workflow of picture nodes as people make them, about 490 bytes of JSON each.

use storage::{
    backend::Batch,
    model::{
        Asset, AssetPlace, AssetRef, Clock, EntityKey, Json, Node, NodeId, NodeResult, NodeStatus, Point, RegisterName,
        Registers, Size, Stamp, Workflow, WorkflowId,
    },
};

/// How many nodes it has.
pub const NODES: u32 = 10_000;

/// 2026-11-01: any time will do, but the same in each run.
const START: u64 = 1_793_491_200_000;

/// A workflow, and the clock that stamps its changes.
pub struct Sample {
    /// The workflow itself, without its nodes.
    pub workflow: Workflow,
    /// Its nodes.
    pub nodes: Vec<Node>,
    clock: Clock,
}

impl Sample {
    /// The same sample every time.
    pub fn new() -> Self {
        let mut clock = Clock::new(1);
        let workflow = Workflow::new(WorkflowId::new(clock.tick(START)), "Sample");
        let nodes = (0..NODES).map(|number| node(NodeId::new(clock.tick(START)), number)).collect();
        Self { workflow, nodes, clock }
    }

    /// The commit that creates the workflow with all of its nodes.
    ///
    /// # Errors
    /// None that is known: the sample always can be JSON.
    pub fn creation(&mut self) -> Result<Batch, serde_json::Error> {
        creation(&self.workflow, &self.nodes, self.clock.tick(START))
    }

    /// The commit that moves the node of this number one step to the right.
    ///
    /// # Errors
    /// None that is known: a position always can be JSON.
    pub fn step(&mut self, number: usize) -> Result<Batch, serde_json::Error> {
        let node = &mut self.nodes[number];
        node.position.x += 1.;
        let registers =
            Registers::new().with(RegisterName::Position, self.clock.tick(START), Json::new(&node.position)?);
        let mut batch = Batch::new();
        batch.merge(EntityKey::node(self.workflow.id, node.id), &registers);
        Ok(batch)
    }
}

/// The commit that creates a workflow with these nodes.
///
/// # Errors
/// A number that JSON can't hold.
pub fn creation(workflow: &Workflow, nodes: &[Node], stamp: Stamp) -> Result<Batch, serde_json::Error> {
    let mut batch = Batch::new();
    batch.merge(EntityKey::workflow(workflow.id), &workflow.to_registers(stamp));
    for node in nodes {
        batch.merge(EntityKey::node(workflow.id, node.id), &node.to_registers(stamp)?);
    }
    Ok(batch)
}

/// A workflow with a node for each of these files.
pub fn gallery(assets: &[Asset], next_stamp: &mut dyn FnMut() -> Stamp) -> Workflow {
    let mut workflow = Workflow::new(WorkflowId::new(next_stamp()), "Gallery");
    for asset in assets {
        let mut node = Node::new(NodeId::new(next_stamp()), "image-file", Point::default());
        node.result = Some(NodeResult::Asset(asset.reference()));
        workflow.nodes.push(node);
    }
    workflow
}

fn node(id: NodeId, number: u32) -> Node {
    let mut node = Node::new(id, "image.generate", Point { x: f64::from(number) * 3.5, y: f64::from(number) * 2.25 });
    node.title = format!("Node {number}");
    node.status = NodeStatus::Done;
    node.size = Some(Size { width: 240., height: 180. });
    node.config.put("prompt", format!("a photo of a cat in the rain number {number}"));
    node.config.put("steps", 20_u32);
    node.config.put("cfg", serde_json::json!(7.5));
    node.config.put("seed", number);
    node.result = Some(NodeResult::Asset(AssetRef {
        place: AssetPlace::Opfs { path: format!("atelier/assets/image/{number}") },
        mime: Some("image/png".into()),
        bytes: Some(12_345),
        hash: Some(format!("sha256-{number:064x}")),
        ..AssetRef::url("")
    }));
    node
}
