//! `box mount`, `box unmount`, `box image mount`, `box image unmount`.

use super::{Context, output};
use crate::error::{Result, invalid};
use crate::ops;
use crate::ops::mount::Mounted;
use serde_json::json;

/// Show containers' files as directories, inside `box unshare`
///
/// Prints where. A running container's are those that it sees; another's may be changed until it starts.
/// Without arguments: what is mounted. All of it goes with the shell that `box unshare` started.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box unshare\n  cd $(box mount web)        in the shell that this starts\n  box unmount web"
)]
pub(crate) struct Mount {
    /// All containers
    #[arg(short, long)]
    all: bool,
    /// The list as json
    #[arg(long, value_name = "FORMAT", value_parser = ["json"])]
    format: Option<String>,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Accepted: ids are never cut here
    #[arg(long, hide = true)]
    no_trunc: bool,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Mount {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        ops::mount::check("mount")?;
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let _ = self.no_trunc;
        let mut wanted = self.containers;
        if self.all {
            let all = crate::store::containers::list(store)?;
            wanted.extend(all.iter().map(ToString::to_string));
        }
        if self.latest {
            wanted.push(ops::select::latest(settings, store)?.id.to_string());
        }
        if wanted.is_empty() && !self.all {
            show(&ops::mount::list(settings, false)?, self.format.is_some(), false);
            return Ok(0);
        }
        let mounted: Vec<Mounted> =
            wanted.iter().map(|text| ops::mount::container(settings, store, text)).collect::<Result<_>>()?;
        show(&mounted, self.format.is_some(), mounted.len() == 1 && !self.all);
        Ok(0)
    }
}

/// Take containers' files away from where `mount` put them
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box unmount web\n  box unmount --all")]
pub(crate) struct Unmount {
    /// All that are mounted
    #[arg(short, long)]
    all: bool,
    /// Accepted: what is in use goes when it is not any more
    #[arg(short, long)]
    force: bool,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Unmount {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        ops::mount::check("unmount")?;
        let mut wanted = self.containers;
        if self.latest {
            wanted.push(ops::select::latest(ctx.settings()?, ctx.store()?)?.id.to_string());
        }
        let _ = self.force;
        unmount(ctx, &wanted, self.all, false)
    }
}

/// Show images' files as directories, inside `box unshare`
///
/// Prints where. Without arguments: what is mounted.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box unshare\n  ls $(box image mount debian)        in the shell that this starts"
)]
pub(crate) struct ImageMount {
    /// All images
    #[arg(short, long)]
    all: bool,
    /// The list as json
    #[arg(long, value_name = "FORMAT", value_parser = ["json"])]
    format: Option<String>,
    /// Names or ids
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
}

impl ImageMount {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        ops::mount::check("image mount")?;
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let mut wanted = self.images;
        if self.all {
            wanted.extend(ops::images::list(store)?.iter().map(|image| image.id.to_string()));
        }
        if wanted.is_empty() && !self.all {
            show(&ops::mount::list(settings, true)?, self.format.is_some(), false);
            return Ok(0);
        }
        let mounted: Vec<Mounted> =
            wanted.iter().map(|text| ops::mount::image(settings, store, text)).collect::<Result<_>>()?;
        show(&mounted, self.format.is_some(), mounted.len() == 1 && !self.all);
        Ok(0)
    }
}

/// Take images' files away from where `image mount` put them
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box image unmount debian\n  box image unmount --all")]
pub(crate) struct ImageUnmount {
    /// All that are mounted
    #[arg(short, long)]
    all: bool,
    /// Accepted: what is in use goes when it is not any more
    #[arg(short, long)]
    force: bool,
    /// Names or ids
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
}

impl ImageUnmount {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        ops::mount::check("image unmount")?;
        let _ = self.force;
        unmount(ctx, &self.images, self.all, true)
    }
}

fn unmount(ctx: &Context, wanted: &[String], all: bool, of_images: bool) -> Result<u8> {
    let (settings, store) = (ctx.settings()?, ctx.store()?);
    if wanted.is_empty() && !all {
        return Err(invalid("nothing is named").hint("--all unmounts all that is mounted here"));
    }
    if all {
        for mounted in ops::mount::list(settings, of_images)? {
            ops::mount::drop_one(&mounted)?;
            output::line(&mounted.id);
        }
    }
    for text in wanted {
        output::line(ops::mount::unmount(settings, store, text, of_images)?.id);
    }
    Ok(0)
}

/// One path alone as scripts want it; several with their ids.
fn show(all: &[Mounted], as_json: bool, alone: bool) {
    if as_json {
        let list: Vec<_> =
            all.iter().map(|mounted| json!({"id": mounted.id, "mountpoint": mounted.place})).collect();
        output::json(&list);
        return;
    }
    for mounted in all {
        match alone {
            true => output::line(mounted.place.display()),
            false => output::line(format_args!("{} {}", mounted.id, mounted.place.display())),
        }
    }
}
