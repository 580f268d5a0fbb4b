//! The media that a node shows.

use storage::model::{AssetRef, Node, NodeResult};

use crate::{ASSET, Picture, kind};

/// What a node shows: the file that its kind holds. A node of a kind that this build doesn't know, such as an imported one, shows what
/// it has made, or else the file in its settings.
pub fn media(node: &Node) -> Option<AssetRef> {
    let setting = || node.config.get(ASSET)?.read().ok();
    match (kind(&node.kind), &node.result) {
        (Some(kind), _) => matches!(kind.picture, Picture::Media(_)).then(setting).flatten(),
        (None, Some(NodeResult::Asset(made))) => Some(made.clone()),
        (None, _) => setting(),
    }
}

#[cfg(test)]
mod tests {
    use storage::model::{Json, NodeId, Point};

    use super::*;

    fn node(kind: &str, asset: &str, result: Option<&str>) -> Node {
        // Nobody asks for the id here.
        let id: NodeId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let mut node = Node::new(id, kind, Point::default());
        node.config.put(ASSET, serde_json::from_str::<Json>(asset).unwrap());
        node.result = result.map(|json| serde_json::from_str(json).unwrap());
        node
    }

    fn shown(node: &Node) -> Option<String> {
        media(node)?.id.map(|id| id.to_string())
    }

    const FILE: &str =
        r#"{"kind": "opfs", "id": "018f0000-0000-7000-8000-00000000000a", "path": "atelier/assets/image/a"}"#;
    const MADE: &str =
        r#"{"kind": "opfs", "id": "018f0000-0000-7000-8000-00000000000b", "path": "atelier/assets/image/b"}"#;

    #[test]
    fn a_foreign_node_shows_what_it_made_and_a_holder_of_files_its_file() {
        let (file, made) = (FILE.split('"').nth(7), MADE.split('"').nth(7));
        assert_eq!(shown(&node("comfy.LoadImage", FILE, None)).as_deref(), file);
        assert_eq!(shown(&node("comfy.SaveImage", FILE, Some(MADE))).as_deref(), made);
        assert_eq!(shown(&node("comfy.SaveText", FILE, Some("\"a text\""))).as_deref(), file);
        assert_eq!(shown(&node("image-file", FILE, Some(MADE))).as_deref(), file);
    }

    #[test]
    fn what_is_no_reference_is_not_shown() {
        assert_eq!(media(&node("comfy.LoadImage", "\"a.png\"", None)), None);
        assert_eq!(media(&node("comfy.LoadImage", r#"{"kind": "other"}"#, None)), None);
        assert_eq!(media(&node("prompt", FILE, None)), None);
    }
}
