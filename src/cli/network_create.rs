//! `box network create`.

use super::flags::network::interface;
use super::flags::words;
use super::{Context, output};
use crate::container::bridge::{NetworkName, RouteConfig};
use crate::container::subnet::Subnet;
use crate::error::{Error, Kind, Result, invalid};
use crate::ops;
use crate::store::networks::{self, Draft, SubnetDraft};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Make a network for containers
///
/// Its containers reach each other by address and by name, and the outside. Without --subnet a free
/// one is found.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box network create backend\n  \
    box network create --subnet 172.28.0.0/16 --gateway 172.28.0.254 web\n  \
    box network create --internal --ipv6 data    no way out, IPv4 and IPv6\n  \
    box network create -o isolate=true guests    its containers do not see each other")]
pub(crate) struct NetworkCreate {
    /// Accepted for docker: every container of the user can be connected
    #[arg(long, hide = true)]
    attachable: bool,
    /// Accepted for docker, must be empty: no address is given away
    #[arg(long, value_name = "NAME=ADDRESS", hide = true)]
    aux_address: Vec<String>,
    /// Do not resolve the names of containers
    #[arg(long)]
    disable_dns: bool,
    /// Name server for what is no container's name (may be repeated)
    #[arg(long, value_name = "ADDRESS")]
    dns: Vec<IpAddr>,
    /// Kind of network: bridge
    #[arg(long, short, value_name = "DRIVER", default_value = "bridge")]
    driver: String,
    /// The bridge's own address, once for each --subnet; the first of the subnet unless given
    #[arg(long, value_name = "ADDRESS")]
    gateway: Vec<IpAddr>,
    /// No error if there is a network of that name
    #[arg(long)]
    ignore: bool,
    /// Name of the bridge
    #[arg(long, value_name = "NAME", value_parser = interface)]
    interface_name: Option<String>,
    /// No way out: its containers only reach each other
    #[arg(long)]
    internal: bool,
    /// Where containers' addresses come from, once for each --subnet: a subnet or FIRST-LAST
    #[arg(long, value_name = "RANGE")]
    ip_range: Vec<String>,
    /// Who gives addresses: host-local
    #[arg(long, value_name = "DRIVER", default_value = "host-local")]
    ipam_driver: String,
    /// Accepted for docker
    #[arg(long, value_name = "KEY=VALUE", hide = true)]
    ipam_opt: Vec<String>,
    /// Accepted for docker: there is always IPv4 unless only --subnet of IPv6 is given
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = words::boolean, hide = true)]
    ipv4: Option<bool>,
    /// IPv6 too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = words::boolean)]
    ipv6: Option<bool>,
    /// Label: KEY=VALUE (may be repeated)
    #[arg(long, value_name = "KEY=VALUE", value_parser = words::label)]
    label: Vec<(String, String)>,
    /// Option (may be repeated): mtu=BYTES, isolate=true, no_default_route=true, metric=NUMBER
    #[arg(long, short, value_name = "KEY=VALUE", value_parser = words::label)]
    opt: Vec<(String, String)>,
    /// Route in its containers: SUBNET,GATEWAY[,METRIC] (may be repeated)
    #[arg(long, value_name = "ROUTE", value_parser = route)]
    route: Vec<RouteConfig>,
    /// Accepted for docker: local
    #[arg(long, value_name = "SCOPE", value_parser = ["local"], hide = true)]
    scope: Option<String>,
    /// Subnet, as in 10.20.0.0/24; one of IPv4 and one of IPv6
    #[arg(long, value_name = "SUBNET")]
    subnet: Vec<Subnet>,
    /// Name
    #[arg(value_name = "NAME")]
    name: Option<NetworkName>,
}

