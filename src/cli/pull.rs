//! `box pull`.

use super::flags::registry::{RegistryFlags, RetryFlags};
use super::flags::words;
use super::{Context, give_up, output};
use crate::container::request::PullPolicy;
use crate::error::{self, Result};
use crate::image::digest::ImageId;
use crate::image::platform::Platform;
use crate::ops;
use crate::ops::pull::PullRequest;

/// Pull images from a registry
///
/// A name without a registry is looked up in registries.conf (aliases, search registries), then on
/// docker.io. The id of each image is printed to standard output.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box pull debian\n  box pull quay.io/podman/hello:latest\n  \
    box pull --platform linux/arm64 alpine:3\n  box pull docker-archive:image.tar")]
pub(crate) struct Pull {
    /// Pull every tag of the repository
    #[arg(short, long)]
    all_tags: bool,
    /// The platform, OS/ARCH or OS/ARCH/VARIANT; this machine's unless given
    #[arg(long, value_name = "PLATFORM", conflicts_with_all = ["arch", "os", "variant"])]
    platform: Option<String>,
    /// The architecture
    #[arg(long, value_name = "ARCH")]
    arch: Option<String>,
    /// The operating system
    #[arg(long, value_name = "OS")]
    os: Option<String>,
    /// The variant of the architecture, v7 for example
    #[arg(long, value_name = "VARIANT")]
    variant: Option<String>,
    /// When to ask the registry: always, missing, newer or never
    #[arg(long, value_name = "POLICY", default_value = "always", value_parser = words::pull)]
    policy: PullPolicy,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    /// Accepted for docker's scripts
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    disable_content_trust: Option<String>,
    #[command(flatten)]
    registry: RegistryFlags,
    #[command(flatten)]
    retry: RetryFlags,
    /// The image's name
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,
}

impl Pull {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let platform = self.wanted_platform()?;
        let registry = self.registry.clone().options(self.retry.clone(), ctx.conf()?)?;
        let (mut errors, mut pulled) = (Vec::new(), Vec::new());
        for image in &self.images {
            let request = PullRequest {
                reference: image.clone(),
                platform: platform.clone(),
                policy: self.policy,
                quiet: self.quiet,
                registry: registry.clone(),
            };
            // The others are pulled whatever becomes of this one.
            errors.extend(self.pull(ctx, request, &mut pulled).err());
        }
        if !pulled.is_empty() {
            errors.extend(give_up::others(ctx, &pulled).err());
        }
        error::all(errors).map(|()| 0)
    }

    fn pull(&self, ctx: &Context, request: PullRequest, pulled: &mut Vec<ImageId>) -> Result<()> {
        let references = match self.all_tags {
            true => ops::pull::all_tags(ctx.settings()?, &request)?,
            false => vec![request.reference.clone()],
        };
        let mut errors = Vec::new();
        for reference in references {
            let request = PullRequest { reference, ..request.clone() };
            match ops::pull::pull(ctx.settings()?, ctx.store()?, &request) {
                Ok(id) => {
                    output::line(id.hex());
                    pulled.push(id);
                }
                Err(error) => errors.push(error),
            }
        }
        error::all(errors)
    }

    fn wanted_platform(&self) -> Result<Option<Platform>> {
        if let Some(platform) = &self.platform {
            return platform.parse().map(Some);
        }
        if self.arch.is_none() && self.os.is_none() && self.variant.is_none() {
            return Ok(None);
        }
        let mut platform = match &self.arch {
            Some(arch) => arch.parse()?,
            None => Platform::host(),
        };
        if let Some(os) = &self.os {
            platform.os.clone_from(os);
        }
        if self.variant.is_some() {
            platform.variant.clone_from(&self.variant);
        }
        Ok(Some(platform))
    }
}
