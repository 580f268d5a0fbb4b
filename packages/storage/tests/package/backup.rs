//! Several workflows out of one store in one file, and into another.

use std::pin::pin;

use futures::future::{Either, select};
use storage::package::{self, Backup, Found, PackageError};

use super::*;

/// Three workflows: two of one name, which share a picture, and one with nothing in it.
async fn three(session: &Session) -> Vec<Workflow> {
    let (one, two, three) =
        (keep(session, &picture(1)).await, keep(session, &picture(2)).await, keep(session, &picture(3)).await);
    let mut empty = Workflow::new(WorkflowId::new(session.stamp()), "Nothing / yet");
    empty.updated_at = 1_794_406_254_608;
    vec![workflow(&mut || session.stamp(), &one, &two), empty, workflow(&mut || session.stamp(), &two, &three)]
}

async fn plans(session: &Session, workflows: &[Workflow]) -> Vec<Plan> {
    let mut plans = Vec::new();
    for workflow in workflows {
        plans.push(plan(session, workflow).await);
    }
    plans
}

/// Backs the workflows up.
async fn written(session: &Session, workflows: &[Workflow], file: &Path) {
    let layout = package::backup(plans(session, workflows).await).unwrap();
    let ticket = Ticket::default();
    let progress = ticket.progress();
    layout.save(session.assets(), file, ticket).await.unwrap();
    assert_eq!((fs::metadata(file).unwrap().len(), *progress.borrow()), (layout.bytes, layout.bytes));
}

async fn listed(assets: &Assets, source: &Source) -> Backup {
    let found = package::find(assets, source.clone(), Ticket::default()).await;
    let Ok(Found::Backup(backup)) = found else { unreachable!("a backup was written: {found:?}") };
    backup
}

/// Brings in every package that is sound. Gives the workflows, and why the others stay out.
async fn restored(session: &Session, file: &Path) -> (Vec<Workflow>, Vec<(String, PackageError)>) {
    let whole = Source::File(file.to_owned());
    let (mut came, mut refused) = (Vec::new(), Vec::new());
    for inside in listed(session.assets(), &whole).await.packages {
        let source = inside.source(&whole).await.unwrap();
        let package = look(session.assets(), source.clone(), Ticket::default()).await;
        let refusal = package.as_ref().map_or_else(|error| Some(error.clone()), |package| package.refusal().cloned());
        if let Some(error) = refusal {
            refused.push((inside.file().to_owned(), error));
            continue;
        }
        let package = package.unwrap();
        let media = package.keep_media(session.assets(), &source, Ticket::default()).await.unwrap();
        let workflow = package.into_workflow(&media, Way::Update, &mut || session.stamp());
        session.write(batch(&workflow, session.stamp()));
        session.flush().await;
        came.push(workflow);
    }
    (came, refused)
}

#[tokio::test]
async fn everything_that_is_backed_up_comes_back_elsewhere() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let session = open(home.path()).await;
    let sent = three(&session).await;
    let (file, turned) = (home.path().join("one.zip"), home.path().join("two.zip"));
    written(&session, &sent, &file).await;
    written(&session, &sent.iter().rev().cloned().collect::<Vec<_>>(), &turned).await;
    assert_eq!(fs::read(&file).unwrap(), fs::read(&turned).unwrap(), "the order does not matter");

    let names: Vec<_> = listed(session.assets(), &Source::File(file.clone()))
        .await
        .packages
        .iter()
        .map(|inside| inside.entry.clone())
        .collect();
    assert_eq!(names, ["Lighthouse- 灯塔.genaiw.zip", "Lighthouse- 灯塔 (2).genaiw.zip", "Nothing - yet.genaiw.zip"]);

    let receiver = open(other.path()).await;
    let (came, refused) = restored(&receiver, &file).await;
    assert_eq!(refused, []);
    assert_eq!(receiver.assets().usage().await.unwrap().assets.len(), 3, "the shared picture is kept once");
    assert_eq!(receiver.assets().verify(Ticket::default()).await.unwrap(), []);
    // What came back is what was stored, and goes out as the same file but for the ids of the media.
    for workflow in &came {
        let loaded = receiver.load(workflow.id).await.unwrap();
        assert_eq!(Update::new(&loaded, workflow, receiver.stamp()).unwrap().patches(), []);
    }
    assert_eq!(packed(&receiver, &came).await, packed(&session, &sent).await);
}

