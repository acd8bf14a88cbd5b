//! `cp`: files between the host and containers.
//!
//! A worker inside the user namespace does it all, without an archive in between. A running
//! container's files are what its first process sees, mounts included; a stopped one's are mounted
//! in the worker's own mount namespace, under the container's lock. Paths in a container are
//! resolved by the kernel below its root, and from there on everything goes by descriptors: a
//! container that exchanges its files meanwhile harms its own copy only.

mod archive;
mod place;

use super::worker::{self, Here};
use super::{reconcile, start};
use crate::container::config::ContainerConfig;
use crate::container::id::ContainerId;
use crate::container::idmap;
use crate::container::state::{State, Status};
use crate::container::volume::VolumeName;
use crate::container::volume::driver::Backing;
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::sandbox::{account, assemble};
use crate::settings::Settings;
use crate::store::containers;
use crate::store::layout::Store;
use crate::store::volumes;
use crate::supervisor::bundle;
use crate::sys::copy::{Copier, Existing, Owner, Skipped};
use crate::sys::path::RootFd;
use crate::sys::userns::IdMaps;
use crate::transfer::outlet;
use place::{Source, Target};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// One side of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// An absolute path of the host, as it was typed.
    Host(PathBuf),
    /// A path in a container, as it was typed: from its root, with or without the slash.
    Container(ContainerId, String),
    /// An archive on standard input or output.
    Stream,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Host(path) => write!(f, "{}", path.display()),
            End::Container(id, path) => write!(f, "{}:{path}", id.short()),
            End::Stream => write!(f, "-"),
        }
    }
}

/// How it is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct How {
    /// Owners stay; otherwise what comes to a container is its user's, and what comes to the host is
    /// the caller's.
    pub keep_owners: bool,
    /// A directory may take the place of a file, and the other way round.
    pub overwrite: bool,
    /// Tells how far it is.
    pub progress: bool,
}

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Sockets.
    pub sockets: u64,
    /// Devices.
    pub devices: u64,
}

