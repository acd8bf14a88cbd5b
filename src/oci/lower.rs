//! From a [`ContainerConfig`] to a [`Spec`]: decisions become mounts, namespaces and numbers.

use super::mounts;
use super::spec::{
    Account, Capabilities, Device, Extension, IdMapping, Linux, Mount, Namespace, NamespaceKind, Process,
    Rlimit, Root, Spec, User,
};
use crate::container::caps::{Cap, CapSet};
use crate::container::config::{
    ContainerConfig, Namespace as Share, NetworkMode, Rootfs, SeccompChoice, UserNamespace,
};
use crate::container::id::ContainerId;
use crate::error::{Error, Kind, Result};
use crate::sys::userns::{Extent, IdMaps};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the decision does not know: where things are on this host right now.
#[derive(Clone, Debug)]
pub struct LowerInput<'a> {
    /// The container's directory in the store.
    pub container: &'a Path,
    /// The directories of its unpacked layers, lowest first.
    pub layers: Vec<PathBuf>,
    /// The directory with a copy of them, instead.
    pub copied: Option<PathBuf>,
    /// They are put together by a server of ours, not by the kernel.
    pub served: bool,
    /// Only one id is mapped here.
    pub single_id: bool,
    /// The maps of its own user namespace, if it has one.
    pub nested: Option<&'a IdMaps>,
    /// The greatest group id that is mapped without a gap from 0 on.
    pub last_gid: u32,
    /// /proc/sys is read-only on this host: what nobody asked for is not set.
    pub fixed_knobs: bool,
    /// What its mounts refer to, in their order.
    pub places: Vec<Place>,
    /// The host pids of the containers whose namespaces it shares.
    pub inits: BTreeMap<ContainerId, i32>,
    /// Nothing of it outlives the container, so nothing need reach the disk.
    pub volatile: bool,
}

/// Where the source of one mount is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file or directory on the host, where there is one.
    pub source: PathBuf,
    /// The directory of a volume that may have to be filled first.
    pub volume: Option<PathBuf>,
    /// The layers of an image, lowest first.
    pub layers: Vec<PathBuf>,
    /// A directory of this mount's own in the container's: `diff`, `work` and `merged` in it are there
    /// where they are needed.
    pub own: PathBuf,
    /// A tmpfs instead, with these options: a volume that was made so.
    pub tmpfs: Option<Vec<String>>,
    /// How it is mounted, before what the container says of that: a volume that was made so.
    pub options: Vec<String>,
}

