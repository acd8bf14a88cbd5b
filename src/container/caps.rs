//! Capabilities: their names, their numbers, and what `--cap-add` and `--cap-drop` make of them.

use crate::error::{Result, invalid};
use std::fmt;

/// The names by number, without `CAP_` (capability.h; 40 is the newest, of Linux 5.9).
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// One capability, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cap(u8);

impl Cap {
    /// The newest capability that box knows by name.
    pub const NEWEST: Cap = Cap(NAMES.len() as u8 - 1);

    /// The capability called `name`: any case, with or without `CAP_`.
    ///
    /// # Errors
    /// `Invalid` for an unknown name, with the nearest known one as a hint.
    pub fn parse(name: &str) -> Result<Cap> {
        let plain = normalise(name);
        if let Some(number) = NAMES.iter().position(|known| *known == plain) {
            return Ok(Cap(number as u8));
        }
        let error = invalid(format!("unknown capability {name:?}"));
        Err(match nearest(&plain) {
            Some(near) => error.hint(format!("did you mean CAP_{near}?")),
            None => error.hint("capabilities(7) lists them; ALL stands for all"),
        })
    }

    /// The name in upper case, without `CAP_`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }

    /// The kernel's number for it.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CAP_{}", self.name())
    }
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapSet(u64);

impl CapSet {
    /// None.
    pub const EMPTY: CapSet = CapSet(0);

    /// What a container has unless told otherwise: Docker's fourteen.
    ///
    /// podman leaves out `AUDIT_WRITE`, `MKNOD` and `NET_RAW`. Without `NET_RAW` in the bounding set
    /// a ping with file capabilities cannot even be executed, without `AUDIT_WRITE` sshd and su
    /// complain; in a user namespace none of the three reaches the host.
    pub const DEFAULT: CapSet = CapSet::of(&[0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31]);

    const fn of(numbers: &[u8]) -> CapSet {
        let mut bits = 0;
        let mut at = 0;
        while at < numbers.len() {
            bits |= 1 << numbers[at];
            at += 1;
        }
        CapSet(bits)
    }

    /// All capabilities up to `last`, which is the kernel's `/proc/sys/kernel/cap_last_cap`.
    ///
    /// Those that are newer than box are left out: nobody could name them.
    #[must_use]
    pub fn all(last: u8) -> CapSet {
        let last = u64::from(last.min(Cap::NEWEST.0));
        CapSet((1 << (last + 1)) - 1)
    }

    /// The set of the names given, each as [`Cap::parse`] takes it.
    ///
    /// # Errors
    /// `Invalid` for an unknown name.
    pub fn from_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<CapSet> {
        let mut set = CapSet::EMPTY;
        for name in names {
            set.insert(Cap::parse(name.as_ref())?);
        }
        Ok(set)
    }

    /// The set whose bit N is capability N; bits without a name are dropped.
    #[must_use]
    pub fn from_bits(bits: u64) -> CapSet {
        CapSet(bits & CapSet::all(u8::MAX).0)
    }

    /// Bit N is capability N, as in `/proc/self/status`.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Whether `cap` is in it.
    #[must_use]
    pub fn contains(self, cap: Cap) -> bool {
        self.0 & (1 << cap.0) != 0
    }

    /// Puts `cap` into it.
    pub fn insert(&mut self, cap: Cap) {
        self.0 |= 1 << cap.0;
    }

    /// Takes `cap` out of it.
    pub fn remove(&mut self, cap: Cap) {
        self.0 &= !(1 << cap.0);
    }

    /// Its members, by number.
    pub fn iter(self) -> impl Iterator<Item = Cap> {
        (0..=Cap::NEWEST.0).map(Cap).filter(move |cap| self.contains(*cap))
    }

    /// The names of its members by number, without `CAP_`.
    #[must_use]
    pub fn names(self) -> Vec<String> {
        self.iter().map(|cap| cap.name().to_string()).collect()
    }
}

