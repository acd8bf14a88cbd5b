//! Layers on top of each other, read without mounting anything.
//!
//! A [`Stack`] answers what overlay would show: which entry of which layer wins at a place. It is
//! read from outside while a container may change the uppermost layer, so every path is resolved
//! below the layer's own directory without following links, and what is gone by the time it is
//! looked at is passed over.
//!
//! Source: overlayfs.rst, "whiteouts and opaque directories".

use crate::container::idmap::{inward, outward};
use crate::error::{Doing, Result, failed};
use crate::sys::userns::IdMaps;
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// Directories that lie on top of each other, the uppermost first.
#[derive(Debug)]
pub struct Stack {
    roots: Vec<OwnedFd>,
    /// The ids of the container that the uppermost layer belongs to, if they are others than ours.
    ids: Option<IdMaps>,
    /// The uppermost has everything by itself.
    whole: bool,
}

/// What ids are seen as that are not mapped (/proc/sys/kernel/overflowuid).
const NOBODY: u32 = 65534;

/// The most bytes of a path (linux/limits.h, `PATH_MAX`, without the zero at its end).
const LONGEST: usize = 4095;

/// What is at a place.
#[derive(Clone, Debug)]
pub struct Found {
    /// Below the root, without a slash at either end; empty for the root itself.
    pub path: Vec<u8>,
    /// Which layer has it, counted from the uppermost.
    pub layer: usize,
    /// What it is.
    pub stat: Stat,
}

impl Found {
    /// Its type.
    #[must_use]
    pub fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }

    /// Whether it says that what lies below it is removed.
    #[must_use]
    pub fn is_whiteout(&self) -> bool {
        self.kind() == FileType::CharacterDevice && self.stat.st_rdev == 0
    }
}

/// Never out of the layer, never through a link: a container may swap one in at any moment.
const RESOLVE: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// The winner of each name, the layers whose directories of that name are merged, and whether those below
/// are hidden.
type Merged = BTreeMap<Vec<u8>, (Found, Vec<usize>, bool)>;

