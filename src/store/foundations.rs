//! What a check looks at before anything else: the store's directories and lock files, which every
//! command needs; and the documents of volumes and networks.

use super::check::{Finding, Mend};
use super::layout::Store;
use super::volumes::{self, Volume};
use super::{gc, networks};
use crate::container::volume::VolumeName;
use crate::error::{Doing, Kind, Result};
use crate::sys::file::{self, Durable};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// The directories that are there from the start.
pub(super) const DIRECTORIES: [&str; 5] = ["images/blobs/sha256", "layers", "containers", "names", "trash"];

/// The files that are locked, where they are there.
const LOCKS: [&str; 8] = [
    "ids.lock",
    "images.lock",
    "index.lock",
    "making.lock",
    "names.lock",
    "networks/lock",
    "tmp/gate",
    "volumes.lock",
];

/// Looks whether the directories are there and the locks are files.
pub(super) fn look(store: &Store) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |subject: String, what: &str, mend: Mend| {
        findings.push(Finding { subject, what: what.into(), mend, harmless: false });
    };
    for dir in DIRECTORIES {
        match std::fs::symlink_metadata(store.root().join(dir)) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => find(
                format!("directory {dir}"),
                "is something else",
                Mend::Nothing(format!("move {} away", store.root().join(dir).display())),
            ),
            Err(_) => find(format!("directory {dir}"), "is missing", Mend::Directory(dir.into())),
        }
    }
    for lock in LOCKS {
        if std::fs::symlink_metadata(store.root().join(lock)).is_ok_and(|meta| !meta.is_file()) {
            find(format!("lock {lock}"), "is no file, so nobody can take it", Mend::Lock(lock.into()));
        }
    }
    for id in gc::names(&store.containers()).unwrap_or_default() {
        let lock = format!("containers/{id}/lock");
        let whole = store.containers().join(&id).join("name").exists();
        match std::fs::symlink_metadata(store.root().join(&lock)) {
            Ok(meta) if meta.is_file() => {}
            Ok(_) => find(format!("lock {lock}"), "is no file, so nobody can take it", Mend::Lock(lock)),
            // A container gets its lock first and its name last.
            Err(_) if whole => find(format!("lock {lock}"), "is missing", Mend::Lock(lock)),
            Err(_) => {}
        }
    }
    findings
}

/// Looks at the documents of all volumes and networks.
pub(super) fn records(store: &Store) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut find = |subject: String, what: String, mend: Mend| {
        findings.push(Finding { subject, what, mend, harmless: false });
    };
    for name in volumes::list(store)? {
        let subject = format!("volume {name}");
        match volumes::get(store, &name) {
            Err(error) if error.kind() == Kind::Unsupported => {
                find(subject, error.chain(), Mend::Nothing("use the box that made it".into()));
            }
            Err(error) => find(subject, error.chain(), Mend::Volume(name.to_string())),
            Ok(_) if !volumes::data(store, &name).is_dir() => {
                let advice = format!("its files are lost: box volume rm {name}");
                find(subject, "its directory _data is missing".into(), Mend::Nothing(advice));
            }
            Ok(_) => {}
        }
    }
    for (name, error) in networks::broken(store) {
        find(format!("network {name}"), error.chain(), Mend::Network(name));
    }
    Ok(findings)
}

/// Makes a directory of the store that is missing.
///
/// One system call for each directory: a crash leaves those before it, and the next check the rest.
///
/// # Errors
/// What the disk says.
pub fn make_directory(store: &Store, dir: &str) -> Result<()> {
    let path = store.root().join(dir);
    let mut private = std::fs::DirBuilder::new();
    private.recursive(true).mode(0o700).create(&path).doing(|| format!("make {}", path.display()))
}

/// Puts away what is at the place of a lock; the trash is emptied later. That of a container is made
/// anew, all others by whoever takes them next.
///
/// A crash between the two leaves no lock, which the next check finds as well.
///
/// # Errors
/// What the disk says.
pub fn mend_lock(store: &Store, lock: &str) -> Result<()> {
    let path = store.root().join(lock);
    let place = gc::free_place(&store.trash(), &lock.replace('/', "-"));
    match std::fs::rename(&path, place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).doing(|| format!("move {} to the trash", path.display()));
        }
        _ => {}
    }
    if lock.starts_with("containers/") { file::create_new(&path, b"", Durable::No) } else { Ok(()) }
}

/// Gives a volume whose document is broken one that says nothing: its files stay, its labels and
/// options are lost. The old one stays beside it, as `volume.json.damaged`.
///
/// A crash between the two leaves no document, which the next check finds as well.
///
/// # Errors
/// What the disk says.
pub fn mend_volume(store: &Store, name: &str) -> Result<()> {
    let name: VolumeName = name.parse()?;
    let path = store.volume(&name).join("volume.json");
    put_beside(&path)?;
    let text = serde_json::to_vec(&Volume::new(name, false)).expect("a volume is strings and numbers");
    file::replace(&path, &text, Durable::Yes)
}

/// Puts the broken document of a network beside its place, as `network.json.damaged`; then there is no
/// such network, and it can be made again.
///
/// # Errors
/// What the disk says.
pub fn mend_network(store: &Store, name: &str) -> Result<()> {
    put_beside(&store.networks().join(name).join("network.json"))
}

fn put_beside(path: &Path) -> Result<()> {
    match std::fs::rename(path, path.with_extension("json.damaged")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("put {} aside", path.display()))
        }
        _ => Ok(()),
    }
}
