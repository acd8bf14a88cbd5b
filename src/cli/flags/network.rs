//! The flags about the network of `run` and `create`.

use super::words;
use crate::cli::output;
use crate::container::bridge::Mac;
use crate::container::config::NetworkMode;
use crate::container::request::{IdentityRequest, JoinRequest, NetworkRequest};
use crate::container::uplink::UplinkOptions;
use crate::error::{Result, invalid};
use crate::network;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Network, names and addresses.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct NetworkFlags {
    /// Name of the host inside the container
    #[arg(long, short = 'h', value_name = "NAME", help_heading = "Network")]
    hostname: Option<String>,

    /// Domain of that name: in /etc/hosts, and for NIS
    #[arg(long, value_name = "NAME", help_heading = "Network")]
    domainname: Option<String>,

    /// Network: NAME[:ip=ADDRESS,ip6=ADDRESS,mac=ADDRESS,alias=NAME,interface_name=NAME] (may be
    /// repeated), none, host, container:NAME, ns:PATH, pasta or slirp4netns[:OPTION=VALUE,...]
    /// (default: box)
    #[arg(long, visible_alias = "net", value_name = "NETWORK", value_parser = parse, help_heading = "Network")]
    pub(super) network: Vec<NetworkRequest>,

    /// Another name under which the container's neighbours find it
    #[arg(
        long,
        visible_alias = "net-alias",
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Network"
    )]
    network_alias: Vec<String>,

    /// Fixed IPv4 address in its network
    #[arg(long, value_name = "ADDRESS", help_heading = "Network")]
    ip: Option<Ipv4Addr>,

    /// Fixed IPv6 address in its network
    #[arg(long, value_name = "ADDRESS", help_heading = "Network")]
    ip6: Option<Ipv6Addr>,

    /// Fixed MAC address in its network
    #[arg(long, value_name = "ADDRESS", help_heading = "Network")]
    mac_address: Option<Mac>,

    /// Add a line to /etc/hosts: NAME:ADDRESS
    #[arg(long, value_name = "NAME:ADDRESS", value_parser = words::add_host, help_heading = "Network")]
    pub(super) add_host: Vec<Vec<(String, String)>>,

    /// Use this name server; none keeps the image's resolv.conf
    #[arg(long, value_name = "ADDRESS", value_parser = words::dns, help_heading = "Network")]
    pub(super) dns: Vec<String>,

    /// Add an option to resolv.conf
    #[arg(long, visible_alias = "dns-opt", value_name = "OPTION", help_heading = "Network")]
    pub(super) dns_option: Vec<String>,

    /// Search this domain
    #[arg(long, value_name = "DOMAIN", help_heading = "Network")]
    pub(super) dns_search: Vec<String>,

    /// What /etc/hosts begins with in place of the host's own: a file, image (its own one) or none
    #[arg(long, value_name = "FILE", value_parser = hosts_file, conflicts_with = "no_hosts", help_heading = "Network")]
    pub(super) hosts_file: Option<String>,

    /// Keep the image's /etc/hosts
    #[arg(long, help_heading = "Network")]
    pub(super) no_hosts: bool,

    /// Keep the image's /etc/hostname
    #[arg(long, help_heading = "Network")]
    no_hostname: bool,
}

