//! Resource limits, the out-of-memory score, the file mode mask.

use crate::error::{Doing, Result, invalid};
use std::io;

/// The number of a limit, as this C library types it.
#[cfg(target_env = "musl")]
pub type Resource = libc::c_int;
/// The number of a limit, as this C library types it.
#[cfg(not(target_env = "musl"))]
pub type Resource = libc::__rlimit_resource_t;

/// Every limit there is, by its name without `RLIMIT_`, lower case.
///
/// Source: getrlimit(2).
pub const NAMES: [(&str, Resource); 16] = [
    ("cpu", libc::RLIMIT_CPU),
    ("fsize", libc::RLIMIT_FSIZE),
    ("data", libc::RLIMIT_DATA),
    ("stack", libc::RLIMIT_STACK),
    ("core", libc::RLIMIT_CORE),
    ("rss", libc::RLIMIT_RSS),
    ("nproc", libc::RLIMIT_NPROC),
    ("nofile", libc::RLIMIT_NOFILE),
    ("memlock", libc::RLIMIT_MEMLOCK),
    ("as", libc::RLIMIT_AS),
    ("locks", libc::RLIMIT_LOCKS),
    ("sigpending", libc::RLIMIT_SIGPENDING),
    ("msgqueue", libc::RLIMIT_MSGQUEUE),
    ("nice", libc::RLIMIT_NICE),
    ("rtprio", libc::RLIMIT_RTPRIO),
    ("rttime", libc::RLIMIT_RTTIME),
];

/// The number of a limit, whatever its case, with or without `RLIMIT_`.
#[must_use]
pub fn number(name: &str) -> Option<Resource> {
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix("rlimit_").unwrap_or(&name);
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

/// Our own soft and hard limit; `u64::MAX` is none.
///
/// # Errors
/// For a name that is not known.
pub fn get(name: &str) -> Result<(u64, u64)> {
    let resource = number(name).ok_or_else(|| invalid(format!("there is no limit {name}")))?;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is ours.
    let done = unsafe { libc::getrlimit(resource, &raw mut limit) };
    if done != 0 {
        return Err(io::Error::last_os_error()).doing(|| format!("read the limit {name}"));
    }
    Ok((limit.rlim_cur, limit.rlim_max))
}

/// Sets our soft and hard limit.
///
/// # Errors
/// `Denied` above our own hard limit.
pub fn set(name: &str, soft: u64, hard: u64) -> Result<()> {
    let resource = number(name).ok_or_else(|| invalid(format!("there is no limit {name}")))?;
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: the structure is ours.
    let done = unsafe { libc::setrlimit(resource, &raw const limit) };
    if done != 0 {
        return Err(io::Error::last_os_error()).doing(|| format!("set the limit {name} to {soft}:{hard}"));
    }
    Ok(())
}

/// Gives this process a session keyring of its own, so that it does not see its caller's keys.
///
/// Source: keyctl(2), KEYCTL_JOIN_SESSION_KEYRING.
pub fn new_session_keyring() {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_long = 1;
    // A kernel without keys has none to hide, and a full quota is no reason not to start.
    // SAFETY: the name is null: an anonymous keyring.
    unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>()) };
}
