//! The name by which box was called: links named `podman` and `docker` serve their users' scripts.

use crate::error::{Error, Kind, Result};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

static NAME: OnceLock<&'static str> = OnceLock::new();

/// Notes the name in argv\[0\].
///
/// # Errors
/// `Unsupported` for the names of programs that box is not.
pub(super) fn note(argv0: &OsStr) -> Result<()> {
    let name = Path::new(argv0).file_name().and_then(OsStr::to_str).unwrap_or_default();
    // Set once, by whoever is first: the process has one name.
    let _ = NAME.set(match name {
        "podman" => "podman",
        "docker" => "docker",
        _ => "box",
    });
    match name {
        "docker-compose" | "podman-compose" => Err(Error::new(Kind::Unsupported, format!("not yet: {name}"))
            .hint("the link of this name leads to box, which does not read compose files yet")),
        _ => Ok(()),
    }
}

/// The name for help and messages: `box`, `podman` or `docker`.
pub(super) fn name() -> &'static str {
    NAME.get().copied().unwrap_or("box")
}

/// Help text with the name that was called in its usage and examples.
pub(super) fn in_help(text: &str) -> String {
    renamed(text, name())
}

fn renamed(text: &str, name: &str) -> String {
    if name == "box" {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut examples = false;
    for line in text.split_inclusive('\n') {
        examples |= line.starts_with("Examples:");
        match line.strip_prefix("Usage: box") {
            Some(rest) => out.extend(["Usage: ", name, rest]),
            None if examples => {
                let begin = line.len() - line.trim_start().len();
                let words = line[begin..].replace("| box ", &format!("| {name} "));
                out.push_str(&line[..begin]);
                match words.strip_prefix("box ") {
                    Some(rest) => out.extend([name, " ", rest]),
                    None => out.push_str(&words),
                }
            }
            None => out.push_str(line),
        }
    }
    out
}

/// A command's path, `box run`, with the name that was called.
pub(super) fn path(command: &str) -> String {
    match command.strip_prefix("box") {
        Some(rest) => format!("{}{rest}", name()),
        None => command.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_and_examples_have_the_name_and_prose_has_not() {
        let text = "About box itself\n\nUsage: box run IMAGE\n\nExamples:\n  box run -it img   box is fine\n  echo a | box run -i img\n";
        let podman = "About box itself\n\nUsage: podman run IMAGE\n\nExamples:\n  podman run -it img   box is fine\n  echo a | podman run -i img\n";
        assert_eq!(renamed(text, "podman"), podman);
        assert_eq!(renamed(text, "box"), text);
    }

    #[test]
    fn compose_is_refused_by_name() {
        let error = note(OsStr::new("/usr/local/bin/docker-compose")).unwrap_err();
        assert_eq!(error.to_string(), "not yet: docker-compose");
    }
}
