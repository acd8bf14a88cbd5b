//! `box create`.

use super::flags::container::ContainerFlags;
use super::{Context, output};
use crate::error::Result;
use crate::ops;

/// Make a container without starting it
///
/// The image is pulled if it is not there. The container's id is printed; `box start` starts it.
#[derive(clap::Args)]
#[command(
    override_usage = "box create [OPTIONS] IMAGE [COMMAND [ARG]...]",
    after_help = "Examples:\n  box create --name web nginx\n  box start web"
)]
pub(crate) struct Create {
    #[command(flatten)]
    container: ContainerFlags,
}

impl Create {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let request = self.container.request(ctx)?;
        output::line(ops::create::create(ctx.settings()?, ctx.store()?, &request)?);
        Ok(0)
    }
}
