//! All processes of a container stopped for a while, so that nobody changes its files meanwhile.
//!
//! Without a cgroup that is ours there is no freezer; SIGSTOP does it. The supervisor sends it and
//! takes it back when the connection of whoever asked for it ends: by its end, or by kill -9. When
//! the supervisor dies, so does the container.

use crate::error::{Error, Kind, Result};
use crate::sys::process;
use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long to wait for processes that have been told to stop. Who sleeps in the kernel stops later,
/// before it comes back to its own code.
const PATIENCE: Duration = Duration::from_millis(500);

/// Processes that are stopped until this is dropped.
#[derive(Debug)]
pub(super) struct Paused {
    stopped: Vec<OwnedFd>,
}

impl Paused {
    /// Stops every process in the pid namespaces below ours. Those that are stopped already stay so
    /// when this is dropped.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub(super) fn begin() -> Result<Paused> {
        let own = depth("self").ok_or_else(|| crate::error::failed("cannot read /proc/self/status"))?;
        let mut paused = Paused { stopped: Vec::new() };
        let (mut seen, deadline) = (HashSet::new(), Instant::now() + PATIENCE);
        loop {
            let mut waits = false;
            for entry in std::fs::read_dir("/proc")? {
                let name = entry?.file_name();
                let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
                let Some(process) = contained(pid, own) else { continue };
                let stops = matches!(state(pid), Some('T' | 't' | 'Z' | 'X') | None);
                if seen.insert(pid) {
                    if !stops && process::send_signal(process.as_fd(), libc::SIGSTOP)? {
                        paused.stopped.push(process);
                        waits = true;
                    }
                } else {
                    waits |= !stops;
                }
            }
            // One more round after the last one stopped: it may have had a child before.
            if !waits || Instant::now() >= deadline {
                return Ok(paused);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        for process in &self.stopped {
            // One that was killed meanwhile does not go on.
            let _ = process::send_signal(process.as_fd(), libc::SIGCONT);
        }
    }
}

/// The process, if it lives in a pid namespace below ours, which is at `own`.
fn contained(pid: i32, own: usize) -> Option<OwnedFd> {
    // A directory of /proc is as good as a pidfd for a signal, and names the process whatever our own
    // pid namespace calls it. The kernel refuses those that are not in or below it.
    let process = OwnedFd::from(std::fs::File::open(format!("/proc/{pid}")).ok()?);
    let ours = process::send_signal(process.as_fd(), 0).is_ok_and(|lives| lives);
    (ours && depth(&pid.to_string())? > own).then_some(process)
}

/// How many pid namespaces a process is in, seen from that of /proc.
///
/// Source: proc_pid_status(5), `NSpid`.
fn depth(pid: &str) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    Some(line.split_whitespace().count())
}

/// The letter of its state. Source: proc_pid_stat(5), field 3.
fn state(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.get(stat.rfind(')')? + 2..)?.chars().next()
}

/// What is said where the container's processes cannot be told from others.
pub(super) fn shared() -> Error {
    Error::new(Kind::Unsupported, "not yet: --pause of a container that shares its pid namespace")
        .hint("without --pause its files are read while it runs")
}
