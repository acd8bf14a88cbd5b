//! What appears inside a container: `--volume`, `--mount`, `--tmpfs`.

use super::size::ByteSize;
use crate::error::{Error, Kind, Result, invalid};
use std::path::PathBuf;
use std::str::FromStr;

/// One mount as it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct MountRequest {
    /// An absolute path inside.
    pub destination: String,
    /// What it is.
    pub source: SourceRequest,
    /// Not writable.
    pub read_only: bool,
    /// `noexec`, `nosuid`, `size=` …
    pub options: Vec<String>,
}

/// What is to be mounted.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceRequest {
    /// A path of the host, absolute or relative to the caller.
    Bind {
        /// As it was given.
        path: PathBuf,
        /// With what is mounted below it.
        recursive: bool,
        /// `rprivate`, `rslave`, `shared` …
        propagation: String,
        /// `-v` makes a missing directory, `--mount` does not.
        create: bool,
    },
    /// A directory that the container keeps.
    Anonymous,
    /// A fresh tmpfs.
    Tmpfs,
}

/// A word of `--volume`.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeWord(pub MountRequest);

/// A word of `--mount`.
#[derive(Clone, Debug, PartialEq)]
pub struct MountWord(pub MountRequest);

/// A word of `--tmpfs`.
#[derive(Clone, Debug, PartialEq)]
pub struct TmpfsWord(pub MountRequest);

const PROPAGATIONS: [&str; 8] =
    ["private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"];

impl FromStr for VolumeWord {
    type Err = Error;

    fn from_str(text: &str) -> Result<VolumeWord> {
        let wrong = || invalid("it is [HOST-PATH:]PATH[:OPTIONS], as in /srv/data:/data:ro");
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
            "" => SourceRequest::Anonymous,
            path if path.starts_with(['/', '.']) => asked.bind(PathBuf::from(path), true),
            name => {
                return Err(not_yet("named volumes")
                    .hint(format!("for a directory of the host write ./{name} or its absolute path")));
            }
        };
        Ok(VolumeWord(MountRequest { destination, source, read_only: asked.read_only, options: asked.rest }))
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
        Ok(TmpfsWord(asked.tmpfs(destination)))
    }
}

impl FromStr for MountWord {
    type Err = Error;

    fn from_str(text: &str) -> Result<MountWord> {
        let mut kind = "volume";
        let (mut source, mut destination) = (None, None);
        let mut asked = Options::default();
        for field in csv(text) {
            let (key, value) = match field.split_once('=') {
                Some((key, value)) => (key.to_string(), Some(value.to_string())),
                None => (field.clone(), None),
            };
            match (key.as_str(), value) {
                ("type", Some(value)) => {
                    kind = match value.as_str() {
                        "bind" => "bind",
                        "tmpfs" => "tmpfs",
                        "volume" => "volume",
                        "devpts" | "glob" | "image" | "ramfs" | "artifact" => {
                            return Err(not_yet(format!("--mount type={value}")));
                        }
                        _ => {
                            return Err(invalid(format!(
                                "there is no mount type {value:?} (bind, tmpfs, volume)"
                            )));
                        }
                    }
                }
                ("source" | "src", Some(value)) => source = Some(value),
                ("destination" | "dst" | "target", Some(value)) => {
                    destination = Some(clean_destination(&value)?)
                }
                ("readonly" | "ro" | "rw", value) => {
                    let on = boolean(&key, value.as_deref())?;
                    asked.read_only = if key == "rw" { !on } else { on };
                }
                ("bind-propagation", Some(value)) => asked.propagation(&value)?,
                ("bind-nonrecursive", value) => asked.not_recursive = boolean(&key, value.as_deref())?,
                ("bind-recursive", Some(value)) => asked.not_recursive = value == "disabled",
                ("relabel", _) => {}
                ("consistency", _) => {}
                ("tmpfs-size" | "size", Some(value)) => asked.tmpfs_option(&format!("size={value}"))?,
                ("tmpfs-mode" | "mode", Some(value)) => asked.tmpfs_option(&format!("mode={value}"))?,
                ("tmpcopyup" | "notmpcopyup", _) => {}
                ("exec" | "noexec" | "suid" | "nosuid" | "dev" | "nodev", None) => asked.rest.push(key),
                (
                    "idmap" | "U" | "chown" | "subpath" | "volume-subpath" | "volume-opt" | "volume-driver",
                    _,
                ) => {
                    return Err(not_yet(format!("--mount {key}")));
                }
                _ => return Err(invalid(format!("{field:?} is no option of --mount type={kind}"))),
            }
        }
        let destination = destination
            .ok_or_else(|| invalid("it needs target=PATH, as in type=bind,source=/srv,target=/srv"))?;
        match (kind, source) {
            ("tmpfs", None) => Ok(MountWord(asked.tmpfs(destination))),
            ("tmpfs", Some(_)) => Err(invalid("a tmpfs has no source=")),
            ("bind", Some(source)) => {
                let source = asked.bind(PathBuf::from(source), false);
                Ok(MountWord(MountRequest {
                    destination,
                    source,
                    read_only: asked.read_only,
                    options: asked.rest,
                }))
            }
            ("bind", None) => Err(invalid("it needs source=PATH, as in type=bind,source=/srv,target=/srv")),
            (_, Some(_)) => Err(not_yet("named volumes")),
            (_, None) => Ok(MountWord(MountRequest {
                destination,
                source: SourceRequest::Anonymous,
                read_only: asked.read_only,
                options: asked.rest,
            })),
        }
    }
}

