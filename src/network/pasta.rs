//! A pasta of the container's own.

use super::{INTERFACE, MTU, helper, slirp};
use crate::container::port::{Bound, Protocol};
use crate::container::uplink::UplinkOptions;
use crate::error::{Kind, Result};
use crate::sys::process::{self, Child};
use std::os::fd::{AsRawFd, BorrowedFd};

/// The program's name.
pub const PROGRAM: &str = "pasta";

/// How to get it.
pub const INSTALL: &str = "as root: apt-get install passt";

/// Starts it for the namespace behind `netns` and waits until the address is set.
///
/// Files are named by descriptor: by its own first, which the versions of 2023 need, since they have
/// no power over our process by then; newer versions close what they inherit, and get ours.
///
/// # Errors
/// `Unsupported` when it or /dev/net/tun is missing.
pub(super) fn start(options: &UplinkOptions, ports: &[Bound], netns: BorrowedFd<'_>) -> Result<Child> {
    let begin = |files: [String; 2], ready| {
        let [netns_file, ready_file] = files;
        let args = args(options, ports, &netns_file, &ready_file);
        let program = helper::Program { name: PROGRAM, install: INSTALL, args, netns, ready, exit: None };
        helper::start(program, helper::Orphan::Ends)
    };
    let first = begin(["/proc/self/fd/3".into(), "/proc/self/fd/4".into()], helper::ready_pipe()?);
    match first {
        Err(error) if error.kind() == Kind::Failed => {
            let us = process::pid_in_proc()?;
            let ready = helper::ready_pipe()?;
            let ours = |fd: i32| format!("/proc/{us}/fd/{fd}");
            let files = [ours(netns.as_raw_fd()), ours(ready.1.as_raw_fd())];
            // The first error is the one that says what is wrong with this host.
            begin(files, ready).map_err(|_| slirp::explain(error))
        }
        other => other,
    }
}

fn args(options: &UplinkOptions, ports: &[Bound], netns: &str, ready: &str) -> Vec<String> {
    let own = options.addresses();
    let (address, prefix) = (own.address.to_string(), own.prefix.to_string());
    let (gateway, dns) = (own.gateway.to_string(), own.dns.to_string());
    let mtu = options.mtu.unwrap_or(MTU).to_string();
    let args = [
        "--foreground",
        "--quiet",
        "--stderr",
        // As root it would become nobody, who may not enter the namespace.
        "--runas",
        "0:0",
        "--netns-only",
        "--netns",
        netns,
        // Written when it is up, a pipe in our case.
        "--pid",
        ready,
        // The same addresses as with slirp4netns. Without them it takes the host's own, and the
        // host cannot be reached by its address.
        "--config-net",
        "--ns-ifname",
        INTERFACE,
        "--mtu",
        &mtu,
        "--ipv4-only",
        "--address",
        &address,
        "--netmask",
        &prefix,
        "--gateway",
        &gateway,
        "--dns-forward",
        &dns,
        // Neither the host's loopback nor its ports are the container's.
        "--no-map-gw",
        "-T",
        "none",
        "-U",
        "none",
    ];
    let mut args: Vec<String> = args.map(str::to_string).into();
    for (flag, protocol) in [("-t", Protocol::Tcp), ("-u", Protocol::Udp)] {
        let before = args.len();
        for port in ports.iter().filter(|port| port.protocol == protocol) {
            let ip = port.host_ip.map(|ip| format!("{ip}/")).unwrap_or_default();
            args.extend([flag.to_string(), format!("{ip}{}:{}", port.host, port.container)]);
        }
        if args.len() == before {
            args.extend([flag.to_string(), "none".to_string()]);
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasta_gives_the_same_addresses_as_slirp4netns() {
        let args = args(&UplinkOptions::default(), &[], "/n", "/r").join(" ");
        assert!(args.contains("--address 10.0.2.100 --netmask 24 --gateway 10.0.2.2 --dns-forward 10.0.2.3"));
        assert!(args.contains("--netns /n --pid /r") && args.ends_with("-t none -u none"));
    }

    #[test]
    fn published_ports_are_pasta_s() {
        let bound = |protocol, ip: Option<&str>| Bound {
            container: 80,
            protocol,
            host_ip: ip.map(|ip| ip.parse().unwrap()),
            host: 8080,
        };
        let ports = [bound(Protocol::Tcp, None), bound(Protocol::Tcp, Some("127.0.0.1"))];
        let args = args(&UplinkOptions::default(), &ports, "/n", "/r").join(" ");
        assert!(args.ends_with("-t 8080:80 -t 127.0.0.1/8080:80 -u none"), "{args}");
    }
}
