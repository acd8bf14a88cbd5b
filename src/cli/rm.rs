//! `box rm`.

use super::Context;
use super::each::{Tally, warn_if_killed};
use super::stop::seconds;
use crate::error::{Error, Kind, Result};
use crate::ops;
use crate::ops::select::Selection;
use crate::ops::stop::{Manner, Stopping};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use std::path::PathBuf;

/// Remove one or more containers
///
/// The exit code is 1 if a container does not exist, 2 if one runs or is needed by another one.
/// The files are deleted after the command has answered.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box rm old\n  box rm -f web           stop it first if it runs\n  \
    box rm -f -t 0 --all    everything, at once")]
pub(crate) struct Rm {
    /// All containers
    #[arg(short, long)]
    all: bool,
    /// A file that holds the container's id (may be repeated)
    #[arg(long, value_name = "FILE")]
    cidfile: Vec<PathBuf>,
    /// Also the containers that live in this one's namespaces
    #[arg(long)]
    depend: bool,
    /// Containers for which this holds, as KEY=VALUE (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// Stop running containers first; broken ones are removed too
    #[arg(short, long)]
    force: bool,
    /// No error for a container, or a file of --cidfile, that does not exist
    #[arg(short, long)]
    ignore: bool,
    /// Remove links, given as CONTAINER/ALIAS, not containers
    #[arg(long, conflicts_with_all = ["all", "cidfile", "depend", "filter", "latest", "volumes"])]
    link: bool,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Seconds to wait before SIGKILL with --force; the container's own --stop-timeout unless given
    #[arg(short, long, visible_alias = "timeout", value_name = "SECONDS", allow_negative_numbers = true)]
    time: Option<i64>,
    /// Also its anonymous volumes, unless another container uses them
    #[arg(short, long)]
    volumes: bool,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Rm {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        if self.link {
            let mut tally = Tally::new(self.ignore).with_codes(code);
            for word in &self.containers {
                tally.served(word, ops::rm::unlink(settings, store, word));
            }
            return Ok(tally.code());
        }
        let selection = Selection {
            names: self.containers.clone(),
            all: self.all,
            latest: self.latest,
            filters: self.filter.clone(),
            id_files: self.cidfile.clone(),
            ignore: self.ignore,
        };
        // A forced removal of nothing is done, as in podman.
        let mut tally = Tally::new(self.ignore || self.force).with_codes(code);
        let mut found = Vec::new();
        for (word, entry) in selection.find(settings, store, |_| true)? {
            match entry {
                Ok(entry) => found.push((word, entry)),
                // A container whose files are broken is removed by what its directory is called.
                Err(error) if self.force && error.kind() != Kind::NotFound => {
                    tally.served(&word, ops::rm::remove_broken(store, &word).map_err(|_| error));
                }
                Err(error) => tally.failed(&error),
            }
        }
        let order = self.with_dependents(settings, store, found, &mut tally)?;
        // With --force all get their stop signal before the first is waited for.
        let manner = Manner { seconds: seconds(self.time), ..Manner::default() };
        let begin = |entry| Stopping::begin(settings, store, entry, manner);
        let stopping: Vec<_> = order.iter().map(|(_, entry)| self.force.then(|| begin(entry))).collect();
        for ((word, entry), stopping) in order.iter().zip(stopping) {
            tally.served(word, self.remove(settings, store, entry, stopping));
        }
        // What a crash left half made goes the same way; a failure is left to the next command.
        let _ = containers::sweep_half_made(store);
        ops::rm::empty_trash(settings, store);
        Ok(tally.code())
    }

    fn remove(
        &self,
        settings: &Settings,
        store: &Store,
        entry: &Entry,
        stopping: Option<Result<Stopping>>,
    ) -> Result<()> {
        if self.volumes {
            ops::rm::with_volumes(store, &entry.config)?;
        }
        match stopping {
            None => ops::rm::remove(settings, store, entry)?,
            Some(stopping) => {
                warn_if_killed(entry, seconds(self.time), stopping?.finish()?);
                ops::rm::remove_by_force(settings, store, entry, seconds(self.time)).map(drop)?;
            }
        }
        if self.volumes || entry.config.ending.remove {
            ops::rm::remove_volumes(store, &entry.config)?;
        }
        Ok(())
    }

    /// Puts those first that live in others' namespaces. Without `--depend`, one that others live
    /// in is refused unless they are removed too.
    fn with_dependents(
        &self,
        settings: &Settings,
        store: &Store,
        found: Vec<(String, Entry)>,
        tally: &mut Tally,
    ) -> Result<Vec<(String, Entry)>> {
        let all = ops::ps::list(settings, store)?.containers;
        let mut order: Vec<(String, Entry)> = Vec::new();
        for (word, entry) in &found {
            let dependents = ops::rm::dependents(&all, &entry.id);
            let others: Vec<Entry> = dependents
                .iter()
                .filter(|d| !found.iter().any(|(_, known)| known.id == d.id))
                .cloned()
                .collect();
            if !others.is_empty() && !self.depend {
                tally.failed(&ops::rm::needed(entry, &others));
                continue;
            }
            for dependent in dependents {
                let word = found.iter().find(|(_, known)| known.id == dependent.id);
                let word = word.map_or_else(|| dependent.id.to_string(), |(word, _)| word.clone());
                push(&mut order, word, dependent);
            }
            push(&mut order, word.clone(), entry.clone());
        }
        Ok(order)
    }
}

fn push(order: &mut Vec<(String, Entry)>, word: String, entry: Entry) {
    if !order.iter().any(|(_, known)| known.id == entry.id) {
        order.push((word, entry));
    }
}

/// The exit code that podman has for it.
fn code(error: &Error) -> u8 {
    match error.kind() {
        Kind::NotFound => 1,
        Kind::Conflict => 2,
        kind => kind.exit_code(),
    }
}
