//! `box tag` and `box untag`.

use super::Context;
use crate::error::Result;
use crate::ops;

/// Give an image another name
///
/// A name without a registry becomes localhost/NAME. A name that another image had moves.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box tag debian mine:1.0\n  box tag 0a1b2c3d4e5f registry.example/team/app:2"
)]
pub(crate) struct Tag {
    /// Accepted for old scripts: a name always moves
    #[arg(short, long, hide = true)]
    force: bool,
    /// The image's name or id
    #[arg(value_name = "IMAGE")]
    image: String,
    /// New names
    #[arg(value_name = "NAME[:TAG]", required = true)]
    names: Vec<String>,
}

impl Tag {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let Tag { force: _, .. } = self;
        ops::tag::tag(ctx.store()?, &self.image, &self.names)?;
        Ok(0)
    }
}

/// Take names away from an image
///
/// All of them unless some are given. The image stays, even without a name.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box untag mine:1.0\n  box untag 0a1b2c3d4e5f mine:1.0")]
pub(crate) struct Untag {
    /// The image's name or id
    #[arg(value_name = "IMAGE")]
    image: String,
    /// The names to take away
    #[arg(value_name = "NAME[:TAG]")]
    names: Vec<String>,
}

impl Untag {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        ops::tag::untag(ctx.store()?, &self.image, &self.names)?;
        Ok(0)
    }
}
