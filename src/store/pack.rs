//! Turns directories back into archives: the difference that a container made into a layer, a whole
//! stack of layers into a root file system.
//!
//! Members are sorted, times are whole seconds (clamped to SOURCE_DATE_EPOCH), owners are the
//! container's own ids: the same files give the same bytes on any machine.
//!
//! Source: OCI image specification "Image Layer Filesystem Changeset"; reproducible-builds.org,
//! "SOURCE_DATE_EPOCH".

use super::archive::{Member, MemberKind};
use super::changes::{self, How};
use super::layers;
use super::layout::Store;
use super::stack::{Found, Stack, read_link, shown};
use super::tarball::TarWriter;
use crate::error::{Doing, Result, invalid};
use crate::image::digest::ChainId;
use rustix::fs::{FileType, OFlags, SeekFrom};
use rustix::io::Errno;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

/// Holes smaller than this in sum are written as zeros, which every reader understands.
const WORTH_A_MAP: u64 = 1 << 20;

/// Owners that could not be given to files (single-id mode), as the layers keep them.
#[derive(Debug, Default)]
pub struct Owners {
    /// By path, for the layers of a stack, the uppermost first.
    layers: Vec<HashMap<Vec<u8>, (u64, u64)>>,
    /// How many of them are a container's: a file in there keeps the owner it had below.
    above: usize,
}

impl Owners {
    /// What the layers of a chain, lowest first, keep; above them lie `above` layers that keep none.
    ///
    /// # Errors
    /// When a list is there and cannot be read.
    pub fn of(store: &Store, chain: &[ChainId], above: usize) -> Result<Owners> {
        let mut all: Vec<HashMap<Vec<u8>, (u64, u64)>> = vec![HashMap::new(); above];
        for chain in chain.iter().rev() {
            let kept = layers::kept_owners(store, chain)?;
            all.push(kept.into_iter().map(|kept| (kept.path.into_bytes(), (kept.uid, kept.gid))).collect());
        }
        let layers = if all.iter().all(HashMap::is_empty) { Vec::new() } else { all };
        Ok(Owners { layers, above })
    }

    /// The owner of what was found: what the layer keeps that it comes from, or came from before the
    /// container changed it.
    fn get(&self, stack: &Stack, found: &Found) -> Result<(u64, u64)> {
        let own = (u64::from(found.stat.st_uid), u64::from(found.stat.st_gid));
        if self.layers.is_empty() {
            return Ok(own);
        }
        let layer = match found.layer < self.above {
            true => stack.lookup(self.above, &found.path)?.map(|below| below.layer),
            false => Some(found.layer),
        };
        Ok(layer.and_then(|layer| self.layers.get(layer)?.get(&found.path).copied()).unwrap_or(own))
    }
}

/// Writes members of a stack to an archive.
pub struct Packer<'a, W: Write> {
    stack: &'a Stack,
    owners: Owners,
    tar: TarWriter<W>,
    /// Later times become this one, in seconds since the epoch.
    newest: Option<i64>,
    /// Files with several names, by layer, device and inode.
    links: HashMap<(usize, u64, u64), Vec<u8>>,
    /// Sockets and devices that were left out.
    skipped: u64,
}

impl<'a, W: Write> Packer<'a, W> {
    /// Begins an archive.
    pub fn new(stack: &'a Stack, owners: Owners, newest: Option<i64>, to: W) -> Packer<'a, W> {
        Packer { stack, owners, tar: TarWriter::new(to), newest, links: HashMap::new(), skipped: 0 }
    }

    /// Writes everything that the stack shows, without the places in `left_out`.
    ///
    /// # Errors
    /// The writer's, and what the file system says.
    pub fn everything(&mut self, left_out: &Placeholders) -> Result<()> {
        let stack = self.stack;
        stack.walk(&mut |found| match left_out.see(stack, found)? {
            _ if found.path.is_empty() => Ok(()),
            Seen::Itself => self.member(found),
            Seen::Before(Some(before)) => self.member(&before),
            Seen::Before(None) => Ok(()),
        })
    }

    /// Writes the uppermost layer as a change of those below, without the places in `left_out`.
    ///
    /// # Errors
    /// As [`Packer::everything`].
    pub fn change(&mut self, left_out: &Placeholders) -> Result<()> {
        if !self.stack.has_whole_top() {
            return self.layer(left_out);
        }
        for (path, how) in changes::of_whole_top(self.stack, left_out)? {
            match (how, self.stack.lookup(0, &path)?) {
                (How::Deleted, _) => self.whiteout(&path)?,
                (_, Some(found)) => self.member(&found)?,
                (_, None) => {}
            }
        }
        Ok(())
    }

    /// The uppermost layer, without recursion: its directories may be deeper than our stack.
    fn layer(&mut self, left_out: &Placeholders) -> Result<()> {
        let mut open = vec![self.stack.list(0, b"")?.into_iter()];
        while let Some(dir) = open.last_mut() {
            let Some(found) = dir.next() else {
                open.pop();
                continue;
            };
            if left_out.hide(self.stack, &found)? {
                continue;
            }
            if found.is_whiteout() {
                self.whiteout(&found.path)?;
                continue;
            }
            self.member(&found)?;
            if found.kind() == FileType::Directory {
                if self.stack.is_opaque(0, &found.path)? {
                    let path = [&found.path[..], b"/.wh..wh..opq"].concat();
                    self.empty_file(path)?;
                }
                open.push(self.stack.list(0, &found.path)?.into_iter());
            }
        }
        Ok(())
    }

    /// Writes a regular file of root's that is not in the stack, below directories that are as the
    /// stack has them.
    ///
    /// # Errors
    /// `Invalid` when something on the way is no directory; the reader's and the writer's.
    pub fn one_file(&mut self, path: &[u8], time: i64, size: u64, data: impl Read) -> Result<()> {
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            match self.stack.lookup(0, &path[..at])? {
                None => {}
                Some(dir) if dir.kind() == FileType::Directory => self.member(&dir)?,
                Some(_) => {
                    return Err(invalid(format!("/{} in the image is no directory", shown(&path[..at]))));
                }
            }
        }
        let member = Member { path: path.to_vec(), mtime: (time, 0), ..Member::plain_file("", size) };
        self.tar.member(&member, data)
    }

