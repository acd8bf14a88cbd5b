//! From what was asked to what is decided: every default of box stands in here.
//!
//! No input or output: what has to be known of the host comes in as [`HostFacts`], what has to be
//! known of the image as [`ImageFacts`].

use super::bridge::{Join, NetworkName};
use super::caps::{CapSet, apply};
use super::config::{
    CONFIG_VERSION, ContainerConfig, Ending, Identity, ImageOrigin, Log, LogDriver, Namespace, Namespaces,
    Network, NetworkMode, Process, Rootfs, SeccompChoice, Security, Ulimit, UserNamespace,
};
use super::env::{Env, HostEnv};
use super::id::ContainerId;
use super::limit::UlimitRequest;
use super::link::Link;
use super::mounts::MountFacts;
use super::port::{self, Exposed, Port, PortMap};
use super::request::{ContainerRequest, NamespaceRequest, NetworkRequest, UserNamespaceRequest};
use super::security::{self, SecurityOption};
use super::size::ByteSize;
use super::uplink::UplinkOptions;
use super::volume::clean_path;
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::image::config::ImageConfig;
use crate::image::digest::{BlobDigest, ChainId, ImageId};
use crate::settings::StorageDriver;
use crate::sys::signal::Signal;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// PATH where the image has none.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Soft and hard limit of open files and of processes, unless the host's hard limit is lower.
const DEFAULT_LIMIT: u64 = 1_048_576;
/// Bytes of /dev/shm.
const DEFAULT_SHM: u64 = 64 << 20;
/// Seconds between the stop signal and SIGKILL.
const DEFAULT_STOP_TIMEOUT: u32 = 10;
/// The host's variables that a container gets unless `--http-proxy=false`.
const PROXIES: [&str; 8] = [
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "NO_PROXY",
];

/// What is known of the image.
#[derive(Clone, Copy, Debug)]
pub struct ImageFacts<'a> {
    /// The full name it was found under, or what was typed for an id.
    pub name: &'a str,
    /// Its id.
    pub id: &'a ImageId,
    /// The digest of its manifest.
    pub digest: Option<&'a BlobDigest>,
    /// Its unpacked layers, lowest first.
    pub layers: &'a [ChainId],
    /// Its configuration.
    pub config: &'a ImageConfig,
}

/// What is known of the host.
#[derive(Clone, Debug, Default)]
pub struct HostFacts {
    /// Its name.
    pub hostname: String,
    /// The caller's environment.
    pub env: HostEnv,
    /// The caller's directory, which relative paths start from; `None` if it is gone.
    pub cwd: Option<PathBuf>,
    /// The caller's hard limits by name (`nofile`, `nproc` …).
    pub hard_limits: BTreeMap<String, u64>,
    /// The caller may raise its hard limits (root on the host).
    pub may_raise_limits: bool,
    /// How many processors it has.
    pub processors: u32,
    /// The number of the newest capability that the kernel knows.
    pub last_capability: u8,
    /// How its root file system is to be made.
    pub storage: StorageDriver,
    /// The caller's user and group.
    pub ids: (u32, u32),
    /// The user namespace, where it takes more than the request to decide on it.
    pub user_namespace: Option<UserNamespace>,
    /// The caller's login name; only asked for when its ids are kept.
    pub user_name: String,
    /// The containers that the request names ([`ContainerRequest::named_containers`]), found.
    pub containers: BTreeMap<String, ContainerId>,
    /// The networks that it names ([`ContainerRequest::named_networks`]), found.
    pub networks: BTreeMap<String, NetworkName>,
    /// What the mounts refer to.
    pub mounts: MountFacts,
}

impl HostFacts {
    /// The path as an absolute one, for a caller who may have named it from its own directory.
    ///
    /// # Errors
    /// `NotFound` for a relative one when that directory is gone.
    pub(super) fn absolute(&self, path: impl AsRef<Path>) -> Result<PathBuf> {
        let path = path.as_ref();
        match &self.cwd {
            Some(cwd) => Ok(cwd.join(path)),
            None if path.is_absolute() => Ok(path.to_path_buf()),
            None => Err(Error::new(
                Kind::NotFound,
                format!("the current directory is gone, and {} would be in it", path.display()),
            )
            .hint("cd to another, or give an absolute path")),
        }
    }
}

