//! The built-in profile.
//!
//! Its base is what Debian's containers-common 0.50.1 allows and refuses, so that what runs in
//! podman runs here; it is written down by purpose. Where it differs, the list in
//! `tests/it/seccomp-differences.txt` has the reason, and a test asks both engines about every
//! call and compares.
//!
//! What no list names is answered with ENOSYS: a program then believes that the kernel is older,
//! and falls back. EPERM is for calls that are too old for a fallback to exist.

use super::{Action, Arch, Op, Policy, Rule, Test, syscalls};
use crate::oci::caps::{Cap, CapSet};

const EPERM: u16 = 1;
const EINVAL: u16 = 22;
const ENOSYS: u16 = 38;
const EAFNOSUPPORT: u16 = 97;

const NUMBERS_32_BIT: u64 = 0xffff_ffff;

/// Files by name and by descriptor, their contents, attributes and events.
#[rustfmt::skip]
const FILES: &[&str] = &[
    "access", "chdir", "chmod", "chown", "chown32", "close", "close_range", "copy_file_range", "creat",
    "dup", "dup2", "dup3", "faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate",
    "fanotify_mark", "fchdir", "fchmod", "fchmodat", "fchown", "fchown32", "fchownat", "fcntl",
    "fcntl64", "fdatasync", "fgetxattr", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat",
    "fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64", "futimesat",
    "getcwd", "getdents", "getdents64", "getxattr", "inotify_add_watch", "inotify_init",
    "inotify_init1", "inotify_rm_watch", "ioctl", "_llseek", "lchown", "lchown32", "lgetxattr", "link",
    "linkat", "listxattr", "llistxattr", "lremovexattr", "lseek", "lsetxattr", "lstat", "lstat64",
    "mkdir", "mkdirat", "mknod", "mknodat", "name_to_handle_at", "newfstatat", "open", "openat",
    "openat2", "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2",
    "read", "readahead", "readdir", "readlink", "readlinkat", "readv", "removexattr", "rename",
    "renameat", "renameat2", "rmdir", "sendfile", "sendfile64", "setxattr", "splice", "stat", "stat64",
    "statfs", "statfs64", "statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "tee",
    "truncate", "truncate64", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimensat_time64",
    "utimes", "write", "writev",
];

/// Waiting for descriptors, and the kernel's asynchronous input and output of old.
#[rustfmt::skip]
const READINESS: &[&str] = &[
    "_newselect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait",
    "epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "io_cancel", "io_destroy",
    "io_getevents", "io_setup", "io_submit", "poll", "ppoll", "ppoll_time64", "pselect6",
    "pselect6_time64", "select", "signalfd", "signalfd4", "timerfd_create", "timerfd_gettime",
    "timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
];

/// Mounts. The kernel asks for CAP_SYS_ADMIN in a user namespace that owns the mounts, which a
/// container has only in a namespace it made itself: that is how containers nest.
#[rustfmt::skip]
const MOUNTS: &[&str] = &[
    "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree",
    "pivot_root", "umount", "umount2",
];

#[rustfmt::skip]
const MEMORY: &[&str] = &[
    "brk", "get_mempolicy", "madvise", "mbind", "membarrier", "memfd_create", "memfd_secret", "mincore",
    "mlock", "mlock2", "mlockall", "mmap", "mmap2", "mprotect", "mremap", "msync", "munlock",
    "munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect", "remap_file_pages",
    "set_mempolicy",
];

/// Processes, threads, their scheduling and limits, and how they look at each other.
#[rustfmt::skip]
const PROCESSES: &[&str] = &[
    "capget", "capset", "clone", "clone3", "execve", "execveat", "exit", "exit_group", "fork", "futex",
    "futex_time64", "get_robust_list", "get_thread_area", "getcpu", "getpgid", "getpgrp", "getpid",
    "getppid", "getpriority", "getrlimit", "getrusage", "getsid", "gettid", "ioprio_get", "ioprio_set",
    "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "pidfd_getfd",
    "pidfd_open", "prctl", "prlimit64", "process_mrelease", "process_vm_readv", "process_vm_writev",
    "ptrace", "restart_syscall", "rseq", "sched_get_priority_max", "sched_get_priority_min",
    "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
    "sched_rr_get_interval", "sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr",
    "sched_setparam", "sched_setscheduler", "sched_yield", "seccomp", "set_robust_list",
    "set_thread_area", "set_tid_address", "setns", "setpgid", "setpriority", "setrlimit", "setsid",
    "times", "ugetrlimit", "unshare", "vfork", "wait4", "waitid", "waitpid",
];

