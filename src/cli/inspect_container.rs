//! A container as `box inspect` shows it: podman's shape, with what docker's users look for.

use super::network_settings;
use super::ps::network;
use crate::container::config::{
    ContainerConfig, LogDriver, Mount, MountSource, Namespace, NetworkMode, Rootfs, UserNamespace,
};
use crate::container::port::{Port, PortMap};
use crate::container::state::{State, Status};
use crate::ops::inspect::Inspected;
use crate::settings::StorageDriver;
use crate::sys::signal::Signal;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Go's zero time, which stands for "never".
const NEVER: &str = "0001-01-01T00:00:00Z";

/// The whole document.
pub(super) fn value(inspected: &Inspected) -> Value {
    let entry = &inspected.entry;
    let config = &entry.config;
    let args = config.process.args();
    let file = |name: &str| inspected.directory.join(name).display().to_string();
    let image_id = config.image.id.as_ref().map(|id| id.hex().to_string()).unwrap_or_default();
    let mut capabilities: Vec<String> =
        config.security.capabilities.iter().map(|cap| format!("CAP_{cap}")).collect();
    capabilities.sort();
    let runs_as_root = matches!(config.process.user.split(':').next(), None | Some("" | "0" | "root"));
    let (driver, files) = graph_driver(inspected);
    let mut of_container = json!({
        "Id": entry.id.as_str(),
        "Created": config.created.to_string(),
        "Path": args.first().cloned().unwrap_or_default(),
        "Args": args.get(1..).unwrap_or_default(),
        "State": state(inspected),
        "Image": image_id,
        "ImageDigest": config.image.digest.as_ref().map(ToString::to_string).unwrap_or_default(),
        "ImageName": config.image.name,
        "Rootfs": match &config.rootfs {
            Rootfs::Directory(dir) => dir.display().to_string(),
            Rootfs::Layers(_) => String::new(),
        },
        "Pod": "",
        "ResolvConfPath": file("resolv.conf"),
        "HostnamePath": file("hostname"),
        "HostsPath": file("hosts"),
        "StaticDir": inspected.directory.display().to_string(),
        "OCIConfigPath": file("spec.json"),
        "OCIRuntime": "box",
        "ConmonPidFile": path(config.ending.supervisor_pid_file.as_deref()),
        "PidFile": path(config.ending.pid_file.as_deref()),
        "LogPath": log_path(inspected),
        "Name": entry.name.as_str(),
        "RestartCount": restarts(&entry.state),
        "Driver": driver,
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        // Who is not root starts without any in effect; the bounding set stays.
        "EffectiveCaps": if runs_as_root { capabilities.clone() } else { Vec::new() },
        "BoundingCaps": capabilities,
        "ExecIDs": [],
        "GraphDriver": {"Name": driver, "Data": files},
        "Mounts": config.mounts.iter().filter_map(|mount| mount_point(inspected, mount)).collect::<Vec<_>>(),
        "Dependencies": dependencies(config),
        "NetworkSettings": network_settings::value(inspected),
        "Namespace": "",
        "IsInfra": false,
        "IsService": false,
        "KubeExitCodePropagation": "invalid",
        "lockNumber": 0,
        "Config": of_config(config),
        "HostConfig": host_config(config, inspected),
    });
    of_container["SizeRw"] = json!(inspected.size.map(|size| size.written));
    of_container["SizeRootFs"] = json!(inspected.size.map(|size| size.total));
    of_container
}

