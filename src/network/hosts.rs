//! /etc/hosts, /etc/resolv.conf and /etc/hostname.
//!
//! They are text made from the container's configuration and the host's own files, written to the
//! container's directory before the launch and bound into it.

use super::{addresses, host_address};
use crate::container::bridge::Attachment;
use crate::container::config::{ContainerConfig, Identity, Network, NetworkMode};
use crate::container::link::Linked;
use crate::container::name::ContainerName;
use crate::container::subnet::Subnet;
use crate::error::{Doing, Result, failed};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The names of the host in every container.
pub const HOST_NAMES: &str = "host.containers.internal host.docker.internal";

/// The longest file that /etc/hosts begins with.
pub const LONGEST: usize = 1 << 20;

/// What stands for the image's own file as the one to begin with.
pub const OF_IMAGE: &str = "image";

/// What of the host goes into the files.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Its /etc/hosts.
    pub hosts: String,
    /// Its /etc/resolv.conf.
    pub resolv_conf: String,
    /// The address by which containers reach it.
    pub address: Option<Ipv4Addr>,
}

/// What a container has of networks that it shares with others.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Its places in them; none in the other modes.
    pub attachments: Vec<Attachment>,
    /// Who resolves names for it.
    pub servers: Vec<IpAddr>,
    /// The containers it is linked to.
    pub links: Vec<Linked>,
    /// Where only containers get to, not the host.
    pub inside: Vec<Subnet>,
    /// The image's /etc/hosts, where that is what its own begins with.
    pub image_hosts: String,
}

impl Host {
    /// Looks at this host. What cannot be read is empty, as on a host that has none.
    #[must_use]
    pub fn look() -> Host {
        let read = |path| std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Host {
            hosts: read("/etc/hosts").unwrap_or_default(),
            resolv_conf: read("/etc/resolv.conf").unwrap_or_default(),
            address: host_address(),
        }
    }
}

