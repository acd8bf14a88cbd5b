//! The files that hold credentials: podman's `auth.json`, docker's `config.json`, `.dockercfg`.
//!
//! What is not understood in a file stays in it when it is written.
//!
//! Source: containers-auth.json(5); docker's "config.json" reference.

use super::credentials::{Credentials, plain_registry};
use super::helper;
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::sys::file::{self, Durable};
use crate::sys::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Files longer than this are refused.
const MAX_FILE: usize = 4 << 20;
/// docker.io's key in docker's own files.
const DOCKER_IO_KEY: &str = "https://index.docker.io/v1/";

/// Where credentials may be, in the order of asking.
#[derive(Clone, Debug)]
pub struct Places {
    /// The file that `login` writes.
    pub primary: Place,
    /// Files that are only read.
    pub others: Vec<Place>,
}

/// A file, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which file.
    pub path: PathBuf,
    /// It is a `.dockercfg`: the entries are at its top.
    pub legacy: bool,
}

impl Place {
    fn new(path: impl Into<PathBuf>) -> Place {
        Place { path: path.into(), legacy: false }
    }
}

impl Places {
    /// `--authfile`, or `REGISTRY_AUTH_FILE`, or the usual places.
    ///
    /// # Errors
    /// `Unsupported` without a home directory.
    pub fn new(authfile: Option<&Path>) -> Result<Places> {
        let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        if let Some(path) = authfile.map(Path::to_path_buf).or_else(|| set("REGISTRY_AUTH_FILE")) {
            return Ok(Places { primary: Place::new(path), others: Vec::new() });
        }
        let config = dirs::config_dir().map(|dir| dir.join("containers/auth.json"));
        let primary = if nix::unistd::geteuid().is_root() {
            set("XDG_RUNTIME_DIR").unwrap_or_else(|| PathBuf::from("/run")).join("containers/0/auth.json")
        } else {
            match (set("XDG_RUNTIME_DIR").filter(|dir| dir.is_dir()), &config) {
                (Some(dir), _) => dir.join("containers/auth.json"),
                (None, Some(config)) => config.clone(),
                (None, None) => {
                    let error =
                        Error::new(Kind::Unsupported, "there is no home directory to keep credentials in");
                    return Err(error.hint("set HOME or XDG_RUNTIME_DIR, or name a file with --authfile"));
                }
            }
        };
        let docker = set("DOCKER_CONFIG").or_else(|| dirs::home_dir().map(|home| home.join(".docker")));
        let mut others: Vec<Place> = config.map(Place::new).into_iter().collect();
        others.extend(docker.map(|dir| Place::new(dir.join("config.json"))));
        others.extend(dirs::home_dir().map(|home| Place { path: home.join(".dockercfg"), legacy: true }));
        others.retain(|place| place.path != primary);
        Ok(Places { primary: Place::new(primary), others })
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Place> {
        std::iter::once(&self.primary).chain(&self.others)
    }
}

/// One of the files, read.
#[derive(Debug)]
pub struct AuthFile {
    place: Place,
    root: Map<String, Value>,
}

impl AuthFile {
    /// Reads it; one that is not there is empty.
    ///
    /// # Errors
    /// `Invalid` when it is not JSON; what the disk says.
    pub fn read(place: &Place) -> Result<AuthFile> {
        let empty = |place: &Place| AuthFile { place: place.clone(), root: Map::new() };
        let bytes = match file::read(&place.path, MAX_FILE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == Kind::NotFound => return Ok(empty(place)),
            // A parent that is a file: there is none either.
            Err(error) if error.io().is_some_and(|io| io.raw_os_error() == Some(20)) => {
                return Ok(empty(place));
            }
            Err(error) => return Err(error),
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(empty(place));
        }
        let root = serde_json::from_slice(&bytes).map_err(|cause| {
            // The cause may quote what it found, and that may be a password.
            invalid(format!(
                "{} is not an auth file: it is not JSON (line {}, column {})",
                place.path.display(),
                cause.line(),
                cause.column()
            ))
        })?;
        Ok(AuthFile { place: place.clone(), root })
    }

