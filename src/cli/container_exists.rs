//! `box container exists`.

use super::Context;
use crate::error::{Kind, Result};
use crate::ops;

/// Tell by the exit code whether a container exists: 0 if it does, 1 if not
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box container exists web && box stop web")]
pub(crate) struct ContainerExists {
    /// Ignored: there are no containers but box's own
    #[arg(short, long, hide = true)]
    external: bool,
    /// Its name or id
    #[arg(value_name = "CONTAINER")]
    container: String,
}

impl ContainerExists {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let _ = self.external;
        match ops::reconcile::find(ctx.settings()?, ctx.store()?, &self.container) {
            Ok(_) => Ok(0),
            Err(error) if error.kind() == Kind::NotFound => Ok(1),
            // Several begin so: something exists.
            Err(error) if error.kind() == Kind::Conflict => Ok(0),
            Err(error) => Err(error),
        }
    }
}