impl Stack {
    /// Opens the directories, the uppermost first.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn open(directories: &[PathBuf]) -> Result<Stack> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |path: &PathBuf| {
            fs::open(path, flags, Mode::empty()).doing(|| format!("open {}", path.display()))
        };
        Ok(Stack { roots: directories.iter().map(open).collect::<Result<_>>()?, ids: None, whole: false })
    }

    /// The same, its uppermost layer written by a container with id maps of its own: owners are shown
    /// as that sees them.
    #[must_use]
    pub fn seen_by(self, ids: Option<IdMaps>) -> Stack {
        Stack { ids, ..self }
    }

    /// The same, its uppermost layer a copy of all that is below, as the container changed it since:
    /// nothing shines through.
    #[must_use]
    pub fn with_whole_top(self) -> Stack {
        Stack { whole: true, ..self }
    }

    /// Whether the uppermost layer has everything by itself.
    #[must_use]
    pub fn has_whole_top(&self) -> bool {
        self.whole
    }

    /// The layers from one on, as far down as one can see.
    fn visible(&self, from: usize) -> std::ops::Range<usize> {
        from..if self.whole && from == 0 { 1 } else { self.roots.len() }
    }

    /// The owners that a container gave; one that it cannot give is nobody.
    fn translate(&self, layer: usize, stat: &mut Stat) {
        if let Some(ids) = self.ids.as_ref().filter(|_| layer == 0) {
            stat.st_uid = inward(&ids.uids, stat.st_uid).unwrap_or(NOBODY);
            stat.st_gid = inward(&ids.gids, stat.st_gid).unwrap_or(NOBODY);
        }
    }

    /// How many layers there are.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.roots.len()
    }

    /// Opens what `found` found; nothing if it has gone or become something else.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open_at(&self, layer: usize, path: &[u8], flags: OFlags) -> Result<Option<OwnedFd>> {
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let place: &[u8] = if path.is_empty() { b"." } else { path };
        loop {
            return match fs::openat2(&self.roots[layer], place, flags, Mode::empty(), RESOLVE) {
                Ok(fd) => Ok(Some(fd)),
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
                // A rename happened while ".." was resolved, or a signal came.
                Err(Errno::AGAIN | Errno::INTR) => continue,
                Err(errno) => Err(errno).doing(|| format!("open /{}", shown(path))),
            };
        }
    }

    /// What one layer has at a place, whiteouts among it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn in_layer(&self, layer: usize, path: &[u8]) -> Result<Option<Found>> {
        let Some(fd) = self.open_at(layer, path, OFlags::PATH)? else { return Ok(None) };
        let mut stat = fs::fstat(&fd).doing(|| format!("look at /{}", shown(path)))?;
        self.translate(layer, &mut stat);
        Ok(Some(Found { path: path.to_vec(), layer, stat }))
    }

    /// Whether a directory of a layer hides what the layers below have in it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn is_opaque(&self, layer: usize, path: &[u8]) -> Result<bool> {
        let Some(fd) = self.open_at(layer, path, OFlags::RDONLY | OFlags::DIRECTORY)? else {
            return Ok(false);
        };
        let mut value = [0u8; 2];
        match fs::fgetxattr(&fd, c"user.overlay.opaque", &mut value[..]) {
            Ok(length) => Ok(&value[..length] == b"y"),
            Err(Errno::RANGE | Errno::NODATA | Errno::NOTSUP) => Ok(false),
            Err(errno) => Err(errno).doing(|| format!("look at /{}", shown(path))),
        }
    }

    /// What the layers from `from` on downwards show at a place.
    ///
    /// # Errors
    /// What the file system says.
    pub fn lookup(&self, from: usize, path: &[u8]) -> Result<Option<Found>> {
        for layer in self.visible(from) {
            let found = self.in_layer(layer, path)?;
            if let Some(found) = found {
                return Ok((!found.is_whiteout()).then_some(found));
            }
            // Its directory may be hidden here, or be no directory.
            for above in ancestors(path) {
                match self.in_layer(layer, above)? {
                    None => break,
                    Some(dir) if dir.kind() != FileType::Directory => return Ok(None),
                    Some(_) if self.is_opaque(layer, above)? => return Ok(None),
                    Some(_) => {}
                }
            }
        }
        Ok(None)
    }

    /// The entries of one layer's directory, sorted by name.
    ///
    /// # Errors
    /// What the file system says.
    pub fn list(&self, layer: usize, path: &[u8]) -> Result<Vec<Found>> {
        let Some(fd) = self.open_at(layer, path, OFlags::RDONLY | OFlags::DIRECTORY)? else {
            return Ok(Vec::new());
        };
        let doing = || format!("list /{}", shown(path));
        let mut found = Vec::new();
        for entry in Dir::read_from(&fd).doing(doing)? {
            let entry = entry.doing(doing)?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let path = joined(path, name.to_bytes());
            if path.len() > LONGEST {
                let begin = shown(&path[..32]);
                return Err(failed(format!("/{begin}... is a path that is longer than {LONGEST} bytes"))
                    .hint("a container can make deeper directories, but neither an image nor an archive can name them"));
            }
            let mut stat = match fs::statat(&fd, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(errno).doing(doing),
            };
            self.translate(layer, &mut stat);
            found.push(Found { path, layer, stat });
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// Goes through everything that the whole stack shows, directories before what is in them, each
    /// directory's entries sorted; the root comes first.
    ///
    /// # Errors
    /// The visitor's, and what the file system says.
    pub fn walk(&self, visit: &mut dyn FnMut(&Found) -> Result<()>) -> Result<()> {
        let Some(root) = self.in_layer(0, b"")? else { return Ok(()) };
        visit(&root)?;
        self.walk_below(b"", &self.visible(0).collect::<Vec<_>>(), visit)
    }

    /// As [`Stack::walk`], through what the layers below the uppermost show; without the root.
    ///
    /// # Errors
    /// As [`Stack::walk`].
    pub fn walk_below_top(&self, visit: &mut dyn FnMut(&Found) -> Result<()>) -> Result<()> {
        self.walk_below(b"", &self.visible(1).collect::<Vec<_>>(), visit)
    }

    /// What lies below `path` in these layers: without recursion, for a container's directories may be
    /// deeper than our stack.
    fn walk_below(
        &self,
        path: &[u8],
        layers: &[usize],
        visit: &mut dyn FnMut(&Found) -> Result<()>,
    ) -> Result<()> {
        let mut open = vec![self.merged(path, layers)?.into_iter()];
        while let Some(dir) = open.last_mut() {
            let Some((path, (found, layers, _))) = dir.next() else {
                open.pop();
                continue;
            };
            if found.is_whiteout() {
                continue;
            }
            visit(&found)?;
            if found.kind() == FileType::Directory {
                open.push(self.merged(&path, &layers)?.into_iter());
            }
        }
        Ok(())
    }

    /// What a directory of these layers has, whiteouts among it.
    fn merged(&self, path: &[u8], layers: &[usize]) -> Result<Merged> {
        let mut merged = Merged::new();
        for &layer in layers {
            for found in self.list(layer, path)? {
                let is_dir = found.kind() == FileType::Directory;
                let ends = !is_dir || self.is_opaque(layer, &found.path)?;
                match merged.get_mut(&found.path) {
                    None => {
                        merged.insert(found.path.clone(), (found, vec![layer], ends));
                    }
                    Some((_, _, true)) => {}
                    Some((_, below, closed)) => {
                        if is_dir {
                            below.push(layer);
                        }
                        *closed = ends;
                    }
                }
            }
        }
        Ok(merged)
    }

    /// The extended attributes of what was opened in a layer, as they belong into an archive.
    ///
    /// Read inside the user namespace, the kernel gives file capabilities of its root without the
    /// root's id (version 3 as version 2), which is what archives have; those that a container with a
    /// root of its own gave are brought into that form here.
    ///
    /// # Errors
    /// What the file system says; `Failed` for more attributes than a file can need.
    pub fn attributes(&self, layer: usize, fd: BorrowedFd<'_>) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut found = attributes(fd)?;
        if let Some(root) = self.ids.as_ref().filter(|_| layer == 0).and_then(|ids| outward(&ids.uids, 0)) {
            for (_, value) in found.iter_mut().filter(|(name, _)| name == b"security.capability") {
                without_root_id(value, root);
            }
        }
        Ok(found)
    }
}

/// The directories on the way to `path`, the uppermost first, without the root.
pub(super) fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at])
}

