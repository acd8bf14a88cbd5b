//! Who takes part in a network right now: addresses, and the processes that hold it.
//!
//! ```text
//! root/networks/<name>/leases/<container id>   the addresses of a container that runs
//! run/networks/<name>/lock                     taken while any of this changes
//!                    /last                     the address that was given last
//!                    /holders/<container id>   where a supervisor has the bridge's namespace open
//!                    /uplink                   a FIFO: slirp4netns reads it, every supervisor writes
//! root/containers/<id>/network.json            what the container has, in all its networks
//! ```
//!
//! All are made by a container's supervisor and removed at its end. What a crash leaves is known by
//! the container's free lock: such a lease counts for nothing, and goes when somebody looks.

use super::layout::Store;
use super::lock::Lock;
use super::{containers, networks};
use crate::container::bridge::{Attachment, Join, Lease, Mac, NetworkConfig, NetworkName, NetworkRecord};
use crate::container::id::ContainerId;
use crate::container::name::ContainerName;
use crate::container::subnet::room;
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::sys::file::{self, Durable};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

/// The most that we read of a lease.
const DOCUMENT_LIMIT: usize = 64 << 10;

/// Where a living supervisor has the bridge's network namespace open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its pid in the mounted /proc.
    pub pid: i32,
    /// Field 22 of /proc/PID/stat.
    pub start_time: u64,
    /// The descriptor's number.
    pub fd: i32,
    /// The namespace's inode: a check against descriptors that were closed.
    pub inode: u64,
}

/// Takes the lock of one network; makes its runtime directory.
///
/// # Errors
/// When the directory cannot be made.
pub fn lock(store: &Store, network: &NetworkName) -> Result<Lock> {
    let dir = store.network_run(network).join("holders");
    std::fs::create_dir_all(&dir).doing(|| format!("make {}", dir.display()))?;
    Lock::exclusive(&store.network_run(network).join("lock"))
}

/// The containers that have a lease, as far as they live. The network's lock is not needed to look.
///
/// # Errors
/// When the directory cannot be read.
pub fn living(store: &Store, network: &NetworkName) -> Result<Vec<(ContainerId, Lease)>> {
    let mut living = read_all(store, network)?;
    living.retain(|(id, _)| is_alive(store, id));
    Ok(living)
}

/// All that have a lease, living or not.
///
/// # Errors
/// When the directory cannot be read.
pub fn all(store: &Store, network: &NetworkName) -> Result<Vec<(ContainerId, Lease)>> {
    read_all(store, network)
}

/// What changes whenever a lease comes or goes; `None` while there is none at all.
#[must_use]
pub fn mark(store: &Store, network: &NetworkName) -> Option<(i64, u64)> {
    let stat = rustix::fs::stat(networks::leases(store, network)).ok()?;
    Some((stat.st_mtime, stat.st_mtime_nsec as u64))
}

