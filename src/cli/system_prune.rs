//! `box system prune`.

use super::format::human;
use super::{Context, network_ls, network_rm, output, prune};
use crate::error::{Result, invalid};
use crate::ops::keep::{self, Policy};
use crate::ops::prune::{Wish, everything, would};
use crate::ops::{images, select, volumes};
use crate::store::images::Image;

/// Remove what nobody uses
///
/// All containers that do not run, all networks that none is in, then all images without a name that no container uses, and
/// what killed commands have left in the store. Asks first.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box system prune\n  box system prune -a -f               also images with a name\n  \
    box system prune -f --filter until=240h"
)]
pub(crate) struct SystemPrune {
    /// Also images that have a name, if no container uses them
    #[arg(short, long)]
    all: bool,
    /// Accepted for podman's scripts: nothing is cached for builds
    #[arg(long, hide = true)]
    build: bool,
    /// Accepted for podman's scripts: there are no containers but box's own
    #[arg(long, hide = true)]
    external: bool,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
    /// Also all volumes that no container uses, with their data
    #[arg(long)]
    volumes: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Only the images that [gc] of config.toml gives up, as after each pull, load, import and commit:
    /// keep = "20GB" is how much of the disk images may take, unused = "14d" how long nothing was made
    /// from them
    #[arg(long, conflicts_with_all = ["all", "volumes", "filter"])]
    policy: bool,
    /// Only that for which this holds: label=KEY[=VALUE], label!=…, until=TIME (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
}

impl SystemPrune {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let _ = (self.build, self.external);
        if self.policy {
            return self.apply_policy(ctx);
        }
        for word in &self.filter {
            if !matches!(word.split_once('='), Some(("label" | "label!" | "until", _))) {
                let key = word.split('=').next().unwrap_or_default();
                return Err(
                    invalid(format!("{key} is an invalid filter")).hint("there are: label, label!, until")
                );
            }
        }
        let wish = Wish {
            all_images: self.all,
            containers: select::Filters::parse(&self.filter, settings, store)?,
            images: images::Filters::parse(&self.filter, store)?,
            volumes: self.volumes.then(|| volumes::Filters::parse(&self.filter)).transpose()?,
        };
        let networks = network_ls::Filters::parse(&self.filter)?;
        if self.dry_run {
            let pruned = would(settings, store, &wish)?;
            section("Would delete Containers", pruned.containers.iter().map(|id| id.to_string()));
            section("Would delete Volumes", pruned.volumes.iter().map(ToString::to_string));
            section("Would delete Images", pruned.images.iter().map(|id| id.hex().to_string()));
            return Ok(0);
        }
        if !self.force && !prune::agreed(&self.warning())? {
            return Ok(0);
        }
        let mut pruned = everything(settings, store, &wish)?;
        section("Deleted Containers", pruned.containers.iter().map(|id| id.to_string()));
        let (networks, errors) = network_rm::prune_networks(ctx, &networks)?;
        section("Deleted Networks", networks.into_iter());
        section("Deleted Volumes", pruned.volumes.iter().map(ToString::to_string));
        section("Deleted Images", pruned.images.iter().map(|id| id.hex().to_string()));
        output::line(format_args!("Total reclaimed space: {}", human::size(pruned.bytes)));
        pruned.errors.extend(errors);
        Ok(prune::code(&pruned))
    }

    fn apply_policy(&self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let policy = Policy::of(&ctx.conf()?.gc)?.ok_or_else(|| {
            invalid("there is no [gc] in config.toml, so nothing is given up")
                .hint("for example, in ~/.config/box/config.toml: [gc], then keep = \"20GB\"")
        })?;
        let going = keep::given_up(store, policy)?;
        if self.dry_run {
            section("Would delete Images", going.iter().map(Image::display_name));
            return Ok(0);
        }
        let warning = format!("WARNING! This command removes {} images that [gc] gives up.", going.len());
        if !self.force && !prune::agreed(&warning)? {
            return Ok(0);
        }
        let pruned = keep::apply(settings, store, policy, &[])?;
        section("Deleted Images", pruned.images.iter().map(|id| id.hex().to_string()));
        output::line(format_args!("Total reclaimed space: {}", human::size(pruned.bytes)));
        Ok(prune::code(&pruned))
    }

    fn warning(&self) -> String {
        let images = match self.all {
            true => "all images without at least one container associated with them",
            false => "all dangling images",
        };
        let volumes = match self.volumes {
            true => "\t- all volumes not used by at least one container\n",
            false => "",
        };
        format!(
            "WARNING! This command removes:\n\t- all stopped containers\n\t- all networks not used by at least one container\n{volumes}\t- {images}\n"
        )
    }
}

fn section(title: &str, ids: impl Iterator<Item = String>) {
    let ids: Vec<String> = ids.collect();
    if !ids.is_empty() {
        output::line(title);
        ids.iter().for_each(output::line);
    }
}
