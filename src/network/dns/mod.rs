//! Names of containers, and all others.
//!
//! Every supervisor of a network answers on the bridge's own address, port 53, with SO_REUSEPORT: the
//! kernel gives each question to one of them, so whichever dies takes nothing with it. All know the
//! same, from the same files ([`Zone`]), and know the asker by its address. A name that no container
//! has is asked from the host's side, as the host would: so a resolver on its loopback works.
//!
//! It is open to nobody but the network's containers; its memory is bounded; who sends nonsense gets
//! no answer.

mod engine;
mod message;
mod upstream;

pub use message::{Kind, Question};

use super::thread::Thread;
use crate::error::{Doing, Result};
use engine::Engine;
use nix::sys::socket::{setsockopt, sockopt::IpFreebind};
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is known of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Containers have the name, with these addresses, in the order in which they are to be told.
    Addresses(Vec<IpAddr>),
    /// A container has the address, and these names.
    Names(Vec<String>),
    /// Nobody has it, and nobody else is to be asked.
    Nothing,
    /// These are to be asked; none are the host's own.
    Elsewhere(Vec<IpAddr>),
}

/// One network's names.
pub trait Zone: std::fmt::Debug + Send {
    /// Whether the one with that address may ask.
    fn knows(&self, asker: IpAddr) -> bool;

    /// What is known of a question of `asker`.
    fn look_up(&mut self, asker: IpAddr, question: &Question) -> Found;
}

/// One of a network's addresses at which questions are answered.
#[derive(Debug)]
pub struct Desk {
    /// The network.
    pub network: String,
    /// Datagrams.
    pub udp: OwnedFd,
    /// Connections.
    pub tcp: OwnedFd,
}

/// Opens what a [`Desk`] at `address` needs, in the network namespace of the calling thread: a socket
/// for datagrams, then one for connections.
///
/// # Errors
/// When another user has it.
pub fn open(address: IpAddr) -> Result<Vec<OwnedFd>> {
    let at = SocketAddr::new(address, 53);
    let doing = || format!("answer names at {at}");
    let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let mut sockets = Vec::new();
    for (kind, protocol) in [(SocketType::DGRAM, ipproto::UDP), (SocketType::STREAM, ipproto::TCP)] {
        let socket = rustix::net::socket_with(family, kind, flags, Some(protocol)).doing(doing)?;
        sockopt::set_socket_reuseport(&socket, true).doing(doing)?;
        if kind == SocketType::STREAM {
            sockopt::set_socket_reuseaddr(&socket, true).doing(doing)?;
        }
        // The bridge may get its address only after this.
        setsockopt(&socket, IpFreebind, &true).doing(doing)?;
        rustix::net::bind(&socket, &at).doing(doing)?;
        if kind == SocketType::STREAM {
            rustix::net::listen(&socket, 64).doing(doing)?;
        }
        sockets.push(socket);
    }
    Ok(sockets)
}

/// Answers questions until it is dropped.
#[derive(Debug)]
pub struct Server {
    stop: Arc<AtomicBool>,
    wake: Arc<OwnedFd>,
    thread: Thread<Engine>,
}

impl Server {
    /// Begins to answer at all `desks`, each for its zone; starts a thread in the host's network.
    ///
    /// # Errors
    /// When no thread or descriptor is left.
    pub fn start(desks: Vec<(Desk, Box<dyn Zone>)>) -> Result<Server> {
        let flags = rustix::event::EventfdFlags::CLOEXEC | rustix::event::EventfdFlags::NONBLOCK;
        let wake = rustix::event::eventfd(0, flags).doing(|| "make an event descriptor")?;
        let wake = Arc::new(wake);
        let stop = Arc::new(AtomicBool::new(false));
        let engine = Engine::new(desks, Arc::clone(&wake), Arc::clone(&stop))?;
        let mut thread = Thread::new("names", engine, None);
        thread.resume()?;
        Ok(Server { stop, wake, thread })
    }

    /// Answers at one more desk.
    ///
    /// # Errors
    /// When no thread or descriptor is left; then nothing is answered any more.
    pub fn add(&mut self, desk: Desk, zone: Box<dyn Zone>) -> Result<()> {
        self.pause();
        let added = self.thread.paused().map_or(Ok(()), |engine| engine.add(desk, zone));
        added.and(self.resume())
    }

    /// Answers for a network no more.
    ///
    /// # Errors
    /// When no thread is left; then nothing is answered any more.
    pub fn remove(&mut self, network: &str) -> Result<()> {
        self.pause();
        if let Some(engine) = self.thread.paused() {
            engine.remove(network);
        }
        self.resume()
    }

    /// Stops the thread, so that this process can be cloned; questions wait meanwhile.
    pub fn pause(&mut self) {
        let (stop, wake) = (&self.stop, &self.wake);
        self.thread.pause(|| {
            stop.store(true, Ordering::Release);
            // Its counter cannot be full: nobody else writes.
            let _ = rustix::io::write(&**wake, &1u64.to_ne_bytes());
        });
    }

    /// Goes on after [`Server::pause`].
    ///
    /// # Errors
    /// When no thread can be had; then the others of the network answer, once this one is dropped.
    pub fn resume(&mut self) -> Result<()> {
        self.stop.store(false, Ordering::Release);
        self.thread.resume()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.pause();
    }
}
