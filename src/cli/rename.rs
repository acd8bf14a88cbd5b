//! `box rename`.

use super::Context;
use crate::container::name::ContainerName;
use crate::error::Result;
use crate::ops;

/// Give a container another name
///
/// Works on running containers too.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box rename brave_curie web")]
pub(crate) struct Rename {
    /// Its name or id
    #[arg(value_name = "CONTAINER")]
    from: String,
    /// The new name
    #[arg(value_name = "NAME")]
    to: ContainerName,
}

impl Rename {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        ops::rename::rename(ctx.settings()?, ctx.store()?, &self.from, &self.to)?;
        Ok(0)
    }
}
