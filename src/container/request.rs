//! What was asked for: the words of `run` and `create`, typed, without any default.
//!
//! `container::resolve` decides the rest. Nothing in here has been looked up: names of images and
//! other containers are still text.

use super::bridge::Mac;
use super::limit::UlimitRequest;
use super::link::LinkWord;
use super::name::ContainerName;
use super::port::{Exposed, PortMap};
use super::security::SecurityOption;
use super::uplink::UplinkOptions;
use super::volume::{MountRequest, SourceRequest, VolumesFrom};
use crate::container::config::{Device, LogDriver};
use crate::image::access::RegistryOptions;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// A container as it was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerRequest {
    /// `--name`; else one is made up.
    pub name: Option<ContainerName>,
    /// `--replace`: a container that has the name is removed first.
    pub replace: bool,
    /// The image, as it was typed; with `rootfs` a directory of the host.
    pub image: String,
    /// `--rootfs`: `image` is a directory.
    pub rootfs: bool,
    /// How the image is found.
    pub pull: PullRequest,
    /// The words after the image.
    pub command: Vec<String>,
    /// The command line, for `inspect`.
    pub create_command: Vec<String>,
    /// `--cidfile`: gets the id; must not exist.
    pub cid_file: Option<PathBuf>,
    /// The first process.
    pub process: ProcessRequest,
    /// Which namespaces are its own.
    pub namespaces: NamespacesRequest,
    /// Host name, name servers and hosts.
    pub identity: IdentityRequest,
    /// `--network`; several only if all are [`NetworkRequest::Bridge`].
    pub networks: Vec<NetworkRequest>,
    /// `--expose`.
    pub expose: Vec<Exposed>,
    /// `--link`.
    pub links: Vec<LinkWord>,
    /// `--publish`.
    pub publish: Vec<PortMap>,
    /// `--publish-all`.
    pub publish_all: bool,
    /// `--volume`, `--mount` and `--tmpfs`.
    pub mounts: Vec<MountRequest>,
    /// `--volumes-from`.
    pub volumes_from: Vec<VolumesFrom>,
    /// `--image-volume`.
    pub image_volumes: ImageVolumes,
    /// `--device`.
    pub devices: Vec<Device>,
    /// What holds it in.
    pub security: SecurityRequest,
    /// `--log-driver`.
    pub log_driver: Option<LogDriver>,
    /// `--log-opt`.
    pub log_options: Vec<(String, String)>,
    /// How it ends.
    pub ending: EndingRequest,
    /// `--label`, then what stands in `--label-file`; the last one of a key wins.
    pub labels: Vec<(String, String)>,
    /// `--annotation`.
    pub annotations: Vec<(String, String)>,
    /// `--requires`: names, ids or their beginnings.
    pub requires: Vec<String>,
    /// What the settings say where neither a flag nor the image does.
    pub defaults: Defaults,
}

/// What containers.conf says, for what is decided by more than a flag.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// Variables that the image may replace: `K=V`, `K`, `K*`.
    pub env: Vec<String>,
    /// The capabilities of a container without flags; `None` is box's own set.
    pub capabilities: Option<Vec<String>>,
    /// Limits where `--ulimit` says nothing.
    pub ulimits: Vec<UlimitRequest>,
    /// Kernel parameters, as far as their namespaces are the container's own.
    pub sysctls: Vec<(String, String)>,
}

/// How the image is found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PullRequest {
    /// `--pull`.
    pub policy: PullPolicy,
    /// `--platform`, or `--os`, `--arch` and `--variant` put together: `linux/arm64/v8`.
    pub platform: Option<String>,
    /// `--quiet`.
    pub quiet: bool,
    /// How registries are reached.
    pub registry: RegistryOptions,
}

/// `--pull`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// Only an image that is not there.
    #[default]
    Missing,
    /// In any case.
    Always,
    /// Never.
    Never,
    /// When the registry has another one; what is there is good enough when it cannot be asked.
    Newer,
}

