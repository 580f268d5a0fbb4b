//! `manifest.json`: what a package says of itself.

use std::collections::HashSet;

use base64::Engine as _;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Limits, PackageError, json, json::Fault};
use crate::model::{AssetId, WorkflowId};

/// The file's name.
pub(super) const MANIFEST: &str = "manifest.json";
/// The workflow's file.
pub(super) const WORKFLOW: &str = "workflow.json";
/// Where assets are.
pub(super) const ASSETS: &str = "assets/";
/// The version of the format.
pub(super) const VERSION: u64 = 1;

/// What is needed of it. Fields that are not known are ignored.
#[derive(Debug)]
pub(super) struct Manifest {
    pub workflow: WorkflowId,
    pub name: String,
    pub assets: Vec<Listed>,
}

/// An asset as the manifest lists it.
#[derive(Debug)]
pub(super) struct Listed {
    pub id: AssetId,
    pub mime: Option<String>,
    pub bytes: Option<u64>,
    /// `sha256-` and 64 lower-case hex digits.
    pub hash: Option<String>,
    pub origin: Origin,
}

#[derive(Debug)]
pub(super) enum Origin {
    /// In this entry.
    Embedded(String),
    /// At this address.
    Url(String),
}

/// Reads the file.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Manifest, PackageError> {
    let text = json::checked(bytes, limits.json_depth).map_err(|fault| match fault {
        Fault::Twice { key, depth: 0 } if key == "workflow" => two("it names one twice"),
        fault => fault.of(MANIFEST, limits.json_depth, |what| PackageError::ManifestJson { what }),
    })?;
    let value: Value =
        serde_json::from_str(&text).map_err(|error| PackageError::ManifestJson { what: error.to_string() })?;
    let manifest = object(&value, "the whole file")?;
    // First, since everything else may be different in another version.
    let version = manifest.get("packageVersion");
    if version.and_then(Value::as_u64) != Some(VERSION) {
        let found = version.map_or_else(|| "none".to_owned(), short);
        return Err(PackageError::PackageVersion { found });
    }
    if let Some(app) = present(manifest, "app") {
        let app = object(app, "app")?;
        for field in ["name", "version"] {
            optional_text(app, "app", field)?;
        }
    }
    optional_text(manifest, "", "createdAt")?;
    let (workflow, name) = workflow(manifest)?;
    let list = present(manifest, "assets").ok_or_else(|| shape("assets", "a list"))?;
    let list = list.as_array().ok_or_else(|| shape("assets", "a list"))?;
    let (mut assets, mut ids) = (Vec::with_capacity(list.len()), HashSet::new());
    for (at, value) in list.iter().enumerate() {
        let listed = listed(value, &format!("assets[{at}]"), limits)?;
        if !ids.insert(listed.id) {
            return Err(PackageError::DuplicateAssetId { id: listed.id.to_string() });
        }
        assets.push(listed);
    }
    Ok(Manifest { workflow, name, assets })
}

fn workflow(manifest: &Map<String, Value>) -> Result<(WorkflowId, String), PackageError> {
    let workflow = present(manifest, "workflow").ok_or_else(|| shape("workflow", "an object"))?;
    if workflow.as_array().is_some_and(|all| all.len() > 1) {
        return Err(two("it lists several"));
    }
    let workflow = object(workflow, "workflow")?;
    let id = need_text(workflow, "workflow", "id")?;
    let name = need_text(workflow, "workflow", "name")?;
    if need_text(workflow, "workflow", "file")? != WORKFLOW {
        return Err(shape("workflow.file", "\"workflow.json\""));
    }
    Ok((WorkflowId::from_uuid(uuid(id, "the manifest’s workflow")?), name.to_owned()))
}