fn joined(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() }
}

/// A path for people.
#[must_use]
pub fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// The target of a symbolic link; nothing if it is none any more.
///
/// # Errors
/// What the file system says.
pub fn read_link(stack: &Stack, found: &Found) -> Result<Option<Vec<u8>>> {
    let Some(fd) = stack.open_at(found.layer, &found.path, OFlags::PATH)? else { return Ok(None) };
    match fs::readlinkat(&fd, c"", Vec::new()) {
        Ok(target) => Ok(Some(target.into_bytes())),
        Err(Errno::INVAL | Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno).doing(|| format!("read the link /{}", shown(&found.path))),
    }
}

/// The extended attributes that belong into a layer, as the kernel gives them.
///
/// # Errors
/// What the file system says; `Failed` for more attributes than a file can need.
pub fn attributes(fd: BorrowedFd<'_>) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let doing = || "read extended attributes";
    let mut names = vec![0u8; 1024];
    let length = loop {
        match fs::flistxattr(fd, &mut names[..]) {
            Ok(length) => break length,
            Err(Errno::RANGE) if names.len() < 1 << 20 => names.resize(names.len() * 4, 0),
            Err(Errno::NOTSUP) => return Ok(Vec::new()),
            Err(errno) => return Err(errno).doing(doing),
        }
    };
    let mut found = Vec::new();
    for name in names[..length].split(|&byte| byte == 0) {
        if !super::unpack::wanted(name) {
            continue;
        }
        let mut value = vec![0u8; 1 << 16];
        match fs::fgetxattr(fd, name, &mut value[..]) {
            Ok(length) => {
                value.truncate(length);
                found.push((name.to_vec(), value));
            }
            Err(Errno::NODATA) => {}
            Err(errno) => return Err(errno).doing(doing),
        }
    }
    found.sort();
    if found.len() > 1024 {
        return Err(failed("a file has more than a thousand attributes"));
    }
    Ok(found)
}

/// Version 3 of a file capability with this root's id becomes version 2, which has none. Source:
/// capabilities(7), "File capability extended attribute versioning"; linux/capability.h.
fn without_root_id(value: &mut Vec<u8>, root: u32) {
    const VERSION_2: u8 = 2;
    if value.len() == 24 && value[3] == 3 && value[20..] == root.to_le_bytes() {
        value.truncate(20);
        value[3] = VERSION_2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &std::path::Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn opaque(path: &std::path::Path) -> bool {
        let fd = std::fs::File::open(path).unwrap();
        rustix::fs::fsetxattr(&fd, "user.overlay.opaque", b"y", rustix::fs::XattrFlags::empty()).is_ok()
    }

    #[test]
    fn capabilities_of_a_root_lose_its_id() {
        let mut value = vec![1, 0, 0, 3, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0];
        without_root_id(&mut value, 8);
        assert_eq!(value.len(), 24);
        without_root_id(&mut value, 7);
        assert_eq!((value.len(), value[3], value[5]), (20, 2, 32));
    }

    #[test]
    fn a_stack_shows_what_overlay_would() {
        let base = std::env::temp_dir().join(format!("box-stack-{}", std::process::id()));
        let (top, low) = (base.join("top"), base.join("low"));
        write(&low, "a/one", "low");
        write(&low, "a/two", "low");
        write(&low, "b/hidden/file", "low");
        write(&low, "was/a/directory", "low");
        write(&top, "a/two", "top");
        write(&top, "b/new", "top");
        write(&top, "was", "a file");
        std::os::unix::fs::symlink("/etc", top.join("link")).unwrap();
        // A file system without such attributes cannot say that a directory is opaque.
        let hides = opaque(&top.join("b"));
        let stack = Stack::open(&[top, low]).unwrap();
        let mut seen = Vec::new();
        stack
            .walk(&mut |found| {
                seen.push((shown(&found.path), found.layer));
                Ok(())
            })
            .unwrap();
        let names: Vec<String> = seen.iter().map(|(path, layer)| format!("{path}:{layer}")).collect();
        let mut wanted = vec![":0", "a:0", "a/one:1", "a/two:0", "b:0", "b/new:0", "link:0", "was:0"];
        if !hides {
            wanted.splice(5..5, ["b/hidden:1", "b/hidden/file:1"]);
        }
        assert_eq!(names, wanted);
        assert_eq!(stack.lookup(1, b"a/two").unwrap().unwrap().layer, 1);
        assert!(stack.lookup(0, b"was/a/directory").unwrap().is_none());
        assert_eq!(stack.lookup(0, b"b/hidden/file").unwrap().is_none(), hides);
        assert!(stack.open_at(0, b"link/passwd", OFlags::RDONLY).unwrap().is_none());
        std::fs::remove_dir_all(base).unwrap();
    }
}