/// Makes the spec.
///
/// # Errors
/// `Conflict` when a container whose namespace is shared does not run; `Unsupported` for what this
/// version cannot do.
pub fn lower(config: &ContainerConfig, input: &LowerInput<'_>) -> Result<Spec> {
    let process = &config.process;
    let security = &config.security;
    let mut spec = Spec {
        oci_version: "1.1.0".into(),
        process: Process {
            terminal: process.tty,
            user: User { umask: Some(process.umask), ..User::default() },
            args: process.args(),
            env: environment(config, input),
            cwd: process.workdir.clone(),
            capabilities: capabilities(&security.capabilities),
            rlimits: process.ulimits.iter().map(rlimit).collect(),
            no_new_privileges: security.no_new_privileges,
            oom_score_adj: process.oom_score_adj,
        },
        root: Root { path: input.container.join("merged"), readonly: security.read_only_root },
        hostname: config.identity.hostname.clone(),
        domainname: config.identity.domainname.clone(),
        mounts: Vec::new(),
        linux: Linux {
            namespaces: namespaces(config, input)?,
            uid_mappings: mappings(input.nested.map(|maps| &maps.uids[..])),
            gid_mappings: mappings(input.nested.map(|maps| &maps.gids[..])),
            sysctl: sysctls(config, input),
            devices: usual_devices(),
            masked_paths: masked_paths(config),
            readonly_paths: security.readonly_paths.clone(),
            seccomp: None,
        },
        annotations: config.annotations.iter().cloned().collect(),
        extension: Extension {
            user: if process.user.is_empty() { "0".into() } else { process.user.clone() },
            groups: process.groups.clone(),
            init: process.init,
            make_cwd: true,
            default_seccomp: security.seccomp == SeccompChoice::Default && !security.privileged,
            hostname_is_default: config.identity.hostname == config.id.short(),
            copy_up: Vec::new(),
            accounts: accounts(config),
            all_devices: security.privileged,
            ..Extension::default()
        },
    };
    if let SeccompChoice::Profile(text) = &security.seccomp {
        spec.linux.seccomp = Some(parse_profile(text)?);
    }
    add_root(config, input, &mut spec);
    spec.mounts.extend(kernel_mounts(config, input));
    spec.mounts.extend(identity_mounts(config, input));
    mounts::user_mounts(config, input, &mut spec)?;
    // Parents before what lies in them, whoever wants it: a volume at /etc has its hosts file.
    spec.mounts.sort_by(|a, b| Path::new(&a.destination).cmp(Path::new(&b.destination)));
    for device in &config.devices {
        let mut options = vec!["bind".to_string()];
        if !device.permissions.contains('w') {
            options.push("ro".into());
        }
        spec.mounts.push(mount(&device.container, "bind", &device.host.to_string_lossy(), options));
    }
    Ok(spec)
}

pub(super) fn mount(destination: &str, kind: &str, source: &str, options: Vec<String>) -> Mount {
    Mount { destination: destination.into(), kind: kind.into(), source: source.into(), options }
}

pub(super) fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::to_string).collect()
}

fn environment(config: &ContainerConfig, input: &LowerInput<'_>) -> Vec<String> {
    let mut env = config.process.env.clone();
    let mut default = |key: &str, value: &str| {
        if !env.iter().any(|e| e.split('=').next() == Some(key)) {
            env.push(format!("{key}={value}"));
        }
    };
    if !config.identity.hostname.is_empty() {
        default("HOSTNAME", &config.identity.hostname);
    }
    if input.single_id {
        name_apt_config(&mut env);
    }
    env
}

/// Points apt to its setting for single-id mode: it drops to a user of its own and checks that it
/// did, which one id cannot satisfy.
pub fn name_apt_config(env: &mut Vec<String>) {
    if !env.iter().any(|e| e.starts_with("APT_CONFIG=")) {
        env.push(format!("APT_CONFIG={APT_CONFIG}"));
    }
}

/// Where single-id mode puts apt's setting inside.
const APT_CONFIG: &str = "/run/.box-apt.conf";

/// The name of the file in the container's directory that is bound there.
pub const APT_CONFIG_FILE: &str = "apt.conf";

/// What is in that file.
pub const APT_CONFIG_TEXT: &str = "APT::Sandbox::User \"root\";\n";

fn capabilities(names: &[String]) -> Capabilities {
    let all: Vec<String> = names.iter().map(|name| format!("CAP_{name}")).collect();
    Capabilities {
        bounding: all.clone(),
        effective: all.clone(),
        permitted: all,
        inheritable: Vec::new(),
        ambient: Vec::new(),
    }
}

fn rlimit(limit: &crate::container::config::Ulimit) -> Rlimit {
    Rlimit { kind: format!("RLIMIT_{}", limit.name.to_uppercase()), soft: limit.soft, hard: limit.hard }
}

fn mappings(extents: Option<&[Extent]>) -> Vec<IdMapping> {
    let one = |e: &Extent| IdMapping { container_id: e.inside, host_id: e.outside, size: e.count };
    extents.unwrap_or_default().iter().map(one).collect()
}

