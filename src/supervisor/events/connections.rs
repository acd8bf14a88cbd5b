//! The event loop's side of connections: clients and control requests.

use super::{ATTACH, CLIENT, CONTROLLER, Monitor};
use crate::error::{Result, failed, invalid};
use crate::supervisor::attach::Client;
use crate::supervisor::control::Controller;
use crate::supervisor::log::Stream;
use crate::supervisor::pause::{self, Paused};
use crate::supervisor::protocol::{self, Answer, Failed, Hello, Kind, Request, Started};
use crate::sys::process;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::os::fd::AsFd;

impl Monitor {
    pub(super) fn accept(&mut self, token: u64) {
        let Some((attach, control)) = &self.listeners else { return };
        let listener = if token == ATTACH { attach } else { control };
        let flags = rustix::net::SocketFlags::CLOEXEC | rustix::net::SocketFlags::NONBLOCK;
        match rustix::net::accept_with(listener, flags) {
            Ok(socket) if token == ATTACH => {
                // One that cannot be watched is hung up on.
                let _ = self.admit(Client::new(socket, None, false));
            }
            Ok(socket) => {
                let index = free_slot(&mut self.controllers);
                if self.watch(socket.as_fd(), CONTROLLER + index as u64, EventFlags::IN).is_ok() {
                    self.controllers[index] = Some(Controller::new(socket));
                }
            }
            Err(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE) => {
                let _ = epoll::delete(&self.epoll, attach);
                let _ = epoll::delete(&self.epoll, control);
                self.full = true;
            }
            Err(_) => {}
        }
    }

    pub(super) fn admit(&mut self, mut client: Client) -> Result<()> {
        let index = free_slot(&mut self.clients);
        self.watch(client.as_fd(), CLIENT + index as u64, EventFlags::IN)?;
        if client.hello.is_some() && self.greet(&mut client).is_err() {
            return Err(failed("the client that started the container has gone"));
        }
        self.clients[index] = Some(client);
        Ok(())
    }

    /// Answers a client's hello.
    fn greet(&self, client: &mut Client) -> std::io::Result<()> {
        let started = Started {
            version: protocol::VERSION,
            tty: self.streams.terminal.is_some(),
            stdin: self.streams.input.is_open(),
        };
        client.send(Kind::Started, &serde_json::to_vec(&started).expect("plain data"))
    }

    /// Does something with a client and lets it go if that fails.
    pub(super) fn with_client(&mut self, index: usize, act: impl FnOnce(&mut Client) -> std::io::Result<()>) {
        let Some(client) = self.clients.get_mut(index).and_then(Option::as_mut) else { return };
        let done = act(client);
        let wants_room = !client.outbox.is_empty();
        if done.is_ok() && wants_room != client.watched_for_room {
            client.watched_for_room = wants_room;
            let mut flags = EventFlags::IN;
            if wants_room {
                flags |= EventFlags::OUT;
            }
            let token = EventData::new_u64(CLIENT + index as u64);
            let _ = epoll::modify(&self.epoll, &*client, token, flags);
        }
        if done.is_err() {
            // Closing it takes it out of the queue.
            self.clients[index] = None;
            self.after_leaving();
        }
    }

    fn after_leaving(&mut self) {
        if self.paused.is_some() && !self.controllers.iter().flatten().any(|controller| controller.pauses) {
            self.paused = None;
        }
        if self.full {
            // If it fails the next one that leaves tries again.
            self.full = self.watch_listeners().is_err();
        }
    }

    pub(super) fn serve_client(&mut self, index: usize, flags: EventFlags) {
        if flags.contains(EventFlags::OUT) {
            self.with_client(index, Client::flush);
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            self.with_client(index, |client| client.fill().map(drop));
            while let Some(Some(client)) = self.clients.get_mut(index) {
                match client.next_frame() {
                    Ok(Some((kind, payload))) => self.handle_frame(index, kind, &payload),
                    Ok(None) => break,
                    Err(error) => self.with_client(index, |_| Err(error)),
                }
            }
        }
        self.watch_outputs();
    }

