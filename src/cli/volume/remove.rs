//! `box volume rm`.

use super::super::Context;
use super::super::each::Tally;
use super::super::stop::seconds;
use crate::error::{Result, invalid};
use crate::ops;
use crate::store::volumes;

/// Remove one or more volumes
///
/// Their data is lost. The exit code is 1 if a volume does not exist, 2 if a container uses it.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box volume rm data\n  box volume rm -f data    the containers that use it as well"
)]
pub(crate) struct Remove {
    /// All volumes
    #[arg(short, long, conflicts_with = "names")]
    all: bool,
    /// Also the containers that use it; no error for a volume that does not exist
    #[arg(short, long)]
    force: bool,
    /// Seconds to wait before SIGKILL with --force; the container's own --stop-timeout unless given
    #[arg(short, long, visible_alias = "timeout", value_name = "SECONDS", allow_negative_numbers = true)]
    time: Option<i64>,
    /// Names, or their beginnings
    #[arg(value_name = "VOLUME")]
    names: Vec<String>,
}

impl Remove {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        if self.names.is_empty() && !self.all {
            return Err(invalid("choose either one or more volumes or all"));
        }
        let mut words = self.names;
        if self.all {
            words = volumes::list(store)?.iter().map(ToString::to_string).collect();
        }
        let mut tally = Tally::new(self.force).with_codes(super::code);
        for word in &words {
            let removed = volumes::find(store, word).and_then(|name| {
                ops::volumes::remove(settings, store, &name, self.force, seconds(self.time))
            });
            tally.served(word, removed);
        }
        ops::rm::empty_trash(settings, store);
        Ok(tally.code())
    }
}
