//! Who has a port of the host: the first thing that a user asks when it is in use.

use crate::container::id::ContainerId;
use crate::container::port::Protocol;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// TCP_LISTEN as /proc/net/tcp writes it. Source: include/net/tcp_states.h.
const LISTENS: &str = "0A";

/// The process that has `port` at `ip` (or any address), as `nginx (pid 12)`; `None` if
/// nobody has it any more.
#[must_use]
pub(super) fn of(protocol: Protocol, ip: Option<IpAddr>, port: u16) -> Option<String> {
    let tables = match protocol {
        Protocol::Tcp => ["tcp", "tcp6"],
        Protocol::Udp => ["udp", "udp6"],
    };
    let mut sockets = Vec::new();
    for table in tables {
        let text = std::fs::read_to_string(format!("/proc/self/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1).filter_map(Line::parse) {
            let overlaps = match ip {
                None => true,
                Some(ip) => line.ip == ip || line.ip.is_unspecified() || ip.is_unspecified(),
            };
            if line.port == port && overlaps && (protocol == Protocol::Udp || line.listens) {
                sockets.push(line);
            }
        }
    }
    let seen = sockets.iter().find_map(|socket| process_with(&format!("socket:[{}]", socket.inode)));
    // (The table has the user's id, but as our user namespace maps it.)
    seen.or_else(|| (!sockets.is_empty()).then(|| "a process of another user".to_string()))
}

struct Line {
    ip: IpAddr,
    port: u16,
    listens: bool,
    inode: u64,
}

impl Line {
    /// Source: proc_pid_net(5); addresses are 32-bit words in the order of this machine.
    fn parse(line: &str) -> Option<Line> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (ip, port) = words.get(1)?.split_once(':')?;
        let word = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::to_ne_bytes);
        let ip: IpAddr = match ip.len() {
            8 => Ipv4Addr::from(word(ip)?).into(),
            32 => {
                let mut bytes = [0; 16];
                for (at, part) in bytes.chunks_mut(4).enumerate() {
                    part.copy_from_slice(&word(ip.get(at * 8..at * 8 + 8)?)?);
                }
                Ipv6Addr::from(bytes).to_canonical()
            }
            _ => return None,
        };
        Some(Line {
            ip,
            port: u16::from_str_radix(port, 16).ok()?,
            listens: *words.get(3)? == LISTENS,
            inode: words.get(9)?.parse().ok()?,
        })
    }
}

/// The process that has a descriptor which reads as `link`.
fn process_with(link: &str) -> Option<String> {
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(files) = std::fs::read_dir(entry.path().join("fd")) else { continue };
        let has = files
            .flatten()
            .any(|file| std::fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == link));
        if has {
            return Some(describe(&entry.path(), pid));
        }
    }
    None
}

/// A supervisor is its container, which users know.
fn describe(process: &Path, pid: u32) -> String {
    let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    let ours = words.next() == Some(b"box-supervisor");
    let id = words.next_back().and_then(|word| std::str::from_utf8(word).ok()?.parse::<ContainerId>().ok());
    if let (true, Some(id)) = (ours, id) {
        return format!("container {}", id.short());
    }
    let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
    format!("{} (pid {pid})", name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_families_are_read() {
        let four = "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 4242 1";
        let line = Line::parse(four).unwrap();
        assert_eq!((line.ip.to_string().as_str(), line.port, line.inode), ("127.0.0.1", 8080, 4242));
        assert!(line.listens);
        let six = "  1: 00000000000000000000000001000000:0050 0:0 0A 0:0 0:0 0 0 0 7 1";
        assert_eq!(Line::parse(six).unwrap().ip.to_string(), "::1");
        assert!(Line::parse("nonsense").is_none());
    }
}
