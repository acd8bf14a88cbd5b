//! `doctor`: what is there, what is missing, which mode results, and the command that mends it.

use super::probe::{Failure, Probe};
use super::worker;
use crate::container::config::NetworkMode;
use crate::error::{Error, Kind, Result};
use crate::network;
use crate::settings::Settings;
use crate::sys::process;
use crate::sys::userns::{self, Mapping};
use serde::Serialize;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, in a lesser mode or with something to know.
    Note,
    /// Because of it no container can run.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What: `user namespaces`, `network` …
    pub about: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What was found.
    pub text: String,
    /// The commands that mend it, one a line.
    pub mend: Vec<String>,
}

impl Finding {
    fn ok(about: &'static str, text: impl Into<String>) -> Finding {
        Finding { about, level: Level::Ok, text: text.into(), mend: Vec::new() }
    }

    fn note(about: &'static str, text: impl Into<String>) -> Finding {
        Finding { about, level: Level::Note, text: text.into(), mend: Vec::new() }
    }

    fn fail(about: &'static str, text: impl Into<String>) -> Finding {
        Finding { about, level: Level::Fail, text: text.into(), mend: Vec::new() }
    }

    fn mend(mut self, command: impl Into<String>) -> Finding {
        self.mend.push(command.into());
        self
    }

    /// With the error's own hint, where it has one.
    fn from_failure(about: &'static str, level: Level, what: &str, failure: &Failure) -> Finding {
        let mend = failure.hint.clone().into_iter().collect();
        Finding { about, level, text: format!("{what}: {}", failure.text), mend }
    }
}

/// All findings, those of the host first.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether a container can run.
    pub works: bool,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Examines this host for the caller. `settings` is what reading them gave: a home that is missing
/// is a finding too.
#[must_use]
pub fn examine(settings: Result<&Settings>) -> Report {
    let mut findings = vec![kernel()];
    findings.extend(proc());
    let picked = network::default_mode();
    let mut probed = None;
    match &settings {
        Ok(settings) => {
            findings.extend(places(settings));
            findings.push(runtime_dir(settings));
            let store_fails = findings.iter().any(|f| f.about == "store" && f.level == Level::Fail);
            // A network's uplink is that of a single container, tried without a bridge.
            let tried = match &picked.mode {
                NetworkMode::Bridge => NetworkMode::Slirp4netns,
                other => other.clone(),
            };
            match worker::call::<NetworkMode, Probe>(settings, "probe", &tried) {
                Ok(probe) => {
                    findings.extend(namespaces(&probe));
                    probed = Some(probe);
                }
                // The job needs the store too.
                Err(_) if store_fails => {}
                Err(error) => {
                    findings.extend(no_namespace(&error, &|path| std::fs::read_to_string(path).ok()))
                }
            }
        }
        Err(error) => {
            let failure = Failure { text: error.chain(), hint: error.find_hint().map(str::to_string) };
            findings.push(Finding::from_failure("store", Level::Fail, "no place for it", &failure));
        }
    }
    findings.extend(ids(&userns::choose_mapping(), probed.as_ref()));
    if let Some(probe) = &probed {
        findings.extend(mounts(probe));
    }
    findings.push(uplink(&picked, probed.as_ref()));
    findings.extend(session());
    findings.push(fuse(probed.as_ref().is_some_and(|probe| probe.overlay.is_some())));
    let works = findings.iter().all(|finding| finding.level != Level::Fail);
    Report { works, findings }
}

