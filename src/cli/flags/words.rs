//! Small words of flags, as types.

use crate::container::config::{Device, LogDriver};
use crate::container::request::{ImageVolumes, NamespaceRequest, PullPolicy};
use crate::container::volume::{clean_destination, not_yet};
use crate::error::{Result, invalid};
use std::net::IpAddr;

/// `true`, `false` and what else Go's strconv.ParseBool takes.
pub(crate) fn boolean(text: &str) -> Result<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(invalid("it is true or false")),
    }
}

/// `KEY=VALUE`.
pub(crate) fn pair(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_string(), value.to_string())),
        _ => Err(invalid("it is KEY=VALUE")),
    }
}

/// `KEY=VALUE` as one word.
pub(crate) fn merge(text: &str) -> Result<String> {
    pair(text).map(|_| text.to_string())
}

/// `KEY=VALUE`, or `KEY` for an empty value.
pub(crate) fn label(text: &str) -> Result<(String, String)> {
    match text.split_once('=').unwrap_or((text, "")) {
        ("", _) => Err(invalid("it is KEY=VALUE or KEY, as in tier=web")),
        (key, value) => Ok((key.to_string(), value.to_string())),
    }
}

/// `NAME[;NAME…]:ADDRESS`; `host-gateway` is an address too.
pub(crate) fn add_host(text: &str) -> Result<Vec<(String, String)>> {
    let wrong = || invalid("it is NAME:ADDRESS, as in db:10.0.0.7 or db:host-gateway");
    let (names, address) = text.split_once(['=', ':']).ok_or_else(wrong)?;
    let address = address.trim_start_matches('[').trim_end_matches(']');
    if names.is_empty() || (address != "host-gateway" && address.parse::<IpAddr>().is_err()) {
        return Err(wrong());
    }
    Ok(names.split(';').map(|name| (name.to_string(), address.to_string())).collect())
}

/// The address of a name server, or `none`.
pub(crate) fn dns(text: &str) -> Result<String> {
    if text == "none" || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_string());
    }
    Err(invalid("it is an address, as in 1.1.1.1, or none"))
}

/// `HOST[:CONTAINER][:PERMISSIONS]`.
pub(crate) fn device(text: &str) -> Result<Device> {
    let wrong = || invalid("it is HOST-PATH[:PATH][:rwm], as in /dev/fuse or /dev/sda:/dev/xvda:r");
    if !text.starts_with('/') {
        return match text.contains('=') {
            true => Err(not_yet("--device of a CDI name")),
            false => Err(wrong()),
        };
    }
    let is_mode = |word: &str| !word.is_empty() && word.bytes().all(|b| matches!(b, b'r' | b'w' | b'm'));
    let parts: Vec<&str> = text.split(':').collect();
    let (host, container, permissions) = match parts[..] {
        [host] => (host, host, "rwm"),
        [host, mode] if is_mode(mode) => (host, host, mode),
        [host, container] => (host, container, "rwm"),
        [host, container, mode] if is_mode(mode) => (host, container, mode),
        _ => return Err(wrong()),
    };
    Ok(Device {
        host: host.into(),
        container: clean_destination(container)?,
        permissions: permissions.into(),
    })
}

/// A command line as one word or as a JSON list; an empty word is none.
pub(crate) fn entrypoint(text: &str) -> Vec<String> {
    if let Ok(words) = serde_json::from_str::<Vec<String>>(text) {
        return words;
    }
    if text.is_empty() { Vec::new() } else { vec![text.to_string()] }
}

/// An octal number.
pub(crate) fn octal(text: &str) -> Result<u32> {
    match u32::from_str_radix(text, 8) {
        Ok(mask) if mask <= 0o777 => Ok(mask),
        _ => Err(invalid("it is an octal number, as in 0022")),
    }
}

/// `private`, `host` or `container:NAME`.
pub(crate) fn namespace(text: &str) -> Result<NamespaceRequest> {
    match text.split_once(':').unwrap_or((text, "")) {
        ("" | "private" | "shareable", "") => Ok(NamespaceRequest::Private),
        ("host", "") => Ok(NamespaceRequest::Host),
        ("container", name) if !name.is_empty() => Ok(NamespaceRequest::Container(name.to_string())),
        ("ns" | "none" | "pod", _) => Err(not_yet(format!("namespace {text}"))),
        _ => Err(invalid("it is private, host or container:NAME")),
    }
}

