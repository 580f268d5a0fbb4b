//! Packages that are what they should be, and packages that are not.

mod archives;
mod backups;
mod corpus;
mod graphs;
mod refusals;
mod wide;
mod zip;

use std::io::Cursor;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::zip::{Entry, archive};
use super::{Limits, Package, PackageError, check, manifest::hash_of};
use crate::blobs::Ticket;

const WORKFLOW: &str = "01a1a079-4498-7f87-ae96-e086c3c61aa9";
const ONE: &str = "01a1a079-44a3-7a79-9543-065ffd1918b1";
const TWO: &str = "01a1a079-44a3-7a79-9543-065ffd1918b2";
const EDGE: &str = "01a1a079-44a3-7a79-9543-065ffd1918b3";
const ASSET: &str = "01a1a079-44a3-7a79-9543-065ffd1918b4";
const FILE: &str = "assets/01a1a079-44a3-7a79-9543-065ffd1918b4.png";
const CONTENT: &[u8] = b"not really a picture, but it has bytes";

/// What a package holds, as the two files say it.
#[derive(Clone)]
struct Fixture {
    manifest: Value,
    workflow: Value,
}

impl Fixture {
    /// Two nodes, an edge, and an asset.
    fn new() -> Self {
        let manifest = json!({
            "packageVersion": 1,
            "app": {"name": "atelier", "version": "0.1.0"},
            "createdAt": "2026-11-03T08:14:24.408Z",
            "workflow": {"id": WORKFLOW, "file": "workflow.json", "name": "A test"},
            "assets": [{
                "id": ASSET, "origin": "embedded", "mime": "image/png", "bytes": CONTENT.len(),
                "hash": hash_of(&Sha256::digest(CONTENT)), "file": FILE,
            }],
        });
        let workflow = json!({
            "id": WORKFLOW, "name": "A test", "updatedAt": 1_793_693_664_419_u64, "version": 3,
            "nodes": [
                {
                    "id": ONE, "type": "comfy.LoadImage", "title": "Load", "status": "queued",
                    "position": {"x": -1.5, "y": 2}, "size": {"width": 300, "height": 200.25},
                    "config": {"seed": 12_345_678_901_234_567_890_u64, "asset": {"kind": "embedded", "id": ASSET}},
                    "result": {"kind": "embedded", "id": ASSET, "label": "kept"}, "locked": true,
                },
                {"id": TWO, "type": "note", "position": {"x": 0, "y": 0}, "config": {}, "result": "a text"},
            ],
            "edges": [{"id": EDGE, "source": ONE, "target": TWO, "sourceHandle": "IMAGE", "targetHandle": "in"}],
        });
        Self { manifest, workflow }
    }

    fn entries(&self) -> Vec<Entry> {
        vec![
            Entry::deflated("manifest.json", self.manifest.to_string().as_bytes()),
            Entry::deflated("workflow.json", self.workflow.to_string().as_bytes()),
            Entry::stored(FILE, CONTENT),
        ]
    }

    fn check(&self) -> Result<Package, PackageError> {
        looked_at(archive(&self.entries()))
    }
}

fn looked_at(file: Vec<u8>) -> Result<Package, PackageError> {
    check(Cursor::new(file), &Limits::DEFAULT, &Ticket::default())
}

/// The code of the refusal; `valid` if there is none.
fn verdict(file: Vec<u8>) -> String {
    code(&looked_at(file))
}

fn code(checked: &Result<Package, PackageError>) -> String {
    let refusal = match checked {
        Ok(package) => package.refusal(),
        Err(error) => Some(error),
    };
    refusal.map_or("valid", PackageError::code).to_owned()
}

#[test]
fn a_package_is_read_with_all_that_is_in_it() {
    let package = Fixture::new().check().unwrap();
    assert_eq!(package.refusal(), None);
    assert_eq!((package.workflow.nodes.len(), package.workflow.edges.len()), (2, 1));
    assert_eq!(package.workflow.nodes[0].config.get("seed").unwrap().text(), "12345678901234567890");
    assert_eq!(package.workflow.nodes[0].extra.get("locked").unwrap().text(), "true");
    let content = package.assets[0].content.as_ref().unwrap();
    assert_eq!(content.hash, hash_of(&Sha256::digest(CONTENT)));
    assert!(package.ignored.is_empty() && package.warnings.is_empty());
    // It also goes to a worker and back.
    let text = serde_json::to_string(&package).unwrap();
    assert_eq!(serde_json::from_str::<Package>(&text).unwrap(), package);
}
