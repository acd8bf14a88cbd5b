//! The words of `-v`, `--mount`, `--tmpfs` and `--volumes-from`.

use super::options::{Options, below, no_id_maps};
use super::{MountRequest, SourceRequest, VolumeName, clean_destination, not_yet};
use crate::error::{Error, Result, invalid};
use std::path::PathBuf;
use std::str::FromStr;

/// A word of `--volume`.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeWord(pub MountRequest);

/// A word of `--mount`.
#[derive(Clone, Debug, PartialEq)]
pub struct MountWord(pub MountRequest);

/// A word of `--tmpfs`.
#[derive(Clone, Debug, PartialEq)]
pub struct TmpfsWord(pub MountRequest);

/// A part of `--volumes-from`: a container, and whether its volumes may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumesFrom {
    /// A name, an id or its beginning.
    pub container: String,
    /// `ro` or `rw`; as in the other container when not given.
    pub read_only: Option<bool>,
}

impl VolumesFrom {
    /// The parts of one word, between commas. A part that is only options belongs to the one before.
    ///
    /// # Errors
    /// `Invalid` for an option that is none.
    pub fn parse(word: &str) -> Result<Vec<VolumesFrom>> {
        let mut parts: Vec<VolumesFrom> = Vec::new();
        for part in word.split(',') {
            let (container, option) = match part.split_once(':') {
                Some((container, option)) => (container, Some(option)),
                // podman's form: NAME:ro,z.
                None if matches!(part, "ro" | "rw" | "z") && !parts.is_empty() => ("", Some(part)),
                None => (part, None),
            };
            if !container.is_empty() {
                parts.push(VolumesFrom { container: container.to_string(), read_only: None });
            }
            let Some(last) = parts.last_mut() else {
                return Err(invalid("it is CONTAINER[:ro|rw], as in --volumes-from data:ro"));
            };
            match option {
                None | Some("z") => {}
                Some("ro") => last.read_only = Some(true),
                Some("rw") => last.read_only = Some(false),
                Some(other) => {
                    return Err(invalid(format!(
                        "invalid options {other:?}, can only specify 'ro', 'rw', and 'z'"
                    )));
                }
            }
        }
        Ok(parts)
    }
}

impl FromStr for VolumeWord {
    type Err = Error;

    fn from_str(text: &str) -> Result<VolumeWord> {
        let wrong = || invalid("it is [HOST-PATH:|VOLUME:]PATH[:OPTIONS], as in /srv/data:/data:ro");
        let parts: Vec<&str> = text.split(':').collect();
        let (source, destination, options) = match parts[..] {
            [destination] => ("", destination, ""),
            [source, destination] => (source, destination, ""),
            [source, destination, options] => (source, destination, options),
            _ => return Err(wrong()),
        };
        if parts.len() > 1 && source.is_empty() {
            return Err(wrong());
        }
        let destination = clean_destination(destination)?;
        let mut asked = Options::default();
        for option in options.split(',').filter(|option| !option.is_empty()) {
            asked.volume_option(option)?;
        }
        let source = match source {
            "" => asked.volume(None),
            path if path.starts_with(['/', '.']) => asked.bind(PathBuf::from(path), true),
            name => asked.volume(Some(name.parse::<VolumeName>().map_err(|error| {
                error.hint(format!("for a directory of the host write ./{name} or its absolute path"))
            })?)),
        };
        Ok(VolumeWord(asked.request(destination, source)?))
    }
}

impl FromStr for TmpfsWord {
    type Err = Error;

    fn from_str(text: &str) -> Result<TmpfsWord> {
        let (destination, options) = text.split_once(':').unwrap_or((text, ""));
        let destination = clean_destination(destination)?;
        let mut asked = Options::default();
        for option in options.split(',').filter(|option| !option.is_empty()) {
            asked.tmpfs_option(option)?;
        }
        Ok(TmpfsWord(asked.tmpfs(destination, SourceRequest::Tmpfs)?))
    }
}

