//! The import promises what it promises for every template that `ComfyUI` comes with.
//!
//! The templates are a package of the Python package index, which is fetched once and kept in the target folder. What a file
//! holds is found out here with nothing of the importer's: [`serde_json::Value`] and plain indices.

#![expect(clippy::panic, clippy::unwrap_used, reason = "this is how a test fails")]

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::{Value, value::RawValue};
use storage::{
    comfyui::{Import, ImportError, handles, import},
    model::{Clock, Json, Node, NodeStatus, Object, Workflow},
};

const PACKAGE: &str = "comfyui-workflow-templates-json";
const VERSION: &str = "0.1.123";
/// How many files of the package are workflows. The others are indices, which list the workflows in several languages.
const TEMPLATES: usize = 644;

struct Template {
    name: String,
    text: String,
    file: Value,
}

impl Template {
    fn import(&self) -> Import {
        import_text(&self.text, &self.name).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn list(&self, field: &str) -> &Vec<Value> {
        self.file[field].as_array().unwrap()
    }
}

fn import_text(text: &str, name: &str) -> Result<Import, ImportError> {
    let mut clock = Clock::new(7);
    import(text, name, &mut || clock.tick(1_000))
}

/// The package's JSON files.
fn files() -> Vec<PathBuf> {
    let folder = installed().join("comfyui_workflow_templates_json/templates");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

/// The folder with the package, which is installed beside its place and moved there when it is complete.
fn installed() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = target.join(format!("comfyui-templates-{VERSION}"));
    if folder.exists() {
        return folder;
    }
    let partial = target.join(format!("comfyui-templates-{VERSION}.{}", std::process::id()));
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check"]);
    pip.args(["--only-binary", ":all:", "--target"]).arg(&partial).arg(format!("{PACKAGE}=={VERSION}"));
    let advice =
        format!("This test needs Python 3 with pip, and once the Python package index, for {PACKAGE} {VERSION}.");
    let output = pip.output().unwrap_or_else(|error| panic!("python3 did not start: {error}. {advice}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "pip could not install {PACKAGE} {VERSION}:\n{said}\n{advice}");
    if let Err(error) = fs::rename(&partial, &folder) {
        // Another run of this test may have been faster.
        fs::remove_dir_all(&partial).unwrap();
        assert!(folder.exists(), "{}: {error}", folder.display());
    }
    folder
}

/// The workflows: JSON objects with nodes.
fn templates() -> &'static [Template] {
    static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
        let template = |path: PathBuf| {
            let text = fs::read_to_string(&path).unwrap();
            let file: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            file.get("nodes").is_some().then_some(Template { name, text, file })
        };
        files().into_iter().filter_map(template).collect()
    });
    &TEMPLATES
}

fn value_of<T: serde::Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn every_template_is_imported_and_every_other_file_refused() {
    assert_eq!(templates().len(), TEMPLATES);
    let (mut nodes, mut links, mut warnings) = (0, 0, 0);
    for template in templates() {
        let Import { workflow, warnings: said } = template.import();
        assert_eq!(workflow.name, template.name);
        assert_eq!(workflow.nodes.len(), template.list("nodes").len(), "{}", template.name);
        assert_eq!(workflow.edges.len(), template.list("links").len(), "{}: {said:?}", template.name);
        nodes += workflow.nodes.len();
        links += workflow.edges.len();
        warnings += said.len();
    }
    println!("{TEMPLATES} templates, {nodes} nodes, {links} links, {warnings} warnings");
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let is_template = templates().iter().any(|template| template.text == text);
        let refused = import_text(&text, "other").err().map(|error| error.reason());
        assert_eq!(refused, (!is_template).then_some("no-workflow"), "{}", path.display());
    }
}

