//! From a request to a container that can be started.

use super::{ids, keep, mounts, pull, reconcile, rm};
use crate::container::config::ContainerConfig;
use crate::container::id::ContainerId;
use crate::container::name::ContainerName;
use crate::container::request::{ContainerRequest, PullPolicy, UserNamespaceRequest};
use crate::container::resolve::{HostFacts, ImageFacts, resolve};
use crate::container::state::State;
use crate::container::volume::VolumeName;
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::image::digest::digits;
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use crate::store::volumes::{self, Volume};
use crate::store::{images, lock::Lock, networks};
use crate::sys::file::{self, Durable};
use crate::sys::userns;
use crate::sys::{limits, random};
use crate::transfer::named;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;

/// Everything that was decided about a container that is not there yet.
#[derive(Debug)]
pub struct Planned {
    config: ContainerConfig,
    name: Option<ContainerName>,
    replace: bool,
    cid_file: Option<std::path::PathBuf>,
    /// The volumes it names, as they are made when they are missing.
    volumes: Vec<Volume>,
    /// Volumes that belong to other containers.
    borrowed: Vec<VolumeName>,
    /// Keeps others from choosing the same ids until the container is there.
    _ids: Option<Lock>,
    /// Keeps the image from being collected until the container refers to it.
    _images: Lock,
}

/// Finds the image, gets it where the request says so, and decides everything; makes nothing.
///
/// # Errors
/// Those of the pull and of [`resolve`]; `Conflict` if the name or the id file is taken.
pub fn plan(settings: &Settings, store: &Store, request: &ContainerRequest) -> Result<Planned> {
    if request.replace && request.name.is_none() {
        return Err(invalid("cannot replace container without --name being set"));
    }
    if let Some(path) = request.cid_file.as_ref().filter(|path| path.exists()) {
        return Err(id_file_exists(path));
    }
    // Before a pull that may take minutes.
    if let Some(name) = request.name.as_ref().filter(|_| !request.replace) {
        containers::name_is_free(store, name)?;
    }
    let mut host = host_facts(settings, store, request)?;
    let id = ContainerId::from_random(random::bytes());
    let now = Timestamp::now();
    let ids;
    let (config, held) = if request.rootfs {
        let held = images::hold(store)?;
        (host.user_namespace, ids) = ids::decide(settings, store, request, &[], &host.containers)?;
        (resolve(request, None, id, now, &host)?, held)
    } else {
        let (image, held) = image(settings, store, request)?;
        keep::note_use(store, &image.id);
        let name = name_to_record(&image, &request.image);
        let chain = image.chain();
        (host.user_namespace, ids) = ids::decide(settings, store, request, &chain, &host.containers)?;
        let facts = ImageFacts {
            name: &name,
            id: &image.id,
            digest: Some(&image.manifest),
            layers: &chain,
            config: &image.config,
        };
        (resolve(request, Some(facts), id, now, &host)?, held)
    };
    Ok(Planned {
        config,
        name: request.name.clone(),
        replace: request.replace,
        cid_file: request.cid_file.clone(),
        volumes: mounts::wanted(request),
        borrowed: mounts::borrowed(&host.mounts),
        _ids: ids,
        _images: held,
    })
}

impl Planned {
    /// `--requires`: starts the containers that it needs.
    ///
    /// # Errors
    /// When one of them does not start.
    pub fn start_required(&self, settings: &Settings, store: &Store) -> Result<()> {
        super::start::start_required(settings, store, &self.config)
    }

