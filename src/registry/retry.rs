//! What may work a moment later, and how long a moment is.

use crate::error::{Error, Result};
use crate::image::access::Retry;
use std::time::Duration;

/// A registry that wants more patience than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Marks an error that may be gone a moment later; with how long the registry said that is.
#[derive(Debug)]
pub(crate) struct Transient(pub(crate) Option<Duration>);

impl std::fmt::Display for Transient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It is a mark, not a text: an empty cause is left out of the chain.
        f.write_str("")
    }
}

impl std::error::Error for Transient {}

/// The mark on an error, if it has one.
fn mark(error: &Error) -> Option<&Transient> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(mark) = cause.downcast_ref::<Transient>() {
            return Some(mark);
        }
        next = cause.source();
    }
    None
}

/// Whether the same request may succeed a moment later.
#[must_use]
pub fn is_transient(error: &Error) -> bool {
    mark(error).is_some()
}

/// How long to wait after the `failures`th failure in a row (counted from 0) before the next
/// attempt; `None` if there should be none.
#[must_use]
pub fn pause(retry: Retry, failures: u32, error: &Error) -> Option<Duration> {
    if failures >= retry.times {
        return None;
    }
    let asked = mark(error)?.0;
    let doubled = || Duration::from_secs(2).saturating_mul(2u32.saturating_pow(failures)).min(PATIENCE);
    let ours = retry.delay.unwrap_or_else(doubled);
    match asked {
        Some(asked) if asked > PATIENCE => None,
        Some(asked) => Some(ours.max(asked)),
        None => Some(ours),
    }
}

/// Runs `attempt` until it works, or fails for good.
///
/// # Errors
/// The last attempt's.
pub fn run<T>(retry: Retry, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let mut failures = 0;
    loop {
        let error = match attempt() {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let Some(wait) = pause(retry, failures, &error) else { return Err(error) };
        std::thread::sleep(wait);
        failures += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::failed;

    #[test]
    fn the_pause_doubles_and_the_registry_may_ask_for_more() {
        let retry = Retry { times: 3, delay: None };
        let wait = |failures, asked: Option<u64>| {
            let error = failed("busy").because(Transient(asked.map(Duration::from_secs)));
            pause(retry, failures, &error).map(|wait| wait.as_secs())
        };
        assert_eq!(
            [wait(0, None), wait(1, None), wait(2, None), wait(3, None)],
            [Some(2), Some(4), Some(8), None]
        );
        assert_eq!([wait(0, Some(7)), wait(2, Some(1)), wait(0, Some(3600))], [Some(7), Some(8), None]);
        assert_eq!(pause(retry, 0, &failed("for good")), None);
    }

    #[test]
    fn attempts_are_counted() {
        let retry = Retry { times: 2, delay: Some(Duration::ZERO) };
        let mut tried = 0;
        let result = run(retry, || -> Result<()> {
            tried += 1;
            Err(failed("busy").because(Transient(None)))
        });
        assert!(result.is_err());
        assert_eq!(tried, 3);
    }
}
