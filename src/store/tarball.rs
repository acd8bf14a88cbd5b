//! Writes tar archives: ustar headers, with pax records for what does not fit into them.
//!
//! The same members give the same bytes: nothing of the host, of the moment or of the order in which
//! a directory is listed gets in here; see also [`super::archive`], which reads them.
//!
//! Source: pax(1) of POSIX "ustar Interchange Format" and "pax Interchange Format"; GNU tar manual
//! "PAX Format, Version 1.0" for sparse files.

use super::archive::{Member, MemberKind};
use crate::error::{Doing, Result, failed};
use std::io::{self, Read, Write};
use tar::{EntryType, Header};

const BLOCK: u64 = 512;
/// What an octal field of eight bytes holds.
const MAX_SMALL: u64 = 0o7_777_777;
/// What an octal field of twelve bytes holds.
const MAX_SIZE: u64 = 0o77_777_777_777;

/// Writes an archive member by member.
pub struct TarWriter<W> {
    inner: W,
}

impl Member {
    /// A regular file of root's, from no particular time.
    #[must_use]
    pub fn plain_file(path: &str, size: u64) -> Member {
        Member {
            path: path.as_bytes().to_vec(),
            link: Vec::new(),
            kind: MemberKind::File,
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: (0, 0),
            size,
            pieces: None,
            xattrs: Vec::new(),
        }
    }
}

impl<W: Write> TarWriter<W> {
    /// Begins an archive.
    pub fn new(inner: W) -> TarWriter<W> {
        TarWriter { inner }
    }

    /// Writes a member; `data` gives the bytes of a file (of a sparse one its pieces, one after the
    /// other) and is read to the length that the member says, no further.
    ///
    /// # Errors
    /// The reader's and the writer's; `Failed` when the data ends early. The archive is then broken.
    pub fn member(&mut self, member: &Member, data: impl Read) -> Result<()> {
        let map = member.pieces.as_ref().map(|pieces| sparse_map(pieces));
        let stored = match (&member.pieces, &map) {
            (Some(pieces), Some(map)) => {
                map.len() as u64 + pieces.iter().map(|&(_, length)| length).sum::<u64>()
            }
            _ => member.size,
        };
        let size = if member.kind == MemberKind::File { stored } else { 0 };
        let records = pax_records(member, size);
        if !records.is_empty() {
            let mut header = Header::new_ustar();
            header.set_entry_type(EntryType::XHeader);
            name(&mut header, b"PaxHeaders");
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            self.header(&mut header, records.len() as u64)?;
            self.data(&records[..], records.len() as u64)?;
        }
        let mut header = Header::new_ustar();
        header.set_entry_type(match member.kind {
            MemberKind::File => EntryType::Regular,
            MemberKind::HardLink => EntryType::Link,
            MemberKind::Symlink => EntryType::Symlink,
            MemberKind::Directory => EntryType::Directory,
            MemberKind::Fifo => EntryType::Fifo,
            MemberKind::Device => return Err(failed("device nodes are not archived")),
        });
        name(&mut header, &member.path);
        let link = member.link.len().min(100);
        if let Some(ustar) = header.as_ustar_mut() {
            ustar.linkname[..link].copy_from_slice(&member.link[..link]);
        }
        header.set_mode(member.mode);
        header.set_uid(if member.uid > MAX_SMALL { 0 } else { member.uid });
        header.set_gid(if member.gid > MAX_SMALL { 0 } else { member.gid });
        header.set_mtime(u64::try_from(member.mtime.0).ok().filter(|time| *time <= MAX_SIZE).unwrap_or(0));
        self.header(&mut header, size)?;
        match map {
            Some(map) => {
                self.inner.write_all(&map).doing(|| "write the archive")?;
                self.data(data, size - map.len() as u64)
            }
            None => self.data(data, size),
        }
    }

    /// Ends the archive and returns what it was written to.
    ///
    /// # Errors
    /// The writer's.
    pub fn finish(mut self) -> Result<W> {
        self.inner.write_all(&[0; 2 * BLOCK as usize]).doing(|| "write the archive")?;
        self.inner.flush().doing(|| "write the archive")?;
        Ok(self.inner)
    }

    fn header(&mut self, header: &mut Header, size: u64) -> Result<()> {
        header.set_size(if size > MAX_SIZE { 0 } else { size });
        header.set_cksum();
        self.inner.write_all(header.as_bytes()).doing(|| "write the archive")
    }

    fn data(&mut self, data: impl Read, size: u64) -> Result<()> {
        // Sparse maps come in whole blocks, so what is written here alone decides the padding.
        let copied = io::copy(&mut data.take(size), &mut self.inner).doing(|| "write the archive")?;
        if copied < size {
            return Err(failed(format!("a file became shorter while it was read: {copied} of {size} bytes")));
        }
        let padding = (BLOCK - size % BLOCK) % BLOCK;
        self.inner.write_all(&[0; BLOCK as usize][..padding as usize]).doing(|| "write the archive")
    }
}

/// As much of the path as fits; the rest is in the pax records.
fn name(header: &mut Header, path: &[u8]) {
    let length = path.len().min(100);
    header.as_old_mut().name[..length].copy_from_slice(&path[..length]);
}

