//! The role that looks after a network's slirp4netns: when that is killed it starts another.
//!
//! One such process for each network in use, outside of all supervisors' pid namespaces: what a
//! supervisor starts ends with it, and connections of all other containers with that. It sleeps until
//! its child ends. Who uses the network it knows as slirp4netns does, by the FIFO that every
//! supervisor has open for writing: with the last one both end.
//!
//! Killing it costs nothing: slirp4netns lives on, and if that is killed too the supervisors notice, for
//! then the FIFO has no reader any more.

use super::helper::{self, Orphan, Program};
use super::netlink::Netlink;
use super::slirp::SharedUplink;
use crate::error::{Doing, Result, failed};
use crate::sys::netns::{self, Netns};
use crate::sys::{fd, process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// What the role is called in argv\[0\].
const ROLE: &std::ffi::CStr = c"box-uplink";

/// What it takes to execute the role after a clone.
#[derive(Debug)]
pub(super) struct Keeper {
    binary: File,
    args: process::CStrings,
    env: process::CStrings,
}

impl Keeper {
    /// A keeper for that uplink.
    pub(super) fn prepare(order: &SharedUplink) -> Result<Keeper> {
        // Through /proc, because the file may have been replaced by an update meanwhile.
        let binary = File::open("/proc/self/exe").doing(|| "open box's own binary")?;
        let order = serde_json::to_string(order).expect("an order is plain data");
        let order = CString::new(order).map_err(|_| failed("a path has a zero byte"))?;
        let home = std::env::var("HOME").unwrap_or_default();
        let env = [format!("PATH={}", helper::PATH), format!("HOME={home}")];
        let env = env.into_iter().map(CString::new).collect::<std::result::Result<_, _>>();
        let env = env.map_err(|_| failed("HOME has a zero byte"))?;
        Ok(Keeper {
            binary,
            args: process::CStrings::new(vec![ROLE.to_owned(), order]),
            env: process::CStrings::new(env),
        })
    }

    /// Becomes the keeper of `child`, which was started as `program` says; a byte on `answer` will
    /// say that the network is up.
    pub(super) fn execute(
        &self,
        program: &Program<'_>,
        child: &process::Child,
        answer: BorrowedFd<'_>,
        null: BorrowedFd<'_>,
    ) -> Infallible {
        process::reset_signals();
        let keep = [
            program.netns,
            program.exit.unwrap_or(program.netns),
            child.as_fd(),
            program.ready.0.as_fd(),
            answer,
        ];
        let stdio = (0..3).all(|number| fd::replace_stdio(null, number).is_ok());
        // Where none of those that are kept will be, and no further: the limit may be low.
        let beyond = 3 + keep.len() as i32;
        if let Ok(binary) = rustix::io::fcntl_dupfd_cloexec(&self.binary, beyond)
            && stdio
            && fd::arrange_for_exec(&keep).is_ok()
        {
            process::execve_fd(binary.as_fd(), &self.args, &self.env);
        }
        process::exit_now(126)
    }
}

/// The role; `words` are the order as JSON. Descriptors: 3 the bridge's namespace, 4 the reading end of the
/// FIFO, 5 the pidfd of the first slirp4netns, 6 what that says when it is up, 7 who wants to know.
///
/// Ends when nobody uses the network any more.
#[must_use]
pub fn main(words: Vec<OsString>) -> u8 {
    if keep(&words).is_ok() { 0 } else { 125 }
}

fn keep(words: &[OsString]) -> Result<()> {
    let order = words.first().and_then(|word| serde_json::from_str(word.to_str()?).ok());
    let order: SharedUplink = order.ok_or_else(|| failed("this role is started by box itself"))?;
    let (netns, users, pidfd) = (fd::inherited(3)?, fd::inherited(4)?, fd::inherited(5)?);
    let (ready, answer) = (fd::inherited(6)?, fd::inherited(7)?);
    let mut child = process::Child { pid: process::pid_of(pidfd.as_fd())?, pidfd };
    let mut again = Again::new(Instant::now());
    if !helper::wait_for_byte(ready.as_fd())? {
        // It fails, or hangs. That is said by whoever started us.
        process::send_signal(child.as_fd(), libc::SIGKILL)?;
        return child.wait().map(drop);
    }
    if order.plug {
        plug(&order, netns.as_fd())?;
    }
    // If nobody wants to know any more the users will be gone too.
    let _ = rustix::io::write(&answer, b"1");
    drop((ready, answer));
    crate::sys::memory::drop_text();
    loop {
        child.wait()?;
        child = loop {
            if are_gone(&users, again.ended(Instant::now()))? {
                return Ok(());
            }
            again.starts(Instant::now());
            let started = helper::start(order.program(netns.as_fd(), users.as_fd())?, Orphan::Lives);
            match started {
                // What fails here is tried again too: a device that is missing, no more processes.
                Ok(child) if plug(&order, netns.as_fd()).is_ok() => break child,
                Ok(child) => {
                    process::send_signal(child.as_fd(), libc::SIGKILL)?;
                    child.wait()?;
                }
                Err(_) => {}
            }
        };
    }
}

/// Makes slirp4netns's device a port of the bridge.
fn plug(order: &SharedUplink, netns: BorrowedFd<'_>) -> Result<()> {
    let opened = netns::open_in(Netns::Of(netns), || Ok(vec![netns::netlink_socket()?]))?;
    let socket = opened.into_iter().next().ok_or_else(|| failed("a network namespace gave too little"))?;
    let mut link = Netlink::new(socket);
    let bridge = link.index(&order.bridge)?;
    link.add_port(super::bridge::TAP, bridge, order.mtu)
}

/// Whether nobody writes to the FIFO any more; waits that long for it.
fn are_gone(users: &OwnedFd, patience: Duration) -> Result<bool> {
    let until = Instant::now() + patience;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut waiting = [PollFd::from_borrowed_fd(users.as_fd(), PollFlags::empty())];
        match poll(&mut waiting, Some(&timeout)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno).doing(|| "wait for the users of a network"),
        }
    }
}