/// What `--cap-add` and `--cap-drop` make of `base` on a kernel whose newest capability is `last`.
///
/// `--cap-drop ALL` leaves what is added; `--cap-add ALL` is everything without what is dropped;
/// one name in both is refused, as podman does.
///
/// # Errors
/// `Invalid` for an unknown name, a name in both lists, or one that this kernel does not have.
pub fn apply(base: CapSet, add: &[String], drop: &[String], last: u8) -> Result<CapSet> {
    let (add, add_all) = parse_list(add)?;
    let (drop, drop_all) = parse_list(drop)?;
    if let Some(newer) = add.iter().find(|cap| cap.number() > last) {
        return Err(invalid(format!("this kernel does not have the capability {newer}")));
    }
    if add_all && drop_all {
        return Err(invalid("cannot both add and drop ALL capabilities"));
    }
    if let Some(both) = add.iter().find(|cap| drop.contains(*cap)) {
        return Err(invalid(format!("capability {both} cannot be both added and dropped")));
    }
    let start = match (add_all, drop_all) {
        (true, _) => CapSet::all(last),
        (_, true) => CapSet::EMPTY,
        _ => base,
    };
    let added = start.0 | add.0;
    Ok(CapSet(if drop_all { added } else { added & !drop.0 }))
}

/// The capabilities of a list, and whether ALL was among them. One word may hold several, with
/// commas between.
fn parse_list(words: &[String]) -> Result<(CapSet, bool)> {
    let mut set = CapSet::EMPTY;
    let mut all = false;
    for word in words.iter().flat_map(|word| word.split(',')) {
        match word.trim() {
            "" => return Err(invalid("empty capability name")),
            word if normalise(word) == "ALL" => all = true,
            word => set.insert(Cap::parse(word)?),
        }
    }
    Ok((set, all))
}

fn normalise(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    match upper.strip_prefix("CAP_") {
        Some(plain) => plain.to_string(),
        None => upper,
    }
}

/// The known name that differs from `name` in at most a third of its letters.
fn nearest(name: &str) -> Option<&'static str> {
    let (distance, known) = NAMES.iter().map(|known| (edit_distance(name, known), *known)).min()?;
    (distance * 3 <= name.len().max(3)).then_some(known)
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let change = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_string).collect()
    }

    fn result(add: &str, drop: &str) -> Result<CapSet> {
        apply(CapSet::DEFAULT, &words(add), &words(drop), 40)
    }

    #[test]
    fn the_default_is_dockers_fourteen() {
        assert_eq!(CapSet::DEFAULT.bits(), 0xa804_25fb);
        assert_eq!(CapSet::DEFAULT.iter().count(), 14);
        assert_eq!(CapSet::from_names(CapSet::DEFAULT.names()).unwrap(), CapSet::DEFAULT);
    }

    #[test]
    fn names_come_in_any_case_with_or_without_the_prefix() {
        for name in ["net_admin", "NET_ADMIN", "CAP_NET_ADMIN", "cap_net_admin"] {
            assert_eq!(Cap::parse(name).unwrap().number(), 12);
        }
        assert_eq!(Cap::parse("bpf").unwrap().to_string(), "CAP_BPF");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let error = Cap::parse("NET_ADMON").unwrap_err();
        assert_eq!(error.find_hint(), Some("did you mean CAP_NET_ADMIN?"));
        assert!(Cap::parse("FLY").unwrap_err().find_hint().unwrap().contains("capabilities(7)"));
        assert!(Cap::parse("").is_err());
        assert!(Cap::parse("\u{fc}\u{fc}").is_err());
    }

    #[test]
    fn add_and_drop_do_what_podman_does() {
        assert_eq!(result("", "").unwrap(), CapSet::DEFAULT);
        assert_eq!(result("NET_ADMIN", "").unwrap().bits(), 0xa804_35fb);
        assert_eq!(result("", "chown").unwrap().bits(), 0xa804_25fa);
        assert_eq!(result("", "all").unwrap(), CapSet::EMPTY);
        assert_eq!(result("CAP_CHOWN", "ALL").unwrap().names(), ["CHOWN"]);
        assert_eq!(result("ALL", "").unwrap(), CapSet::all(40));
        assert_eq!(result("ALL", "MKNOD").unwrap().bits(), 0x1ff_ffff_ffff & !(1 << 27));
        assert_eq!(result("SYS_TIME,SYS_NICE", "").unwrap().iter().count(), 16);
        assert!(result("ALL", "ALL").is_err());
        assert!(result("KILL", "KILL").is_err());
        assert!(result("KILL,", "").is_err());
    }

    #[test]
    fn a_kernel_without_the_newest_capabilities_is_respected() {
        assert_eq!(CapSet::all(37).bits(), 0x3f_ffff_ffff);
        assert_eq!(CapSet::all(63), CapSet::all(40));
        assert!(apply(CapSet::DEFAULT, &words("BPF"), &[], 37).is_err());
        assert!(apply(CapSet::DEFAULT, &[], &words("BPF"), 37).is_ok());
    }
}
