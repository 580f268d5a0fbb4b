//! What a node only links to, and what is kept of it once somebody has fetched it.

use std::{collections::BTreeSet, convert::Infallible};

use super::{Originals, refs};
use crate::model::{Json, Node, Object};

/// The addresses to which a node's media lead, each once. Nothing is fetched.
pub fn links(node: &Node) -> BTreeSet<String> {
    let mut urls = BTreeSet::new();
    let mut note = |object: &Object| {
        urls.extend(url_of(object));
        None
    };
    change(&mut node.clone(), &mut note);
    urls
}

/// The node with references to what is kept of these addresses. None: it refers to none of them.
pub fn with_kept(node: &Node, originals: &Originals) -> Option<Node> {
    let mut kept = node.clone();
    change(&mut kept, &mut |object| refs::in_place_of(object, &originals.get(&url_of(object)?)?.reference()));
    (kept != *node).then_some(kept)
}

fn url_of(object: &Object) -> Option<String> {
    (refs::kind(object).as_deref() == Some("url")).then(|| refs::text(object, "url")).flatten()
}

fn change(node: &mut Node, change: &mut impl FnMut(&Object) -> Option<Json>) {
    let mut change = |object: &Object| Ok::<_, Infallible>(change(object));
    let Ok(config) = refs::rewrite_fields(&node.config, &mut change);
    let Ok(extra) = refs::rewrite_fields(&node.extra, &mut change);
    (node.config, node.extra) = (config, extra);
    let Ok(()) = refs::rewrite_result(node, &mut change);
}