    fn handle_frame(&mut self, index: usize, kind: Kind, payload: &[u8]) {
        let Some(Some(client)) = self.clients.get_mut(index) else { return };
        let hello = client.hello.clone();
        match (kind, hello) {
            (Kind::Hello, None) => {
                let hello: Hello = serde_json::from_slice(payload).unwrap_or_default();
                let size = hello.size;
                client.hello = Some(hello);
                if let Some(size) = size {
                    self.resize(size);
                }
                let Some(mut client) = self.clients[index].take() else { return };
                let greeted = self.greet(&mut client);
                self.clients[index] = Some(client);
                self.with_client(index, |_| greeted);
            }
            (_, None) => {
                self.with_client(index, |_| Err(std::io::ErrorKind::InvalidData.into()));
            }
            (Kind::Stdin, Some(hello)) => {
                if !hello.stdin || !self.streams.input.push(index, payload) {
                    self.with_client(index, |client| client.took(payload.len()));
                }
                self.flush_input();
            }
            // Who only attached leaves it to others.
            (Kind::StdinEof, Some(hello)) if hello.stdin && hello.stdin_once => {
                self.streams.input.finish();
                self.flush_input();
            }
            (Kind::Resize, _) => {
                if let Some(size) = protocol::parse_size(payload) {
                    self.resize(size);
                }
            }
            (Kind::Signal, _) => {
                let signal = protocol::parse_number(payload).and_then(|number| i32::try_from(number).ok());
                self.signal_init(signal.unwrap_or(0));
            }
            (Kind::OutputClosed, _) if client.patient => {
                // As in any pipeline: whoever writes where nobody reads is told so. Other clients'
                // ends concern nobody else.
                let stream = if payload == [2] { Stream::Err } else { Stream::Out };
                let at = self.streams.outputs.iter().position(|output| output.stream == stream);
                if let (Some(at), None) = (at, &self.streams.terminal) {
                    self.close_output(at);
                }
            }
            (Kind::Detached, _) => self.with_client(index, |_| Err(std::io::ErrorKind::UnexpectedEof.into())),
            _ => {}
        }
    }

    pub(super) fn serve_controller(&mut self, index: usize) {
        let Some(Some(controller)) = self.controllers.get_mut(index) else { return };
        let mut alive = controller.fill().is_ok();
        while alive
            && let Some(Some(controller)) = self.controllers.get_mut(index)
            && let Some(request) = controller.next_request()
        {
            let answer = request
                .and_then(|request| self.serve_request(index, request))
                .unwrap_or_else(|e| Some(Answer { error: Some(Failed::from_error(&e)), ..Answer::done() }));
            if let (Some(answer), Some(Some(controller))) = (answer, self.controllers.get_mut(index)) {
                alive = controller.answer(&answer).is_ok();
            }
        }
        if !alive {
            self.controllers[index] = None;
            self.after_leaving();
        }
    }

    /// Does what a control request asks; `None` answers later.
    fn serve_request(&mut self, index: usize, request: Request) -> Result<Option<Answer>> {
        match request {
            Request::Signal { signal, stop } => {
                self.stop_asked |= stop;
                process::send_signal(self.init.as_fd(), signal)?;
            }
            Request::Wait => {
                if let Some(Some(controller)) = self.controllers.get_mut(index) {
                    controller.waits = true;
                }
                return Ok(None);
            }
            Request::Ports { add, remove } => {
                let given = match self.controllers.get_mut(index) {
                    Some(Some(controller)) => controller.take_files(),
                    _ => Vec::new(),
                };
                let Some(ports) = &mut self.ports else {
                    return Err(invalid("the container has no network of its own: it publishes no ports"));
                };
                let bound = ports.change(&add, &remove, given)?;
                return Ok(Some(Answer { bound, ..Answer::done() }));
            }
            Request::Resize(size) => self.resize(size),
            Request::Ping => {}
            Request::Connect(join) => {
                let uplink = self.enter_network(&join)?;
                return Ok(Some(Answer { uplink, ..Answer::done() }));
            }
            Request::Pause => {
                if self.shares_pids {
                    return Err(pause::shared());
                }
                if self.paused.is_none() {
                    self.paused = Some(Paused::begin()?);
                }
                if let Some(Some(controller)) = self.controllers.get_mut(index) {
                    controller.pauses = true;
                }
            }
            Request::Disconnect { network } => self.leave_network(&network)?,
            Request::Stat => {
                let attached = |client: &&Client| client.hello.as_ref().is_some_and(Hello::attaches);
                let clients = self.clients.iter().flatten().filter(attached).count();
                return Ok(Some(Answer { clients: Some(clients), ..Answer::done() }));
            }
        }
        Ok(Some(Answer::done()))
    }
}

/// The first free place, made if there is none.
fn free_slot<T>(slots: &mut Vec<Option<T>>) -> usize {
    match slots.iter().position(Option::is_none) {
        Some(index) => index,
        None => {
            slots.push(None);
            slots.len() - 1
        }
    }
}
