//! `box logs`.

use super::{Context, output};
use crate::error::{Error, Kind, Result, invalid};
use crate::ops;
use crate::ops::logs::Wanted;
use crate::ops::select::{Selection, moment};
use crate::supervisor::log::Stream;
use jiff::Timestamp;
use std::io::Write;
use std::os::fd::AsFd;

/// Show what containers have written
///
/// Standard output comes on standard output and standard error on standard error, byte for byte.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box logs web\n  \
    box logs -f --tail 20 web           the last 20 lines, and what follows\n  \
    box logs -t --since 10m web db      of the last ten minutes, with the time")]
pub(crate) struct Logs {
    /// Go on until the container ends
    #[arg(short, long)]
    follow: bool,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Of several containers the name before each line, not the id
    #[arg(short, long)]
    names: bool,
    /// Each container in a colour of its own
    #[arg(long)]
    color: bool,
    /// Before each line the labels and variables that --log-opt labels=, env= and tag= name
    #[arg(long)]
    details: bool,
    /// Only from this time on: RFC 3339, seconds since 1970, or how long ago (10m)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only up to this time: RFC 3339, seconds since 1970, or how long ago (10m)
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// At most so many lines, the last ones; -1 or all: every line
    #[arg(long, value_name = "LINES", default_value = "-1", allow_hyphen_values = true)]
    tail: String,
    /// The time before each line
    #[arg(short, long)]
    timestamps: bool,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// `logs -n 3 web` is docker's; for podman -n is --names, and 3 a container.
fn tail_meant(error: Error, names: bool, numbers: &[String]) -> Error {
    match numbers.first() {
        Some(number) if names && error.kind() == Kind::NotFound => {
            error.hint(format!("-n is --names; the last {number} lines are --tail {number}"))
        }
        _ => error,
    }
}

impl Logs {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let now = Timestamp::now();
        let time = |text: &Option<String>| text.as_ref().map(|text| moment(text, now)).transpose();
        let wanted = Wanted {
            follow: self.follow,
            since: time(&self.since)?,
            until: time(&self.until)?,
            tail: lines(&self.tail)?,
            timestamps: self.timestamps,
            names: self.names,
            color: self.color,
            details: self.details,
        };
        let numbers: Vec<String> =
            self.containers.iter().filter(|name| name.parse::<u32>().is_ok()).cloned().collect();
        let selection = Selection { names: self.containers, latest: self.latest, ..Selection::default() };
        let mut entries = Vec::new();
        for (_, entry) in selection.find(settings, store, |_| true)? {
            entries.push(entry.map_err(|error| tail_meant(error, self.names, &numbers))?);
        }
        let stdout = std::io::stdout();
        ops::logs::logs(settings, store, &entries, &wanted, stdout.as_fd(), &mut |stream, bytes| {
            match stream {
                Stream::Out => output::bytes(bytes),
                // Nobody left to tell is no reason to stop.
                Stream::Err => drop(std::io::stderr().write_all(bytes)),
            }
            !output::is_gone()
        })?;
        Ok(0)
    }
}

/// `--tail`.
fn lines(text: &str) -> Result<Option<usize>> {
    if text == "all" {
        return Ok(None);
    }
    let number: i64 = text.parse().map_err(|_| {
        invalid(format!("{text:?} is not a number of lines")).hint("for example --tail 20, or --tail all")
    })?;
    Ok(usize::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_a_number_or_all() {
        assert_eq!(lines("all").unwrap(), None);
        assert_eq!(lines("-1").unwrap(), None);
        assert_eq!(lines("0").unwrap(), Some(0));
        assert!(lines("ten").is_err());
    }
}
