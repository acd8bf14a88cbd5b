//! `box system reset`.

use super::{Context, output};
use crate::error::{Result, invalid};
use crate::ops::reset;
use std::io::{BufRead, IsTerminal};

/// Remove all containers, all images and everything else that box keeps
///
/// Only a store of box's own is touched, and in it only what box made: no link is followed and
/// nothing that is mounted there is entered. Running containers are killed.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box system reset\n  box system reset --force")]
pub(crate) struct Reset {
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

impl Reset {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let settings = ctx.settings()?;
        reset::check(settings)?;
        let store = ctx.store()?;
        if !self.force && !confirmed(settings, store)? {
            return Ok(1);
        }
        reset::reset(settings, store)?;
        Ok(0)
    }
}

fn confirmed(settings: &crate::settings::Settings, store: &crate::store::layout::Store) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(invalid(
            "system reset asks before it removes everything, and there is no terminal to ask on",
        )
        .hint("add --force"));
    }
    let extent = reset::extent(settings, store)?;
    output::note(format_args!(
        "This removes {} containers ({} of them running), all images and all else in {}.",
        extent.containers,
        extent.running,
        settings.root.display()
    ));
    output::ask("Are you sure you want to continue? [y/N] ");
    let mut answer = String::new();
    if std::io::stdin().lock().read_line(&mut answer).is_err() {
        return Ok(false);
    }
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