/// The first process, as asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessRequest {
    /// `--entrypoint`, its words; empty clears the image's.
    pub entrypoint: Option<Vec<String>>,
    /// `--env-host`: all of the host's variables.
    pub env_host: bool,
    /// `--env-file`, then `--env`: `K=V`, `K`, `K*`.
    pub env: Vec<String>,
    /// `--env-merge`: `K=V` in which `${K}` is the image's value.
    pub env_merge: Vec<String>,
    /// `--unsetenv`.
    pub unset_env: Vec<String>,
    /// `--unsetenv-all`: neither the image's nor our own variables.
    pub unset_env_all: bool,
    /// `--http-proxy=false`: the host's proxy variables are not passed on.
    pub no_proxy_env: bool,
    /// `--workdir`.
    pub workdir: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--group-add`.
    pub groups: Vec<String>,
    /// `--tty`.
    pub tty: bool,
    /// `--interactive`.
    pub interactive: bool,
    /// `--umask`.
    pub umask: Option<u32>,
    /// `--ulimit`.
    pub ulimits: Vec<UlimitRequest>,
    /// `--oom-score-adj`.
    pub oom_score_adj: Option<i32>,
    /// `--init`.
    pub init: bool,
    /// `--passwd=false`.
    pub no_passwd: bool,
    /// `--passwd-entry`.
    pub passwd_entry: Option<String>,
    /// `--group-entry`.
    pub group_entry: Option<String>,
    /// `--hostuser`: their lines of the host's /etc/passwd.
    pub host_users: Vec<String>,
}

/// Whose namespace is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NamespaceRequest {
    /// Its own.
    #[default]
    Private,
    /// The host's.
    Host,
    /// That of a container: a name, an id or its beginning.
    Container(String),
}

/// `--pid`, `--ipc`, `--uts`, `--cgroupns`, `--userns`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamespacesRequest {
    /// `--pid`.
    pub pid: NamespaceRequest,
    /// `--ipc`.
    pub ipc: NamespaceRequest,
    /// `--uts`.
    pub uts: NamespaceRequest,
    /// `--cgroupns`.
    pub cgroup: NamespaceRequest,
    /// `--userns`.
    pub user: UserNamespaceRequest,
    /// `--uidmap` and its relatives.
    pub ids: IdMapRequest,
}

/// `--userns`, as asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum UserNamespaceRequest {
    /// The user's shared one.
    #[default]
    Host,
    /// Without the caller's own id.
    NoMap,
    /// With the caller's own ids as these, or as what they are on the host.
    KeepId {
        /// The user id inside.
        uid: Option<u32>,
        /// The group id inside.
        gid: Option<u32>,
        /// How many ids.
        size: Option<u32>,
    },
    /// One of its own with the same ids.
    Private,
    /// Ids that no other container with `auto` has.
    Auto {
        /// How many; as many as the image needs, and 1024 at least.
        size: Option<u32>,
        /// Users that are to be certain ones.
        uids: Vec<IdMapWord>,
        /// Groups that are to be certain ones.
        gids: Vec<IdMapWord>,
    },
    /// That of a container: a name, an id or its beginning.
    Container(String),
    /// The one that a file stands for.
    Path(PathBuf),
}

/// `--uidmap`, `--gidmap`, `--subuidname`, `--subgidname`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdMapRequest {
    /// `--uidmap`.
    pub uids: Vec<IdMapWord>,
    /// `--gidmap`; as the users where it is empty, and the other way round.
    pub gids: Vec<IdMapWord>,
    /// `--subuidname`: whose lines of /etc/subuid are mapped.
    pub subuid_name: Option<String>,
    /// `--subgidname`: whose lines of /etc/subgid.
    pub subgid_name: Option<String>,
}

impl IdMapRequest {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == IdMapRequest::default()
    }
}

/// One row of a map: `count` ids from `inside` on are those from `outside` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdMapWord {
    /// The first one in the container.
    pub inside: u32,
    /// The first one outside: an id of the shared user namespace, in which the caller is 0 and its
    /// subordinate ids follow from 1 on.
    pub outside: u32,
    /// `outside` is an id of the host.
    pub of_host: bool,
    /// It goes over the ids that a container has without any row, and those stay where it does not.
    pub extends: bool,
    /// How many.
    pub count: u32,
}

/// Host name, name servers and hosts, as asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdentityRequest {
    /// `--hostname`.
    pub hostname: Option<String>,
    /// `--domainname`.
    pub domainname: Option<String>,
    /// `--dns`: addresses, or `none` alone.
    pub dns: Vec<String>,
    /// `--dns-search`.
    pub dns_search: Vec<String>,
    /// `--dns-option`.
    pub dns_options: Vec<String>,
    /// `--add-host`: a name and its address.
    pub add_hosts: Vec<(String, String)>,
    /// `--hosts-file`: a file, `image` or `none`.
    pub hosts_file: Option<String>,
    /// `--no-hosts`.
    pub no_hosts: bool,
    /// `--no-hostname`.
    pub no_hostname: bool,
    /// `--tz`.
    pub timezone: Option<String>,
}

/// `--network`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkRequest {
    /// `none`.
    None,
    /// `host`.
    Host,
    /// `container:NAME`.
    Container(String),
    /// `ns:PATH`.
    Path(PathBuf),
    /// `slirp4netns`.
    Slirp4netns(UplinkOptions),
    /// `pasta`, with its options.
    Pasta(UplinkOptions),
    /// A network of several containers.
    Bridge(JoinRequest),
}

/// A network that a container is to take part in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinRequest {
    /// Its name, or the beginning of its id; the default one if `None`.
    pub network: Option<String>,
    /// `ip=`, `--ip`.
    pub ip4: Option<Ipv4Addr>,
    /// `ip6=`, `--ip6`.
    pub ip6: Option<Ipv6Addr>,
    /// `mac=`, `--mac-address`.
    pub mac: Option<Mac>,
    /// `alias=`, `--network-alias`.
    pub aliases: Vec<String>,
    /// `interface_name=`.
    pub interface: Option<String>,
}

/// `--image-volume`: what becomes of an image's VOLUMEs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageVolumes {
    /// A directory that the container keeps.
    #[default]
    Anonymous,
    /// A tmpfs.
    Tmpfs,
    /// Nothing.
    Ignore,
}

/// What holds it in, as asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecurityRequest {
    /// `--privileged`.
    pub privileged: bool,
    /// `--cap-add`.
    pub cap_add: Vec<String>,
    /// `--cap-drop`.
    pub cap_drop: Vec<String>,
    /// `--security-opt`, parsed.
    pub options: Vec<SecurityOption>,
    /// `--security-opt`, as typed, for `inspect`.
    pub option_words: Vec<String>,
    /// The text of the file that the last `seccomp=FILE` names.
    pub seccomp_profile: Option<String>,
    /// `--read-only`.
    pub read_only: bool,
    /// `--read-only-tmpfs=false`.
    pub no_read_only_tmpfs: bool,
    /// `--sysctl`.
    pub sysctls: Vec<(String, String)>,
    /// `--shm-size` in bytes.
    pub shm_size: Option<u64>,
}

/// How it ends, as asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndingRequest {
    /// `--rm`.
    pub remove: bool,
    /// `--rmi`.
    pub remove_image: bool,
    /// `--stop-signal`: a signal's number.
    pub stop_signal: Option<i32>,
    /// `--stop-timeout` in seconds.
    pub stop_timeout: Option<u32>,
    /// `--timeout` in seconds.
    pub timeout: Option<u32>,
    /// `--pidfile`.
    pub pid_file: Option<PathBuf>,
    /// `--conmon-pidfile`.
    pub supervisor_pid_file: Option<PathBuf>,
}

impl ContainerRequest {
    /// The other containers that it names: whoever resolves it looks them up first.
    #[must_use]
    pub fn named_containers(&self) -> Vec<&str> {
        let spaces = &self.namespaces;
        let mut named: Vec<&str> = [&spaces.pid, &spaces.ipc, &spaces.uts, &spaces.cgroup]
            .into_iter()
            .filter_map(|namespace| match namespace {
                NamespaceRequest::Container(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        if let UserNamespaceRequest::Container(name) = &spaces.user {
            named.push(name);
        }
        named.extend(self.networks.iter().filter_map(|network| match network {
            NetworkRequest::Container(name) => Some(name.as_str()),
            _ => None,
        }));
        named.extend(self.links.iter().map(|link| link.container.as_str()));
        named.extend(self.volumes_from.iter().map(|from| from.container.as_str()));
        named.extend(self.requires.iter().map(String::as_str));
        named.sort_unstable();
        named.dedup();
        named
    }

    /// The networks that it names, in the words of the user; the default one is none of them.
    pub fn named_networks(&self) -> impl Iterator<Item = &str> {
        self.networks.iter().filter_map(|network| match network {
            NetworkRequest::Bridge(join) => join.network.as_deref(),
            _ => None,
        })
    }

    /// The images whose files it mounts beside its own.
    pub fn mounted_images(&self) -> impl Iterator<Item = &str> {
        self.mounts.iter().filter_map(|mount| match &mount.source {
            SourceRequest::Image { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// The patterns whose matches it mounts.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.mounts.iter().filter_map(|mount| match &mount.source {
            SourceRequest::Glob { pattern, .. } => Some(pattern.as_str()),
            _ => None,
        })
    }
}
