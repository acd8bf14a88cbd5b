//! Waiting for a container to end, or to reach a state.

use super::reconcile;
use super::stop::Watch;
use crate::container::state::{State, Status};
use crate::error::{Error, Kind, Result, invalid};
use crate::settings::Settings;
use crate::store::containers::{self, Entry};
use crate::store::layout::Store;
use std::str::FromStr;
use std::time::Duration;

/// What is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// It does not run: ended, or never started.
    #[default]
    Stopped,
    /// It ended.
    Exited,
    /// It runs.
    Running,
    /// It was made.
    Created,
    /// It is gone.
    Removed,
    /// A state that no container reaches yet.
    Never(&'static str),
}

impl FromStr for Condition {
    type Err = Error;
    fn from_str(text: &str) -> Result<Condition> {
        Ok(match text {
            "stopped" | "not-running" => Condition::Stopped,
            "exited" | "next-exit" => Condition::Exited,
            "running" => Condition::Running,
            "created" | "configured" | "initialized" => Condition::Created,
            "removing" | "removed" => Condition::Removed,
            "paused" => Condition::Never("pause"),
            "healthy" | "unhealthy" => Condition::Never("health checks"),
            _ => {
                return Err(invalid(format!("{text:?} is not a condition"))
                    .hint("there are: created, exited, removed, running, stopped"));
            }
        })
    }
}

/// The code that `wait` prints for a state that is no end.
pub const NO_CODE: i32 = -1;

/// Waits until one of `conditions` holds and returns the exit code, or [`NO_CODE`] if it did not
/// end. Ends are told by the supervisor; for anything else we look every `interval`.
///
/// # Errors
/// `NotFound` if the container goes away without an end; `Unsupported` for a condition that cannot
/// come.
pub fn wait(
    settings: &Settings,
    store: &Store,
    mut entry: Entry,
    conditions: &[Condition],
    interval: Duration,
) -> Result<i32> {
    if let Some(Condition::Never(what)) = conditions.iter().find(|c| matches!(c, Condition::Never(_))) {
        return Err(Error::new(Kind::Unsupported, format!("not yet: {what}")));
    }
    let only_ends = conditions.iter().all(|c| matches!(c, Condition::Stopped | Condition::Exited));
    let wants_end = conditions.iter().any(|c| matches!(c, Condition::Stopped | Condition::Exited));
    let id = entry.id.clone();
    loop {
        if conditions.iter().any(|c| holds(*c, &entry)) {
            return Ok(match &entry.state {
                State::Exited(exited) => exited.code,
                // podman says 0 for one that never ran.
                State::Created if wants_end => 0,
                _ => NO_CODE,
            });
        }
        let mut told = None;
        match &entry.state {
            State::Started(started) if wants_end => {
                if let Some(mut watch) = Watch::open(store, &entry, started)? {
                    let time = if only_ends { Duration::MAX } else { interval };
                    if watch.within(time)? {
                        told = watch.exit();
                    }
                }
            }
            _ => std::thread::sleep(interval),
        }
        entry = match (reconcile::look(settings, store, &id)?, told) {
            (Some(now), None) => now,
            (Some(_), Some(exit)) => return Ok(exit.code),
            (None, Some(exit)) if wants_end => return Ok(exit.code),
            (None, _) if conditions.contains(&Condition::Removed) => return Ok(NO_CODE),
            (None, _) => return Err(containers::no_such(id.as_str())),
        };
    }
}

fn holds(condition: Condition, entry: &Entry) -> bool {
    match condition {
        Condition::Stopped => matches!(entry.status(), Status::Exited | Status::Created),
        Condition::Exited => entry.status() == Status::Exited,
        Condition::Running => entry.status() == Status::Running,
        Condition::Created => entry.status() == Status::Created,
        Condition::Removed | Condition::Never(_) => false,
    }
}

/// Waits until one of `conditions` holds for one of `entries`, and returns its code.
///
/// # Errors
/// As [`wait`].
pub fn first(
    settings: &Settings,
    store: &Store,
    entries: Vec<Entry>,
    conditions: &[Condition],
    interval: Duration,
) -> Result<i32> {
    let mut left = entries;
    loop {
        for entry in &left {
            let met = conditions.iter().any(|condition| holds(*condition, entry));
            if met {
                return wait(settings, store, entry.clone(), conditions, interval);
            }
        }
        std::thread::sleep(interval.min(Duration::from_secs(1)));
        for entry in &mut left {
            // Gone is ended, with a code that nobody keeps.
            let Some(now) = reconcile::look(settings, store, &entry.id)? else { return Ok(NO_CODE) };
            *entry = now;
        }
    }
}
