//! `box network ls` and `box network inspect`.

use super::format::template::{self, Field, Format, field};
use super::format::{human, table};
use super::inspect::show;
use super::{Context, output};
use crate::container::bridge::{DEFAULT_NETWORK, NetworkConfig, RouteConfig, SubnetConfig};
use crate::error::{Result, invalid};
use crate::ops;
use crate::ops::select::{moment, pattern};
use crate::store::layout::Store;
use crate::store::networks;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// List networks
#[derive(clap::Args)]
#[command(after_help = template::help("Examples:\n  box network ls\n  box network ls --filter label=tier=web -q\n  \
    box network ls --format '{{.Name}} {{.Driver}}'", FIELDS))]
pub(crate) struct NetworkLs {
    /// Only those for which KEY=VALUE holds: dangling, driver, id, internal, label, label!, name, scope,
    /// type, until
    #[arg(long, short, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// json, a Go template, or `table` and a template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Whole ids
    #[arg(long)]
    no_trunc: bool,
    /// No heading above the table
    #[arg(long, short)]
    noheading: bool,
    /// Only names
    #[arg(long, short)]
    quiet: bool,
}

const FIELDS: &[Field<NetworkConfig>] = &[
    field("Containers", "CONTAINERS", |_, _| json!({})),
    field("Created", "CREATED", |network, _| human::time(network.created).into()),
    field("CreatedAt", "CREATED AT", |network, _| human::time(network.created).into()),
    field("DNSEnabled", "DNS ENABLED", |network, _| network.dns.into()),
    field("Driver", "DRIVER", |_, _| "bridge".into()),
    field("ID", "NETWORK ID", id),
    field("IPv6", "IPV6", |network, _| network.subnet(false).is_some().into()),
    field("IPv6Enabled", "IPV6 ENABLED", |network, _| network.subnet(false).is_some().into()),
    field("Internal", "INTERNAL", |network, _| network.internal.into()),
    field("Labels", "LABELS", |network, _| labels(network).into()),
    field("Name", "NAME", |network, _| network.name.as_str().into()),
    field("NetworkInterface", "INTERFACE", |network, _| network.interface.clone().into()),
    field("Options", "OPTIONS", |network, _| json!(network.options)),
    field("Scope", "SCOPE", |_, _| "local".into()),
    field("Subnets", "SUBNETS", |network, _| subnets(network, "Subnet", "Gateway", "LeaseRange")),
];

fn id(network: &NetworkConfig, whole: bool) -> Value {
    if whole { network.id.clone().into() } else { network.id[..12].into() }
}

impl NetworkLs {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let store = ctx.store()?;
        let mut all = networks::list(store)?;
        let filters = Filters::parse(&self.filter)?;
        filters.apply(ctx, &mut all)?;
        output::text(self.show(store, &all)?);
        Ok(0)
    }

    fn show(&self, store: &Store, all: &[NetworkConfig]) -> Result<String> {
        if self.quiet {
            return Ok(all.iter().map(|network| format!("{}\n", network.name)).collect());
        }
        match template::asked(self.format.as_deref()) {
            Some("json") => {
                let shown =
                    all.iter().map(|network| document(store, network, false)).collect::<Result<Vec<_>>>()?;
                Ok(super::format::json::pretty(&shown) + "\n")
            }
            Some(text) => {
                let format = Format::parse(text)?;
                if format.is_whole_json() {
                    let lines = all.iter().map(|network| docker_line(network, self.no_trunc));
                    return Ok(super::format::json::lines(lines));
                }
                format.rows(all, FIELDS, self.no_trunc, !self.noheading)
            }
            None => {
                let columns: [table::Column<NetworkConfig>; 3] = [
                    ("NETWORK ID", |network, whole| {
                        id(network, whole).as_str().unwrap_or_default().to_string()
                    }),
                    ("NAME", |network, _| network.name.to_string()),
                    ("DRIVER", |_, _| "bridge".to_string()),
                ];
                Ok(table::plain(&columns, all, self.no_trunc, !self.noheading))
            }
        }
    }
}

