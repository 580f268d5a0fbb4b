//! `workflow.json`: nodes, edges, and what they refer to.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::value::RawValue;

use super::{
    Limits, PackageError, json,
    json::Fault,
    manifest::{Manifest, Origin, WORKFLOW, check_url, cut, uuid},
    refs,
};
use crate::model::{AssetId, Edge, Json, Node, Object, Workflow};

/// Reads the file and checks it against the manifest.
pub(super) fn parse(bytes: &[u8], manifest: &Manifest, limits: &Limits) -> Result<Workflow, PackageError> {
    let text = json::checked(bytes, limits.json_depth)
        .map_err(|fault: Fault| fault.of(WORKFLOW, limits.json_depth, |what| PackageError::WorkflowJson { what }))?;
    // Parts of the text, and no copies: of a large graph they would be many times its size.
    let mut fields: BTreeMap<String, &RawValue> =
        serde_json::from_str(&text).map_err(|_| shape("the whole file", "it should be an object"))?;
    let nodes = list(&mut fields, "nodes")?;
    let edges = list(&mut fields, "edges")?;
    let mut object = Object::default();
    for (field, value) in fields {
        object.put(&field, Json::from(value.to_owned()));
    }
    let id = uuid(&text_field(&object, "the workflow", "id")?, "the workflow")?;
    if id != manifest.workflow.uuid() {
        return Err(PackageError::TwoWorkflows {
            what: format!("the manifest means {}, but workflow.json is {id}", manifest.workflow),
        });
    }
    are_objects(&object, &["viewport"], "the workflow")?;
    // The model's own reader, for the fields of the workflow itself.
    object.put("nodes", empty_list());
    object.put("edges", empty_list());
    let object = Json::new(&object).map_err(|error| shape("the workflow", &error.to_string()))?;
    let mut workflow: Workflow = object.read().map_err(|error| shape("the workflow", &error.to_string()))?;
    let known = Known::new(manifest);
    known.check_object(&workflow.extra, "the workflow")?;
    workflow.nodes = read_nodes(nodes, &known, limits)?;
    workflow.edges = read_edges(edges, &known, &workflow.nodes)?;
    Ok(workflow)
}

fn empty_list() -> Json {
    Json::from(serde_json::Value::Array(Vec::new()))
}

fn shape(path: &str, what: &str) -> PackageError {
    PackageError::WorkflowShape { path: path.into(), what: what.into() }
}

fn list<'a>(fields: &mut BTreeMap<String, &'a RawValue>, field: &str) -> Result<Vec<&'a RawValue>, PackageError> {
    let json = fields.remove(field).ok_or_else(|| shape(field, "it is missing"))?;
    serde_json::from_str(json.get()).map_err(|_| shape(field, "it should be a list"))
}

/// The model's reader would take a list for an object whose fields it holds in their order.
fn are_objects(object: &Object, fields: &[&str], path: &str) -> Result<(), PackageError> {
    let is_other = |field: &&&str| object.get(field).is_some_and(|json| !json.text().starts_with(['{', 'n']));
    match fields.iter().find(is_other) {
        Some(field) => Err(shape(&format!("{path}.{field}"), "it should be an object")),
        None => Ok(()),
    }
}

fn text_field(object: &Object, path: &str, field: &str) -> Result<String, PackageError> {
    let json = object.get(field).ok_or_else(|| shape(&format!("{path}.{field}"), "it is missing"))?;
    json.read().map_err(|_| shape(&format!("{path}.{field}"), "it should be a text"))
}

