//! `box network rm`, `exists` and `prune`.

use super::each::Tally;
use super::network_ls::Filters;
use super::{Context, output, prune};
use crate::container::bridge::DEFAULT_NETWORK;
use crate::error::{Error, Kind, Result};
use crate::ops;
use crate::store::networks;

/// Remove networks
///
/// The exit code is 1 if a network does not exist, 2 if containers use it.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box network rm backend\n  box network rm -f backend    its containers too"
)]
pub(crate) struct NetworkRm {
    /// Also the containers that use it
    #[arg(long, short)]
    force: bool,
    /// Seconds to wait before SIGKILL with --force; the container's own --stop-timeout unless given
    #[arg(long, short, value_name = "SECONDS")]
    time: Option<u32>,
    /// Names or ids
    #[arg(value_name = "NETWORK", required = true)]
    names: Vec<String>,
}

impl NetworkRm {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let mut tally = Tally::new(self.force).with_codes(code);
        for name in &self.names {
            let removed = networks::find(store, name)
                .and_then(|network| ops::networks::remove(settings, store, &network, self.force, self.time));
            tally.served(name, removed);
        }
        Ok(tally.code())
    }
}

fn code(error: &Error) -> u8 {
    match error.kind() {
        Kind::NotFound => 1,
        Kind::Conflict => 2,
        kind => kind.exit_code(),
    }
}

/// Say by the exit code whether a network exists: 0 or 1
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box network exists backend || box network create backend")]
pub(crate) struct NetworkExists {
    /// Name or id
    #[arg(value_name = "NETWORK")]
    name: String,
}

impl NetworkExists {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        match networks::find(ctx.store()?, &self.name) {
            Ok(_) => Ok(0),
            Err(error) if error.kind() == Kind::NotFound => Ok(1),
            Err(error) => Err(error),
        }
    }
}

/// Remove the networks that no container uses
///
/// Asks first. The default network stays.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box network prune -f\n  box network prune -f --filter label=test")]
pub(crate) struct NetworkPrune {
    /// Only networks for which this holds: label=KEY[=VALUE], label!=…, until=TIME (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    force: bool,
}

impl NetworkPrune {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let filters = Filters::parse(&self.filter)?;
        if !self.force
            && !prune::agreed("WARNING! This will remove all networks not used by at least one container.")?
        {
            return Ok(0);
        }
        let (removed, errors) = prune_networks(ctx, &filters)?;
        removed.iter().for_each(output::line);
        errors.iter().for_each(output::report);
        Ok(errors.last().map_or(0, |error| error.kind().exit_code()))
    }
}

/// Removes the networks that no container uses and that the filters mean; their names.
pub(super) fn prune_networks(ctx: &Context, filters: &Filters) -> Result<(Vec<String>, Vec<Error>)> {
    let (settings, store) = (ctx.settings()?, ctx.store()?);
    let mut all = networks::list(store)?;
    all.retain(|network| network.name.as_str() != DEFAULT_NETWORK);
    filters.apply(ctx, &mut all)?;
    let (mut removed, mut errors) = (Vec::new(), Vec::new());
    for network in all {
        match ops::networks::remove(settings, store, &network, false, None) {
            Ok(()) => removed.push(network.name.to_string()),
            // It is used.
            Err(error) if error.kind() == Kind::Conflict => {}
            Err(error) => errors.push(error),
        }
    }
    Ok((removed, errors))
}
