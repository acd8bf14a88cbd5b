//! `search`: what registries have.

use super::pull::{self, PullRequest};
use crate::container::request::PullPolicy;
use crate::error::{Doing, Error, Result, failed, invalid};
use crate::image::access::RegistryOptions;
use crate::image::reference::DOCKER_IO;
use crate::registry::client::Client;
use crate::registry::conf::Registries;
use crate::registry::endpoint::Endpoint;
use crate::registry::search::{self, Hit};
use crate::transfer;

/// Where docker.io's search is.
const DOCKER_IO_SEARCH: &str = "index.docker.io";

/// What to look for.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// `TERM`, `REGISTRY/TERM` or `REGISTRY/`.
    pub term: String,
    /// The most of each registry.
    pub limit: usize,
    /// How registries are reached.
    pub registry: RegistryOptions,
}

/// A repository, and the registry that has it.
#[derive(Clone, Debug)]
pub struct Found {
    /// Host and port.
    pub registry: String,
    /// What is there.
    pub hit: Hit,
}

/// `--filter`: all of them must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    stars: u64,
    official: Option<bool>,
    automated: Option<bool>,
}

impl Filters {
    /// Parses `stars=N`, `is-official[=BOOL]` and `is-automated[=BOOL]`.
    ///
    /// # Errors
    /// `Invalid` for anything else.
    pub fn parse(words: &[String]) -> Result<Filters> {
        let mut filters = Filters::default();
        for word in words {
            let bad = || {
                invalid(format!("invalid filter type {word:?}"))
                    .hint("there are: stars=NUMBER, is-official=BOOL, is-automated=BOOL")
            };
            let (key, value) = word.split_once('=').unwrap_or((word, "true"));
            let truth = || value.parse::<bool>().map_err(|_| bad());
            match key {
                "stars" => filters.stars = value.parse().map_err(|_| bad())?,
                "is-official" => filters.official = Some(truth()?),
                "is-automated" => filters.automated = Some(truth()?),
                _ => return Err(bad()),
            }
        }
        Ok(filters)
    }

    /// Whether a repository is meant.
    #[must_use]
    pub fn hold(&self, hit: &Hit) -> bool {
        hit.stars >= self.stars
            && self.official.is_none_or(|wanted| wanted == hit.official)
            && self.automated.is_none_or(|wanted| wanted == hit.automated)
    }
}

/// Looks in the registry that the term names, or in all search registries. Also returns what went
/// wrong with some while others answered.
///
/// # Errors
/// When none answers.
pub fn search(request: &SearchRequest, filters: &Filters) -> Result<(Vec<Found>, Vec<Error>)> {
    let registries = Registries::load()?;
    let (places, term) = match registry_of(&request.term) {
        Some((registry, term)) => (vec![registry.to_string()], term),
        None => (registries.search(), request.term.as_str()),
    };
    let (mut found, mut errors, mut answered) = (Vec::new(), Vec::new(), false);
    for registry in places {
        match one(request, &registries, &registry, term) {
            Ok(hits) => {
                answered = true;
                let hits = hits.into_iter().filter(|hit| filters.hold(hit));
                found.extend(hits.map(|hit| Found { registry: registry.clone(), hit }));
            }
            Err(error) => errors.push(error),
        }
    }
    if answered {
        return Ok((found, errors));
    }
    Err(errors.into_iter().next().unwrap_or_else(|| failed("there is no registry to ask")))
}

fn one(request: &SearchRequest, registries: &Registries, registry: &str, term: &str) -> Result<Vec<Hit>> {
    let doing = || format!("search {registry}");
    let insecure = registries.is_insecure(registry, registry).doing(doing)?;
    let mut endpoint = Endpoint::new(&request.registry, registries, registry, "", insecure).doing(doing)?;
    if registry == DOCKER_IO {
        endpoint.registry = DOCKER_IO_SEARCH.to_string();
    }
    let client = Client::new(&endpoint).doing(doing)?;
    search::search(&client, term, request.limit, request.registry.retry).doing(doing)
}

/// The registry at the beginning of a term.
fn registry_of(term: &str) -> Option<(&str, &str)> {
    let (first, rest) = term.split_once('/')?;
    (first.contains(['.', ':']) || first == "localhost").then_some((first, rest))
}

/// The tags of a repository: its full name, and up to `limit` of them.
///
/// # Errors
/// As [`pull::all_tags`].
pub fn tags(request: &SearchRequest) -> Result<(String, Vec<String>)> {
    let mut pull = PullRequest::new(&request.term, PullPolicy::Always);
    pull.registry = request.registry.clone();
    let all = transfer::pull::all_tags(&pull::tags_job(&pull)?)?;
    let split = |full: &String| full.rsplit_once(':').map(|(name, tag)| (name.to_string(), tag.to_string()));
    let mut name = request.term.clone();
    let mut tags = Vec::new();
    for (repository, tag) in all.iter().filter_map(split).take(request.limit) {
        name = repository;
        tags.push(tag);
    }
    Ok((name, tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_may_begin_with_a_registry() {
        assert_eq!(registry_of("q.io/a/b"), Some(("q.io", "a/b")));
        assert_eq!(registry_of("h:5000/"), Some(("h:5000", "")));
        assert_eq!(registry_of("library/debian"), None);
        assert_eq!(registry_of("debian"), None);
    }

    #[test]
    fn filters_hold_together() {
        let filters =
            |words: &[&str]| Filters::parse(&words.iter().map(|w| (*w).to_string()).collect::<Vec<_>>());
        let hit = Hit { stars: 5, official: true, ..Hit::default() };
        assert!(filters(&["stars=5", "is-official"]).unwrap().hold(&hit));
        assert!(!filters(&["stars=6"]).unwrap().hold(&hit));
        assert!(!filters(&["is-official=false"]).unwrap().hold(&hit));
        assert!(!filters(&["is-automated=true"]).unwrap().hold(&hit));
        for bad in ["stars", "stars=x", "bogus=1", "is-official=maybe"] {
            assert!(filters(&[bad]).is_err(), "{bad}");
        }
    }
}
