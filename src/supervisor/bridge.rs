//! A container's part in networks: addresses before the launch, cards beside it, and the uplinks
//! that live as long as somebody needs them.
//!
//! A network's bridge is in a namespace that nobody in particular keeps: every supervisor of the
//! network has it open, and says where in `holders/`. Under the network's lock a new one looks for
//! any that lives; only when none does is the bridge made.
//!
//! Its slirp4netns has the reading end of the FIFO `uplink`; every supervisor has a writing end. So
//! the kernel counts: when the last supervisor is gone, however, slirp4netns ends. What looks after it
//! outside of everything ([`uplink`](crate::network::uplink)) reads there too; when that is gone as well,
//! however, every supervisor hears of it, and the first to take the lock starts another slirp4netns.

pub mod connect;

use super::protocol::{self, Decoder, Failed, Kind};
use crate::container::bridge::{Attachment, Join, NetworkConfig, NetworkRecord};
use crate::container::config::{ContainerConfig, NetworkMode};
use crate::container::id::ContainerId;
use crate::container::name::ContainerName;
use crate::error::{Doing, Error, Result, failed};
use crate::network::bridge::{self, Bridge, Inside};
use crate::network::dns::Desk;
use crate::network::slirp::{self, SharedUplink};
use crate::network::uplink::Again;
use crate::network::{host_has_ipv6, tun_problem};
use crate::store::layout::Store;
use crate::store::leases::{self, Holder};
use crate::store::networks;
use crate::sys::userns::find_helper;
use crate::sys::{netns, process};
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The networks that a running container takes part in.
#[derive(Debug)]
pub struct Networks {
    store: Store,
    id: ContainerId,
    inside: Inside,
    joined: Vec<Joined>,
}

/// One of them.
#[derive(Debug)]
struct Joined {
    /// Its number among those of the container; not given again while it is there.
    place: usize,
    config: NetworkConfig,
    bridge: Bridge,
    uplink: Option<Uplink>,
}

/// Our end of the FIFO.
#[derive(Debug)]
struct Uplink {
    users: OwnedFd,
    order: SharedUplink,
    again: Again,
}

/// Who is there to start an uplink that has to outlive us.
#[derive(Clone, Copy, Debug)]
enum Outside<'a> {
    /// Who started us, and waits.
    Client(BorrowedFd<'a>),
    /// Who connects us to one more network, and hears of it in the answer.
    Later,
}

/// Gives a container its addresses, before anything of it exists. They are released by the end of
/// the container, or by whoever notices that its supervisor died.
///
/// # Errors
/// Those of [`leases::reserve`]; `NotFound` for a network that was removed meanwhile. Then it has none.
pub fn reserve(store: &Store, config: &ContainerConfig, name: &ContainerName) -> Result<Vec<Attachment>> {
    if config.network.mode != NetworkMode::Bridge {
        return Ok(Vec::new());
    }
    let mut record = NetworkRecord::default();
    for join in &config.network.joins {
        let interface = free_interface(join, &record.attachments);
        let done = reserve_one(store, (&config.id, name), join, &interface);
        record.attachments.extend(done.as_ref().ok().cloned());
        // With what it has so far, so that whoever cleans up knows of all of it.
        let written = leases::write_record(store, &config.id, &record);
        if let Err(error) = done.and(written) {
            leases::release(store, &config.id);
            return Err(error);
        }
    }
    Ok(record.attachments)
}

fn reserve_one(
    store: &Store,
    owner: (&ContainerId, &ContainerName),
    join: &Join,
    interface: &str,
) -> Result<Attachment> {
    let network = networks::get(store, &join.network)?;
    let _lock = leases::lock(store, &network.name)?;
    leases::reserve(store, &network, join, owner, interface)
}

/// The name that was asked for, or the first free one of `eth0`, `eth1` …
fn free_interface(join: &Join, others: &[Attachment]) -> String {
    let taken = |name: &str| others.iter().any(|other| other.interface == name);
    let mut usual = (0..).map(|n: u32| format!("eth{n}"));
    let usual = usual.find(|name| !taken(name)).expect("there is always another number");
    join.interface.clone().unwrap_or(usual)
}

