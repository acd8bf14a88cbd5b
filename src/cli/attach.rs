//! `box attach`.

use super::Context;
use super::flags::words;
use super::run::{code_of, detach_keys};
use crate::error::Result;
use crate::ops;
use crate::ops::run::Attendance;
use crate::ops::select::Selection;
use crate::ops::start::Attach;
use clap::ArgAction;

/// Attach to a running container
///
/// Its output from now on comes here and, if it was started with -i, what is typed here goes to it.
/// When it ends its exit code is box's own. Several can be attached to one container.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box attach shell\n  \
    box attach --no-stdin web                   only look\n  \
    box attach --detach-keys ctrl-a,d shell     leave it with ctrl-a d")]
pub(crate) struct AttachTo {
    /// Keys that detach from the terminal (default: ctrl-p,ctrl-q); "" is none
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Do not pass on standard input
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals on to the container
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true", action = ArgAction::Set, value_parser = words::boolean)]
    sig_proxy: bool,
    /// Name or id
    #[arg(value_name = "CONTAINER", required_unless_present = "latest")]
    container: Option<String>,
}

impl AttachTo {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let names = self.container.into_iter().collect();
        let selection = Selection { names, latest: self.latest, ..Selection::default() };
        let mut code = 0;
        for (_, entry) in selection.find(settings, store, |_| true)? {
            let entry = entry?;
            let stdin = !self.no_stdin && entry.config.process.open_stdin;
            let attendance = Attendance {
                attach: Attach { stdin, stdout: true, stderr: true, stdin_once: false },
                detach_keys: detach_keys(self.detach_keys.as_deref(), ctx)?,
                sig_proxy: self.sig_proxy,
            };
            code = code_of(ops::attach::attach(settings, store, &entry, &attendance)?);
        }
        Ok(code)
    }
}
