//! Everything a launch needs on disk, and the spec that names it.

use super::links;
use super::sources;
use crate::container::bridge::Attachment;
use crate::container::config::{ContainerConfig, Namespace, NetworkMode, Rootfs, UserNamespace};
use crate::container::id::ContainerId;
use crate::container::idmap;
use crate::container::state::State;
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::image::digest::ChainId;
use crate::network;
use crate::network::hosts::{self, Own};
use crate::oci::lower::{self, LowerInput};
use crate::oci::spec::Spec;
use crate::settings::StorageDriver;
use crate::store::fuse::{self, Served};
use crate::store::layout::Store;
use crate::store::stack::Stack;
use crate::store::{containers, driver, layers, mapped, networks, places};
use crate::sys::tree;
use crate::sys::userns::{IdMaps, InUserNs};
use rustix::fs::{FileType, OFlags, StatVfsMountFlags};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Writes the container's identity files and makes its spec; `maps` are those of our user namespace.
///
/// We are inside the user namespace and hold the container's lock. A crash leaves some of the files as
/// they were; the next start writes all of them.
///
/// # Errors
/// `NotFound` when a layer is gone; `Conflict` when a container it shares a namespace with does not run.
pub fn make(
    store: &Store,
    config: &ContainerConfig,
    maps: &IdMaps,
    attachments: &[Attachment],
) -> Result<Spec> {
    let directory = store.container(&config.id);
    let name = containers::name(store, &config.id)?;
    let inits = peers(store, config)?;
    let peer = match &config.network.mode {
        // One that does not run is refused by `lower`, in words that say so.
        NetworkMode::Container(id) => inits.contains_key(id).then(|| store.container(id)),
        _ => None,
    };
    let linked = links::resolve(store, config, attachments)?;
    let own = Own { links: linked, ..resolver(store, config, attachments)? };
    network::hosts::write_files(&directory, config, &name, peer.as_deref(), &own)?;
    let mut config = config.clone();
    config.process.env = links::environment(store, &config, &own.links)?;
    let config = &config;
    let write = |file: &str, text: &str| {
        let path = directory.join(file);
        std::fs::write(&path, text).doing(|| format!("write {}", path.display()))
    };
    // Empty, as podman's: its presence alone says that this is a container.
    write("containerenv", "")?;
    if let Some(zone) = &config.identity.timezone {
        copy_zone(zone, &directory.join("localtime"))?;
    }
    let nested = idmap::nested(&config.namespaces.user, maps)?;
    let single_id = maps.is_single();
    if single_id {
        write(lower::APT_CONFIG_FILE, lower::APT_CONFIG_TEXT)?;
    }
    if let Some(maps) = &nested {
        hand_over(&directory, maps)?;
    }
    let input = LowerInput {
        last_gid: last_gid(nested.as_ref().unwrap_or(maps)),
        fixed_knobs: has_fixed_knobs(),
        inits,
        volatile: config.ending.remove,
        ..files_only(store, config, &directory, nested.as_ref(), single_id)?
    };
    lower::lower(config, &input)
}

/// Copies a time zone of the host: the image may have none.
fn copy_zone(zone: &str, to: &Path) -> Result<()> {
    let from = network::hosts::zone_file(zone).ok_or_else(|| {
        Error::new(Kind::NotFound, format!("the host has no time zone {zone:?} any more"))
            .hint("zones come with the package tzdata")
    })?;
    let copied = std::fs::read(&from).and_then(|bytes| std::fs::write(to, bytes));
    copied.doing(|| format!("copy {} to {}", from.display(), to.display()))?;
    // Whatever our umask is, the container's users must be able to read it.
    std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o644))
        .doing(|| format!("open {}", to.display()))
}

/// Makes a spec of the files of a container that does not run, without anything that is only made for
/// a start.
///
/// We are inside the user namespace and hold the container's lock.
///
/// # Errors
/// As [`make`].
pub fn files(store: &Store, config: &ContainerConfig, maps: &IdMaps) -> Result<Spec> {
    let directory = store.container(&config.id);
    let nested = idmap::nested(&config.namespaces.user, maps)?;
    lower::files(config, &files_only(store, config, &directory, nested.as_ref(), maps.is_single())?)
}

