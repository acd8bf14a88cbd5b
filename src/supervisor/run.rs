//! The supervisor's role: from exec to exit record.
//!
//! It is executed inside the user namespace as PID 1 of a pid namespace of its own, so that
//! everything in the container dies with it. Descriptor 3 is one end of a socket pair whose other
//! end the starting client holds.

use super::bridge::{self, Networks};
use super::events::{Limits, Monitor, failed_frame};
use super::exit::Rest;
use super::log::LogWriter;
use super::ports::{self, Taken};
use super::protocol::{self, Decoder, Hello, Kind};
use super::rootfs::RootServer;
use super::rotate::Rotation;
use super::stdio::{self, Streams};
use super::uplink::Keeper;
use super::{bundle, control, exit};
use super::{links, names};
use crate::container::bridge::Attachment;
use crate::container::config::{self, ContainerConfig, LogDriver, MountSource, Namespace, NetworkMode};
use crate::container::id::ContainerId;
use crate::container::state::{ProcId, Started, State};
use crate::error::{self, Doing, Error, Result, failed};
use crate::sandbox::launch::{self, Handed, Prepared, Running, Stdio};
use crate::sandbox::userns;
use crate::settings::{Settings, StorageDriver};
use crate::store::layout::Store;
use crate::store::{containers, leases};
use crate::sys::fd::{self, Passed};
use crate::sys::file::{self, Durable};
use crate::sys::process;
use crate::sys::userns::IdMaps;
use jiff::Timestamp;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the role was told on its command line.
struct Order {
    settings: Settings,
    store: Store,
    id: ContainerId,
    given: Given,
}

/// The descriptors that the client has handed over.
#[derive(Default)]
struct Given {
    /// Sockets of published ports that it has bound.
    listeners: Vec<OwnedFd>,
    /// What the container's program gets beside its standard streams.
    passed: Vec<Passed>,
    /// Where a network namespace may come from.
    network: Option<OwnedFd>,
}

/// The role: supervises one container from launch to exit record; returns the exit code.
///
/// `words` are `--root ROOT --runroot RUN [--debug] [--listeners COUNT] [--passed NUMBER]... [--network]
/// ID`; the listeners are descriptors from 4 on, those that are passed on follow them, and then the
/// socket from which a network namespace may come.
#[must_use]
pub fn main(words: Vec<OsString>) -> u8 {
    let Ok(socket) = fd::inherited(3) else { return 125 };
    let Ok(hello) = read_hello(&socket) else { return 125 };
    let mut client = Some(socket);
    let (order, ended) = match order(words) {
        Ok(mut order) => {
            let ended = supervise(&mut order, &mut client, hello);
            (Some(order), ended)
        }
        Err(error) => (None, Err(error)),
    };
    if let (Err(error), Some(client)) = (&ended, &client) {
        // If it is gone there is nobody left to tell.
        let _ = protocol::write_all(client, &failed_frame(error));
    }
    drop(client);
    if let Some(order) = order {
        if ended.is_err() {
            exit::empty_trash(&order.store);
        }
        userns::leave(&order.settings.run);
    }
    if ended.is_ok() { 0 } else { 125 }
}

fn read_hello(socket: &OwnedFd) -> Result<Hello> {
    let mut decoder = Decoder::default();
    match protocol::read_frame(socket, &mut decoder)? {
        (Kind::Hello, payload) => Ok(serde_json::from_slice(&payload).unwrap_or_default()),
        (other, _) => Err(failed(format!("the client said {other:?} first"))),
    }
}

