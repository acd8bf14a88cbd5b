//! One registry over HTTP(S): requests, who we are, and what its refusals mean.

use super::auth::{Answer, Challenge, Scope, Token};
use super::credentials::Credentials;
use super::endpoint::{Endpoint, is_loopback};
use super::http::{self, Payload, Request, Target, http_error, registry_message, retry_after};
use super::retry::Transient;
use super::tls::TlsConnector;
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::image::access::RegistryOptions;
use crate::sys::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;
use std::sync::Mutex;
use ureq::http::{Method, Response, StatusCode, header};
use ureq::{Agent, Body};

/// A registry. Can be used by several threads.
pub struct Client {
    host: String,
    scheme: Mutex<Option<&'static str>>,
    may_use_http: bool,
    agent: Agent,
    credentials: Option<Credentials>,
    /// By the scopes they are for.
    tokens: Mutex<HashMap<String, Token>>,
    /// The registry asked for a user name and a password.
    wants_basic: Mutex<bool>,
}

/// One request.
pub struct Call<'a> {
    /// GET, HEAD, PUT, …
    pub method: Method,
    /// Of what.
    pub to: Target<'a>,
    /// What has to be allowed for it.
    pub scopes: &'a [Scope],
    /// Beside those of HTTP itself and `Authorization`.
    pub headers: &'a [(&'a str, String)],
    /// What is sent along.
    pub payload: Payload<'a>,
}

/// Small answers (tokens, error texts) end here.
const MAX_SMALL: u64 = 1 << 20;
/// A registry that sends us further on than this sends us in circles.
const MAX_REDIRECTS: u32 = 10;

impl Client {
    /// A client for a registry.
    ///
    /// # Errors
    /// When the certificates for it cannot be used.
    pub fn new(endpoint: &Endpoint) -> Result<Client> {
        let host = endpoint.host();
        Ok(Client {
            host: host.to_string(),
            scheme: Mutex::new(None),
            may_use_http: endpoint.insecure,
            agent: http::agent(TlsConnector::new(endpoint)?, is_loopback(host)),
            credentials: endpoint.credentials.clone(),
            tokens: Mutex::new(HashMap::new()),
            wants_basic: Mutex::new(false),
        })
    }

