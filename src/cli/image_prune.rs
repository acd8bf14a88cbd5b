//! `box image prune`.

use super::flags::words;
use super::{Context, output, prune};
use crate::error::{Result, invalid};
use crate::ops;
use crate::ops::images::Filters;

/// Remove images that have no name and that no container uses
///
/// Asks first. The ids of the removed images are printed.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box image prune -f\n  box image prune -a      those with names as well")]
pub(crate) struct ImagePrune {
    /// Also images with a name, if no container uses them
    #[arg(short, long)]
    all: bool,
    /// Ignored: nothing is cached for builds
    #[arg(long, hide = true)]
    build_cache: bool,
    /// Ignored: there are no containers but box's own
    #[arg(long, hide = true)]
    external: bool,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Only images for which this holds: label=KEY[=VALUE], label!=…, until=TIME (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
}

impl ImagePrune {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let _ = (self.build_cache, self.external);
        let (mut all, mut words) = (self.all, Vec::new());
        for word in self.filter {
            match word.split_once('=') {
                Some(("label" | "label!" | "until", _)) => words.push(word),
                // Every image that is removed without --all is one.
                Some(("dangling", value)) => all |= !words::boolean(value)?,
                _ => {
                    let key = word.split('=').next().unwrap_or_default();
                    return Err(invalid(format!("{key} is an invalid filter"))
                        .hint("there are: dangling, label, label!, until"));
                }
            }
        }
        let filters = Filters::parse(&words, store)?;
        let what = if all { "all images without a container" } else { "all dangling images" };
        if !self.force && !prune::agreed(&format!("WARNING! This will remove {what}."))? {
            return Ok(0);
        }
        let pruned = ops::prune::images(settings, store, all, &filters)?;
        for id in &pruned.images {
            output::line(id.hex());
        }
        Ok(prune::code(&pruned))
    }
}
