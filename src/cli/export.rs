//! `box export`.

use super::Context;
use crate::error::{Doing, Result, invalid};
use crate::ops;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Write a container's files as a tar archive
///
/// To standard output unless --output names a file. What is mounted in it, its volumes for example, is left out.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box export -o web.tar web\n  box export web | box import - flat\n  \
    box export web | tar -t")]
pub(crate) struct Export {
    /// The file to write to
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The container's name or id
    #[arg(value_name = "CONTAINER")]
    container: String,
}

impl Export {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        if self.output.is_none() && std::io::stdout().is_terminal() {
            return Err(invalid("refusing to export to terminal. Use -o flag or redirect"));
        }
        let output =
            self.output.map(std::path::absolute).transpose().doing(|| "find the file to write to")?;
        ops::commit::export(ctx.settings()?, ctx.store()?, &self.container, output)?;
        Ok(0)
    }
}