    /// Ends the archive and returns what it was written to.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(self) -> Result<W> {
        self.tar.finish()
    }

    fn whiteout(&mut self, path: &[u8]) -> Result<()> {
        let (dir, name) = match path.iter().rposition(|&byte| byte == b'/') {
            Some(at) => path.split_at(at + 1),
            None => (&b""[..], path),
        };
        self.empty_file([dir, b".wh.", name].concat())
    }

    /// A mark of what is gone. When that happened is nobody's business, and no file system tells it of
    /// all: each is of the same time.
    fn empty_file(&mut self, path: Vec<u8>) -> Result<()> {
        let member = Member { path, mtime: (0, 0), mode: 0, ..Member::plain_file("", 0) };
        self.tar.member(&member, io::empty())
    }

    fn time(&self, found: &Found) -> (i64, u32) {
        let time = found.stat.st_mtime;
        (self.newest.map_or(time, |newest| time.min(newest)), 0)
    }

    /// Writes one member; what is gone by now is passed over.
    ///
    /// # Errors
    /// The writer's, and what the file system says.
    pub fn member(&mut self, found: &Found) -> Result<()> {
        let (uid, gid) = self.owners.get(self.stack, found)?;
        let mut member = Member {
            path: found.path.clone(),
            mode: found.stat.st_mode & 0o7777,
            uid,
            gid,
            mtime: self.time(found),
            ..Member::plain_file("", 0)
        };
        let doing = || format!("archive /{}", shown(&found.path));
        match found.kind() {
            FileType::Directory => {
                member.kind = MemberKind::Directory;
                member.path.push(b'/');
                let flags = OFlags::RDONLY | OFlags::DIRECTORY;
                let Some(fd) = self.stack.open_at(found.layer, &found.path, flags)? else { return Ok(()) };
                member.xattrs = self.stack.attributes(found.layer, fd.as_fd()).doing(doing)?;
                self.tar.member(&member, io::empty()).doing(doing)
            }
            FileType::Symlink => {
                let Some(link) = read_link(self.stack, found)? else { return Ok(()) };
                (member.kind, member.link, member.mode) = (MemberKind::Symlink, link, 0o777);
                self.tar.member(&member, io::empty()).doing(doing)
            }
            FileType::Fifo => {
                member.kind = MemberKind::Fifo;
                self.tar.member(&member, io::empty()).doing(doing)
            }
            FileType::RegularFile => self.file(found, member).doing(doing),
            _ => {
                self.skipped += 1;
                Ok(())
            }
        }
    }

    fn file(&mut self, found: &Found, mut member: Member) -> Result<()> {
        if found.stat.st_nlink > 1 {
            let inode = (found.layer, found.stat.st_dev, found.stat.st_ino);
            if let Some(first) = self.links.get(&inode) {
                (member.kind, member.link) = (MemberKind::HardLink, first.clone());
                return self.tar.member(&member, io::empty());
            }
            self.links.insert(inode, found.path.clone());
        }
        // Not blocking: by now it may have become a FIFO.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let Some(fd) = self.stack.open_at(found.layer, &found.path, flags)? else { return Ok(()) };
        let stat = rustix::fs::fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        member.size = u64::try_from(stat.st_size).unwrap_or(0);
        member.xattrs = self.stack.attributes(found.layer, fd.as_fd())?;
        member.pieces = pieces(&fd, member.size, u64::try_from(stat.st_blocks).unwrap_or(0) * 512)?;
        let (pieces, file) = (member.pieces.clone(), File::from(fd));
        match pieces {
            None => self.tar.member(&member, Growing { file }),
            Some(pieces) => self.tar.member(&member, Pieces { file, pieces: pieces.into_iter(), left: 0 }),
        }
    }
}

