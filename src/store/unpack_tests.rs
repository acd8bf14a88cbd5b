//! What layers may and may not do to the directory they are unpacked into, and around it.

use super::*;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

/// A fresh directory that is removed at the end.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Dir {
        // Not /tmp, which may be a tmpfs without user attributes (before Linux 6.6).
        let path = Path::new("/var/tmp").join(format!("box-unpack-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("layer")).unwrap();
        std::fs::write(path.join("outside"), "untouched").unwrap();
        Dir(path)
    }

    fn layer(&self) -> PathBuf {
        self.0.join("layer")
    }

    fn unpack(&self, archive: &[u8]) -> Result<Unpacked> {
        let fd = fs::open(self.layer(), OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        unpack(archive, fd.unwrap(), mine())
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Tests run as anybody: the only owner they can all give is 0, which means nothing to do.
fn mine() -> Owners {
    Owners::Mapped { uids: vec![(0, 1)], gids: vec![(0, 1)] }
}

fn header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1_000_000_000);
    header
}

#[derive(Default)]
struct Tar(Option<Builder<Vec<u8>>>);

impl Tar {
    fn add(mut self, mut header: Header, name: &str, data: &[u8]) -> Tar {
        // The builder refuses `..`; those who write such layers do not use it.
        let bytes = name.as_bytes();
        header.as_mut_bytes()[..100].fill(0);
        header.as_mut_bytes()[..bytes.len()].copy_from_slice(bytes);
        header.set_cksum();
        self.0.get_or_insert_with(|| Builder::new(Vec::new())).append(&header, data).unwrap();
        self
    }

    fn file(self, name: &str, text: &str) -> Tar {
        self.add(header(EntryType::Regular, text.len() as u64), name, text.as_bytes())
    }

    fn dir(self, name: &str) -> Tar {
        self.add(header(EntryType::Directory, 0), name, b"")
    }

    fn link(self, kind: EntryType, name: &str, target: &str) -> Tar {
        let mut header = header(kind, 0);
        header.set_link_name_literal(target).unwrap();
        self.add(header, name, b"")
    }

    fn pax(mut self, records: &[(&str, &[u8])]) -> Tar {
        self.0
            .get_or_insert_with(|| Builder::new(Vec::new()))
            .append_pax_extensions(records.iter().copied())
            .unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.unwrap().into_inner().unwrap()
    }
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_path_that_climbs_out_is_refused() {
    let dir = Dir::new("climb");
    for name in ["../outside", "a/../../outside"] {
        let error = dir.unpack(&Tar::default().file(name, "bad").bytes()).unwrap_err();
        assert!(error.chain().contains("leads out of the layer"), "{}", error.chain());
    }
    // An absolute one means the layer's own root.
    dir.unpack(&Tar::default().file("/etc/x", "in").bytes()).unwrap();
    assert_eq!(read(dir.layer().join("etc/x")), "in");
    assert_eq!(read(dir.0.join("outside")), "untouched");
}

#[test]
fn a_symlink_leads_nowhere_but_into_the_layer() {
    let dir = Dir::new("symlink");
    let up = format!("{}/", dir.0.display());
    let tar = Tar::default()
        .link(EntryType::Symlink, "abs", &up)
        .link(EntryType::Symlink, "rel", "../../../../..")
        .dir("real")
        .link(EntryType::Symlink, "alias", "/real")
        .file("alias/file", "through the alias")
        .file("rel/etc/passwd", "ours");
    dir.unpack(&tar.bytes()).unwrap();
    assert_eq!(read(dir.layer().join("real/file")), "through the alias");
    assert_eq!(read(dir.layer().join("etc/passwd")), "ours");
    // The absolute link points to a place that is not in the layer.
    let tar = Tar::default().file("abs/outside", "bad");
    assert!(dir.unpack(&tar.bytes()).is_err());
    assert_eq!(read(dir.0.join("outside")), "untouched");
}

#[test]
fn a_hard_link_cannot_reach_a_file_outside() {
    let dir = Dir::new("hardlink");
    let outside = dir.0.join("outside");
    let tar = Tar::default().link(EntryType::Link, "stolen", &outside.to_string_lossy());
    assert!(dir.unpack(&tar.bytes()).is_err());
    let tar = Tar::default().link(EntryType::Link, "stolen", "../outside");
    assert!(dir.unpack(&tar.bytes()).is_err());
    // Through a symlink of the layer: the link itself gets a second name, nothing behind it.
    let tar = Tar::default()
        .link(EntryType::Symlink, "l", &outside.to_string_lossy())
        .link(EntryType::Link, "hard", "l")
        .file("hard", "replaced");
    dir.unpack(&tar.bytes()).unwrap();
    assert_eq!(read(outside), "untouched");
    assert_eq!(read(dir.layer().join("hard")), "replaced");
}

#[test]
fn writing_over_a_symlink_replaces_it() {
    let dir = Dir::new("over");
    let outside = dir.0.join("outside");
    let tar = Tar::default()
        .link(EntryType::Symlink, "f", &outside.to_string_lossy())
        .file("f", "a file now")
        .link(EntryType::Symlink, "d", &dir.0.to_string_lossy())
        .dir("d")
        .file("d/outside", "in the layer")
        .dir("tree")
        .file("tree/x", "x")
        .file("tree", "no tree any more");
    dir.unpack(&tar.bytes()).unwrap();
    assert_eq!(read(outside), "untouched");
    assert_eq!(read(dir.layer().join("f")), "a file now");
    assert_eq!(read(dir.layer().join("d/outside")), "in the layer");
    assert_eq!(read(dir.layer().join("tree")), "no tree any more");
}

#[test]
fn whiteouts_become_overlays() {
    let dir = Dir::new("whiteout");
    let tar = Tar::default()
        .dir("kept")
        .file("kept/.wh..wh..opq", "")
        .file(".wh.gone", "")
        .file(".wh..wh.plnk", "")
        .file(".wh.again", "")
        .dir("again")
        .file("own", "stays")
        .file(".wh.own", "");
    dir.unpack(&tar.bytes()).unwrap();
    let gone = std::fs::symlink_metadata(dir.layer().join("gone")).unwrap();
    assert!(gone.file_type().is_char_device() && gone.rdev() == 0);
    for opaque in ["kept", "again"] {
        let mut value = [0; 4];
        let path = dir.layer().join(opaque);
        let got = fs::getxattr(&path, "user.overlay.opaque", &mut value).unwrap();
        assert_eq!(&value[..got], b"y", "{opaque}");
    }
    assert_eq!(read(dir.layer().join("own")), "stays");
    assert!(!dir.layer().join(".wh..wh.plnk").exists());
    for bad in [".wh.", ".wh..", ".wh...", "kept/.wh..."] {
        assert!(dir.unpack(&Tar::default().file(bad, "").bytes()).is_err(), "{bad}");
    }
}

#[test]
fn devices_are_left_out_and_counted() {
    let dir = Dir::new("device");
    let tar = Tar::default()
        .add(header(EntryType::Char, 0), "dev/null", b"")
        .add(header(EntryType::Block, 0), "sda", b"")
        .add(header(EntryType::Fifo, 0), "pipe", b"");
    assert_eq!(dir.unpack(&tar.bytes()).unwrap().skipped_devices, 1);
    assert!(!dir.layer().join("sda").exists());
    assert!(std::fs::symlink_metadata(dir.layer().join("pipe")).unwrap().file_type().is_fifo());
}

#[test]
fn modes_times_and_attributes_arrive() {
    let dir = Dir::new("meta");
    let mut setuid = header(EntryType::Regular, 0);
    setuid.set_mode(0o4755);
    let mut closed = header(EntryType::Directory, 0);
    closed.set_mode(0o2750);
    let tar = Tar::default()
        .add(closed, "closed", b"")
        .pax(&[
            ("SCHILY.xattr.user.note", b"a\nb"),
            ("SCHILY.xattr.user.overlay.redirect", b"/x"),
            ("mtime", b"12.5"),
        ])
        .add(setuid, "closed/su", b"");
    dir.unpack(&tar.bytes()).unwrap();
    let path = dir.layer().join("closed/su");
    let su = std::fs::metadata(&path).unwrap();
    assert_eq!(su.permissions().mode() & 0o7777, 0o4755);
    assert_eq!((su.mtime(), su.mtime_nsec()), (12, 500_000_000));
    let mut value = [0; 8];
    let got = fs::getxattr(&path, "user.note", &mut value).unwrap();
    assert_eq!(&value[..got], b"a\nb");
    assert!(fs::getxattr(&path, "user.overlay.redirect", &mut value).is_err());
    let closed = std::fs::metadata(dir.layer().join("closed")).unwrap();
    assert_eq!((closed.permissions().mode() & 0o7777, closed.mtime()), (0o2750, 1_000_000_000));
}

#[test]
fn hard_links_share_an_inode_and_holes_stay_holes() {
    let dir = Dir::new("holes");
    let mut data = vec![0u8; 4 << 20];
    data[..4].copy_from_slice(b"head");
    let tar = Tar::default()
        .add(header(EntryType::Regular, data.len() as u64), "sparse", &data)
        .file("a", "a")
        .link(EntryType::Link, "b", "./a");
    dir.unpack(&tar.bytes()).unwrap();
    let sparse = std::fs::metadata(dir.layer().join("sparse")).unwrap();
    assert_eq!(sparse.len(), 4 << 20);
    assert!(sparse.blocks() * 512 < 1 << 20, "{}", sparse.blocks());
    let (a, b) = (dir.layer().join("a"), dir.layer().join("b"));
    assert_eq!(std::fs::metadata(a).unwrap().ino(), std::fs::metadata(b).unwrap().ino());
}

#[test]
fn gnu_tars_own_sparse_format_is_read() {
    let dir = Dir::new("gnusparse");
    // Format 1.0: the map stands before the data, in whole blocks.
    let mut body = b"1\n1000000\n4\n".to_vec();
    body.resize(512, 0);
    body.extend(b"tail");
    let tar = Tar::default()
        .pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", b"real"),
            ("GNU.sparse.realsize", b"1000004"),
        ])
        .add(header(EntryType::Regular, body.len() as u64), "GNUSparseFile.0/real", &body);
    dir.unpack(&tar.bytes()).unwrap();
    let bytes = std::fs::read(dir.layer().join("real")).unwrap();
    assert_eq!((bytes.len(), &bytes[1_000_000..]), (1_000_004, &b"tail"[..]));
    assert!(bytes[..1_000_000].iter().all(|&b| b == 0));
}

