//! The container's standard streams: pipes or a pty, and both ends of them.

use super::log::Stream;
use rustix::fs::{Mode, OFlags};
use rustix::pipe::PipeFlags;
use rustix::termios::{self, LocalModes, SpecialCodeIndex};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The child's ends of the standard streams. Nothing here is for us: all are closed once init runs.
#[derive(Debug)]
pub struct ChildEnds {
    /// Readable.
    pub stdin: OwnedFd,
    /// Writable.
    pub stdout: OwnedFd,
    /// Writable.
    pub stderr: OwnedFd,
}

/// Our ends.
#[derive(Debug)]
pub struct Streams {
    /// Where clients' input goes.
    pub input: Input,
    /// Where output comes from: both streams of pipes, or the pty alone.
    pub outputs: Vec<Output>,
    /// The pty's master, for the window's size.
    pub terminal: Option<OwnedFd>,
}

/// Makes pipes for the three streams; standard input is /dev/null unless `open_stdin`.
///
/// # Errors
/// When no descriptor is left.
pub fn pipes(open_stdin: bool) -> io::Result<(ChildEnds, Streams)> {
    let pipe = || rustix::pipe::pipe_with(PipeFlags::CLOEXEC);
    let (stdin, input) = if open_stdin {
        let (theirs, ours) = pipe()?;
        non_blocking(&ours)?;
        (theirs, Some(ours))
    } else {
        (rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?, None)
    };
    let (stdout_ours, stdout) = pipe()?;
    let (stderr_ours, stderr) = pipe()?;
    non_blocking(&stdout_ours)?;
    non_blocking(&stderr_ours)?;
    let outputs = vec![Output::new(stdout_ours, Stream::Out), Output::new(stderr_ours, Stream::Err)];
    let streams = Streams { input: Input::new(input, false), outputs, terminal: None };
    Ok((ChildEnds { stdin, stdout, stderr }, streams))
}

/// Our ends of a container with a terminal, from the master of its pty.
///
/// # Errors
/// When no descriptor is left.
pub fn terminal(master: OwnedFd, open_stdin: bool) -> io::Result<Streams> {
    non_blocking(&master)?;
    // Input and output are watched apart from each other, and epoll knows a descriptor once.
    let input = if open_stdin { Some(master.try_clone()?) } else { None };
    let terminal = master.try_clone()?;
    Ok(Streams {
        input: Input::new(input, true),
        outputs: vec![Output::new(master, Stream::Out)],
        terminal: Some(terminal),
    })
}

/// Sets O_NONBLOCK. On a pipe's or socket's own end only: others share a terminal's.
///
/// # Errors
/// Never on a valid descriptor.
pub fn non_blocking(fd: impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(&fd)?;
    Ok(rustix::fs::fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?)
}

/// What standard input still has to take.
#[derive(Debug)]
pub struct Input {
    fd: Option<OwnedFd>,
    tty: bool,
    /// Pieces with the client that sent them, the first one perhaps begun.
    queue: VecDeque<(usize, Vec<u8>)>,
    begun: usize,
    /// The last byte that came.
    last: Option<u8>,
    eof: bool,
}

impl Input {
    fn new(fd: Option<OwnedFd>, tty: bool) -> Input {
        Input { fd, tty, queue: VecDeque::new(), begun: 0, last: None, eof: false }
    }

