//! `box save`.

use super::Context;
use super::flags::platform::PlatformFlag;
use crate::error::{Result, invalid};
use crate::ops;
use crate::transfer::save::{Kind, SaveRequest};
use clap::ValueEnum;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Save images to an archive
///
/// To standard output unless --output names a file. `box load`, docker, podman and skopeo read it.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box save -o debian.tar debian\n  box save debian busybox | gzip > both.tar.gz\n  \
    box save --format oci-archive -o debian.oci debian:12\n  box save --format oci-dir -o layout debian"
)]
pub(crate) struct Save {
    /// Pack plain layers with gzip; with --format docker-dir only
    #[arg(long)]
    compress: bool,
    /// docker-archive (as docker save), oci-archive, oci-dir (an OCI layout), or docker-dir (dir:)
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "docker-archive",
        value_enum,
        hide_possible_values = true
    )]
    format: SavedAs,
    /// Each word is an image, not one more name of the first; here that is told by what it names
    #[arg(short, long)]
    multi_image_archive: bool,
    /// The file, or the directory, to write to
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    /// Leave plain layers plain, as is done anyway
    #[arg(long)]
    uncompressed: bool,
    #[command(flatten)]
    platform: PlatformFlag,
    /// Names or ids
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum SavedAs {
    DockerArchive,
    OciArchive,
    OciDir,
    DockerDir,
}

impl Save {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let _ = (self.multi_image_archive, self.uncompressed);
        let kind = match self.format {
            SavedAs::DockerArchive => Kind::DockerArchive,
            SavedAs::OciArchive => Kind::OciArchive,
            SavedAs::OciDir => Kind::OciDir,
            SavedAs::DockerDir => Kind::DockerDir,
        };
        let into_directory = matches!(kind, Kind::OciDir | Kind::DockerDir);
        if self.compress && kind != Kind::DockerDir {
            return Err(invalid("--compress can only be set when --format is docker-dir"));
        }
        if self.output.is_none() && into_directory {
            return Err(invalid("--output names the directory for oci-dir and docker-dir"));
        }
        if self.output.is_none() && std::io::stdout().is_terminal() {
            return Err(invalid("refusing to save to terminal. Use -o flag or redirect"));
        }
        let request = SaveRequest {
            images: self.images,
            kind,
            output: self.output,
            compress: self.compress,
            quiet: self.quiet,
        };
        self.platform.check_all(ctx.store()?, &request.images)?;
        ops::save::save(ctx.store()?, &request)?;
        Ok(0)
    }
}
