//! The server of a container's root file system, where it has one.

use crate::sys::process::{self, Child, Exit};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::{AsFd, BorrowedFd};

/// How long it may take to write what programs have changed in memory, once nothing is mounted any more.
/// Somebody else may still hold the mount (`box mount`), so it has an end.
const PATIENCE: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// What is said when it has ended before its container.
pub const GONE: &str = "the server of its root file system has ended (it was killed, or memory ran out)";

/// The server, which ends by itself, with code 0, when nothing is mounted any more.
#[derive(Debug)]
pub struct RootServer {
    child: Child,
    /// Whether it ended so, once that is known.
    well: Option<bool>,
}

impl RootServer {
    /// Takes it over.
    #[must_use]
    pub fn new(server: Child) -> RootServer {
        RootServer { child: server, well: None }
    }

    /// Its status was taken with those of the orphans, if it is that of `pid`.
    pub fn note(&mut self, pid: i32, ended_well: bool) {
        if pid == self.child.pid {
            self.well = Some(ended_well);
        }
    }

    /// Whether something has ended it before its time.
    #[must_use]
    pub fn was_lost(&self) -> bool {
        let status = || self.child.try_wait().ok().flatten().map(|exit| exit == Exit::Code(0));
        self.well.or_else(status) == Some(false)
    }

    /// Waits until it has ended, and ends it if it does not. After that its container's files are what
    /// its programs made them.
    pub fn end(self) {
        let mut waiting = [PollFd::from_borrowed_fd(self.child.as_fd(), PollFlags::IN)];
        if !matches!(rustix::io::retry_on_intr(|| poll(&mut waiting, Some(&PATIENCE))), Ok(1..)) {
            let _ = process::send_signal(self.child.as_fd(), libc::SIGKILL);
        }
        // It may have been waited for with the orphans.
        let _ = self.child.wait();
    }
}

/// Readable when it has ended.
impl AsFd for RootServer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.child.as_fd()
    }
}