fn read_nodes(nodes: Vec<&RawValue>, known: &Known, limits: &Limits) -> Result<Vec<Node>, PackageError> {
    let mut read = Vec::with_capacity(nodes.len());
    let mut ids = HashSet::with_capacity(nodes.len());
    for (at, json) in nodes.into_iter().enumerate() {
        let path = format!("nodes[{at}]");
        let object: Object = serde_json::from_str(json.get()).map_err(|_| shape(&path, "it should be an object"))?;
        uuid(&text_field(&object, &path, "id")?, &path)?;
        are_objects(&object, &["position", "size", "config"], &path)?;
        let node: Node = serde_json::from_str(json.get()).map_err(|error| shape(&path, &error.to_string()))?;
        if !ids.insert(node.id) {
            return Err(PackageError::DuplicateNodeId { id: node.id.to_string() });
        }
        if node.kind.is_empty() {
            return Err(shape(&format!("{path}.type"), "it is empty"));
        }
        let is_far = |value: f64| !(-limits.coordinate..=limits.coordinate).contains(&value);
        if is_far(node.position.x) || is_far(node.position.y) {
            let found = format!("{}, {}", node.position.x, node.position.y);
            return Err(PackageError::BadSize { path: format!("{path}.position"), found });
        }
        if let Some(size) = node.size
            && !((0. ..=limits.size).contains(&size.width) && (0. ..=limits.size).contains(&size.height))
        {
            let found = format!("{} × {}", size.width, size.height);
            return Err(PackageError::BadSize { path: format!("{path}.size"), found });
        }
        known.check_object(&node.config, &format!("{path}.config"))?;
        known.check_object(&node.extra, &path)?;
        if let Some(result) = object.get("result") {
            known.check_result(result, &format!("{path}.result"))?;
        }
        read.push(node);
    }
    Ok(read)
}

fn read_edges(edges: Vec<&RawValue>, known: &Known, nodes: &[Node]) -> Result<Vec<Edge>, PackageError> {
    let nodes: HashSet<_> = nodes.iter().map(|node| node.id).collect();
    let mut read = Vec::with_capacity(edges.len());
    let mut ids = HashSet::with_capacity(edges.len());
    for (at, json) in edges.into_iter().enumerate() {
        let path = format!("edges[{at}]");
        let object: Object = serde_json::from_str(json.get()).map_err(|_| shape(&path, "it should be an object"))?;
        for field in ["id", "source", "target"] {
            uuid(&text_field(&object, &path, field)?, &format!("{path}.{field}"))?;
        }
        let edge: Edge = serde_json::from_str(json.get()).map_err(|error| shape(&path, &error.to_string()))?;
        if !ids.insert(edge.id) {
            return Err(PackageError::DuplicateEdgeId { id: edge.id.to_string() });
        }
        if let Some(node) = [edge.ends.source, edge.ends.target].into_iter().find(|node| !nodes.contains(node)) {
            return Err(PackageError::EdgeUnknownNode { edge: edge.id.to_string(), node: node.to_string() });
        }
        known.check_object(&edge.extra, &path)?;
        read.push(edge);
    }
    Ok(read)
}

/// The assets to which a workflow may refer.
struct Known(HashMap<AssetId, bool>);

impl Known {
    fn new(manifest: &Manifest) -> Self {
        let is_embedded = |origin: &Origin| matches!(origin, Origin::Embedded(_));
        Self(manifest.assets.iter().map(|listed| (listed.id, is_embedded(&listed.origin))).collect())
    }

    fn check_object(&self, object: &Object, path: &str) -> Result<(), PackageError> {
        for (field, json) in object.iter() {
            refs::rewrite(json, &mut |object| self.check(object, &format!("{path}.{}", cut(field))).map(|()| None))?;
        }
        Ok(())
    }

    /// A result is a reference if it looks like one at all: there it can be nothing else.
    fn check_result(&self, result: &Json, path: &str) -> Result<(), PackageError> {
        if let Ok(object) = result.read::<Object>()
            && let Some(kind) = refs::kind(&object)
            && ["url", "embedded", "opfs", "fs-handle", "idb"].contains(&kind.as_str())
        {
            self.check(&object, path)?;
        }
        refs::rewrite(result, &mut |object| self.check(object, path).map(|()| None)).map(drop)
    }

    fn check(&self, object: &Object, path: &str) -> Result<(), PackageError> {
        let Some(kind) = refs::kind(object) else { return Ok(()) };
        match kind.as_str() {
            "url" => {
                let url = refs::text(object, "url").ok_or_else(|| shape(&format!("{path}.url"), "it is missing"))?;
                check_url(&url, path)
            }
            "embedded" => {
                let id = refs::text(object, "id").ok_or_else(|| shape(&format!("{path}.id"), "it is missing"))?;
                let known = uuid(&id, path).ok().and_then(|id| self.0.get(&AssetId::from_uuid(id)));
                match known {
                    Some(true) => Ok(()),
                    _ => Err(PackageError::RefUnknown { path: path.into(), id: cut(&id) }),
                }
            }
            _ => Err(PackageError::RefKind { path: path.into(), kind }),
        }
    }
}
