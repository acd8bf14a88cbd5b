//! One registry over HTTP(S): requests, tokens, and what its refusals mean.

use super::auth::{Challenge, Token, percent_encode};
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::image::reference::DOCKER_IO;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use ureq::http::{Response, StatusCode, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

/// A registry. Can be used by several threads.
pub struct Client {
    host: String,
    scheme: Mutex<Option<&'static str>>,
    may_use_http: bool,
    agent: Agent,
    tokens: Mutex<HashMap<String, String>>,
}

/// Small answers (tokens, error texts) end here.
const MAX_SMALL: u64 = 1 << 20;

impl Client {
    /// A client for `registry` (host and port). `insecure` allows HTTP and unknown certificates;
    /// on the loopback interface they are allowed unless `strict`.
    #[must_use]
    pub fn new(registry: &str, insecure: bool, strict: bool) -> Client {
        // docker.io is a name of images; the registry behind it has another.
        let host = if registry == DOCKER_IO { "registry-1.docker.io" } else { registry };
        // Nobody listens in between on the loopback interface (docker decides the same).
        let insecure = insecure || (is_loopback(host) && !strict);
        Client {
            host: host.to_string(),
            scheme: Mutex::new(None),
            may_use_http: insecure,
            agent: agent(insecure),
            tokens: Mutex::new(HashMap::new()),
        }
    }

    /// The host that is asked.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `GET /v2/<repository>/<path>`, authorised where the registry asks for it.
    ///
    /// # Errors
    /// `NotFound`, `Denied` and `Failed` by what the registry answers; see [`is_transient`].
    pub(crate) fn get(
        &self,
        repository: &str,
        path: &str,
        headers: &[(&str, String)],
    ) -> Result<Response<Body>> {
        let path = format!("/v2/{repository}/{path}");
        let token = self.tokens.lock().expect("no panic while it is held").get(repository).cloned();
        let response = self.send(&path, headers, token.as_deref())?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return self.check(response);
        }
        let challenge = response
            .headers()
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(Challenge::parse)
            .min_by_key(|challenge| !matches!(challenge, Challenge::Bearer { .. }));
        let Some(Challenge::Bearer { realm, service, scope }) = challenge else {
            return Err(Error::new(Kind::Denied, format!("{} wants a user name and a password", self.host))
                .hint("not yet: login"));
        };
        let scope = scope.unwrap_or_else(|| format!("repository:{repository}:pull"));
        let token = self.token(&realm, service.as_deref(), &scope)?;
        let response = self.send(&path, headers, Some(&token))?;
        self.tokens.lock().expect("no panic while it is held").insert(repository.to_string(), token);
        self.check(response)
    }

    /// Asks a token server, as nobody in particular.
    fn token(&self, realm: &str, service: Option<&str>, scope: &str) -> Result<String> {
        let good = realm.starts_with("https://") || (realm.starts_with("http://") && self.may_use_http);
        if !good {
            return Err(Error::new(Kind::Denied, format!("{} sends us to {realm} for a token", self.host)));
        }
        let mut url =
            format!("{realm}{}scope={}", if realm.contains('?') { '&' } else { '?' }, percent_encode(scope));
        if let Some(service) = service {
            url.push_str(&format!("&service={}", percent_encode(service)));
        }
        let doing = || format!("get a token from {realm}");
        let response = self.agent.get(&url).call().map_err(http_error).doing(doing)?;
        let mut response = self.check(response).doing(doing)?;
        let bytes = response
            .body_mut()
            .with_config()
            .limit(MAX_SMALL)
            .read_to_vec()
            .map_err(http_error)
            .doing(doing)?;
        serde_json::from_slice::<Token>(&bytes)
            .ok()
            .and_then(Token::text)
            .ok_or_else(|| failed(format!("{realm} answered without a token")))
    }

    /// Sends by HTTPS; where that is allowed and HTTPS does not work, by HTTP from then on.
    fn send(&self, path: &str, headers: &[(&str, String)], token: Option<&str>) -> Result<Response<Body>> {
        let known = *self.scheme.lock().expect("no panic while it is held");
        let schemes: &[&'static str] = match known {
            Some("http") => &["http"],
            Some(_) => &["https"],
            None if self.may_use_http => &["https", "http"],
            None => &["https"],
        };
        let mut first_error = None;
        for scheme in schemes {
            let url = format!("{scheme}://{}{path}", self.host);
            let mut request = self.agent.get(&url);
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            if let Some(token) = token {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            match request.call() {
                Ok(response) => {
                    *self.scheme.lock().expect("no panic while it is held") = Some(scheme);
                    return Ok(response);
                }
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        let error = first_error.map_or_else(|| failed("there is no way to ask it"), |e| self.explain(e));
        Err(error).doing(|| format!("reach the registry {}", self.host))
    }

    fn explain(&self, error: ureq::Error) -> Error {
        let is_plain = matches!(&error, ureq::Error::Rustls(_) | ureq::Error::Tls(_))
            || error.to_string().contains("corrupt message")
            || error.to_string().contains("InvalidContentType");
        let unknown = error.to_string().contains("UnknownIssuer")
            || error.to_string().contains("invalid peer certificate");
        let error = http_error(error);
        if unknown {
            error.hint("add the authority's certificate to /usr/local/share/ca-certificates and run update-ca-certificates, or declare the registry insecure in registries.conf")
        } else if is_plain {
            error.hint(format!(
                "if {} speaks plain HTTP: --tls-verify=false, or insecure = true in registries.conf",
                self.host
            ))
        } else {
            error
        }
    }

    /// Turns refusals into errors.
    fn check(&self, mut response: Response<Body>) -> Result<Response<Body>> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.body_mut().with_config().limit(MAX_SMALL).read_to_vec().unwrap_or_default();
        let said = registry_message(&body).unwrap_or_else(|| {
            status.canonical_reason().unwrap_or("it does not say why").to_ascii_lowercase()
        });
        let message = format!("{} answers {}: {said}", self.host, status.as_u16());
        let kind = match status.as_u16() {
            404 => Kind::NotFound,
            401 | 403 => Kind::Denied,
            _ => Kind::Failed,
        };
        let error = Error::new(kind, message);
        Err(match status.as_u16() {
            401 | 403 => error.hint("the image does not exist, or it is not public (not yet: login)"),
            429 => error.because(Transient).hint(
                "the registry limits how often it may be asked; wait, or name a mirror in registries.conf",
            ),
            408 | 500..=599 => error.because(Transient),
            _ => error,
        })
    }
}

/// Gets what is at an address of the web, for `import`.
///
/// # Errors
/// What the server answers, and what keeps it from answering.
pub fn download(url: &str) -> Result<ureq::BodyReader<'static>> {
    let host = url.split('/').nth(2).unwrap_or_default();
    // Where a tarball is, plain HTTP is the user's choice: the address says so.
    let client = Client::new(host, false, false);
    let response = client.agent.get(url).call().map_err(|cause| client.explain(cause))?;
    Ok(client.check(response)?.into_body().into_with_config().limit(u64::MAX).reader())
}

/// Marks an error that may be gone a moment later.
#[derive(Debug)]
struct Transient;

impl std::fmt::Display for Transient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It is a mark, not a text: an empty cause is left out of the chain.
        f.write_str("")
    }
}