/// Writes `hosts`, `resolv.conf` and `hostname` into the container's directory.
///
/// A container that joins another's network shares the first two with it: `peer` is the other's
/// directory, and they become links to its files. `--no-hosts` and its like decide what is bound
/// into the container, not what is written.
///
/// A crash leaves some of them as they were; the next start writes all of them.
///
/// # Errors
/// When the directory cannot be written, or the peer has no such files.
pub fn write_files(
    dir: &Path,
    config: &ContainerConfig,
    name: &ContainerName,
    peer: Option<&Path>,
    own: &Own,
) -> Result<()> {
    write(&dir.join("hostname"), &hostname(&config.identity))?;
    if let Some(peer) = peer {
        for file in ["hosts", "resolv.conf"] {
            let (from, to) = (peer.join(file), dir.join(file));
            // Linked, not copied, so that what either of them changes is seen by both.
            let _ = std::fs::remove_file(&to);
            std::fs::hard_link(&from, &to)
                .doing(|| format!("share {} with {}", from.display(), to.display()))?;
        }
        return Ok(());
    }
    let mut host = Host::look();
    match &config.identity.base_hosts {
        None => {}
        Some(none) if none.as_os_str().is_empty() => host.hosts.clear(),
        Some(image) if image == Path::new(OF_IMAGE) => host.hosts.clone_from(&own.image_hosts),
        Some(file) => {
            let bytes = crate::sys::file::read(file, LONGEST).doing(|| "use --hosts-file")?;
            host.hosts = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    write(&dir.join("hosts"), &hosts(&config.identity, &config.network, name, &host, own))?;
    write(&dir.join("resolv.conf"), &resolv_conf(&config.identity, &config.network, &host.resolv_conf, own))
}

/// The file of a time zone of the host: `Europe/Berlin`, or `local` for its own. `None` if there is none.
#[must_use]
pub fn zone_file(zone: &str) -> Option<PathBuf> {
    if zone == "local" {
        return Some(PathBuf::from("/etc/localtime")).filter(|path| path.is_file());
    }
    let below = Path::new(zone);
    let plain = below.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    Some(Path::new("/usr/share/zoneinfo").join(below)).filter(|path| plain && path.is_file())
}

/// In place, not beside and renamed: a running container's bind, and a peer's link, see the change.
fn write(path: &Path, text: &str) -> Result<()> {
    let doing = || format!("write {}", path.display());
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o644)
        .open(path)
        .doing(doing)?;
    // Whatever our umask is, the container's users must be able to read it.
    file.set_permissions(std::fs::Permissions::from_mode(0o644)).doing(doing)?;
    file.write_all(text.as_bytes()).doing(doing)
}

/// Changes the address in the line of a link, in the hosts file of the container whose directory is
/// `dir`; it may run.
///
/// # Errors
/// When the file cannot be read or written.
pub fn set_link(dir: &Path, linked: &Linked) -> Result<()> {
    change_link(dir, &linked.alias, &linked.short_id, Some(linked.address))
}

/// Removes the line of a link to the container with that short id.
///
/// # Errors
/// When the file cannot be read or written.
pub fn remove_link(dir: &Path, alias: &str, short_id: &str) -> Result<()> {
    change_link(dir, alias, short_id, None)
}

fn change_link(dir: &Path, alias: &str, short_id: &str, to: Option<IpAddr>) -> Result<()> {
    let path = dir.join("hosts");
    let doing = || format!("read {}", path.display());
    let mut text = String::new();
    // The container may write to it what it likes.
    let file = std::fs::File::open(&path).doing(doing)?;
    file.take(LONGEST as u64 + 1).read_to_string(&mut text).doing(doing)?;
    if text.len() > LONGEST {
        return Err(failed(format!("it is longer than {LONGEST} bytes"))).doing(doing);
    }
    let changed = with_link(&text, alias, short_id, to);
    if changed == text { Ok(()) } else { write(&path, &changed) }
}

fn with_link(text: &str, alias: &str, short_id: &str, to: Option<IpAddr>) -> String {
    let mut changed = String::new();
    for kept in text.lines() {
        let mut words = kept.split_whitespace().skip(1);
        let is_it = words.next() == Some(alias) && words.last() == Some(short_id);
        match (is_it, to, kept.split_once('\t')) {
            (false, ..) | (true, Some(_), None) => {
                changed.push_str(kept);
                changed.push('\n');
            }
            (true, Some(address), Some((_, names))) => line(&mut changed, &address.to_string(), names),
            (true, None, _) => {}
        }
    }
    changed
}

/// The text of /etc/hostname.
#[must_use]
pub fn hostname(identity: &Identity) -> String {
    format!("{}\n", identity.hostname)
}

/// The text of /etc/hosts: what the user added, then the host's own entries but for names that
/// are taken, then the names of the host and of the container.
#[must_use]
pub fn hosts(
    identity: &Identity,
    network: &Network,
    name: &ContainerName,
    host: &Host,
    shared: &Own,
) -> String {
    let own = addresses(network);
    let mode = &network.mode;
    let gateway = shared.attachments.iter().find_map(|a| a.ip4.filter(|_| a.uplink)).map(|(.., it)| it);
    let reach_host = || reach_host(own.map(|own| own.gateway).or(gateway), host, mode);
    let mut text = String::new();
    let mut taken: Vec<&str> = vec![&identity.hostname, name.as_str()];
    taken.extend(shared.links.iter().flat_map(Linked::names));

    for (host_name, address) in &identity.extra_hosts {
        taken.push(host_name);
        match address.as_str() {
            "host-gateway" => match reach_host() {
                Some(address) => line(&mut text, &address.to_string(), host_name),
                // Better no entry than one that leads to the container itself.
                None => continue,
            },
            address => line(&mut text, address, host_name),
        }
    }

    for base in host.hosts.lines() {
        if let Some(kept) = without(base, &taken) {
            text.push_str(&kept);
            text.push('\n');
        }
    }
    for (address, names) in [("127.0.0.1", "localhost"), ("::1", "localhost ip6-localhost ip6-loopback")] {
        if !has(&text, address, "localhost") {
            line(&mut text, address, names);
        }
    }

    if let Some(address) = reach_host() {
        let names: Vec<&str> =
            HOST_NAMES.split(' ').filter(|name| !taken.contains(name) && !named(&text, name)).collect();
        if !names.is_empty() {
            line(&mut text, &address.to_string(), &names.join(" "));
        }
    }

    for linked in &shared.links {
        line(&mut text, &linked.address.to_string(), &linked.names().join(" "));
    }
    let mut addresses: Vec<IpAddr> = shared.attachments.iter().flat_map(Attachment::addresses).collect();
    if addresses.is_empty() {
        addresses.push(own.map_or(Ipv4Addr::LOCALHOST, |own| own.address).into());
    }
    let added = |name: &&str| !identity.extra_hosts.iter().any(|(added, _)| added == name);
    let full = format!("{}.{}", identity.hostname, identity.domainname);
    let full = (!identity.domainname.is_empty()).then_some(full.as_str());
    let own_names = [identity.hostname.as_str(), name.as_str()];
    let mut names: Vec<&str> = full.into_iter().chain(own_names).filter(added).collect();
    names.dedup();
    if !names.is_empty() {
        for address in addresses {
            line(&mut text, &address.to_string(), &names.join(" "));
        }
    }
    text
}

/// The address at which a container finds its host.
fn reach_host(gateway: Option<Ipv4Addr>, host: &Host, mode: &NetworkMode) -> Option<Ipv4Addr> {
    match mode {
        NetworkMode::None => None,
        NetworkMode::Host => host.address.or(Some(Ipv4Addr::LOCALHOST)),
        // Without a way out there is none to the host.
        NetworkMode::Bridge if gateway.is_none() => None,
        _ => host.address.or(gateway),
    }
}

fn line(text: &mut String, address: &str, names: &str) {
    let _ = writeln!(text, "{address}\t{names}");
}

/// A line of /etc/hosts without the names in `taken`; `None` when no name is left, a comment kept.
fn without(line: &str, taken: &[&str]) -> Option<String> {
    let entry = line.split('#').next().unwrap_or_default();
    let mut words = entry.split_whitespace();
    let Some(address) = words.next() else { return Some(line.to_string()) };
    let names: Vec<&str> = words.collect();
    if !names.iter().any(|name| taken.contains(name)) {
        return Some(line.to_string());
    }
    let left: Vec<&str> = names.into_iter().filter(|name| !taken.contains(name)).collect();
    if left.is_empty() { None } else { Some(format!("{address}\t{}", left.join(" "))) }
}

fn entries(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().flat_map(|line| {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let address = words.next().unwrap_or_default();
        words.map(move |name| (address, name))
    })
}

fn has(text: &str, address: &str, name: &str) -> bool {
    entries(text).any(|entry| entry == (address, name))
}

fn named(text: &str, name: &str) -> bool {
    entries(text).any(|(_, named)| named == name)
}

/// The text of /etc/resolv.conf.
///
/// Servers are those of `--dns`; else the network's own, then those of the host that can be
/// reached from where the container is. A network that knows its containers' names asks those of
/// `--dns` itself, as Docker's does, unless only containers get to them. Search list and options
/// are the host's unless given, and a search list of `.` is an empty one.
#[must_use]
pub fn resolv_conf(identity: &Identity, network: &Network, host: &str, own: &Own) -> String {
    let of_host = Resolver::parse(host);
    let mut servers: Vec<String> = identity.dns_servers.clone();
    let knows_names = own.attachments.iter().any(|attachment| attachment.dns);
    let outside = |server: &String| {
        let address = server.parse::<IpAddr>().ok();
        address.is_some_and(|it| !it.is_loopback() && !own.inside.iter().any(|subnet| subnet.contains(it)))
    };
    if knows_names && servers.iter().all(outside) {
        servers.clear();
    }
    if servers.is_empty() {
        servers.extend(addresses(network).map(|own| own.dns.to_string()));
        servers.extend(own.servers.iter().map(ToString::to_string));
        let same_loopback = network.mode == NetworkMode::Host;
        // Beside a network's own server there is no other: it would not know the containers' names.
        let alone = network.mode == NetworkMode::Bridge;
        servers.extend(
            of_host
                .servers
                .iter()
                .filter(|_| !alone)
                .filter(|s| same_loopback || reachable(s))
                .map(|s| (*s).to_string()),
        );
    }
    let search: Vec<&str> = match identity.dns_search.as_slice() {
        [] => of_host.search,
        [dot] if dot == "." => Vec::new(),
        given => given.iter().map(String::as_str).collect(),
    };
    let options: Vec<&str> = match identity.dns_options.as_slice() {
        [] => of_host.options,
        given => given.iter().map(String::as_str).collect(),
    };

    let mut text = String::new();
    if !search.is_empty() {
        let _ = writeln!(text, "search {}", search.join(" "));
    }
    for server in servers {
        let _ = writeln!(text, "nameserver {server}");
    }
    if !options.is_empty() {
        let _ = writeln!(text, "options {}", options.join(" "));
    }
    text
}

/// Whether a server of the host's is one in another network namespace too: loopback is not, and
/// an address with a zone names an interface of the host's.
fn reachable(server: &str) -> bool {
    server.parse::<IpAddr>().is_ok_and(|address| match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unspecified() && !v6.is_unicast_link_local(),
    })
}