fn path(path: Option<&std::path::Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

fn log_path(inspected: &Inspected) -> String {
    match inspected.entry.config.log.driver {
        LogDriver::None => String::new(),
        LogDriver::K8sFile => inspected.log.display().to_string(),
    }
}

fn restarts(state: &State) -> u32 {
    match state {
        State::Created => 0,
        State::Started(started) => started.restarts,
        State::Exited(exited) => exited.restarts,
    }
}

fn state(inspected: &Inspected) -> Value {
    let entry = &inspected.entry;
    let status = entry.status();
    let time = |time: Option<Timestamp>| time.map_or(NEVER.to_string(), |time| time.to_string());
    let (mut pid, mut supervisor, mut code) = (0, 0, 0);
    let (mut started_at, mut error) = (None, String::new());
    let (mut oom_killed, mut stopped_by_user) = (false, false);
    match &entry.state {
        State::Created => {}
        State::Started(started) => {
            started_at = Some(started.at);
            if status == Status::Running {
                (pid, supervisor) = (started.init.pid, started.supervisor.pid);
            }
        }
        State::Exited(exited) => {
            started_at = exited.started_at;
            code = exited.code;
            error = exited.error.clone().unwrap_or_default();
            (oom_killed, stopped_by_user) = (exited.oom_killed, exited.stopped_by_user);
        }
    }
    json!({
        "OciVersion": "1.2.0",
        "Status": status.as_str(),
        "Running": status == Status::Running,
        "Paused": status == Status::Paused,
        "Restarting": status == Status::Restarting,
        "OOMKilled": oom_killed,
        "Dead": false,
        "Pid": pid,
        "ConmonPid": supervisor,
        "ExitCode": code,
        "Error": error,
        "StartedAt": time(started_at),
        // As docker and podman have it, that of the run before while it runs.
        "FinishedAt": time(entry.state.last_end()),
        "Health": {"Status": "", "FailingStreak": 0, "Log": null},
        "Checkpointed": false,
        "CgroupPath": "",
        "StoppedByUser": stopped_by_user,
    })
}

/// The name of the driver, and where it finds the files.
fn graph_driver(inspected: &Inspected) -> (&'static str, Value) {
    let below = |name: &str| inspected.directory.join(name).display().to_string();
    match (&inspected.entry.config.rootfs, &inspected.copy) {
        (Rootfs::Directory(_), _) => ("none", json!({})),
        (Rootfs::Layers(_), Some(copy)) => ("vfs", json!({"dir": copy.display().to_string()})),
        (Rootfs::Layers(_), None) => {
            let lower: Vec<String> = inspected.layers.iter().map(|dir| dir.display().to_string()).collect();
            let data = json!({
                "LowerDir": lower.join(":"), "UpperDir": below("diff"), "WorkDir": below("work"),
            });
            match inspected.driver {
                StorageDriver::Fuse => ("fuse-overlayfs", data),
                _ => ("overlay", data),
            }
        }
    }
}

/// Only what has content of its own: a tmpfs stands in `HostConfig.Tmpfs`, as with podman.
fn mount_point(inspected: &Inspected, mount: &Mount) -> Option<Value> {
    let (kind, name, source, driver, propagation) = match &mount.source {
        MountSource::Bind { path, propagation, .. } => {
            ("bind", "", path.display().to_string(), "", propagation.as_str())
        }
        MountSource::Volume { name, propagation, .. } => {
            let source = inspected.volumes.join(name.as_str()).join("_data").display().to_string();
            ("volume", name.as_str(), source, "local", propagation.as_str())
        }
        MountSource::Image { name, .. } => ("image", "", name.clone(), "", "rprivate"),
        MountSource::Tmpfs | MountSource::Ramfs | MountSource::Devpts => return None,
    };
    let recursive =
        matches!(mount.source, MountSource::Bind { recursive: true, .. } | MountSource::Volume { .. });
    let mut options = mount.options.clone();
    options.extend(recursive.then(|| "rbind".to_string()));
    Some(json!({
        "Type": kind,
        "Name": name,
        "Source": source,
        "Destination": mount.destination,
        "Driver": driver,
        "Mode": "",
        "Options": options,
        "RW": !mount.read_only,
        "Propagation": propagation,
        "SubPath": mount.subpath.clone().unwrap_or_default(),
    }))
}

fn dependencies(config: &ContainerConfig) -> Vec<String> {
    let spaces = &config.namespaces;
    let mut ids: Vec<String> = [&spaces.pid, &spaces.ipc, &spaces.uts, &spaces.cgroup]
        .into_iter()
        .filter_map(|namespace| match namespace {
            Namespace::Container(id) => Some(id.to_string()),
            _ => None,
        })
        .collect();
    if let NetworkMode::Container(id) = &config.network.mode {
        ids.push(id.to_string());
    }
    ids.extend(config.requires.iter().map(ToString::to_string));
    ids.sort();
    ids.dedup();
    ids
}

/// Adds `80/tcp: [{HostIp, HostPort}]`.
pub(super) fn bindings(to: &mut Map<String, Value>, ports: impl Iterator<Item = (Port, String, String)>) {
    for (port, ip, host) in ports {
        let place = json!({"HostIp": ip, "HostPort": host});
        match to.entry(port.to_string()).or_insert(Value::Null) {
            Value::Array(places) => places.push(place),
            nothing => *nothing = json!([place]),
        }
    }
}

/// What was asked for: as podman has it, without an address where all are meant.
fn port_bindings(ports: &[PortMap]) -> Map<String, Value> {
    let host = |map: &PortMap| match map.host {
        (0, _) => String::new(),
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}-{last}"),
    };
    let ip = |map: &PortMap| map.host_ip.map(|ip| ip.to_string()).unwrap_or_default();
    let mut all = Map::new();
    bindings(&mut all, ports.iter().map(|map| (map.port(), ip(map), host(map))));
    all
}

