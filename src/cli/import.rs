//! `box import`.

use super::{Context, give_up, output};
use crate::error::{Doing, Result};
use crate::image::platform::Platform;
use crate::image::reference::Reference;
use crate::ops;
use crate::transfer::import::ImportRequest;
use std::path::PathBuf;

/// Make an image of one layer from a tarball of a root file system
///
/// The tarball may be compressed by gzip or zstd. The image's id is printed to standard output.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box import debian.tar debian                 an image localhost/debian:latest\n  \
    tar -C rootfs -c . | box import - my:1.0     from standard input\n  \
    box import -c 'CMD [\"bash\"]' debian.tar debian"
)]
pub(crate) struct Import {
    /// Change the image's configuration by a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE,
    /// HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR
    #[arg(short, long = "change", value_name = "INSTRUCTION")]
    change: Vec<String>,
    /// The remark in the image's history
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Print the id only
    #[arg(short, long)]
    quiet: bool,
    /// The architecture that the files are for; this machine's unless given
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,
    /// The operating system that the files are for
    #[arg(long, value_name = "OS")]
    os: Option<String>,
    /// The variant of the architecture, v7 for example
    #[arg(long, value_name = "VARIANT")]
    variant: Option<String>,
    /// OS/ARCH[/VARIANT] of what is in it
    #[arg(long, value_name = "PLATFORM", conflicts_with_all = ["arch", "os", "variant"])]
    platform: Option<Platform>,
    /// A file, an address (http, https), or - for standard input
    #[arg(value_name = "TARBALL")]
    source: String,
    /// The image's name
    #[arg(value_name = "NAME[:TAG]")]
    name: Option<String>,
}

impl Import {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let is_address = self.source.starts_with("http://") || self.source.starts_with("https://");
        let path = match self.source.as_str() {
            "-" => None,
            _ if is_address => None,
            path => Some(absolute(path)?),
        };
        let mut platform = self.platform.unwrap_or_else(Platform::host);
        if let Some(arch) = &self.arch {
            platform = arch.parse()?;
        }
        if let Some(os) = self.os {
            platform.os = os;
        }
        platform.variant = self.variant.or(platform.variant);
        let request = ImportRequest {
            source: if self.source == "-" { "standard input".to_string() } else { self.source },
            path,
            name: self.name.as_deref().map(Reference::parse_local).transpose()?,
            changes: self.change,
            message: self.message,
            platform: Some(platform),
        };
        // The store is made by the client, so that a home that is not writable is its error.
        let id = ops::import::import(ctx.settings()?, ctx.store()?, &request)?;
        output::line(&id);
        give_up::others(ctx, &[id])?;
        Ok(0)
    }
}

/// The path as the job sees it, whatever its working directory.
pub(super) fn absolute(path: &str) -> Result<PathBuf> {
    std::path::absolute(path).doing(|| format!("find {path}"))
}
