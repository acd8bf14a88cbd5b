//! `box wait`.

use super::each::Tally;
use super::{Context, output};
use crate::error::{Kind, Result, invalid};
use crate::ops::select::Selection;
use crate::ops::wait::{self, Condition, NO_CODE};
use std::time::Duration;

/// Wait until containers have ended, and print their exit codes
///
/// One line for each container, in the order of the arguments; -1 for one that did not end
/// (--condition) or does not exist (--ignore).
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box wait job                         its exit code, once it has ended\n  \
    box wait --condition running web     until it runs"
)]
pub(crate) struct Wait {
    /// What to wait for: created, exited, removed, running, stopped (may be repeated: any of them)
    #[arg(long, value_name = "CONDITION")]
    condition: Vec<Condition>,
    /// How often to look where nobody tells: milliseconds, or 250ms, 1s
    #[arg(short, long, value_name = "TIME", default_value = "250ms")]
    interval: String,
    /// No error for a container that does not exist; its code is -1
    #[arg(long)]
    ignore: bool,
    /// Return when the first of several containers has ended, and print its code
    #[arg(long)]
    exit_first_match: bool,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Wait {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let interval = interval(&self.interval)?;
        let conditions = match self.condition.as_slice() {
            [] => vec![Condition::default()],
            given => given.to_vec(),
        };
        let selection = Selection { names: self.containers, latest: self.latest, ..Selection::default() };
        let mut tally = Tally::default();
        let meant = selection.find(settings, store, |_| true)?;
        if self.exit_first_match {
            let entries = meant.into_iter().map(|(_, entry)| entry).collect::<Result<Vec<_>>>()?;
            output::line(wait::first(settings, store, entries, &conditions, interval)?);
            return Ok(0);
        }
        for (_, entry) in meant {
            let waited = entry.and_then(|entry| wait::wait(settings, store, entry, &conditions, interval));
            match waited {
                Ok(code) => output::line(code),
                Err(error) if error.kind() == Kind::NotFound && self.ignore => output::line(NO_CODE),
                Err(error) => tally.failed(&error),
            }
        }
        Ok(tally.code())
    }
}

/// Milliseconds, or a duration with its unit.
fn interval(text: &str) -> Result<Duration> {
    if let Ok(milliseconds) = text.parse() {
        return Ok(Duration::from_millis(milliseconds));
    }
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|length| Duration::try_from(length).ok())
        .ok_or_else(|| invalid(format!("{text:?} is not a duration")).hint("for example 250ms or 1s"))
}
