//! Starting a container: a supervisor is made, and says when init runs.

use super::reconcile;
use crate::container::config::{ContainerConfig, Namespace, NetworkMode, UserNamespace};
use crate::container::state::{State, Status};
use crate::error::{Doing, Error, Kind, Result};
use crate::network::forward;
use crate::sandbox::userns::{self, Role};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use crate::store::ports;
use crate::supervisor::client::{self, Attachment};
use crate::supervisor::control;
use crate::supervisor::protocol::{Hello, Request, VERSION};
use crate::sys::fd::{self, Passed};
use crate::sys::process::{self, Child};
use crate::sys::signal::{self, Signal, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Which of the container's streams the starting client takes part in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attach {
    /// It sends standard input.
    pub stdin: bool,
    /// It gets standard output.
    pub stdout: bool,
    /// It gets standard error.
    pub stderr: bool,
    /// The end of its input is the end of the container's.
    pub stdin_once: bool,
}

impl Attach {
    /// `-d`: it only waits for the start.
    #[must_use]
    pub fn nothing() -> Attach {
        Attach::default()
    }

    /// Whether it stays after the start.
    #[must_use]
    pub fn any(&self) -> bool {
        self.stdin || self.stdout || self.stderr
    }

    pub(super) fn hello(&self, tty: bool) -> Hello {
        let size = if tty { client::window() } else { None };
        Hello {
            version: VERSION,
            stdin: self.stdin,
            stdout: self.stdout,
            stderr: self.stderr,
            stdin_once: self.stdin_once,
            size,
        }
    }
}

/// A container that was started just now.
#[derive(Debug)]
pub struct Startup {
    /// The connection to its supervisor; closing it leaves the container alone.
    pub attachment: Attachment,
    /// Signals wait here until somebody relays them; dropped after the relay has its own.
    pub signals: SignalFd,
}

/// The signals that interrupt a start.
const INTERRUPTS: [i32; 4] = [nix::libc::SIGINT, nix::libc::SIGTERM, nix::libc::SIGHUP, nix::libc::SIGQUIT];

/// Holds back what would end this process, from before there is something to clean up.
///
/// # Errors
/// When the kernel has no descriptor left.
pub fn hold_signals() -> Result<SignalFd> {
    SignalFd::new(&signal::heeded(&INTERRUPTS)).doing(|| "hold back signals")
}

/// Starts a container that does not run and returns when its first process is executed.
///
/// A signal meanwhile kills what was started and then this process; see [`start_or_clean_up`] for
/// a container that is to go with it.
///
/// # Errors
/// Why it could not be started: `CommandNotFound` and `NotExecutable` among them; `Conflict` if it
/// runs.
pub fn start(settings: &Settings, store: &Store, entry: &Entry, attach: &Attach) -> Result<Startup> {
    start_required(settings, store, &entry.config)?;
    start_or_clean_up(settings, store, entry, attach, Vec::new(), hold_signals()?, || {})
}

/// Starts what the container requires, and what that requires, unless it runs.
///
/// # Errors
/// When one of them does not start, or is gone.
pub fn start_required(settings: &Settings, store: &Store, config: &ContainerConfig) -> Result<()> {
    for id in &config.requires {
        let doing = || format!("start the required container {}", id.short());
        let entry = containers::get(store, id).doing(doing)?;
        start_if_needed(settings, store, &entry).doing(doing)?;
    }
    Ok(())
}

/// Starts the container unless it runs.
///
/// # Errors
/// As [`start`].
pub fn start_if_needed(settings: &Settings, store: &Store, entry: &Entry) -> Result<()> {
    let mut tries = 0;
    loop {
        let entry = surely(settings, store, entry)?;
        if entry.status() == Status::Running {
            return Ok(());
        }
        match start(settings, store, &entry, &Attach::nothing()) {
            // Somebody else may have begun to start it after we had looked.
            Err(error) if error.kind() == Kind::Conflict && tries < 2 => tries += 1,
            other => return other.map(drop),
        }
    }
}

/// The container as it is when nobody is in the middle of starting or ending it.
///
/// One whose first process has ended, or whose supervisor was killed, still holds its lock for a
/// moment, and would be taken for running. One whose supervisor is tidying up, or has been started
/// by a client that was killed, holds it as well, and could not be started.
///
/// # Errors
/// `NotFound` if it is gone.
pub fn surely(settings: &Settings, store: &Store, entry: &Entry) -> Result<Entry> {
    let until = Instant::now() + IN_BETWEEN;
    let mut entry = entry.clone();
    while in_between(store, &entry)? && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
        let now = reconcile::look(settings, store, &entry.id)?;
        entry = now.ok_or_else(|| containers::no_such(entry.name.as_str()))?;
    }
    Ok(entry)
}

/// How long somebody else's start or end is waited for.
const IN_BETWEEN: Duration = Duration::from_secs(10);

