//! User namespaces and their id maps.

use crate::error::{Doing, Error, Kind, Result, failed};
use serde::{Deserialize, Serialize};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One line of a map: `count` ids from `inside` on are the ids from `outside` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The first id in the namespace.
    pub inside: u32,
    /// The first id in the parent namespace.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

/// The maps of a user namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdMaps {
    /// User ids.
    pub uids: Vec<Extent>,
    /// Group ids.
    pub gids: Vec<Extent>,
}

impl IdMaps {
    /// The maps of this process's own namespace.
    ///
    /// # Errors
    /// When /proc is not mounted.
    ///
    /// Source: user_namespaces(7), /proc/PID/uid_map.
    pub fn current() -> Result<IdMaps> {
        IdMaps::read("self")
    }

    /// The maps of the namespace that process `pid` is in. If it is not ours, `outside` counts in ours.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn of(pid: i32) -> Result<IdMaps> {
        IdMaps::read(&pid.to_string())
    }

    fn read(process: &str) -> Result<IdMaps> {
        let read = |name: &str| -> Result<Vec<Extent>> {
            let text = std::fs::read_to_string(format!("/proc/{process}/{name}"))
                .doing(|| format!("read {name}"))?;
            Ok(parse_map(&text))
        };
        Ok(IdMaps { uids: read("uid_map")?, gids: read("gid_map")? })
    }

    /// Only one id is mapped: owners of files cannot be told apart.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.uids.iter().map(|e| u64::from(e.count)).sum::<u64>() <= 1
    }
}

fn parse_map(text: &str) -> Vec<Extent> {
    let extent = |line: &str| {
        let mut numbers = line.split_whitespace().map(|n| n.parse().ok());
        Some(Extent { inside: numbers.next()??, outside: numbers.next()??, count: numbers.next()?? })
    };
    text.lines().filter_map(extent).collect()
}

/// Proof that this process is inside the user's namespace and uid 0 there: it may chown to mapped
/// ids and mount. Only a role that was started inside makes one.
#[derive(Clone, Copy, Debug)]
pub struct InUserNs {
    single: bool,
}

impl InUserNs {
    /// Checks where we are.
    ///
    /// # Errors
    /// When we are not uid 0.
    pub fn verify() -> Result<InUserNs> {
        if !nix::unistd::geteuid().is_root() {
            return Err(failed("this job runs inside the user namespace, which box enters by itself"));
        }
        Ok(InUserNs { single: IdMaps::current()?.is_single() })
    }

    /// Only one id is mapped.
    #[must_use]
    pub fn is_single(self) -> bool {
        self.single
    }
}

/// The subordinate ids that /etc/subuid and /etc/subgid give the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subordinate {
    /// First and count.
    pub uids: Vec<(u32, u32)>,
    /// First and count.
    pub gids: Vec<(u32, u32)>,
}

/// Reads the caller's ranges; `None` if there is none in one of the files.
///
/// The files are read by us because a static binary cannot ask NSS.
///
/// Source: subuid(5).
#[must_use]
pub fn subordinate_ids() -> Option<Subordinate> {
    let uid = nix::unistd::getuid().as_raw();
    let name = user_name(uid);
    let read = |path: &str| -> Vec<(u32, u32)> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        ranges(&text, uid, name.as_deref())
    };
    let found = Subordinate { uids: read("/etc/subuid"), gids: read("/etc/subgid") };
    (!found.uids.is_empty() && !found.gids.is_empty()).then_some(found)
}

/// The ranges (first and count) that `file`, of the form of /etc/subuid, gives to the user `name`; none
/// if it cannot be read.
///
/// Source: subuid(5).
#[must_use]
pub fn ranges_of(file: &str, name: &str) -> Vec<(u32, u32)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    // A number that no user has: only the name counts.
    ranges(&text, u32::MAX, Some(name))
}

fn ranges(text: &str, uid: u32, name: Option<&str>) -> Vec<(u32, u32)> {
    let range = |line: &str| {
        let mut parts = line.trim().split(':');
        let owner = parts.next()?;
        let ours = Some(owner) == name || owner.parse() == Ok(uid);
        let first = parts.next()?.parse().ok()?;
        let count = parts.next()?.parse().ok()?;
        (ours && count > 0).then_some((first, count))
    };
    text.lines().filter_map(range).collect()
}

/// The login name of a uid as /etc/passwd has it.
#[must_use]
pub fn user_name(uid: u32) -> Option<String> {
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_string())
    })
}

