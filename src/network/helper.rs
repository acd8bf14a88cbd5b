//! Starting the programs that carry a container's packets.

use super::uplink::Keeper;
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sys::userns::find_helper;
use crate::sys::{fd, process};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, OFlags, SealFlags};
use std::convert::Infallible;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

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
    /// Becomes descriptor 5 in it: it ends when all other ends of this are closed.
    pub(super) exit: Option<BorrowedFd<'a>>,
}

/// The reading and the writing end of the pipe for [`Program::ready`].
pub(super) fn ready_pipe() -> Result<(OwnedFd, OwnedFd)> {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).doing(|| "make a pipe")
}

/// What becomes of a program when the one who started it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orphan {
    /// It ends too: by the signal, and with the supervisor's pid namespace.
    Ends,
    /// It lives until [`Program::exit`].
    Lives,
}

/// Starts a program and waits until it says that the network is up.
pub(super) fn start(program: Program<'_>, orphan: Orphan) -> Result<process::Child> {
    let words = words(program.name)?;
    let (path, args, env) = command(&program)?;
    let null = null()?;
    let child = process::spawn(0, || {
        if orphan == Orphan::Ends {
            process::die_with_parent(libc::SIGKILL);
        }
        execute(&program, (&null, &words), (&path, &args, &env))
    })
    .doing(|| format!("start {}", program.name))?;
    let name = program.name;
    if is_ready(program)? {
        seal(&words);
        return Ok(child);
    }
    process::send_signal(child.pidfd.as_fd(), libc::SIGKILL)?;
    child.wait()?;
    Err(not_connected(name, &words))
}

/// Starts a program that outlives us, in the user namespace of the process behind `inside`, with
/// `keeper` to look after it, and waits until that says that the network is up.
///
/// They are nobody's children: whoever asked for them is not there any more when they end. The
/// keeper gets the program as a child, and what it takes to start another.
pub(super) fn start_detached(program: Program<'_>, inside: BorrowedFd<'_>, keeper: &Keeper) -> Result<()> {
    let words = words(program.name)?;
    let (path, args, env) = command(&program)?;
    let null = null()?;
    let (answer, writer) = ready_pipe()?;
    let between = process::spawn(0, || {
        let started = process::spawn(0, || {
            // A failure means that it leads a session already.
            let _ = rustix::process::setsid();
            if rustix::process::chdir("/").is_err() || crate::sys::userns::enter(inside).is_err() {
                process::exit_now(126);
            }
            match process::spawn(0, || execute(&program, (&null, &words), (&path, &args, &env))) {
                Ok(child) => keeper.execute(&program, &child, writer.as_fd(), null.as_fd()),
                Err(_) => process::exit_now(126),
            }
        });
        process::exit_now(i32::from(started.is_err()))
    })
    .doing(|| format!("start {}", program.name))?;
    between.wait()?;
    drop(writer);
    if wait_for_byte(answer.as_fd())? {
        seal(&words);
        return Ok(());
    }
    Err(not_connected(program.name, &words))
}

/// Starts a program from a process that may have several threads. Its descriptors keep the numbers
/// that they have here, which `args` is told.
pub(super) fn start_among_threads(
    program: Program<'_>,
    args: impl FnOnce([i32; 3]) -> Vec<String>,
) -> Result<std::process::Child> {
    let words = words(program.name)?;
    let path = find_helper(program.name).ok_or_else(|| not_installed(&program))?;
    let open = |fd: BorrowedFd<'_>| rustix::io::dup(fd).doing(|| "duplicate a descriptor");
    // Not close-on-exec; closed again when the program has started.
    let kept = [open(program.netns)?, open(program.ready.1.as_fd())?];
    let exit = program.exit.map(open).transpose()?;
    let number = |fd: &OwnedFd| fd.as_raw_fd();
    let numbers = [number(&kept[0]), number(&kept[1]), exit.as_ref().map_or(-1, number)];
    let mut command = std::process::Command::new(path);
    command.args(args(numbers)).env_clear().env("PATH", PATH);
    command.env("HOME", std::env::var_os("HOME").unwrap_or_default()).current_dir("/");
    let copy = words.try_clone().doing(|| "duplicate a descriptor")?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(copy));
    // The supervisor takes signals from a descriptor; the program is to be ended by them.
    process::unblock_signals_in(&mut command);
    let mut child = command.spawn().doing(|| format!("start {}", program.name))?;
    drop((kept, exit));
    let name = program.name;
    if is_ready(program)? {
        seal(&words);
        return Ok(child);
    }
    // It has ended, or hangs: nobody needs it any more.
    let _ = child.kill();
    let _ = child.wait();
    Err(not_connected(name, &words))
}

