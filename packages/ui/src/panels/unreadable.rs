//! What could not be read, said once: everything else is there, and nothing was thrown away.

use storage::{Error, model::Part};

use crate::{store::Store, widgets::Toaster};

/// Says which workflows of the library can't be read.
pub fn say_unreadable_workflows(store: &Store, toaster: Toaster) {
    let errors = store.unreadable_workflows();
    if let Some(reason) = errors.first() {
        let what = counted(errors.len(), "workflow");
        toaster.error(format!("{what} can’t be read and so isn’t listed. It is left as it is. ({reason})"));
    }
}

/// Says what of the open workflow can't be read.
pub fn say_unreadable_parts(store: &Store, toaster: Toaster) {
    let errors = store.with_document(|document| document.unreadable().to_vec()).unwrap_or_default();
    if let Some(sentence) = sentence(&errors) {
        toaster.error(sentence);
    }
}

fn sentence(errors: &[Error]) -> Option<String> {
    let of = |wanted: fn(&Part) -> bool| {
        errors.iter().filter(|error| matches!(error, Error::CorruptRow { key, .. } if wanted(&key.part))).count()
    };
    let (nodes, edges) = (of(|part| matches!(part, Part::Node(_))), of(|part| matches!(part, Part::Edge(_))));
    let what = match (nodes, edges) {
        (0, 0) => "The workflow’s name".to_owned(),
        (nodes, 0) => counted(nodes, "node"),
        (0, edges) => counted(edges, "edge"),
        (nodes, edges) => format!("{} and {}", counted(nodes, "node"), counted(edges, "edge")),
    };
    let reason = errors.first()?;
    Some(format!("{what} can’t be read. The rest is here, and what can’t be read is left as it is. ({reason})"))
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use storage::model::{EdgeId, EntityKey, NodeId, WorkflowId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn it_says_what_how_many_and_why() {
        let workflow = WorkflowId::from_uuid(Uuid::from_u128(1));
        let node = |number| EntityKey::node(workflow, NodeId::from_uuid(Uuid::from_u128(number)));
        let edge = EntityKey::edge(workflow, EdgeId::from_uuid(Uuid::from_u128(9)));
        let corrupt = |key| Error::CorruptRow { key, reason: "no JSON".into() };
        assert_eq!(sentence(&[]), None);
        let said = sentence(&[corrupt(node(2)), corrupt(node(3)), corrupt(edge)]).unwrap();
        assert!(said.starts_with("2 nodes and 1 edge can’t be read."), "{said}");
        assert!(said.contains("no JSON"), "{said}");
    }
}