/// The caller, where it keeps its ids: as podman, at home in the working directory; the user of
/// `--passwd-entry` and `--group-entry`; those of `--hostuser`.
/// Who is written into the container's account files, in this order, unless they know the number.
#[must_use]
pub fn accounts(config: &ContainerConfig) -> Vec<Account> {
    let process = &config.process;
    // The files of a directory of the host are not ours to change.
    if process.no_passwd || matches!(config.rootfs, Rootfs::Directory(_)) {
        return Vec::new();
    }
    let custom = process.passwd_entry.is_some() || process.group_entry.is_some();
    let home = process.workdir.clone();
    let (user, group) = process.user.split_once(':').unwrap_or((&process.user, ""));
    let main = match (&config.namespaces.user, user.parse::<u32>()) {
        (UserNamespace::KeepId { uid, gid, name, .. }, _) if !name.is_empty() => {
            Some((name.clone(), *uid, *gid))
        }
        // Many programs ask for the name of their user, and fail where there is none.
        (_, Ok(uid)) if uid != 0 || custom => Some((user.to_string(), uid, group.parse().unwrap_or(0))),
        _ => None,
    };
    let main = main.map(|(name, uid, gid)| {
        let fill = |template: &String| {
            [("USERNAME", &name), ("GROUPNAME", &name), ("NAME", &name), ("HOME", &home)]
                .into_iter()
                .map(|(key, value)| (key, value.clone()))
                .chain([("UID", uid.to_string()), ("GID", gid.to_string()), ("USERLIST", String::new())])
                .fold(template.clone(), |text, (key, value)| {
                    text.replace(&format!("${{{key}}}"), &value).replace(&format!("${key}"), &value)
                })
        };
        let passwd = process.passwd_entry.as_ref().map(fill);
        let unnamed = name.parse::<u32>().is_ok();
        let passwd =
            passwd.or_else(|| unnamed.then(|| format!("{name}:*:{uid}:{gid}:container user:{home}:/bin/sh")));
        let entry = process.group_entry.as_ref().map(fill);
        let entry = entry.or_else(|| unnamed.then(|| format!("{gid}:x:{gid}:{name}")));
        Account { name: name.clone(), uid, gid, home: home.clone(), passwd, group: entry }
    });
    let of_host = process.host_users.iter().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, _] = fields[..] else { return None };
        Some(Account {
            name: name.to_string(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            home: home.to_string(),
            passwd: Some(line.clone()),
            group: Some(String::new()),
        })
    });
    main.into_iter().chain(of_host).collect()
}

fn usual_devices() -> Vec<Device> {
    let node = |path: &str, major, minor| Device { kind: "c".into(), path: path.into(), major, minor };
    vec![
        node("/dev/null", 1, 3),
        node("/dev/zero", 1, 5),
        node("/dev/full", 1, 7),
        node("/dev/random", 1, 8),
        node("/dev/urandom", 1, 9),
        node("/dev/tty", 5, 0),
    ]
}

fn namespaces(config: &ContainerConfig, input: &LowerInput<'_>) -> Result<Vec<Namespace>> {
    let mut list = vec![Namespace { kind: NamespaceKind::Mount, path: None }];
    match &config.namespaces.user {
        UserNamespace::Host => {}
        UserNamespace::Container { id, .. } => {
            list.push(Namespace { kind: NamespaceKind::User, path: Some(of_container(input, id, "user")?) });
        }
        UserNamespace::Path { path, .. } => {
            list.push(Namespace { kind: NamespaceKind::User, path: Some(path.clone()) });
        }
        _ => list.push(Namespace { kind: NamespaceKind::User, path: None }),
    }
    let mut add = |kind: NamespaceKind, share: &Share, file: &str| -> Result<()> {
        match share {
            Share::Private => list.push(Namespace { kind, path: None }),
            Share::Host => {}
            Share::Container(id) => list.push(Namespace { kind, path: Some(of_container(input, id, file)?) }),
        }
        Ok(())
    };
    let shares = &config.namespaces;
    add(NamespaceKind::Pid, &shares.pid, "pid")?;
    add(NamespaceKind::Ipc, &shares.ipc, "ipc")?;
    add(NamespaceKind::Uts, &shares.uts, "uts")?;
    add(NamespaceKind::Cgroup, &shares.cgroup, "cgroup")?;
    match &config.network.mode {
        NetworkMode::Host => {}
        NetworkMode::Container(id) => {
            list.push(Namespace {
                kind: NamespaceKind::Network,
                path: Some(of_container(input, id, "net")?),
            });
        }
        NetworkMode::Path(path) => {
            list.push(Namespace { kind: NamespaceKind::Network, path: Some(path.clone()) });
        }
        _ => list.push(Namespace { kind: NamespaceKind::Network, path: None }),
    }
    Ok(list)
}