#[rustfmt::skip]
const IDENTITIES: &[&str] = &[
    "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32",
    "getresgid", "getresgid32", "getresuid", "getresuid32", "getuid", "getuid32", "setfsgid",
    "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32",
    "setregid", "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid",
    "setreuid32", "setuid", "setuid32",
];

#[rustfmt::skip]
const SIGNALS: &[&str] = &[
    "kill", "pause", "pidfd_send_signal", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
    "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64",
    "rt_tgsigqueueinfo", "sigaction", "sigaltstack", "signal", "sigpending", "sigprocmask", "sigreturn",
    "sigsuspend", "tgkill", "tkill",
];

/// Clocks and timers. Setting a clock needs more (`GATED`); the adjtimex family also reads.
#[rustfmt::skip]
const TIME: &[&str] = &[
    "adjtimex", "alarm", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64",
    "clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "getitimer",
    "gettimeofday", "nanosleep", "setitimer", "time", "timer_create", "timer_delete",
    "timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64",
];

/// Sockets; `socket` itself is looked at more closely (`socket_rules`). On i386 all of them have a
/// second way in, socketcall, whose arguments lie in memory where no filter can see them; it stays,
/// because the C library of a 32-bit Debian knows no other.
#[rustfmt::skip]
const SOCKETS: &[&str] = &[
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
    "recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg",
    "sendto", "setsockopt", "shutdown", "socketcall", "socketpair",
];

/// System V's and POSIX's means between processes.
#[rustfmt::skip]
const IPC: &[&str] = &[
    "ipc", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64",
    "mq_timedsend", "mq_timedsend_time64", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd",
    "semctl", "semget", "semop", "semtimedop", "semtimedop_time64", "shmat", "shmctl", "shmdt",
    "shmget",
];

/// The machine as a whole, and what belongs to one instruction set. `reboot` in a pid namespace ends
/// its init.
#[rustfmt::skip]
const MACHINE: &[&str] = &[
    "arch_prctl", "arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush", "getrandom",
    "modify_ldt", "reboot", "set_tls", "sync_file_range2", "sysinfo", "syslog", "uname",
];

/// Calls of kernels newer than the base profile, and three that it left out: see the list of
/// differences for each one's reason.
#[rustfmt::skip]
const ADDED: &[&str] = &[
    "cachestat", "fchmodat2", "file_getattr", "file_setattr", "futex_requeue", "futex_wait",
    "futex_waitv", "futex_wake", "getxattrat", "io_pgetevents", "io_pgetevents_time64", "listmount",
    "listxattrat", "map_shadow_stack", "mseal", "open_tree_attr", "removexattrat",
    "set_mempolicy_home_node", "setxattrat", "statmount",
];

const ALLOWED: &[&[&str]] =
    &[FILES, READINESS, MOUNTS, MEMORY, PROCESSES, IDENTITIES, SIGNALS, TIME, SOCKETS, IPC, MACHINE, ADDED];

/// Refused with EPERM whatever the capabilities are: they reach past the container, or nothing has
/// called them for decades.
#[rustfmt::skip]
const REFUSED: &[&str] = &[
    "bdflush", "kexec_file_load", "kexec_load", "migrate_pages", "move_pages", "nfsservctl", "nice",
    "oldfstat", "oldlstat", "oldolduname", "oldstat", "olduname", "sgetmask", "ssetmask", "swapoff",
    "swapon", "sysfs", "uselib", "userfaultfd", "ustat", "vm86", "vm86old", "vmsplice",
];

/// Allowed with one of these capabilities, else EPERM.
const GATED: &[(&[&str], &[&str])] = &[
    (&["DAC_READ_SEARCH"], &["open_by_handle_at"]),
    (
        &["SYS_ADMIN"],
        &["fanotify_init", "lookup_dcookie", "quotactl", "quotactl_fd", "setdomainname", "sethostname"],
    ),
    (&["SYS_ADMIN", "BPF"], &["bpf"]),
    (&["SYS_ADMIN", "PERFMON"], &["perf_event_open"]),
    (&["SYS_CHROOT"], &["chroot"]),
    (&["SYS_MODULE"], &["delete_module", "finit_module", "init_module", "query_module"]),
    (&["SYS_PACCT"], &["acct"]),
    (&["SYS_PTRACE"], &["kcmp", "process_madvise"]),
    (&["SYS_RAWIO"], &["ioperm", "iopl"]),
    (&["SYS_TIME"], &["clock_settime", "clock_settime64", "settimeofday", "stime"]),
    (&["SYS_TTY_CONFIG"], &["vhangup"]),
];