impl NetworkCreate {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        self.check()?;
        let subnets = self.subnets()?;
        let mut options = BTreeMap::new();
        let mut interface = self.interface_name;
        for (key, value) in self.opt {
            match option(&key, value)? {
                Opt::Keep(key, value) => drop(options.insert(key, value)),
                Opt::Interface(name) => interface = interface.or(Some(name)),
                Opt::Nothing => {}
            }
        }
        let draft = Draft {
            name: self.name,
            subnets,
            ipv6: self.ipv6 == Some(true),
            internal: self.internal,
            disable_dns: self.disable_dns,
            dns_servers: self.dns,
            routes: self.route,
            labels: self.label.into_iter().collect(),
            options,
            interface,
            avoid: Vec::new(),
            pools: networks::pools(&ctx.conf()?.network)?,
        };
        let network = ops::networks::create(ctx.store()?, draft, self.ignore)?;
        output::line(network.name.as_str());
        Ok(0)
    }

    /// What box has only one of, and what it cannot do.
    fn check(&self) -> Result<()> {
        let _ = (self.attachable, &self.ipam_opt, &self.scope, self.ipv4);
        let unsupported =
            |what: String, why: &str| Err(Error::new(Kind::Unsupported, what).hint(why.to_string()));
        match self.driver.as_str() {
            "bridge" => {}
            "macvlan" | "ipvlan" => {
                return unsupported(
                    format!("--driver {}: a user has no rights over the host's network cards", self.driver),
                    "use a bridge and publish ports with -p",
                );
            }
            other => return unsupported(format!("there is no network driver {other:?}"), "there is: bridge"),
        }
        if self.ipam_driver != "host-local" && self.ipam_driver != "default" {
            return unsupported(
                format!("box has no --ipam-driver {}", self.ipam_driver),
                "there is: host-local",
            );
        }
        if let Some(address) = self.aux_address.first() {
            return unsupported(
                format!("box has no --aux-address ({address})"),
                "keep addresses free with --ip-range",
            );
        }
        if self.gateway.len() > self.subnet.len() || self.ip_range.len() > self.subnet.len() {
            return Err(invalid("--gateway and --ip-range need a --subnet each"));
        }
        Ok(())
    }

    /// Gateways and ranges go to the subnet that they are in.
    fn subnets(&self) -> Result<Vec<SubnetDraft>> {
        let mut drafts: Vec<SubnetDraft> = self
            .subnet
            .iter()
            .map(|subnet| SubnetDraft { subnet: *subnet, gateway: None, range: None })
            .collect();
        for gateway in &self.gateway {
            let draft = drafts.iter_mut().find(|draft| draft.subnet.contains(*gateway));
            let draft = draft.ok_or_else(|| invalid(format!("gateway {gateway} is in no --subnet")))?;
            draft.gateway = Some(*gateway);
        }
        for text in &self.ip_range {
            let (first, last) = range(text)?;
            let draft = drafts.iter_mut().find(|draft| draft.subnet.contains(first));
            let draft = draft.ok_or_else(|| invalid(format!("--ip-range {text} is in no --subnet")))?;
            let (least, most) = draft.subnet.hosts();
            draft.range = Some((first.max(least), last.min(most)));
        }
        Ok(drafts)
    }
}

/// A subnet, or two addresses with a dash.
fn range(text: &str) -> Result<(IpAddr, IpAddr)> {
    let wrong = || invalid(format!("--ip-range {text:?} is neither a subnet nor FIRST-LAST"));
    if let Some((first, last)) = text.split_once('-') {
        return Ok((first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?));
    }
    let subnet: Subnet = text.parse().map_err(|_| wrong())?;
    Ok((subnet.base(), subnet.hosts().1))
}

/// `SUBNET,GATEWAY[,METRIC]`.
fn route(text: &str) -> Result<RouteConfig> {
    let wrong = || invalid("it is SUBNET,GATEWAY[,METRIC], as in 10.7.0.0/16,10.89.0.5");
    let mut parts = text.split(',');
    let destination: Subnet = parts.next().unwrap_or_default().parse()?;
    let gateway: IpAddr = parts.next().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    let metric = parts.next().map(|text| text.parse().map_err(|_| wrong())).transpose()?;
    if parts.next().is_some() || destination.is_ipv4() != gateway.is_ipv4() {
        return Err(wrong());
    }
    Ok(RouteConfig { destination, gateway, metric })
}

enum Opt {
    Keep(String, String),
    Interface(String),
    Nothing,
}

/// One `--opt`: podman's names, and docker's for the same things.
fn option(key: &str, value: String) -> Result<Opt> {
    let keep = |key: &str, value: String| Ok(Opt::Keep(key.to_string(), value));
    let wrong = |want: &str| invalid(format!("--opt {key}={value}: it is {want}"));
    match key {
        "mtu" | "com.docker.network.driver.mtu" => match value.parse::<u32>() {
            // Below that there is no IPv6 and in the end no IPv4; above it slirp4netns stops.
            Ok(576..=65520) => keep("mtu", value),
            _ => Err(wrong("a number from 576 to 65520")),
        },
        "isolate" => match value.as_str() {
            "true" | "false" | "strict" => keep("isolate", value),
            _ => Err(wrong("true, false or strict")),
        },
        "com.docker.network.bridge.enable_icc" => keep("isolate", (!words::boolean(&value)?).to_string()),
        "no_default_route" => keep("no_default_route", words::boolean(&value)?.to_string()),
        "metric" => match value.parse::<u32>() {
            Ok(_) => keep("metric", value),
            Err(_) => Err(wrong("a number")),
        },
        "com.docker.network.bridge.name" => Ok(Opt::Interface(interface(&value)?)),
        // There is no masquerading and no host's address to bind to: nothing to switch.
        "com.docker.network.bridge.enable_ip_masquerade" | "com.docker.network.bridge.host_binding_ipv4" => {
            Ok(Opt::Nothing)
        }
        _ => Err(Error::new(Kind::Unsupported, format!("there is no network option {key:?}"))
            .hint("there are mtu, isolate, no_default_route and metric")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_routes_are_read() {
        let (first, last) = range("10.1.0.64/26").unwrap();
        assert_eq!((first.to_string(), last.to_string()), ("10.1.0.64".into(), "10.1.0.126".into()));
        assert_eq!(range("10.1.0.5-10.1.0.9").unwrap().1.to_string(), "10.1.0.9");
        assert!(range("10.1.0.5").is_err());
        assert_eq!(route("10.7.0.0/16,10.89.0.5,7").unwrap().metric, Some(7));
        for wrong in
            ["10.7.0.0/16", "10.7.0.0/16,fd00::1", "10.7.0.0/16,10.1.1.1,x", "10.7.0.0/16,10.1.1.1,1,2"]
        {
            assert!(route(wrong).is_err(), "{wrong}");
        }
    }
}
