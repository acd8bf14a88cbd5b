//! What is known of a container's life: the record in `state.json`.
//!
//! "Running" is never stored as a fact: the record says that it was started, and the lock that
//! its supervisor holds says whether that is still so ([`State::seen`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The record of one container, replaced as a whole by its supervisor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum State {
    /// Made, never started.
    Created,
    /// Started; true as long as the lock is held.
    Started(Started),
    /// Ended, with its exit record.
    Exited(Exited),
}

/// What a supervisor writes once init runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// When init was executed.
    pub at: Timestamp,
    /// The container's first process, seen from the host.
    pub init: ProcId,
    /// The supervisor, seen from the host.
    pub supervisor: ProcId,
    /// How often it was restarted by its restart policy.
    #[serde(default)]
    pub restarts: u32,
    /// When the run before this one ended.
    #[serde(default)]
    pub last_end: Option<Timestamp>,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exited {
    /// When it had last been started; `None` if no start has succeeded yet.
    pub started_at: Option<Timestamp>,
    /// When it ended, or when its end was noticed.
    pub finished_at: Timestamp,
    /// The code that `wait` prints: the process's own, or 128 + the signal.
    pub code: i32,
    /// The signal that ended it.
    #[serde(default)]
    pub signal: Option<i32>,
    /// Why, where the code does not say it: a failed start, a crash of the supervisor.
    #[serde(default)]
    pub error: Option<String>,
    /// `box stop` or `box kill` asked for it.
    #[serde(default)]
    pub stopped_by_user: bool,
    /// The kernel's out-of-memory killer was involved.
    #[serde(default)]
    pub oom_killed: bool,
    /// How often it was restarted by its restart policy.
    #[serde(default)]
    pub restarts: u32,
}

/// A process that cannot be mistaken for a later one with the same pid.
///
/// Guards only whom we signal; whether a container runs is decided by its lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcId {
    /// The pid in the host's pid namespace.
    pub pid: i32,
    /// Field 22 of /proc/PID/stat: clock ticks after boot. Source: proc_pid_stat(5).
    pub start_time: u64,
    /// /proc/sys/kernel/random/boot_id.
    pub boot_id: String,
}

/// The container's status as docker's and podman's users know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Made, never started.
    Created,
    /// Its supervisor lives.
    Running,
    /// Its processes are frozen.
    Paused,
    /// Between two runs of its restart policy.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
}

impl Status {
    /// The word in `.State.Status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Created => "created",
            Status::Running => "running",
            Status::Paused => "paused",
            Status::Restarting => "restarting",
            Status::Removing => "removing",
            Status::Exited => "exited",
        }
    }
}

impl State {
    /// When it last ended, if it has ever run.
    #[must_use]
    pub fn last_end(&self) -> Option<Timestamp> {
        match self {
            State::Created => None,
            State::Started(started) => started.last_end,
            State::Exited(exited) => exited.started_at.map(|_| exited.finished_at),
        }
    }

    /// The status, given whether the lock is held right now.
    ///
    /// `Created` with the lock held is a start in progress and shows as created, and so does a
    /// container whose only starts failed, as with docker and podman. `Started` without the lock is
    /// a container whose supervisor crashed: it has ended, whatever the record says.
    #[must_use]
    pub fn seen(&self, lock_held: bool) -> Status {
        match (self, lock_held) {
            (State::Created, _) => Status::Created,
            (State::Exited(exited), _) if exited.started_at.is_none() => Status::Created,
            (State::Started(_), true) => Status::Running,
            (State::Started(_), false) | (State::Exited(_), _) => Status::Exited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_decides_whether_a_started_container_runs() {
        let proc = ProcId { pid: 1, start_time: 2, boot_id: "b".into() };
        let started = State::Started(Started {
            at: Timestamp::UNIX_EPOCH,
            init: proc.clone(),
            supervisor: proc,
            restarts: 0,
            last_end: None,
        });
        assert_eq!(started.seen(true), Status::Running);
        assert_eq!(started.seen(false), Status::Exited);
        let text = serde_json::to_string(&started).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), started);
    }
}
