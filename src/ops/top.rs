//! The processes of a container, as `top` shows them.
//!
//! Everything is read from the host's /proc: nothing is executed in the container, which may have
//! no `ps`. A process belongs to the container if it lives in the pid namespace of its first
//! process or of one that was made in there, or, where that namespace is shared with others, in
//! its mount namespace.

use super::{reconcile, worker};
use crate::container::caps::{Cap, CapSet};
use crate::container::config::Namespace;
use crate::container::state::{State, Status};
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::settings::Settings;
use crate::store::containers::Entry;
use crate::sys::path::RootFd;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A table of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The titles.
    pub header: Vec<String>,
    /// One row for each process.
    pub rows: Vec<Vec<String>>,
}

/// What is shown unless the user says otherwise.
const DEFAULT: [&str; 8] = ["user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args"];

/// Every descriptor with its title.
const DESCRIPTORS: [(&str, &str); 32] = [
    ("args", "COMMAND"),
    ("capamb", "AMBIENT CAPS"),
    ("capbnd", "BOUNDING CAPS"),
    ("capeff", "EFFECTIVE CAPS"),
    ("capinh", "INHERITED CAPS"),
    ("capprm", "PERMITTED CAPS"),
    ("comm", "COMMAND"),
    ("etime", "ELAPSED"),
    ("group", "GROUP"),
    ("groups", "GROUPS"),
    ("hgroup", "HGROUP"),
    ("hgroups", "HGROUPS"),
    ("hpid", "HPID"),
    ("huser", "HUSER"),
    ("label", "LABEL"),
    ("nice", "NI"),
    ("ni", "NI"),
    ("pcpu", "%CPU"),
    ("%cpu", "%CPU"),
    ("pgid", "PGID"),
    ("pid", "PID"),
    ("ppid", "PPID"),
    ("rgroup", "RGROUP"),
    ("rss", "RSS"),
    ("ruser", "RUSER"),
    ("seccomp", "SECCOMP"),
    ("state", "STATE"),
    ("stime", "STIME"),
    ("time", "TIME"),
    ("tty", "TTY"),
    ("user", "USER"),
    ("vsz", "VSZ"),
];

/// The short forms of descriptors. Source: ps(1), "AIX FORMAT DESCRIPTORS".
const CODES: [(&str, &str); 15] = [
    ("%C", "pcpu"),
    ("%G", "group"),
    ("%P", "ppid"),
    ("%U", "user"),
    ("%a", "args"),
    ("%c", "comm"),
    ("%g", "rgroup"),
    ("%n", "nice"),
    ("%p", "pid"),
    ("%r", "pgid"),
    ("%t", "etime"),
    ("%u", "ruser"),
    ("%x", "time"),
    ("%y", "tty"),
    ("%z", "vsz"),
];

/// The names of all descriptors.
pub fn descriptors() -> impl Iterator<Item = &'static str> {
    DESCRIPTORS.iter().map(|(name, _)| *name)
}

/// The processes of a running container. `words` are descriptors (also with commas between them);
/// if one is none, all are options for the host's ps(1), whose lines of other processes are left
/// out.
///
/// # Errors
/// `Conflict` if it does not run; `Invalid` for words that neither we nor ps understand.
pub fn top(settings: &Settings, entry: &Entry, words: &[String]) -> Result<Table> {
    let State::Started(started) = &entry.state else { return Err(not_running()) };
    if entry.status() != Status::Running {
        return Err(not_running());
    }
    if reconcile::process_of(&started.init)?.is_none() {
        return Err(not_running());
    }
    let of_namespace = match entry.config.namespaces.pid {
        Namespace::Private => "pid",
        Namespace::Host | Namespace::Container(_) => "mnt",
    };
    let processes = processes(started.init.pid, of_namespace)?;
    let asked: Vec<String> = words
        .iter()
        .flat_map(|word| word.split(','))
        .map(|word| match CODES.iter().find(|(code, _)| *code == word) {
            Some((_, name)) => name.to_string(),
            None => word.to_ascii_lowercase(),
        })
        .collect();
    if words.is_empty() || asked.iter().all(|word| title(word).is_some()) {
        let wanted = match asked.as_slice() {
            [] => DEFAULT.iter().map(ToString::to_string).collect(),
            _ => asked,
        };
        let names = Names::of(settings, started.init.pid);
        return Ok(Table {
            header: wanted.iter().filter_map(|word| title(word)).map(str::to_string).collect(),
            rows: processes
                .iter()
                .map(|process| wanted.iter().map(|word| field(process, word, &names)).collect())
                .collect(),
        });
    }
    ps(words, &processes)
}