fn order(words: Vec<OsString>) -> Result<Order> {
    let bad = || failed("this role is started by box itself");
    let (mut root, mut run, mut debug, mut id, mut given) = (None, None, false, None, Given::default());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--root") => root = words.next().map(PathBuf::from),
            Some("--runroot") => run = words.next().map(PathBuf::from),
            Some("--debug") => debug = true,
            Some("--listeners") => {
                let count: Option<i32> = words.next().and_then(|word| word.to_str()?.parse().ok());
                let count = count.ok_or_else(bad)?;
                given.listeners = (0..count).map(|at| fd::inherited(4 + at)).collect::<Result<_>>()?;
            }
            Some("--passed") => {
                let number = words.next().and_then(|word| word.to_str()?.parse().ok()).ok_or_else(bad)?;
                let at = 4 + given.listeners.len() + given.passed.len();
                given.passed.push(Passed::from_starter(at as i32, number)?);
            }
            Some("--network") => {
                let at = 4 + given.listeners.len() + given.passed.len();
                given.network = Some(fd::inherited(at as i32)?);
            }
            Some(word) => id = Some(word.parse()?),
            None => return Err(bad()),
        }
    }
    let (Some(root), Some(run), Some(id)) = (root, run, id) else { return Err(bad()) };
    let settings = Settings { root, run, debug, storage: StorageDriver::Auto };
    let store = Store::open(&settings)?;
    Ok(Order { settings, store, id, given })
}

/// Launches the container and stays with it to the end.
fn supervise(order: &mut Order, client: &mut Option<OwnedFd>, hello: Hello) -> Result<()> {
    let given = std::mem::take(&mut order.given);
    let Order { settings, store, id, .. } = order;
    let Some(lock) = containers::take_lock(store, id)? else {
        return Err(Error::new(error::Kind::Conflict, format!("container {} is running", id.short())));
    };
    let config = containers::config(store, id)?;
    let sockets = store.container_run(id);
    let launched = match launch(settings, store, &config, client.as_ref(), &hello, &sockets, given) {
        Ok(launched) => launched,
        Err(error) => {
            exit::not_started(store, &config, &sockets, &error)?;
            drop(lock);
            return Err(error);
        }
    };
    let Launched { running, server, rest, streams, log, listeners, uplink, ports, networks } = launched;
    for place in &running.unwritable {
        warn_of_unwritable(client.as_ref(), &config, place);
    }
    let started = started(store, id, &running)?;
    let recorded = record_start(store, &config, &started);
    let monitor = recorded.and_then(|()| {
        let first = client.as_ref().map(OwnedFd::try_clone).transpose().doing(|| "talk to the client")?;
        let first = first.map(|socket| (socket, hello));
        let mut monitor = Monitor::new(running.child, streams, log, Some(listeners), first, limits(&config))?;
        monitor.shares_pids = config.namespaces.pid != Namespace::Private;
        if let Some(uplink) = uplink {
            monitor.keep(uplink)?;
        }
        if let Some(server) = server {
            monitor.rely_on(server)?;
        }
        let mut desks = Vec::new();
        if let Some(mut networks) = networks {
            desks = networks.take_desks();
            monitor.take_part(networks)?;
        }
        // Threads start here, which leave alone the signals that the monitor takes.
        monitor.names = names::serve(store, desks)?;
        if let Some(record) = leases::record(store, id)? {
            links::announce(store, id, &record.attachments);
        }
        monitor.ports = ports.serve(store, &config, started.init.pid)?;
        Ok(monitor)
    });
    // A client that is gone, or a full disk: nobody was told that it runs, so it does not.
    let mut monitor = match monitor {
        Ok(monitor) => monitor,
        Err(error) => {
            exit::end_all();
            exit::not_started(store, &config, &sockets, &error)?;
            return Err(error);
        }
    };
    // From here on the first client is the monitor's, who hangs up when it is done with it.
    *client = None;
    let ended = monitor.run()?;
    if let Some(rest) = rest {
        rest.end();
    }
    let broken = monitor.end_server();
    let asked = monitor.stop_asked;
    let recorded = exit::record(store, &config, &sockets, &started, (ended, asked), broken);
    // Whoever hears of the end finds the lock free.
    drop(lock);
    if config.ending.remove_image {
        exit::remove_image(store, &config);
    }
    monitor.tell(ended);
    monitor.linger();
    if config.ending.remove {
        exit::empty_trash(store);
    }
    recorded
}

