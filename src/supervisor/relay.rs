//! The loop of a client: what it reads, what it writes, and when it has enough.

use super::client::{self, Attachment, Ended, Endpoint, Options};
use super::detach::Watcher;
use super::protocol::{self, Kind, STDIN_WINDOW};
use super::stdio;
use crate::error::{Doing, Result};
use crate::sys::signal::{self, Signal, SignalFd};
use crate::sys::tty::{self, RawTerminal};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::FileType;
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Bytes on their way out of us.
#[derive(Debug, Default)]
struct Pending {
    bytes: Vec<u8>,
    done: usize,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.done == self.bytes.len()
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.is_empty() {
            self.bytes.clear();
            self.done = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes once, at most `limit` bytes; `Err` when nobody takes them, which are dropped then.
    fn write(&mut self, fd: BorrowedFd<'_>, limit: usize) -> Result<(), Errno> {
        let rest = &self.bytes[self.done..];
        let rest = &rest[..rest.len().min(limit)];
        match rustix::io::write(fd, rest) {
            Ok(written) => self.done += written,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => {
                self.done = self.bytes.len();
                return Err(errno);
            }
        }
        Ok(())
    }
}

/// One of our own outputs.
#[derive(Debug)]
struct Sink {
    number: u8,
    pending: Pending,
    /// How much can be written without blocking once poll(2) says that there is room.
    limit: usize,
    open: bool,
}

impl Sink {
    fn new(number: u8) -> Sink {
        let kind = rustix::fs::fstat(fd_of(number)).map(|stat| FileType::from_raw_mode(stat.st_mode));
        // Blocking and shared with others, so its mode stays as it is. A pipe with room has it for
        // a page (pipe(7), PIPE_BUF); a file or /dev/null always takes everything.
        let always = match kind {
            Ok(FileType::RegularFile) => true,
            Ok(FileType::CharacterDevice) => !tty::is_terminal(fd_of(number)),
            _ => false,
        };
        let limit = if always { usize::MAX } else { 4096 };
        Sink { number, pending: Pending::default(), limit, open: true }
    }

    fn add(&mut self, bytes: &[u8]) {
        if self.open {
            self.pending.add(bytes);
        }
    }
}

/// When the end of the input is said again.
#[derive(Clone, Copy, Debug)]
struct Again {
    at: Instant,
    /// How long that was waited for.
    wait: Duration,
}

impl Again {
    /// Soon at first, since a shell sets up its terminal when it starts; once a second later on.
    fn after(before: Option<Again>) -> Again {
        let wait = before.map_or(Duration::from_millis(50), |before| before.wait * 2);
        let wait = wait.min(Duration::from_secs(1));
        Again { at: Instant::now() + wait, wait }
    }

    fn left(self) -> Timespec {
        let left = self.at.saturating_duration_since(Instant::now());
        // Less than a millisecond would be a poll(2) that does not wait.
        Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
    }
}

fn fd_of(number: u8) -> BorrowedFd<'static> {
    tty::standard(number)
}

pub(super) struct Relay<'a, 'b> {
    endpoint: Endpoint,
    options: &'a Options<'b>,
    raw: Option<RawTerminal>,
    watcher: Option<Watcher>,
    /// Our standard input is still read.
    stdin: bool,
    /// The end of our input has to be told once everything before it is sent.
    eof: bool,
    /// Where that has to be said again: see [`stdio::end_of_input`].
    again: Option<Again>,
    /// The last byte of our input.
    last: Option<u8>,
    /// How much input a supervisor will take.
    window: usize,
    to_endpoint: Pending,
    sinks: [Sink; 2],
    buffer: Vec<u8>,
    ended: Option<Ended>,
    /// The process has ended: nothing is waited for any more.
    over: bool,
    pub(super) fatal: Option<Signal>,
    /// Output that could not be written, and why.
    pub(super) lost: Option<(u8, Errno)>,
}

impl<'a, 'b> Relay<'a, 'b> {
    pub(super) fn new(
        endpoint: Endpoint,
        options: &'a Options<'b>,
        raw: Option<RawTerminal>,
    ) -> Result<Relay<'a, 'b>> {
        let ours = match &endpoint {
            Endpoint::Frames(attachment) => vec![&attachment.socket],
            Endpoint::Pty(master) => vec![master],
            Endpoint::Pipes { stdin, stdout, stderr } => {
                [stdin, stdout, stderr].into_iter().flatten().collect()
            }
        };
        for fd in ours {
            stdio::non_blocking(fd).doing(|| "prepare a pipe")?;
        }
        let typed = options.stdin && tty::is_terminal(std::io::stdin());
        Ok(Relay {
            endpoint,
            options,
            raw,
            watcher: typed.then(|| Watcher::new(&options.detach_keys)),
            stdin: options.stdin,
            eof: false,
            again: None,
            last: None,
            window: STDIN_WINDOW,
            to_endpoint: Pending::default(),
            sinks: [Sink::new(1), Sink::new(2)],
            buffer: vec![0; 64 * 1024],
            ended: None,
            over: false,
            fatal: None,
            lost: None,
        })
    }