    /// `--replace`: removes the container that has the name, which may take its stop timeout.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn make_room(&self, settings: &Settings, store: &Store) -> Result<()> {
        match (&self.name, self.replace) {
            (Some(name), true) => make_room(settings, store, name),
            _ => Ok(()),
        }
    }

    /// Makes the container, in place of another one with its name if that is wished.
    ///
    /// A crash leaves what `store::containers` says, that is the container or none; one without some of
    /// its volumes, which its start makes; or one whose id is not in the `--cidfile` yet.
    ///
    /// # Errors
    /// `Conflict` if the name is in use; nothing is left behind.
    pub fn make(self, settings: &Settings, store: &Store) -> Result<Entry> {
        self.make_room(settings, store)?;
        // Until it refers to its volumes and they are there, nobody may take them for unused.
        let has_volumes = self.config.mounts.iter().any(|mount| mount.volume().is_some());
        let held = if has_volumes { Some(volumes::hold(store)?) } else { None };
        let name = match &self.name {
            Some(name) => {
                containers::create(store, &self.config, name)?;
                name.clone()
            }
            None => create_with_a_free_name(store, &self.config)?,
        };
        let entry = Entry {
            id: self.config.id.clone(),
            name,
            config: self.config,
            state: State::Created,
            lock_held: false,
        };
        let mut made = Vec::new();
        if let Err(error) =
            mounts::make_volumes(store, &entry.config, self.volumes, &self.borrowed, &mut made)
        {
            drop(held);
            rm::remove(settings, store, &entry)?;
            volumes::discard_unused(store, &made)?;
            rm::empty_trash(settings, store);
            return Err(error);
        }
        drop(held);
        if let Some(path) = &self.cid_file {
            let written = file::create_new(path, entry.id.as_str().as_bytes(), Durable::No);
            if let Err(error) = written {
                rm::remove(settings, store, &entry)?;
                rm::remove_volumes(store, &entry.config)?;
                rm::empty_trash(settings, store);
                return Err(if path.exists() { id_file_exists(path) } else { error });
            }
        }
        Ok(entry)
    }
}

/// Makes a container that can be started.
///
/// # Errors
/// As [`plan`] and [`Planned::make`].
pub fn create(settings: &Settings, store: &Store, request: &ContainerRequest) -> Result<ContainerId> {
    Ok(plan(settings, store, request)?.make(settings, store)?.id)
}

/// The image that the request names, pulled if that is needed and allowed.
fn image(settings: &Settings, store: &Store, request: &ContainerRequest) -> Result<(images::Image, Lock)> {
    let wanted = &request.pull;
    let held = images::hold(store)?;
    if wanted.policy == PullPolicy::Missing
        && wanted.platform.is_none()
        && let Some(image) = named::find_to_run(store, &request.image)?
    {
        pull::complete(settings, store, &image)?;
        return Ok((image, held));
    }
    let mut pull = pull::PullRequest::new(&request.image, wanted.policy);
    pull.platform = wanted.platform.as_deref().map(str::parse).transpose()?;
    pull.quiet = wanted.quiet;
    pull.registry = wanted.registry.clone();
    // The lock is shared, so the pull goes on under it.
    let id = pull::pull(settings, store, &pull)?;
    match images::find(store, id.hex())? {
        Some(image) => {
            pull::complete(settings, store, &image)?;
            Ok((image, held))
        }
        None => Err(images::unknown(&request.image)),
    }
}

/// The full name the image was found under, or what was typed for an id.
fn name_to_record(image: &images::Image, typed: &str) -> String {
    let hex = digits(typed);
    let by_id = image.id.hex().starts_with(hex);
    let has_tag = typed.contains('@') || typed.rsplit('/').next().is_some_and(|last| last.contains(':'));
    let tagged = if has_tag { typed.to_string() } else { format!("{typed}:latest") };
    // The order in which a name without a registry is looked for.
    let rank = |name: &str| {
        let untagged = name.rsplit_once(':').map_or(name, |(before, _)| before);
        let ends = |name: &str, end: &str| name == end || name.ends_with(&format!("/{end}"));
        match name {
            _ if name == format!("localhost/{tagged}") => Some(0),
            _ if name == format!("docker.io/library/{tagged}") => Some(1),
            _ if ends(name, &tagged) => Some(2),
            _ if ends(untagged, typed) => Some(3),
            _ => None,
        }
    };
    let names = image.names.iter().map(ToString::to_string);
    let matching = names.filter_map(|name| Some((rank(&name)?, name))).min().map(|(_, name)| name);
    match matching {
        Some(name) => name,
        None if by_id && image.names.is_empty() => typed.to_string(),
        None => image.display_name(),
    }
}

