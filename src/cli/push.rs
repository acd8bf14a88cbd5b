//! `box push`.

use super::flags::registry::{RegistryFlags, RetryFlags};
use super::flags::words;
use super::{Context, output};
use crate::container::volume::not_yet;
use crate::error::{Result, invalid};
use crate::ops;
use crate::settings::conf::Conf;
use crate::store::compress::Packing;
use crate::transfer::layouts::note_in_file;
use crate::transfer::outgoing::Format;
use crate::transfer::push::PushRequest;
use clap::ArgAction;
use std::path::PathBuf;

/// Push an image to a registry, or to another place
///
/// What came from a registry goes out byte for byte, an index with all its images if they are here.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box push registry.example/team/app:2\n  box push app registry.example/team/app:2\n  \
    box push --compression-format zstd app registry.example/app\n  box push app oci-archive:app.oci\n\n\
    Destinations: docker://NAME (or NAME), oci:DIR[:NAME], oci-archive:FILE[:NAME],\n\
    docker-archive:FILE[:NAME], dir:DIR"
)]
pub(crate) struct Push {
    /// Every tag of the repository that is here
    #[arg(short, long)]
    all_tags: bool,
    /// Pack plain layers with gzip for a dir: as well
    #[arg(long)]
    compress: bool,
    /// How plain layers are packed: gzip or zstd; those that are packed otherwise, too
    #[arg(long, value_name = "FORMAT")]
    compression_format: Option<String>,
    /// gzip: 1 to 9 (5 unless given); zstd: 1 to 22 (3)
    #[arg(long, value_name = "LEVEL")]
    compression_level: Option<u32>,
    /// Pack layers again that are packed otherwise (true if --compression-format is given)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, value_parser = words::boolean)]
    force_compression: Option<bool>,
    /// Write the digest that the image has there to this file
    #[arg(long, value_name = "FILE")]
    digestfile: Option<PathBuf>,
    /// Accepted for docker's scripts
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    disable_content_trust: Option<String>,
    /// The manifest's format: oci or v2s2; as it is unless given
    #[arg(short, long, value_name = "FORMAT", value_parser = ["oci", "v2s2", "v2s1"], hide_possible_values = true)]
    format: Option<String>,
    /// Only the image for this platform
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    /// Accepted: box keeps no signatures that could go along
    #[arg(long, hide = true)]
    remove_signatures: bool,
    #[command(flatten)]
    registry: RegistryFlags,
    #[command(flatten)]
    retry: RetryFlags,
    /// The image's name or id
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Where to; the image's own name unless given
    #[arg(value_name = "DESTINATION", conflicts_with = "all_tags")]
    destination: Option<String>,
}

impl Push {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let store = ctx.store()?;
        let _ = (&self.disable_content_trust, self.remove_signatures);
        let options = self.registry.clone().options(self.retry.clone(), ctx.conf()?)?;
        let images = match self.all_tags {
            true => ops::push::all_tags(store, &self.image)?.iter().map(ToString::to_string).collect(),
            false => vec![self.image.clone()],
        };
        // A format of containers.conf is for what has to be packed anyway.
        let forced = self.compression_format.is_some() || self.compression_level.is_some();
        let packing = self.packing(ctx.conf()?)?;
        let format = match self.format.as_deref() {
            None => None,
            Some("oci") => Some(Format::Oci),
            Some("v2s2") => Some(Format::Docker),
            Some(_) => return Err(not_yet("--format v2s1: the format was given up in 2019")),
        };
        for image in images {
            let to = ops::push::destination(store, &image, self.destination.as_deref(), &options)?;
            let request = PushRequest {
                image,
                to,
                format,
                packing,
                repack: self.force_compression.unwrap_or(forced),
                compress: self.compress,
                platform: self.platform.as_deref().map(str::parse).transpose()?,
                quiet: self.quiet,
                retry: options.retry,
            };
            let digest = ops::push::push(store, &request)?;
            if let Some(path) = &self.digestfile {
                note_in_file(path, &digest.to_string())?;
            }
        }
        Ok(0)
    }

    fn packing(&self, conf: &Conf) -> Result<Option<Packing>> {
        let level = self.compression_level.or(conf.engine.compression_level);
        let format = self.compression_format.as_ref().or(conf.engine.compression_format.as_ref());
        let Some(format) = format else {
            return level.map(|level| Packing::parse("gzip", Some(level))).transpose();
        };
        if format == "zstd:chunked" && !self.quiet {
            output::note("zstd:chunked is written as plain zstd, which its readers take as well");
        }
        if format.is_empty() {
            return Err(invalid("--compression-format is gzip or zstd"));
        }
        Packing::parse(format, level).map(Some)
    }
}
