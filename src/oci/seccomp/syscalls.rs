//! System call numbers by name, for the four instruction sets that box filters.
//!
//! Source: the kernel's user headers (asm/unistd_64.h, asm/unistd_32.h, asm-generic/unistd.h for
//! aarch64, asm/unistd-common.h and asm/unistd.h for arm) and, for 451 to 470, which are newer than
//! those headers and the same everywhere, scripts/syscall.tbl of Linux 6.18.

use super::Arch;

/// Not there on that instruction set.
const ABSENT: i32 = -1;

/// A name with its numbers on x86_64, i386, aarch64 and arm.
type Row = (&'static str, i32, i32, i32, i32);

/// The number of the call `name` on `arch`; `None` for a name that is unknown there.
#[must_use]
pub fn number(name: &str, arch: Arch) -> Option<u32> {
    find(name).and_then(|row| in_row(&TABLE[row], arch))
}

/// The name of call `number` on `arch`.
#[must_use]
pub fn name(number: u32, arch: Arch) -> Option<&'static str> {
    TABLE.iter().find(|row| in_row(row, arch) == Some(number)).map(|row| row.0)
}

/// The line of the table that `name` stands on: for names that are looked up once and used for
/// several instruction sets.
pub(super) fn find(name: &str) -> Option<usize> {
    TABLE.binary_search_by(|row| row.0.cmp(name)).ok()
}

/// The lines that all of `lists`' names stand on, in their order: found when box is built, so that a
/// name that does not exist stops the build. `COUNT` is how many names there are.
pub(super) const fn rows<const COUNT: usize>(lists: &[&[&str]]) -> [u16; COUNT] {
    let mut rows = [0; COUNT];
    let (mut list, mut done) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            rows[done] = row(lists[list][at]);
            done += 1;
            at += 1;
        }
        list += 1;
    }
    assert!(done == COUNT);
    rows
}

/// How many names `lists` have.
pub(super) const fn count(lists: &[&[&str]]) -> usize {
    let (mut list, mut count) = (0, 0);
    while list < lists.len() {
        count += lists[list].len();
        list += 1;
    }
    count
}

const fn row(name: &str) -> u16 {
    let (mut low, mut high) = (0, TABLE.len());
    while low < high {
        let middle = (low + high) / 2;
        match order(name.as_bytes(), TABLE[middle].0.as_bytes()) {
            0 => return middle as u16,
            1 => low = middle + 1,
            _ => high = middle,
        }
    }
    panic!("a system call that no instruction set has")
}

/// -1, 0 or 1: `Ord` is not to be had in a constant.
const fn order(left: &[u8], right: &[u8]) -> i8 {
    let mut at = 0;
    while at < left.len() && at < right.len() {
        if left[at] != right[at] {
            return if left[at] < right[at] { -1 } else { 1 };
        }
        at += 1;
    }
    if left.len() == right.len() {
        0
    } else if left.len() < right.len() {
        -1
    } else {
        1
    }
}

/// The number that the table's line `row` gives for `arch`.
pub(super) fn number_at(row: usize, arch: Arch) -> Option<u32> {
    in_row(&TABLE[row], arch)
}

fn in_row(row: &Row, arch: Arch) -> Option<u32> {
    let number = match arch {
        Arch::X86_64 => row.1,
        Arch::X86 => row.2,
        Arch::Aarch64 => row.3,
        Arch::Arm => row.4,
    };
    u32::try_from(number).ok()
}

