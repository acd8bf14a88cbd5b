//! The thread that answers: one epoll over desks, connections and questions that were passed on.

use super::message::{self, HEADER, Incoming, Question, Reply};
use super::upstream::{self, Upstream};
use super::{Desk, Found, Zone};
use crate::error::{Doing, Result};
use crate::network::thread::Work;
use crate::sys::random;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one server may take. Resolvers wait five seconds, so that another one gets its turn.
const PATIENCE: Duration = Duration::from_millis(1800);
/// How often a question is passed on.
const TRIES: usize = 4;
/// So long a server that did not answer in time is asked after the others.
const LATE: Duration = Duration::from_secs(30);
/// How many of those are remembered.
const LATE_ONES: usize = 64;
/// How long a connection may take for its next question.
const IDLE: Duration = Duration::from_secs(10);
/// How many questions wait for others at the same time, and how many of them are one asker's: nobody
/// can take the names from his neighbours.
const QUESTIONS: usize = 512;
const QUESTIONS_OF_ONE: usize = 256;
/// How many connections there are at the same time, and how many of them are one asker's.
const CONNECTIONS: usize = 64;
const CONNECTIONS_OF_ONE: usize = 16;
/// The longest question: a name, and what EDNS may add.
const LONGEST_QUESTION: usize = 4096;
/// The longest message.
const LONGEST: usize = 65535;
/// How many are served before others get their turn.
const AT_ONCE: usize = 64;

const WAKE: u64 = 0;
const UDP: u64 = 1 << 32;
const TCP: u64 = 2 << 32;
const CONNECTION: u64 = 3 << 32;
const QUESTION: u64 = 4 << 32;
const KIND: u64 = !(u32::MAX as u64);

/// Everything the thread works on.
#[derive(Debug)]
pub(super) struct Engine {
    epoll: OwnedFd,
    wake: Arc<OwnedFd>,
    stop: Arc<AtomicBool>,
    /// A place is never given away again: questions refer to it.
    desks: Vec<Option<(Desk, Box<dyn Zone>)>>,
    upstream: Upstream,
    /// Servers that did not answer in time, and until when that counts.
    late: HashMap<SocketAddr, Instant>,
    connections: Slots<Connection>,
    waiting: Slots<Waiting>,
    buffer: Vec<u8>,
}

/// Things with numbers, and how many there have been.
#[derive(Debug)]
struct Slots<T> {
    slots: Vec<Option<T>>,
    made: u64,
}

impl<T> Slots<T> {
    fn insert(&mut self, thing: T, most: usize) -> Option<usize> {
        self.made += 1;
        match self.slots.iter().position(Option::is_none) {
            Some(at) => {
                self.slots[at] = Some(thing);
                Some(at)
            }
            None if self.slots.len() < most => {
                self.slots.push(Some(thing));
                Some(self.slots.len() - 1)
            }
            None => None,
        }
    }

    fn get(&mut self, at: usize) -> Option<&mut T> {
        self.slots.get_mut(at)?.as_mut()
    }

    fn count(&self, which: impl Fn(&T) -> bool) -> usize {
        self.slots.iter().flatten().filter(|thing| which(thing)).count()
    }

    fn remove(&mut self, at: usize) -> Option<T> {
        self.slots.get_mut(at)?.take()
    }
}

/// An asker that came over TCP.
#[derive(Debug)]
struct Connection {
    socket: OwnedFd,
    number: u64,
    desk: usize,
    asker: IpAddr,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// Its question was passed on; the next one is read when that is answered.
    asks: bool,
    end: Instant,
}

/// Where an answer goes.
#[derive(Clone, Debug)]
enum To {
    Datagram { desk: usize, asker: SocketAddr },
    Connection { at: usize, number: u64 },
}

/// A question that was passed on.
#[derive(Debug)]
struct Waiting {
    to: To,
    asker: IpAddr,
    query: Vec<u8>,
    question: Question,
    /// Its number there.
    id: u16,
    servers: Vec<SocketAddr>,
    tries: usize,
    socket: OwnedFd,
    end: Instant,
    /// Over TCP: what is still to be sent, and what has come.
    stream: Option<(Vec<u8>, Vec<u8>)>,
}

