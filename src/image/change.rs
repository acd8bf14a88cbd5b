//! `--change`: one Dockerfile instruction applied to an image's configuration.

use super::config::{Execution, Healthcheck};
use crate::error::{Doing, Result, invalid};
use crate::sys::signal::Signal;
use serde_json::{Value, json};

/// Applies one instruction, `CMD ["sh"]` or `ENV A=b`.
///
/// # Errors
/// `Invalid` for instructions that do not change the configuration, and for bad arguments.
pub fn apply(config: &mut Execution, line: &str) -> Result<()> {
    let line = line.trim();
    // podman also takes `CMD=sh`.
    let at = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let (word, rest) = (line[..at].to_ascii_uppercase(), line[at..].trim_start_matches('=').trim());
    if rest.is_empty() {
        return Err(invalid(format!("{line:?} is not an instruction and its argument")));
    }
    match word.as_str() {
        "CMD" => config.cmd = Some(command(rest)),
        "ENTRYPOINT" => config.entrypoint = Some(command(rest)),
        "ENV" => {
            for (key, value) in pairs(line, rest)? {
                config.env.retain(|old| old.split('=').next() != Some(&key));
                config.env.push(format!("{key}={value}"));
            }
        }
        "LABEL" => config.labels.extend(pairs(line, rest)?),
        "EXPOSE" => {
            for port in rest.split_whitespace() {
                let (numbers, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
                let numbers = range(numbers).filter(|_| matches!(protocol, "tcp" | "udp" | "sctp"));
                let numbers = numbers
                    .ok_or_else(|| invalid(format!("{line:?}: {port:?} is not a port, nor a range")))?;
                for number in numbers {
                    config.exposed_ports.insert(format!("{number}/{protocol}"), json!({}));
                }
            }
        }
        "VOLUME" => {
            for path in json_words(rest).unwrap_or_else(|| split(rest)) {
                config.volumes.insert(path, json!({}));
            }
        }
        "USER" => config.user = rest.to_string(),
        "WORKDIR" => {
            config.working_dir = if rest.starts_with('/') {
                rest.to_string()
            } else {
                format!("{}/{rest}", config.working_dir.trim_end_matches('/'))
            };
        }
        "SHELL" => {
            let words = json_words(rest)
                .ok_or_else(|| invalid(format!("{line:?}: SHELL takes a JSON list of words")))?;
            config.other.insert("Shell".to_string(), json!(words));
        }
        "HEALTHCHECK" => config.healthcheck = Some(healthcheck(line, rest)?),
        "STOPSIGNAL" => {
            rest.parse::<Signal>().doing(|| line.to_string())?;
            config.stop_signal = Some(rest.to_string());
        }
        "ONBUILD" => {
            let list = config.other.entry("OnBuild").or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(json!(rest));
            }
        }
        other => {
            return Err(invalid(format!("{other:?} cannot be used in --change")).hint(
                "the instructions are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR",
            ));
        }
    }
    Ok(())
}

/// `80` or `80-82`.
fn range(text: &str) -> Option<std::ops::RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let numbers = first.parse().ok()?..=last.parse().ok()?;
    (!numbers.is_empty()).then_some(numbers)
}

/// `NONE`, or `[--interval=30s] [--retries=3] … CMD command`.
fn healthcheck(line: &str, rest: &str) -> Result<Healthcheck> {
    let bad = |why: &str| invalid(format!("{line:?}: {why}"));
    let mut check = Healthcheck::default();
    let mut rest = rest;
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, more) = flag.split_once(char::is_whitespace).ok_or_else(|| bad("there is no command"))?;
        let (name, value) = flag.split_once('=').ok_or_else(|| bad("flags are --NAME=VALUE"))?;
        let time = || go_duration(value).ok_or_else(|| bad("times are like 30s or 1m30s"));
        match name {
            "interval" => check.interval = time()?,
            "timeout" => check.timeout = time()?,
            "start-period" => check.start_period = time()?,
            "start-interval" => check.start_interval = time()?,
            "retries" => check.retries = value.parse().map_err(|_| bad("--retries is a number"))?,
            _ => {
                return Err(bad(
                    "flags are --interval, --timeout, --start-period, --start-interval, --retries",
                ));
            }
        }
        rest = more.trim_start();
    }
    let (word, command) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    check.test = match (word.to_ascii_uppercase().as_str(), command.trim()) {
        ("NONE", "") => vec!["NONE".to_string()],
        ("CMD", "") => return Err(bad("there is no command")),
        ("CMD", command) => match json_words(command) {
            Some(words) => [vec!["CMD".to_string()], words].concat(),
            None => vec!["CMD-SHELL".to_string(), command.to_string()],
        },
        _ => return Err(bad("it is NONE, or CMD and a command")),
    };
    Ok(check)
}

