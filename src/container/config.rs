//! What was decided about a container: complete, written once, never edited.
//!
//! `container::resolve` makes it from a request, the image and the settings; `oci::lower` turns it
//! into what the kernel is given. Everything in it is final: no defaults are looked up later.

use super::bridge::Join;
use super::id::ContainerId;
use super::link::Link;
use super::port::PortMap;
use super::uplink::UplinkOptions;
use super::volume::VolumeName;
use crate::image::digest::{BlobDigest, ChainId, ImageId};
use crate::settings::StorageDriver;
use crate::sys::userns::IdMaps;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The whole decision, as it stands in `config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerConfig {
    /// The version of this document's form.
    pub version: u32,
    /// The container's id. (Its name can change and is kept by the store.)
    pub id: ContainerId,
    /// When it was made.
    pub created: Timestamp,
    /// The command line that made it, for `inspect`.
    pub create_command: Vec<String>,
    /// What it was made from.
    pub image: ImageOrigin,
    /// Where its files come from.
    pub rootfs: Rootfs,
    /// How they become its root file system.
    #[serde(default)]
    pub storage: StorageDriver,
    /// The first process.
    pub process: Process,
    /// Which namespaces are its own.
    pub namespaces: Namespaces,
    /// Host name, name servers, entries of /etc/hosts.
    pub identity: Identity,
    /// Its network.
    pub network: Network,
    /// Everything that is mounted for the user, in the order of the destinations.
    pub mounts: Vec<Mount>,
    /// The words of `--volumes-from`, for `inspect`.
    #[serde(default)]
    pub volumes_from: Vec<String>,
    /// Host devices.
    pub devices: Vec<Device>,
    /// What holds it in.
    pub security: Security,
    /// Where its output goes.
    pub log: Log,
    /// How it ends.
    pub ending: Ending,
    /// `--label` over the image's labels, sorted by key.
    pub labels: Vec<(String, String)>,
    /// `--annotation`.
    pub annotations: Vec<(String, String)>,
    /// `--requires`: these are started first.
    #[serde(default)]
    pub requires: Vec<ContainerId>,
}

/// The image a container was made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageOrigin {
    /// The full name it was found under, or what the user typed for an id; empty with `--rootfs`.
    pub name: String,
    /// Its id; `None` with `--rootfs`.
    pub id: Option<ImageId>,
    /// The digest of its manifest.
    pub digest: Option<BlobDigest>,
}

/// Where the root file system comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rootfs {
    /// Unpacked layers of the store, lowest first, under the container's own `diff/`.
    Layers(Vec<ChainId>),
    /// A directory of the host, as it is (`--rootfs`).
    Directory(PathBuf),
}

/// The first process and what every `exec` inherits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// The entrypoint part of the command line, for `inspect` and `commit`.
    pub entrypoint: Vec<String>,
    /// The arguments part of the command line.
    pub cmd: Vec<String>,
    /// `KEY=VALUE`, in order, each key once. `HOME` and `HOSTNAME` are filled in at launch when absent.
    pub env: Vec<String>,
    /// An absolute path inside the container; created when it is missing.
    pub workdir: String,
    /// As given: `user[:group]`, names or numbers; resolved in the container's own /etc/passwd at
    /// launch. Empty is root.
    pub user: String,
    /// `--group-add`, names or numbers; or `keep-groups` alone, for those of the caller.
    pub groups: Vec<String>,
    /// A pty instead of pipes.
    pub tty: bool,
    /// Standard input stays open for attaching clients (`-i`).
    pub open_stdin: bool,
    /// Octal as a number.
    pub umask: u32,
    /// `--ulimit` and the defaults; each name once.
    pub ulimits: Vec<Ulimit>,
    /// `--oom-score-adj`.
    pub oom_score_adj: Option<i32>,
    /// box itself is PID 1 and reaps; the command is its child.
    pub init: bool,
    /// `--passwd=false`: nobody is written into the account files.
    #[serde(default)]
    pub no_passwd: bool,
    /// `--passwd-entry`.
    #[serde(default)]
    pub passwd_entry: Option<String>,
    /// `--group-entry`.
    #[serde(default)]
    pub group_entry: Option<String>,
    /// `--hostuser`: the host's own lines of /etc/passwd.
    #[serde(default)]
    pub host_users: Vec<String>,
}

impl Process {
    /// The command line: entrypoint, then arguments.
    #[must_use]
    pub fn args(&self) -> Vec<String> {
        self.entrypoint.iter().chain(&self.cmd).cloned().collect()
    }
}

/// One resource limit of the process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ulimit {
    /// Lower case, without `RLIMIT_`: `nofile`.
    pub name: String,
    /// `u64::MAX` is unlimited.
    pub soft: u64,
    /// `u64::MAX` is unlimited.
    pub hard: u64,
}

/// Whose namespace of one kind the container lives in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Namespace {
    /// Its own.
    #[default]
    Private,
    /// The host's.
    Host,
    /// That of another container, which must run.
    Container(ContainerId),
}

/// The namespaces that can be shared. Mount is always private; network is [`Network::mode`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Namespaces {
    /// `--pid`.
    pub pid: Namespace,
    /// `--ipc`; goes with /dev/shm.
    pub ipc: Namespace,
    /// `--uts`.
    pub uts: Namespace,
    /// `--cgroupns`.
    pub cgroup: Namespace,
    /// `--userns`.
    pub user: UserNamespace,
}

/// `--userns`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserNamespace {
    /// The user's shared one: the caller is root in it, the subordinate ids follow.
    #[default]
    Host,
    /// One of its own in which the caller's own id is not mapped.
    NoMap,
    /// One of its own in which the caller's own ids are these.
    KeepId {
        /// The caller's user id inside.
        uid: u32,
        /// The caller's group id inside.
        gid: u32,
        /// What it is called in the container's account files when they do not know it; empty if
        /// it is not to be written there.
        name: String,
        /// How many ids there are in it; all that there are.
        #[serde(default)]
        size: Option<u32>,
    },
    /// One of its own with these ids; those outside are ids of the shared one.
    Mapped {
        /// The ids.
        maps: IdMaps,
        /// `auto`: the first of the ids outside that no other container with `auto` has, and how many.
        auto: Option<(u32, u32)>,
    },
    /// That of another container, which must run.
    Container {
        /// The other one.
        id: ContainerId,
        /// What that one's is.
        of: Box<UserNamespace>,
    },
    /// One that somebody made.
    Path {
        /// Its entry in /proc, or a file that it is mounted on.
        path: PathBuf,
        /// Its ids when the container was made.
        of: Box<UserNamespace>,
    },
}

/// Host name, name servers and hosts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The first twelve digits of the id unless given; the host's with `--uts host`.
    pub hostname: String,
    /// `--domainname`: the NIS domain name, and the host name's domain in /etc/hosts; usually empty.
    #[serde(default)]
    pub domainname: String,
    /// `--dns`; empty takes the network's.
    pub dns_servers: Vec<String>,
    /// `--dns-search`.
    pub dns_search: Vec<String>,
    /// `--dns-option`.
    pub dns_options: Vec<String>,
    /// `--dns none`: the image's resolv.conf stays.
    pub keep_resolv_conf: bool,
    /// `--add-host`: name and address (`host-gateway` is the network's gateway).
    pub extra_hosts: Vec<(String, String)>,
    /// `--hosts-file`: what /etc/hosts begins with in place of the host's; an empty path is nothing,
    /// the path `image` the image's own. All others are absolute.
    #[serde(default)]
    pub base_hosts: Option<PathBuf>,
    /// `--no-hosts`: the image's /etc/hosts stays.
    pub no_hosts: bool,
    /// `--no-hostname`: the image's /etc/hostname stays.
    pub no_hostname: bool,
    /// `--tz`: a name below /usr/share/zoneinfo, or `local`.
    #[serde(default)]
    pub timezone: Option<String>,
}

/// The container's network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// `--network`.
    pub mode: NetworkMode,
    /// `EXPOSE` and `--expose`: `80/tcp`, sorted.
    pub exposed: Vec<String>,
    /// How the uplink is made, in the modes that have one of their own.
    #[serde(default)]
    pub uplink: UplinkOptions,
    /// `--publish`, and what `--publish-all` comes to.
    #[serde(default)]
    pub ports: Vec<PortMap>,
    /// `--link`.
    #[serde(default)]
    pub links: Vec<Link>,
    /// `--publish-all`, for `inspect`.
    #[serde(default)]
    pub publish_all: bool,
    /// The networks it takes part in, in [`NetworkMode::Bridge`].
    #[serde(default)]
    pub joins: Vec<Join>,
}

/// `--network`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkMode {
    /// Only a loopback device.
    None,
    /// The host's network.
    Host,
    /// That of another container, which must run.
    Container(ContainerId),
    /// A namespace at a path.
    Path(PathBuf),
    /// A slirp4netns of its own.
    #[default]
    Slirp4netns,
    /// A pasta of its own.
    Pasta,
    /// Networks of several containers: [`Network::joins`].
    Bridge,
}

/// Something that appears at a place in the container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mount {
    /// An absolute path inside.
    pub destination: String,
    /// What it is.
    pub source: MountSource,
    /// Not writable.
    pub read_only: bool,
    /// Further options: `noexec`, `nosuid`, `nodev`, `size=`, `mode=` …
    pub options: Vec<String>,
    /// Everything in it is given to the container's user before it is mounted.
    #[serde(default)]
    pub own: bool,
    /// What is written goes elsewhere.
    #[serde(default)]
    pub overlay: Option<Overlay>,
    /// Only this part of the source.
    #[serde(default)]
    pub subpath: Option<String>,
}

impl Mount {
    /// The volume that it is.
    #[must_use]
    pub fn volume(&self) -> Option<(&VolumeName, bool)> {
        match &self.source {
            MountSource::Volume { name, anonymous, .. } => Some((name, *anonymous)),
            _ => None,
        }
    }
}

/// Where an overlay over a mount's source keeps what is written: for as long as the container runs in
/// its own directory, unless both places are given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overlay {
    /// A directory of the host.
    pub upper: Option<PathBuf>,
    /// An empty directory on the same file system.
    pub work: Option<PathBuf>,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountSource {
    /// A file or directory of the host, with what is mounted below it, and its propagation
    /// (`rprivate`, `rslave`, `rshared` or without the `r`).
    Bind {
        /// An absolute path of the host.
        path: PathBuf,
        /// What is mounted below it comes along.
        recursive: bool,
        /// The word for propagation.
        propagation: String,
    },
    /// A volume of the store, which outlives the container.
    Volume {
        /// Its name.
        name: VolumeName,
        /// Made for this container (an image's VOLUME, `-v PATH`): it goes with the last one that
        /// uses it.
        anonymous: bool,
        /// It begins with what the image has at that place.
        copy: bool,
        /// The word for propagation.
        propagation: String,
    },
    /// The files of an image.
    Image {
        /// As it was asked for.
        name: String,
        /// Its unpacked layers, lowest first.
        layers: Vec<ChainId>,
        /// What is written is kept in the container's directory.
        writable: bool,
    },
    /// A fresh tmpfs.
    Tmpfs,
    /// A fresh ramfs.
    Ramfs,
    /// Pseudo terminals of its own.
    Devpts,
}

/// A device of the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// On the host.
    pub host: PathBuf,
    /// In the container.
    pub container: String,
    /// Of `r`, `w`, `m`.
    pub permissions: String,
}

/// What holds the container in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Security {
    /// All capabilities, no seccomp, no masks, all devices of the host that the user may open.
    pub privileged: bool,
    /// The final capability names, upper case, without `CAP_`, sorted by number.
    pub capabilities: Vec<String>,
    /// `--security-opt no-new-privileges`.
    pub no_new_privileges: bool,
    /// `--security-opt seccomp=`.
    pub seccomp: SeccompChoice,
    /// Paths that are hidden, final.
    pub masked_paths: Vec<String>,
    /// Paths that are read-only, final.
    pub readonly_paths: Vec<String>,
    /// `--read-only`: the root is not writable.
    pub read_only_root: bool,
    /// So are /dev and /dev/shm (`--read-only-tmpfs=false`).
    #[serde(default)]
    pub read_only_dev: bool,
    /// `--sysctl`.
    pub sysctls: Vec<(String, String)>,
    /// Bytes; /dev/shm.
    pub shm_size: u64,
    /// The words of `--security-opt`, for `inspect`.
    pub options: Vec<String>,
    /// The words of `--cap-add`, for `inspect`.
    pub cap_add: Vec<String>,
    /// The words of `--cap-drop`, for `inspect`.
    pub cap_drop: Vec<String>,
}

/// `--security-opt seccomp=`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeccompChoice {
    /// The built-in profile.
    #[default]
    Default,
    /// None.
    Unconfined,
    /// The text of an OCI JSON profile, read when the container was made.
    Profile(String),
}

/// Where the output goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// The driver.
    pub driver: LogDriver,
    /// `--log-opt path=`; else the container's own directory.
    pub path: Option<PathBuf>,
    /// `--log-opt max-size=`: bytes of one file of it; `None` is no limit.
    #[serde(default)]
    pub max_size: Option<u64>,
    /// `--log-opt max-file=`: how many files there are then, the one that grows among them.
    #[serde(default)]
    pub max_files: u32,
    /// `--log-opt`, for `inspect`.
    pub options: Vec<(String, String)>,
}

/// `--log-driver`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogDriver {
    /// Lines with time, stream and a mark for partial ones.
    #[default]
    K8sFile,
    /// Nothing is kept.
    None,
}

/// How the container ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// `--rm`.
    pub remove: bool,
    /// `--rmi`.
    pub remove_image: bool,
    /// What `stop` sends: a signal's number.
    pub stop_signal: i32,
    /// Seconds between that and SIGKILL.
    pub stop_timeout: u32,
    /// `--timeout`: seconds until it is killed; 0 is never.
    pub timeout: u32,
    /// `--pidfile`: gets init's host pid.
    pub pid_file: Option<PathBuf>,
    /// `--conmon-pidfile`: gets the supervisor's host pid.
    pub supervisor_pid_file: Option<PathBuf>,
    /// `--cidfile`: has got the id; for `inspect` and `ps`.
    #[serde(default)]
    pub id_file: Option<PathBuf>,
}

/// The version of the document that this binary writes.
pub const CONFIG_VERSION: u32 = 1;

impl ContainerConfig {
    /// The layers that it needs of the store: those of its root, and of the images that are mounted.
    pub fn layers(&self) -> impl Iterator<Item = &ChainId> {
        let root = match &self.rootfs {
            Rootfs::Layers(chain) => &chain[..],
            Rootfs::Directory(_) => &[],
        };
        let mounted = self.mounts.iter().filter_map(|mount| match &mount.source {
            MountSource::Image { layers, .. } => Some(layers),
            _ => None,
        });
        root.iter().chain(mounted.flatten())
    }
}
