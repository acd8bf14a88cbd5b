//! The event loop: between the container's streams, its clients, its log and its end.
//!
//! One thread, one epoll. With nothing to do it sleeps without a time limit; the only clocks are
//! the deadlines of `--timeout` and of a stop.

mod connections;
mod networks;

use super::attach::Client;
use super::bridge::Networks;
use super::control::Controller;
use super::log::{LogWriter, Stream};
use super::pause::Paused;
use super::ports::Publisher;
use super::protocol::{self, Answer, Exit, Failed, Hello, Kind};
use super::rootfs::{GONE, RootServer};
use super::stdio::{self, Output, Read, Streams, Watch};
use super::uplink::Keeper;
use crate::error::{Doing, Error, Result};
use crate::network::dns;
use crate::sys::memory;
use crate::sys::process::{self, Child};
use crate::sys::signal::SignalFd;
use crate::sys::tty::{self, WindowSize};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

const SIGNALS: u64 = 0;
const INIT: u64 = 1;
const ATTACH: u64 = 2;
const CONTROL: u64 = 3;
const INPUT: u64 = 4;
/// Outputs follow on this.
const OUTPUT: u64 = 5;
/// The uplink.
const UPLINK: u64 = CLIENT - 1;
/// The server of the root file system.
const ROOT: u64 = CLIENT - 2;
/// The uplinks of networks follow on this.
const NETWORK: u64 = CLIENT - 4096;
/// Attached clients follow on this.
const CLIENT: u64 = 1 << 16;
/// Control connections follow on this.
const CONTROLLER: u64 = 1 << 32;

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// How long a client that did not start the container may take for what is left after its end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// So long without an event, and the start is over: a container that lives as long is worth it.
const SETTLE: Duration = Duration::from_secs(1);

/// What happens around init's life, decided before it begins.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The signal of a stop.
    pub stop_signal: i32,
    /// How long after it SIGKILL follows.
    pub stop_timeout: Duration,
    /// When SIGKILL comes in any case (`--timeout`).
    pub timeout: Option<Duration>,
}

/// What the loop works on; see [`Monitor::new`].
#[derive(Debug)]
pub struct Monitor {
    epoll: OwnedFd,
    signals: SignalFd,
    init: Child,
    uplink: Option<Keeper>,
    root: Option<RootServer>,
    /// Why the container was ended, if something that it needs has gone.
    broken: Option<&'static str>,
    /// The published ports, where the container can have some.
    pub ports: Option<Publisher>,
    /// Answers for the names in the container's networks.
    pub names: Option<dns::Server>,
    networks: Option<Networks>,
    /// Uplinks that are to be started again, by their tokens.
    retries: Vec<(Instant, u64)>,
    limits: Limits,
    streams: Streams,
    log: LogWriter,
    listeners: Option<(UnixListener, UnixListener)>,
    /// No descriptor was left for another connection; tried again when one leaves.
    full: bool,
    clients: Vec<Option<Client>>,
    controllers: Vec<Option<Controller>>,
    /// The container's processes are stopped, for some of these.
    paused: Option<Paused>,
    /// Its processes live among others'.
    pub shares_pids: bool,
    buffer: Vec<u8>,
    input_watched: bool,
    kill_at: Option<Instant>,
    /// A user asked for the end.
    pub stop_asked: bool,
    exit: Option<Exit>,
    /// The start is over, and what it needed of memory was given back.
    settled: bool,
}

