//! Jobs that need mapped ids, in a process of their own inside the user namespace.
//!
//! The caller stays outside and keeps its one thread; the worker may have many. Request and answer
//! are JSON over a socket; progress is drawn by the worker on the standard error it inherits.

use crate::error::{Doing, Error, Kind, Result, failed};
use crate::sandbox::userns::{self, Role};
use crate::settings::{Settings, StorageDriver};
use crate::store::layout::Store;
use crate::store::{check, containers, driver, gc, staging};
use crate::sys::fd;
use crate::sys::process::{self, Child};
use crate::sys::signal::{self, Signal, SignalFd};
use crate::sys::userns::{InUserNs, unshare};
use crate::transfer;
use rustix::event::{PollFd, PollFlags};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// Jobs that make something large, of which whoever interrupts them wants nothing to stay.
const MAKERS: [&str; 5] = ["commit", "import", "load", "pull", "unpack"];

#[derive(Serialize, Deserialize)]
struct Request {
    job: String,
    root: PathBuf,
    run: PathBuf,
    debug: bool,
    storage: StorageDriver,
    body: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Done(serde_json::Value),
    Failed { kind: u8, message: String, hint: Option<String> },
}

/// Runs the job `name` inside the user namespace and returns its answer.
///
/// # Errors
/// The job's own, kind and hint kept; when the namespace cannot be had.
pub fn call<Q: Serialize, A: DeserializeOwned>(settings: &Settings, name: &str, request: &Q) -> Result<A> {
    let (child, mut socket) = start(settings, name, request, false)?;
    // After it was made, for it is to have no part in this.
    let signals = if MAKERS.contains(&name) { Some(super::start::hold_signals()?) } else { None };
    let mut text = Vec::new();
    let heard = match interrupted(&socket, signals.as_ref()) {
        Ok(Some(signal)) => return Err(undo(settings, name, &child, signal)),
        Ok(None) => socket.read_to_end(&mut text).map(drop),
        Err(error) => Err(error),
    };
    let exit = child.wait()?;
    heard.doing(|| format!("hear from the job {name}"))?;
    let answer = match serde_json::from_slice(&text) {
        Ok(answer) => answer,
        Err(_) => {
            let how = match exit.signal() {
                Some(signal) => {
                    // Ctrl-C is for both of us; on a busy machine the child may be gone before it
                    // has reached us.
                    if signal == nix::libc::SIGINT {
                        let _ = nix::sys::signal::raise(nix::sys::signal::Signal::SIGINT);
                    }
                    format!("was ended by signal {signal}")
                }
                None => format!("ended with code {} and no answer", exit.code()),
            };
            return Err(failed(format!("the job {name} {how}")));
        }
    };
    match answer {
        Answer::Done(value) => serde_json::from_value(value)
            .map_err(|e| failed(format!("the job {name} answered nonsense")).because(e)),
        Answer::Failed { kind, message, hint } => {
            let error = Error::new(Kind::from_number(kind), message);
            Err(match hint {
                Some(hint) => error.hint(hint),
                None => error,
            })
        }
    }
}

/// Waits for an answer, or for a signal that is to end us.
fn interrupted(socket: &UnixStream, signals: Option<&SignalFd>) -> std::io::Result<Option<i32>> {
    let Some(signals) = signals else { return Ok(None) };
    loop {
        let mut fds = [PollFd::new(signals, PollFlags::IN), PollFd::new(socket, PollFlags::IN)];
        match rustix::event::poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        }
        if let Some((signal, _)) = signals.next() {
            return Ok(Some(signal));
        }
        if !fds[1].revents().is_empty() {
            return Ok(None);
        }
    }
}

/// Ends the job and then us, by the signal that we got; what the job had made so far goes after that.
fn undo(settings: &Settings, name: &str, child: &Child, signal: i32) -> Error {
    let _ = process::send_signal(child.pidfd.as_fd(), nix::libc::SIGKILL);
    let _ = child.wait();
    let _ = call_in_background(settings, "empty-trash", &());
    if let Ok(signal) = Signal::from_number(signal) {
        signal::die_of(signal);
    }
    failed(format!("the job {name} was interrupted"))
}