/// Tells the client that the container's user cannot write to a bind, and what helps.
fn warn_of_unwritable(client: Option<&OwnedFd>, config: &ContainerConfig, place: &str) {
    let user = config.process.user.as_str();
    let is_root = matches!(user.split(':').next(), Some("" | "0" | "root"));
    let Some(advice) = advice(config, place, is_root) else { return };
    let text = format!(
        "the user {:?} cannot write to {place}: {advice}",
        if user.is_empty() { "root" } else { user }
    );
    if let Some(client) = client {
        // A client that is gone needs no warning.
        let _ = protocol::write_all(client, &protocol::frame(Kind::Warning, text.as_bytes()));
    }
}

/// What lets the container's user write to a bind. To root nothing is said that no flag could change:
/// much of the host is mounted without ro by those who only read it.
fn advice(config: &ContainerConfig, place: &str, is_root: bool) -> Option<String> {
    let of_host = |mount: &config::Mount| match &mount.source {
        MountSource::Bind { path, .. } if mount.destination == place => Some(path.clone()),
        _ => None,
    };
    let path = config.mounts.iter().find_map(of_host)?;
    // An owner that is not mapped is seen as nobody (/proc/sys/kernel/overflowuid).
    let ours = std::fs::metadata(&path).is_ok_and(|meta| meta.uid() != 65534);
    let by_group = || rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).is_ok();
    match (ours, is_root) {
        (true, false) => {
            // Root's own id is 0 already.
            let is_not_root = |maps: IdMaps| maps.uids.iter().any(|row| row.inside == 0 && row.outside != 0);
            let keep = match IdMaps::current().is_ok_and(is_not_root) {
                true => "keep your own id with --userns keep-id, or ",
                false => "",
            };
            Some(format!("give it the files with -v …:{place}:U, or {keep}run as --user 0"))
        }
        (true, true) => None,
        // We have the caller's groups, which the container's processes have not.
        (false, _) if by_group() => {
            Some("one of your groups can on the host: --group-add keep-groups takes it along".to_string())
        }
        (false, true) => None,
        (false, false) => Some(
            "it belongs to somebody else on the host, and no flag changes that; :ro says that it is only read"
                .to_string(),
        ),
    }
}

/// A container whose init runs.
struct Launched {
    running: Running,
    server: Option<RootServer>,
    rest: Option<Rest>,
    streams: Streams,
    log: LogWriter,
    listeners: (UnixListener, UnixListener),
    uplink: Option<Keeper>,
    ports: Taken,
    networks: Option<Networks>,
}

fn launch(
    settings: &Settings,
    store: &Store,
    config: &ContainerConfig,
    client: Option<&OwnedFd>,
    hello: &Hello,
    sockets: &Path,
    given: Given,
) -> Result<Launched> {
    let maps = IdMaps::current()?;
    let name = containers::name(store, &config.id)?;
    let attachments = bridge::reserve(store, config, &name)?;
    let spec = bundle::make(store, config, &maps, &attachments)?;
    let (child_ends, streams) = match config.process.tty {
        true => (Stdio::Tty { size: hello.size }, None),
        false => {
            let (ends, streams) = stdio::pipes(config.process.open_stdin).doing(|| "make pipes")?;
            let stdin = Some(ends.stdin);
            (Stdio::Pipes { stdin, stdout: Some(ends.stdout), stderr: Some(ends.stderr) }, Some(streams))
        }
    };
    let network = given.network.and_then(|socket| fd::receive_fd(socket.as_fd(), &mut [0]).ok()?.1);
    let (server, served) = match bundle::serve(&spec)? {
        Some(served) => (Some(RootServer::new(served.server)), Some(served.mount)),
        None => (None, None),
    };
    let handed = Handed { stdio: child_ends, passed: given.passed, network, served };
    let prepared = launch::prepare(&spec, handed, maps.is_single(), settings.debug)?;
    // Before it executes: a short one would be gone before we look.
    let rest = Rest::of(config, prepared.host_pid);
    // While init mounts.
    let beside = beside(store, config, sockets, &prepared, given.listeners);
    let connected = beside.and_then(|beside| {
        let client = client.map(AsFd::as_fd);
        Ok((beside, networks(store, config, &attachments, &prepared, client)?))
    });
    let ((listeners, log, uplink, ports), networks) = match connected {
        Ok(beside) => beside,
        Err(error) => return Err(prepared.give_up(error)),
    };
    let mut running = prepared.go()?;
    let streams = match (streams, running.pty_master.take()) {
        (Some(streams), _) => streams,
        (None, Some(master)) => {
            stdio::terminal(master, config.process.open_stdin).doing(|| "take over the terminal")?
        }
        (None, None) => return Err(failed("init made no terminal")),
    };
    Ok(Launched { running, server, rest, streams, log, listeners, uplink, ports, networks })
}

