//! Tries for real what a container needs, for `doctor` and `info`.
//!
//! The job runs where supervisors run, inside the user namespace, and makes the same mounts and the
//! same uplink in namespaces that end with it.

use super::worker::Here;
use crate::container::config::{Network, NetworkMode};
use crate::error::{Doing, Error, Result};
use crate::network;
use crate::store::driver;
use crate::store::fuse;
use crate::store::staging::Staging;
use crate::sys::mount::{Attributes, FileSystem, Propagation, open_place, set_propagation};
use crate::sys::{fd, process, tree, userns};
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// What was tried, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Probe {
    /// (inside, outside, count) of users.
    pub uids: Vec<(u32, u32, u32)>,
    /// (inside, outside, count) of groups.
    pub gids: Vec<(u32, u32, u32)>,
    /// The container's own namespaces.
    pub namespaces: Option<Failure>,
    /// An overlay in the store.
    pub overlay: Option<Failure>,
    /// The same by FUSE, tried where there is no overlay.
    pub fuse: Option<Failure>,
    /// A fresh /proc.
    pub proc: Option<Failure>,
    /// Fresh /sys, /dev, /dev/pts and /dev/mqueue.
    pub others: Option<Failure>,
    /// The default network, connected.
    pub network: Option<Failure>,
}

/// Why something did not work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// The error with its causes.
    pub text: String,
    /// What helps, where the error knows it.
    pub hint: Option<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { text: error.chain(), hint: error.find_hint().map(str::to_string) }
    }
}

/// The job. A crash leaves a staging directory, which the next job sweeps.
///
/// # Errors
/// When nothing can be tried, because the store cannot be written or /proc is missing.
pub fn job(here: &Here, network: &NetworkMode) -> Result<Probe> {
    let maps = userns::IdMaps::current()?;
    let triples =
        |extents: Vec<userns::Extent>| extents.into_iter().map(|e| (e.inside, e.outside, e.count)).collect();
    let mut probe = Probe {
        uids: triples(maps.uids),
        gids: triples(maps.gids),
        namespaces: None,
        overlay: None,
        fuse: None,
        proc: None,
        others: None,
        network: None,
    };
    let staging = Staging::begin(&here.store)?;
    let dir = staging.path("probe");
    for name in ["lower", "upper", "work"] {
        let dir = dir.join(name);
        std::fs::create_dir_all(&dir).doing(|| format!("make {}", dir.display()))?;
    }
    let tried = try_all(&dir, network, &mut probe);
    if probe.overlay.is_some() {
        probe.fuse = fuse::try_out(&dir).err().map(Failure::from);
    }
    tree::remove(&dir)?;
    tried?;
    Ok(probe)
}

fn try_all(dir: &Path, network: &NetworkMode, probe: &mut Probe) -> Result<()> {
    let pipe = || rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).doing(|| "make a pipe");
    let (said, say) = pipe()?;
    let (wait, go) = pipe()?;
    use nix::libc::{CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUTS};
    let namespaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
    let child = match process::spawn(namespaces, || in_child(dir, &say, &wait, &go)) {
        Ok(child) => child,
        Err(error) => {
            probe.namespaces = Some(error.into());
            return Ok(());
        }
    };
    drop(say);
    drop(wait);
    let mut text = String::new();
    File::from(said).read_to_string(&mut text).doing(|| "hear what the mounts gave")?;
    for line in text.lines() {
        let Some((what, text)) = line.split_once('\t') else { continue };
        let failure = Some(Failure { text: text.to_string(), hint: None });
        match what {
            "namespaces" => probe.namespaces = failure,
            "overlay" => probe.overlay = failure,
            "proc" => probe.proc = failure,
            _ => probe.others = failure,
        }
    }
    let netns = format!("/proc/{}/ns/net", process::pid_of(child.pidfd.as_fd())?);
    let netns = rustix::fs::open(&netns, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .doing(|| format!("open {netns}"))?;
    match network::connect(&Network { mode: network.clone(), ..Network::default() }, &[], netns.as_fd()) {
        Ok(uplink) => {
            if let Some(uplink) = uplink.child {
                process::send_signal(uplink.pidfd.as_fd(), nix::libc::SIGKILL)?;
                uplink.wait()?;
            }
        }
        Err(error) => probe.network = Some(error.into()),
    }
    drop(go);
    child.wait()?;
    Ok(())
}

/// Makes the mounts, says which fail, and stays until the network has been tried.
fn in_child(dir: &Path, say: &OwnedFd, wait: &OwnedFd, go: &OwnedFd) -> ! {
    process::die_with_parent(nix::libc::SIGKILL);
    let report = |what: &str, result: Result<()>| {
        if let Err(error) = result {
            let line = format!("{what}\t{}\n", error.chain().replace('\n', " "));
            // If the parent is gone there is nobody left to tell.
            let _ = rustix::io::write(say, line.as_bytes());
        }
    };
    report(
        "namespaces",
        open_place(Path::new("/")).and_then(|root| set_propagation(root.as_fd(), Propagation::Private, true)),
    );
    report("overlay", driver::overlay(dir).map(drop));
    report("proc", make("proc"));
    for kind in ["sysfs", "tmpfs", "devpts", "mqueue"] {
        report("others", make(kind));
    }
    // The parent reads to the end of the one, and we to the end of the other.
    fd::close_in_child(say.as_fd());
    fd::close_in_child(go.as_fd());
    let _ = rustix::io::read(wait, &mut [0; 1]);
    process::exit_now(0)
}

fn make(kind: &str) -> Result<()> {
    FileSystem::new(kind)?.mount(Attributes::NO_SUID.and(Attributes::NO_EXEC)).map(drop)
}
