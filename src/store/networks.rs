//! Networks on disk: made, found, listed and removed.
//!
//! A network is a directory `networks/<name>/` that has a `network.json`; `leases/` in it says which
//! containers take part right now ([`super::leases`]). A crash while one is made leaves a directory
//! without `network.json`, which is no network and which the next one of that name takes over.

use super::layout::Store;
use super::lock::Lock;
use crate::container::bridge::{
    DEFAULT_NETWORK, DEFAULT_SUBNET, NetworkConfig, NetworkName, RouteConfig, SubnetConfig,
};
use crate::container::subnet::{Pool, Subnet, free_subnet, local_subnet};
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::settings::conf::{self, Conf};
use crate::sys::file::{self, Durable};
use crate::sys::random;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The most that we read of a network's document.
const DOCUMENT_LIMIT: usize = 1 << 20;

/// A network as it was asked for.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Its name; else the first free one of `box1`, `box2` …
    pub name: Option<NetworkName>,
    /// `--subnet`, each with `--gateway` and `--ip-range`.
    pub subnets: Vec<SubnetDraft>,
    /// `--ipv6`: a subnet of IPv6 too.
    pub ipv6: bool,
    /// `--internal`.
    pub internal: bool,
    /// `--disable-dns`.
    pub disable_dns: bool,
    /// `--dns`.
    pub dns_servers: Vec<IpAddr>,
    /// `--route`.
    pub routes: Vec<RouteConfig>,
    /// `--label`.
    pub labels: BTreeMap<String, String>,
    /// `--opt`.
    pub options: BTreeMap<String, String>,
    /// `--interface-name`.
    pub interface: Option<String>,
    /// Subnets that the host uses itself: none of them is given automatically.
    pub avoid: Vec<Subnet>,
    /// Where automatic ones come from; podman's pools if empty.
    pub pools: Vec<Pool>,
}

/// A subnet as it was asked for.
#[derive(Clone, Debug)]
pub struct SubnetDraft {
    /// The subnet.
    pub subnet: Subnet,
    /// The bridge's address; else the first.
    pub gateway: Option<IpAddr>,
    /// Where containers' addresses come from.
    pub range: Option<(IpAddr, IpAddr)>,
}

/// The directory of one network.
fn directory(store: &Store, name: &NetworkName) -> PathBuf {
    store.networks().join(name.as_str())
}

/// Where its leases are.
#[must_use]
pub fn leases(store: &Store, name: &NetworkName) -> PathBuf {
    directory(store, name).join("leases")
}

/// Makes a network.
///
/// # Errors
/// `Conflict` if its name or its subnet is taken, or no subnet is left.
pub fn create(store: &Store, draft: Draft) -> Result<NetworkConfig> {
    ensure_default(store)?;
    let _lock = Lock::exclusive(&store.networks().join("lock"))?;
    let others = read_all(store)?;
    let config = decide(draft, &others)?;
    write(store, &config)?;
    Ok(config)
}