fn labels(network: &NetworkConfig) -> String {
    network.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// A network as `docker network ls --format '{{json .}}'` has it.
fn docker_line(network: &NetworkConfig, whole: bool) -> Value {
    json!({
        "CreatedAt": human::time(network.created),
        "Driver": "bridge",
        "ID": id(network, whole),
        "IPv4": network.subnet(true).is_some().to_string(),
        "IPv6": network.subnet(false).is_some().to_string(),
        "Internal": network.internal.to_string(),
        "Labels": labels(network),
        "Name": network.name.as_str(),
        "Scope": "local",
    })
}

/// `--filter` of `ls` and `prune`: values of one key are alternatives, keys must all hold.
pub(super) struct Filters(Vec<(String, String)>);

impl Filters {
    /// # Errors
    /// `Invalid` for an unknown key.
    pub(super) fn parse(words: &[String]) -> Result<Filters> {
        let mut filters = Vec::new();
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            // `label!=x` splits before the `=`.
            match key {
                "dangling" | "internal" => {
                    super::flags::words::boolean(value)
                        .map_err(|_| invalid(format!("the filter {key} is true or false, not {value:?}")))?;
                }
                "name" => drop(pattern(value)?),
                "driver" | "id" | "label" | "label!" | "scope" => {}
                "type" if matches!(value, "builtin" | "custom") => {}
                "type" => {
                    return Err(invalid(format!("the filter type is builtin or custom, not {value:?}")));
                }
                "until" => drop(moment(value, Timestamp::now())?),
                _ => {
                    return Err(invalid(format!("{key:?} is an invalid filter")).hint(
                        "there are: dangling, driver, id, internal, label, label!, name, scope, type, until",
                    ));
                }
            }
            filters.push((key.to_string(), value.to_string()));
        }
        Ok(Filters(filters))
    }

    /// Keeps those networks for which they hold.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn apply(&self, ctx: &Context, all: &mut Vec<NetworkConfig>) -> Result<()> {
        let mut kept = Vec::new();
        'networks: for network in all.drain(..) {
            for (key, _) in &self.0 {
                // Every label has to be there; of other keys one value is enough.
                let every = key.starts_with("label");
                let mut held = every;
                for (_, value) in self.0.iter().filter(|(other, _)| other == key) {
                    let one = self.holds(ctx, &network, key, value)?;
                    held = if every { held && one } else { held || one };
                }
                if !held {
                    continue 'networks;
                }
            }
            kept.push(network);
        }
        *all = kept;
        Ok(())
    }

    fn holds(&self, ctx: &Context, network: &NetworkConfig, key: &str, value: &str) -> Result<bool> {
        let labelled = || match value.split_once('=') {
            Some((key, value)) => network.labels.get(key).is_some_and(|known| known == value),
            None => network.labels.contains_key(value),
        };
        Ok(match key {
            "dangling" => {
                // The default one is always wanted.
                let unused = network.name.as_str() != DEFAULT_NETWORK
                    && ops::networks::users(ctx.settings()?, ctx.store()?, network)?.is_empty();
                unused == super::flags::words::boolean(value)?
            }
            "internal" => network.internal == super::flags::words::boolean(value)?,
            "driver" => value == "bridge",
            "scope" => value == "local",
            "type" => (value == "builtin") == (network.name.as_str() == DEFAULT_NETWORK),
            "id" => network.id.starts_with(value),
            "name" => pattern(value)?.is_match(network.name.as_str()),
            "label" => labelled(),
            "label!" => !labelled(),
            _ => network.created <= moment(value, Timestamp::now())?,
        })
    }
}

/// Show all that is known of networks
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box network inspect box\n  \
    box network inspect -f '{{range .Subnets}}{{.Subnet}} {{end}}' backend")]
pub(crate) struct NetworkInspect {
    /// json, or a Go template
    #[arg(long, short, value_name = "FORMAT")]
    format: Option<String>,
    /// Accepted for docker
    #[arg(long, short, hide = true)]
    verbose: bool,
    /// Names or ids
    #[arg(value_name = "NETWORK", required = true)]
    names: Vec<String>,
}

impl NetworkInspect {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let store = ctx.store()?;
        let _ = self.verbose;
        show(&self.names, self.format.as_deref(), |name, for_template| inspected(store, name, for_template))
    }
}

/// The network that the user means, as `inspect` shows it.
pub(super) fn inspected(store: &Store, name: &str, for_template: bool) -> Result<Value> {
    document(store, &networks::find(store, name)?, for_template)
}

