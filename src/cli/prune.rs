//! `box container prune`, and what all prunes share.

use super::{Context, output};
use crate::error::{Result, invalid};
use crate::ops;
use crate::ops::prune::Pruned;
use crate::ops::select::Filters;

/// Remove all containers that do not run
///
/// Asks first. The ids of the removed containers are printed.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box container prune -f\n  \
    box container prune -f --filter until=24h --filter label=ci")]
pub(crate) struct Prune {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Only containers for which this holds: label=KEY[=VALUE], label!=…, until=TIME (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
}

impl Prune {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let filters = Filters::parse(&self.filter, settings, store)?;
        if !self.force && !agreed("WARNING! This will remove all non running containers.")? {
            return Ok(0);
        }
        let pruned = ops::prune::containers(settings, store, &filters)?;
        for id in &pruned.containers {
            output::line(id);
        }
        Ok(code(&pruned))
    }
}

/// Reports what could not be removed; the exit code.
pub(super) fn code(pruned: &Pruned) -> u8 {
    if pruned.busy {
        output::note("images are being made or pulled: what nothing refers to goes with the next prune");
    }
    pruned.errors.iter().for_each(output::report);
    pruned.errors.first().map_or(0, |error| error.kind().exit_code())
}

/// Warns, asks, and reads the answer from standard input.
///
/// # Errors
/// `Invalid` when nobody answers: a script has to say that it means it.
pub(super) fn agreed(warning: &str) -> Result<bool> {
    output::note(warning);
    output::ask("Are you sure you want to continue? [y/N] ");
    let mut answer = String::new();
    if std::io::stdin().read_line(&mut answer)? == 0 {
        output::note("");
        return Err(invalid("nobody answered, so nothing was removed").hint("--force does not ask"));
    }
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
