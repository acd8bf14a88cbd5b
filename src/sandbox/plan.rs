//! The launch as a list of steps: read this first.
//!
//! `plan` turns a [`Spec`] into everything init does between clone3 and execve, in order. The
//! list can be printed (`--log-level debug`), and a test reads it. [`super::step`] does each step.

use super::account::keeps_groups;
use super::step::{BindMount, FsMount, Step};
use crate::container::caps::{Cap, CapSet};
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::oci::seccomp;
use crate::oci::spec::{Mount, Namespace, NamespaceKind, Spec};
use crate::sys::mount::{Attributes, Propagation};
use crate::sys::seccomp::Insn;
use std::path::PathBuf;

/// What init does, in order, and what the one who launches it has to know.
#[derive(Debug)]
pub(crate) struct Plan {
    /// New namespaces for clone3: `CLONE_NEW*`.
    pub namespaces: i32,
    /// The user namespace that they are made in, if it is not the one that we are in.
    pub user: Option<PathBuf>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// Where we are launched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inside {
    /// Only one id is mapped.
    pub single_id: bool,
    /// The container has a user namespace of its own (for [`plan_exec`]; a spec says it itself).
    pub nested: bool,
}

/// Makes the plan for a container's first process.
///
/// # Errors
/// `Unsupported` and `Invalid` for what the spec asks and we cannot do, by name.
pub(crate) fn plan(spec: &Spec, inside: Inside) -> Result<Plan> {
    let mut namespaces = 0;
    let mut shared_pids = false;
    let mut steps = Vec::new();
    let mut user = None;
    let nested = spec.linux.namespaces.iter().any(|n| n.kind == NamespaceKind::User);
    let new_user = is_private(spec, NamespaceKind::User);
    if nested {
        steps.push(Step::TakeIds {
            single_id: inside.single_id,
            keep_groups: keeps_groups(&spec.extension.groups),
        });
    }
    steps.extend([Step::NewSession, Step::NewKeyring]);
    for namespace in &spec.linux.namespaces {
        match (&namespace.path, namespace.kind) {
            // We are in the user's namespace already; a further one is made below it.
            (None, kind) => namespaces |= flag(kind),
            (Some(path), NamespaceKind::User) => user = Some(path.clone()),
            (Some(path), _) if new_user => {
                return Err(Error::new(
                    Kind::Unsupported,
                    format!("the namespace {} cannot be entered from a new user namespace", path.display()),
                ));
            }
            (Some(path), NamespaceKind::Pid) => {
                shared_pids = true;
                steps.push(Step::OpenPidNamespace { path: path.clone() });
            }
            (Some(path), kind) => steps.push(Step::JoinNamespace { path: path.clone(), flag: flag(kind) }),
        }
    }
    let new = |kind: NamespaceKind| namespaces & flag(kind) != 0;
    if !new(NamespaceKind::Mount) {
        return Err(Error::new(Kind::Unsupported, "a container without a mount namespace of its own"));
    }

    steps.push(Step::SlaveMounts);
    steps.push(root(spec)?);
    for account in &spec.extension.accounts {
        steps.push(Step::Account(account.clone()));
    }
    steps.extend(sources(spec, inside.single_id)?);
    let mut read_only_dev = false;
    for mount in spec.mounts.iter().filter(|m| m.destination != "/") {
        let mut step = one_mount(mount)?;
        if let (Step::Mount { fs, own, .. }, true) = (&mut step, inside.single_id) {
            // Whoever it is to belong to is the one who is there.
            *own = None;
            fs.options.retain(|(key, _)| key != "uid" && key != "gid");
        }
        if let (Step::Mount { fs, .. }, "/dev") = (&mut step, mount.destination.as_str()) {
            // It has to be writable until it has its nodes, links and places.
            read_only_dev = fs.attributes.has(Attributes::READ_ONLY);
            fs.attributes = fs.attributes.without(Attributes::READ_ONLY);
        }
        steps.push(step);
    }
    steps.extend(devices(spec));
    if spec.process.terminal {
        steps.push(Step::Terminal);
    }
    if read_only_dev {
        steps.push(Step::ReadOnlyMount { at: "/dev".into() });
    }
    for path in &spec.linux.readonly_paths {
        steps.push(Step::ReadOnly { path: path.into() });
    }
    for path in &spec.linux.masked_paths {
        steps.push(Step::Mask { path: path.into() });
    }

    if new(NamespaceKind::Network) {
        steps.push(Step::Loopback);
    }
    if new(NamespaceKind::Uts) && !spec.hostname.is_empty() {
        steps.push(Step::Hostname {
            name: spec.hostname.clone(),
            optional: spec.extension.hostname_is_default,
        });
    }
    if new(NamespaceKind::Uts) && !spec.domainname.is_empty() {
        steps.push(Step::Domainname { name: spec.domainname.clone() });
    }
    for (key, value) in &spec.linux.sysctl {
        let path = format!("/proc/sys/{}", key.replace('.', "/"));
        steps.push(Step::Sysctl { key: key.clone(), path: path.into(), value: value.clone() });
    }

    steps.push(Step::WaitForNetwork);
    steps.push(Step::PivotRoot);
    if spec.root.readonly {
        steps.push(Step::ReadOnlyRoot);
    }
    if shared_pids {
        // Only now: whoever is in there could look at the host through us until the root is changed.
        steps.push(Step::EnterPidNamespace);
    }
    steps.extend(process_steps(spec, inside)?);
    Ok(Plan { namespaces, user, steps })
}