#[test]
fn every_node_stands_where_the_file_says() {
    for template in templates() {
        for (node, file) in template.import().workflow.nodes.iter().zip(template.list("nodes")) {
            let at = format!("{}, node {}", template.name, file["id"]);
            let class = file["type"].as_str().unwrap();
            assert_eq!(node.kind, format!("comfy.{class}"), "{at}");
            assert_eq!(node.status, NodeStatus::Idle, "{at}");
            assert_eq!(
                [node.position.x, node.position.y].map(Some),
                [file["pos"][0].as_f64(), file["pos"][1].as_f64()],
                "{at}"
            );
            let size = [&file["size"][0], &file["size"][1]].map(|side| side.as_f64().unwrap());
            let size = size.iter().all(|side| *side > 0.).then_some(size);
            assert_eq!(node.size.map(|size| [size.width, size.height]), size, "{at}");
            let subgraphs = template.file.pointer("/definitions/subgraphs").and_then(Value::as_array);
            let subgraph = subgraphs.into_iter().flatten().find(|subgraph| subgraph["id"] == class);
            let title = file.get("title").or_else(|| subgraph?.get("name"));
            assert_eq!(node.title, title.map_or("", |title| title.as_str().unwrap()), "{at}");
            let about =
                subgraph.map(|subgraph| (subgraph["name"].clone(), subgraph["nodes"].as_array().unwrap().len()));
            let shown = node.extra.get("subgraph").map(value_of).map(|mut shown| {
                let nodes = usize::try_from(shown["nodes"].as_u64().unwrap()).unwrap();
                (shown["name"].take(), nodes)
            });
            assert_eq!(shown, about, "{at}");
        }
    }
}

#[test]
fn every_link_is_an_edge_between_the_same_slots() {
    for template in templates() {
        let Workflow { nodes, edges, .. } = template.import().workflow;
        let at: HashMap<i64, usize> =
            template.list("nodes").iter().enumerate().map(|(at, node)| (node["id"].as_i64().unwrap(), at)).collect();
        for (edge, link) in edges.iter().zip(template.list("links")) {
            let end = |id: usize, slot: usize, side: &str| {
                let node = at[&link[id].as_i64().unwrap()];
                let slot = usize::try_from(link[slot].as_u64().unwrap()).unwrap();
                let name = template.file["nodes"][node][side][slot]["name"].as_str().unwrap();
                // The port that the canvas draws for the slot has the edge's name.
                assert_eq!(handles(nodes[node].extra.get(side).unwrap())[slot].handle, name);
                (nodes[node].id, Some(name.to_owned()))
            };
            let ends = edge.ends.clone();
            let at = format!("{}, link {}", template.name, link[0]);
            assert_eq!((ends.source, ends.source_handle), end(1, 2, "outputs"), "{at}");
            assert_eq!((ends.target, ends.target_handle), end(3, 4, "inputs"), "{at}");
        }
    }
}

/// The raw texts of the settings in a template's file, node by node.
fn raw_values(template: &Template) -> Vec<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct File {
        nodes: Vec<Settings>,
    }
    #[derive(serde::Deserialize)]
    struct Settings {
        widgets_values: Option<Vec<Box<RawValue>>>,
    }
    let File { nodes } = serde_json::from_str(template.text.trim_start_matches('\u{feff}')).unwrap();
    let text = |raw: Box<RawValue>| match raw.get().as_bytes()[0] {
        // Lists and objects have white space, which is not kept.
        b'[' | b'{' => serde_json::from_str::<Value>(raw.get()).unwrap().to_string(),
        _ => raw.get().to_owned(),
    };
    nodes.into_iter().map(|node| node.widgets_values.into_iter().flatten().map(text).collect()).collect()
}

#[test]
fn every_value_is_one_setting_digit_for_digit() {
    let (mut count, mut nameless) = (0, 0);
    for template in templates() {
        for (node, mut values) in template.import().workflow.nodes.iter().zip(raw_values(template)) {
            let text = |json: &Json| match json.text().as_bytes()[0] {
                b'[' | b'{' => value_of(json).to_string(),
                _ => json.text().to_owned(),
            };
            let mut settings: Vec<String> = node.config.iter().map(|(_, json)| text(json)).collect();
            settings.sort();
            values.sort();
            assert_eq!(settings, values, "{}, {}", template.name, node.kind);
            count += values.len();
            nameless += node.config.iter().filter(|(key, _)| key.starts_with("widget_")).count();
        }
    }
    println!("{count} values, {nameless} of them without a name");
}

