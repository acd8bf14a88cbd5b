//! Clones init, feeds it, waits until it runs.

use super::fill::Ids;
use super::foreign;
use super::outside::{self, Outside};
use super::plan::{self, Inside};
use super::rootfs::Cover;
use super::step::{Step, Walker, message};
use crate::container::state::ProcId;
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::oci::spec::{IdMapping, Spec};
use crate::sys::fd::{self, Passed};
use crate::sys::process::{self, Child};
use crate::sys::title::Arguments;
use crate::sys::tty::WindowSize;
use crate::sys::userns::{self, Extent, IdMaps};
use std::convert::Infallible;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

/// What a process has as standard input, output and error.
#[derive(Debug)]
pub enum Stdio {
    /// The container's ends of pipes; `None` is /dev/null.
    Pipes {
        /// Read end.
        stdin: Option<OwnedFd>,
        /// Write end.
        stdout: Option<OwnedFd>,
        /// Write end.
        stderr: Option<OwnedFd>,
    },
    /// A pty, opened inside.
    Tty {
        /// Its first size.
        size: Option<WindowSize>,
    },
}

/// What init gets from the one who launches it.
#[derive(Debug)]
pub struct Handed {
    /// Its standard streams.
    pub stdio: Stdio,
    /// Its program finds these under the numbers that go with them.
    pub passed: Vec<Passed>,
    /// A new network namespace of our own user namespace; used if the spec asks for a new one.
    pub network: Option<OwnedFd>,
    /// Its root, if a server of ours has it: a mount that is attached nowhere.
    pub served: Option<OwnedFd>,
}

/// Init exists, in its namespaces, and mounts; it executes nothing until [`Prepared::go`].
#[derive(Debug)]
pub struct Prepared {
    /// Its pid as we see it, and its descriptor.
    pub child: Child,
    /// Its pid in the host's pid namespace.
    pub host_pid: i32,
    report: OwnedFd,
    steps: Vec<Step>,
    /// Its network namespace, if it did not make that itself: it may not be in there yet.
    network: Option<OwnedFd>,
}

/// Init has been executed.
#[derive(Debug)]
pub struct Running {
    /// Its pid as we see it, and its descriptor.
    pub child: Child,
    /// The host's name for it.
    pub host: ProcId,
    /// The pty's master, if there is one.
    pub pty_master: Option<OwnedFd>,
    /// The places of binds that its user cannot write to.
    pub unwritable: Vec<String>,
}

/// Clones init, which begins with its steps at once.
///
/// We are inside the user namespace, with one thread; `single_id` says that it maps only one. With `print`, the plan goes to standard
/// error first.
///
/// # Errors
/// For what the spec asks and cannot be; when the kernel refuses the namespaces.
pub fn prepare(spec: &Spec, mut handed: Handed, single_id: bool, print: bool) -> Result<Prepared> {
    let mut plan = plan::plan(spec, Inside { single_id, nested: false })?;
    if print {
        for (number, step) in plan.steps.iter().enumerate() {
            // A log line for whoever debugs; a closed standard error is no reason to stop.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("step {number}: {step}\n").as_bytes(),
            );
        }
    }
    let (ours, theirs) = fd::socket_pair()?;
    let (theirs, passed) = fd::out_of_the_way(theirs, handed.passed)?;
    handed.passed = passed;
    let steps = plan.steps;
    let user = plan.user.as_deref().map(foreign::open).transpose()?;
    let outside = match (&user, plan.namespaces & libc::CLONE_NEWUSER) {
        (None, 0) => None,
        _ => Some(outside(spec, &steps, &handed)?),
    };
    // One of our user namespace is nothing for an init that has its own.
    let wanted = outside.is_none() && plan.namespaces & libc::CLONE_NEWNET != 0;
    handed.network = handed.network.filter(|_| wanted);
    if handed.network.is_some() {
        plan.namespaces &= !libc::CLONE_NEWNET;
    }
    let body = || child(&steps, &handed, &theirs, outside.as_ref());
    let child = match &user {
        Some(user) => foreign::spawn(user, plan.namespaces, body)?,
        None => process::spawn(plan.namespaces, body)?,
    };
    drop(theirs);
    let host_pid = process::pid_of(child.as_fd())?;
    // Init has the rest, and takes it to its end.
    let prepared = Prepared { child, host_pid, report: ours, steps, network: handed.network };
    if outside.is_some()
        && let Err(error) = prepared.map_ids(spec, user.as_ref())
    {
        return Err(prepared.give_up(error));
    }
    Ok(prepared)
}