/// Decides everything about a container.
///
/// # Errors
/// `Invalid` when the words contradict each other, or when there is no command to run;
/// `NotFound` when a container that is named is not among the host's facts.
pub fn resolve(
    request: &ContainerRequest,
    image: Option<ImageFacts<'_>>,
    id: ContainerId,
    now: Timestamp,
    host: &HostFacts,
) -> Result<ContainerConfig> {
    let none = ImageConfig::default();
    let from_image = image.map_or(&none, |image| image.config);
    let namespaces = namespaces(request, host)?;
    let network = network(request, from_image, host)?;
    let identity = identity(request, &namespaces, &network.mode, &id, host)?;
    let security = security(request, &network.mode, &namespaces, host)?;
    let mounts = super::mounts::resolve(request, from_image, &id, host)?;
    let rootfs = match image {
        _ if request.rootfs => Rootfs::Directory(host.absolute(&request.image)?),
        Some(image) => Rootfs::Layers(image.layers.to_vec()),
        None => return Err(invalid("a container needs an image, or a directory with --rootfs")),
    };
    Ok(ContainerConfig {
        version: CONFIG_VERSION,
        created: now,
        create_command: request.create_command.clone(),
        image: image.map_or_else(ImageOrigin::default, |image| ImageOrigin {
            name: image.name.to_string(),
            id: Some(image.id.clone()),
            digest: image.digest.cloned(),
        }),
        rootfs,
        storage: host.storage,
        process: process(request, from_image, &namespaces.user, host)?,
        namespaces,
        identity,
        network,
        mounts,
        volumes_from: super::mounts::volumes_from_words(&request.volumes_from),
        devices: request.devices.clone(),
        security,
        log: log(request)?,
        ending: ending(request, from_image, host)?,
        labels: labels(request, from_image),
        annotations: request.annotations.clone(),
        requires: request.requires.iter().map(|name| other(name, host)).collect::<Result<_>>()?,
        id,
    })
}

fn process(
    request: &ContainerRequest,
    image: &ImageConfig,
    namespace: &UserNamespace,
    host: &HostFacts,
) -> Result<Process> {
    let asked = &request.process;
    let of_image = &image.config;
    // As Docker and podman: whoever replaces the entrypoint does not want the arguments that were
    // meant for the old one.
    let entrypoint = match &asked.entrypoint {
        Some(words) => words.clone(),
        None => of_image.entrypoint.clone().unwrap_or_default(),
    };
    let cmd = match &asked.entrypoint {
        _ if !request.command.is_empty() => request.command.clone(),
        Some(_) => Vec::new(),
        None => of_image.cmd.clone().unwrap_or_default(),
    };
    if entrypoint.is_empty() && cmd.is_empty() {
        return Err(invalid(format!("there is no command to run: {} names none", request.image))
            .hint(format!("give one after the image, as in `box run {} sh`", request.image)));
    }
    let workdir = match &asked.workdir {
        Some(dir) if !dir.starts_with('/') => {
            return Err(invalid(format!("--workdir {dir:?} is not an absolute path, as in --workdir /srv")));
        }
        Some(dir) => clean_path(dir),
        None => clean_path(&of_image.working_dir),
    };
    Ok(Process {
        entrypoint,
        cmd,
        env: environment(request, image, host)?.lines(),
        workdir,
        user: match (&asked.user, namespace) {
            (Some(user), _) => user.clone(),
            // Whoever keeps its ids wants to be itself, as with podman.
            (None, UserNamespace::KeepId { uid, gid, .. }) => format!("{uid}:{gid}"),
            (None, _) => of_image.user.clone(),
        },
        groups: asked.groups.clone(),
        tty: asked.tty,
        open_stdin: asked.interactive,
        umask: asked.umask.unwrap_or(0o022),
        ulimits: ulimits(&asked.ulimits, &request.defaults.ulimits, host)?,
        oom_score_adj: asked.oom_score_adj,
        init: asked.init,
        no_passwd: asked.no_passwd,
        passwd_entry: asked.passwd_entry.clone(),
        group_entry: asked.group_entry.clone(),
        host_users: asked.host_users.clone(),
    })
}

