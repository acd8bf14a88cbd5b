//! Reads tar archives: old, ustar, GNU and pax, with their long names, extended attributes and
//! sparse files.
//!
//! The tar crate knows the header; the walk is our own because its iterator splits pax records at
//! newlines (which breaks binary attributes such as file capabilities), reads long names of any
//! length into memory and does not know pax sparse files.
//!
//! Source: pax(1) of POSIX "pax Interchange Format"; GNU tar manual "Storing Sparse Files".

use crate::error::{Doing, Result, invalid};
use std::io::Read;
use tar::{EntryType, GnuExtSparseHeader, Header};

/// Long names and pax headers beyond this are refused, as Go's archive/tar does.
const MAX_SPECIAL: u64 = 1 << 20;
/// Pieces of one sparse file.
const MAX_PIECES: usize = 1 << 20;
const BLOCK: u64 = 512;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A regular file.
    File,
    /// Another name of a member before it.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
    /// A character or block device.
    Device,
}

/// One member of an archive, without its data.
#[derive(Clone, Debug)]
pub struct Member {
    /// As it stands in the archive: not checked for anything.
    pub path: Vec<u8>,
    /// What a link points to.
    pub link: Vec<u8>,
    /// What it is.
    pub kind: MemberKind,
    /// The permission bits.
    pub mode: u32,
    /// The owner.
    pub uid: u64,
    /// The group.
    pub gid: u64,
    /// Seconds and nanoseconds since the epoch.
    pub mtime: (i64, u32),
    /// The length of the file; of a sparse one with its holes.
    pub size: u64,
    /// Where a sparse file has data, and how much; `None`: everywhere.
    pub pieces: Option<Vec<(u64, u64)>>,
    /// Extended attributes.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Walks an archive. After [`TarReader::next_member`] it reads as the data of that member (a
/// sparse file's pieces one after the other).
pub struct TarReader<R> {
    inner: R,
    /// Data of the current member not yet read.
    left: u64,
    /// Bytes behind that data up to the next header.
    padding: u64,
    ended: bool,
}

#[derive(Debug, Default)]
struct Pax {
    records: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Pax {
    /// The last record of that name, as POSIX wants it.
    fn get(&self, key: &str) -> Option<&[u8]> {
        self.records.iter().rev().find(|(k, _)| k == key.as_bytes()).map(|(_, v)| v.as_slice())
    }

    fn number(&self, key: &str) -> Result<Option<u64>> {
        self.get(key).map(number).transpose()
    }
}

impl<R: Read> TarReader<R> {
    /// Begins at the start of an uncompressed archive.
    pub fn new(inner: R) -> TarReader<R> {
        TarReader { inner, left: 0, padding: 0, ended: false }
    }

    /// Goes to the next member; skips what is left of the current one.
    ///
    /// # Errors
    /// `Invalid` for what is not a tar archive or ends too early, else the reader's.
    pub fn next_member(&mut self) -> Result<Option<Member>> {
        let mut pax = Pax::default();
        let (mut long_path, mut long_link) = (None, None);
        loop {
            self.skip_rest()?;
            let Some(header) = self.header()? else {
                self.ended = true;
                return Ok(None);
            };
            let size = header.entry_size().map_err(broken)?;
            match header.entry_type() {
                EntryType::XHeader => {
                    pax = parse_pax(&self.special(size)?)?;
                    continue;
                }
                EntryType::XGlobalHeader => {
                    self.special(size)?;
                    continue;
                }
                EntryType::GNULongName => {
                    long_path = Some(until_nul(self.special(size)?));
                    continue;
                }
                EntryType::GNULongLink => {
                    long_link = Some(until_nul(self.special(size)?));
                    continue;
                }
                _ => {}
            }
            if let Some(member) = self.member(&header, size, &pax, long_path.take(), long_link.take())? {
                return Ok(Some(member));
            }
            pax = Pax::default();
        }
    }

    /// Reads what follows the archive (padding, mostly) to its end, so that a digest covers it.
    ///
    /// # Errors
    /// The reader's.
    pub fn finish(mut self) -> Result<()> {
        self.ended = true;
        std::io::copy(&mut self.inner, &mut std::io::sink()).doing(|| "read the archive to its end")?;
        Ok(())
    }

