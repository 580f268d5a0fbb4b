//! One process for one data folder. The first holds a lock on it; a second hands over what it was started for and ends.
//!
//! The lock is the system's, so it goes with its process however that ends, and whoever holds it may remove what an earlier one
//! has left. The way to the first process is a socket that only this user can reach: in the data folder, or, where that path
//! is too long for a socket, in a private folder among the temporary ones. The file `atelier.address` says where.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::Path,
    time::Duration,
};

use storage::Error;
use tracing::{info, warn};

use super::windows::{Request, Windows};

const LOCK: &str = "atelier.lock";
#[cfg(unix)]
const ADDRESS: &str = "atelier.address";
/// How long a process that holds the folder may take to answer: it may be starting, or its disk be slow.
const PATIENCE: Duration = Duration::from_secs(6);

/// What this process is.
pub enum Instance {
    /// The only one on the folder, for as long as this lives.
    First(Held),
    /// Another one has taken the request.
    HandedOver,
    /// Another one holds the folder and doesn't answer.
    Refused(Error),
}

/// The folder's lock, and the way to whoever holds it.
pub struct Held {
    /// None: the folder knows no locks. The database has its own beneath.
    lock: Option<File>,
}

/// Takes the folder, or hands the request to the process that has it.
pub fn take(folder: &Path, request: &Request) -> Instance {
    match lock(folder) {
        Ok(lock) => Instance::First(Held { lock: Some(lock) }),
        Err(TryLockError::WouldBlock) => match hand_over(folder, request) {
            Ok(()) => Instance::HandedOver,
            Err(error) => {
                warn!(kind = ?error.kind(), "the process that has the data folder doesn't answer");
                Instance::Refused(Error::Locked("another Atelier has opened it and doesn’t answer".into()))
            }
        },
        // Opening the database says what is wrong with the folder, if anything is.
        Err(TryLockError::Error(error)) => {
            warn!(kind = ?error.kind(), "the data folder can't be locked");
            Instance::First(Held { lock: None })
        }
    }
}

fn lock(folder: &Path) -> Result<File, TryLockError> {
    let open = || {
        fs::create_dir_all(folder)?;
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(folder.join(LOCK))
    };
    let file = open().map_err(|error: io::Error| TryLockError::Error(error))?;
    file.try_lock()?;
    Ok(file)
}

impl Held {
    /// Takes what other starts ask for, from now on and for as long as the process lives.
    pub fn listen(&self, folder: &Path, windows: &Windows) {
        if self.lock.is_none() {
            return;
        }
        match listen(folder, windows.clone()) {
            Ok(()) => info!("other starts are heard"),
            Err(error) => warn!(kind = ?error.kind(), "other starts can't be heard"),
        }
    }
}

#[cfg(unix)]
use unix::{hand_over, listen};

#[cfg(unix)]
mod unix {
    use std::{
        fs::{self, Permissions},
        io::{self, BufRead as _, BufReader, Read as _, Write as _},
        os::unix::{
            fs::{DirBuilderExt as _, PermissionsExt as _},
            net::{UnixListener, UnixStream},
        },
        path::{Path, PathBuf},
        thread,
        time::{Duration, Instant},
    };

    use super::{ADDRESS, PATIENCE, Request, Windows};

    /// A socket's path has room for 104 bytes on some systems, and for 108 on others, with a zero at the end.
    const LONGEST: usize = 100;
    /// Longer than all arguments that a system lets a process have.
    const LIMIT: u64 = 8 << 20;
    const TAKEN: &[u8] = b"taken\n";

    /// Hears other starts. Only whoever holds the folder's lock calls it.
    pub fn listen(folder: &Path, windows: Windows) -> io::Result<()> {
        let path = place(folder)?;
        // Of a process that was killed: the lock is ours, so nobody listens there.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        // Renamed into place: who reads it, reads all of it.
        let draft = folder.join(format!("{ADDRESS}.new"));
        fs::write(&draft, path.as_os_str().as_encoded_bytes())?;
        fs::rename(draft, folder.join(ADDRESS))?;
        thread::Builder::new().name("other starts".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                // A start that goes away in the middle has asked for nothing.
                if let Ok(request) = hear(&stream) {
                    windows.ask(request);
                    let _is_gone = (&stream).write_all(TAKEN);
                }
            }
        })?;
        Ok(())
    }

    /// Where the socket is.
    fn place(folder: &Path) -> io::Result<PathBuf> {
        let near = std::path::absolute(folder)?.join("atelier.sock");
        if near.as_os_str().len() <= LONGEST {
            return Ok(near);
        }
        // Nobody else may put anything there: made anew, and for this user alone.
        let start = Instant::now();
        loop {
            let number = std::process::id().wrapping_add(start.elapsed().subsec_nanos());
            let private = std::env::temp_dir().join(format!("atelier-{number:08x}"));
            match fs::DirBuilder::new().mode(0o700).create(&private) {
                Ok(()) => return Ok(private.join("s")),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && start.elapsed() < PATIENCE => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn hear(stream: &UnixStream) -> io::Result<Request> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = String::new();
        BufReader::new(stream.take(LIMIT)).read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Gives a request to the process that has the folder.
    pub fn hand_over(folder: &Path, request: &Request) -> io::Result<()> {
        let mut text = serde_json::to_string(request)?;
        text.push('\n');
        let start = Instant::now();
        // It may have the lock and not listen yet.
        let mut stream = loop {
            match connect(folder) {
                Ok(stream) => break stream,
                Err(error) if start.elapsed() > PATIENCE => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(text.as_bytes())?;
        let mut answer = [0; TAKEN.len()];
        stream.read_exact(&mut answer)?;
        if answer == TAKEN { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn connect(folder: &Path) -> io::Result<UnixStream> {
        use std::os::unix::ffi::OsStringExt as _;
        let address = fs::read(folder.join(ADDRESS))?;
        UnixStream::connect(PathBuf::from(std::ffi::OsString::from_vec(address)))
    }
}

/// There is no way between processes here yet.
#[cfg(not(unix))]
fn listen(_folder: &Path, _windows: Windows) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn hand_over(_folder: &Path, _request: &Request) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
