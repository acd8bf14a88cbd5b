//! A container's root file system by FUSE, where the kernel has no overlay for us.
//!
//! A child of the supervisor, executed for this alone and inside the user namespace, opens /dev/fuse,
//! makes the mount, hands it over and serves it until nothing is mounted any more. No fusermount is
//! needed: whoever is root of the user namespace may mount FUSE there. What it leaves in the upper layer
//! is what the kernel's overlay would leave, so the drivers can follow each other on the same container.
//!
//! The container is whom it works for and whom it must not trust: it never walks a path, its layers
//! are mounts without a way out of them, of which those below cannot be written to, and before the
//! first request it gives up all else that it could reach, see [`confine`].
//!
//! [`nodes`] is what the kernel was told of, [`union`] what is where, [`copyup`] and [`change`] what
//! happens to the upper layer, [`server`] the requests.

mod attributes;
mod change;
mod confine;
mod copyup;
mod files;
mod nodes;
mod server;
mod union;

use crate::error::{Doing, Error, Result, failed};
use crate::sys::mount::{Attributes, FileSystem};
use crate::sys::process::{self, CStrings, Child};
use crate::sys::{fd, limits, userns};
use files::Files;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use server::Server;
use std::ffi::CString;
use std::fs::File;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use union::Union;

/// What the kernel is answered.
type Io<T> = std::result::Result<T, Errno>;

/// The number of an error that has one.
fn errno(error: &Error) -> Errno {
    error.io().and_then(std::io::Error::raw_os_error).map_or(Errno::IO, Errno::from_raw_os_error)
}

/// What is to be served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The layers that are only read, topmost first.
    pub lower: Vec<PathBuf>,
    /// The layer that is written to, and the directory beside it for what is being made; without it the
    /// whole is read-only.
    pub upper: Option<(PathBuf, PathBuf)>,
    /// Nothing of it need reach the disk.
    pub volatile: bool,
}

/// A file system that is served.
#[derive(Debug)]
pub struct Served {
    /// Who serves it. It ends when nothing is mounted any more.
    pub server: Child,
    /// The mount, attached nowhere.
    pub mount: OwnedFd,
}

/// How many threads answer.
const THREADS: usize = 4;

/// Starts a server, which dies with us, and returns its mount.
///
/// We are inside the user namespace and have one thread.
///
/// # Errors
/// `Denied` or `NotFound` where there is no /dev/fuse for us; what a layer that cannot be opened says.
pub fn serve(order: &Order) -> Result<Served> {
    start(order, || process::die_with_parent(libc::SIGKILL))
}

/// Starts a server that outlives us, until nothing is mounted any more, and returns its mount.
///
/// # Errors
/// As [`serve`].
pub fn serve_detached(order: &Order) -> Result<OwnedFd> {
    let detach = || {
        // A failure means that it leads a session already.
        let _ = rustix::process::setsid();
        let null = File::options().read(true).write(true).open("/dev/null");
        for number in 0..3 {
            if let Ok(null) = &null {
                let _ = fd::replace_stdio(null.as_fd(), number);
            }
        }
    };
    start(order, detach).map(|served| served.mount)
}

fn start(order: &Order, before: impl Fn()) -> Result<Served> {
    let (ours, theirs) = fd::socket_pair()?;
    let binary = File::open("/proc/self/exe").doing(|| "open box's own binary")?;
    // HOME is of no use to it, but tells whoever finds it in /proc whose it is.
    let home = [b"HOME=", std::env::var_os("HOME").unwrap_or_default().as_bytes()].concat();
    let home = CString::new(home).map_err(|_| failed("HOME has a zero byte"))?;
    let (args, env) = (CStrings::new(vec![CString::from(c"box-rootfs")]), CStrings::new(vec![home]));
    let server = process::spawn(0, || {
        before();
        process::reset_signals();
        if fd::arrange_for_exec(&[theirs.as_fd()]).is_ok() {
            process::execve_fd(binary.as_fd(), &args, &env);
        }
        process::exit_now(127)
    })
    .doing(|| "start the server of the root file system")?;
    drop(theirs);
    let text = serde_json::to_vec(order).map_err(|e| failed("cannot write down the layers").because(e))?;
    let mut socket = UnixStream::from(ours);
    let told = socket.write_all(&text).and_then(|()| socket.shutdown(Shutdown::Write));
    let mut said = [0; 1024];
    let heard = told.and_then(|()| fd::receive_fd(socket.as_fd(), &mut said));
    match heard {
        Ok((_, Some(mount))) => Ok(Served { server, mount }),
        Ok((n, None)) => {
            server.wait()?;
            let text = String::from_utf8_lossy(&said[..n]);
            let (kind, text) = text.split_once(' ').unwrap_or(("", "its server ended"));
            let kind = kind.parse().map_or(crate::error::Kind::Failed, crate::error::Kind::from_number);
            Err(Error::new(kind, format!("cannot serve a root file system by FUSE: {text}")))
        }
        Err(cause) => {
            let _ = process::send_signal(server.as_fd(), libc::SIGKILL);
            server.wait()?;
            Err(cause).doing(|| "hear from the server of the root file system")
        }
    }
}