/// `1h2m3.5s` in nanoseconds. Source: Go's time.ParseDuration.
fn go_duration(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut sum = 0f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        sum += number
            * match &rest[..end] {
                "ns" => 1.0,
                "us" | "µs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3600e9,
                _ => return None,
            };
        rest = &rest[end..];
    }
    (!text.is_empty() && sum < 9e18).then_some(sum as i64)
}

/// Takes over what a JSON document in Docker's words says: `{"Cmd": ["sh"], "User": "nobody"}`; the
/// key `PortSpecs` is what `ExposedPorts` was called at first. What belongs to a host is passed over.
///
/// # Errors
/// `Invalid` for what is no such document.
pub fn merge(config: &mut Execution, text: &str) -> Result<()> {
    let bad = |what: &str| invalid(format!("{what} is not a container's configuration in JSON"));
    let document: Value = serde_json::from_str(text).map_err(|cause| bad(text).because(cause))?;
    let Value::Object(mut given) = document else { return Err(bad(text)) };
    given.retain(|_, value| !value.is_null());
    if let Some(ports) = given.shift_remove("PortSpecs") {
        let ports: Vec<String> =
            serde_json::from_value(ports).map_err(|cause| bad("PortSpecs").because(cause))?;
        for port in ports {
            // `80:8080` published it as well; the image knows the inner one.
            let inner = port.rsplit(':').next().unwrap_or(&port);
            apply(config, &format!("EXPOSE {inner}"))?;
        }
    }
    if let Some(env) = given.shift_remove("Env") {
        let env: Vec<String> = serde_json::from_value(env).map_err(|cause| bad("Env").because(cause))?;
        for line in env {
            let key = line.split('=').next().unwrap_or_default();
            config.env.retain(|old| old.split('=').next() != Some(key));
            config.env.push(line);
        }
    }
    for key in ["ExposedPorts", "Volumes", "Labels"] {
        // Old documents have lists of volumes.
        let words = match given.get(key) {
            Some(Value::Array(words)) => words.clone(),
            _ => continue,
        };
        let map: serde_json::Map<String, Value> =
            words.iter().filter_map(Value::as_str).map(|word| (word.to_string(), json!({}))).collect();
        given.insert(key.to_string(), Value::Object(map));
    }
    let taken: Execution =
        serde_json::from_value(Value::Object(given.clone())).map_err(|cause| bad(text).because(cause))?;
    let has = |key: &str| given.contains_key(key);
    if has("Cmd") {
        config.cmd = taken.cmd;
    }
    if has("Entrypoint") {
        config.entrypoint = taken.entrypoint;
    }
    if has("User") {
        config.user = taken.user;
    }
    if has("WorkingDir") {
        config.working_dir = taken.working_dir;
    }
    if has("StopSignal") {
        config.stop_signal = taken.stop_signal;
    }
    if has("Healthcheck") {
        config.healthcheck = taken.healthcheck;
    }
    config.exposed_ports.extend(taken.exposed_ports);
    config.volumes.extend(taken.volumes);
    config.labels.extend(taken.labels);
    for key in ["OnBuild", "Shell", "ArgsEscaped"] {
        if let Some(value) = given.shift_remove(key) {
            config.other.insert(key.to_string(), value);
        }
    }
    Ok(())
}

/// A JSON list of words, or a line for the shell.
fn command(rest: &str) -> Vec<String> {
    json_words(rest).unwrap_or_else(|| vec!["/bin/sh".to_string(), "-c".to_string(), rest.to_string()])
}

fn json_words(rest: &str) -> Option<Vec<String>> {
    if rest.starts_with('[') { serde_json::from_str(rest).ok() } else { None }
}

fn split(rest: &str) -> Vec<String> {
    rest.split_whitespace().map(str::to_string).collect()
}

