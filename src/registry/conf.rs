//! registries.conf: which host answers for which name.
//!
//! Source: containers-registries.conf(5), version 2 of the format.

use super::credentials::AUTH_FILES;
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
    helpers: Vec<String>,
    mode: ShortNames,
}

/// `short-name-mode`. Nobody is ever asked: a script gets the same answer as a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShortNames {
    /// A name that may mean several images means none.
    Enforcing,
    /// The search registries are tried in their order.
    #[default]
    #[serde(alias = "")]
    Permissive,
    /// So they are, and aliases do not count.
    Disabled,
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
    credential_helpers: Option<Vec<String>>,
    short_name_mode: Option<ShortNames>,
    registries: Option<Version1>,
}

/// The lists of version 1, which knows neither prefixes nor mirrors.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Version1 {
    search: Hosts,
    insecure: Hosts,
    block: Hosts,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Hosts {
    registries: Vec<String>,
}

impl Document {
    /// A document of version 1 as one of version 2.
    fn upgraded(mut self) -> Result<Document> {
        let Some(old) = self.registries.take() else { return Ok(self) };
        if self.unqualified_search_registries.is_some() || !self.registry.is_empty() {
            return Err(invalid("it mixes the formats of version 1 ([registries.…]) and 2 ([[registry]])"));
        }
        self.unqualified_search_registries = Some(old.search.registries);
        let mut hosts: BTreeMap<String, Table> = BTreeMap::new();
        for host in old.insecure.registries {
            hosts.entry(host).or_default().insecure = true;
        }
        for host in old.block.registries {
            hosts.entry(host).or_default().blocked = true;
        }
        self.registry = hosts.into_iter().map(|(location, table)| Table { location, ..table }).collect();
        Ok(self)
    }
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
    pull_from_mirror: Option<When>,
}

/// `pull-from-mirror`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum When {
    #[serde(alias = "")]
    All,
    DigestOnly,
    TagOnly,
}

impl Table {
    /// Fills in what was left out and refuses what makes no sense.
    fn checked(mut self) -> Result<Table> {
        if self.prefix.is_empty() {
            self.prefix.clone_from(&self.location);
        }
        if self.prefix.is_empty() {
            return Err(invalid("a [[registry]] has neither prefix nor location"));
        }
        let wild = self.prefix.strip_prefix("*.");
        if wild.unwrap_or(&self.prefix).contains('*') || wild.is_some_and(|rest| rest.contains('/')) {
            return Err(invalid(format!(
                "the prefix {:?} is not of the form *.example.com: a wildcard stands for subdomains only",
                self.prefix
            )));
        }
        if self.location.is_empty() && wild.is_none() {
            self.location.clone_from(&self.prefix);
        }
        let mirrors = self.mirror.iter_mut().map(|mirror| &mut mirror.location);
        for text in mirrors.chain([&mut self.location, &mut self.prefix]) {
            if text.contains("://") {
                return Err(invalid(format!("{text:?} has a scheme: it should be a host and a path")));
            }
            text.truncate(text.trim_end_matches('/').len());
        }
        if self.location.contains('*') {
            return Err(invalid(format!("the location {:?} has a wildcard", self.location)));
        }
        if self.mirror.iter().any(|mirror| mirror.location.is_empty()) {
            return Err(invalid(format!("a mirror of {:?} has no location", self.prefix)));
        }
        if self.mirror_by_digest_only && self.mirror.iter().any(|m| m.pull_from_mirror.is_some()) {
            return Err(invalid(format!(
                "{:?} has mirror-by-digest-only, and a mirror with pull-from-mirror",
                self.prefix
            )));
        }
        Ok(self)
    }
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
        let document: Document = toml::from_str(text).map_err(|cause| {
            let line = cause.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            invalid(format!("it is not a registries.conf: line {line}: {}", cause.message()))
        })?;
        let document: Document = document.upgraded()?;
        if document.unqualified_search_registries.is_some() {
            self.search = document.unqualified_search_registries;
        }
        for table in document.registry {
            let table = table.checked()?;
            self.tables.retain(|old| old.prefix != table.prefix);
            self.tables.push(table);
        }
        self.aliases.extend(document.aliases);
        self.helpers = document.credential_helpers.unwrap_or(std::mem::take(&mut self.helpers));
        self.mode = document.short_name_mode.unwrap_or(self.mode);
        Ok(())
    }

    /// Where credentials are looked for: helpers' names, and the word for the auth files.
    pub fn credential_helpers(&self) -> impl Iterator<Item = &str> {
        let files = self.helpers.is_empty().then_some(AUTH_FILES);
        self.helpers.iter().map(String::as_str).chain(files)
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
        if let Some(alias) = self.alias(text)? {
            return Ok(vec![alias]);
        }
        match self.search.as_deref() {
            None | Some([]) => Ok(vec![plain]),
            Some(search) if search.len() > 1 && self.mode == ShortNames::Enforcing => Err(Error::new(
                Kind::Invalid,
                format!("{text:?} may be in any of {}, and short-name-mode is enforcing", search.join(", ")),
            )
            .hint(format!(
                "say which one is meant: {}/{text}, or make an alias in registries.conf",
                search[0]
            ))),
            Some(search) => search
                .iter()
                .map(|registry| Ok(Reference::parse(&format!("{registry}/{text}"))?.tagged()))
                .collect(),
        }
    }

    /// The full name that an alias makes of a name without a registry.
    ///
    /// # Errors
    /// `Invalid` when what it makes is no name.
    pub fn alias(&self, text: &str) -> Result<Option<Reference>> {
        let (name, rest) = text.split_at(text.find(['@', ':']).unwrap_or(text.len()));
        let alias = self.aliases.get(name).filter(|alias| !alias.is_empty());
        match alias.filter(|_| self.mode != ShortNames::Disabled) {
            Some(alias) => Ok(Some(Reference::parse(&format!("{alias}{rest}"))?.tagged())),
            None => Ok(None),
        }
    }

    /// The table for a name, and how much of the name its prefix covers.
    ///
    /// # Errors
    /// `Denied` when the name is blocked.
    fn table(&self, full: &str, registry: &str) -> Result<Option<(usize, &Table)>> {
        let best = self
            .tables
            .iter()
            .filter_map(|table| Some((matched(&table.prefix, full, registry)?, table)))
            .max_by_key(|(length, _)| *length);
        match best {
            Some((_, table)) if table.blocked => Err(Error::new(
                Kind::Denied,
                format!("{} is blocked by registries.conf ({})", full, table.prefix),
            )),
            best => Ok(best),
        }
    }

    /// Whether HTTP and unknown certificates are good enough for a registry, and a name there.
    ///
    /// # Errors
    /// `Denied` when the name is blocked.
    pub fn is_insecure(&self, registry: &str, name: &str) -> Result<bool> {
        Ok(self.table(name, registry)?.is_some_and(|(_, table)| table.insecure))
    }

    /// Where to ask for an image, mirrors first.
    ///
    /// # Errors
    /// `Denied` when the name is blocked; `Invalid` when a location makes no name.
    pub fn sources(&self, reference: &Reference) -> Result<Vec<Source>> {
        let Some((length, table)) = self.table(&reference.to_string(), reference.registry())? else {
            return Ok(vec![Source { reference: reference.clone(), insecure: false }]);
        };
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
            let usable = match mirror.pull_from_mirror {
                Some(When::DigestOnly) => by_digest,
                Some(When::TagOnly) => !by_digest,
                Some(When::All) | None => by_digest || !table.mirror_by_digest_only,
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
        let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
        return (registry.ends_with(domain) || host.ends_with(domain)).then_some(registry.len());
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
