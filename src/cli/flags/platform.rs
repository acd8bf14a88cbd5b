//! `--platform` of the commands for images that are here: docker's scripts name it, and a name stands
//! for one platform's image here.

use crate::error::{Error, Kind, Result};
use crate::image::platform::Platform;
use crate::store::layout::Store;
use crate::transfer::named;
use clap::Args;

// Not a doc comment: clap would take it for the command's text.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct PlatformFlag {
    /// Only the image for this platform: OS/ARCH[/VARIANT]
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<Platform>,
}

impl PlatformFlag {
    /// The platform that is asked for.
    pub(crate) fn wanted(&self) -> Option<&Platform> {
        self.platform.as_ref()
    }

    /// Refuses an image that is here for another platform.
    ///
    /// # Errors
    /// `NotFound` for such an image; one that is not here at all is left to the command.
    pub(crate) fn check(&self, store: &Store, name: &str) -> Result<()> {
        let Some(wanted) = &self.platform else { return Ok(()) };
        match named::find(store, name)? {
            Some(image) if wanted.rank(&image.platform).is_none() => {
                let said = format!("the image {name} is here for {}, not for {wanted}", image.platform);
                Err(Error::new(Kind::NotFound, said)
                    .hint(format!("box pull --platform {wanted} {name} replaces it")))
            }
            _ => Ok(()),
        }
    }

    /// [`PlatformFlag::check`] for several.
    ///
    /// # Errors
    /// For the first one that is for another platform.
    pub(crate) fn check_all(&self, store: &Store, names: &[String]) -> Result<()> {
        names.iter().try_for_each(|name| self.check(store, name))
    }
}
