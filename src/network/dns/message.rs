//! DNS messages: what is asked, and what we answer ourselves.
//!
//! What others answer is passed on as it came, byte for byte but for its number.

use simple_dns::rdata::{A, AAAA, OPT, PTR, RData};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The length of a message's header.
pub(super) const HEADER: usize = 12;

/// What may be sent to one who does not say how much it takes. Source: RFC 1035, 4.2.1.
const SMALL: usize = 512;

/// What we send in one datagram at most: it fits into every network's packets. Source: RFC 9715.
const LARGE: usize = 1232;

/// How long our own answers hold, in seconds: a container may start elsewhere at once.
const TTL: u32 = 0;

/// The longest address record, its name compressed: that of an IPv6 address.
const LONGEST_RECORD: usize = 28;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Both.
    Any,
    /// The name of an address.
    Pointer(IpAddr),
    /// Anything else.
    Other,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name, in lower case, without a dot at its end.
    pub name: String,
    /// What of it.
    pub kind: Kind,
    /// How many bytes of answer the asker takes in a datagram.
    pub(super) room: usize,
    /// It speaks EDNS.
    edns: bool,
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// To be answered.
    Question(Question),
    /// To be refused: we do not know that operation.
    Unknown,
    /// Not even that: an answer, or no message at all.
    Nonsense,
}

/// Reads what an asker sent.
pub(super) fn read(bytes: &[u8]) -> Incoming {
    let Some(&[_, _, flags, _, q1, q2, a1, a2, n1, n2, m1, m2]) = bytes.first_chunk::<HEADER>() else {
        return Incoming::Nonsense;
    };
    if flags & 0x80 != 0 {
        return Incoming::Nonsense;
    }
    if flags & 0x78 != 0 {
        return Incoming::Unknown;
    }
    // Before any room is made for what is announced.
    let counts = [[q1, q2], [a1, a2], [n1, n2], [m1, m2]].map(u16::from_be_bytes);
    if counts[0] != 1 || counts[1] > 0 || counts[2] > 0 || counts[3] > 8 {
        return Incoming::Nonsense;
    }
    match Packet::parse(bytes) {
        Ok(packet) => question(&packet),
        // A type of record that the parser does not know: the name matters nevertheless.
        Err(_) => match with_a_known_type(bytes).as_deref().map(Packet::parse) {
            Some(Ok(packet)) => match question(&packet) {
                Incoming::Question(known) => Incoming::Question(Question { kind: Kind::Other, ..known }),
                other => other,
            },
            _ => Incoming::Nonsense,
        },
    }
}

fn question(packet: &Packet<'_>) -> Incoming {
    let [asked] = &packet.questions[..] else { return Incoming::Nonsense };
    let name = asked.qname.to_string().to_ascii_lowercase();
    let internet = matches!(asked.qclass, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY);
    let kind = match asked.qtype {
        _ if !internet => Kind::Other,
        QTYPE::TYPE(TYPE::A) => Kind::A,
        QTYPE::TYPE(TYPE::AAAA) => Kind::Aaaa,
        QTYPE::ANY => Kind::Any,
        QTYPE::TYPE(TYPE::PTR) => pointer(&name).map_or(Kind::Other, Kind::Pointer),
        _ => Kind::Other,
    };
    let room = packet.opt().map_or(SMALL, |opt| usize::from(opt.udp_packet_size).clamp(SMALL, LARGE));
    Incoming::Question(Question { name, kind, room, edns: packet.opt().is_some() })
}