impl NetworkFlags {
    /// The networks and the identity that were asked for.
    ///
    /// # Errors
    /// `Invalid` for addresses without a network that has some.
    pub(crate) fn request(self) -> Result<(Vec<NetworkRequest>, IdentityRequest)> {
        let mut networks: Vec<NetworkRequest> = self.network.into_iter().flat_map(each).collect();
        if networks.is_empty() {
            networks.push(NetworkRequest::Bridge(JoinRequest::default()));
        }
        let fixed = self.ip.is_some() || self.ip6.is_some() || self.mac_address.is_some();
        if fixed && networks.len() > 1 {
            return Err(invalid("--ip, --ip6 and --mac-address can only be used with one network")
                .hint("name them with the network: --network NAME:ip=ADDRESS,mac=ADDRESS"));
        }
        for network in &mut networks {
            match network {
                NetworkRequest::Bridge(join) => {
                    join.ip4 = self.ip.or(join.ip4);
                    join.ip6 = self.ip6.or(join.ip6);
                    join.mac = self.mac_address.or(join.mac);
                    join.aliases.extend(self.network_alias.iter().cloned());
                }
                _ if fixed => {
                    return Err(invalid(
                        "--ip, --ip6 and --mac-address need a network of several containers, not a mode",
                    ));
                }
                _ if !self.network_alias.is_empty() => {
                    return Err(invalid("--network-alias needs a network of several containers, not a mode"));
                }
                _ => {}
            }
        }
        let identity = IdentityRequest {
            hostname: self.hostname,
            domainname: self.domainname.filter(|name| !name.is_empty()),
            dns: self.dns,
            dns_search: self.dns_search,
            dns_options: self.dns_option,
            add_hosts: self.add_host.into_iter().flatten().collect(),
            hosts_file: self.hosts_file,
            no_hosts: self.no_hosts,
            no_hostname: self.no_hostname,
            timezone: None,
        };
        Ok((with_what_is_there(networks), identity))
    }
}

/// The mode for a container whose user left it to us is decided here, so that what it lacks is said
/// once, when it is made, and not at each start.
fn with_what_is_there(networks: Vec<NetworkRequest>) -> Vec<NetworkRequest> {
    let shared = networks.iter().any(|network| matches!(network, NetworkRequest::Bridge(_)));
    if !shared {
        return networks;
    }
    let picked = network::default_mode();
    if picked.mode == NetworkMode::Bridge {
        return networks;
    }
    if networks == [NetworkRequest::Bridge(JoinRequest::default())] {
        if let Some(warning) = picked.warning {
            output::warning(warning);
        }
        let pasta = || NetworkRequest::Pasta(UplinkOptions::default());
        return vec![if picked.mode == NetworkMode::Pasta { pasta() } else { NetworkRequest::None }];
    }
    // Neighbours are reached all the same.
    let why = network::tun_problem().map_or_else(
        || format!("slirp4netns is not installed; {}", network::slirp::INSTALL),
        |problem| format!("{problem}; {}", problem.find_hint().unwrap_or_default()),
    );
    output::warning(format_args!("the container's networks have no way out: {why}"));
    networks
}

/// `--hosts-file`.
pub(super) fn hosts_file(text: &str) -> Result<String> {
    match text {
        "" => Err(invalid("it is a file, image or none")),
        "image" | "none" => Ok(text.to_string()),
        file if Path::new(file).is_file() => Ok(text.to_string()),
        file => Err(invalid(format!("there is no file {file}"))),
    }
}

/// The networks of one `--network`: podman also takes several names with commas between them.
fn each(network: NetworkRequest) -> Vec<NetworkRequest> {
    let one = |name: &str| {
        NetworkRequest::Bridge(JoinRequest { network: Some(name.to_string()), ..JoinRequest::default() })
    };
    match &network {
        // With options it would be unclear whose they are: such a name is not found then.
        NetworkRequest::Bridge(JoinRequest { network: Some(names), .. }) if network == one(names) => {
            names.split(',').map(one).collect()
        }
        _ => vec![network],
    }
}

/// One `--network`.
pub(crate) fn parse(text: &str) -> Result<NetworkRequest> {
    match text.split_once(':').unwrap_or((text, "")) {
        ("none", "") => Ok(NetworkRequest::None),
        ("host", "") => Ok(NetworkRequest::Host),
        ("container", name) if !name.is_empty() => Ok(NetworkRequest::Container(name.to_string())),
        ("ns", path) if !path.is_empty() => Ok(NetworkRequest::Path(path.into())),
        ("slirp4netns", options) => Ok(NetworkRequest::Slirp4netns(UplinkOptions::parse(options)?)),
        ("pasta", options) => Ok(NetworkRequest::Pasta(UplinkOptions::parse_pasta(options)?)),
        ("none" | "host" | "container" | "ns", _) => {
            Err(invalid(format!("{text:?} is no network: none, host, container:NAME and ns:PATH are")))
        }
        ("" | "private" | "default" | "bridge" | "podman", options) => join(None, options),
        (name, options) => join(Some(name), options),
    }
}