/// The personalities that change nothing about how safe memory is laid out: PER_LINUX, PER_LINUX32,
/// the two with UNAME26, and the question which one it is.
const PERSONALITIES: [u64; 5] = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

const AF_NETLINK: u64 = 16;
const NETLINK_AUDIT: u64 = 9;
const AF_ALG: u64 = 38;
const AF_VSOCK: u64 = 40;
const KEYCTL_JOIN_SESSION_KEYRING: u64 = 1;

/// The built-in profile for `caps` on a machine of the instruction set `native`.
pub(super) fn policy(native: Arch, caps: CapSet) -> Policy {
    Policy {
        default: Action::Errno(ENOSYS),
        foreign: Action::KillProcess,
        x32: Action::Errno(ENOSYS),
        arches: native.with_companion().map(|arch| (arch, rules(arch, caps))).into(),
    }
}

/// The lists as lines of the table of calls.
static ALLOWED_ROWS: [u16; syscalls::count(ALLOWED)] = syscalls::rows(ALLOWED);
static REFUSED_ROWS: [u16; REFUSED.len()] = syscalls::rows(&[REFUSED]);

fn rules(arch: Arch, caps: CapSet) -> Vec<Rule> {
    let mut rules = Vec::with_capacity(512);
    for (rows, action) in [(&ALLOWED_ROWS[..], Action::Allow), (&REFUSED_ROWS, Action::Errno(EPERM))] {
        let numbers = rows.iter().filter_map(|row| syscalls::number_at(usize::from(*row), arch));
        rules.extend(numbers.map(|number| Rule { number, tests: Vec::new(), action }));
    }
    let mut add = |name: &str, tests: &[Test], action: Action| {
        if let Some(number) = syscalls::number(name, arch) {
            rules.push(Rule { number, tests: tests.to_vec(), action });
        }
    };
    for (gates, names) in GATED {
        let open = gates.iter().any(|gate| Cap::parse(gate).is_ok_and(|cap| caps.contains(cap)));
        let action = if open { Action::Allow } else { Action::Errno(EPERM) };
        for name in *names {
            add(name, &[], action);
        }
    }
    for value in PERSONALITIES {
        add("personality", &[equal(0, value)], Action::Allow);
    }
    // A new session keyring cuts a process off from what its session held; everything else that
    // keyctl does would reach the keys of the user outside, for keys belong to host ids.
    add("keyctl", &[equal(0, KEYCTL_JOIN_SESSION_KEYRING)], Action::Allow);
    add("socket", &[equal(0, AF_ALG)], Action::Errno(EAFNOSUPPORT));
    add("socket", &[equal(0, AF_VSOCK)], Action::Errno(EPERM));
    if !Cap::parse("AUDIT_WRITE").is_ok_and(|cap| caps.contains(cap)) {
        add("socket", &[equal(0, AF_NETLINK), equal(2, NETLINK_AUDIT)], Action::Errno(EINVAL));
    }
    add("socket", &[at_least(0, 0)], Action::Allow);
    rules
}

/// The argument as the kernel uses it, an int: what a program puts above its 32 bits must not make
/// it another number to us.
fn equal(arg: u8, value: u64) -> Test {
    Test { arg, op: Op::MaskedEq, value: NUMBERS_32_BIT, value_two: value }
}

/// With 0: always, as the last of several rules.
fn at_least(arg: u8, value: u64) -> Test {
    Test { arg, op: Op::Ge, value, value_two: 0 }
}

/// The calls that a single-id container only seems to make.
#[rustfmt::skip]
const PRETENDED: &[&str] = &[
    "capset", "chown", "chown32", "fchown", "fchown32", "fchownat", "lchown", "lchown32", "setfsgid",
    "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32",
    "setregid", "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid",
    "setreuid32", "setuid", "setuid32",
];