/// Makes up names until one is free.
fn create_with_a_free_name(store: &Store, config: &ContainerConfig) -> Result<ContainerName> {
    loop {
        let name = ContainerName::generated(random::number());
        match containers::create(store, config, &name) {
            Ok(()) => return Ok(name),
            Err(error)
                if error.kind() == Kind::Conflict && containers::find(store, name.as_str()).is_ok() => {}
            Err(error) => return Err(error),
        }
    }
}

/// `--replace`: removes the container that has the name.
fn make_room(settings: &Settings, store: &Store, name: &ContainerName) -> Result<()> {
    match containers::find(store, name.as_str()) {
        Ok(id) => {
            // An id that begins like the name is not meant.
            if let Some(entry) = reconcile::look(settings, store, &id)?.filter(|entry| entry.name == *name) {
                rm::remove_by_force(settings, store, &entry, None).doing(|| format!("replace {name}"))?;
                rm::empty_trash(settings, store);
            }
            Ok(())
        }
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

fn id_file_exists(path: &Path) -> Error {
    Error::new(
        Kind::Conflict,
        format!(
            "container id file exists. Ensure another container is not using it or delete {}",
            path.display()
        ),
    )
}

/// What [`resolve`] wants to know of this host.
fn host_facts(settings: &Settings, store: &Store, request: &ContainerRequest) -> Result<HostFacts> {
    ids::check(&request.namespaces.user)?;
    let keeps_ids = matches!(request.namespaces.user, UserNamespaceRequest::KeepId { .. });
    let own = (nix::unistd::getuid().as_raw(), nix::unistd::getgid().as_raw());
    let mut hard_limits = BTreeMap::new();
    for (name, _) in limits::NAMES {
        hard_limits.insert(name.to_string(), limits::get(name)?.1);
    }
    let mut named = BTreeMap::new();
    for text in request.named_containers() {
        named.insert(text.to_string(), reconcile::find(settings, store, text)?.id);
    }
    let mut networks = BTreeMap::new();
    for text in request.named_networks() {
        networks.insert(text.to_string(), networks::find(store, text)?.name);
    }
    let mounts = mounts::facts(store, request, &named)?;
    let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Ok(HostFacts {
        hostname,
        env: std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        // One that is gone matters only to those who name a relative path.
        cwd: std::env::current_dir().ok(),
        hard_limits,
        may_raise_limits: may_raise_limits(),
        processors: processors(),
        last_capability: last_capability(),
        storage: settings.storage,
        ids: own,
        user_namespace: None,
        user_name: if keeps_ids { userns::user_name(own.0).unwrap_or_default() } else { String::new() },
        containers: named,
        networks,
        mounts,
    })
}

/// CAP_SYS_RESOURCE in the first user namespace: root in a container does not have it.
fn may_raise_limits() -> bool {
    if !nix::unistd::geteuid().is_root() {
        return false;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    let first = std::fs::read_to_string("/proc/self/uid_map").is_ok_and(|map| map.contains("4294967295"));
    // CAP_SYS_RESOURCE is number 24.
    first && bits & (1 << 24) != 0
}

/// How many processors there may be, whichever of them we may use: each has a directory in /sys.
///
/// Source: sysfs, devices/system/cpu/possible (`0-7`, or `0`).
fn processors() -> u32 {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
    let last = text.trim().rsplit([',', '-']).next().and_then(|last| last.parse::<u32>().ok());
    last.map_or(1, |last| last.saturating_add(1))
}

fn last_capability() -> u8 {
    let text = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap_or_default();
    // 40 is CHECKPOINT_RESTORE, the last one of Linux 5.9 and later.
    text.trim().parse().unwrap_or(40)
}
