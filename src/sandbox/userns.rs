//! The user namespace that all containers of a user share, and the processes we start inside it.
//!
//! Nobody is kept alive to hold it. Under a lock in the runtime directory a new process looks for
//! any living one that is inside and joins its namespace; only when none lives is a namespace made.
//! `run/userns/` holds one empty file per living process, named `PID-STARTTIME`; a file whose
//! process has gone is removed by whoever meets it, so a crash leaves nothing to repair.

use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sys::process::{self, CStrings, Child};
use crate::sys::userns::{self, Mapping};
use crate::sys::{fd, limits, mount};
use std::convert::Infallible;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// A process of ours that runs inside the user namespace: our own binary, executed again.
#[derive(Debug)]
pub struct Role {
    /// What it is: becomes `box-NAME` in argv\[0\].
    pub name: &'static str,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// These become its descriptors 3, 4, …
    pub keep: Vec<OwnedFd>,
    /// It is PID 1 of a pid namespace of its own: when it dies, all below it dies.
    pub new_pid_namespace: bool,
    /// Its binary is executed from a read-only mount in a mount namespace of its own, so that what
    /// runs in a container finds no way back to the file through /proc/PID/exe.
    pub sealed: bool,
    /// It has a session of its own and /dev/null for input and output, and outlives us.
    pub detached: bool,
    /// Standard error stays ours although it is detached (`--log-level debug`).
    pub keep_stderr: bool,
    /// Our environment goes with it; otherwise only `PATH`, `HOME` and `XDG_RUNTIME_DIR` do.
    pub keep_environment: bool,
    /// A socket to which a new network namespace is sent, while the role begins. Its end without one
    /// means that the role has to make one itself: there was nobody to do it, or it failed.
    pub network: Option<OwnedFd>,
}

/// Starts a role inside the user namespace and waits until it is known to be inside.
///
/// # Errors
/// `Denied` or `Unsupported` where user namespaces are switched off; what newuidmap said.
pub fn spawn(run: &Path, role: Role) -> Result<Child> {
    let holders = run.join("userns");
    std::fs::create_dir_all(&holders).doing(|| format!("make {}", holders.display()))?;
    let lock = File::options().create(true).truncate(false).write(true).open(holders.join("lock"));
    let lock = lock.doing(|| format!("open the lock in {}", holders.display()))?;
    fd::lock_ofd_wait(lock.as_fd())?;

    let exec = Exec::prepare(&role)?;
    let (child, helper) = match join_living(&holders, &role, &exec)? {
        Some(joined) => joined,
        None => (create(&role, &exec)?, None),
    };
    // Known before the lock goes: whoever comes next finds it.
    if let Some(start) = process::start_time(child.pid) {
        let file = holders.join(format!("{}-{start}", child.pid));
        File::create(&file).doing(|| format!("write {}", file.display()))?;
    }
    drop(lock);
    if let Some(helper) = helper {
        helper.wait()?;
    }
    Ok(child)
}

/// Removes this process's own entry from the living holders; call it last.
pub fn leave(run: &Path) {
    if let Ok(pid) = process::pid_in_proc()
        && let Some(start) = process::start_time(pid)
    {
        // Whoever meets a stale entry removes it, so a failure here costs nobody anything.
        let _ = std::fs::remove_file(run.join("userns").join(format!("{pid}-{start}")));
    }
}

/// The living processes inside the user namespace.
fn living(holders: &Path) -> Result<Vec<OwnedFd>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(holders).doing(|| format!("list {}", holders.display()))? {
        let entry = entry.doing(|| format!("list {}", holders.display()))?;
        let name = entry.file_name();
        let Some((pid, start)) = name.to_str().and_then(|n| n.split_once('-')) else { continue };
        let (Ok(pid), Ok(start)) = (pid.parse::<i32>(), start.parse::<u64>()) else { continue };
        // The descriptor first, then the check: from then on the pid cannot become another's.
        let pidfd = process::open_pidfd(pid)?;
        match pidfd {
            Some(pidfd) if process::start_time(pid) == Some(start) => {
                found.push(pidfd);
                // A few are enough: the others only matter if these die within the next millisecond.
                if found.len() == 8 {
                    break;
                }
            }
            _ => drop(std::fs::remove_file(entry.path())),
        }
    }
    Ok(found)
}

