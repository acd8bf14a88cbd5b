//! `box restart`.

use super::Context;
use super::each::{Tally, warn_if_killed};
use super::stop::seconds;
use crate::container::state::Status;
use crate::error::Result;
use crate::ops::restart::Restarting;
use crate::ops::select::Selection;
use crate::ops::stop::Manner;
use crate::sys::signal::Signal;
use std::path::PathBuf;

/// Stop one or more containers and start them again
///
/// Containers that do not run are started.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box restart web\n  box restart -t 0 web db\n  box restart --running")]
pub(crate) struct Restart {
    /// All containers, running or not
    #[arg(short, long)]
    all: bool,
    /// A file that holds the container's id (may be repeated)
    #[arg(long, value_name = "FILE")]
    cidfile: Vec<PathBuf>,
    /// Containers for which this holds, as KEY=VALUE (may be repeated)
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// All running containers
    #[arg(long)]
    running: bool,
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

impl Restart {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let selection = Selection {
            names: self.containers,
            all: self.all || self.running,
            latest: self.latest,
            filters: self.filter,
            id_files: self.cidfile,
            ignore: false,
        };
        let only_running = self.running;
        let mut tally = Tally::default();
        let found =
            selection.find(settings, store, |entry| !only_running || entry.status() == Status::Running)?;
        let manner = Manner { signal: self.signal, seconds: seconds(self.time) };
        let found = tally.found(found);
        // All are locked before the first is done: in an order that all commands keep.
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by_key(|&number| &found[number].1.id);
        let mut begun: Vec<_> = order
            .into_iter()
            .map(|number| (number, Restarting::begin(settings, store, &found[number].1, manner)))
            .collect();
        begun.sort_by_key(|(number, _)| *number);
        for ((word, entry), (_, restarting)) in found.iter().zip(begun) {
            let how = restarting.and_then(Restarting::finish);
            if let Ok(how) = how {
                warn_if_killed(entry, manner.seconds, how);
            }
            tally.served(word, how);
        }
        Ok(tally.code())
    }
}
