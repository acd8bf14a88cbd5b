//! Network interfaces.

use crate::error::{Doing, Result};
use std::io;
use std::os::fd::AsRawFd;

/// Brings up the loopback device of our network namespace.
///
/// # Errors
/// When we do not own the namespace.
///
/// Source: netdevice(7), SIOCSIFFLAGS.
pub fn loopback_up() -> Result<()> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
        .doing(|| "open a socket")?;
    // SAFETY: all-zero is a valid ifreq.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the kernel reads the ifreq, which outlives the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) };
    if done != 0 {
        return Err(io::Error::last_os_error()).doing(|| "bring up the loopback device");
    }
    Ok(())
}
