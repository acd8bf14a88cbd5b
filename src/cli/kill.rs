//! `box kill`.

use super::Context;
use super::each::Tally;
use crate::container::state::Status;
use crate::error::Result;
use crate::ops;
use crate::ops::select::Selection;
use crate::sys::signal::Signal;
use std::path::PathBuf;

/// Send a signal to one or more running containers
///
/// The signal goes to the container's first process. As the first process of its pid namespace
/// it is not ended by a signal that it does not handle, SIGKILL excepted.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box kill web\n  box kill -s HUP web     by name, with or without SIG\n  \
    box kill -s 10 web      or by number"
)]
pub(crate) struct Kill {
    /// All running containers
    #[arg(short, long)]
    all: bool,
    /// A file that holds the container's id (may be repeated)
    #[arg(long, value_name = "FILE")]
    cidfile: Vec<PathBuf>,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// The signal
    #[arg(short, long, value_name = "SIGNAL", default_value = "KILL")]
    signal: String,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Kill {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let signal: Signal = self.signal.parse()?;
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let selection = Selection {
            names: self.containers,
            all: self.all,
            latest: self.latest,
            filters: Vec::new(),
            id_files: self.cidfile,
            ignore: false,
        };
        let mut tally = Tally::default();
        for (word, entry) in tally.found(selection.find(settings, store, |e| e.status() == Status::Running)?)
        {
            let killed = ops::kill::kill(settings, store, &entry, signal);
            tally.served(&word, killed);
        }
        Ok(tally.code())
    }
}
