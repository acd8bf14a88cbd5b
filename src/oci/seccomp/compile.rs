//! From a policy to a BPF program.
//!
//! The program is put together from its end: a jump goes forward only, so what it leads to is then
//! already there.

use super::{Action, Arch, Insn, Op, Policy, Rule, Test};
use crate::error::{Error, Kind, Result};

/// The most instructions that the kernel takes in one program (`BPF_MAXINSNS`).
const MAX_INSNS: usize = 4096;

// linux/bpf_common.h
const LOAD_WORD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_GREATER: u16 = 0x25;
const JUMP_IF_GREATER_OR_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;

// struct seccomp_data: the number, the instruction set, the instruction pointer, six arguments.
const OFFSET_NUMBER: u32 = 0;
const OFFSET_ARCH: u32 = 4;
const OFFSET_ARGS: u32 = 16;

/// From here on x86_64's numbers are x32's (`__X32_SYSCALL_BIT`).
const X32_BIT: u32 = 0x4000_0000;

/// The farthest that a conditional jump is let to reach: 255, less the long jumps that may come
/// between.
const REACH: usize = 250;

/// Compiles `policy`.
///
/// # Errors
/// `Unsupported` if the program is longer than the kernel takes.
pub(super) fn compile(policy: &Policy) -> Result<Vec<Insn>> {
    let mut program = Program { reversed: Vec::with_capacity(512), returns: Vec::new() };
    let mut other = program.returning(policy.foreign);
    // The native instruction set comes first in the list and must be asked for first.
    for (arch, rules) in policy.arches.iter().rev() {
        let decisions = decide(rules, policy.default);
        let here = program.number_tree(*arch, &decisions, policy);
        other = program.branch(JUMP_IF_EQUAL, arch.audit_number(), here, other);
    }
    program.emit(LOAD_WORD, OFFSET_ARCH);
    if program.reversed.len() > MAX_INSNS {
        return Err(Error::new(
            Kind::Unsupported,
            format!("the seccomp profile needs {} instructions", program.reversed.len()),
        )
        .hint(format!("the kernel takes {MAX_INSNS}: use fewer rules with arguments")));
    }
    program.reversed.reverse();
    Ok(program.reversed)
}

/// What happens to all numbers from `start` to the next range's start.
struct Range<'a> {
    start: u32,
    decision: Decision<'a>,
}

#[derive(Clone, Copy)]
enum Decision<'a> {
    /// Whatever the arguments are.
    Fixed(Action),
    /// The first of these rules whose tests hold.
    Tested(&'a [&'a Rule]),
}

/// Sorts `rules` by number, in their order within one number; drops those that cannot count.
///
/// A rule that says what the default says is skipped, as crun and runc do.
fn decide(rules: &[Rule], default: Action) -> Vec<(u32, Action, Vec<&Rule>)> {
    let mut sorted: Vec<&Rule> = rules.iter().filter(|rule| rule.action != default).collect();
    sorted.sort_by_key(|rule| rule.number);
    sorted
        .chunk_by(|left, right| left.number == right.number)
        .map(|same| match same.iter().find(|rule| rule.tests.is_empty()) {
            Some(fixed) => (fixed.number, fixed.action, Vec::new()),
            None => (same[0].number, default, same.to_vec()),
        })
        .collect()
}

