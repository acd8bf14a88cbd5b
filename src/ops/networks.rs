//! Networks: made, removed, and who uses them.

use super::{ps, reconcile, rm};
use crate::container::bridge::{DEFAULT_NETWORK, Join, Lease, NetworkConfig, NetworkName};
use crate::container::config::NetworkMode;
use crate::container::id::ContainerId;
use crate::container::state::{State, Status};
use crate::container::subnet::Subnet;
use crate::error::{Error, Kind, Result, failed};
use crate::network::slirp::{self, SharedUplink};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use crate::store::leases;
use crate::store::networks::{self, Draft};
use crate::supervisor::bridge::connect::not_connected;
use crate::supervisor::control;
use crate::supervisor::protocol::{Answer, Request};
use crate::sys::process::Child;
use std::net::Ipv4Addr;

/// Makes a network; with `ignore` one of that name is taken as it is.
///
/// # Errors
/// `Conflict` if its name or its subnet is taken.
pub fn create(store: &Store, mut draft: Draft, ignore: bool) -> Result<NetworkConfig> {
    if let (true, Some(name)) = (ignore, &draft.name) {
        match networks::get(store, name) {
            Err(error) if error.kind() == Kind::NotFound => {}
            found => return found,
        }
    }
    let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    draft.avoid = subnets_of_routes(&routes);
    networks::create(store, draft)
}

/// The subnets that a routing table of the host leads to, but for the default route: a container
/// could not reach them any more.
///
/// Source: proc(5), /proc/net/route: the second field is the destination, the eighth its mask, both
/// as hexadecimal numbers in the byte order of the machine.
fn subnets_of_routes(text: &str) -> Vec<Subnet> {
    let of_line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| u32::from_str_radix(fields.get(at)?, 16).ok().map(u32::from_be);
        let (base, mask) = (number(1)?, number(7)?);
        let subnet = Subnet::new(Ipv4Addr::from_bits(base).into(), mask.leading_ones() as u8).ok()?;
        (subnet.prefix() > 0).then_some(subnet)
    };
    text.lines().skip(1).filter_map(of_line).collect()
}

/// The containers that take part in a network, running or not.
///
/// # Errors
/// When the store cannot be read.
pub fn users(settings: &Settings, store: &Store, network: &NetworkConfig) -> Result<Vec<Entry>> {
    let mut all = ps::list(settings, store)?.containers;
    all.retain(|entry| entry.config.network.joins.iter().any(|join| join.network == network.name));
    Ok(all)
}

/// The containers that have an address in a network now.
///
/// # Errors
/// When the store cannot be read.
pub fn present(store: &Store, network: &NetworkConfig) -> Result<Vec<(ContainerId, Lease)>> {
    leases::living(store, &network.name)
}

/// Removes a network; with `force` its containers too, which are given `seconds` to end.
///
/// A crash leaves it without some of its containers, or gone: see `store::networks`.
///
/// # Errors
/// `NotFound`; `Conflict` if containers use it; `Denied` for the default one.
pub fn remove(
    settings: &Settings,
    store: &Store,
    network: &NetworkConfig,
    force: bool,
    seconds: Option<u32>,
) -> Result<()> {
    let name = &network.name;
    let users = users(settings, store, network)?;
    if name.as_str() != DEFAULT_NETWORK && force {
        for entry in &users {
            rm::remove_by_force(settings, store, entry, seconds)?;
        }
        rm::empty_trash(settings, store);
    } else if let Some(first) = users.first().filter(|_| name.as_str() != DEFAULT_NETWORK) {
        return Err(Error::new(
            Kind::Conflict,
            format!(
                "{:?} has associated containers with it, {} among them: network is being used",
                name.as_str(),
                first.name
            ),
        )
        .hint(format!("`box network rm -f {name}` removes them too")));
    }
    let lock = leases::lock(store, name)?;
    networks::remove(store, name)?;
    // Nobody waits for it who would find something there.
    let _ = std::fs::remove_dir_all(store.network_run(name));
    drop(lock);
    Ok(())
}

/// Connects a container to a network; one that runs at once.
///
/// # Errors
/// `Conflict` if it is connected, has a network mode of its own, or its address is taken.
pub fn connect(store: &Store, entry: &Entry, join: &Join) -> Result<()> {
    let answer = change(store, entry, Request::Connect(join.clone()), |joins| {
        if joins.iter().any(|known| known.network == join.network) {
            return Err(Error::new(
                Kind::Conflict,
                format!(
                    "container {} is already connected to network {:?}",
                    entry.name,
                    join.network.as_str()
                ),
            ));
        }
        joins.push(join.clone());
        Ok(())
    })?;
    match answer.uplink {
        Some(order) => raise(store, entry, join, &order).map_err(|error| {
            failed(format!("the container is in network {} now, which has no way out", join.network))
                .with_kind(error.kind())
                .because(error)
        }),
        None => Ok(()),
    }
}

/// Starts an uplink for the supervisor of a container, outside of it: there was none.
fn raise(store: &Store, entry: &Entry, join: &Join, order: &SharedUplink) -> Result<()> {
    let _lock = leases::lock(store, &join.network)?;
    let State::Started(started) = containers::state(store, &entry.id)? else { return Ok(()) };
    let Some(pidfd) = reconcile::process_of(&started.supervisor)? else { return Ok(()) };
    // Another container of the network may have been faster.
    if order.is_up() {
        return Ok(());
    }
    slirp::start_shared(&Child { pid: started.supervisor.pid, pidfd }, order)
}

/// Takes a container out of a network; one that runs at once.
///
/// # Errors
/// `NotFound` if it is not connected.
pub fn disconnect(store: &Store, entry: &Entry, network: &NetworkName) -> Result<()> {
    change(store, entry, Request::Disconnect { network: network.clone() }, |joins| {
        let before = joins.len();
        joins.retain(|join| join.network != *network);
        match joins.len() {
            after if after == before => Err(not_connected(entry.name.as_str(), network)),
            _ => Ok(()),
        }
    })
    .map(drop)
}

/// Has the supervisor do it, or writes it down for the next start.
fn change(
    store: &Store,
    entry: &Entry,
    request: Request,
    edit: impl FnOnce(&mut Vec<Join>) -> Result<()>,
) -> Result<Answer> {
    if entry.config.network.mode != NetworkMode::Bridge {
        return Err(Error::new(
            Kind::Conflict,
            format!("container {} has a network mode of its own and cannot be in networks", entry.name),
        )
        .hint("make it with --network NAME"));
    }
    if entry.status() == Status::Running {
        return control::request(&store.container_run(&entry.id), &request, None);
    }
    let Some(_lock) = containers::take_lock(store, &entry.id)? else {
        return Err(Error::new(Kind::Conflict, format!("container {} is just being started", entry.name)));
    };
    let mut joins = containers::config(store, &entry.id)?.network.joins;
    edit(&mut joins)?;
    containers::write_joins(store, &entry.id, &joins)?;
    Ok(Answer::done())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_s_own_subnets_are_known() {
        let text = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
            eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
            eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        let expected: Subnet =
            if cfg!(target_endian = "little") { "10.0.2.0/24" } else { "0.2.0.10/32" }.parse().unwrap();
        assert_eq!(subnets_of_routes(text), [expected]);
    }
}
