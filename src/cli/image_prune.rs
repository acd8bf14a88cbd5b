//! `box image prune`.

use super::{Context, output, rmi};
use crate::error::{Result, invalid};
use crate::ops;
use std::io::IsTerminal;

/// Remove images that have no name and that no container uses
///
/// Asks first when there is a terminal to ask on. The ids of the removed images are printed.
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
        let mut labels = Vec::new();
        for filter in &self.filter {
            match filter.split_once('=') {
                Some(("label", label)) => labels.push((true, label)),
                Some(("label!", label)) => labels.push((false, label)),
                Some(("dangling", "true")) => {}
                _ => return Err(invalid(format!("not yet: --filter {filter}"))),
            }
        }
        if !self.force && std::io::stdin().is_terminal() {
            let what = if self.all { "all images without a container" } else { "all dangling images" };
            output::note(format_args!("WARNING! This will remove {what}."));
            if !super::prune::agreed()? {
                return Ok(0);
            }
        }
        let mut code = 0;
        for image in ops::rmi::unused(store, self.all)? {
            let has = |label: &str| match label.split_once('=') {
                Some((key, value)) => image.config.config.labels.get(key).is_some_and(|v| v == value),
                None => image.config.config.labels.contains_key(label),
            };
            if !labels.iter().all(|(wanted, label)| has(label) == *wanted) {
                continue;
            }
            match ops::rmi::remove_whole(settings, store, &image, false) {
                Ok(removal) => {
                    if let Some(id) = removal.deleted {
                        output::line(id.hex());
                    }
                }
                Err(error) => {
                    output::report(&error);
                    code = rmi::code(&error).max(code);
                }
            }
        }
        ops::rmi::collect(settings, store)?;
        Ok(code)
    }
}