    fn header(&mut self) -> Result<Option<Header>> {
        let mut header = Header::new_old();
        let bytes = header.as_mut_bytes();
        let mut have = 0;
        while have < bytes.len() {
            match self.inner.read(&mut bytes[have..]) {
                Ok(0) if have == 0 => return Ok(None),
                Ok(0) => return Err(invalid("the archive ends in the middle of a header")),
                Ok(n) => have += n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).doing(|| "read the archive"),
            }
        }
        if bytes.iter().all(|&b| b == 0) {
            return Ok(None);
        }
        let sum: u32 = bytes[..148].iter().chain(&bytes[156..]).map(|&b| u32::from(b)).sum::<u32>() + 8 * 32;
        if header.cksum().ok() != Some(sum) {
            return Err(invalid("this is not a tar archive, or it is damaged: a header's checksum is wrong"));
        }
        Ok(Some(header))
    }

    fn member(
        &mut self,
        header: &Header,
        size: u64,
        pax: &Pax,
        long_path: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> Result<Option<Member>> {
        let own = |pax: Option<&[u8]>, long: Option<Vec<u8>>| pax.map(<[u8]>::to_vec).or(long);
        let path = own(pax.get("path"), long_path).unwrap_or_else(|| header.path_bytes().into_owned());
        let link = own(pax.get("linkpath"), long_link)
            .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned))
            .unwrap_or_default();
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous if path.ends_with(b"/") => MemberKind::Directory,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => MemberKind::File,
            EntryType::Link => MemberKind::HardLink,
            EntryType::Symlink => MemberKind::Symlink,
            EntryType::Char | EntryType::Block => MemberKind::Device,
            EntryType::Directory => MemberKind::Directory,
            EntryType::Fifo => MemberKind::Fifo,
            _ => {
                // Volume labels and the like: nothing to unpack.
                self.expect(pax.number("size")?.unwrap_or(size))?;
                return Ok(None);
            }
        };
        let size = match kind {
            // Whatever their headers say, these have no data (as in Go's archive/tar).
            MemberKind::File => pax.number("size")?.unwrap_or(size),
            _ => 0,
        };
        self.expect(size)?;
        let mut member = Member {
            path,
            link,
            kind,
            mode: header.mode().map_err(broken)? & 0o7777,
            uid: pax.number("uid")?.map_or_else(|| header.uid().map_err(broken), Ok)?,
            gid: pax.number("gid")?.map_or_else(|| header.gid().map_err(broken), Ok)?,
            mtime: match pax.get("mtime") {
                Some(text) => pax_time(text),
                None => (i64::try_from(header.mtime().unwrap_or(0)).unwrap_or(0), 0),
            },
            size,
            pieces: None,
            xattrs: Vec::new(),
        };
        for (key, value) in &pax.records {
            if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                member.xattrs.push((name.to_vec(), value.clone()));
            }
        }
        if header.entry_type() == EntryType::GNUSparse {
            self.gnu_sparse(header, &mut member)?;
        } else if kind == MemberKind::File {
            self.pax_sparse(pax, &mut member)?;
        }
        Ok(Some(member))
    }

    /// From here on `size` bytes of data are read, and their padding is skipped.
    fn expect(&mut self, size: u64) -> Result<()> {
        if size > i64::MAX as u64 {
            return Err(invalid("a member of the archive has an impossible size"));
        }
        self.left = size;
        self.padding = (BLOCK - size % BLOCK) % BLOCK;
        Ok(())
    }

    fn skip_rest(&mut self) -> Result<()> {
        let skip = self.left + self.padding;
        self.left = 0;
        self.padding = 0;
        let skipped = std::io::copy(&mut (&mut self.inner).take(skip), &mut std::io::sink())
            .doing(|| "read the archive")?;
        if skipped < skip { Err(invalid("the archive ends in the middle of a file")) } else { Ok(()) }
    }

    fn special(&mut self, size: u64) -> Result<Vec<u8>> {
        if size > MAX_SPECIAL {
            return Err(invalid("a long name or attribute in the archive is larger than 1 MiB"));
        }
        self.expect(size)?;
        self.exactly(size as usize)
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.read_exact(&mut bytes).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::UnexpectedEof => invalid("the archive ends too early"),
            _ => cause.into(),
        })?;
        Ok(bytes)
    }

    fn gnu_sparse(&mut self, header: &Header, member: &mut Member) -> Result<()> {
        let gnu = header.as_gnu().ok_or_else(|| invalid("a sparse file without a GNU header"))?;
        let mut pieces = Vec::new();
        let mut add = |sparse: &tar::GnuSparseHeader| -> Result<()> {
            if !sparse.is_empty() {
                pieces.push((sparse.offset().map_err(broken)?, sparse.length().map_err(broken)?));
            }
            Ok(())
        };
        for sparse in &gnu.sparse {
            add(sparse)?;
        }
        let mut more = gnu.is_extended();
        let mut count = 0;
        while more {
            let mut ext = GnuExtSparseHeader::new();
            // The map lies between header and data and is not part of the size.
            self.inner.read_exact(ext.as_mut_bytes()).doing(|| "read a sparse file's map")?;
            for sparse in ext.sparse() {
                add(sparse)?;
            }
            count += 21;
            if count > MAX_PIECES {
                return Err(invalid("a sparse file in the archive has too many pieces"));
            }
            more = ext.is_extended();
        }
        let real = gnu.real_size().map_err(broken)?;
        self.set_pieces(member, real, pieces)
    }

    fn pax_sparse(&mut self, pax: &Pax, member: &mut Member) -> Result<()> {
        if let Some(name) = pax.get("GNU.sparse.name") {
            member.path = name.to_vec();
        }
        let version = (pax.number("GNU.sparse.major")?, pax.number("GNU.sparse.minor")?);
        let (real, numbers) = if version == (Some(1), Some(0)) {
            (pax.number("GNU.sparse.realsize")?, self.sparse_map()?)
        } else if let Some(map) = pax.get("GNU.sparse.map") {
            let numbers = map.split(|&b| b == b',').map(number).collect::<Result<Vec<u64>>>()?;
            (pax.number("GNU.sparse.size")?, numbers)
        } else if pax.get("GNU.sparse.numblocks").is_some() {
            let mut numbers = Vec::new();
            for (key, value) in &pax.records {
                if key == b"GNU.sparse.offset" || key == b"GNU.sparse.numbytes" {
                    numbers.push(number(value)?);
                }
            }
            (pax.number("GNU.sparse.size")?, numbers)
        } else {
            return Ok(());
        };
        let real = real.ok_or_else(|| invalid("a sparse file in the archive has no size"))?;
        self.set_pieces(member, real, numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
    }

    /// The map of format 1.0: decimal lines in whole blocks before the data.
    fn sparse_map(&mut self) -> Result<Vec<u64>> {
        let mut numbers: Vec<u64> = Vec::new();
        let mut wanted = None;
        let mut digits: Vec<u8> = Vec::new();
        loop {
            for byte in self.exactly(BLOCK as usize)? {
                if byte != b'\n' {
                    digits.push(byte);
                    if digits.len() > 20 {
                        return Err(invalid("a sparse file's map in the archive is damaged"));
                    }
                    continue;
                }
                let value = number(&digits)?;
                digits.clear();
                match wanted {
                    None => wanted = Some(value.saturating_mul(2)),
                    Some(_) => numbers.push(value),
                }
                if wanted.is_some_and(|wanted| wanted > MAX_PIECES as u64 * 2) {
                    return Err(invalid("a sparse file in the archive has too many pieces"));
                }
                if wanted == Some(numbers.len() as u64) {
                    return Ok(numbers);
                }
            }
        }
    }

    /// Takes the map if its pieces are in order and as long as the data.
    fn set_pieces(&mut self, member: &mut Member, real: u64, pieces: Vec<(u64, u64)>) -> Result<()> {
        let bad = || invalid("a sparse file's map in the archive contradicts its size");
        let (mut end, mut sum) = (0u64, 0u64);
        for &(offset, length) in &pieces {
            if offset < end {
                return Err(bad());
            }
            end = offset.checked_add(length).ok_or_else(bad)?;
            sum += length;
        }
        if end > real || real > i64::MAX as u64 || sum > self.left {
            return Err(bad());
        }
        member.size = real;
        member.pieces = Some(pieces);
        Ok(())
    }
}

