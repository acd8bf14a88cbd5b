//! A slirp4netns of the container's own.

use super::{INTERFACE, MTU, helper};
use crate::container::uplink::UplinkOptions;
use crate::error::{Error, Result};
use crate::sys::process::Child;
use std::os::fd::BorrowedFd;

/// The program's name.
pub const PROGRAM: &str = "slirp4netns";

/// How to get it.
pub const INSTALL: &str = "as root: apt-get install slirp4netns";

/// Starts it for the namespace behind `netns` and waits until the address is set.
///
/// # Errors
/// `Unsupported` when it or /dev/net/tun is missing.
pub(super) fn start(options: &UplinkOptions, netns: BorrowedFd<'_>) -> Result<Child> {
    let program = helper::Program {
        name: PROGRAM,
        install: INSTALL,
        args: args(options, options.ipv6.unwrap_or_else(super::host_has_ipv6)),
        netns,
        ready: helper::ready_pipe()?,
    };
    helper::start(program).map_err(explain)
}

/// A failure is most often the device's.
pub(super) fn explain(error: Error) -> Error {
    match super::tun_problem() {
        Some(tun) if error.find_hint().is_none() => {
            let hint = tun.find_hint().unwrap_or_default().to_string();
            error.with_kind(tun.kind()).hint(hint)
        }
        _ => error,
    }
}

fn args(options: &UplinkOptions, ipv6: bool) -> Vec<String> {
    let mut args: Vec<String> = [
        "--configure",
        &format!("--mtu={}", options.mtu.unwrap_or(MTU)),
        // It parses what the container sends: let it see no files and few system calls.
        "--enable-sandbox",
        "--enable-seccomp",
        "--ready-fd=4",
        "--netns-type=path",
    ]
    .map(str::to_string)
    .into();
    if !options.allow_host_loopback {
        // 10.0.2.2 would be the host's 127.0.0.1, where services trust whoever can reach them.
        args.push("--disable-host-loopback".into());
    }
    if ipv6 {
        args.push("--enable-ipv6".into());
    }
    if let Some((base, prefix)) = options.subnet {
        args.push(format!("--cidr={base}/{prefix}"));
    }
    if let Some(address) = options.outbound {
        args.push(format!("--outbound-addr={address}"));
    }
    if let Some(address) = options.outbound6 {
        args.push(format!("--outbound-addr6={address}"));
    }
    // By descriptor: pids of our pid namespace mean others in the host's /proc.
    args.push("/proc/self/fd/3".into());
    args.push(INTERFACE.into());
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_loopback_is_closed_to_containers() {
        let args = args(&UplinkOptions::default(), false);
        assert!(args.iter().any(|arg| arg == "--disable-host-loopback"));
        assert!(!args.iter().any(|arg| arg == "--enable-ipv6"));
        assert_eq!(args[args.len() - 2..], ["/proc/self/fd/3", "tap0"]);
    }

    #[test]
    fn options_become_arguments() {
        let options = UplinkOptions::parse("allow_host_loopback=true,cidr=10.9.0.0/16,mtu=1500").unwrap();
        let args = args_of(&options);
        assert!(!args.contains("--disable-host-loopback"));
        assert!(
            args.contains("--mtu=1500")
                && args.contains("--cidr=10.9.0.0/16")
                && args.contains("--enable-ipv6")
        );
    }

    fn args_of(options: &UplinkOptions) -> String {
        args(options, true).join(" ")
    }
}
