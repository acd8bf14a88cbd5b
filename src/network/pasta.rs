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
    let mut args: Vec<String> = [
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
        "--config-net",
    ]
    .map(str::to_string)
    .into();
    let says = |names: &[&str]| names.iter().any(|name| options.says_pasta(name));
    let mut usually = |names: &[&str], value: String| {
        if !says(names) {
            args.extend([names[0].to_string(), value]);
        }
    };
    usually(&["--ns-ifname", "-I"], INTERFACE.into());
    usually(&["--mtu", "-m"], MTU.to_string());
    // The same addresses as with slirp4netns. Without them it takes the host's own, and the host
    // cannot be reached by its address.
    args.extend(["--address".to_string(), own.address.to_string()]);
    args.extend(["--netmask".to_string(), own.prefix.to_string()]);
    args.extend(["--gateway".to_string(), own.gateway.to_string()]);
    args.extend(["--dns-forward".to_string(), own.dns.to_string()]);
    let v6 = options.pasta.iter().any(|word| word.parse::<std::net::Ipv6Addr>().is_ok());
    if !v6 && !says(&["--ipv4-only", "-4"]) {
        args.push("--ipv4-only".into());
    }
    // Neither the host's loopback nor its ports are the container's, unless that is asked for.
    if !says(&["--map-gw"]) {
        args.push("--no-map-gw".into());
    }
    for (short, long) in [("-T", "--tcp-ns"), ("-U", "--udp-ns")] {
        if !says(&[short, long]) {
            args.extend([short.to_string(), "none".to_string()]);
        }
    }
    for (short, long, protocol) in
        [("-t", "--tcp-ports", Protocol::Tcp), ("-u", "--udp-ports", Protocol::Udp)]
    {
        let before = args.len();
        for port in ports.iter().filter(|port| port.protocol == protocol) {
            let ip = port.host_ip.map(|ip| format!("{ip}/")).unwrap_or_default();
            args.extend([short.to_string(), format!("{ip}{}:{}", port.host, port.container)]);
        }
        if args.len() == before && !says(&[short, long]) {
            args.extend([short.to_string(), "none".to_string()]);
        }
    }
    args.extend(rest(options));
    args
}

/// The user's words but for those that are in the container's addresses already.
fn rest(options: &UplinkOptions) -> Vec<String> {
    const SAID: &[&str] =
        &["-a", "--address", "-n", "--netmask", "-g", "--gateway", "--dns-forward", "--map-gw"];
    let mut rest = Vec::new();
    let mut words = options.pasta.iter().peekable();
    while let Some(word) = words.next() {
        if !SAID.contains(&word.as_str()) {
            rest.push(word.clone());
        } else if word != "--map-gw"
            && let Some(value) = words.next()
            && value.parse::<std::net::Ipv6Addr>().is_ok()
        {
            rest.extend([word.clone(), value.clone()]);
        }
    }
    rest
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
    fn the_user_s_words_go_before_box_s() {
        let of = |text: &str| args(&UplinkOptions::parse_pasta(text).unwrap(), &[], "/n", "/r").join(" ");
        let text = of("-a,10.9.8.7,-n,16,-g,10.9.0.1,-m,1500,-I,eth0,--map-gw,-T,5201,-t,auto");
        assert!(text.contains("--address 10.9.8.7 --netmask 16 --gateway 10.9.0.1"), "{text}");
        assert!(text.ends_with("-U none -u none -m 1500 -I eth0 -T 5201 -t auto"), "{text}");
        assert!(!text.contains("map-gw") && !text.contains("65520") && !text.contains("tap0"), "{text}");
        let both = of("-a,fd00::7,-g,fd00::1");
        assert!(both.contains("--address 10.0.2.100") && both.ends_with("-a fd00::7 -g fd00::1"), "{both}");
        assert!(!both.contains("--ipv4-only"), "{both}");
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
