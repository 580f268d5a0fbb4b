//! What the targets share: a small archive around two texts, and what must hold of every package that is let in.

use std::{
    collections::HashSet,
    io::Cursor,
    sync::{Arc, LazyLock},
};

use storage::{
    Session,
    backend::memory::Memory,
    blobs::{Source, Ticket},
    package::{
        Found, Limits, Media, Originals, Package, PackageError, Plan, Way, check, find as find_in, look as look_at,
    },
};

/// A manifest that goes with [`WORKFLOW`].
pub const MANIFEST: &[u8] = include_bytes!("../seeds/manifest/plain.json");
/// A workflow that goes with [`MANIFEST`].
pub const WORKFLOW: &[u8] = include_bytes!("../seeds/workflow/plain.json");
/// The entry that both name, and its content.
const ASSET: (&str, &[u8]) = ("assets/01977e2a-0000-7000-8000-0000000000a1.png", b"abc");

/// An archive with these two files and one asset. All is stored as it is.
pub fn archive(manifest: &[u8], workflow: &[u8]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    let entries = [("manifest.json", manifest), ("workflow.json", workflow), ASSET];
    for (name, content) in entries {
        let at = number(bytes.len());
        let mut common = Vec::new();
        for field in [20_u16, 0, 0, 0, 33] {
            common.extend(field.to_le_bytes());
        }
        for field in [crc32fast::hash(content), number(content.len()), number(content.len()), number(name.len())] {
            common.extend(field.to_le_bytes());
        }
        bytes.extend(0x0403_4b50_u32.to_le_bytes());
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(content);
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(20_u16.to_le_bytes());
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let at = number(bytes.len());
    let length = number(directory.len());
    bytes.extend(directory);
    bytes.extend(0x0605_4b50_u32.to_le_bytes());
    bytes.extend([0, 0, 0, 0, 3, 0, 3, 0]);
    bytes.extend(length.to_le_bytes());
    bytes.extend(at.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("inputs are short")
}

/// Checks a package, and what follows if it is let in.
pub fn look(bytes: &[u8]) {
    match check(Cursor::new(bytes), &Limits::DEFAULT, &Ticket::default()) {
        Ok(package) => comes_out_as_it_came_in(&package),
        Err(error) => has_words(&error),
    }
}

/// Files are looked at on threads of its own.
static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().build().expect("there are threads"));

/// A session in memory.
static SESSION: LazyLock<Session> =
    LazyLock::new(|| RUNTIME.block_on(Session::on(Arc::new(Memory::new()))).expect("memory opens").0);

/// Finds out what a file is, and looks at each package of a backup.
pub fn find(bytes: &[u8]) {
    let (assets, source) = (SESSION.assets(), Source::Bytes(bytes.into()));
    match RUNTIME.block_on(find_in(assets, source.clone(), Ticket::default())) {
        Ok(Found::Package(package)) => comes_out_as_it_came_in(&package),
        Ok(Found::Backup(backup)) => {
            let names: HashSet<_> = backup.packages.iter().map(|inside| &inside.entry).collect();
            assert_eq!(names.len(), backup.packages.len(), "two packages have one name");
            for inside in &backup.packages {
                assert!(inside.bytes <= bytes.len() as u64 || RUNTIME.block_on(inside.source(&source)).is_err());
                let looked = async { look_at(assets, inside.source(&source).await?, Ticket::default()).await };
                match RUNTIME.block_on(looked) {
                    Ok(package) => comes_out_as_it_came_in(&package),
                    Err(error) => has_words(&error),
                }
            }
        }
        Err(error) => has_words(&error),
    }
}

/// A refusal has a code for programs and a sentence for people.
fn has_words(error: &PackageError) {
    let code = error.code();
    assert!(
        !code.is_empty() && code.bytes().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'-')
    );
    assert!(!error.to_string().is_empty());
}

/// What is let in can be written, and what is written is let in and has the same nodes and edges: else somebody could be given
/// a workflow that can't be saved.
fn comes_out_as_it_came_in(package: &Package) {
    for way in [Way::Update, Way::Copy] {
        let came = package.clone().into_workflow(&Media::default(), way, &mut || SESSION.stamp());
        let plan = RUNTIME.block_on(Plan::new(SESSION.assets(), came.clone(), &Originals::new()));
        let plan = plan.expect("what came in goes out");
        assert_eq!(plan.embedded, 0);
        let written = plan.layout.to_bytes(|_| Vec::new());
        assert_eq!(written.len() as u64, plan.layout.bytes);
        let again = check(Cursor::new(written), &Limits::DEFAULT, &Ticket::default());
        let again = again.expect("what went out comes in");
        assert_eq!(again.refusal(), None);
        assert_eq!(again.workflow.name, came.name);
        let ids = |workflow: &storage::model::Workflow| {
            let mut ids: Vec<_> = workflow.nodes.iter().map(|node| node.id).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&again.workflow), ids(&came));
        assert_eq!(again.workflow.edges.len(), came.edges.len());
    }
}
