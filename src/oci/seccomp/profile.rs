//! Reads a JSON profile: Docker's form with conditions, and the runtime specification's without.
//!
//! Source: containers-seccomp.json(5); the runtime specification, "Seccomp"; Docker's
//! profiles/seccomp. Where they leave a case open it is what crun and runc do.

use super::{Action, Arch, Op, Policy, Rule, Test, syscalls};
use crate::error::{Error, Kind, Result, invalid};
use crate::oci::caps::{Cap, CapSet};
use serde::Deserialize;

const ENOSYS: u16 = 38;
const EPERM: u16 = 1;

/// The largest error number that the kernel passes on (`MAX_ERRNO`).
const MAX_ERRNO: u32 = 4095;

/// What the conditions of a profile are asked about.
pub(super) struct Host {
    pub(super) arch: Arch,
    pub(super) caps: CapSet,
    pub(super) kernel: (u32, u32),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    default_action: String,
    default_errno_ret: Option<u32>,
    #[serde(default)]
    default_errno: Option<String>,
    #[serde(default)]
    architectures: Option<Vec<String>>,
    #[serde(default)]
    arch_map: Option<Vec<ArchMap>>,
    #[serde(default)]
    flags: Option<Vec<String>>,
    #[serde(default)]
    listener_path: String,
    #[serde(default)]
    syscalls: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArchMap {
    architecture: String,
    #[serde(default)]
    sub_architectures: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    names: Option<Vec<String>>,
    action: String,
    errno_ret: Option<u32>,
    #[serde(default)]
    errno: Option<String>,
    #[serde(default)]
    args: Option<Vec<Argument>>,
    #[serde(default)]
    includes: Option<Conditions>,
    #[serde(default)]
    excludes: Option<Conditions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Argument {
    index: u8,
    value: u64,
    #[serde(default)]
    value_two: u64,
    op: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conditions {
    #[serde(default)]
    caps: Option<Vec<String>>,
    #[serde(default)]
    arches: Option<Vec<String>>,
    #[serde(default)]
    min_kernel: Option<String>,
}

/// The policy that the profile `json` comes down to on `host`.
///
/// # Errors
/// `Invalid` with the place for what is no profile; `Unsupported` for what box does not do.
pub(super) fn read(json: &str, host: &Host) -> Result<Policy> {
    let document: Document = serde_json::from_str(json)
        .map_err(|cause| invalid("this is not a seccomp profile").because(cause))?;
    refuse_what_needs_a_listener(&document)?;
    let default =
        action(&document.default_action, document.default_errno_ret, document.default_errno.as_deref())?;
    let arches = architectures(&document, host.arch)?;
    let mut policy = Policy {
        default,
        foreign: Action::KillProcess,
        x32: match default {
            Action::Allow | Action::Log | Action::Trace(_) => Action::Errno(ENOSYS),
            refusing => refusing,
        },
        arches: arches.into_iter().map(|arch| (arch, Vec::new())).collect(),
    };
    for entry in document.syscalls.unwrap_or_default() {
        add_entry(&mut policy, &entry, host)?;
    }
    if !may_execute(&policy, host.arch) {
        return Err(invalid("the seccomp profile does not allow execve, so that nothing can be started"));
    }
    Ok(policy)
}

/// Whether there is a way to execve. A container without one would die in its first moment, with
/// nobody able to say why.
fn may_execute(policy: &Policy, native: Arch) -> bool {
    let open = |action: Action| matches!(action, Action::Allow | Action::Log | Action::Trace(_));
    let Some(execve) = syscalls::number("execve", native) else { return false };
    let mut rules = policy.arches.iter().filter(|(arch, _)| *arch == native).flat_map(|(_, rules)| rules);
    let of_execve = |rule: &&super::Rule| rule.number == execve;
    match rules.clone().filter(of_execve).find(|rule| rule.tests.is_empty() && rule.action != policy.default)
    {
        Some(fixed) => open(fixed.action),
        None => open(policy.default) || rules.any(|rule| rule.number == execve && open(rule.action)),
    }
}

fn refuse_what_needs_a_listener(document: &Document) -> Result<()> {
    if !document.listener_path.is_empty() {
        return Err(Error::new(Kind::Unsupported, "not yet: listenerPath in a seccomp profile"));
    }
    for flag in document.flags.iter().flatten() {
        match flag.as_str() {
            // One thread loads the filter, so there is nothing to synchronise; the two others make
            // the kernel log more or slow less down, and change no answer.
            "SECCOMP_FILTER_FLAG_TSYNC" | "SECCOMP_FILTER_FLAG_LOG" | "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => {}
            other => {
                return Err(Error::new(Kind::Unsupported, format!("not yet: seccomp flag {other:?}")));
            }
        }
    }
    Ok(())
}

/// The instruction sets that the rules are for, the native one first.
fn architectures(document: &Document, native: Arch) -> Result<Vec<Arch>> {
    let listed: Vec<&String> = match (&document.architectures, &document.arch_map) {
        (Some(list), Some(map)) if !list.is_empty() && !map.is_empty() => {
            return Err(invalid("a seccomp profile may have architectures or archMap, not both"));
        }
        (Some(list), _) if !list.is_empty() => list.iter().collect(),
        (_, Some(map)) => map
            .iter()
            .find(|entry| architecture(&entry.architecture) == Some(native))
            .map(|entry| entry.sub_architectures.iter().flatten().collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    let mut arches = vec![native];
    for name in listed {
        if !name.starts_with("SCMP_ARCH_") {
            return Err(invalid(format!("unknown architecture {name:?} in a seccomp profile")));
        }
        match architecture(name) {
            Some(arch) if native.with_companion().contains(&arch) && !arches.contains(&arch) => {
                arches.push(arch);
            }
            // Others never run here. x32 has no entry of its own: see `Policy::x32`.
            _ => {}
        }
    }
    Ok(arches)
}

fn architecture(name: &str) -> Option<Arch> {
    Some(match name {
        "SCMP_ARCH_X86_64" => Arch::X86_64,
        "SCMP_ARCH_X86" => Arch::X86,
        "SCMP_ARCH_AARCH64" => Arch::Aarch64,
        "SCMP_ARCH_ARM" => Arch::Arm,
        _ => return None,
    })
}

fn add_entry(policy: &mut Policy, entry: &Entry, host: &Host) -> Result<()> {
    let action = action(&entry.action, entry.errno_ret, entry.errno.as_deref())?;
    let tests = tests(entry.args.as_deref().unwrap_or_default())?;
    let names = entry.names.as_deref().unwrap_or_default();
    if !entry.name.is_empty() && !names.is_empty() {
        return Err(invalid("an entry of a seccomp profile has both name and names"));
    }
    if !applies(entry, host)? {
        return Ok(());
    }
    for name in names.iter().chain(Some(&entry.name).filter(|name| !name.is_empty())) {
        // A profile names calls of other machines and of newer kernels: those cannot be made here, or
        // get the default's answer.
        let Some(row) = syscalls::find(name) else { continue };
        for (arch, rules) in &mut policy.arches {
            let Some(number) = syscalls::number_at(row, *arch) else { continue };
            if one_argument_twice(&tests) {
                let each = tests.iter().map(|test| Rule { number, tests: vec![*test], action });
                rules.extend(each);
            } else {
                rules.push(Rule { number, tests: tests.clone(), action });
            }
        }
    }
    Ok(())
}

/// Tests of different arguments must all hold; as soon as one argument is tested twice each test
/// stands for itself, as in runc and crun.
fn one_argument_twice(tests: &[Test]) -> bool {
    tests.iter().enumerate().any(|(at, test)| tests[..at].iter().any(|before| before.arg == test.arg))
}

fn applies(entry: &Entry, host: &Host) -> Result<bool> {
    let mut applies = true;
    if let Some(include) = &entry.includes {
        let caps = include.caps.as_deref().unwrap_or_default();
        let arches = include.arches.as_deref().unwrap_or_default();
        applies &= caps.iter().all(|name| holds(host.caps, name));
        applies &= arches.is_empty() || arches.iter().any(|arch| arch == go_name(host.arch));
        applies &= is_at_least(host.kernel, include.min_kernel.as_deref())?.unwrap_or(true);
    }
    if let Some(exclude) = &entry.excludes {
        let caps = exclude.caps.as_deref().unwrap_or_default();
        let arches = exclude.arches.as_deref().unwrap_or_default();
        applies &= !caps.iter().any(|name| holds(host.caps, name));
        applies &= !arches.iter().any(|arch| arch == go_name(host.arch));
        applies &= !is_at_least(host.kernel, exclude.min_kernel.as_deref())?.unwrap_or(false);
    }
    Ok(applies)
}

/// A capability that box does not know is held by nobody.
fn holds(caps: CapSet, name: &str) -> bool {
    Cap::parse(name).is_ok_and(|cap| caps.contains(cap))
}

fn go_name(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 => "amd64",
        Arch::X86 => "x86",
        Arch::Aarch64 => "arm64",
        Arch::Arm => "arm",
    }
}

fn is_at_least(kernel: (u32, u32), wanted: Option<&str>) -> Result<Option<bool>> {
    let Some(wanted) = wanted.filter(|text| !text.is_empty()) else { return Ok(None) };
    match kernel_version(wanted) {
        Some(wanted) => Ok(Some(kernel >= wanted)),
        None => Err(invalid(format!("minKernel {wanted:?} of a seccomp profile is no kernel version"))),
    }
}

/// Major and minor version of a kernel's release text.
fn kernel_version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?;
    let digits = minor.find(|c: char| !c.is_ascii_digit()).unwrap_or(minor.len());
    Some((major, minor[..digits].parse().ok()?))
}

/// The version of the kernel we run on.
pub(super) fn running_kernel() -> (u32, u32) {
    let uname = rustix::system::uname();
    kernel_version(&uname.release().to_string_lossy()).unwrap_or_default()
}

fn action(name: &str, errno: Option<u32>, errno_name: Option<&str>) -> Result<Action> {
    let number = || -> Result<u16> {
        let number = match (errno_name.unwrap_or_default(), errno) {
            ("", None) => return Ok(EPERM),
            ("", Some(number)) => number,
            (name, _) => ERRNO_NAMES
                .iter()
                .position(|known| *known == name)
                .and_then(|at| u32::try_from(at + 1).ok())
                .or_else(|| name.parse().ok())
                .ok_or_else(|| invalid(format!("unknown error {name:?} in a seccomp profile")))?,
        };
        match u16::try_from(number) {
            Ok(small) if number <= MAX_ERRNO => Ok(small),
            _ => Err(invalid(format!("error number {number} of a seccomp profile is too large"))),
        }
    };
    Ok(match name {
        "SCMP_ACT_ALLOW" => Action::Allow,
        "SCMP_ACT_LOG" => Action::Log,
        "SCMP_ACT_ERRNO" => Action::Errno(number()?),
        "SCMP_ACT_TRACE" => Action::Trace(number()?),
        "SCMP_ACT_TRAP" => Action::Trap,
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Action::KillThread,
        "SCMP_ACT_KILL_PROCESS" => Action::KillProcess,
        "SCMP_ACT_NOTIFY" => return Err(Error::new(Kind::Unsupported, "not yet: SCMP_ACT_NOTIFY")),
        other => return Err(invalid(format!("unknown action {other:?} in a seccomp profile"))),
    })
}

fn tests(arguments: &[Argument]) -> Result<Vec<Test>> {
    arguments.iter().map(test).collect()
}

fn test(argument: &Argument) -> Result<Test> {
    if argument.index > 5 {
        return Err(invalid(format!(
            "argument {} in a seccomp profile: a system call has those from 0 to 5",
            argument.index
        )));
    }
    let op = match argument.op.as_str() {
        "SCMP_CMP_NE" => Op::Ne,
        "SCMP_CMP_LT" => Op::Lt,
        "SCMP_CMP_LE" => Op::Le,
        "SCMP_CMP_EQ" => Op::Eq,
        "SCMP_CMP_GE" => Op::Ge,
        "SCMP_CMP_GT" => Op::Gt,
        "SCMP_CMP_MASKED_EQ" => Op::MaskedEq,
        other => return Err(invalid(format!("unknown comparison {other:?} in a seccomp profile"))),
    };
    Ok(Test { arg: argument.index, op, value: argument.value, value_two: argument.value_two })
}

/// The names of the error numbers from 1 (asm-generic/errno.h).
#[rustfmt::skip]
const ERRNO_NAMES: [&str; 133] = [
    "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "EAGAIN",
    "ENOMEM", "EACCES", "EFAULT", "ENOTBLK", "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR",
    "EINVAL", "ENFILE", "EMFILE", "ENOTTY", "ETXTBSY", "EFBIG", "ENOSPC", "ESPIPE", "EROFS", "EMLINK",
    "EPIPE", "EDOM", "ERANGE", "EDEADLK", "ENAMETOOLONG", "ENOLCK", "ENOSYS", "ENOTEMPTY", "ELOOP", "",
    "ENOMSG", "EIDRM", "ECHRNG", "EL2NSYNC", "EL3HLT", "EL3RST", "ELNRNG", "EUNATCH", "ENOCSI", "EL2HLT",
    "EBADE", "EBADR", "EXFULL", "ENOANO", "EBADRQC", "EBADSLT", "", "EBFONT", "ENOSTR", "ENODATA", "ETIME",
    "ENOSR", "ENONET", "ENOPKG", "EREMOTE", "ENOLINK", "EADV", "ESRMNT", "ECOMM", "EPROTO", "EMULTIHOP",
    "EDOTDOT", "EBADMSG", "EOVERFLOW", "ENOTUNIQ", "EBADFD", "EREMCHG", "ELIBACC", "ELIBBAD", "ELIBSCN",
    "ELIBMAX", "ELIBEXEC", "EILSEQ", "ERESTART", "ESTRPIPE", "EUSERS", "ENOTSOCK", "EDESTADDRREQ",
    "EMSGSIZE", "EPROTOTYPE", "ENOPROTOOPT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "EOPNOTSUPP",
    "EPFNOSUPPORT", "EAFNOSUPPORT", "EADDRINUSE", "EADDRNOTAVAIL", "ENETDOWN", "ENETUNREACH", "ENETRESET",
    "ECONNABORTED", "ECONNRESET", "ENOBUFS", "EISCONN", "ENOTCONN", "ESHUTDOWN", "ETOOMANYREFS",
    "ETIMEDOUT", "ECONNREFUSED", "EHOSTDOWN", "EHOSTUNREACH", "EALREADY", "EINPROGRESS", "ESTALE",
    "EUCLEAN", "ENOTNAM", "ENAVAIL", "EISNAM", "EREMOTEIO", "EDQUOT", "ENOMEDIUM", "EMEDIUMTYPE",
    "ECANCELED", "ENOKEY", "EKEYEXPIRED", "EKEYREVOKED", "EKEYREJECTED", "EOWNERDEAD", "ENOTRECOVERABLE",
    "ERFKILL", "EHWPOISON",
];
