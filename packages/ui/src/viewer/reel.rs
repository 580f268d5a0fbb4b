//! The media of a workflow in the order in which they are looked at.

use engine::Picture;
use storage::model::{AssetId, MediaKind, NodeId};

use crate::{
    canvas::geometry::Rect,
    media::words,
    store::{Document, Known, Store},
};

/// So many rows of the world count as one line: cards of a row need not be aligned.
const LINE: f64 = 160.;

/// Something that can be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The node that holds it.
    pub node: NodeId,
    /// What it holds.
    pub asset: AssetId,
    /// What that is.
    pub kind: MediaKind,
    /// What the user calls the node. Empty: the file's name says more than the kind's.
    pub title: String,
}

impl Item {
    /// What it is called, with what is known of its file.
    pub fn name(&self, known: &Known) -> String {
        if !self.title.is_empty() {
            return self.title.clone();
        }
        known.row().map_or_else(|| self.kind.name().to_owned(), words::name)
    }
}

/// Everything that a workflow holds, in reading order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reel(pub Vec<Item>);

impl Reel {
    /// The open workflow's.
    pub fn of(store: &Store) -> Self {
        let find = |document: &Document| {
            let mut found: Vec<(Rect, Item)> = Vec::new();
            for id in document.node_ids() {
                let Some(picture @ (Picture::Media(_) | Picture::Generic)) = document.picture(id) else { continue };
                let (Some(rect), Some(content)) = (document.rect(id), document.content(id)) else { continue };
                let Some(reference) = engine::media(&content.node) else { continue };
                let kind = match picture {
                    Picture::Media(kind) => kind,
                    _ => reference.mime.as_deref().map_or(MediaKind::Other, MediaKind::of),
                };
                if let Some(asset) = reference.id {
                    found.push((rect, Item { node: id, asset, kind, title: content.node.title.clone() }));
                }
            }
            let line = |rect: &Rect| (rect.top / LINE).floor();
            found.sort_by(|(one, _), (other, _)| {
                line(one).total_cmp(&line(other)).then(one.left.total_cmp(&other.left))
            });
            Self(found.into_iter().map(|(_, item)| item).collect())
        };
        store.with_document(find).unwrap_or_default()
    }

    /// Which one a node's is.
    pub fn position(&self, node: NodeId) -> Option<usize> {
        self.0.iter().position(|item| item.node == node)
    }

    /// What a node holds.
    pub fn item(&self, node: NodeId) -> Option<&Item> {
        self.0.iter().find(|item| item.node == node)
    }

    /// The node that is `by` further; the last is followed by the first.
    pub fn step(&self, from: NodeId, by: isize) -> Option<NodeId> {
        let count = isize::try_from(self.0.len()).ok().filter(|count| *count > 0)?;
        let at = isize::try_from(self.position(from)?).ok()?;
        let next = usize::try_from((at + by).rem_euclid(count)).ok()?;
        Some(self.0.get(next)?.node)
    }

    /// What a picture is compared with at first: the next picture, or the one before.
    pub fn beside(&self, node: NodeId) -> Option<NodeId> {
        let at = self.position(node)?;
        let is_picture = |item: &&Item| item.kind == MediaKind::Image && item.node != node;
        let after = self.0.iter().skip(at + 1).find(is_picture);
        after.or_else(|| self.0.iter().take(at).rev().find(is_picture)).map(|item| item.node)
    }

    /// Those around one: a strip of them need not have all.
    pub fn around(&self, node: NodeId, each_side: usize) -> &[Item] {
        let at = self.position(node).unwrap_or_default();
        let (from, to) = (at.saturating_sub(each_side), (at + each_side + 1).min(self.0.len()));
        self.0.get(from..to).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use storage::model::{Clock, Stamp};

    use super::*;

    fn reel(kinds: &[MediaKind]) -> Reel {
        let mut clock = Clock::new(7);
        let mut stamp = || -> Stamp { clock.tick(1) };
        let item = |kind: &MediaKind| Item {
            node: NodeId::new(stamp()),
            asset: "018f0000-0000-7000-8000-000000000001".parse().unwrap(),
            kind: *kind,
            title: String::new(),
        };
        Reel(kinds.iter().map(item).collect())
    }

    #[test]
    fn the_last_is_followed_by_the_first() {
        let reel = reel(&[MediaKind::Image, MediaKind::Video, MediaKind::Audio]);
        let node = |at: usize| reel.0[at].node;
        assert_eq!((reel.step(node(2), 1), reel.step(node(0), -1)), (Some(node(0)), Some(node(2))));
        assert_eq!(reel.step(node(0), 1), Some(node(1)));
        assert_eq!(Reel::default().step(node(0), 1), None);
    }

    #[test]
    fn pictures_are_compared_with_pictures() {
        use MediaKind::{Audio, Image, Video};
        let reel = reel(&[Image, Video, Image, Audio]);
        let node = |at: usize| reel.0[at].node;
        assert_eq!(reel.beside(node(0)), Some(node(2)), "the next one, beyond the video");
        assert_eq!(reel.beside(node(2)), Some(node(0)), "there is none after it");
        assert_eq!(super::tests::reel(&[Image, Video]).beside(node(0)), None);
    }

    #[test]
    fn a_strip_has_those_around() {
        let reel = reel(&[MediaKind::Image; 9]);
        let around = |at: usize| reel.around(reel.0[at].node, 2).len();
        assert_eq!((around(0), around(4), around(8)), (3, 5, 3));
    }
}
