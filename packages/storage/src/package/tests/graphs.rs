//! The two files in a package.

use serde_json::{Value, json};

use super::{
    ASSET, EDGE, Fixture, ONE, PackageError, TWO, code, verdict,
    zip::{Entry, archive},
};

/// The verdict on a package with one value of the manifest changed: removed if there is none.
fn manifest(pointer: &str, value: Option<Value>) -> String {
    let mut fixture = Fixture::new();
    put(&mut fixture.manifest, pointer, value);
    code(&fixture.check())
}

fn workflow(pointer: &str, value: Option<Value>) -> String {
    let mut fixture = Fixture::new();
    put(&mut fixture.workflow, pointer, value);
    code(&fixture.check())
}

pub fn put(json: &mut Value, pointer: &str, value: Option<Value>) {
    let (outer, field) = pointer.rsplit_once('/').unwrap();
    let outer = json.pointer_mut(outer).unwrap();
    match (outer, value) {
        (Value::Object(fields), Some(value)) => drop(fields.insert(field.into(), value)),
        (Value::Object(fields), None) => drop(fields.remove(field)),
        (Value::Array(list), Some(value)) => list[field.parse::<usize>().unwrap()] = value,
        other => panic!("{other:?}"),
    }
}

/// The verdict on a package with these texts as its files.
fn texts(manifest: &str, workflow: &str) -> String {
    let mut entries = Fixture::new().entries();
    entries[0] = Entry::deflated("manifest.json", manifest.as_bytes());
    entries[1] = Entry::deflated("workflow.json", workflow.as_bytes());
    verdict(archive(&entries))
}

#[test]
fn what_the_manifest_may_leave_out_or_add_is_fine() {
    for optional in ["/app", "/createdAt", "/assets/0/hash", "/assets/0/bytes", "/assets/0/mime"] {
        assert_eq!(manifest(optional, None), "valid", "{optional}");
        assert_eq!(manifest(optional, Some(Value::Null)), "valid", "{optional}");
    }
    assert_eq!(manifest("/future", Some(json!([1, {"a": null}]))), "valid");
    assert_eq!(manifest("/assets/0/width", Some(json!("wide"))), "valid");
    let url = json!({"id": TWO, "origin": "url", "url": "HTTPS://example.com/a.png", "hash": "md5-1"});
    let mut fixture = Fixture::new();
    fixture.manifest["assets"].as_array_mut().unwrap().push(url);
    assert_eq!(code(&fixture.check()), "valid");
}

#[test]
fn hashes_are_understood_in_hex_and_base64() {
    let hex = Fixture::new().manifest["assets"][0]["hash"].as_str().unwrap().to_owned();
    assert_eq!(manifest("/assets/0/hash", Some(json!(hex.to_uppercase().replace("SHA256", "sha256")))), "valid");
    let bytes: Vec<u8> =
        (7..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    assert_eq!(manifest("/assets/0/hash", Some(json!(format!("sha256-{base64}")))), "valid");
    for malformed in
        ["", "sha256-", "md5-d41d8cd98f00b204e9800998ecf8427e", &hex[7..], &hex[..70], "sha256-zz", "sha512-00"]
    {
        assert_eq!(manifest("/assets/0/hash", Some(json!(malformed))), "hash-malformed", "{malformed}");
    }
    assert_eq!(manifest("/assets/0/hash", Some(json!(format!("sha256-{}", "0".repeat(64))))), "hash-mismatch");
}

#[test]
fn a_manifest_of_another_shape_is_refused() {
    for version in [json!(2), json!("1"), json!(1.5), json!(null), json!(-1), json!([1])] {
        assert_eq!(manifest("/packageVersion", Some(version.clone())), "package-version", "{version}");
    }
    for (pointer, value) in [
        ("/app", json!("atelier")),
        ("/app/version", json!(1)),
        ("/createdAt", json!(0)),
        ("/assets", json!({})),
        ("/assets", json!(null)),
        ("/assets/0", json!("x")),
        ("/assets/0/bytes", json!("38")),
        ("/assets/0/bytes", json!(-1)),
        ("/assets/0/mime", json!(1)),
        ("/assets/0/hash", json!(1)),
        ("/assets/0/file", json!(null)),
        ("/assets/0/origin", json!("elsewhere")),
        ("/assets/0/url", json!({})),
        ("/workflow", json!("x")),
        ("/workflow/name", json!(1)),
        ("/workflow/file", json!("other.json")),
    ] {
        assert_eq!(manifest(pointer, Some(value.clone())), "manifest-shape", "{pointer}: {value}");
    }
    assert_eq!(manifest("/workflow", Some(json!([{}, {}]))), "two-workflows");
    assert_eq!(manifest("/workflow/id", Some(json!(ONE))), "two-workflows");
    assert_eq!(manifest("/workflow/id", Some(json!("x"))), "bad-id");
    assert_eq!(manifest("/assets/0/id", Some(json!(format!("{{{ASSET}}}")))), "bad-id");
    for path in ["other/a.png", "assets/", "assets/a/b.png", "assets"] {
        assert_eq!(manifest("/assets/0/file", Some(json!(path))), "asset-path", "{path}");
    }
    assert_eq!(manifest("/assets/0/file", Some(json!("assets/../x"))), "unsafe-name");
    for url in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https:/x",
        "//x",
        "https://",
        "https://a b",
        "",
    ] {
        assert_eq!(manifest("/assets/0/url", Some(json!(url))), "url-scheme", "{url}");
    }
    let mut fixture = Fixture::new();
    let again = fixture.manifest["assets"][0].clone();
    fixture.manifest["assets"].as_array_mut().unwrap().push(again);
    assert_eq!(code(&fixture.check()), "duplicate-asset-id");
}