/// Everything execve needs, made before the clone.
struct Exec {
    args: CStrings,
    env: CStrings,
    path: PathBuf,
    file: File,
    sealed: bool,
}

impl Exec {
    fn prepare(role: &Role) -> Result<Exec> {
        let string =
            |text: OsString| CString::new(text.into_vec()).map_err(|_| failed("an argument has a zero byte"));
        let mut args = vec![string(OsString::from(format!("box-{}", role.name)))?];
        for arg in &role.args {
            args.push(string(arg.clone())?);
        }
        let kept = |name: &OsString| {
            role.keep_environment || ["PATH", "HOME", "XDG_RUNTIME_DIR"].iter().any(|keep| name == keep)
        };
        let mut env = Vec::new();
        for (mut name, value) in std::env::vars_os().filter(|(name, _)| kept(name)) {
            name.push("=");
            name.push(value);
            env.push(string(name)?);
        }
        let path = std::env::current_exe().doing(|| "find box's own binary")?;
        // Through /proc, because the file may have been replaced by an update meanwhile.
        let file = File::open("/proc/self/exe").doing(|| "open box's own binary")?;
        Ok(Exec { args: CStrings::new(args), env: CStrings::new(env), path, file, sealed: role.sealed })
    }

    /// Executes the binary in the child; returns what failed.
    fn go(&self, role: &Role) -> Error {
        match self.try_go(role) {
            Err(error) => error,
            Ok(never) => match never {},
        }
    }

    fn try_go(&self, role: &Role) -> Result<Infallible> {
        if role.detached {
            // A failure means that we lead a session already.
            let _ = rustix::process::setsid();
            let null = File::options().read(true).write(true).open("/dev/null").doing(|| "open /dev/null")?;
            fd::replace_stdio(null.as_fd(), 0)?;
            fd::replace_stdio(null.as_fd(), 1)?;
            if !role.keep_stderr {
                fd::replace_stdio(null.as_fd(), 2)?;
            }
            rustix::process::chdir("/").doing(|| "change to /")?;
        } else {
            // It works for the one who started it, and for nobody else.
            process::die_with_parent(libc::SIGKILL);
        }
        let sealed = if self.sealed { Some(self.seal()?) } else { None };
        let keep: Vec<BorrowedFd<'_>> = role.keep.iter().map(AsFd::as_fd).collect();
        fd::arrange_for_exec(&keep)?;
        process::reset_signals();
        let binary = sealed.as_ref().map_or(self.file.as_fd(), AsFd::as_fd);
        Err(process::execve_fd(binary, &self.args, &self.env)).doing(|| "execute box's own binary")
    }

    /// Our binary on a read-only detached mount, in a mount namespace of our own.
    fn seal(&self) -> Result<OwnedFd> {
        userns::unshare(libc::CLONE_NEWNS)?;
        match self.sealed_by_mount() {
            Ok(file) => Ok(file),
            // Replaced since we were started, or its directory is not reachable: a sealed copy in
            // memory does the same and costs a copy.
            Err(_) => mount::sealed_copy(self.file.as_fd()),
        }
    }

    fn sealed_by_mount(&self) -> Result<OwnedFd> {
        let tree = mount::clone_tree(&self.path, false)?;
        mount::set_attributes(tree.as_fd(), mount::Attributes::READ_ONLY, false)?;
        let same = |a: &rustix::fs::Stat, b: &rustix::fs::Stat| a.st_ino == b.st_ino && a.st_dev == b.st_dev;
        let ours = rustix::fs::fstat(&self.file).doing(|| "look at box's own binary")?;
        let there = rustix::fs::fstat(&tree).doing(|| "look at box's own binary")?;
        if !same(&ours, &there) {
            return Err(failed("box's own binary was replaced"));
        }
        Ok(tree)
    }
}

