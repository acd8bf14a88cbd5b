//! What holds a container in: the paths that are hidden or read-only, and `--security-opt`.

use super::volume::not_yet;
use crate::error::{Error, Result, invalid};
use std::str::FromStr;

/// Hidden from every container that is not privileged. Source: podman 5.8's list.
pub const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
    "/sys/fs/selinux",
];

/// Readable, not writable. Source: podman 5.8's list.
pub const READ_ONLY: [&str; 6] =
    ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// The masked paths of a host with so many processors.
///
/// The per-processor directories leak what other guests do through their counters.
#[must_use]
pub fn masked(processors: u32) -> Vec<String> {
    let thermal = (0..processors).map(|n| format!("/sys/devices/system/cpu/cpu{n}/thermal_throttle"));
    MASKED.iter().map(ToString::to_string).chain(thermal).collect()
}

/// One word of `--security-opt`.
#[derive(Clone, Debug, PartialEq)]
pub enum SecurityOption {
    /// `seccomp=unconfined`.
    SeccompUnconfined,
    /// `seccomp=default`.
    SeccompDefault,
    /// `seccomp=FILE`: the file's name; whoever builds the request reads it.
    SeccompFile(String),
    /// `no-new-privileges[=true|false]`.
    NoNewPrivileges(bool),
    /// `mask=PATH[:PATH…]`.
    Mask(Vec<String>),
    /// `unmask=ALL`.
    UnmaskAll,
    /// `unmask=PATH[:PATH…]`, `*` matches within a name.
    Unmask(Vec<String>),
    /// Labels and AppArmor, which box does not set: nothing to do.
    Nothing,
}

impl FromStr for SecurityOption {
    type Err = Error;

    fn from_str(text: &str) -> Result<SecurityOption> {
        // Docker also wrote a colon.
        let (key, value) = text.split_once(['=', ':']).unwrap_or((text, ""));
        let paths = || -> Result<Vec<String>> {
            let paths: Vec<String> = value.split(':').map(str::to_string).collect();
            match paths.iter().find(|path| !path.starts_with('/')) {
                Some(wrong) => Err(invalid(format!(
                    "{wrong:?} is not an absolute path, as in {key}=/proc/kcore:/sys/firmware"
                ))),
                None => Ok(paths),
            }
        };
        match (key, value) {
            ("no-new-privileges", "" | "true") => Ok(SecurityOption::NoNewPrivileges(true)),
            ("no-new-privileges", "false") => Ok(SecurityOption::NoNewPrivileges(false)),
            ("seccomp", "unconfined") => Ok(SecurityOption::SeccompUnconfined),
            ("seccomp", "default" | "builtin") => Ok(SecurityOption::SeccompDefault),
            ("seccomp", file) if !file.is_empty() => Ok(SecurityOption::SeccompFile(file.to_string())),
            ("mask", _) => Ok(SecurityOption::Mask(paths()?)),
            ("unmask", "ALL" | "all") => Ok(SecurityOption::UnmaskAll),
            ("unmask", _) => Ok(SecurityOption::Unmask(paths()?)),
            ("apparmor", "" | "unconfined") | ("label", "disable" | "nested") => Ok(SecurityOption::Nothing),
            ("apparmor", _) => Err(not_yet("--security-opt apparmor=PROFILE")),
            ("label", _) => Err(not_yet("--security-opt label=")),
            ("proc-opts", _) => Err(not_yet("--security-opt proc-opts=")),
            _ => Err(invalid(format!(
                "there is no security option {text:?} (seccomp=, no-new-privileges, mask=, unmask=, label=, apparmor=)"
            ))),
        }
    }
}

/// Whether a path is what an `unmask=` word names; `*` stands for any characters but `/`.
#[must_use]
pub fn glob_matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => {
            let Some(rest) = path.strip_prefix(before) else { return false };
            let name_end = rest.find('/').unwrap_or(rest.len());
            (0..=name_end).any(|at| rest.is_char_boundary(at) && glob_matches(after, &rest[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_security_opt() {
        let word = |text: &str| text.parse::<SecurityOption>();
        assert_eq!(word("no-new-privileges").unwrap(), SecurityOption::NoNewPrivileges(true));
        assert_eq!(word("no-new-privileges:false").unwrap(), SecurityOption::NoNewPrivileges(false));
        assert_eq!(word("seccomp=unconfined").unwrap(), SecurityOption::SeccompUnconfined);
        assert_eq!(word("seccomp=./a=b.json").unwrap(), SecurityOption::SeccompFile("./a=b.json".into()));
        assert_eq!(
            word("unmask=/proc/*:/sys/firmware").unwrap(),
            SecurityOption::Unmask(vec!["/proc/*".into(), "/sys/firmware".into()])
        );
        assert_eq!(word("label=disable").unwrap(), SecurityOption::Nothing);
        for wrong in ["", "seccomp=", "mask=x", "frob=1", "unmask="] {
            assert!(word(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_star_stays_within_a_name() {
        assert!(glob_matches("/proc/*", "/proc/acpi"));
        assert!(glob_matches("/proc/timer_*", "/proc/timer_list"));
        assert!(!glob_matches("/proc/*", "/proc/a/b"));
        assert!(!glob_matches("/proc/acpi", "/proc/acpix"));
    }
}