/// How ids are mapped in the namespace that is made for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// The caller is root and its subordinate ids follow from 1 on, written by the setuid helpers.
    Subordinate {
        /// The ranges.
        ids: Subordinate,
        /// Where newuidmap is.
        newuidmap: PathBuf,
        /// Where newgidmap is.
        newgidmap: PathBuf,
    },
    /// The caller is root and nothing else is mapped.
    Single {
        /// Why there is no more than that.
        reason: String,
    },
    /// The caller is root already; every id keeps its number.
    Identity,
}

impl Mapping {
    /// The maps that the namespace has, or will have once it is made.
    ///
    /// # Errors
    /// When /proc is not mounted.
    pub fn maps(&self) -> Result<IdMaps> {
        let own = |id: u32| Extent { inside: 0, outside: id, count: 1 };
        let (uid, gid) = (own(nix::unistd::getuid().as_raw()), own(nix::unistd::getgid().as_raw()));
        Ok(match self {
            Mapping::Subordinate { ids, .. } => {
                IdMaps { uids: in_a_row(uid, &ids.uids), gids: in_a_row(gid, &ids.gids) }
            }
            Mapping::Single { .. } => IdMaps { uids: vec![uid], gids: vec![gid] },
            Mapping::Identity => {
                let ours = IdMaps::current()?;
                let same = |extents: &[Extent]| -> Vec<Extent> {
                    extents.iter().map(|e| Extent { outside: e.inside, ..*e }).collect()
                };
                IdMaps { uids: same(&ours.uids), gids: same(&ours.gids) }
            }
        })
    }
}

/// The caller's own id as 0, and the ranges from 1 on.
fn in_a_row(own: Extent, ranges: &[(u32, u32)]) -> Vec<Extent> {
    let mut row = vec![own];
    let mut inside: u32 = 1;
    for (first, count) in ranges {
        let count = (*count).min(u32::MAX - inside);
        row.push(Extent { inside, outside: *first, count });
        inside += count;
    }
    row
}

/// Chooses the best mapping this host offers the caller.
#[must_use]
pub fn choose_mapping() -> Mapping {
    if nix::unistd::geteuid().is_root() {
        return Mapping::Identity;
    }
    let Some(ids) = subordinate_ids() else {
        let user = user_name(nix::unistd::getuid().as_raw()).unwrap_or_else(|| "this user".to_string());
        return Mapping::Single { reason: format!("{user} has no range in /etc/subuid and /etc/subgid") };
    };
    let (Some(newuidmap), Some(newgidmap)) = (find_helper("newuidmap"), find_helper("newgidmap")) else {
        return Mapping::Single { reason: "newuidmap is not installed (package uidmap)".to_string() };
    };
    if no_new_privileges() {
        return Mapping::Single { reason: "no_new_privs is set, so newuidmap cannot work".to_string() };
    }
    Mapping::Subordinate { ids, newuidmap, newgidmap }
}

fn no_new_privileges() -> bool {
    // SAFETY: prctl with integer arguments only.
    unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 }
}

/// Finds a program in PATH, or where distributions keep helpers when PATH has no sbin.
#[must_use]
pub fn find_helper(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual =
        ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(usual)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .find(|file| rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file())
}

/// Writes the maps of the new user namespace that process `pid`, a child of ours, is in.
///
/// # Errors
/// `Denied` with what the helpers said when they refuse.
///
/// Source: user_namespaces(7), newuidmap(1).
pub fn write_maps(pid: i32, mapping: &Mapping) -> Result<()> {
    match mapping {
        Mapping::Subordinate { ids, newuidmap, newgidmap } => {
            let uid = nix::unistd::getuid().as_raw();
            let gid = nix::unistd::getgid().as_raw();
            // Both are setuid programs of some 2 ms each: side by side they cost one.
            let users = start_helper(newuidmap, pid, uid, &ids.uids)?;
            let groups = start_helper(newgidmap, pid, gid, &ids.gids)?;
            let users = finish_helper("newuidmap", users);
            let groups = finish_helper("newgidmap", groups);
            users.and(groups)
        }
        Mapping::Single { .. } => {
            let uid = nix::unistd::getuid();
            let gid = nix::unistd::getgid();
            write_proc(pid, "setgroups", "deny")?;
            write_proc(pid, "uid_map", &format!("0 {uid} 1"))?;
            write_proc(pid, "gid_map", &format!("0 {gid} 1"))
        }
        Mapping::Identity => {
            let ours = IdMaps::current()?;
            // In the child an id is what it is here, so `outside` is our `inside`.
            let text = |extents: &[Extent]| -> String {
                extents.iter().map(|e| format!("{0} {0} {1}\n", e.inside, e.count)).collect()
            };
            write_proc(pid, "uid_map", &text(&ours.uids))?;
            write_proc(pid, "gid_map", &text(&ours.gids))
        }
    }
}

