//! What a registry has: its own search where it offers one, else its catalogue.
//!
//! Source: docker's v1 search API; OCI distribution specification, "Catalog" of its predecessor.

use super::auth::{Scope, percent_encode};
use super::client::{Call, Client};
use super::http::{Payload, Target, http_error};
use super::retry;
use crate::error::{Kind, Result, failed};
use crate::image::access::Retry;
use serde::Deserialize;
use ureq::http::{Method, header};

/// Answers longer than this are not read.
const MAX_PAGE: u64 = 4 << 20;
/// Nor are more names than this.
const MAX_NAMES: usize = 100_000;

/// A repository that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Hit {
    /// Below the registry.
    pub name: String,
    /// In its maker's words; a catalogue has none.
    pub description: String,
    /// How many people like it.
    #[serde(rename = "star_count")]
    pub stars: u64,
    /// It is one of docker.io's own.
    #[serde(rename = "is_official")]
    pub official: bool,
    /// It was built there.
    #[serde(rename = "is_automated")]
    pub automated: bool,
}

/// Up to `limit` repositories whose names, or what else the registry looks at, contain `term`.
///
/// # Errors
/// What the registry answers, and what keeps it from answering.
pub fn search(client: &Client, term: &str, limit: usize, retry: Retry) -> Result<Vec<Hit>> {
    match by_index(client, term, limit, retry) {
        // It has no search of its own, or not for us; the catalogue says why not if it is that.
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Denied | Kind::Invalid) => {
            by_catalogue(client, term, limit, retry)
        }
        done => done,
    }
}

fn get(client: &Client, path: &str, scopes: &[Scope]) -> Result<(Vec<u8>, Option<String>)> {
    let (to, payload) = (Target::Path(path), Payload::Empty);
    let mut response = client.call(&Call { method: Method::GET, to, scopes, headers: &[], payload })?;
    let link = response.headers().get(header::LINK).and_then(|v| v.to_str().ok()).map(str::to_string);
    let body = response.body_mut().with_config().limit(MAX_PAGE).read_to_vec().map_err(http_error)?;
    Ok((body, link))
}

fn by_index(client: &Client, term: &str, limit: usize, retry: Retry) -> Result<Vec<Hit>> {
    #[derive(Deserialize)]
    struct Page {
        results: Vec<Hit>,
    }
    let path = format!("/v1/search?q={}&n={limit}", percent_encode(term));
    let (body, _) = retry::run(retry, || get(client, &path, &[]))?;
    // Some answer any address with a page for people.
    let page: Page = serde_json::from_slice(&body)
        .map_err(|cause| failed("its search answers nonsense").because(cause).with_kind(Kind::Invalid))?;
    Ok(page.results.into_iter().take(limit).collect())
}

fn by_catalogue(client: &Client, term: &str, limit: usize, retry: Retry) -> Result<Vec<Hit>> {
    #[derive(Deserialize)]
    struct Page {
        #[serde(default)]
        repositories: Option<Vec<String>>,
    }
    let mut found = Vec::new();
    let mut seen = 0;
    let mut path = "/v2/_catalog?n=1000".to_string();
    while found.len() < limit && seen < MAX_NAMES {
        let (body, link) = retry::run(retry, || get(client, &path, &[Scope::catalog()]))?;
        let page: Page = serde_json::from_slice(&body)
            .map_err(|cause| failed(format!("{} sent no catalogue", client.host())).because(cause))?;
        let names = page.repositories.unwrap_or_default();
        seen += names.len();
        let hits = names.into_iter().filter(|name| name.contains(term));
        found.extend(hits.map(|name| Hit { name, ..Hit::default() }));
        // `</v2/_catalog?last=x&n=1000>; rel="next"`
        let next = link.as_deref().and_then(|link| link.split_once("_catalog")?.1.split_once('>'));
        match next {
            Some((query, _)) => path = format!("/v2/_catalog{query}"),
            None => break,
        }
    }
    found.truncate(limit);
    Ok(found)
}
