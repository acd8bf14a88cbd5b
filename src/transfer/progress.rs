//! What the user sees while images move: lines and bars on stderr.

use std::io::Write;

/// Prints one line to stderr. A closed stderr is nobody's problem.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