/// Decides what was left open.
fn decide(draft: Draft, others: &[NetworkConfig]) -> Result<NetworkConfig> {
    let name_taken = |name: &str| others.iter().any(|other| other.name.as_str() == name);
    let name = match draft.name {
        Some(name) if name_taken(name.as_str()) => {
            return Err(Error::new(
                Kind::Conflict,
                format!("network name {name} already used: network already exists"),
            )
            .hint("--ignore takes the one that is there"));
        }
        Some(name) => name,
        None => free_number(name_taken).parse()?,
    };
    let interface_taken = |name: &str| others.iter().any(|other| other.interface == name);
    let interface = match draft.interface {
        Some(interface) if interface_taken(&interface) => {
            return Err(Error::new(
                Kind::Conflict,
                format!("the interface name {interface} is used by another network"),
            ));
        }
        Some(interface) => interface,
        None => free_number(interface_taken),
    };
    let used: Vec<Subnet> = others.iter().flat_map(|other| &other.subnets).map(|s| s.subnet).collect();
    let mut subnets = Vec::new();
    for asked in draft.subnets {
        if let Some(other) =
            others.iter().find(|o| o.subnets.iter().any(|s| s.subnet.overlaps(&asked.subnet)))
        {
            return Err(Error::new(
                Kind::Conflict,
                format!(
                    "subnet {} is already used: network {} has it or a part of it",
                    asked.subnet, other.name
                ),
            )
            .hint("take another one, or none: box finds a free one"));
        }
        if subnets.iter().any(|s: &SubnetConfig| s.subnet.is_ipv4() == asked.subnet.is_ipv4()) {
            return Err(invalid("a network has at most one subnet of IPv4 and one of IPv6"));
        }
        subnets.push(complete(asked)?);
    }
    let has = |ipv4: bool, subnets: &[SubnetConfig]| subnets.iter().any(|s| s.subnet.is_ipv4() == ipv4);
    if draft.ipv6 && !has(false, &subnets) {
        let free = |subnet: &Subnet| !used.iter().any(|other| other.overlaps(subnet));
        let subnet =
            std::iter::repeat_with(|| local_subnet(random::number())).find(free).expect("2^56 of them");
        subnets.push(complete(SubnetDraft { subnet, gateway: None, range: None })?);
    }
    // Whoever names only a subnet of IPv6 wants no other.
    let only_ipv6 = subnets.len() == 1 && !draft.ipv6 && !has(true, &subnets);
    if !has(true, &subnets) && !only_ipv6 {
        let taken: Vec<Subnet> = used.iter().chain(&draft.avoid).copied().collect();
        let pools = if draft.pools.is_empty() { Pool::usual() } else { draft.pools };
        let subnet = free_subnet(&pools, &taken).ok_or_else(|| {
            Error::new(Kind::Conflict, "could not find free subnet from subnet pools")
                .hint("name one with --subnet, or remove networks that are not used: box network prune")
        })?;
        subnets.insert(0, complete(SubnetDraft { subnet, gateway: None, range: None })?);
    }
    subnets.sort_by_key(|s| !s.subnet.is_ipv4());
    let reached = |route: &&RouteConfig| subnets.iter().any(|s| s.subnet.contains(route.gateway));
    if let Some(route) = draft.routes.iter().find(|route| !reached(route)) {
        return Err(invalid(format!(
            "--route {},{}: that gateway is in no subnet of the network",
            route.destination, route.gateway
        )));
    }
    Ok(NetworkConfig {
        name,
        id: new_id(),
        created: Timestamp::now(),
        interface,
        subnets,
        internal: draft.internal,
        dns: !draft.disable_dns,
        dns_servers: draft.dns_servers,
        routes: draft.routes,
        labels: draft.labels,
        options: draft.options,
    })
}

/// Fills in the gateway and checks what was given.
fn complete(asked: SubnetDraft) -> Result<SubnetConfig> {
    let subnet = asked.subnet;
    let (longest, smallest) = if subnet.is_ipv4() { (30, "a /30") } else { (126, "a /126") };
    if subnet.prefix() > longest || subnet.prefix() == 0 {
        return Err(invalid(format!("{subnet} cannot be a network's: the smallest is {smallest}")));
    }
    let (first, last) = subnet.hosts();
    let purpose = match subnet.base() {
        base if base.is_loopback() => Some("loopback"),
        base if base.is_multicast() => Some("groups"),
        IpAddr::V6(base) if base.is_unicast_link_local() => Some("links"),
        // 0.0.0.0/8, "this network" (RFC 1122), and what is reserved from 240.0.0.0 on.
        IpAddr::V4(base) if base.octets()[0] == 0 || base.octets()[0] >= 240 => Some("nobody"),
        _ => None,
    };
    if let Some(purpose) = purpose {
        return Err(invalid(format!("{subnet} cannot be a network's: its addresses are for {purpose}")));
    }
    let usable = |address: IpAddr| subnet.contains(address) && address >= first && address <= last;
    let gateway = asked.gateway.unwrap_or(first);
    if !usable(gateway) {
        return Err(invalid(format!("gateway {gateway} is not an address of a host in the subnet {subnet}")));
    }
    if let Some((from, to)) = asked.range
        && (!usable(from) || !usable(to) || from > to)
    {
        return Err(invalid(format!("the range from {from} to {to} is not in the subnet {subnet}")));
    }
    Ok(SubnetConfig { subnet, gateway, range: asked.range })
}

