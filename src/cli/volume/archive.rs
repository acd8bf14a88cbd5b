//! `box volume export`, `box volume import`.

use super::super::{Context, output};
use crate::error::{Doing, Result, invalid};
use crate::ops::copy;
use crate::store::volumes;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Write what is in a volume to a tar archive
///
/// Owners are the numbers that containers see.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box volume export -o data.tar data\n  \
    box volume export data | ssh other box volume import data -")]
pub(crate) struct Export {
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name, or its beginning
    #[arg(value_name = "VOLUME")]
    name: String,
}

/// Add what is in a tar archive to a volume
///
/// The archive may be compressed. What the volume has by the same name is replaced.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box volume create data && box volume import data data.tar\n  \
    curl https://example.org/data.tar.gz | box volume import data -")]
pub(crate) struct Import {
    /// Name, or its beginning
    #[arg(value_name = "VOLUME")]
    name: String,
    /// A file, or - for standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    source: String,
}

/// An absolute path, for the worker.
fn here(path: &std::path::Path) -> Result<PathBuf> {
    std::path::absolute(path).doing(|| "find the current directory")
}

impl Export {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        if self.output.is_none() && std::io::stdout().is_terminal() {
            return Err(invalid("an archive is not written to a terminal").hint("--output FILE names one"));
        }
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let name = volumes::find(store, &self.name)?;
        let to = self.output.as_deref().map(here).transpose()?;
        let left_out = copy::export_volume(settings, store, &name, to)?;
        if left_out.sockets + left_out.devices > 0 {
            output::warning("sockets and devices were left out");
        }
        Ok(0)
    }
}

impl Import {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let name = volumes::find(store, &self.name)?;
        let from = match self.source.as_str() {
            "-" => None,
            path => Some(here(path.as_ref())?),
        };
        copy::import_volume(settings, store, &name, from)?;
        Ok(0)
    }
}
