//! Manifests and blobs out of a registry.
//!
//! Source: OCI distribution specification 1.1, "Pull".

use super::client::Client;
use super::http::http_error;
use super::retry::{self, Transient};
use crate::error::{Doing, Error, Kind, Result, failed};
use crate::image::access::Retry;
use crate::image::digest::{Algorithm, BlobDigest};
use crate::image::manifest::{Descriptor, MAX_MANIFEST, media};
use std::io::{self, Read};
use ureq::http::{StatusCode, header};

/// The bytes of a manifest, and the media type that the registry gave it.
#[derive(Clone, Debug)]
pub struct RawManifest {
    /// As the registry sent it, which is what its digest is of.
    pub bytes: Vec<u8>,
    /// Without parameters.
    pub media_type: Option<String>,
    /// Of the bytes.
    pub digest: BlobDigest,
}

/// Gets a manifest or an index by tag or digest; by digest it is verified.
///
/// # Errors
/// `NotFound`, `Denied`; `Failed` for a wrong digest, one larger than 4 MiB, and the network.
pub fn manifest(client: &Client, repository: &str, selector: &str, retry: Retry) -> Result<RawManifest> {
    let wanted = selector.parse::<BlobDigest>().ok();
    let algorithm = wanted.as_ref().map_or(Algorithm::Sha256, BlobDigest::algorithm);
    let raw = retry::run(retry, || {
        let headers = [("accept", media::ACCEPT.to_string())];
        let mut response = client.get(repository, &format!("manifests/{selector}"), &headers)?;
        let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let media_type =
            media_type.and_then(|text| text.split(';').next()).map(|text| text.trim().to_string());
        let body = response.body_mut().with_config().limit(MAX_MANIFEST);
        let bytes = body.read_to_vec().map_err(|cause| match cause {
            ureq::Error::BodyExceedsLimit(_) => failed("the manifest is larger than 4 MiB"),
            other => http_error(other),
        })?;
        let digest = BlobDigest::by(algorithm, &bytes);
        Ok(RawManifest { bytes, media_type, digest })
    })?;
    match wanted {
        Some(wanted) if wanted != raw.digest => {
            Err(failed(format!("the registry sent a manifest with the digest {} for {wanted}", raw.digest)))
        }
        _ => Ok(raw),
    }
}

/// A list of tags that is longer than this is not read to its end.
const MAX_LIST: u64 = 32 << 20;

/// The tags of a repository, page by page.
///
/// # Errors
/// As [`manifest`]; `Failed` for a list without end.
pub fn tags(client: &Client, repository: &str, retry: Retry) -> Result<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct List {
        #[serde(default)]
        tags: Option<Vec<String>>,
    }
    let mut all: Vec<String> = Vec::new();
    let mut left = MAX_LIST;
    let mut path = "tags/list?n=1000".to_string();
    for _ in 0..1000 {
        let (bytes, next) = retry::run(retry, || {
            let mut response = client.get(repository, &path, &[])?;
            // `</v2/…/tags/list?last=x&n=1000>; rel="next"`
            let next = response.headers().get(header::LINK).and_then(|v| v.to_str().ok());
            let next =
                next.and_then(|link| Some(link.split_once("tags/list")?.1.split_once('>')?.0.to_string()));
            let body = response.body_mut().with_config().limit(MAX_MANIFEST);
            Ok((body.read_to_vec().map_err(http_error)?, next))
        })?;
        left = left.saturating_sub(bytes.len() as u64);
        let list: List = serde_json::from_slice(&bytes)
            .map_err(|cause| failed(format!("{} sent no list of tags", client.host())).because(cause))?;
        all.extend(list.tags.unwrap_or_default());
        match next {
            Some(query) if left > 0 => path = format!("tags/list{query}"),
            Some(_) => break,
            None => return Ok(all),
        }
    }
    Err(failed(format!("{}'s list of tags has no end", client.host())))
}