fn kernel() -> Finding {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map(|n| n.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < (5, 12) {
        return Finding::fail("kernel", format!("Linux {release}; box needs 5.12 or later"))
            .mend("install a newer kernel and boot it");
    }
    Finding::ok("kernel", format!("Linux {release}"))
}

/// Nothing works without it, and what else we would find would mislead.
fn proc() -> Option<Finding> {
    let missing = !Path::new("/proc/self/exe").exists();
    missing.then(|| Finding::fail("/proc", "it is not mounted").mend("as root: mount -t proc proc /proc"))
}

fn namespaces(probe: &Probe) -> Vec<Finding> {
    match &probe.namespaces {
        None => vec![Finding::ok("user namespaces", "they work")],
        Some(failure) => {
            let mut found = refusals(&|path| std::fs::read_to_string(path).ok());
            found.insert(
                0,
                Finding::from_failure("user namespaces", Level::Fail, "they have no power", failure),
            );
            found
        }
    }
}

/// Why the worker could not be started: the error itself, then every setting that may be why.
fn no_namespace(error: &Error, read: &dyn Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut found = refusals(read);
    if found.is_empty() && outer_seccomp(read) {
        found.push(
            Finding::note("user namespaces", "no setting of this host forbids them, but a seccomp filter is on us: most likely an outer container's")
                .mend("start the outer container with --security-opt seccomp=unconfined --security-opt unmask=ALL --device /dev/net/tun, and a volume for the store"),
        );
    }
    let proc_is_there = Path::new("/proc/self").exists();
    if found.is_empty() && proc_is_there && !Path::new("/proc/self/ns/user").exists() {
        found.push(Finding::note("user namespaces", "this kernel was built without them (CONFIG_USER_NS)"));
    }
    if found.is_empty() && proc_is_there && error.kind() == Kind::Denied && !process::is_in_chroot() {
        found.push(
            Finding::note("user namespaces", "no setting of this host forbids them: most likely this is a chroot, in which the kernel makes none")
                .mend("leave it, or enter the directory as a root of its own: systemd-nspawn -D DIR"),
        );
    }
    let failure = Failure { text: error.chain(), hint: error.find_hint().map(str::to_string) };
    let hint_is_us = failure.hint.as_ref().is_some_and(|hint| hint.contains("box doctor"));
    let failure = Failure { hint: failure.hint.filter(|_| !hint_is_us), ..failure };
    found.insert(0, Finding::from_failure("user namespaces", Level::Fail, "refused", &failure));
    found
}

/// The settings of this host that forbid user namespaces.
fn refusals(read: &dyn Fn(&str) -> Option<String>) -> Vec<Finding> {
    let value = |path: &str| read(path).map(|text| text.trim().to_string());
    let mut found = Vec::new();
    if value("/proc/sys/user/max_user_namespaces").as_deref() == Some("0") {
        found.push(
            Finding::note("user namespaces", "user.max_user_namespaces is 0")
                .mend("as root: sysctl -w user.max_user_namespaces=28633")
                .mend(
                    "as root, to keep it: echo user.max_user_namespaces=28633 > /etc/sysctl.d/90-userns.conf",
                ),
        );
    }
    if value("/proc/sys/kernel/unprivileged_userns_clone").as_deref() == Some("0") {
        found.push(
            Finding::note("user namespaces", "kernel.unprivileged_userns_clone is 0")
                .mend("as root: sysctl -w kernel.unprivileged_userns_clone=1")
                .mend("as root, to keep it: echo kernel.unprivileged_userns_clone=1 > /etc/sysctl.d/90-userns.conf"),
        );
    }
    if value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").as_deref() == Some("1") {
        let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/local/bin/box"));
        found.push(
            Finding::note("user namespaces", "AppArmor takes their power away (kernel.apparmor_restrict_unprivileged_userns is 1)")
                .mend(format!(
                    "as root, for box alone: printf 'abi <abi/4.0>,\\nprofile box {} flags=(unconfined) {{ userns, }}\\n' > /etc/apparmor.d/box && apparmor_parser -r /etc/apparmor.d/box",
                    program.display()
                ))
                .mend("or as root, for all programs: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        );
    }
    found
}

/// Whether a seccomp filter is on this process. Source: proc_pid_status(5), `Seccomp`.
fn outer_seccomp(read: &dyn Fn(&str) -> Option<String>) -> bool {
    let status = read("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|value| value.trim() == "2"))
}

fn ids(mapping: &Mapping, probe: Option<&Probe>) -> Vec<Finding> {
    let count = probe.map(|probe| probe.uids.iter().map(|(_, _, count)| u64::from(*count)).sum::<u64>());
    match mapping {
        Mapping::Identity => vec![Finding::ok("ids", "called by root: every id keeps its number")],
        Mapping::Subordinate { ids, newuidmap, newgidmap } => {
            let given: u64 = ids.uids.iter().map(|(_, count)| u64::from(*count)).sum();
            let mut found = Vec::new();
            for helper in [newuidmap, newgidmap] {
                found.extend(helper_without_power(helper));
            }
            if count == Some(1) {
                found.push(Finding::note(
                    "ids",
                    "single-id mode: only one id is mapped, though a range is there",
                ));
            } else if given < 65536 {
                let user = user();
                found.push(
                    Finding::note("ids", format!("only {given} subordinate ids; images use up to 65536"))
                        .mend(usermod(&user)),
                );
            } else {
                found.push(Finding::ok(
                    "ids",
                    format!("{} ids are mapped, by {}", given + 1, newuidmap.display()),
                ));
            }
            found
        }
        Mapping::Single { reason } => {
            let mut finding = Finding::note(
                "ids",
                format!("single-id mode: {reason}; packages install, but a changed owner is not kept"),
            );
            if userns::subordinate_ids().is_none() {
                finding = finding.mend(usermod(&user()));
            }
            if userns::find_helper("newuidmap").is_none() || userns::find_helper("newgidmap").is_none() {
                finding = finding.mend("as root: apt-get install uidmap");
            }
            if reason.contains("no_new_privs") {
                finding = finding.mend("start box from a session without no_new_privs (systemd: NoNewPrivileges=no; an outer container: no --security-opt no-new-privileges)");
            }
            vec![finding]
        }
    }
}

/// newuidmap needs its setuid bit or its file capabilities; copying a root file system loses both.
fn helper_without_power(helper: &Path) -> Option<Finding> {
    let setuid = std::fs::metadata(helper).is_ok_and(|meta| meta.permissions().mode() & 0o4000 != 0);
    let mut space = [0; 64];
    let capable =
        rustix::fs::getxattr(helper, "security.capability", &mut space[..]).is_ok_and(|size| size > 0);
    if setuid || capable {
        return None;
    }
    Some(
        Finding::note("ids", format!("{} is neither setuid nor has file capabilities", helper.display()))
            .mend(format!("as root: chmod u+s {}", helper.display()))
            .mend("or as root: apt-get install --reinstall uidmap"),
    )
}

fn user() -> String {
    let uid = nix::unistd::getuid().as_raw();
    userns::user_name(uid).unwrap_or_else(|| uid.to_string())
}

/// The command that gives the user a range that nobody has.
fn usermod(user: &str) -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let first = free_range(&(read("/etc/subuid") + "\n" + &read("/etc/subgid")));
    let range = format!("{first}-{}", first + 65535);
    format!("as root: usermod --add-subuids {range} --add-subgids {range} {user}")
}

/// The first id after all ranges that are given away.
fn free_range(files: &str) -> u64 {
    let end = |line: &str| {
        let mut parts = line.split(':').skip(1).map(|n| n.trim().parse::<u64>().ok());
        Some(parts.next()?? + parts.next()??)
    };
    files.lines().filter_map(end).max().unwrap_or(0).max(100_000)
}

fn mounts(probe: &Probe) -> Vec<Finding> {
    let mut found = vec![match (&probe.overlay, &probe.fuse) {
        (None, _) => Finding::ok("storage", "overlay works in the store"),
        (Some(failure), None) => Finding::from_failure("storage", Level::Note, "no overlay in the store: box serves it itself (fuse-overlayfs), which is slower with many small files", failure)
            .mend("Linux 5.11 or newer has overlay for users, on ext4, xfs, btrfs or tmpfs: --root DIR or BOX_ROOT"),
        (Some(failure), Some(_)) => Finding::from_failure("storage", Level::Note, "no overlay in the store: each container gets a copy of its image (vfs)", failure)
            .mend("for faster starts put the store on ext4, xfs, btrfs or tmpfs: --root DIR or BOX_ROOT (an overlay, as in an outer container, and NFS cannot hold one: give the outer container a volume)"),
    }];
    if let Some(failure) = &probe.proc {
        found.push(
            Finding::from_failure("/proc", Level::Fail, "no fresh /proc", failure)
                .mend("in an outer container: start that with --security-opt unmask=ALL"),
        );
    }
    if let Some(failure) = &probe.others {
        found.push(Finding::from_failure("mounts", Level::Note, "not all can be made", failure));
    }
    found
}

fn uplink(picked: &network::Picked, probe: Option<&Probe>) -> Finding {
    if let Some(warning) = &picked.warning {
        return Finding::note("network", warning.clone());
    }
    let name = match picked.mode {
        NetworkMode::Pasta => network::pasta::PROGRAM,
        _ => network::slirp::PROGRAM,
    };
    match probe.map(|probe| &probe.network) {
        Some(Some(failure)) => {
            Finding::from_failure("network", Level::Fail, &format!("{name} does not work"), failure)
        }
        Some(None) => Finding::ok("network", format!("{name} connects a container")),
        None => Finding::ok("network", format!("{name} is installed")),
    }
}

/// The store's and the runtime directory's file systems.
fn places(settings: &Settings) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Err(error) = crate::store::layout::Store::open(settings) {
        let failure = Failure { text: error.chain(), hint: error.find_hint().map(str::to_string) };
        let finding = Finding::from_failure("store", Level::Fail, "it cannot be made", &failure);
        return vec![finding.mend("name a directory that you can write to: --root DIR or BOX_ROOT")];
    }
    let root = &settings.root;
    let (kind, flags, free) = match (rustix::fs::statfs(root), rustix::fs::statvfs(root)) {
        (Ok(fs), Ok(vfs)) => (fs.f_type as u64, vfs.f_flag, vfs.f_bavail * vfs.f_frsize),
        _ => return vec![Finding::note("store", format!("{} cannot be looked at", root.display()))],
    };
    let kind = kind_of_fs(kind);
    let mut text = format!("{} on {kind}, {} free", root.display(), megabytes(free));
    use rustix::fs::StatVfsMountFlags as Flags;
    if flags.contains(Flags::NOEXEC) {
        found.push(
            Finding::fail(
                "store",
                format!("{} is mounted noexec: nothing in a container could be executed", root.display()),
            )
            .mend("use a store elsewhere: --root DIR or BOX_ROOT"),
        );
    }
    if flags.contains(Flags::NOSUID) {
        found.push(Finding::note(
            "store",
            format!("{} is mounted nosuid: sudo and su in containers do not work", root.display()),
        ));
    }
    if kind == "NFS" {
        found.push(
            Finding::note("store", "it lies on NFS, which keeps no subordinate owners and holds no overlay")
                .mend("use a local directory: --root DIR or BOX_ROOT"),
        );
    }
    if free < 512 << 20 {
        found.push(
            Finding::note("store", format!("only {} free on {}", megabytes(free), root.display()))
                .mend("box image prune -a; box container prune"),
        );
        text = format!("{} on {kind}", root.display());
    }
    found.insert(0, Finding::ok("store", text));
    found
}

fn runtime_dir(settings: &Settings) -> Finding {
    let set = std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty());
    // One that lies in /tmp itself is as good as any.
    let used = set.as_ref().is_some_and(|dir| settings.run.starts_with(dir));
    if settings.run.starts_with("/tmp")
        && !used
        && !nix::unistd::geteuid().is_root()
        && std::env::var_os("BOX_RUNROOT").is_none()
    {
        let why = match set {
            None => "XDG_RUNTIME_DIR is not set".to_string(),
            Some(dir) => format!("XDG_RUNTIME_DIR names {}, which is not there", Path::new(&dir).display()),
        };
        return Finding::note(
            "runtime directory",
            format!("{} is used, because {why}", settings.run.display()),
        )
        .mend("log in by ssh or a console instead of su; systemd-logind then makes /run/user/UID");
    }
    Finding::ok("runtime directory", settings.run.display().to_string())
}