/// The first free one of `box1`, `box2` …
fn free_number(taken: impl Fn(&str) -> bool) -> String {
    let mut names = (1..).map(|n: u32| format!("box{n}"));
    names.find(|name| !taken(name)).expect("there is always another number")
}

fn new_id() -> String {
    random::bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The pools of `default_subnet_pools`; none if no file has any.
///
/// # Errors
/// `Invalid` for one that has no subnets of IPv4.
pub fn pools(conf: &conf::Network) -> Result<Vec<Pool>> {
    let of = |pool: &conf::Pool| Pool::new(pool.base.parse()?, pool.size);
    let all = conf.default_subnet_pools.iter().flatten();
    all.map(of).collect::<Result<_>>().doing(|| "use default_subnet_pools of containers.conf")
}

/// The subnet that the default network is made with unless somebody has it: `default_subnet`.
fn usual_subnet(conf: &conf::Network) -> Result<Subnet> {
    let subnet = match &conf.default_subnet {
        Some(text) => text.parse().and_then(|subnet: Subnet| match subnet.is_ipv4() {
            true => complete(SubnetDraft { subnet, gateway: None, range: None }).map(|whole| whole.subnet),
            false => Err(invalid(format!("{subnet} is no subnet of IPv4"))),
        }),
        None => DEFAULT_SUBNET.parse(),
    };
    subnet.doing(|| "use default_subnet of containers.conf")
}

/// Makes the default network unless it is there. Two at once: one of them makes it.
fn ensure_default(store: &Store) -> Result<()> {
    let name = NetworkName::default_network();
    if directory(store, &name).join("network.json").exists() {
        return Ok(());
    }
    let all = store.networks();
    let mut private = std::fs::DirBuilder::new();
    private.recursive(true).mode(0o700);
    private.create(&all).doing(|| format!("make {}", all.display()))?;
    let _lock = Lock::exclusive(&all.join("lock"))?;
    if directory(store, &name).join("network.json").exists() {
        return Ok(());
    }
    let others = read_all(store)?;
    let used = |subnet: &Subnet| others.iter().flat_map(|o| &o.subnets).any(|s| s.subnet.overlaps(subnet));
    // Read here, where it is needed once in a store's life.
    let conf = Conf::load()?.network;
    let usual = usual_subnet(&conf)?;
    let subnets = match used(&usual) {
        false => vec![SubnetDraft { subnet: usual, gateway: None, range: None }],
        // Somebody's network has it: then the default one gets what is free.
        true => Vec::new(),
    };
    let draft = Draft {
        name: Some(name),
        subnets,
        ipv6: true,
        interface: Some(format!("{DEFAULT_NETWORK}0")),
        pools: pools(&conf)?,
        ..Draft::default()
    };
    write(store, &decide(draft, &others)?)
}

fn write(store: &Store, config: &NetworkConfig) -> Result<()> {
    let dir = leases(store, &config.name);
    let mut private = std::fs::DirBuilder::new();
    private.recursive(true).mode(0o700);
    private.create(&dir).doing(|| format!("make {}", dir.display()))?;
    let text =
        serde_json::to_vec_pretty(config).map_err(|e| failed("cannot write down a network").because(e))?;
    let all = directory(store, &config.name);
    file::replace(&all.join("network.json"), &text, Durable::Yes).inspect_err(|_| {
        // Both empty, or not made by us; without its document it is no network.
        let _ = std::fs::remove_dir(&dir).and_then(|()| std::fs::remove_dir(&all));
    })
}

/// All networks, the default one first, the others by name.
///
/// # Errors
/// When the store cannot be read, or a network's document is broken.
pub fn list(store: &Store) -> Result<Vec<NetworkConfig>> {
    ensure_default(store)?;
    let mut all = read_all(store)?;
    all.sort_by(|a, b| {
        let rank = |config: &NetworkConfig| (config.name.as_str() != DEFAULT_NETWORK, config.name.clone());
        rank(a).cmp(&rank(b))
    });
    Ok(all)
}

fn read_all(store: &Store) -> Result<Vec<NetworkConfig>> {
    let dir = store.networks();
    let entries = std::fs::read_dir(&dir).doing(|| format!("list {}", dir.display()))?;
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path().join("network.json");
        match read(&path) {
            Ok(config) => found.push(config),
            Err(error) if error.kind() == Kind::NotFound => {}
            // The lock is a file: there is nothing below it.
            Err(error) if error.io().is_some_and(|e| e.kind() == std::io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The names of the networks whose documents cannot be read, and why.
pub(super) fn broken(store: &Store) -> Vec<(String, Error)> {
    let names = std::fs::read_dir(store.networks()).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let look = |name: String| match read(&store.networks().join(&name).join("network.json")) {
        Err(error) if error.io().is_some() => None,
        Err(error) => Some((name, error)),
        Ok(_) => None,
    };
    names.filter_map(look).collect()
}

fn read(path: &Path) -> Result<NetworkConfig> {
    let bytes = file::read(path, DOCUMENT_LIMIT)?;
    serde_json::from_slice(&bytes).map_err(|e| failed(format!("{} is broken", path.display())).because(e))
}

/// The network of that name.
///
/// # Errors
/// `NotFound`.
pub fn get(store: &Store, name: &NetworkName) -> Result<NetworkConfig> {
    if name.as_str() == DEFAULT_NETWORK {
        ensure_default(store)?;
    }
    read(&directory(store, name).join("network.json")).map_err(|error| match error.kind() {
        Kind::NotFound => no_such(name.as_str()),
        _ => error,
    })
}

/// What changes when a network's document is replaced; `None` if it has none.
#[must_use]
pub fn mark(store: &Store, name: &NetworkName) -> Option<(u64, i64, i64)> {
    let stat = rustix::fs::stat(directory(store, name).join("network.json")).ok()?;
    Some((stat.st_ino, stat.st_mtime, stat.st_mtime_nsec as i64))
}

/// Adds to and takes from the name servers that a network asks; those that use it follow.
///
/// The document is replaced: after a crash there is the old one or the new one.
///
/// # Errors
/// `NotFound`; `Invalid` for a network that resolves no names.
pub fn change_servers(store: &Store, name: &NetworkName, add: &[IpAddr], drop: &[IpAddr]) -> Result<()> {
    let _lock = Lock::exclusive(&store.networks().join("lock"))?;
    let mut network = get(store, name)?;
    if !network.dns {
        return Err(invalid(format!("network {name} resolves no names: it was made with --disable-dns")));
    }
    let servers = &mut network.dns_servers;
    servers.retain(|server| !drop.contains(server));
    for server in add {
        if !servers.contains(server) {
            servers.push(*server);
        }
    }
    write(store, &network)
}

/// The network that the user means: a name, another word for the default one, or the beginning of
/// an id.
///
/// # Errors
/// `NotFound`, or `Conflict` if several ids begin so.
pub fn find(store: &Store, text: &str) -> Result<NetworkConfig> {
    if ["bridge", "podman", "default"].contains(&text) {
        return get(store, &NetworkName::default_network());
    }
    if let Ok(name) = text.parse::<NetworkName>() {
        match get(store, &name) {
            Err(error) if error.kind() == Kind::NotFound => {}
            found => return found,
        }
    }
    let hex = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let mut matching = match hex {
        true => list(store)?.into_iter().filter(|config| config.id.starts_with(text)).collect(),
        false => Vec::new(),
    };
    match matching.len() {
        0 => Err(no_such(text)),
        1 => Ok(matching.remove(0)),
        _ => Err(Error::new(Kind::Conflict, format!("more than one network id begins with {text:?}"))),
    }
}

/// The error for a network that is not there, in the words that scripts look for.
#[must_use]
pub fn no_such(text: &str) -> Error {
    Error::new(Kind::NotFound, format!("unable to find network with name or ID {text}: network not found"))
        .hint("`box network ls` lists them; `box network create` makes one")
}

/// Removes a network that no container uses; whoever calls this has made sure of that and holds
/// [`super::leases::lock`].
///
/// # Errors
/// `Denied` for the default one.
pub fn remove(store: &Store, name: &NetworkName) -> Result<()> {
    if name.as_str() == DEFAULT_NETWORK {
        return Err(Error::new(Kind::Denied, format!("default network {name} cannot be removed")));
    }
    let dir = directory(store, name);
    // The document first: without it there is no network.
    let document = dir.join("network.json");
    std::fs::remove_file(&document).doing(|| format!("remove {}", document.display()))?;
    std::fs::remove_dir_all(&dir).doing(|| format!("remove {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, subnets: &[&str]) -> Draft {
        let one = |text: &&str| SubnetDraft { subnet: text.parse().unwrap(), gateway: None, range: None };
        Draft {
            name: Some(name.parse().unwrap()),
            subnets: subnets.iter().map(one).collect(),
            ..Draft::default()
        }
    }

    #[test]
    fn what_is_left_open_is_decided_and_overlaps_are_refused() {
        let first = decide(draft("a", &[]), &[]).unwrap();
        assert_eq!(first.subnets[0].subnet.to_string(), "10.89.0.0/24");
        assert_eq!(first.subnets[0].gateway.to_string(), "10.89.0.1");
        assert_eq!((first.interface.as_str(), first.dns, first.id.len()), ("box1", true, 64));
        let others = [first];
        let second = decide(Draft { ipv6: true, ..draft("b", &[]) }, &others).unwrap();
        assert_eq!(second.subnets[0].subnet.to_string(), "10.89.1.0/24");
        assert!(second.subnets[1].subnet.to_string().starts_with("fd"));
        assert_eq!(second.interface, "box2");
        let overlap = decide(draft("c", &["10.89.0.128/25"]), &others).unwrap_err();
        assert!(overlap.kind() == Kind::Conflict && overlap.to_string().contains("network a"), "{overlap}");
        assert!(decide(draft("a", &[]), &others).unwrap_err().to_string().contains("already"));
        assert_eq!(decide(draft("d", &["fd00::/64"]), &others).unwrap().subnets.len(), 1);
        assert!(decide(draft("e", &["10.0.0.0/31"]), &others).is_err());
        assert!(decide(draft("e", &["10.0.0.0/24", "10.1.0.0/24"]), &others).is_err());
    }

    #[test]
    fn a_gateway_and_a_range_lie_in_the_subnet() {
        let with = |gateway: Option<&str>, range: Option<(&str, &str)>| {
            complete(SubnetDraft {
                subnet: "10.1.0.0/29".parse().unwrap(),
                gateway: gateway.map(|text| text.parse().unwrap()),
                range: range.map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap())),
            })
        };
        assert_eq!(with(Some("10.1.0.6"), None).unwrap().gateway.to_string(), "10.1.0.6");
        for gateway in ["10.1.0.0", "10.1.0.7", "10.2.0.1", "fd00::1"] {
            assert!(with(Some(gateway), None).is_err(), "{gateway}");
        }
        assert!(with(None, Some(("10.1.0.2", "10.1.0.4"))).is_ok());
        assert!(with(None, Some(("10.1.0.4", "10.1.0.2"))).is_err());
        assert!(with(None, Some(("10.1.0.4", "10.1.0.9"))).is_err());
    }
}
