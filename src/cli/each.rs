//! Commands that do the same to several containers: each is served, whatever happens to the others.

use super::output;
use crate::error::{Error, Kind, Result};
use crate::ops::select::Meant;
use crate::ops::stop::Stopped;
use crate::store::containers::Entry;

/// What a command over several containers comes to.
pub(crate) struct Tally {
    code: u8,
    ignore_missing: bool,
    code_of: fn(&Error) -> u8,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally::new(false)
    }
}

impl Tally {
    /// `ignore_missing`: a container that is not there is passed over (`--ignore`).
    pub(crate) fn new(ignore_missing: bool) -> Tally {
        Tally { code: 0, ignore_missing, code_of: |error| error.kind().exit_code() }
    }

    /// Errors have exit codes of their own in this command.
    pub(crate) fn with_codes(mut self, code_of: fn(&Error) -> u8) -> Tally {
        self.code_of = code_of;
        self
    }

    /// The containers that are there; the errors of the others are reported.
    pub(crate) fn found(&mut self, meant: Vec<Meant>) -> Vec<(String, Entry)> {
        let mut found: Vec<(String, Entry)> = Vec::new();
        for (word, entry) in meant {
            // Named twice is meant once.
            match entry {
                Ok(entry) if found.iter().any(|(_, known)| known.id == entry.id) => {}
                Ok(entry) => found.push((word, entry)),
                Err(error) => self.failed(&error),
            }
        }
        found
    }

    /// Prints the word for a container that was served, or reports why it was not.
    pub(crate) fn served<T>(&mut self, word: &str, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                output::line(word);
                Some(value)
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    /// Reports an error; the highest exit code counts.
    pub(crate) fn failed(&mut self, error: &Error) {
        if error.kind() == Kind::NotFound && self.ignore_missing {
            return;
        }
        output::report(error);
        self.code = self.code.max((self.code_of)(error));
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

/// Says that a container did not end when it was asked to.
pub(crate) fn warn_if_killed(entry: &Entry, seconds: Option<u32>, how: Stopped) {
    let seconds = seconds.unwrap_or(entry.config.ending.stop_timeout);
    if how == Stopped::Killed && seconds > 0 {
        let signal = crate::sys::signal::Signal::from_number(entry.config.ending.stop_signal);
        let signal = signal.map_or_else(|_| "SIGTERM".to_string(), |signal| signal.name());
        output::warning(format_args!(
            "StopSignal {signal} failed to stop container {} in {seconds} seconds, resorting to SIGKILL",
            entry.name
        ));
    }
}
