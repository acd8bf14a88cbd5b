//! The log: one line for each line of output, with time, stream, and a mark for partial ones.
//!
//! ```text
//! 2026-03-01T12:00:00.123456789Z stdout F a whole line
//! 2026-03-01T12:00:00.223456789Z stderr P a line that goes on in the next
//! ```
//!
//! Source: the Kubernetes CRI log format, podman's `k8s-file`.

use super::rotate::{self, Rotation};
use crate::error::{Doing, Result};
use jiff::Timestamp;
use std::fs::File;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

/// Which stream a piece of output came from. A terminal's is [`Stream::Out`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    /// The word in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Stream::Out => "stdout",
            Stream::Err => "stderr",
        }
    }
}

/// How much is formatted before it is written: output of many short lines grows a lot.
const CHUNK: usize = 64 * 1024;

/// Writes a log, or nothing.
#[derive(Debug)]
pub struct LogWriter {
    file: Option<File>,
    path: PathBuf,
    rotation: Option<Rotation>,
    /// Bytes of the file, counted where it may grow too large.
    size: u64,
    /// The last entries of standard output and error go on in the next.
    midway: [bool; 2],
    /// Entries that are not written yet.
    line: Vec<u8>,
    /// They begin in the middle of a line.
    goes_on: bool,
    /// A write failed in the middle of a line, so the next has to start a new one.
    torn: bool,
}

impl LogWriter {
    /// A log nobody keeps.
    #[must_use]
    pub fn none() -> LogWriter {
        LogWriter {
            file: None,
            path: PathBuf::new(),
            rotation: None,
            size: 0,
            midway: [false; 2],
            line: Vec::new(),
            goes_on: false,
            torn: false,
        }
    }

    /// Opens the log at `path`, at its end.
    ///
    /// # Errors
    /// When it cannot be opened or made.
    pub fn open(path: &Path, rotation: Option<Rotation>) -> Result<LogWriter> {
        let file = rotate::open(path).doing(|| format!("open the log {}", path.display()))?;
        let size = match rotation {
            Some(_) => file.metadata().doing(|| format!("look at {}", path.display()))?.len(),
            None => 0,
        };
        Ok(LogWriter { file: Some(file), path: path.to_path_buf(), rotation, size, ..LogWriter::none() })
    }

    /// Logs a piece of output as it was read; its end need not be the end of a line.
    ///
    /// A full disk loses lines, never the container.
    pub fn write(&mut self, stream: Stream, mut bytes: &[u8]) {
        if self.file.is_none() {
            return;
        }
        // One clock call for all lines of one read: they came together.
        let time = format!("{:.9}", Timestamp::now());
        while !bytes.is_empty() {
            let (text, mark, rest) = match line_end(bytes) {
                Some(end) => (&bytes[..end], 'F', &bytes[end + 1..]),
                None => (bytes, 'P', &bytes[bytes.len()..]),
            };
            bytes = rest;
            let before = self.line.len();
            // Writing to a vector cannot fail.
            let _ = write!(self.line, "{time} {} {mark} ", stream.name());
            self.line.extend_from_slice(text);
            self.line.push(b'\n');
            let after = self.size + self.line.len() as u64;
            if before > 0 && self.rotation.is_some_and(|rotation| after > rotation.size) {
                // Those before it fill the file.
                self.flush(before);
            }
            self.midway[usize::from(stream == Stream::Err)] = mark == 'P';
            if self.line.len() >= CHUNK {
                self.flush(self.line.len());
            }
        }
        self.flush(self.line.len());
    }

    /// Writes so many bytes, which are whole entries.
    fn flush(&mut self, length: usize) {
        self.make_room(length as u64);
        let Some(file) = &mut self.file else { return };
        self.size += length as u64;
        let ready = if std::mem::take(&mut self.torn) { file.write_all(b"\n") } else { Ok(()) };
        self.torn = ready.and_then(|()| file.write_all(&self.line[..length])).is_err();
        self.line.drain(..length);
        self.goes_on = self.midway.contains(&true);
    }

    /// Begins a new file if this one would become too large. As long as it is not much too large it
    /// goes on to the end of a line, so that no line is in two files.
    fn make_room(&mut self, length: u64) {
        let Some(rotation) = self.rotation else { return };
        let after = self.size + length;
        let in_a_line = self.goes_on && after < 2 * rotation.size;
        if self.size == 0 || after <= rotation.size || in_a_line {
            return;
        }
        // Where that fails the old file goes on growing: better too large than lost.
        if let Ok(file) = rotate::rotate(&self.path, rotation.files) {
            self.file = Some(file);
            self.size = 0;
            self.torn = false;
        }
    }
}