/// Ours, then the image's, then the host's, then the user's; each may replace the one before.
fn environment(request: &ContainerRequest, image: &ImageConfig, host: &HostFacts) -> Result<Env> {
    let asked = &request.process;
    let mut env = Env::default();
    if !asked.unset_env_all {
        for word in &request.defaults.env {
            env.apply(word, &host.env)?;
        }
        env.set_lines(&image.config.env);
        env.set_default("PATH", DEFAULT_PATH);
        env.set_default("container", "oci");
        if asked.tty {
            env.set_default("TERM", "xterm");
        }
    }
    if !asked.no_proxy_env {
        for (key, value) in host.env.iter().filter(|(key, _)| PROXIES.contains(&key.as_str())) {
            env.set_default(key, value);
        }
    }
    if asked.env_host {
        for (key, value) in &host.env {
            env.set(key, value);
        }
    }
    for key in &asked.unset_env {
        env.unset(key);
    }
    for word in &asked.env {
        env.apply(word, &host.env)?;
    }
    for word in &asked.env_merge {
        let expanded = env.expand(word);
        env.apply(&expanded, &host.env)?;
    }
    Ok(env)
}

fn ulimits(asked: &[UlimitRequest], defaults: &[UlimitRequest], host: &HostFacts) -> Result<Vec<Ulimit>> {
    let mut limits: Vec<Ulimit> = Vec::new();
    let host_only = asked.contains(&UlimitRequest::Host);
    for name in ["nofile", "nproc"] {
        if !host_only {
            let hard = host.hard_limits.get(name).copied().unwrap_or(u64::MAX).min(DEFAULT_LIMIT);
            limits.push(Ulimit { name: name.to_string(), soft: hard, hard });
        }
    }
    // A default that the caller may not have is as much of it as there is.
    for limit in defaults {
        let UlimitRequest::Set(limit) = limit else { continue };
        let most = host.hard_limits.get(&limit.name).copied().unwrap_or(u64::MAX);
        let most = if host.may_raise_limits { u64::MAX } else { most };
        limits.retain(|known| known.name != limit.name);
        limits.push(Ulimit {
            name: limit.name.clone(),
            soft: limit.soft.min(most),
            hard: limit.hard.min(most),
        });
    }
    for limit in asked {
        let UlimitRequest::Set(limit) = limit else { continue };
        let most = host.hard_limits.get(&limit.name).copied().unwrap_or(u64::MAX);
        if limit.hard > most && !host.may_raise_limits {
            return Err(Error::new(
                Kind::Denied,
                format!("--ulimit {}={}: your own hard limit is {most}", limit.name, limit.hard),
            )
            .hint(format!(
                "ask for at most {most}, or raise it in /etc/security/limits.conf and log in again"
            )));
        }
        limits.retain(|known| known.name != limit.name);
        limits.push(limit.clone());
    }
    Ok(limits)
}

fn namespaces(request: &ContainerRequest, host: &HostFacts) -> Result<Namespaces> {
    let asked = &request.namespaces;
    let one = |namespace: &NamespaceRequest| -> Result<Namespace> {
        Ok(match namespace {
            NamespaceRequest::Private => Namespace::Private,
            NamespaceRequest::Host => Namespace::Host,
            NamespaceRequest::Container(name) => Namespace::Container(other(name, host)?),
        })
    };
    Ok(Namespaces {
        pid: one(&asked.pid)?,
        ipc: one(&asked.ipc)?,
        uts: one(&asked.uts)?,
        cgroup: one(&asked.cgroup)?,
        user: user_namespace(request, host)?,
    })
}

