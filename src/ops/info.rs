//! `info`: this host, the store and the version, in podman's groups.

use super::{doctor, ps, worker};
use crate::container::caps::CapSet;
use crate::container::state::Status;
use crate::error::Result;
use crate::network;
use crate::registry::conf::Registries;
use crate::settings::{Settings, StorageDriver};
use crate::store::driver;
use crate::store::layout::Store;
use crate::sys::userns::{self, Mapping};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

type Triples = Vec<(u32, u32, u32)>;

/// Everything, as podman's `info --format json` names it.
///
/// # Errors
/// When the store cannot be read.
pub fn info(settings: &Settings, store: &Store) -> Result<Value> {
    Ok(json!({
        "host": host(settings),
        "plugins": {
            "authorization": null,
            "log": ["k8s-file", "none"],
            "network": ["bridge", "slirp4netns", "pasta", "host", "none"],
            "volume": ["local", "image"],
        },
        "registries": registries(),
        "store": storage(settings, store)?,
        "version": version(),
    }))
}

/// The version group.
#[must_use]
pub fn version() -> Value {
    json!({
        "APIVersion": env!("CARGO_PKG_VERSION"),
        "Arch": arch(),
        "Built": 0,
        "BuiltTime": "",
        "GitCommit": "",
        "GoVersion": "",
        "Os": "linux",
        "OsArch": format!("linux/{}", arch()),
        "Version": env!("CARGO_PKG_VERSION"),
    })
}

/// The processor architecture as images name it.
#[must_use]
pub fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

/// Where a short name is looked up; a broken registries.conf is `pull`'s to report.
fn registries() -> Value {
    match Registries::load().map(|registries| registries.search()) {
        Ok(search) if !search.is_empty() => json!({ "search": search }),
        _ => json!({}),
    }
}

fn host(settings: &Settings) -> Value {
    let (memory, os) = (read("/proc/meminfo"), read("/etc/os-release"));
    let memory = pairs(&memory, ':');
    let bytes = |name: &str| {
        let kilo = memory.get(name).and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        kilo.unwrap_or(0) * 1024
    };
    let os = pairs(&os, '=');
    let of_os = |name: &str| os.get(name).map(|text| text.trim_matches('"').to_string()).unwrap_or_default();
    let (version, controllers) = cgroups();
    let mapping = userns::choose_mapping();
    let picked = network::default_mode();
    let default_network = match &picked.warning {
        Some(_) => "none",
        None if picked.mode == crate::container::config::NetworkMode::Pasta => "pasta",
        None => "bridge",
    };
    let slirp = userns::find_helper(network::slirp::PROGRAM);
    let pasta = userns::find_helper(network::pasta::PROGRAM);
    let executable = |path: Option<std::path::PathBuf>| json!({ "executable": path.unwrap_or_default() });
    json!({
        "arch": arch(),
        "cgroupControllers": controllers,
        "cgroupManager": "none",
        "cgroupVersion": version,
        "cpuUtilization": processor_time(&read("/proc/stat")),
        "cpus": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "distribution": {
            "codename": of_os("VERSION_CODENAME"),
            "distribution": of_os("ID"),
            "version": of_os("VERSION_ID"),
        },
        "eventLogger": "none",
        "hostname": read("/proc/sys/kernel/hostname").trim(),
        "idMappings": id_mappings(settings),
        "idMode": match &mapping {
            Mapping::Identity => "identity".to_string(),
            Mapping::Subordinate { .. } => "subordinate".to_string(),
            Mapping::Single { reason } => format!("single ({reason})"),
        },
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "logDriver": "k8s-file",
        "memFree": bytes("MemFree"),
        "memTotal": bytes("MemTotal"),
        "networkBackend": default_network,
        "ociRuntime": {
            "name": "box",
            "path": std::env::current_exe().unwrap_or_default(),
            "version": format!("box version {}", env!("CARGO_PKG_VERSION")),
        },
        "os": "linux",
        "pasta": executable(pasta),
        "remoteSocket": { "exists": false, "path": "" },
        "security": security(),
        "serviceIsRemote": false,
        "slirp4netns": executable(slirp),
        "swapFree": bytes("SwapFree"),
        "swapTotal": bytes("SwapTotal"),
        "uptime": uptime(&read("/proc/uptime")),
    })
}

/// What the processors have done since the host started, in percent. Source: proc_stat(5).
fn processor_time(stat: &str) -> Value {
    let ticks: Vec<f64> =
        stat.lines().next().unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    let at = |index: usize| ticks.get(index).copied().unwrap_or(0.0);
    // Time given to guests counts as the user's already.
    let sum: f64 = ticks.iter().take(8).sum::<f64>().max(1.0);
    let percent = |ticks: f64| (ticks / sum * 10_000.0).round() / 100.0;
    json!({
        "idlePercent": percent(at(3) + at(4)),
        "systemPercent": percent(at(2) + at(5) + at(6)),
        "userPercent": percent(at(0) + at(1)),
    })
}

