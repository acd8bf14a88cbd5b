//! The values of flags that are known beforehand, for those who type.

use crate::sys::signal::Signal;

/// The values that `flag` of `command` takes and that `typed` may become; empty where they are not
/// known.
pub(super) fn of_flag(command: &str, flag: &str, typed: &str) -> Vec<String> {
    let words: &[&str] = match (command, flag) {
        (_, "signal" | "stop-signal") => return Signal::names().map(str::to_string).collect(),
        ("run" | "create", "pull") => &["always", "missing", "never", "newer"],
        (_, "filter" | "f") => return filters(command, typed),
        ("ps" | "images" | "network ls" | "volume ls" | "history" | "search" | "system df", "format") => {
            &["json", "table"]
        }
        ("diff" | "doctor" | "info" | "version", "format") => &["json"],
        (command, "format") if command.ends_with("inspect") => &["json"],
        (_, "log-driver") => &["k8s-file", "none"],
        (_, "platform") => &["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/riscv64"],
        (_, "userns") => &["auto", "host", "keep-id", "nomap", "private"],
        (_, "ipc" | "pid" | "uts" | "cgroupns") => &["host", "private"],
        _ => &[],
    };
    words.iter().map(ToString::to_string).collect()
}

/// `KEY=` as long as there is no key, then its values where they are few.
fn filters(command: &str, typed: &str) -> Vec<String> {
    if let Some((key, _)) = typed.split_once('=') {
        let values: &[&str] = match key {
            "status" => &["created", "exited", "paused", "running"],
            "anonymous" | "containers" | "dangling" | "internal" => &["false", "true"],
            "type" => &["builtin", "custom"],
            _ => &[],
        };
        return values.iter().map(|value| format!("{key}={value}")).collect();
    }
    let keys: &[&str] = match command {
        "ps" | "start" | "stop" | "restart" | "rm" | "container prune" => &[
            "ancestor", "before", "command", "exited", "expose", "id", "label", "name", "network", "publish",
            "since", "status", "until", "volume",
        ],
        "images" => &["before", "containers", "dangling", "id", "label", "reference", "since", "until"],
        "image prune" | "system prune" => &["label", "until"],
        "network ls" => &["dangling", "driver", "id", "internal", "label", "name", "scope", "type", "until"],
        "network prune" => &["label", "until"],
        "volume ls" | "volume prune" => {
            &["anonymous", "dangling", "driver", "label", "name", "opt", "scope", "since", "until"]
        }
        _ => &[],
    };
    keys.iter().map(|key| format!("{key}=")).collect()
}
