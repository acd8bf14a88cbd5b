//! Credential helpers: programs called `docker-credential-NAME` that keep passwords elsewhere.
//!
//! They run in the caller's own session and talk over their standard input and output.
//!
//! Source: the protocol page of docker's credential helpers.

use super::credentials::Credentials;
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::image::reference::DOCKER_IO;
use crate::sys::secret::Secret;
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Read, Write};
use std::process::{Command, Stdio};

/// The user name that says: the secret is an identity token.
pub const TOKEN_USER: &str = "<token>";
/// What docker.io is called by helpers.
const DOCKER_IO_URL: &str = "https://index.docker.io/v1/";
/// Answers longer than this are no credentials.
const MAX_ANSWER: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(rename = "ServerURL", default)]
    server_url: String,
    #[serde(default)]
    username: String,
    secret: Secret<String>,
}

/// What the helper knows of a registry.
///
/// # Errors
/// `NotFound` when there is no such program; `Failed` with its own words.
pub fn get(helper: &str, registry: &str) -> Result<Option<Credentials>> {
    for server in servers(registry) {
        let Some(answer) = run(helper, "get", server.as_bytes())? else { continue };
        let entry: Entry = serde_json::from_slice(&answer)
            .map_err(|_| failed(format!("{} answered nonsense", program(helper))))?;
        return Ok(Some(match entry.username.as_str() {
            TOKEN_USER => Credentials::IdentityToken(entry.secret),
            _ => Credentials::Password { username: entry.username, password: entry.secret },
        }));
    }
    Ok(None)
}

/// Gives the helper a password to keep.
///
/// # Errors
/// As [`get`].
pub fn store(helper: &str, registry: &str, username: &str, password: &Secret<String>) -> Result<()> {
    let server_url = servers(registry)[0].to_string();
    let entry = Entry { server_url, username: username.to_string(), secret: password.clone() };
    let text = serde_json::to_vec(&entry).expect("an entry is three strings");
    run(helper, "store", &text).map(drop)
}

/// Makes the helper forget.
///
/// # Errors
/// As [`get`].
pub fn erase(helper: &str, registry: &str) -> Result<()> {
    for server in servers(registry) {
        run(helper, "erase", server.as_bytes())?;
    }
    Ok(())
}

/// The names that a registry may have there, the usual one first.
fn servers(registry: &str) -> Vec<&str> {
    if registry == DOCKER_IO { vec![DOCKER_IO_URL, DOCKER_IO] } else { vec![registry] }
}

fn program(helper: &str) -> String {
    format!("docker-credential-{helper}")
}

/// Runs it; `None` when it says that it does not know the registry.
fn run(helper: &str, verb: &str, input: &[u8]) -> Result<Option<Vec<u8>>> {
    if helper.is_empty() || helper.contains('/') {
        return Err(invalid(format!("{helper:?} is not the name of a credential helper")));
    }
    let program = program(helper);
    let mut child = Command::new(&program)
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|cause| match cause.kind() {
            ErrorKind::NotFound => Error::new(Kind::NotFound, "there is no such program in PATH")
                .hint("install it, or take it out of credHelpers and credsStore in the auth file"),
            _ => cause.into(),
        })
        .doing(|| format!("run the credential helper {program}"))?;
    let mut stdin = child.stdin.take().expect("it is piped");
    // One that does not read what it is told says why on its output.
    let _ = stdin.write_all(input).and_then(|()| stdin.write_all(b"\n"));
    drop(stdin);
    let mut answer = Vec::new();
    let stdout = child.stdout.take().expect("it is piped");
    let read = stdout.take(MAX_ANSWER).read_to_end(&mut answer);
    let ended = child.wait().doing(|| format!("wait for {program}"))?;
    read.doing(|| format!("hear from {program}"))?;
    if ended.success() {
        return Ok(Some(answer));
    }
    let said = String::from_utf8_lossy(&answer);
    if said.contains("credentials not found") {
        return Ok(None);
    }
    let said: String = said.trim().chars().filter(|c| !c.is_control()).take(300).collect();
    Err(failed(format!("{program} {verb} failed: {said}")))
}
