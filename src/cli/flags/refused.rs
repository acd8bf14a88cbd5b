//! The flags of `run` and `create` that box knows and does not have: they are parsed, so that the
//! answer names the flag, and refused; a value that asks for what box does anyway is none to refuse.
//!
//! They are half of all flags of these commands, so the tree that every `run` builds goes without
//! them: their user meets them in the full tree, which is built when the other one did not
//! understand.

use crate::container::volume::not_yet;
use crate::error::{Error, Kind, Result};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// Whether a flag has a value.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Value,
    Nothing,
}
use Takes::{Nothing, Value};

/// What a later version does: name, short name, whether it has a value.
const NOT_YET: &[(&str, Option<char>, Takes)] = &[
    ("blkio-weight", None, Value),
    ("blkio-weight-device", None, Value),
    ("cgroup-conf", None, Value),
    ("cgroup-parent", None, Value),
    ("cgroups", None, Value),
    ("chrootdirs", None, Value),
    ("cpu-period", None, Value),
    ("cpu-quota", None, Value),
    ("cpu-shares", Some('c'), Value),
    ("cpus", None, Value),
    ("cpuset-cpus", None, Value),
    ("cpuset-mems", None, Value),
    ("decryption-key", None, Value),
    ("device-read-bps", None, Value),
    ("device-read-iops", None, Value),
    ("device-write-bps", None, Value),
    ("device-write-iops", None, Value),
    ("gpus", None, Value),
    ("health-cmd", None, Value),
    ("health-interval", None, Value),
    ("health-log-destination", None, Value),
    ("health-max-log-count", None, Value),
    ("health-max-log-size", None, Value),
    ("health-on-failure", None, Value),
    ("health-retries", None, Value),
    ("health-start-interval", None, Value),
    ("health-start-period", None, Value),
    ("health-startup-cmd", None, Value),
    ("health-startup-interval", None, Value),
    ("health-startup-retries", None, Value),
    ("health-startup-success", None, Value),
    ("health-startup-timeout", None, Value),
    ("health-timeout", None, Value),
    ("init-ctr", None, Value),
    ("link-local-ip", None, Value),
    ("lxc-conf", None, Value),
    ("memory", Some('m'), Value),
    ("memory-reservation", None, Value),
    ("memory-swap", None, Value),
    ("memory-swappiness", None, Value),
    ("oom-kill-disable", None, Nothing),
    ("personality", None, Value),
    ("pids-limit", None, Value),
    ("pod", None, Value),
    ("pod-id-file", None, Value),
    ("rdt-class", None, Value),
    ("sdnotify", None, Value),
    ("seccomp-policy", None, Value),
    ("secret", None, Value),
    ("shm-size-systemd", None, Value),
    ("storage-opt", None, Value),
    ("systemd", None, Value),
    ("use-api-socket", None, Nothing),
    ("volume-driver", None, Value),
];

/// Values of these that ask for what happens anyway: no limit, no readiness told, the profile of box.
const AS_IT_IS: &[(&str, &[&str])] = &[
    ("cpu-period", &["0"]),
    ("cpu-quota", &["0", "-1"]),
    ("cpu-shares", &["0"]),
    ("cpus", &["0"]),
    ("memory", &["0"]),
    ("memory-reservation", &["0"]),
    ("memory-swap", &["0", "-1"]),
    ("pids-limit", &["0", "-1"]),
    ("sdnotify", &["ignore"]),
    ("seccomp-policy", &["default"]),
    ("systemd", &["false"]),
    ("volume-driver", &["local"]),
];

/// What no version will do, and what to use in its place.
const NEVER: &[(&str, &str)] = &[
    ("cpu-count", "it is for Windows; --cpus limits the processors"),
    ("cpu-percent", "it is for Windows; --cpus limits the processors"),
    ("cpu-rt-period", "cgroup v2 has no realtime limits; --cpus limits the processors"),
    ("cpu-rt-runtime", "cgroup v2 has no realtime limits; --cpus limits the processors"),
    (
        "device-cgroup-rule",
        "what a device lets a user do is said by its file; --device shows one to a container",
    ),
    ("io-maxbandwidth", "it is for Windows; --device-read-bps limits a disk"),
    ("io-maxiops", "it is for Windows; --device-read-iops limits a disk"),
    ("isolation", "it is for Windows; every container has its own namespaces"),
    ("kernel-memory", "the kernel has dropped it; --memory limits all memory"),
];

/// Refuses the first one that was given.
///
/// # Errors
/// `Unsupported` with the flag's name.
pub(crate) fn check(matches: &ArgMatches) -> Result<()> {
    let given = |name: &&str| matches.value_source(name) == Some(ValueSource::CommandLine);
    for name in matches.ids().map(clap::Id::as_str).filter(given) {
        if let Some((_, instead)) = NEVER.iter().find(|(never, _)| *never == name) {
            return Err(Error::new(Kind::Unsupported, format!("box has no --{name}")).hint(*instead));
        }
        if let Some((_, _, takes)) = NOT_YET.iter().find(|(later, ..)| *later == name) {
            let values = (*takes == Value).then(|| matches.get_many::<String>(name)).flatten();
            let accepted =
                AS_IT_IS.iter().find(|(flag, _)| *flag == name).map_or(&[][..], |(_, values)| values);
            let unknown = values.map(|mut given| given.find(|value| !accepted.contains(&value.as_str())));
            match unknown {
                Some(None) => {}
                Some(Some(value)) if !accepted.is_empty() => {
                    let error = not_yet(format!("--{name} {value}"));
                    return Err(match accepted {
                        // Of a limit only none works, which is no way out.
                        [number, ..] if *number == "0" => error,
                        _ => error.hint(format!("what works is --{name}={}", accepted.join(" and "))),
                    });
                }
                _ => return Err(not_yet(format!("--{name}"))),
            }
        }
    }
    Ok(())
}

/// Adds them all to a command.
pub(crate) fn augment(mut command: Command) -> Command {
    for (name, short, takes) in NOT_YET {
        let arg = Arg::new(*name).long(*name).short(*short).hide(true);
        command = command.arg(match takes {
            Value => arg.action(ArgAction::Append).allow_hyphen_values(true),
            Nothing => arg.action(ArgAction::SetTrue),
        });
    }
    for (name, _) in NEVER {
        let arg = Arg::new(*name).long(*name).hide(true).action(ArgAction::Append);
        command = command.arg(arg.allow_hyphen_values(true));
    }
    command
}