fn of_container(input: &LowerInput<'_>, id: &ContainerId, file: &str) -> Result<PathBuf> {
    let init = input.inits.get(id).ok_or_else(|| {
        Error::new(
            Kind::Conflict,
            format!("container {} does not run, so its {file} namespace cannot be shared", id.short()),
        )
        .hint(format!("start it first: box start {}", id.short()))
    })?;
    Ok(PathBuf::from(format!("/proc/{init}/ns/{file}")))
}

fn sysctls(config: &ContainerConfig, input: &LowerInput<'_>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let private =
        !matches!(config.network.mode, NetworkMode::Host | NetworkMode::Container(_) | NetworkMode::Path(_));
    if private && !input.fixed_knobs {
        // ping without a capability, for every group that is mapped (icmp(7)).
        all.insert("net.ipv4.ping_group_range".to_string(), format!("0 {}", input.last_gid));
    }
    all.extend(config.security.sysctls.iter().cloned());
    all
}

/// The root: the container's own directory over the layers.
fn overlay(input: &LowerInput<'_>) -> Mount {
    let mut options = vec!["userxattr".to_string()];
    if input.volatile {
        options.push("volatile".into());
    }
    // The topmost first, one option each: the page size does not bound their number (Linux 6.5).
    for layer in input.layers.iter().rev() {
        options.push(format!("lowerdir+={}", layer.display()));
    }
    options.push(format!("upperdir={}", input.container.join("diff").display()));
    options.push(format!("workdir={}", input.container.join("work").display()));
    if input.served {
        return mount("/", "fuse", "box", options);
    }
    mount("/", "overlay", "overlay", options)
}

/// With the host's network /sys has to be the host's own, which shows more of the kernel than a new
/// one: what podman hides then is hidden here.
fn masked_paths(config: &ContainerConfig) -> Vec<String> {
    let mut paths = config.security.masked_paths.clone();
    let of_the_host = matches!(config.network.mode, NetworkMode::Host | NetworkMode::Path(_));
    if of_the_host && paths.iter().any(|path| path == "/sys/firmware") {
        paths.push("/sys/kernel".to_string());
    }
    paths
}

