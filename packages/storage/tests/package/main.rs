//! Packages out of one store and into another.

#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so at once")]

mod backup;
mod places;

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};
use storage::{
    Error, Location, Session,
    backend::{Batch, Loaded},
    blobs::{Assets, Source, Ticket},
    model::{
        Asset, Edge, EdgeId, Ends, EntityKey, Json, Node, NodeId, NodeResult, NodeStatus, Point, RegisterName,
        Registers, Size, Stamp, Workflow, WorkflowId,
    },
    package::{Media, Originals, Outlook, Package, Plan, Update, Way, look},
};

async fn open(folder: &Path) -> Session {
    Session::open(Location::Folder(folder.to_owned())).await.unwrap().0
}

async fn keep(session: &Session, content: &[u8]) -> Asset {
    let source = Source::Bytes(content.into());
    session.assets().put(source, Some("name.png".into()), Ticket::default()).await.unwrap().asset
}

/// A picture's beginning, and something to tell contents apart.
fn picture(salt: u8) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[salt; 3000]].concat()
}

fn json<T: serde::Serialize>(value: &T) -> Json {
    Json::new(value).unwrap()
}

/// What somebody else has written: fields in no order, spaces, escapes, and digits that no number holds.
fn scattered() -> Json {
    json_text(r#"{ "z": [ {"b": 1.50, "a": "\u00e9"} ], "A": {"y": null, "x": 0.12345678901234567890123} }"#)
}

fn json_text(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

/// Two nodes, an edge, two assets of one content each, and an address.
fn workflow(stamps: &mut dyn FnMut() -> Stamp, one: &Asset, two: &Asset) -> Workflow {
    let mut workflow = Workflow::new(WorkflowId::new(stamps()), "Lighthouse: 灯塔");
    workflow.updated_at = 1_794_406_254_607;
    workflow.extra.put("future", json(&[1, 2]));
    workflow.extra.put("later", scattered());
    let mut source = Node::new(NodeId::new(stamps()), "comfy.LoadImage", Point { x: -1.5, y: 20. });
    source.status = NodeStatus::Done;
    let mut result = one.reference();
    result.extra.put("seen", scattered());
    source.result = Some(NodeResult::Asset(result));
    source.config.put("seed", json_text("123456789012345678901234567890"));
    source.config.put("options", scattered());
    source.config.put("deep", json(&vec![BTreeMap::from([("picture", two.reference())])]));
    source.extra.put("locked", true);
    source.extra.put("ports", scattered());
    let mut target = Node::new(NodeId::new(stamps()), "note", Point::default());
    target.title = "Where it came from".into();
    target.size = Some(Size { width: 280., height: 120.5 });
    target.result = Some(NodeResult::Text("a text".into()));
    target.config.put("from", json(&storage::model::AssetRef::url("https://example.com/a.png")));
    let ends = Ends {
        source: source.id,
        target: target.id,
        source_handle: Some("IMAGE".into()),
        target_handle: Some("in".into()),
    };
    let mut edge = Edge::new(EdgeId::new(stamps()), ends);
    edge.extra.put("path", scattered());
    workflow.edges.push(edge);
    workflow.nodes = vec![target, source];
    workflow
}

fn batch(workflow: &Workflow, stamp: Stamp) -> Batch {
    let mut batch = Batch::new();
    batch.merge(EntityKey::workflow(workflow.id), &workflow.to_registers(stamp));
    for node in &workflow.nodes {
        batch.merge(EntityKey::node(workflow.id, node.id), &node.to_registers(stamp).unwrap());
    }
    for edge in &workflow.edges {
        batch.merge(EntityKey::edge(workflow.id, edge.id), &edge.to_registers(stamp).unwrap());
    }
    batch
}

async fn plan(session: &Session, workflow: &Workflow) -> Plan {
    Plan::new(session.assets(), workflow.clone(), &Originals::new()).await.unwrap()
}

async fn import(session: &Session, file: &Path, way: Way) -> (Workflow, Media) {
    let source = Source::File(file.to_owned());
    let package = look(session.assets(), source.clone(), Ticket::default()).await.unwrap();
    assert_eq!(package.refusal(), None);
    let ticket = Ticket::default();
    let progress = ticket.progress();
    let media = package.keep_media(session.assets(), &source, ticket).await.unwrap();
    assert_eq!(*progress.borrow(), package.bytes());
    let workflow = package.into_workflow(&media, way, &mut || session.stamp());
    (workflow, media)
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Everything in a folder: each file's name and the hash of its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), sha256(&fs::read(&path).unwrap()));
        }
    }
    found
}

