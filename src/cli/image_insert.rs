//! `box image insert`, and `box insert` as it was called at first.

use super::{Context, output};
use crate::error::Result;
use crate::ops;

/// Make an image of another one and a file from the web
///
/// The file is root's, with mode 0644. The new image's id is printed; it has no name.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box image insert debian https://example.org/app.conf /etc/app.conf\n  \
    box tag $(box image insert debian https://example.org/x /srv/x) with-x")]
pub(crate) struct ImageInsert {
    /// The image's name or id
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Where the file is: http or https
    #[arg(value_name = "URL")]
    url: String,
    /// What it is called in the image
    #[arg(value_name = "PATH")]
    path: String,
}

impl ImageInsert {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let id = ops::commit::insert(ctx.settings()?, ctx.store()?, &self.image, &self.url, &self.path)?;
        output::line(id.hex());
        Ok(0)
    }
}