fn user_namespace(request: &ContainerRequest, host: &HostFacts) -> Result<UserNamespace> {
    let asked = &request.namespaces;
    let user = match (&host.user_namespace, &asked.user) {
        (Some(decided), _) => decided.clone(),
        (None, UserNamespaceRequest::NoMap) => UserNamespace::NoMap,
        (None, UserNamespaceRequest::KeepId { uid, gid, size }) => {
            // Other ids than the host's are most likely those of a user that the image has.
            let name = if (uid, gid) == (&None, &None) { host.user_name.clone() } else { String::new() };
            let (uid, gid) = (uid.unwrap_or(host.ids.0), gid.unwrap_or(host.ids.1));
            UserNamespace::KeepId { uid, gid, name, size: *size }
        }
        (None, _) => UserNamespace::Host,
    };
    let joined = match &user {
        UserNamespace::Host => return Ok(user),
        UserNamespace::Container { id, .. } => Some(id),
        _ => None,
    };
    // They belong to the other one's user namespace, and a new one has no rights over them.
    let of_others =
        [("--pid", &asked.pid), ("--ipc", &asked.ipc), ("--uts", &asked.uts), ("--cgroupns", &asked.cgroup)];
    let mut shared = of_others.into_iter().filter_map(|(flag, one)| match one {
        NamespaceRequest::Container(name) => Some((flag, Some(name))),
        _ => None,
    });
    let network = match request.networks.first() {
        Some(NetworkRequest::Container(name)) => Some(("--network container", Some(name))),
        Some(NetworkRequest::Path(_)) => Some(("--network ns", None)),
        _ => None,
    };
    let of_it =
        |name: Option<&String>| joined.is_some() && name.and_then(|n| host.containers.get(n)) == joined;
    match shared.find(|(_, name)| !of_it(*name)).or(network.filter(|(_, name)| !of_it(*name))) {
        Some((flag, _)) => Err(Error::new(
            Kind::Unsupported,
            format!("{flag}: namespaces of another user namespace cannot be shared under this --userns"),
        )
        .hint("with --userns container:NAME, and host, the namespaces of NAME can be")),
        None => Ok(user),
    }
}

fn other(name: &str, host: &HostFacts) -> Result<ContainerId> {
    host.containers
        .get(name)
        .cloned()
        .ok_or_else(|| Error::new(Kind::NotFound, format!("there is no container {name:?}")))
}

fn network(request: &ContainerRequest, image: &ImageConfig, host: &HostFacts) -> Result<Network> {
    let first = request.networks.first();
    let mode = match first {
        None | Some(NetworkRequest::Bridge(_)) => NetworkMode::Bridge,
        Some(NetworkRequest::Slirp4netns(_)) => NetworkMode::Slirp4netns,
        Some(NetworkRequest::None) => NetworkMode::None,
        Some(NetworkRequest::Host) => NetworkMode::Host,
        Some(NetworkRequest::Container(name)) => NetworkMode::Container(other(name, host)?),
        Some(NetworkRequest::Path(path)) => NetworkMode::Path(host.absolute(path)?),
        Some(NetworkRequest::Pasta(_)) => NetworkMode::Pasta,
    };
    let joins = joins(request, host)?;
    let links = links(request, &mode, host)?;
    let mut exposed: Vec<String> = request.expose.iter().flat_map(Exposed::ports).collect();
    for port in image.config.exposed_ports.keys() {
        let port: Exposed = port.parse().doing(|| "read the ports that the image exposes")?;
        exposed.extend(port.ports());
    }
    let ports = published(request, &mode, &mut exposed)?;
    port::sort(&mut exposed);
    let uplink = match first {
        Some(NetworkRequest::Slirp4netns(options) | NetworkRequest::Pasta(options)) => options.clone(),
        _ => UplinkOptions::default(),
    };
    Ok(Network { mode, exposed, uplink, ports, publish_all: request.publish_all, joins, links })
}

