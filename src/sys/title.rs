//! The command line that others see of this process.

/// Where the arguments of this process lie in its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arguments {
    from: usize,
    to: usize,
}

impl Arguments {
    /// Those of this process; `None` where /proc does not say. /proc has to be one that nobody else rules.
    ///
    /// Source: proc(5), /proc/pid/stat: fields 48 and 49.
    #[must_use]
    pub fn own() -> Option<Arguments> {
        Arguments::parse(&std::fs::read_to_string("/proc/self/stat").ok()?)
    }

    fn parse(stat: &str) -> Option<Arguments> {
        // The second field is the program's name, which may hold blanks and brackets.
        let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().skip(48 - 3);
        let mut number = || fields.next()?.parse().ok();
        let (from, to): (usize, usize) = (number()?, number()?);
        (from != 0 && from < to).then_some(Arguments { from, to })
    }

    /// Writes `title` over them, as far as it fits: what this process was started with is not read any
    /// more in /proc/pid/cmdline.
    ///
    /// Nobody may look at `std::env::args` afterwards.
    pub fn overwrite(self, title: &str) {
        let room = self.to - self.from;
        // One zero byte stays at the end, as the kernel expects of a command line.
        let length = title.len().min(room - 1);
        let place = std::ptr::with_exposed_provenance_mut::<u8>(self.from);
        // SAFETY: the kernel has named these bytes of our stack as the arguments, which it wrote there;
        // they are writable (environ(7)), and nobody holds a reference into them.
        let bytes = unsafe { std::slice::from_raw_parts_mut(place, room) };
        bytes.fill(0);
        bytes[..length].copy_from_slice(&title.as_bytes()[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_found_behind_any_name() {
        let numbers: Vec<String> = (4..=52).map(|n| n.to_string()).collect();
        let stat = format!("1 (a ) b) S {}\n", numbers.join(" "));
        assert_eq!(Arguments::parse(&stat), Some(Arguments { from: 48, to: 49 }));
        assert_eq!(Arguments::parse("1 (a) S 0 0"), None);
        let own = Arguments::own().unwrap();
        let line = std::fs::read("/proc/self/cmdline").unwrap();
        assert_eq!(own.to - own.from, line.len());
    }
}