#[test]
fn texts_that_are_no_json_or_two_are_refused() {
    let Fixture { manifest, workflow } = Fixture::new();
    let (manifest, workflow) = (manifest.to_string(), workflow.to_string());
    let bom = |text: &str| format!("\u{feff}{text}");
    assert_eq!(texts(&bom(&manifest), &bom(&workflow)), "valid");
    for broken in ["", "{", "[]x", &manifest.replacen(']', ",]", 1), &manifest[..100]] {
        assert_eq!(texts(broken, &workflow), "manifest-json", "{broken}");
    }
    assert_eq!(texts(&manifest, &workflow[..100]), "workflow-json");
    assert_eq!(texts("[]", &workflow), "manifest-shape");
    assert_eq!(texts(&manifest, "[]"), "workflow-shape");
    let twice = manifest.replacen('{', "{\"workflow\":{},", 1);
    assert_eq!(texts(&twice, &workflow), "two-workflows");
    assert_eq!(texts(&manifest.replacen("{\"name\"", "{\"name\":\"\",\"name\"", 1), &workflow), "manifest-json");
    assert_eq!(texts(&manifest, &workflow.replace("\"config\":{}", "\"config\":{\"a\":1,\"a\":2}")), "workflow-json");
    let deep = ["[".repeat(200_000), "]".repeat(200_000)].concat();
    let deep = workflow.replace("\"config\":{}", &format!("\"config\":{{\"a\":{deep}}}"));
    assert_eq!(texts(&manifest, &deep), "json-too-deep");
    assert_eq!(texts(&manifest, &workflow.replace("-1.5", "1e400")), "bad-number");
}

#[test]
fn files_that_are_missing_are_named() {
    let mut entries = Fixture::new().entries();
    entries.remove(1);
    assert_eq!(verdict(archive(&entries)), "workflow-missing");
    entries.remove(0);
    assert_eq!(verdict(archive(&entries)), "manifest-missing");
    entries.push(Entry::stored("Folder/manifest.json", b"{}"));
    let error = super::looked_at(archive(&entries)).unwrap_err();
    assert!(error.code() == "manifest-missing" && error.to_string().contains("Folder"), "{error}");
}