/// What is done to the sources of mounts before they are mounted.
///
/// With a `single_id` whoever runs in the container is its root, whatever its name.
pub(super) fn sources(spec: &Spec, single_id: bool) -> Result<Vec<Step>> {
    let extension = &spec.extension;
    let root = single_id || extension.user.is_empty();
    let user = || if root { "0:0".to_string() } else { extension.user.clone() };
    let mut steps = Vec::new();
    for (volume, inside) in &extension.fill {
        steps.push(Step::FillVolume { from: inside.into(), volume: volume.clone(), user: user() });
    }
    for mount in &extension.own {
        let words = Words::split(&mount.options)?;
        steps.push(Step::Own { source: PathBuf::from(&mount.source), below: words.below, user: user() });
    }
    for (like, directory) in &extension.alike {
        steps.push(Step::Alike { like: like.clone(), directory: directory.clone() });
    }
    for mount in &extension.staged {
        let words = Words::split(&mount.options)?;
        let fs = FsMount { kind: mount.kind.clone(), options: words.rest, attributes: words.attributes };
        steps.push(Step::Stage { at: PathBuf::from(&mount.destination), fs });
    }
    Ok(steps)
}

/// Makes the plan for a further process in a running container, whose namespaces it is in already.
///
/// # Errors
/// As [`plan`].
pub(crate) fn plan_exec(spec: &Spec, inside: Inside) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    if inside.nested {
        steps.push(Step::BecomeRoot {
            single_id: inside.single_id,
            keep_groups: keeps_groups(&spec.extension.groups),
        });
    }
    steps.extend([Step::NewSession, Step::NewKeyring, Step::EnterRoot]);
    if spec.process.terminal {
        steps.push(Step::Terminal);
    }
    steps.extend(process_steps(spec, inside)?);
    Ok(steps)
}

/// What makes a process of a container out of one that is in its namespaces and root.
fn process_steps(spec: &Spec, inside: Inside) -> Result<Vec<Step>> {
    let process = &spec.process;
    let mut steps = Vec::new();
    for limit in &process.rlimits {
        steps.push(Step::Limit { name: limit.kind.clone(), soft: limit.soft, hard: limit.hard });
    }
    if let Some(score) = process.oom_score_adj {
        steps.push(Step::OomScore { score });
    }
    steps.push(Step::Umask { mask: process.user.umask.unwrap_or(0o022) });
    steps.push(Step::LookUpUser {
        user: if spec.extension.user.is_empty() {
            format!("{}:{}", process.user.uid, process.user.gid)
        } else {
            spec.extension.user.clone()
        },
        groups: {
            let numbers = process.user.additional_gids.iter().map(ToString::to_string);
            numbers.chain(spec.extension.groups.iter().cloned()).collect()
        },
    });
    // With a single id they are everybody's who is in there.
    if !inside.single_id {
        steps.push(Step::OwnStdio);
    }
    if spec.extension.make_cwd {
        steps.push(Step::MakeDirectory { path: process.cwd.clone().into() });
    }
    let caps = &process.capabilities;
    let set = |names: &[String]| CapSet::from_names(names);
    let bounding = set(&caps.bounding)?;
    let filter = filter(spec, bounding)?;
    if spec.extension.init {
        steps.push(Step::Init);
    }
    steps.push(Step::DropBounding { keep: bounding });
    // Before the profile, which need not allow another filter.
    if inside.single_id {
        steps.push(Step::Seccomp {
            filter: seccomp::single_id_filter(),
            what: "success for chown and setuid",
        });
    }
    let shared = !inside.nested && !is_private(spec, NamespaceKind::User);
    if shared && bounding.contains(Cap::parse("SYS_ADMIN")?) {
        steps.push(Step::Seccomp {
            filter: seccomp::neighbours_filter(),
            what: "no way to other containers' namespaces",
        });
    }
    // With no_new_privs a filter can be loaded last; without it, only while we hold CAP_SYS_ADMIN.
    let early = !process.no_new_privileges;
    if let (true, Some(filter)) = (early, &filter) {
        steps.push(Step::Seccomp { filter: filter.clone(), what: "the profile" });
    }
    // With a single id root is the only one there is, and execve gives root what is in its bounding set.
    if !inside.single_id {
        steps.push(Step::BecomeUser);
    }
    steps.push(Step::Directory { path: process.cwd.clone().into() });
    if !inside.single_id && !spec.extension.writable.is_empty() {
        steps.push(Step::TryWriting { places: spec.extension.writable.clone() });
    }
    if !inside.single_id {
        steps.push(Step::Capabilities {
            effective: set(&caps.effective)?,
            permitted: set(&caps.permitted)?,
            inheritable: set(&caps.inheritable)?,
            ambient: set(&caps.ambient)?,
        });
    }
    if process.no_new_privileges {
        steps.push(Step::NoNewPrivileges);
        if let Some(filter) = filter {
            steps.push(Step::Seccomp { filter, what: "the profile" });
        }
    }
    steps.push(Step::CloseInherited);
    steps.push(Step::Execute { args: process.args.clone(), env: process.env.clone() });
    Ok(steps)
}