impl From<Skipped> for LeftOut {
    fn from(skipped: Skipped) -> LeftOut {
        LeftOut { sockets: skipped.sockets, devices: skipped.devices }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    from: End,
    to: End,
    how: How,
}

/// Reads a word of the command line: `CONTAINER:PATH`, a path of the host, or `-`.
///
/// # Errors
/// `NotFound` if there is no such container.
pub fn end(settings: &Settings, store: &Store, word: &str) -> Result<End> {
    if word == "-" {
        return Ok(End::Stream);
    }
    let here = || -> Result<End> {
        let cwd = std::env::current_dir().doing(|| "find the current directory")?;
        // As text: `join` keeps the trailing `/.` that means the content.
        Ok(End::Host(cwd.join(word)))
    };
    // As docker and podman: a path of the host with a colon begins with a dot or a slash.
    match word.split_once(':') {
        Some((name, path)) if !word.starts_with(['/', '.']) && !name.contains('/') => {
            if path.is_empty() {
                return Err(
                    invalid(format!("{word:?}: you must specify paths")).hint("as in web:/etc/nginx.conf")
                );
            }
            let entry = reconcile::find(settings, store, name)?;
            Ok(End::Container(entry.id, path.to_string()))
        }
        _ => here(),
    }
}

/// Copies.
///
/// An error half way leaves the files that were copied until then, each of them whole; a crash may
/// leave one incomplete.
///
/// # Errors
/// `Invalid` when neither side is a container; `NotFound` for a path that is not there.
pub fn copy(settings: &Settings, store: &Store, from: End, to: End, how: How) -> Result<LeftOut> {
    if !matches!(from, End::Container(..)) && !matches!(to, End::Container(..)) {
        return Err(invalid(
            "copying between two local paths is not supported: one of them is CONTAINER:PATH",
        ));
    }
    for side in [&from, &to] {
        if let End::Container(id, _) = side
            && let Some(entry) = reconcile::look(settings, store, id)?
        {
            // One that is just ending would be neither running nor free.
            start::surely(settings, store, &entry)?;
        }
    }
    worker::call(settings, "copy", &Job { from, to, how })
}

/// The worker's part of [`copy`].
///
/// # Errors
/// As there.
pub(super) fn job(here: &Here, job: Job) -> Result<LeftOut> {
    let mut sides = Sides { here, known: BTreeMap::new(), locks: Vec::new(), unshared: false };
    // Mounted before anything is opened: a namespace of our own is a copy of the one before.
    for end in [&job.from, &job.to] {
        sides.prepare(end)?;
    }
    let mut told = Told::new(job.how.progress);
    let mut progress = |bytes, files| told.more(bytes, files);
    let owner = match (&job.to, job.how.keep_owners) {
        (_, true) => Owner::Keep,
        (End::Container(id, _), false) => sides.user_of(id)?,
        _ => Owner::Give { uid: 0, gid: 0 },
    };
    let existing = if job.how.overwrite { Existing::Overwrite } else { Existing::Merge };
    let result = match (&job.from, &job.to) {
        (End::Stream, End::Container(id, path)) => {
            let from = std::io::stdin().lock();
            archive::extract(sides.root(id)?, path, owner, existing, from).map(|()| LeftOut::default())
        }
        (from, End::Stream) => {
            let source = sides.source(from)?;
            outlet::to_file(None, |out| archive::write(&source, out)).map(LeftOut::from)
        }
        (from, to) => {
            let source = sides.source(from)?;
            let target = sides.target(to, &source)?;
            let mut copier = Copier::new(owner, existing).telling(&mut progress);
            place::copy(&mut copier, &source, &target).doing(|| format!("write to {to}"))?;
            Ok(LeftOut::from(copier.skipped()))
        }
    };
    told.finish();
    result
}

/// A volume's content and an archive: the worker's part of [`export_volume`] and [`import_volume`].
#[derive(Serialize, Deserialize)]
pub(super) struct VolumeJob {
    volume: VolumeName,
    /// A path of the host; standard input or output if `None`.
    archive: Option<PathBuf>,
}

/// Writes what is in a volume to an archive.
///
/// # Errors
/// `NotFound` if it is not there; `Unsupported` for one that is not in the store.
pub fn export_volume(
    settings: &Settings,
    store: &Store,
    name: &VolumeName,
    to: Option<PathBuf>,
) -> Result<LeftOut> {
    let _held = volumes::hold(store)?;
    volume_files(store, name)?;
    worker::call(settings, "export-volume", &VolumeJob { volume: name.clone(), archive: to })
}

/// Adds what is in an archive, compressed or not, to a volume; owners stay as they are in it.
///
/// A crash, or an error half way, leaves what was read until then.
///
/// # Errors
/// As [`export_volume`]; `Invalid` for a damaged archive; `Denied` for a volume that is read-only.
pub fn import_volume(
    settings: &Settings,
    store: &Store,
    name: &VolumeName,
    from: Option<PathBuf>,
) -> Result<()> {
    let _held = volumes::hold(store)?;
    volume_files(store, name)?;
    if matches!(volumes::get(store, name)?.asked()?.backing, Backing::Directory { options, .. } if options.contains(&"ro".to_string()))
    {
        let text = format!("the volume {name} is read-only");
        return Err(Error::new(Kind::Denied, text).hint("it was made with -o o=bind,ro"));
    }
    worker::call(settings, "import-volume", &VolumeJob { volume: name.clone(), archive: from })
}

/// Where the files of a volume are while no container runs.
///
/// # Errors
/// `NotFound` if it is not there; `Unsupported` for one that is only in memory then.
pub fn volume_files(store: &Store, name: &VolumeName) -> Result<PathBuf> {
    match volumes::get(store, name)?.asked()?.backing {
        Backing::Store => Ok(volumes::data(store, name)),
        Backing::Directory { path, .. } => Ok(path),
        Backing::Tmpfs(_) => Err(Error::new(
            Kind::Unsupported,
            format!("the volume {name} is a tmpfs: it is only there in containers that run"),
        )
        .hint("box cp reads and writes it in one of them")),
    }
}

pub(super) fn export_job(here: &Here, job: &VolumeJob) -> Result<LeftOut> {
    let root = RootFd::open(&volume_files(&here.store, &job.volume)?)?;
    let source = Source::open(&root, Path::new("/."), "the volume")?;
    outlet::to_file(job.archive.as_deref(), |out| archive::write(&source, out)).map(LeftOut::from)
}

pub(super) fn import_job(here: &Here, job: &VolumeJob) -> Result<()> {
    let root = RootFd::open(&volume_files(&here.store, &job.volume)?)?;
    let (owner, existing) = (Owner::Keep, Existing::Overwrite);
    match &job.archive {
        None => archive::extract(&root, "/", owner, existing, std::io::stdin().lock()),
        Some(path) => {
            let file = std::fs::File::open(path).doing(|| format!("read {}", path.display()))?;
            archive::extract(&root, "/", owner, existing, file)
        }
    }
}

/// The roots of the containers that take part.
struct Sides<'a> {
    here: &'a Here,
    known: BTreeMap<ContainerId, (RootFd, ContainerConfig)>,
    locks: Vec<OwnedFd>,
    unshared: bool,
}

