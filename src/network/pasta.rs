//! A pasta of the container's own.

use super::{INTERFACE, MTU, PRIVATE, helper, slirp};
use crate::error::Result;
use crate::sys::process::{self, Child};
use std::os::fd::{AsRawFd, BorrowedFd};

/// The program's name.
pub const PROGRAM: &str = "pasta";

/// How to get it.
pub const INSTALL: &str = "as root: apt-get install passt";

/// Starts it for the namespace behind `netns` and waits until the address is set.
///
/// # Errors
/// `Unsupported` when it or /dev/net/tun is missing.
pub(super) fn start(netns: BorrowedFd<'_>) -> Result<Child> {
    let ready = helper::ready_pipe()?;
    let us = process::pid_in_proc()?;
    let args = args(us, netns.as_raw_fd(), ready.1.as_raw_fd());
    let program = helper::Program { name: PROGRAM, install: INSTALL, args, netns, ready };
    helper::start(program).map_err(slirp::explain)
}

/// `us` is our pid in /proc: newer versions close every descriptor they inherit, so theirs are no
/// way to name a file, and ours are.
fn args(us: i32, netns: i32, ready: i32) -> Vec<String> {
    let (address, prefix) = (PRIVATE.address.to_string(), PRIVATE.prefix.to_string());
    let (gateway, dns) = (PRIVATE.gateway.to_string(), PRIVATE.dns.to_string());
    let (netns, ready) = (format!("/proc/{us}/fd/{netns}"), format!("/proc/{us}/fd/{ready}"));
    let mtu = MTU.to_string();
    let args = [
        "--foreground",
        "--quiet",
        "--stderr",
        // As root it would become nobody, who may not enter the namespace.
        "--runas",
        "0:0",
        "--netns-only",
        "--netns",
        &netns,
        // Written when it is up, a pipe in our case.
        "--pid",
        &ready,
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
        "-t",
        "none",
        "-u",
        "none",
        "-T",
        "none",
        "-U",
        "none",
    ];
    args.map(str::to_string).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasta_gives_the_same_addresses_as_slirp4netns() {
        let args = args(7, 8, 9).join(" ");
        assert!(args.contains("--address 10.0.2.100 --netmask 24 --gateway 10.0.2.2 --dns-forward 10.0.2.3"));
        assert!(args.contains("--netns /proc/7/fd/8 --pid /proc/7/fd/9"));
    }
}