/// Containers of a user whose last session ends are killed by logind, unless the user lingers.
fn session() -> Option<Finding> {
    if nix::unistd::geteuid().is_root() || !Path::new("/run/systemd/system").exists() {
        return None;
    }
    let user = user();
    if Path::new("/var/lib/systemd/linger").join(&user).exists() {
        return Some(Finding::ok("lingering", "containers go on when you log out"));
    }
    Some(
        Finding::note("lingering", "systemd ends what you started when you log out, containers too")
            .mend(format!("loginctl enable-linger {user}")),
    )
}

fn fuse(needed: bool) -> Finding {
    match rustix::fs::access("/dev/fuse", rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK) {
        Ok(()) => Finding::ok("/dev/fuse", "can be opened (box needs it only where users have no overlay)"),
        Err(error) if needed => Finding::note(
            "/dev/fuse",
            format!("cannot be opened, so box cannot serve an overlay itself: {error}"),
        )
        .mend("as root: modprobe fuse; chmod 666 /dev/fuse")
        .mend("in an outer container: start that with --device /dev/fuse"),
        Err(_) => Finding::note(
            "/dev/fuse",
            "cannot be opened, and is not needed here (box takes it only where users have no overlay)",
        ),
    }
}

/// A file system's name by its magic number. Source: statfs(2).
#[must_use]
pub fn kind_of_fs(magic: u64) -> &'static str {
    match magic & 0xffff_ffff {
        0xef53 => "extfs",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x0102_1994 => "tmpfs",
        0x794c_7630 => "overlayfs",
        0x6969 => "NFS",
        0x2fc1_2fc1 => "zfs",
        0xf2f5_2010 => "f2fs",
        0x6573_5546 => "FUSE",
        0x0102_1997 => "9p",
        _ => "a file system unknown to box",
    }
}