fn not_running() -> Error {
    Error::new(Kind::Conflict, "top can only be used on running containers")
}

fn title(word: &str) -> Option<&'static str> {
    DESCRIPTORS.iter().find(|(name, _)| *name == word).map(|(_, title)| *title)
}

/// One process, as /proc shows it. Source: proc_pid_stat(5), proc_pid_status(5).
#[derive(Debug)]
struct Process {
    /// On the host.
    host_pid: i32,
    /// In its own pid namespace.
    pid: String,
    /// The fields of `stat`, from the state (3) on.
    stat: Vec<String>,
    comm: String,
    args: String,
    status: HashMap<String, String>,
    /// Its parent's pid, in the parent's namespace.
    parent: String,
}

impl Process {
    fn read(pid: i32) -> Option<Process> {
        let dir = PathBuf::from(format!("/proc/{pid}"));
        let stat = std::fs::read(dir.join("stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat).into_owned();
        let (open, close) = (stat.find('(')?, stat.rfind(')')?);
        let comm = stat.get(open + 1..close)?.to_string();
        let fields = stat.get(close + 2..)?.split_whitespace().map(str::to_string).collect();
        let status = String::from_utf8_lossy(&std::fs::read(dir.join("status")).ok()?).into_owned();
        let status: HashMap<String, String> = status
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.to_string(), value.trim().to_string()))
            .collect();
        let args = std::fs::read(dir.join("cmdline")).unwrap_or_default();
        let args = String::from_utf8_lossy(&args).trim_end_matches('\0').replace('\0', " ");
        let inner = status.get("NSpid").and_then(|pids| pids.split_whitespace().next_back());
        Some(Process {
            host_pid: pid,
            pid: inner.map_or_else(|| pid.to_string(), str::to_string),
            stat: fields,
            // A kernel thread, or a process that has just ended, has no arguments.
            args: if args.is_empty() { format!("[{comm}]") } else { args },
            comm,
            status,
            parent: "0".to_string(),
        })
    }

