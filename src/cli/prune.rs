//! `box container prune`.

use super::{Context, output};
use crate::error::Result;
use crate::ops;
use crate::ops::select::Filters;
use std::io::IsTerminal;

/// Remove all containers that do not run
///
/// Asks first when there is a terminal to ask on. The ids of the removed containers are printed.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box container prune -f\n  \
    box container prune --filter until=24h --filter label=ci")]
pub(crate) struct Prune {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Only containers for which this holds, as KEY=VALUE (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
}

impl Prune {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let filters = Filters::parse(&self.filter, settings, store)?;
        if !self.force && std::io::stdin().is_terminal() {
            output::note("WARNING! This will remove all non running containers.");
            if !agreed()? {
                return Ok(0);
            }
        }
        let pruned = ops::prune::prune(settings, store, &filters)?;
        for id in &pruned.removed {
            output::line(id);
        }
        let code = pruned.errors.first().map_or(0, |error| error.kind().exit_code());
        pruned.errors.iter().for_each(output::report);
        Ok(code)
    }
}

/// Asks on the terminal.
pub(super) fn agreed() -> Result<bool> {
    use std::io::{BufRead, Write};
    // A question whose answer nobody can see is not worth an error.
    let _ = write!(std::io::stderr(), "Are you sure you want to continue? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