/// The message with its question's type replaced by A.
fn with_a_known_type(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut at = HEADER;
    loop {
        match *bytes.get(at)? {
            0 => break,
            length if length < 64 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
    let mut changed = bytes.to_vec();
    changed.get_mut(at + 1..at + 3)?.copy_from_slice(&[0, 1]);
    Some(changed)
}

/// The address in `4.3.2.1.in-addr.arpa` and its like. Source: RFC 1035, 3.5; RFC 3596, 2.5.
fn pointer(name: &str) -> Option<IpAddr> {
    if let Some(reversed) = name.strip_suffix(".in-addr.arpa") {
        let mut parts = reversed.split('.').rev().map(|part| part.parse::<u8>().ok());
        let bytes = [parts.next()??, parts.next()??, parts.next()??, parts.next()??];
        return parts.next().is_none().then(|| Ipv4Addr::from(bytes).into());
    }
    let digits: Vec<u8> = name
        .strip_suffix(".ip6.arpa")?
        .split('.')
        .rev()
        .map(|digit| (digit.len() == 1).then(|| u8::from_str_radix(digit, 16).ok()).flatten())
        .collect::<Option<_>>()?;
    let mut bytes = [0; 16];
    if digits.len() != 32 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Some(Ipv6Addr::from(bytes).into())
}

/// What we say to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply<'a> {
    /// The name is ours and has these addresses.
    Addresses(&'a [IpAddr]),
    /// The address is ours and has these names.
    Names(&'a [String]),
    /// There is no such name.
    NoSuchName,
    /// We cannot tell now.
    Failure,
    /// We do not do that.
    NotImplemented,
}

/// The whole answer to `query`, whose question is `question`; what does not fit into `room` makes it a
/// truncated one, and the asker comes again over TCP.
pub(super) fn answer(query: &[u8], question: Option<&Question>, reply: &Reply<'_>, room: usize) -> Vec<u8> {
    build(query, question, reply, room).unwrap_or_else(|| refusal(query, RCODE::ServerFailure))
}

fn build(query: &[u8], question: Option<&Question>, reply: &Reply<'_>, room: usize) -> Option<Vec<u8>> {
    let code = match reply {
        Reply::Addresses(_) | Reply::Names(_) => RCODE::NoError,
        Reply::NoSuchName => RCODE::NameError,
        Reply::Failure => RCODE::ServerFailure,
        Reply::NotImplemented => RCODE::NotImplemented,
    };
    // One whose question the parser does not know is only told a code.
    let Some((asked, question)) = Packet::parse(query).ok().zip(question) else {
        return Some(refusal(query, code));
    };
    let recursion = asked.has_flags(PacketFlag::RECURSION_DESIRED);
    let name = asked.questions.first()?.qname.clone();
    let mut packet = Packet::new_reply(asked.id());
    *packet.opcode_mut() = OPCODE::StandardQuery;
    *packet.rcode_mut() = code;
    packet.set_flags(PacketFlag::RECURSION_AVAILABLE);
    if recursion {
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    packet.questions = asked.questions.clone();
    if question.edns {
        *packet.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: LARGE as u16, version: 0 });
    }
    let record = |data| ResourceRecord::new(name.clone(), CLASS::IN, TTL, data);
    match reply {
        Reply::Addresses(addresses) => {
            packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
            for address in *addresses {
                match (address, question.kind) {
                    (IpAddr::V4(v4), Kind::A | Kind::Any) => {
                        packet.answers.push(record(RData::A(A { address: v4.to_bits() })));
                    }
                    (IpAddr::V6(v6), Kind::Aaaa | Kind::Any) => {
                        packet.answers.push(record(RData::AAAA(AAAA { address: v6.to_bits() })));
                    }
                    _ => {}
                }
            }
        }
        Reply::Names(names) => {
            packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
            for name in *names {
                packet.answers.push(record(RData::PTR(PTR(Name::new(name).ok()?))));
            }
        }
        Reply::NoSuchName | Reply::Failure | Reply::NotImplemented => {}
    }
    let bytes = packet.build_bytes_vec_compressed().ok()?;
    if bytes.len() <= room {
        return Some(bytes);
    }
    // As many as fit: musl before 1.2.4 asks nobody by TCP and takes what there is.
    packet.set_flags(PacketFlag::TRUNCATION);
    let mut bytes = bytes;
    while bytes.len() > room && !packet.answers.is_empty() {
        let fewer = (bytes.len() - room).div_ceil(LONGEST_RECORD).min(packet.answers.len());
        packet.answers.truncate(packet.answers.len() - fewer);
        bytes = packet.build_bytes_vec_compressed().ok()?;
    }
    Some(bytes)
}

/// A header alone, with a code.
fn refusal(query: &[u8], code: RCODE) -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[..2].copy_from_slice(query.get(..2).unwrap_or(&[0, 0]));
    // An answer, with the asker's operation and its wish for recursion.
    bytes[2] = 0x80 | query.get(2).copied().unwrap_or(0) & 0x79;
    bytes[3] = 0x80 | code as u8;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::Question as Asked;

    fn query(name: &str, kind: QTYPE) -> Vec<u8> {
        let mut packet = Packet::new_query(77);
        packet.set_flags(PacketFlag::RECURSION_DESIRED);
        packet.questions.push(Asked::new(Name::new(name).unwrap(), kind, CLASS::IN.into(), false));
        packet.build_bytes_vec().unwrap()
    }

    fn asked(bytes: &[u8]) -> Question {
        match read(bytes) {
            Incoming::Question(question) => question,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn questions_are_understood() {
        let question = asked(&query("Web.Example", TYPE::AAAA.into()));
        assert_eq!((question.name.as_str(), question.kind, question.room), ("web.example", Kind::Aaaa, 512));
        let pointer = asked(&query("7.0.88.10.in-addr.arpa", TYPE::PTR.into()));
        assert_eq!(pointer.kind, Kind::Pointer("10.88.0.7".parse().unwrap()));
        let six = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa";
        assert_eq!(
            asked(&query(six, TYPE::PTR.into())).kind,
            Kind::Pointer("4321:0:1:2:3:4:567:89ab".parse().unwrap())
        );
        assert_eq!(asked(&query("x", TYPE::MX.into())).kind, Kind::Other);
    }

    #[test]
    fn a_type_that_nobody_knows_still_has_a_name() {
        let mut bytes = query("web", TYPE::A.into());
        let at = bytes.len() - 4;
        bytes[at..at + 2].copy_from_slice(&[0xff, 0x10]);
        let question = asked(&bytes);
        assert_eq!((question.name.as_str(), question.kind), ("web", Kind::Other));
    }

    #[test]
    fn nonsense_is_told_from_questions() {
        let good = query("web", TYPE::A.into());
        for cut in 0..good.len() {
            assert_eq!(read(&good[..cut]), Incoming::Nonsense, "{cut}");
        }
        let changed = |at: usize, to: u8| {
            let mut bytes = good.clone();
            bytes[at] = to;
            read(&bytes)
        };
        assert_eq!(changed(2, 0x80), Incoming::Nonsense);
        assert_eq!(changed(2, 0x28), Incoming::Unknown);
        assert_eq!(changed(4, 0xff), Incoming::Nonsense);
        assert_eq!(changed(10, 0xff), Incoming::Nonsense);
        assert_eq!(changed(HEADER, 0xc0), Incoming::Nonsense);
    }

    #[test]
    fn answers_have_what_was_asked_for_and_no_more() {
        let bytes = query("web", TYPE::A.into());
        let addresses: Vec<IpAddr> = ["10.88.0.2", "fd00::2"].map(|ip| ip.parse().unwrap()).into();
        let text = answer(&bytes, Some(&asked(&bytes)), &Reply::Addresses(&addresses), 512);
        let packet = Packet::parse(&text).unwrap();
        assert_eq!((packet.id(), packet.rcode(), packet.answers.len()), (77, RCODE::NoError, 1));
        assert_eq!(packet.questions.len(), 1);
        let bytes = query("web", TYPE::AAAA.into());
        let none = answer(&bytes, Some(&asked(&bytes)), &Reply::Addresses(&addresses[..1]), 512);
        let packet = Packet::parse(&none).unwrap();
        assert_eq!((packet.rcode(), packet.answers.len()), (RCODE::NoError, 0));
        let gone = answer(&bytes, Some(&asked(&bytes)), &Reply::NoSuchName, 512);
        assert_eq!(Packet::parse(&gone).unwrap().rcode(), RCODE::NameError);
    }

    #[test]
    fn what_does_not_fit_is_truncated() {
        let bytes = query("web", TYPE::A.into());
        let many: Vec<IpAddr> = (0..100).map(|n| Ipv4Addr::new(10, 88, 0, n).into()).collect();
        let text = answer(&bytes, Some(&asked(&bytes)), &Reply::Addresses(&many), 512);
        let packet = Packet::parse(&text).unwrap();
        assert!(packet.has_flags(PacketFlag::TRUNCATION) && text.len() <= 512);
        assert!((25..31).contains(&packet.answers.len()), "as many as fit: {}", packet.answers.len());
        let whole = answer(&bytes, Some(&asked(&bytes)), &Reply::Addresses(&many), usize::MAX);
        assert_eq!(Packet::parse(&whole).unwrap().answers.len(), 100);
    }

    /// A panic here would end the supervisor, and with it a container whose neighbour asked.
    #[test]
    fn mangled_questions_are_answered_or_not_and_never_panic() {
        let any = query("a.b.c.example", QTYPE::ANY);
        let mut with_options = Packet::parse(&any).unwrap();
        *with_options.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: 4096, version: 0 });
        let long = vec!["x".repeat(63); 3].join(".");
        let good = [
            query("web", TYPE::A.into()),
            query(&long, TYPE::AAAA.into()),
            query("7.0.88.10.in-addr.arpa", TYPE::PTR.into()),
            with_options.build_bytes_vec().unwrap(),
        ];
        let many: Vec<IpAddr> = (0..=255).map(|n| Ipv4Addr::new(10, 88, 0, n).into()).collect();
        let names = vec!["one".to_string(), "x".repeat(64), String::new(), "a..b".to_string()];
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |most: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 20) as usize % most
        };
        let mut questions = 0;
        for round in 0..ROUNDS {
            let mut bytes = good[round % good.len()].clone();
            for _ in 0..1 + next(4) {
                let at = next(bytes.len());
                // Pointers, and the bounds of lengths, more often than chance would have them.
                bytes[at] = [0xc0, 0xc0, HEADER as u8, 0, 63, 64, 0xff, next(256) as u8][next(8)];
            }
            if next(4) == 0 {
                bytes.truncate(next(bytes.len()) + 1);
            }
            if next(4) == 0 {
                bytes.extend((0..next(40)).map(|_| 0xc0));
            }
            let Incoming::Question(question) = read(&bytes) else { continue };
            questions += 1;
            for reply in [Reply::Addresses(&many), Reply::Names(&names), Reply::NoSuchName] {
                let answer = answer(&bytes, Some(&question), &reply, question.room);
                assert!(answer.len() >= HEADER && answer.len() <= question.room.max(bytes.len() + HEADER));
                assert_eq!(answer[..2], bytes[..2]);
            }
        }
        assert!(questions > ROUNDS / 20, "{questions}");
    }

    const ROUNDS: usize = 8_000;
}