/// What is to be done before there is an init that has a user namespace of its own.
fn outside(spec: &Spec, steps: &[Step], handed: &Handed) -> Result<Outside> {
    let owner = outside::root_of(&spec.linux.uid_mappings, &spec.linux.gid_mappings)?;
    if let Stdio::Pipes { stdin, stdout, stderr } = &handed.stdio {
        outside::give_pipes([stdin, stdout, stderr].into_iter().flatten().map(AsFd::as_fd), owner)?;
    }
    let ids = Ids { uids: spec.linux.uid_mappings.clone(), gids: spec.linux.gid_mappings.clone() };
    outside::prepare(steps, &ids, handed.served.as_ref())
        .map_err(|(number, error)| Failure::of(number, &error).into_error(steps))
}

/// Runs one more process inside a container's namespaces, which we have joined; waits until it has
/// been executed.
///
/// # Errors
/// Its own, of kind `CommandNotFound` or `NotExecutable` for the command's.
pub fn run_joined(
    spec: &Spec,
    stdio: Stdio,
    passed: Vec<Passed>,
    single_id: bool,
    nested: bool,
) -> Result<(Child, Option<OwnedFd>)> {
    let steps = plan::plan_exec(spec, Inside { single_id, nested })?;
    let (report, theirs) = fd::socket_pair()?;
    let (theirs, passed) = fd::out_of_the_way(theirs, passed)?;
    let handed = Handed { stdio, passed, network: None, served: None };
    let child = process::spawn(0, || child(&steps, &handed, &theirs, None))?;
    drop(theirs);
    drop(handed);
    let mut master = None;
    loop {
        match hear(&report, &steps)? {
            Heard::Ready(fd) => master = fd.or(master),
            Heard::Unwritable(_) => {}
            Heard::Reborn(_) => return Err(failed("a joining process cannot be replaced")),
            Heard::Executed => return Ok((child, master)),
            Heard::Failed(error) => {
                child.wait()?;
                return Err(error);
            }
        }
    }
}

impl Prepared {
    /// Gives ids to the user namespace that init waits in, if it is a new one, and lets it begin.
    fn map_ids(&self, spec: &Spec, joined: Option<&OwnedFd>) -> Result<()> {
        let extents = |list: &[IdMapping]| -> Vec<Extent> {
            let extent = |m: &IdMapping| Extent { inside: m.container_id, outside: m.host_id, count: m.size };
            list.iter().map(extent).collect()
        };
        let (uids, gids) = (extents(&spec.linux.uid_mappings), extents(&spec.linux.gid_mappings));
        let maps = IdMaps { uids, gids };
        match joined {
            None => userns::write_nested_maps(self.host_pid, &maps)?,
            Some(_) => foreign::check(self.host_pid, &maps)?,
        }
        rustix::io::write(&self.report, &[message::GO]).doing(|| "let init begin").map(drop)
    }

    /// The network namespace of init.
    ///
    /// # Errors
    /// When init has ended.
    pub fn netns(&self) -> Result<OwnedFd> {
        if let Some(network) = &self.network {
            return network.try_clone().doing(|| "keep the container's network namespace");
        }
        let path = format!("/proc/{}/ns/net", self.host_pid);
        Ok(File::open(path).doing(|| "open the container's network namespace")?.into())
    }