/// `type=`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    Bind,
    Devpts,
    Glob,
    Image,
    Ramfs,
    Tmpfs,
    Volume,
}

impl Type {
    fn parse(word: &str) -> Result<Type> {
        Ok(match word {
            "bind" => Type::Bind,
            "devpts" => Type::Devpts,
            "glob" => Type::Glob,
            "image" => Type::Image,
            "ramfs" => Type::Ramfs,
            "tmpfs" => Type::Tmpfs,
            "volume" => Type::Volume,
            "artifact" => return Err(not_yet("--mount type=artifact")),
            _ => {
                return Err(invalid(format!(
                    "invalid filesystem type {word:?} (bind, devpts, glob, image, ramfs, tmpfs, volume)"
                )));
            }
        })
    }
}

/// The fields of one `--mount`, sorted out.
#[derive(Default)]
struct Fields {
    source: Option<String>,
    destination: Option<String>,
    /// `rw` was given: for an image that is not the default.
    writable: bool,
    asked: Options,
}

impl FromStr for MountWord {
    type Err = Error;

    fn from_str(text: &str) -> Result<MountWord> {
        let fields: Vec<String> = csv(text);
        let pairs: Vec<(&str, Option<&str>)> = fields
            .iter()
            .map(|field| field.split_once('=').map_or((field.as_str(), None), |(k, v)| (k, Some(v))))
            .collect();
        let kind = pairs.iter().find_map(|(key, value)| value.filter(|_| *key == "type"));
        let kind = kind.map_or(Ok(Type::Volume), Type::parse)?;
        let mut found = Fields::default();
        for (key, value) in pairs.into_iter().filter(|(key, _)| *key != "type") {
            if key.is_empty() {
                return Err(invalid(format!("an empty field in --mount {text}: invalid mount option"))
                    .hint("fields are KEY=VALUE with one comma between them"));
            }
            if !found.common(key, value)? && !found.of(kind, key, value)? {
                return Err(invalid(format!("{key}: invalid mount option")));
            }
        }
        found.finish(kind).map(MountWord)
    }
}

