//! The compiled programs are run here by an interpreter of the instructions they use, so that any
//! call with any arguments can be asked about without making it.

use super::profile::{Host, read};
use super::*;
use crate::oci::caps::Cap;

/// What a program answers to one call, as `SECCOMP_RET_…`.
fn answer(program: &[Insn], arch: Arch, number: u32, args: [u64; 6]) -> u32 {
    let mut data = [0_u32; 16];
    data[0] = number;
    data[1] = arch.audit_number();
    for (at, arg) in args.into_iter().enumerate() {
        data[4 + 2 * at] = arg as u32;
        data[5 + 2 * at] = (arg >> 32) as u32;
    }
    let (mut at, mut accumulator) = (0, 0);
    loop {
        let insn = program[at];
        let jump = |holds: bool| 1 + usize::from(if holds { insn.jt } else { insn.jf });
        at += match insn.code {
            0x20 => {
                accumulator = data[insn.k as usize / 4];
                1
            }
            0x54 => {
                accumulator &= insn.k;
                1
            }
            0x05 => 1 + insn.k as usize,
            0x15 => jump(accumulator == insn.k),
            0x25 => jump(accumulator > insn.k),
            0x35 => jump(accumulator >= insn.k),
            0x06 => return insn.k,
            other => panic!("instruction {other:#x}"),
        };
    }
}

/// What a policy means, without a program.
fn meaning(policy: &Policy, arch: Arch, number: u32, args: [u64; 6]) -> u32 {
    let Some((_, rules)) = policy.arches.iter().find(|(known, _)| *known == arch) else {
        return policy.foreign.to_kernel();
    };
    if arch == Arch::X86_64 && number >= 0x4000_0000 {
        return policy.x32.to_kernel();
    }
    let of_number = || rules.iter().filter(|r| r.number == number && r.action != policy.default);
    let fixed = of_number().find(|rule| rule.tests.is_empty());
    let holds = |test: &Test| {
        let arg = args[usize::from(test.arg)];
        let narrow = |v: u64| if arch.is_32_bit() && v >> 32 == 0xffff_ffff { v & 0xffff_ffff } else { v };
        let (value, value_two) = (narrow(test.value), narrow(test.value_two));
        match test.op {
            Op::Ne => arg != value,
            Op::Lt => arg < value,
            Op::Le => arg <= value,
            Op::Eq => arg == value,
            Op::Ge => arg >= value,
            Op::Gt => arg > value,
            Op::MaskedEq => arg & value == value_two,
        }
    };
    let rule = fixed.or_else(|| of_number().find(|rule| rule.tests.iter().all(holds)));
    rule.map_or(policy.default, |rule| rule.action).to_kernel()
}

/// A sequence of numbers that looks random and is the same in each run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// Values at which comparisons go wrong.
const EDGES: [u64; 10] = [
    0,
    1,
    2,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    0xffff_ffff_0000_0000,
    u64::MAX - 1,
    u64::MAX,
];

const ACTIONS: [Action; 7] = [
    Action::Allow,
    Action::Log,
    Action::Errno(1),
    Action::Errno(38),
    Action::Trap,
    Action::KillThread,
    Action::Trace(5),
];

fn errno(number: u32) -> u32 {
    0x5_0000 | number
}

const ALLOW: u32 = 0x7fff_0000;

fn ask(program: &[Insn], arch: Arch, name: &str, args: &[u64]) -> u32 {
    let mut all = [0; 6];
    all[..args.len()].copy_from_slice(args);
    answer(program, arch, syscalls::number(name, arch).unwrap_or_else(|| panic!("{name}")), all)
}