    /// What it says about the registry, most exact entry first.
    ///
    /// # Errors
    /// `Invalid` for an entry that cannot be decoded; when a helper fails.
    pub fn find(&self, registry: &str, repository: &str) -> Result<Option<Credentials>> {
        let keys = keys(registry, repository);
        if let Some(helper) = keys.iter().find_map(|key| self.helper(key)) {
            return helper::get(helper, registry);
        }
        for key in &keys {
            if let Some(entry) = self.entry(key)
                && let Some(found) = self.decode(key, entry)?
            {
                return Ok(Some(found));
            }
        }
        match self.root.get("credsStore").and_then(Value::as_str).filter(|name| !name.is_empty()) {
            Some(store) if !self.place.legacy => match helper::get(store, registry) {
                // A store for all registries that is not installed (docker's desktop was, once) is no
                // reason not to get what is public.
                Err(error) if error.kind() == Kind::NotFound => Ok(None),
                found => found,
            },
            _ => Ok(None),
        }
    }

    /// The helper that the file names for exactly this key.
    #[must_use]
    pub fn helper(&self, key: &str) -> Option<&str> {
        self.root.get("credHelpers")?.get(key)?.as_str().filter(|name| !name.is_empty())
    }

    /// The keys of all entries.
    #[must_use]
    pub fn entries(&self) -> Vec<String> {
        self.auths().map(|auths| auths.keys().cloned().collect()).unwrap_or_default()
    }

    fn auths(&self) -> Option<&Map<String, Value>> {
        if self.place.legacy { Some(&self.root) } else { self.root.get("auths")?.as_object() }
    }

    /// The entry for exactly this key, or for the same registry under one of its other names.
    fn entry(&self, key: &str) -> Option<&Value> {
        let auths = self.auths()?;
        auths.get(key).or_else(|| Some(auths.iter().find(|(other, _)| is_other_name(other, key))?.1))
    }

    fn decode(&self, key: &str, entry: &Value) -> Result<Option<Credentials>> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(token) = text("identitytoken") {
            return Ok(Some(Credentials::IdentityToken(Secret::new(token.to_string()))));
        }
        if let Some(token) = text("registrytoken") {
            return Ok(Some(Credentials::RegistryToken(Secret::new(token.to_string()))));
        }
        let Some(auth) = text("auth") else {
            let both = text("username").zip(text("password"));
            return Ok(both.map(|(username, password)| Credentials::password(username, password)));
        };
        let bad = || {
            invalid(format!(
                "the entry for {key} in {} is not base64 of NAME:PASSWORD",
                self.place.path.display()
            ))
            .hint(format!("box login {key} writes a new one"))
        };
        let plain = STANDARD.decode(auth.trim()).map_err(|_| bad())?;
        let plain = String::from_utf8(plain).map_err(|_| bad())?;
        let (username, password) = plain.split_once(':').ok_or_else(bad)?;
        Ok(Some(Credentials::password(username, password.trim_matches('\0'))))
    }
}

/// Writes an entry. A crash leaves the old file or the new one.
///
/// # Errors
/// As [`AuthFile::read`] and [`file::replace`].
pub fn set(place: &Place, key: &str, username: &str, password: &Secret<String>) -> Result<()> {
    edit(place, |auth| {
        if let Some(helper) = auth.helper(plain_registry(key)).map(str::to_string) {
            return helper::store(&helper, plain_registry(key), username, password).map(|()| false);
        }
        let encoded = STANDARD.encode(format!("{username}:{}", password.expose()));
        let auths = auth.root.entry("auths").or_insert_with(|| json!({}));
        let auths = auths
            .as_object_mut()
            .ok_or_else(|| invalid(format!("\"auths\" in {} is not an object", place.path.display())))?;
        auths.insert(key.to_string(), json!({ "auth": encoded }));
        Ok(true)
    })
    .map(drop)
}

/// Removes the entry for exactly this key; whether there was one.
///
/// # Errors
/// As [`set`].
pub fn remove(place: &Place, key: &str) -> Result<bool> {
    edit(place, |auth| {
        let mut found = false;
        if let Some(helper) = auth.helper(key) {
            helper::erase(helper, plain_registry(key))?;
            found = true;
        }
        let auths = auth.root.get_mut("auths").and_then(Value::as_object_mut);
        let Some(auths) = auths else { return Ok(found) };
        let before = auths.len();
        auths.retain(|other, _| other != key && !is_other_name(other, key));
        Ok(auths.len() < before || found)
    })
}

/// Removes all entries.
///
/// # Errors
/// As [`set`].
pub fn clear(place: &Place) -> Result<()> {
    edit(place, |auth| {
        let helpers: Vec<(String, String)> = match auth.root.get("credHelpers").and_then(Value::as_object) {
            Some(helpers) => helpers
                .iter()
                .filter_map(|(key, name)| Some((key.clone(), name.as_str()?.to_string())))
                .collect(),
            None => Vec::new(),
        };
        for (key, helper) in helpers {
            helper::erase(&helper, &key)?;
        }
        auth.root.insert("auths".to_string(), json!({}));
        Ok(true)
    })
    .map(drop)
}