impl Work for Engine {
    fn run(&mut self) {
        let mut events = [const { std::mem::MaybeUninit::<epoll::Event>::uninit() }; 32];
        while !self.stop.load(Ordering::Acquire) {
            let timeout = self.timeout();
            let Ok((ready, _)) = epoll::wait(&self.epoll, &mut events, timeout.as_ref()) else { continue };
            for event in ready.iter() {
                let (token, flags) = (event.data.u64(), event.flags);
                let at = (token & !KIND) as usize;
                match token & KIND {
                    UDP => self.datagrams(at),
                    TCP => self.accept(at),
                    CONNECTION => self.serve(at, flags),
                    QUESTION => self.hear(at),
                    _ => drop(rustix::io::read(&*self.wake, &mut [0; 8])),
                }
            }
            self.expire(Instant::now());
        }
    }
}

impl Engine {
    pub(super) fn new(
        desks: Vec<(Desk, Box<dyn Zone>)>,
        wake: Arc<OwnedFd>,
        stop: Arc<AtomicBool>,
    ) -> Result<Engine> {
        let epoll = epoll::create(CreateFlags::CLOEXEC).doing(|| "make an event queue")?;
        let mut engine = Engine {
            epoll,
            wake,
            stop,
            desks: Vec::new(),
            upstream: Upstream::default(),
            late: HashMap::new(),
            connections: Slots { slots: Vec::new(), made: 0 },
            waiting: Slots { slots: Vec::new(), made: 0 },
            buffer: vec![0; LONGEST],
        };
        engine.watch(engine.wake.as_fd(), WAKE, EventFlags::IN).doing(|| "watch a descriptor")?;
        for (desk, zone) in desks {
            engine.add(desk, zone)?;
        }
        Ok(engine)
    }

    pub(super) fn add(&mut self, desk: Desk, zone: Box<dyn Zone>) -> Result<()> {
        let at = self.desks.len() as u64;
        for (socket, token) in [(&desk.udp, UDP), (&desk.tcp, TCP)] {
            self.watch(socket.as_fd(), token + at, EventFlags::IN).doing(|| "watch a descriptor")?;
        }
        self.desks.push(Some((desk, zone)));
        Ok(())
    }

    pub(super) fn remove(&mut self, network: &str) {
        for slot in &mut self.desks {
            if slot.as_ref().is_some_and(|(desk, _)| desk.network == network) {
                *slot = None;
            }
        }
    }

    fn watch(&self, fd: BorrowedFd<'_>, token: u64, flags: EventFlags) -> rustix::io::Result<()> {
        epoll::add(&self.epoll, fd, EventData::new_u64(token), flags)
    }