#[test]
fn a_compiled_policy_means_what_its_rules_say() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..300 {
        let numbers = 1 + dice.roll(if round % 10 == 0 { 400 } else { 40 });
        let rules = |dice: &mut Dice| -> Vec<Rule> {
            (0..dice.roll(numbers * 2))
                .map(|_| {
                    let tests = if dice.roll(3) == 0 { dice.roll(3) } else { 0 };
                    let op = [Op::Ne, Op::Lt, Op::Le, Op::Eq, Op::Ge, Op::Gt, Op::MaskedEq];
                    Rule {
                        number: dice.roll(numbers) as u32,
                        action: ACTIONS[dice.roll(7) as usize],
                        tests: (0..tests)
                            .map(|_| Test {
                                arg: dice.roll(6) as u8,
                                op: op[dice.roll(7) as usize],
                                value: EDGES[dice.roll(10) as usize],
                                value_two: EDGES[dice.roll(10) as usize],
                            })
                            .collect(),
                    }
                })
                .collect()
        };
        let policy = Policy {
            default: ACTIONS[dice.roll(7) as usize],
            foreign: Action::KillProcess,
            x32: Action::Errno(38),
            arches: vec![(Arch::X86_64, rules(&mut dice)), (Arch::X86, rules(&mut dice))],
        };
        let program = compile::compile(&policy).unwrap();
        for number in (0..numbers as u32 + 2).chain([0x3fff_ffff, 0x4000_0000, 0x4000_0003, u32::MAX]) {
            for _ in 0..4 {
                for arch in [Arch::X86_64, Arch::X86, Arch::Aarch64] {
                    let args = std::array::from_fn(|_| {
                        let edge = EDGES[dice.roll(10) as usize];
                        if arch.is_32_bit() { edge & 0xffff_ffff } else { edge }
                    });
                    let got = answer(&program, arch, number, args);
                    let want = meaning(&policy, arch, number, args);
                    assert_eq!(got, want, "round {round}, {arch:?} {number} {args:x?} of {policy:#?}");
                }
            }
        }
    }
}

#[test]
fn the_built_in_profile_compiles_for_each_single_capability_and_stays_small() {
    for set in [CapSet::EMPTY, CapSet::DEFAULT, CapSet::all(u8::MAX)] {
        assert!((100..600).contains(&default_filter(set).len()), "{}", default_filter(set).len());
    }
    for cap in CapSet::all(u8::MAX).iter() {
        let mut set = CapSet::EMPTY;
        set.insert(cap);
        assert!(!default_filter(set).is_empty());
    }
    assert!(single_id_filter().len() < 150, "{}", single_id_filter().len());
}