#[test]
fn a_workflow_of_another_shape_is_refused() {
    for (pointer, value) in [
        ("/nodes", json!({})),
        ("/nodes", json!(null)),
        ("/edges", json!("x")),
        ("/name", json!(1)),
        ("/id", json!(1)),
        ("/updatedAt", json!("x")),
        ("/viewport", json!({"x": 1})),
        ("/nodes/0", json!([])),
        ("/nodes/0/type", json!(1)),
        ("/nodes/0/type", json!("")),
        ("/nodes/0/config", json!([])),
        ("/nodes/0/position", json!(null)),
        ("/nodes/0/position", json!({"x": "1", "y": 2})),
        ("/nodes/0/size", json!([1, 2])),
        ("/nodes/0/title", json!({})),
        ("/nodes/0/result", json!({"kind": "url"})),
        ("/edges/0", json!(1)),
        ("/edges/0/source", json!(null)),
        ("/edges/0/sourceHandle", json!(1)),
    ] {
        assert_eq!(workflow(pointer, Some(value.clone())), "workflow-shape", "{pointer}: {value}");
    }
    for pointer in ["/nodes/0/id", "/edges/0/id", "/edges/0/target", "/id"] {
        assert_eq!(workflow(pointer, Some(json!("node-1"))), "bad-id", "{pointer}");
    }
    assert_eq!(workflow("/nodes/1/id", Some(json!(ONE.to_uppercase()))), "duplicate-node-id");
    assert_eq!(workflow("/edges/0/target", Some(json!(EDGE))), "edge-unknown-node");
    let mut fixture = Fixture::new();
    let again = fixture.workflow["edges"][0].clone();
    fixture.workflow["edges"].as_array_mut().unwrap().push(again);
    assert_eq!(code(&fixture.check()), "duplicate-edge-id");
    for (pointer, value) in [
        ("/nodes/0/size", json!({"width": 1e300, "height": 1})),
        ("/nodes/0/size", json!({"width": 1, "height": -1})),
        ("/nodes/0/position", json!({"x": 0, "y": -1e300})),
    ] {
        assert_eq!(workflow(pointer, Some(value)), "bad-size", "{pointer}");
    }
}

#[test]
fn references_lead_into_the_package_or_to_the_web_and_nowhere_else() {
    let places = ["/nodes/0/result", "/nodes/1/config/a", "/nodes/1/extra", "/edges/0/extra", "/extra"];
    for place in places {
        let deep = |value: Value| Some(if place.ends_with("result") { value } else { json!([{"b": value}]) });
        for (value, code) in [
            (json!({"kind": "embedded", "id": ASSET}), "valid"),
            (json!({"kind": "embedded", "id": ASSET.to_uppercase()}), "valid"),
            (json!({"kind": "embedded", "id": ONE}), "ref-unknown"),
            (json!({"kind": "embedded", "id": "x"}), "ref-unknown"),
            (json!({"kind": "url", "url": "http://example.com/x"}), "valid"),
            (json!({"kind": "url", "url": "JavaScript:x"}), "url-scheme"),
            (json!({"kind": "opfs", "path": "atelier/assets/image/x"}), "ref-kind"),
            (json!({"kind": "fs-handle", "handleId": "x"}), "ref-kind"),
            (json!({"kind": "idb", "id": ASSET}), "ref-kind"),
            (json!({"kind": "model", "id": ONE}), "valid"),
        ] {
            assert_eq!(workflow(place, deep(value.clone())), code, "{place}: {value}");
        }
    }
    // Written with escapes, it is the same key.
    let Fixture { manifest, workflow } = Fixture::new();
    let hidden = workflow.to_string().replace("\"a text\"", r#"{"\u006bind":"opfs","path":"x"}"#);
    assert_eq!(texts(&manifest.to_string(), &hidden), "ref-kind");
    // An asset of the web is not in the package.
    let mut fixture = Fixture::new();
    fixture.manifest["assets"][0] = json!({"id": ASSET, "origin": "url", "url": "https://example.com/x"});
    assert_eq!(code(&fixture.check()), "ref-unknown");
}

#[test]
fn a_refusal_that_a_worker_reports_says_the_same() {
    let error = PackageError::BadSize { path: "nodes/0/size".into(), found: "-1".into() };
    let text = serde_json::to_string(&error).unwrap();
    let reported: PackageError = serde_json::from_str(&text).unwrap();
    assert_eq!((reported.code(), reported.to_string()), (error.code(), error.to_string()));
}