impl Fields {
    /// Takes a field that every type knows.
    fn common(&mut self, key: &str, value: Option<&str>) -> Result<bool> {
        match (key, value) {
            ("source" | "src", Some(value)) => self.source = Some(value.to_string()),
            ("destination" | "dst" | "target", Some(value)) => {
                self.destination = Some(clean_destination(value)?)
            }
            ("readonly" | "ro" | "rw" | "readwrite", value) => {
                let on = boolean(key, value)?;
                let writable = if key.starts_with("rw") || key == "readwrite" { on } else { !on };
                self.asked.read_only = !writable;
                self.writable = writable;
            }
            ("consistency", _) => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes a field of this type.
    fn of(&mut self, kind: Type, key: &str, value: Option<&str>) -> Result<bool> {
        use Type::{Bind, Devpts, Glob, Image, Ramfs, Tmpfs, Volume};
        let asked = &mut self.asked;
        match (kind, key, value) {
            (Bind | Glob | Volume, "idmap", _) => return Err(no_id_maps()),
            (Bind | Glob | Volume, "U" | "chown", value) => asked.own = boolean(key, value)?,
            (Bind | Glob, "bind-propagation", Some(value)) => asked.set_propagation(value)?,
            (Bind | Glob, "bind-nonrecursive", value) => asked.not_recursive = boolean(key, value)?,
            (Bind | Glob, "bind-recursive", Some(value)) => asked.not_recursive = value == "disabled",
            (Bind | Glob, "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave", None) => {
                asked.set_propagation(key)?;
            }
            (Bind | Glob | Volume, "relabel", Some("shared" | "private"))
            | (Bind | Glob | Volume, "z" | "Z", _) => {}
            (Bind | Glob | Volume, "relabel", _) => {
                return Err(invalid(
                    "relabel mount option must be 'private' or 'shared': invalid mount option",
                ));
            }
            (Bind | Volume | Image, "subpath" | "volume-subpath" | "image-subpath", Some(value)) => {
                asked.subpath = Some(below(value)?);
            }
            (Volume, "volume-opt" | "volume-label", Some(value)) => {
                let (name, value) = value.split_once('=').unwrap_or((value, ""));
                let list = if key == "volume-opt" { &mut asked.driver_options } else { &mut asked.labels };
                list.push((name.to_string(), value.to_string()));
            }
            (Volume, "volume-driver", Some("local" | "")) => {}
            (Volume, "volume-driver", Some(driver)) => {
                return Err(not_yet(format!("the volume driver {driver:?}")));
            }
            (Volume, "nocopy" | "volume-nocopy", value) => asked.no_copy = boolean(key, value)?,
            (Volume, "copy", None) => asked.no_copy = false,
            (Tmpfs | Ramfs, "tmpfs-size" | "size", Some(value)) => {
                asked.tmpfs_option(&format!("size={value}"))?;
            }
            (Tmpfs | Ramfs | Devpts, "tmpfs-mode" | "mode", Some(value)) => {
                asked.tmpfs_option(&format!("mode={value}"))?;
            }
            (Tmpfs | Ramfs, "tmpcopyup" | "notmpcopyup" | "U" | "chown", value) => {
                let word = if key == "chown" { "U" } else { key };
                if boolean(key, value)? {
                    asked.tmpfs_option(word)?;
                }
            }
            (Tmpfs | Devpts, "uid" | "gid", Some(value)) => asked.tmpfs_option(&format!("{key}={value}"))?,
            (Devpts, "max", Some(value)) if value.parse::<u32>().is_ok() => {
                asked.rest.push(format!("max={value}"));
            }
            (
                Bind | Glob | Volume | Tmpfs | Ramfs,
                "exec" | "noexec" | "suid" | "nosuid" | "dev" | "nodev",
                None,
            ) => {
                asked.rest.push(key.to_string());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn finish(self, kind: Type) -> Result<MountRequest> {
        let Fields { source, destination, writable, mut asked } = self;
        let target = || {
            let missing = || invalid("it needs target=PATH, as in type=bind,source=/srv,target=/srv");
            destination.clone().ok_or_else(missing)
        };
        let needed = |what: &str| {
            let text = format!("must set source with --mount type={what}");
            source.clone().ok_or_else(|| invalid(text))
        };
        match kind {
            Type::Tmpfs | Type::Ramfs | Type::Devpts if source.is_some() => {
                Err(invalid("such a mount has no source="))
            }
            Type::Tmpfs => asked.tmpfs(target()?, SourceRequest::Tmpfs),
            Type::Ramfs => asked.tmpfs(target()?, SourceRequest::Ramfs),
            Type::Devpts => asked.request(target()?, SourceRequest::Devpts),
            Type::Bind => {
                let source = asked.bind(PathBuf::from(needed("bind")?), false);
                asked.request(target()?, source)
            }
            Type::Glob => {
                let pattern = needed("glob")?;
                let (recursive, propagation) = (!asked.not_recursive, asked.propagation());
                let source = SourceRequest::Glob { pattern, recursive, propagation };
                asked.request(destination.unwrap_or_default(), source)
            }
            Type::Image => {
                let name = needed("image")?;
                asked.read_only = !writable;
                asked.request(target()?, SourceRequest::Image { name, writable })
            }
            Type::Volume => {
                let name = source.filter(|name| !name.is_empty()).map(|name| name.parse()).transpose()?;
                let source = asked.volume(name);
                asked.request(target()?, source)
            }
        }
    }
}

fn boolean(key: &str, value: Option<&str>) -> Result<bool> {
    match value {
        None | Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(other) => Err(invalid(format!("{key}={other} is neither true nor false"))),
    }
}

/// The fields of one line of comma-separated values; a field in double quotes may hold commas.
fn csv(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            _ => field.push(c),
        }
    }
    fields.push(field);
    fields
}
