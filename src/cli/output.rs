//! The only place that prints: results to stdout, everything else to stderr.
//!
//! A reader that went away (`box ps | head -1`) is no error and stops no work: what was still to
//! be said is dropped. Any other failure to write is reported at the end, as coreutils do.

use super::format::visible;
use crate::error::Error;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::Mutex;

/// The first failure to write to stdout; nothing is written after it.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes a result to stdout as it is.
pub(crate) fn bytes(bytes: &[u8]) {
    let mut failure = FAILURE.lock().expect("nothing panics while it holds this lock");
    if failure.is_some() {
        return;
    }
    let mut stdout = io::stdout().lock();
    if let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        *failure = Some(error);
    }
}

/// Writes a result to stdout as it is.
pub(crate) fn text(text: impl AsRef<str>) {
    bytes(text.as_ref().as_bytes());
}

/// Writes one line of a result to stdout.
pub(crate) fn line(line: impl Display) {
    text(format!("{line}\n"));
}

/// Writes a value to stdout as podman prints JSON: indented by four, and a newline.
pub(crate) fn json(value: &impl Serialize) {
    text(super::format::json::pretty(value) + "\n");
}

/// Whether nobody reads our stdout any more: what never ends by itself then ends.
pub(crate) fn is_gone() -> bool {
    FAILURE.lock().expect("nothing panics while it holds this lock").is_some()
}

/// Tells the user something that is not a result: a line on stderr. What others wrote of it, such as
/// an image or a registry, cannot control the terminal.
pub(crate) fn note(line: impl Display) {
    // Nobody left to tell is no reason to stop.
    let _ = writeln!(io::stderr().lock(), "{}", visible::text(&line.to_string()));
}

/// Asks the user something: on stderr, the answer comes on the same line.
pub(crate) fn ask(question: impl Display) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{question}").and_then(|()| stderr.flush());
}

/// Warns the user: a line on stderr.
pub(crate) fn warning(text: impl Display) {
    note(format_args!("Warning: {text}"));
}

/// Prints an error with its causes, and its hint on a line of its own.
pub(crate) fn report(error: &Error) {
    note(format_args!("Error: {}", error.chain()));
    if let Some(hint) = error.find_hint() {
        note(format_args!("Hint: {hint}"));
    }
}

/// The exit code of the process that wanted to end with `code`.
pub(super) fn finish(code: u8) -> u8 {
    match FAILURE.lock().expect("nothing panics while it holds this lock").take() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            report(&crate::error::standard_stream("output", error));
            if code == 0 { 125 } else { code }
        }
        _ => code,
    }
}