fn filter(spec: &Spec, caps: CapSet) -> Result<Option<Vec<Insn>>> {
    if spec.extension.default_seccomp {
        return Ok(Some(seccomp::default_filter(caps)));
    }
    let Some(profile) = &spec.linux.seccomp else { return Ok(None) };
    seccomp::compile(&profile.to_string(), caps).doing(|| "use the seccomp profile").map(Some)
}

fn flag(kind: NamespaceKind) -> i32 {
    match kind {
        NamespaceKind::Pid => libc::CLONE_NEWPID,
        NamespaceKind::Network => libc::CLONE_NEWNET,
        NamespaceKind::Mount => libc::CLONE_NEWNS,
        NamespaceKind::Ipc => libc::CLONE_NEWIPC,
        NamespaceKind::Uts => libc::CLONE_NEWUTS,
        NamespaceKind::User => libc::CLONE_NEWUSER,
        NamespaceKind::Cgroup => libc::CLONE_NEWCGROUP,
    }
}

/// Whether the spec asks for a new namespace of this kind.
#[must_use]
pub fn is_private(spec: &Spec, kind: NamespaceKind) -> bool {
    spec.linux.namespaces.iter().any(|n: &Namespace| n.kind == kind && n.path.is_none())
}

pub(super) fn root(spec: &Spec) -> Result<Step> {
    match spec.mounts.iter().find(|m| m.destination == "/") {
        Some(overlay) if overlay.kind == "overlay" => {
            let words = Words::split(&overlay.options)?;
            Ok(Step::OverlayRoot {
                at: spec.root.path.clone(),
                fs: FsMount { kind: "overlay".into(), options: words.rest, attributes: words.attributes },
            })
        }
        // Whoever launches has the mount.
        Some(served) if served.kind == "fuse" => Ok(Step::ServedRoot { at: spec.root.path.clone() }),
        Some(other) => Err(invalid(format!("a root of type {:?}: box knows overlay and fuse", other.kind))),
        None => Ok(Step::DirectoryRoot { at: spec.root.path.clone() }),
    }
}

/// mount(8)'s words, sorted out.
struct Words {
    attributes: Attributes,
    bind: bool,
    recursive: bool,
    propagation: Propagation,
    optional: bool,
    copy_up: bool,
    below: Option<String>,
    own: Option<String>,
    rest: Vec<(String, Option<String>)>,
}