#[tokio::test]
async fn a_workflow_goes_out_and_comes_in_equal_with_ids_of_its_own() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let session = open(home.path()).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await);
    let unused = keep(&session, &picture(3)).await;
    let sent = workflow(&mut || session.stamp(), &one, &two);
    let plan = plan(&session, &sent).await;
    assert_eq!((plan.embedded, plan.urls.len(), plan.missing.len()), (2, 1, 0));
    let file = home.path().join("a.genaiw.zip");
    let ticket = Ticket::default();
    let progress = ticket.progress();
    plan.layout.save(session.assets(), &file, ticket).await.unwrap();
    let written = fs::read(&file).unwrap();
    assert_eq!((written.len() as u64, *progress.borrow()), (plan.layout.bytes, plan.layout.bytes));
    let text = String::from_utf8_lossy(&written);
    assert!(!text.contains(&unused.id.to_string()), "only its own assets");

    // Into another store, which has one of the two already.
    let receiver = open(other.path()).await;
    let here = keep(&receiver, &picture(2)).await;
    let package = look(receiver.assets(), Source::File(file.clone()), Ticket::default()).await.unwrap();
    let outlook = package.outlook(receiver.assets()).await.unwrap();
    let expected = Outlook { new: 1, here: 1, urls: 1, new_bytes: one.bytes, ..Outlook::default() };
    assert_eq!(outlook, expected);
    let (came, media) = import(&receiver, &file, Way::Copy).await;
    assert_eq!(media.stored(), 1);
    assert_eq!(media.get(two.id).unwrap().id, here.id);
    receiver.write(batch(&came, receiver.stamp()));
    receiver.flush().await;
    drop(media);

    assert_eq!((came.name.as_str(), came.nodes.len(), came.edges.len()), (&*sent.name, 2, 1));
    assert_ne!(came.id, sent.id);
    // Sorted by id, as they were made.
    let (loaded, note) = (&came.nodes[0], &came.nodes[1]);
    assert_eq!((&*loaded.kind, &*note.kind), ("comfy.LoadImage", "note"));
    assert!(![&sent.nodes[0].id, &sent.nodes[1].id].contains(&&loaded.id));
    assert_eq!((came.edges[0].ends.source, came.edges[0].ends.target), (loaded.id, note.id));
    assert_eq!(loaded.config.get("seed").unwrap().text(), "123456789012345678901234567890");
    assert_eq!(loaded.extra.get("locked").unwrap().text(), "true");
    assert_eq!(came.extra.get("future").unwrap().text(), "[1,2]");
    assert_eq!(note.config.get("from"), sent.nodes[0].config.get("from"));
    let Some(NodeResult::Asset(result)) = &loaded.result else { panic!("{:?}", loaded.result) };
    let read = receiver.assets().read(result.id.unwrap(), 0..u64::MAX).await.unwrap();
    assert_eq!(read, picture(1));
    let deep: Vec<BTreeMap<String, storage::model::AssetRef>> = loaded.config.get("deep").unwrap().read().unwrap();
    assert_eq!(deep[0]["picture"].id, Some(here.id));
    // Nobody takes them for nobody's.
    let uses = receiver.assets().usage().await.unwrap().uses;
    assert_eq!(uses.len(), 2);
    assert_eq!(receiver.assets().verify(Ticket::default()).await.unwrap(), []);
}

