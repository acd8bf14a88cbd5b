//! `box volume prune`.

use super::super::{Context, output};
use crate::error::Result;
use crate::ops;
use crate::ops::volumes::Filters;

/// Remove all volumes that no container uses
///
/// Asks first. The names of the removed volumes are printed; their data is lost.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box volume prune\n  box volume prune -f --filter label=ci\n  \
    box volume prune -f --filter anonymous=true")]
pub(crate) struct Prune {
    /// Accepted for docker's scripts: named volumes are meant too
    #[arg(short, long, hide = true)]
    all: bool,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Only volumes for which this holds: anonymous=BOOL, label=KEY[=VALUE], label!=…, name=…,
    /// since=TIME, until=TIME (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
}

impl Prune {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let _ = self.all;
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let filters = Filters::parse(&self.filter)?;
        let warning =
            "WARNING! This will remove all volumes not used by at least one container, with their data.";
        if !self.force && !super::super::prune::agreed(warning)? {
            return Ok(0);
        }
        let (removed, errors) = ops::volumes::prune(store, &filters)?;
        removed.iter().for_each(output::line);
        errors.iter().for_each(output::report);
        ops::rm::empty_trash(settings, store);
        Ok(errors.first().map_or(0, |error| error.kind().exit_code()))
    }
}
