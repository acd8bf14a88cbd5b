//! The tree as the container sees it: what of which layer is at a place.
//!
//! Only this process changes the upper layer, nobody changes those below, and one lock is held around
//! all of it. Still no path is ever walked: each directory is opened from the one above it without
//! following links, so a name never leads out of its layer.
//!
//! Source: overlayfs.rst, "whiteouts and opaque directories".

use super::files::Files;
use super::nodes::{Ino, Nodes, ROOT, UPPER};
use super::{Io, Order, errno};
use crate::sys::mount::{self, Attributes};
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Stat, XattrFlags};
use rustix::io::Errno;
use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, VecDeque};
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

/// The mark of a directory that hides what the layers below have in it.
pub(super) const OPAQUE: &CStr = c"user.overlay.opaque";

/// What is at a place.
#[derive(Debug)]
pub(super) struct Found {
    /// The uppermost layer that has it.
    pub(super) layer: usize,
    /// As it is there.
    pub(super) stat: Stat,
    /// What gives it its number: of a directory, the uppermost one below the upper layer.
    pub(super) origin: Stat,
    /// Of a directory: the layers that are merged in it.
    pub(super) layers: Vec<usize>,
}

impl Found {
    pub(super) fn is_dir(&self) -> bool {
        FileType::from_raw_mode(self.stat.st_mode) == FileType::Directory
    }
}

/// One entry of a directory.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: CString,
    pub(super) ino: Ino,
    pub(super) kind: FileType,
}

/// The layers and what the kernel knows of them.
#[derive(Debug)]
pub(super) struct Union {
    /// The upper layer and the others, topmost first; an upper one is missing in what is only read.
    roots: Vec<Option<Arc<OwnedFd>>>,
    /// A directory of the upper layer's file system that nobody looks into, for what is being made.
    work: Option<Arc<OwnedFd>>,
    /// /proc/self/fd.
    descriptors: OwnedFd,
    pub(super) nodes: Nodes,
    /// The open directories, the oldest first.
    cached: VecDeque<(Ino, usize)>,
    most_cached: usize,
    /// Nothing need reach the disk.
    pub(super) volatile: bool,
    pub(super) files: Arc<Files>,
    made: u64,
}

pub(super) fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