/// What a file says of a node's settings: their names in order, where there are as many names as values.
fn names(template: &Template) -> Vec<Option<Vec<(String, Value)>>> {
    #[derive(serde::Deserialize)]
    struct File {
        nodes: Vec<Settings>,
    }
    #[derive(serde::Deserialize)]
    struct Settings {
        widgets_values: Option<Vec<Value>>,
        widgets_values_named: Option<Box<RawValue>>,
    }
    let File { nodes } = serde_json::from_str(template.text.trim_start_matches('\u{feff}')).unwrap();
    let names = |node: Settings| {
        let (values, named) = (node.widgets_values?, node.widgets_values_named?);
        let count = serde_json::from_str::<BTreeMap<String, Value>>(named.get()).unwrap().len();
        // Read by hand, since a map of serde_json's sorts its keys.
        let mut keys = Vec::new();
        let mut rest = named.get().trim().trim_start_matches('{').trim_start();
        while keys.len() < count {
            let mut key = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            keys.push(key.next().unwrap().unwrap());
            rest = rest[key.byte_offset()..].trim_start().trim_start_matches(':');
            let mut skipped = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
            skipped.next().unwrap().unwrap();
            rest = rest[skipped.byte_offset()..].trim_start().trim_start_matches(',').trim_start();
        }
        (count == values.len()).then(|| keys.into_iter().zip(values).collect())
    };
    nodes.into_iter().map(names).collect()
}

#[test]
fn names_that_the_file_has_are_the_names_of_the_settings() {
    for template in templates() {
        for (node, names) in template.import().workflow.nodes.iter().zip(names(template)) {
            for (name, value) in names.into_iter().flatten() {
                let setting = node.config.get(&name).map(value_of);
                assert_eq!(setting.as_ref(), Some(&value), "{}, {}: {name}", template.name, node.kind);
            }
        }
    }
}

#[test]
fn names_that_are_guessed_are_those_that_the_file_had() {
    let (mut right, mut unknown) = (0, 0);
    let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
    for template in templates() {
        let mut file = template.file.clone();
        for node in file["nodes"].as_array_mut().unwrap() {
            node.as_object_mut().unwrap().remove("widgets_values_named");
        }
        let nodes = import_text(&file.to_string(), &template.name).unwrap().workflow.nodes;
        for (node, names) in nodes.iter().zip(names(template)) {
            for (at, (name, value)) in names.into_iter().flatten().enumerate() {
                // The value that the list has at this place, whatever the importer calls it. Of settings with one name the
                // file may have numbered another first.
                let setting = |key: &str| node.config.get(key).map(value_of) == Some(value.clone());
                if setting(&name) || name.split_once('#').is_some_and(|(name, _)| setting(name)) {
                    right += 1;
                } else if setting(&format!("widget_{at}")) {
                    unknown += 1;
                } else {
                    *wrong.entry(format!("{} {name}", node.kind)).or_default() += 1;
                }
            }
        }
    }
    println!("{right} right, {unknown} without a name, not as in the file: {wrong:?}");
    // ComfyUI itself calls what it does with some seeds by its value. One template's note was written by another program.
    let strange = ["comfy.PrimitiveInt fixed", "comfy.HeyGenVoiceCloneNode fixed", "comfy.MarkdownNote markdown"];
    wrong.retain(|name, _| !strange.contains(&&**name));
    assert_eq!(wrong, BTreeMap::new());
}

#[test]
fn nothing_of_a_file_is_lost() {
    for template in templates() {
        let workflow = template.import().workflow;
        let mut file = value_of(workflow.extra.get("comfy").unwrap());
        file["nodes"] = workflow.nodes.iter().map(original).collect();
        file["links"] = workflow.edges.iter().map(|edge| value_of(edge.extra.get("comfy").unwrap())).collect();
        assert!(file == template.file, "{}", template.name);
    }
}

/// A node's object as the file has it.
fn original(node: &Node) -> Value {
    let mut file: Object = node.extra.get("comfy").unwrap().read().unwrap();
    for side in ["inputs", "outputs"] {
        if let Some(slots) = node.extra.get(side) {
            file.put(side, slots.clone());
        }
    }
    value_of(&file)
}

#[test]
fn what_is_stored_is_what_was_imported() {
    let mut clock = Clock::new(9);
    for template in templates() {
        let mut workflow = template.import().workflow;
        let stamp = clock.tick(2_000);
        for node in &mut workflow.nodes {
            let stored = Node::from_registers(node.id, &node.to_registers(stamp).unwrap(), 0).unwrap();
            node.updated_at = stamp.millis();
            assert_eq!(stored, *node, "{}", template.name);
        }
        let text = serde_json::to_string(&workflow).unwrap();
        assert_eq!(serde_json::from_str::<Workflow>(&text).unwrap(), workflow, "{}", template.name);
    }
}
