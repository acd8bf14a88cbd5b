//! HTTP as the client needs it: one request at a time, addresses, and errors as ours.

use super::retry::Transient;
use super::tls::TlsConnector;
use crate::error::{Error, Kind, Result, failed};
use crate::sys::secret::Secret;
use jiff::Timestamp;
use std::io::Read;
use std::time::Duration;
use ureq::http::uri::Uri;
use ureq::http::{Method, Response, StatusCode, header};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector as _, TcpConnector};
use ureq::{Agent, Body, SendBody};

/// How long the answer to a question may take.
const ANSWER: Duration = Duration::from_secs(60);
/// How long the answer to an upload may take: registries hash and move what came.
const UPLOAD_ANSWER: Duration = Duration::from_secs(300);

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// A path at the registry, from the root.
    Path(&'a str),
    /// What a `Location` header of the registry said: an address, or a path.
    Location(&'a str),
}

impl Target<'_> {
    /// The whole address.
    pub(crate) fn url(&self, scheme: &str, host: &str) -> Result<String> {
        match self {
            Target::Path(path) => Ok(format!("{scheme}://{host}{path}")),
            Target::Location(location) => join(&format!("{scheme}://{host}/"), location),
        }
    }
}

/// What a request carries. It may have to be sent more than once.
pub enum Payload<'a> {
    /// Nothing.
    Empty,
    /// These bytes.
    Bytes(&'a [u8]),
    /// As many bytes as it says, opened anew for each attempt.
    Stream {
        /// How many.
        length: u64,
        /// Gives them from the first one on.
        open: &'a (dyn Fn() -> Result<Box<dyn Read + 'a>> + Sync),
    },
}

/// Why a request could not be sent.
pub(crate) enum SendError {
    /// The HTTP library's reason.
    Http(ureq::Error),
    /// Ours: the payload could not be opened.
    Ours(Error),
}

/// An agent for one registry; proxies are not asked about this machine itself.
pub(crate) fn agent(tls: TlsConnector, local: bool) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("box/", env!("CARGO_PKG_VERSION")))
        // The digest is of the bytes as they are stored.
        .accept_encoding("identity")
        // They are followed by the client: it knows who may learn who we are.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(Duration::from_secs(15)))
        .timeout_recv_response(Some(ANSWER))
        .timeout_per_read(Some(Duration::from_secs(60)))
        .timeout_per_write(Some(Duration::from_secs(60)));
    if local {
        config = config.proxy(None);
    }
    let connector = ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default()).chain(tls);
    Agent::with_parts(config.build(), connector, DefaultResolver::default())
}

/// What is sent, to whichever address.
pub(crate) struct Request<'a, 'b> {
    pub(crate) method: &'a Method,
    /// Beside `Authorization`.
    pub(crate) headers: &'a [(&'a str, String)],
    pub(crate) payload: &'a Payload<'b>,
    pub(crate) authorization: Option<&'a Secret<String>>,
}

impl<'a> Request<'a, '_> {
    /// A plain question.
    pub(crate) fn get(authorization: Option<&'a Secret<String>>) -> Request<'a, 'a> {
        Request { method: &Method::GET, headers: &[], payload: &Payload::Empty, authorization }
    }
}

/// Sends one request to one address.
pub(crate) fn send(
    agent: &Agent,
    url: &str,
    what: &Request<'_, '_>,
) -> std::result::Result<Response<Body>, SendError> {
    let Request { method, headers, payload, authorization } = *what;
    let mut request = ureq::http::Request::builder().method(method.clone()).uri(url);
    for (name, value) in headers.iter() {
        request = request.header(*name, value);
    }
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization.expose());
    }
    let has_body = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    let response = match payload {
        Payload::Empty if has_body => run(agent, request.body(&b""[..])),
        Payload::Empty => match request.body(()) {
            Ok(request) => agent.run(request),
            Err(cause) => Err(cause.into()),
        },
        Payload::Bytes(bytes) => run(agent, request.body(*bytes)),
        Payload::Stream { length, open } => {
            let mut from = open().map_err(SendError::Ours)?;
            let request = request.header(header::CONTENT_LENGTH, length.to_string());
            run(agent, request.body(SendBody::from_reader(&mut from)))
        }
    };
    response.map_err(SendError::Http)
}

fn run<B: ureq::AsSendBody>(
    agent: &Agent,
    request: std::result::Result<ureq::http::Request<B>, ureq::http::Error>,
) -> std::result::Result<Response<Body>, ureq::Error> {
    let request = agent.configure_request(request?).timeout_recv_response(Some(UPLOAD_ANSWER)).build();
    agent.run(request)
}