pub(super) const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Union {
    /// Opens the layers; the work directory is emptied.
    pub(super) fn open(order: &Order, files: Arc<Files>, most_cached: usize) -> crate::error::Result<Union> {
        use crate::error::Doing;
        // Mounts of their own: there is no way up out of one.
        let open = |path: &Path, attributes: Attributes| {
            let mount = mount::clone_tree(path, false)?;
            mount::set_attributes(mount.as_fd(), attributes.and(Attributes::NO_DEV), false)?;
            fs::openat(&mount, c".", DIRECTORY, Mode::empty()).doing(|| format!("open {}", path.display()))
        };
        let mut roots = vec![None];
        let mut work = None;
        let mut layers = Vec::new();
        if let Some((upper, beside)) = &order.upper {
            // Where the kernel's overlay has it, which empties it as we do.
            let place = beside.join("work");
            crate::sys::tree::remove(&place)?;
            std::fs::create_dir(&place).doing(|| format!("make {}", place.display()))?;
            // In one mount, for nothing is renamed from one to another.
            let both = upper.parent().unwrap_or(upper);
            let mount = open(both, Attributes::none())?;
            let within = |path: &Path| {
                let rest = path.strip_prefix(both).unwrap_or(path);
                fs::openat(&mount, rest, DIRECTORY, Mode::empty())
                    .doing(|| format!("open {}", path.display()))
            };
            roots[UPPER] = Some(Arc::new(within(upper)?));
            layers.push(UPPER);
            work = Some(Arc::new(within(&place)?));
        }
        for lower in &order.lower {
            layers.push(roots.len());
            roots.push(Some(Arc::new(open(lower, Attributes::READ_ONLY)?)));
        }
        let first = roots.iter().flatten().next().ok_or_else(|| crate::error::failed("there is no layer"))?;
        let device = fs::fstat(first).doing(|| "look at a layer")?.st_dev;
        let nodes = Nodes::new(device, layers);
        let cached = VecDeque::new();
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptors = fs::open("/proc/self/fd", flags, Mode::empty()).doing(|| "open /proc/self/fd")?;
        Ok(Union {
            roots,
            work,
            descriptors,
            nodes,
            cached,
            most_cached,
            volatile: order.volatile,
            files,
            made: 0,
        })
    }

    /// Where what is being made is; `EROFS` if nothing can be.
    pub(super) fn work(&self) -> Io<Arc<OwnedFd>> {
        self.work.clone().ok_or(Errno::ROFS)
    }

    /// A name for something in the work directory.
    pub(super) fn temporary(&mut self) -> CString {
        self.made += 1;
        CString::new(format!("#{:x}", self.made)).unwrap_or_default()
    }

    /// A layer's own directory of a node.
    ///
    /// Directories are as deep as the container likes, deeper than our stack: the way to one is a list.
    pub(super) fn dir_in(&mut self, ino: Ino, layer: usize) -> Io<Arc<OwnedFd>> {
        let mut way = Vec::new();
        let mut at = ino;
        let mut open = loop {
            if let Some(open) = self.open_dir(at, layer)? {
                break open;
            }
            let (parent, name) = self.nodes.name(at)?;
            way.push((at, name));
            at = parent;
        };
        while let Some((ino, name)) = way.pop() {
            open = Arc::new(fs::openat(&open, &name, DIRECTORY, Mode::empty())?);
            self.nodes.dir_mut(ino)?.open.push((layer, open.clone()));
            self.cached.push_back((ino, layer));
            while self.cached.len() > self.most_cached {
                let Some((ino, layer)) = self.cached.pop_front() else { break };
                if let Ok(dir) = self.nodes.dir_mut(ino) {
                    dir.open.retain(|(at, _)| *at != layer);
                }
            }
        }
        Ok(open)
    }

    /// A layer's own directory of a node if it is open; the root always is.
    fn open_dir(&self, ino: Ino, layer: usize) -> Io<Option<Arc<OwnedFd>>> {
        if ino == ROOT {
            return self.roots.get(layer).cloned().flatten().ok_or(Errno::ROFS).map(Some);
        }
        let open = self.nodes.dir(ino)?.open.iter().find(|(at, _)| *at == layer);
        Ok(open.map(|(_, open)| open.clone()))
    }

    /// Looks an entry up in the layers.
    pub(super) fn find(&mut self, parent: Ino, name: &CStr) -> Io<Option<Found>> {
        let layers = self.nodes.dir(parent)?.layers.clone();
        let mut found: Option<Found> = None;
        for (at, &layer) in layers.iter().enumerate() {
            let dir = self.dir_in(parent, layer)?;
            let stat = match fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(errno),
            };
            let is_dir = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
            match &mut found {
                None if is_whiteout(&stat) => return Ok(None),
                None => found = Some(Found { layer, stat, origin: stat, layers: vec![layer] }),
                Some(_) if !is_dir => break,
                Some(found) => {
                    if found.layers == [UPPER] {
                        found.origin = stat;
                    }
                    found.layers.push(layer);
                }
            }
            if !is_dir || at + 1 < layers.len() && is_opaque_at(&dir, name)? {
                break;
            }
        }
        Ok(found)
    }

    /// Whether the layers below the upper one have something at a place, were there nothing above it.
    pub(super) fn is_below(&mut self, parent: Ino, name: &CStr) -> Io<bool> {
        for layer in self.nodes.dir(parent)?.layers.clone() {
            if layer == UPPER {
                continue;
            }
            let dir = self.dir_in(parent, layer)?;
            match fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => return Ok(!is_whiteout(&stat)),
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(false)
    }

    /// The node of an entry, and its attributes as they are; the kernel is not told of it yet.
    pub(super) fn look_up(&mut self, parent: Ino, name: &CStr) -> Io<Option<(Ino, Stat)>> {
        if let Some(known) = self.nodes.child(parent, name) {
            return Ok(Some((known, self.stat(known)?)));
        }
        let Some(found) = self.find(parent, name)? else { return Ok(None) };
        let mut stat = found.stat;
        let ino =
            self.nodes.enter(parent, name, (found.layer, &found.stat), (&found.origin, found.layers))?;
        self.shown(ino, &mut stat)?;
        Ok(Some((ino, stat)))
    }

    /// What is shown of a merged directory.
    fn shown(&self, ino: Ino, stat: &mut Stat) -> Io<()> {
        if self.nodes.get(ino)?.dir.as_ref().is_some_and(|dir| dir.layers.len() > 1) {
            stat.st_nlink = 1;
        }
        Ok(())
    }

    /// The attributes of a node.
    pub(super) fn stat(&mut self, ino: Ino) -> Io<Stat> {
        let node = self.nodes.get(ino)?;
        let (layer, is_dir) = (node.layer, node.dir.is_some());
        if let Some(held) = &node.held {
            return fs::fstat(held);
        }
        let mut stat = if is_dir {
            fs::fstat(self.dir_in(ino, layer)?)?
        } else {
            let (parent, name) = self.nodes.name(ino)?;
            fs::statat(self.dir_in(parent, layer)?, &name, AtFlags::SYMLINK_NOFOLLOW)?
        };
        self.shown(ino, &mut stat)?;
        Ok(stat)
    }

    /// The number that stat(2) shows of a node: its own, except that the names of one file below are
    /// nodes of their own and still one file to whoever compares numbers.
    ///
    /// With fuser 0.18 an entry says it by the node's number, so the kernel has to ask for these again.
    pub(super) fn shown_number(&mut self, ino: Ino, stat: &Stat) -> Io<Ino> {
        let node = self.nodes.get(ino)?;
        match node.dir.is_none() && node.layer != UPPER && stat.st_nlink > 1 {
            true => Ok(self.nodes.number(stat.st_dev, stat.st_ino)),
            false => Ok(ino),
        }
    }

    /// Opens a regular file or a directory where it is.
    pub(super) fn open_node(&mut self, ino: Ino, flags: OFlags) -> Io<OwnedFd> {
        let node = self.nodes.get(ino)?;
        let layer = node.layer;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        if let Some(held) = &node.held {
            return self.reopen(held, flags);
        }
        if node.dir.is_some() {
            return fs::openat(self.dir_in(ino, layer)?, c".", flags, Mode::empty());
        }
        if !matches!(node.kind, FileType::RegularFile) {
            return Err(Errno::OPNOTSUPP);
        }
        let (parent, name) = self.nodes.name(ino)?;
        let dir = self.dir_in(parent, layer)?;
        if layer != UPPER {
            // A layer stays as it is: not even the times of access change.
            match fs::openat(&dir, &name, flags | OFlags::NOATIME, Mode::empty()) {
                Err(Errno::PERM) => {}
                other => return other,
            }
        }
        fs::openat(&dir, &name, flags, Mode::empty())
    }

    /// Opens what a descriptor is open on once more.
    fn reopen(&self, held: &OwnedFd, flags: OFlags) -> Io<OwnedFd> {
        let number = held.as_raw_fd().to_string();
        fs::openat(&self.descriptors, number, flags.difference(OFlags::NOFOLLOW), Mode::empty())
    }

    /// The target of a symbolic link.
    pub(super) fn read_link(&mut self, ino: Ino) -> Io<CString> {
        let node = self.nodes.get(ino)?;
        if let Some(held) = &node.held {
            return fs::readlinkat(held, c"", Vec::new());
        }
        let layer = node.layer;
        let (parent, name) = self.nodes.name(ino)?;
        fs::readlinkat(self.dir_in(parent, layer)?, &name, Vec::new())
    }

    /// The entries of a directory, without `.` and `..`.
    pub(super) fn list(&mut self, ino: Ino) -> Io<Vec<Entry>> {
        let mut merged: HashMap<CString, usize> = HashMap::new();
        let mut entries: Vec<Entry> = Vec::new();
        // Directories whose number is that of a layer further down, if one has them too.
        let mut open: HashMap<CString, ()> = HashMap::new();
        for layer in self.nodes.dir(ino)?.layers.clone() {
            let dir = self.dir_in(ino, layer)?;
            let device = fs::fstat(&dir)?.st_dev;
            // Of its own, for the position is that of the descriptor.
            let listed = fs::openat(&dir, c".", DIRECTORY, Mode::empty())?;
            for entry in Dir::new(listed)? {
                let entry = entry?;
                let name = entry.file_name();
                if name == c"." || name == c".." {
                    continue;
                }
                let mut kind = entry.file_type();
                if matches!(kind, FileType::CharacterDevice | FileType::Unknown) {
                    let stat = fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
                    kind = FileType::from_raw_mode(stat.st_mode);
                    if is_whiteout(&stat) {
                        merged.entry(name.to_owned()).or_insert(usize::MAX);
                        continue;
                    }
                }
                match merged.entry(name.to_owned()) {
                    MapEntry::Occupied(known) => {
                        if open.remove(name).is_some() && kind == FileType::Directory {
                            entries[*known.get()].ino = self.nodes.number(device, entry.ino());
                        }
                    }
                    MapEntry::Vacant(new) => {
                        new.insert(entries.len());
                        if layer == UPPER && kind == FileType::Directory && !is_opaque_at(&dir, name)? {
                            open.insert(name.to_owned(), ());
                        }
                        let ino = self.nodes.number(device, entry.ino());
                        entries.push(Entry { name: name.to_owned(), ino, kind });
                    }
                }
            }
        }
        Ok(entries)
    }

    /// Whether a directory shows nothing.
    pub(super) fn is_empty(&mut self, ino: Ino) -> Io<bool> {
        Ok(self.list(ino)?.is_empty())
    }

    /// Keeps what is about to lose a name reachable for those who have it open.
    pub(super) fn hold(&mut self, ino: Ino) -> Io<()> {
        let node = self.nodes.get(ino)?;
        if node.held.is_some() {
            return Ok(());
        }
        let layer = node.layer;
        let held = match node.kind {
            FileType::Directory => self.dir_in(ino, layer)?,
            FileType::RegularFile => Arc::new(self.open_node(ino, OFlags::RDONLY)?),
            _ => {
                let (parent, name) = self.nodes.name(ino)?;
                let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                Arc::new(fs::openat(self.dir_in(parent, layer)?, &name, flags, Mode::empty())?)
            }
        };
        self.nodes.get_mut(ino)?.held = Some(held);
        Ok(())
    }

    /// After a name was taken away: what still has one that we know needs no descriptor.
    pub(super) fn settle(&mut self, ino: Ino) {
        if let Ok(node) = self.nodes.get_mut(ino) {
            if !node.names.is_empty() {
                node.held = None;
            } else if let Some(dir) = &mut node.dir {
                // Nothing is in a directory that has gone.
                dir.layers.clear();
                dir.open.clear();
            }
        }
        self.nodes.drop_unused(ino);
    }
}

/// Whether a directory hides what is below it.
pub(super) fn is_opaque_at(dir: &OwnedFd, name: &CStr) -> Io<bool> {
    is_opaque(&fs::openat(dir, name, DIRECTORY, Mode::empty())?)
}

pub(super) fn is_opaque(dir: impl AsFd) -> Io<bool> {
    let mut value = [0u8; 2];
    match fs::fgetxattr(dir, OPAQUE, &mut value[..]) {
        Ok(length) => Ok(&value[..length] == b"y"),
        Err(Errno::RANGE | Errno::NODATA | Errno::NOTSUP) => Ok(false),
        Err(errno) => Err(errno),
    }
}

pub(super) fn make_opaque(dir: impl AsFd) -> Io<()> {
    fs::fsetxattr(dir, OPAQUE, b"y", XattrFlags::empty())
}

/// What the copier's error was.
pub(super) fn copied(result: crate::error::Result<()>) -> Io<()> {
    result.map_err(|error| errno(&error))
}