#[test]
fn an_owner_beyond_the_map_is_named() {
    let dir = Dir::new("owner");
    let mut foreign = header(EntryType::Regular, 0);
    foreign.set_uid(70_000);
    let error = dir.unpack(&Tar::default().add(foreign.clone(), "f", b"").bytes()).unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(error.chain().contains("70000:0") && error.find_hint().is_some(), "{}", error.chain());
    // With a single id the owner is kept aside instead.
    let fd = fs::open(dir.layer(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    let kept = unpack(&Tar::default().add(foreign, "f", b"").bytes()[..], fd, Owners::Kept).unwrap();
    assert_eq!(kept.owners, [KeptOwner { path: "f".into(), uid: 70_000, gid: 0 }]);
}

#[test]
fn a_tree_of_links_upon_links_is_replaced_however_deep_it_is() {
    let dir = Dir::new("deep");
    // A path has 4096 bytes, but a link in it can stand for half of that, and so on.
    let mut tar = Tar::default();
    let long = "d/".repeat(400);
    let long = long.trim_end_matches('/');
    let mut at = "top".to_string();
    for number in 0..3 {
        let inner = format!("{at}/{long}");
        tar = tar.pax(&[("path", inner.as_bytes())]).dir("d");
        tar = tar.pax(&[("linkpath", inner.as_bytes())]).link(EntryType::Symlink, &format!("l{number}"), "d");
        at = format!("l{number}");
    }
    dir.unpack(&tar.file("top", "now a file").bytes()).unwrap();
    assert_eq!(read(dir.layer().join("top")), "now a file");
}
