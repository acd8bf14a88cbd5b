//! Commands of podman and docker that box does not have: not yet, or never.

use crate::container::volume::not_yet;
use crate::error::{Error, Kind};

/// What a later version does. A group stands for all that is below it.
const NOT_YET: &[&str] = &[
    "artifact",
    "auto-update",
    "build",
    "builder",
    "buildx",
    "commit",
    "compose",
    "container checkpoint",
    "container cleanup",
    "container clone",
    "container commit",
    "container cp",
    "container diff",
    "container export",
    "container init",
    "container mount",
    "container pause",
    "container port",
    "container restore",
    "container stats",
    "container unmount",
    "container unpause",
    "container update",
    "context",
    "cp",
    "diff",
    "events",
    "export",
    "generate",
    "healthcheck",
    "history",
    "image build",
    "image diff",
    "image history",
    "image mount",
    "image push",
    "image save",
    "image scp",
    "image search",
    "image sign",
    "image tree",
    "image trust",
    "image unmount",
    "init",
    "kube",
    "login",
    "logout",
    "manifest",
    "mount",
    "network",
    "pause",
    "play",
    "pod",
    "port",
    "push",
    "quadlet",
    "save",
    "search",
    "secret",
    "stats",
    "system check",
    "system connection",
    "system df",
    "system dial-stdio",
    "system events",
    "system prune",
    "system service",
    "unmount",
    "unpause",
    "update",
    "volume",
];

/// What no version does, and what to do in its place.
const NEVER: &[(&str, &str)] = &[
    ("config", "it belongs to swarm; a file reaches a container with -v"),
    ("container runlabel", "run the command that the label holds: `box inspect` shows it"),
    ("daemon", "there is no daemon to start: every command works by itself"),
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
    ("trust", "box has no notary; what may be pulled is a matter of policy.json"),
];

/// Flags of a later version: the command, then the flag.
const FLAGS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "connection",
            "context",
            "cpu-profile",
            "db-backend",
            "host",
            "identity",
            "imagestore",
            "memory-profile",
            "module",
            "namespace",
            "noout",
            "out",
            "remote",
            "ssh",
            "syslog",
            "tls-ca",
            "tls-cert",
            "tls-key",
            "trace",
            "transient-store",
            "url",
        ],
    ),
    ("exec", &["cidfile", "preserve-fd", "preserve-fds"]),
    ("images", &["tree", "viz"]),
    ("pull", &["authfile", "cert-dir", "creds", "decryption-key", "retry-delay"]),
];

/// The answer to a flag that is known elsewhere; `None` if it is known nowhere.
pub(super) fn flag(path: &str, flag: &str) -> Option<Error> {
    let name = flag.strip_prefix("--")?.split('=').next()?;
    let entry = super::tree::named(path).and_then(|entry| entry.paths.first()).copied();
    let (_, flags) = FLAGS.iter().find(|(command, _)| *command == entry.unwrap_or_default())?;
    flags.contains(&name).then(|| not_yet(format!("--{name}")))
}

/// The answer to a command that is known elsewhere; `None` if it is known nowhere.
pub(super) fn answer(path: &str) -> Option<Error> {
    if let Some((_, instead)) = NEVER.iter().find(|(name, _)| *name == path) {
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
        for path in NOT_YET.iter().chain(NEVER.iter().map(|(path, _)| path)) {
            assert!(tree::named(path).is_none(), "box {path} exists");
            assert!(!tree::is_group(path), "box {path} exists");
        }
        assert_eq!(answer("build").unwrap().to_string(), "not yet: box build");
        assert!(answer("frobnicate").is_none());
        assert_eq!(flag("image pull", "--creds=a:b").unwrap().to_string(), "not yet: --creds");
        assert_eq!(flag("", "--url").unwrap().to_string(), "not yet: --url");
        assert!(flag("pull", "--frob").is_none());
    }
}
