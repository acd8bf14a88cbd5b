//! registries.conf: which host answers for which name.
//!
//! Source: containers-registries.conf(5), version 2 of the format.

use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::image::reference::{DOCKER_IO, Reference};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// All the files together.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    search: Option<Vec<String>>,
    tables: Vec<Table>,
    aliases: BTreeMap<String, String>,
}

/// A place to get an image from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it is to be asked for.
    pub reference: Reference,
    /// HTTP, and certificates that nobody vouches for, are good enough.
    pub insecure: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Document {
    unqualified_search_registries: Option<Vec<String>>,
    registry: Vec<Table>,
    aliases: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Table {
    prefix: String,
    location: String,
    insecure: bool,
    blocked: bool,
    mirror: Vec<Mirror>,
    mirror_by_digest_only: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Mirror {
    location: String,
    insecure: bool,
    pull_from_mirror: String,
}

impl Registries {
    /// Reads the user's file or else the system's (or the one that `CONTAINERS_REGISTRIES_CONF`
    /// names), and the drop-ins of both. Files that are not there are no error.
    ///
    /// # Errors
    /// `Invalid` for a file that cannot be understood.
    pub fn load() -> Result<Registries> {
        let user = dirs::config_dir().map(|dir| dir.join("containers"));
        let system = PathBuf::from("/etc/containers");
        let named = std::env::var_os("CONTAINERS_REGISTRIES_CONF").filter(|v| !v.is_empty());
        let user_file = user.as_ref().map(|dir| dir.join("registries.conf"));
        let main = match (named, user_file) {
            (Some(named), _) => {
                let named = PathBuf::from(named);
                // Asked for by name: then it must be there.
                std::fs::metadata(&named).doing(|| format!("read {}", named.display()))?;
                named
            }
            (None, Some(file)) if file.exists() => file,
            _ => system.join("registries.conf"),
        };
        let mut files = vec![main];
        for dir in [Some(system), user].into_iter().flatten() {
            files.extend(drop_ins(&dir.join("registries.conf.d")));
        }
        files.extend(dirs::cache_dir().map(|dir| dir.join("containers/short-name-aliases.conf")));
        let mut all = Registries::default();
        for file in files {
            match std::fs::read_to_string(&file) {
                Ok(text) => all.add(&text).doing(|| format!("use {}", file.display()))?,
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                    ) => {}
                Err(error) => return Err(error).doing(|| format!("read {}", file.display())),
            }
        }
        Ok(all)
    }

    /// Adds a file; what it says wins over what was said before.
    fn add(&mut self, text: &str) -> Result<()> {
        let document: Document =
            toml::from_str(text).map_err(|cause| invalid("it is not a registries.conf").because(cause))?;
        if document.unqualified_search_registries.is_some() {
            self.search = document.unqualified_search_registries;
        }
        for mut table in document.registry {
            if table.prefix.is_empty() {
                table.prefix.clone_from(&table.location);
            }
            if table.prefix.is_empty() {
                return Err(invalid("a [[registry]] has neither prefix nor location"));
            }
            if table.location.is_empty() && !table.prefix.starts_with("*.") {
                table.location.clone_from(&table.prefix);
            }
            self.tables.retain(|old| old.prefix != table.prefix);
            self.tables.push(table);
        }
        self.aliases.extend(document.aliases);
        Ok(())
    }

    /// The full names that `text` may stand for, the best first.
    ///
    /// A name without a registry is looked up among the aliases, then in the search registries,
    /// and where none are configured on docker.io.
    ///
    /// # Errors
    /// `Invalid` when it is no name.
    pub fn candidates(&self, text: &str) -> Result<Vec<Reference>> {
        let plain = Reference::parse(text)?.tagged();
        if !Reference::is_short(text)? {
            return Ok(vec![plain]);
        }
        let end = text.find(['@', ':']).unwrap_or(text.len());
        if let Some(alias) = self.aliases.get(&text[..end]).filter(|alias| !alias.is_empty()) {
            return Ok(vec![Reference::parse(&format!("{alias}{}", &text[end..]))?.tagged()]);
        }
        match self.search.as_deref() {
            None | Some([]) => Ok(vec![plain]),
            Some(search) => search
                .iter()
                .map(|registry| Ok(Reference::parse(&format!("{registry}/{text}"))?.tagged()))
                .collect(),
        }
    }

    /// Where to ask for an image, mirrors first.
    ///
    /// # Errors
    /// `Denied` when the name is blocked; `Invalid` when a location makes no name.
    pub fn sources(&self, reference: &Reference) -> Result<Vec<Source>> {
        let full = reference.to_string();
        let best = self
            .tables
            .iter()
            .filter_map(|table| Some((matched(&table.prefix, &full, reference.registry())?, table)))
            .max_by_key(|(length, _)| *length);
        let Some((length, table)) = best else {
            return Ok(vec![Source { reference: reference.clone(), insecure: false }]);
        };
        if table.blocked {
            return Err(Error::new(
                Kind::Denied,
                format!("{} is blocked by registries.conf ({})", full, table.prefix),
            ));
        }
        let rewritten = |location: &str| -> Result<Reference> {
            let name = reference.name();
            // A prefix may reach into the tag; the name is all that a location can change.
            let rest = name.get(length..).unwrap_or_default();
            if location.is_empty() {
                Ok(reference.clone())
            } else {
                reference.renamed(&format!("{location}{rest}"))
            }
        };
        let by_digest = reference.digest().is_some();
        let mut sources = Vec::new();
        for mirror in &table.mirror {
            let usable = match mirror.pull_from_mirror.as_str() {
                "digest-only" => by_digest,
                "tag-only" => !by_digest,
                _ => by_digest || !table.mirror_by_digest_only,
            };
            if usable {
                sources.push(Source { reference: rewritten(&mirror.location)?, insecure: mirror.insecure });
            }
        }
        sources.push(Source { reference: rewritten(&table.location)?, insecure: table.insecure });
        Ok(sources)
    }

    /// The registries that names without one are looked for in.
    #[must_use]
    pub fn search(&self) -> Vec<String> {
        match &self.search {
            Some(search) if !search.is_empty() => search.clone(),
            _ => vec![DOCKER_IO.to_string()],
        }
    }
}

/// How much of the name a prefix covers; `None` if it does not fit.
fn matched(prefix: &str, full: &str, registry: &str) -> Option<usize> {
    if let Some(domain) = prefix.strip_prefix('*') {
        return registry.ends_with(domain).then_some(registry.len());
    }
    let rest = full.strip_prefix(prefix)?;
    let ends = match rest.as_bytes().first() {
        None | Some(b'/' | b'@') => true,
        // After a host alone it is a port.
        Some(b':') => prefix.contains('/'),
        Some(_) => false,
    };
    ends.then_some(prefix.len())
}

fn drop_ins(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "conf"))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registries(text: &str) -> Registries {
        let mut all = Registries::default();
        all.add(text).unwrap();
        all
    }

    fn sources(all: &Registries, name: &str) -> Vec<(String, bool)> {
        let sources = all.sources(&Reference::parse(name).unwrap().tagged()).unwrap();
        sources.into_iter().map(|s| (s.reference.to_string(), s.insecure)).collect()
    }

    #[test]
    fn another_host_answers_for_docker_io() {
        let all = registries(
            "[[registry]]\nprefix = \"docker.io\"\nlocation = \"127.0.0.1:5000\"\ninsecure = true\n\
             [[registry.mirror]]\nlocation = \"m.example/hub\"\n",
        );
        assert_eq!(
            sources(&all, "debian"),
            [
                ("m.example/hub/library/debian:latest".to_string(), false),
                ("127.0.0.1:5000/library/debian:latest".to_string(), true)
            ]
        );
        assert_eq!(sources(&all, "q.io/x"), [("q.io/x:latest".to_string(), false)]);
    }

    #[test]
    fn the_longest_prefix_wins_and_wildcards_fit_subdomains() {
        let all = registries(
            "[[registry]]\nlocation = \"q.io\"\n[[registry]]\nprefix = \"q.io/team\"\nlocation = \"z.io/t\"\n\
             [[registry]]\nprefix = \"*.corp.example\"\ninsecure = true\n[[registry]]\nprefix = \"bad.io\"\nblocked = true\n",
        );
        assert_eq!(sources(&all, "q.io/team/x:1"), [("z.io/t/x:1".to_string(), false)]);
        assert_eq!(sources(&all, "q.io/teamx"), [("q.io/teamx:latest".to_string(), false)]);
        assert_eq!(sources(&all, "a.b.corp.example/x"), [("a.b.corp.example/x:latest".to_string(), true)]);
        let blocked = all.sources(&Reference::parse("bad.io/x").unwrap()).unwrap_err();
        assert_eq!(blocked.kind(), Kind::Denied);
    }

    #[test]
    fn short_names_follow_aliases_then_the_search_list() {
        let mut all = registries("[aliases]\n\"fedora\" = \"r.fp.org/fedora\"\n");
        let names = |all: &Registries, text: &str| -> Vec<String> {
            all.candidates(text).unwrap().iter().map(Reference::to_string).collect()
        };
        assert_eq!(names(&all, "fedora:40"), ["r.fp.org/fedora:40"]);
        assert_eq!(names(&all, "debian"), ["docker.io/library/debian:latest"]);
        all.add("unqualified-search-registries = [\"a.io\", \"docker.io\"]").unwrap();
        assert_eq!(names(&all, "debian"), ["a.io/debian:latest", "docker.io/library/debian:latest"]);
        assert_eq!(names(&all, "b.io/x"), ["b.io/x:latest"]);
        assert!(all.add("registry = 5").is_err());
    }
}