/// `KEY=VALUE …` with quotes, or the old `KEY VALUE`.
fn pairs(line: &str, rest: &str) -> Result<Vec<(String, String)>> {
    let bad = || invalid(format!("{line:?} is not KEY=VALUE"));
    let first = rest.split_whitespace().next().unwrap_or_default();
    if !first.contains('=') {
        let (key, value) = rest.split_once(char::is_whitespace).ok_or_else(bad)?;
        return Ok(vec![(key.to_string(), value.trim().to_string())]);
    }
    let words = shell_words::split(rest).map_err(|cause| bad().because(cause))?;
    words
        .iter()
        .map(|word| match word.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok((key.to_string(), value.to_string())),
            _ => Err(bad()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_change_the_configuration() {
        let mut config = Execution { env: vec!["A=old".into()], ..Execution::default() };
        for line in [
            "CMD [\"sh\", \"-l\"]",
            "entrypoint echo hi",
            "ENV A=new B=\"x y\"",
            "ENV C c d",
            "EXPOSE 80 53/udp",
            "EXPOSE 90-91",
            "VOLUME /data",
            "USER=nobody",
            "WORKDIR /srv",
            "WORKDIR sub",
            "LABEL a=b",
            "STOPSIGNAL SIGINT",
            "ONBUILD RUN x",
        ] {
            apply(&mut config, line).unwrap();
        }
        assert_eq!(config.cmd.unwrap(), ["sh", "-l"]);
        assert_eq!(config.entrypoint.unwrap(), ["/bin/sh", "-c", "echo hi"]);
        assert_eq!(config.env, ["A=new", "B=x y", "C=c d"]);
        assert_eq!(config.exposed_ports.keys().collect::<Vec<_>>(), ["53/udp", "80/tcp", "90/tcp", "91/tcp"]);
        assert_eq!(config.user, "nobody");
        assert_eq!(config.working_dir, "/srv/sub");
        assert_eq!(config.other["OnBuild"], json!(["RUN x"]));
    }

    #[test]
    fn a_health_check_and_a_shell_are_instructions_too() {
        let mut config = Execution::default();
        apply(&mut config, "HEALTHCHECK --interval=1m30s --retries=2 CMD curl -f localhost").unwrap();
        let check = config.healthcheck.clone().unwrap();
        assert_eq!((check.interval, check.retries), (90_000_000_000, 2));
        assert_eq!(check.test, ["CMD-SHELL", "curl -f localhost"]);
        apply(&mut config, "HEALTHCHECK NONE").unwrap();
        apply(&mut config, "SHELL [\"bash\", \"-c\"]").unwrap();
        assert_eq!(
            (config.healthcheck.unwrap().test, &config.other["Shell"]),
            (vec!["NONE".into()], &json!(["bash", "-c"]))
        );
        assert_eq!(go_duration("500ms"), Some(500_000_000));
        for bad in ["HEALTHCHECK CMD", "HEALTHCHECK --interval=3 CMD x", "SHELL bash"] {
            assert!(apply(&mut Execution::default(), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_documents_of_the_first_docker_are_understood() {
        let mut config = Execution { env: vec!["A=1".into(), "B=2".into()], ..Execution::default() };
        let text = r#"{"Hostname":"x","Cmd":["cat","/world"],"PortSpecs":["22","8080:80"],"Env":["B=3"],
            "Volumes":["/data"],"User":"","Memory":0,"Entrypoint":null}"#;
        merge(&mut config, text).unwrap();
        assert_eq!(config.cmd.unwrap(), ["cat", "/world"]);
        assert_eq!(config.env, ["A=1", "B=3"]);
        assert_eq!(config.exposed_ports.keys().collect::<Vec<_>>(), ["22/tcp", "80/tcp"]);
        assert!(config.volumes.contains_key("/data") && config.entrypoint.is_none());
        for bad in ["", "[]", r#"{"Cmd": 3}"#, r#"{"PortSpecs":["x"]}"#] {
            assert!(merge(&mut Execution::default(), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn others_are_refused() {
        for bad in ["RUN x", "CMD", "", "EXPOSE http", "EXPOSE 9-8", "ENV A", "LABEL =x", "STOPSIGNAL FROB"] {
            assert!(apply(&mut Execution::default(), bad).is_err(), "{bad}");
        }
    }
}