/// Whether its supervisor lives and it does not run.
fn in_between(store: &Store, entry: &Entry) -> Result<bool> {
    let State::Started(started) = &entry.state else { return containers::lock_held(store, &entry.id) };
    if !entry.lock_held {
        return Ok(false);
    }
    let sockets = store.container_run(&entry.id);
    let answers = control::request(&sockets, &Request::Ping, Some(Duration::from_secs(5))).is_ok();
    Ok(!answers || reconcile::process_of(&started.init)?.is_none())
}

/// As [`start`], under signals that are held already; after a failure or a signal, `clean_up` runs.
/// The container's program gets what is `passed` beside its standard streams.
///
/// When we are killed the supervisor goes on, or ends with us if it has not begun; what it would have
/// cleaned up, `reconcile` does for the next command that looks at the container.
///
/// # Errors
/// As [`start`].
pub fn start_or_clean_up(
    settings: &Settings,
    store: &Store,
    entry: &Entry,
    attach: &Attach,
    passed: Vec<Passed>,
    signals: SignalFd,
    clean_up: impl Fn(),
) -> Result<Startup> {
    let launched = launch(settings, store, entry, attach, passed);
    let (supervisor, socket) = launched.inspect_err(|_| clean_up())?;
    if let Some(signal) = interrupted(&socket, &signals)? {
        // It is PID 1 of its namespace: with it goes all that it has made.
        process::send_signal(supervisor.as_fd(), nix::libc::SIGKILL)?;
        drop(socket);
        let _ = supervisor.wait();
        // It may have come so far as to write that it runs.
        let _ = reconcile::look(settings, store, &entry.id);
        let _ = std::fs::remove_dir_all(store.container_run(&entry.id));
        clean_up();
        drop(signals);
        if let Ok(signal) = Signal::from_number(signal) {
            crate::sys::signal::die_of(signal);
        }
        return Err(Error::new(Kind::Failed, "interrupted"));
    }
    match client::await_started(socket, Some(&supervisor)) {
        Ok(attachment) => Ok(Startup { attachment, signals }),
        Err(error) => {
            // Its lock is free already: it lets go before it says that it failed.
            clean_up();
            Err(error)
        }
    }
}

/// Makes the supervisor and greets it.
fn launch(
    settings: &Settings,
    store: &Store,
    entry: &Entry,
    attach: &Attach,
    passed: Vec<Passed>,
) -> Result<(Child, OwnedFd)> {
    if entry.status() == Status::Running {
        return Err(Error::new(Kind::Conflict, format!("container {} is already running", entry.name)));
    }
    let (ours, theirs) = fd::socket_pair()?;
    client::greet(&ours, &attach.hello(entry.config.process.tty))?;
    let mut args: Vec<OsString> = vec![
        "--root".into(),
        settings.root.clone().into_os_string(),
        "--runroot".into(),
        settings.run.clone().into_os_string(),
    ];
    if settings.debug {
        args.push("--debug".into());
    }
    let record = ports::read(store, &entry.id)?;
    let listeners = forward::to_hand_over(record.wanted(&entry.config.network.ports));
    if !listeners.is_empty() {
        args.extend(["--listeners".into(), listeners.len().to_string().into()]);
    }
    let mut keep: Vec<OwnedFd> = std::iter::once(theirs).chain(listeners).collect();
    for (number, fd) in passed.into_iter().map(Passed::into_parts) {
        args.extend(["--passed".into(), number.to_string().into()]);
        keep.push(fd);
    }
    let mut network = None;
    if wants_new_network(&entry.config) {
        let (to, from) = fd::socket_pair()?;
        args.push("--network".into());
        keep.push(from);
        network = Some(to);
    }
    args.push(entry.id.as_str().into());
    let role = Role {
        name: "supervisor",
        args,
        keep,
        // A pid namespace can only be joined from the host's, or from one above it.
        new_pid_namespace: entry.config.namespaces.pid == Namespace::Private,
        sealed: true,
        detached: true,
        keep_stderr: settings.debug,
        keep_environment: false,
        network,
    };
    let child = userns::spawn(&settings.run, role)?;
    Ok((child, ours))
}

/// Whether it has a network namespace of its own in the user namespace that all share.
fn wants_new_network(config: &ContainerConfig) -> bool {
    let elsewhere =
        matches!(config.network.mode, NetworkMode::Host | NetworkMode::Container(_) | NetworkMode::Path(_));
    !elsewhere && config.namespaces.user == UserNamespace::Host
}

/// Waits until the supervisor has something to say; a signal that comes first is returned.
fn interrupted(socket: &OwnedFd, signals: &SignalFd) -> Result<Option<i32>> {
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(errno) => return Err(errno).doing(|| "wait for the container's supervisor"),
        }
        if !fds[0].revents().is_empty() {
            return Ok(None);
        }
        if let Some((signal, _)) = signals.next() {
            return Ok(Some(signal));
        }
    }
}