/// A file that a container may cut while it is read: what is missing is zeros, so that the archive
/// stays whole. (What is added meanwhile is left out by the archive's writer.)
struct Growing {
    file: File,
}

impl Read for Growing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.file.read(into)? {
            0 => {
                into.fill(0);
                Ok(into.len())
            }
            got => Ok(got),
        }
    }
}

/// The parts of a sparse file that have data, one after the other.
struct Pieces {
    file: File,
    pieces: std::vec::IntoIter<(u64, u64)>,
    left: u64,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            let Some((offset, length)) = self.pieces.next() else { return Ok(0) };
            rustix::fs::seek(&self.file, SeekFrom::Start(offset))?;
            self.left = length;
        }
        let want = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let into = &mut into[..want];
        let got = match self.file.read(into)? {
            0 => {
                into.fill(0);
                want
            }
            got => got,
        };
        self.left -= got as u64;
        Ok(got)
    }
}

/// Where a file has data, if it has holes that are worth to be told.
fn pieces(fd: &OwnedFd, size: u64, on_disk: u64) -> Result<Option<Vec<(u64, u64)>>> {
    if on_disk + WORTH_A_MAP > size {
        return Ok(None);
    }
    let mut pieces = Vec::new();
    let (mut at, mut data) = (0u64, 0u64);
    while at < size {
        let start = match rustix::fs::seek(fd, SeekFrom::Data(at)) {
            Ok(start) => start.min(size),
            // No data from here on.
            Err(Errno::NXIO) => break,
            // The file system cannot tell.
            Err(Errno::INVAL | Errno::NOTSUP) => return Ok(None),
            Err(errno) => return Err(errno).doing(|| "look for its holes"),
        };
        let end = rustix::fs::seek(fd, SeekFrom::Hole(start)).doing(|| "look for its holes")?.min(size);
        if end > start {
            pieces.push((start, end - start));
            data += end - start;
        }
        at = end.max(start + 1);
    }
    rustix::fs::seek(fd, SeekFrom::Start(0)).doing(|| "look for its holes")?;
    if data + WORTH_A_MAP > size || pieces.len() > 10_000 {
        return Ok(None);
    }
    // What ends in a hole says so with an empty piece at its end, as GNU tar does.
    if pieces.last().is_none_or(|(offset, length)| offset + length < size) {
        pieces.push((size, 0));
    }
    Ok(Some(pieces))
}

/// What box itself did to a container's files, which is nobody's change: places that were made so that
/// something could be mounted on them, and lines that were added.
#[derive(Debug, Default)]
pub struct Placeholders {
    places: HashSet<Vec<u8>>,
    /// Of these only files.
    files: HashSet<Vec<u8>>,
    lines: HashMap<Vec<u8>, Vec<String>>,
}

/// What a place counts as.
#[derive(Debug)]
pub enum Seen {
    /// What is there.
    Itself,
    /// What the layers below the uppermost have there, if anything: only box did something.
    Before(Option<Found>),
}

/// Files to which lines were added are not larger.
const WITH_LINES: u64 = 4 << 20;

impl Placeholders {
    /// These places of a container, as absolute paths.
    pub fn new<S: AsRef<str>>(places: impl IntoIterator<Item = S>) -> Placeholders {
        Placeholders { places: plain(places), ..Placeholders::default() }
    }

    /// And these, where what was made is a file. A directory that a volume was mounted on stays, as with
    /// docker and podman: programs of the next container expect it.
    #[must_use]
    pub fn with_files<S: AsRef<str>>(mut self, places: impl IntoIterator<Item = S>) -> Placeholders {
        self.files = plain(places);
        self
    }

    /// And these lines, each of which may have been added to the file, in this order.
    #[must_use]
    pub fn with_lines(mut self, file: &str, lines: Vec<String>) -> Placeholders {
        self.lines.insert(file.trim_matches('/').as_bytes().to_vec(), lines);
        self
    }

