//! Ids and capability sets of this process.

use crate::error::{Doing, Result};
use std::io;

/// Sets supplementary groups, group and user ids; with `None` the groups stay those of the caller.
/// Capabilities in the permitted set are kept.
///
/// # Errors
/// `EINVAL` for ids without a mapping in our user namespace.
///
/// Source: setresuid(2), PR_SET_KEEPCAPS(2const).
pub fn set_ids(uid: u32, gid: u32, groups: Option<&[u32]>) -> Result<()> {
    let check = |done: libc::c_int, what: &'static str| {
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()).doing(|| what) }
    };
    // The raw calls: the C library's wrappers would tell every thread, and we have one.
    if let Some(groups) = groups {
        // SAFETY: the pointer and the length are of one slice.
        let done = unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) };
        check(done as _, "set the groups")?;
    }
    // SAFETY: integers only.
    let done = unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) };
    check(done as _, "set the group")?;
    // SAFETY: integers only.
    unsafe { libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0) };
    // SAFETY: integers only.
    let done = unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) };
    check(done as _, "set the user")?;
    // SAFETY: integers only.
    unsafe { libc::prctl(libc::PR_SET_KEEPCAPS, 0, 0, 0, 0) };
    Ok(())
}

/// Drops every capability from the bounding set whose bit is not in `keep`.
///
/// # Errors
/// Without CAP_SETPCAP.
///
/// Source: PR_CAPBSET_DROP(2const).
pub fn keep_bounding(keep: u64) -> Result<()> {
    for cap in 0..64 {
        if keep & (1 << cap) != 0 {
            continue;
        }
        // SAFETY: integers only.
        let done = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, cap as libc::c_ulong, 0, 0, 0) };
        if done != 0 {
            let cause = io::Error::last_os_error();
            // The first number that the kernel does not know ends the list.
            if cause.raw_os_error() == Some(libc::EINVAL) {
                return Ok(());
            }
            return Err(cause).doing(|| "drop a capability");
        }
    }
    Ok(())
}

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Sets our capability sets, a bit for each number.
///
/// # Errors
/// When one is asked for that we do not have.
///
/// Source: capset(2), version 3.
pub fn set_capabilities(effective: u64, permitted: u64, inheritable: u64) -> Result<()> {
    const VERSION_3: u32 = 0x2008_0522;
    let header = Header { version: VERSION_3, pid: 0 };
    let half = |shift: u32| Sets {
        effective: (effective >> shift) as u32,
        permitted: (permitted >> shift) as u32,
        inheritable: (inheritable >> shift) as u32,
    };
    let sets = [half(0), half(32)];
    // SAFETY: version 3 reads one header and two sets, which outlive the call.
    let done = unsafe { libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()) };
    if done != 0 {
        return Err(io::Error::last_os_error()).doing(|| "set the capabilities");
    }
    Ok(())
}

/// Raises capabilities in the ambient set: they survive execve of any program.
///
/// # Errors
/// When one is not permitted and inheritable.
///
/// Source: PR_CAP_AMBIENT(2const).
pub fn raise_ambient(caps: u64) -> Result<()> {
    for cap in (0..64).filter(|cap| caps & (1 << cap) != 0) {
        // SAFETY: integers only.
        let done = unsafe {
            libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, cap as libc::c_ulong, 0, 0)
        };
        if done != 0 {
            return Err(io::Error::last_os_error()).doing(|| "raise an ambient capability");
        }
    }
    Ok(())
}