/// What packages of the workflows say of them, with the media by their hashes.
async fn packed(session: &Session, workflows: &[Workflow]) -> BTreeMap<WorkflowId, String> {
    let home = tempfile::tempdir().unwrap();
    let mut all = BTreeMap::new();
    for (workflow, plan) in workflows.iter().zip(plans(session, workflows).await) {
        let file = home.path().join(workflow.id.to_string());
        plan.layout.save(session.assets(), &file, Ticket::default()).await.unwrap();
        let package = look(session.assets(), Source::File(file), Ticket::default()).await.unwrap();
        let mut text = json(&package.workflow).text().to_owned();
        for asset in &package.assets {
            if let Some(content) = &asset.content {
                assert!(text.contains(&asset.id.to_string()));
                text = text.replace(&asset.id.to_string(), &content.hash);
            }
        }
        all.insert(workflow.id, text);
    }
    all
}

#[tokio::test]
async fn a_damaged_package_is_named_and_the_rest_comes_back() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let session = open(home.path()).await;
    let sent = three(&session).await;
    let file = home.path().join("a.zip");
    written(&session, &sent, &file).await;
    let mut bytes = fs::read(&file).unwrap();
    // The first picture is in the first package only.
    let at = bytes.windows(100).position(|part| part == [1; 100]).unwrap();
    bytes[at] ^= 1;
    fs::write(&file, bytes).unwrap();
    let receiver = open(other.path()).await;
    let (came, refused) = restored(&receiver, &file).await;
    let refused: Vec<_> = refused.iter().map(|(file, error)| (&**file, error.code())).collect();
    assert_eq!(refused, [("Lighthouse- 灯塔.genaiw.zip", "entry-damaged")]);
    assert_eq!(came.len(), 2);
    assert_eq!(receiver.assets().usage().await.unwrap().assets.len(), 2, "nothing of the damaged one");
}

#[tokio::test]
async fn a_backup_that_is_called_off_anywhere_leaves_nothing_and_replaces_nothing() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let session = open(home.path()).await;
    let sent = three(&session).await;
    let layout = package::backup(plans(&session, &sent).await).unwrap();
    let file = other.path().join("a.zip");
    let mut called_off = 0;
    // After so many steps of progress. How many it takes to be through depends on how the threads take turns; before the first it
    // is called off for certain.
    for steps in 0..20 {
        fs::write(&file, "what was there").unwrap();
        let ticket = Ticket::default();
        let mut progress = ticket.progress();
        let calling_off = async {
            for _ in 0..steps {
                progress.changed().await.unwrap();
            }
            ticket.cancel();
        };
        let saving = layout.save(session.assets(), &file, ticket.clone());
        let saved = match select(pin!(calling_off), pin!(saving)).await {
            Either::Left(((), saving)) => saving.await,
            Either::Right((saved, _)) => saved,
        };
        let names: Vec<_> = files(other.path()).into_keys().collect();
        assert_eq!(names, std::slice::from_ref(&file), "after {steps} steps");
        if let Err(error) = saved {
            assert_eq!(error, Error::Cancelled);
            assert_eq!(fs::read(&file).unwrap(), b"what was there");
            called_off += 1;
        } else {
            assert_eq!(fs::metadata(&file).unwrap().len(), layout.bytes);
        }
    }
    println!("it was called off {called_off} times");
    assert!(called_off > 0);
}

const UNPACK_WITH_PYTHON: &str = r"
import io, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as outer:
    assert outer.testzip() is None
    for name in outer.namelist():
        with zipfile.ZipFile(io.BytesIO(outer.read(name))) as package:
            assert package.testzip() is None
            assert 'manifest.json' in package.namelist()
    print(len(outer.namelist()))
";

#[tokio::test]
async fn another_program_gets_the_packages_out() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    let file = home.path().join("a.zip");
    let sent = three(&session).await;
    written(&session, &sent, &file).await;
    assert_eq!(printed_by(Command::new("python3").args(["-c", UNPACK_WITH_PYTHON]).arg(&file)).trim(), "3");
}