/// How long to wait before something that has ended is started again: not at all, unless it ended soon
/// after its start; then longer each time.
#[derive(Clone, Copy, Debug)]
pub struct Again {
    started: Instant,
    delay: Duration,
}

impl Again {
    /// One that has lived as long is in order.
    const SETTLED: Duration = Duration::from_secs(10);
    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(10);

    /// It starts now for the first time.
    #[must_use]
    pub fn new(now: Instant) -> Again {
        Again { started: now, delay: Duration::ZERO }
    }

    /// It starts now, once more.
    pub fn starts(&mut self, now: Instant) {
        self.started = now;
    }

    /// It has ended, or did not start: how long to wait.
    pub fn ended(&mut self, now: Instant) -> Duration {
        self.delay = match now.saturating_duration_since(self.started) < Again::SETTLED {
            true => (2 * self.delay).clamp(Again::FIRST, Again::LONGEST),
            false => Duration::ZERO,
        };
        self.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_soon_again_and_again_is_started_less_and_less_often() {
        let mut now = Instant::now();
        let mut again = Again::new(now);
        let mut waits = Vec::new();
        for _ in 0..9 {
            now += Duration::from_millis(5);
            let wait = again.ended(now);
            waits.push(wait.as_millis());
            now += wait;
            again.starts(now);
        }
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000]);
        now += Duration::from_secs(60);
        assert_eq!(again.ended(now), Duration::ZERO);
        again.starts(now);
        assert_eq!(again.ended(now).as_millis(), 100);
    }

    #[test]
    fn users_are_gone_when_the_last_writer_is() {
        let (reader, writer) = fd::pipe().unwrap();
        assert!(!are_gone(&reader, Duration::ZERO).unwrap());
        drop(writer);
        assert!(are_gone(&reader, Duration::from_secs(5)).unwrap());
    }
}