impl<R: Read> Read for TarReader<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let want = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if want == 0 || self.ended {
            return Ok(0);
        }
        let got = self.inner.read(&mut into[..want])?;
        if got == 0 {
            return Err(std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                "the archive ends in the middle of a file",
            ));
        }
        self.left -= got as u64;
        Ok(got)
    }
}

fn broken(cause: std::io::Error) -> crate::error::Error {
    invalid("the archive is damaged").because(cause)
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|&b| b == 0) {
        bytes.truncate(end);
    }
    bytes
}

fn number(text: &[u8]) -> Result<u64> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| invalid(format!("{:?} in the archive is not a number", String::from_utf8_lossy(text))))
}

/// Seconds with a decimal fraction, perhaps negative. A time that cannot be read is no time.
fn pax_time(text: &[u8]) -> (i64, u32) {
    let text = String::from_utf8_lossy(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let Ok(mut seconds) = whole.parse::<i64>() else { return (0, 0) };
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let mut nanos = digits.parse::<u32>().unwrap_or(0);
    if whole.starts_with('-') && nanos > 0 {
        seconds = seconds.saturating_sub(1);
        nanos = 1_000_000_000 - nanos;
    }
    (seconds, nanos)
}

/// `length key=value\n`, the length counting the whole record: values may contain newlines.
fn parse_pax(mut bytes: &[u8]) -> Result<Pax> {
    let bad = || invalid("the archive is damaged: a pax header cannot be read");
    let mut pax = Pax::default();
    while !bytes.is_empty() && bytes[0] != 0 {
        let space = bytes.iter().position(|&b| b == b' ').ok_or_else(bad)?;
        let length = number(&bytes[..space]).map_err(|_| bad())?;
        let length = usize::try_from(length).map_err(|_| bad())?;
        if length <= space + 1 || length > bytes.len() || bytes[length - 1] != b'\n' {
            return Err(bad());
        }
        let record = &bytes[space + 1..length - 1];
        let equals = record.iter().position(|&b| b == b'=').ok_or_else(bad)?;
        pax.records.push((record[..equals].to_vec(), record[equals + 1..].to_vec()));
        bytes = &bytes[length..];
    }
    Ok(pax)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pax_value_may_contain_newlines() {
        let pax = parse_pax(b"11 path=a/b\n21 SCHILY.xattr.a=\n\n\n").unwrap_err();
        assert!(pax.to_string().contains("damaged"));
        let pax = parse_pax(b"12 path=a/b\n21 SCHILY.xattr.a=\n\n\n").unwrap();
        assert_eq!(pax.get("path"), Some(&b"a/b"[..]));
        assert_eq!(pax.get("SCHILY.xattr.a"), Some(&b"\n\n"[..]));
    }

    #[test]
    fn times_have_fractions_and_signs() {
        assert_eq!(pax_time(b"12.5"), (12, 500_000_000));
        assert_eq!(pax_time(b"-1.25"), (-2, 750_000_000));
        assert_eq!(pax_time(b"x"), (0, 0));
    }

    #[test]
    fn garbage_and_short_archives_are_errors() {
        let mut reader = TarReader::new(&[1u8; 600][..]);
        assert!(reader.next_member().is_err());
        let mut header = Header::new_gnu();
        header.set_path("file").unwrap();
        header.set_size(1000);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend([0; 10]);
        let mut reader = TarReader::new(&bytes[..]);
        assert_eq!(reader.next_member().unwrap().unwrap().size, 1000);
        assert!(reader.next_member().unwrap_err().to_string().contains("ends"));
        assert!(TarReader::new(&[0u8; 1024][..]).next_member().unwrap().is_none());
    }

    /// Reads to the end or to the first error.
    fn walk(bytes: &[u8]) {
        let mut reader = TarReader::new(bytes);
        let mut buffer = [0; 700];
        while let Ok(Some(member)) = reader.next_member() {
            assert!(member.size <= i64::MAX as u64);
            while matches!(reader.read(&mut buffer), Ok(1..)) {}
        }
    }

    #[test]
    fn mangled_archives_are_errors_and_never_panics() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_size(3);
        header.set_mode(0o644);
        for name in ["short", &"long/".repeat(60)] {
            builder
                .append_pax_extensions([
                    ("path", name.as_bytes()),
                    ("size", b"3"),
                    ("GNU.sparse.map", b"0,1,2,1"),
                ])
                .unwrap();
            builder.append_data(&mut header, name.trim_end_matches('/'), &b"abc"[..]).unwrap();
        }
        let good = builder.into_inner().unwrap();
        walk(&good);
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..20_000 {
            let mut bad = good.clone();
            for _ in 0..3 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = (random >> 16) as usize % bad.len();
                bad[at] = if random & 1 == 0 { b'0' + (random >> 8) as u8 % 10 } else { (random >> 8) as u8 };
                // A wrong checksum would end most of them at once.
                let block = at / 512 * 512;
                let header = &mut bad[block..block + 512];
                if header[257..262] == *b"ustar" {
                    header[148..156].fill(b' ');
                    let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
                    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
                }
            }
            walk(&bad);
            walk(&bad[..(random >> 20) as usize % bad.len()]);
        }
    }
}