fn security() -> Value {
    let capabilities: Vec<String> = CapSet::DEFAULT.iter().map(|cap| format!("CAP_{}", cap.name())).collect();
    json!({
        "apparmorEnabled": read("/sys/module/apparmor/parameters/enabled").trim() == "Y",
        "capabilities": capabilities.join(","),
        "rootless": !nix::unistd::geteuid().is_root(),
        "seccompEnabled": read("/proc/self/status").contains("\nSeccomp:"),
        "seccompProfilePath": "",
        "selinuxEnabled": Path::new("/sys/fs/selinux/enforce").exists(),
    })
}

/// The maps as they are inside; null where no user namespace can be had.
fn id_mappings(settings: &Settings) -> Value {
    let Ok([uids, gids]) = worker::call::<(), [Triples; 2]>(settings, "id-maps", &()) else {
        return json!({ "gidmap": null, "uidmap": null });
    };
    let list = |triples: Triples| -> Vec<Value> {
        let entry =
            |(inside, outside, count)| json!({ "container_id": inside, "host_id": outside, "size": count });
        triples.into_iter().map(entry).collect()
    };
    json!({ "gidmap": list(gids), "uidmap": list(uids) })
}

/// The version and what this process could delegate.
fn cgroups() -> (&'static str, Vec<String>) {
    let words = |text: String| text.split_whitespace().map(str::to_string).collect::<Vec<_>>();
    if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        let own = read("/proc/self/cgroup");
        let own = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/").to_string();
        return ("v2", words(read(format!("/sys/fs/cgroup{own}/cgroup.controllers"))));
    }
    // Nothing of it can be given to a user.
    if !nix::unistd::geteuid().is_root() {
        return ("v1", Vec::new());
    }
    let text = read("/proc/cgroups");
    let enabled = text.lines().filter(|line| !line.starts_with('#') && line.ends_with('1'));
    ("v1", enabled.filter_map(|line| line.split_whitespace().next()).map(str::to_string).collect())
}

fn storage(settings: &Settings, store: &Store) -> Result<Value> {
    let containers = ps::list(settings, store)?.containers;
    let running = containers.iter().filter(|entry| entry.status() == Status::Running).count();
    let root = store.root();
    let (kind, allocated, used) = match (rustix::fs::statfs(root), rustix::fs::statvfs(root)) {
        (Ok(fs), Ok(vfs)) => {
            let size = vfs.f_blocks * vfs.f_frsize;
            (doctor::kind_of_fs(fs.f_type as u64), size, size.saturating_sub(vfs.f_bfree * vfs.f_frsize))
        }
        _ => ("unknown", 0, 0),
    };
    let driver = match settings.storage {
        StorageDriver::Auto if driver::is_known_to_work(store) => StorageDriver::Overlay,
        // Where user namespaces are refused nothing can be tried.
        asked => worker::call(settings, "storage-driver", &asked).unwrap_or(StorageDriver::Overlay),
    };
    Ok(json!({
        "configFile": "",
        "containerStore": {
            "number": containers.len(),
            "paused": 0,
            "running": running,
            "stopped": containers.len() - running,
        },
        "graphDriverName": driver,
        "graphOptions": {},
        "graphRoot": root,
        "graphRootAllocated": allocated,
        "graphRootUsed": used,
        "graphStatus": {
            "Backing Filesystem": kind,
            "Native Overlay Diff": "true",
            "Supports d_type": "true",
            "Using metacopy": "false",
        },
        "imageCopyTmpDir": std::env::var("TMPDIR").unwrap_or_else(|_| "/var/tmp".to_string()),
        "imageStore": { "number": images(store) },
        "runRoot": store.run(),
        "volumePath": root.join("volumes"),
    }))
}

/// How many images there are: the index lists one manifest for each name.
fn images(store: &Store) -> usize {
    let index: Value = serde_json::from_str(&read(store.images().join("index.json"))).unwrap_or_default();
    let manifests = index["manifests"].as_array().map(Vec::as_slice).unwrap_or_default();
    let digests: std::collections::BTreeSet<_> =
        manifests.iter().filter_map(|m| m["digest"].as_str()).collect();
    digests.len()
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// `KEY SEPARATOR VALUE` lines.
fn pairs(text: &str, separator: char) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.split_once(separator)).map(|(k, v)| (k.trim(), v.trim())).collect()
}

/// As podman writes it: `0h 46m 12.00s (Approximately 1.00 days)`.
fn uptime(text: &str) -> String {
    let seconds = text.split('.').next().and_then(|s| s.parse::<u64>().ok()).unwrap_or(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let days = match hours {
        0 => String::new(),
        hours => format!(" (Approximately {:.2} days)", hours as f64 / 24.0),
    };
    format!("{hours}h {minutes}m {rest}.00s{days}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processors_time_is_in_percent() {
        let time = processor_time("cpu  10 10 20 50 5 3 2 0 0 0\ncpu0 1 1 1 1\n");
        assert_eq!(time, json!({"idlePercent": 55.0, "systemPercent": 25.0, "userPercent": 20.0}));
    }

    #[test]
    fn the_uptime_reads_as_podman_s() {
        assert_eq!(uptime("2760.55 1.1\n"), "0h 46m 0.00s");
        assert_eq!(uptime("45793.2 1\n"), "12h 43m 13.00s (Approximately 0.50 days)");
        assert_eq!(uptime("90061.0 1\n"), "25h 1m 1.00s (Approximately 1.04 days)");
    }
}
