//! Times and sizes for people, word for word as Docker prints them.

use jiff::{Timestamp, tz::TimeZone};

/// `2 minutes`, `About an hour`, `3 weeks`. Source: docker/go-units, HumanDuration.
pub(crate) fn duration(seconds: i64) -> String {
    // Go rounds half hours up.
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match seconds {
        ..1 => "Less than a second".to_string(),
        1 => "1 second".to_string(),
        2..60 => format!("{seconds} seconds"),
        _ if minutes == 1 => "About a minute".to_string(),
        _ if minutes < 60 => format!("{minutes} minutes"),
        _ if hours == 1 => "About an hour".to_string(),
        _ if hours < 48 => format!("{hours} hours"),
        _ if hours < 24 * 7 * 2 => format!("{} days", hours / 24),
        _ if hours < 24 * 30 * 2 => format!("{} weeks", hours / 24 / 7),
        _ if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", seconds / 3600 / 24 / 365),
    }
}

/// `2 minutes ago`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{} ago", since(then, now))
}

/// How long it has been.
pub(crate) fn since(then: Timestamp, now: Timestamp) -> String {
    duration(now.as_second() - then.as_second())
}

/// `77.8MB`: powers of 1000, three digits. Source: docker/go-units, HumanSizeWithPrecision.
pub(crate) fn size(bytes: u64) -> String {
    digits(bytes, 3)
}

/// `77.83MB`: the same with four digits, as `system df` has them. Source: docker/go-units, HumanSize.
pub(crate) fn exact_size(bytes: u64) -> String {
    digits(bytes, 4)
}

/// So many significant digits, without zeros at the end, as Go's `%.3g`; but what rounds up to a thousand
/// is one of the next unit, where Go prints `1e+03kB`.
fn digits(bytes: u64, most: usize) -> String {
    let (mut value, mut unit) = (bytes as f64, 0);
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let rounded = |value: f64| {
        let whole = if value >= 100.0 {
            3
        } else if value >= 10.0 {
            2
        } else {
            1
        };
        format!("{value:.decimals$}", decimals = most - whole)
    };
    let mut text = rounded(value);
    while text.parse::<f64>().is_ok_and(|shown| shown >= 1000.0) && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
        text = rounded(value);
    }
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{}", UNITS[unit])
}

/// `2026-11-21 06:40:00 +0000 UTC`, as docker's lists have it: without the fraction.
pub(crate) fn whole_time(then: Timestamp) -> String {
    time(Timestamp::from_second(then.as_second()).unwrap_or(then))
}

/// `2026-11-21 06:40:00.123456789 +0000 UTC`, as Go prints a time.
pub(crate) fn time(then: Timestamp) -> String {
    let zoned = then.to_zoned(TimeZone::system());
    let fraction = match zoned.subsec_nanosecond() {
        0 => String::new(),
        nanos => format!(".{}", format!("{nanos:09}").trim_end_matches('0')),
    };
    zoned.strftime("%Y-%m-%d %H:%M:%S").to_string() + &fraction + &zoned.strftime(" %z %Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_dockers() {
        for (seconds, text) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (179, "2 minutes"),
            (3599, "59 minutes"),
            (3600, "About an hour"),
            (5400, "2 hours"),
            (2, "2 seconds"),
            (119, "About a minute"),
            (120, "2 minutes"),
            (5399, "About an hour"),
            (47 * 3600, "47 hours"),
            (48 * 3600 - 1801, "47 hours"),
            (48 * 3600 - 1800, "2 days"),
            (48 * 3600, "2 days"),
            (14 * 86400 - 1801, "13 days"),
            (14 * 86400, "2 weeks"),
            (15 * 86400, "2 weeks"),
            (21 * 86400, "3 weeks"),
            (60 * 86400 - 1801, "8 weeks"),
            (60 * 86400, "2 months"),
            (61 * 86400, "2 months"),
            (730 * 86400 - 1801, "24 months"),
            (730 * 86400, "2 years"),
            (731 * 86400, "2 years"),
            (3 * 365 * 86400, "3 years"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
        // A clock that was set back.
        assert_eq!(duration(-5), "Less than a second");
    }

    #[test]
    fn sizes_are_dockers() {
        for (bytes, text) in [
            (0, "0B"),
            (999, "999B"),
            (1000, "1kB"),
            (77_800_000, "77.8MB"),
            (7_046_123, "7.05MB"),
            (1_240_000_000, "1.24GB"),
            (187_000_000, "187MB"),
            (1, "1B"),
            (1001, "1kB"),
            (1005, "1kB"),
            (1010, "1.01kB"),
            (9_994, "9.99kB"),
            (9_996, "10kB"),
            (99_940, "99.9kB"),
            (99_960, "100kB"),
            (999_499, "999kB"),
            (999_999, "1MB"),
            (1_000_000, "1MB"),
            (999_999_999_999, "1TB"),
            (u64::MAX, "18.4EB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
        for (bytes, text) in [
            (0, "0B"),
            (12, "12B"),
            (999, "999B"),
            (1000, "1kB"),
            (1_982_422, "1.982MB"),
            (175_300_000, "175.3MB"),
            (182_312_947, "182.3MB"),
            (999_949, "999.9kB"),
            (999_960, "1MB"),
        ] {
            assert_eq!(exact_size(bytes), text, "{bytes}");
        }
    }
}