#[tokio::test]
async fn the_same_workflow_is_the_same_file() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    let ids: Vec<_> = (0..6).map(|at| format!("01977e2a-0000-7000-8000-00000000000{at}")).collect();
    let (mut one, mut two) = (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await);
    let mut stamps = ids.iter().map(|id| id.parse::<Stamp>().unwrap());
    // Ids are drawn at random; these are not.
    let mut sent = workflow(&mut || stamps.next().unwrap(), &one, &two);
    for (asset, id) in [(&mut one, &ids[4]), (&mut two, &ids[5])] {
        let text = serde_json::to_string(&sent).unwrap().replace(&asset.id.to_string(), id);
        sent = serde_json::from_str(&text).unwrap();
        asset.id = id.parse().unwrap();
    }
    let originals = Originals::new();
    let other = tempfile::tempdir().unwrap();
    let backend = std::sync::Arc::new(storage::backend::memory::Memory::new());
    for asset in [&one, &two] {
        storage::backend::Backend::add_asset(&*backend, asset.clone()).await.unwrap();
    }
    let known = Session::on(backend).await.unwrap().0;
    let plan = Plan::new(known.assets(), sent.clone(), &originals).await.unwrap();
    // Their bytes are under the names that they had.
    let file = other.path().join("golden.genaiw.zip");
    let error = plan.layout.save(known.assets(), &file, Ticket::default()).await.unwrap_err();
    assert!(matches!(error, Error::Missing { .. } | Error::Io { .. } | Error::Unavailable(_)), "{error:?}");
    assert!(files(other.path()).is_empty(), "what failed leaves nothing");
    let content = |asset: &Asset| picture(if asset.id == one.id { 1 } else { 2 });
    let written = plan.layout.to_bytes(content);
    assert_eq!(written.len() as u64, plan.layout.bytes);
    assert_eq!(sha256(&written), "8314ee20199b19e9abc9bdbf7eb7692d788e782137b02768333df9bdc850fde4");
    // Also if its fields are written in another order.
    let sorted = r#"{"A":{"x":0.12345678901234567890123,"y":null},"z":[{"a":"\u00e9","b":1.50}]}"#;
    let turned = serde_json::to_string(&sent).unwrap().replace(scattered().text(), sorted);
    let turned: Workflow = serde_json::from_str(&turned).unwrap();
    assert_ne!(turned, sent);
    let plan = Plan::new(known.assets(), turned, &originals).await.unwrap();
    assert_eq!(sha256(&plan.layout.to_bytes(content)), sha256(&written));
    let package = look(known.assets(), Source::Bytes(written.into()), Ticket::default()).await.unwrap();
    assert_eq!(json(&package.workflow).text().matches(sorted).count(), 5);
}

#[tokio::test]
async fn an_update_changes_what_differs_and_deletes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await);
    let sent = workflow(&mut || session.stamp(), &one, &two);
    session.write(batch(&sent, session.stamp()));
    session.flush().await;
    let file = home.path().join("a.genaiw.zip");
    plan(&session, &sent).await.layout.save(session.assets(), &file, Ticket::default()).await.unwrap();

    // Nothing has changed since.
    let (came, _media) = import(&session, &file, Way::Update).await;
    assert_eq!(came.id, sent.id);
    let loaded = session.load(sent.id).await.unwrap();
    assert_eq!(Update::new(&loaded, &came, session.stamp()).unwrap().patches(), []);

    // A title, a new setting and a new node stay or are changed back; a deleted node comes back.
    let (note, source) = (sent.nodes[0].id, sent.nodes[1].id);
    let added = NodeId::new(session.stamp());
    let mut edit = Batch::new();
    let patch = Registers::new().with(RegisterName::Title, session.stamp(), "mine").with(
        RegisterName::config("mine"),
        session.stamp(),
        1_u32,
    );
    edit.merge(EntityKey::node(sent.id, source), &patch);
    edit.merge(EntityKey::node(sent.id, note), &Registers::new().with(RegisterName::Deleted, session.stamp(), true));
    let new = Node::new(added, "note", Point::default());
    edit.merge(EntityKey::node(sent.id, added), &new.to_registers(session.stamp()).unwrap());
    session.write(edit);
    session.flush().await;
    let loaded = session.load(sent.id).await.unwrap();
    let update = Update::new(&loaded, &came, session.stamp()).unwrap();
    let keys: Vec<_> = update.patches().iter().map(|(key, patch)| (*key, patch.len())).collect();
    assert_eq!(keys, [(EntityKey::node(sent.id, source), 1), (EntityKey::node(sent.id, note), 1)]);
    let before = loaded;
    let loaded = merged(&session, sent.id, update.patches()).await;
    assert_eq!(loaded.nodes.rows.len(), 3);
    assert_eq!(registers(&loaded, source).value(&RegisterName::Title).unwrap().text(), "\"\"");
    assert!(registers(&loaded, source).value(&RegisterName::config("mine")).is_some());
    assert!(!registers(&loaded, note).is_deleted());

    // And the way back.
    let loaded = merged(&session, sent.id, &update.undone(&loaded, session.stamp())).await;
    for node in [note, source, added] {
        assert_eq!(values(&loaded, node), values(&before, node));
    }
}