impl Networks {
    /// Connects the network namespace of a container's init to all its networks. `client` is who
    /// started us: an uplink that has to outlive us is started there.
    ///
    /// # Errors
    /// When the kernel refuses, or slirp4netns fails.
    pub fn connect(
        store: &Store,
        id: &ContainerId,
        attachments: &[Attachment],
        netns: OwnedFd,
        client: BorrowedFd<'_>,
    ) -> Result<Networks> {
        let inside = Inside::enter(netns)?;
        let mut networks = Networks { store: store.clone(), id: id.clone(), inside, joined: Vec::new() };
        for attachment in attachments {
            networks.join(attachment, Outside::Client(client))?;
        }
        Ok(networks)
    }

    /// Connects one network.
    fn join(&mut self, attachment: &Attachment, outside: Outside<'_>) -> Result<()> {
        let name = &attachment.network;
        let store = &self.store;
        let _lock = leases::lock(store, name)?;
        let config = networks::get(store, name)?;
        let mut bridge = match find(store, &config)? {
            Some(netns) => Bridge::find(&config, netns)?,
            None => {
                leases::sweep(store, name)?;
                // slirp4netns of the namespace before may still be ending; it has the old FIFO.
                let _ = std::fs::remove_file(users_file(store, &config));
                Bridge::make(&config)?
            }
        };
        let free = |place: &usize| !self.joined.iter().any(|joined| joined.place == *place);
        let place = (0..).find(free).expect("there is always another number");
        bridge.plug(&config, attachment, &mut self.inside, place)?;
        let number = netns::number(bridge.netns.as_fd());
        let pid = process::pid_in_proc()?;
        let start_time = process::start_time(pid).ok_or_else(|| failed("we have no start time"))?;
        let holder = Holder { pid, start_time, fd: number, inode: netns::inode(&bridge.netns)? };
        leases::hold(store, name, &self.id, &holder)?;
        let uplink = match wants_uplink(&config) {
            true => Some(Uplink::raise(store, &config, &mut bridge, outside)?),
            false => None,
        };
        self.joined.push(Joined { place, config, bridge, uplink });
        Ok(())
    }

    /// Where the names of all networks are resolved; the caller serves them from now on.
    pub fn take_desks(&mut self) -> Vec<Desk> {
        self.joined.iter_mut().flat_map(|joined| std::mem::take(&mut joined.bridge.desks)).collect()
    }

    /// The store that they are in.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What becomes an error when the uplink of a network is gone, with that network's place.
    pub fn uplinks(&self) -> impl Iterator<Item = (usize, BorrowedFd<'_>)> {
        self.joined.iter().filter_map(|joined| Some((joined.place, joined.uplink.as_ref()?.users.as_fd())))
    }

    /// The uplink that the network at `place` still lacks.
    #[must_use]
    pub fn lacking(&self, place: usize) -> Option<&SharedUplink> {
        let joined = self.joined.iter().find(|joined| joined.place == place)?;
        let uplink = joined.uplink.as_ref()?;
        (!is_served(uplink.users.as_fd())).then_some(&uplink.order)
    }

    /// The uplink of the network at `place` has ended, with all that looked after it: starts another
    /// unless somebody has. It is ours then, and ends with us.
    ///
    /// What is returned is how long to wait before this is to be called again with `waited`; `None`
    /// if there is an uplink.
    pub fn renew(&mut self, place: usize, waited: bool) -> Option<Duration> {
        let joined = self.joined.iter_mut().find(|joined| joined.place == place);
        let Joined { config, bridge, uplink, .. } = joined?;
        let uplink = uplink.as_mut()?;
        let lock = leases::lock(&self.store, &config.name);
        if is_served(uplink.users.as_fd()) {
            return None;
        }
        if !waited {
            let delay = uplink.again.ended(Instant::now());
            if !delay.is_zero() {
                return Some(delay);
            }
        }
        uplink.again.starts(Instant::now());
        let renewed = lock.and_then(|_lock| {
            let mut child = uplink.order.restart(bridge.netns.as_fd())?;
            bridge.plug_uplink(config).inspect_err(|_| {
                // Nobody has use for it as it is; it is reaped with our other children.
                let _ = child.kill();
            })
        });
        renewed.err().map(|_| uplink.again.ended(Instant::now()))
    }
}

