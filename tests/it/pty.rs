//! A terminal for a command, and what a person would do at it.

use crate::env::{PATIENCE, SOON, words};
use regex::Regex;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A command on a terminal of its own, of 24 rows and 80 columns at first.
pub(crate) struct Pty {
    child: Child,
    master: Option<File>,
    /// Everything that came, and how much of it earlier expectations have used up.
    seen: Vec<u8>,
    used: usize,
    args: String,
}

impl Pty {
    /// Starts `command`, which is `setsid --ctty …`, on a new terminal that belongs to `owner`.
    pub(crate) fn start(mut command: Command, owner: u32) -> Pty {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("openpt");
        grantpt(&master).expect("grantpt");
        unlockpt(&master).expect("unlockpt");
        let name = ptsname(&master, Vec::new()).expect("ptsname").into_string().expect("a plain name");
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).expect("set the window size");
        let slave = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(rustix::fs::OFlags::NOCTTY.bits() as i32)
            .open(&name)
            .expect("open the terminal");
        std::os::unix::fs::chown(&name, Some(owner), None).expect("chown the terminal");
        let copy = |slave: &File| Stdio::from(slave.try_clone().expect("dup"));
        command.stdin(copy(&slave)).stdout(copy(&slave)).stderr(copy(&slave));
        let args = words(&command);
        let child = command.spawn().unwrap_or_else(|e| panic!("cannot start {args}: {e}"));
        Pty { child, master: Some(File::from(master)), seen: Vec::new(), used: 0, args }
    }

    fn master(&self) -> &File {
        self.master.as_ref().expect("the terminal is open")
    }

    /// Types `text`.
    pub(crate) fn send(&mut self, text: &str) {
        self.master().write_all(text.as_bytes()).expect("type");
    }

    /// Types a line.
    pub(crate) fn line(&mut self, text: &str) {
        self.send(&format!("{text}\r"));
    }

    /// Reads what is there, waiting until `end` for the first of it. `false` at the end of the terminal.
    fn read_more(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = rustix::event::Timespec {
            tv_sec: left.as_secs() as i64,
            tv_nsec: i64::from(left.subsec_nanos()),
        };
        let master: OwnedFd = self.master().as_fd().try_clone_to_owned().expect("dup");
        let mut fds = [rustix::event::PollFd::new(&master, rustix::event::PollFlags::IN)];
        match rustix::event::poll(&mut fds, Some(&timeout)) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return true,
            Err(e) => panic!("poll: {e}"),
        }
        let mut buffer = [0; 65536];
        match self.master().read(&mut buffer) {
            // EIO: the last one who had the slave open is gone.
            Ok(0) | Err(_) => false,
            Ok(n) => {
                self.seen.extend(&buffer[..n]);
                true
            }
        }
    }

    /// What has been seen so far, for messages.
    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// Waits for text that matches `pattern` after what earlier calls have matched; returns its first
    /// group, or all of it.
    #[track_caller]
    pub(crate) fn expect(&mut self, pattern: &str) -> String {
        let regex = Regex::new(pattern).expect("a regular expression");
        let end = Instant::now() + SOON;
        let mut open = true;
        loop {
            let text = String::from_utf8_lossy(&self.seen[self.used..]).into_owned();
            if let Some(found) = regex.captures(&text) {
                let whole = found.get(0).expect("the whole match");
                let part = found.get(1).unwrap_or(whole).as_str().to_string();
                self.used += text[..whole.end()].len().min(self.seen.len() - self.used);
                return part;
            }
            assert!(
                open && Instant::now() < end,
                "$ {}\n{pattern:?} was expected on the terminal:\n{}",
                self.args,
                self.screen()
            );
            open = self.read_more(end);
        }
    }

    /// Changes the window's size; the kernel tells whoever is in the foreground.
    pub(crate) fn resize(&mut self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(self.master(), size).expect("set the window size");
    }

    /// Whether the terminal echoes and edits lines, as it does when nobody has made it raw.
    pub(crate) fn is_cooked(&self) -> bool {
        let modes = rustix::termios::tcgetattr(self.master()).expect("tcgetattr").local_modes;
        modes.contains(rustix::termios::LocalModes::ECHO | rustix::termios::LocalModes::ICANON)
    }

    /// Closes the terminal, as closing its window would: SIGHUP for the session.
    pub(crate) fn hang_up(&mut self) {
        self.master = None;
    }

    /// Reads until the command ends and returns its exit code (128 + the signal that ended it).
    #[track_caller]
    pub(crate) fn wait(&mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                while self.master.is_some() && self.drain() {}
                return status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
            }
            assert!(Instant::now() < end, "$ {}\ndid not end:\n{}", self.args, self.screen());
            let soon = Instant::now() + Duration::from_millis(20);
            if self.master.is_none() || !self.read_more(soon) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Takes what is left on the terminal; `false` when there was nothing more.
    fn drain(&mut self) -> bool {
        let before = self.seen.len();
        self.read_more(Instant::now() + Duration::from_millis(20)) && self.seen.len() > before
    }

    #[track_caller]
    pub(crate) fn code(&mut self, wanted: i32) {
        let code = self.wait();
        assert!(code == wanted, "$ {}\nended with {code}, not {wanted}:\n{}", self.args, self.screen());
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
