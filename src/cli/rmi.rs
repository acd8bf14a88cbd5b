//! `box rmi`.

use super::each::Tally;
use super::flags::platform::PlatformFlag;
use super::{Context, output};
use crate::error::{Error, Kind, Result, invalid};
use crate::ops::rmi::{self, Removal};
use crate::store::gc::Copies;
use crate::store::images;

/// Remove one or more images
///
/// By a name only that name is taken away, until it is the last one. The exit code is 1 if an image
/// does not exist, 2 if a container uses one.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box rmi debian:11\n  box rmi -f debian     its containers as well\n  box rmi --all"
)]
pub(crate) struct Rmi {
    /// All images
    #[arg(short, long, conflicts_with = "images")]
    all: bool,
    /// Also images that containers use, with these containers, and images with several names by id
    #[arg(short, long)]
    force: bool,
    /// No error for an image that does not exist
    #[arg(short, long)]
    ignore: bool,
    /// Ignored: an image has no parents here that could be kept
    #[arg(long, hide = true)]
    no_prune: bool,
    #[command(flatten)]
    platform: PlatformFlag,
    /// Names or ids
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
}

impl Rmi {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let _ = self.no_prune;
        if self.images.is_empty() && !self.all {
            return Err(invalid("image name or ID must be specified"));
        }
        let mut tally = Tally::new(self.ignore || self.force).with_codes(code);
        let mut deleted = 0;
        let mut tell = |result: Result<Removal>| match result {
            Ok(removal) => {
                deleted += u32::from(removal.deleted.is_some() || !removal.untagged.is_empty());
                tell(&removal);
            }
            Err(error) => tally.failed(&error),
        };
        if self.all {
            for image in images::list(store)? {
                tell(rmi::remove_whole(settings, store, &image, self.force));
            }
        }
        for text in &self.images {
            let fits = self.platform.check(store, text);
            tell(fits.and_then(|()| rmi::remove(settings, store, text, self.force)));
        }
        if deleted > 0 {
            rmi::collect(settings, store, Copies::Keep)?;
        }
        Ok(tally.code())
    }
}

/// Prints what is gone in podman's words.
fn tell(removal: &Removal) {
    for name in &removal.untagged {
        output::line(format_args!("Untagged: {name}"));
    }
    if let Some(id) = &removal.deleted {
        output::line(format_args!("Deleted: {}", id.hex()));
    }
}

pub(super) fn code(error: &Error) -> u8 {
    match error.kind() {
        Kind::NotFound => 1,
        Kind::Conflict => 2,
        kind => kind.exit_code(),
    }
}