    /// The host that is asked.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `GET /v2/<repository>/<path>`, allowed to read.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub(crate) fn get(
        &self,
        repository: &str,
        path: &str,
        headers: &[(&str, String)],
    ) -> Result<Response<Body>> {
        self.call(&Call {
            method: Method::GET,
            to: Target::Path(&format!("/v2/{repository}/{path}")),
            scopes: &[Scope::pull(repository)],
            headers,
            payload: Payload::Empty,
        })
    }

    /// Sends a request, authorised where the registry asks for it. Redirections are followed; who
    /// we are is told to nobody but the registry and the token server that it names.
    ///
    /// # Errors
    /// `NotFound`, `Denied` and `Failed` by what the registry answers; see [`super::retry::is_transient`].
    pub fn call(&self, call: &Call<'_>) -> Result<Response<Body>> {
        let key = call.scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ");
        let response = self.send(call, self.known(&key).as_ref())?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return self.check(response);
        }
        // A token that was good a moment ago is not any more, or we had none.
        self.tokens().remove(&key);
        let challenge = response
            .headers()
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .map(Challenge::parse)
            .min_by_key(|challenge| match challenge {
                Challenge::Bearer { .. } => 0,
                Challenge::Basic => 1,
                Challenge::Other(_) => 2,
            });
        let authorization = match challenge {
            Some(Challenge::Bearer { realm, service, scope }) => {
                let mut scopes: Vec<&str> = call.scopes.iter().map(Scope::as_str).collect();
                // What is asked for beyond what we know of; most say what we have already.
                scopes.extend(scope.iter().flat_map(|text| text.split(' ')).filter(|asked| {
                    !asked.is_empty() && !call.scopes.iter().any(|scope| covers(scope.as_str(), asked))
                }));
                let token = self.token(&realm, service.as_deref(), &scopes)?;
                let header = bearer(&token);
                self.tokens().insert(key, token);
                header
            }
            Some(Challenge::Basic) => {
                let header = self.basic().ok_or_else(|| self.who_are_you())?;
                *self.wants_basic.lock().expect("no panic while it is held") = true;
                header
            }
            Some(Challenge::Other(scheme)) => {
                let what = format!("{} wants {scheme} authentication", self.host);
                return Err(Error::new(Kind::Unsupported, what).hint("box knows Basic and Bearer"));
            }
            None => return self.check(response),
        };
        self.check(self.send(call, Some(&authorization))?)
    }

    /// Asks for nothing, to see whether the registry is one and lets us in: `GET /v2/`.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn ping(&self) -> Result<()> {
        let (to, payload) = (Target::Path("/v2/"), Payload::Empty);
        self.call(&Call { method: Method::GET, to, scopes: &[], headers: &[], payload }).map(drop)
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, HashMap<String, Token>> {
        self.tokens.lock().expect("no panic while it is held")
    }

    /// The header that worked the last time.
    fn known(&self, key: &str) -> Option<Secret<String>> {
        if let Some(token) = self.tokens().get(key).filter(|token| token.is_fresh()) {
            return Some(bearer(token));
        }
        if *self.wants_basic.lock().expect("no panic while it is held") { self.basic() } else { None }
    }

    fn basic(&self) -> Option<Secret<String>> {
        match &self.credentials {
            Some(Credentials::Password { username, password }) => {
                let both = STANDARD.encode(format!("{username}:{}", password.expose()));
                Some(Secret::new(format!("Basic {both}")))
            }
            _ => None,
        }
    }

    fn who_are_you(&self) -> Error {
        Error::new(Kind::Denied, format!("{} wants a user name and a password", self.host))
            .hint(format!("box login {}", self.host))
    }

    /// Asks a token server.
    fn token(&self, realm: &str, service: Option<&str>, scopes: &[&str]) -> Result<Token> {
        if let Some(Credentials::RegistryToken(token)) = &self.credentials {
            return Ok(Token::given(token));
        }
        let good = realm.starts_with("https://") || (realm.starts_with("http://") && self.may_use_http);
        if !good {
            return Err(Error::new(Kind::Denied, format!("{} sends us to {realm} for a token", self.host)));
        }
        let doing = || format!("get a token from {realm}");
        let mut response = self.ask_for_token(realm, service, scopes).doing(doing)?;
        let body = response.body_mut().with_config().limit(MAX_SMALL).read_to_vec();
        let bytes = body.map_err(http_error).doing(doing)?;
        serde_json::from_slice::<Answer>(&bytes)
            .ok()
            .and_then(Answer::token)
            .ok_or_else(|| failed(format!("{realm} answered without a token")))
    }

    fn ask_for_token(&self, realm: &str, service: Option<&str>, scopes: &[&str]) -> Result<Response<Body>> {
        let service = service.map(|service| ("service", service));
        let response = match &self.credentials {
            // Source: "OAuth2 Token Authentication" of the distribution project.
            Some(Credentials::IdentityToken(token)) => {
                let scopes = scopes.join(" ");
                let mut fields = vec![
                    ("grant_type", "refresh_token"),
                    ("client_id", "box"),
                    ("refresh_token", token.expose().as_str()),
                    ("scope", scopes.as_str()),
                ];
                fields.extend(service);
                let form = http::form(&fields);
                let payload = Payload::Bytes(form.as_bytes());
                let headers = [("content-type", "application/x-www-form-urlencoded".to_string())];
                let (method, authorization) = (&Method::POST, None);
                self.once(realm, &Request { method, headers: &headers, payload: &payload, authorization })
            }
            credentials => {
                let mut query: Vec<(&str, &str)> = scopes.iter().map(|scope| ("scope", *scope)).collect();
                query.extend(service);
                let account = credentials.as_ref().and_then(Credentials::username);
                query.extend(account.map(|account| ("account", account)));
                let join = if realm.contains('?') { '&' } else { '?' };
                let url = format!("{realm}{join}{}", http::form(&query));
                self.follow(&url, Request::get(self.basic().as_ref()))
            }
        }?;
        if response.status() == StatusCode::UNAUTHORIZED && self.credentials.is_some() {
            return Err(self.not_accepted());
        }
        self.check(response)
    }

    fn not_accepted(&self) -> Error {
        Error::new(Kind::Denied, "invalid username/password")
            .hint(format!("box login {} asks for them again", self.host))
    }

    /// Sends by HTTPS; where that is allowed and HTTPS does not work, by HTTP from then on.
    fn send(&self, call: &Call<'_>, authorization: Option<&Secret<String>>) -> Result<Response<Body>> {
        let known = *self.scheme.lock().expect("no panic while it is held");
        let schemes: &[&'static str] = match known {
            Some("http") => &["http"],
            Some(_) => &["https"],
            None if self.may_use_http => &["https", "http"],
            None => &["https"],
        };
        let mut first_error = None;
        for scheme in schemes {
            let url = call.to.url(scheme, &self.host)?;
            // What is told to the registry is not told to whom it sends us.
            let ours = http::origin(&url) == http::origin(&format!("{scheme}://{}/", self.host));
            let request = Request {
                method: &call.method,
                headers: call.headers,
                payload: &call.payload,
                authorization: authorization.filter(|_| ours),
            };
            match self.once(&url, &request) {
                // "Client sent an HTTP request to an HTTPS server": then the first failure is the one.
                Ok(response) if response.status() == StatusCode::BAD_REQUEST && first_error.is_some() => {}
                Ok(response) => {
                    *self.scheme.lock().expect("no panic while it is held") = Some(scheme);
                    return self.redirected(response, &url, request);
                }
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        let error = first_error.unwrap_or_else(|| failed("there is no way to ask it"));
        Err(error).doing(|| format!("reach the registry {}", self.host))
    }

    /// Sends, and sends again to where the answer points.
    fn follow(&self, url: &str, request: Request<'_, '_>) -> Result<Response<Body>> {
        let response = self.once(url, &request)?;
        self.redirected(response, url, request)
    }

    /// Sends again to where an answer points, until one does not.
    fn redirected(
        &self,
        mut response: Response<Body>,
        url: &str,
        mut request: Request<'_, '_>,
    ) -> Result<Response<Body>> {
        let start = http::origin(url);
        let mut url = url.to_string();
        for _ in 0..MAX_REDIRECTS {
            let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
            let Some(location) = location.filter(|_| http::is_redirection(response.status())) else {
                return Ok(response);
            };
            let next = http::join(&url, location)?;
            if url.starts_with("https://") && next.starts_with("http://") && !self.may_use_http {
                let what = format!("{} sends us from HTTPS to {next}", self.host);
                return Err(Error::new(Kind::Denied, what)
                    .hint("if that is meant: --tls-verify=false, or insecure = true in registries.conf"));
            }
            url = next;
            // Once out of the house it stays out: a way back is not trusted again.
            request.authorization = request.authorization.filter(|_| http::origin(&url) == start);
            response = self.once(&url, &request)?;
        }
        Err(failed(format!("{} sends us from one place to the next without end", self.host)))
    }

    /// Sends one request.
    fn once(&self, url: &str, request: &Request<'_, '_>) -> Result<Response<Body>> {
        http::send(&self.agent, url, request).map_err(|cause| self.explain(cause))
    }

    fn explain(&self, error: http::SendError) -> Error {
        let error = match error {
            http::SendError::Ours(error) => return error,
            http::SendError::Http(error) => error,
        };
        let text = error.to_string();
        let is_plain = text.contains("corrupt message") || text.contains("InvalidContentType");
        let unknown = text.contains("UnknownIssuer") || text.contains("invalid peer certificate");
        let wants_ours = text.contains("CertificateRequired") || text.contains("BadCertificate");
        let refused = text.contains("refused") || text.contains("unreachable") || text.contains("timed out");
        let error = http_error(error);
        if unknown {
            error.hint(format!(
                "put the authority's certificate into ~/.config/containers/certs.d/{}/ca.crt, or: --tls-verify=false",
                self.host
            ))
        } else if wants_ours {
            error.hint(format!(
                "it wants a client's certificate: client.cert and client.key in ~/.config/containers/certs.d/{}",
                self.host
            ))
        } else if is_plain {
            error.hint(format!(
                "if {} speaks plain HTTP: --tls-verify=false, or insecure = true in registries.conf",
                self.host
            ))
        } else if refused && self.host == "localhost" {
            error.hint("names with localhost/ are of images that were made here: `box images` lists them")
        } else if refused && error.find_hint().is_none() {
            error
                .hint(format!("is a registry running at {}? A mirror is named in registries.conf", self.host))
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
        let wait = retry_after(&response);
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
            401 | 403 if self.credentials.is_some() => error.hint(format!(
                "the name or the password is wrong, or this user may not do it: box login {}",
                self.host
            )),
            401 | 403 => {
                error.hint(format!("it does not exist, or it is not public: box login {}", self.host))
            }
            429 => error.because(Transient(wait)).hint(
                "the registry limits how often it may be asked; wait, or name a mirror in registries.conf",
            ),
            408 | 500..=599 => error.because(Transient(wait)),
            _ => error,
        })
    }
}

