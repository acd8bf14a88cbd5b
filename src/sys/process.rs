//! Processes: making them, waiting for them, signalling them by pidfd.

use crate::error::{Doing, Error, Kind, Result, failed};
use std::convert::Infallible;
use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

/// A child of ours: its pid as we see it, and a descriptor that can mean no other process.
#[derive(Debug)]
pub struct Child {
    /// In our own pid namespace.
    pub pid: i32,
    /// Becomes readable when it ends.
    pub pidfd: OwnedFd,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with a code from 0 to 255.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl Exit {
    /// The code that shells use: its own, or 128 + the signal.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
        }
    }

    /// The signal that ended it.
    #[must_use]
    pub fn signal(self) -> Option<i32> {
        match self {
            Exit::Code(_) => None,
            Exit::Signal(signal) => Some(signal),
        }
    }
}

impl Child {
    /// Waits for its end and takes its exit status away; call it once.
    ///
    /// # Errors
    /// When it is not our child, or was waited for already.
    pub fn wait(&self) -> Result<Exit> {
        wait_on(self.pidfd.as_fd(), false)?.ok_or_else(|| failed("a child that ended has no exit status"))
    }

    /// Its exit status if it has ended.
    ///
    /// # Errors
    /// As [`Child::wait`].
    pub fn try_wait(&self) -> Result<Option<Exit>> {
        wait_on(self.pidfd.as_fd(), true)
    }
}

fn wait_on(pidfd: BorrowedFd<'_>, only_look: bool) -> Result<Option<Exit>> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let mut options = WaitIdOptions::EXITED;
    if only_look {
        options |= WaitIdOptions::NOHANG;
    }
    loop {
        match waitid(WaitId::PidFd(pidfd), options) {
            Ok(None) => return Ok(None),
            Ok(Some(status)) => {
                return Ok(match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => Some(Exit::Code(code)),
                    (None, Some(signal)) => Some(Exit::Signal(signal)),
                    (None, None) => None,
                });
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno).doing(|| "wait for a child"),
        }
    }
}

/// Makes a child by clone3(2) that runs `body`, in new namespaces of the kinds in `namespaces`
/// (`CLONE_NEW*` of libc, also `CLONE_PARENT` and `CLONE_FILES`).
///
/// The child is a copy of us: it may allocate, because we have one thread, but it must not lock,
/// log or touch stdio. It ends in execve or [`exit_now`]; a panic in it aborts, for above it on
/// the copied stack are our destructors.
///
/// # Errors
/// When the kernel refuses: `Denied` where user namespaces are forbidden, `Unsupported` where a
/// limit on namespaces is reached.
///
/// Source: clone(2).
pub fn spawn(namespaces: i32, body: impl FnOnce() -> Infallible) -> Result<Child> {
    assert_one_thread();
    let mut pidfd: i32 = -1;
    let parent = namespaces & libc::CLONE_PARENT != 0;
    // SAFETY: all-zero is a valid clone_args.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = (namespaces as u32 as u64) | libc::CLONE_PIDFD as u64;
    args.pidfd = &raw mut pidfd as u64;
    // With CLONE_PARENT the signal is inherited and must be 0 here (clone(2), EINVAL).
    args.exit_signal = if parent { 0 } else { libc::SIGCHLD as u64 };
    // SAFETY: without CLONE_VM the child has its own copy of everything, as after fork(2); args
    // outlives the call.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) };
    match pid {
        -1 => Err(refused(io::Error::last_os_error())),
        0 => {
            // It cannot return, and if it panics nothing of ours may run.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            std::process::abort()
        }
        pid => Ok(Child {
            pid: pid as i32,
            // SAFETY: the kernel stored a fresh descriptor there; nothing else owns it.
            pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) },
        }),
    }
}

/// Splits this process in two, the new one a child of our parent. The old one gets its pid, the new
/// one `None`.
///
/// # Errors
/// When there can be no more processes.
///
/// Source: clone(2), CLONE_PARENT.
pub fn split_sibling() -> Result<Option<i32>> {
    assert_one_thread();
    // SAFETY: all-zero is a valid clone_args.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = libc::CLONE_PARENT as u64;
    // SAFETY: without CLONE_VM the child has its own copy of everything, as after fork(2).
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of::<libc::clone_args>()) };
    match pid {
        -1 => Err(refused(io::Error::last_os_error())),
        0 => Ok(None),
        pid => Ok(Some(pid as i32)),
    }
}

