//! Loads a seccomp filter.

use crate::error::{Doing, Result};
use std::io;

/// One instruction of classic BPF, as the kernel takes it.
///
/// Source: `struct sock_filter` in linux/filter.h.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Insn {
    /// What it does.
    pub code: u16,
    /// How many to skip when a test holds.
    pub jt: u8,
    /// How many to skip when it does not.
    pub jf: u8,
    /// Its operand.
    pub k: u32,
}

#[repr(C)]
struct Program {
    len: u16,
    filter: *const Insn,
}

/// Loads a filter for this thread and what it executes.
///
/// Needs CAP_SYS_ADMIN in our user namespace or the no_new_privs bit: it does not set that bit,
/// which would take away su and sudo.
///
/// # Errors
/// `Denied` without either; when the filter is not valid.
///
/// Source: seccomp(2), SECCOMP_SET_MODE_FILTER.
pub fn load(filter: &[Insn]) -> Result<()> {
    let program = Program { len: filter.len() as u16, filter: filter.as_ptr() };
    // SAFETY: `program` points at `len` instructions, which outlive the call.
    let done =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    if done != 0 {
        return Err(io::Error::last_os_error()).doing(|| "load the seccomp filter");
    }
    Ok(())
}

/// Sets the no_new_privs bit: no later execve gives more than there was.
///
/// # Errors
/// Never on a kernel that runs containers.
///
/// Source: PR_SET_NO_NEW_PRIVS(2const).
pub fn set_no_new_privileges() -> Result<()> {
    // SAFETY: prctl with integer arguments only.
    let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    if done != 0 {
        return Err(io::Error::last_os_error()).doing(|| "set no_new_privs");
    }
    Ok(())
}