/// Whether a network is to have a way out. What is missing for that has been said by the command
/// that started the container.
fn wants_uplink(config: &NetworkConfig) -> bool {
    !config.internal && find_helper(slirp::PROGRAM).is_some() && tun_problem().is_none()
}

fn users_file(store: &Store, config: &NetworkConfig) -> PathBuf {
    store.network_run(&config.name).join("uplink")
}

/// The bridge's namespace, from any supervisor that lives. Those that do not are forgotten.
fn find(store: &Store, config: &NetworkConfig) -> Result<Option<OwnedFd>> {
    for (file, holder) in leases::holders(store, &config.name)? {
        let lives = || process::start_time(holder.pid) == Some(holder.start_time);
        if lives()
            && let Ok(netns) = File::open(format!("/proc/{}/fd/{}", holder.pid, holder.fd))
            && netns::inode(&netns).is_ok_and(|inode| inode == holder.inode)
        {
            return Ok(Some(netns.into()));
        }
        let _ = std::fs::remove_file(file);
    }
    Ok(None)
}

/// Whether a FIFO has a reader.
fn is_served(users: BorrowedFd<'_>) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::from_borrowed_fd(users, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&now)).is_ok() && !fds[0].revents().contains(PollFlags::ERR)
}

impl Uplink {
    /// Takes part in the network's uplink, which is started if there is none. The caller holds the
    /// network's lock.
    fn raise(
        store: &Store,
        config: &NetworkConfig,
        bridge: &mut Bridge,
        outside: Outside<'_>,
    ) -> Result<Uplink> {
        let path = users_file(store, config);
        let order = SharedUplink {
            netns: netns::number(bridge.netns.as_fd()),
            users: path.clone(),
            bridge: config.interface.clone(),
            plug: matches!(outside, Outside::Later),
            subnet: bridge::uplink_subnet(config).to_string(),
            mtu: config.mtu(),
            ipv6: config.subnet(false).is_some() && host_has_ipv6(),
        };
        let again = Again::new(Instant::now());
        if let Some(users) = open(&path, OFlags::WRONLY | OFlags::NONBLOCK)? {
            return Ok(Uplink { users, order, again });
        }
        match nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600)) {
            Ok(()) | Err(nix::errno::Errno::EEXIST) => {}
            Err(errno) => return Err(errno).doing(|| format!("make {}", path.display())),
        }
        // Reading too, or there would have to be a reader; from now on slirp4netns has a user.
        let both = open(&path, OFlags::RDWR)?.ok_or_else(|| failed("a FIFO cannot be opened"))?;
        if let Outside::Client(client) = outside {
            ask(client, &order)?;
            bridge.plug_uplink(config)?;
            drop(both);
            let users = open(&path, OFlags::WRONLY | OFlags::NONBLOCK)?;
            let users = users.ok_or_else(|| failed(format!("{} ended at once", slirp::PROGRAM)))?;
            return Ok(Uplink { users, order, again });
        }
        let users = open(&path, OFlags::WRONLY | OFlags::NONBLOCK)?;
        Ok(Uplink { users: users.ok_or_else(|| failed("a FIFO cannot be opened"))?, order, again })
    }
}

/// Opens the FIFO; `None` if it is not there or, for writing, nobody reads it.
fn open(path: &Path, flags: OFlags) -> Result<Option<OwnedFd>> {
    match rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty()) {
        Ok(users) => Ok(Some(users)),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NXIO) => Ok(None),
        Err(errno) => Err(errno).doing(|| format!("open {}", path.display())),
    }
}

/// Has the client start an uplink: what we start ourselves ends with us.
fn ask(client: BorrowedFd<'_>, order: &SharedUplink) -> Result<()> {
    let gone = |error: Error| failed("the command that starts the container has gone").because(error);
    protocol::write_all(client, &protocol::document(Kind::Uplink, order)).map_err(|e| gone(e.into()))?;
    match protocol::read_frame(client, &mut Decoder::default()).map_err(gone)? {
        (Kind::UplinkDone, said) if said.is_empty() => Ok(()),
        (Kind::UplinkDone, said) => {
            Err(serde_json::from_slice::<Failed>(&said).unwrap_or_default().into_error())
        }
        (other, _) => Err(failed(format!("the client said {other:?} when it was asked for an uplink"))),
    }
}