impl Words {
    fn split(options: &[String]) -> Result<Words> {
        let mut words = Words {
            attributes: Attributes::none(),
            bind: false,
            recursive: false,
            propagation: Propagation::Private,
            optional: false,
            copy_up: false,
            below: None,
            own: None,
            rest: Vec::new(),
        };
        for option in options {
            match option.as_str() {
                "ro" => words.attributes = words.attributes.and(Attributes::READ_ONLY),
                "rw" => words.attributes = words.attributes.without(Attributes::READ_ONLY),
                "nosuid" => words.attributes = words.attributes.and(Attributes::NO_SUID),
                "suid" => words.attributes = words.attributes.without(Attributes::NO_SUID),
                "nodev" => words.attributes = words.attributes.and(Attributes::NO_DEV),
                "dev" => words.attributes = words.attributes.without(Attributes::NO_DEV),
                "noexec" => words.attributes = words.attributes.and(Attributes::NO_EXEC),
                "exec" => words.attributes = words.attributes.without(Attributes::NO_EXEC),
                "strictatime" => words.attributes = words.attributes.and(Attributes::STRICT_ATIME),
                "noatime" => words.attributes = words.attributes.and(Attributes::NO_ATIME),
                "relatime" | "" | "defaults" | "z" | "Z" | "notmpcopyup" | "nocopy" | "copy" => {}
                "tmpcopyup" => words.copy_up = true,
                "bind" => words.bind = true,
                "rbind" => (words.bind, words.recursive) = (true, true),
                "private" | "rprivate" => words.propagation = Propagation::Private,
                "slave" | "rslave" => words.propagation = Propagation::Slave,
                "shared" | "rshared" => words.propagation = Propagation::Shared,
                "unbindable" | "runbindable" => words.propagation = Propagation::Unbindable,
                // Ours: skip the mount where the kernel does not allow it.
                "box.optional" => words.optional = true,
                // Ours: a part of the source.
                other if other.starts_with("box.subpath=") => {
                    words.below = other.strip_prefix("box.subpath=").map(str::to_string);
                }
                // Ours: the user that all of it is given to.
                other if other.starts_with("box.own=") => {
                    words.own = other.strip_prefix("box.own=").map(str::to_string);
                }
                other => words.rest.push(match other.split_once('=') {
                    Some((key, value)) => (key.to_string(), Some(value.to_string())),
                    None => (other.to_string(), None),
                }),
            }
        }
        Ok(words)
    }
}

pub(super) fn one_mount(mount: &Mount) -> Result<Step> {
    let words =
        Words::split(&mount.options).doing(|| format!("mount {} in the container", mount.destination))?;
    let at = PathBuf::from(&mount.destination);
    if mount.kind == "bind" || words.bind {
        if let Some((word, _)) = words.rest.first() {
            return Err(invalid(format!(
                "{word:?} is not an option of a bind mount ({})",
                mount.destination
            )));
        }
        return Ok(Step::Bind(BindMount {
            source: PathBuf::from(&mount.source),
            below: words.below,
            at,
            recursive: words.recursive,
            attributes: words.attributes,
            propagation: words.propagation,
            optional: words.optional,
        }));
    }
    let fs = FsMount { kind: mount.kind.clone(), options: words.rest, attributes: words.attributes };
    Ok(Step::Mount { at, fs, optional: words.optional, copy_up: words.copy_up, own: words.own })
}