/// Tries for real what a container needs, with the directories `lower`, `upper` and `work` in `dir`.
///
/// # Errors
/// As [`serve`]; when the file system there has no whiteouts or no attributes for us.
pub fn try_out(dir: &Path) -> Result<()> {
    let path = |name: &str| dir.join(name);
    let upper = File::open(path("upper")).doing(|| "open a directory of the store")?;
    union::make_opaque(&upper).doing(|| "give a directory an attribute of overlay")?;
    change::whiteout(upper.as_fd(), c"gone").doing(|| "make a whiteout")?;
    let order =
        Order { lower: vec![path("lower")], upper: Some((path("upper"), path("work"))), volatile: true };
    let Served { server, mount } = serve(&order)?;
    drop(mount);
    server.wait().map(drop)
}

/// The server's role: gets its [`Order`] on descriptor 3, answers with the mount, and serves it.
#[must_use]
pub fn main() -> u8 {
    let Ok(socket) = fd::inherited(3) else { return 125 };
    // A request without an answer stops whoever made it for good, and signals do not reach them: an end of
    // the container that says why is better than a thread that ends alone.
    std::panic::set_hook(Box::new(|_| std::process::abort()));
    match take_order(&socket) {
        Ok(session) => {
            drop(socket);
            match session.run() {
                // Two words for that nothing is mounted any more (fs/fuse/dev.c, `fuse_dev_do_read`).
                Err(error) if error.raw_os_error() != Some(Errno::CONNABORTED.raw_os_error()) => 1,
                _ => 0,
            }
        }
        Err(error) => {
            let text = format!("{} {}", error.kind().number(), error.chain());
            // If the one who asked is gone there is nobody left to tell.
            let _ = rustix::io::write(&socket, text.as_bytes());
            125
        }
    }
}

fn take_order(socket: &OwnedFd) -> Result<fuser::Session<Server>> {
    let mut text = Vec::new();
    let copy = socket.try_clone().doing(|| "read the layers")?;
    File::from(copy).read_to_end(&mut text).doing(|| "read the layers")?;
    let order: Order =
        serde_json::from_slice(&text).map_err(|e| failed("cannot read the layers").because(e))?;
    rustix::process::umask(rustix::fs::Mode::empty());
    let (_, most) = limits::get("nofile")?;
    limits::set("nofile", most, most)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let cached = (most / 4).clamp(64, 4096);
    // Whoever mounts, and be it nowhere, needs a mount namespace that is its own.
    userns::unshare(libc::CLONE_NEWNS)?;
    let union = Union::open(&order, Arc::new(Files::new(most / 8 * 5)), cached)?;
    let (device, mount) = mount(order.upper.is_none())?;
    confine::confine()?;
    let mut config = fuser::Config::default();
    config.n_threads = Some(THREADS);
    // The kernel has asked for the handshake when the mount was made.
    let notifier = Arc::new(OnceLock::new());
    let server = Server::new(union, notifier.clone());
    let session = fuser::Session::from_fd(server, device, fuser::SessionACL::All, config)
        .doing(|| "agree with the kernel")?;
    // Nobody else has set it.
    let _ = notifier.set(session.notifier());
    fd::send_fd(socket.as_fd(), b"m", mount.as_fd()).doing(|| "hand over the mount")?;
    Ok(session)
}

/// Opens /dev/fuse and makes a mount that is attached nowhere; the mount namespace is our own.
fn mount(read_only: bool) -> Result<(OwnedFd, OwnedFd)> {
    let device = File::options().read(true).write(true).open("/dev/fuse").doing(|| "open /dev/fuse")?;
    let device = OwnedFd::from(device);
    let fuse = FileSystem::new("fuse")?;
    fuse.set("source", "box")?;
    fuse.set("fd", device.as_raw_fd().to_string())?;
    fuse.set("rootmode", "40000")?;
    fuse.set("user_id", "0")?;
    fuse.set("group_id", "0")?;
    // The kernel checks who may do what, for every user of the container.
    fuse.flag("default_permissions")?;
    fuse.flag("allow_other")?;
    let mount = fuse.mount(if read_only { Attributes::READ_ONLY } else { Attributes::none() })?;
    Ok((device, mount))
}
