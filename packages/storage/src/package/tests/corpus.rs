//! Any folder of packages with what is expected of them beside.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::{
    blobs::Ticket,
    package::{Limits, check},
};

/// Each `<name>.genaiw.zip` in the folder that `ATELIER_PACKAGES` names is what `<name>.expect.json` says: `{"valid": true,
/// "workflow": {"name", "nodes", "edges"}, "assets": {"embedded", "url", "distinct_hashes", "sha256"}, "ignored"}`, or
/// `{"valid": false, "reason", "also"}`.
#[test]
#[ignore = "needs a folder of packages in ATELIER_PACKAGES"]
fn packages_are_what_is_expected_of_them() {
    let folder = PathBuf::from(std::env::var_os("ATELIER_PACKAGES").expect("ATELIER_PACKAGES names a folder"));
    let (mut checked, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".expect.json")) else {
            continue;
        };
        let expected: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let file = fs::File::open(folder.join(format!("{name}.genaiw.zip"))).unwrap();
        checked += 1;
        if let Err(what) = compare(&check(file, &Limits::DEFAULT, &Ticket::default()), &expected) {
            wrong.push(format!("{name}: {what}"));
        }
    }
    assert!(checked > 0, "no expectations in {}", folder.display());
    assert!(wrong.is_empty(), "{} of {checked} differ:\n{}", wrong.len(), wrong.join("\n"));
    println!("{checked} packages are what is expected of them");
}

fn compare(
    found: &Result<crate::package::Package, crate::package::PackageError>,
    expected: &Value,
) -> Result<(), String> {
    let refusal = match found {
        Ok(package) => package.refusal(),
        Err(error) => Some(error),
    };
    if expected["valid"] == false {
        let error = refusal.ok_or("it was let through")?;
        let also = expected["also"].as_array().into_iter().flatten();
        let mut codes = std::iter::once(&expected["reason"]).chain(also);
        return if codes.any(|code| code == error.code()) {
            println!("{}: {error}", error.code());
            Ok(())
        } else {
            Err(format!("refused as {} ({error}), not {}", error.code(), expected["reason"]))
        };
    }
    if let Some(error) = refusal {
        return Err(format!("refused as {} ({error})", error.code()));
    }
    let package = found.as_ref().map_err(ToString::to_string)?;
    let workflow = &package.workflow;
    let counts = (&*workflow.name, workflow.nodes.len() as u64, workflow.edges.len() as u64);
    let wanted = &expected["workflow"];
    let wanted = (wanted["name"].as_str(), wanted["nodes"].as_u64(), wanted["edges"].as_u64());
    if wanted != (Some(counts.0), Some(counts.1), Some(counts.2)) {
        return Err(format!("{counts:?}, not {wanted:?}"));
    }
    let assets = &expected["assets"];
    let urls = package.assets.iter().filter(|asset| asset.url.is_some()).count() as u64;
    let embedded = package.assets.len() as u64 - urls;
    let hashes: Vec<Value> = package.contents().keys().map(|hash| hash.trim_start_matches("sha256-").into()).collect();
    if assets["embedded"] != embedded || assets["url"] != urls || assets["sha256"] != Value::Array(hashes) {
        return Err(format!("other assets: {:?}", package.assets));
    }
    if expected["ignored"] != serde_json::to_value(&package.ignored).map_err(|error| error.to_string())? {
        return Err(format!("it ignores {:?}", package.ignored));
    }
    Ok(())
}