/// The options of one word, as they come in.
#[derive(Default)]
struct Options {
    read_only: bool,
    not_recursive: bool,
    propagation: Option<String>,
    rest: Vec<String>,
}

impl Options {
    fn volume_option(&mut self, option: &str) -> Result<()> {
        match option {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            // SELinux labels and when volumes are filled: nothing to do for a bind.
            "z" | "Z" | "copy" | "nocopy" | "cached" | "delegated" | "consistent" => {}
            "bind" => self.not_recursive = true,
            "rbind" => self.not_recursive = false,
            "exec" | "noexec" | "suid" | "nosuid" | "dev" | "nodev" => self.rest.push(option.to_string()),
            "O" | "U" => return Err(not_yet(format!("--volume option {option}"))),
            _ if option == "idmap" || option.starts_with("idmap=") => {
                return Err(not_yet("--volume option idmap"));
            }
            _ if option.starts_with("upperdir=") || option.starts_with("workdir=") => {
                return Err(not_yet("--volume option O"));
            }
            _ if PROPAGATIONS.contains(&option) => self.propagation(option)?,
            _ => {
                return Err(invalid(format!(
                    "there is no volume option {option:?} (ro, rw, z, Z, exec, noexec, suid, nosuid, dev, nodev, bind, rbind, [r]private, [r]shared, [r]slave)"
                )));
            }
        }
        Ok(())
    }

    fn tmpfs_option(&mut self, option: &str) -> Result<()> {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match key {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            "tmpcopyup" | "notmpcopyup" => {}
            "exec" | "noexec" | "suid" | "nosuid" | "dev" | "nodev" => self.rest.push(option.to_string()),
            // A share of the memory is the kernel's to understand; everything else is ours to check.
            "size" if value.strip_suffix('%').is_some_and(|n| n.parse::<u8>().is_ok()) => {
                self.rest.push(option.to_string());
            }
            "size" => self.rest.push(format!("size={}", value.parse::<ByteSize>()?.0)),
            "mode" if u32::from_str_radix(value, 8).is_ok() => self.rest.push(option.to_string()),
            "uid" | "gid" | "nr_inodes" if value.parse::<u32>().is_ok() => self.rest.push(option.to_string()),
            "mode" | "uid" | "gid" | "nr_inodes" => {
                return Err(invalid(format!("tmpfs option {option:?} has no good number, as in mode=1777")));
            }
            _ if PROPAGATIONS.contains(&option) => {}
            _ => {
                return Err(invalid(format!(
                    "there is no tmpfs option {option:?} (ro, rw, size=, mode=, uid=, gid=, nr_inodes=, exec, noexec, suid, nosuid, dev, nodev)"
                )));
            }
        }
        Ok(())
    }

    fn propagation(&mut self, word: &str) -> Result<()> {
        if !PROPAGATIONS.contains(&word) {
            return Err(invalid(format!("there is no propagation {word:?} ({})", PROPAGATIONS.join(", "))));
        }
        self.propagation = Some(word.to_string());
        Ok(())
    }

    fn bind(&self, path: PathBuf, create: bool) -> SourceRequest {
        SourceRequest::Bind {
            path,
            recursive: !self.not_recursive,
            propagation: self.propagation.clone().unwrap_or_else(|| "rprivate".to_string()),
            create,
        }
    }

