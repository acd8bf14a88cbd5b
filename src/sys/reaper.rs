//! A minimal init: passes signals on to one child, reaps everything, ends as that child ended.

use super::process::exit_now;
use crate::error::{Doing, Result};
use std::io;

/// Forks. The parent gets the child's pid, the child gets `None`.
///
/// # Errors
/// When there can be no more processes.
pub fn split() -> Result<Option<i32>> {
    // SAFETY: we have one thread, so the child is a whole copy.
    let pid = unsafe { libc::fork() };
    match pid {
        -1 => Err(io::Error::last_os_error()).doing(|| "make a process"),
        0 => Ok(None),
        pid => Ok(Some(pid)),
    }
}

/// Closes every descriptor above 2 at once.
pub fn keep_stdio_only() {
    // SAFETY: the caller never returns to code that owns one of them.
    unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
}

/// Reaps until the child ends, passing on every signal that can be caught, then ends like it.
///
/// Source: signals are blocked and taken by sigwaitinfo(2); kill(2) of the child's pid is safe,
/// because only we reap it.
pub fn run(child: i32) -> ! {
    // SAFETY: all-zero is a valid sigset_t on Linux.
    let mut all: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is ours.
    unsafe { libc::sigfillset(&raw mut all) };
    // SAFETY: the set is initialised.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut()) };
    loop {
        if let Some(code) = reap(child) {
            exit_now(code);
        }
        // SAFETY: no information is asked for.
        let signal = unsafe { libc::sigwaitinfo(&raw const all, std::ptr::null_mut()) };
        if signal > 0 && signal != libc::SIGCHLD {
            // SAFETY: the child is not reaped yet, so the pid is its own.
            unsafe { libc::kill(child, signal) };
        }
    }
}

/// Reaps all that have ended; the code to end with once the child is among them.
fn reap(child: i32) -> Option<i32> {
    loop {
        let mut status = 0;
        // SAFETY: the status is ours.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
        if pid <= 0 {
            return None;
        }
        if pid == child {
            return Some(if libc::WIFSIGNALED(status) {
                128 + libc::WTERMSIG(status)
            } else {
                libc::WEXITSTATUS(status)
            });
        }
    }
}