    /// Ends an init that has executed nothing, because of `error`; returns init's own failure if it
    /// had one: who connects its network may notice its death before its report has been read.
    pub fn give_up(self, error: Error) -> Error {
        let _ = process::send_signal(self.child.as_fd(), libc::SIGKILL);
        let _ = self.child.wait();
        loop {
            match hear(&self.report, &self.steps) {
                Ok(Heard::Ready(_) | Heard::Reborn(_) | Heard::Unwritable(_)) => {}
                Ok(Heard::Failed(own)) => return own,
                Ok(Heard::Executed) | Err(_) => return error,
            }
        }
    }

    /// Lets init go on to execve, now that its network is connected.
    ///
    /// # Errors
    /// The failure of a step, in words; of kind `CommandNotFound` or `NotExecutable` for the command's.
    pub fn go(mut self) -> Result<Running> {
        let mut master = None;
        let mut unwritable = Vec::new();
        loop {
            match hear(&self.report, &self.steps)? {
                Heard::Unwritable(place) => unwritable.push(place),
                Heard::Ready(Some(fd)) => master = Some(fd),
                Heard::Ready(None) => {
                    rustix::io::write(&self.report, &[message::GO]).doing(|| "let init go on")?;
                }
                Heard::Reborn(pidfd) => {
                    let pid = process::pid_of(pidfd.as_fd())?;
                    let first = std::mem::replace(&mut self.child, Child { pid, pidfd });
                    self.host_pid = pid;
                    first.wait()?;
                }
                Heard::Executed => break,
                Heard::Failed(error) => {
                    self.child.wait()?;
                    return Err(error);
                }
            }
        }
        let Some(start_time) = process::start_time(self.host_pid) else {
            // It ran and has ended already: its exit status is still there for the one who waits.
            let host = ProcId { pid: self.host_pid, start_time: 0, boot_id: process::boot_id()? };
            return Ok(Running { child: self.child, host, pty_master: master, unwritable });
        };
        let host = ProcId { pid: self.host_pid, start_time, boot_id: process::boot_id()? };
        Ok(Running { child: self.child, host, pty_master: master, unwritable })
    }
}

enum Heard {
    Unwritable(String),
    Ready(Option<OwnedFd>),
    Reborn(OwnedFd),
    Executed,
    Failed(Error),
}

/// The next message of init. The end of its socket, which is close-on-exec, means execve.
fn hear(report: &OwnedFd, steps: &[Step]) -> Result<Heard> {
    let mut head = [0; 1];
    let (n, fd) = fd::receive_fd(report.as_fd(), &mut head).doing(|| "hear from init")?;
    if n == 0 {
        return Ok(Heard::Executed);
    }
    match (head[0], fd) {
        (message::FAILED, _) => {}
        (message::UNWRITABLE, _) => {
            let mut number = [0; 1];
            rustix::io::retry_on_intr(|| rustix::io::read(report, &mut number)).doing(|| "hear from init")?;
            let places = steps.iter().find_map(|step| match step {
                Step::TryWriting { places } => places.get(usize::from(number[0])),
                _ => None,
            });
            return Ok(Heard::Unwritable(places.cloned().unwrap_or_default()));
        }
        (message::REBORN, Some(fd)) => return Ok(Heard::Reborn(fd)),
        (_, fd) => return Ok(Heard::Ready(fd)),
    }
    let mut rest = Vec::new();
    let mut buffer = [0; 512];
    loop {
        match rustix::io::read(report, &mut buffer) {
            Ok(0) => break,
            Ok(n) => rest.extend_from_slice(&buffer[..n]),
            Err(rustix::io::Errno::INTR) => {}
            // It ended without closing in peace.
            Err(rustix::io::Errno::CONNRESET) => break,
            Err(errno) => return Err(errno).doing(|| "hear from init"),
        }
    }
    Ok(Heard::Failed(Failure::decode(&rest).into_error(steps)))
}

/// A step's failure on its way to the parent, who has the words for the step.
struct Failure {
    step: u16,
    kind: u8,
    message: String,
    hint: String,
}

