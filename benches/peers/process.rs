//! What a row starts: each command has an end, and nothing outlives its row.

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a command may take that nobody told otherwise.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A command that succeeded.
pub(crate) struct Ended {
    /// From before the fork to after the wait.
    pub(crate) took: Duration,
    /// What it wrote, without the last newline.
    pub(crate) stdout: String,
}

/// Runs a command that must succeed within `limit`; when it takes longer it is killed.
///
/// What it says goes to files in memory: a pipe would stay open in every process that it leaves
/// behind, and reading to its end would wait for them.
pub(crate) fn run(mut command: Command, limit: Duration) -> Result<Ended, String> {
    let (mut stdout, mut stderr) = (nowhere()?, nowhere()?);
    command.stdin(Stdio::null()).stdout(copy_of(&stdout)?).stderr(copy_of(&stderr)?).process_group(0);
    let before = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", name(&command)))?;
    let ended = wait(&mut child, limit)?;
    let took = before.elapsed();
    match ended {
        Some(status) if status.success() => Ok(Ended { took, stdout: text(&mut stdout) }),
        Some(status) => {
            Err(format!("{} ended with {status}: {}", name(&command), last_line(&text(&mut stderr))))
        }
        None => {
            // The whole group: a shell's programs, too.
            let _ = rustix::process::kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
            let said = last_line(&text(&mut stderr));
            Err(format!("{} took more than {} s: {said}", name(&command), limit.as_secs()))
        }
    }
}

/// Starts a server; it ends with its row.
pub(crate) fn background(mut command: Command) -> Result<u32, String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    // Nobody waits for it before the row's end: `end_others` does.
    child.map(|child| child.id()).map_err(|error| format!("{}: {error}", name(&command)))
}

/// `None`: it still runs.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>, String> {
    let failed = |error: rustix::io::Errno| format!("wait for a command: {error}");
    let pidfd = rustix::process::pidfd_open(Pid::from_child(child), PidfdFlags::empty()).map_err(failed)?;
    let mut poll = [PollFd::new(&pidfd, PollFlags::IN)];
    let timeout = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: limit.subsec_nanos().into() };
    match rustix::event::poll(&mut poll, Some(&timeout)).map_err(failed)? {
        0 => Ok(None),
        _ => child.wait().map(Some).map_err(|error| error.to_string()),
    }
}

/// The processes of this run besides this one: its process namespace has no others.
pub(crate) fn others() -> Vec<u32> {
    let own = std::process::id();
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    let pids = names.filter_map(|name| name.to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != 1 && *pid != own && !is_dead(*pid)).collect()
}

/// A zombie runs nothing any more.
fn is_dead(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_none_or(|rest| rest.trim_start().is_empty() || rest.trim_start().starts_with('Z'))
}

/// Kills what still runs and waits until it is gone.
pub(crate) fn end_others() {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        let left = others();
        for pid in &left {
            if let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        // The servers among them are our own children.
        while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
        if left.is_empty() {
            return;
        }
        pause();
    }
}

/// Waits until `done` says so.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) -> Result<(), String> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        if Instant::now() > deadline {
            return Err(format!("waited 20 s for {what}"));
        }
        pause();
    }
    Ok(())
}

/// Between two looks at something that cannot be waited for.
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

/// The command line of a process, its arguments separated by spaces; empty once it is gone.
pub(crate) fn command_line(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().replace('\0', " ")
}

fn nowhere() -> Result<File, String> {
    let made = rustix::fs::memfd_create("bench", rustix::fs::MemfdFlags::CLOEXEC);
    made.map(File::from).map_err(|error| format!("make a file in memory: {error}"))
}

fn copy_of(file: &File) -> Result<File, String> {
    file.try_clone().map_err(|error| error.to_string())
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).trim_end().to_string()
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or("it said nothing").chars().take(300).collect()
}

/// The program and its arguments, shortened.
fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    line.join(" ").chars().take(200).collect()
}