fn pairs(pairs: &[(String, String)]) -> Value {
    Value::Object(pairs.iter().map(|(key, value)| (key.clone(), json!(value))).collect())
}

/// A list, or null where Go's has no members.
fn list(words: &[String]) -> Value {
    if words.is_empty() { Value::Null } else { json!(words) }
}

fn of_config(config: &ContainerConfig) -> Value {
    let process = &config.process;
    let volumes: Map<String, Value> = config
        .mounts
        .iter()
        .filter(|mount| mount.volume().is_some_and(|(_, anonymous)| anonymous))
        .map(|mount| (mount.destination.clone(), json!({})))
        .collect();
    let exposed: Map<String, Value> =
        config.network.exposed.iter().map(|port| (port.clone(), json!({}))).collect();
    let signal = Signal::from_number(config.ending.stop_signal);
    json!({
        "Hostname": config.identity.hostname,
        "Domainname": config.identity.domainname,
        "User": process.user,
        "AttachStdin": process.open_stdin,
        "AttachStdout": true,
        "AttachStderr": true,
        "Tty": process.tty,
        "OpenStdin": process.open_stdin,
        "StdinOnce": false,
        "Env": process.env,
        "Cmd": list(&process.cmd),
        "Image": config.image.name,
        "Volumes": if volumes.is_empty() { Value::Null } else { Value::Object(volumes) },
        "WorkingDir": process.workdir,
        "Entrypoint": list(&process.entrypoint),
        "OnBuild": null,
        "Labels": pairs(&config.labels),
        "Annotations": pairs(&config.annotations),
        "StopSignal": signal.map(|signal| signal.name()).unwrap_or_default(),
        "CreateCommand": config.create_command,
        "Umask": format!("{:04o}", process.umask),
        "Timeout": config.ending.timeout,
        "StopTimeout": config.ending.stop_timeout,
        "Passwd": !config.process.no_passwd,
        "sdNotifyMode": "container",
        "ExposedPorts": if exposed.is_empty() { Value::Null } else { Value::Object(exposed) },
        "Healthcheck": null,
        "HealthcheckOnFailureAction": "none",
        "Secrets": null,
        "Timezone": config.identity.timezone.clone().unwrap_or_default(),
    })
}

fn host_config(config: &ContainerConfig, inspected: &Inspected) -> Value {
    let security = &config.security;
    let namespaces = &config.namespaces;
    let binds: Vec<String> = config.mounts.iter().filter_map(bind).collect();
    let tmpfs: Map<String, Value> = config
        .mounts
        .iter()
        .filter(|mount| mount.source == MountSource::Tmpfs)
        .map(|mount| {
            let options: Vec<&str> = [if mount.read_only { "ro" } else { "rw" }]
                .into_iter()
                .chain(mount.options.iter().map(String::as_str))
                .collect();
            (mount.destination.clone(), json!(options.join(",")))
        })
        .collect();
    let devices: Vec<Value> = config
        .devices
        .iter()
        .map(|device| {
            json!({
                "PathOnHost": device.host.display().to_string(),
                "PathInContainer": device.container,
                "CgroupPermissions": device.permissions,
            })
        })
        .collect();
    let ulimits: Vec<Value> = config
        .process
        .ulimits
        .iter()
        .map(|limit| {
            let name = format!("RLIMIT_{}", limit.name.to_uppercase());
            // Go prints "unlimited" as -1.
            json!({"Name": name, "Soft": limit.soft as i64, "Hard": limit.hard as i64})
        })
        .collect();
    let hosts: Vec<String> =
        config.identity.extra_hosts.iter().map(|(name, address)| format!("{name}:{address}")).collect();
    let driver = match config.log.driver {
        LogDriver::K8sFile => "k8s-file",
        LogDriver::None => "none",
    };
    let mut of_host = json!({
        "Binds": binds,
        "CgroupManager": "cgroupfs",
        "CgroupMode": mode(&namespaces.cgroup),
        "ContainerIDFile": path(config.ending.id_file.as_deref()),
        "LogConfig": {
            "Type": driver,
            "Config": null,
            "Path": log_path(inspected),
            "Tag": option(&config.log.options, "tag"),
            "Size": config.log.max_size.map_or("0B".to_string(), super::format::human::size),
        },
        "NetworkMode": match config.network.mode {
            // podman's word, whatever the networks are called.
            NetworkMode::Bridge => "bridge".to_string(),
            _ => network(&config.network),
        },
        "PortBindings": port_bindings(&inspected.published),
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "AutoRemove": config.ending.remove,
        "AutoRemoveImage": config.ending.remove_image,
        "Annotations": pairs(&config.annotations),
        "VolumeDriver": "",
        "VolumesFrom": list(&config.volumes_from),
        "CapAdd": security.cap_add,
        "CapDrop": security.cap_drop,
        "Dns": config.identity.dns_servers,
        "DnsOptions": config.identity.dns_options,
        "DnsSearch": config.identity.dns_search,
        "ExtraHosts": hosts,
        "HostsFile": path(config.identity.base_hosts.as_deref()),
        "GroupAdd": config.process.groups,
        "IpcMode": match &namespaces.ipc {
            Namespace::Private => "shareable".to_string(),
            other => mode(other),
        },
        "Cgroup": "",
        "Cgroups": "default",
        "Links": list(&inspected.links),
        "IDMappings": {"UidMap": [], "GidMap": []},
        "ShmSize": security.shm_size,
        "Runtime": "box",
        "ConsoleSize": [0, 0],
        "Isolation": "",
        "Devices": devices,
        "Init": config.process.init,
        "Ulimits": ulimits,
        "MaskedPaths": security.masked_paths,
        "ReadonlyPaths": security.readonly_paths,
    });
    let fields = of_host.as_object_mut().expect("it was made as one");
    fields.extend(members(what_holds_it_in(config, tmpfs)));
    fields.extend(members(no_limits()));
    of_host
}