fn listed(value: &Value, path: &str, limits: &Limits) -> Result<Listed, PackageError> {
    let asset = object(value, path)?;
    let id = AssetId::from_uuid(uuid(need_text(asset, path, "id")?, path)?);
    let mime = optional_text(asset, path, "mime")?;
    let hash = optional_text(asset, path, "hash")?;
    let file = optional_text(asset, path, "file")?;
    let url = optional_text(asset, path, "url")?;
    let bytes = match present(asset, "bytes") {
        None => None,
        Some(bytes) => Some(bytes.as_u64().ok_or_else(|| shape(&format!("{path}.bytes"), "a whole number"))?),
    };
    if let Some(url) = url {
        check_url(url, path)?;
    }
    let origin = match need_text(asset, path, "origin")? {
        "embedded" => Origin::Embedded(asset_file(id, file, path, limits)?),
        "url" => Origin::Url(url.ok_or_else(|| shape(&format!("{path}.url"), "a text"))?.to_owned()),
        _ => return Err(shape(&format!("{path}.origin"), "\"embedded\" or \"url\"")),
    };
    let hash = match (&origin, hash) {
        (Origin::Embedded(_), Some(hash)) => {
            let found = || PackageError::HashMalformed { asset: id.to_string(), found: cut(hash) };
            Some(normal_hash(hash).ok_or_else(found)?)
        }
        _ => None,
    };
    Ok(Listed { id, mime: mime.map(str::to_owned), bytes, hash, origin })
}

/// The entry of an embedded asset: a file directly in `assets/`.
fn asset_file(id: AssetId, file: Option<&str>, path: &str, limits: &Limits) -> Result<String, PackageError> {
    let file = file.ok_or_else(|| shape(&format!("{path}.file"), "a text"))?;
    super::name::check(file, limits)?;
    let inner = file.strip_prefix(ASSETS).filter(|inner| !inner.is_empty() && !inner.contains('/'));
    match inner {
        Some(_) => Ok(file.to_owned()),
        None => Err(PackageError::AssetPath { asset: id.to_string(), file: file.to_owned() }),
    }
}

/// A hash as it is written here. Hex digits of either case and base64 are understood.
fn normal_hash(hash: &str) -> Option<String> {
    let digits = hash.strip_prefix("sha256-")?;
    if digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Some(hash.to_ascii_lowercase());
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(digits).ok().filter(|bytes| bytes.len() == 32)?;
    Some(hash_of(&bytes))
}

/// A hash in its normal form.
pub(super) fn hash_of(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::from("sha256-"), |mut text, byte| {
        // Writing to a text never fails.
        let _always = write!(text, "{byte:02x}");
        text
    })
}

/// Only addresses of the web: nothing else may ever be opened.
pub(super) fn check_url(url: &str, path: &str) -> Result<(), PackageError> {
    let lower: String = url.chars().take(8).collect::<String>().to_ascii_lowercase();
    let is_web =
        ["http://", "https://"].into_iter().any(|scheme| lower.starts_with(scheme) && url.len() > scheme.len());
    if is_web && !url.chars().any(|sign| sign.is_control() || sign.is_whitespace()) {
        Ok(())
    } else {
        Err(PackageError::UrlScheme { path: path.into(), url: cut(url) })
    }
}

/// An id in the usual form with hyphens; upper case is understood.
pub(super) fn uuid(text: &str, path: &str) -> Result<Uuid, PackageError> {
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
    id.ok_or_else(|| PackageError::BadId { path: path.into(), found: cut(text) })
}

/// Not more of a text than a sentence has room for.
pub(super) fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn short(value: &Value) -> String {
    cut(&value.to_string())
}

fn two(what: &str) -> PackageError {
    PackageError::TwoWorkflows { what: what.into() }
}

fn shape(path: &str, expected: &str) -> PackageError {
    PackageError::ManifestShape { path: path.into(), expected: expected.into() }
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, PackageError> {
    value.as_object().ok_or_else(|| shape(path, "an object"))
}

/// A field, unless it is absent or null.
fn present<'a>(object: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    object.get(field).filter(|value| !value.is_null())
}

fn optional_text<'a>(object: &'a Map<String, Value>, path: &str, field: &str) -> Result<Option<&'a str>, PackageError> {
    let Some(value) = present(object, field) else { return Ok(None) };
    let dot = if path.is_empty() { "" } else { "." };
    value.as_str().map(Some).ok_or_else(|| shape(&format!("{path}{dot}{field}"), "a text"))
}

fn need_text<'a>(object: &'a Map<String, Value>, path: &str, field: &str) -> Result<&'a str, PackageError> {
    optional_text(object, path, field)?.ok_or_else(|| shape(&format!("{path}.{field}"), "a text"))
}
