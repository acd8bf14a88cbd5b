//! How a registry asks who we are, and how an anonymous client answers.
//!
//! Source: RFC 7235; "Token Authentication Specification" of the distribution project.

use serde::Deserialize;

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
pub(crate) struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Token {
    /// The token under either of its names.
    pub(crate) fn text(self) -> Option<String> {
        self.token.or(self.access_token).filter(|text| !text.is_empty())
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