    pub(super) fn run(&mut self, signals: &SignalFd) -> Result<Ended> {
        self.resize();
        loop {
            self.take_frames();
            let written = self.sinks.iter().all(|sink| sink.pending.is_empty());
            if let (Some(ended), true) = (self.ended, written) {
                return Ok(ended);
            }
            if self.fatal.is_some() {
                return Ok(Ended::Detached);
            }
            self.tell_eof();
            self.wait(signals)?;
        }
    }

    /// Waits for anything that can go on, and lets it.
    fn wait(&mut self, signals: &SignalFd) -> Result<()> {
        let ready = {
            let mut watched = vec![(Source::Signals, PollFd::new(signals, PollFlags::IN))];
            let reading = self.stdin && self.to_endpoint.is_empty() && self.window > 0;
            if reading {
                watched.push((Source::Stdin, PollFd::from_borrowed_fd(fd_of(0), PollFlags::IN)));
            }
            for (index, sink) in self.sinks.iter().enumerate() {
                if !sink.pending.is_empty() {
                    let fd = fd_of(sink.number);
                    watched.push((Source::Sink(index), PollFd::from_borrowed_fd(fd, PollFlags::OUT)));
                }
            }
            self.watch_endpoint(&mut watched);
            if let (Some(ended), false) = (&self.options.ended, self.over) {
                watched.push((Source::Ended, PollFd::from_borrowed_fd(*ended, PollFlags::IN)));
            }
            let (sources, mut fds): (Vec<_>, Vec<_>) = watched.into_iter().unzip();
            match rustix::event::poll(&mut fds, self.again.map(|again| again.left()).as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(errno).doing(|| "wait for input and output"),
            }
            let mut ready = Vec::with_capacity(fds.len());
            for (source, fd) in sources.into_iter().zip(&fds) {
                if !fd.revents().is_empty() {
                    ready.push(source);
                }
            }
            ready
        };
        for source in ready {
            match source {
                Source::Signals => self.take_signals(signals),
                Source::Stdin => self.read_stdin(),
                Source::Sink(index) => self.write_sink(index),
                Source::ToEndpoint => self.write_endpoint(),
                Source::FromEndpoint(index) => self.read_endpoint(index),
                Source::Ended => self.finish(),
            }
        }
        Ok(())
    }

    fn watch_endpoint<'c>(&'c self, watched: &mut Vec<(Source, PollFd<'c>)>) {
        let write = !self.to_endpoint.is_empty();
        // Output is read only while what came before is out: that is the back-pressure.
        let read = |index: usize| self.sinks[index].pending.is_empty() && self.ended.is_none();
        match &self.endpoint {
            Endpoint::Frames(Attachment { socket: fd, .. }) | Endpoint::Pty(fd) => {
                if write {
                    watched.push((Source::ToEndpoint, PollFd::new(fd, PollFlags::OUT)));
                }
                if read(0) && read(1) {
                    watched.push((Source::FromEndpoint(0), PollFd::new(fd, PollFlags::IN)));
                }
            }
            Endpoint::Pipes { stdin, stdout, stderr } => {
                if let (Some(fd), true) = (stdin, write) {
                    watched.push((Source::ToEndpoint, PollFd::new(fd, PollFlags::OUT)));
                }
                for (index, fd) in [stdout, stderr].into_iter().enumerate() {
                    if let (Some(fd), true) = (fd, read(index)) {
                        watched.push((Source::FromEndpoint(index), PollFd::new(fd, PollFlags::IN)));
                    }
                }
            }
        }
    }

    fn take_signals(&mut self, signals: &SignalFd) {
        while let Some((number, _)) = signals.next() {
            match number {
                libc::SIGWINCH => self.resize(),
                libc::SIGCONT => {
                    if let Some(raw) = &self.raw {
                        raw.again();
                    }
                    self.resize();
                }
                // The terminal is gone; the container stays, as if the user had detached.
                libc::SIGHUP if self.raw.is_some() => self.detach(),
                number if self.options.sig_proxy => self.pass_signal(number),
                number => self.fatal = Signal::from_number(number).ok(),
            }
        }
    }