fn subnets(network: &NetworkConfig, subnet: &str, gateway: &str, range: &str) -> Value {
    let one = |config: &SubnetConfig| {
        let mut value = json!({ subnet: config.subnet, gateway: config.gateway });
        if let Some((first, last)) = config.range {
            let (start, end) =
                if range == "LeaseRange" { ("StartIP", "EndIP") } else { ("start_ip", "end_ip") };
            value[range] = json!({ start: first, end: last });
        }
        value
    };
    network.subnets.iter().map(one).collect()
}

/// podman's document, or with `go` what its templates see, and docker's besides.
fn document(store: &Store, network: &NetworkConfig, go: bool) -> Result<Value> {
    let mut containers = Map::new();
    for (id, lease) in ops::networks::present(store, network)? {
        let with_prefix = |ipv4: bool, address: Option<String>| {
            let prefix = network.subnet(ipv4).map(|s| s.subnet.prefix());
            address.zip(prefix).map(|(address, prefix)| format!("{address}/{prefix}"))
        };
        let ip4 = with_prefix(true, lease.ip4.map(|a| a.to_string()));
        let ip6 = with_prefix(false, lease.ip6.map(|a| a.to_string()));
        let subnets: Vec<Value> =
            [&ip4, &ip6].into_iter().flatten().map(|ipnet| json!({ "ipnet": ipnet })).collect();
        let value = if go {
            json!({
                "Name": lease.name, "EndpointID": "", "MacAddress": lease.mac,
                "IPv4Address": ip4.unwrap_or_default(), "IPv6Address": ip6.unwrap_or_default(),
            })
        } else {
            json!({
                "name": lease.name,
                "interfaces": { "eth0": { "subnets": subnets, "mac_address": lease.mac } },
            })
        };
        containers.insert(id.to_string(), value);
    }
    let routes = |destination: &str, gateway: &str, metric: &str| -> Value {
        let one = |route: &RouteConfig| {
            let mut value = json!({ destination: route.destination, gateway: route.gateway });
            if let Some(cost) = route.metric {
                value[metric] = json!(cost);
            }
            value
        };
        network.routes.iter().map(one).collect()
    };
    if !go {
        let mut value = json!({
            "name": network.name.as_str(),
            "id": network.id,
            "driver": "bridge",
            "network_interface": network.interface,
            "created": network.created.to_string(),
            "subnets": subnets(network, "subnet", "gateway", "lease_range"),
            "ipv6_enabled": network.subnet(false).is_some(),
            "internal": network.internal,
            "dns_enabled": network.dns,
            "ipam_options": { "driver": "host-local" },
            "containers": containers,
        });
        for (key, there) in [
            ("labels", (!network.labels.is_empty()).then(|| json!(network.labels))),
            ("options", (!network.options.is_empty()).then(|| json!(network.options))),
            ("network_dns_servers", (!network.dns_servers.is_empty()).then(|| json!(network.dns_servers))),
            ("routes", (!network.routes.is_empty()).then(|| routes("destination", "gateway", "metric"))),
        ] {
            if let Some(there) = there {
                value[key] = there;
            }
        }
        return Ok(value);
    }
    let of_docker: Vec<Value> =
        network.subnets.iter().map(|s| json!({ "Subnet": s.subnet, "Gateway": s.gateway })).collect();
    Ok(json!({
        "Name": network.name.as_str(),
        "ID": network.id,
        "Id": network.id,
        "Driver": "bridge",
        "NetworkInterface": network.interface,
        "Created": network.created.to_string(),
        "Subnets": subnets(network, "Subnet", "Gateway", "LeaseRange"),
        "Routes": routes("Destination", "Gateway", "Metric"),
        "IPv6Enabled": network.subnet(false).is_some(),
        "EnableIPv4": network.subnet(true).is_some(),
        "EnableIPv6": network.subnet(false).is_some(),
        "Internal": network.internal,
        "DNSEnabled": network.dns,
        "NetworkDNSServers": network.dns_servers,
        "Labels": network.labels,
        "Options": network.options,
        "IPAMOptions": { "driver": "host-local" },
        "IPAM": { "Driver": "default", "Options": {}, "Config": of_docker },
        "Scope": "local",
        "Attachable": true,
        "Ingress": false,
        "ConfigFrom": { "Network": "" },
        "ConfigOnly": false,
        "Containers": containers,
    }))
}