fn megabytes(bytes: u64) -> String {
    if bytes >= 10 << 30 {
        format!("{} GB", bytes / 1_000_000_000)
    } else {
        format!("{} MB", bytes / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(files: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |path| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_string())
    }

    #[test]
    fn the_setting_that_forbids_user_namespaces_is_named_with_its_command() {
        let read = with(&[("/proc/sys/user/max_user_namespaces", "0\n")]);
        let found = refusals(&read);
        assert_eq!(found.len(), 1);
        assert!(found[0].mend[0].contains("sysctl -w user.max_user_namespaces="));

        let read = with(&[("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n")]);
        assert!(refusals(&read)[0].text.contains("AppArmor"));

        let read = with(&[("/proc/sys/kernel/unprivileged_userns_clone", "0\n")]);
        assert!(refusals(&read)[0].mend[0].contains("unprivileged_userns_clone=1"));

        let read = with(&[("/proc/sys/kernel/unprivileged_userns_clone", "1\n")]);
        assert_eq!(refusals(&read), []);
    }

    #[test]
    fn an_outer_seccomp_filter_is_suspected_when_no_setting_is_to_blame() {
        let error = Error::new(crate::error::Kind::Denied, "the kernel refuses new namespaces");
        let read = with(&[("/proc/self/status", "Name:\tx\nSeccomp:\t2\n")]);
        let found = no_namespace(&error, &read);
        assert_eq!(found[0].level, Level::Fail);
        assert!(found[1].text.contains("outer container"));
    }

    #[test]
    fn a_range_that_nobody_has_is_proposed() {
        assert_eq!(free_range(""), 100_000);
        assert_eq!(free_range("alice:100000:65536\nx:165536:65536\n"), 231_072);
    }
}
