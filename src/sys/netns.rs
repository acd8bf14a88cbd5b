//! Sockets in other network namespaces.
//!
//! Entering a network namespace is one-way for us: we have no power over the host's, so whoever goes
//! in does not come back. But a socket stays in the namespace it was made in, whoever uses it. So a
//! child that shares our descriptors goes in, opens what is wanted, and ends.

use super::process;
use crate::error::{Doing, Error, Result, failed};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use std::convert::Infallible;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

/// Where something is to be opened.
#[derive(Clone, Copy, Debug)]
pub enum Netns<'a> {
    /// In the namespace that this descriptor (of /proc/PID/ns/net) is open on.
    Of(BorrowedFd<'a>),
    /// In a fresh one.
    New,
}

/// Opens descriptors in a network namespace that our user namespace owns: `open` runs there, in
/// another process or thread, with this process's descriptors; it must not close any that it did not open.
///
/// # Errors
/// When the namespace is not ours to enter; what `open` says, as words.
pub fn open_in(netns: Netns<'_>, open: impl FnOnce() -> Result<Vec<OwnedFd>> + Send) -> Result<Vec<OwnedFd>> {
    let work = || {
        enter(netns)?;
        open()
    };
    // A thread costs less than a child, but whoever still has to clone an init must have been alone.
    if process::threads() > 1 {
        return std::thread::scope(|scope| {
            scope.spawn(work).join().unwrap_or_else(|_| Err(failed("a thread in a network namespace failed")))
        });
    }
    in_child(work)
}

fn enter(netns: Netns<'_>) -> Result<()> {
    match netns {
        Netns::Of(fd) => super::userns::join_file(fd),
        Netns::New => super::userns::unshare(libc::CLONE_NEWNET),
    }
}

fn in_child(work: impl FnOnce() -> Result<Vec<OwnedFd>>) -> Result<Vec<OwnedFd>> {
    let (reports, report) = super::fd::pipe()?;
    let child = process::spawn(libc::CLONE_FILES, || -> Infallible {
        let text = match work() {
            Ok(fds) => {
                let numbers = fds.into_iter().map(|fd| fd.into_raw_fd().to_string());
                format!("+{}", numbers.collect::<Vec<_>>().join(" "))
            }
            Err(error) => format!("{}\0{}", error.chain(), error.find_hint().unwrap_or_default()),
        };
        // The pipe takes this much at once; if the parent is gone there is nobody left to tell.
        let _ = rustix::io::write(&report, &text.as_bytes()[..text.len().min(4000)]);
        process::exit_now(0)
    })?;
    child.wait()?;
    // Ours and the child's were the same descriptor: now nobody can write any more.
    drop(report);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut File::from(reports), &mut text)
        .doing(|| "hear from a network namespace")?;
    let Some(numbers) = text.strip_prefix('+') else {
        return Err(match text.split_once('\0') {
            None => failed("a process in a network namespace failed"),
            Some((text, "")) => failed(text),
            Some((text, hint)) => failed(text).hint(hint),
        });
    };
    let number = |word: &str| word.parse::<i32>().map_err(|_| failed("a descriptor has no number"));
    numbers
        .split_whitespace()
        .map(|word| {
            let fd = number(word)?;
            // SAFETY: the child opened it in the table that we share and gave up its ownership.
            Ok(unsafe { OwnedFd::from_raw_fd(fd) })
        })
        .collect()
}

/// A socket for rtnetlink(7) in the network namespace we are in.
///
/// # Errors
/// When there are no descriptors left.
pub fn netlink_socket() -> Result<OwnedFd> {
    // Without a protocol it is NETLINK_ROUTE.
    socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)
        .doing(|| "open a netlink socket")
}

/// The network namespace we are in.
///
/// # Errors
/// When /proc is not mounted.
pub fn current() -> Result<OwnedFd> {
    let file = File::open("/proc/thread-self/ns/net").doing(|| "open the network namespace")?;
    Ok(file.into())
}

/// The inode of a namespace: what tells it from all others.
///
/// # Errors
/// When the descriptor is none.
pub fn inode(netns: impl AsFd) -> Result<u64> {
    Ok(rustix::fs::fstat(netns).doing(|| "look at a network namespace")?.st_ino)
}

/// The number of a descriptor, for others who look it up in /proc.
#[must_use]
pub fn number(fd: BorrowedFd<'_>) -> i32 {
    std::os::fd::AsRawFd::as_raw_fd(&fd)
}

/// Sets a knob of the kernel's network; one that is as it should be already is left alone, for where
/// /proc/sys is read-only, as inside a container.
///
/// # Errors
/// When it cannot be set; the error names it.
pub fn set_knob(knob: &str, value: &str) -> Result<()> {
    let path = format!("/proc/sys/net/{knob}");
    if std::fs::read_to_string(&path).is_ok_and(|now| now.trim() == value) {
        return Ok(());
    }
    std::fs::write(&path, value)
        .map_err(|error| {
            let read_only = error.raw_os_error() == Some(rustix::io::Errno::ROFS.raw_os_error());
            let error = Error::from(error);
            if read_only {
                error.hint("inside a container: give that --security-opt unmask=ALL")
            } else {
                error
            }
        })
        .doing(|| format!("set {path}"))
}