#[test]
fn the_built_in_profile_names_only_calls_that_exist_and_each_once() {
    let mut names: Vec<&str> = default::all_names().collect();
    assert_eq!(names.iter().find(|name| syscalls::find(name).is_none()), None);
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn the_built_in_profile_depends_on_the_capabilities() {
    let program = default_filter(CapSet::DEFAULT);
    let [native, compat] = Arch::NATIVE.with_companion();
    for arch in [native, compat] {
        assert_eq!(ask(&program, arch, "read", &[]), ALLOW);
        assert_eq!(ask(&program, arch, "chroot", &[]), ALLOW);
        assert_eq!(ask(&program, arch, "bpf", &[]), errno(1));
        assert_eq!(ask(&program, arch, "io_uring_setup", &[]), errno(38));
        assert_eq!(ask(&program, arch, "add_key", &[]), errno(38));
        assert_eq!(ask(&program, arch, "swapon", &[]), errno(1));
    }
    assert_eq!(answer(&program, native, 9999, [0; 6]), errno(38));
    let mut caps = CapSet::EMPTY;
    caps.insert(Cap::parse("BPF").unwrap());
    let program = default_filter(caps);
    assert_eq!(ask(&program, native, "bpf", &[]), ALLOW);
    assert_eq!(ask(&program, native, "chroot", &[]), errno(1));
}

#[test]
fn arm_machines_have_the_same_profile() {
    let program = compile::compile(&default::policy(Arch::Aarch64, CapSet::DEFAULT)).unwrap();
    let single = compile::compile(&default::single_id_policy(Arch::Aarch64)).unwrap();
    for arch in [Arch::Aarch64, Arch::Arm] {
        for name in ["openat", "clone3", "execve", "mount", "chroot", "statx"] {
            assert_eq!(ask(&program, arch, name, &[]), ALLOW, "{arch:?} {name}");
        }
        assert_eq!(ask(&program, arch, "bpf", &[]), errno(1));
        assert_eq!(ask(&program, arch, "io_uring_setup", &[]), errno(38));
        assert_eq!(ask(&program, arch, "socket", &[38, 5, 0]), errno(97));
        assert_eq!(ask(&single, arch, "fchownat", &[]), errno(0));
    }
    // What the C library of arm calls before it does anything else.
    assert_eq!(ask(&program, Arch::Arm, "set_tls", &[]), ALLOW);
    assert_eq!(ask(&program, Arch::Arm, "cacheflush", &[]), ALLOW);
    assert_eq!(answer(&program, Arch::X86_64, 0, [0; 6]), 0x8000_0000);
}

#[test]
fn the_built_in_profile_looks_at_sockets_as_the_kernel_does() {
    let with_audit = default_filter(CapSet::DEFAULT);
    let without = default_filter(CapSet::EMPTY);
    let arch = Arch::NATIVE;
    for program in [&with_audit, &without] {
        assert_eq!(ask(program, arch, "socket", &[2, 1, 0]), ALLOW);
        assert_eq!(ask(program, arch, "socket", &[16, 3, 0]), ALLOW);
        assert_eq!(ask(program, arch, "socket", &[38, 5, 0]), errno(97));
        // The kernel's argument is an int: what stands above its 32 bits must not open a way around.
        assert_eq!(ask(program, arch, "socket", &[0x1_0000_0026, 5, 0]), errno(97));
        assert_eq!(ask(program, arch, "socket", &[40, 1, 0]), errno(1));
    }
    assert_eq!(ask(&with_audit, arch, "socket", &[16, 3, 9]), ALLOW);
    assert_eq!(ask(&without, arch, "socket", &[16, 3, 9]), errno(22));
    assert_eq!(ask(&without, arch, "socket", &[0xf_0000_0010, 3, 9]), errno(22));
    for (value, want) in [(0, ALLOW), (8, ALLOW), (0xffff_ffff, ALLOW), (0x4_0000, errno(38))] {
        assert_eq!(ask(&without, arch, "personality", &[value]), want);
    }
    assert_eq!(ask(&without, arch, "keyctl", &[1]), ALLOW);
    assert_eq!(ask(&without, arch, "keyctl", &[11]), errno(38));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn x32_and_unknown_instruction_sets_are_refused() {
    let program = default_filter(CapSet::all(u8::MAX));
    assert_eq!(answer(&program, Arch::X86_64, 0x4000_0000, [0; 6]), errno(38));
    assert_eq!(answer(&program, Arch::X86_64, u32::MAX, [0; 6]), errno(38));
    assert_eq!(answer(&program, Arch::Aarch64, 63, [0; 6]), 0x8000_0000);
    let open = compile(r#"{"defaultAction": "SCMP_ACT_ALLOW"}"#, CapSet::EMPTY).unwrap();
    assert_eq!(answer(&open, Arch::X86_64, 0x4000_0001, [0; 6]), errno(38));
    assert_eq!(answer(&open, Arch::X86_64, 1, [0; 6]), ALLOW);
}

#[test]
fn the_single_id_filter_pretends_and_lets_the_rest_through() {
    let program = single_id_filter();
    let [native, compat] = Arch::NATIVE.with_companion();
    for name in ["fchownat", "fchown", "setuid", "setgroups", "setresgid", "capset"] {
        assert_eq!(ask(&program, native, name, &[]), errno(0), "{name}");
    }
    for name in ["chown32", "lchown32", "chown", "setresuid32", "setgroups32", "setfsuid32"] {
        assert_eq!(ask(&program, compat, name, &[]), errno(0), "{name}");
    }
    assert_eq!(ask(&program, native, "read", &[]), ALLOW);
    for (mode, dev, want) in [
        (0o020_600, 0x103, errno(0)),
        (0o060_600, 0, errno(0)),
        (0o020_000, 0, ALLOW),
        (0o010_644, 0, ALLOW),
        (0o140_755, 0, ALLOW),
        (0o100_644, 0, ALLOW),
    ] {
        assert_eq!(ask(&program, native, "mknodat", &[0, 0, mode, dev]), want, "{mode:o} {dev}");
    }
}

#[test]
fn the_neighbours_filter_closes_the_ways_into_namespaces_by_number_and_no_others() {
    let program = neighbours_filter();
    assert!(program.len() < 40, "{}", program.len());
    for arch in Arch::NATIVE.with_companion() {
        assert_eq!(ask(&program, arch, "open_by_handle_at", &[]), errno(1));
        for (request, want) in [
            (0x8010_b70b, errno(1)),
            (0x8010_b70c, errno(1)),
            // A larger structure of a later kernel, and garbage that the kernel does not look at.
            (0x8020_b70b, errno(1)),
            (0xffff_ffff_8010_b70c, errno(1)),
            (0x8010_b70a, ALLOW),
            (0x5413, ALLOW),
        ] {
            assert_eq!(ask(&program, arch, "ioctl", &[3, request]), want, "{arch:?} {request:x}");
        }
        for name in ["name_to_handle_at", "setns", "mount", "openat"] {
            assert_eq!(ask(&program, arch, name, &[]), ALLOW, "{arch:?} {name}");
        }
    }
    if Arch::NATIVE == Arch::X86_64 {
        assert_eq!(answer(&program, Arch::X86_64, 0x4000_0000 | 304, [0; 6]), errno(38));
    }
}

fn host(caps: CapSet) -> Host {
    Host { arch: Arch::X86_64, caps, kernel: (6, 1) }
}

fn program_of(json: &str, caps: CapSet) -> Vec<Insn> {
    compile::compile(&read(json, &host(caps)).unwrap()).unwrap()
}

#[test]
fn a_profiles_conditions_choose_its_entries() {
    let json = r#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
        "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}],
        "syscalls": [
          {"names": ["read", "execve", "no_such_call"], "action": "SCMP_ACT_ALLOW"},
          {"name": "chroot", "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_CHROOT"]}, "excludes": {}},
          {"names": ["chroot"], "action": "SCMP_ACT_ERRNO", "errno": "EACCES", "excludes": {"caps": ["CAP_SYS_CHROOT"]}},
          {"names": ["arch_prctl"], "action": "SCMP_ACT_LOG", "includes": {"arches": ["amd64", "x32"]}},
          {"names": ["cacheflush", "modify_ldt"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm"]}},
          {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
          {"names": ["openat2"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "6.2"}},
          {"names": ["uselib"], "action": "SCMP_ACT_KILL_PROCESS", "args": null}
        ]}"#;
    let with = program_of(json, CapSet::DEFAULT);
    let without = program_of(json, CapSet::EMPTY);
    for arch in [Arch::X86_64, Arch::X86] {
        assert_eq!(ask(&with, arch, "read", &[]), ALLOW);
        assert_eq!(ask(&with, arch, "chroot", &[]), ALLOW);
        assert_eq!(ask(&without, arch, "chroot", &[]), errno(13));
        assert_eq!(ask(&with, arch, "arch_prctl", &[]), 0x7ffc_0000);
        assert_eq!(ask(&with, arch, "modify_ldt", &[]), errno(38));
        assert_eq!(ask(&with, arch, "ptrace", &[]), ALLOW);
        assert_eq!(ask(&with, arch, "openat2", &[]), errno(38));
        assert_eq!(ask(&with, arch, "uselib", &[]), 0x8000_0000);
    }
}

#[test]
fn arguments_are_all_or_each_as_in_runc() {
    let json = r#"{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
        {"names": ["execve"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["dup2"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": 0, "value": 5, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 6, "op": "SCMP_CMP_GT"}]},
        {"names": ["dup3"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": 0, "value": 5, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 7, "op": "SCMP_CMP_EQ"}]},
        {"names": ["open"], "action": "SCMP_ACT_TRAP", "args": [
            {"index": 1, "value": 3, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}]}]}"#;
    let program = program_of(json, CapSet::EMPTY);
    for (name, args, want) in [
        ("dup2", [5, 7], ALLOW),
        ("dup2", [5, 6], errno(1)),
        ("dup2", [4, 7], errno(1)),
        ("dup3", [5, 0], ALLOW),
        ("dup3", [7, 0], ALLOW),
        ("dup3", [6, 0], errno(1)),
        ("open", [0, 0xff01], 0x3_0000),
        ("open", [0, 0xff03], errno(1)),
    ] {
        assert_eq!(ask(&program, Arch::X86_64, name, &args), want, "{name} {args:?}");
    }
    assert_eq!(answer(&program, Arch::X86, 3, [0; 6]), 0x8000_0000);
}

#[test]
fn a_bad_profile_is_refused_with_the_place() {
    for (json, word) in [
        ("", "EOF"),
        ("[]", "not a seccomp profile"),
        (r#"{"defaultAction": "SCMP_ACT_ERRNO"}"#, "execve"),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_KILL"}]}"#,
            "execve",
        ),
        ("{}", "defaultAction"),
        (r#"{"defaultAction": "SCMP_ACT_MAYBE"}"#, "SCMP_ACT_MAYBE"),
        (r#"{"defaultAction": "SCMP_ACT_NOTIFY"}"#, "not yet: SCMP_ACT_NOTIFY"),
        (r#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096}"#, "4096"),
        (r#"{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "EWHAT"}"#, "EWHAT"),
        (r#"{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_NEW"]}"#, "FLAG_NEW"),
        (r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["VAX"]}"#, "VAX"),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"],
                "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]}"#,
            "not both",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_TRAP",
                "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}"#,
            "argument 6",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_TRAP",
                "includes": {"minKernel": "new"}}]}"#,
            "new",
        ),
    ] {
        let text = read(json, &host(CapSet::EMPTY)).unwrap_err().chain();
        assert!(text.contains(word), "{json}: {text}");
    }
}

#[test]
fn a_profile_too_large_for_the_kernel_is_refused() {
    let entry = |value| {
        format!(
            r#"{{"names": ["read"], "action": "SCMP_ACT_TRAP", "args":
                [{{"index": 0, "value": {value}, "op": "SCMP_CMP_EQ"}}]}}"#
        )
    };
    let entries: Vec<String> = (0..2000).map(entry).collect();
    let json = format!(r#"{{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{}]}}"#, entries.join(","));
    assert_eq!(compile(&json, CapSet::EMPTY).unwrap_err().kind(), crate::error::Kind::Unsupported);
}

/// Any bytes at all, and a good profile with some of its bytes changed, are read or refused, and
/// what is read compiles.
#[test]
fn no_bytes_make_the_reader_panic() {
    let good = include_bytes!("sample.json");
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut accepted = 0;
    for round in 0..4000 {
        let mut bytes = if round % 4 == 0 {
            (0..dice.roll(200)).map(|_| dice.roll(256) as u8).collect()
        } else {
            good.to_vec()
        };
        for _ in 0..dice.roll(4) {
            if bytes.is_empty() {
                break;
            }
            let at = dice.roll(bytes.len() as u64) as usize;
            match dice.roll(3) {
                0 => bytes[at] = dice.roll(256) as u8,
                1 => bytes.truncate(at),
                _ => bytes[at] = b"0123456789\"{}[],"[dice.roll(16) as usize],
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        accepted += usize::from(compile(&text, CapSet::DEFAULT).is_ok());
    }
    assert!(accepted > 500, "{accepted}");
}

/// The budget is 100 µs in a release build; this one is not, and the machine may be busy.
#[test]
fn the_built_in_profile_is_made_in_little_time() {
    let fastest = (0..50)
        .map(|_| {
            let begin = std::time::Instant::now();
            std::hint::black_box(default_filter(CapSet::DEFAULT));
            begin.elapsed()
        })
        .min()
        .unwrap();
    let budget = if cfg!(debug_assertions) { 3000 } else { 100 };
    assert!(fastest.as_micros() < budget, "{fastest:?}");
}