#[tokio::test]
async fn an_update_is_undone_but_for_what_was_changed_since() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    let mut here = Workflow::new(WorkflowId::new(session.stamp()), "Here");
    here.nodes = (0..2).map(|_| Node::new(NodeId::new(session.stamp()), "note", Point::default())).collect();
    session.write(batch(&here, session.stamp()));
    session.flush().await;
    let mut there = here.clone();
    there.name = "There".to_owned();
    there.nodes[0].title = "theirs".to_owned();
    there.nodes[1].title = "theirs".to_owned();
    there.nodes.extend((0..2).map(|_| Node::new(NodeId::new(session.stamp()), "note", Point::default())));
    let [first, second, third, fourth] = std::array::from_fn(|number| there.nodes[number].id);
    let before = session.load(here.id).await.unwrap();
    let update = Update::new(&before, &there, session.stamp()).unwrap();
    merged(&session, here.id, update.patches()).await;
    let title = |text: &str| Registers::new().with(RegisterName::Title, session.stamp(), text);
    let edits = [second, fourth].map(|node| (EntityKey::node(here.id, node), title("later")));
    let loaded = merged(&session, here.id, &edits).await;

    let loaded = merged(&session, here.id, &update.undone(&loaded, session.stamp())).await;
    let title = |node| registers(&loaded, node).value(&RegisterName::Title).unwrap().text().to_owned();
    assert_eq!([first, second, fourth].map(title), ["\"\"", "\"later\"", "\"later\""]);
    let is_deleted = |node| registers(&loaded, node).is_deleted();
    assert_eq!([first, second, third, fourth].map(is_deleted), [false, false, true, false]);
    let name = loaded.workflow.as_ref().unwrap().registers.value(&RegisterName::Name).unwrap();
    assert_eq!(name.text(), "\"Here\"");
    // What is undone once is not undone again.
    assert_eq!(update.undone(&loaded, session.stamp()), []);
}

/// Stores patches of a workflow, and gives it as it is then.
async fn merged(session: &Session, workflow: WorkflowId, patches: &[(EntityKey, Registers)]) -> Loaded {
    let mut batch = Batch::new();
    for (key, patch) in patches {
        batch.merge(*key, patch);
    }
    session.write(batch);
    session.flush().await;
    session.load(workflow).await.unwrap()
}

fn registers(loaded: &Loaded, node: NodeId) -> &Registers {
    &loaded.nodes.rows.iter().find(|(id, _)| *id == node).unwrap().1.registers
}

/// A node's registers without their stamps; what is not deleted has no such register.
fn values(loaded: &Loaded, node: NodeId) -> Vec<(String, Option<String>)> {
    let all = registers(loaded, node)
        .iter()
        .map(|(name, register)| (name.to_string(), register.value.as_ref().map(|value| value.text().to_owned())));
    all.filter(|(name, value)| name != "deleted" || value.as_deref() == Some("true")).collect()
}

