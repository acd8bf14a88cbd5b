//! A process inside a running container: the role behind `box exec`.
//!
//! The command line starts `box-exec` inside the user namespace, from a sealed binary, and sends
//! it a [`JoinRequest`] over descriptor 3. It enters the container's namespaces, starts the process
//! and stays as its parent: it says when the process runs (with the pty's master and the process's
//! descriptor beside it), and how it ended. What passes between the two is one JSON line each.

use super::launch::{self, Stdio};
use super::outside;
use crate::container::idmap;
use crate::container::state::ProcId;
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::oci::lower;
use crate::oci::spec::Spec;
use crate::sys::fd;
use crate::sys::process::{self, Child};
use crate::sys::tty::WindowSize;
use crate::sys::userns::{self, IdMaps};
use rustix::event::{PollFd, PollFlags, poll};
use serde::{Deserialize, Serialize};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

/// What is to run, and where.
#[derive(Debug, Serialize, Deserialize)]
pub struct JoinRequest {
    /// Its process, capabilities and filter; nothing else of it counts.
    pub spec: Spec,
    /// The container's init.
    pub init: ProcId,
    /// The runtime directory, in which we are listed as one who holds the user namespace.
    pub run: PathBuf,
    /// The pty's first size.
    pub size: Option<WindowSize>,
    /// Descriptors 4, 5 and 6 are the process's standard input, output and error; else /dev/null.
    pub pipes: bool,
    /// The descriptors after these are what the process is to have under these numbers.
    #[serde(default)]
    pub passed: Vec<i32>,
}

/// What the role says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JoinAnswer {
    /// The process runs; its descriptor comes along.
    Runs,
    /// The master of its pty comes along.
    Terminal,
    /// It could not be started.
    Failed {
        /// [`Kind`] as an exit code.
        code: u8,
        /// What went wrong.
        message: String,
        /// What helps.
        hint: Option<String>,
    },
    /// It ended.
    Ended {
        /// The code that shells use.
        code: i32,
    },
}

/// The byte by which the command line says that it left by its detach keys.
pub const DETACHED: u8 = b'd';

impl JoinAnswer {
    /// A failure as an error again.
    #[must_use]
    pub fn failure(code: u8, message: String, hint: Option<String>) -> Error {
        let kind = match code {
            126 => Kind::NotExecutable,
            127 => Kind::CommandNotFound,
            _ => Kind::Failed,
        };
        let error = Error::new(kind, message);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    fn send(&self, socket: BorrowedFd<'_>, along: Option<BorrowedFd<'_>>) {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        // If the command line is gone there is nobody left to tell.
        let _ = match along {
            Some(fd) => fd::send_fd(socket, &line, fd).is_ok(),
            None => rustix::io::write(socket, &line).is_ok(),
        };
    }

    /// Waits for the next answer, and the descriptor that came with it; `None` at the end.
    ///
    /// # Errors
    /// When the other side does not speak our protocol.
    pub fn receive(socket: BorrowedFd<'_>) -> Result<Option<(JoinAnswer, Option<OwnedFd>)>> {
        let mut line = Vec::new();
        let mut along = None;
        loop {
            // A byte at a time, so that a descriptor stays with its line; lines are short and few.
            let mut byte = [0];
            let (n, fd) = fd::receive_fd(socket, &mut byte).doing(|| "hear from the exec role")?;
            along = fd.or(along);
            match (n, byte[0]) {
                (0, _) => return Ok(None),
                (_, b'\n') => break,
                (_, other) => line.push(other),
            }
        }
        let answer = serde_json::from_slice(&line)
            .map_err(|e| failed("the exec role answered nonsense").because(e))?;
        Ok(Some((answer, along)))
    }
}

/// The role: descriptor 3 is the command line.
#[must_use]
pub fn main() -> u8 {
    let Ok(socket) = fd::inherited(3) else { return 125 };
    match serve(&socket) {
        Ok(code) => {
            JoinAnswer::Ended { code }.send(socket.as_fd(), None);
            0
        }
        Err(error) => {
            let code = error.kind().exit_code();
            let hint = error.find_hint().map(str::to_string);
            JoinAnswer::Failed { code, message: error.chain(), hint }.send(socket.as_fd(), None);
            125
        }
    }
}

fn serve(socket: &OwnedFd) -> Result<i32> {
    // Whoever is root in there must not look into this process or trace it. (CVE-2016-9962)
    process::set_dumpable(false);
    let mut request = read_request(socket)?;
    let stdio = match (request.spec.process.terminal, request.pipes) {
        (true, _) => Stdio::Tty { size: request.size },
        (false, true) => Stdio::Pipes {
            stdin: Some(fd::inherited(4)?),
            stdout: Some(fd::inherited(5)?),
            stderr: Some(fd::inherited(6)?),
        },
        (false, false) => Stdio::Pipes { stdin: None, stdout: None, stderr: None },
    };
    let first = if matches!(stdio, Stdio::Pipes { stdin: Some(_), .. }) { 7 } else { 4 };
    let passed = (first..).zip(&request.passed).map(|(at, &number)| fd::Passed::from_starter(at, number));
    let passed = passed.collect::<Result<Vec<_>>>()?;
    // While /proc is the host's: there may be none, or an image's, in there.
    let single_id = IdMaps::current()?.is_single();
    if single_id {
        lower::name_apt_config(&mut request.spec.process.env);
    }
    let nested = enter(&request, &stdio)?;
    let (child, master) = launch::run_joined(&request.spec, stdio, passed, single_id, nested)?;
    if let Some(master) = &master {
        JoinAnswer::Terminal.send(socket.as_fd(), Some(master.as_fd()));
    }
    JoinAnswer::Runs.send(socket.as_fd(), Some(child.as_fd()));
    attend(socket, &child, master)
}

fn read_request(socket: &OwnedFd) -> Result<JoinRequest> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while text.last() != Some(&b'\n') {
        match rustix::io::read(socket, &mut buffer) {
            Ok(0) => return Err(failed("the command line is gone")),
            Ok(n) => text.extend_from_slice(&buffer[..n]),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno).doing(|| "read the request"),
        }
    }
    serde_json::from_slice(&text).map_err(|e| failed("cannot read the request").because(e))
}