    /// Whether it is still open for clients.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.fd.is_some() && !self.eof
    }

    /// The descriptor to watch for room, while something waits for it.
    #[must_use]
    pub fn waiting(&self) -> Option<BorrowedFd<'_>> {
        if self.queue.is_empty() { None } else { self.fd.as_ref().map(AsFd::as_fd) }
    }

    /// Adds what `client` sent. `false`: nobody will read it, it is dropped.
    #[must_use]
    pub fn push(&mut self, client: usize, bytes: &[u8]) -> bool {
        if !self.is_open() {
            return false;
        }
        if let Some(&last) = bytes.last() {
            self.last = Some(last);
            self.queue.push_back((client, bytes.to_vec()));
        }
        true
    }

    /// Closes it once everything before is written.
    pub fn finish(&mut self) {
        if self.tty {
            // A terminal has no end but what is typed for it, and goes on afterwards: see end_of_input.
            if let (Some(fd), true) = (&self.fd, self.queue.is_empty()) {
                self.queue.push_back((usize::MAX, end_of_input(fd, &mut self.last)));
            }
        } else {
            self.eof = true;
        }
    }

    /// Writes what there is room for and tells `taken` whose bytes they were.
    pub fn flush(&mut self, mut taken: impl FnMut(usize, usize)) {
        while let (Some(fd), Some((client, bytes))) = (&self.fd, self.queue.front()) {
            let rest = &bytes[self.begun..];
            match rustix::io::retry_on_intr(|| rustix::io::write(fd, rest)) {
                Ok(written) => {
                    taken(*client, written);
                    self.begun += written;
                    if self.begun == bytes.len() {
                        self.begun = 0;
                        self.queue.pop_front();
                    }
                }
                Err(rustix::io::Errno::AGAIN) => return,
                // The container closed its end: what comes is dropped, and counts as taken.
                Err(_) => {
                    for (client, bytes) in self.queue.drain(..) {
                        taken(client, bytes.len() - std::mem::take(&mut self.begun));
                    }
                    self.fd = None;
                }
            }
        }
        if self.eof && self.queue.is_empty() {
            self.fd = None;
        }
    }
}

/// What a person would type on this terminal to say that no more comes, after `last`.
///
/// While the terminal reads lines that is its character for the end of a file. A shell that edits its
/// lines by itself takes the same one for the end, on an empty line only: one that was begun is ended
/// first, as it would be in a pipe.
///
/// Whoever opens the terminal, or changes how it reads, may lose what was typed before (termios(3),
/// `TCSAFLUSH`; `n_tty_set_termios` makes it a zero byte). So it is typed again and again until the
/// container ends or its client does.
#[must_use]
pub fn end_of_input(fd: &OwnedFd, last: &mut Option<u8>) -> Vec<u8> {
    const CTRL_D: u8 = 4;
    let Ok(modes) = termios::tcgetattr(fd) else { return Vec::new() };
    let end = match modes.special_codes[SpecialCodeIndex::VEOF] {
        0 => CTRL_D,
        end => end,
    };
    if modes.local_modes.contains(LocalModes::ICANON) || last.is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
    {
        return vec![end];
    }
    *last = Some(b'\r');
    vec![b'\r', end]
}

/// How an output is being watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Not at all: the patient client is behind, or it is not registered yet.
    Paused,
    /// For anything to read.
    Level,
    /// For news only: a terminal nobody has open right now would report that without end.
    Edge,
}

/// One output of the container.
#[derive(Debug)]
pub struct Output {
    fd: OwnedFd,
    /// Which one.
    pub stream: Stream,
    /// How it is watched.
    pub watch: Watch,
    /// The terminal is closed on the other side, for now.
    pub hung: bool,
    /// What the event loop knows it by.
    pub token: u64,
}

/// What a read of an output gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// So many bytes.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// All writers of a pipe have closed it.
    End,
    /// Nobody has the terminal open, which somebody may again.
    Hung,
}

impl Output {
    fn new(fd: OwnedFd, stream: Stream) -> Output {
        Output { fd, stream, watch: Watch::Paused, hung: false, token: 0 }
    }

    /// Reads what is there.
    pub fn read(&mut self, buffer: &mut [u8]) -> Read {
        let read = match rustix::io::retry_on_intr(|| rustix::io::read(&self.fd, &mut *buffer)) {
            Ok(0) => Read::End,
            Ok(n) => Read::Bytes(n),
            Err(rustix::io::Errno::AGAIN) => Read::Nothing,
            Err(rustix::io::Errno::IO) => Read::Hung,
            Err(_) => Read::End,
        };
        self.hung = read == Read::Hung;
        read
    }
}

impl AsFd for Output {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
