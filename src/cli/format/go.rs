//! Our documents as Go's templates see them.
//!
//! Go tells a struct from a map, and a list that is nil from one that is empty; JSON and the values of
//! the template crate do not. So a struct is a map here that also holds the order of its fields below
//! a key that no template can name, and each kind of nil is one value known by its address: it ends
//! loops and conditions as the empty value that it looks like, and prints as what it is.

use gotmpl::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// Where a struct keeps the order of its fields.
const ORDER: &str = "\0order";

static NIL_LIST: LazyLock<Arc<[Value]>> = LazyLock::new(|| Arc::from(Vec::new()));
static NIL_MAP: LazyLock<Arc<BTreeMap<Arc<str>, Value>>> = LazyLock::new(Default::default);
static NIL_POINTER: LazyLock<Arc<BTreeMap<Arc<str>, Value>>> = LazyLock::new(Default::default);

/// The fields that are maps in Go: whoever wrote the image or the command line chose their keys.
const MAPS: [&str; 22] = [
    "Annotations",
    "CgroupConf",
    "Containers",
    "Data",
    "DriverOpts",
    "ExposedPorts",
    "GraphOptions",
    "GraphStatus",
    "IPAMOptions",
    "Labels",
    "LogOpts",
    "Networks",
    "Options",
    "PortBindings",
    "Ports",
    "Registries",
    "Status",
    "StorageOpt",
    "Sysctls",
    "Tmpfs",
    "UnsetEnv",
    "Volumes",
];

/// The fields that are lists in Go, of those that can be nil.
const LISTS: [&str; 28] = [
    "Aliases",
    "Binds",
    "BlkioDeviceReadBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceWriteIOps",
    "BlkioWeightDevice",
    "CapAdd",
    "CapDrop",
    "Cmd",
    "DeviceCgroupRules",
    "DeviceRequests",
    "Devices",
    "Entrypoint",
    "Env",
    "ExecIDs",
    "Links",
    "Log",
    "OnBuild",
    "RepoDigests",
    "RepoTags",
    "SecondaryIPAddresses",
    "SecondaryIPv6Addresses",
    "Secrets",
    "SecurityOpt",
    "Shell",
    "Test",
    "VolumesFrom",
];

/// A document of ours as the template sees it.
pub(crate) fn value(document: &Json) -> Value {
    of_field("", "", document)
}

/// A struct with these fields, in their order.
pub(crate) fn structure(fields: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
    let mut order = Vec::new();
    let mut all = BTreeMap::new();
    for (name, value) in fields {
        order.push(Value::String(name.clone()));
        all.insert(name, value);
    }
    all.insert(ORDER.into(), Value::List(order.into()));
    Value::Map(Arc::new(all))
}

/// The struct with a field more, which is there for templates that name it and not listed: another
/// spelling, or what one of the peers has and the other has not.
pub(crate) fn with(structure: Value, name: &str, value: Value) -> Value {
    match structure {
        Value::Map(mut map) => {
            if !map.contains_key(name) {
                Arc::make_mut(&mut map).insert(name.into(), value);
            }
            Value::Map(map)
        }
        other => other,
    }
}

/// The struct with what `change` makes of one of its fields, if that is a struct.
pub(crate) fn within(structure: Value, name: &str, change: impl FnOnce(Value) -> Value) -> Value {
    match structure {
        Value::Map(mut map) => {
            if let Some(field) = Arc::make_mut(&mut map).get_mut(name)
                && fields(field).is_some()
            {
                *field = change(std::mem::replace(field, Value::Nil));
            }
            Value::Map(map)
        }
        other => other,
    }
}