const S_IFMT: u64 = 0o170_000;
const S_IFCHR: u64 = 0o020_000;
const S_IFBLK: u64 = 0o060_000;

/// Owner, identity and device calls answer 0 and everything else takes place.
///
/// Of mknod only devices are pretended: pipes, sockets and files need no privilege and are really
/// made, and so is the 0:0 device that overlay mounts use as a whiteout.
pub(super) fn single_id_policy(native: Arch) -> Policy {
    let rules = |arch: Arch| {
        let mut rules = Vec::new();
        for name in PRETENDED {
            if let Some(number) = syscalls::number(name, arch) {
                rules.push(Rule { number, tests: Vec::new(), action: Action::Errno(0) });
            }
        }
        for (name, mode) in [("mknod", 1), ("mknodat", 2)] {
            let Some(number) = syscalls::number(name, arch) else { continue };
            let kind = |kind| Test { arg: mode, op: Op::MaskedEq, value: S_IFMT, value_two: kind };
            let not_zero = Test { arg: mode + 1, op: Op::Ne, value: 0, value_two: 0 };
            for tests in [vec![kind(S_IFBLK)], vec![kind(S_IFCHR), not_zero]] {
                rules.push(Rule { number, tests, action: Action::Errno(0) });
            }
        }
        rules
    };
    Policy {
        default: Action::Allow,
        foreign: Action::Allow,
        x32: Action::Allow,
        arches: native.with_companion().map(|arch| (arch, rules(arch))).into(),
    }
}

/// The part of an ioctl's number that says what it does; above it are the size and direction of its
/// argument, which the kernel lets vary.
const IOCTL_WHAT: u64 = 0xffff;
const NS_MNT_GET_NEXT: u64 = 0xb70b;
const NS_MNT_GET_PREV: u64 = 0xb70c;

/// No way into another container's namespaces by number: see `super::neighbours_filter`.
pub(super) fn neighbours_policy(native: Arch) -> Policy {
    let rules = |arch: Arch| {
        let mut rules = Vec::new();
        if let Some(number) = syscalls::number("open_by_handle_at", arch) {
            rules.push(Rule { number, tests: Vec::new(), action: Action::Errno(EPERM) });
        }
        if let Some(number) = syscalls::number("ioctl", arch) {
            for what in [NS_MNT_GET_NEXT, NS_MNT_GET_PREV] {
                let tests = vec![Test { arg: 1, op: Op::MaskedEq, value: IOCTL_WHAT, value_two: what }];
                rules.push(Rule { number, tests, action: Action::Errno(EPERM) });
            }
        }
        rules
    };
    Policy {
        default: Action::Allow,
        foreign: Action::Errno(ENOSYS),
        // The same calls by other numbers.
        x32: Action::Errno(ENOSYS),
        arches: native.with_companion().map(|arch| (arch, rules(arch))).into(),
    }
}

/// What the server of a root file system does beside [`FILES`]: threads, memory, and the message that
/// its mount goes in.
#[rustfmt::skip]
const SERVING: &[&str] = &[
    "brk", "clock_gettime", "clock_nanosleep", "clone", "clone3", "exit", "exit_group", "futex",
    "getpid", "getrandom", "gettid", "madvise", "membarrier", "mmap", "mprotect", "mremap", "munmap",
    "nanosleep", "poll", "ppoll", "prctl", "prlimit64", "restart_syscall", "rseq", "rt_sigaction",
    "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sched_yield", "sendmsg", "set_robust_list",
    "shutdown", "sigaltstack", "sysinfo", "tgkill",
];

/// See [`super::server_filter`].
pub(super) fn server_policy(native: Arch) -> Policy {
    let names = FILES.iter().chain(SERVING);
    let rule = |name: &&str| {
        let number = syscalls::number(name, native)?;
        Some(Rule { number, tests: Vec::new(), action: Action::Allow })
    };
    Policy {
        default: Action::Errno(EPERM),
        foreign: Action::Errno(ENOSYS),
        x32: Action::Errno(ENOSYS),
        arches: vec![(native, names.filter_map(rule).collect())],
    }
}

/// Every name in the profile's lists.
#[cfg(test)]
pub(super) fn all_names() -> impl Iterator<Item = &'static str> {
    let gated = GATED.iter().flat_map(|(_, names)| names.iter());
    ALLOWED.iter().copied().flatten().chain(REFUSED).chain(gated).copied()
}
