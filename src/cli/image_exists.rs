//! `box image exists`.

use super::Context;
use crate::error::{Kind, Result};
use crate::transfer::named;

/// Tell by the exit code whether an image is here: 0 if it is, 1 if not
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box image exists debian || box pull debian")]
pub(crate) struct ImageExists {
    /// Its name or id
    #[arg(value_name = "IMAGE")]
    image: String,
}

impl ImageExists {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        match named::find_to_run(ctx.store()?, &self.image) {
            Ok(Some(_)) => Ok(0),
            Ok(None) => Ok(1),
            Err(error) if error.kind() == Kind::NotFound => Ok(1),
            Err(error) => Err(error),
        }
    }
}
