//! Lists images.

use super::select::moment;
use crate::error::{Error, Kind, Result, invalid};
use crate::image::digest::digits;
use crate::image::reference::Reference;
use crate::store::containers;
use crate::store::images::{self, Image};
use crate::store::layout::Store;
use crate::transfer::named;
use jiff::Timestamp;
use std::collections::HashMap;

/// Lists all images, the newest first.
///
/// # Errors
/// When the store cannot be read.
pub fn list(store: &Store) -> Result<Vec<Image>> {
    let mut all = images::list(store)?;
    all.sort_by_key(|image| std::cmp::Reverse(image.created));
    Ok(all)
}

/// How many containers were made from each image, by its id. Reads every container.
///
/// # Errors
/// When the store cannot be read.
pub fn users(store: &Store) -> Result<HashMap<String, u32>> {
    let mut users = HashMap::new();
    for id in containers::list(store)? {
        // One that is broken, or gone by now, is nobody's user.
        if let Ok(config) = containers::config(store, &id)
            && let Some(image) = &config.image.id
        {
            *users.entry(image.hex().to_string()).or_insert(0) += 1;
        }
    }
    Ok(users)
}

/// The words of all `--filter` of one `images`. Words with the same key are alternatives, except
/// labels; different keys must all hold.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    tests: Vec<(String, Test)>,
}

#[derive(Clone, Debug)]
enum Test {
    Before(Timestamp),
    Since(Timestamp),
    Containers(bool),
    Dangling(bool),
    Id(String),
    Label {
        key: String,
        value: Option<String>,
        not: bool,
    },
    Reference(String),
    /// Of what no image here is, or every one is.
    Constant(bool),
}

impl Filters {
    /// Parses `KEY=VALUE` words.
    ///
    /// # Errors
    /// `Invalid` for an unknown key or a value that makes no sense; `NotFound` for an image that
    /// `before` or `since` names.
    pub fn parse(words: &[String], store: &Store) -> Result<Filters> {
        let mut filters = Filters::default();
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| {
                invalid(format!("the filter {word:?} is not of the form KEY=VALUE"))
                    .hint("for example --filter dangling=true")
            })?;
            let (key, not) = key.strip_suffix('!').map_or((key, false), |key| (key, true));
            if not && key != "label" {
                return Err(invalid(format!("{key}! is an invalid filter")));
            }
            let created = || -> Result<Timestamp> {
                let image = named::find(store, value)?
                    .ok_or_else(|| Error::new(Kind::NotFound, format!("{value}: image not known")))?;
                Ok(image.created.unwrap_or(Timestamp::MIN))
            };
            let test = match key {
                "before" => Test::Before(created()?),
                "since" | "after" => Test::Since(created()?),
                "until" => Test::Before(moment(value, Timestamp::now())?),
                "containers" => Test::Containers(boolean(key, value)?),
                "dangling" => Test::Dangling(boolean(key, value)?),
                // Only names that were pulled, loaded or made stand in the index.
                "intermediate" | "readonly" | "manifest" => Test::Constant(!boolean(key, value)?),
                "id" => Test::Id(digits(value).to_string()),
                "label" => {
                    let (key, value) = match value.split_once('=') {
                        Some((key, value)) => (key, Some(value.to_string())),
                        None => (value, None),
                    };
                    Test::Label { key: key.to_string(), value, not }
                }
                "reference" => Test::Reference(value.to_string()),
                _ => {
                    return Err(invalid(format!("{key} is an invalid filter")).hint(
                        "there are: after, before, containers, dangling, id, label, reference, since, until",
                    ));
                }
            };
            filters.tests.push((key.to_string(), test));
        }
        Ok(filters)
    }

    /// Adds what `images NAME` means: only this name.
    pub fn add_name(&mut self, name: &str) {
        self.tests.push(("reference".to_string(), Test::Reference(name.to_string())));
    }

    /// Whether they have to be told how many containers use an image.
    #[must_use]
    pub fn ask_for_users(&self) -> bool {
        self.tests.iter().any(|(_, test)| matches!(test, Test::Containers(_)))
    }

    /// Whether the image is meant; `name` is one of its names, or none if it has none.
    #[must_use]
    pub fn hold(&self, image: &Image, name: Option<&Reference>, users: u32) -> bool {
        let one = |test: &Test| match test {
            Test::Before(time) => image.created.unwrap_or(Timestamp::MIN) < *time,
            Test::Since(time) => image.created.unwrap_or(Timestamp::MIN) > *time,
            Test::Containers(wanted) => (users > 0) == *wanted,
            Test::Dangling(wanted) => image.names.is_empty() == *wanted,
            Test::Id(text) => image.id.hex().starts_with(text.as_str()),
            Test::Label { key, value, not } => {
                let there = image.config.config.labels.get(key);
                let holds = there.is_some_and(|there| value.as_ref().is_none_or(|wanted| wanted == there));
                holds != *not
            }
            Test::Reference(pattern) => name.is_some_and(|name| named(pattern, name)),
            Test::Constant(truth) => *truth,
        };
        self.tests.iter().all(|(key, test)| {
            if key == "label" {
                return one(test);
            }
            self.tests.iter().filter(|(other, _)| other == key).any(|(_, test)| one(test))
        })
    }
}

/// Whether a name is meant by a pattern: the whole name or its end after a `/`, with or without the
/// tag; `*` and `?` do not cross a `/`.
fn named(pattern: &str, name: &Reference) -> bool {
    let (whole, bare) = (name.to_string(), name.name());
    [whole.as_str(), bare.as_str()].into_iter().any(|text| {
        let mut rest = Some(text);
        while let Some(text) = rest {
            if wild(pattern.as_bytes(), text.as_bytes()) {
                return true;
            }
            rest = text.split_once('/').map(|(_, rest)| rest);
        }
        false
    })
}

fn wild(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            wild(rest, text) || text.split_first().is_some_and(|(c, tail)| *c != b'/' && wild(pattern, tail))
        }
        (Some((b'?', rest)), Some((c, tail))) => *c != b'/' && wild(rest, tail),
        (Some((p, rest)), Some((c, tail))) => p == c && wild(rest, tail),
        _ => false,
    }
}

fn boolean(key: &str, value: &str) -> Result<bool> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(invalid(format!("the filter {key} is true or false, not {value:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_matched_by_its_end_and_by_patterns() {
        let name = Reference::parse("docker.io/library/debian:12").unwrap();
        for good in [
            "debian",
            "debian:12",
            "library/debian",
            "deb*",
            "*/debian",
            "docker.io/library/debian:12",
            "d?bian",
        ] {
            assert!(named(good, &name), "{good}");
        }
        for bad in ["ebian", "debian:13", "library", "*/*/*/debian", "docker.io"] {
            assert!(!named(bad, &name), "{bad}");
        }
    }
}