fn kernel_mounts(config: &ContainerConfig, input: &LowerInput<'_>) -> Vec<Mount> {
    let privileged = config.security.privileged;
    let host_net = matches!(config.network.mode, NetworkMode::Host | NetworkMode::Path(_));
    let host_ipc = config.namespaces.ipc == Share::Host;
    let mut mounts = Vec::new();
    mounts.push(match &config.namespaces.pid {
        Share::Host => mount("/proc", "bind", "/proc", words("rbind")),
        Share::Private => mount("/proc", "proc", "proc", words("nosuid,noexec,nodev")),
        // We mount before we are in that namespace, so its own procfs is what is mounted, without
        // the masks it has there; ours follow.
        Share::Container(id) => {
            let source = format!("/proc/{}/root/proc", input.inits.get(id).copied().unwrap_or(0));
            mount("/proc", "bind", &source, words("bind,nosuid,noexec,nodev"))
        }
    });
    let mut add = |at: &str, kind: &str, options: &str| mounts.push(mount(at, kind, kind, words(options)));
    let ro = if config.security.read_only_dev { ",ro" } else { "" };
    add("/dev", "tmpfs", &format!("nosuid,noexec,strictatime,mode=755,size=65536k{ro}"));
    // Group 5 is tty in every distribution; with one id mapped there is no group 5.
    let pts = "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620";
    // The group tty has to be one that is mapped.
    let tty = !input.single_id && input.last_gid >= 5;
    add("/dev/pts", "devpts", &if tty { format!("{pts},gid=5") } else { pts.to_string() });
    if host_ipc {
        add("/dev/mqueue", "bind", "rbind,nosuid,noexec,nodev,box.optional");
        add("/dev/shm", "bind", "rbind,nosuid,noexec,nodev,box.optional");
    } else {
        add("/dev/mqueue", "mqueue", "nosuid,noexec,nodev");
        if let Share::Container(id) = &config.namespaces.ipc
            && let Some(init) = input.inits.get(id)
        {
            mounts.push(mount(
                "/dev/shm",
                "bind",
                &format!("/proc/{init}/root/dev/shm"),
                words("rbind,nosuid,noexec,nodev"),
            ));
        } else {
            let size = config.security.shm_size;
            mounts.push(mount(
                "/dev/shm",
                "tmpfs",
                "shm",
                words(&format!("nosuid,noexec,nodev,mode=1777,size={size}{ro}")),
            ));
        }
    }
    let access = if privileged { "rw" } else { "ro" };
    let mut add = |at: &str, kind: &str, options: &str| mounts.push(mount(at, kind, kind, words(options)));
    if host_net {
        // A new sysfs needs the network namespace to be ours.
        add("/sys", "bind", &format!("rbind,nosuid,noexec,nodev,{access}"));
    } else {
        add("/sys", "sysfs", &format!("nosuid,noexec,nodev,{access}"));
        add("/sys/fs/cgroup", "cgroup2", &format!("nosuid,noexec,nodev,{access},box.optional"));
    }
    for bound in mounts.iter_mut().filter(|m| m.kind == "bind" && m.source == "bind") {
        bound.source.clone_from(&bound.destination);
    }
    mounts
}

/// The files that say who the container is; `network::hosts` has written them.
fn identity_mounts(config: &ContainerConfig, input: &LowerInput<'_>) -> Vec<Mount> {
    let identity = &config.identity;
    let mut mounts = Vec::new();
    let mut bind = |at: &str, name: &str| {
        let source = input.container.join(name);
        let mut options = words("bind,rprivate,nosuid,nodev");
        // In a mount of the user's that cannot be written to there is no place for it.
        if config.mounts.iter().any(|m| Path::new(at).starts_with(&m.destination)) {
            options.push("box.optional".into());
        }
        mounts.push(mount(at, "bind", &source.to_string_lossy(), options));
    };
    let taken = |at: &str| config.mounts.iter().any(|m| m.destination == at);
    if !identity.keep_resolv_conf && !taken("/etc/resolv.conf") {
        bind("/etc/resolv.conf", "resolv.conf");
    }
    if !identity.no_hosts && !taken("/etc/hosts") {
        bind("/etc/hosts", "hosts");
    }
    if !identity.no_hostname && !taken("/etc/hostname") {
        bind("/etc/hostname", "hostname");
    }
    if config.identity.timezone.is_some() && !taken("/etc/localtime") {
        bind("/etc/localtime", "localtime");
    }
    bind("/run/.containerenv", "containerenv");
    if input.single_id {
        bind(APT_CONFIG, APT_CONFIG_FILE);
    }
    mounts
}

fn add_root(config: &ContainerConfig, input: &LowerInput<'_>, spec: &mut Spec) {
    match &config.rootfs {
        Rootfs::Layers(_) => match &input.copied {
            Some(copied) => spec.root.path.clone_from(copied),
            None => spec.mounts.push(overlay(input)),
        },
        Rootfs::Directory(path) => spec.root.path = path.clone(),
    }
}

