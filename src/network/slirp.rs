//! A slirp4netns of the container's own.

use super::uplink::Keeper;
use super::{INTERFACE, MTU, helper};
use crate::container::uplink::UplinkOptions;
use crate::error::{Doing, Error, Result};
use crate::sys::process::Child;
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

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
        exit: None,
    };
    helper::start(program, helper::Orphan::Ends).map_err(explain)
}

/// Starts the one of a bridge from outside everything of ours, for the supervisor `us` that has the
/// bridge's namespace open as `netns` and holds the FIFO at `users` open.
///
/// It lives until nobody has the FIFO open for writing any more; [`uplink`](super::uplink) sees to that.
///
/// # Errors
/// `Unsupported` when it or /dev/net/tun is missing; when the supervisor has gone.
pub fn start_shared(us: &Child, order: &SharedUplink) -> Result<()> {
    let path = format!("/proc/{}/fd/{}", us.pid, order.netns);
    let netns = File::open(path).doing(|| "open the bridge's network namespace")?;
    let users = order.open_users()?;
    let keeper = Keeper::prepare(order)?;
    let program = order.program(netns.as_fd(), users.as_fd())?;
    helper::start_detached(program, us.as_fd(), &keeper).map_err(explain)
}

/// What a bridge's slirp4netns is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SharedUplink {
    /// The supervisor's descriptor of the bridge's namespace.
    pub netns: i32,
    /// The FIFO whose writers are its users.
    pub users: PathBuf,
    /// The name of the bridge.
    pub bridge: String,
    /// Its device is made a port of the bridge by whoever starts it, who otherwise leaves that to
    /// the supervisor.
    pub plug: bool,
    /// Its own subnet.
    pub subnet: String,
    /// Bytes of a packet.
    pub mtu: u32,
    /// IPv6 too.
    pub ipv6: bool,
}

impl SharedUplink {
    /// The program, whose device will be in the namespace behind `netns` and which will end when
    /// nobody writes to `users` any more.
    pub(super) fn program<'a>(
        &self,
        netns: BorrowedFd<'a>,
        users: BorrowedFd<'a>,
    ) -> Result<helper::Program<'a>> {
        Ok(helper::Program {
            name: PROGRAM,
            install: INSTALL,
            args: self.args([3, 4, 5]),
            netns,
            ready: helper::ready_pipe()?,
            exit: Some(users),
        })
    }

    /// Starts it anew, as a child of ours: the one before was killed, and so was who looked after it.
    ///
    /// # Errors
    /// As [`start_shared`].
    pub fn restart(&self, netns: BorrowedFd<'_>) -> Result<std::process::Child> {
        let users = self.open_users()?;
        let program = self.program(netns, users.as_fd())?;
        // Whoever reaps our children reaps this one too.
        helper::start_among_threads(program, |numbers| self.args(numbers)).map_err(explain)
    }

    /// Whether the FIFO is read.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::open(&self.users, flags, Mode::empty()).is_ok()
    }

    /// The reading end of the FIFO. It has a writer already, the supervisor: so the end of the last one is noticed.
    fn open_users(&self) -> Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::fs::open(&self.users, flags, Mode::empty()).doing(|| format!("open {}", self.users.display()))
    }

    fn args(&self, [netns, ready, exit]: [i32; 3]) -> Vec<String> {
        let mut args: Vec<String> = vec![
            format!("--mtu={}", self.mtu),
            format!("--cidr={}", self.subnet),
            "--enable-sandbox".into(),
            "--enable-seccomp".into(),
            "--disable-host-loopback".into(),
            format!("--ready-fd={ready}"),
            format!("--exit-fd={exit}"),
            "--netns-type=path".into(),
        ];
        if self.ipv6 {
            args.push("--enable-ipv6".into());
        }
        args.push(format!("/proc/self/fd/{netns}"));
        args.push(super::bridge::TAP.into());
        args
    }
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
    let from = |address: Option<String>, interface: &Option<String>| address.or(interface.clone());
    if let Some(from) = from(options.outbound.map(|it| it.to_string()), &options.outbound_interface) {
        args.push(format!("--outbound-addr={from}"));
    }
    if let Some(from) = from(options.outbound6.map(|it| it.to_string()), &options.outbound6_interface) {
        args.push(format!("--outbound-addr6={from}"));
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