/// The links, each alias once.
fn links(request: &ContainerRequest, mode: &NetworkMode, host: &HostFacts) -> Result<Vec<Link>> {
    if !request.links.is_empty() && *mode != NetworkMode::Bridge {
        return Err(invalid("--link needs a network that both containers are in")
            .hint("leave --network away, or name one of `box network ls`"));
    }
    let mut links: Vec<Link> = Vec::new();
    for word in &request.links {
        let link = Link { container: other(&word.container, host)?, alias: word.alias.clone() };
        if links.iter().any(|known| known.alias == link.alias && *known != link) {
            return Err(invalid(format!("two links have the alias {:?}", link.alias)));
        }
        if !links.contains(&link) {
            links.push(link);
        }
    }
    Ok(links)
}

/// What is published: first what was named, then, with `-P`, all else that is exposed. Whatever is
/// published is exposed too.
fn published(
    request: &ContainerRequest,
    mode: &NetworkMode,
    exposed: &mut Vec<String>,
) -> Result<Vec<PortMap>> {
    let mut ports: Vec<PortMap> = Vec::new();
    for map in &request.publish {
        if ports.contains(map) {
            continue;
        }
        if let Some(other) = ports.iter().find(|other| other.clashes(map)) {
            return Err(invalid(format!(
                "--publish {other} and --publish {map} want the same port of the host"
            )));
        }
        ports.push(map.clone());
    }
    if request.publish_all {
        // What cannot be published, such as sctp, stays exposed.
        for port in exposed.iter().filter_map(|port| port.parse::<Port>().ok()) {
            if !ports.iter().any(|map| map.port() == port) {
                ports.push(PortMap::anywhere(port));
            }
        }
    }
    if matches!(mode, NetworkMode::Path(_)) && !ports.is_empty() {
        return Err(invalid("--publish cannot be used with --network ns: box does not know its addresses"));
    }
    exposed.extend(ports.iter().map(|map| map.port().to_string()));
    Ok(ports)
}

/// The networks it takes part in, each once.
fn joins(request: &ContainerRequest, host: &HostFacts) -> Result<Vec<Join>> {
    let mut joins: Vec<Join> = Vec::new();
    for network in &request.networks {
        let NetworkRequest::Bridge(asked) = network else {
            if request.networks.len() > 1 {
                return Err(invalid(
                    "several --network only go together if all are networks of `box network ls`",
                ));
            }
            return Ok(Vec::new());
        };
        let network = match &asked.network {
            None => NetworkName::default_network(),
            Some(word) => host.networks.get(word).cloned().ok_or_else(|| {
                Error::new(
                    Kind::NotFound,
                    format!("unable to find network with name or ID {word}: network not found"),
                )
            })?,
        };
        if joins.iter().any(|known| known.network == network) {
            return Err(invalid(format!("--network {network} is given twice")));
        }
        if let Some(name) = &asked.interface
            && joins.iter().any(|known| known.interface.as_ref() == Some(name))
        {
            return Err(invalid(format!("two networks cannot have the same interface {name}")));
        }
        joins.push(Join {
            network,
            ip4: asked.ip4,
            ip6: asked.ip6,
            mac: asked.mac,
            aliases: asked.aliases.clone(),
            interface: asked.interface.clone(),
        });
    }
    if request.networks.is_empty() {
        joins.push(Join::plain(NetworkName::default_network()));
    }
    Ok(joins)
}

