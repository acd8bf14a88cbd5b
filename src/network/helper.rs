//! Starting the programs that carry a container's packets.

use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sys::userns::find_helper;
use crate::sys::{fd, process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, OFlags, SealFlags};
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// How long a program may take until the network is up: it takes 5 ms, on a busy machine more.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

/// How much of a program's words is kept.
const WORDS: u64 = 16 * 1024;

/// A program that is to be started.
pub(super) struct Program<'a> {
    /// Its name.
    pub(super) name: &'static str,
    /// The command that installs it.
    pub(super) install: &'static str,
    /// Its arguments.
    pub(super) args: Vec<String>,
    /// Becomes descriptor 3 in it.
    pub(super) netns: BorrowedFd<'a>,
    /// Becomes descriptor 4 in it: a byte on it says that the network is up.
    pub(super) ready: (OwnedFd, OwnedFd),
}

/// The reading and the writing end of the pipe for [`Program::ready`].
pub(super) fn ready_pipe() -> Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).doing(|| "make a pipe")
}

/// Starts a program and waits until it says that the network is up.
///
/// It dies with us: with its parent by the signal, and with the supervisor's pid namespace.
pub(super) fn start(program: Program<'_>) -> Result<process::Child> {
    let name = program.name;
    let Some(path) = find_helper(name) else {
        return Err(Error::new(Kind::Unsupported, format!("{name} is not installed")).hint(program.install));
    };
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, rustix::fs::Mode::empty())
        .doing(|| "open /dev/null")?;
    // Its words go to memory, of which we show the last line if it fails. Not to our own stderr,
    // which may be a user's terminal, nor to a pipe: nobody would empty it.
    let words = rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
        .doing(|| "make a file in memory")?;
    let to_c =
        |bytes: &[u8]| CString::new(bytes).map_err(|_| failed(format!("a zero byte in a word for {name}")));
    let program_path = to_c(path.as_os_str().as_bytes())?;
    let mut args = vec![to_c(name.as_bytes())?];
    for arg in &program.args {
        args.push(to_c(arg.as_bytes())?);
    }
    let args = process::CStrings::new(args);
    // HOME is of no use to it, but tells whoever finds it in /proc whose it is.
    let home = std::env::var_os("HOME").unwrap_or_default();
    let home = to_c(&[b"HOME=", home.as_bytes()].concat())?;
    let env = process::CStrings::new(vec![c"PATH=/usr/sbin:/usr/bin:/sbin:/bin".to_owned(), home]);

    let (reader, writer) = program.ready;
    let child = process::spawn(0, || {
        process::die_with_parent(libc::SIGKILL);
        process::reset_signals();
        let stdio = [(null.as_fd(), 0), (null.as_fd(), 1), (words.as_fd(), 2)];
        for (file, number) in stdio {
            if fd::replace_stdio(file, number).is_err() {
                process::exit_now(126);
            }
        }
        if fd::arrange_for_exec(&[program.netns, writer.as_fd()]).is_err() {
            process::exit_now(126);
        }
        process::execve(&program_path, &args, &env);
        process::exit_now(127)
    })
    .doing(|| format!("start {name}"))?;
    drop(writer);

    if wait_for_byte(reader.as_fd())? {
        // What it may say later is not kept: a write past the end is refused from here on.
        let _ = rustix::fs::ftruncate(&words, WORDS);
        let _ = rustix::fs::fcntl_add_seals(&words, SealFlags::GROW | SealFlags::SHRINK);
        return Ok(child);
    }
    process::send_signal(child.pidfd.as_fd(), libc::SIGKILL)?;
    child.wait()?;
    let said = last_line(&words);
    Err(failed(format!("{name} did not connect the network: {said}")))
}

/// Whether a byte came before the end of the pipe and of our patience.
fn wait_for_byte(reader: BorrowedFd<'_>) -> Result<bool> {
    loop {
        let mut waiting = [PollFd::from_borrowed_fd(reader, PollFlags::IN)];
        match poll(&mut waiting, Some(&PATIENCE)) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(rustix::io::read(reader, &mut [0; 16]).is_ok_and(|read| read > 0)),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno).doing(|| "wait for the network"),
        }
    }
}

/// The last line that says something.
fn last_line(words: &OwnedFd) -> String {
    let mut bytes = vec![0; WORDS as usize];
    let length = rustix::io::pread(words, &mut bytes, 0).unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..length]);
    // slirp4netns ends with a line that only says that it has failed.
    let nothing =
        |line: &str| line.is_empty() || line.starts_with("WARNING") || line.starts_with("child failed");
    let line = text.lines().map(str::trim).rfind(|line| !nothing(line));
    line.unwrap_or("it said nothing within 20 seconds").to_string()
}
