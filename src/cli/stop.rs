//! `box stop`.

use super::Context;
use super::each::{Tally, warn_if_killed};
use crate::container::state::Status;
use crate::error::Result;
use crate::ops::select::Selection;
use crate::ops::stop::{Manner, Stopping};
use crate::sys::signal::Signal;
use std::path::PathBuf;

/// Stop one or more running containers
///
/// Sends the container's stop signal (SIGTERM unless the image or --stop-signal says otherwise)
/// and, if it has not ended in time, SIGKILL. Several containers are stopped at the same time.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box stop web db\n  box stop -t 2 web       SIGKILL after two seconds\n  \
    box stop --all"
)]
pub(crate) struct Stop {
    /// All running containers
    #[arg(short, long)]
    all: bool,
    /// A file that holds the container's id (may be repeated)
    #[arg(long, value_name = "FILE")]
    cidfile: Vec<PathBuf>,
    /// Containers for which this holds, as KEY=VALUE (may be repeated)
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// No error for a container, or a file of --cidfile, that does not exist
    #[arg(short, long)]
    ignore: bool,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Signal that it gets in place of the container's own
    #[arg(short, long, value_name = "SIGNAL")]
    signal: Option<Signal>,
    /// Seconds to wait before SIGKILL; the container's own --stop-timeout (10) unless given
    #[arg(short, long, visible_alias = "timeout", value_name = "SECONDS", allow_negative_numbers = true)]
    time: Option<i64>,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Seconds as users give them: a negative number is without end.
pub(super) fn seconds(time: Option<i64>) -> Option<u32> {
    time.map(|time| u32::try_from(time).unwrap_or(u32::MAX))
}

impl Stop {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let selection = Selection {
            names: self.containers,
            all: self.all,
            latest: self.latest,
            filters: self.filter,
            id_files: self.cidfile,
            ignore: self.ignore,
        };
        let mut tally = Tally::new(self.ignore);
        let found = tally.found(selection.find(settings, store, |e| e.status() == Status::Running)?);
        let manner = Manner { signal: self.signal, seconds: seconds(self.time) };
        let begun: Vec<_> = found
            .iter()
            .map(|(word, entry)| (word, entry, Stopping::begin(settings, store, entry, manner)))
            .collect();
        for (word, entry, stopping) in begun {
            let how = stopping.and_then(Stopping::finish);
            if let Ok(how) = how {
                warn_if_killed(entry, manner.seconds, how);
            }
            tally.served(word, how);
        }
        Ok(tally.code())
    }
}
