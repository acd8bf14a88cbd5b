//! What the kernel knows of the tree: one node for each inode number that it was told and has not
//! forgotten.

use super::Io;
use rustix::fs::{FileType, Stat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::{CStr, CString};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// The number of a node: what stat(2) shows as the inode number.
pub(super) type Ino = u64;

/// The root's number (linux/fuse.h, FUSE_ROOT_ID).
pub(super) const ROOT: Ino = 1;

/// Numbers of files that cannot have their own begin here.
const MADE_UP: Ino = 1 << 62;

/// The layer that is written to; those below it count from 1, the topmost first.
pub(super) const UPPER: usize = 0;

/// Something that the kernel holds on to.
#[derive(Debug)]
pub(super) struct Node {
    /// How often it was told of it.
    pub(super) lookups: u64,
    pub(super) kind: FileType,
    /// The names that it is known by: the node of a directory, and the name in it. None if it has been
    /// removed. Exactly one of a directory.
    pub(super) names: Vec<(Ino, CString)>,
    /// Which layer has it; of a directory that is merged, the uppermost.
    pub(super) layer: usize,
    /// What only directories have.
    pub(super) dir: Option<Directory>,
    /// Who has it open.
    pub(super) handles: Vec<u64>,
    /// What was removed, or has no name that we know, is reached by this.
    pub(super) held: Option<Arc<OwnedFd>>,
}

/// The directory part of a node.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// The layers whose directories of this path are merged, the uppermost first.
    pub(super) layers: Vec<usize>,
    /// Some of them, open.
    pub(super) open: Vec<(usize, Arc<OwnedFd>)>,
    /// The entries that the kernel knows.
    pub(super) children: HashMap<CString, Ino>,
}

/// The number of one of several names of a file below: the same whenever the kernel asks again.
fn of_name(parent: Ino, name: &CStr) -> Ino {
    let mut hasher = DefaultHasher::new();
    (parent, name).hash(&mut hasher);
    // Above those that are counted up.
    MADE_UP << 1 | hasher.finish() >> 2
}

/// All nodes.
#[derive(Debug)]
pub(super) struct Nodes {
    all: HashMap<Ino, Node>,
    /// The device whose inode numbers are shown as they are.
    device: u64,
    /// The numbers of files of other devices.
    foreign: HashMap<(u64, u64), Ino>,
    /// What was copied up keeps its number: by that of its copy.
    copies: HashMap<u64, Ino>,
    next: Ino,
}

impl Nodes {
    pub(super) fn new(device: u64, layers: Vec<usize>) -> Nodes {
        let layer = layers.first().copied().unwrap_or(UPPER);
        let root = Node {
            lookups: 1,
            kind: FileType::Directory,
            names: Vec::new(),
            layer,
            dir: Some(Directory { layers, ..Directory::default() }),
            handles: Vec::new(),
            held: None,
        };
        let all = HashMap::from([(ROOT, root)]);
        Nodes { all, device, foreign: HashMap::new(), copies: HashMap::new(), next: MADE_UP }
    }

    pub(super) fn get(&self, ino: Ino) -> Io<&Node> {
        self.all.get(&ino).ok_or(Errno::STALE)
    }

    pub(super) fn get_mut(&mut self, ino: Ino) -> Io<&mut Node> {
        self.all.get_mut(&ino).ok_or(Errno::STALE)
    }

    pub(super) fn dir(&self, ino: Ino) -> Io<&Directory> {
        self.get(ino)?.dir.as_ref().ok_or(Errno::NOTDIR)
    }

    pub(super) fn dir_mut(&mut self, ino: Ino) -> Io<&mut Directory> {
        self.get_mut(ino)?.dir.as_mut().ok_or(Errno::NOTDIR)
    }

    /// The node of an entry, if the kernel knows it.
    pub(super) fn child(&self, parent: Ino, name: &CStr) -> Option<Ino> {
        self.dir(parent).ok()?.children.get(name).copied()
    }

    /// The first name of a node that has one.
    pub(super) fn name(&self, ino: Ino) -> Io<(Ino, CString)> {
        self.get(ino)?.names.first().cloned().ok_or(Errno::STALE)
    }

