//! User namespaces that are there already: another container's, or one that somebody made.
//!
//! Only a process inside can make namespaces that belong to it, and entering is one-way, so a helper
//! steps in and what it starts is our child.

use super::userns::Report;
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sys::fd;
use crate::sys::process::{self, Child};
use crate::sys::userns::{self, Extent, IdMaps};
use std::convert::Infallible;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Opens the namespace that `path` (an entry of /proc/PID/ns) stands for.
///
/// # Errors
/// `NotFound` when it is not there, `Invalid` when it is something else.
pub(super) fn open(path: &Path) -> Result<OwnedFd> {
    let file = File::open(path).doing(|| format!("open the user namespace {}", path.display()))?;
    if rustix::fs::fstatfs(&file).is_ok_and(|fs| fs.f_type as libc::c_long != NSFS_MAGIC) {
        return Err(Error::new(Kind::Invalid, format!("{} is no user namespace", path.display()))
            .hint("it is an entry /proc/PID/ns/user"));
    }
    Ok(file.into())
}

/// Source: linux/magic.h.
const NSFS_MAGIC: libc::c_long = 0x6e73_6673;

/// As [`process::spawn`], in the user namespace `user`. We have one thread.
///
/// # Errors
/// `Denied` where the namespace is not below ours.
pub(super) fn spawn(user: &OwnedFd, namespaces: i32, body: impl FnOnce() -> Infallible) -> Result<Child> {
    let (reports, report) = fd::pipe()?;
    let helper = process::spawn(0, || {
        let started =
            userns::join_user(user).and_then(|()| process::spawn(namespaces | libc::CLONE_PARENT, body));
        match started {
            Ok(child) => Report::Child(child.pid).send(report.as_fd()),
            Err(error) => Report::failure(&error).send(report.as_fd()),
        }
        process::exit_now(0)
    })?;
    drop(report);
    let heard = Report::receive(reports.as_fd());
    helper.wait()?;
    match heard? {
        Report::Child(pid) => {
            // It is our child and not yet waited for, so the number is still its own.
            let pidfd = process::open_pidfd(pid)?.ok_or_else(|| failed("a new process vanished"))?;
            Ok(Child { pid, pidfd })
        }
        Report::Failed(errno, text) => Err(not_ours(Report::error(errno, text))),
        Report::NoneLives => Err(failed("the user namespace is gone")),
    }
}

fn not_ours(error: Error) -> Error {
    match error.kind() {
        Kind::Denied => {
            error.hint("it has to be one below your own: made inside `box unshare`, or a container's")
        }
        _ if error.io().and_then(std::io::Error::raw_os_error) == Some(libc::EINVAL) => {
            error.hint("it has to be an entry /proc/PID/ns/user")
        }
        _ => error,
    }
}

/// The maps of the user namespace at `path`, the ids outside being those of ours; `None` if it is ours.
///
/// # Errors
/// As [`open`]; `Denied` where the namespace is not below ours.
pub fn maps_at(path: &Path) -> Result<Option<IdMaps>> {
    let user = open(path)?;
    let look = |file: &File| file.metadata().doing(|| "look at a user namespace");
    let ours = File::open("/proc/self/ns/user").doing(|| "open our user namespace")?;
    let (one, other) = (look(&File::from(user.try_clone().doing(|| "keep it open")?))?, look(&ours)?);
    if (one.ino(), one.dev()) == (other.ino(), other.dev()) {
        return Ok(None);
    }
    let (wait, go) = fd::pipe()?;
    let inside = spawn(&user, 0, || {
        // Our copy of the write end would keep the read below from ever ending.
        fd::close_in_child(go.as_fd());
        let _ = rustix::io::read(&wait, &mut [0; 1]);
        process::exit_now(0)
    })?;
    drop(wait);
    let maps = process::pid_of(inside.as_fd()).and_then(IdMaps::of);
    drop(go);
    inside.wait()?;
    maps.map(Some)
}

/// Whether the process `pid` has the ids that its container was made for.
///
/// # Errors
/// `Conflict` when it has others.
pub(super) fn check(pid: i32, wanted: &IdMaps) -> Result<()> {
    let there = IdMaps::of(pid)?;
    let same = |a: &[Extent], b: &[Extent]| joined(a) == joined(b);
    if same(&there.uids, &wanted.uids) && same(&there.gids, &wanted.gids) {
        return Ok(());
    }
    Err(Error::new(Kind::Conflict, "the user namespace has other ids than when the container was made")
        .hint("make the container again"))
}

/// The rows in their order, those that continue the one before in one with it.
fn joined(rows: &[Extent]) -> Vec<Extent> {
    let mut sorted = rows.to_vec();
    sorted.sort_by_key(|row| row.inside);
    let mut whole: Vec<Extent> = Vec::with_capacity(sorted.len());
    for row in sorted {
        match whole.last_mut() {
            Some(last)
                if last.inside + last.count == row.inside && last.outside + last.count == row.outside =>
            {
                last.count += row.count;
            }
            _ => whole.push(row),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_continue_each_other_are_one() {
        let row = |inside, outside, count| Extent { inside, outside, count };
        assert_eq!(joined(&[row(1, 1, 10), row(0, 0, 1), row(11, 20, 1)]), [row(0, 0, 11), row(11, 20, 1)]);
    }
}
