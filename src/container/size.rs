//! Sizes in bytes as users write them: `64m`, `1g`, `65536k`, `100`.

use crate::error::{Error, Result, invalid};
use std::str::FromStr;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl FromStr for ByteSize {
    type Err = Error;

    /// Units are b, k, m, g and t, each 1024 of the one before, in any case; `kb` and `KiB` mean
    /// the same as `k`. A fraction is allowed: `1.5g`.
    fn from_str(text: &str) -> Result<ByteSize> {
        let wrong = || invalid(format!("{text:?} is not a size: a number and b, k, m, g or t, as in 64m"));
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
        let (number, unit) = lower.split_at(digits);
        let factor: u64 = match unit.trim_start() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            "t" | "tb" | "tib" => 1 << 40,
            _ => return Err(wrong()),
        };
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(factor).map(ByteSize).ok_or_else(wrong);
        }
        if !number.contains('.') {
            return Err(wrong());
        }
        let fraction: f64 = number.parse().map_err(|_| wrong())?;
        Ok(ByteSize((fraction * factor as f64) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_docker_reads_them() {
        let size = |text: &str| text.parse::<ByteSize>().map(|size| size.0).ok();
        assert_eq!(size("65536k"), Some(64 << 20));
        assert_eq!(size("64M"), Some(64 << 20));
        assert_eq!(size("1.5g"), Some(3 << 29));
        assert_eq!(size("100"), Some(100));
        assert_eq!(size("2GiB"), Some(2 << 30));
        for wrong in ["", "m", "1x", "-1", "1..2m", "99999999999999999999t"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }
}