impl Monitor {
    /// Takes over a container whose init runs.
    ///
    /// `first` is the socket of the client that started it, with its hello already read.
    /// From here on SIGTERM, SIGINT, SIGHUP and SIGCHLD are blocked and read from a descriptor, so
    /// make no process after this that does not reset its mask.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn new(
        init: Child,
        streams: Streams,
        log: LogWriter,
        listeners: Option<(UnixListener, UnixListener)>,
        first: Option<(OwnedFd, Hello)>,
        limits: Limits,
    ) -> Result<Monitor> {
        let taken = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGCHLD];
        let signals = SignalFd::new(&taken).doing(|| "listen for signals")?;
        let epoll = epoll::create(CreateFlags::CLOEXEC).doing(|| "make an event queue")?;
        let mut monitor = Monitor {
            epoll,
            signals,
            init,
            uplink: None,
            root: None,
            broken: None,
            ports: None,
            names: None,
            networks: None,
            retries: Vec::new(),
            limits,
            streams,
            log,
            listeners,
            full: false,
            clients: Vec::new(),
            controllers: Vec::new(),
            paused: None,
            shares_pids: false,
            buffer: vec![0; PIECE],
            input_watched: false,
            kill_at: limits.timeout.map(|after| Instant::now() + after),
            stop_asked: false,
            exit: None,
            settled: false,
        };
        monitor.watch(monitor.signals.as_fd(), SIGNALS, EventFlags::IN)?;
        monitor.watch(monitor.init.as_fd(), INIT, EventFlags::IN)?;
        monitor.watch_listeners()?;
        if let Some((socket, hello)) = first {
            stdio::non_blocking(&socket).doing(|| "prepare the client's socket")?;
            if let Some(size) = hello.size {
                monitor.resize(size);
            }
            monitor.admit(Client::new(socket, Some(hello), true))?;
        }
        monitor.watch_outputs();
        Ok(monitor)
    }

    /// Watches over the uplink from here on, until the end.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn keep(&mut self, uplink: Keeper) -> Result<()> {
        self.watch(uplink.as_fd(), UPLINK, EventFlags::IN)?;
        self.uplink = Some(uplink);
        Ok(())
    }

    /// Watches over the server of the root file system: without it the container ends.
    ///
    /// # Errors
    /// When no descriptor is left.
    pub fn rely_on(&mut self, server: RootServer) -> Result<()> {
        self.watch(server.as_fd(), ROOT, EventFlags::IN)?;
        self.root = Some(server);
        Ok(())
    }

    /// Lets the server of the root file system come to its end, after everything in the container has;
    /// says if it had ended before.
    pub fn end_server(&mut self) -> Option<&'static str> {
        if let Some(server) = self.root.take() {
            let _ = epoll::delete(&self.epoll, &server);
            server.end();
        }
        self.broken
    }

    /// Runs until init has ended and all its output is read; returns how it ended.
    ///
    /// # Errors
    /// When the kernel breaks its word.
    pub fn run(&mut self) -> Result<Exit> {
        loop {
            self.turn(None)?;
            if let Some(exit) = self.exit {
                self.ports = None;
                self.names = None;
                if let Some(uplink) = self.uplink.take() {
                    uplink.end();
                }
                self.drain();
                return Ok(exit);
            }
        }
    }

    /// Tells all clients and waiters how the container ended. Its record is written by then.
    pub fn tell(&mut self, exit: Exit) {
        let text = serde_json::to_vec(&exit).expect("an exit is plain data");
        for index in 0..self.clients.len() {
            self.with_client(index, |client| client.send(Kind::Exit, &text));
        }
        let answer = Answer { exit: Some(exit), ..Answer::done() };
        for controller in self.controllers.iter_mut().filter_map(Option::take) {
            let mut controller = controller;
            if controller.waits {
                // A waiter that is gone needs no answer.
                let _ = controller.answer(&answer);
            }
        }
        // Last, for the kernel takes its time; nobody finds them any more.
        self.listeners = None;
    }

    /// Waits until the clients have taken what they were sent. Nothing else depends on us any
    /// more, so a client that started the container may take as long as it lives.
    pub fn linger(&mut self) {
        self.streams.outputs.clear();
        let patience = Instant::now() + LAST_WORDS;
        loop {
            for slot in &mut self.clients {
                if slot.as_ref().is_some_and(|client| client.outbox.is_empty()) {
                    *slot = None;
                }
            }
            let late = Instant::now() >= patience;
            let until = (!late).then_some(patience);
            for slot in &mut self.clients {
                if slot.as_ref().is_some_and(|client| late && !client.patient) {
                    *slot = None;
                }
            }
            if self.clients.iter().all(Option::is_none) || self.turn(until).is_err() {
                return;
            }
        }
    }

    fn watch(&self, fd: BorrowedFd<'_>, token: u64, flags: EventFlags) -> Result<()> {
        epoll::add(&self.epoll, fd, EventData::new_u64(token), flags).doing(|| "watch a descriptor")
    }

    fn watch_listeners(&mut self) -> Result<()> {
        self.full = false;
        let Some((attach, control)) = &self.listeners else { return Ok(()) };
        self.watch(attach.as_fd(), ATTACH, EventFlags::IN)?;
        self.watch(control.as_fd(), CONTROL, EventFlags::IN)
    }

    /// Waits for something to happen, and handles it.
    fn turn(&mut self, until: Option<Instant>) -> Result<()> {
        let deadline = if self.exit.is_some() { until } else { self.next_deadline() };
        let settling = !self.settled && deadline.is_none();
        let deadline = if settling { Some(Instant::now() + SETTLE) } else { deadline };
        let timeout = deadline.map(|at| {
            let left = at.saturating_duration_since(Instant::now());
            // Rounded up: waking before the deadline would only wait again.
            rustix::event::Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: (left.subsec_nanos() + 999_999).min(999_999_999).into(),
            }
        });
        let mut events = [const { std::mem::MaybeUninit::<epoll::Event>::uninit() }; 16];
        let ready: Vec<(u64, EventFlags)> = match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Ok((ready, _)) => ready.iter().map(|event| (event.data.u64(), event.flags)).collect(),
            Err(rustix::io::Errno::INTR) => Vec::new(),
            Err(errno) => return Err(errno).doing(|| "wait for events"),
        };
        if settling && ready.is_empty() {
            self.settled = true;
            memory::drop_text();
        }
        for (token, flags) in ready {
            self.handle(token, flags);
        }
        if self.exit.is_none() && self.kill_at.is_some_and(|at| Instant::now() >= at) {
            self.kill_at = None;
            self.signal_init(libc::SIGKILL);
        }
        self.retry_uplinks();
        Ok(())
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.retries.iter().map(|(at, _)| *at).chain(self.kill_at).min()
    }

    fn handle(&mut self, token: u64, flags: EventFlags) {
        match token {
            SIGNALS => self.take_signals(),
            INIT => self.take_exit(),
            ATTACH | CONTROL => self.accept(token),
            INPUT => self.flush_input(),
            UPLINK => self.uplink_ended(),
            ROOT => self.lose_root(),
            token if (NETWORK..UPLINK).contains(&token) => self.network_ended(token),
            token if token >= CONTROLLER => self.serve_controller((token - CONTROLLER) as usize),
            token if token >= CLIENT => self.serve_client((token - CLIENT) as usize, flags),
            token => self.serve_output((token - OUTPUT) as usize),
        }
    }

    fn take_signals(&mut self) {
        while let Some((signal, _)) = self.signals.next() {
            if signal == libc::SIGCHLD {
                self.reap();
            } else if self.exit.is_some() {
                // Nothing is left to end but ourselves.
                self.clients.clear();
            } else {
                // Somebody on the host wants us to end: then the container ends first.
                self.signal_init(self.limits.stop_signal);
                let escalate = Instant::now() + self.limits.stop_timeout;
                self.kill_at = Some(self.kill_at.map_or(escalate, |at| at.min(escalate)));
            }
        }
    }

    /// Takes the exit status of init and, as PID 1 of our namespace, of every orphan.
    fn reap(&mut self) {
        // Init first: what ends later has a signal of its own.
        self.take_exit();
        if std::process::id() != 1 {
            return;
        }
        use rustix::process::{WaitOptions, wait};
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if let Some(root) = &mut self.root {
                root.note(pid.as_raw_nonzero().get(), status.exit_status() == Some(0));
            }
            if pid.as_raw_nonzero().get() == self.init.pid && self.exit.is_none() {
                let signal = status.terminating_signal();
                let code = status.exit_status().or(signal.map(|signal| 128 + signal)).unwrap_or(255);
                self.exit = Some(Exit { code, signal });
            }
        }
    }

    fn take_exit(&mut self) {
        if self.exit.is_some() {
            return;
        }
        if let Ok(Some(exit)) = self.init.try_wait() {
            self.exit = Some(Exit { code: exit.code(), signal: exit.signal() });
            // Its descriptor stays readable for ever.
            let _ = epoll::delete(&self.epoll, &self.init);
        }
    }

    /// The server of the root file system has ended. That of a container that ends, ends with it;
    /// without one a program can neither read a file nor execute one.
    fn lose_root(&mut self) {
        let Some(server) = self.root.take() else { return };
        let _ = epoll::delete(&self.epoll, &server);
        // Its end may be seen before that of init, with whom it ends.
        if self.exit.is_some() || !server.was_lost() {
            return;
        }
        self.broken = Some(GONE);
        for index in 0..self.clients.len() {
            self.with_client(index, |client| client.send(Kind::Warning, GONE.as_bytes()));
        }
        self.signal_init(libc::SIGKILL);
    }

    /// Sends a signal to init. One that has ended needs none.
    fn signal_init(&self, signal: i32) {
        let _ = process::send_signal(self.init.as_fd(), signal);
    }

    fn resize(&self, size: WindowSize) {
        let Some(terminal) = &self.streams.terminal else { return };
        if tty::window_size(terminal) == Some(size) {
            // A client that comes back finds its screen drawn anew: the kernel tells the
            // container only of a size that changed.
            let other = WindowSize { rows: size.rows.saturating_add(1), ..size };
            let _ = tty::set_window_size(terminal, other);
        }
        let _ = tty::set_window_size(terminal, size);
    }

    // Streams.

    fn flush_input(&mut self) {
        let mut taken = Vec::new();
        let was_waiting = self.input_watched;
        if was_waiting && let Some(fd) = self.streams.input.waiting() {
            // Taken out first: a flush may close it.
            let _ = epoll::delete(&self.epoll, fd);
            self.input_watched = false;
        }
        self.streams.input.flush(|client, count| taken.push((client, count)));
        if let Some(fd) = self.streams.input.waiting() {
            self.input_watched = self.watch(fd, INPUT, EventFlags::OUT).is_ok();
        }
        for (client, count) in taken {
            self.with_client(client, |client| client.took(count));
        }
    }

    fn serve_output(&mut self, index: usize) {
        let Some(output) = self.streams.outputs.get_mut(index) else { return };
        match output.read(&mut self.buffer) {
            Read::Bytes(count) => self.deliver(index, count),
            Read::End => self.close_output(index),
            Read::Nothing | Read::Hung => {}
        }
        self.watch_outputs();
    }

    fn close_output(&mut self, index: usize) {
        let output = self.streams.outputs.remove(index);
        if output.watch != Watch::Paused {
            // Closing alone does not take a terminal out of the queue: it has other descriptors.
            let _ = epoll::delete(&self.epoll, &output);
        }
    }

    /// Sends the first `count` bytes of the buffer to the log and to all who want them.
    fn deliver(&mut self, index: usize, count: usize) {
        let stream = self.streams.outputs[index].stream;
        let bytes = std::mem::take(&mut self.buffer);
        self.log.write(stream, &bytes[..count]);
        let kind = match stream {
            Stream::Out => Kind::Stdout,
            Stream::Err => Kind::Stderr,
        };
        for client in 0..self.clients.len() {
            self.with_client(client, |client| client.send_output(kind, &bytes[..count]));
        }
        self.buffer = bytes;
    }

    /// Watches the outputs as far as the patient client keeps up.
    fn watch_outputs(&mut self) {
        let behind = self.clients.iter().flatten().any(|client| client.patient && !client.outbox.is_empty());
        for (index, output) in self.streams.outputs.iter_mut().enumerate() {
            let wanted = if behind {
                Watch::Paused
            } else if output.hung {
                Watch::Edge
            } else {
                Watch::Level
            };
            // Also when it stays the same: removing one output moves the other's number.
            set_watch(&self.epoll, output, wanted, OUTPUT + index as u64);
        }
    }

    /// Reads what the container left in its pipes. Whoever keeps one open beyond the end of init
    /// (a process on the host that was handed it) does not keep us.
    fn drain(&mut self) {
        let mut index = 0;
        while index < self.streams.outputs.len() {
            match self.streams.outputs[index].read(&mut self.buffer) {
                Read::Bytes(count) => self.deliver(index, count),
                Read::Nothing | Read::End | Read::Hung => index += 1,
            }
        }
    }
}

fn set_watch(epoll: &OwnedFd, output: &mut Output, wanted: Watch, token: u64) {
    let before = output.watch;
    let flags = match wanted {
        Watch::Paused => EventFlags::empty(),
        Watch::Level => EventFlags::IN,
        Watch::Edge => EventFlags::IN | EventFlags::ET,
    };
    let data = EventData::new_u64(token);
    let done = match (before, wanted) {
        _ if before == wanted && output.token == token => return,
        // Not with an empty mask: a closed pipe is reported whatever the mask says.
        (_, Watch::Paused) => epoll::delete(epoll, &*output),
        (Watch::Paused, _) => epoll::add(epoll, &*output, data, flags),
        _ => epoll::modify(epoll, &*output, data, flags),
    };
    // It can only fail for want of memory; then it is tried again with the next event.
    if done.is_ok() {
        output.watch = wanted;
        output.token = token;
    }
}

/// The error of a launch as a frame for the client that waits for it.
#[must_use]
pub fn failed_frame(error: &Error) -> Vec<u8> {
    protocol::document(Kind::Failed, &Failed::from_error(error))
}
