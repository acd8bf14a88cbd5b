//! `box network connect` and `disconnect`.

use super::Context;
use super::flags::network::interface;
use crate::container::bridge::{Join, Mac};
use crate::error::Result;
use crate::ops;
use crate::ops::reconcile;
use crate::store::networks;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Connect a container to a network, running or not
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box network connect backend web\n  \
    box network connect --alias db --ip 10.89.0.7 backend postgres")]
pub(crate) struct NetworkConnect {
    /// Another name under which its neighbours find it (may be repeated)
    #[arg(long, value_name = "NAME")]
    alias: Vec<String>,
    /// Name of the interface in the container
    #[arg(long, value_name = "NAME", value_parser = interface)]
    interface_name: Option<String>,
    /// Fixed IPv4 address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<Ipv4Addr>,
    /// Fixed IPv6 address
    #[arg(long, value_name = "ADDRESS")]
    ip6: Option<Ipv6Addr>,
    /// Fixed MAC address
    #[arg(long, value_name = "ADDRESS")]
    mac_address: Option<Mac>,
    /// Name or id
    #[arg(value_name = "NETWORK")]
    network: String,
    /// Name or id
    #[arg(value_name = "CONTAINER")]
    container: String,
}

impl NetworkConnect {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let network = networks::find(store, &self.network)?;
        let entry = reconcile::find(settings, store, &self.container)?;
        let join = Join {
            network: network.name,
            ip4: self.ip,
            ip6: self.ip6,
            mac: self.mac_address,
            aliases: self.alias,
            interface: self.interface_name,
        };
        ops::networks::connect(store, &entry, &join)?;
        Ok(0)
    }
}

/// Disconnect a container from a network, running or not
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box network disconnect backend web")]
pub(crate) struct NetworkDisconnect {
    /// Accepted: it always works so
    #[arg(long, short)]
    force: bool,
    /// Name or id
    #[arg(value_name = "NETWORK")]
    network: String,
    /// Name or id
    #[arg(value_name = "CONTAINER")]
    container: String,
}

impl NetworkDisconnect {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let _ = self.force;
        let network = networks::find(store, &self.network)?;
        let entry = reconcile::find(settings, store, &self.container)?;
        ops::networks::disconnect(store, &entry, &network.name)?;
        Ok(0)
    }
}
