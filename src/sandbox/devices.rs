//! What is in /dev: nodes bound from the host, links, the pty.

use super::step::{Walker, message};
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sys::path::{RootFd, Want};
use crate::sys::{fd, mount, tty};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::pty::OpenptFlags;
use std::os::fd::AsFd;
use std::path::Path;

/// The nodes that every container has: path, major, minor.
pub const USUAL: [(&str, u32, u32); 6] = [
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
];

/// Makes a symlink unless something is there.
pub(super) fn link(root: &RootFd, at: &Path, to: &Path) -> Result<()> {
    let (Some(directory), Some(name)) = (at.parent(), at.file_name()) else {
        return Err(failed(format!("{} is no place for a link", at.display())));
    };
    let directory = root.at(directory, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
    match rustix::fs::symlinkat(to, &directory, name) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno).doing(|| format!("link {} to {}", at.display(), to.display())),
    }
}

/// Binds a node of the host, which must be the device that is meant.
pub(super) fn device(root: &RootFd, path: &Path, numbers: (u32, u32)) -> Result<()> {
    let node = mount::open_place(path)?;
    let stat = rustix::fs::fstat(&node).doing(|| format!("look at {}", path.display()))?;
    let there = (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
    if !FileType::from_raw_mode(stat.st_mode).is_char_device() || there != numbers {
        return Err(failed(format!(
            "{} of the host is not the device {}:{}",
            path.display(),
            numbers.0,
            numbers.1
        )));
    }
    let tree = mount::clone_tree_at(node.as_fd(), false)?;
    root.make_place(path, Want::File)?;
    // A volume over /dev may hold links, which would put our mounts elsewhere. (CVE-2025-31133)
    let place = root.at_no_links(path, OFlags::PATH, Mode::empty())?;
    mount::attach(tree.as_fd(), place.as_fd()).doing(|| format!("bind {}", path.display()))
}

/// Binds every node of the host's /dev that is not part of what a container has of its own.
pub(super) fn all(root: &RootFd) -> Result<()> {
    const OWN: [&str; 10] =
        ["console", "core", "fd", "mqueue", "ptmx", "pts", "shm", "stderr", "stdin", "stdout"];
    let dev = Path::new("/dev");
    for entry in std::fs::read_dir(dev).doing(|| "list /dev")? {
        let entry = entry.doing(|| "list /dev")?;
        let path = entry.path();
        let name = entry.file_name();
        let own =
            OWN.iter().any(|own| name == **own) || USUAL.iter().any(|(usual, _, _)| path == Path::new(usual));
        use std::os::unix::fs::FileTypeExt;
        let device = entry.file_type().is_ok_and(|kind| kind.is_char_device() || kind.is_block_device());
        // The host's consoles are the host's: only real devices are handed on.
        let console = name.to_str().is_some_and(|name| {
            let rest = name.strip_prefix("tty").or_else(|| name.strip_prefix("vcs"));
            rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
        });
        if own || !device || console {
            continue;
        }
        // A node that vanished or cannot be bound is one that the user cannot have.
        let _ = mount::clone_tree(&path, false).and_then(|tree| {
            let place = root.make_place(&path, Want::File)?;
            mount::attach(tree.as_fd(), place.as_fd())
        });
    }
    Ok(())
}

/// Opens a pty in the container's own devpts, hands the master to the one who launches, and makes
/// the slave our terminal and /dev/console.
pub(super) fn terminal(w: &mut Walker<'_>) -> Result<()> {
    let root = w.root()?;
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let master = root.at_no_links(Path::new("/dev/pts/ptmx"), flags, Mode::empty()).map_err(|error| {
        match error.kind() {
            Kind::NotFound => failed("the container has no /dev/pts, so it can have no terminal"),
            _ => error,
        }
    })?;
    // By ioctl, not by a path in the container. (CVE-2025-52565)
    rustix::pty::unlockpt(&master).doing(|| "unlock the pty")?;
    let slave = rustix::pty::ioctl_tiocgptpeer(
        &master,
        OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC,
    )
    .doing(|| "open the pty's other end")?;
    if let Some(size) = w.size {
        tty::set_window_size(&master, size).doing(|| "set the pty's size")?;
    }
    if let Ok(dev) = root.at_no_links(Path::new("/dev"), OFlags::PATH, Mode::empty()) {
        // In exec the console is the first process's.
        let console = rustix::fs::statat(&dev, c"console", AtFlags::SYMLINK_NOFOLLOW);
        if matches!(console, Err(rustix::io::Errno::NOENT)) {
            let place = root.make_place(Path::new("/dev/console"), Want::File)?;
            let tree = mount::clone_tree_at(slave.as_fd(), false)?;
            mount::attach(tree.as_fd(), place.as_fd()).doing(|| "bind /dev/console")?;
        }
    }
    fd::send_fd(w.report.as_fd(), &[message::READY + 1], master.as_fd())
        .map_err(Error::from)
        .doing(|| "hand over the pty")?;
    rustix::process::ioctl_tiocsctty(&slave).doing(|| "make the pty our terminal")?;
    for number in 0..3 {
        fd::replace_stdio(slave.as_fd(), number)?;
    }
    w.terminal = Some(slave);
    Ok(())
}