/// Whether the answer points to where the question should be asked.
pub(crate) fn is_redirection(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Scheme, host and port of an address: what must be the same for secrets to be told.
pub(crate) fn origin(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    Some((scheme, uri.host()?.to_ascii_lowercase(), port))
}

/// Where `location` points to from `base`.
///
/// # Errors
/// `Failed` when it is no address of HTTP.
///
/// Source: RFC 3986, "Reference Resolution".
pub(crate) fn join(base: &str, location: &str) -> Result<String> {
    let location = location.split('#').next().unwrap_or_default();
    let bad = || failed(format!("{location:?} is no address that a registry can send us to"));
    let (scheme, rest) = base.split_once("://").ok_or_else(bad)?;
    let (host, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let path = path.split('?').next().unwrap_or("/");
    let url = if location.starts_with("http://") || location.starts_with("https://") {
        location.to_string()
    } else if location.contains("://") {
        return Err(bad());
    } else if let Some(rest) = location.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if location.starts_with('/') {
        format!("{scheme}://{host}{location}")
    } else if location.starts_with('?') {
        format!("{scheme}://{host}{path}{location}")
    } else {
        let directory = path.rfind('/').map_or("/", |at| &path[..=at]);
        format!("{scheme}://{host}{directory}{location}")
    };
    if origin(&url).is_none() { Err(bad()) } else { Ok(url) }
}

/// `a=b&c=d`, encoded.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let encoded: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{key}={}", super::auth::percent_encode(value))).collect();
    encoded.join("&")
}

/// How long the registry says to wait: a number of seconds, or a moment.
pub(crate) fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let text = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    // A moment that is past is no reason to wait.
    Some(Duration::try_from(moment.duration_since(Timestamp::now())).unwrap_or_default())
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
            let unknown = cause.to_string().contains("failed to lookup address");
            let error = Error::from(cause).with_kind(Kind::Failed);
            match (settled, unknown) {
                (true, true) => error.hint(NO_HOST),
                (true, false) => error,
                (false, _) => failed(error.chain()).because(Transient(None)),
            }
        }
        ureq::Error::Timeout(_) => failed("it did not answer in time").because(Transient(None)),
        ureq::Error::ConnectionFailed => failed("no connection could be made").because(Transient(None)),
        ureq::Error::HostNotFound => failed("there is no host of that name").hint(NO_HOST),
        ureq::Error::BodyExceedsLimit(limit) => failed(format!("its answer is longer than {limit} bytes")),
        other => failed(other.to_string()),
    }
}

const NO_HOST: &str = "check the name and the network (/etc/resolv.conf)";

/// What the registry's JSON says is wrong.
pub(crate) fn registry_message(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let first = value.get("errors")?.as_array()?.first()?;
    let text = |key: &str| first.get(key).and_then(|v| v.as_str()).filter(|text| !text.is_empty());
    let said = text("message").or_else(|| text("code"))?;
    // It goes to a terminal.
    Some(said.chars().filter(|c| !c.is_control()).take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrys_own_words_are_used() {
        let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown\u001b[31m"}]}"#;
        assert_eq!(registry_message(body).as_deref(), Some("manifest unknown[31m"));
        assert_eq!(registry_message(b"<html>"), None);
    }

    #[test]
    fn addresses_are_joined_as_browsers_do() {
        let base = "https://r.io:5000/v2/a/b?x=/y";
        for (location, wanted) in [
            ("https://s.io/blob?sig=1", "https://s.io/blob?sig=1"),
            ("//s.io/blob", "https://s.io/blob"),
            ("/v2/c", "https://r.io:5000/v2/c"),
            ("c?d#e", "https://r.io:5000/v2/a/c?d"),
            ("?n=2", "https://r.io:5000/v2/a/b?n=2"),
        ] {
            assert_eq!(join(base, location).unwrap(), wanted, "{location}");
        }
        for bad in ["ftp://x/y", "file:///etc/passwd", "https://", "http:// /"] {
            assert!(join(base, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("https://R.io/x"), origin("https://r.io:443/y"));
        assert_ne!(origin("https://r.io/x"), origin("https://r.io:8443/x"));
        assert_ne!(origin("https://r.io/x"), origin("http://r.io/x"));
        assert_ne!(origin("https://r.io/x"), origin("https://r.io.evil.example/x"));
    }
}
