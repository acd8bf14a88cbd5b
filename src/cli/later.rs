//! Commands of podman and docker that box does not have: not yet, or never.

use crate::container::volume::not_yet;
use crate::error::{Error, Kind};
use std::ffi::OsString;

/// What a later version does. A group stands for all that is below it.
const NOT_YET: &[&str] = &[
    "artifact",
    "auto-update",
    "build",
    "builder",
    "buildx",
    "checkpoint",
    "compose",
    "container checkpoint",
    "container cleanup",
    "container clone",
    "container init",
    "container pause",
    "container restore",
    "container stats",
    "container unpause",
    "container update",
    "context",
    "events",
    "generate",
    "healthcheck",
    "image build",
    "image scp",
    "image sign",
    "image trust",
    "init",
    "kube",
    "manifest",
    "pause",
    "play",
    "pod",
    "quadlet",
    "secret",
    "stats",
    "system connection",
    "system dial-stdio",
    "system events",
    "system service",
    "unpause",
    "update",
];

/// What no version does, and what to do in its place.
const NEVER_COMMANDS: &[(&str, &str)] = &[
    ("config", "it belongs to swarm; a file reaches a container with -v"),
    ("container runlabel", "run the command that the label holds: `box inspect` shows it"),
    ("farm", "build on each machine in its own job"),
    ("machine", "box runs on Linux itself; on other systems use it inside WSL2 or Lima"),
    ("node", "box works on one machine; for several there are Kubernetes and Nomad"),
    ("plugin", "box has no plugins"),
    ("podmansh", "a login shell can be `box exec -it NAME sh`"),
    ("service", "box works on one machine; for several there are Kubernetes and Nomad"),
    ("stack", "box works on one machine; for several there are Kubernetes and Nomad"),
    ("swarm", "box works on one machine; for several there are Kubernetes and Nomad"),
    ("system hyperv-prep", "box runs on Linux only"),
    ("system migrate", "nothing has to be migrated: box keeps no process and no database"),
    ("system renumber", "nothing has to be renumbered: box has no numbered locks"),
    ("volume reload", "it looks for new volumes of plugins, and box has no plugins"),
    ("trust", "box has no notary; what may be pulled is a matter of policy.json"),
    ("volume update", OF_SWARM),
];

/// Flags of a later version: the command, then the flag.
const FLAGS: &[(&str, &[&str])] = &[
    ("", &["imagestore", "module", "transient-store"]),
    ("login", &["secret"]),
    ("network connect", &["driver-opt", "gw-priority", "link", "link-local-ip"]),
    ("pull", &["decryption-key"]),
    (
        "push",
        &[
            "encrypt-layer",
            "encryption-key",
            "sign-by-sigstore",
            "sign-by-sigstore-private-key",
            "sign-by-sq-fingerprint",
            "sign-passphrase-file",
        ],
    ),
    ("start", &["checkpoint", "checkpoint-dir"]),
    ("unshare", &["rootless-netns"]),
];

const OTHER_MACHINES: &str = "box works on the machine it runs on; for another one: ssh HOST box …";
const NOT_PROFILED: &str = "box measures nothing of itself; perf(1) and strace(1) can";

/// Refuses what the environment says about another machine, as its flags are refused: whoever has set it
/// means the containers there. A socket of this machine is none of that; box needs it as little.
///
/// # Errors
/// `Unsupported`, with the variable.
pub(super) fn other_machine(called: &str, variable: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
    let is_here =
        |host: &str| host.is_empty() || ["unix:", "fd:", "/"].iter().any(|way| host.starts_with(way));
    let of_docker: &[&str] = if called == "docker" { &["DOCKER_HOST"] } else { &[] };
    for name in ["CONTAINER_HOST"].iter().chain(of_docker) {
        if variable(name).is_some_and(|host| !is_here(&host)) {
            return Err(elsewhere(name));
        }
    }
    match variable("CONTAINER_CONNECTION") {
        Some(connection) if !connection.is_empty() => Err(elsewhere("CONTAINER_CONNECTION")),
        _ => Ok(()),
    }
}

fn elsewhere(variable: &str) -> Error {
    Error::new(
        Kind::Unsupported,
        format!("box has no connection to other machines, but {variable} names one"),
    )
    .hint(format!("unset {variable}; {OTHER_MACHINES}"))
}

/// Flags before the command that no version has: the flag, its letter, what to do in its place.
const NEVER_GLOBAL: &[(&str, Option<char>, &str)] = &[
    ("connection", Some('c'), OTHER_MACHINES),
    ("context", None, OTHER_MACHINES),
    ("cpu-profile", None, NOT_PROFILED),
    ("db-backend", None, "box has no database: the store is plain files"),
    ("host", Some('H'), OTHER_MACHINES),
    ("identity", None, OTHER_MACHINES),
    ("memory-profile", None, NOT_PROFILED),
    ("namespace", None, "another --root is another set of containers"),
    ("network-config-dir", None, WITH_ROOT),
    ("noout", None, "redirect the output: box … > /dev/null"),
    ("out", None, "redirect the output: box … > FILE"),
    ("remote", Some('r'), OTHER_MACHINES),
    ("ssh", None, OTHER_MACHINES),
    ("syslog", None, "what box has to say is on stderr: box … 2>&1 | logger"),
    ("tls", None, OTHER_MACHINES),
    ("tls-ca", None, OTHER_MACHINES),
    ("tls-cert", None, OTHER_MACHINES),
    ("tls-key", None, OTHER_MACHINES),
    ("tlscacert", None, OTHER_MACHINES),
    ("tlscert", None, OTHER_MACHINES),
    ("tlskey", None, OTHER_MACHINES),
    ("tlsverify", None, OTHER_MACHINES),
    ("trace", None, "--log-level debug prints every step of a launch"),
    ("url", None, OTHER_MACHINES),
    ("volumepath", None, WITH_ROOT),
];

