//! `box load`.

use super::flags::platform::PlatformFlag;
use super::{Context, give_up, import, output};
use crate::error::{Result, invalid};
use crate::image::digest::ImageId;
use crate::ops;
use crate::registry::policy::Policy;
use crate::transfer::load::LoadRequest;
use std::io::IsTerminal;

/// Load images from an archive
///
/// Reads what `docker save` and `podman save` write (docker-archive, oci-archive), compressed or
/// not, and OCI layouts in a directory.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box load -i debian.tar\n  ssh host podman save debian | box load")]
pub(crate) struct Load {
    /// An archive or a directory instead of standard input
    #[arg(short, long, value_name = "PATH")]
    input: Option<String>,
    /// Print nothing but the names
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    platform: PlatformFlag,
}

impl Load {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let path = self.input.as_deref().filter(|input| *input != "-");
        if path.is_none() && std::io::stdin().is_terminal() {
            return Err(invalid("there is an archive neither in a file nor on standard input")
                .hint("box load -i FILE, or box load < FILE"));
        }
        let request = LoadRequest {
            source: path.map_or("standard input".to_string(), str::to_string),
            path: path.map(import::absolute).transpose()?,
            only: None,
            name: None,
            platform: self.platform.wanted().cloned(),
            policy: Policy::load()?,
        };
        let loaded = ops::load::load(ctx.settings()?, ctx.store()?, &request)?;
        let ids: Vec<ImageId> = loaded.iter().map(|image| image.id.clone()).collect();
        for image in loaded {
            if image.names.is_empty() {
                output::line(format_args!("Loaded image: {}", image.id));
            }
            for name in image.names {
                output::line(format_args!("Loaded image: {name}"));
            }
        }
        give_up::others(ctx, &ids)?;
        Ok(0)
    }
}