/// What box knows of a resolv.conf. Source: resolv.conf(5).
#[derive(Debug, Default)]
struct Resolver<'a> {
    servers: Vec<&'a str>,
    search: Vec<&'a str>,
    options: Vec<&'a str>,
}

impl<'a> Resolver<'a> {
    fn parse(text: &'a str) -> Resolver<'a> {
        let mut found = Resolver::default();
        for line in text.lines() {
            let mut words = line.split(['#', ';']).next().unwrap_or_default().split_whitespace();
            match words.next() {
                Some("nameserver") => found.servers.extend(words.next()),
                // The last one counts.
                Some("search" | "domain") => found.search = words.collect(),
                Some("options") => found.options.extend(words),
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mode: NetworkMode) -> Network {
        Network { mode, ..Network::default() }
    }

    fn resolv(identity: &Identity, mode: NetworkMode, host: &str) -> Vec<String> {
        resolv_conf(identity, &of(mode), host, &Own::default()).lines().map(str::to_string).collect()
    }

    #[test]
    fn the_network_s_server_comes_first_and_loopback_servers_are_left_out() {
        let host = "# a comment\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\noptions edns0\nsearch lan\n";
        let none = Identity::default();
        assert_eq!(
            resolv(&none, NetworkMode::Slirp4netns, host),
            ["search lan", "nameserver 10.0.2.3", "nameserver 192.0.2.53", "options edns0"]
        );
        assert_eq!(
            resolv(&none, NetworkMode::Host, host),
            [
                "search lan",
                "nameserver 127.0.0.53",
                "nameserver 192.0.2.53",
                "nameserver fe80::1%eth0",
                "options edns0"
            ]
        );
    }

    #[test]
    fn given_servers_replace_all_others() {
        let identity = Identity {
            dns_servers: vec!["9.9.9.9".into()],
            dns_search: vec![".".into()],
            dns_options: vec!["ndots:1".into()],
            ..Identity::default()
        };
        assert_eq!(
            resolv(&identity, NetworkMode::Slirp4netns, "search lan\nnameserver 192.0.2.53\noptions edns0\n"),
            ["nameserver 9.9.9.9", "options ndots:1"]
        );
    }

    #[test]
    fn the_hosts_file_has_the_host_s_entries_and_our_own() {
        let host = Host {
            hosts: "127.0.0.1 localhost\n127.0.1.1 vm web\n".into(),
            resolv_conf: String::new(),
            address: Some(Ipv4Addr::new(192, 0, 2, 7)),
        };
        let name: ContainerName = "web".parse().unwrap();
        let identity = Identity {
            hostname: "0123456789ab".into(),
            extra_hosts: vec![("db".into(), "10.1.1.1".into()), ("up".into(), "host-gateway".into())],
            ..Identity::default()
        };
        let text = hosts(&identity, &of(NetworkMode::Slirp4netns), &name, &host, &Own::default());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "10.1.1.1\tdb",
                "192.0.2.7\tup",
                "127.0.0.1 localhost",
                "127.0.1.1\tvm",
                "::1\tlocalhost ip6-localhost ip6-loopback",
                "192.0.2.7\thost.containers.internal host.docker.internal",
                "10.0.2.100\t0123456789ab web",
            ]
        );
        let alone = hosts(&identity, &of(NetworkMode::None), &name, &host, &Own::default());
        assert!(alone.ends_with("127.0.0.1\t0123456789ab web\n"));
        assert!(!alone.contains("host.containers.internal") && !alone.contains("\tup"));
    }

    #[test]
    fn an_entry_loses_only_the_names_that_are_taken() {
        assert_eq!(without("127.0.1.1 vm vm.lan # me", &["vm"]).unwrap(), "127.0.1.1\tvm.lan");
        assert_eq!(without("127.0.1.1 vm", &["vm"]), None);
        assert_eq!(without("# vm", &["vm"]).unwrap(), "# vm");
        assert!(has("127.0.0.1 localhost\n", "127.0.0.1", "localhost"));
        assert!(named("::1 a b #c", "b"));
        assert!(!named("::1 a b #c", "c"));
    }
}
