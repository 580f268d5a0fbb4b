//! Packages of media wherever they are, into wherever media go.

use storage::blobs::Where;

use super::*;

const PLACES: [Where; 3] = [Where::Own, Where::Folder, Where::Database];

/// A store whose media are there, and go there from now on.
async fn open_at(home: &Path, at: Where) -> Session {
    let disk = home.join("disk");
    fs::create_dir(&disk).unwrap();
    let session = open(&home.join("data")).await;
    session.assets().use_folder(disk).await.unwrap();
    move_to(&session, at).await;
    session
}

async fn move_to(session: &Session, at: Where) {
    assert_eq!(session.assets().move_all(at, Ticket::default()).await.unwrap(), []);
}

/// Several pieces of a database long.
fn large() -> Vec<u8> {
    let mut content = picture(2);
    content.extend((0..3_000_000_u32).map(|at| at.to_le_bytes()[at as usize % 3]));
    content
}

#[tokio::test]
async fn a_package_is_the_same_wherever_its_media_are() {
    let home = tempfile::tempdir().unwrap();
    let session = open_at(home.path(), Where::Own).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &large()).await);
    let sent = workflow(&mut || session.stamp(), &one, &two);
    let mut written = Vec::new();
    for at in PLACES {
        move_to(&session, at).await;
        let file = home.path().join("a.genaiw.zip");
        let plan = plan(&session, &sent).await;
        assert!(PLACES.iter().all(|place| plan.layout.has_any_in(*place) == (*place == at)), "{at:?}");
        plan.layout.save(session.assets(), &file, Ticket::default()).await.unwrap();
        let package = look(session.assets(), Source::File(file.clone()), Ticket::default()).await.unwrap();
        assert_eq!((package.refusal(), package.contents().len()), (None, 2), "{at:?}");
        let bytes = fs::read(&file).unwrap();
        for (asset, content) in [(&one, picture(1)), (&two, large())] {
            let packed = package.contents()[&*asset.hash];
            let from = usize::try_from(packed.at).unwrap();
            assert!(bytes[from..].starts_with(&content), "{at:?}: {asset:?}");
        }
        written.push(sha256(&bytes));
    }
    assert_eq!(written, vec![written[0].clone(); 3]);
}

#[tokio::test]
async fn media_of_a_package_come_to_where_new_media_go() {
    let home = tempfile::tempdir().unwrap();
    let session = open(home.path()).await;
    let (one, two) = (keep(&session, &picture(1)).await, keep(&session, &large()).await);
    let sent = workflow(&mut || session.stamp(), &one, &two);
    let file = home.path().join("a.genaiw.zip");
    plan(&session, &sent).await.layout.save(session.assets(), &file, Ticket::default()).await.unwrap();
    for at in PLACES {
        let other = tempfile::tempdir().unwrap();
        let receiver = open_at(other.path(), at).await;
        let (came, media) = import(&receiver, &file, Way::Copy).await;
        receiver.write(batch(&came, receiver.stamp()));
        receiver.flush().await;
        for (sent, content) in [(&one, picture(1)), (&two, large())] {
            let asset = media.get(sent.id).unwrap();
            assert_eq!((Where::of(&asset.place), &asset.hash), (at, &sent.hash));
            assert!(receiver.assets().read(asset.id, 0..u64::MAX).await.unwrap() == content, "{at:?}");
        }
        assert_eq!(receiver.assets().verify(Ticket::default()).await.unwrap(), []);
        let files_in = |folder: &str| files(&other.path().join(folder)).len();
        let expected = match at {
            Where::Own => (2, 0),
            Where::Folder => (0, 2),
            _ => (0, 0),
        };
        assert_eq!((files_in("data/atelier/assets"), files_in("disk")), expected, "{at:?}");
    }
}