impl Failure {
    fn of(step: usize, error: &Error) -> Failure {
        let kind = error.kind().number();
        let hint = error.find_hint().unwrap_or_default().to_string();
        Failure { step: step as u16, kind, message: error.chain(), hint }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![message::FAILED];
        bytes.extend(self.step.to_le_bytes());
        bytes.push(self.kind);
        // A zero byte ends it, and an image may have written one: the advice would be the image's.
        bytes.extend(self.message.replace('\0', "\u{fffd}").as_bytes());
        bytes.push(0);
        bytes.extend(self.hint.as_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Failure {
        let step =
            u16::from_le_bytes([bytes.first().copied().unwrap_or(0), bytes.get(1).copied().unwrap_or(0)]);
        let kind = bytes.get(2).copied().unwrap_or(0);
        let text = String::from_utf8_lossy(bytes.get(3..).unwrap_or_default()).into_owned();
        let (message, hint) = text.split_once('\0').unwrap_or((&text, ""));
        Failure { step, kind, message: message.to_string(), hint: hint.to_string() }
    }

    fn into_error(self, steps: &[Step]) -> Error {
        let kind = Kind::from_number(self.kind);
        let message = match steps.get(usize::from(self.step)) {
            // These speak the user's words already.
            Some(
                Step::Execute { .. }
                | Step::LookUpUser { .. }
                | Step::Directory { .. }
                | Step::MakeDirectory { .. },
            )
            | Some(Step::Sysctl { .. })
            | None => self.message,
            Some(step) => format!("cannot {step}: {}", self.message),
        };
        let error = Error::new(kind, message);
        if self.hint.is_empty() { error } else { error.hint(self.hint) }
    }
}

/// The child: walks the steps and never returns.
fn child(steps: &[Step], handed: &Handed, report: &OwnedFd, outside: Option<&Outside>) -> Infallible {
    let Handed { stdio, passed, network, served } = handed;
    let mut size = None;
    let set_up = match stdio {
        Stdio::Tty { size: wanted } => {
            size = *wanted;
            Ok(())
        }
        Stdio::Pipes { stdin, stdout, stderr } => connect([stdin, stdout, stderr]),
    };
    let set_up = set_up.and_then(|()| network.as_ref().map_or(Ok(()), userns::join_file));
    // What the one who launches has open is its own: in a shared pid namespace others can see it here.
    let mut keep = vec![report.as_fd()];
    keep.extend(passed.iter().map(Passed::fd));
    keep.extend(outside.into_iter().flat_map(Outside::descriptors));
    keep.extend(served.iter().map(AsFd::as_fd));
    let set_up = set_up.and_then(|()| fd::close_all_but(&keep));
    process::reset_signals();
    let mut walker = Walker {
        report,
        outside,
        served: served.as_ref(),
        pid_namespace: None,
        root: None,
        terminal: None,
        size,
        account: Default::default(),
        cover: Cover::default(),
        passed,
        // While /proc is still the host's.
        arguments: steps.iter().any(|step| matches!(step, Step::Init)).then(Arguments::own).flatten(),
    };
    let mut failure = set_up.err().map(|error| (usize::from(u16::MAX), error));
    if failure.is_none() {
        for (number, step) in steps.iter().enumerate() {
            if let Err(error) = step.execute(number, &mut walker) {
                failure = Some((number, error));
                break;
            }
        }
    }
    if let Some((number, error)) = failure {
        let bytes = Failure::of(number, &error).encode();
        // If the parent is gone there is nobody left to tell.
        let _ = rustix::io::write(report, &bytes);
    }
    process::exit_now(127)
}

fn connect(streams: [&Option<OwnedFd>; 3]) -> Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null").doing(|| "open /dev/null")?;
    for (number, stream) in streams.into_iter().enumerate() {
        let fd = stream.as_ref().map_or(null.as_fd(), AsFd::as_fd);
        fd::replace_stdio(fd, number as i32)?;
    }
    Ok(())
}