/// `--pull`.
pub(crate) fn pull(text: &str) -> Result<PullPolicy> {
    match text {
        "missing" | "" | "true" => Ok(PullPolicy::Missing),
        "always" => Ok(PullPolicy::Always),
        "never" | "false" => Ok(PullPolicy::Never),
        "newer" | "ifnewer" => Ok(PullPolicy::Newer),
        _ => Err(invalid("it is always, missing, never or newer")),
    }
}

/// `--image-volume`.
pub(crate) fn image_volume(text: &str) -> Result<ImageVolumes> {
    match text {
        "anonymous" | "bind" | "" => Ok(ImageVolumes::Anonymous),
        "tmpfs" => Ok(ImageVolumes::Tmpfs),
        "ignore" => Ok(ImageVolumes::Ignore),
        _ => Err(invalid("it is bind (an anonymous volume), tmpfs or ignore")),
    }
}

/// `--log-driver`.
pub(crate) fn log_driver(text: &str) -> Result<LogDriver> {
    match text {
        "k8s-file" | "json-file" | "" => Ok(LogDriver::K8sFile),
        "none" => Ok(LogDriver::None),
        "journald" | "passthrough" | "passthrough-tty" | "syslog" | "local" => {
            Err(not_yet(format!("--log-driver {text}")))
        }
        _ => Err(invalid("it is k8s-file or none")),
    }
}

/// `--restart`: nothing restarts a container yet.
pub(crate) fn restart(text: &str) -> Result<()> {
    match text.split_once(':').unwrap_or((text, "")) {
        ("" | "no" | "never", "") => Ok(()),
        ("always" | "unless-stopped" | "on-failure", _) => Err(not_yet(format!("--restart {text}"))),
        _ => Err(invalid("it is no, on-failure[:TIMES], always or unless-stopped")),
    }
}

/// `--group-add`.
pub(crate) fn group(text: &str) -> Result<String> {
    match text {
        "" => Err(invalid("it is a group's name or number")),
        _ => Ok(text.to_string()),
    }
}

/// `--attach`.
pub(crate) fn stream(text: &str) -> Result<String> {
    match text.to_ascii_lowercase().as_str() {
        stream @ ("stdin" | "stdout" | "stderr") => Ok(stream.to_string()),
        _ => Err(invalid("it is stdin, stdout or stderr")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_up_to_three_parts() {
        let parts =
            |text: &str| device(text).map(|d| (d.host.display().to_string(), d.container, d.permissions));
        let three = |a: &str, b: &str, c: &str| (a.to_string(), b.to_string(), c.to_string());
        assert_eq!(parts("/dev/a").unwrap(), three("/dev/a", "/dev/a", "rwm"));
        assert_eq!(parts("/dev/a:r").unwrap(), three("/dev/a", "/dev/a", "r"));
        assert_eq!(parts("/dev/a:/dev/b").unwrap(), three("/dev/a", "/dev/b", "rwm"));
        assert_eq!(parts("/dev/a:/dev/b:rw").unwrap(), three("/dev/a", "/dev/b", "rw"));
        for wrong in ["", "a", "/dev/a:b", "/dev/a:/dev/b:x", "nvidia.com/gpu=0"] {
            assert!(device(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts_have_names_and_an_address() {
        assert_eq!(add_host("a;b:1.2.3.4").unwrap().len(), 2);
        assert_eq!(add_host("six:::1").unwrap(), [("six".to_string(), "::1".to_string())]);
        assert_eq!(add_host("gw:host-gateway").unwrap()[0].1, "host-gateway");
        for wrong in ["a", "a:", ":1.2.3.4", "a:b"] {
            assert!(add_host(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_entrypoint_is_a_word_or_a_list() {
        assert_eq!(entrypoint("/bin/sh -c"), ["/bin/sh -c"]);
        assert_eq!(entrypoint(r#"["/bin/sh","-c"]"#), ["/bin/sh", "-c"]);
        assert!(entrypoint("").is_empty());
    }
}
