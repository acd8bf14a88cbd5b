//! Descriptors: locks, passing them on, closing what we inherited.

use crate::error::{Doing, Result, failed};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Takes an open-file-description lock on the whole file; `false` if somebody else has it.
///
/// Every copy of the descriptor holds the lock, so children must not inherit it.
///
/// # Errors
/// When the file system has no locks.
///
/// Source: fcntl_locking(2), F_OFD_SETLK.
pub fn lock_ofd(file: BorrowedFd<'_>) -> Result<bool> {
    let lock = whole_file();
    // SAFETY: the kernel reads the flock structure, which outlives the call.
    let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
    if done == 0 {
        return Ok(true);
    }
    let cause = io::Error::last_os_error();
    match cause.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Ok(false),
        _ => Err(cause).doing(|| "take a lock"),
    }
}

/// Takes an open-file-description lock on the whole file, waiting for it.
///
/// # Errors
/// When the file system has no locks.
pub fn lock_ofd_wait(file: BorrowedFd<'_>) -> Result<()> {
    let lock = whole_file();
    loop {
        // SAFETY: the kernel reads the flock structure, which outlives the call.
        let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLKW, &raw const lock) };
        if done == 0 {
            return Ok(());
        }
        let cause = io::Error::last_os_error();
        if cause.kind() != io::ErrorKind::Interrupted {
            return Err(cause).doing(|| "wait for a lock");
        }
    }
}

/// Whether anybody holds the lock; takes nothing.
///
/// # Errors
/// When the file system has no locks.
///
/// Source: fcntl_locking(2), F_OFD_GETLK.
pub fn is_locked_ofd(file: BorrowedFd<'_>) -> Result<bool> {
    let mut lock = whole_file();
    // SAFETY: the kernel writes the flock structure, which is ours.
    let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut lock) };
    if done != 0 {
        return Err(io::Error::last_os_error()).doing(|| "look at a lock");
    }
    Ok(i32::from(lock.l_type) != libc::F_UNLCK)
}

fn whole_file() -> libc::flock {
    // SAFETY: all-zero is a valid flock: from the start to the end of the file, and OFD locks want pid 0.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    lock
}

/// A connected pair of stream sockets, close-on-exec.
///
/// # Errors
/// When descriptors have run out.
pub fn socket_pair() -> Result<(OwnedFd, OwnedFd)> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
        .doing(|| "make a pair of sockets")
}

/// A pipe (reader, writer), close-on-exec.
///
/// # Errors
/// When descriptors have run out.
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).doing(|| "make a pipe")
}

/// Sends `bytes` (at least one) with a descriptor beside them.
///
/// # Errors
/// When the peer is gone.
pub fn send_fd(socket: BorrowedFd<'_>, bytes: &[u8], fd: BorrowedFd<'_>) -> io::Result<()> {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let fds = [fd];
    ancillary.push(SendAncillaryMessage::ScmRights(&fds));
    sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives up to `bytes.len()` bytes, and a descriptor if one came with them.
///
/// # Errors
/// When the socket is broken.
pub fn receive_fd(socket: BorrowedFd<'_>, bytes: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = loop {
        match recvmsg(socket, &mut [IoSliceMut::new(bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?,
        }
    };
    let mut fd = None;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            fd = fds.last();
        }
    }
    Ok((message.bytes, fd))
}

/// Makes `keep` the descriptors 3, 4, … and all others above them close-on-exec, whoever opened
/// them: our own caller may have leaked some. Call it in a child, right before execve.
///
/// # Errors
/// When descriptors have run out.
pub fn arrange_for_exec(keep: &[BorrowedFd<'_>]) -> Result<()> {
    // First out of the way, so that no target number is still a source; no further than that, for
    // the limit may be low.
    let mut high: Vec<OwnedFd> = Vec::with_capacity(keep.len());
    let beyond = 3 + keep.len() as RawFd;
    for fd in keep {
        high.push(rustix::io::fcntl_dupfd_cloexec(fd, beyond).doing(|| "move a descriptor")?);
    }
    let mut target: RawFd = 3;
    for fd in high {
        // SAFETY: whatever had the number is not used again in this process, which is about to exec.
        let done = unsafe { libc::dup2(fd.as_raw_fd(), target) };
        if done < 0 {
            return Err(io::Error::last_os_error()).doing(|| "move a descriptor");
        }
        target += 1;
    }
    close_range_on_exec(target)
}

/// Marks every descriptor from `first` on close-on-exec.
///
/// # Errors
/// Before Linux 5.11.
///
/// Source: close_range(2), CLOSE_RANGE_CLOEXEC.
pub fn close_range_on_exec(first: RawFd) -> Result<()> {
    const CLOSE_RANGE_CLOEXEC: u32 = 4;
    // SAFETY: only the flag of descriptors changes; none is closed here.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, CLOSE_RANGE_CLOEXEC) };
    if done != 0 {
        return Err(io::Error::last_os_error()).doing(|| "mark descriptors close-on-exec");
    }
    Ok(())
}

/// Closes every descriptor from 3 on but `keep`, at once.
///
/// For a child that never returns to the code whose descriptors it inherited: it ends in execve or
/// `_exit`, so that nothing of them is used or closed again.
///
/// # Errors
/// Before Linux 5.9.
///
/// Source: close_range(2).
pub fn close_all_but(keep: &[BorrowedFd<'_>]) -> Result<()> {
    let close = |first: u32, last: u32| {
        // SAFETY: by this function's contract nobody uses the descriptors of that range any more.
        let done = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        if done == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error()).doing(|| "close inherited descriptors")
        }
    };
    let mut numbers: Vec<u32> = keep.iter().map(|fd| fd.as_raw_fd() as u32).filter(|n| *n > 2).collect();
    numbers.sort_unstable();
    let mut first = 3;
    for number in numbers {
        if first < number {
            close(first, number - 1)?;
        }
        first = number + 1;
    }
    close(first, u32::MAX)
}