/// /dev is a tmpfs by then: nodes are binds of the host's, links are what programs expect.
fn devices(spec: &Spec) -> Vec<Step> {
    let mut steps = Vec::new();
    if spec.mounts.iter().any(|m| m.destination == "/dev" && m.kind == "tmpfs") {
        for (at, to) in [
            ("/dev/fd", "/proc/self/fd"),
            ("/dev/stdin", "/proc/self/fd/0"),
            ("/dev/stdout", "/proc/self/fd/1"),
            ("/dev/stderr", "/proc/self/fd/2"),
            ("/dev/core", "/proc/kcore"),
            ("/dev/ptmx", "pts/ptmx"),
        ] {
            steps.push(Step::Link { at: at.into(), to: to.into() });
        }
    }
    for device in &spec.linux.devices {
        steps.push(Step::Device {
            path: device.path.clone().into(),
            major: device.major,
            minor: device.minor,
        });
    }
    if spec.extension.all_devices {
        steps.push(Step::AllDevices);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::spec::Process;

    fn spec() -> Spec {
        let namespace = |kind| Namespace { kind, path: None };
        let overlay = Mount {
            destination: "/".into(),
            kind: "overlay".into(),
            source: "overlay".into(),
            options: vec!["userxattr".into(), "lowerdir+=/l".into()],
        };
        Spec {
            process: Process { args: vec!["sh".into()], cwd: "/".into(), ..Process::default() },
            mounts: vec![overlay],
            linux: crate::oci::spec::Linux {
                namespaces: vec![namespace(NamespaceKind::Mount), namespace(NamespaceKind::Pid)],
                masked_paths: vec!["/proc/kcore".into()],
                readonly_paths: vec!["/proc/sys".into()],
                ..Default::default()
            },
            extension: crate::oci::spec::Extension { default_seccomp: true, ..Default::default() },
            ..Spec::default()
        }
    }

    fn names(plan: &Plan) -> Vec<String> {
        plan.steps.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_is_mounted_before_slave_propagation_or_after_the_change_of_root() {
        let plan = plan(&spec(), Inside { single_id: false, nested: false }).unwrap();
        let names = names(&plan);
        let at = |name: &str| names.iter().position(|n| n.starts_with(name)).unwrap();
        assert!(at("make / a slave mount") < at("mount an overlay"));
        assert!(at("mount an overlay") < at("hide /proc/kcore"));
        assert!(at("hide /proc/kcore") < at("change the root"));
        assert!(at("change the root") < at("look up the user"));
        assert_eq!(plan.namespaces, libc::CLONE_NEWNS | libc::CLONE_NEWPID);
    }

    #[test]
    fn the_filter_is_loaded_while_we_may_and_before_the_user_is_left() {
        let mut spec = spec();
        let steps = names(&plan(&spec, Inside { single_id: false, nested: false }).unwrap());
        let at = |steps: &[String], name: &str| steps.iter().position(|n| n.starts_with(name)).unwrap();
        assert!(at(&steps, "load seccomp") < at(&steps, "become the user"));
        assert!(at(&steps, "become the user") < at(&steps, "set the capabilities"));
        assert!(steps.last().unwrap().starts_with("execute sh"));
        spec.process.no_new_privileges = true;
        let steps = names(&plan(&spec, Inside { single_id: false, nested: false }).unwrap());
        assert!(at(&steps, "load seccomp") > at(&steps, "set no_new_privs"));
    }

    #[test]
    fn who_may_enter_namespaces_is_kept_from_those_of_its_neighbours() {
        let has = |spec: &Spec, nested: bool| {
            let made = plan_exec(spec, Inside { single_id: false, nested }).unwrap();
            made.iter().any(|step| step.to_string().contains("other containers' namespaces"))
        };
        let mut spec = spec();
        assert!(!has(&spec, false));
        spec.process.capabilities.bounding = vec!["CAP_SYS_ADMIN".into()];
        assert!(has(&spec, false));
        spec.extension.default_seccomp = false;
        assert!(has(&spec, false));
        assert!(!has(&spec, true));
    }

    #[test]
    fn a_shared_pid_namespace_is_entered_after_the_change_of_root() {
        let mut spec = spec();
        spec.linux.namespaces[1].path = Some("/proc/7/ns/pid".into());
        let plan = plan(&spec, Inside { single_id: false, nested: false }).unwrap();
        let names = names(&plan);
        let at = |name: &str| names.iter().position(|n| n.starts_with(name)).unwrap();
        assert!(at("change the root") < at("enter the shared pid namespace"));
        assert!(at("enter the shared pid namespace") < at("look up the user"));
        assert_eq!(plan.namespaces, libc::CLONE_NEWNS);
    }

    #[test]
    fn with_one_id_nobody_becomes_another_user() {
        let steps = names(&plan(&spec(), Inside { single_id: true, nested: false }).unwrap());
        assert!(!steps.iter().any(|n| n == "become the user" || n == "set the capabilities"));
        assert!(steps.iter().any(|n| n.contains("success for chown and setuid")));
        assert!(!steps.iter().any(|n| n == "give input and output to the user"));
    }

    #[test]
    fn in_a_user_namespace_of_its_own_the_ids_come_first_and_nothing_is_joined() {
        let mut spec = spec();
        spec.linux.namespaces.push(Namespace { kind: NamespaceKind::User, path: None });
        let inside = Inside { single_id: false, nested: true };
        let made = plan(&spec, inside).unwrap();
        assert_eq!(names(&made)[0], "wait for the ids of the new user namespace and be root in it");
        assert!(made.namespaces & libc::CLONE_NEWUSER != 0);
        spec.linux.namespaces[1].path = Some("/proc/7/ns/pid".into());
        assert!(plan(&spec, inside).unwrap_err().chain().contains("cannot be entered"));
    }

    #[test]
    fn words_of_mount_are_sorted_out() {
        let words = ["ro", "nosuid", "rbind", "rslave", "size=64m", "mode=1777"].map(String::from);
        let words = Words::split(&words).unwrap();
        assert!(words.attributes.has(Attributes::READ_ONLY.and(Attributes::NO_SUID)));
        assert!(words.bind && words.recursive);
        assert_eq!(words.propagation, Propagation::Slave);
        assert_eq!(words.rest, [("size".into(), Some("64m".into())), ("mode".into(), Some("1777".into()))]);
    }
}