/// The limits that docker's and podman's users look for; none of them can be set yet.
fn no_limits() -> Value {
    json!({
        "CpuShares": 0,
        "Memory": 0,
        "NanoCpus": 0,
        "CgroupParent": "",
        "BlkioWeight": 0,
        "BlkioWeightDevice": null,
        "BlkioDeviceReadBps": null,
        "BlkioDeviceWriteBps": null,
        "BlkioDeviceReadIOps": null,
        "BlkioDeviceWriteIOps": null,
        "CpuPeriod": 0,
        "CpuQuota": 0,
        "CpuRealtimePeriod": 0,
        "CpuRealtimeRuntime": 0,
        "CpusetCpus": "",
        "CpusetMems": "",
        "DiskQuota": 0,
        "KernelMemory": 0,
        "MemoryReservation": 0,
        "MemorySwap": 0,
        "MemorySwappiness": 0,
        "OomKillDisable": false,
        "PidsLimit": 0,
        "CpuCount": 0,
        "CpuPercent": 0,
        "IOMaximumIOps": 0,
        "IOMaximumBandwidth": 0,
        "CgroupConf": null,
    })
}

fn what_holds_it_in(config: &ContainerConfig, tmpfs: Map<String, Value>) -> Value {
    let (security, namespaces) = (&config.security, &config.namespaces);
    json!({
        "OomScoreAdj": config.process.oom_score_adj.unwrap_or(0),
        "PidMode": mode(&namespaces.pid),
        "Privileged": security.privileged,
        "PublishAllPorts": config.network.publish_all,
        "ReadonlyRootfs": security.read_only_root,
        "SecurityOpt": security.options,
        "Sysctls": pairs(&security.sysctls),
        "Tmpfs": tmpfs,
        "UTSMode": mode(&namespaces.uts),
        "UsernsMode": match &namespaces.user {
            UserNamespace::Host => "",
            _ => "private",
        },
    })
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn option(options: &[(String, String)], wanted: &str) -> String {
    options.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
}

fn mode(namespace: &Namespace) -> String {
    match namespace {
        Namespace::Private => "private".to_string(),
        Namespace::Host => "host".to_string(),
        Namespace::Container(id) => format!("container:{id}"),
    }
}

/// A word as `-v` takes it.
fn bind(mount: &Mount) -> Option<String> {
    let mut options = vec![if mount.read_only { "ro" } else { "rw" }];
    options.extend(mount.options.iter().map(String::as_str));
    let source = match &mount.source {
        MountSource::Bind { path, recursive, propagation } => {
            options.push(propagation);
            options.push(if *recursive { "rbind" } else { "bind" });
            path.display().to_string()
        }
        MountSource::Volume { name, propagation, .. } => {
            options.extend([propagation.as_str(), "rbind"]);
            name.to_string()
        }
        MountSource::Image { .. } | MountSource::Tmpfs | MountSource::Ramfs | MountSource::Devpts => {
            return None;
        }
    };
    Some(format!("{source}:{}:{}", mount.destination, options.join(",")))
}
