//! Image references: registry, repository, tag, digest.
//!
//! Source: the grammar of the distribution project ("reference" package) and docker's
//! normalisation: a first component without `.`, `:` and upper case that is not `localhost` is
//! part of the repository, the registry is then docker.io, and a repository of one component on
//! docker.io lies under `library/`.

use super::digest::{BlobDigest, digits};
use crate::error::{Error, Result, invalid};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The registry that names without one belong to.
pub const DOCKER_IO: &str = "docker.io";

/// A complete name of an image: nothing in it is implied any more, except perhaps the tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<BlobDigest>,
}

impl Reference {
    /// Reads a name as docker does: `debian` is `docker.io/library/debian`. A missing tag stays
    /// missing; see [`Reference::tagged`].
    ///
    /// # Errors
    /// `Invalid`, with the part of the grammar that it breaks.
    pub fn parse(text: &str) -> Result<Reference> {
        let parts = Parts::split(text)?;
        let registry = parts.registry.unwrap_or(DOCKER_IO).to_string();
        // index.docker.io is what old clients wrote into their files.
        let registry = if registry == "index.docker.io" { DOCKER_IO.to_string() } else { registry };
        let repository = if registry == DOCKER_IO && !parts.path.contains('/') {
            format!("library/{}", parts.path)
        } else {
            parts.path.to_string()
        };
        // "library/" counts.
        check_length(text, &repository)?;
        Ok(Reference {
            registry,
            repository,
            tag: parts.tag.map(str::to_string),
            digest: parts.digest.map(str::parse).transpose()?,
        })
    }

    /// Reads a name that something made here is to have: without a registry it goes to `localhost/`.
    ///
    /// # Errors
    /// `Invalid` as in [`Reference::parse`], or when the name carries a digest.
    pub fn parse_local(text: &str) -> Result<Reference> {
        let parts = Parts::split(text)?;
        if parts.digest.is_some() {
            return Err(invalid(format!("{text:?} cannot be a new name: it contains a digest")));
        }
        let like_an_id = |path: &str| path.len() == 64 && path.bytes().all(|b| b.is_ascii_hexdigit());
        // `sha256:0a…` is one as well, and could never be asked for by that name.
        if parts.registry.is_none() && (like_an_id(parts.path) || digits(text) != text) {
            return Err(invalid(format!("{text:?} cannot be a new name: it looks like an image's id")));
        }
        let named = match parts.registry {
            Some(_) => Reference::parse(text)?,
            None => Reference::parse(&format!("localhost/{text}"))?,
        };
        Ok(named.tagged())
    }

    /// Whether the text names no registry, so that short-name rules apply.
    ///
    /// # Errors
    /// `Invalid` when it is no reference at all.
    pub fn is_short(text: &str) -> Result<bool> {
        Ok(Parts::split(text)?.registry.is_none())
    }

    /// Host and optional port.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path below the registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Registry and repository: `docker.io/library/debian`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The tag, if the text had one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The manifest's digest, if the text had one.
    #[must_use]
    pub fn digest(&self) -> Option<&BlobDigest> {
        self.digest.as_ref()
    }

    /// The same with `latest` as its tag if it has neither tag nor digest.
    #[must_use]
    pub fn tagged(mut self) -> Reference {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some("latest".to_string());
        }
        self
    }

    /// The same repository by digest alone, as in RepoDigests.
    #[must_use]
    pub fn with_digest(&self, digest: BlobDigest) -> Reference {
        Reference { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// The same with both tag and digest dropped in favour of the digest, where it has one: what
    /// an image pulled by digest is stored as.
    #[must_use]
    pub fn canonical(&self) -> Reference {
        match &self.digest {
            Some(digest) => self.with_digest(digest.clone()),
            None => self.clone().tagged(),
        }
    }

    /// The same tag and digest under another name (`registry/repository`), as mirrors need it.
    ///
    /// # Errors
    /// `Invalid` when `name` is not a name.
    pub fn renamed(&self, name: &str) -> Result<Reference> {
        let (registry, repository) = name
            .split_once('/')
            .ok_or_else(|| invalid(format!("{name:?} is not a registry and a repository")))?;
        check_registry(name, registry)?;
        check_path(name, repository)?;
        Ok(Reference {
            registry: registry.to_string(),
            repository: repository.to_string(),
            tag: self.tag.clone(),
            digest: self.digest.clone(),
        })
    }

    /// What comes last in a manifest's address: the digest, else the tag, else `latest`.
    #[must_use]
    pub fn manifest_selector(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_string(),
        }
    }
}

impl FromStr for Reference {
    type Err = Error;
    fn from_str(text: &str) -> Result<Reference> {
        Reference::parse(text)
    }
}