/// Connects init to its networks, if it takes part in any.
fn networks(
    store: &Store,
    config: &ContainerConfig,
    attachments: &[Attachment],
    prepared: &Prepared,
    client: Option<BorrowedFd<'_>>,
) -> Result<Option<Networks>> {
    match (&config.network.mode, client) {
        (NetworkMode::Bridge, Some(client)) => {
            Networks::connect(store, &config.id, attachments, prepared.netns()?, client).map(Some)
        }
        (NetworkMode::Bridge, None) => Err(failed("nobody has started this container")),
        _ => Ok(None),
    }
}

type Beside = ((UnixListener, UnixListener), LogWriter, Option<Keeper>, Taken);

/// What can be done while init mounts: sockets, log, ports, network.
fn beside(
    store: &Store,
    config: &ContainerConfig,
    sockets: &Path,
    prepared: &Prepared,
    given: Vec<OwnedFd>,
) -> Result<Beside> {
    let mut directory = std::fs::DirBuilder::new();
    directory.recursive(true).mode(0o700);
    directory.create(sockets).doing(|| format!("make {}", sockets.display()))?;
    let listeners = (control::listen(sockets, control::ATTACH)?, control::listen(sockets, control::CONTROL)?);
    let log = match config.log.driver {
        LogDriver::None => LogWriter::none(),
        LogDriver::K8sFile => LogWriter::open(&log_path(store, config), rotation(config))?,
    };
    let ports = ports::take(store, config, given)?;
    let uplink = match &config.network.mode {
        NetworkMode::Slirp4netns | NetworkMode::Pasta => {
            Keeper::connect(&config.network, &ports.for_pasta, prepared.netns()?)?
        }
        _ => None,
    };
    Ok((listeners, log, uplink, ports))
}

fn rotation(config: &ContainerConfig) -> Option<Rotation> {
    config.log.max_size.map(|size| Rotation { size, files: config.log.max_files.max(1) })
}

/// Where the container's log is.
#[must_use]
pub fn log_path(store: &Store, config: &ContainerConfig) -> PathBuf {
    config.log.path.clone().unwrap_or_else(|| store.container(&config.id).join("log"))
}

fn limits(config: &ContainerConfig) -> Limits {
    let ending = &config.ending;
    Limits {
        stop_signal: ending.stop_signal,
        stop_timeout: Duration::from_secs(ending.stop_timeout.into()),
        timeout: (ending.timeout > 0).then(|| Duration::from_secs(ending.timeout.into())),
    }
}

fn started(store: &Store, id: &ContainerId, running: &Running) -> Result<Started> {
    let last_end = containers::state(store, id)?.last_end();
    let pid = process::pid_in_proc()?;
    let start_time = process::start_time(pid).unwrap_or_default();
    let supervisor = ProcId { pid, start_time, boot_id: running.host.boot_id.clone() };
    Ok(Started { at: Timestamp::now(), init: running.host.clone(), supervisor, restarts: 0, last_end })
}

/// Writes down that it runs. Not synced: after a crash of the host it does not run anyway.
fn record_start(store: &Store, config: &ContainerConfig, started: &Started) -> Result<()> {
    containers::write_state(store, &config.id, &State::Started(started.clone()), Durable::No)?;
    let ending = &config.ending;
    let files = [(&ending.pid_file, started.init.pid), (&ending.supervisor_pid_file, started.supervisor.pid)];
    for (path, pid) in files {
        if let Some(path) = path {
            file::replace(path, pid.to_string().as_bytes(), Durable::No)
                .doing(|| format!("write the pid to {}", path.display()))?;
        }
    }
    Ok(())
}