/// Writes the maps of a user namespace below ours that process `pid`, a child of ours, is in; the
/// ids outside are those of our namespace, in which we are root.
///
/// # Errors
/// When an extent reaches over two of ours.
pub fn write_nested_maps(pid: i32, maps: &IdMaps) -> Result<()> {
    let text = |extents: &[Extent]| -> String {
        extents.iter().map(|e| format!("{} {} {}\n", e.inside, e.outside, e.count)).collect()
    };
    write_proc(pid, "uid_map", &text(&maps.uids))?;
    write_proc(pid, "gid_map", &text(&maps.gids))
}

fn write_proc(pid: i32, name: &str, text: &str) -> Result<()> {
    let path = format!("/proc/{pid}/{name}");
    std::fs::write(&path, text).doing(|| format!("write {name} of the new user namespace"))
}

fn start_helper(helper: &Path, pid: i32, own: u32, ranges: &[(u32, u32)]) -> Result<std::process::Child> {
    let mut command = Command::new(helper);
    command.arg(pid.to_string());
    for extent in in_a_row(Extent { inside: 0, outside: own, count: 1 }, ranges) {
        command.args([extent.inside, extent.outside, extent.count].map(|number| number.to_string()));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().doing(|| format!("run {}", helper.display()))
}

fn finish_helper(name: &str, helper: std::process::Child) -> Result<()> {
    let done = helper.wait_with_output().doing(|| format!("wait for {name}"))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(Error::new(Kind::Denied, format!("{name} refused the caller's subordinate ids: {}", said.trim()))
        .hint("`box doctor` says what is wrong with /etc/subuid, /etc/subgid or the helper"))
}

/// Enters the user namespace of a process. Call it in a process with one thread.
///
/// # Errors
/// When the process has ended or is not ours.
///
/// Source: setns(2) with a pidfd, Linux 5.8.
pub fn enter(pidfd: BorrowedFd<'_>) -> Result<()> {
    join(pidfd, libc::CLONE_NEWUSER)
}

/// Enters those namespaces of a process that `namespaces` names (`CLONE_NEW*`).
///
/// # Errors
/// When the process has ended, or the namespaces are not ours to enter.
pub fn join(pidfd: BorrowedFd<'_>, namespaces: i32) -> Result<()> {
    use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};
    let kinds = ThreadNameSpaceType::from_bits_retain(namespaces as u32);
    move_into_thread_name_spaces(pidfd, kinds).doing(|| "enter a process's namespaces")
}

/// Enters the namespace that `file` (an entry of /proc/PID/ns) is open on.
///
/// # Errors
/// When it is not ours to enter.
pub fn join_file(file: impl AsFd) -> Result<()> {
    rustix::thread::move_into_link_name_space(file.as_fd(), None).doing(|| "enter a namespace")
}

/// Enters the user namespace that `file` is open on.
///
/// # Errors
/// `EINVAL` when it is one of another kind, or the one that we are in.
pub fn join_user(file: impl AsFd) -> Result<()> {
    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
    move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::User)).doing(|| "enter a user namespace")
}

/// Leaves our namespaces of these kinds (`CLONE_NEW*`) for new ones.
///
/// # Errors
/// When the kernel refuses.
pub fn unshare(namespaces: i32) -> Result<()> {
    // SAFETY: namespaces only; no CLONE_FILES or CLONE_FS is passed on.
    let done = unsafe { libc::unshare(namespaces) };
    if done != 0 {
        return Err(std::io::Error::last_os_error()).doing(|| "make new namespaces");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subordinate_ranges_are_found_by_name_and_by_number() {
        let text = "alice:100000:65536\n1002:200000:10\n# x\nbob:1:0\n";
        assert_eq!(ranges(text, 1001, Some("alice")), [(100_000, 65536)]);
        assert_eq!(ranges(text, 1002, Some("bob")), [(200_000, 10)]);
        assert_eq!(ranges(text, 7, Some("carol")), []);
    }

    #[test]
    fn the_callers_own_id_comes_before_the_subordinate_ones() {
        let own = Extent { inside: 0, outside: 1001, count: 1 };
        let row = in_a_row(own, &[(100_000, 10), (300_000, 5)]);
        let more = [(1, 100_000, 10), (11, 300_000, 5)];
        let more = more.map(|(inside, outside, count)| Extent { inside, outside, count });
        assert_eq!(row, [&[own][..], &more].concat());
    }

    #[test]
    fn a_map_is_read() {
        let maps = parse_map("         0       1001          1\n         1     100000      65536\n");
        assert_eq!(maps[1], Extent { inside: 1, outside: 100_000, count: 65536 });
        assert!(IdMaps { uids: maps[..1].to_vec(), gids: vec![] }.is_single());
    }
}
