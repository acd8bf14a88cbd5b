//! `box system check`.

use super::{Context, output};
use crate::error::{Error, Kind, Result, invalid};
use crate::ops::check::{Checked, Outcome, look, repair};
use crate::store::check::{Depth, Mend};
use jiff::SignedDuration;
use std::time::Duration;

/// Look for what is wrong with the store
///
/// Every blob is hashed, every layer compared with its blob, and all records and names are
/// followed. Each finding is a line; the exit code is 125 if something is broken. What is only left
/// over by killed commands is named too, and is no failure.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box system check\n  box system check --quick      without reading the content of images\n  \
    box system check --repair     unpack damaged layers again, drop images and names that are lost"
)]
pub(crate) struct SystemCheck {
    /// Mend what can be mended, and remove containers that cannot
    #[arg(long, short)]
    force: bool,
    /// How old something must be to be left over, such as 90m or 24h
    #[arg(long, short, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    max: Duration,
    /// Do not read the content of blobs and layers
    #[arg(long, short)]
    quick: bool,
    /// Mend what can be mended
    #[arg(long, short)]
    repair: bool,
}

fn duration(text: &str) -> Result<Duration> {
    let wrong = || invalid("it is a duration, as in 90m or 24h");
    let length: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(length).map_err(|_| wrong())
}

impl SystemCheck {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let depth = Depth { quick: self.quick, max_age: self.max };
        let mends = self.repair || self.force;
        let mut all: Vec<Checked> = Vec::new();
        // A mended index shows what is wrong with its images; twice is enough for that.
        for _ in 0..3 {
            let mut findings = look(settings, store, &depth)?;
            if !mends {
                all = findings.into_iter().map(|finding| (finding, Outcome::Found)).collect();
                break;
            }
            // What could not be mended is found again.
            findings.retain(|finding| {
                let hopeless = matches!(finding.mend, Mend::Nothing(_));
                !all.iter()
                    .any(|(known, _)| known == finding || (hopeless && known.subject == finding.subject))
            });
            if findings.is_empty() {
                break;
            }
            all.extend(repair(settings, store, findings, self.force)?);
        }
        for (finding, outcome) in &all {
            let end = match outcome {
                Outcome::Found => String::new(),
                Outcome::Mended => " (mended)".into(),
                Outcome::Left(why) => format!(" (not mended: {why})"),
            };
            let kind = if finding.harmless { "left over: " } else { "" };
            output::line(format_args!("{kind}{}: {}{end}", finding.subject, finding.what));
        }
        let broken =
            all.iter().filter(|(finding, outcome)| !finding.harmless && *outcome != Outcome::Mended).count();
        if broken == 0 {
            return Ok(0);
        }
        let error = Error::new(Kind::Failed, format!("the store is damaged in {broken} places"));
        Err(match mends {
            true => error,
            false => error.hint("`box system check --repair` mends what can be mended"),
        })
    }
}
