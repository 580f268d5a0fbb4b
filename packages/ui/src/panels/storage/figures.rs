//! What the storage panel says, as figures.

use std::collections::{BTreeMap, BTreeSet};

use storage::{
    backend::AssetUse,
    blobs::{Usage, Where},
    model::{AssetId, MediaKind, WorkflowId},
};

use crate::media::words;

/// How many bytes there are of each kind, in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split([u64; 4]);

/// The order: what takes most room first.
const ORDER: [MediaKind; 4] = [MediaKind::Video, MediaKind::Image, MediaKind::Audio, MediaKind::Other];

impl Split {
    fn add(&mut self, kind: MediaKind, bytes: u64) {
        if let Some(index) = ORDER.iter().position(|one| *one == kind) {
            self.0[index] += bytes;
        }
    }

    /// All together.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Each kind of which there is something.
    pub fn parts(&self) -> impl Iterator<Item = (MediaKind, u64)> {
        ORDER.into_iter().zip(self.0).filter(|(_, bytes)| *bytes > 0)
    }
}

/// What a kind is called in a list.
pub fn kind_word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "Images",
        MediaKind::Video => "Video",
        MediaKind::Audio => "Audio",
        MediaKind::Other => "Other files",
    }
}

/// The class by which a kind has its colour.
pub fn kind_class(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "u-image",
        MediaKind::Video => "u-video",
        MediaKind::Audio => "u-audio",
        MediaKind::Other => "u-other",
    }
}

/// A workflow's share.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Which one.
    pub workflow: WorkflowId,
    /// What it refers to. What several refer to counts for each.
    pub split: Split,
    /// How many contents that is.
    pub files: usize,
}

/// The figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// All media by kind.
    pub split: Split,
    /// How many contents there are.
    pub files: usize,
    /// How many contents and bytes there are in each place.
    pub places: BTreeMap<Where, (usize, u64)>,
    /// Workflows that refer to media, those with most first.
    pub workflows: Vec<Share>,
    /// The contents that no node refers to, largest first.
    pub unused: Vec<usize>,
    /// What they take together.
    pub unused_bytes: u64,
    /// All contents, largest first.
    pub order: Vec<usize>,
    /// How many nodes refer to each content.
    pub uses: BTreeMap<AssetId, usize>,
    /// Whether it is known who uses what: what is said of that means nothing before.
    pub knows_uses: bool,
}

impl Figures {
    /// The figures of what is kept, as long as nobody knows for whom.
    pub fn without_uses(usage: &Usage) -> Self {
        let mut figures = Self { files: usage.assets.len(), places: usage.by_place(), ..Self::default() };
        for asset in &usage.assets {
            figures.split.add(asset.kind(), asset.bytes);
        }
        figures.order = (0..usage.assets.len()).collect();
        figures.order.sort_by_key(|at| std::cmp::Reverse(usage.assets[*at].bytes));
        figures
    }

    /// The figures of what is kept, and who uses it.
    pub fn of(usage: &Usage, uses: &[AssetUse]) -> Self {
        let mut figures = Self { knows_uses: true, ..Self::without_uses(usage) };
        let index: BTreeMap<AssetId, usize> =
            usage.assets.iter().enumerate().map(|(at, asset)| (asset.id, at)).collect();
        let mut shares = BTreeMap::<WorkflowId, BTreeSet<usize>>::new();
        for one in uses {
            *figures.uses.entry(one.asset).or_default() += 1;
            if let Some(at) = index.get(&one.asset) {
                shares.entry(one.workflow).or_default().insert(*at);
            }
        }
        for (workflow, assets) in shares {
            let mut split = Split::default();
            for at in &assets {
                split.add(usage.assets[*at].kind(), usage.assets[*at].bytes);
            }
            figures.workflows.push(Share { workflow, split, files: assets.len() });
        }
        figures.workflows.sort_by_key(|share| std::cmp::Reverse(share.split.total()));
        let is_unused = |at: &usize| !figures.uses.contains_key(&usage.assets[*at].id);
        figures.unused = figures.order.iter().copied().filter(is_unused).collect();
        figures.unused_bytes = figures.unused.iter().map(|at| usage.assets[*at].bytes).sum();
        figures
    }
}