    fn pass_signal(&mut self, number: i32) {
        match (&self.endpoint, self.options.process) {
            (Endpoint::Frames(_), _) => self.send(Kind::Signal, &number.to_le_bytes()),
            (_, Some(process)) => {
                if let Ok(signal) = Signal::from_number(number) {
                    // One that has just ended needs no signal.
                    let _ = signal::send(process, signal);
                }
            }
            (_, None) => self.fatal = Signal::from_number(number).ok(),
        }
    }

    fn resize(&mut self) {
        if !self.options.tty {
            return;
        }
        let Some(size) = client::window() else { return };
        match &self.endpoint {
            Endpoint::Frames(_) => self.send(Kind::Resize, &protocol::size_bytes(size)),
            // It fails when the pty is closed, which is noticed elsewhere.
            Endpoint::Pty(master) => drop(tty::set_window_size(master, size)),
            Endpoint::Pipes { .. } => {}
        }
    }

    fn send(&mut self, kind: Kind, payload: &[u8]) {
        self.to_endpoint.add(&protocol::header(kind, payload.len()));
        self.to_endpoint.add(payload);
    }

    fn detach(&mut self) {
        if matches!(self.endpoint, Endpoint::Frames(_)) {
            self.send(Kind::Detached, &[]);
            self.write_endpoint();
        }
        self.ended = Some(Ended::Detached);
    }

    // Towards the container.

    fn read_stdin(&mut self) {
        let limit = self.window.min(self.buffer.len() / 2);
        let read = rustix::io::read(fd_of(0), &mut self.buffer[..limit]);
        let bytes = match read {
            Ok(0) => None,
            Ok(count) => {
                self.last = Some(self.buffer[count - 1]);
                Some(self.buffer[..count].to_vec())
            }
            Err(Errno::AGAIN | Errno::INTR) => return,
            Err(_) if self.raw.is_some() => return self.detach(),
            Err(_) => None,
        };
        let (bytes, detached) = match (bytes, &mut self.watcher) {
            (Some(bytes), Some(watcher)) => watcher.pass(&bytes),
            (Some(bytes), None) => (bytes, false),
            (None, watcher) => {
                self.stdin = false;
                self.eof = self.options.stdin_once;
                (watcher.as_mut().map(Watcher::rest).unwrap_or_default(), false)
            }
        };
        match &self.endpoint {
            _ if bytes.is_empty() => {}
            Endpoint::Frames(_) => {
                self.window -= bytes.len().min(self.window);
                self.send(Kind::Stdin, &bytes);
            }
            Endpoint::Pipes { stdin: None, .. } => {}
            _ => self.to_endpoint.add(&bytes),
        }
        if detached {
            self.detach();
        } else if !self.to_endpoint.is_empty() {
            self.write_endpoint();
        }
    }

    fn tell_eof(&mut self) {
        let due = self.again.is_some_and(|again| again.left() == Timespec::default());
        if !(self.eof || due) || !self.to_endpoint.is_empty() {
            return;
        }
        self.eof = false;
        // At a terminal of our own nobody said that nothing more comes, it only went away.
        self.again = (self.options.tty && self.watcher.is_none()).then(|| Again::after(self.again));
        match &mut self.endpoint {
            Endpoint::Frames(_) => self.send(Kind::StdinEof, &[]),
            Endpoint::Pipes { stdin, .. } => *stdin = None,
            Endpoint::Pty(master) => {
                let end = stdio::end_of_input(master, &mut self.last);
                self.to_endpoint.add(&end);
            }
        }
    }

    fn write_endpoint(&mut self) {
        let fd = match &self.endpoint {
            Endpoint::Frames(Attachment { socket: fd, .. }) | Endpoint::Pty(fd) => fd,
            Endpoint::Pipes { stdin: Some(fd), .. } => fd,
            Endpoint::Pipes { stdin: None, .. } => return,
        };
        if self.to_endpoint.write(fd.as_fd(), usize::MAX).is_err() {
            // Nobody takes our input any more; output may still come.
            self.stdin = false;
            self.eof = false;
            self.again = None;
            if let Endpoint::Pipes { stdin, .. } = &mut self.endpoint {
                *stdin = None;
            }
        }
    }

    // Towards the user.