/// Whether a scope that we ask for contains another one.
fn covers(ours: &str, asked: &str) -> bool {
    let (Some((name, actions)), Some((other, wanted))) = (ours.rsplit_once(':'), asked.rsplit_once(':'))
    else {
        return false;
    };
    name == other && wanted.split(',').all(|action| actions.split(',').any(|ours| ours == action))
}

fn bearer(token: &Token) -> Secret<String> {
    Secret::new(format!("Bearer {}", token.text.expose()))
}

/// Gets what is at an address of the web, for `import`.
///
/// # Errors
/// What the server answers, and what keeps it from answering.
pub fn download(url: &str) -> Result<ureq::BodyReader<'static>> {
    let host = url.split('/').nth(2).unwrap_or_default();
    let mut client = Client::new(&Endpoint::with(&RegistryOptions::default(), host, false, None)?)?;
    // Where a tarball is, plain HTTP is the user's choice: the address says so.
    client.may_use_http |= url.starts_with("http://");
    let response = client.follow(url, Request::get(None))?;
    Ok(client.check(response)?.into_body().into_with_config().limit(u64::MAX).reader())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_already_is_not_asked_for_twice() {
        assert!(covers("repository:a/b:pull,push", "repository:a/b:pull"));
        assert!(covers("repository:a/b:pull,push", "repository:a/b:push,pull"));
        assert!(!covers("repository:a/b:pull", "repository:a/b:pull,push"));
        assert!(!covers("repository:a/b:pull", "repository:a/c:pull"));
    }
}
