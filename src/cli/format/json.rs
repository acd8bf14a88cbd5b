//! JSON as podman prints it.

use serde::Serialize;

/// The value indented by four spaces.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    value.serialize(&mut serializer).expect("our own types have string keys and no failing parts");
    String::from_utf8(text).expect("serde_json writes UTF-8")
}