/// Enters those namespaces of init that are not ours already; says whether the user namespace is one
/// of them.
fn enter(request: &JoinRequest, stdio: &Stdio) -> Result<bool> {
    let init = &request.init;
    let gone = || Error::new(Kind::Conflict, "the container has just ended");
    let pidfd = process::open_pidfd(init.pid)?.ok_or_else(gone)?;
    if process::start_time(init.pid) != Some(init.start_time) || process::boot_id()? != init.boot_id {
        return Err(gone());
    }
    let kinds = [
        ("user", libc::CLONE_NEWUSER),
        ("ipc", libc::CLONE_NEWIPC),
        ("uts", libc::CLONE_NEWUTS),
        ("net", libc::CLONE_NEWNET),
        ("pid", libc::CLONE_NEWPID),
        ("cgroup", libc::CLONE_NEWCGROUP),
    ];
    let mut namespaces = libc::CLONE_NEWNS;
    for (name, flag) in kinds {
        let link = |who: &str| {
            std::fs::read_link(format!("/proc/{who}/ns/{name}"))
                .doing(|| format!("look at the {name} namespace"))
        };
        if link("self")? != link(&init.pid.to_string())? {
            namespaces |= flag;
        }
    }
    let nested = namespaces & libc::CLONE_NEWUSER != 0;
    if nested {
        let maps = IdMaps::of(init.pid)?;
        let root = (idmap::outward(&maps.uids, 0), idmap::outward(&maps.gids, 0));
        if let (Stdio::Pipes { stdin, stdout, stderr }, (Some(uid), Some(gid))) = (stdio, root) {
            let owner = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
            let streams = [stdin, stdout, stderr].into_iter().flatten().map(AsFd::as_fd);
            outside::give_pipes(streams, owner)?;
        }
        // Whoever looks for the namespace that all share must not find the container's own by us.
        super::userns::leave(&request.run);
    }
    userns::join(pidfd.as_fd(), namespaces)?;
    Ok(nested)
}

/// Waits for the process's end. If the command line dies, the pty goes and the process hears of
/// it; if it left by its detach keys, the output goes nowhere and the process runs on.
fn attend(socket: &OwnedFd, child: &Child, mut master: Option<OwnedFd>) -> Result<i32> {
    let mut listening = true;
    let mut drain = false;
    loop {
        let mut fds = vec![PollFd::new(&child.pidfd, PollFlags::IN)];
        if listening {
            fds.push(PollFd::new(socket, PollFlags::IN));
        }
        if let (true, Some(master)) = (drain, &master) {
            fds.push(PollFd::new(master, PollFlags::IN));
        }
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno).doing(|| "wait for the process"),
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        if ready[0] {
            return Ok(child.wait()?.code());
        }
        if listening && ready[1] {
            let mut byte = [0];
            match rustix::io::read(socket, &mut byte) {
                Ok(1) if byte[0] == DETACHED => drain = true,
                Ok(1) => {}
                _ => {
                    listening = false;
                    if !drain {
                        master = None;
                    }
                }
            }
            continue;
        }
        if drain && ready.last() == Some(&true) {
            let mut buffer = [0; 4096];
            let through = match &master {
                Some(master) => !matches!(rustix::io::read(master, &mut buffer), Ok(n) if n > 0),
                None => true,
            };
            if through {
                master = None;
            }
        }
    }
}