/// Where the first newline is.
#[must_use]
pub fn line_end(bytes: &[u8]) -> Option<usize> {
    // By memchr, which std offers for readers only.
    let read = BufRead::skip_until(&mut &*bytes, b'\n').ok()?;
    bytes[..read].ends_with(b"\n").then(|| read - 1)
}

/// One line of a log, cut into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// As it stands there.
    pub time: &'a str,
    /// Where it came from.
    pub stream: Stream,
    /// The line goes on in this stream's next entry.
    pub partial: bool,
    /// The output, without the newline.
    pub text: &'a [u8],
}

impl Entry<'_> {
    /// Reads one line of a log, without its newline; `None` for what is none of ours (a torn
    /// line after a full disk).
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Entry<'_>> {
        let space = line.iter().take(64).position(|byte| *byte == b' ')?;
        let time = std::str::from_utf8(&line[..space]).ok()?;
        let rest = &line[space + 1..];
        let (stream, rest) = if let Some(rest) = rest.strip_prefix(b"stdout ") {
            (Stream::Out, rest)
        } else {
            (Stream::Err, rest.strip_prefix(b"stderr ")?)
        };
        let (partial, text) = match rest {
            [b'F', b' ', text @ ..] => (false, text),
            [b'P', b' ', text @ ..] => (true, text),
            _ => return None,
        };
        Some(Entry { time, stream, partial, text })
    }

    /// When it was written.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.time.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_gives_back_the_bytes() {
        let path = std::env::temp_dir().join(format!("box-log-test-{}", std::process::id()));
        let mut log = LogWriter::open(&path, None).unwrap();
        log.write(Stream::Out, b"one\n\ntw");
        log.write(Stream::Err, b"oops\n");
        log.write(Stream::Out, b"o\nend");
        let text = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let entry = Entry::parse(line.strip_suffix(b"\n").unwrap()).unwrap();
            assert!(entry.timestamp().is_some());
            let to = if entry.stream == Stream::Out { &mut out } else { &mut err };
            to.extend_from_slice(entry.text);
            if !entry.partial {
                to.push(b'\n');
            }
        }
        assert_eq!((out.as_slice(), err.as_slice()), (&b"one\n\ntwo\nend"[..], &b"oops\n"[..]));
    }

    #[test]
    fn files_are_filled_to_their_size_and_a_line_is_in_one_of_them() {
        let dir = std::env::temp_dir().join(format!("box-log-sizes-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("log");
        let text: Vec<u8> = (0..600).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        // However much of the output comes at once.
        for piece in [7, 10, 64, 1000, 5000, text.len()] {
            let mut log = LogWriter::open(&path, Some(Rotation { size: 5000, files: 50 })).unwrap();
            text.chunks(piece).for_each(|piece| log.write(Stream::Out, piece));
            let mut files = rotate::files(&path).unwrap();
            let (count, mut number) = (files.len(), 0);
            for (at, file) in files.iter_mut().enumerate() {
                let text = std::io::read_to_string(file).unwrap();
                let full = at + 1 == count || (4700..5300).contains(&text.len());
                assert!(full, "{piece}: file {at} has {} bytes", text.len());
                let mut whole = String::new();
                for entry in text.lines().map(|line| Entry::parse(line.as_bytes()).unwrap()) {
                    whole.push_str(std::str::from_utf8(entry.text).unwrap());
                    if !entry.partial {
                        assert_eq!(whole, format!("line {number}"), "in pieces of {piece}");
                        (whole, number) = (String::new(), number + 1);
                    }
                }
                assert_eq!(whole, "", "in pieces of {piece}");
            }
            assert_eq!(number, 600);
            std::fs::remove_dir_all(&dir).unwrap();
            std::fs::create_dir_all(&dir).unwrap();
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_torn_line_is_no_entry() {
        for line in ["", "x", "2026-01-01T00:00:00Z stdout", "2026-01-01T00:00:00Z stdin F x"] {
            assert_eq!(Entry::parse(line.as_bytes()), None, "{line}");
        }
    }
}
