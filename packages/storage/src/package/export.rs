//! A package as it will be written: every byte of it but those of the media, which stay where they are until then.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    convert::Infallible,
};

use serde::Serialize;
use tracing::debug;
use uuid::Uuid;

use super::{
    Limits, graph,
    manifest::{self, ASSETS, MANIFEST, VERSION, WORKFLOW},
    refs, spelling, target,
    write::{Archive, Layout},
};
use crate::{
    Error, Result,
    blobs::{Assets, Sha256},
    model::{Asset, AssetId, Json, NodeStatus, Object, Workflow, WorkflowId, exact_text},
};

/// A package that can be written. The same workflow and media give the same bytes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of which workflow.
    pub id: WorkflowId,
    /// What that is called.
    pub name: String,
    /// The file.
    pub layout: Layout,
    /// How many contents it embeds.
    pub embedded: usize,
    /// The addresses that it refers to.
    pub urls: BTreeSet<String>,
    /// The assets to which the workflow refers and which are not on this device. They are left out, and marked in the graph.
    pub missing: BTreeSet<AssetId>,
}

/// What of the network is to be embedded: the contents that are kept of these addresses.
pub type Originals = HashMap<String, Asset>;

impl Plan {
    /// Plans a package of a workflow with its own assets, and no others. References to what is kept on this device become
    /// references into the package; an address stays one, unless it is among `originals`.
    ///
    /// # Errors
    /// The database can't be read, or a number in the workflow is none.
    pub async fn new(assets: &Assets, mut workflow: Workflow, originals: &Originals) -> Result<Self> {
        let mut found = Found::default();
        // It changes nothing.
        visit(&mut workflow, &mut |object| found.note(object));
        let mut rows = assets.rows(&found.local).await?;
        for url in &found.urls {
            if let Some(asset) = originals.get(url) {
                rows.insert(asset.id, asset.clone());
            }
        }
        let plan = Self::of(workflow, rows, &found, originals)?;
        let (urls, missing) = (plan.urls.len(), plan.missing.len());
        debug!(bytes = plan.layout.bytes, embedded = plan.embedded, urls, missing, "a package was planned");
        Ok(plan)
    }

    fn of(
        mut workflow: Workflow,
        rows: BTreeMap<AssetId, Asset>,
        found: &Found,
        originals: &Originals,
    ) -> Result<Self> {
        visit(&mut workflow, &mut |object| packed(object, &rows, originals));
        for node in &mut workflow.nodes {
            if matches!(node.status, NodeStatus::Queued | NodeStatus::Running) {
                node.status = NodeStatus::Idle;
            }
        }
        workflow.nodes.sort_by_key(|node| node.id);
        workflow.edges.sort_by_key(|edge| edge.id);
        let missing = found.local.iter().filter(|id| !rows.contains_key(id)).copied().collect();
        let urls: BTreeSet<_> = found.urls.iter().filter(|url| !originals.contains_key(*url)).cloned().collect();

        let refused = |error: serde_json::Error| Error::Refused { name: "JSON".into(), message: error.to_string() };
        let listed = listing(&workflow, &rows, &urls, originals).map_err(refused)?;
        let (id, name) = (workflow.id, workflow.name.clone());
        let text = exact_text(&workflow).map_err(refused)?;
        // Each form goes as soon as the next one is there: of a large graph they would be many times its size.
        drop(workflow);
        let graph = spelling::sorted(&text);
        drop(text);
        let packing = || {
            let mut archive = Archive::default();
            archive.deflate(MANIFEST, listed.as_bytes());
            archive.deflate(WORKFLOW, graph.as_bytes());
            archive
        };
        let (read, mut archive) = target::both(|| read_again(listed.as_bytes(), graph.as_bytes()), packing);
        read?;
        let embedded = rows.len();
        for asset in rows.into_values() {
            archive.store(&file_of(&asset), asset);
        }
        Ok(Self { id, name, layout: archive.finish(), embedded, urls, missing })
    }
}

/// What nobody could read again is not written: a value may be one that the format has no room for, such as a number beyond all numbers.
fn read_again(listed: &[u8], graph: &[u8]) -> Result<()> {
    let limits = &Limits::DEFAULT;
    let read = manifest::parse(listed, limits).and_then(|manifest| graph::parse(graph, &manifest, limits));
    read.map(drop).map_err(|error| Error::Refused { name: error.code().into(), message: error.to_string() })
}

/// What a workflow refers to.
#[derive(Default)]
struct Found {
    local: BTreeSet<AssetId>,
    urls: BTreeSet<String>,
}

impl Found {
    fn note(&mut self, object: &Object) -> Option<Json> {
        match refs::kind(object).as_deref() {
            Some("url") => self.urls.extend(refs::text(object, "url")),
            _ => self
                .local
                .extend(refs::text(object, "id").and_then(|id| id.parse().ok()).into_iter().collect::<Vec<AssetId>>()),
        }
        None
    }
}

