//! `box start`.

use super::Context;
use super::each::Tally;
use super::flags::words;
use super::run::{code_of, detach_keys};
use crate::container::state::Status;
use crate::error::{Result, invalid};
use crate::ops;
use crate::ops::run::Attendance;
use crate::ops::select::Selection;
use crate::ops::start::Attach;
use clap::ArgAction;

/// Start one or more containers that do not run
///
/// With -a or -i the container's output comes here and its exit code is box's own.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box start web db\n  box start -ai shell     and attach to it, input and output"
)]
pub(crate) struct Start {
    /// All containers that do not run
    #[arg(long)]
    all: bool,
    /// Attach standard output and standard error, and wait for the end
    #[arg(short, long)]
    attach: bool,
    /// Keys that detach from the terminal (default: ctrl-p,ctrl-q); "" is none
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Containers for which this holds, as KEY=VALUE (may be repeated)
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// Attach standard input too
    #[arg(short, long)]
    interactive: bool,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Pass signals on to the container; the default when attached
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, value_parser = words::boolean)]
    sig_proxy: Option<bool>,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Start {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let attached = self.attach || self.interactive;
        if attached && (self.containers.len() > 1 || self.all || !self.filter.is_empty()) {
            return Err(invalid("you cannot start and attach multiple containers at once"));
        }
        let keys = detach_keys(self.detach_keys.as_deref(), ctx)?;
        let sig_proxy = self.sig_proxy.unwrap_or(attached);
        let interactive = self.interactive;
        let selection = Selection {
            names: self.containers,
            all: self.all,
            latest: self.latest,
            filters: self.filter,
            ..Selection::default()
        };
        let mut tally = Tally::default();
        let meant = selection.find(settings, store, |entry| entry.status() != Status::Running)?;
        if !attached {
            for (word, entry) in tally.found(meant) {
                let started = ops::start::start_if_needed(settings, store, &entry);
                tally.served(&word, started);
            }
            return Ok(tally.code());
        }
        let Some((_, entry)) = tally.found(meant).into_iter().next() else { return Ok(tally.code()) };
        let open = entry.config.process.open_stdin;
        let attach = Attach { stdin: interactive && open, stdout: true, stderr: true, stdin_once: true };
        let attendance = Attendance { attach, detach_keys: keys, sig_proxy };
        Ok(code_of(ops::run::start_and_attend(settings, store, &entry, &attendance)?))
    }
}
