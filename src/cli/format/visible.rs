//! Text that others wrote, for a terminal: an image's command, a file's name, a registry's answer.
//!
//! A terminal obeys what it is shown: it can be made to overwrite lines, to rename windows, and some
//! to type. So what controls it is written out as Rust would, `\u{1b}`, instead.

use serde_json::Value;
use std::borrow::Cow;
use std::io::IsTerminal;

/// Whether a terminal, or whoever reads it, would see something else than this character.
pub(crate) fn controls(c: char) -> bool {
    // The last ones turn around the direction of what follows (Unicode, UAX 9).
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn written_out(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let changes = |c: char| controls(c) && !stays(c);
    if !text.contains(changes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if changes(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// One line, or the cell of a table: line breaks and tabs are written out too.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    written_out(text, |_| false)
}

/// Text of several lines, or columns.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    written_out(text, |c| matches!(c, '\n' | '\t'))
}

/// The texts in a value, each as a [`line`].
pub(crate) fn values(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(line(&text).into_owned()),
        Value::Array(all) => Value::Array(all.into_iter().map(values).collect()),
        Value::Object(all) => {
            all.into_iter().map(|(key, value)| (line(&key).into_owned(), values(value))).collect()
        }
        other => other,
    }
}

/// Text of several lines for standard output, see [`is_shown`].
pub(crate) fn out(lines: String) -> String {
    if is_shown() { text(&lines).into_owned() } else { lines }
}

/// Whether standard output is a terminal: programs that read it get everything as it is.
pub(crate) fn is_shown() -> bool {
    std::io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out_and_the_rest_stays() {
        assert_eq!(line("sh -c 'echo é 漢'"), "sh -c 'echo é 漢'");
        assert_eq!(line("a\x1b]0;x\x07\tb\nc\r\u{9b}1A\u{7f}"), r"a\u{1b}]0;x\u{7}\tb\nc\r\u{9b}1A\u{7f}");
        assert_eq!(line("a\u{202e}b"), r"a\u{202e}b");
        assert_eq!(text("a\tb\n\x1b[2J"), "a\tb\n\\u{1b}[2J");
    }
}
