//! `box network update` and `reload`.

use super::Context;
use super::each::Tally;
use crate::container::state::Status;
use crate::error::{Error, Kind, Result, invalid};
use crate::ops::select::Selection;
use crate::store::containers::Entry;
use crate::store::networks;
use std::net::IpAddr;

/// Change the name servers that a network asks for names that no container has
///
/// Containers that run follow at once. Without any, the host's own name servers are asked.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box network update --dns-add 192.0.2.53 backend\n  \
    box network update --dns-drop 192.0.2.53 --dns-add 192.0.2.54,192.0.2.55 backend")]
pub(crate) struct NetworkUpdate {
    /// Ask this one too (may be repeated, or several with commas between)
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    dns_add: Vec<IpAddr>,
    /// Ask this one no more (may be repeated, or several with commas between)
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    dns_drop: Vec<IpAddr>,
    /// Name or id
    #[arg(value_name = "NETWORK")]
    network: String,
}

impl NetworkUpdate {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        if self.dns_add.is_empty() && self.dns_drop.is_empty() {
            return Err(
                invalid("nothing is to be changed").hint("say --dns-add ADDRESS or --dns-drop ADDRESS")
            );
        }
        let store = ctx.store()?;
        let network = networks::find(store, &self.network)?;
        networks::change_servers(store, &network.name, &self.dns_add, &self.dns_drop)?;
        Ok(0)
    }
}

/// Nothing has to be reloaded: box has no firewall rules that could get lost
///
/// Prints the running containers that are named, for scripts that were written for podman.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box network reload web\n  box network reload --all")]
pub(crate) struct NetworkReload {
    /// All running containers
    #[arg(short, long)]
    all: bool,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl NetworkReload {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let runs = |entry: &Entry| entry.status() == Status::Running;
        let selection = Selection {
            names: self.containers,
            all: self.all,
            latest: self.latest,
            filters: Vec::new(),
            id_files: Vec::new(),
            ignore: false,
        };
        let mut tally = Tally::default();
        for (_, entry) in tally.found(selection.find(ctx.settings()?, ctx.store()?, runs)?) {
            let done = match runs(&entry) {
                true => Ok(()),
                false => Err(Error::new(Kind::Conflict, format!("container {} is not running", entry.name))),
            };
            tally.served(entry.id.as_str(), done);
        }
        Ok(tally.code())
    }
}
