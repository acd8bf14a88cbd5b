//! How a registry asks who we are, and the tokens that answer it.
//!
//! Source: RFC 7235; "Token Authentication Specification" of the distribution project.

use crate::sys::secret::Secret;
use serde::Deserialize;
use std::time::{Duration, Instant};

/// What a `WWW-Authenticate` header asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A token from a server.
    Bearer {
        /// The server's address.
        realm: String,
        /// The name the server knows the registry by.
        service: Option<String>,
        /// What the token is to allow.
        scope: Option<String>,
    },
    /// A user name and a password.
    Basic,
    /// Something else.
    Other(String),
}

impl Challenge {
    /// Reads the header.
    pub(crate) fn parse(header: &str) -> Challenge {
        let header = header.trim();
        let (scheme, rest) = header.split_once(char::is_whitespace).unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Challenge::Basic;
        }
        let mut realm = None;
        let (mut service, mut scope) = (None, None);
        for (key, value) in parameters(rest) {
            match key.as_str() {
                "realm" => realm = Some(value),
                "service" => service = Some(value),
                "scope" => scope = Some(value),
                _ => {}
            }
        }
        match realm {
            Some(realm) if scheme.eq_ignore_ascii_case("bearer") => {
                Challenge::Bearer { realm, service, scope }
            }
            _ => Challenge::Other(scheme.to_string()),
        }
    }
}

/// `key=value, key="va\"lue"`.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
        let mut key = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && *c != ',') {
            key.push(c.to_ascii_lowercase());
        }
        if chars.next_if_eq(&'=').is_none() {
            if chars.peek().is_none() {
                return found;
            }
            continue;
        }
        let mut value = String::new();
        if chars.next_if_eq(&'"').is_some() {
            while let Some(c) = chars.next() {
                match c {
                    '"' => break,
                    '\\' => value.extend(chars.next()),
                    c => value.push(c),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',' && !c.is_whitespace()) {
                value.push(c);
            }
        }
        found.push((key.trim().to_string(), value));
    }
}

/// A token server's answer.
#[derive(Deserialize)]
pub(crate) struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// What a token server gave us.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// It goes behind `Bearer`.
    pub(crate) text: Secret<String>,
    /// From then on another one is needed.
    expires: Instant,
}

impl Token {
    /// A token that does not expire by itself.
    pub(crate) fn given(text: &Secret<String>) -> Token {
        Token { text: text.clone(), expires: Instant::now() + Duration::from_secs(1 << 30) }
    }

    /// Whether it can still be used.
    pub(crate) fn is_fresh(&self) -> bool {
        Instant::now() < self.expires
    }
}

impl Answer {
    /// The token under either of its names; `None` if there is none.
    pub(crate) fn token(self) -> Option<Token> {
        let text = self.token.or(self.access_token).filter(|text| !text.is_empty())?;
        // "If omitted, this defaults to 60 seconds"; servers of 2015 left it out and gave less to
        // nobody. A little earlier, for the way there takes time too.
        let seconds = self.expires_in.unwrap_or(60).clamp(60, 1 << 30) - 5;
        Some(Token { text: Secret::new(text), expires: Instant::now() + Duration::from_secs(seconds) })
    }
}

/// What is to be done in which repository, as token servers write it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope(String);

impl Scope {
    /// Reading.
    #[must_use]
    pub fn pull(repository: &str) -> Scope {
        Scope(format!("repository:{repository}:pull"))
    }

    /// Reading and writing.
    #[must_use]
    pub fn push(repository: &str) -> Scope {
        Scope(format!("repository:{repository}:pull,push"))
    }

    /// Listing the repositories.
    #[must_use]
    pub fn catalog() -> Scope {
        Scope("registry:catalog:*".to_string())
    }

    /// As it stands in a token server's address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text as it may stand in a query. Source: RFC 3986, "unreserved".
pub(crate) fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b',') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_of_docker_io_is_understood() {
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/x:pull,push""#;
        assert_eq!(
            Challenge::parse(header),
            Challenge::Bearer {
                realm: "https://auth.docker.io/token".into(),
                service: Some("registry.docker.io".into()),
                scope: Some("repository:library/x:pull,push".into()),
            }
        );
        assert_eq!(Challenge::parse("basic realm=x"), Challenge::Basic);
        assert_eq!(Challenge::parse("Bearer"), Challenge::Other("Bearer".into()));
        assert_eq!(Challenge::parse("Negotiate a,b,,c=\"x"), Challenge::Other("Negotiate".into()));
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(percent_encode("repository:a/b:pull c&d"), "repository:a/b:pull%20c%26d");
    }
}