impl TryFrom<String> for Reference {
    type Error = Error;
    fn try_from(text: String) -> Result<Reference> {
        Reference::parse(&text)
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> String {
        reference.to_string()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// A reference cut at its marks, each part checked, nothing filled in.
struct Parts<'a> {
    registry: Option<&'a str>,
    path: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Parts<'a>> {
        if text.is_empty() {
            return Err(invalid("an image's name cannot be empty"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon after the last slash begins the tag; one before it is a port.
        let name_start = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest[name_start..].find(':') {
            Some(at) => (&rest[..name_start + at], Some(&rest[name_start + at + 1..])),
            None => (rest, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, path)) if is_registry(first) => (Some(first), path),
            _ => (None, name),
        };
        if let Some(registry) = registry {
            check_registry(text, registry)?;
        }
        check_path(text, path)?;
        if let Some(tag) = tag {
            check_tag(text, tag)?;
        }
        check_length(text, path)?;
        Ok(Parts { registry, path, tag, digest })
    }
}

fn check_length(text: &str, repository: &str) -> Result<()> {
    if repository.len() > 255 {
        return Err(invalid(format!("{text:?} is not an image's name: it is longer than 255 bytes")));
    }
    Ok(())
}

fn is_registry(first: &str) -> bool {
    first.contains('.')
        || first.contains(':')
        || first == "localhost"
        || first.bytes().any(|b| b.is_ascii_uppercase())
}

fn check_registry(text: &str, registry: &str) -> Result<()> {
    let bad = || invalid(format!("{text:?} is not an image's name: {registry:?} is not a host"));
    let (host, port) = match registry.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or_else(bad)?;
            if host.is_empty() || !host.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
                return Err(bad());
            }
            (None, if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or_else(bad)?) })
        }
        None => match registry.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(registry), None),
        },
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.is_some_and(|host| !host.split('.').all(label)) {
        return Err(bad());
    }
    match port {
        Some(port) if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) => Err(bad()),
        _ => Ok(()),
    }
}

fn check_path(text: &str, path: &str) -> Result<()> {
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(invalid(format!("{text:?} is not an image's name: the repository must be lower case")));
    }
    if path.split('/').all(is_component) {
        Ok(())
    } else {
        Err(invalid(format!("{text:?} is not an image's name (REGISTRY/REPOSITORY:TAG)")))
    }
}

/// `[a-z0-9]+` joined by one `.`, one or two `_`, or any number of `-`.
fn is_component(component: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let edges = bytes.first().copied().is_some_and(word) && bytes.last().copied().is_some_and(word);
    edges
        && bytes
            .split(|&b| word(b))
            .all(|gap| matches!(gap, b"" | b"." | b"_" | b"__") || gap.iter().all(|&b| b == b'-'))
}

