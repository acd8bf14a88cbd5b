//! `box info`.

use super::format::go;
use super::format::template::Format;
use super::{Context, output};
use crate::error::Result;
use crate::ops::info;
use serde_json::Value;

/// Show this host, the store and the version
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box info\n  box info --format json\n  box info --format '{{.Store.GraphRoot}}'"
)]
pub(crate) struct Info {
    /// `json`, or a Go template
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Info {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let info = info::info(ctx.settings()?, ctx.store()?)?;
        match self.format.as_deref() {
            Some("json") => output::json(&info),
            Some(format) => {
                let format = Format::parse(format)?;
                match format.is_whole_json() {
                    true => output::line(info),
                    false => output::line(format.render(&go::value(&go_names(&info)))?),
                }
            }
            None => output::text(yaml(&info)),
        }
        Ok(0)
    }
}

/// The value with its keys as podman's Go structs name them, which is what templates say.
fn go_names(value: &Value) -> Value {
    let Value::Object(map) = value else {
        return match value {
            Value::Array(list) => Value::Array(list.iter().map(go_names).collect()),
            other => other.clone(),
        };
    };
    let renamed = map.iter().map(|(key, value)| {
        // Maps in Go as well: their keys are data.
        let value = match key.as_str() {
            "registries" | "graphStatus" | "graphOptions" => value.clone(),
            _ => go_names(value),
        };
        (go_name(key), value)
    });
    Value::Object(renamed.collect())
}

/// Source: libpod/define/info.go of podman 4.3: the fields whose names are more than capitalised.
fn go_name(key: &str) -> String {
    let name = match key {
        "cgroupVersion" => "CgroupsVersion",
        "cpuUtilization" => "CPUUtilization",
        "cpus" => "CPUs",
        "idMappings" => "IDMappings",
        "idMode" => "IDMode",
        "gidmap" => "GIDMap",
        "uidmap" => "UIDMap",
        "ociRuntime" => "OCIRuntime",
        "os" => "OS",
        "slirp4netns" => "Slirp4NetNS",
        "apparmorEnabled" => "AppArmorEnabled",
        "capabilities" => "DefaultCapabilities",
        "seccompEnabled" => "SECCOMPEnabled",
        "seccompProfilePath" => "SECCOMPProfilePath",
        "selinuxEnabled" => "SELinuxEnabled",
        "container_id" => "ContainerID",
        "host_id" => "HostID",
        other => {
            let mut letters = other.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            return first.into_iter().chain(letters).collect();
        }
    };
    name.to_string()
}

/// The value as podman prints it: YAML.
fn yaml(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::Object(inner) if !inner.is_empty() => {
                        *text += &format!("{indent}{key}:\n");
                        block(value, depth + 1, text);
                    }
                    // A list stands at its key's own depth.
                    Value::Array(inner) if !inner.is_empty() => {
                        *text += &format!("{indent}{key}:\n");
                        block(value, depth, text);
                    }
                    _ => *text += &format!("{indent}{key}: {}\n", scalar(value)),
                }
            }
        }
        Value::Array(list) => {
            for value in list {
                let mut inner = String::new();
                block(value, depth + 1, &mut inner);
                *text += &format!("{indent}- {}", inner.trim_start());
            }
        }
        other => *text += &format!("{indent}{}\n", scalar(other)),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if plain(text) => text.clone(),
        Value::Object(_) => "{}".to_string(),
        Value::Array(_) => "[]".to_string(),
        other => other.to_string(),
    }
}

/// Whether a string can stand without quotes and is still a string.
fn plain(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '/')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(|c: char| c.is_control())
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str())
        || text.starts_with(|c: char| c.is_ascii_digit()) && text.contains([' ', 'h']) && !text.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_use_podman_s_names() {
        let value = serde_json::json!({
            "host": { "cpus": 2, "ociRuntime": { "name": "box" }, "security": { "rootless": true } },
            "store": { "graphStatus": { "Backing Filesystem": "extfs" } },
        });
        let value = go::value(&go_names(&value));
        let shown = |text: &str| Format::parse(text).unwrap().render(&value).unwrap();
        assert_eq!(
            shown("{{.Host.CPUs}} {{.Host.OCIRuntime.Name}} {{.Host.Security.Rootless}}"),
            "2 box true"
        );
        assert_eq!(shown("{{index .Store.GraphStatus \"Backing Filesystem\"}}"), "extfs");
        assert!(Format::parse("{{.Host.Nothing}}").unwrap().render(&value).is_err());
    }

    #[test]
    fn info_is_printed_as_yaml() {
        let value = serde_json::json!({
            "a": { "list": ["x", "12"], "none": null, "maps": [{ "k": 1, "l": 2 }] },
            "empty": {}, "text": "true", "up": "0h 46m 0.00s", "c": "a: b",
        });
        assert_eq!(
            yaml(&value),
            "a:\n  list:\n  - x\n  - \"12\"\n  none: null\n  maps:\n  - k: 1\n    l: 2\nempty: {}\ntext: \"true\"\nup: 0h 46m 0.00s\nc: \"a: b\"\n"
        );
    }
}