    fn timeout(&self) -> Option<rustix::event::Timespec> {
        let questions = self.waiting.slots.iter().flatten().map(|waiting| waiting.end);
        let first = questions.chain(self.connections.slots.iter().flatten().map(|c| c.end)).min()?;
        let left = first.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        Some(rustix::event::Timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        })
    }

    fn expire(&mut self, now: Instant) {
        for at in 0..self.waiting.slots.len() {
            if let Some(waiting) = self.waiting.get(at).filter(|waiting| waiting.end <= now) {
                let server = waiting.server();
                if self.late.len() >= LATE_ONES {
                    self.late.clear();
                }
                self.late.insert(server, now + LATE);
                self.try_another(at);
            }
        }
        for slot in &mut self.connections.slots {
            if slot.as_ref().is_some_and(|connection| connection.end <= now && !connection.asks) {
                *slot = None;
            }
        }
    }

    // Askers.

    fn datagrams(&mut self, desk: usize) {
        for _ in 0..AT_ONCE {
            let Some(Some((here, zone))) = self.desks.get(desk) else { return };
            let got = rustix::net::recvfrom(&here.udp, &mut self.buffer[..], RecvFlags::DONTWAIT);
            let Ok((length, _, Some(asker))) = got else { return };
            let Ok(asker) = SocketAddr::try_from(asker) else { continue };
            // Port 0 cannot be answered, and whoever is no container of this network is not.
            if asker.port() == 0 || length > LONGEST_QUESTION || !zone.knows(asker.ip()) {
                continue;
            }
            let query = self.buffer[..length].to_vec();
            if let Some(answer) = self.consider(query, To::Datagram { desk, asker }, desk, asker.ip(), false)
            {
                self.send_datagram(desk, asker, &answer);
            }
        }
    }

    fn send_datagram(&self, desk: usize, asker: SocketAddr, answer: &[u8]) {
        if let Some(Some((here, _))) = self.desks.get(desk) {
            // Datagrams may be lost: the asker asks again.
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            let _ = rustix::net::sendto(&here.udp, answer, flags, &asker);
        }
    }

    /// The answer, if there is one now; else it comes later, or never.
    fn consider(
        &mut self,
        query: Vec<u8>,
        to: To,
        desk: usize,
        asker: IpAddr,
        whole: bool,
    ) -> Option<Vec<u8>> {
        let question = match message::read(&query) {
            Incoming::Question(question) => question,
            Incoming::Unknown => return Some(message::answer(&query, None, &Reply::NotImplemented, LONGEST)),
            Incoming::Nonsense => return None,
        };
        let room = if whole { LONGEST } else { question.room };
        let found = self.desks.get_mut(desk)?.as_mut()?.1.look_up(asker, &question);
        let servers = match &found {
            Found::Addresses(addresses) => {
                return Some(message::answer(&query, Some(&question), &Reply::Addresses(addresses), room));
            }
            Found::Names(names) => {
                return Some(message::answer(&query, Some(&question), &Reply::Names(names), room));
            }
            Found::Nothing => {
                return Some(message::answer(&query, Some(&question), &Reply::NoSuchName, room));
            }
            Found::Elsewhere(own) if own.is_empty() => self.upstream.servers(),
            Found::Elsewhere(own) => upstream::of(own),
        };
        let of_asker = self.waiting.count(|waiting| waiting.asker == asker);
        let passed_on =
            of_asker < QUESTIONS_OF_ONE && self.pass_on(&query, &question, (to, asker), servers, whole);
        (!passed_on).then(|| message::answer(&query, Some(&question), &Reply::Failure, room))
    }

    // Questions for others.

    /// `false` if that cannot be done now.
    fn pass_on(
        &mut self,
        query: &[u8],
        question: &Question,
        (to, asker): (To, IpAddr),
        mut servers: Vec<SocketAddr>,
        stream: bool,
    ) -> bool {
        let now = Instant::now();
        // In their order, but nobody waits for a dead one each time.
        servers.sort_by_key(|server| self.late.get(server).is_some_and(|until| *until > now));
        for tries in 0..TRIES.min(2 * servers.len()) {
            let Ok((socket, id, stream)) = ask(query, servers[tries % servers.len()], stream) else {
                continue;
            };
            let waiting = Waiting {
                to: to.clone(),
                asker,
                query: query.to_vec(),
                question: question.clone(),
                id,
                servers: servers.clone(),
                tries: tries + 1,
                socket,
                end: Instant::now() + PATIENCE,
                stream,
            };
            return self.wait(waiting).is_some();
        }
        false
    }

    fn wait(&mut self, waiting: Waiting) -> Option<usize> {
        let flags = match &waiting.stream {
            Some((outgoing, _)) if !outgoing.is_empty() => EventFlags::OUT,
            _ => EventFlags::IN,
        };
        let at = self.waiting.insert(waiting, QUESTIONS)?;
        let socket = self.waiting.slots[at].as_ref()?.socket.as_fd();
        if self.watch(socket, QUESTION + at as u64, flags).is_err() {
            self.waiting.remove(at);
            return None;
        }
        Some(at)
    }

    /// The server has not answered, or not well: the next one is asked.
    fn try_another(&mut self, at: usize) {
        let Some(mut waiting) = self.waiting.remove(at) else { return };
        let most = TRIES.min(2 * waiting.servers.len());
        while waiting.tries < most {
            let server = waiting.servers[waiting.tries % waiting.servers.len()];
            waiting.tries += 1;
            if let Ok((socket, id, stream)) = ask(&waiting.query, server, waiting.stream.is_some()) {
                (waiting.socket, waiting.id, waiting.stream) = (socket, id, stream);
                waiting.end = Instant::now() + PATIENCE;
                // It was just taken out: there is room for it.
                self.wait(waiting);
                return;
            }
        }
        let room = if waiting.stream.is_some() { LONGEST } else { waiting.question.room };
        let answer = message::answer(&waiting.query, Some(&waiting.question), &Reply::Failure, room);
        self.deliver(&waiting.to, &answer);
    }

    fn deliver(&mut self, to: &To, answer: &[u8]) {
        match to {
            To::Datagram { desk, asker } => self.send_datagram(*desk, *asker, answer),
            To::Connection { at, number } => {
                if let Some(connection) = self.connections.get(*at).filter(|c| c.number == *number) {
                    connection.asks = false;
                    connection.reply(answer);
                    self.go_on(*at);
                }
            }
        }
    }

    /// Something came from a server.
    fn hear(&mut self, at: usize) {
        let buffer = &mut self.buffer;
        let Some(waiting) = self.waiting.get(at) else { return };
        let answer = match waiting.hear(buffer, &self.epoll, QUESTION + at as u64) {
            Ok(Some(answer)) => answer,
            Ok(None) => return,
            Err(_) => return self.try_another(at),
        };
        // A server that fails or refuses is not the last word while there is another.
        let refused = matches!(answer[3] & 0x0f, 2 | 5);
        if refused && waiting.tries < waiting.servers.len() {
            return self.try_another(at);
        }
        let Some(waiting) = self.waiting.remove(at) else { return };
        self.late.remove(&waiting.server());
        self.deliver(&waiting.to, &answer);
    }

    // Connections.

    fn accept(&mut self, desk: usize) {
        let Some(Some((here, zone))) = self.desks.get(desk) else { return };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let Ok((socket, Some(asker))) = rustix::net::acceptfrom_with(&here.tcp, flags) else { return };
        let Ok(asker) = SocketAddr::try_from(asker) else { return };
        let asker = asker.ip();
        let of_asker = self.connections.count(|connection| connection.asker == asker);
        if !zone.knows(asker) || of_asker >= CONNECTIONS_OF_ONE {
            return;
        }
        let connection = Connection {
            socket,
            number: self.connections.made,
            desk,
            asker,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            asks: false,
            end: Instant::now() + IDLE,
        };
        if let Some(at) = self.connections.insert(connection, CONNECTIONS) {
            let watched = self.connections.slots[at].as_ref().map(|connection| {
                self.watch(connection.socket.as_fd(), CONNECTION + at as u64, EventFlags::IN)
            });
            if !matches!(watched, Some(Ok(()))) {
                self.connections.remove(at);
            }
        }
    }

    fn serve(&mut self, at: usize, flags: EventFlags) {
        let Some(connection) = self.connections.get(at) else { return };
        if flags.intersects(EventFlags::ERR | EventFlags::HUP) {
            self.connections.remove(at);
            return;
        }
        if flags.contains(EventFlags::IN) && !connection.read(&mut self.buffer) {
            self.connections.remove(at);
            return;
        }
        self.go_on(at);
    }

    /// Answers what can be answered, one question after the other.
    fn go_on(&mut self, at: usize) {
        loop {
            let Some(connection) = self.connections.get(at) else { return };
            let (desk, asker, number) = (connection.desk, connection.asker, connection.number);
            let Some(query) = connection.next() else { break };
            connection.asks = true;
            match self.consider(query.clone(), To::Connection { at, number }, desk, asker, true) {
                Some(answer) => {
                    let Some(connection) = self.connections.get(at) else { return };
                    connection.asks = false;
                    connection.reply(&answer);
                }
                None if matches!(message::read(&query), Incoming::Nonsense) => {
                    self.connections.remove(at);
                    return;
                }
                None => break,
            }
        }
        let Some(connection) = self.connections.get(at) else { return };
        let Ok(wanted) = connection.flush() else {
            self.connections.remove(at);
            return;
        };
        let data = EventData::new_u64(CONNECTION + at as u64);
        if epoll::modify(&self.epoll, &connection.socket, data, wanted).is_err() {
            self.connections.remove(at);
        }
    }
}

