//! Memory that this process does not need at the moment.

/// Gives back the program text that is mapped: what runs on is read in again, from the page cache.
///
/// A process that starts a container walks through much code that it never uses again, and each
/// page of it counts as its own. Only text is given back: it is never written to, while read-only
/// data may hold relocations that exist nowhere else.
///
/// Source: madvise(2), MADV_DONTNEED on a private file mapping.
pub fn drop_text() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (Some(range), Some("r-xp"), Some(_offset), Some(_device), Some(inode)) =
            (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let bounds = range.split_once('-').map(|(from, to)| (address(from), address(to)));
        let (Some((Some(from), Some(to))), false) = (bounds, inode == "0") else { continue };
        // SAFETY: the kernel has just named this range as executable pages of a file, which nobody
        // writes to; whatever is needed of it is mapped again at the next access.
        unsafe { libc::madvise(from as *mut libc::c_void, to - from, libc::MADV_DONTNEED) };
    }
}

fn address(hex: &str) -> Option<usize> {
    usize::from_str_radix(hex, 16).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_program_goes_on_without_its_text() {
        super::drop_text();
        assert_eq!(format!("{}", 6 * 7), "42");
    }
}