/// Starts the job `name` inside the user namespace and does not wait: it outlives us.
///
/// # Errors
/// When the namespace cannot be had.
pub fn call_in_background<Q: Serialize>(settings: &Settings, name: &str, request: &Q) -> Result<()> {
    start(settings, name, request, true).map(drop)
}

fn start<Q: Serialize>(
    settings: &Settings,
    name: &str,
    request: &Q,
    detached: bool,
) -> Result<(Child, UnixStream)> {
    let body = serde_json::to_value(request)
        .map_err(|e| failed(format!("cannot write down the job {name}")).because(e))?;
    let request = Request {
        job: name.to_string(),
        root: settings.root.clone(),
        run: settings.run.clone(),
        debug: settings.debug,
        storage: settings.storage,
        body,
    };
    let (ours, theirs) = fd::socket_pair()?;
    let role = Role {
        name: "worker",
        args: vec![OsString::from(name), OsString::from("--root"), settings.root.clone().into_os_string()],
        keep: vec![theirs],
        new_pid_namespace: false,
        sealed: false,
        detached,
        keep_stderr: !detached || settings.debug,
        keep_environment: true,
        network: None,
    };
    let child = userns::spawn(&settings.run, role)?;
    let mut socket = UnixStream::from(ours);
    let text = serde_json::to_vec(&request)
        .map_err(|e| failed(format!("cannot write down the job {name}")).because(e))?;
    socket.write_all(&text).doing(|| format!("hand over the job {name}"))?;
    socket.shutdown(Shutdown::Write).doing(|| format!("hand over the job {name}"))?;
    Ok((child, socket))
}

/// The worker's role: does one job and answers on descriptor 3.
#[must_use]
pub fn main() -> u8 {
    let socket = match fd::inherited(3) {
        Ok(socket) => socket,
        Err(error) => return u8::from(!error.chain().is_empty()) * 125,
    };
    let (answer, run) = answer(&socket);
    if let Some(run) = run {
        userns::leave(&run);
    }
    let text = serde_json::to_vec(&answer).unwrap_or_default();
    // If the caller is gone there is nobody left to tell.
    let _ = File::from(socket).write_all(&text);
    match answer {
        Answer::Done(_) => 0,
        Answer::Failed { .. } => 125,
    }
}

fn answer(socket: &OwnedFd) -> (Answer, Option<PathBuf>) {
    let mut run = None;
    let answer = match serve(socket, &mut run) {
        Ok(value) => Answer::Done(value),
        Err(error) => Answer::Failed {
            kind: error.kind().number(),
            message: error.chain(),
            hint: error.find_hint().map(str::to_string),
        },
    };
    (answer, run)
}

fn serve(socket: &OwnedFd, run: &mut Option<PathBuf>) -> Result<serde_json::Value> {
    let mut text = Vec::new();
    let copy = socket.try_clone().doing(|| "read the job")?;
    File::from(copy).read_to_end(&mut text).doing(|| "read the job")?;
    let request: Request =
        serde_json::from_slice(&text).map_err(|e| failed("cannot read the job").because(e))?;
    *run = Some(request.run.clone());
    let settings =
        Settings { root: request.root, run: request.run, debug: request.debug, storage: request.storage };
    let store = Store::open(&settings)?;
    dispatch(&request.job, &Here { settings, store, inside: InUserNs::verify()? }, request.body)
}

/// Where a job runs.
#[derive(Debug)]
pub struct Here {
    /// The caller's settings.
    pub settings: Settings,
    /// The caller's store.
    pub store: Store,
    /// We are inside.
    pub inside: InUserNs,
}

/// Dies with the caller; for jobs whose result nobody else wants.
pub fn die_with_caller() {
    process::die_with_parent(nix::libc::SIGKILL);
}

/// Gives the body its type, runs the job, and takes the type off its answer.
pub fn typed<Q: DeserializeOwned, A: Serialize>(
    body: serde_json::Value,
    job: impl FnOnce(Q) -> Result<A>,
) -> Result<serde_json::Value> {
    let request = serde_json::from_value(body).map_err(|e| failed("cannot read the job").because(e))?;
    let answer = job(request)?;
    serde_json::to_value(answer).map_err(|e| failed("cannot write down the job's answer").because(e))
}