/// Makes a spec of the container's files alone: its root and the user's mounts.
///
/// # Errors
/// None now.
pub fn files(config: &ContainerConfig, input: &LowerInput<'_>) -> Result<Spec> {
    let mut spec = Spec {
        root: Root { path: input.container.join("merged"), readonly: false },
        linux: Linux {
            uid_mappings: mappings(input.nested.map(|maps| &maps.uids[..])),
            gid_mappings: mappings(input.nested.map(|maps| &maps.gids[..])),
            ..Linux::default()
        },
        extension: Extension { user: config.process.user.clone(), ..Extension::default() },
        ..Spec::default()
    };
    add_root(config, input, &mut spec);
    mounts::user_mounts(config, input, &mut spec)?;
    spec.mounts.sort_by(|a, b| Path::new(&a.destination).cmp(Path::new(&b.destination)));
    Ok(spec)
}

/// What `exec` asks for, over what the container has.
#[derive(Clone, Debug, Default)]
pub struct ExecProcess {
    /// Program and arguments.
    pub args: Vec<String>,
    /// `KEY=VALUE`, over the container's own.
    pub env: Vec<String>,
    /// `user[:group]`; the container's if `None`.
    pub user: Option<String>,
    /// The container's if `None`.
    pub workdir: Option<String>,
    /// A pty.
    pub tty: bool,
    /// All capabilities, no filter.
    pub privileged: bool,
}

/// Makes the spec of a further process of a container: only its process, capabilities and filter.
///
/// # Errors
/// When the seccomp profile cannot be read.
pub fn lower_exec(config: &ContainerConfig, exec: &ExecProcess) -> Result<Spec> {
    let process = &config.process;
    let security = &config.security;
    let mut env = process.env.clone();
    for entry in &exec.env {
        let key = entry.split('=').next().unwrap_or_default();
        env.retain(|e| e.split('=').next() != Some(key));
        env.push(entry.clone());
    }
    let mut default = |key: &str, value: &str| {
        if !env.iter().any(|e| e.split('=').next() == Some(key)) {
            env.push(format!("{key}={value}"));
        }
    };
    if !config.identity.hostname.is_empty() {
        default("HOSTNAME", &config.identity.hostname);
    }
    if exec.tty {
        default("TERM", "xterm");
    }
    let names: Vec<String> = if exec.privileged {
        CapSet::all(Cap::NEWEST.number()).names()
    } else {
        security.capabilities.clone()
    };
    let unfiltered = security.privileged || exec.privileged;
    let mut spec = Spec {
        oci_version: "1.1.0".into(),
        process: Process {
            terminal: exec.tty,
            user: User { umask: Some(process.umask), ..User::default() },
            args: exec.args.clone(),
            env,
            cwd: exec.workdir.clone().unwrap_or_else(|| process.workdir.clone()),
            capabilities: capabilities(&names),
            rlimits: process.ulimits.iter().map(rlimit).collect(),
            no_new_privileges: security.no_new_privileges,
            oom_score_adj: process.oom_score_adj,
        },
        extension: Extension {
            user: match &exec.user {
                Some(user) => user.clone(),
                None if process.user.is_empty() => "0".into(),
                None => process.user.clone(),
            },
            groups: process.groups.clone(),
            default_seccomp: security.seccomp == SeccompChoice::Default && !unfiltered,
            ..Extension::default()
        },
        ..Spec::default()
    };
    if let (SeccompChoice::Profile(text), false) = (&security.seccomp, unfiltered) {
        spec.linux.seccomp = Some(parse_profile(text)?);
    }
    Ok(spec)
}

fn parse_profile(text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text)
        .map_err(|e| Error::new(Kind::Invalid, "the seccomp profile is not JSON").because(e))
}
