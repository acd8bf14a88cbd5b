//! What the server gives up before it serves.
//!
//! Should a request ever make it do what it should not: it sees no file but those of its layers, and
//! has neither a program to execute nor a socket to open nor a process to signal.

use crate::error::{Doing, Result};
use crate::oci::seccomp;
use crate::sys::mount::{self, Attributes, FileSystem, Propagation};
use crate::sys::{credentials, process, seccomp as filter};
use rustix::fs::{Mode, OFlags};
use std::os::fd::AsFd;

/// CHOWN, DAC_OVERRIDE, FOWNER, FSETID and SETFCAP (linux/capability.h): files of every owner that
/// there is, with all their bits.
const CAPABILITIES: u64 = 1 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 31;

/// Leaves what there is but descriptors. We have one thread, and a mount namespace of our own.
pub(super) fn confine() -> Result<()> {
    empty_root()?;
    // A container in the host's pid namespace sees us.
    process::set_dumpable(false);
    filter::set_no_new_privileges()?;
    // Loading it is what needs no capability then.
    credentials::set_capabilities(CAPABILITIES, CAPABILITIES, 0)?;
    filter::load(&seccomp::server_filter()).doing(|| "restrict the server of a root file system")
}

/// Puts an empty directory in the place of all that is mounted.
fn empty_root() -> Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open("/", flags, Mode::empty()).doing(|| "open /")?;
    mount::set_propagation(root.as_fd(), Propagation::Private, true)?;
    let empty = FileSystem::new("tmpfs")?;
    let nothing = Attributes::READ_ONLY.and(Attributes::NO_SUID).and(Attributes::NO_DEV);
    let empty = empty.mount(nothing.and(Attributes::NO_EXEC))?;
    mount::attach(empty.as_fd(), root.as_fd())?;
    rustix::process::fchdir(&empty).doing(|| "change to an empty directory")?;
    mount::pivot_to_current()
}