/// Like [`typed`], for what nobody wants any more once its caller is gone.
fn foreground<Q: DeserializeOwned, A: Serialize>(
    body: serde_json::Value,
    job: impl FnOnce(Q) -> Result<A>,
) -> Result<serde_json::Value> {
    die_with_caller();
    typed(body, job)
}

/// Every job there is.
fn dispatch(job: &str, here: &Here, body: serde_json::Value) -> Result<serde_json::Value> {
    match job {
        "import" => foreground(body, |request| transfer::import::import(&here.store, &request)),
        "unpack" => foreground(body, |digest| transfer::pull::unpack_missing(&here.store, &digest)),
        "tags" => foreground(body, |job| transfer::pull::all_tags(&job)),
        "pull" => foreground(body, |job| transfer::pull::pull(&here.store, &job)),
        "collect-images" => typed(body, |copies| gc::collect(&here.store, copies, &here.inside)),
        "commit" => foreground(body, |job| transfer::commit::commit(&here.store, &job)),
        "diff" => foreground(body, |(thing, than): (transfer::commit::Thing, Option<_>)| {
            transfer::commit::diff(&here.store, &thing, than.as_ref())
        }),
        "export" => foreground(body, |(id, output): (crate::container::id::ContainerId, Option<PathBuf>)| {
            transfer::commit::export(&here.store, &id, output.as_ref())
        }),
        "insert" => foreground(body, |job| transfer::commit::insert(&here.store, &job)),
        "load" => foreground(body, |request| transfer::load::load(&here.store, &request)),
        "copy" => foreground(body, |job| super::copy::job(here, job)),
        "create-volume" => foreground(body, |job| super::volumes::create_job(&here.store, &job)),
        "export-volume" => foreground(body, |job| super::copy::export_job(here, &job)),
        "import-volume" => foreground(body, |job| super::copy::import_job(here, &job)),
        "probe" => typed(body, |mode| super::probe::job(here, &mode)),
        "storage-driver" => typed(body, |asked| {
            // Whoever mounts, and be it nowhere, needs a mount namespace that is its own.
            unshare(nix::libc::CLONE_NEWNS)?;
            driver::choose(&here.store, asked, &here.inside)
        }),
        "reset" => typed(body, |(): ()| super::reset::job(here)),
        "id-maps-at" => foreground(body, |path: PathBuf| crate::sandbox::foreign::maps_at(&path)),
        "owners" => {
            foreground(body, |chain: Vec<crate::image::digest::ChainId>| super::ids::owners_job(here, &chain))
        }
        "accounts" => foreground(body, |init: i32| super::top::accounts(init)),
        "id-maps" => typed(body, |(): ()| id_maps(here)),
        "empty-trash" => typed(body, |(): ()| {
            let swept = staging::sweep(&here.store);
            let emptied = containers::empty_trash(&here.store, &here.inside);
            crate::error::all([swept, emptied].into_iter().filter_map(Result::err).collect())
        }),
        "check" => foreground(body, |depth| check::check(&here.store, &depth, &here.inside)),
        "mend" => typed(body, |findings| super::check::job(here, findings)),
        "trees" => typed(body, |all: Vec<PathBuf>| {
            Ok(all.iter().map(|dir| super::ps::tree_size(dir)).collect::<Vec<u64>>())
        }),
        "written" => typed(body, |ids| super::df::written_job(&here.store, ids, &here.inside)),
        "sizes" => typed(body, |ids| super::ps::sizes_job(&here.store, ids, &here.inside)),
        _ => Err(failed(format!("there is no job {job}"))),
    }
}

/// The id maps inside, for `info` and `doctor`: (inside, outside, count) of users and of groups.
fn id_maps(_: &Here) -> Result<[Vec<(u32, u32, u32)>; 2]> {
    let maps = crate::sys::userns::IdMaps::current()?;
    let triples = |extents: Vec<crate::sys::userns::Extent>| {
        extents.into_iter().map(|e| (e.inside, e.outside, e.count)).collect()
    };
    Ok([triples(maps.uids), triples(maps.gids)])
}
