//! Whether two directory trees are the same.

use crate::error::{Doing, Result};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Deeper than this nothing is compared: each level takes two descriptors.
const DEPTH: usize = 500;

/// The first difference between the trees below `a` and `b`, as a path and what is different there:
/// names, types, modes, owners, sizes, contents, targets, attributes and the times of files. `None`
/// if there is none. No symbolic link is followed.
///
/// # Errors
/// When something cannot be read.
pub fn first_difference(a: &Path, b: &Path) -> Result<Option<(PathBuf, &'static str)>> {
    let open = |path: &Path| {
        openat(rustix::fs::CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .doing(|| format!("open {}", path.display()))
    };
    let (a, b) = (open(a)?, open(b)?);
    let mut at = PathBuf::from("/");
    let different = directories(a.as_fd(), b.as_fd(), &mut at, 0);
    let different = different.doing(|| format!("compare {}", at.display()))?;
    Ok(different.map(|what| (at, what)))
}

/// Compares two directories; `at` is left where a difference was found.
fn directories(
    a: BorrowedFd<'_>,
    b: BorrowedFd<'_>,
    at: &mut PathBuf,
    depth: usize,
) -> Result<Option<&'static str>, Errno> {
    if attributes(a)? != attributes(b)? {
        return Ok(Some("has other attributes"));
    }
    if depth == DEPTH {
        return Ok(None);
    }
    let (of_a, of_b) = (names(a)?, names(b)?);
    for name in of_a.union(&of_b) {
        at.push(std::ffi::OsStr::from_bytes(name.to_bytes()));
        let what = match (of_a.contains(name), of_b.contains(name)) {
            (true, false) => Some("should not be there"),
            (false, _) => Some("is missing"),
            _ => entries(a, b, name, at, depth)?,
        };
        if what.is_some() {
            return Ok(what);
        }
        at.pop();
    }
    Ok(None)
}

fn entries(
    a: BorrowedFd<'_>,
    b: BorrowedFd<'_>,
    name: &CStr,
    at: &mut PathBuf,
    depth: usize,
) -> Result<Option<&'static str>, Errno> {
    let look = |dir| statat(dir, name, AtFlags::SYMLINK_NOFOLLOW);
    let (of_a, of_b) = (look(a)?, look(b)?);
    let kind = FileType::from_raw_mode(of_a.st_mode);
    if kind != FileType::from_raw_mode(of_b.st_mode) {
        return Ok(Some("is of another type"));
    }
    if let Some(what) = numbers(&of_a, &of_b, kind) {
        return Ok(Some(what));
    }
    match kind {
        FileType::Directory => directories(open(a, name)?.as_fd(), open(b, name)?.as_fd(), at, depth + 1),
        FileType::Symlink => {
            let target = |dir| rustix::fs::readlinkat(dir, name, Vec::new());
            Ok((target(a)? != target(b)?).then_some("leads elsewhere"))
        }
        FileType::RegularFile => {
            let (a, b) = (open(a, name)?, open(b, name)?);
            if attributes(a.as_fd())? != attributes(b.as_fd())? {
                return Ok(Some("has other attributes"));
            }
            Ok((!same_content(&a, &b)?).then_some("has another content"))
        }
        _ => Ok((of_a.st_rdev != of_b.st_rdev).then_some("is another device")),
    }
}

fn numbers(a: &Stat, b: &Stat, kind: FileType) -> Option<&'static str> {
    if a.st_mode != b.st_mode {
        return Some("has another mode");
    }
    if (a.st_uid, a.st_gid) != (b.st_uid, b.st_gid) {
        return Some("has another owner");
    }
    if kind != FileType::RegularFile {
        return None;
    }
    if a.st_size != b.st_size {
        return Some("has another size");
    }
    (a.st_mtime != b.st_mtime).then_some("has another time")
}

fn open(dir: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
    openat(dir, name, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
}

fn names(dir: BorrowedFd<'_>) -> Result<BTreeSet<CString>, Errno> {
    let mut names = BTreeSet::new();
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.insert(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

/// The name and the value of an extended attribute.
type Attribute = (Vec<u8>, Vec<u8>);

/// Extended attributes, sorted; none where the file system has none.
fn attributes(file: BorrowedFd<'_>) -> Result<Vec<Attribute>, Errno> {
    let mut list = vec![0; 64 << 10];
    let length = match rustix::fs::flistxattr(file, list.as_mut_slice()) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP) => 0,
        Err(errno) => return Err(errno),
    };
    let mut all = Vec::new();
    for name in list[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 64 << 10];
        let length = rustix::fs::fgetxattr(file, name, value.as_mut_slice())?;
        value.truncate(length);
        all.push((name.to_vec(), value));
    }
    all.sort();
    Ok(all)
}

fn same_content(a: &OwnedFd, b: &OwnedFd) -> Result<bool, Errno> {
    let (mut of_a, mut of_b) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let (read_a, read_b) = (fill(a, &mut of_a)?, fill(b, &mut of_b)?);
        if of_a[..read_a] != of_b[..read_b] {
            return Ok(false);
        }
        if read_a == 0 {
            return Ok(true);
        }
    }
}

/// Reads until the buffer is full or the file has ended.
fn fill(file: &OwnedFd, into: &mut [u8]) -> Result<usize, Errno> {
    let mut full = 0;
    while full < into.len() {
        match rustix::io::read(file, &mut into[full..]) {
            Ok(0) => break,
            Ok(count) => full += count,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(full)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn the_first_difference_is_named() {
        let dir = std::env::temp_dir().join(format!("box-compare-{}", std::process::id()));
        let make = |name: &str| {
            let root = dir.join(name);
            std::fs::create_dir_all(root.join("d")).unwrap();
            std::fs::write(root.join("d/f"), "text").unwrap();
            let file = std::fs::File::options().write(true).open(root.join("d/f")).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
            symlink("f", root.join("d/l")).unwrap();
            root
        };
        let good = make("good");
        let differs = |change: &dyn Fn(&Path)| {
            let _ = std::fs::remove_dir_all(dir.join("bad"));
            let bad = make("bad");
            change(&bad);
            let found = first_difference(&bad, &good).unwrap();
            found.map(|(path, what)| format!("{} {what}", path.display()))
        };
        assert_eq!(differs(&|_| {}), None);
        type Change<'a> = (&'a dyn Fn(&Path), &'a str);
        let all: [Change<'_>; 6] = [
            (&|bad| std::fs::remove_file(bad.join("d/f")).unwrap(), "/d/f is missing"),
            (&|bad| std::fs::write(bad.join("d/new"), "").unwrap(), "/d/new should not be there"),
            (&|bad| std::fs::write(bad.join("d/f"), "longer").unwrap(), "/d/f has another size"),
            (
                &|bad| {
                    std::fs::write(bad.join("d/f"), "TEXT").unwrap();
                    let file = std::fs::File::options().write(true).open(bad.join("d/f")).unwrap();
                    file.set_modified(std::time::UNIX_EPOCH).unwrap();
                },
                "/d/f has another content",
            ),
            (
                &|bad| {
                    let mode = std::fs::Permissions::from_mode(0o4755);
                    std::fs::set_permissions(bad.join("d/f"), mode).unwrap();
                },
                "/d/f has another mode",
            ),
            (
                &|bad| {
                    std::fs::remove_file(bad.join("d/l")).unwrap();
                    symlink("/etc/passwd", bad.join("d/l")).unwrap();
                },
                "/d/l leads elsewhere",
            ),
        ];
        for (change, expected) in all {
            assert_eq!(differs(change).as_deref(), Some(expected));
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
