//! Published ports: what comes to a port of the host goes on to the container.
//!
//! The host's sockets are made in the host's network namespace ([`listen`]) before the container
//! runs. After the launch one thread enters the container's network namespace, for good, and does
//! all the rest ([`worker`]): a socket belongs to the namespace in which it was made, so this thread
//! accepts on the host's side and connects on the container's.
//!
//! Bytes are moved by read and write, not by splice(2): that is as fast (20 Gbit/s of plain loopback
//! become 7 to 10 either way), and a connection takes two descriptors instead of six.

pub mod listen;
mod owner;
pub mod rules;
mod source;
mod tcp;
mod udp;
mod worker;

pub use listen::Listener;
pub use source::Addresses;

use super::thread::Thread;
use crate::container::port::{Bound, PortMap};
use crate::error::{Doing, Result};
use rules::Rules;
use source::Source;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use worker::{Order, Worker};

/// How a published port reaches the container's services; the running side.
///
/// Dropping it ends all connections.
#[derive(Debug)]
pub struct Forwarder {
    orders: Sender<Order>,
    wake: Arc<OwnedFd>,
    thread: Thread<Worker>,
}

impl Forwarder {
    /// Begins to pass on what comes to `listeners`, to the services at `addresses` in `netns`.
    ///
    /// With `rules` services see their clients' own addresses. Starts a thread: the container has been launched. The limit on open files is raised as far as
    /// it goes.
    ///
    /// # Errors
    /// When the namespace cannot be entered, or no thread or descriptor is left.
    pub fn start(
        listeners: Vec<Listener>,
        netns: OwnedFd,
        addresses: Addresses,
        rules: Option<Rules>,
    ) -> Result<Forwarder> {
        let limit = raise_limit();
        let (orders, incoming) = channel();
        let flags = rustix::event::EventfdFlags::CLOEXEC | rustix::event::EventfdFlags::NONBLOCK;
        let wake = rustix::event::eventfd(0, flags).doing(|| "make an event descriptor")?;
        let wake = Arc::new(wake);
        let source = Source::new(addresses, rules);
        let worker = Worker::new(listeners, source, incoming, Arc::clone(&wake), limit)?;
        let mut thread = Thread::new("ports", worker, Some(netns));
        thread.resume()?;
        Ok(Forwarder { orders, wake, thread })
    }

    /// Stops the thread, so that this process can be cloned; connections stay and wait.
    pub fn pause(&mut self) {
        let (orders, wake) = (&self.orders, &self.wake);
        self.thread.pause(|| send(orders, wake, Order::Pause));
    }

    /// Goes on after [`Forwarder::pause`].
    ///
    /// # Errors
    /// When no thread can be had; then nothing is forwarded any more.
    pub fn resume(&mut self) -> Result<()> {
        self.thread.resume()
    }

    /// Passes on what comes to more ports.
    pub fn add(&self, listeners: Vec<Listener>) {
        self.order(Order::Add(listeners));
    }

    /// Gives ports back. Connections that were made through them go on to their end.
    pub fn remove(&self, ports: &[Bound]) {
        self.order(Order::Remove(ports.to_vec()));
    }

    /// Connects to other addresses from now on: the container was connected to another network.
    pub fn retarget(&self, addresses: Addresses) {
        self.order(Order::Addresses(addresses));
    }

    fn order(&self, order: Order) {
        send(&self.orders, &self.wake, order);
    }
}

fn send(orders: &Sender<Order>, wake: &OwnedFd, order: Order) {
    // A thread that is gone needs no orders.
    let _ = orders.send(order);
    let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.pause();
    }
}

/// Raises the soft limit on open files to the hard one; returns how many there may be.
fn raise_limit() -> usize {
    use crate::sys::limits;
    let (soft, hard) = limits::get("nofile").unwrap_or((1024, 1024));
    let most = if limits::set("nofile", hard, hard).is_ok() { hard } else { soft };
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// The ports that `maps` name and that this process may bind better than its supervisor.
#[must_use]
pub fn to_hand_over(maps: &[PortMap]) -> Vec<OwnedFd> {
    if rustix::process::geteuid().is_root() { listen::reserved_ones(maps) } else { Vec::new() }
}
