//! Blobs and manifests into a registry.
//!
//! What is there is not sent; what another repository of the registry has is mounted from there.
//! Small blobs go in one request; large ones are streamed, and where the connection breaks the
//! registry is asked how far it came, and the rest follows.
//!
//! Source: OCI distribution specification 1.1, "Push".

use super::auth::Scope;
use super::client::{Call, Client};
use super::http::{Payload, Target};
use super::retry;
use crate::error::{Doing, Kind, Result, failed};
use crate::image::access::Retry;
use crate::image::digest::BlobDigest;
use std::io::Read;
use ureq::Body;
use ureq::http::{Method, Response, StatusCode, header};

/// Blobs up to this length are sent together with their digest, in one request.
const SMALL: u64 = 1 << 20;

/// A repository that is written to. Can be used by several threads.
pub struct Uploader<'a> {
    client: &'a Client,
    repository: &'a str,
    scopes: [Scope; 1],
    retry: Retry,
}

/// The bytes of a blob, from the given one on.
pub type Open<'a> = dyn Fn(u64) -> Result<Box<dyn Read + 'a>> + Sync + 'a;

/// An upload that was begun, or is not needed any more.
enum Begun {
    Mounted,
    At(String),
}

/// How a blob came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was there.
    Present,
    /// Another repository had it.
    Mounted,
    /// Its bytes went over the wire.
    Uploaded,
}

impl<'a> Uploader<'a> {
    /// An uploader into one repository.
    #[must_use]
    pub fn new(client: &'a Client, repository: &'a str, retry: Retry) -> Uploader<'a> {
        Uploader { client, repository, scopes: [Scope::push(repository)], retry }
    }

    /// Sees to it that a blob is there. It may be mounted from one of the repositories `elsewhere`.
    ///
    /// # Errors
    /// What the registry answers, and what reading the blob fails with.
    pub fn blob(&self, digest: &BlobDigest, size: u64, elsewhere: &[&str], open: &Open<'_>) -> Result<Sent> {
        if self.has(digest)? {
            return Ok(Sent::Present);
        }
        let mut from = elsewhere.first().copied();
        let mut failures = 0;
        loop {
            let attempt = || -> Result<Sent> {
                let location = match retry::run(self.retry, || self.begin(digest, from))? {
                    Begun::Mounted => return Ok(Sent::Mounted),
                    Begun::At(location) => location,
                };
                self.send(digest, size, location, open).map(|()| Sent::Uploaded)
            };
            let error = match attempt() {
                Ok(sent) => return Ok(sent),
                Err(error) => error,
            };
            // The registry may have taken it although its answer was lost, or have lost it.
            if self.has(digest).unwrap_or(false) {
                return Ok(Sent::Uploaded);
            }
            let Some(wait) = retry::pause(self.retry, failures, &error) else { return Err(error) };
            std::thread::sleep(wait);
            failures += 1;
            from = None;
        }
    }

    /// Writes a manifest or an index under a tag, or under its digest.
    ///
    /// # Errors
    /// What the registry answers; `Failed` when it took something else.
    pub fn manifest(&self, selector: &str, media_type: &str, bytes: &[u8]) -> Result<()> {
        let path = format!("/v2/{}/manifests/{selector}", self.repository);
        let response = retry::run(self.retry, || {
            let headers = [("content-type", media_type.to_string())];
            self.call(Method::PUT, Target::Path(&path), &headers, Payload::Bytes(bytes))
        })?;
        let said = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        match said.map(str::parse::<BlobDigest>) {
            Some(Ok(other)) if !other.fits(bytes) => Err(failed(format!(
                "{} says that the manifest's digest is {other} instead of {}",
                self.client.host(),
                BlobDigest::by(other.algorithm(), bytes)
            ))),
            _ => Ok(()),
        }
    }

    /// Whether a blob is there.
    ///
    /// # Errors
    /// What the registry answers, if it is not that.
    pub fn has(&self, digest: &BlobDigest) -> Result<bool> {
        let path = format!("/v2/{}/blobs/{digest}", self.repository);
        let asked = retry::run(self.retry, || {
            self.call(Method::HEAD, Target::Path(&path), &[], Payload::Empty).map(drop)
        });
        match asked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn begin(&self, digest: &BlobDigest, from: Option<&str>) -> Result<Begun> {
        let mut path = format!("/v2/{}/blobs/uploads/", self.repository);
        let mut scopes = vec![Scope::push(self.repository)];
        if let Some(from) = from {
            path += &format!("?mount={digest}&from={from}");
            scopes.push(Scope::pull(from));
        }
        let (method, to) = (Method::POST, Target::Path(&path));
        let call = Call { method, to, scopes: &scopes, headers: &[], payload: Payload::Empty };
        let response = match self.client.call(&call) {
            // Whoever may not read there can still send the blob.
            Err(error) if from.is_some() && error.kind() == Kind::Denied => return self.begin(digest, None),
            other => other.doing(|| "begin an upload")?,
        };
        if response.status() == StatusCode::CREATED {
            return Ok(Begun::Mounted);
        }
        self.location(&response, None).map(Begun::At)
    }

    fn send(&self, digest: &BlobDigest, size: u64, location: String, open: &Open<'_>) -> Result<()> {
        let octets = [("content-type", "application/octet-stream".to_string())];
        if size <= SMALL {
            let whole = || open(0);
            let to = with_digest(&location, digest);
            return retry::run(self.retry, || {
                let payload = Payload::Stream { length: size, open: &whole };
                self.call(Method::PUT, Target::Location(&to), &octets, payload).map(drop)
            });
        }
        let location = self.stream(size, location, open)?;
        let to = with_digest(&location, digest);
        retry::run(self.retry, || {
            self.call(Method::PUT, Target::Location(&to), &octets, Payload::Empty).map(drop)
        })
    }

    /// Sends all bytes, perhaps in several pieces, and returns where the upload is to be ended.
    fn stream(&self, size: u64, mut location: String, open: &Open<'_>) -> Result<String> {
        let (mut at, mut failures) = (0u64, 0);
        while at < size {
            let mut headers = vec![("content-type", "application/octet-stream".to_string())];
            if at > 0 {
                headers.push(("content-range", format!("{at}-{}", size - 1)));
            }
            let rest = || open(at);
            let payload = Payload::Stream { length: size - at, open: &rest };
            let error = match self.call(Method::PATCH, Target::Location(&location), &headers, payload) {
                Ok(response) => {
                    location = self.location(&response, Some(&location))?;
                    // One that does not say took it all: the digest will tell.
                    at = range_end(&response).filter(|end| *end > at && *end <= size).unwrap_or(size);
                    continue;
                }
                Err(error) => error,
            };
            let Some(wait) = retry::pause(self.retry, failures, &error) else { return Err(error) };
            std::thread::sleep(wait);
            failures += 1;
            // How far did it come? What does not answer that begins anew.
            let state = retry::run(self.retry, || {
                self.call(Method::GET, Target::Location(&location), &[], Payload::Empty)
            });
            let Ok(state) = state else { return Err(error) };
            location = self.location(&state, Some(&location))?;
            at = range_end(&state).filter(|end| *end <= size).unwrap_or(0);
        }
        Ok(location)
    }

    fn call<'b>(
        &'b self,
        method: Method,
        to: Target<'b>,
        headers: &'b [(&'b str, String)],
        payload: Payload<'b>,
    ) -> Result<Response<Body>> {
        self.client.call(&Call { method, to, scopes: &self.scopes, headers, payload })
    }

    fn location(&self, response: &Response<Body>, before: Option<&str>) -> Result<String> {
        let said = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        said.or(before)
            .map(str::to_string)
            .ok_or_else(|| failed(format!("{} does not say where to upload to", self.client.host())))
    }
}

