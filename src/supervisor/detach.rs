//! The keys that leave a container's terminal without ending it.

use crate::error::{Error, Result, invalid};
use std::str::FromStr;

/// A sequence of keys, `ctrl-p,ctrl-q` unless the user says otherwise; empty is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachKeys(Vec<u8>);

impl Default for DetachKeys {
    fn default() -> DetachKeys {
        DetachKeys(vec![0x10, 0x11])
    }
}

impl DetachKeys {
    /// No keys: everything typed goes to the container.
    #[must_use]
    pub fn none() -> DetachKeys {
        DetachKeys(Vec::new())
    }
}

impl FromStr for DetachKeys {
    type Err = Error;

    /// Keys with commas between them: a character, or `ctrl-` and a letter or one of `@[\]^_`.
    fn from_str(text: &str) -> Result<DetachKeys> {
        if text.is_empty() {
            return Ok(DetachKeys::none());
        }
        let keys: Result<Vec<u8>> = text.split(',').map(key).collect();
        Ok(DetachKeys(keys?))
    }
}

fn key(text: &str) -> Result<u8> {
    let bad = || {
        invalid(format!("{text:?} is not a detach key"))
            .hint("write keys with commas between: a character, or ctrl- and a letter or one of @ [ \\ ] ^ _")
    };
    if let Some(letter) = text.strip_prefix("ctrl-").or_else(|| text.strip_prefix("CTRL-")) {
        let [byte] = *letter.as_bytes() else { return Err(bad()) };
        return match byte.to_ascii_uppercase() {
            upper @ b'@'..=b'_' => Ok(upper & 0x1f),
            _ => Err(bad()),
        };
    }
    if text == "DEL" {
        return Ok(0x7f);
    }
    match *text.as_bytes() {
        [byte] => Ok(byte),
        _ => Err(bad()),
    }
}

/// Watches what is typed for the detach keys.
#[derive(Debug)]
pub struct Watcher {
    keys: Vec<u8>,
    /// How many of the keys were typed already and are held back.
    held: usize,
}

impl Watcher {
    /// Watches for `keys`.
    #[must_use]
    pub fn new(keys: &DetachKeys) -> Watcher {
        Watcher { keys: keys.0.clone(), held: 0 }
    }

    /// Looks at what was typed; returns what goes on to the container, and whether the keys are
    /// complete. A sequence that breaks off goes on with what broke it.
    pub fn pass(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(typed.len() + self.held);
        if self.keys.is_empty() {
            out.extend_from_slice(typed);
            return (out, false);
        }
        for &byte in typed {
            let mut pending = self.keys[..self.held].to_vec();
            pending.push(byte);
            // The longest end of what is pending that the keys begin with stays held.
            let start = (0..=pending.len()).find(|at| self.keys.starts_with(&pending[*at..]));
            let start = start.expect("the keys begin with nothing");
            out.extend_from_slice(&pending[..start]);
            self.held = pending.len() - start;
            if self.held == self.keys.len() {
                self.held = 0;
                return (out, true);
            }
        }
        (out, false)
    }

    /// What is held back, when nothing more will be typed.
    pub fn rest(&mut self) -> Vec<u8> {
        self.keys[..std::mem::take(&mut self.held)].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_users_know_them() {
        let keys = |text: &str| text.parse::<DetachKeys>().unwrap().0;
        assert_eq!(keys("ctrl-p,ctrl-q"), DetachKeys::default().0);
        assert_eq!(keys("ctrl-a,x"), [1, b'x']);
        assert_eq!(keys("ctrl-@"), [0]);
        assert_eq!(keys("ctrl-["), [27]);
        assert_eq!(keys("a"), *b"a");
        assert_eq!(keys(""), *b"");
        for text in ["ctrl-", "ctrl-1", "ab", ",", "a,", "ctrl-ab"] {
            assert!(text.parse::<DetachKeys>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_prefix_is_held_and_then_passed_on() {
        let mut watcher = Watcher::new(&DetachKeys::default());
        assert_eq!(watcher.pass(b"ab\x10"), (b"ab".to_vec(), false));
        assert_eq!(watcher.pass(b"c"), (b"\x10c".to_vec(), false));
        assert_eq!(watcher.pass(b"\x10\x10"), (b"\x10".to_vec(), false));
        assert_eq!(watcher.pass(b"\x11"), (vec![], true));
        assert_eq!(watcher.pass(b"x\x10"), (b"x".to_vec(), false));
        assert_eq!(watcher.rest(), b"\x10");
    }

    #[test]
    fn without_keys_everything_goes_on() {
        let mut watcher = Watcher::new(&DetachKeys::none());
        assert_eq!(watcher.pass(b"\x10\x11"), (b"\x10\x11".to_vec(), false));
    }
}