    fn read_endpoint(&mut self, index: usize) {
        let closed = match &mut self.endpoint {
            Endpoint::Frames(attachment) => match attachment.decoder.fill(&attachment.socket) {
                Ok(0) => true,
                Ok(_) => false,
                Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
            },
            Endpoint::Pty(fd) => read_into(fd, &mut self.buffer, &mut self.sinks[0]),
            Endpoint::Pipes { stdout, stderr, .. } => {
                let slot = if index == 0 { &mut *stdout } else { &mut *stderr };
                let Some(fd) = slot else { return };
                if read_into(fd, &mut self.buffer, &mut self.sinks[index]) {
                    *slot = None;
                }
                stdout.is_none() && stderr.is_none()
            }
        };
        if closed && self.ended.is_none() {
            self.take_frames();
            self.ended = self.ended.or(Some(Ended::Closed));
        }
        // Straight on, to save a turn; if there is no room poll waits for it.
        for index in 0..2 {
            if !self.sinks[index].pending.is_empty() && self.sinks[index].limit == usize::MAX {
                self.write_sink(index);
            }
        }
    }

    /// Handles the frames that are here, up to one that waits for room in our outputs.
    fn take_frames(&mut self) {
        while self.ended.is_none() && self.sinks.iter().all(|sink| sink.pending.is_empty()) {
            let Endpoint::Frames(attachment) = &mut self.endpoint else { return };
            match attachment.decoder.next_frame() {
                Ok(Some((Kind::Stdout, bytes))) => self.sinks[0].add(bytes),
                Ok(Some((Kind::Stderr, bytes))) => self.sinks[1].add(bytes),
                Ok(Some((Kind::Warning, bytes))) => {
                    // A raw terminal needs both.
                    let end = if self.options.tty { "\r\n" } else { "\n" };
                    let text = format!("Warning: {}{end}", String::from_utf8_lossy(bytes));
                    self.sinks[1].add(text.as_bytes());
                }
                Ok(Some((Kind::Window, bytes))) => {
                    self.window += protocol::parse_number(bytes).unwrap_or(0) as usize;
                }
                Ok(Some((Kind::Exit, bytes))) => {
                    let exit = serde_json::from_slice(bytes).unwrap_or_default();
                    self.ended = Some(Ended::Exited(exit));
                }
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(_) => self.ended = Some(Ended::Closed),
            }
            for index in 0..2 {
                if !self.sinks[index].pending.is_empty() && self.sinks[index].limit == usize::MAX {
                    self.write_sink(index);
                }
            }
        }
    }

    fn write_sink(&mut self, index: usize) {
        let sink = &mut self.sinks[index];
        if let Err(errno) = sink.pending.write(fd_of(sink.number), sink.limit) {
            sink.open = false;
            let number = sink.number;
            // A reader that has enough is no error; a full disk is.
            if errno != Errno::PIPE {
                self.lost = self.lost.or(Some((number, errno)));
            }
            match &mut self.endpoint {
                // The container's writes fail from now on, as in any pipeline.
                Endpoint::Frames(_) if !self.options.tty => self.send(Kind::OutputClosed, &[number]),
                Endpoint::Pipes { stdout, .. } if index == 0 => *stdout = None,
                Endpoint::Pipes { stderr, .. } => *stderr = None,
                _ => self.detach(),
            }
        }
    }

    /// The process has ended: relays what it left, and ends.
    fn finish(&mut self) {
        self.over = true;
        match &mut self.endpoint {
            Endpoint::Frames(_) => return,
            Endpoint::Pty(fd) => drain_into(fd, &mut self.buffer, &mut self.sinks[0]),
            Endpoint::Pipes { stdout, stderr, .. } => {
                for (index, fd) in [stdout, stderr].into_iter().enumerate() {
                    if let Some(fd) = fd {
                        drain_into(fd, &mut self.buffer, &mut self.sinks[index]);
                    }
                }
            }
        }
        self.ended = self.ended.or(Some(Ended::Closed));
    }
}

enum Source {
    Signals,
    Stdin,
    Sink(usize),
    ToEndpoint,
    FromEndpoint(usize),
    Ended,
}

/// Reads once; `true` when nothing more will come.
fn read_into(fd: &OwnedFd, buffer: &mut [u8], sink: &mut Sink) -> bool {
    match rustix::io::read(fd, &mut *buffer) {
        Ok(0) => true,
        Ok(count) => {
            sink.add(&buffer[..count]);
            false
        }
        Err(Errno::AGAIN | Errno::INTR) => false,
        // EIO is how a pty says that nobody has it open any more.
        Err(_) => true,
    }
}

/// Reads all that is there now; a pipe holds little.
fn drain_into(fd: &OwnedFd, buffer: &mut [u8], sink: &mut Sink) {
    while let Ok(count) = rustix::io::retry_on_intr(|| rustix::io::read(fd, &mut *buffer)) {
        if count == 0 {
            return;
        }
        sink.add(&buffer[..count]);
    }
}
