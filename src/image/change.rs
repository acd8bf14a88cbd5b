//! `--change`: one Dockerfile instruction applied to an image's configuration.

use super::config::Execution;
use crate::error::{Result, invalid};
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
                let port = if port.contains('/') { port.to_string() } else { format!("{port}/tcp") };
                let (number, protocol) = port.split_once('/').unwrap_or((&port, "tcp"));
                if number.parse::<u16>().is_err() || !matches!(protocol, "tcp" | "udp" | "sctp") {
                    return Err(invalid(format!("{line:?}: {port:?} is not a port")));
                }
                config.exposed_ports.insert(port, json!({}));
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
        "STOPSIGNAL" => config.stop_signal = Some(rest.to_string()),
        "ONBUILD" => {
            let list = config.other.entry("OnBuild").or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(json!(rest));
            }
        }
        other => {
            return Err(invalid(format!("{other:?} cannot be used in --change")).hint(
                "the instructions are CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR",
            ));
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
        assert_eq!(config.exposed_ports.keys().collect::<Vec<_>>(), ["53/udp", "80/tcp"]);
        assert_eq!(config.user, "nobody");
        assert_eq!(config.working_dir, "/srv/sub");
        assert_eq!(config.other["OnBuild"], json!(["RUN x"]));
    }

    #[test]
    fn others_are_refused() {
        for bad in ["RUN x", "CMD", "", "EXPOSE http", "ENV A", "LABEL =x"] {
            assert!(apply(&mut Execution::default(), bad).is_err(), "{bad}");
        }
    }
}