fn not_installed(program: &Program<'_>) -> Error {
    Error::new(Kind::Unsupported, format!("{} is not installed", program.name)).hint(program.install)
}

fn null() -> Result<OwnedFd> {
    rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, rustix::fs::Mode::empty())
        .doing(|| "open /dev/null")
}

/// Where a program's words go: to memory, of which we show the last line if it fails. Not to our
/// own stderr, which may be a user's terminal, nor to a pipe: nobody would empty it.
fn words(name: &str) -> Result<OwnedFd> {
    rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
        .doing(|| "make a file in memory")
}

pub(super) const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// What execve takes, made before the clone.
fn command(program: &Program<'_>) -> Result<(CString, process::CStrings, process::CStrings)> {
    let name = program.name;
    let path = find_helper(name).ok_or_else(|| not_installed(program))?;
    let to_c =
        |bytes: &[u8]| CString::new(bytes).map_err(|_| failed(format!("a zero byte in a word for {name}")));
    let mut args = vec![to_c(name.as_bytes())?];
    for arg in &program.args {
        args.push(to_c(arg.as_bytes())?);
    }
    // HOME is of no use to it, but tells whoever finds it in /proc whose it is.
    let home = std::env::var_os("HOME").unwrap_or_default();
    let env = vec![to_c(format!("PATH={PATH}").as_bytes())?, to_c(&[b"HOME=", home.as_bytes()].concat())?];
    Ok((to_c(path.as_os_str().as_bytes())?, process::CStrings::new(args), process::CStrings::new(env)))
}

/// The child's part.
fn execute(
    program: &Program<'_>,
    (null, words): (&OwnedFd, &OwnedFd),
    (path, args, env): (&CString, &process::CStrings, &process::CStrings),
) -> Infallible {
    process::reset_signals();
    for (file, number) in [(null.as_fd(), 0), (null.as_fd(), 1), (words.as_fd(), 2)] {
        if fd::replace_stdio(file, number).is_err() {
            process::exit_now(126);
        }
    }
    let mut keep = vec![program.netns, program.ready.1.as_fd()];
    keep.extend(program.exit);
    if fd::arrange_for_exec(&keep).is_err() {
        process::exit_now(126);
    }
    process::execve(path, args, env);
    process::exit_now(127)
}

/// Whether it says that the network is up. Our copy of its end goes first.
fn is_ready(program: Program<'_>) -> Result<bool> {
    let (reader, writer) = program.ready;
    drop(writer);
    wait_for_byte(reader.as_fd())
}

/// What it may say later is not kept: a write past the end is refused from here on.
fn seal(words: &OwnedFd) {
    let _ = rustix::fs::ftruncate(words, WORDS);
    let _ = rustix::fs::fcntl_add_seals(words, SealFlags::GROW | SealFlags::SHRINK);
}

fn not_connected(name: &str, words: &OwnedFd) -> Error {
    failed(format!("{name} did not connect the network: {}", last_line(words)))
}

/// Whether a byte came before the end of the pipe and of our patience.
pub(super) fn wait_for_byte(reader: BorrowedFd<'_>) -> Result<bool> {
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
    let lines = || text.lines().map(str::trim);
    // A wrong option is named first, and all options that there are follow.
    let wrong = |line: &&str| {
        ["unrecognized option", "invalid option", "requires an argument"].iter().any(|it| line.contains(it))
    };
    let line = lines().find(wrong).or_else(|| lines().rfind(|line| !nothing(line)));
    line.unwrap_or("it ended without a word, or was not ready within 20 seconds").to_string()
}
