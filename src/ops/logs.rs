//! What containers have written, from their logs, and what they go on to write.

use super::reconcile;
use crate::container::config::{ContainerConfig, LogDriver};
use crate::error::{Doing, Error, Kind, Result};
use crate::settings::Settings;
use crate::store::containers::Entry;
use crate::store::layout::Store;
use crate::supervisor::control;
use crate::supervisor::log::{self, Stream};
use crate::supervisor::protocol::Request;
use crate::supervisor::rotate;
use crate::supervisor::run::log_path;
use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// What of the logs is wanted, and how.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Goes on until the containers end.
    pub follow: bool,
    /// Nothing from before.
    pub since: Option<Timestamp>,
    /// Nothing from after.
    pub until: Option<Timestamp>,
    /// So many lines of each at most, the last ones.
    pub tail: Option<usize>,
    /// The time before each line.
    pub timestamps: bool,
    /// Of several containers the name before each line, not the id.
    pub names: bool,
    /// Each container has a colour.
    pub color: bool,
    /// Before each line what its container's log options name.
    pub details: bool,
}

/// Where the lines go; `false` stops it.
pub type Sink<'a> = dyn FnMut(Stream, &[u8]) -> bool + 'a;

/// Gives `sink` the logs of the containers, one after the other; with `follow` all at the same
/// time from then on, until each has ended or nobody reads `output` any more, which only shows in a
/// write otherwise: a log may be silent for long.
///
/// # Errors
/// `Conflict` for a container that keeps no log; when a log cannot be read.
pub fn logs(
    settings: &Settings,
    store: &Store,
    entries: &[Entry],
    wanted: &Wanted,
    output: BorrowedFd<'_>,
    sink: &mut Sink,
) -> Result<()> {
    let mut readers = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let prefix = match entries.len() {
            0 | 1 => String::new(),
            _ if wanted.names => format!("{} ", entry.name),
            _ => format!("{} ", entry.id.short()),
        };
        let color = if wanted.color { Some(index) } else { None };
        let reader = Reader::open(store, entry, wanted, prefix, color)?;
        readers.extend(reader);
    }
    if !wanted.follow {
        for reader in &mut readers {
            if !reader.read(wanted, sink)? {
                break;
            }
        }
        return Ok(());
    }
    follow(settings, store, readers, wanted, output, sink)
}

fn follow(
    settings: &Settings,
    store: &Store,
    mut readers: Vec<Reader>,
    wanted: &Wanted,
    output: BorrowedFd<'_>,
    sink: &mut Sink,
) -> Result<()> {
    let news = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)
        .doing(|| "watch the logs")?;
    for reader in &mut readers {
        // Watched before it is read: what comes in between is not missed.
        reader.watch(&news)?;
        reader.life = Life::of(store, &reader.entry)?;
    }
    loop {
        let mut open = Vec::with_capacity(readers.len());
        for mut reader in readers {
            loop {
                if !reader.read(wanted, sink)? {
                    return Ok(());
                }
                if !std::mem::take(&mut reader.switched) {
                    break;
                }
                reader.watch(&news)?;
            }
            if reader.life.is_some() && !reader.past_until {
                open.push(reader);
            }
        }
        readers = open;
        let left = wanted.until.map(|until| until.duration_since(Timestamp::now()));
        if readers.is_empty() || left.is_some_and(|left| left.is_negative()) {
            return Ok(());
        }
        if !wait(&news, output, &mut readers, left.and_then(|left| left.try_into().ok()))? {
            return Ok(());
        }
        for reader in readers.iter().filter(|reader| reader.life.is_none()) {
            // A supervisor that was killed left no record: that is put right by who sees it first.
            reconcile::look(settings, store, &reader.entry.id)?;
        }
    }
}