    fn made_up(&mut self) -> Ino {
        self.next += 1;
        self.next
    }

    /// The number that a file of a layer has by nature.
    pub(super) fn number(&mut self, device: u64, inode: u64) -> Ino {
        if device == self.device && inode > ROOT && inode < MADE_UP {
            return self.copies.get(&inode).copied().unwrap_or(inode);
        }
        let next = self.next + 1;
        match self.foreign.entry((device, inode)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.next = next;
                *new.insert(next)
            }
        }
    }

    /// The node of an entry that was just looked up in the layers; it is made if need be.
    ///
    /// Names of one file in the upper layer share a node. Those of a file below do not: if the one is
    /// written to, the other stays what it is, as in the kernel's overlay without an index.
    pub(super) fn enter(
        &mut self,
        parent: Ino,
        name: &CStr,
        (layer, stat): (usize, &Stat),
        (origin, layers): (&Stat, Vec<usize>),
    ) -> Io<Ino> {
        if let Some(known) = self.child(parent, name) {
            return Ok(known);
        }
        let kind = FileType::from_raw_mode(stat.st_mode);
        let is_dir = kind == FileType::Directory;
        let mut ino = match !is_dir && layer != UPPER && stat.st_nlink > 1 {
            true => of_name(parent, name),
            false => self.number(origin.st_dev, origin.st_ino),
        };
        if let Some(there) = self.all.get_mut(&ino) {
            if !is_dir && there.dir.is_none() && there.layer == UPPER && layer == UPPER && there.kind == kind
            {
                there.names.push((parent, name.to_owned()));
                self.dir_mut(parent)?.children.insert(name.to_owned(), ino);
                return Ok(ino);
            }
            ino = self.made_up();
        }
        let node = Node {
            lookups: 0,
            kind,
            names: vec![(parent, name.to_owned())],
            layer,
            dir: is_dir.then(|| Directory { layers, ..Directory::default() }),
            handles: Vec::new(),
            held: None,
        };
        self.all.insert(ino, node);
        self.dir_mut(parent)?.children.insert(name.to_owned(), ino);
        Ok(ino)
    }

    /// The kernel forgets a node that it was told of so many times; one that nobody needs goes.
    pub(super) fn forget(&mut self, ino: Ino, times: u64) {
        if let Some(node) = self.all.get_mut(&ino) {
            node.lookups = node.lookups.saturating_sub(times);
            self.drop_unused(ino);
        }
    }

    /// Removes a node, and the directories above it, that neither the kernel nor a node below needs.
    pub(super) fn drop_unused(&mut self, ino: Ino) {
        let mut check = vec![ino];
        while let Some(ino) = check.pop() {
            let Some(node) = self.all.get(&ino) else { continue };
            let has_children = node.dir.as_ref().is_some_and(|dir| !dir.children.is_empty());
            if ino == ROOT || node.lookups > 0 || has_children {
                continue;
            }
            let Some(node) = self.all.remove(&ino) else { continue };
            for (parent, name) in node.names {
                if let Ok(dir) = self.dir_mut(parent) {
                    dir.children.remove(&name);
                }
                check.push(parent);
            }
        }
    }

    /// An entry has another node, or none.
    pub(super) fn unname(&mut self, parent: Ino, name: &CStr) -> Option<Ino> {
        let ino = self.dir_mut(parent).ok()?.children.remove(name)?;
        if let Ok(node) = self.get_mut(ino) {
            node.names.retain(|(dir, known)| *dir != parent || known.as_c_str() != name);
        }
        Some(ino)
    }

    /// An entry has this node.
    pub(super) fn name_as(&mut self, ino: Ino, parent: Ino, name: &CStr) -> Io<()> {
        self.get_mut(ino)?.names.push((parent, name.to_owned()));
        self.dir_mut(parent)?.children.insert(name.to_owned(), ino);
        Ok(())
    }

    /// The file `inode` of the upper layer is the copy of a node.
    pub(super) fn is_copied(&mut self, ino: Ino, inode: u64) {
        self.copies.insert(inode, ino);
    }

    /// The last name of the file `inode` of the upper layer has gone: another may get its number.
    pub(super) fn is_gone(&mut self, inode: u64) {
        self.copies.remove(&inode);
    }
}