fn pax_records(member: &Member, stored: u64) -> Vec<u8> {
    let mut all = Vec::new();
    let odd = |text: &[u8]| text.len() > 100 || !text.is_ascii();
    if odd(&member.path) {
        record(&mut all, b"path", &member.path);
    }
    if odd(&member.link) {
        record(&mut all, b"linkpath", &member.link);
    }
    for (key, id) in [(&b"uid"[..], member.uid), (b"gid", member.gid)] {
        if id > MAX_SMALL {
            record(&mut all, key, id.to_string().as_bytes());
        }
    }
    let (seconds, nanos) = member.mtime;
    if nanos != 0 || seconds < 0 || seconds as u64 > MAX_SIZE {
        record(&mut all, b"mtime", pax_time(seconds, nanos).as_bytes());
    }
    if stored > MAX_SIZE {
        record(&mut all, b"size", stored.to_string().as_bytes());
    }
    if member.pieces.is_some() {
        record(&mut all, b"GNU.sparse.major", b"1");
        record(&mut all, b"GNU.sparse.minor", b"0");
        record(&mut all, b"GNU.sparse.name", &member.path);
        record(&mut all, b"GNU.sparse.realsize", member.size.to_string().as_bytes());
    }
    for (key, value) in &member.xattrs {
        record(&mut all, &[b"SCHILY.xattr.", key.as_slice()].concat(), value);
    }
    all
}

/// Before 1970 the fraction counts towards the past.
fn pax_time(seconds: i64, nanos: u32) -> String {
    let (seconds, nanos, sign) = match (seconds, nanos) {
        (..0, 1..) => (-(seconds + 1), 1_000_000_000 - nanos, "-"),
        (..0, 0) => (-seconds, 0, "-"),
        (seconds, nanos) => (seconds, nanos, ""),
    };
    match nanos {
        0 => format!("{sign}{seconds}"),
        _ => format!("{sign}{seconds}.{}", format!("{nanos:09}").trim_end_matches('0')),
    }
}

/// `length key=value\n`; the length counts its own digits.
fn record(to: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() > length {
        length += 1;
    }
    to.extend_from_slice(length.to_string().as_bytes());
    to.push(b' ');
    to.extend_from_slice(key);
    to.push(b'=');
    to.extend_from_slice(value);
    to.push(b'\n');
}

/// The map of format 1.0 that stands before the data, in whole blocks.
fn sparse_map(pieces: &[(u64, u64)]) -> Vec<u8> {
    let mut text = format!("{}\n", pieces.len());
    for (offset, length) in pieces {
        text += &format!("{offset}\n{length}\n");
    }
    let mut map = text.into_bytes();
    map.resize(map.len().next_multiple_of(BLOCK as usize), 0);
    map
}

#[cfg(test)]
mod tests {
    use super::super::archive::TarReader;
    use super::*;

    fn round_trip(member: &Member, data: &[u8]) -> (Member, Vec<u8>) {
        let mut tar = TarWriter::new(Vec::new());
        tar.member(member, data).unwrap();
        tar.member(&Member::plain_file("next", 1), &b"x"[..]).unwrap();
        let bytes = tar.finish().unwrap();
        assert_eq!(bytes.len() % 512, 0);
        let mut reader = TarReader::new(&bytes[..]);
        let first = reader.next_member().unwrap().unwrap();
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(reader.next_member().unwrap().unwrap().path, b"next");
        assert!(reader.next_member().unwrap().is_none());
        (first, read)
    }

    #[test]
    fn everything_that_a_member_has_comes_back() {
        let member = Member {
            path: "ein langer Name mit ü/".repeat(9).into_bytes(),
            mode: 0o4755,
            uid: 5_000_000,
            gid: 7,
            mtime: (-3, 250_000_000),
            xattrs: vec![(b"security.capability".to_vec(), vec![1, 0, b'\n', 2])],
            ..Member::plain_file("", 3)
        };
        let member = Member { path: member.path[..member.path.len() - 1].to_vec(), ..member };
        let (back, data) = round_trip(&member, b"abc");
        assert_eq!(format!("{back:?}"), format!("{member:?}"));
        assert_eq!(data, b"abc");
        let link = Member {
            kind: MemberKind::Symlink,
            link: b"t".repeat(200),
            size: 0,
            ..Member::plain_file("a", 0)
        };
        assert_eq!(round_trip(&link, b"").0.link, link.link);
    }

    #[test]
    fn holes_stay_holes() {
        let pieces = vec![(4096, 3), (1 << 30, 2), (5 << 30, 0)];
        let member = Member { pieces: Some(pieces), ..Member::plain_file("sparse", 5 << 30) };
        let (back, data) = round_trip(&member, b"abcde");
        assert_eq!((back.size, &back.pieces, &data[..]), (5 << 30, &member.pieces, &b"abcde"[..]));
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let mut tar = TarWriter::new(Vec::new());
        assert!(tar.member(&Member::plain_file("a", 10), &b"abc"[..]).is_err());
    }

    #[test]
    fn times_before_the_epoch_are_written_as_pax_wants_them() {
        assert_eq!(pax_time(-2, 750_000_000), "-1.25");
        assert_eq!(pax_time(-2, 0), "-2");
        assert_eq!(pax_time(5, 1), "5.000000001");
    }
}
