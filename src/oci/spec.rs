//! The runtime specification's config.json as types: what the kernel is given.
//!
//! Names and forms are the specification's, so that a bundle of another engine can be launched;
//! the few things it cannot say are in [`Extension`], under the key `box`.
//!
//! Source: OCI runtime specification 1.1, config.md and config-linux.md.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A whole config.json.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// The version of the specification.
    pub oci_version: String,
    /// The first process.
    pub process: Process,
    /// The root file system.
    pub root: Root,
    /// Its host name, in its own UTS namespace.
    pub hostname: String,
    /// The NIS domain name of a new UTS namespace; empty leaves it alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub domainname: String,
    /// Mounts, in order. An overlay at `/` is the root itself.
    pub mounts: Vec<Mount>,
    /// What only Linux has.
    pub linux: Linux,
    /// Free words.
    pub annotations: BTreeMap<String, String>,
    /// What the specification cannot say.
    #[serde(rename = "box")]
    pub extension: Extension,
}

/// The first process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Process {
    /// A pty is its standard input, output and error.
    pub terminal: bool,
    /// Numbers; names are in [`Extension::user`].
    pub user: User,
    /// Program and arguments.
    pub args: Vec<String>,
    /// `KEY=VALUE`.
    pub env: Vec<String>,
    /// An absolute path inside.
    pub cwd: String,
    /// Names with `CAP_`.
    pub capabilities: Capabilities,
    /// Resource limits.
    pub rlimits: Vec<Rlimit>,
    /// The no_new_privs bit.
    pub no_new_privileges: bool,
    /// /proc/self/oom_score_adj.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i32>,
}

/// Ids of a process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct User {
    /// User id inside.
    pub uid: u32,
    /// Group id inside.
    pub gid: u32,
    /// File mode creation mask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<u32>,
    /// Further groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub additional_gids: Vec<u32>,
}

/// Capability sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// The most it can ever get.
    pub bounding: Vec<String>,
    /// What counts now.
    pub effective: Vec<String>,
    /// What it may make effective.
    pub permitted: Vec<String>,
    /// Kept over execve of files that ask for it.
    pub inheritable: Vec<String>,
    /// Kept over execve of any file.
    pub ambient: Vec<String>,
}

/// One resource limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rlimit {
    /// `RLIMIT_NOFILE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `u64::MAX` is none.
    pub soft: u64,
    /// `u64::MAX` is none.
    pub hard: u64,
}

/// The root file system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Root {
    /// On the host.
    pub path: PathBuf,
    /// Not writable in the end.
    pub readonly: bool,
}

/// One mount.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mount {
    /// Inside.
    pub destination: String,
    /// The file system, or `bind`.
    #[serde(rename = "type")]
    pub kind: String,
    /// On the host, for a bind.
    pub source: String,
    /// mount(8)'s words, and the file system's own.
    pub options: Vec<String>,
}

/// What only Linux has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Linux {
    /// Those that are not in this list are shared with the one who launches.
    pub namespaces: Vec<Namespace>,
    /// The user ids of a new user namespace, as the one who launches sees them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uid_mappings: Vec<IdMapping>,
    /// The group ids of a new user namespace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gid_mappings: Vec<IdMapping>,
    /// Kernel settings of its namespaces.
    pub sysctl: BTreeMap<String, String>,
    /// Device nodes.
    pub devices: Vec<Device>,
    /// Hidden.
    pub masked_paths: Vec<String>,
    /// Read-only.
    pub readonly_paths: Vec<String>,
    /// A seccomp profile in the specification's own form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<serde_json::Value>,
}

/// A row of ids of a new user namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdMapping {
    /// The first id inside.
    #[serde(rename = "containerID")]
    pub container_id: u32,
    /// The first id outside.
    #[serde(rename = "hostID")]
    pub host_id: u32,
    /// How many.
    pub size: u32,
}

/// One namespace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: NamespaceKind,
    /// An existing one; else it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
}

/// A kind of namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NamespaceKind {
    /// Process ids.
    Pid,
    /// Network.
    Network,
    /// Mounts.
    Mount,
    /// System V IPC and POSIX message queues.
    Ipc,
    /// Host name.
    Uts,
    /// User ids.
    User,
    /// The root of cgroups.
    Cgroup,
}

/// A device node; without privileges it is a bind of the host's node of that path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Device {
    /// `c` or `b`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Inside.
    pub path: String,
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
}

/// What the specification cannot say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Extension {
    /// `name[:group]`, looked up in the container's own files at launch; replaces `process.user`.
    pub user: String,
    /// Further groups by name or number.
    pub groups: Vec<String>,
    /// box is PID 1, reaps, and the command is its child.
    pub init: bool,
    /// The working directory is made when it is missing.
    pub make_cwd: bool,
    /// The seccomp profile is box's own, for these capabilities.
    pub default_seccomp: bool,
    /// The host name is only a default: in an outer container whose filter forbids to set it, the
    /// outer one stays.
    pub hostname_is_default: bool,
    /// Volumes to be filled from the image before they are mounted: (the volume's directory, path inside).
    pub fill: Vec<(PathBuf, String)>,
    /// Places of binds that the container's user should be able to write to; one that cannot is warned of.
    pub writable: Vec<String>,
    /// Mounts whose sources are given to the container's user first.
    pub own: Vec<Mount>,
    /// Directories that get the owner and the mode of another one first: (that one, the directory).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<(PathBuf, PathBuf)>,
    /// File systems to be mounted on the host's side, in the container's mount namespace, for binds of
    /// what is in them.
    pub staged: Vec<Mount>,
    /// Directories to be filled from the image before they are mounted: (host path, path inside).
    pub copy_up: Vec<(PathBuf, String)>,
    /// Who are written into the container's account files unless they know the id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Account>,
    /// Everything the host has in /dev that can be had.
    pub all_devices: bool,
}

/// Where a container's users are.
pub const PASSWD: &str = "/etc/passwd";

/// Where a container's groups are.
pub const GROUP: &str = "/etc/group";

/// A user for the container's account files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name, which its group has too.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its group's number.
    pub gid: u32,
    /// Its home directory.
    pub home: String,
    /// The line for /etc/passwd, where it is not the usual one.
    #[serde(default)]
    pub passwd: Option<String>,
    /// The line for /etc/group, where it is not the usual one; an empty one is none.
    #[serde(default)]
    pub group: Option<String>,
}

impl Account {
    /// Its line in /etc/passwd, without the newline.
    #[must_use]
    pub fn passwd_line(&self) -> String {
        let Account { name, uid, gid, home, .. } = self;
        self.passwd.clone().unwrap_or_else(|| format!("{name}:*:{uid}:{gid}:{name}:{home}:/bin/sh"))
    }

    /// Its line in /etc/group, if it gets one.
    #[must_use]
    pub fn group_line(&self) -> Option<String> {
        let line = self.group.clone().unwrap_or_else(|| format!("{}:x:{}:", self.name, self.gid));
        (!line.is_empty()).then_some(line)
    }
}