/// Sets a variable of our own environment that is not set, for us and for those we start.
///
/// # Panics
/// In a process with several threads.
pub fn set_default_variable(name: &str, value: &str) {
    if std::env::var_os(name).is_none() {
        set_variable(name, value.as_ref());
    }
}

/// Sets a variable of our own environment, for us and for those we start.
///
/// # Panics
/// In a process with several threads.
pub fn set_variable(name: &str, value: &OsStr) {
    assert!(threads() <= 1, "the environment is read by all threads");
    // SAFETY: nobody else is there who could read the environment meanwhile.
    unsafe { std::env::set_var(name, value) };
}

/// How many threads this process has.
#[must_use]
pub fn threads() -> u64 {
    // proc_task_getattr: the link count of /proc/self/task is two and the number of threads.
    std::fs::metadata("/proc/self/task").map(|m| m.nlink().saturating_sub(2)).unwrap_or(1)
}

fn assert_one_thread() {
    let threads = threads();
    assert!(threads <= 1, "a process with {threads} threads must not be cloned");
}

/// Whether our root is a directory below the mount namespace's: there the kernel makes no user
/// namespaces. One that is a mount of its own is not noticed.
///
/// Source: user_namespaces(7), `EPERM`; proc_pid_mountinfo(5), field 5.
#[must_use]
pub fn is_in_chroot() -> bool {
    std::fs::read_to_string("/proc/self/mountinfo")
        .is_ok_and(|text| !text.lines().any(|line| line.split(' ').nth(4) == Some("/")))
}

fn refused(cause: io::Error) -> Error {
    let error = match cause.raw_os_error() {
        Some(libc::EPERM) if is_in_chroot() => {
            Error::new(Kind::Denied, "this is a chroot, and the kernel makes no user namespace in one")
                .hint("leave it, or enter the directory as a root of its own: systemd-nspawn -D DIR")
        }
        Some(libc::EPERM | libc::EACCES) => Error::new(Kind::Denied, "the kernel refuses new namespaces")
            .hint("`box doctor` says which setting forbids them and how to change it"),
        Some(libc::ENOSPC | libc::EUSERS) => {
            Error::new(Kind::Unsupported, "the limit on namespaces is reached")
                .hint("as root: sysctl user.max_user_namespaces=28633 (and the other user.max_*_namespaces)")
        }
        _ => return failed("cannot make a process").because(Error::from(cause)),
    };
    error.because(cause)
}

/// Ends this process at once: no destructors, no buffers flushed.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Sends a signal to exactly that process; `false` if it has ended.
///
/// # Errors
/// When it is not ours to signal.
pub fn send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> Result<bool> {
    // rustix's Signal has no real-time signals, so the call is made by number.
    // SAFETY: pidfd_send_signal with no siginfo reads no memory of ours.
    let done = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            signal,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    if done == 0 {
        return Ok(true);
    }
    let cause = io::Error::last_os_error();
    match cause.raw_os_error() {
        Some(libc::ESRCH) => Ok(false),
        _ => Err(cause).doing(|| format!("send signal {signal}")),
    }
}

/// Opens a pidfd; `None` if no such process lives.
///
/// # Errors
/// Other than ESRCH.
pub fn open_pidfd(pid: i32) -> Result<Option<OwnedFd>> {
    let Some(pid) = rustix::process::Pid::from_raw(pid) else { return Ok(None) };
    match rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
        Ok(fd) => Ok(Some(fd)),
        // EINVAL is a pid that is a thread of another process.
        Err(rustix::io::Errno::SRCH | rustix::io::Errno::INVAL) => Ok(None),
        Err(errno) => Err(errno).doing(|| format!("open process {}", pid.as_raw_nonzero())),
    }
}