    /// A tmpfs with podman's defaults: noexec, nosuid and nodev unless the opposite is asked for.
    fn tmpfs(mut self, destination: String) -> MountRequest {
        for word in ["exec", "suid", "dev"] {
            if !self.rest.iter().any(|option| option == word) {
                let no = format!("no{word}");
                if !self.rest.contains(&no) {
                    self.rest.push(no);
                }
            }
        }
        self.rest.retain(|option| !matches!(option.as_str(), "exec" | "suid" | "dev"));
        MountRequest {
            destination,
            source: SourceRequest::Tmpfs,
            read_only: self.read_only,
            options: self.rest,
        }
    }
}

/// The error for what a later version does.
pub fn not_yet(what: impl std::fmt::Display) -> Error {
    Error::new(Kind::Unsupported, format!("not yet: {what}"))
}

/// An absolute path without `.`, `..` and doubled slashes, and not `/`.
///
/// # Errors
/// `Invalid` for any other.
pub fn clean_destination(path: &str) -> Result<String> {
    if !path.starts_with('/') {
        return Err(invalid(format!("{path:?} is not an absolute path inside the container")));
    }
    let clean = clean_path(path);
    if clean == "/" {
        return Err(invalid("nothing can be mounted at the container's / itself"));
    }
    Ok(clean)
}

/// An absolute path without `.`, `..` and doubled slashes, as Go's path.Clean has it.
#[must_use]
pub fn clean_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
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
    fields.retain(|field| !field.is_empty());
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(text: &str) -> Result<MountRequest> {
        text.parse::<VolumeWord>().map(|word| word.0)
    }

    fn mount(text: &str) -> Result<MountRequest> {
        text.parse::<MountWord>().map(|word| word.0)
    }

    #[test]
    fn a_volume_is_a_bind_or_anonymous() {
        let bind = volume("/srv:/data//x/:ro,rslave,noexec").unwrap();
        assert_eq!(bind.destination, "/data/x");
        assert!(bind.read_only);
        assert_eq!(bind.options, ["noexec"]);
        let SourceRequest::Bind { path, recursive, propagation, create } = bind.source else { panic!() };
        assert_eq!((path, recursive, propagation.as_str(), create), ("/srv".into(), true, "rslave", true));
        assert_eq!(volume("/data").unwrap().source, SourceRequest::Anonymous);
        assert!(volume("./here:/x:z").is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_volume_is_said() {
        for wrong in ["", ":", "/a:b", "/a:/", "/a:/b:rx", "/a:/b:ro:x", ":/b"] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
        assert_eq!(volume("data:/x").unwrap_err().to_string(), "not yet: named volumes");
    }

    #[test]
    fn a_mount_has_fields() {
        let bind = mount("type=bind,src=/a,dst=/b,ro,bind-propagation=rshared,bind-nonrecursive").unwrap();
        assert!(bind.read_only);
        assert!(matches!(bind.source, SourceRequest::Bind { recursive: false, create: false, .. }));
        let tmpfs = mount("type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=0700").unwrap();
        assert_eq!(tmpfs.options, ["size=1048576", "mode=0700", "noexec", "nosuid", "nodev"]);
        assert_eq!(mount("type=volume,target=/v").unwrap().source, SourceRequest::Anonymous);
        assert_eq!(mount("target=/v").unwrap().source, SourceRequest::Anonymous);
        let comma = mount("type=bind,\"src=/a,b\",dst=/b,readonly=false").unwrap();
        assert!(
            matches!(comma.source, SourceRequest::Bind { path, .. } if path == std::path::Path::new("/a,b"))
        );
        for wrong in
            ["type=bind,src=/a", "type=bind,dst=/a", "type=x,dst=/a", "type=tmpfs,src=/a,dst=/b", "nope"]
        {
            assert!(mount(wrong).is_err(), "{wrong}");
        }
        assert_eq!(mount("type=image,dst=/a").unwrap_err().to_string(), "not yet: --mount type=image");
    }

    #[test]
    fn a_tmpfs_is_strict_unless_told() {
        let word = |text: &str| text.parse::<TmpfsWord>().map(|word| word.0);
        assert_eq!(word("/t").unwrap().options, ["noexec", "nosuid", "nodev"]);
        assert_eq!(
            word("/t:rw,exec,size=64m,mode=1777").unwrap().options,
            ["size=67108864", "mode=1777", "nosuid", "nodev"]
        );
        for wrong in ["t", "/t:size=x", "/t:mode=9", "/t:frob"] {
            assert!(word(wrong).is_err(), "{wrong}");
        }
    }
}