/// What is known of a container's files, without anything that is only there for a start.
fn files_only<'a>(
    store: &Store,
    config: &ContainerConfig,
    directory: &'a Path,
    nested: Option<&'a IdMaps>,
    single_id: bool,
) -> Result<LowerInput<'a>> {
    freshen(directory, config)?;
    let (copied, layers, served) = root(store, config, nested)?;
    Ok(LowerInput {
        container: directory,
        layers,
        copied,
        served,
        places: sources::places(store, config)?,
        single_id,
        last_gid: 0,
        fixed_knobs: false,
        nested,
        inits: BTreeMap::new(),
        volatile: false,
    })
}

/// A container with --rm that was started before: the kernel mounts an overlay that was volatile only
/// with a fresh work directory (overlayfs.rst, "Volatile mount"). Its own half is all that goes.
fn freshen(directory: &Path, config: &ContainerConfig) -> Result<()> {
    let used = directory.join("work/work");
    if config.ending.remove && used.join("incompat").exists() {
        tree::remove(&used)?;
    }
    Ok(())
}

/// Gives the container's root what it has to own in a user namespace of its own.
fn hand_over(directory: &Path, maps: &IdMaps) -> Result<()> {
    let root = (idmap::outward(&maps.uids, 0), idmap::outward(&maps.gids, 0));
    for name in ["diff", "resolv.conf", "hosts", "hostname", "containerenv", "localtime"] {
        let path = directory.join(name);
        match std::os::unix::fs::chown(&path, root.0, root.1) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                return Err(cause).doing(|| format!("give {} to the container's root", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a container in networks resolves names by; empty in other modes.
pub(super) fn resolver(store: &Store, config: &ContainerConfig, attachments: &[Attachment]) -> Result<Own> {
    let mut own = Own { attachments: attachments.to_vec(), ..Own::default() };
    if config.identity.base_hosts.as_deref() == Some(Path::new(hosts::OF_IMAGE)) {
        own.image_hosts = image_hosts(store, config)?;
    }
    let read = attachments.iter().map(|attachment| networks::get(store, &attachment.network));
    let all = read.collect::<Result<Vec<_>>>()?;
    for network in &all {
        own.inside.extend(network.subnets.iter().map(|of| of.subnet));
        own.inside.push(network::bridge::uplink_subnet(network));
    }
    // The first one's: others would be asked only if it does not answer. It knows the names of all
    // networks that the container is in.
    if let Some(attachment) = attachments.iter().find(|attachment| attachment.dns) {
        own.servers.extend(attachment.ip4.map(|(.., gateway)| IpAddr::from(gateway)));
        own.servers.extend(attachment.ip6.map(|(.., gateway)| IpAddr::from(gateway)));
    } else if let Some((_, network)) = attachments.iter().zip(&all).find(|(attachment, _)| attachment.uplink)
    {
        own.servers = network.dns_servers.clone();
        if own.servers.is_empty() {
            own.servers.push(network::bridge::uplink_address(network, 3).into());
        }
    }
    Ok(own)
}

/// The text of the image's /etc/hosts; empty if it has none, or something else there.
fn image_hosts(store: &Store, config: &ContainerConfig) -> Result<String> {
    let directories: Vec<PathBuf> = match &config.rootfs {
        Rootfs::Layers(chain) => chain.iter().rev().map(|layer| layers::diff(store, layer)).collect(),
        Rootfs::Directory(directory) => vec![directory.clone()],
    };
    let (stack, path) = (Stack::open(&directories)?, b"etc/hosts");
    let found = stack.lookup(0, path)?.filter(|found| found.kind() == FileType::RegularFile);
    let flags = OFlags::RDONLY | OFlags::NONBLOCK;
    let Some(file) = found.map(|found| stack.open_at(found.layer, path, flags)).transpose()?.flatten() else {
        return Ok(String::new());
    };
    let mut bytes = Vec::new();
    let limit = hosts::LONGEST as u64 + 1;
    File::from(file).take(limit).read_to_end(&mut bytes).doing(|| "read the image's /etc/hosts")?;
    if bytes.len() > hosts::LONGEST {
        return Err(failed(format!("the image's /etc/hosts is longer than {} bytes", hosts::LONGEST)));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The directory with a copy of the layers, or the layers to mount, lowest first, and whether a server
/// of ours is to put them together.
fn root(
    store: &Store,
    config: &ContainerConfig,
    nested: Option<&IdMaps>,
) -> Result<(Option<PathBuf>, Vec<PathBuf>, bool)> {
    let Rootfs::Layers(chain) = &config.rootfs else { return Ok((None, Vec::new(), false)) };
    let inside = InUserNs::verify()?;
    let copied = driver::copied(store, &config.id).is_dir();
    let chosen = if copied { StorageDriver::Vfs } else { driver::choose(store, config.storage, &inside)? };
    if chosen == StorageDriver::Vfs {
        return Ok((Some(driver::copy(store, config, chain, nested, &inside)?), Vec::new(), false));
    }
    let layers = layer_directories(store, config, chain, nested)?;
    Ok((None, layers, chosen == StorageDriver::Fuse))
}

/// Starts the server of the root of `spec`, if it wants one. We have one thread.
///
/// # Errors
/// As [`fuse::serve`].
pub fn serve(spec: &Spec) -> Result<Option<Served>> {
    let Some(root) = spec.mounts.iter().find(|mount| mount.destination == "/" && mount.kind == "fuse") else {
        return Ok(None);
    };
    let mut order = fuse::Order::default();
    let (mut upper, mut work) = (None, None);
    for option in &root.options {
        match option.split_once('=') {
            Some(("lowerdir+", path)) => order.lower.push(path.into()),
            Some(("upperdir", path)) => upper = Some(PathBuf::from(path)),
            Some(("workdir", path)) => work = Some(PathBuf::from(path)),
            _ => order.volatile |= option == "volatile",
        }
    }
    order.upper = upper.zip(work);
    fuse::serve(&order).map(Some)
}

/// So many directories can lie in an overlay (Linux 6.18, "limit is 500").
const MOST_LAYERS: usize = 500;

fn layer_directories(
    store: &Store,
    config: &ContainerConfig,
    chain: &[ChainId],
    nested: Option<&IdMaps>,
) -> Result<Vec<PathBuf>> {
    let mut directories = Vec::with_capacity(chain.len() + 1);
    let identity = &config.identity;
    let left_out = identity.no_hosts || identity.no_hostname || identity.keep_resolv_conf;
    if !left_out && nested.is_none() && chain.len() < MOST_LAYERS {
        directories.push(places::directory(store)?);
    }
    for layer in chain {
        let directory = layers::diff(store, layer);
        if !directory.is_dir() {
            return Err(Error::new(
                Kind::NotFound,
                format!("the layer {} of the image is gone", layer.hex()),
            )
            .hint(format!("pull the image {} again", config.image.name)));
        }
        directories.push(match (nested, idmap::key(&config.namespaces.user)) {
            (Some(maps), Some(key)) => mapped::diff(store, layer, &key, maps, &InUserNs::verify()?)?,
            _ => directory,
        });
    }
    Ok(directories)
}

/// Whether nothing in /proc/sys can be changed, as where this host is a container.
fn has_fixed_knobs() -> bool {
    rustix::fs::statvfs("/proc/sys/net").is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// The greatest group id that can be named without a gap from 0 on.
fn last_gid(maps: &IdMaps) -> u32 {
    let mut extents = maps.gids.clone();
    extents.sort_by_key(|e| e.inside);
    let mut next: u64 = 0;
    for extent in extents {
        if u64::from(extent.inside) > next {
            break;
        }
        next = next.max(u64::from(extent.inside) + u64::from(extent.count));
    }
    // The kernel takes the range as signed 32-bit numbers (ping_group_range).
    next.saturating_sub(1).min(i32::MAX as u64 - 1) as u32
}

/// The inits of the containers whose namespaces are shared; those that do not run are left out.
fn peers(store: &Store, config: &ContainerConfig) -> Result<BTreeMap<ContainerId, i32>> {
    let shares = &config.namespaces;
    let mut wanted: Vec<&ContainerId> = Vec::new();
    for share in [&shares.pid, &shares.ipc, &shares.uts, &shares.cgroup] {
        if let Namespace::Container(id) = share {
            wanted.push(id);
        }
    }
    if let NetworkMode::Container(id) = &config.network.mode {
        wanted.push(id);
    }
    if let UserNamespace::Container { id, .. } = &shares.user {
        wanted.push(id);
    }
    let mut inits = BTreeMap::new();
    for id in wanted {
        if containers::lock_held(store, id)?
            && let State::Started(started) = containers::state(store, id)?
        {
            inits.insert(id.clone(), started.init.pid);
        }
    }
    Ok(inits)
}