impl std::error::Error for Transient {}

/// Whether the same request may succeed a moment later.
#[must_use]
pub fn is_transient(error: &Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if cause.is::<Transient>() {
            return true;
        }
        next = cause.source();
    }
    false
}

/// An error of the HTTP library as ours.
pub(crate) fn http_error(error: ureq::Error) -> Error {
    use std::io::ErrorKind;
    match error {
        ureq::Error::Io(cause) => {
            // Nobody listens there: waiting does not help, and the answer should come at once.
            let settled = matches!(cause.kind(), ErrorKind::ConnectionRefused | ErrorKind::InvalidData)
                || cause.to_string().contains("failed to lookup address")
                || cause.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            let error = Error::from(cause).with_kind(Kind::Failed);
            if settled { error } else { failed(error.chain()).because(Transient) }
        }
        ureq::Error::Timeout(_) => failed("it did not answer in time").because(Transient),
        ureq::Error::ConnectionFailed => failed("no connection could be made").because(Transient),
        ureq::Error::HostNotFound => {
            failed("there is no host of that name").hint("check the name and the network (/etc/resolv.conf)")
        }
        other => failed(other.to_string()),
    }
}

/// What the registry's JSON says is wrong.
fn registry_message(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let first = value.get("errors")?.as_array()?.first()?;
    let text = |key: &str| first.get(key).and_then(|v| v.as_str()).filter(|text| !text.is_empty());
    let said = text("message").or_else(|| text("code"))?;
    // It goes to a terminal.
    Some(said.chars().filter(|c| !c.is_control()).take(300).collect())
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn agent(insecure: bool) -> Agent {
    static ROOTS: OnceLock<Vec<Certificate<'static>>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        // Certificates that cannot be read are others' business: the connection says what is missing.
        found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect()
    });
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::new_with_certs(roots))
        .disable_verification(insecure)
        .build();
    Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("box/", env!("CARGO_PKG_VERSION")))
        // The digest is of the bytes as they are stored.
        .accept_encoding("identity")
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_per_read(Some(Duration::from_secs(60)))
        .tls_config(tls)
        .build()
        .new_agent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_rest() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["docker.io", "127.0.0.1.example", "10.0.0.1:5000", "[fe80::1]:1"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn the_registrys_own_words_are_used() {
        let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown\u001b[31m"}]}"#;
        assert_eq!(registry_message(body).as_deref(), Some("manifest unknown[31m"));
        assert_eq!(registry_message(b"<html>"), None);
    }
}