/// Waits until a log grows or a container ends; those that ended lose their life. `false`: nobody
/// reads `output`.
fn wait(
    news: &OwnedFd,
    output: BorrowedFd<'_>,
    readers: &mut [Reader],
    left: Option<std::time::Duration>,
) -> Result<bool> {
    // Without any flag for the errors alone, of which a pipe without a reader is one (pipe(7)).
    let mut fds =
        vec![PollFd::new(news, PollFlags::IN), PollFd::from_borrowed_fd(output, PollFlags::empty())];
    let lives = readers.iter().filter_map(|reader| reader.life.as_ref());
    fds.extend(lives.map(|life| PollFd::from_borrowed_fd(life.0.as_fd(), PollFlags::IN)));
    let timeout = left.and_then(|left| Timespec::try_from(left).ok());
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(errno) => return Err(errno).doing(|| "wait for the logs"),
    }
    if !fds[1].revents().is_empty() {
        return Ok(false);
    }
    let over: Vec<bool> = fds[2..].iter().map(|fd| !fd.revents().is_empty()).collect();
    // What grew is found by reading on.
    let mut events = [0; 4096];
    while rustix::io::read(news, &mut events).is_ok_and(|count| count > 0) {}
    for (reader, over) in readers.iter_mut().zip(over) {
        if over {
            reader.life = None;
        }
    }
    Ok(true)
}

/// A connection to a supervisor that answers, or hangs up, when the container ends.
struct Life(UnixStream);