/// Gets a small blob whole and verifies it.
///
/// # Errors
/// As [`manifest`].
pub fn small_blob(
    client: &Client,
    repository: &str,
    descriptor: &Descriptor,
    limit: u64,
    retry: Retry,
) -> Result<Vec<u8>> {
    if descriptor.size > limit {
        return Err(failed(format!("{} is larger than {limit} bytes", descriptor.digest)));
    }
    let mut bytes = Vec::new();
    BlobReader::open(client, repository, descriptor, retry)?
        .read_to_end(&mut bytes)
        .map_err(unwrap_io)
        .doing(|| format!("get {}", descriptor.digest))?;
    let digest = BlobDigest::by(descriptor.digest.algorithm(), &bytes);
    if digest != descriptor.digest {
        return Err(failed(format!(
            "the registry sent something with the digest {digest} for {}",
            descriptor.digest
        )));
    }
    Ok(bytes)
}

/// A blob as it arrives. When the connection breaks, the rest is asked for again.
///
/// Reads exactly as many bytes as the descriptor says or fails; the digest is the caller's to check.
pub struct BlobReader<'a> {
    client: &'a Client,
    repository: &'a str,
    descriptor: &'a Descriptor,
    body: ureq::BodyReader<'static>,
    at: u64,
    retry: Retry,
    failures: u32,
    /// Where the last failure was.
    failed_at: u64,
}

/// A connection that brings this many bytes is a good one: the next failure is a new one. One that
/// always breaks off after a few bytes is not tried for ever.
const PROGRESS: u64 = 256 << 10;

impl<'a> BlobReader<'a> {
    /// Begins.
    ///
    /// # Errors
    /// As [`manifest`].
    pub fn open(
        client: &'a Client,
        repository: &'a str,
        descriptor: &'a Descriptor,
        retry: Retry,
    ) -> Result<BlobReader<'a>> {
        let body = retry::run(retry, || request(client, repository, descriptor, 0))?;
        Ok(BlobReader { client, repository, descriptor, body, at: 0, retry, failures: 0, failed_at: 0 })
    }

    /// Waits and asks for the rest.
    fn resume(&mut self, mut cause: Error) -> io::Result<()> {
        loop {
            let Some(wait) = retry::pause(self.retry, self.failures, &cause) else {
                return Err(io::Error::other(cause));
            };
            std::thread::sleep(wait);
            self.failures += 1;
            self.failed_at = self.at;
            match request(self.client, self.repository, self.descriptor, self.at) {
                Ok(body) => {
                    self.body = body;
                    return Ok(());
                }
                Err(error) => cause = error,
            }
        }
    }
}

impl Read for BlobReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let left = self.descriptor.size - self.at;
            if left == 0 {
                // One byte more than promised is one too many.
                return match self.body.read(&mut [0]) {
                    Ok(1..) => Err(io::Error::other(failed("the blob is longer than its manifest says"))),
                    _ => Ok(0),
                };
            }
            let want = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match self.body.read(&mut into[..want]) {
                Ok(0) => {
                    let what = format!("the blob ends after {} of {} bytes", self.at, self.descriptor.size);
                    self.resume(failed(what).because(Transient(None)))?;
                }
                Ok(got) => {
                    self.at += got as u64;
                    if self.at - self.failed_at >= PROGRESS {
                        self.failures = 0;
                    }
                    return Ok(got);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let cause = Error::from(error).with_kind(Kind::Failed).chain();
                    self.resume(failed(cause).because(Transient(None)))?;
                }
            }
        }
    }
}

/// Asks for a blob from byte `from` on.
fn request(
    client: &Client,
    repository: &str,
    descriptor: &Descriptor,
    from: u64,
) -> Result<ureq::BodyReader<'static>> {
    let path = format!("blobs/{}", descriptor.digest);
    let mut headers = Vec::new();
    if from > 0 {
        headers.push(("range", format!("bytes={from}-")));
    }
    let response = client.get(repository, &path, &headers)?;
    let status = response.status();
    // The reader stops by itself; ureq's own limit is for whole bodies in memory.
    let mut body = response.into_body().into_with_config().limit(u64::MAX).reader();
    if from > 0 && status != StatusCode::PARTIAL_CONTENT {
        // It knows no ranges and begins anew.
        let skipped =
            io::copy(&mut (&mut body).take(from), &mut io::sink()).doing(|| "read the blob again")?;
        if skipped < from {
            return Err(failed("the registry sends less than before"));
        }
    }
    Ok(body)
}

/// Our own error out of the I/O error that carried it through a reader.
pub fn unwrap_io(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(error) => error.into(),
    }
}