/// Takes descriptor `number`, which our starter opened for us, as ours.
///
/// # Errors
/// When it is not open: the role was not started by box.
pub fn inherited(number: RawFd) -> Result<OwnedFd> {
    // SAFETY: only the descriptor's flags are read.
    let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
    if flags < 0 {
        return Err(failed(format!("descriptor {number} is not open: this role is started by box itself")));
    }
    // SAFETY: only the descriptor's flags change.
    unsafe { libc::fcntl(number, libc::F_SETFD, flags | libc::FD_CLOEXEC) };
    // SAFETY: it is open, and by the convention between starter and role nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A descriptor that a program is to find under a number.
#[derive(Debug)]
pub struct Passed {
    number: RawFd,
    fd: OwnedFd,
}

impl Passed {
    /// A copy of what our own caller left open under `number`; `None` if that is nothing, or
    /// something that we have opened ourselves.
    #[must_use]
    pub fn from_caller(number: RawFd) -> Option<Passed> {
        if number < 3 {
            return None;
        }
        // SAFETY: only the descriptor's flags are read.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
        // Ours are close-on-exec, each of them.
        if flags < 0 || flags & libc::FD_CLOEXEC != 0 {
            return None;
        }
        // SAFETY: it is open, and borrowed for the length of one call; nothing of ours owns it.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        let fd = rustix::io::fcntl_dupfd_cloexec(fd, OUT_OF_THE_WAY).ok()?;
        Some(Passed { number, fd })
    }

    /// What our starter opened for us as `at`, to be known as `number`.
    ///
    /// # Errors
    /// When it is not open.
    pub fn from_starter(at: RawFd, number: RawFd) -> Result<Passed> {
        Ok(Passed { number, fd: inherited(at)? })
    }

    /// The number, and the descriptor on its way.
    #[must_use]
    pub fn into_parts(self) -> (RawFd, OwnedFd) {
        (self.number, self.fd)
    }

    /// The descriptor.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.fd)
    }
}

/// Where descriptors wait until their numbers are free.
const OUT_OF_THE_WAY: RawFd = 64;

/// Moves `report` and all in `passed` to numbers that none of `passed` is meant to have.
///
/// # Errors
/// When descriptors have run out.
pub fn out_of_the_way(report: OwnedFd, mut passed: Vec<Passed>) -> Result<(OwnedFd, Vec<Passed>)> {
    let Some(last) = passed.iter().map(|passed| passed.number).max() else { return Ok((report, passed)) };
    let from = last.saturating_add(1).max(OUT_OF_THE_WAY);
    let up = |fd: &OwnedFd| rustix::io::fcntl_dupfd_cloexec(fd, from).doing(|| "move a descriptor");
    let report = up(&report)?;
    for one in &mut passed {
        one.fd = up(&one.fd)?;
    }
    Ok((report, passed))
}

/// Puts each of `passed` where the program is to find it. Call it in a child, right before execve.
///
/// # Errors
/// For a number beyond the limit of open files.
pub fn put_in_place(passed: &[Passed]) -> Result<()> {
    for Passed { number, fd } in passed {
        // SAFETY: whatever had the number is not used again in this process, which is about to exec.
        if unsafe { libc::dup2(fd.as_raw_fd(), *number) } < 0 {
            return Err(io::Error::last_os_error()).doing(|| format!("pass on descriptor {number}"));
        }
    }
    Ok(())
}

/// Makes `fd` our descriptor 0, 1 or 2.
///
/// # Errors
/// When `fd` is not open.
pub fn replace_stdio(fd: BorrowedFd<'_>, number: RawFd) -> Result<()> {
    debug_assert!((0..=2).contains(&number));
    // SAFETY: std holds no owned handle of the three; what they were is closed by the kernel.
    let done = unsafe { libc::dup2(fd.as_raw_fd(), number) };
    if done < 0 {
        return Err(io::Error::last_os_error()).doing(|| "replace standard input or output");
    }
    Ok(())
}

/// Closes a descriptor in a cloned child that never returns, so that its owner's destructor, which
/// lies above the child's stack, never runs there.
pub fn close_in_child(fd: BorrowedFd<'_>) {
    // SAFETY: the child is a copy that ends in execve or _exit; nothing uses the number in it again.
    unsafe { libc::close(fd.as_raw_fd()) };
}

/// Gives up ownership of a descriptor that shall stay open in this process for good.
pub fn leak(fd: OwnedFd) -> RawFd {
    fd.into_raw_fd()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn a_lock_is_seen_by_another_opening_of_the_file_and_goes_with_its_holder() {
        let path = std::env::temp_dir().join(format!("box-lock-{}", std::process::id()));
        let one = std::fs::File::create(&path).unwrap();
        let two = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        assert!(lock_ofd(one.as_fd()).unwrap());
        assert!(is_locked_ofd(two.as_fd()).unwrap());
        assert!(!lock_ofd(two.as_fd()).unwrap());
        drop(one);
        assert!(!is_locked_ofd(two.as_fd()).unwrap());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_descriptor_travels_over_a_socket() {
        let (a, b) = socket_pair().unwrap();
        let (reader, writer) = pipe().unwrap();
        send_fd(a.as_fd(), b"x", writer.as_fd()).unwrap();
        drop(writer);
        let mut bytes = [0; 4];
        let (n, fd) = receive_fd(b.as_fd(), &mut bytes).unwrap();
        assert_eq!(n, 1);
        rustix::io::write(fd.unwrap(), b"hello").unwrap();
        assert_eq!(rustix::io::read(&reader, &mut bytes).unwrap(), 4);
    }
}
