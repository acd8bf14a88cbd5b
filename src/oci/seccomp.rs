//! Seccomp: from a profile to the program that the kernel runs before each system call.
//!
//! A profile, ours ([`default_filter`]) or a JSON one ([`compile`]), becomes a `Policy`: for each
//! instruction set what happens to each number. The compiler turns that into a tree of ranges,
//! because the kernel, when it loads a filter, runs it once for every number to build its bitmap of
//! calls that are always allowed: a chain of comparisons takes twice as long to load as the tree.
//! Our own profile is 216 instructions for x86_64 and i386 together; it is compiled in 32 µs and
//! loaded in 52 µs (minimum of 200 loads in forked children, Linux 6.18; libseccomp's filter for
//! the same profile was measured at 407 µs and takes 17 ms to make).
//!
//! Source: seccomp(2); the runtime specification, "Seccomp"; containers-seccomp.json(5).

mod compile;
mod default;
mod profile;
pub mod syscalls;

use crate::error::Result;
use crate::oci::caps::CapSet;

pub use crate::sys::seccomp::Insn;

/// What a program says to the kernel about one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It takes place.
    Allow,
    /// It takes place and is written to the kernel's log.
    Log,
    /// It does not, and its caller gets this error number.
    Errno(u16),
    /// A tracer decides; without one, ENOSYS.
    Trace(u16),
    /// SIGSYS.
    Trap,
    /// The thread dies.
    KillThread,
    /// The process dies.
    KillProcess,
}

/// An instruction set with system calls of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 32-bit x86.
    X86,
    /// 64-bit ARM.
    Aarch64,
    /// 32-bit ARM.
    Arm,
}

impl Arch {
    /// The one that box was built for.
    pub const NATIVE: Arch = if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 };

    /// It, and the one whose programs the same kernel runs beside its own.
    fn with_companion(self) -> [Arch; 2] {
        match self {
            Arch::Aarch64 | Arch::Arm => [Arch::Aarch64, Arch::Arm],
            Arch::X86_64 | Arch::X86 => [Arch::X86_64, Arch::X86],
        }
    }

    /// `AUDIT_ARCH_…` of linux/audit.h.
    fn audit_number(self) -> u32 {
        match self {
            Arch::X86_64 => 0xc000_003e,
            Arch::X86 => 0x4000_0003,
            Arch::Aarch64 => 0xc000_00b7,
            Arch::Arm => 0x4000_0028,
        }
    }

    fn is_32_bit(self) -> bool {
        matches!(self, Arch::X86 | Arch::Arm)
    }
}

/// A condition on one argument of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// Which argument, from 0.
    arg: u8,
    /// How it is compared, as an unsigned number.
    op: Op,
    /// With what; for a masked comparison, the mask.
    value: u64,
    /// With what after the mask; else unused.
    value_two: u64,
}

/// `SCMP_CMP_…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Ne,
    Lt,
    Le,
    Eq,
    Ge,
    Gt,
    MaskedEq,
}

/// One line of a profile for one call: if all of `tests` hold, `action`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    number: u32,
    tests: Vec<Test>,
    action: Action,
}

/// What a profile comes down to on this machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Policy {
    /// For calls that no rule is about, or whose tests all fail.
    default: Action,
    /// For calls of an instruction set that is not listed.
    foreign: Action,
    /// For the x32 form of x86_64's calls. They reach the same code by other numbers, and few people
    /// look at them: never allowed where something is refused.
    x32: Action,
    /// The rules of each instruction set, in the profile's order. Of several rules without tests
    /// about one number the first counts, and those with tests are then not looked at, as in
    /// libseccomp; rules with tests are tried in their order.
    arches: Vec<(Arch, Vec<Rule>)>,
}

/// The built-in profile for a process that holds at most `caps`.
#[must_use]
pub fn default_filter(caps: CapSet) -> Vec<Insn> {
    compile::compile(&default::policy(Arch::NATIVE, caps))
        .expect("the built-in profile fits, as a test proves for each set")
}

/// The program of an OCI or Docker JSON profile, for a process that holds at most `caps`.
///
/// # Errors
/// `Invalid` for what is no profile, with the place; `Unsupported` for actions box does not have.
pub fn compile(json: &str, caps: CapSet) -> Result<Vec<Insn>> {
    let host = profile::Host { arch: Arch::NATIVE, caps, kernel: profile::running_kernel() };
    compile::compile(&profile::read(json, &host)?)
}

/// The program for a container of a user who has a single id: the calls that change owners and
/// identities answer 0 and do nothing, and so do those that make devices. It is loaded beside the
/// profile's.
#[must_use]
pub fn single_id_filter() -> Vec<Insn> {
    compile::compile(&default::single_id_policy(Arch::NATIVE)).expect("it is short")
}

/// The program for a container with CAP_SYS_ADMIN in the user namespace that it shares with all
/// others of its user, and with their supervisors, whose mount namespaces show the host's files.
///
/// Whoever has that capability may enter those namespaces once it has a descriptor of one, and since
/// Linux 6.18 a number is enough to get it: open_by_handle_at(2) takes handles of namespaces, which
/// are counted up from boot. NS_MNT_GET_NEXT (6.12) went from one to the next without any number,
/// until it was reserved to the machine's own administrator. Nothing else is lost: the file systems
/// of the host ask for its administrator before they take a handle.
///
/// It is loaded beside the profile's, and also where there is none (`--privileged`). A container with
/// a user namespace of its own needs no such filter.
///
/// Source: fs/nsfs.c, `nsfs_fh_to_dentry` and `ns_ioctl`.
#[must_use]
pub fn neighbours_filter() -> Vec<Insn> {
    compile::compile(&default::neighbours_policy(Arch::NATIVE)).expect("it is short")
}

/// The program for the server of a root file system, which works on files that it has been given and
/// has threads: no programs, no sockets, no mounts, nothing about other processes.
#[must_use]
pub fn server_filter() -> Vec<Insn> {
    compile::compile(&default::server_policy(Arch::NATIVE)).expect("it is short")
}

#[cfg(test)]
mod tests;