fn identity(
    request: &ContainerRequest,
    namespaces: &Namespaces,
    mode: &NetworkMode,
    id: &ContainerId,
    host: &HostFacts,
) -> Result<Identity> {
    let asked = &request.identity;
    let hostname = match (&asked.hostname, &namespaces.uts) {
        (Some(_), Namespace::Host) => {
            return Err(invalid("--hostname cannot be used with --uts host: it would rename the host"));
        }
        (Some(_), Namespace::Container(_)) => {
            return Err(invalid(
                "--hostname cannot be used with --uts container: the other one has its name",
            ));
        }
        (Some(name), Namespace::Private) => name.clone(),
        (None, Namespace::Host) => host.hostname.clone(),
        (None, _) => id.short().to_string(),
    };
    if asked.domainname.is_some() && namespaces.uts != Namespace::Private {
        return Err(invalid("--domainname needs a UTS namespace of the container's own, not --uts"));
    }
    if asked.no_hosts && !asked.add_hosts.is_empty() {
        return Err(invalid("--no-hosts cannot be used with --add-host"));
    }
    if matches!(mode, NetworkMode::Container(_)) && !asked.dns.is_empty() {
        return Err(invalid(
            "--dns cannot be used with --network container: the other one has its name servers",
        ));
    }
    let keep_resolv_conf = asked.dns.iter().any(|word| word == "none");
    if keep_resolv_conf && asked.dns.len() > 1 {
        return Err(invalid("--dns none cannot be used with other name servers"));
    }
    Ok(Identity {
        hostname,
        domainname: asked.domainname.clone().unwrap_or_default(),
        dns_servers: if keep_resolv_conf { Vec::new() } else { asked.dns.clone() },
        dns_search: asked.dns_search.clone(),
        dns_options: asked.dns_options.clone(),
        keep_resolv_conf,
        extra_hosts: asked.add_hosts.clone(),
        base_hosts: match asked.hosts_file.as_deref() {
            None => None,
            Some("none") => Some(PathBuf::new()),
            Some("image") => Some("image".into()),
            Some(file) => Some(host.absolute(file)?),
        },
        no_hosts: asked.no_hosts,
        no_hostname: asked.no_hostname,
        timezone: asked.timezone.clone(),
    })
}

fn security(
    request: &ContainerRequest,
    mode: &NetworkMode,
    namespaces: &Namespaces,
    host: &HostFacts,
) -> Result<Security> {
    let (asked, defaults) = (&request.security, &request.defaults);
    let last = host.last_capability;
    let base = match &defaults.capabilities {
        _ if asked.privileged => CapSet::all(last),
        Some(names) => apply(CapSet::EMPTY, names, &[], last).doing(|| "use default_capabilities")?,
        None => CapSet::DEFAULT,
    };
    let capabilities = apply(base, &asked.cap_add, &asked.cap_drop, last)?;
    let mut masked = security::masked(host.processors);
    let mut read_only: Vec<String> = security::READ_ONLY.iter().map(ToString::to_string).collect();
    let mut seccomp = SeccompChoice::Default;
    if asked.privileged {
        masked.clear();
        read_only.clear();
        seccomp = SeccompChoice::Unconfined;
    }
    let mut no_new_privileges = false;
    for option in &asked.options {
        match option {
            SecurityOption::SeccompUnconfined => seccomp = SeccompChoice::Unconfined,
            SecurityOption::SeccompDefault => seccomp = SeccompChoice::Default,
            SecurityOption::SeccompFile(file) => {
                let text = asked.seccomp_profile.clone();
                let text = text.ok_or_else(|| invalid(format!("nobody has read the profile {file}")))?;
                seccomp = SeccompChoice::Profile(text);
            }
            SecurityOption::NoNewPrivileges(on) => no_new_privileges = *on,
            SecurityOption::Mask(paths) => masked.extend(paths.iter().map(|path| clean_path(path))),
            SecurityOption::UnmaskAll => {
                masked.clear();
                read_only.clear();
            }
            SecurityOption::Unmask(patterns) => {
                let open = |path: &String| !patterns.iter().any(|p| security::glob_matches(p, path));
                masked.retain(open);
                read_only.retain(open);
            }
            SecurityOption::Nothing => {}
        }
    }
    for (key, _) in &asked.sysctls {
        check_sysctl(key, mode)?;
    }
    let mut sysctls: Vec<(String, String)> = defaults.sysctls.clone();
    sysctls.retain(|(key, _)| {
        let own_ipc = namespaces.ipc == Namespace::Private;
        let is_free = if key.starts_with("net.") { check_sysctl(key, mode).is_ok() } else { own_ipc };
        is_free && !asked.sysctls.iter().any(|(known, _)| known == key)
    });
    sysctls.extend(asked.sysctls.iter().cloned());
    Ok(Security {
        privileged: asked.privileged,
        capabilities: capabilities.names(),
        no_new_privileges,
        seccomp,
        masked_paths: masked,
        readonly_paths: read_only,
        read_only_root: asked.read_only,
        read_only_dev: asked.read_only && asked.no_read_only_tmpfs,
        sysctls,
        shm_size: asked.shm_size.unwrap_or(DEFAULT_SHM),
        options: asked.option_words.clone(),
        cap_add: asked.cap_add.clone(),
        cap_drop: asked.cap_drop.clone(),
    })
}