/// The number of bytes that the registry has: `Range: 0-1023` are 1024; `0-0` is none or one, so none.
fn range_end(response: &Response<Body>) -> Option<u64> {
    let text = response.headers().get(header::RANGE)?.to_str().ok()?;
    let last: u64 = text.trim_start_matches("bytes=").split_once('-')?.1.parse().ok()?;
    Some(if last == 0 { 0 } else { last + 1 })
}

/// The address at which an upload ends.
fn with_digest(location: &str, digest: &BlobDigest) -> String {
    let join = if location.contains('?') { '&' } else { '?' };
    format!("{location}{join}digest={digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_ends_where_the_registry_says() {
        let digest = BlobDigest::of(b"x");
        assert_eq!(with_digest("/v2/a/u?state=1", &digest), format!("/v2/a/u?state=1&digest={digest}"));
        assert_eq!(with_digest("/v2/a/u", &digest), format!("/v2/a/u?digest={digest}"));
    }

    #[test]
    fn the_last_byte_is_counted() {
        let response =
            |range: &str| Response::builder().header("range", range).body(Body::builder().data("")).unwrap();
        assert_eq!(range_end(&response("0-1023")), Some(1024));
        assert_eq!(range_end(&response("bytes=0-9")), Some(10));
        assert_eq!(range_end(&response("0-0")), Some(0));
        assert_eq!(range_end(&response("x")), None);
    }
}
