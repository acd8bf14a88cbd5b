//! The other end: a command that stands between the user's terminal and a container.
//!
//! One poll loop passes standard input on and output back, for `run`, `start -a` and `attach`
//! (over a supervisor's socket) and for `exec` (over a pty or pipes of its own).

use super::control;
use super::detach::DetachKeys;
use super::protocol::{self, Decoder, Exit, Failed, Hello, Kind, Started};
use super::relay::Relay;
use crate::error::{Doing, Result, failed, standard_stream};
use crate::network::slirp;
use crate::sys::process::Child;
use crate::sys::signal::{self, SignalFd};
use crate::sys::tty::{self, RawTerminal, WindowSize};
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

/// A connection to a supervisor whose container runs.
#[derive(Debug)]
pub struct Attachment {
    pub(super) socket: OwnedFd,
    pub(super) decoder: Decoder,
    /// What the supervisor said of the container.
    pub started: Started,
}

/// Says to the supervisor at the other end of `socket` what this client wants.
///
/// # Errors
/// When it is gone.
pub fn greet(socket: impl AsFd, hello: &Hello) -> Result<()> {
    let bytes = protocol::document(Kind::Hello, hello);
    protocol::write_all(socket, &bytes).doing(|| "speak to the container's supervisor")
}

/// Waits until the supervisor at the other end of `socket` says that the container runs. For a
/// `supervisor` of our own making the uplinks that it needs are started meanwhile.
///
/// # Errors
/// Why it does not; or that the supervisor died.
pub fn await_started(socket: OwnedFd, supervisor: Option<&Child>) -> Result<Attachment> {
    let mut decoder = Decoder::default();
    let mut next = || {
        protocol::read_frame(&socket, &mut decoder)
            .map_err(|error| failed("the container's supervisor ended before it began").because(error))
    };
    let (mut kind, mut payload) = next()?;
    loop {
        let supervisor = match (kind, supervisor) {
            (Kind::Uplink, Some(supervisor)) => supervisor,
            (Kind::Warning, _) => {
                // A standard error that is closed is nobody's problem.
                let text = String::from_utf8_lossy(&payload);
                let _ = writeln!(std::io::stderr().lock(), "Warning: {text}");
                (kind, payload) = next()?;
                continue;
            }
            _ => break,
        };
        let order = serde_json::from_slice(&payload).unwrap_or_default();
        let said = match slirp::start_shared(supervisor, &order) {
            Ok(()) => protocol::frame(Kind::UplinkDone, &[]),
            Err(error) => protocol::document(Kind::UplinkDone, &Failed::from_error(&error)),
        };
        // If it is gone we hear that next.
        let _ = protocol::write_all(&socket, &said);
        (kind, payload) = next()?;
    }
    match kind {
        Kind::Started => {
            let started = serde_json::from_slice(&payload).unwrap_or_default();
            Ok(Attachment { socket, decoder, started })
        }
        Kind::Failed => {
            let failed: Failed = serde_json::from_slice(&payload).unwrap_or_default();
            Err(failed.into_error())
        }
        other => Err(failed(format!("the container's supervisor said {other:?} first"))),
    }
}

/// Attaches to the running container with the run directory `dir`.
///
/// # Errors
/// `Conflict` when it does not run.
pub fn attach(dir: &Path, hello: &Hello) -> Result<Attachment> {
    let socket = OwnedFd::from(control::connect(dir, control::ATTACH)?);
    greet(&socket, hello)?;
    await_started(socket, None)
}

/// The window of the user's terminal, if there is one.
#[must_use]
pub fn window() -> Option<WindowSize> {
    tty::window_size(std::io::stdin()).or_else(|| tty::window_size(std::io::stdout()))
}

/// What stands at the other end.
#[derive(Debug)]
pub enum Endpoint {
    /// A supervisor.
    Frames(Attachment),
    /// The master of a pty.
    Pty(OwnedFd),
    /// Our ends of pipes; `stdin` is written to.
    Pipes {
        /// Standard input of the process.
        stdin: Option<OwnedFd>,
        /// Its standard output.
        stdout: Option<OwnedFd>,
        /// Its standard error.
        stderr: Option<OwnedFd>,
    },
}

/// How to relay.
#[derive(Debug)]
pub struct Options<'a> {
    /// Our standard input is passed on.
    pub stdin: bool,
    /// The end of our input is the end of the process's.
    pub stdin_once: bool,
    /// There is a terminal at the other end, so ours becomes raw.
    pub tty: bool,
    /// What leaves the container.
    pub detach_keys: DetachKeys,
    /// Signals that reach us are passed on instead of ending us.
    pub sig_proxy: bool,
    /// Becomes readable when the process has ended: what is left is relayed, and no more is
    /// waited for. (A supervisor says so itself.)
    pub ended: Option<BorrowedFd<'a>>,
    /// The process that gets the signals, where there is no supervisor to do it.
    pub process: Option<BorrowedFd<'a>>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options {
            stdin: false,
            stdin_once: false,
            tty: false,
            detach_keys: DetachKeys::default(),
            sig_proxy: true,
            ended: None,
            process: None,
        }
    }
}

/// How a relay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The supervisor said how the container ended.
    Exited(Exit),
    /// The user left it, or the terminal is gone; it runs on.
    Detached,
    /// The other side closed: a pty or pipes are through, or the supervisor is dead.
    Closed,
}

/// Stands between our standard streams and `endpoint` until one side has enough.
///
/// The terminal is given back before it returns, whatever happens. A signal that is not passed on
/// ends this process as it would have without us.
///
/// # Errors
/// When the terminal cannot be made raw, no descriptor is left, or output could not be written.
pub fn relay(endpoint: Endpoint, options: &Options) -> Result<Ended> {
    let mut signals = signal::for_the_container();
    // What nohup(1) started outlives the terminal, and so does its container. The others a script may
    // well send to what it has put into the background.
    if signal::heeded(&[libc::SIGHUP]).is_empty() {
        signals.retain(|number| *number != libc::SIGHUP);
    }
    signals.extend([libc::SIGWINCH, libc::SIGCONT]);
    let signals = SignalFd::new(&signals).doing(|| "listen for signals")?;
    let terminal = options.stdin && options.tty && tty::is_terminal(std::io::stdin());
    let raw = match terminal {
        true => Some(RawTerminal::enter(std::io::stdin().as_fd()).doing(|| "prepare the terminal")?),
        false => None,
    };
    let mut relay = Relay::new(endpoint, options, raw)?;
    let ended = relay.run(&signals);
    let (fatal, lost) = (relay.fatal, relay.lost);
    drop(relay);
    drop(signals);
    if let Some(signal) = fatal {
        signal::die_of(signal);
    }
    match (ended, lost) {
        (Ok(_), Some((number, errno))) => {
            let name = if number == 1 { "output" } else { "error" };
            Err(standard_stream(name, errno.into()))
        }
        (ended, _) => ended,
    }
}
