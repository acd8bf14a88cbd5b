//! JSON as podman prints it.

use super::visible;
use serde::Serialize;

/// The value indented by four spaces.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    value.serialize(&mut serializer).expect("our own types have string keys and no failing parts");
    shown(String::from_utf8(text).expect("serde_json writes UTF-8"))
}

/// Each value on a line of its own, as docker prints lists.
pub(crate) fn lines(values: impl Iterator<Item = serde_json::Value>) -> String {
    shown(values.map(|value| format!("{value}\n")).collect())
}

/// What of the text a terminal would obey and JSON need not escape is escaped for a terminal.
fn shown(text: String) -> String {
    if visible::is_shown() { escaped(&text) } else { text }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match visible::controls(c) && c != '\n' {
            true => out += &format!("\\u{:04x}", u32::from(c)),
            false => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_terminal_obeys_is_escaped_and_means_the_same() {
        let value = serde_json::json!({"a": "x\u{9b}2J\u{7f}\u{202e}\u{1b}é", "b": 1});
        let text = super::escaped(&super::pretty(&value));
        assert!(text.contains(r"x\u009b2J\u007f\u202e\u001bé") && text.contains("\n    \"b\""), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