fn read_all(store: &Store, network: &NetworkName) -> Result<Vec<(ContainerId, Lease)>> {
    let dir = networks::leases(store, network);
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e).doing(|| format!("list {}", dir.display())),
    };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let id = entry.file_name().to_str().and_then(|name| name.parse::<ContainerId>().ok());
        // One that goes while we look, or is half written after a crash of the host, counts for nothing.
        if let Some(id) = id
            && let Ok(bytes) = file::read(&entry.path(), DOCUMENT_LIMIT)
            && let Ok(lease) = serde_json::from_slice(&bytes)
        {
            found.push((id, lease));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Whether the supervisor of a container with a lease lives.
#[must_use]
pub fn is_alive(store: &Store, id: &ContainerId) -> bool {
    containers::lock_held(store, id).unwrap_or(false)
}

/// Gives a container its place in a network: addresses and a lease. The caller holds the network's
/// lock and the container's.
///
/// # Errors
/// `Conflict` if a fixed address is taken or none is left; `Invalid` for one from elsewhere.
pub fn reserve(
    store: &Store,
    network: &NetworkConfig,
    join: &Join,
    owner: (&ContainerId, &ContainerName),
    interface: &str,
) -> Result<Attachment> {
    let (id, name) = owner;
    let mut leases = read_all(store, &network.name)?;
    leases.retain(|(other, _)| other != id);
    let ip4 = match pick(store, network, true, join.ip4.map(IpAddr::V4), &mut leases)? {
        Some((IpAddr::V4(address), prefix, IpAddr::V4(gateway))) => Some((address, prefix, gateway)),
        _ => None,
    };
    let ip6 = match pick(store, network, false, join.ip6.map(IpAddr::V6), &mut leases)? {
        Some((IpAddr::V6(address), prefix, IpAddr::V6(gateway))) => Some((address, prefix, gateway)),
        _ => None,
    };
    let first = ip4.map(|(a, ..)| IpAddr::V4(a)).or(ip6.map(|(a, ..)| IpAddr::V6(a)));
    let first = first.ok_or_else(|| failed(format!("network {} has no subnet", network.name)))?;
    let mac = join.mac.unwrap_or_else(|| Mac::of(first));
    if let Some((other, _)) = leases.iter().find(|(_, lease)| join.mac == Some(lease.mac))
        && is_alive(store, other)
    {
        return Err(Error::new(
            Kind::Conflict,
            format!("the MAC address {mac} is used by container {}", other.short()),
        ));
    }
    let attachment = Attachment {
        network: network.name.clone(),
        interface: interface.to_string(),
        mac,
        ip4,
        ip6,
        aliases: join.aliases.clone(),
        dns: network.dns,
        uplink: !network.internal,
    };
    let lease = Lease {
        name: name.to_string(),
        short_id: id.short().to_string(),
        aliases: join.aliases.clone(),
        ip4: ip4.map(|(address, ..)| address),
        ip6: ip6.map(|(address, ..)| address),
        mac,
    };
    write(&networks::leases(store, &network.name).join(id.as_str()), &lease)?;
    if join.ip4.is_none() {
        // Only where the next search begins: losing it does no harm.
        let _ = std::fs::write(last_file(store, &network.name), first.to_string());
    }
    Ok(attachment)
}

fn last_file(store: &Store, network: &NetworkName) -> PathBuf {
    store.network_run(network).join("last")
}

/// An address of one family, the length of the prefix and the gateway; `None` if the network has no
/// such subnet. Leases of the dead are removed when there is no other way.
fn pick(
    store: &Store,
    network: &NetworkConfig,
    ipv4: bool,
    wish: Option<IpAddr>,
    leases: &mut Vec<(ContainerId, Lease)>,
) -> Result<Option<(IpAddr, u8, IpAddr)>> {
    let Some(of) = network.subnet(ipv4) else {
        return match wish {
            Some(wish) => {
                Err(invalid(format!("{wish} is not in network {}: it has no such subnet", network.name)))
            }
            None => Ok(None),
        };
    };
    let subnet = of.subnet;
    let found = |address| Ok(Some((address, subnet.prefix(), of.gateway)));
    let owner = |leases: &[(ContainerId, Lease)], address: IpAddr| {
        let has = |lease: &Lease| {
            lease.ip4.map(IpAddr::V4) == Some(address) || lease.ip6.map(IpAddr::V6) == Some(address)
        };
        leases.iter().find(|(_, lease)| has(lease)).map(|(id, _)| id.clone())
    };
    if let Some(wish) = wish {
        let (first, last) = subnet.hosts();
        if wish < first || wish > last || !subnet.contains(wish) {
            return Err(invalid(format!(
                "requested static ip {wish} is not in the subnet {subnet} of network {}",
                network.name
            )));
        }
        if wish == of.gateway {
            return Err(invalid(format!(
                "requested static ip {wish} is the gateway's of network {}",
                network.name
            )));
        }
        return match owner(leases, wish) {
            Some(id) if is_alive(store, &id) => Err(Error::new(
                Kind::Conflict,
                format!("requested ip address {wish} is already allocated to container {}", id.short()),
            )),
            _ => found(wish),
        };
    }
    let last = std::fs::read_to_string(last_file(store, &network.name));
    let last: Option<IpAddr> = last.ok().and_then(|text| text.trim().parse().ok());
    for second_try in [false, true] {
        let taken: BTreeSet<IpAddr> = leases
            .iter()
            .flat_map(|(_, lease)| lease.ip4.map(IpAddr::V4).into_iter().chain(lease.ip6.map(IpAddr::V6)))
            .collect();
        let is_taken = |address: IpAddr| address == of.gateway || taken.contains(&address);
        if let Some(address) = subnet.free_address(of.range, last, is_taken) {
            return found(address);
        }
        if !second_try {
            leases.retain(|(id, _)| is_alive(store, id) || !forget(store, &network.name, id));
        }
    }
    Err(Error::new(
        Kind::Conflict,
        format!("network {} has no free address left: {subnet} has room for {}", network.name, room(&subnet)),
    )
    .hint("stop a container, or make a network with a larger --subnet"))
}

/// Removes the lease of a container that does not live; whether it is gone now.
fn forget(store: &Store, network: &NetworkName, id: &ContainerId) -> bool {
    std::fs::remove_file(networks::leases(store, network).join(id.as_str())).is_ok()
}

/// Takes a container out of one network.
pub fn leave(store: &Store, network: &NetworkName, id: &ContainerId) {
    // What is not there any more need not be removed.
    let _ = std::fs::remove_file(networks::leases(store, network).join(id.as_str()));
    let _ = std::fs::remove_file(holder_file(store, network, id));
}

/// Takes a container that ended, or whose supervisor died, out of all its networks.
pub fn release(store: &Store, id: &ContainerId) {
    let Ok(Some(record)) = record(store, id) else { return };
    for attachment in &record.attachments {
        leave(store, &attachment.network, id);
    }
    let _ = std::fs::remove_file(record_file(store, id));
}

/// Removes the leases of all containers that do not live. The caller holds the network's lock.
///
/// # Errors
/// When they cannot be listed.
pub fn sweep(store: &Store, network: &NetworkName) -> Result<()> {
    for (id, _) in read_all(store, network)? {
        if !is_alive(store, &id) {
            leave(store, network, &id);
        }
    }
    Ok(())
}

fn holder_file(store: &Store, network: &NetworkName, id: &ContainerId) -> PathBuf {
    store.network_run(network).join("holders").join(id.as_str())
}

/// Says where the supervisor of `id` has the bridge's namespace open. The caller holds the network's
/// lock.
///
/// # Errors
/// A full file system.
pub fn hold(store: &Store, network: &NetworkName, id: &ContainerId, holder: &Holder) -> Result<()> {
    write(&holder_file(store, network, id), holder)
}

/// The supervisors that said they have the bridge's namespace open, living or not. The caller holds
/// the network's lock.
///
/// # Errors
/// When they cannot be listed.
pub fn holders(store: &Store, network: &NetworkName) -> Result<Vec<(PathBuf, Holder)>> {
    let dir = store.network_run(network).join("holders");
    let entries = std::fs::read_dir(&dir).doing(|| format!("list {}", dir.display()))?;
    let read = |path: PathBuf| {
        let holder = serde_json::from_slice(&file::read(&path, DOCUMENT_LIMIT).ok()?).ok()?;
        Some((path, holder))
    };
    Ok(entries.flatten().filter_map(|entry| read(entry.path())).collect())
}

fn record_file(store: &Store, id: &ContainerId) -> PathBuf {
    store.container(id).join("network.json")
}

/// What a container has in its networks; `None` if it takes part in none now.
///
/// # Errors
/// When the record is broken.
pub fn record(store: &Store, id: &ContainerId) -> Result<Option<NetworkRecord>> {
    let path = record_file(store, id);
    match file::read(&path, DOCUMENT_LIMIT) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| failed(format!("{} is broken", path.display())).because(e)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What changes when the record is replaced: its inode and its time; `None` if there is none.
#[must_use]
pub fn record_mark(store: &Store, id: &ContainerId) -> Option<(u64, (i64, u64))> {
    let stat = rustix::fs::stat(record_file(store, id)).ok()?;
    Some((stat.st_ino, (stat.st_mtime, stat.st_mtime_nsec as u64)))
}

/// Writes down what a container has in its networks; its supervisor does this.
///
/// # Errors
/// A full disk.
pub fn write_record(store: &Store, id: &ContainerId, record: &NetworkRecord) -> Result<()> {
    write(&record_file(store, id), record)
}

/// Not synced: after a crash of the host nothing of it is true any more.
fn write(path: &std::path::Path, document: &impl Serialize) -> Result<()> {
    let text =
        serde_json::to_vec(document).map_err(|e| failed("cannot write a document as JSON").because(e))?;
    file::replace(path, &text, Durable::No)
}