/// Only what belongs to a namespace of the container's own can be set.
fn check_sysctl(key: &str, mode: &NetworkMode) -> Result<()> {
    let key = key.replace('/', ".");
    let ipc = ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."];
    let uts = ["kernel.domainname", "kernel.hostname"];
    if ipc.iter().any(|start| key.starts_with(start)) || uts.contains(&key.as_str()) {
        return Ok(());
    }
    if key.starts_with("net.") {
        return match mode {
            NetworkMode::Host | NetworkMode::Container(_) | NetworkMode::Path(_) => Err(invalid(format!(
                "--sysctl {key} cannot be set: the container has no network namespace of its own"
            ))),
            _ => Ok(()),
        };
    }
    Err(invalid(format!("--sysctl {key} belongs to the whole host"))
        .hint("a container can set net.*, kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.*"))
}

fn log(request: &ContainerRequest) -> Result<Log> {
    let (mut path, mut max_size, mut max_files) = (None, None, 1);
    for (key, value) in &request.log_options {
        match key.as_str() {
            "path" => path = Some(PathBuf::from(value)),
            // For `logs --details`.
            "tag" | "labels" | "env" => {}
            "max-size" if value == "-1" => {}
            "max-size" => {
                let size: ByteSize = value.parse().doing(|| "use --log-opt max-size")?;
                if size.0 == 0 {
                    return Err(invalid("--log-opt max-size is more than 0, or -1 for no limit"));
                }
                max_size = Some(size.0);
            }
            "max-file" => match value.parse() {
                Ok(number @ 1..=1000) => max_files = number,
                _ => return Err(invalid(format!("--log-opt max-file={value} is no number from 1 to 1000"))),
            },
            _ => {
                return Err(invalid(format!(
                    "there is no log option {key:?} (env, labels, max-file, max-size, path, tag)"
                )));
            }
        }
    }
    let driver = request.log_driver.unwrap_or(LogDriver::K8sFile);
    Ok(Log { driver, path, max_size, max_files, options: request.log_options.clone() })
}

fn ending(request: &ContainerRequest, image: &ImageConfig, host: &HostFacts) -> Result<Ending> {
    let asked = &request.ending;
    let stop_signal = match (asked.stop_signal, &image.config.stop_signal) {
        (Some(number), _) => number,
        (None, Some(text)) if !text.is_empty() => {
            text.parse::<Signal>().doing(|| "read the image's stop signal")?.number()
        }
        (None, _) => Signal::TERM.number(),
    };
    let absolute = |path: Option<&Path>| path.map(|path| host.absolute(path)).transpose();
    Ok(Ending {
        remove: asked.remove || asked.remove_image,
        remove_image: asked.remove_image,
        stop_signal,
        stop_timeout: asked.stop_timeout.unwrap_or(DEFAULT_STOP_TIMEOUT),
        timeout: asked.timeout.unwrap_or(0),
        pid_file: absolute(asked.pid_file.as_deref())?,
        supervisor_pid_file: absolute(asked.supervisor_pid_file.as_deref())?,
        id_file: absolute(request.cid_file.as_deref())?,
    })
}

fn labels(request: &ContainerRequest, image: &ImageConfig) -> Vec<(String, String)> {
    let mut labels = image.config.labels.clone();
    labels.extend(request.labels.iter().cloned());
    labels.into_iter().collect()
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
