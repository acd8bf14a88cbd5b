//! Environment variables: `K=V`, `K` (the host's value), `K*` (all of the host's that begin so).

use crate::error::{Result, invalid};
use std::collections::HashMap;

/// The host's variables, by name.
pub type HostEnv = Vec<(String, String)>;

/// An environment that keeps its order and has each key once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Env(Vec<(String, String)>);

impl Env {
    /// Takes `KEY=VALUE` lines; what has no `=` is dropped, as the kernel's users do.
    #[must_use]
    pub fn from_lines<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> Env {
        let mut env = Env::default();
        env.set_lines(lines);
        env
    }

    /// Sets what `KEY=VALUE` lines say.
    pub fn set_lines<S: AsRef<str>>(&mut self, lines: impl IntoIterator<Item = S>) {
        for line in lines {
            if let Some((key, value)) = line.as_ref().split_once('=') {
                self.set(key, value);
            }
        }
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Sets `key`, where it stands already or at the end.
    pub fn set(&mut self, key: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value.to_string(),
            None => self.0.push((key.to_string(), value.to_string())),
        }
    }

    /// Sets `key` unless it is there.
    pub fn set_default(&mut self, key: &str, value: &str) {
        if self.get(key).is_none() {
            self.set(key, value);
        }
    }

    /// Removes `key`.
    pub fn unset(&mut self, key: &str) {
        self.0.retain(|(known, _)| known != key);
    }

    /// Applies one word of `--env` or one line of an env file.
    ///
    /// # Errors
    /// `Invalid` for an empty name.
    pub fn apply(&mut self, word: &str, host: &HostEnv) -> Result<()> {
        if let Some((key, value)) = word.split_once('=') {
            if key.is_empty() {
                return Err(invalid(format!(
                    "--env {word:?} has no name: it is KEY=VALUE, or KEY for the host's value"
                )));
            }
            self.set(key, value);
        } else if let Some(prefix) = word.strip_suffix('*') {
            for (key, value) in host.iter().filter(|(key, _)| key.starts_with(prefix)) {
                self.set(key, value);
            }
        } else if word.is_empty() {
            return Err(invalid("--env needs a name: KEY=VALUE, or KEY for the host's value"));
        } else if let Some((_, value)) = host.iter().find(|(key, _)| key == word) {
            self.set(word, value);
        }
        Ok(())
    }

    /// `$KEY` and `${KEY}` in `text` replaced by this environment's values.
    #[must_use]
    pub fn expand(&self, text: &str) -> String {
        let known: HashMap<&str, &str> = self.0.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let (mut out, mut rest) = (String::new(), text);
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let (name, tail) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some(braced) => braced,
                None => {
                    let end =
                        after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                    after.split_at(end)
                }
            };
            match name {
                "" => out.push('$'),
                name => out.push_str(known.get(name).unwrap_or(&"")),
            }
            rest = tail;
        }
        out.push_str(rest);
        out
    }

    /// The lines for the process.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }
}

/// The words of an env file (or a label file): one a line, `#` begins a comment line. A byte order
/// mark, as editors of other systems write it, is no part of the first.
#[must_use]
pub fn file_words(text: &str) -> Vec<String> {
    text.strip_prefix('\u{feff}')
        .unwrap_or(text)
        .lines()
        .map(|line| line.trim_start().trim_end_matches('\r'))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_words_win_and_the_order_stays() {
        let host = vec![
            ("USER".to_string(), "alice".to_string()),
            ("LC_ALL".into(), "C".into()),
            ("LC_X".into(), "y".into()),
        ];
        let mut env = Env::from_lines(["PATH=/bin", "A=1"]);
        for word in ["A=2", "USER", "MISSING", "LC_*", "B=x=y"] {
            env.apply(word, &host).unwrap();
        }
        assert_eq!(env.lines(), ["PATH=/bin", "A=2", "USER=alice", "LC_ALL=C", "LC_X=y", "B=x=y"]);
        assert!(env.apply("=x", &host).is_err());
        assert!(env.apply("", &host).is_err());
    }

    #[test]
    fn values_are_expanded() {
        let env = Env::from_lines(["A=1", "PATH=/bin"]);
        assert_eq!(env.expand("/x:${PATH}:$A-$NO$"), "/x:/bin:1-$");
    }

    #[test]
    fn an_env_file_has_comments_and_empty_lines() {
        assert_eq!(file_words("# c\n\nA=1 \r\n  B=#2\n"), ["A=1 ", "B=#2"]);
        assert_eq!(file_words("\u{feff}A=1\r\n  # c\r\nC=\"q\"\r\nD\nE=\n"), ["A=1", "C=\"q\"", "D", "E="]);
    }
}