/// The value of a field, which stands in the field `holder`.
pub(crate) fn of_field(holder: &str, name: &str, value: &Json) -> Value {
    let is_map = MAPS.contains(&name) || (holder, name) == ("LogConfig", "Config");
    // What a map holds has keys for names: all are of one kind.
    let of_map = MAPS.contains(&holder);
    match value {
        Json::Null if is_map && !of_map => Value::Map(NIL_MAP.clone()),
        Json::Null if LISTS.contains(&name) || matches!(holder, "Ports" | "PortBindings") => {
            Value::List(NIL_LIST.clone())
        }
        Json::Null => Value::Map(NIL_POINTER.clone()),
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int(number),
            (_, Some(number)) => Value::Uint(number),
            _ => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(list) => Value::List(list.iter().map(|value| of_field(name, "", value)).collect()),
        Json::Object(fields) => {
            let name = if of_map { "" } else { name };
            let fields =
                fields.iter().map(|(key, value)| (Arc::from(key.as_str()), of_field(name, key, value)));
            if is_map && !of_map { Value::Map(Arc::new(fields.collect())) } else { structure(fields) }
        }
    }
}

/// The names of a struct's fields; `None` for anything else.
pub(crate) fn fields(value: &Value) -> Option<Vec<&str>> {
    match value.field(ORDER)? {
        Value::List(order) => Some(order.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

/// The list that is nil.
pub(crate) fn nil_list() -> Value {
    Value::List(NIL_LIST.clone())
}

/// Whether it is a pointer to nothing.
pub(crate) fn is_nil_pointer(value: &Value) -> bool {
    matches!(value, Value::Map(map) if Arc::ptr_eq(map, &NIL_POINTER))
}

/// Whether the template crate would print it otherwise than Go.
pub(crate) fn needs_text(value: &Value) -> bool {
    match value {
        Value::Nil | Value::Map(_) => true,
        Value::List(list) => list.iter().any(needs_text),
        _ => false,
    }
}

/// The text of a value inside another, as Go's `%v`.
pub(crate) fn text(value: &Value) -> String {
    let spaced = |parts: Vec<String>| parts.join(" ");
    match value {
        _ if is_nil_pointer(value) => "<nil>".to_string(),
        Value::List(list) => format!("[{}]", spaced(list.iter().map(text).collect())),
        Value::Map(map) => match fields(value) {
            Some(fields) => {
                let field = |name: &&str| map.get(*name).map(text).unwrap_or_default();
                format!("{{{}}}", spaced(fields.iter().map(field).collect()))
            }
            None => {
                let parts = map.iter().map(|(key, value)| format!("{key}:{}", text(value)));
                format!("map[{}]", spaced(parts.collect()))
            }
        },
        other => other.to_string(),
    }
}

/// The value as JSON, a struct's fields in their order.
pub(crate) fn json(value: &Value) -> Json {
    match value {
        Value::Bool(truth) => Json::from(*truth),
        Value::Int(number) => Json::from(*number),
        Value::Uint(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::String(text) => Json::from(text.as_ref()),
        Value::List(list) if Arc::ptr_eq(list, &NIL_LIST) => Json::Null,
        Value::List(list) => Json::Array(list.iter().map(json).collect()),
        Value::Map(map) if Arc::ptr_eq(map, &NIL_MAP) || is_nil_pointer(value) => Json::Null,
        Value::Map(map) => match fields(value) {
            Some(fields) => {
                let field = |name: &str| (name.to_string(), map.get(name).map_or(Json::Null, json));
                Json::Object(fields.into_iter().map(field).collect())
            }
            None => Json::Object(map.iter().map(|(key, value)| (key.to_string(), json(value))).collect()),
        },
        Value::Nil | Value::Function(_) => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_kind_of_nil_is_json_s_null_and_go_s_text() {
        let document = json!({
            "Config": {"Cmd": null, "ExposedPorts": null, "Healthcheck": null, "Labels": {"b": "1", "a": ""}},
            "Ports": {"80/tcp": null, "Ports": [{"HostIp": "", "HostPort": "1"}]}, "Size": 18_446_744_073_709_551_615_u64,
        });
        let made = value(&document);
        assert_eq!(
            text(&made),
            "{{[] map[] <nil> map[a: b:1]} map[80/tcp:[] Ports:[{ 1}]] 18446744073709551615}"
        );
        assert_eq!(
            json(&made).to_string(),
            document.to_string().replace(r#""b":"1","a":"""#, r#""a":"","b":"1""#)
        );
    }
}
