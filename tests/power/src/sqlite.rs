//! A layer over `SQLite`'s own file layer, that notes what is done and then does it.
//!
//! A file is opened by the layer beneath, into its own object, and stays that: only the table of functions that it points to is
//! replaced by a copy in which three functions are ours. They find the layer's own by the address of the object.

#![expect(unsafe_code, reason = "SQLite's file layer is C")]

use std::{
    collections::BTreeMap,
    ffi::{CStr, OsStr, c_char, c_int, c_void},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    ptr, slice,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use rusqlite::ffi::{
    SQLITE_ERROR, SQLITE_NOTFOUND, SQLITE_OK, SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_WAL,
    sqlite3_file, sqlite3_filename, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};

use crate::recording::{Op, note};

/// The layer beneath.
struct Beneath(*mut sqlite3_vfs);

// SAFETY: it is registered for as long as the process lives, and SQLite itself calls it from many threads.
unsafe impl Send for Beneath {}
// SAFETY: as above.
unsafe impl Sync for Beneath {}

static BENEATH: OnceLock<Beneath> = OnceLock::new();

/// What is known of an open file, by the address of its object.
struct Open {
    path: PathBuf,
    /// The functions of the layer beneath: a table that lives as long as the process.
    own: &'static sqlite3_io_methods,
    /// Whether the first sync also syncs the folder.
    syncs_folder: bool,
}

static OPEN: Mutex<BTreeMap<usize, Open>> = Mutex::new(BTreeMap::new());

fn open_files() -> MutexGuard<'static, BTreeMap<usize, Open>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the layer the one that every connection uses from now on.
pub fn register() {
    // SAFETY: a null name asks for the default layer, which is there since the library is, and lives as long as the process.
    let beneath = unsafe { sqlite3_vfs_find(ptr::null()) };
    assert!(!beneath.is_null(), "SQLite has a file layer");
    assert!(BENEATH.set(Beneath(beneath)).is_ok(), "registered once");
    // SAFETY: `beneath` points to a layer, as said. The copy differs in its name and in two functions, which keep its contract;
    // the others are given the copy as the first argument, of which they read what is copied.
    let layer = unsafe {
        let mut layer = ptr::read(beneath);
        layer.pNext = ptr::null_mut();
        layer.zName = c"recorded".as_ptr();
        layer.xOpen = Some(open);
        layer.xDelete = Some(delete);
        Box::leak(Box::new(layer))
    };
    // SAFETY: leaked, so it lives as long as the process.
    let registered = unsafe { sqlite3_vfs_register(layer, 1) };
    assert_eq!(registered, SQLITE_OK);
}

/// The path of a name that SQLite gives.
///
/// # Safety
/// `name` is a C string.
unsafe fn path(name: *const c_char) -> PathBuf {
    // SAFETY: the caller says so.
    let name = unsafe { CStr::from_ptr(name) };
    Path::new(OsStr::from_bytes(name.to_bytes())).to_owned()
}

/// `xOpen`: <https://sqlite.org/c3ref/vfs.html>
unsafe extern "C" fn open(
    _layer: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let Some(Beneath(beneath)) = BENEATH.get() else { return SQLITE_ERROR };
    // SAFETY: SQLite calls this with what `xOpen` is given; `file` has the size that the layer beneath asked for.
    let (result, is_there) = unsafe {
        let Some(own_open) = (**beneath).xOpen else { return SQLITE_ERROR };
        let is_there = !name.is_null() && path(name).exists();
        (own_open(*beneath, name, file, flags, out_flags), is_there)
    };
    let kept = flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL) != 0;
    if result != SQLITE_OK || name.is_null() || !kept {
        return result;
    }
    // SAFETY: an opened file has functions, in a table that the layer beneath keeps for as long as the process lives.
    let (path, own) = unsafe { (path(name), &*(*file).pMethods) };
    if !is_there {
        note(&path, || Op::Created(path.clone()));
    }
    let syncs_folder = !is_there && flags & SQLITE_OPEN_MAIN_DB == 0;
    open_files().insert(file as usize, Open { path, own, syncs_folder });
    // SAFETY: as above. `file` is ours alone until this returns.
    unsafe {
        let mut methods = ptr::read(own);
        methods.xClose = Some(close);
        methods.xWrite = Some(write);
        methods.xTruncate = Some(truncate);
        methods.xSync = Some(sync);
        // One for each file that a test opens: they go with the process.
        (*file).pMethods = Box::leak(Box::new(methods));
    }
    SQLITE_OK
}

/// `xDelete`
unsafe extern "C" fn delete(_layer: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    let Some(Beneath(beneath)) = BENEATH.get() else { return SQLITE_ERROR };
    // SAFETY: SQLite calls this with what `xDelete` is given.
    let (path, result) = unsafe {
        let Some(own) = (**beneath).xDelete else { return SQLITE_NOTFOUND };
        (path(name), own(*beneath, name, sync_folder))
    };
    if result == SQLITE_OK {
        note(&path, || Op::Removed(path.clone()));
        if sync_folder != 0 {
            folder_synced(&path);
        }
    }
    result
}

fn folder_synced(path: &Path) {
    if let Some(folder) = path.parent() {
        note(folder, || Op::FolderSynced(folder.to_owned()));
    }
}

/// The path of an open file, and the function beneath that `pick` names.
fn own<F: Copy>(file: *mut sqlite3_file, pick: impl Fn(&sqlite3_io_methods) -> Option<F>) -> Option<(PathBuf, F)> {
    let files = open_files();
    let open = files.get(&(file as usize))?;
    Some((open.path.clone(), pick(open.own)?))
}

/// `xClose`
unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let Some((_, own)) = own(file, |methods| methods.xClose) else { return SQLITE_ERROR };
    open_files().remove(&(file as usize));
    // SAFETY: SQLite calls this with an open file, once.
    unsafe { own(file) }
}

/// `xWrite`
unsafe extern "C" fn write(file: *mut sqlite3_file, bytes: *const c_void, size: c_int, at: sqlite3_int64) -> c_int {
    let Some((path, own)) = own(file, |methods| methods.xWrite) else { return SQLITE_ERROR };
    // SAFETY: SQLite calls this with an open file and `size` bytes.
    let (result, written) = unsafe {
        let written = slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(size).unwrap_or(0));
        (own(file, bytes, size, at), written)
    };
    if result == SQLITE_OK {
        note(&path, || Op::Written(path.clone(), u64::try_from(at).unwrap_or(0), written.to_vec()));
    }
    result
}

/// `xTruncate`
unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    let Some((path, own)) = own(file, |methods| methods.xTruncate) else { return SQLITE_ERROR };
    // SAFETY: SQLite calls this with an open file.
    let result = unsafe { own(file, size) };
    if result == SQLITE_OK {
        note(&path, || Op::Truncated(path.clone(), u64::try_from(size).unwrap_or(0)));
    }
    result
}

/// `xSync`
unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    let Some((path, own)) = own(file, |methods| methods.xSync) else { return SQLITE_ERROR };
    // SAFETY: SQLite calls this with an open file.
    let result = unsafe { own(file, flags) };
    if result == SQLITE_OK {
        note(&path, || Op::Synced(path.clone()));
        let first = open_files().get_mut(&(file as usize)).is_some_and(|open| std::mem::take(&mut open.syncs_folder));
        if first {
            folder_synced(&path);
        }
    }
    result
}