/// Changes a file under a lock of its directory, so that two logins at once both count.
fn edit(place: &Place, change: impl FnOnce(&mut AuthFile) -> Result<bool>) -> Result<bool> {
    let dir = match place.path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .doing(|| format!("make {}", dir.display()))?;
    let lock = std::fs::File::open(dir).doing(|| format!("open {}", dir.display()))?;
    lock.lock().doing(|| format!("lock {}", dir.display()))?;
    let mut auth = AuthFile::read(place)?;
    let changed = change(&mut auth)?;
    if changed {
        let mut text = serde_json::to_vec_pretty(&auth.root).expect("it was JSON before");
        text.push(b'\n');
        file::replace(&place.path, &text, Durable::Yes)?;
    }
    Ok(changed)
}

/// Whether a file's key is the same registry, as docker writes it: `https://HOST/v1/`.
fn is_other_name(other: &str, key: &str) -> bool {
    (other.contains("://") || !other.contains('/')) && plain_registry(other) == key
}

/// A place of the user's own choice.
#[must_use]
pub fn chosen(path: &Path) -> Place {
    Place::new(path)
}

/// What the key of a registry is in docker's own files.
#[must_use]
pub fn docker_key(key: &str) -> &str {
    if key == crate::image::reference::DOCKER_IO { DOCKER_IO_KEY } else { key }
}

/// `h/a/b`, `h/a`, `h`.
fn keys(registry: &str, repository: &str) -> Vec<String> {
    let mut key = format!("{registry}/{repository}").trim_end_matches('/').to_string();
    let mut keys = Vec::new();
    loop {
        keys.push(key.clone());
        match key.rfind('/') {
            Some(at) => key.truncate(at),
            None => return keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(text: &str, legacy: bool) -> AuthFile {
        let place = Place { path: "auth.json".into(), legacy };
        AuthFile { place, root: serde_json::from_str(text).unwrap() }
    }

    fn user(file: &AuthFile, registry: &str, repository: &str) -> Option<String> {
        let found = file.find(registry, repository).unwrap()?;
        Some(found.username().unwrap_or("token").to_string())
    }

    /// An entry whose user name is `name`.
    fn entry(name: &str) -> String {
        format!(r#"{{"auth":"{}"}}"#, STANDARD.encode(format!("{name}:pw")))
    }

    #[test]
    fn the_longest_key_wins() {
        let text = format!(
            r#"{{"auths":{{"r.io/a/b":{},"r.io/a":{},"r.io":{},"p:5000":{}}}}}"#,
            entry("ab"),
            entry("a"),
            entry("r"),
            entry("p")
        );
        let file = auth(&text, false);
        for (repository, wanted) in [("a/b/c", "ab"), ("a/b", "ab"), ("a/x", "a"), ("ab", "r"), ("", "r")] {
            assert_eq!(user(&file, "r.io", repository).as_deref(), Some(wanted), "{repository}");
        }
        assert_eq!(user(&file, "p:5000", "x").as_deref(), Some("p"));
        assert_eq!(user(&file, "p", "x"), None);
    }

    #[test]
    fn dockers_keys_and_forms_are_understood() {
        let text = format!(
            r#"{{"auths":{{"https://index.docker.io/v1/":{},"https://q.io":{{"identitytoken":"t"}},
                "e.io":{{}},"u.io":{{"username":"u","password":"p"}}}},"HttpHeaders":{{}}}}"#,
            entry("hub")
        );
        let file = auth(&text, false);
        assert_eq!(user(&file, "docker.io", "library/debian").as_deref(), Some("hub"));
        assert_eq!(user(&file, "q.io", "x").as_deref(), Some("<token>"));
        assert_eq!(user(&file, "u.io", "x").as_deref(), Some("u"));
        assert_eq!(user(&file, "e.io", "x"), None);
        let old = auth(&format!(r#"{{"https://old.io/v1/":{}}}"#, entry("old")), true);
        assert_eq!(user(&old, "old.io", "x").as_deref(), Some("old"));
    }

    #[test]
    fn a_broken_entry_is_named_and_not_shown() {
        let file = auth(r#"{"auths":{"r.io":{"auth":"!!secret!!"}}}"#, false);
        let error = file.find("r.io", "x").unwrap_err();
        assert!(error.to_string().contains("r.io") && !error.chain().contains("secret"), "{}", error.chain());
    }
}
