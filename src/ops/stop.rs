//! Stopping: the container's stop signal, some patience, then SIGKILL.

use super::reconcile;
use crate::container::state::{Started, State};
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use crate::supervisor::control;
use crate::supervisor::protocol::{Exit, Request};
use crate::sys::process;
use crate::sys::signal::Signal;
use rustix::event::{PollFd, PollFlags, poll};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long the end may take after SIGKILL before we do without the supervisor.
const AFTER_KILL: Duration = Duration::from_secs(10);
/// How long a supervisor may take to take note of a request.
const TO_ANSWER: Duration = Duration::from_secs(5);

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It did not run.
    NotRunning,
    /// It ended in time.
    InTime,
    /// It took SIGKILL.
    Killed,
}

/// What is asked of a stop; where it says nothing, the container's own settings hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// What it is told.
    pub signal: Option<Signal>,
    /// Seconds until SIGKILL.
    pub seconds: Option<u32>,
}

/// Stops a container and waits until it has ended, its record is written and its lock is free.
///
/// # Errors
/// When it goes on in spite of SIGKILL.
pub fn stop(settings: &Settings, store: &Store, entry: &Entry, manner: Manner) -> Result<Stopped> {
    Stopping::begin(settings, store, entry, manner)?.finish()
}

/// A container that has got its stop signal. Several are stopped at once by beginning with all of
/// them before the first is finished.
#[derive(Debug)]
pub struct Stopping<'a> {
    settings: &'a Settings,
    store: &'a Store,
    entry: &'a Entry,
    /// Its end is waited for until then; `None` if it did not run.
    running: Option<(&'a Started, Option<Watch>, Instant)>,
}

impl<'a> Stopping<'a> {
    /// Sends the stop signal.
    ///
    /// # Errors
    /// When nobody can be reached although it runs.
    pub fn begin(
        settings: &'a Settings,
        store: &'a Store,
        entry: &'a Entry,
        manner: Manner,
    ) -> Result<Stopping<'a>> {
        let ending = &entry.config.ending;
        let patience = Duration::from_secs(u64::from(manner.seconds.unwrap_or(ending.stop_timeout)));
        let own = || Signal::from_number(ending.stop_signal).unwrap_or(Signal::TERM);
        let signal = manner.signal.unwrap_or_else(own);
        Stopping::with(settings, store, entry, signal, patience)
            .doing(|| format!("stop container {}", entry.name))
    }

    /// Sends `signal`; SIGKILL is due after `patience`.
    pub(super) fn with(
        settings: &'a Settings,
        store: &'a Store,
        entry: &'a Entry,
        signal: Signal,
        patience: Duration,
    ) -> Result<Stopping<'a>> {
        let State::Started(started) = &entry.state else {
            return Ok(Stopping { settings, store, entry, running: None });
        };
        if !entry.lock_held {
            return Ok(Stopping { settings, store, entry, running: None });
        }
        let watch = Watch::open(store, entry, started)?;
        // Without patience there is no use in asking kindly: the order of the two could be lost.
        let signal = if patience.is_zero() { Signal::KILL } else { signal };
        if watch.is_some() {
            send(store, entry, started, signal)?;
        }
        let now = Instant::now();
        let until = now.checked_add(patience).unwrap_or(now + Duration::from_secs(u64::from(u32::MAX)));
        Ok(Stopping { settings, store, entry, running: Some((started, watch, until)) })
    }

    /// Waits for the end, with SIGKILL if need be.
    ///
    /// # Errors
    /// When it goes on in spite of SIGKILL.
    pub fn finish(self) -> Result<Stopped> {
        let name = self.entry.name.clone();
        self.wait().doing(|| format!("stop container {name}"))
    }

    fn wait(self) -> Result<Stopped> {
        let Stopping { settings, store, entry, running } = self;
        let Some((started, watch, until)) = running else { return Ok(Stopped::NotRunning) };
        let mut how = Stopped::InTime;
        match watch {
            // Between its last words and its end.
            None => how = Stopped::NotRunning,
            Some(mut watch) => {
                if !watch.within(until.saturating_duration_since(Instant::now()))? {
                    how = Stopped::Killed;
                    send(store, entry, started, Signal::KILL)?;
                    if !watch.within(AFTER_KILL)? {
                        kill_directly(started)?;
                    }
                }
            }
        }
        wait_for_lock(settings, store, entry, started)?;
        Ok(how)
    }
}