/// Gives every reference of a workflow to `change`.
fn visit(workflow: &mut Workflow, change: &mut impl FnMut(&Object) -> Option<Json>) {
    let mut change = |object: &Object| Ok::<_, Infallible>(change(object));
    let mut fields = |object: &mut Object| {
        let Ok(changed) = refs::rewrite_fields(object, &mut change);
        *object = changed;
    };
    fields(&mut workflow.extra);
    for node in &mut workflow.nodes {
        fields(&mut node.config);
        fields(&mut node.extra);
    }
    for edge in &mut workflow.edges {
        fields(&mut edge.extra);
    }
    for node in &mut workflow.nodes {
        let Ok(()) = refs::rewrite_result(node, &mut change);
    }
}

/// A reference as it is in the package. One to something that is nowhere is marked as such; a reader takes it for no reference.
fn packed(object: &Object, rows: &BTreeMap<AssetId, Asset>, originals: &Originals) -> Option<Json> {
    let id = match refs::kind(object).as_deref() {
        Some("url") => Some(originals.get(&refs::text(object, "url")?)?.id),
        _ => refs::text(object, "id").and_then(|id| id.parse::<AssetId>().ok()),
    };
    let mut fields = refs::without_place(object);
    match id.filter(|id| rows.contains_key(id)) {
        Some(id) => {
            fields.put("kind", "embedded");
            fields.put("id", id.to_string());
        }
        None => {
            fields.put("kind", "missing");
            for field in ["id", "mime", "bytes", "hash"] {
                if let Some(json) = object.get(field) {
                    fields.put(field, json.clone());
                }
            }
        }
    }
    Json::new(&fields).ok()
}

fn listing(
    workflow: &Workflow,
    rows: &BTreeMap<AssetId, Asset>,
    urls: &BTreeSet<String>,
    originals: &Originals,
) -> Result<String, serde_json::Error> {
    let mut assets = Vec::new();
    for asset in rows.values() {
        let mut listed = Object::default();
        listed.put("id", asset.id.to_string());
        listed.put("origin", "embedded");
        listed.put("mime", asset.mime.as_str());
        listed.put("bytes", asset.bytes);
        listed.put("hash", asset.hash.as_str());
        listed.put("file", file_of(asset));
        let mut from: Vec<_> =
            originals.iter().filter(|(_, original)| original.id == asset.id).map(|(url, _)| url).collect();
        from.sort();
        if let Some(url) = from.first() {
            listed.put("url", url.as_str());
        }
        assets.push(Json::new(&listed)?);
    }
    for url in urls {
        let mut listed = Object::default();
        listed.put("id", id_of_url(url).to_string());
        listed.put("origin", "url");
        listed.put("url", url.as_str());
        assets.push(Json::new(&listed)?);
    }
    let mut app = Object::default();
    app.put("name", "atelier");
    app.put("version", env!("CARGO_PKG_VERSION"));
    let mut named = Object::default();
    named.put("id", workflow.id.to_string());
    named.put("file", WORKFLOW);
    named.put("name", workflow.name.as_str());
    exact_text(&Manifest {
        app,
        assets,
        created_at: iso(workflow.updated_at),
        package_version: VERSION,
        workflow: named,
    })
}

/// `manifest.json`, with its fields in the order of their names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    app: Object,
    assets: Vec<Json>,
    created_at: String,
    package_version: u64,
    workflow: Object,
}

/// An address has no id of its own, and the same one must always get the same: a UUID of version 8, made from its sha256.
fn id_of_url(url: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::of(url.as_bytes())[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The entry of an asset.
fn file_of(asset: &Asset) -> String {
    match extension(&asset.mime) {
        Some(extension) => format!("{ASSETS}{}.{extension}", asset.id),
        None => format!("{ASSETS}{}", asset.id),
    }
}

/// What files of a media type end with, for those who unpack the package by hand. A reader does not ask.
fn extension(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/avif" => "avif",
        "image/bmp" => "bmp",
        "image/svg+xml" => "svg",
        "video/mp4" => "mp4",
        "video/webm" => "webm",
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        "audio/mpeg" => "mp3",
        "audio/mp4" | "audio/m4a" => "m4a",
        "audio/ogg" => "ogg",
        "audio/wav" | "audio/x-wav" => "wav",
        "audio/flac" | "audio/x-flac" => "flac",
        "audio/aac" => "aac",
        "text/plain" => "txt",
        _ => return None,
    })
}

/// A time as ISO 8601 has it, in UTC. Counts days as in Howard Hinnant's `civil_from_days`.
pub(super) fn iso(millis: u64) -> String {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months counted from March, so that the odd day is the last.
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_794_406_254_607, "2026-11-11T14:10:54.607Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso(millis), text);
        }
    }
}
