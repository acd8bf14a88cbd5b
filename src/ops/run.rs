//! `run`: a container is made, started, and usually attended until it ends.

use super::start::{self, Attach, Startup};
use super::{create, reconcile, rm, start::start_or_clean_up};
use crate::container::id::ContainerId;
use crate::container::request::ContainerRequest;
use crate::container::state::{State, Status};
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;
use crate::store::containers::Entry;
use crate::store::layout::Store;
use crate::supervisor::client::{self, Attachment, Ended, Endpoint, Options};
use crate::supervisor::detach::DetachKeys;
use crate::sys::fd::Passed;

/// How a client attends its container.
#[derive(Clone, Debug)]
pub struct Attendance {
    /// The streams; none is `-d`.
    pub attach: Attach,
    /// The bytes that leave it.
    pub detach_keys: DetachKeys,
    /// Signals that reach the client are passed on.
    pub sig_proxy: bool,
}

/// How it went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It runs, nobody attends.
    Running(ContainerId),
    /// It ended with this code.
    Ended(i32),
    /// It ended with this code together with its supervisor, for this reason: the code alone would be
    /// taken for that of its program.
    Lost(i32, String),
}

/// Makes and starts a container, and attends it as wished. Its program gets what is `passed` beside
/// its standard streams.
///
/// # Errors
/// Those of making and starting it. With `--rm` a failure leaves nothing, otherwise the container.
pub fn run(
    settings: &Settings,
    store: &Store,
    request: &ContainerRequest,
    attendance: &Attendance,
    passed: Vec<Passed>,
) -> Result<Outcome> {
    let planned = create::plan(settings, store, request)?;
    // While signals still end us.
    planned.make_room(settings, store)?;
    planned.start_required(settings, store)?;
    // From here on there is something to clean up.
    let signals = start::hold_signals()?;
    let entry = planned.make(settings, store)?;
    let clean_up = || {
        if entry.config.ending.remove {
            // Its supervisor may have done so; what cannot be removed now is found in the trash by the
            // next one.
            let _ =
                rm::remove(settings, store, &entry).and_then(|()| rm::remove_volumes(store, &entry.config));
            rm::empty_trash(settings, store);
        }
    };
    let Startup { attachment, signals } =
        start_or_clean_up(settings, store, &entry, &attendance.attach, passed, signals, clean_up)?;
    let outcome = attend(settings, store, &entry, attachment, attendance);
    // Only now: what came before the relay listened was kept for it.
    drop(signals);
    outcome
}

/// Starts a container that was made before, or attaches to it if it runs, and attends it.
///
/// # Errors
/// Those of starting it.
pub fn start_and_attend(
    settings: &Settings,
    store: &Store,
    entry: &Entry,
    attendance: &Attendance,
) -> Result<Outcome> {
    let entry = &start::surely(settings, store, entry)?;
    if entry.status() == Status::Running {
        let attachment = client::attach(
            &store.container_run(&entry.id),
            &attendance.attach.hello(entry.config.process.tty),
        )?;
        return attend(settings, store, entry, attachment, attendance);
    }
    let Startup { attachment, signals } = start::start(settings, store, entry, &attendance.attach)?;
    let outcome = attend(settings, store, entry, attachment, attendance);
    drop(signals);
    outcome
}

/// Stands between our streams and those of a running container.
///
/// # Errors
/// When the supervisor dies in a way that leaves no record.
pub fn attend(
    settings: &Settings,
    store: &Store,
    entry: &Entry,
    attachment: Attachment,
    attendance: &Attendance,
) -> Result<Outcome> {
    if !attendance.attach.any() {
        return Ok(Outcome::Running(entry.id.clone()));
    }
    let options = Options {
        stdin: attendance.attach.stdin,
        stdin_once: attendance.attach.stdin_once,
        tty: entry.config.process.tty,
        detach_keys: attendance.detach_keys.clone(),
        sig_proxy: attendance.sig_proxy,
        ..Options::default()
    };
    match client::relay(Endpoint::Frames(attachment), &options)? {
        Ended::Exited(exit) => Ok(Outcome::Ended(exit.code)),
        Ended::Detached => Ok(Outcome::Running(entry.id.clone())),
        Ended::Closed => after_a_crash(settings, store, entry),
    }
}

/// The supervisor went away without a word.
fn after_a_crash(settings: &Settings, store: &Store, entry: &Entry) -> Result<Outcome> {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(2);
    loop {
        return match reconcile::look(settings, store, &entry.id)?.map(|entry| (entry.state, entry.lock_held))
        {
            // Its descriptors are closed one by one: the socket may go before the lock.
            Some((State::Started(_), true)) if std::time::Instant::now() < until => {
                std::thread::sleep(std::time::Duration::from_millis(2));
                continue;
            }
            Some((State::Exited(exited), _)) => match exited.error {
                Some(why) => Ok(Outcome::Lost(exited.code, why)),
                None => Ok(Outcome::Ended(exited.code)),
            },
            None => Ok(Outcome::Lost(137, "its supervisor is gone".to_string())),
            Some(_) => {
                Err(Error::new(Kind::Failed, format!("the supervisor of container {} hung up", entry.name))
                    .hint(format!("box attach {}", entry.name)))
            }
        };
    }
}