/// Sends a signal to a running container's first process through its supervisor.
///
/// # Errors
/// When neither the supervisor nor the process itself can be reached.
pub(super) fn send(store: &Store, entry: &Entry, started: &Started, signal: Signal) -> Result<()> {
    let number = signal.number();
    // SIGKILL and SIGTERM are the user's wish that it ends; others are its own business.
    let stop = signal == Signal::KILL || signal == Signal::TERM || number == entry.config.ending.stop_signal;
    let request = Request::Signal { signal: number, stop };
    match control::request(&store.container_run(&entry.id), &request, Some(TO_ANSWER)) {
        Ok(_) => Ok(()),
        Err(_) if !containers::lock_held(store, &entry.id).unwrap_or(false) => Ok(()),
        // A supervisor that somebody stopped with SIGSTOP answers nobody.
        Err(error) => match reconcile::process_of(&started.init)? {
            Some(init) => process::send_signal(init.as_fd(), number).map(drop),
            None if error.kind() == Kind::Conflict => Ok(()),
            None => Err(error),
        },
    }
}

/// Kills the first process and the supervisor, which takes everything below it along.
fn kill_directly(started: &Started) -> Result<()> {
    for who in [&started.init, &started.supervisor] {
        if let Some(process) = reconcile::process_of(who)? {
            process::send_signal(process.as_fd(), nix::libc::SIGKILL)?;
        }
    }
    Ok(())
}

/// Waits until the supervisor of a container that has ended has let go of its lock.
fn wait_for_lock(settings: &Settings, store: &Store, entry: &Entry, started: &Started) -> Result<()> {
    let until = Instant::now() + AFTER_KILL;
    while containers::lock_held(store, &entry.id).unwrap_or(false) {
        if !matches!(containers::state(store, &entry.id), Ok(State::Started(now)) if now == *started)
            && reconcile::process_of(&started.supervisor)?.is_none()
        {
            // Somebody has started it again already.
            return Ok(());
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(failed("its supervisor does not end").hint("see `box inspect` for its pid"));
        }
        match reconcile::process_of(&started.supervisor)? {
            Some(supervisor) => drop(readable(supervisor.as_fd(), left)?),
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    // It may have died without a record.
    reconcile::look(settings, store, &entry.id).map(drop)
}

/// Waits for the end of a container.
#[derive(Debug)]
pub(super) struct Watch {
    socket: UnixStream,
    exit: Option<Exit>,
}

impl Watch {
    /// Asks the supervisor to tell when the container has ended; `None` if it is ending already.
    pub(super) fn open(store: &Store, entry: &Entry, started: &Started) -> Result<Option<Watch>> {
        let asked = control::connect(&store.container_run(&entry.id), control::CONTROL)
            .and_then(|mut socket| control::send(&mut socket, &Request::Wait).map(|()| socket));
        match asked {
            Ok(socket) => Ok(Some(Watch { socket, exit: None })),
            Err(_) if !containers::lock_held(store, &entry.id).unwrap_or(false) => Ok(None),
            Err(error) => match containers::state(store, &entry.id) {
                Ok(State::Started(now)) if now == *started => {
                    // It holds the lock and says it runs, but nobody listens: a full backlog, or the
                    // runtime directory was deleted. Its processes can still be reached.
                    kill_if_orphaned(store, entry, &error)?;
                    Ok(None)
                }
                _ => Ok(None),
            },
        }
    }

    /// Whether it ended within `time`; what was said of its end is kept in [`Watch::exit`].
    pub(super) fn within(&mut self, time: Duration) -> Result<bool> {
        if !readable(self.socket.as_fd(), time)? {
            return Ok(false);
        }
        // Hung up without an answer: the supervisor died, which is an end too.
        self.exit = control::read_answer(&mut self.socket).ok().and_then(|answer| answer.exit);
        Ok(true)
    }

    /// How it ended, if the supervisor lived to tell.
    pub(super) fn exit(&self) -> Option<Exit> {
        self.exit
    }
}

/// A supervisor whose sockets were deleted under it serves nobody any more.
fn kill_if_orphaned(store: &Store, entry: &Entry, error: &Error) -> Result<()> {
    if let Ok(State::Started(started)) = containers::state(store, &entry.id)
        && !store.container_run(&entry.id).join(control::CONTROL).exists()
        && error.kind() == Kind::Conflict
    {
        kill_directly(&started)?;
    }
    Ok(())
}

/// Whether the descriptor becomes readable, or is hung up, within `time`.
pub(super) fn readable(fd: BorrowedFd<'_>, time: Duration) -> Result<bool> {
    let until = Instant::now().checked_add(time);
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| rustix::event::Timespec::try_from(left).ok());
        let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
        match poll(&mut fds, left.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno).doing(|| "wait for the container's supervisor"),
        }
    }
}