/// Joins the namespace of a living process and starts the role there, by the help of a further child
/// that has yet to be waited for; `None` if none lives.
fn join_living(holders: &Path, role: &Role, exec: &Exec) -> Result<Option<(Child, Option<Child>)>> {
    let living = living(holders)?;
    if living.is_empty() {
        return Ok(None);
    }
    let (reports, report) = fd::pipe()?;
    let helper = process::spawn(0, || {
        let joined = living.iter().any(|pidfd| userns::enter(pidfd.as_fd()).is_ok());
        if !joined {
            Report::NoneLives.send(report.as_fd());
            process::exit_now(0);
        }
        if !role.new_pid_namespace {
            Report::Child(0).send(report.as_fd());
            let error = exec.go(role);
            Report::failure(&error).send(report.as_fd());
            process::exit_now(125);
        }
        // The role is a sibling of this process, which only steps into the namespace for it:
        // setns(2) on a pid namespace, like unshare(2), counts for children.
        match process::spawn(libc::CLONE_NEWPID | libc::CLONE_PARENT, || {
            let error = exec.go(role);
            Report::failure(&error).send(report.as_fd());
            process::exit_now(125)
        }) {
            Ok(child) => Report::Child(child.pid).send(report.as_fd()),
            Err(error) => Report::failure(&error).send(report.as_fd()),
        }
        // Our copy would keep the reports from ending when the role has executed.
        fd::close_in_child(report.as_fd());
        if let Some(to) = &role.network {
            // Without it the role makes its own, and says what is wrong with that.
            let _ = send_network(to.as_fd());
        }
        process::exit_now(0)
    })?;
    drop(report);
    let first = Report::receive(reports.as_fd())?;
    match first {
        Report::NoneLives => {
            helper.wait()?;
            Ok(None)
        }
        Report::Child(0) => {
            confirm(reports, &helper)?;
            Ok(Some((helper, None)))
        }
        Report::Child(pid) => {
            // It is our child and not yet waited for, so the number is still its own.
            let pidfd = process::open_pidfd(pid)?.ok_or_else(|| failed("a new process vanished"))?;
            let child = Child { pid, pidfd };
            confirm(reports, &child)?;
            Ok(Some((child, Some(helper))))
        }
        Report::Failed(errno, text) => {
            helper.wait()?;
            Err(Report::error(errno, text))
        }
    }
}

/// Makes a network namespace and sends it to the role: it takes the kernel longer than all other
/// namespaces together, and another processor has the time.
fn send_network(to: BorrowedFd<'_>) -> Result<()> {
    userns::unshare(libc::CLONE_NEWNET)?;
    let network = File::open("/proc/self/ns/net").doing(|| "open a new network namespace")?;
    fd::send_fd(to, b"n", network.as_fd()).doing(|| "hand over a network namespace")
}

/// Makes the namespace, maps its ids and starts the role in it.
fn create(role: &Role, exec: &Exec) -> Result<Child> {
    let mapping = userns::choose_mapping();
    match create_mapped(role, exec, &mapping) {
        // The helpers are there and do not work (no setuid bit, a container without the capability):
        // one id is better than none.
        Err(error) if matches!(mapping, Mapping::Subordinate { .. }) && error.kind() == Kind::Denied => {
            let single = Mapping::Single { reason: error.chain() };
            create_mapped(role, exec, &single).map_err(|_| error)
        }
        other => other,
    }
}