/// What is left, and what that is good for: `Room for about 15 more files like yours.`
pub fn room(left: u64, files: usize, bytes: u64) -> String {
    let average = bytes / (files as u64).max(1);
    if files < 3 || average == 0 {
        return "Atelier warns you before saving could fail.".into();
    }
    let more = usize::try_from(left / average).unwrap_or(usize::MAX);
    let about = if more < 1000 { words::count(more, "file", "files") } else { "thousands of files".into() };
    format!("Room for about {about} like those that you have. Atelier warns you before saving could fail.")
}

#[cfg(test)]
mod tests {
    use storage::model::{Asset, AssetPlace, Clock, NodeId, Object, Stamp};

    use super::*;

    struct Maker(Clock);

    impl Maker {
        fn stamp(&mut self) -> Stamp {
            self.0.tick(1)
        }

        fn asset(&mut self, mime: &str, bytes: u64, place: AssetPlace) -> Asset {
            Asset {
                id: AssetId::new(self.stamp()),
                hash: String::new(),
                crc32: 0,
                mime: mime.into(),
                bytes,
                place,
                name: None,
                width: None,
                height: None,
                duration: None,
                thumbnail: None,
                created_at: 0,
                extra: Object::default(),
            }
        }
    }

    fn own() -> AssetPlace {
        AssetPlace::Opfs { path: "a".into() }
    }

    #[test]
    fn what_two_workflows_share_counts_once_in_all_and_for_each_of_them() {
        let mut make = Maker(Clock::new(1));
        let shared = make.asset("video/mp4", 500, own());
        let single = make.asset("image/png", 30, AssetPlace::Idb { blob_key: "b".into() });
        let unused = make.asset("audio/mpeg", 70, own());
        let (one, other) = (WorkflowId::new(make.stamp()), WorkflowId::new(make.stamp()));
        let mut uses = Vec::new();
        for (asset, workflow) in [(shared.id, one), (shared.id, one), (shared.id, other), (single.id, other)] {
            uses.push(AssetUse { asset, workflow, node: NodeId::new(make.stamp()) });
        }
        let usage = Usage { assets: vec![shared.clone(), single, unused], ..Usage::default() };
        let figures = Figures::of(&usage, &uses);
        assert_eq!((figures.split.total(), figures.files), (600, 3));
        assert_eq!(
            figures.split.parts().collect::<Vec<_>>(),
            [(MediaKind::Video, 500), (MediaKind::Image, 30), (MediaKind::Audio, 70)]
        );
        let shares: Vec<_> =
            figures.workflows.iter().map(|share| (share.workflow, share.split.total(), share.files)).collect();
        assert_eq!(shares, [(other, 530, 2), (one, 500, 1)]);
        assert_eq!((figures.unused.clone(), figures.unused_bytes), (vec![2], 70));
        assert_eq!(figures.order, [0, 2, 1]);
        assert_eq!(figures.uses[&shared.id], 3);
        assert_eq!(figures.places[&Where::Own], (2, 570));
        assert_eq!(figures.places[&Where::Database], (1, 30));

        let early = Figures::without_uses(&usage);
        assert_eq!((&early.split, &early.order, &early.places), (&figures.split, &figures.order, &figures.places));
        assert!(!early.knows_uses && early.unused.is_empty(), "nothing is called unused before that is known");
    }

    #[test]
    fn ten_thousand_files_are_counted_in_no_time() {
        let mut make = Maker(Clock::new(1));
        let workflow = WorkflowId::new(make.stamp());
        let assets: Vec<_> = (0..10_000).map(|n| make.asset("image/png", n, own())).collect();
        let node = NodeId::new(make.stamp());
        let uses: Vec<_> = assets.iter().skip(100).map(|asset| AssetUse { asset: asset.id, workflow, node }).collect();
        let usage = Usage { assets, ..Usage::default() };
        let begun = std::time::Instant::now();
        let figures = Figures::of(&usage, &uses);
        assert_eq!((figures.files, figures.unused.len()), (10_000, 100));
        assert!(begun.elapsed().as_millis() < 500, "{:?}", begun.elapsed());
    }

    #[test]
    fn what_is_left_is_told_in_files_only_when_that_means_something() {
        assert!(room(1_000_000, 100, 1_000_000).contains("about 100 files"));
        assert!(room(5_000, 5, 20_000).contains("about 1 file like"));
        assert!(room(u64::MAX, 100, 100).contains("thousands"));
        assert!(!room(1_000_000, 1, 10).contains("about"));
        assert!(!room(1_000_000, 0, 0).contains("about"));
    }
}