/// Ranges that cover every number, neighbours with the same answer joined.
fn ranges<'a>(decisions: &'a [(u32, Action, Vec<&'a Rule>)], default: Action) -> Vec<Range<'a>> {
    let mut ranges = vec![Range { start: 0, decision: Decision::Fixed(default) }];
    let mut add = |start: u32, decision: Decision<'a>| {
        let last = ranges.last().expect("it begins with one");
        match (last.decision, decision) {
            (Decision::Fixed(before), Decision::Fixed(now)) if before == now => return,
            _ => {}
        }
        if last.start == start {
            ranges.pop();
            // What was before may now be the same again.
            if let (Some(Range { decision: Decision::Fixed(before), .. }), Decision::Fixed(now)) =
                (ranges.last(), decision)
                && *before == now
            {
                return;
            }
        }
        ranges.push(Range { start, decision });
    };
    for (number, action, tested) in decisions {
        let decision =
            if tested.is_empty() { Decision::Fixed(*action) } else { Decision::Tested(tested.as_slice()) };
        add(*number, decision);
        if let Some(next) = number.checked_add(1) {
            add(next, Decision::Fixed(default));
        }
    }
    ranges
}

/// A place in the program, counted from its end.
#[derive(Clone, Copy)]
struct Label(usize);

struct Program {
    /// Last instruction first.
    reversed: Vec<Insn>,
    /// For each action the nearest return of it so far.
    returns: Vec<(Action, Label)>,
}

impl Program {
    /// Puts an instruction in front and gives its place.
    fn emit(&mut self, code: u16, k: u32) -> Label {
        self.reversed.push(Insn { code, jt: 0, jf: 0, k });
        Label(self.reversed.len() - 1)
    }

    /// How many instructions lie between the next one emitted and `label`.
    fn distance(&self, label: Label) -> usize {
        self.reversed.len() - 1 - label.0
    }

    /// A jump to `label`, however far it is.
    fn jump(&mut self, label: Label) -> Label {
        let distance = u32::try_from(self.distance(label)).expect("a program is short");
        self.emit(JUMP, distance)
    }

    /// The same place, nearer: through a long jump if it is out of a conditional jump's reach.
    fn within_reach(&mut self, label: Label) -> Label {
        if self.distance(label) <= REACH { label } else { self.jump(label) }
    }

    /// Puts a conditional jump in front.
    fn branch(&mut self, code: u16, k: u32, yes: Label, no: Label) -> Label {
        let yes = self.within_reach(yes);
        let no = self.within_reach(no);
        let jt = u8::try_from(self.distance(yes)).expect("within reach");
        let jf = u8::try_from(self.distance(no)).expect("within reach");
        self.reversed.push(Insn { code, jt, jf, k });
        Label(self.reversed.len() - 1)
    }

    /// A place that returns `action`: one that is there and near, or a new one.
    fn returning(&mut self, action: Action) -> Label {
        if let Some(at) = self.returns.iter().position(|(known, _)| *known == action) {
            let label = self.returns[at].1;
            if self.distance(label) <= REACH {
                return label;
            }
            self.returns.swap_remove(at);
        }
        let label = self.emit(RETURN, action.to_kernel());
        self.returns.push((action, label));
        label
    }

    /// The part of the program for one instruction set.
    fn number_tree(&mut self, arch: Arch, decisions: &[(u32, Action, Vec<&Rule>)], policy: &Policy) -> Label {
        let ranges = ranges(decisions, policy.default);
        let mut top = self.tree(arch, &ranges, policy.default);
        if arch == Arch::X86_64 {
            let x32 = self.returning(policy.x32);
            top = self.branch(JUMP_IF_GREATER_OR_EQUAL, X32_BIT, x32, top);
        }
        // What was emitted last must be what `top` is, for the load falls through to it.
        if self.distance(top) != 0 {
            self.jump(top);
        }
        self.emit(LOAD_WORD, OFFSET_NUMBER)
    }

    /// A balanced tree over `ranges`; the number is loaded.
    fn tree(&mut self, arch: Arch, ranges: &[Range<'_>], default: Action) -> Label {
        if let [only] = ranges {
            return match only.decision {
                Decision::Fixed(action) => self.returning(action),
                Decision::Tested(rules) => self.tested(arch, rules, default),
            };
        }
        let (low, high) = ranges.split_at(ranges.len() / 2);
        let start = high[0].start;
        let high = self.tree(arch, high, default);
        let low = self.tree(arch, low, default);
        self.branch(JUMP_IF_GREATER_OR_EQUAL, start, high, low)
    }

    /// The rules of one number, one after the other.
    fn tested(&mut self, arch: Arch, rules: &[&Rule], default: Action) -> Label {
        let mut otherwise = self.returning(default);
        for rule in rules.iter().rev() {
            let mut holds = self.returning(rule.action);
            for test in rule.tests.iter().rev() {
                holds = self.test(arch, *test, holds, otherwise);
            }
            otherwise = holds;
        }
        otherwise
    }

    /// One comparison of a 64-bit argument, which the machine sees as two words.
    fn test(&mut self, arch: Arch, test: Test, yes: Label, no: Label) -> Label {
        let test = if arch.is_32_bit() { narrowed(test) } else { test };
        let low = test.value as u32;
        let high = (test.value >> 32) as u32;
        match test.op {
            Op::Eq => self.equal(test, u64::MAX, yes, no),
            Op::Ne => self.equal(test, u64::MAX, no, yes),
            Op::MaskedEq => {
                let masked = Test { value: test.value_two, ..test };
                self.equal(masked, test.value, yes, no)
            }
            Op::Ge if test.value == 0 => yes,
            Op::Ge => self.ordered(test.arg, high, low, JUMP_IF_GREATER_OR_EQUAL, yes, no),
            Op::Gt => self.ordered(test.arg, high, low, JUMP_IF_GREATER, yes, no),
            Op::Lt => self.ordered(test.arg, high, low, JUMP_IF_GREATER_OR_EQUAL, no, yes),
            Op::Le => self.ordered(test.arg, high, low, JUMP_IF_GREATER, no, yes),
        }
    }

    /// `(argument & mask) == value`.
    fn equal(&mut self, test: Test, mask: u64, yes: Label, no: Label) -> Label {
        let low = self.word_equal(offset_low(test.arg), mask as u32, test.value as u32, yes, no);
        let (mask, value) = ((mask >> 32) as u32, (test.value >> 32) as u32);
        if mask == 0 && value == 0 {
            return low;
        }
        self.word_equal(offset_low(test.arg) + 4, mask, value, low, no)
    }

    fn word_equal(&mut self, offset: u32, mask: u32, value: u32, yes: Label, no: Label) -> Label {
        self.branch(JUMP_IF_EQUAL, value, yes, no);
        if mask != u32::MAX {
            self.emit(AND, mask);
        }
        self.emit(LOAD_WORD, offset)
    }

    /// `argument >= value` or `argument > value`, as `low_test` says.
    fn ordered(&mut self, arg: u8, high: u32, low: u32, low_test: u16, yes: Label, no: Label) -> Label {
        self.branch(low_test, low, yes, no);
        let same_high = self.emit(LOAD_WORD, offset_low(arg));
        let not_greater = self.branch(JUMP_IF_EQUAL, high, same_high, no);
        self.branch(JUMP_IF_GREATER, high, yes, not_greater);
        self.emit(LOAD_WORD, offset_low(arg) + 4)
    }
}

fn offset_low(arg: u8) -> u32 {
    // Both machines that box runs on are little-endian: the low word comes first.
    OFFSET_ARGS + 8 * u32::from(arg)
}

/// `test` for arguments of 32 bits: a profile writes -1 as 64 ones, and the kernel's copy of a
/// 32-bit argument has a high word of zero.
fn narrowed(test: Test) -> Test {
    let narrow = |value: u64| if value >> 32 == 0xffff_ffff { value & 0xffff_ffff } else { value };
    Test { value: narrow(test.value), value_two: narrow(test.value_two), ..test }
}

impl Action {
    /// `SECCOMP_RET_…` of linux/seccomp.h.
    pub(super) fn to_kernel(self) -> u32 {
        match self {
            Action::KillProcess => 0x8000_0000,
            Action::KillThread => 0x0000_0000,
            Action::Trap => 0x0003_0000,
            Action::Errno(number) => 0x0005_0000 | u32::from(number),
            Action::Trace(number) => 0x7ff0_0000 | u32::from(number),
            Action::Log => 0x7ffc_0000,
            Action::Allow => 0x7fff_0000,
        }
    }
}