fn create_mapped(role: &Role, exec: &Exec, mapping: &Mapping) -> Result<Child> {
    let (reports, report) = fd::pipe()?;
    let (wait, mapped) = fd::pipe()?;
    let mut namespaces = libc::CLONE_NEWUSER;
    if role.new_pid_namespace {
        namespaces |= libc::CLONE_NEWPID;
    }
    let processes = limits::get("nproc")?;
    keep_some_processes(processes)?;
    let child = process::spawn(namespaces, || {
        // Our copy of the write end would keep the read below from ever ending if the parent died.
        fd::close_in_child(mapped.as_fd());
        // Its own limit is the user's again.
        let _ = limits::set("nproc", processes.0, processes.1);
        let mut byte = [0];
        if !matches!(rustix::io::read(&wait, &mut byte), Ok(1)) {
            process::exit_now(125);
        }
        let error = exec.go(role);
        Report::failure(&error).send(report.as_fd());
        process::exit_now(125)
    });
    limits::set("nproc", processes.0, processes.1)?;
    let child = child?;
    drop(report);
    drop(wait);
    if let Err(error) = userns::write_maps(child.pid, mapping) {
        drop(mapped);
        child.wait()?;
        return Err(error);
    }
    rustix::io::write(&mapped, b"m").doing(|| "start a process in the user namespace")?;
    confirm(reports, &child)?;
    Ok(child)
}

/// This part of the processes that the user may have is not for containers: the limit is on all of
/// them together, and whoever forks without end in one would leave nobody a process to end it with.
const OUTSIDE_PART: u64 = 16;

/// Lowers our limit on processes: what it is when a user namespace is made counts for all that is ever
/// in there.
///
/// Source: kernel/user_namespace.c, `set_userns_rlimit_max`, from 5.14 on.
fn keep_some_processes((soft, hard): (u64, u64)) -> Result<()> {
    if soft == u64::MAX { Ok(()) } else { limits::set("nproc", soft - soft / OUTSIDE_PART, hard) }
}

/// Waits until the role has executed: the report pipe closes then.
fn confirm(reports: OwnedFd, child: &Child) -> Result<()> {
    match Report::receive(reports.as_fd()) {
        Ok(Report::Failed(errno, text)) => {
            child.wait()?;
            Err(Report::error(errno, text))
        }
        _ => Ok(()),
    }
}

/// What a child says before it executes: a pid, or why it cannot.
pub(super) enum Report {
    NoneLives,
    Child(i32),
    Failed(i32, String),
}

impl Report {
    pub(super) fn failure(error: &Error) -> Report {
        let errno = error.io().and_then(std::io::Error::raw_os_error).unwrap_or(0);
        Report::Failed(errno, error.to_string())
    }

    pub(super) fn send(&self, to: BorrowedFd<'_>) {
        let mut bytes = Vec::with_capacity(64);
        let (tag, number, text) = match self {
            Report::NoneLives => (b'n', 0, ""),
            Report::Child(pid) => (b'c', *pid, ""),
            Report::Failed(errno, text) => (b'f', *errno, text.as_str()),
        };
        bytes.push(tag);
        bytes.extend(number.to_ne_bytes());
        let text = &text.as_bytes()[..text.len().min(255)];
        bytes.push(text.len() as u8);
        bytes.extend(text);
        // If the parent is gone there is nobody left to tell.
        let _ = rustix::io::write(to, &bytes);
    }

    pub(super) fn receive(from: BorrowedFd<'_>) -> Result<Report> {
        let mut head = [0; 6];
        read_exact(from, &mut head)?;
        let number = i32::from_ne_bytes([head[1], head[2], head[3], head[4]]);
        let mut text = vec![0; usize::from(head[5])];
        read_exact(from, &mut text)?;
        Ok(match head[0] {
            b'n' => Report::NoneLives,
            b'c' => Report::Child(number),
            _ => Report::Failed(number, String::from_utf8_lossy(&text).into_owned()),
        })
    }

    pub(super) fn error(errno: i32, text: String) -> Error {
        if errno == 0 {
            return failed(text);
        }
        failed(text).because(Error::from(std::io::Error::from_raw_os_error(errno)))
    }
}

fn read_exact(from: BorrowedFd<'_>, mut buffer: &mut [u8]) -> Result<()> {
    while !buffer.is_empty() {
        match rustix::io::read(from, &mut *buffer) {
            Ok(0) => return Err(failed("a process in the user namespace ended before it began")),
            Ok(n) => buffer = &mut buffer[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno).doing(|| "hear from a process in the user namespace"),
        }
    }
    Ok(())
}