/// Sorted by name.
#[rustfmt::skip]
static TABLE: &[Row] = &[
    ("_llseek", ABSENT, 140, ABSENT, 140),
    ("_newselect", ABSENT, 142, ABSENT, 142),
    ("_sysctl", 156, 149, ABSENT, 149),
    ("accept", 43, ABSENT, 202, 285),
    ("accept4", 288, 364, 242, 366),
    ("access", 21, 33, ABSENT, 33),
    ("acct", 163, 51, 89, 51),
    ("add_key", 248, 286, 217, 309),
    ("adjtimex", 159, 124, 171, 124),
    ("afs_syscall", 183, 137, ABSENT, ABSENT),
    ("alarm", 37, 27, ABSENT, ABSENT),
    ("arch_prctl", 158, 384, ABSENT, ABSENT),
    ("arm_fadvise64_64", ABSENT, ABSENT, ABSENT, 270),
    ("arm_sync_file_range", ABSENT, ABSENT, ABSENT, 341),
    ("bdflush", ABSENT, 134, ABSENT, 134),
    ("bind", 49, 361, 200, 282),
    ("bpf", 321, 357, 280, 386),
    ("break", ABSENT, 17, ABSENT, ABSENT),
    ("breakpoint", ABSENT, ABSENT, ABSENT, 983041),
    ("brk", 12, 45, 214, 45),
    ("cacheflush", ABSENT, ABSENT, ABSENT, 983042),
    ("cachestat", 451, 451, 451, 451),
    ("capget", 125, 184, 90, 184),
    ("capset", 126, 185, 91, 185),
    ("chdir", 80, 12, 49, 12),
    ("chmod", 90, 15, ABSENT, 15),
    ("chown", 92, 182, ABSENT, 182),
    ("chown32", ABSENT, 212, ABSENT, 212),
    ("chroot", 161, 61, 51, 61),
    ("clock_adjtime", 305, 343, 266, 372),
    ("clock_adjtime64", ABSENT, 405, ABSENT, 405),
    ("clock_getres", 229, 266, 114, 264),
    ("clock_getres_time64", ABSENT, 406, ABSENT, 406),
    ("clock_gettime", 228, 265, 113, 263),
    ("clock_gettime64", ABSENT, 403, ABSENT, 403),
    ("clock_nanosleep", 230, 267, 115, 265),
    ("clock_nanosleep_time64", ABSENT, 407, ABSENT, 407),
    ("clock_settime", 227, 264, 112, 262),
    ("clock_settime64", ABSENT, 404, ABSENT, 404),
    ("clone", 56, 120, 220, 120),
    ("clone3", 435, 435, 435, 435),
    ("close", 3, 6, 57, 6),
    ("close_range", 436, 436, 436, 436),
    ("connect", 42, 362, 203, 283),
    ("copy_file_range", 326, 377, 285, 391),
    ("creat", 85, 8, ABSENT, 8),
    ("create_module", 174, 127, ABSENT, ABSENT),
    ("delete_module", 176, 129, 106, 129),
    ("dup", 32, 41, 23, 41),
    ("dup2", 33, 63, ABSENT, 63),
    ("dup3", 292, 330, 24, 358),
    ("epoll_create", 213, 254, ABSENT, 250),
    ("epoll_create1", 291, 329, 20, 357),
    ("epoll_ctl", 233, 255, 21, 251),
    ("epoll_ctl_old", 214, ABSENT, ABSENT, ABSENT),
    ("epoll_pwait", 281, 319, 22, 346),
    ("epoll_pwait2", 441, 441, 441, 441),
    ("epoll_wait", 232, 256, ABSENT, 252),
    ("epoll_wait_old", 215, ABSENT, ABSENT, ABSENT),
    ("eventfd", 284, 323, ABSENT, 351),
    ("eventfd2", 290, 328, 19, 356),
    ("execve", 59, 11, 221, 11),
    ("execveat", 322, 358, 281, 387),
    ("exit", 60, 1, 93, 1),
    ("exit_group", 231, 252, 94, 248),
    ("faccessat", 269, 307, 48, 334),
    ("faccessat2", 439, 439, 439, 439),
    ("fadvise64", 221, 250, 223, ABSENT),
    ("fadvise64_64", ABSENT, 272, ABSENT, ABSENT),
    ("fallocate", 285, 324, 47, 352),
    ("fanotify_init", 300, 338, 262, 367),
    ("fanotify_mark", 301, 339, 263, 368),
    ("fchdir", 81, 133, 50, 133),
    ("fchmod", 91, 94, 52, 94),
    ("fchmodat", 268, 306, 53, 333),
    ("fchmodat2", 452, 452, 452, 452),
    ("fchown", 93, 95, 55, 95),
    ("fchown32", ABSENT, 207, ABSENT, 207),
    ("fchownat", 260, 298, 54, 325),
    ("fcntl", 72, 55, 25, 55),
    ("fcntl64", ABSENT, 221, ABSENT, 221),
    ("fdatasync", 75, 148, 83, 148),
    ("fgetxattr", 193, 231, 10, 231),
    ("file_getattr", 468, 468, 468, 468),
    ("file_setattr", 469, 469, 469, 469),
    ("finit_module", 313, 350, 273, 379),
    ("flistxattr", 196, 234, 13, 234),
    ("flock", 73, 143, 32, 143),
    ("fork", 57, 2, ABSENT, 2),
    ("fremovexattr", 199, 237, 16, 237),
    ("fsconfig", 431, 431, 431, 431),
    ("fsetxattr", 190, 228, 7, 228),
    ("fsmount", 432, 432, 432, 432),
    ("fsopen", 430, 430, 430, 430),
    ("fspick", 433, 433, 433, 433),
    ("fstat", 5, 108, 80, 108),
    ("fstat64", ABSENT, 197, ABSENT, 197),
    ("fstatat64", ABSENT, 300, ABSENT, 327),
    ("fstatfs", 138, 100, 44, 100),
    ("fstatfs64", ABSENT, 269, ABSENT, 267),
    ("fsync", 74, 118, 82, 118),
    ("ftime", ABSENT, 35, ABSENT, ABSENT),
    ("ftruncate", 77, 93, 46, 93),
    ("ftruncate64", ABSENT, 194, ABSENT, 194),
    ("futex", 202, 240, 98, 240),
    ("futex_requeue", 456, 456, 456, 456),
    ("futex_time64", ABSENT, 422, ABSENT, 422),
    ("futex_wait", 455, 455, 455, 455),
    ("futex_waitv", 449, 449, 449, 449),
    ("futex_wake", 454, 454, 454, 454),
    ("futimesat", 261, 299, ABSENT, 326),
    ("get_kernel_syms", 177, 130, ABSENT, ABSENT),
    ("get_mempolicy", 239, 275, 236, 320),
    ("get_robust_list", 274, 312, 100, 339),
    ("get_thread_area", 211, 244, ABSENT, ABSENT),
    ("get_tls", ABSENT, ABSENT, ABSENT, 983046),
    ("getcpu", 309, 318, 168, 345),
    ("getcwd", 79, 183, 17, 183),
    ("getdents", 78, 141, ABSENT, 141),
    ("getdents64", 217, 220, 61, 217),
    ("getegid", 108, 50, 177, 50),
    ("getegid32", ABSENT, 202, ABSENT, 202),
    ("geteuid", 107, 49, 175, 49),
    ("geteuid32", ABSENT, 201, ABSENT, 201),
    ("getgid", 104, 47, 176, 47),
    ("getgid32", ABSENT, 200, ABSENT, 200),
    ("getgroups", 115, 80, 158, 80),
    ("getgroups32", ABSENT, 205, ABSENT, 205),
    ("getitimer", 36, 105, 102, 105),
    ("getpeername", 52, 368, 205, 287),
    ("getpgid", 121, 132, 155, 132),
    ("getpgrp", 111, 65, ABSENT, 65),
    ("getpid", 39, 20, 172, 20),
    ("getpmsg", 181, 188, ABSENT, ABSENT),
    ("getppid", 110, 64, 173, 64),
    ("getpriority", 140, 96, 141, 96),
    ("getrandom", 318, 355, 278, 384),
    ("getresgid", 120, 171, 150, 171),
    ("getresgid32", ABSENT, 211, ABSENT, 211),
    ("getresuid", 118, 165, 148, 165),
    ("getresuid32", ABSENT, 209, ABSENT, 209),
    ("getrlimit", 97, 76, 163, ABSENT),
    ("getrusage", 98, 77, 165, 77),
    ("getsid", 124, 147, 156, 147),
    ("getsockname", 51, 367, 204, 286),
    ("getsockopt", 55, 365, 209, 295),
    ("gettid", 186, 224, 178, 224),
    ("gettimeofday", 96, 78, 169, 78),
    ("getuid", 102, 24, 174, 24),
    ("getuid32", ABSENT, 199, ABSENT, 199),
    ("getxattr", 191, 229, 8, 229),
    ("getxattrat", 464, 464, 464, 464),
    ("gtty", ABSENT, 32, ABSENT, ABSENT),
    ("idle", ABSENT, 112, ABSENT, ABSENT),
    ("init_module", 175, 128, 105, 128),
    ("inotify_add_watch", 254, 292, 27, 317),
    ("inotify_init", 253, 291, ABSENT, 316),
    ("inotify_init1", 294, 332, 26, 360),
    ("inotify_rm_watch", 255, 293, 28, 318),
    ("io_cancel", 210, 249, 3, 247),
    ("io_destroy", 207, 246, 1, 244),
    ("io_getevents", 208, 247, 4, 245),
    ("io_pgetevents", 333, 385, 292, 399),
    ("io_pgetevents_time64", ABSENT, 416, ABSENT, 416),
    ("io_setup", 206, 245, 0, 243),
    ("io_submit", 209, 248, 2, 246),
    ("io_uring_enter", 426, 426, 426, 426),
    ("io_uring_register", 427, 427, 427, 427),
    ("io_uring_setup", 425, 425, 425, 425),
    ("ioctl", 16, 54, 29, 54),
    ("ioperm", 173, 101, ABSENT, ABSENT),
    ("iopl", 172, 110, ABSENT, ABSENT),
    ("ioprio_get", 252, 290, 31, 315),
    ("ioprio_set", 251, 289, 30, 314),
    ("ipc", ABSENT, 117, ABSENT, ABSENT),
    ("kcmp", 312, 349, 272, 378),
    ("kexec_file_load", 320, ABSENT, 294, 401),
    ("kexec_load", 246, 283, 104, 347),
    ("keyctl", 250, 288, 219, 311),
    ("kill", 62, 37, 129, 37),
    ("landlock_add_rule", 445, 445, 445, 445),
    ("landlock_create_ruleset", 444, 444, 444, 444),
    ("landlock_restrict_self", 446, 446, 446, 446),
    ("lchown", 94, 16, ABSENT, 16),
    ("lchown32", ABSENT, 198, ABSENT, 198),
    ("lgetxattr", 192, 230, 9, 230),
    ("link", 86, 9, ABSENT, 9),
    ("linkat", 265, 303, 37, 330),
    ("listen", 50, 363, 201, 284),
    ("listmount", 458, 458, 458, 458),
    ("listns", 470, 470, 470, 470),
    ("listxattr", 194, 232, 11, 232),
    ("listxattrat", 465, 465, 465, 465),
    ("llistxattr", 195, 233, 12, 233),
    ("lock", ABSENT, 53, ABSENT, ABSENT),
    ("lookup_dcookie", 212, 253, 18, 249),
    ("lremovexattr", 198, 236, 15, 236),
    ("lseek", 8, 19, 62, 19),
    ("lsetxattr", 189, 227, 6, 227),
    ("lsm_get_self_attr", 459, 459, 459, 459),
    ("lsm_list_modules", 461, 461, 461, 461),
    ("lsm_set_self_attr", 460, 460, 460, 460),
    ("lstat", 6, 107, ABSENT, 107),
    ("lstat64", ABSENT, 196, ABSENT, 196),
    ("madvise", 28, 219, 233, 220),
    ("map_shadow_stack", 453, 453, 453, 453),
    ("mbind", 237, 274, 235, 319),
    ("membarrier", 324, 375, 283, 389),
    ("memfd_create", 319, 356, 279, 385),
    ("memfd_secret", 447, 447, 447, ABSENT),
    ("migrate_pages", 256, 294, 238, 400),
    ("mincore", 27, 218, 232, 219),
    ("mkdir", 83, 39, ABSENT, 39),
    ("mkdirat", 258, 296, 34, 323),
    ("mknod", 133, 14, ABSENT, 14),
    ("mknodat", 259, 297, 33, 324),
    ("mlock", 149, 150, 228, 150),
    ("mlock2", 325, 376, 284, 390),
    ("mlockall", 151, 152, 230, 152),
    ("mmap", 9, 90, 222, ABSENT),
    ("mmap2", ABSENT, 192, ABSENT, 192),
    ("modify_ldt", 154, 123, ABSENT, ABSENT),
    ("mount", 165, 21, 40, 21),
    ("mount_setattr", 442, 442, 442, 442),
    ("move_mount", 429, 429, 429, 429),
    ("move_pages", 279, 317, 239, 344),
    ("mprotect", 10, 125, 226, 125),
    ("mpx", ABSENT, 56, ABSENT, ABSENT),
    ("mq_getsetattr", 245, 282, 185, 279),
    ("mq_notify", 244, 281, 184, 278),
    ("mq_open", 240, 277, 180, 274),
    ("mq_timedreceive", 243, 280, 183, 277),
    ("mq_timedreceive_time64", ABSENT, 419, ABSENT, 419),
    ("mq_timedsend", 242, 279, 182, 276),
    ("mq_timedsend_time64", ABSENT, 418, ABSENT, 418),
    ("mq_unlink", 241, 278, 181, 275),
    ("mremap", 25, 163, 216, 163),
    ("mseal", 462, 462, 462, 462),
    ("msgctl", 71, 402, 187, 304),
    ("msgget", 68, 399, 186, 303),
    ("msgrcv", 70, 401, 188, 302),
    ("msgsnd", 69, 400, 189, 301),
    ("msync", 26, 144, 227, 144),
    ("munlock", 150, 151, 229, 151),
    ("munlockall", 152, 153, 231, 153),
    ("munmap", 11, 91, 215, 91),
    ("name_to_handle_at", 303, 341, 264, 370),
    ("nanosleep", 35, 162, 101, 162),
    ("newfstatat", 262, ABSENT, 79, ABSENT),
    ("nfsservctl", 180, 169, 42, 169),
    ("nice", ABSENT, 34, ABSENT, 34),
    ("oldfstat", ABSENT, 28, ABSENT, ABSENT),
    ("oldlstat", ABSENT, 84, ABSENT, ABSENT),
    ("oldolduname", ABSENT, 59, ABSENT, ABSENT),
    ("oldstat", ABSENT, 18, ABSENT, ABSENT),
    ("olduname", ABSENT, 109, ABSENT, ABSENT),
    ("open", 2, 5, ABSENT, 5),
    ("open_by_handle_at", 304, 342, 265, 371),
    ("open_tree", 428, 428, 428, 428),
    ("open_tree_attr", 467, 467, 467, 467),
    ("openat", 257, 295, 56, 322),
    ("openat2", 437, 437, 437, 437),
    ("pause", 34, 29, ABSENT, 29),
    ("pciconfig_iobase", ABSENT, ABSENT, ABSENT, 271),
    ("pciconfig_read", ABSENT, ABSENT, ABSENT, 272),
    ("pciconfig_write", ABSENT, ABSENT, ABSENT, 273),
    ("perf_event_open", 298, 336, 241, 364),
    ("personality", 135, 136, 92, 136),
    ("pidfd_getfd", 438, 438, 438, 438),
    ("pidfd_open", 434, 434, 434, 434),
    ("pidfd_send_signal", 424, 424, 424, 424),
    ("pipe", 22, 42, ABSENT, 42),
    ("pipe2", 293, 331, 59, 359),
    ("pivot_root", 155, 217, 41, 218),
    ("pkey_alloc", 330, 381, 289, 395),
    ("pkey_free", 331, 382, 290, 396),
    ("pkey_mprotect", 329, 380, 288, 394),
    ("poll", 7, 168, ABSENT, 168),
    ("ppoll", 271, 309, 73, 336),
    ("ppoll_time64", ABSENT, 414, ABSENT, 414),
    ("prctl", 157, 172, 167, 172),
    ("pread64", 17, 180, 67, 180),
    ("preadv", 295, 333, 69, 361),
    ("preadv2", 327, 378, 286, 392),
    ("prlimit64", 302, 340, 261, 369),
    ("process_madvise", 440, 440, 440, 440),
    ("process_mrelease", 448, 448, 448, 448),
    ("process_vm_readv", 310, 347, 270, 376),
    ("process_vm_writev", 311, 348, 271, 377),
    ("prof", ABSENT, 44, ABSENT, ABSENT),
    ("profil", ABSENT, 98, ABSENT, ABSENT),
    ("pselect6", 270, 308, 72, 335),
    ("pselect6_time64", ABSENT, 413, ABSENT, 413),
    ("ptrace", 101, 26, 117, 26),
    ("putpmsg", 182, 189, ABSENT, ABSENT),
    ("pwrite64", 18, 181, 68, 181),
    ("pwritev", 296, 334, 70, 362),
    ("pwritev2", 328, 379, 287, 393),
    ("query_module", 178, 167, ABSENT, ABSENT),
    ("quotactl", 179, 131, 60, 131),
    ("quotactl_fd", 443, 443, 443, 443),
    ("read", 0, 3, 63, 3),
    ("readahead", 187, 225, 213, 225),
    ("readdir", ABSENT, 89, ABSENT, ABSENT),
    ("readlink", 89, 85, ABSENT, 85),
    ("readlinkat", 267, 305, 78, 332),
    ("readv", 19, 145, 65, 145),
    ("reboot", 169, 88, 142, 88),
    ("recv", ABSENT, ABSENT, ABSENT, 291),
    ("recvfrom", 45, 371, 207, 292),
    ("recvmmsg", 299, 337, 243, 365),
    ("recvmmsg_time64", ABSENT, 417, ABSENT, 417),
    ("recvmsg", 47, 372, 212, 297),
    ("remap_file_pages", 216, 257, 234, 253),
    ("removexattr", 197, 235, 14, 235),
    ("removexattrat", 466, 466, 466, 466),
    ("rename", 82, 38, ABSENT, 38),
    ("renameat", 264, 302, 38, 329),
    ("renameat2", 316, 353, 276, 382),
    ("request_key", 249, 287, 218, 310),
    ("restart_syscall", 219, 0, 128, 0),
    ("rmdir", 84, 40, ABSENT, 40),
    ("rseq", 334, 386, 293, 398),
    ("rt_sigaction", 13, 174, 134, 174),
    ("rt_sigpending", 127, 176, 136, 176),
    ("rt_sigprocmask", 14, 175, 135, 175),
    ("rt_sigqueueinfo", 129, 178, 138, 178),
    ("rt_sigreturn", 15, 173, 139, 173),
    ("rt_sigsuspend", 130, 179, 133, 179),
    ("rt_sigtimedwait", 128, 177, 137, 177),
    ("rt_sigtimedwait_time64", ABSENT, 421, ABSENT, 421),
    ("rt_tgsigqueueinfo", 297, 335, 240, 363),
    ("sched_get_priority_max", 146, 159, 125, 159),
    ("sched_get_priority_min", 147, 160, 126, 160),
    ("sched_getaffinity", 204, 242, 123, 242),
    ("sched_getattr", 315, 352, 275, 381),
    ("sched_getparam", 143, 155, 121, 155),
    ("sched_getscheduler", 145, 157, 120, 157),
    ("sched_rr_get_interval", 148, 161, 127, 161),
    ("sched_rr_get_interval_time64", ABSENT, 423, ABSENT, 423),
    ("sched_setaffinity", 203, 241, 122, 241),
    ("sched_setattr", 314, 351, 274, 380),
    ("sched_setparam", 142, 154, 118, 154),
    ("sched_setscheduler", 144, 156, 119, 156),
    ("sched_yield", 24, 158, 124, 158),
    ("seccomp", 317, 354, 277, 383),
    ("security", 185, ABSENT, ABSENT, ABSENT),
    ("select", 23, 82, ABSENT, ABSENT),
    ("semctl", 66, 394, 191, 300),
    ("semget", 64, 393, 190, 299),
    ("semop", 65, ABSENT, 193, 298),
    ("semtimedop", 220, ABSENT, 192, 312),
    ("semtimedop_time64", ABSENT, 420, ABSENT, 420),
    ("send", ABSENT, ABSENT, ABSENT, 289),
    ("sendfile", 40, 187, 71, 187),
    ("sendfile64", ABSENT, 239, ABSENT, 239),
    ("sendmmsg", 307, 345, 269, 374),
    ("sendmsg", 46, 370, 211, 296),
    ("sendto", 44, 369, 206, 290),
    ("set_mempolicy", 238, 276, 237, 321),
    ("set_mempolicy_home_node", 450, 450, 450, 450),
    ("set_robust_list", 273, 311, 99, 338),
    ("set_thread_area", 205, 243, ABSENT, ABSENT),
    ("set_tid_address", 218, 258, 96, 256),
    ("set_tls", ABSENT, ABSENT, ABSENT, 983045),
    ("setdomainname", 171, 121, 162, 121),
    ("setfsgid", 123, 139, 152, 139),
    ("setfsgid32", ABSENT, 216, ABSENT, 216),
    ("setfsuid", 122, 138, 151, 138),
    ("setfsuid32", ABSENT, 215, ABSENT, 215),
    ("setgid", 106, 46, 144, 46),
    ("setgid32", ABSENT, 214, ABSENT, 214),
    ("setgroups", 116, 81, 159, 81),
    ("setgroups32", ABSENT, 206, ABSENT, 206),
    ("sethostname", 170, 74, 161, 74),
    ("setitimer", 38, 104, 103, 104),
    ("setns", 308, 346, 268, 375),
    ("setpgid", 109, 57, 154, 57),
    ("setpriority", 141, 97, 140, 97),
    ("setregid", 114, 71, 143, 71),
    ("setregid32", ABSENT, 204, ABSENT, 204),
    ("setresgid", 119, 170, 149, 170),
    ("setresgid32", ABSENT, 210, ABSENT, 210),
    ("setresuid", 117, 164, 147, 164),
    ("setresuid32", ABSENT, 208, ABSENT, 208),
    ("setreuid", 113, 70, 145, 70),
    ("setreuid32", ABSENT, 203, ABSENT, 203),
    ("setrlimit", 160, 75, 164, 75),
    ("setsid", 112, 66, 157, 66),
    ("setsockopt", 54, 366, 208, 294),
    ("settimeofday", 164, 79, 170, 79),
    ("setuid", 105, 23, 146, 23),
    ("setuid32", ABSENT, 213, ABSENT, 213),
    ("setxattr", 188, 226, 5, 226),
    ("setxattrat", 463, 463, 463, 463),
    ("sgetmask", ABSENT, 68, ABSENT, ABSENT),
    ("shmat", 30, 397, 196, 305),
    ("shmctl", 31, 396, 195, 308),
    ("shmdt", 67, 398, 197, 306),
    ("shmget", 29, 395, 194, 307),
    ("shutdown", 48, 373, 210, 293),
    ("sigaction", ABSENT, 67, ABSENT, 67),
    ("sigaltstack", 131, 186, 132, 186),
    ("signal", ABSENT, 48, ABSENT, ABSENT),
    ("signalfd", 282, 321, ABSENT, 349),
    ("signalfd4", 289, 327, 74, 355),
    ("sigpending", ABSENT, 73, ABSENT, 73),
    ("sigprocmask", ABSENT, 126, ABSENT, 126),
    ("sigreturn", ABSENT, 119, ABSENT, 119),
    ("sigsuspend", ABSENT, 72, ABSENT, 72),
    ("socket", 41, 359, 198, 281),
    ("socketcall", ABSENT, 102, ABSENT, ABSENT),
    ("socketpair", 53, 360, 199, 288),
    ("splice", 275, 313, 76, 340),
    ("ssetmask", ABSENT, 69, ABSENT, ABSENT),
    ("stat", 4, 106, ABSENT, 106),
    ("stat64", ABSENT, 195, ABSENT, 195),
    ("statfs", 137, 99, 43, 99),
    ("statfs64", ABSENT, 268, ABSENT, 266),
    ("statmount", 457, 457, 457, 457),
    ("statx", 332, 383, 291, 397),
    ("stime", ABSENT, 25, ABSENT, ABSENT),
    ("stty", ABSENT, 31, ABSENT, ABSENT),
    ("swapoff", 168, 115, 225, 115),
    ("swapon", 167, 87, 224, 87),
    ("symlink", 88, 83, ABSENT, 83),
    ("symlinkat", 266, 304, 36, 331),
    ("sync", 162, 36, 81, 36),
    ("sync_file_range", 277, 314, 84, ABSENT),
    ("sync_file_range2", ABSENT, ABSENT, ABSENT, 341),
    ("syncfs", 306, 344, 267, 373),
    ("sysfs", 139, 135, ABSENT, 135),
    ("sysinfo", 99, 116, 179, 116),
    ("syslog", 103, 103, 116, 103),
    ("tee", 276, 315, 77, 342),
    ("tgkill", 234, 270, 131, 268),
    ("time", 201, 13, ABSENT, ABSENT),
    ("timer_create", 222, 259, 107, 257),
    ("timer_delete", 226, 263, 111, 261),
    ("timer_getoverrun", 225, 262, 109, 260),
    ("timer_gettime", 224, 261, 108, 259),
    ("timer_gettime64", ABSENT, 408, ABSENT, 408),
    ("timer_settime", 223, 260, 110, 258),
    ("timer_settime64", ABSENT, 409, ABSENT, 409),
    ("timerfd_create", 283, 322, 85, 350),
    ("timerfd_gettime", 287, 326, 87, 354),
    ("timerfd_gettime64", ABSENT, 410, ABSENT, 410),
    ("timerfd_settime", 286, 325, 86, 353),
    ("timerfd_settime64", ABSENT, 411, ABSENT, 411),
    ("times", 100, 43, 153, 43),
    ("tkill", 200, 238, 130, 238),
    ("truncate", 76, 92, 45, 92),
    ("truncate64", ABSENT, 193, ABSENT, 193),
    ("tuxcall", 184, ABSENT, ABSENT, ABSENT),
    ("ugetrlimit", ABSENT, 191, ABSENT, 191),
    ("ulimit", ABSENT, 58, ABSENT, ABSENT),
    ("umask", 95, 60, 166, 60),
    ("umount", ABSENT, 22, ABSENT, ABSENT),
    ("umount2", 166, 52, 39, 52),
    ("uname", 63, 122, 160, 122),
    ("unlink", 87, 10, ABSENT, 10),
    ("unlinkat", 263, 301, 35, 328),
    ("unshare", 272, 310, 97, 337),
    ("uprobe", 336, ABSENT, ABSENT, ABSENT),
    ("uretprobe", 335, ABSENT, ABSENT, ABSENT),
    ("uselib", 134, 86, ABSENT, 86),
    ("userfaultfd", 323, 374, 282, 388),
    ("ustat", 136, 62, ABSENT, 62),
    ("utime", 132, 30, ABSENT, ABSENT),
    ("utimensat", 280, 320, 88, 348),
    ("utimensat_time64", ABSENT, 412, ABSENT, 412),
    ("utimes", 235, 271, ABSENT, 269),
    ("vfork", 58, 190, ABSENT, 190),
    ("vhangup", 153, 111, 58, 111),
    ("vm86", ABSENT, 166, ABSENT, ABSENT),
    ("vm86old", ABSENT, 113, ABSENT, ABSENT),
    ("vmsplice", 278, 316, 75, 343),
    ("vserver", 236, 273, ABSENT, 313),
    ("wait4", 61, 114, 260, 114),
    ("waitid", 247, 284, 95, 280),
    ("waitpid", ABSENT, 7, ABSENT, ABSENT),
    ("write", 1, 4, 64, 4),
    ("writev", 20, 146, 66, 146),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_no_number_stands_twice() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
        for arch in [Arch::X86_64, Arch::X86, Arch::Aarch64, Arch::Arm] {
            let mut numbers: Vec<_> = TABLE.iter().filter_map(|row| in_row(row, arch)).collect();
            let count = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            // arm has two names for one call: sync_file_range2 and arm_sync_file_range.
            assert_eq!(count - numbers.len(), usize::from(arch == Arch::Arm), "{arch:?}");
        }
    }

    #[test]
    fn the_table_agrees_with_the_headers_this_was_built_with() {
        let native = if cfg!(target_arch = "x86_64") { Arch::X86_64 } else { Arch::Aarch64 };
        for (name, want) in [
            ("read", libc::SYS_read),
            ("execve", libc::SYS_execve),
            ("clone3", libc::SYS_clone3),
            ("mount_setattr", libc::SYS_mount_setattr),
            ("futex_waitv", libc::SYS_futex_waitv),
            ("mseal", libc::SYS_mseal),
        ] {
            assert_eq!(number(name, native).map(i64::from), Some(want), "{name}");
        }
        assert_eq!(number("chown32", Arch::X86), Some(212));
        assert_eq!(number("chown32", Arch::X86_64), None);
        assert_eq!(name(59, Arch::X86_64), Some("execve"));
    }
}
