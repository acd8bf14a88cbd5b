//! Terminals: raw mode that is always given back, window sizes, pseudo terminals.

use rustix::termios::{self, OptionalActions, Termios};
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, Once, PoisonError};

/// The size of a terminal's window, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSize {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub cols: u16,
}

/// Standard input, output or error (0, 1, 2) for raw reads and writes, past std's buffers.
///
/// # Panics
/// For any other number.
#[must_use]
pub fn standard(number: u8) -> BorrowedFd<'static> {
    assert!(number < 3, "{number} is not a standard stream");
    // SAFETY: main opens /dev/null on those that were closed, and nobody closes them afterwards.
    unsafe { BorrowedFd::borrow_raw(number.into()) }
}

/// Whether it is a terminal.
#[must_use]
pub fn is_terminal(fd: impl AsFd) -> bool {
    termios::isatty(fd)
}

/// The size of the window of this terminal; `None` if it is none, or says 0.
#[must_use]
pub fn window_size(fd: impl AsFd) -> Option<WindowSize> {
    let size = termios::tcgetwinsize(fd).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some(WindowSize { rows: size.ws_row, cols: size.ws_col })
}

/// Tells a terminal (or a pty's master) the size of its window; whoever runs in it gets SIGWINCH
/// if that is news.
///
/// # Errors
/// `ENOTTY` when it is none.
pub fn set_window_size(fd: impl AsFd, size: WindowSize) -> io::Result<()> {
    let size = termios::Winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: 0, ws_ypixel: 0 };
    termios::tcsetwinsize(fd, size).map_err(io::Error::from)
}

/// The terminal in raw mode and how it was before. Global, for the panic hook and the release
/// profile's abort: neither runs destructors.
static RAW: Mutex<Option<(OwnedFd, Termios)>> = Mutex::new(None);

/// Raw mode of a terminal, until it is dropped.
///
/// A panic gives the terminal back too. Signals that would end the process are the holder's
/// business: the relay reads them from a descriptor.
#[derive(Debug)]
pub struct RawTerminal {
    raw: Termios,
}

impl RawTerminal {
    /// Puts the terminal behind `fd` into raw mode.
    ///
    /// A process in the background is stopped here by SIGTTOU, as is right, and goes on when it is
    /// brought to the front.
    ///
    /// # Errors
    /// `ENOTTY` when it is no terminal; when it is raw by us already.
    pub fn enter(fd: BorrowedFd<'_>) -> io::Result<RawTerminal> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore();
                before(info);
            }));
        });
        let saved = termios::tcgetattr(fd)?;
        let mut raw = saved.clone();
        raw.make_raw();
        let own = fd.try_clone_to_owned()?;
        let mut slot = RAW.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.is_some() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        termios::tcsetattr(fd, OptionalActions::Drain, &raw)?;
        *slot = Some((own, saved));
        Ok(RawTerminal { raw })
    }

    /// Sets raw mode once more: after SIGCONT, for the shell has set its own in between.
    pub fn again(&self) {
        let slot = RAW.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((fd, _)) = &*slot {
            // A terminal that is gone needs no mode.
            let _ = termios::tcsetattr(fd, OptionalActions::Now, &self.raw);
        }
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Reads a line from a terminal without showing it.
///
/// # Errors
/// `Interrupted` for Ctrl-C, after the terminal was given back; `ENOTTY` when it is none.
pub fn read_hidden(fd: BorrowedFd<'_>) -> io::Result<String> {
    let _raw = RawTerminal::enter(fd)?;
    let mut line: Vec<u8> = Vec::new();
    let mut byte = [0];
    loop {
        match rustix::io::retry_on_intr(|| rustix::io::read(fd, &mut byte))? {
            0 => break,
            _ => match byte[0] {
                b'\r' | b'\n' => break,
                // Ctrl-D ends it, Ctrl-C everything; backspace and Ctrl-U take back.
                4 => break,
                3 => return Err(io::Error::from(io::ErrorKind::Interrupted)),
                8 | 127 => drop(line.pop()),
                21 => line.clear(),
                byte => line.push(byte),
            },
        }
    }
    String::from_utf8(line).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}

/// Gives the terminal back, if we had it.
fn restore() {
    // Not `lock`: the panic may have come while this thread held it.
    let Ok(mut slot) = RAW.try_lock() else { return };
    if let Some((fd, saved)) = slot.take() {
        // Drain: what the container wrote last is still shown under the raw settings.
        let _ = termios::tcsetattr(&fd, OptionalActions::Drain, &saved);
    }
}

/// A new pseudo terminal in the host's devpts, as master and slave: for an exec's relay and tests.
///
/// # Errors
/// When /dev/ptmx is missing or no pty is left.
pub fn open_pty() -> io::Result<(OwnedFd, OwnedFd)> {
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = ioctl_tiocgptpeer(&master, flags)?;
    Ok((master, slave))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::termios::LocalModes;

    #[test]
    fn a_raw_terminal_is_given_back() {
        let (_master, slave) = open_pty().unwrap();
        let canonical =
            |fd: &OwnedFd| termios::tcgetattr(fd).unwrap().local_modes.contains(LocalModes::ICANON);
        assert!(canonical(&slave));
        {
            let _raw = RawTerminal::enter(slave.as_fd()).unwrap();
            assert!(!canonical(&slave));
        }
        assert!(canonical(&slave));
    }

    #[test]
    fn a_window_has_the_size_it_was_given() {
        let (master, slave) = open_pty().unwrap();
        assert_eq!(window_size(&slave), None);
        let size = WindowSize { rows: 33, cols: 77 };
        set_window_size(&master, size).unwrap();
        assert_eq!(window_size(&slave), Some(size));
    }
}