impl Connection {
    /// `false` at its end, or if it says too much.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        match rustix::net::recv(&self.socket, &mut buffer[..LONGEST_QUESTION], RecvFlags::DONTWAIT) {
            Ok((length @ 1.., _)) => {
                self.incoming.extend_from_slice(&buffer[..length]);
                self.incoming.len() <= 2 * LONGEST_QUESTION
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            _ => false,
        }
    }

    /// The next whole question, unless the last one is still open.
    fn next(&mut self) -> Option<Vec<u8>> {
        let length = usize::from(u16::from_be_bytes(*self.incoming.first_chunk::<2>()?));
        if self.asks || !self.outgoing.is_empty() || self.incoming.len() < 2 + length {
            return None;
        }
        // Only whole questions count: a byte now and then keeps nothing open.
        self.end = Instant::now() + IDLE;
        let rest = self.incoming.split_off(2 + length);
        let mut query = std::mem::replace(&mut self.incoming, rest);
        query.drain(..2);
        Some(query)
    }

    fn reply(&mut self, answer: &[u8]) {
        self.outgoing.extend_from_slice(&framed(answer));
    }

    /// Sends what it can; returns what to wait for.
    fn flush(&mut self) -> rustix::io::Result<EventFlags> {
        while !self.outgoing.is_empty() {
            match rustix::net::send(&self.socket, &self.outgoing, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
                Ok(sent) => drop(self.outgoing.drain(..sent)),
                Err(Errno::AGAIN) => return Ok(EventFlags::OUT),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(if self.asks { EventFlags::empty() } else { EventFlags::IN })
    }
}

impl Waiting {
    /// Who is being asked.
    fn server(&self) -> SocketAddr {
        self.servers[(self.tries - 1) % self.servers.len()]
    }

    /// The whole answer, if it has come.
    fn hear(
        &mut self,
        buffer: &mut [u8],
        queue: &OwnedFd,
        token: u64,
    ) -> rustix::io::Result<Option<Vec<u8>>> {
        let Some((outgoing, incoming)) = &mut self.stream else {
            let (length, _) = match rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
                Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
                other => other?,
            };
            return Ok(self.checked(buffer[..length].to_vec()));
        };
        if !outgoing.is_empty() {
            let sent = rustix::net::send(&self.socket, outgoing, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
            outgoing.drain(..sent);
            if outgoing.is_empty() {
                epoll::modify(queue, &self.socket, EventData::new_u64(token), EventFlags::IN)?;
            }
            return Ok(None);
        }
        match rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return Err(Errno::CONNRESET),
            Ok((length, _)) => incoming.extend_from_slice(&buffer[..length]),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
        let Some(length) = incoming.first_chunk::<2>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes(*length));
        if incoming.len() < 2 + length {
            return Ok(None);
        }
        let answer = incoming[2..2 + length].to_vec();
        self.checked(answer).map(Some).ok_or(Errno::BADMSG)
    }

    /// The answer with the asker's number, if it is one to this question.
    fn checked(&self, mut answer: Vec<u8>) -> Option<Vec<u8>> {
        let name = |bytes: &[u8]| bytes.get(HEADER..).map(|rest| rest.to_ascii_lowercase());
        let asked = name(&self.query)?;
        let end = asked.iter().position(|byte| *byte == 0)? + 5;
        let same = match answer.get(4..6)? {
            // A refusal need not repeat the question.
            [0, 0] => true,
            _ => name(&answer)?.get(..end)? == asked.get(..end)?,
        };
        if answer.len() < HEADER || answer[2] & 0x80 == 0 || answer[..2] != self.id.to_be_bytes() || !same {
            return None;
        }
        answer[..2].copy_from_slice(&self.query[..2]);
        Some(answer)
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&message[..usize::from(length)]);
    bytes
}

type Asked = (OwnedFd, u16, Option<(Vec<u8>, Vec<u8>)>);

/// Asks a server, with a number and from a port that nobody can guess.
fn ask(query: &[u8], server: SocketAddr, stream: bool) -> rustix::io::Result<Asked> {
    let family = if server.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let id = u16::from_ne_bytes(random::bytes());
    let mut query = query.to_vec();
    query[..2].copy_from_slice(&id.to_be_bytes());
    if stream {
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        match rustix::net::connect(&socket, &server) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(errno) => return Err(errno),
        }
        return Ok((socket, id, Some((framed(&query), Vec::new()))));
    }
    let socket = rustix::net::socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP))?;
    // Connected, so that only this server's answers come.
    rustix::net::connect(&socket, &server)?;
    rustix::net::send(&socket, &query, SendFlags::NOSIGNAL)?;
    Ok((socket, id, None))
}
