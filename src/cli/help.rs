//! `box help`.

use super::{Context, output, tree};
use crate::error::{Result, invalid};

/// Show the commands, or one command's flags and examples
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box help\n  box help run\n  box help image ls")]
pub(crate) struct Help {
    /// The command
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

impl Help {
    pub(crate) fn run(self, _ctx: &Context) -> Result<u8> {
        let mut root = tree::root(tree::Detail::Full);
        root.build();
        let mut command = &mut root;
        for word in &self.command {
            command = command.find_subcommand_mut(word).ok_or_else(|| {
                invalid(format!("box help: unknown command {:?}", self.command.join(" ")))
                    .hint("`box help` lists the commands")
            })?;
        }
        let page = if self.command.is_empty() { command.render_help() } else { command.render_long_help() };
        output::text(page.to_string());
        Ok(0)
    }
}
