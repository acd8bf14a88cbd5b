//! `box cp`.

use super::{Context, output};
use crate::error::{Result, invalid};
use crate::ops::copy::{self, End, How};
use std::io::IsTerminal;

/// Copy files between containers and the host
///
/// One side, or both, is CONTAINER:PATH; a container need not run. Into a directory that exists the
/// source is copied under its own name, or with `/.` behind it only what is in it; else the target
/// gets the name given. `-` is a tar archive on standard input or output. Volumes and binds of the
/// container are seen. What comes to a container belongs to its user, what comes to the host to the
/// caller. Sockets and devices are left out.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box cp web:/var/log/nginx .\n  box cp site/. web:/srv\n  \
    box cp one:/data two:/data\n  tar c -C site . | box cp - web:/srv\n  box cp web:/etc - | tar t")]
pub(crate) struct Copy {
    /// Keep the owners' numbers; also --archive=false, which means that in podman
    #[arg(long, short, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = super::flags::words::boolean)]
    archive: Option<bool>,
    /// Follow a symbolic link that is the source: that is always done
    #[arg(long, short = 'L', hide = true)]
    follow_link: bool,
    /// Let a directory take the place of a file, and the other way round
    #[arg(long)]
    overwrite: bool,
    /// Accepted for podman's scripts: containers are never paused for it
    #[arg(long, hide = true, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = super::flags::words::boolean)]
    pause: Option<bool>,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
    /// CONTAINER:PATH, a path of the host, or - for an archive
    #[arg(value_name = "SOURCE")]
    from: String,
    /// CONTAINER:PATH, a path of the host, or - for an archive
    #[arg(value_name = "TARGET")]
    to: String,
}

impl Copy {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let _ = (self.follow_link, self.pause);
        let from = copy::end(settings, store, &self.from)?;
        let to = copy::end(settings, store, &self.to)?;
        if to == End::Stream && std::io::stdout().is_terminal() {
            return Err(
                invalid("an archive is not written to a terminal").hint("as in box cp web:/etc - > etc.tar")
            );
        }
        let progress = !self.quiet && std::io::stderr().is_terminal() && to != End::Stream;
        let how = How { keep_owners: self.archive.is_some(), overwrite: self.overwrite, progress };
        let left_out = copy::copy(settings, store, from, to, how)?;
        for (count, what) in [(left_out.sockets, "sockets"), (left_out.devices, "devices")] {
            if count > 0 && !self.quiet {
                output::warning(format_args!("{count} {what} were left out"));
            }
        }
        Ok(0)
    }
}