    /// Field `number` of `stat`, counted as in proc_pid_stat(5).
    fn stat(&self, number: usize) -> i64 {
        self.stat.get(number - 3).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    fn status(&self, key: &str) -> &str {
        self.status.get(key).map_or("", String::as_str)
    }

    /// The `at`th of the four ids (real, effective, saved, file system) on the host.
    fn id(&self, key: &str, at: usize) -> u32 {
        self.status(key).split_whitespace().nth(at).and_then(|id| id.parse().ok()).unwrap_or(0)
    }
}

/// All processes of the container whose first process is `init`.
fn processes(init: i32, of_namespace: &str) -> Result<Vec<Process>> {
    let link = |pid: i32, name: &str| std::fs::read_link(format!("/proc/{pid}/ns/{name}"));
    let ours = link(init, of_namespace).doing(|| "look at the container's namespaces")?;
    let mut pids = Vec::new();
    for entry in std::fs::read_dir("/proc").doing(|| "list /proc")?.flatten() {
        pids.extend(entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    pids.sort_unstable();
    let mut members: HashSet<i32> =
        pids.iter().copied().filter(|pid| link(*pid, of_namespace).is_ok_and(|ns| ns == ours)).collect();
    let mut all: Vec<Process> = pids.iter().filter_map(|pid| Process::read(*pid)).collect();
    // What was made in the container and has a pid namespace of its own is a child of a member.
    loop {
        let before = members.len();
        for process in &all {
            if members.contains(&i32::try_from(process.stat(4)).unwrap_or(0)) {
                members.insert(process.host_pid);
            }
        }
        if members.len() == before {
            break;
        }
    }
    all.retain(|process| members.contains(&process.host_pid));
    let inner: HashMap<i64, String> =
        all.iter().map(|process| (i64::from(process.host_pid), process.pid.clone())).collect();
    for process in &mut all {
        if let Some(parent) = inner.get(&process.stat(4)) {
            process.parent = parent.clone();
        }
    }
    all.sort_by_key(|process| (process.host_pid != init, process.stat(22), process.host_pid));
    Ok(all)
}

/// The names of users and groups, inside and outside.
#[derive(Debug, Default)]
struct Names {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
    host_users: HashMap<u32, String>,
    host_groups: HashMap<u32, String>,
    uid_map: Vec<[u32; 3]>,
    gid_map: Vec<[u32; 3]>,
}

impl Names {
    fn of(settings: &Settings, init: i32) -> Names {
        let map = |name: &str| -> Vec<[u32; 3]> {
            let text = std::fs::read_to_string(format!("/proc/{init}/{name}")).unwrap_or_default();
            let line = |line: &str| {
                let mut numbers = line.split_whitespace().filter_map(|n| n.parse().ok());
                Some([numbers.next()?, numbers.next()?, numbers.next()?])
            };
            text.lines().filter_map(line).collect()
        };
        // A root that is served by FUSE shows nothing to whoever is outside its user namespace. Without
        // one to look in (it is just ending) numbers have to do.
        let inside =
            accounts(init).or_else(|_| worker::call(settings, "accounts", &init)).unwrap_or_default();
        let outside = |path: &str| ids(&std::fs::read_to_string(path).unwrap_or_default());
        Names {
            users: ids(&inside[0]),
            groups: ids(&inside[1]),
            host_users: outside("/etc/passwd"),
            host_groups: outside("/etc/group"),
            uid_map: map("uid_map"),
            gid_map: map("gid_map"),
        }
    }

    fn name(&self, id: u32, map: &[[u32; 3]], names: &HashMap<u32, String>) -> String {
        let inside = map.iter().find_map(|[inside, outside, count]| {
            let offset = id.checked_sub(*outside).filter(|offset| offset < count)?;
            Some(inside + offset)
        });
        let inside = inside.unwrap_or(65534);
        names.get(&inside).cloned().unwrap_or_else(|| inside.to_string())
    }

    fn user(&self, id: u32) -> String {
        self.name(id, &self.uid_map, &self.users)
    }

    fn group(&self, id: u32) -> String {
        self.name(id, &self.gid_map, &self.groups)
    }
}

/// The passwd(5) and group(5) files of a container, empty if it has none.
///
/// # Errors
/// When its root cannot be looked into, or a file is none or larger than 1 MiB.
pub(super) fn accounts(init: i32) -> Result<[String; 2]> {
    let root = RootFd::open(Path::new(&format!("/proc/{init}/root")))?;
    let read = |path: &str| root.read(Path::new(path), 1 << 20).map(Option::unwrap_or_default);
    Ok([read("/etc/passwd")?, read("/etc/group")?])
}

/// Ids and names of a passwd(5) or group(5) file.
fn ids(text: &str) -> HashMap<u32, String> {
    let line = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_string();
        Some((fields.nth(1)?.parse().ok()?, name))
    };
    text.lines().filter_map(line).collect()
}

fn field(process: &Process, word: &str, names: &Names) -> String {
    let kib = |text: &str| text.split_whitespace().next().unwrap_or("0").to_string();
    let host =
        |names: &HashMap<u32, String>, id: u32| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    match word {
        "args" => process.args.clone(),
        "comm" => process.comm.clone(),
        "etime" => clock(elapsed(process)),
        "group" => names.group(process.id("Gid", 1)),
        "rgroup" => names.group(process.id("Gid", 0)),
        "hgroup" => host(&names.host_groups, process.id("Gid", 1)),
        "user" => names.user(process.id("Uid", 1)),
        "ruser" => names.user(process.id("Uid", 0)),
        "huser" => host(&names.host_users, process.id("Uid", 1)),
        "hpid" => process.host_pid.to_string(),
        "pid" => process.pid.clone(),
        "ppid" => process.parent.clone(),
        "pgid" => process.status("NSpgid").split_whitespace().next_back().unwrap_or("0").to_string(),
        "label" => std::fs::read_to_string(format!("/proc/{}/attr/current", process.host_pid))
            .map(|text| text.trim_end_matches(['\0', '\n']).to_string())
            .unwrap_or_default(),
        "nice" | "ni" => process.stat(19).to_string(),
        "pcpu" | "%cpu" => {
            let elapsed = elapsed(process).max(0.01);
            format!("{:.3}", cpu_seconds(process) / elapsed * 100.0)
        }
        "rss" => kib(process.status("VmRSS")),
        "vsz" => kib(process.status("VmSize")),
        "seccomp" => match process.status("Seccomp") {
            "0" => "disabled".to_string(),
            "1" => "strict".to_string(),
            _ => "filter".to_string(),
        },
        "state" => process.stat.first().cloned().unwrap_or_default(),
        "stime" => started(process),
        "time" => clock(cpu_seconds(process)),
        "tty" => terminal(process.stat(7)),
        "capamb" => capabilities(process.status("CapAmb")),
        "capbnd" => capabilities(process.status("CapBnd")),
        "capeff" => capabilities(process.status("CapEff")),
        "capinh" => capabilities(process.status("CapInh")),
        "capprm" => capabilities(process.status("CapPrm")),
        "groups" => supplementary(process, |id| names.group(id)),
        "hgroups" => supplementary(process, |id| host(&names.host_groups, id)),
        _ => String::new(),
    }
}

/// The names of the groups beside the main one.
fn supplementary(process: &Process, name: impl Fn(u32) -> String) -> String {
    let ids = process.status("Groups").split_whitespace().filter_map(|id| id.parse().ok());
    ids.map(name).collect::<Vec<_>>().join(",")
}

/// Clock ticks a second. USER_HZ is 100 on all our architectures. Source: time(7).
const TICKS: f64 = 100.0;

fn cpu_seconds(process: &Process) -> f64 {
    (process.stat(14) + process.stat(15)) as f64 / TICKS
}

fn elapsed(process: &Process) -> f64 {
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let uptime: f64 = uptime.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    (uptime - process.stat(22) as f64 / TICKS).max(0.0)
}

fn started(process: &Process) -> String {
    let at = jiff::Timestamp::now() - jiff::SignedDuration::from_secs_f64(elapsed(process));
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%F %T %z %Z").to_string()
}

/// As podman writes it: `1h2m3.45s`.
fn clock(seconds: f64) -> String {
    let (hours, minutes) = ((seconds / 3600.0) as u64, (seconds / 60.0) as u64 % 60);
    let rest = seconds % 60.0;
    let rest = format!("{rest:.2}");
    let rest = rest.trim_end_matches('0').trim_end_matches('.');
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, minutes) => format!("{minutes}m{rest}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
    }
}

/// The name of a controlling terminal. Source: proc_pid_stat(5), field 7.
fn terminal(number: i64) -> String {
    let number = number as u32;
    let (major, minor) = ((number >> 8) & 0xfff, (number & 0xff) | ((number >> 12) & 0xfff00));
    match major {
        0 => "?".to_string(),
        136..=143 => format!("pts/{}", minor + (major - 136) * 256),
        4 => format!("tty{minor}"),
        _ => format!("{major}:{minor}"),
    }
}

fn capabilities(hex: &str) -> String {
    let set = CapSet::from_bits(u64::from_str_radix(hex, 16).unwrap_or(0));
    let names = set.names();
    match names.len() {
        0 => "none".to_string(),
        n if n > usize::from(Cap::NEWEST.number()) => "full".to_string(),
        _ => names.join(","),
    }
}

/// The lines of the host's ps(1) that are about these processes.
fn ps(words: &[String], processes: &[Process]) -> Result<Table> {
    let known = descriptors().collect::<Vec<_>>().join(", ");
    let output = Command::new("ps").args(words).output().map_err(|error| {
        invalid(format!("there is no ps on this host to understand {:?}", words.join(" ")))
            .because(error)
            .hint(format!("these descriptors need none: {known}"))
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("ps failed").trim();
        return Err(
            invalid(format!("ps {}: {first}", words.join(" "))).hint(format!("or take descriptors: {known}"))
        );
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let header: Vec<String> =
        lines.next().unwrap_or_default().split_whitespace().map(str::to_string).collect();
    let at = header
        .iter()
        .position(|title| title == "PID")
        .ok_or_else(|| failed("ps shows no PID, so the container's processes cannot be told apart"))?;
    let pids: HashSet<String> = processes.iter().map(|process| process.host_pid.to_string()).collect();
    let rows = lines.filter_map(|line| {
        let row = split(line, header.len());
        pids.contains(row.get(at)?).then_some(row)
    });
    Ok(Table { rows: rows.collect(), header })
}

/// Cuts a line into `count` columns; the last one keeps its spaces.
fn split(line: &str, count: usize) -> Vec<String> {
    let mut rest = line.trim_start();
    let mut columns = Vec::new();
    while columns.len() + 1 < count {
        let Some((column, more)) = rest.split_once(char::is_whitespace) else { break };
        columns.push(column.to_string());
        rest = more.trim_start();
    }
    columns.push(rest.trim_end().to_string());
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_terminals_read_as_podman_writes_them() {
        assert_eq!(clock(0.0), "0s");
        assert_eq!(clock(62.5), "1m2.5s");
        assert_eq!(clock(3600.0), "1h0m0s");
        assert_eq!(terminal(0), "?");
        assert_eq!(terminal((136 << 8) | 3), "pts/3");
    }

    #[test]
    fn the_last_column_keeps_its_spaces() {
        assert_eq!(split("  7 root  sh -c 'a  b' ", 3), ["7", "root", "sh -c 'a  b'"]);
    }
}