#[tokio::test]
async fn what_is_refused_or_fails_leaves_the_store_as_it_was() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let session = open(home.path()).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await);
    let sent = workflow(&mut || session.stamp(), &one, &two);
    let file = other.path().join("a.genaiw.zip");
    plan(&session, &sent).await.layout.save(session.assets(), &file, Ticket::default()).await.unwrap();

    let receiver_home = other.path().join("receiver");
    let receiver = open(&receiver_home).await;
    keep(&receiver, b"mine").await;
    receiver.flush().await;
    let media = |home: &Path| files(&home.join("atelier"));
    let (before, rows) = (media(&receiver_home), receiver.assets().usage().await.unwrap().assets);

    // One byte of the second picture is another: it is refused, and nothing is written to find that out.
    let sound = fs::read(&file).unwrap();
    let mut broken = sound.clone();
    let at = sound.windows(100).rposition(|part| part == [2; 100]).unwrap();
    broken[at] ^= 1;
    fs::write(&file, &broken).unwrap();
    let package = look(receiver.assets(), Source::File(file.clone()), Ticket::default()).await.unwrap();
    assert_eq!(package.refusal().unwrap().code(), "entry-damaged");
    assert_eq!(
        (media(&receiver_home), receiver.assets().usage().await.unwrap().assets),
        (before.clone(), rows.clone())
    );

    // It changes between the check and the import: what came in by then goes again.
    fs::write(&file, &sound).unwrap();
    let checked = look(receiver.assets(), Source::File(file.clone()), Ticket::default()).await.unwrap();
    fs::write(&file, &broken).unwrap();
    let source = Source::File(file.clone());
    let error = checked.keep_media(receiver.assets(), &source, Ticket::default()).await.unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert_eq!(
        (media(&receiver_home), receiver.assets().usage().await.unwrap().assets),
        (before.clone(), rows.clone())
    );

    // Called off.
    fs::write(&file, &sound).unwrap();
    let ticket = Ticket::default();
    ticket.cancel();
    let error = checked.keep_media(receiver.assets(), &source, ticket).await.unwrap_err();
    assert_eq!(error, Error::Cancelled);
    assert_eq!(
        (media(&receiver_home), receiver.assets().usage().await.unwrap().assets),
        (before.clone(), rows.clone())
    );

    // Stored, and then not wanted.
    let stored = checked.keep_media(receiver.assets(), &source, Ticket::default()).await.unwrap();
    assert_eq!(stored.stored(), 2);
    stored.undo(receiver.assets()).await.unwrap();
    assert_eq!((media(&receiver_home), receiver.assets().usage().await.unwrap().assets), (before, rows));
}

#[tokio::test]
async fn a_package_comes_in_without_its_damaged_parts_and_says_where_they_were() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let session = open(home.path()).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await);
    let sent = workflow(&mut || session.stamp(), &one, &two);
    let file = home.path().join("a.genaiw.zip");
    plan(&session, &sent).await.layout.save(session.assets(), &file, Ticket::default()).await.unwrap();
    let mut broken = fs::read(&file).unwrap();
    let at = broken.windows(100).position(|part| part == [1; 100]).unwrap();
    broken[at] ^= 1;
    let source = Source::Bytes(broken.into());
    let package: Package = look(session.assets(), source.clone(), Ticket::default()).await.unwrap();
    assert_eq!(package.damaged.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [one.id]);

    let receiver = open(other.path()).await;
    let outlook = package.outlook(receiver.assets()).await.unwrap();
    assert_eq!((outlook.new, outlook.rejected, outlook.missing), (1, 1, 0));
    let media = package.keep_media(receiver.assets(), &source, Ticket::default()).await.unwrap();
    let came = package.into_workflow(&media, Way::Copy, &mut || receiver.stamp());
    let Some(NodeResult::Asset(lost)) = &came.nodes[0].result else { panic!("{:?}", came.nodes[0].result) };
    assert_eq!(lost.id, Some(one.id));
    assert_eq!(receiver.assets().asset(one.id).await.unwrap(), None, "it is not here");

    // It goes out again as something that is missing, and the package is sound.
    let plan = Plan::new(receiver.assets(), came, &Originals::new()).await.unwrap();
    assert_eq!((plan.embedded, plan.missing.len()), (1, 1));
    let again = other.path().join("b.genaiw.zip");
    plan.layout.save(receiver.assets(), &again, Ticket::default()).await.unwrap();
    let package = look(receiver.assets(), Source::File(again), Ticket::default()).await.unwrap();
    assert_eq!(package.refusal(), None);
    let Some(NodeResult::Other(mark)) = &package.workflow.nodes[0].result else { panic!("no mark") };
    assert!(mark.text().contains("\"missing\"") && mark.text().contains(&one.id.to_string()), "{mark:?}");
}

#[tokio::test]
async fn an_export_that_is_called_off_or_finds_damage_leaves_nothing_and_replaces_nothing() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let session = open(home.path()).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await);
    let sent = workflow(&mut || session.stamp(), &one, &two);
    let plan = plan(&session, &sent).await;
    let file = other.path().join("a.genaiw.zip");
    fs::write(&file, "what was there").unwrap();
    let ticket = Ticket::default();
    ticket.cancel();
    assert_eq!(plan.layout.save(session.assets(), &file, ticket).await, Err(Error::Cancelled));
    fs::write(home.path().join(format!("atelier/assets/image/{}", two.id)), picture(7)).unwrap();
    let error = plan.layout.save(session.assets(), &file, Ticket::default()).await.unwrap_err();
    assert!(matches!(&error, Error::Io { reason, .. } if reason.contains("damaged")), "{error:?}");
    assert_eq!(files(other.path()).into_iter().collect::<Vec<_>>(), [(file, sha256(b"what was there"))]);
}