    /// What an entry counts as.
    ///
    /// # Errors
    /// What the file system says.
    pub fn see(&self, stack: &Stack, found: &Found) -> Result<Seen> {
        if self.is_one(stack, found)? {
            return Ok(Seen::Before(None));
        }
        let Some(lines) = self.lines.get(&found.path).filter(|_| found.layer == 0) else {
            return Ok(Seen::Itself);
        };
        let before = stack.lookup(1, &found.path)?;
        let about = |of: &Found| (of.stat.st_mode, of.stat.st_uid, of.stat.st_gid);
        let as_made = (FileType::RegularFile.as_raw_mode() | 0o644, 0, 0);
        if about(found) != before.as_ref().map_or(as_made, about) {
            return Ok(Seen::Itself);
        }
        let old = match &before {
            Some(before) => text(stack, before)?,
            None => Some(Vec::new()),
        };
        Ok(match (old, text(stack, found)?) {
            (Some(old), Some(new)) if only_has_more(&old, &new, lines) => Seen::Before(before),
            _ => Seen::Itself,
        })
    }

    /// Whether an entry of the uppermost layer is such a place and nothing more: an empty file or
    /// directory that the layers below do not have.
    ///
    /// # Errors
    /// What the file system says.
    fn is_one(&self, stack: &Stack, found: &Found) -> Result<bool> {
        let both = self.places.contains(&found.path);
        if found.layer > 0 || !(both || self.files.contains(&found.path)) {
            return Ok(false);
        }
        let empty = match found.kind() {
            FileType::Directory => both && stack.list(0, &found.path)?.is_empty(),
            FileType::RegularFile => found.stat.st_size == 0,
            _ => false,
        };
        Ok(empty && stack.lookup(1, &found.path)?.is_none())
    }

    /// Whether an entry of the uppermost layer counts as what was there before, or is a directory that was
    /// only touched for one that does.
    ///
    /// # Errors
    /// What the file system says.
    pub fn hide(&self, stack: &Stack, found: &Found) -> Result<bool> {
        if matches!(self.see(stack, found)?, Seen::Before(_)) {
            return Ok(true);
        }
        let prefix = [&found.path[..], b"/"].concat();
        let mut all = self.places.iter().chain(&self.files).chain(self.lines.keys());
        if found.kind() != FileType::Directory || !all.any(|place| place.starts_with(&prefix)) {
            return Ok(false);
        }
        let Some(below) = stack.lookup(1, &found.path)? else { return Ok(false) };
        let same = |of: &Found| (of.stat.st_mode, of.stat.st_uid, of.stat.st_gid);
        if same(&below) != same(found) || stack.is_opaque(0, &found.path)? {
            return Ok(false);
        }
        let inside = stack.list(0, &found.path)?;
        for entry in &inside {
            if !self.hide(stack, entry)? {
                return Ok(false);
            }
        }
        Ok(!inside.is_empty())
    }
}

/// Paths without their slashes, as entries have them.
fn plain<S: AsRef<str>>(places: impl IntoIterator<Item = S>) -> HashSet<Vec<u8>> {
    let plain = |place: S| place.as_ref().trim_matches('/').as_bytes().to_vec();
    places.into_iter().map(plain).filter(|place| !place.is_empty()).collect()
}

/// The content of a file; nothing if it has gone or is too large for one that lines were added to.
fn text(stack: &Stack, found: &Found) -> Result<Option<Vec<u8>>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    let Some(fd) = stack.open_at(found.layer, &found.path, flags)? else { return Ok(None) };
    let mut text = Vec::new();
    let read = File::from(fd).take(WITH_LINES + 1).read_to_end(&mut text);
    let size = read.doing(|| format!("read /{}", shown(&found.path)))?;
    Ok((size as u64 <= WITH_LINES).then_some(text))
}

/// Whether `new` is `old` and at least one of the lines after it, in their order.
fn only_has_more(old: &[u8], new: &[u8], lines: &[String]) -> bool {
    let Some(mut rest) = new.strip_prefix(old).filter(|rest| !rest.is_empty()) else { return false };
    if !old.is_empty() && !old.ends_with(b"\n") {
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    for line in lines {
        if let Some([b'\n', after @ ..]) = rest.strip_prefix(line.as_bytes()) {
            rest = after;
        }
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_ours_at_the_end_are_nobody_s_change() {
        let lines = ["a:1".to_string(), "b:2".to_string()];
        let same = |old: &str, new: &str| only_has_more(old.as_bytes(), new.as_bytes(), &lines);
        for (old, new) in [("x\n", "x\na:1\n"), ("x\n", "x\nb:2\n"), ("x", "x\na:1\nb:2\n"), ("", "a:1\n")] {
            assert!(same(old, new), "{old:?} {new:?}");
        }
        for (old, new) in [
            ("x\n", "x\n"),
            ("x\n", "x\na:1"),
            ("x\n", "x\nb:2\na:1\n"),
            ("x\n", "x\na:1\nmine:3\n"),
            ("x\n", "y\na:1\n"),
            ("x\n", ""),
        ] {
            assert!(!same(old, new), "{old:?} {new:?}");
        }
    }
}