/// The start time of a process in clock ticks after boot; `None` if it does not live.
///
/// Source: proc_pid_stat(5), field 22.
#[must_use]
pub fn start_time(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may hold anything, so count from its end.
    let after = &stat[stat.rfind(')')? + 2..];
    let mut fields = after.split(' ');
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// Our own pid in the pid namespace of the mounted /proc, which is the host's for a supervisor.
///
/// # Errors
/// When /proc is not mounted.
pub fn pid_in_proc() -> Result<i32> {
    let link = std::fs::read_link("/proc/self").doing(|| "read /proc/self")?;
    link.to_str().and_then(|pid| pid.parse().ok()).ok_or_else(|| failed("/proc/self names no process"))
}

/// The pid that a process has in the pid namespace of the mounted /proc.
///
/// # Errors
/// When it has ended, or has none there.
///
/// Source: pidfd_open(2), the `Pid:` field of fdinfo.
pub fn pid_of(pidfd: BorrowedFd<'_>) -> Result<i32> {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))
        .doing(|| "look up a process by its descriptor")?;
    let pid = info.lines().find_map(|line| line.strip_prefix("Pid:")).and_then(|pid| pid.trim().parse().ok());
    match pid {
        Some(pid) if pid > 0 => Ok(pid),
        _ => Err(failed("the process has ended")),
    }
}

/// The id of this boot of the machine.
///
/// # Errors
/// When /proc is not mounted.
pub fn boot_id() -> Result<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").doing(|| "read the boot id")?;
    Ok(text.trim_end().to_string())
}

/// Sends `signal` to us when our parent ends. It is lost when we execute a setuid program.
///
/// Source: PR_SET_PDEATHSIG(2const).
pub fn die_with_parent(signal: i32) {
    // SAFETY: prctl with integer arguments only.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal, 0, 0, 0) };
}

/// Keeps others, of the same user too, from tracing us and reading our memory and descriptors.
pub fn set_dumpable(dumpable: bool) {
    // SAFETY: prctl with integer arguments only.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, i32::from(dumpable), 0, 0, 0) };
}

/// A program's arguments or environment as execve(2) wants them.
#[derive(Debug)]
pub struct CStrings {
    // Owns what `pointers` point at.
    _strings: Vec<CString>,
    pointers: Vec<*const libc::c_char>,
}

impl CStrings {
    /// Takes the strings over.
    #[must_use]
    pub fn new(strings: Vec<CString>) -> CStrings {
        let mut pointers: Vec<_> = strings.iter().map(|s| s.as_ptr()).collect();
        pointers.push(std::ptr::null());
        CStrings { _strings: strings, pointers }
    }
}

/// Replaces this process by the program at `path`. Returns only when that fails.
pub fn execve(path: &CStr, args: &CStrings, env: &CStrings) -> io::Error {
    // SAFETY: both arrays end with a null pointer and outlive the call.
    unsafe { libc::execve(path.as_ptr(), args.pointers.as_ptr(), env.pointers.as_ptr()) };
    io::Error::last_os_error()
}

/// Replaces this process by the program that `file` is open on. Returns only when that fails.
pub fn execve_fd(file: BorrowedFd<'_>, args: &CStrings, env: &CStrings) -> io::Error {
    // The raw call, because musl has no wrapper.
    // SAFETY: both arrays end with a null pointer and outlive the call; the path is empty.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            file.as_raw_fd(),
            c"".as_ptr(),
            args.pointers.as_ptr(),
            env.pointers.as_ptr(),
            libc::AT_EMPTY_PATH,
        )
    };
    io::Error::last_os_error()
}

/// Puts right what our caller may have left us with, before anything else is done: a mask that takes
/// from us what we make, and a file size limit that would end us without a word (what is too long is
/// an error, EFBIG, from then on).
///
/// Source: umask(2); setrlimit(2), RLIMIT_FSIZE.
pub fn begin() {
    let of_the_owner = rustix::fs::Mode::RWXU;
    let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    rustix::process::umask(mask - of_the_owner);
    // SAFETY: no handler is installed.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// Puts every signal back to its default and unblocks all: what a new program expects.
pub fn reset_signals() {
    for signal in 1..=64 {
        // SAFETY: SIG_DFL installs no handler; numbers that cannot be set are refused without harm.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: all-zero is a valid sigset_t on Linux.
    let mut none: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `none` is ours.
    unsafe { libc::sigemptyset(&raw mut none) };
    // SAFETY: the set is initialised and the old one is not asked for.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut()) };
}

/// Has a command begin with no signal blocked, as [`reset_signals`] does for a clone: std passes the
/// mask of the thread on.
pub fn unblock_signals_in(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    let unblock = || {
        let none = nix::sys::signal::SigSet::empty();
        none.thread_set_mask().map_err(io::Error::from)
    };
    // SAFETY: between fork and exec it makes one system call and touches no memory but its own.
    unsafe { command.pre_exec(unblock) };
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_start_time_is_found_and_a_missing_process_has_none() {
        assert!(start_time(std::process::id() as i32).is_some());
        assert_eq!(start_time(i32::MAX), None);
        assert!(open_pidfd(i32::MAX).unwrap().is_none());
    }
}