/// `key=value,key=value` behind a network's name.
pub(crate) fn join(name: Option<&str>, options: &str) -> Result<NetworkRequest> {
    let mut join = JoinRequest { network: name.map(str::to_string), ..JoinRequest::default() };
    for word in options.split(',').filter(|word| !word.is_empty()) {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let before = join.clone();
        let wrong = |want: &str| invalid(format!("{word:?} is no option of a network: {want}"));
        match key {
            "ip" => match value.parse() {
                Ok(std::net::IpAddr::V4(address)) => join.ip4 = Some(address),
                Ok(std::net::IpAddr::V6(address)) => join.ip6 = Some(address),
                Err(_) => return Err(wrong("ip=ADDRESS, as in ip=10.89.0.7")),
            },
            "ip6" => join.ip6 = Some(value.parse().map_err(|_| wrong("ip6=ADDRESS, as in ip6=fd00::7"))?),
            "mac" => join.mac = Some(value.parse()?),
            "alias" if !value.is_empty() => join.aliases.push(value.to_string()),
            "interface_name" => join.interface = Some(interface(value)?),
            _ => return Err(wrong("there are ip=, ip6=, mac=, alias= and interface_name=")),
        }
        // One of each: the last one would win without a word.
        let twice = (before.ip4.is_some() && before.ip4 != join.ip4)
            || (before.ip6.is_some() && before.ip6 != join.ip6)
            || (before.mac.is_some() && before.mac != join.mac)
            || (before.interface.is_some() && before.interface != join.interface);
        if twice {
            return Err(invalid(format!("{word:?} is the second of its kind: a network gives one of each")));
        }
    }
    Ok(NetworkRequest::Bridge(join))
}

/// A name that the kernel takes for an interface.
///
/// # Errors
/// `Invalid`. Source: dev_valid_name in the kernel: at most 15 bytes, no slash, colon or space.
pub(crate) fn interface(text: &str) -> Result<String> {
    let good = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b':' | b'%');
    if text.is_empty()
        || text.len() > 15
        || text == "."
        || text == ".."
        || text == "lo"
        || !text.bytes().all(good)
    {
        return Err(invalid(format!(
            "{text:?} is not a name for an interface: it has up to 15 letters, digits and signs"
        )));
    }
    Ok(text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_modes_or_names_with_options() {
        assert_eq!(parse("none").unwrap(), NetworkRequest::None);
        assert_eq!(parse("container:web").unwrap(), NetworkRequest::Container("web".into()));
        let default = NetworkRequest::Bridge(JoinRequest::default());
        for word in ["", "private", "default", "bridge", "podman"] {
            assert_eq!(parse(word).unwrap(), default, "{word}");
        }
        let NetworkRequest::Bridge(join) =
            parse("net:ip=10.1.2.3,ip6=fd00::3,mac=02:00:00:00:00:01,alias=a,alias=b,interface_name=x0")
                .unwrap()
        else {
            panic!("it is a network");
        };
        assert_eq!(join.network.as_deref(), Some("net"));
        assert_eq!(
            (join.ip4.unwrap().to_string(), join.ip6.unwrap().to_string()),
            ("10.1.2.3".into(), "fd00::3".into())
        );
        assert_eq!((join.aliases.join(" "), join.interface.unwrap()), ("a b".into(), "x0".into()));
        for wrong in [
            "net:ip=x",
            "net:foo=1",
            "net:alias",
            "net:interface_name=a/b",
            "net:mac=1",
            "none:x",
            "container:",
            "host:1",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
