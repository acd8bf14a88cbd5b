//! `box info`.

use super::format::go;
use super::format::template::{self, Format};
use super::{Context, output};
use crate::error::Result;
use crate::ops::info;
use serde_json::{Value, json};

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
        match template::asked(self.format.as_deref()) {
            Some("json") => output::json(&info),
            Some(format) => {
                let format = Format::parse(format)?;
                match format.is_whole_json() {
                    true => output::line(info),
                    false => output::line(format.render(&for_templates(&info))?),
                }
            }
            None => output::text(yaml(&info)),
        }
        Ok(0)
    }
}

/// What templates see: podman's names, and docker's beside them.
fn for_templates(info: &Value) -> gotmpl::Value {
    let (host, store) = (&info["host"], &info["store"]);
    let containers = &store["containerStore"];
    let distribution = &host["distribution"];
    let system =
        [&distribution["distribution"], &distribution["version"]].map(|word| word.as_str().unwrap_or(""));
    let security = ["name=seccomp,profile=default", "name=rootless"];
    let of_docker = json!({
        "Architecture": std::env::consts::ARCH,
        "CgroupDriver": host["cgroupManager"],
        "CgroupVersion": host["cgroupVersion"].as_str().unwrap_or_default().trim_start_matches('v'),
        "Containers": containers["number"],
        "ContainersPaused": containers["paused"],
        "ContainersRunning": containers["running"],
        "ContainersStopped": containers["stopped"],
        "DefaultRuntime": host["ociRuntime"]["name"],
        "DockerRootDir": store["graphRoot"],
        "Driver": store["graphDriverName"],
        "ID": "",
        "Images": store["imageStore"]["number"],
        "KernelVersion": host["kernel"],
        "LoggingDriver": host["logDriver"],
        "MemTotal": host["memTotal"],
        "NCPU": host["cpus"],
        "Name": host["hostname"],
        "OSType": host["os"],
        "OperatingSystem": system.join(" ").trim(),
        "SecurityOptions": &security[..if host["security"]["rootless"] == json!(true) { 2 } else { 1 }],
        "ServerVersion": info["version"]["Version"],
        "Swarm": { "LocalNodeState": "inactive" },
    });
    let made = go::within(go::value(&go_names(info)), "Host", |host| {
        let version = host.field("CgroupsVersion").cloned().unwrap_or(gotmpl::Value::Nil);
        go::with(host, "CgroupVersion", version)
    });
    let fields = of_docker.as_object().expect("it was made as one");
    fields.iter().fold(made, |made, (name, value)| go::with(made, name, go::of_field("", name, value)))
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
        || begins_like_a_number(text)
}

/// `6.1.0-18-amd64`, `0.1.0` or `3h 2m`, which YAML takes for neither a number nor a date.
fn begins_like_a_number(text: &str) -> bool {
    let is_number = text.parse::<f64>().is_ok() || text.contains('_');
    let is_date = text.split('-').count() == 3 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
    text.starts_with(|c: char| c.is_ascii_digit())
        && !is_number
        && !is_date
        && !["0x", "0o", "0b"].iter().any(|prefix| text.starts_with(prefix))
        && !text.contains([':', '#'])
        && !text.ends_with(' ')
        && !text.contains(|c: char| c.is_control())
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
        let value = for_templates(&value);
        let shown = |text: &str| Format::parse(text).unwrap().render(&value).unwrap();
        assert_eq!(
            shown("{{.Host.CPUs}} {{.Host.OCIRuntime.Name}} {{.Host.Security.Rootless}}"),
            "2 box true"
        );
        assert_eq!(
            shown("{{.NCPU}} {{.SecurityOptions}} {{.Swarm.LocalNodeState}}"),
            "2 [name=seccomp,profile=default name=rootless] inactive"
        );
        assert_eq!(shown("{{index .Store.GraphStatus \"Backing Filesystem\"}}"), "extfs");
        assert!(Format::parse("{{.Host.Nothing}}").unwrap().render(&value).is_err());
    }

    #[test]
    fn info_is_printed_as_yaml() {
        let value = serde_json::json!({
            "a": { "list": ["x", "12"], "none": null, "maps": [{ "k": 1, "l": 2 }] },
            "empty": {}, "text": "true", "v": "0.1.0", "n": "1e3", "d": "2026-01-02", "up": "0h 46m 0.00s", "c": "a: b",
        });
        assert_eq!(
            yaml(&value),
            "a:\n  list:\n  - x\n  - \"12\"\n  none: null\n  maps:\n  - k: 1\n    l: 2\nempty: {}\ntext: \"true\"\nv: 0.1.0\nn: \"1e3\"\nd: \"2026-01-02\"\nup: 0h 46m 0.00s\nc: \"a: b\"\n"
        );
    }
}
