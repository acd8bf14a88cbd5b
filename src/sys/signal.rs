//! Signals by name and number, and taking them from a descriptor instead of in a handler.

use crate::error::{Error, Result, invalid};
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::str::FromStr;

/// The names that kill(1) knows, with their numbers on this architecture.
const NAMES: [(&str, i32); 35] = [
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("STKFLT", libc::SIGSTKFLT),
    ("CHLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("PWR", libc::SIGPWR),
    ("SYS", libc::SIGSYS),
    // Second names.
    ("IOT", libc::SIGABRT),
    ("CLD", libc::SIGCHLD),
    ("POLL", libc::SIGIO),
    ("UNUSED", libc::SIGSYS),
];

/// The first real-time signal as programs see it; libc keeps 32 and 33 for itself.
const RTMIN: i32 = 34;
/// The last real-time signal.
const RTMAX: i32 = 64;

/// A signal that can be sent: 1 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signal(i32);

impl Signal {
    /// The names of all but the real-time ones, without `SIG`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// SIGTERM.
    pub const TERM: Signal = Signal(libc::SIGTERM);
    /// SIGKILL.
    pub const KILL: Signal = Signal(libc::SIGKILL);

    /// The signal with this number.
    ///
    /// # Errors
    /// `Invalid` outside of 1 to 64.
    pub fn from_number(number: i32) -> Result<Signal> {
        if (1..=RTMAX).contains(&number) {
            Ok(Signal(number))
        } else {
            Err(invalid(format!("{number} is not a signal (1 to {RTMAX})")))
        }
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }

    /// Its name: `SIGTERM`, `SIGRTMIN+3`.
    #[must_use]
    pub fn name(self) -> String {
        if let Some((name, _)) = NAMES.iter().find(|(_, number)| *number == self.0) {
            return format!("SIG{name}");
        }
        match self.0 {
            RTMIN => "SIGRTMIN".to_string(),
            RTMAX => "SIGRTMAX".to_string(),
            number if number > RTMIN => format!("SIGRTMIN+{}", number - RTMIN),
            number => number.to_string(),
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl FromStr for Signal {
    type Err = Error;

    /// `TERM`, `SIGTERM`, `sigterm`, `15`, `RTMIN`, `RTMIN+3`, `RTMAX-2`.
    fn from_str(text: &str) -> Result<Signal> {
        if let Ok(number) = text.parse::<i32>() {
            return Signal::from_number(number);
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(Signal(*number));
        }
        let real_time = if let Some(rest) = name.strip_prefix("RTMIN") {
            offset(rest, '+').map(|n| RTMIN + n)
        } else if let Some(rest) = name.strip_prefix("RTMAX") {
            offset(rest, '-').map(|n| RTMAX - n)
        } else {
            None
        };
        match real_time {
            Some(number) if (RTMIN..=RTMAX).contains(&number) => Ok(Signal(number)),
            _ => Err(invalid(format!("{text:?} is not a signal (a name as in `kill -l`, or a number)"))),
        }
    }
}

/// Nothing, or `sign` and a number.
fn offset(rest: &str, sign: char) -> Option<i32> {
    if rest.is_empty() {
        return Some(0);
    }
    let digits = rest.strip_prefix(sign)?;
    digits.parse::<u8>().ok().map(i32::from)
}

/// Every signal that a client passes on to its container: all that can be caught and are meant
/// for the program.
///
/// Not: SIGCHLD, SIGURG, SIGWINCH and SIGPIPE, which are about this process; the job control
/// signals, so that a client can be stopped and continued as any program; and the ones that a
/// broken instruction of our own raises.
#[must_use]
pub fn for_the_container() -> Vec<i32> {
    let ours = [
        libc::SIGKILL,
        libc::SIGSTOP,
        libc::SIGCHLD,
        libc::SIGURG,
        libc::SIGWINCH,
        libc::SIGPIPE,
        libc::SIGCONT,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGILL,
        libc::SIGFPE,
        libc::SIGTRAP,
        libc::SIGSYS,
    ];
    (1..=31).chain(RTMIN..=RTMAX).filter(|number| !ours.contains(number)).collect()
}

/// Those of `signals` that this process is not to ignore, as nohup(1) tells it and a shell tells what
/// it runs behind a script: one that is blocked is reported even so (signalfd(2) knows no dispositions).
#[must_use]
pub fn heeded(signals: &[i32]) -> Vec<i32> {
    let ignored = |signal: i32| {
        // SAFETY: all zeroes is a valid sigaction on Linux.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: a null pointer asks without changing anything; the other one lives through the call.
        let asked = unsafe { libc::sigaction(signal, std::ptr::null(), &mut action) };
        asked == 0 && action.sa_sigaction == libc::SIG_IGN
    };
    signals.iter().copied().filter(|signal| !ignored(*signal)).collect()
}

/// Signals that are blocked and read from a descriptor instead, until this is dropped.
#[derive(Debug)]
pub struct SignalFd {
    fd: OwnedFd,
    before: libc::sigset_t,
}

impl SignalFd {
    /// Blocks `signals` in this thread and opens a non-blocking descriptor that reports them.
    ///
    /// Blocked signals are inherited through clone and exec: make processes before this, or let
    /// them reset their mask.
    ///
    /// # Errors
    /// When the kernel has no descriptor left.
    ///
    /// Source: signalfd(2).
    pub fn new(signals: &[i32]) -> io::Result<SignalFd> {
        let set = set_of(signals);
        let mut before = empty_set();
        // SAFETY: both sets are initialized and live through the call.
        let failed = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, &mut before) };
        if failed != 0 {
            return Err(io::Error::from_raw_os_error(failed));
        }
        // SAFETY: the set is initialized; -1 asks for a new descriptor.
        let fd = unsafe { libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just made this descriptor and nothing else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(SignalFd { fd, before })
    }

    /// The next signal that waits, and the pid of its sender; `None` when none does.
    #[must_use]
    pub fn next(&self) -> Option<(i32, u32)> {
        let mut info = [0u8; size_of::<libc::signalfd_siginfo>()];
        match rustix::io::read(&self.fd, &mut info) {
            Ok(n) if n == info.len() => {}
            _ => return None,
        }
        let number = |at: usize| u32::from_ne_bytes([info[at], info[at + 1], info[at + 2], info[at + 3]]);
        let signal = number(std::mem::offset_of!(libc::signalfd_siginfo, ssi_signo));
        let sender = number(std::mem::offset_of!(libc::signalfd_siginfo, ssi_pid));
        Some((i32::try_from(signal).unwrap_or(0), sender))
    }
}

impl Drop for SignalFd {
    fn drop(&mut self) {
        // SAFETY: the set came from the kernel; a null pointer is allowed for the old one.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut()) };
    }
}

impl std::os::fd::AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn empty_set() -> libc::sigset_t {
    // SAFETY: all zeroes is a valid, empty sigset_t on Linux.
    let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is a valid object of that type.
    unsafe { libc::sigemptyset(&mut set) };
    set
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    let mut set = empty_set();
    for signal in signals {
        // SAFETY: the set is initialized; a bad number only makes the call fail.
        unsafe { libc::sigaddset(&mut set, *signal) };
    }
    set
}

/// Takes this process's own death by `signal`, as the shell expects of a program that a signal
/// ended: default disposition, unblocked, raised.
///
/// Returns only if the signal does not kill.
pub fn die_of(signal: Signal) {
    // SAFETY: SIG_DFL is always a valid disposition.
    unsafe { libc::signal(signal.0, libc::SIG_DFL) };
    let set = set_of(&[signal.0]);
    // SAFETY: the set is initialized; a null pointer is allowed for the old one.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut()) };
    // SAFETY: raise has no memory effects.
    unsafe { libc::raise(signal.0) };
}

/// Sends `signal` to the process behind `pidfd`.
///
/// # Errors
/// `ESRCH` when it is gone, `EPERM` when it is somebody else's.
///
/// Source: pidfd_send_signal(2), Linux 5.1.
pub fn send(pidfd: BorrowedFd<'_>, signal: Signal) -> io::Result<()> {
    // SAFETY: no memory is passed; the descriptor lives through the call.
    let done = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal.0, std::ptr::null::<u8>(), 0)
    };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_the_names_of_kill() {
        for text in ["TERM", "SIGTERM", "sigterm", "15"] {
            assert_eq!(text.parse::<Signal>().unwrap(), Signal::TERM, "{text}");
        }
        assert_eq!("RTMIN+3".parse::<Signal>().unwrap().number(), 37);
        assert_eq!("SIGRTMAX-1".parse::<Signal>().unwrap().number(), 63);
        assert_eq!(Signal(37).name(), "SIGRTMIN+3");
        assert_eq!(Signal(9).name(), "SIGKILL");
        for text in ["", "SIG", "0", "65", "-1", "RTMIN+99", "RTMIN-1", "NONE"] {
            assert!(text.parse::<Signal>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_blocked_signal_is_read_from_the_descriptor() {
        let signals = SignalFd::new(&[libc::SIGUSR2]).unwrap();
        assert_eq!(signals.next(), None);
        // SAFETY: raise has no memory effects, and the signal is blocked in this thread.
        unsafe { libc::raise(libc::SIGUSR2) };
        assert_eq!(signals.next().map(|(signal, _)| signal), Some(libc::SIGUSR2));
        assert_eq!(signals.next(), None);
    }
}
