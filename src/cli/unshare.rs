//! `box unshare`.

use super::Context;
use crate::error::Result;
use std::ffi::OsString;

/// Run a command inside the user namespace, as root of the ids that are yours
///
/// Files that containers left under other ids can be seen, changed and removed in there.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box unshare                       a shell\n  \
    box unshare cat /proc/self/uid_map\n  box unshare rm -r left-by-a-container")]
pub(crate) struct Unshare {
    /// The command and its arguments; your shell unless given
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    command: Vec<OsString>,
}

impl Unshare {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let mut command = self.command;
        if command.is_empty() {
            command.push(std::env::var_os("SHELL").unwrap_or_else(|| OsString::from("/bin/sh")));
        }
        crate::ops::unshare::unshare(ctx.settings()?, command)
    }
}
