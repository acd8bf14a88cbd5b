//! Runs a further process in a container.

use super::reconcile;
use crate::container::config::ContainerConfig;
use crate::container::state::{ProcId, State};
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::oci::lower::{self, ExecProcess};
use crate::sandbox::join::{DETACHED, JoinAnswer, JoinRequest};
use crate::sandbox::userns::{self, Role};
use crate::settings::Settings;
use crate::store::containers;
use crate::store::layout::Store;
use crate::supervisor::client::{self, Ended, Endpoint, Options};
use crate::supervisor::detach::DetachKeys;
use crate::supervisor::links;
use crate::sys::fd;
use std::os::fd::{AsFd, OwnedFd};

/// What to run and how to stand beside it.
#[derive(Debug)]
pub struct ExecRequest {
    /// The container as the user typed it.
    pub container: String,
    /// The process.
    pub process: ExecProcess,
    /// Our standard input goes to it.
    pub interactive: bool,
    /// We do not stay.
    pub detach: bool,
    /// What leaves it.
    pub detach_keys: DetachKeys,
    /// What the process gets beside its standard streams.
    pub passed: Vec<fd::Passed>,
}

/// Runs the process and returns its exit code; 0 once it runs when detached.
///
/// # Errors
/// `NotFound` for the container, `Conflict` when it does not run, `CommandNotFound` and
/// `NotExecutable` for the command.
pub fn exec(settings: &Settings, store: &Store, request: ExecRequest) -> Result<u8> {
    let entry = reconcile::find(settings, store, &request.container)?;
    let mut config = containers::config(store, &entry.id)?;
    config.process.env = links::environment_now(store, &config)?;
    let init = running_init(store, &config)?;
    let spec = lower::lower_exec(&config, &request.process)?;
    let tty = request.process.tty;
    let pipes = !tty && !request.detach;

    let (ours, theirs) = fd::socket_pair()?;
    let mut keep = vec![theirs];
    let mut ends = None;
    if pipes {
        let (stdin_reader, stdin_writer) = fd::pipe()?;
        let (stdout_reader, stdout_writer) = fd::pipe()?;
        let (stderr_reader, stderr_writer) = fd::pipe()?;
        keep.extend([stdin_reader, stdout_writer, stderr_writer]);
        ends = Some((stdin_writer, stdout_reader, stderr_reader));
    }
    let (passed, descriptors): (Vec<_>, Vec<_>) =
        request.passed.into_iter().map(fd::Passed::into_parts).unzip();
    keep.extend(descriptors);
    let role = Role {
        name: "exec",
        args: Vec::new(),
        keep,
        new_pid_namespace: false,
        sealed: true,
        detached: true,
        keep_stderr: false,
        keep_environment: false,
        network: None,
    };
    let _role = userns::spawn(&settings.run, role)?;
    let message = JoinRequest {
        spec,
        init,
        run: settings.run.clone(),
        size: client::window().filter(|_| tty),
        pipes,
        passed,
    };
    let mut line =
        serde_json::to_vec(&message).map_err(|e| failed("cannot write down the request").because(e))?;
    line.push(b'\n');
    let file = std::fs::File::from(ours.try_clone().doing(|| "start a process in the container")?);
    std::io::Write::write_all(&mut &file, &line).doing(|| "start a process in the container")?;

    /// Tells the role beside the process that we do not stay. One that is gone needs no telling: the
    /// process ran and has ended already.
    fn leave(role: &OwnedFd) -> Result<()> {
        match rustix::io::write(role, &[DETACHED]) {
            Ok(_) | Err(rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET) => Ok(()),
            Err(errno) => Err(errno).doing(|| "leave the process"),
        }
    }

    let (process, master) = await_start(&ours)?;
    if request.detach {
        leave(&ours)?;
        return Ok(0);
    }
    let endpoint = match (master, ends) {
        (Some(master), _) => Endpoint::Pty(master),
        (None, Some((stdin, stdout, stderr))) => {
            let stdin = request.interactive.then_some(stdin);
            Endpoint::Pipes { stdin, stdout: Some(stdout), stderr: Some(stderr) }
        }
        (None, None) => return Err(failed("the exec role handed over no terminal")),
    };
    let options = Options {
        stdin: request.interactive,
        stdin_once: request.interactive,
        tty,
        detach_keys: request.detach_keys.clone(),
        sig_proxy: true,
        ended: Some(process.as_fd()),
        process: Some(process.as_fd()),
    };
    if client::relay(endpoint, &options)? == Ended::Detached {
        leave(&ours)?;
        return Ok(0);
    }
    match JoinAnswer::receive(ours.as_fd())? {
        Some((JoinAnswer::Ended { code }, _)) => Ok(code as u8),
        _ => Err(failed("the process's parent in box was ended")),
    }
}

fn running_init(store: &Store, config: &ContainerConfig) -> Result<ProcId> {
    match containers::state(store, &config.id)? {
        State::Started(started) if containers::lock_held(store, &config.id)? => Ok(started.init),
        _ => {
            let name = containers::name(store, &config.id)?;
            Err(Error::new(Kind::Conflict, format!("container {name} is not running"))
                .hint(format!("start it first: box start {name}")))
        }
    }
}

/// Waits until the process runs: its descriptor, and the master of its pty.
fn await_start(socket: &OwnedFd) -> Result<(OwnedFd, Option<OwnedFd>)> {
    let mut master = None;
    loop {
        match JoinAnswer::receive(socket.as_fd())? {
            Some((JoinAnswer::Terminal, along)) => master = along,
            Some((JoinAnswer::Runs, Some(process))) => return Ok((process, master)),
            Some((JoinAnswer::Failed { code, message, hint }, _)) => {
                return Err(JoinAnswer::failure(code, message, hint));
            }
            _ => return Err(failed("the process ended before it began")),
        }
    }
}
