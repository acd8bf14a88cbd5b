//! `.NetworkSettings` of `box inspect`.

use super::inspect_container::bindings;
use super::ps::network;
use crate::container::bridge::Attachment;
use crate::container::config::NetworkMode;
use crate::container::state::{State, Status};
use crate::ops::inspect::Inspected;
use serde_json::{Map, Value, json};

/// The whole object.
pub(super) fn value(inspected: &Inspected) -> Value {
    let config = &inspected.entry.config;
    let runs = inspected.entry.status() == Status::Running;
    let own = crate::network::addresses(&config.network).filter(|_| runs);
    let mut ports: Map<String, Value> =
        config.network.exposed.iter().map(|port| (port.clone(), Value::Null)).collect();
    bindings(&mut ports, inspected.ports.iter().map(|b| (b.port(), b.shown_ip(), b.host.to_string())));
    let sandbox_key = match &inspected.entry.state {
        State::Started(started) if runs && has_own(&config.network.mode) => {
            format!("/proc/{}/ns/net", started.init.pid)
        }
        _ => String::new(),
    };
    let mut networks = Map::new();
    let mut first = match &own {
        Some(own) => json!({
            "Gateway": own.gateway.to_string(),
            "IPAddress": own.address.to_string(),
            "IPPrefixLen": own.prefix,
        }),
        None => json!({}),
    };
    if config.network.mode == NetworkMode::Bridge {
        for (join, attachment, id) in &inspected.networks {
            let mut one = attachment.as_ref().map_or_else(|| json!({}), addresses);
            if networks.is_empty() {
                first = one.clone();
            }
            complete(&mut one);
            let mut aliases: Vec<&str> = join.aliases.iter().map(String::as_str).collect();
            aliases.push(inspected.entry.id.short());
            one["Aliases"] = json!(aliases);
            one["NetworkID"] = json!(id);
            if join.ip4.is_some() || join.ip6.is_some() {
                one["IPAMConfig"] = json!({ "IPv4Address": join.ip4, "IPv6Address": join.ip6 });
            }
            networks.insert(join.network.to_string(), one);
        }
    } else if !matches!(config.network.mode, NetworkMode::Container(_) | NetworkMode::Path(_)) {
        let name = network(&config.network);
        let mut one = first.clone();
        complete(&mut one);
        one["NetworkID"] = json!(name);
        networks.insert(name, one);
    }
    let mut all = first;
    empty(&mut all);
    for (key, value) in [
        ("Bridge", json!("")),
        ("SandboxID", json!("")),
        ("HairpinMode", json!(false)),
        ("LinkLocalIPv6Address", json!("")),
        ("LinkLocalIPv6PrefixLen", json!(0)),
        ("Ports", Value::Object(ports)),
        // Why services see the container's own address in place of their clients'; empty if they see those.
        ("ClientAddressesHidden", json!(inspected.clients_hidden.clone().unwrap_or_default())),
        ("SandboxKey", json!(sandbox_key)),
        ("Networks", Value::Object(networks)),
    ] {
        all[key] = value;
    }
    all
}

/// Whether a namespace was made for it.
fn has_own(mode: &NetworkMode) -> bool {
    matches!(mode, NetworkMode::Bridge | NetworkMode::Slirp4netns | NetworkMode::Pasta)
}

fn addresses(attachment: &Attachment) -> Value {
    let mut value = json!({ "MacAddress": attachment.mac.to_string() });
    if let Some((address, prefix, gateway)) = attachment.ip4 {
        value["IPAddress"] = json!(address);
        value["IPPrefixLen"] = json!(prefix);
        value["Gateway"] = json!(gateway);
    }
    if let Some((address, prefix, gateway)) = attachment.ip6 {
        value["GlobalIPv6Address"] = json!(address);
        value["GlobalIPv6PrefixLen"] = json!(prefix);
        value["IPv6Gateway"] = json!(gateway);
    }
    value
}

/// What is not there is there as empty: templates fail on a missing field.
fn empty(value: &mut Value) {
    for key in ["EndpointID", "Gateway", "IPAddress", "IPv6Gateway", "GlobalIPv6Address", "MacAddress"] {
        if value[key].is_null() {
            value[key] = json!("");
        }
    }
    for key in ["IPPrefixLen", "GlobalIPv6PrefixLen"] {
        if value[key].is_null() {
            value[key] = json!(0);
        }
    }
}

/// The same for one network, with what has no use here.
fn complete(value: &mut Value) {
    empty(value);
    for key in ["DriverOpts", "IPAMConfig", "Links", "Aliases"] {
        value[key] = Value::Null;
    }
}