impl Sides<'_> {
    fn prepare(&mut self, end: &End) -> Result<()> {
        let End::Container(id, _) = end else { return Ok(()) };
        if self.known.contains_key(id) {
            return Ok(());
        }
        let store = &self.here.store;
        let until = Instant::now() + Duration::from_secs(5);
        let (root, config) = loop {
            let entry = containers::get(store, id)?;
            if let (State::Started(started), Status::Running) = (&entry.state, entry.status()) {
                let gone = || Error::new(Kind::Conflict, format!("container {} has just ended", entry.name));
                // The descriptor of the process first: what is opened then is surely that one's.
                let process = reconcile::process_of(&started.init)?.ok_or_else(gone)?;
                let root = RootFd::open(Path::new(&format!("/proc/{}/root", started.init.pid)))
                    .doing(|| format!("open the root of container {}", entry.name))?;
                if reconcile::process_of(&started.init)?.is_none() {
                    return Err(gone());
                }
                drop(process);
                break (root, entry.config);
            }
            let Some(lock) = containers::take_lock(store, id)? else {
                if Instant::now() > until {
                    return Err(Error::new(
                        Kind::Conflict,
                        format!("container {} is being started", entry.name),
                    ));
                }
                // On its way there or out.
                std::thread::sleep(Duration::from_millis(2));
                continue;
            };
            self.locks.push(lock);
            if !self.unshared {
                assemble::begin()?;
                self.unshared = true;
            }
            let spec = bundle::files(store, &entry.config, &IdMaps::current()?)?;
            // It dies with us, when nothing is mounted any more.
            let served = bundle::serve(&spec)?;
            let root = assemble::assemble(&spec, served.as_ref().map(|served| &served.mount))
                .doing(|| format!("mount the files of container {}", entry.name))?;
            break (root, entry.config);
        };
        self.known.insert(id.clone(), (root, config));
        Ok(())
    }

    fn side(&self, id: &ContainerId) -> Result<&(RootFd, ContainerConfig)> {
        self.known.get(id).ok_or_else(|| containers::no_such(id.as_str()))
    }

    fn root(&self, id: &ContainerId) -> Result<&RootFd> {
        self.side(id).map(|(root, _)| root)
    }

    /// The container's user, as ids that we can set.
    fn user_of(&self, id: &ContainerId) -> Result<Owner<'static>> {
        let (root, config) = self.side(id)?;
        // No command is meant here.
        let account = account::look_up(root, &config.process.user, &[])
            .map_err(|error| error.with_kind(Kind::Invalid))?;
        let (mut uid, mut gid) = (account.uid, account.gid);
        if let Some(maps) = idmap::nested(&config.namespaces.user, &IdMaps::current()?)? {
            let none = || invalid(format!("the user {:?} has no id in the container", config.process.user));
            uid = idmap::outward(&maps.uids, uid).ok_or_else(none)?;
            gid = idmap::outward(&maps.gids, gid).ok_or_else(none)?;
        }
        Ok(Owner::Give { uid, gid })
    }

    fn source(&self, end: &End) -> Result<Source> {
        match end {
            End::Host(path) => Source::open(&RootFd::open(Path::new("/"))?, path, "the host"),
            End::Container(id, path) => {
                Source::open(self.root(id)?, Path::new(path), &format!("container {}", id.short()))
            }
            End::Stream => Err(invalid("an archive on standard input goes to a container's directory")),
        }
    }

    fn target(&self, end: &End, source: &Source) -> Result<Target> {
        match end {
            End::Host(path) => Target::open(&RootFd::open(Path::new("/"))?, path, "the host", source),
            End::Container(id, path) => {
                Target::open(self.root(id)?, Path::new(path), &format!("container {}", id.short()), source)
            }
            End::Stream => Err(invalid("an archive is written to standard output only")),
        }
    }
}

/// Tells on a terminal how far a long copy is.
struct Told {
    bar: Option<indicatif::ProgressBar>,
    since: Instant,
    bytes: u64,
    files: u64,
    shown: Instant,
}

impl Told {
    fn new(wanted: bool) -> Told {
        let bar = wanted.then(|| {
            let target = indicatif::ProgressDrawTarget::stderr_with_hz(8);
            let style = indicatif::ProgressStyle::with_template("Copying: {binary_bytes}, {msg}");
            let bar = indicatif::ProgressBar::with_draw_target(None, target);
            bar.with_style(style.expect("the template is a constant"))
        });
        let now = Instant::now();
        Told { bar, since: now, bytes: 0, files: 0, shown: now }
    }

    fn more(&mut self, bytes: u64, files: u64) {
        (self.bytes, self.files) = (self.bytes + bytes, self.files + files);
        let Some(bar) = &self.bar else { return };
        // Short copies say nothing.
        if self.since.elapsed() > Duration::from_millis(700)
            && self.shown.elapsed() > Duration::from_millis(120)
        {
            self.shown = Instant::now();
            bar.set_position(self.bytes);
            bar.set_message(format!("{} files", self.files));
        }
    }

    fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