const WITH_ROOT: &str = "volumes and networks are kept with images and containers: --root DIR";
const OF_SWARM: &str = "it belongs to swarm; box works on one machine";

/// Flags of a command that no version has: the command, then the flags, what to do in their place.
const NEVER: &[(&str, &[&str], &str)] = &[
    ("network create", &["config-from", "config-only", "ingress"], OF_SWARM),
    (
        "volume create",
        &[
            "availability",
            "group",
            "limit-bytes",
            "required-bytes",
            "scope",
            "secret",
            "sharing",
            "topology-preferred",
            "topology-required",
            "type",
        ],
        OF_SWARM,
    ),
    ("volume ls", &["cluster"], OF_SWARM),
    ("push", &["sign-by"], "box makes no signatures of GnuPG; cosign(1) signs what is in a registry"),
];

/// The answer to a flag that is known elsewhere; `None` if it is known nowhere. `words` is the whole
/// command line.
pub(super) fn flag(path: &str, flag: &str, words: &[OsString]) -> Option<Error> {
    if path.is_empty() {
        // `docker -d` with all its flags was the daemon.
        if words
            .iter()
            .skip(1)
            .take_while(|word| *word != "--")
            .any(|word| *word == "-d" || *word == "--daemon")
        {
            return Some(no_daemon());
        }
        let named = |(name, letter, _): &&(&str, Option<char>, &str)| {
            flag.strip_prefix("--").is_some_and(|typed| typed.split('=').next() == Some(name))
                || letter.is_some_and(|letter| flag.starts_with(&format!("-{letter}")))
        };
        if let Some((name, _, instead)) = NEVER_GLOBAL.iter().find(named) {
            return Some(Error::new(Kind::Unsupported, format!("box has no --{name}")).hint(*instead));
        }
    }
    let entry = super::tree::named(path).and_then(|entry| entry.paths.first()).copied();
    let never = NEVER.iter().find(|(command, flags, _)| {
        Some(*command) == entry
            && flag
                .strip_prefix("--")
                .is_some_and(|typed| flags.contains(&typed.split('=').next().unwrap_or(typed)))
    });
    if let Some((_, _, instead)) = never {
        let name = flag.split('=').next().unwrap_or(flag);
        return Some(Error::new(Kind::Unsupported, format!("box has no {name}")).hint(*instead));
    }
    let (_, flags) = FLAGS.iter().find(|(command, _)| *command == entry.unwrap_or_default())?;
    let name = match flag.strip_prefix("--") {
        Some(name) => name.split('=').next()?,
        // Docker 0.8 wrote `-viz`, of which only the first letter was complained about.
        None => words
            .iter()
            .filter_map(|word| word.to_str()?.strip_prefix('-')?.split('=').next())
            .find(|name| flags.contains(name))?,
    };
    flags.contains(&name).then(|| not_yet(format!("--{name}")))
}

fn no_daemon() -> Error {
    Error::new(Kind::Unsupported, "there is no daemon to start")
        .hint("every command works by itself: leave this line out")
}

/// The flags of a command that are answered by [`flag`], as they are typed.
pub(super) fn flags_of(path: &str) -> Vec<String> {
    let later = FLAGS.iter().filter(|(command, _)| *command == path).flat_map(|(_, flags)| *flags);
    let never = NEVER.iter().filter(|(command, ..)| *command == path).flat_map(|(_, flags, _)| *flags);
    let mut all: Vec<String> = later.chain(never).map(|flag| format!("--{flag}")).collect();
    if path.is_empty() {
        all.extend(NEVER_GLOBAL.iter().map(|(flag, ..)| format!("--{flag}")));
        all.extend(NEVER_GLOBAL.iter().filter_map(|(_, letter, _)| Some(format!("-{}", (*letter)?))));
    }
    all
}

/// The answer to a command that is known elsewhere; `None` if it is known nowhere.
pub(super) fn answer(path: &str) -> Option<Error> {
    if path == "daemon" {
        return Some(no_daemon());
    }
    if let Some((_, instead)) = NEVER_COMMANDS.iter().find(|(name, _)| *name == path) {
        return Some(Error::new(Kind::Unsupported, format!("box has no command {path:?}")).hint(*instead));
    }
    NOT_YET.contains(&path).then(|| not_yet(format!("box {path}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tree;

    #[test]
    fn what_is_there_is_not_called_missing() {
        for path in NOT_YET.iter().chain(NEVER_COMMANDS.iter().map(|(path, _)| path)) {
            assert!(tree::named(path).is_none(), "box {path} exists");
            assert!(!tree::is_group(path), "box {path} exists");
        }
        assert_eq!(answer("build").unwrap().to_string(), "not yet: box build");
        assert!(answer("frobnicate").is_none());
        assert_eq!(flag("pull", "--decryption-key=a", &[]).unwrap().to_string(), "not yet: --decryption-key");
        assert_eq!(flag("", "--url", &[]).unwrap().to_string(), "box has no --url");
        assert_eq!(flag("", "-Htcp://a", &[]).unwrap().to_string(), "box has no --host");
        assert!(flag("pull", "--frob", &[]).is_none());
    }
}