impl Life {
    /// `None` when it does not run.
    fn of(store: &Store, entry: &Entry) -> Result<Option<Life>> {
        match control::connect(&store.container_run(&entry.id), control::CONTROL) {
            Ok(mut socket) => {
                control::send(&mut socket, &Request::Wait)?;
                Ok(Some(Life(socket)))
            }
            Err(error) if error.kind() == Kind::Conflict => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// One log that is being read.
struct Reader {
    entry: Entry,
    path: PathBuf,
    /// The file that is being read.
    file: File,
    /// Those that come after it, the oldest first.
    next: VecDeque<File>,
    /// Read, and not yet a whole line.
    rest: Vec<u8>,
    /// Lines for the sink, all of one stream.
    ready: Vec<u8>,
    ready_stream: Stream,
    /// Standard output and error are in the middle of a line.
    midway: [bool; 2],
    /// The rest of the line that they are in the middle of is not wanted.
    skips: [bool; 2],
    prefix: String,
    /// What `--details` puts before each line.
    details: Option<String>,
    color: Option<usize>,
    past_until: bool,
    life: Option<Life>,
    /// It went on to another file since the watch was set.
    switched: bool,
}

impl Reader {
    /// `None` when nothing was ever written.
    fn open(
        store: &Store,
        entry: &Entry,
        wanted: &Wanted,
        prefix: String,
        color: Option<usize>,
    ) -> Result<Option<Reader>> {
        if entry.config.log.driver == LogDriver::None {
            return Err(Error::new(
                Kind::Conflict,
                format!("container {} keeps no log: it was made with --log-driver none", entry.name),
            ));
        }
        let path = log_path(store, &entry.config);
        let files = rotate::files(&path).doing(|| format!("open the log {}", path.display()))?;
        let mut next = VecDeque::from(files);
        let mut skips = [false; 2];
        if let Some(lines) = wanted.tail {
            skips = begin_at_tail(&mut next, lines, wanted).doing(|| format!("read {}", path.display()))?;
        }
        let Some(file) = next.pop_front() else { return Ok(None) };
        Ok(Some(Reader {
            entry: entry.clone(),
            path,
            file,
            next,
            rest: Vec::new(),
            ready: Vec::new(),
            ready_stream: Stream::Out,
            midway: [false; 2],
            skips,
            prefix,
            details: wanted.details.then(|| details(&entry.config)),
            color,
            past_until: false,
            life: None,
            switched: false,
        }))
    }

    /// Asks for news of the file that grows: that it did, or that another one took its place.
    fn watch(&self, news: &OwnedFd) -> Result<()> {
        let flags =
            inotify::WatchFlags::MODIFY | inotify::WatchFlags::MOVE_SELF | inotify::WatchFlags::ATTRIB;
        match inotify::add_watch(news, self.path.as_path(), flags) {
            // The container was removed; its end is news enough.
            Ok(_) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno).doing(|| format!("watch {}", self.path.display())),
        }
    }

    /// Reads to the end of the file as it is now. `false`: the sink wants no more.
    fn read(&mut self, wanted: &Wanted, sink: &mut Sink) -> Result<bool> {
        let mut buffer = vec![0; PIECE];
        loop {
            let count =
                self.file.read(&mut buffer).doing(|| format!("read the log {}", self.path.display()))?;
            if self.past_until {
                return Ok(self.hand_over(sink));
            }
            if count == 0 {
                if self.next_file(wanted.follow)? {
                    continue;
                }
                return Ok(self.hand_over(sink));
            }
            let mut bytes = std::mem::take(&mut self.rest);
            bytes.extend_from_slice(&buffer[..count]);
            let mut begin = 0;
            while let Some(length) = log::line_end(&bytes[begin..]) {
                if !self.line(&bytes[begin..begin + length], wanted, sink) {
                    return Ok(false);
                }
                begin += length + 1;
            }
            bytes.drain(..begin);
            self.rest = bytes;
            if !self.hand_over(sink) {
                return Ok(false);
            }
        }
    }

    /// Goes on to the file after the one that was read to its end; `false` if there is none.
    fn next_file(&mut self, follow: bool) -> Result<bool> {
        let doing = || format!("read the log {}", self.path.display());
        if self.next.is_empty() && follow {
            self.next = rotate::newer(&self.path, &self.file).doing(doing)?.into();
            if !self.next.is_empty() {
                // Between our last look and the rotation something may have been written.
                let at = self.file.stream_position().doing(doing)?;
                if self.file.metadata().doing(doing)?.len() > at {
                    self.next.clear();
                    return Ok(true);
                }
            }
        }
        let Some(file) = self.next.pop_front() else { return Ok(false) };
        self.file = file;
        self.switched = true;
        Ok(true)
    }

    fn hand_over(&mut self, sink: &mut Sink) -> bool {
        let wanted = self.ready.is_empty() || sink(self.ready_stream, &self.ready);
        self.ready.clear();
        wanted
    }

    fn line(&mut self, line: &[u8], wanted: &Wanted, sink: &mut Sink) -> bool {
        let Some(entry) = log::Entry::parse(line) else { return true };
        let which = usize::from(entry.stream == Stream::Err);
        let skipped = self.skips[which];
        if skipped {
            self.skips[which] = entry.partial;
            return true;
        }
        if !self.in_time(&entry, wanted) {
            return true;
        }
        if entry.stream != self.ready_stream {
            if !self.hand_over(sink) {
                return false;
            }
            self.ready_stream = entry.stream;
        }
        if !self.midway[which] {
            if let Some(color) = self.color {
                self.ready.extend_from_slice(format!("\x1b[3{}m", 1 + color % 6).as_bytes());
            }
            self.ready.extend_from_slice(self.prefix.as_bytes());
            if wanted.timestamps {
                self.ready.extend_from_slice(entry.time.as_bytes());
                self.ready.push(b' ');
            }
            if let Some(details) = &self.details {
                self.ready.extend_from_slice(details.as_bytes());
                self.ready.push(b' ');
            }
        }
        self.ready.extend_from_slice(entry.text);
        if !entry.partial {
            if self.color.is_some() {
                self.ready.extend_from_slice(b"\x1b[0m");
            }
            self.ready.push(b'\n');
        }
        self.midway[which] = entry.partial;
        true
    }

    fn in_time(&mut self, entry: &log::Entry, wanted: &Wanted) -> bool {
        let (in_time, past) = in_time(entry, wanted);
        self.past_until |= past;
        in_time
    }
}

/// What `--log-opt labels=`, `env=` and `tag=` name, as docker shows it: sorted, and with commas
/// between.
fn details(config: &ContainerConfig) -> String {
    let mut found = BTreeMap::new();
    for (option, value) in &config.log.options {
        let names: Vec<&str> = value.split(',').filter(|name| !name.is_empty()).collect();
        match option.as_str() {
            "tag" if !value.is_empty() => drop(found.insert("tag", value.as_str())),
            "labels" => {
                let labels = config.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                found.extend(labels.filter(|(key, _)| names.contains(key)));
            }
            "env" => {
                let variables = config.process.env.iter().filter_map(|line| line.split_once('='));
                found.extend(variables.filter(|(key, _)| names.contains(key)));
            }
            _ => {}
        }
    }
    let all: Vec<String> =
        found.iter().map(|(key, value)| format!("{}={}", escaped(key), escaped(value))).collect();
    all.join(",")
}

/// As in the query of an address: what is neither a letter, a digit nor one of `-_.~` is in hexadecimal,
/// and a blank is `+`.
fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b' ' => "+".to_string(),
        b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Whether the entry is within the time that is wanted, and whether it is past it.
fn in_time(entry: &log::Entry, wanted: &Wanted) -> (bool, bool) {
    if wanted.since.is_none() && wanted.until.is_none() {
        return (true, false);
    }
    let Some(time) = entry.timestamp() else { return (false, false) };
    let past = wanted.until.is_some_and(|until| time > until);
    (!past && wanted.since.is_none_or(|since| time >= since), past)
}

/// Drops the files before the last `lines` lines and puts the first of the rest where they begin;
/// the streams that are in the middle of an older line there.
fn begin_at_tail(files: &mut VecDeque<File>, lines: usize, wanted: &Wanted) -> std::io::Result<[bool; 2]> {
    let mut left = lines;
    for at in (0..files.len()).rev() {
        let (seen, (start, skips)) = tail(&mut files[at], left, wanted)?;
        files[at].seek(SeekFrom::Start(start))?;
        if seen >= left {
            files.drain(..at);
            return Ok(skips);
        }
        // All of it is wanted, what no line begins in as well.
        files[at].seek(SeekFrom::Start(0))?;
        left -= seen;
    }
    Ok([false; 2])
}

/// How many lines there are, up to `lines` and a few; where the last `lines` of them begin, and which streams are in the middle of an older line there.
///
/// The end of the file is enough for a few lines of a long log; only with a time it is read whole.
fn tail(file: &mut File, lines: usize, wanted: &Wanted) -> std::io::Result<(usize, (u64, [bool; 2]))> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut part = 4 * PIECE as u64;
    loop {
        let timed = wanted.since.is_some() || wanted.until.is_some();
        let start = if timed { 0 } else { length.saturating_sub(part) };
        let (seen, found) = tail_from(file, start, lines, wanted)?;
        // The first ones after a cut may be the rest of lines that began before it.
        if start == 0 || seen > lines + 2 {
            return Ok((seen, found));
        }
        part *= 8;
    }
}

/// Looks for the last `lines` lines after `start`; the number of lines that begin there comes first.
fn tail_from(
    file: &mut File,
    start: u64,
    lines: usize,
    wanted: &Wanted,
) -> std::io::Result<(usize, (u64, [bool; 2]))> {
    file.seek(SeekFrom::Start(start))?;
    // Of each of the last lines, where it begins and who was midway then.
    let mut begins: VecDeque<(u64, [bool; 2])> = VecDeque::new();
    let mut midway = [false; 2];
    let mut seen = 0;
    let mut at = start;
    let mut cut = start > 0;
    let mut rest = Vec::new();
    let mut buffer = vec![0; PIECE];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        rest.extend_from_slice(&buffer[..count]);
        let mut begin = 0;
        while let Some(length) = log::line_end(&rest[begin..]) {
            let line = &rest[begin..begin + length];
            if !std::mem::take(&mut cut)
                && let Some(entry) = log::Entry::parse(line)
                && in_time(&entry, wanted).0
            {
                let which = usize::from(entry.stream == Stream::Err);
                if !midway[which] {
                    seen += 1;
                    begins.push_back((at, midway));
                    if begins.len() > lines {
                        begins.pop_front();
                    }
                }
                midway[which] = entry.partial;
            }
            at += length as u64 + 1;
            begin += length + 1;
        }
        rest.drain(..begin);
    }
    // None wanted: what follows from here on, and not the rest of lines that have begun.
    Ok((seen, begins.front().copied().unwrap_or((at, midway))))
}