fn check_tag(text: &str, tag: &str) -> Result<()> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let bytes = tag.as_bytes();
    let good = bytes.len() <= 128
        && bytes.first().copied().is_some_and(word)
        && bytes.iter().all(|&b| word(b) || matches!(b, b'.' | b'-'));
    if good {
        Ok(())
    } else {
        Err(invalid(format!(
            "{text:?} is not an image's name: the tag {tag:?} may have up to 128 letters, digits, '_', '.', '-'"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(text: &str) -> String {
        Reference::parse(text).unwrap().to_string()
    }

    #[test]
    fn short_names_go_to_docker_io() {
        assert_eq!(full("debian"), "docker.io/library/debian");
        assert_eq!(full("a/b:1.0"), "docker.io/a/b:1.0");
        assert_eq!(full("docker.io/debian"), "docker.io/library/debian");
        assert_eq!(full("index.docker.io/debian"), "docker.io/library/debian");
    }

    #[test]
    fn a_host_is_told_from_a_directory() {
        assert_eq!(full("localhost/x"), "localhost/x");
        assert_eq!(full("127.0.0.1:5000/x/y:t"), "127.0.0.1:5000/x/y:t");
        assert_eq!(full("[::1]:5000/x"), "[::1]:5000/x");
        assert_eq!(full("host:5000/x").as_str(), "host:5000/x");
    }

    #[test]
    fn digests_and_tags_are_kept() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let both = Reference::parse(&format!("q.io/x:1@{digest}")).unwrap();
        assert_eq!((both.tag(), both.digest().unwrap().to_string()), (Some("1"), digest.clone()));
        assert_eq!(both.canonical().to_string(), format!("q.io/x@{digest}"));
        assert_eq!(both.manifest_selector(), digest);
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        let long = "a".repeat(256);
        for bad in [
            "",
            "Debian",
            "a//b",
            "/a",
            "a/",
            "-a",
            "a-",
            "a..b",
            "a___b",
            "a:",
            "a:-x",
            "a@sha256:12",
            "a b",
            "ho_st.x/a",
            "https://x/y",
            "a:5000x/y",
            "q.io/",
            "../x",
            &long,
        ] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
        for good in ["a--b", "a__b", "a.b", "1", "a/b/c/d", "x:_1"] {
            assert!(Reference::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn new_names_without_a_registry_are_local() {
        assert_eq!(Reference::parse_local("deb").unwrap().to_string(), "localhost/deb:latest");
        assert_eq!(Reference::parse_local("q.io/deb:1").unwrap().to_string(), "q.io/deb:1");
    }

    #[test]
    fn every_part_round_trips_with_every_other() {
        let sha = format!("sha256:{}", "0f".repeat(32));
        let label = "x".repeat(63);
        let long_host = format!("{label}.{label}.{label}.example:65535");
        let hosts = [
            "q.io",
            "localhost",
            "UPPER.Example",
            "h:1",
            "127.0.0.1:5000",
            "[2001:db8::1]:443",
            "UP",
            &long_host,
        ];
        let deep = vec!["a"; 128].join("/");
        let long_path = "p".repeat(255);
        let paths = ["a", "a/b", "a__b/c--d/e.f_g", "0", &deep, &long_path];
        let long_tag = format!("_{}", "T".repeat(127));
        let tags = ["", ":1", ":latest", ":v1.0-x_y.Z", &long_tag].map(str::to_string);
        let long_tag = format!(":{}", long_tag.trim_start_matches(':'));
        for host in hosts {
            for path in paths {
                for tag in tags.iter().map(|tag| if tag.len() > 100 { &long_tag } else { tag }) {
                    for digest in [String::new(), format!("@{sha}")] {
                        let text = format!("{host}/{path}{tag}{digest}");
                        let parsed = Reference::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
                        assert_eq!(parsed.to_string(), text);
                        assert_eq!((parsed.registry(), parsed.repository()), (host, path), "{text}");
                        assert_eq!(parsed.tag().unwrap_or_default(), tag.trim_start_matches(':'));
                        assert_eq!(Reference::parse(&parsed.to_string()).unwrap(), parsed);
                    }
                }
            }
        }
        let (tag, path, library) = ("t".repeat(129), "p".repeat(256), "p".repeat(248));
        for bad in [format!("q.io/a:{tag}"), format!("q.io/{path}"), library] {
            assert!(Reference::parse(&bad).is_err(), "{bad}");
        }
        let long = format!("q.io/a@sha512:{}", "0f".repeat(64));
        assert_eq!(Reference::parse(&long).unwrap().to_string(), long);
        let other = Reference::parse(&format!("a@sha384:{}", "0f".repeat(48))).unwrap_err();
        assert_eq!(other.kind(), crate::error::Kind::Unsupported);
    }

    /// The grammar as the distribution project writes it down, against what is written here, over
    /// texts that are nearly names.
    #[test]
    fn the_grammar_is_that_of_the_distribution_project() {
        let label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
        let domain = format!(r"(?:{label}(?:\.{label})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?");
        let component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
        let path = format!("{component}(?:/{component})*");
        let rest = r"(?::([\w][\w.-]{0,127}))?(?:@sha256:[0-9a-f]{64})?";
        let with_domain = regex::Regex::new(&format!("^({domain})/{path}{rest}$")).unwrap();
        let without = regex::Regex::new(&format!("^{path}{rest}$")).unwrap();
        let sha = format!("@sha256:{}", "0a".repeat(32));
        let pieces = [
            "a",
            "b",
            "Z",
            "0",
            ".",
            "-",
            "_",
            "__",
            "/",
            ":",
            "@",
            "[",
            "]",
            "localhost",
            "x.y",
            ":5",
            " ",
            &sha,
        ];
        let (mut state, mut good) = (1u64, 0);
        for _ in 0..60_000 {
            let mut text = String::new();
            for _ in 0..=(state >> 60) {
                // Knuth's MMIX generator: the same texts each time.
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            let first = text.split('/').next().unwrap_or_default();
            // Docker's normalisation: what counts as a host at all.
            let named = text.contains('/') && is_registry(first);
            let right = if named { with_domain.is_match(&text) } else { without.is_match(&text) };
            assert_eq!(Reference::parse(&text).is_ok(), right, "{text:?}");
            good += usize::from(right);
        }
        assert!(good > 1_500, "only {good} names");
    }

    #[test]
    fn an_id_is_no_new_name() {
        assert!(Reference::parse_local(&"ab".repeat(32)).is_err());
        assert!(Reference::parse_local(&"ab".repeat(31)).is_ok());
    }
}
