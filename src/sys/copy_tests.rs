//! Tests of `sys::copy`.

use super::*;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

fn scratch(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("box-copy-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(dir.join("from/sub")).unwrap();
    fs::create_dir_all(dir.join("to")).unwrap();
    dir
}

fn copy(dir: &std::path::Path, existing: Existing) -> Result<Skipped> {
    let (from, to) = (File::open(dir.join("from")).unwrap(), File::open(dir.join("to")).unwrap());
    let mut copier = Copier::new(Owner::Keep, existing);
    copier.directory(from.as_fd(), to.as_fd())?;
    Ok(copier.skipped())
}

#[test]
fn links_holes_modes_and_attributes_survive() {
    let dir = scratch("whole");
    let from = dir.join("from");
    fs::write(from.join("a"), "one").unwrap();
    fs::set_permissions(from.join("a"), fs::Permissions::from_mode(0o4750)).unwrap();
    fs::hard_link(from.join("a"), from.join("sub/b")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", from.join("link")).unwrap();
    let sparse = File::create(from.join("sparse")).unwrap();
    sparse.set_len(8 << 20).unwrap();
    rustix::io::pwrite(&sparse, b"end", (8 << 20) - 3).unwrap();
    rustix::fs::setxattr(from.join("a"), "user.note", b"hello", rustix::fs::XattrFlags::empty()).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(from.join("socket")).unwrap();
    let skipped = copy(&dir, Existing::Refuse).unwrap();
    assert_eq!(skipped.sockets, 1);
    let to = dir.join("to");
    let meta = fs::metadata(to.join("a")).unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.nlink()), (0o4750, 2));
    assert_eq!(meta.ino(), fs::metadata(to.join("sub/b")).unwrap().ino());
    assert_eq!(meta.mtime_nsec(), fs::metadata(from.join("a")).unwrap().mtime_nsec());
    assert_eq!(fs::read_link(to.join("link")).unwrap(), PathBuf::from("/etc/passwd"));
    let holes = fs::metadata(to.join("sparse")).unwrap();
    assert_eq!(holes.len(), 8 << 20);
    assert!(holes.blocks() * 512 < 1 << 20, "{} blocks", holes.blocks());
    let mut value = [0; 16];
    let n = rustix::fs::getxattr(to.join("a"), "user.note", &mut value[..]).unwrap();
    assert_eq!(&value[..n], b"hello");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn an_owner_that_cannot_be_expressed_is_named_with_its_file() {
    let dir = scratch("owner");
    fs::write(dir.join("from/sub/file"), "x").unwrap();
    let (from, to) = (File::open(dir.join("from")).unwrap(), File::open(dir.join("to")).unwrap());
    let error = layer(&from.into(), &to.into(), &|_, _| None).unwrap_err().chain();
    assert!(error.contains("beyond the ids") && error.contains("copy sub/file:"), "{error}");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_file_and_a_directory_only_take_each_other_s_place_when_told() {
    let dir = scratch("clash");
    fs::write(dir.join("from/file"), "new").unwrap();
    fs::create_dir_all(dir.join("to/file/deep")).unwrap();
    fs::write(dir.join("to/sub"), "was a file").unwrap();
    assert!(copy(&dir, Existing::Merge).is_err());
    copy(&dir, Existing::Overwrite).unwrap();
    assert_eq!(fs::read(dir.join("to/file")).unwrap(), b"new");
    assert!(dir.join("to/sub").is_dir());
    fs::write(dir.join("from/file"), "newer").unwrap();
    copy(&dir, Existing::Merge).unwrap();
    assert_eq!(fs::read(dir.join("to/file")).unwrap(), b"newer");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_link_in_the_target_is_replaced_and_not_followed() {
    let dir = scratch("link");
    fs::write(dir.join("victim"), "untouched").unwrap();
    fs::write(dir.join("from/file"), "new").unwrap();
    std::os::unix::fs::symlink(dir.join("victim"), dir.join("to/file")).unwrap();
    std::os::unix::fs::symlink(&dir, dir.join("to/sub")).unwrap();
    assert!(copy(&dir, Existing::Merge).is_err(), "a link to a directory is no directory");
    fs::remove_file(dir.join("to/sub")).unwrap();
    copy(&dir, Existing::Merge).unwrap();
    assert_eq!(fs::read(dir.join("victim")).unwrap(), b"untouched");
    assert_eq!(fs::read(dir.join("to/file")).unwrap(), b"new");
    fs::remove_dir_all(dir).unwrap();
}
#[test]
fn a_layer_replaces_removes_and_hides() {
    let dir = std::env::temp_dir().join(format!("box-onto-{}", std::process::id()));
    let (from, to) = (dir.join("from"), dir.join("to"));
    for name in ["keep", "hidden", "was-dir"] {
        std::fs::create_dir_all(to.join(name)).unwrap();
        std::fs::write(to.join(name).join("old"), "old").unwrap();
    }
    std::fs::write(to.join("gone"), "x").unwrap();
    for name in ["keep", "hidden", "fresh"] {
        std::fs::create_dir_all(from.join(name)).unwrap();
        std::fs::write(from.join(name).join("new"), "new").unwrap();
    }
    std::fs::write(from.join("was-dir"), "file").unwrap();
    let open = |path: &std::path::Path| OwnedFd::from(std::fs::File::open(path).unwrap());
    for name in ["hidden", "fresh"] {
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::fsetxattr(open(&from.join(name)), c"user.overlay.opaque", b"y", flags).unwrap();
    }
    let node = FileType::CharacterDevice;
    let whiteout = rustix::fs::mknodat(open(&from), c"gone", node, Mode::empty(), 0);
    onto(&open(&from), &open(&to), &|uid, gid| Some((uid, gid))).unwrap();
    assert!(to.join("keep/old").exists() && to.join("keep/new").exists());
    assert!(!to.join("hidden/old").exists() && to.join("hidden/new").exists());
    assert_eq!(std::fs::read_to_string(to.join("was-dir")).unwrap(), "file");
    // Some outer containers let nobody make such a node.
    assert_eq!(to.join("gone").exists(), whiteout.is_err());
    std::fs::remove_dir_all(dir).unwrap();
}