#[tokio::test]
async fn an_original_is_embedded_in_place_of_its_address() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    let (one, two, three) =
        (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await, keep(&session, &picture(3)).await);
    let sent = workflow(&mut || session.stamp(), &one, &two);
    let originals = Originals::from([("https://example.com/a.png".to_owned(), three.clone())]);
    let plan = Plan::new(session.assets(), sent, &originals).await.unwrap();
    assert_eq!((plan.embedded, plan.urls.len()), (3, 0));
    let file = home.path().join("a.genaiw.zip");
    plan.layout.save(session.assets(), &file, Ticket::default()).await.unwrap();
    let package = look(session.assets(), Source::File(file), Ticket::default()).await.unwrap();
    assert_eq!((package.refusal(), package.contents().len()), (None, 3));
    let mark = package.workflow.nodes[1].config.get("from").unwrap().text();
    assert!(mark.contains("embedded") && mark.contains(&three.id.to_string()), "{mark}");
}

/// What another program prints that has nothing to complain of. It has to be on the machine: the tests' set-up installs it.
fn printed_by(program: &mut Command) -> String {
    let name = program.get_program().to_string_lossy().into_owned();
    let output = program.output();
    assert!(output.is_ok(), "{name}, which is Debian's package {name}, can't be started: {output:?}");
    let output = output.unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const READ_WITH_PYTHON: &str = r"
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as package:
    assert package.testzip() is None
    manifest = json.loads(package.read('manifest.json'))
    workflow = json.loads(package.read('workflow.json'))
    assert manifest['workflow']['id'] == workflow['id']
    for asset in manifest['assets']:
        if asset['origin'] == 'embedded':
            content = package.read(asset['file'])
            assert len(content) == asset['bytes']
            assert asset['hash'] == 'sha256-' + hashlib.sha256(content).hexdigest()
    print(len(package.namelist()))
";

#[tokio::test]
async fn another_programs_reader_agrees_on_every_entry() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await);
    let sent = workflow(&mut || session.stamp(), &one, &two);
    let file = home.path().join("a.genaiw.zip");
    plan(&session, &sent).await.layout.save(session.assets(), &file, Ticket::default()).await.unwrap();
    assert_eq!(printed_by(Command::new("python3").args(["-c", READ_WITH_PYTHON]).arg(&file)).trim(), "4");
}

#[tokio::test]
async fn info_zip_unpacks_a_package_to_the_same_contents() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await);
    let sent = workflow(&mut || session.stamp(), &one, &two);
    let (file, folder) = (home.path().join("a.genaiw.zip"), home.path().join("unpacked"));
    plan(&session, &sent).await.layout.save(session.assets(), &file, Ticket::default()).await.unwrap();
    printed_by(Command::new("unzip").arg("-q").arg(&file).arg("-d").arg(&folder));
    let unpacked = files(&folder);
    assert_eq!(unpacked.len(), 4);
    let mut archive = zip::ZipArchive::new(fs::File::open(&file).unwrap()).unwrap();
    for (name, says) in
        [("manifest.json", one.hash.clone()), ("workflow.json", json(&sent.nodes[0].title).text().into())]
    {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        assert!(text.contains(&says), "{name}: {text}");
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), text);
    }
    for asset in [&one, &two] {
        let name = folder.join(format!("assets/{}.png", asset.id));
        assert_eq!(format!("sha256-{}", unpacked[&name]), asset.hash);
    }
}

#[tokio::test]
async fn what_could_not_be_read_again_is_not_written() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &picture(2)).await);
    let whole = workflow(&mut || session.stamp(), &one, &two);
    for (value, code) in [
        ("1e999", "bad-number"),
        (r#"{"kind":"url","url":"ftp://example.com/a.png"}"#, "url-scheme"),
        (r#""\ud800""#, "workflow-json"),
    ] {
        let mut workflow = whole.clone();
        workflow.nodes[0].config.put("value", serde_json::from_str::<storage::model::Json>(value).unwrap());
        let error = Plan::new(session.assets(), workflow, &Originals::new()).await.unwrap_err();
        assert!(matches!(&error, Error::Refused { name, .. } if name == code), "{value}: {error:?}");
    }
}
