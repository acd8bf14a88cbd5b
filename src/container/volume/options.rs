//! The options behind a mount: of `-v`, `--mount` and `--tmpfs`.

use super::{MountRequest, SourceRequest};
use crate::container::config::Overlay;
use crate::container::size::ByteSize;
use crate::error::{Result, invalid};
use std::path::PathBuf;

const PROPAGATIONS: [&str; 8] =
    ["private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"];

/// The options of one word, as they come in.
#[derive(Default)]
pub(super) struct Options {
    pub(super) read_only: bool,
    pub(super) not_recursive: bool,
    pub(super) own: bool,
    pub(super) overlay: bool,
    pub(super) upper: Option<PathBuf>,
    pub(super) work: Option<PathBuf>,
    pub(super) no_copy: bool,
    pub(super) subpath: Option<String>,
    pub(super) driver_options: Vec<(String, String)>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) rest: Vec<String>,
    propagation: Option<String>,
    /// Of each group the word that was given.
    seen: Vec<(Group, String)>,
    no_tmp_copy_up: bool,
}

/// Options of which only one can be given.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    Access,
    Label,
    Own,
    Propagation,
    Bind,
    Exec,
    Dev,
    Suid,
    Copy,
}

impl Group {
    /// The words, as podman writes them.
    fn words(self) -> &'static str {
        match self {
            Group::Access => "'rw' or 'ro'",
            Group::Label => "'z', 'Z', or 'O'",
            Group::Own => "'U'",
            Group::Propagation => "'[r]shared', '[r]private', '[r]slave' or '[r]unbindable'",
            Group::Bind => "'[r]bind'",
            Group::Exec => "'noexec' or 'exec'",
            Group::Dev => "'nodev' or 'dev'",
            Group::Suid => "'nosuid' or 'suid'",
            Group::Copy => "'copy' or 'nocopy'",
        }
    }

    fn of(option: &str) -> Option<Group> {
        Some(match option {
            "ro" | "rw" => Group::Access,
            "z" | "Z" | "O" => Group::Label,
            "U" => Group::Own,
            "bind" | "rbind" => Group::Bind,
            "exec" | "noexec" => Group::Exec,
            "dev" | "nodev" => Group::Dev,
            "suid" | "nosuid" => Group::Suid,
            "copy" | "nocopy" => Group::Copy,
            _ if PROPAGATIONS.contains(&option) => Group::Propagation,
            _ => return None,
        })
    }
}

impl Options {
    /// One of `-v`'s.
    pub(super) fn volume_option(&mut self, option: &str) -> Result<()> {
        self.once(option)?;
        match option {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            // SELinux labels: box has none to set. The last three are for Docker's virtual machines.
            "z" | "Z" | "cached" | "delegated" | "consistent" => {}
            "copy" => self.no_copy = false,
            "nocopy" => self.no_copy = true,
            "bind" => self.not_recursive = true,
            "rbind" => self.not_recursive = false,
            "exec" | "noexec" | "suid" | "nosuid" | "dev" | "nodev" => self.rest.push(option.to_string()),
            "O" => self.overlay = true,
            "U" => self.own = true,
            _ if option == "idmap" || option.starts_with("idmap=") => return Err(no_id_maps()),
            _ if PROPAGATIONS.contains(&option) => self.propagation = Some(option.to_string()),
            _ => match option.split_once('=') {
                Some(("upperdir", path)) => self.upper = Some(PathBuf::from(path)),
                Some(("workdir", path)) => self.work = Some(PathBuf::from(path)),
                Some(("subpath", path)) => self.subpath = Some(below(path)?),
                _ => {
                    return Err(invalid(format!(
                        "invalid option type {option:?} (ro, rw, z, Z, O, U, exec, noexec, suid, nosuid, dev, nodev, bind, rbind, copy, nocopy, [r]private, [r]shared, [r]slave)"
                    )));
                }
            },
        }
        Ok(())
    }

    fn once(&mut self, option: &str) -> Result<()> {
        let Some(group) = Group::of(option) else { return Ok(()) };
        if let Some((_, before)) = self.seen.iter().find(|(known, _)| *known == group) {
            return Err(invalid(format!(
                "invalid options \"{before}, {option}\", can only specify 1 {} option",
                group.words()
            )));
        }
        self.seen.push((group, option.to_string()));
        Ok(())
    }

    /// One of a tmpfs's.
    pub(super) fn tmpfs_option(&mut self, option: &str) -> Result<()> {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        match key {
            "ro" => self.read_only = true,
            "rw" => self.read_only = false,
            "tmpcopyup" => self.no_tmp_copy_up = false,
            "notmpcopyup" => self.no_tmp_copy_up = true,
            "exec" | "noexec" | "suid" | "nosuid" | "dev" | "nodev" | "noatime" => {
                self.rest.push(option.to_string())
            }
            "U" => self.own = true,
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
                    "there is no tmpfs option {option:?} (ro, rw, size=, mode=, uid=, gid=, nr_inodes=, exec, noexec, suid, nosuid, dev, nodev, tmpcopyup, notmpcopyup)"
                )));
            }
        }
        Ok(())
    }

    /// `bind-propagation=`.
    pub(super) fn set_propagation(&mut self, word: &str) -> Result<()> {
        if !PROPAGATIONS.contains(&word) {
            return Err(invalid(format!("there is no propagation {word:?} ({})", PROPAGATIONS.join(", "))));
        }
        self.propagation = Some(word.to_string());
        Ok(())
    }

    /// The word for propagation.
    pub(super) fn propagation(&self) -> String {
        self.propagation.clone().unwrap_or_else(|| "rprivate".to_string())
    }

    /// A bind of a path of the host.
    pub(super) fn bind(&self, path: PathBuf, create: bool) -> SourceRequest {
        SourceRequest::Bind { path, recursive: !self.not_recursive, propagation: self.propagation(), create }
    }

    /// A volume, named or not.
    pub(super) fn volume(&self, name: Option<super::VolumeName>) -> SourceRequest {
        SourceRequest::Volume {
            name,
            copy: !self.no_copy,
            propagation: self.propagation(),
            driver_options: self.driver_options.clone(),
            labels: self.labels.clone(),
        }
    }

    /// The whole mount.
    pub(super) fn request(self, destination: String, source: SourceRequest) -> Result<MountRequest> {
        let both = self.upper.is_some() == self.work.is_some();
        if !both || (self.upper.is_some() && !self.overlay) {
            return Err(invalid("upperdir= and workdir= belong together, and to the option O"));
        }
        if self.overlay && self.read_only {
            return Err(invalid("O and ro exclude each other: what is written to an overlay is thrown away"));
        }
        Ok(MountRequest {
            destination,
            source,
            read_only: self.read_only,
            options: self.rest,
            own: self.own,
            overlay: self.overlay.then_some(Overlay { upper: self.upper, work: self.work }),
            subpath: self.subpath,
        })
    }

    /// A tmpfs with podman's defaults: noexec, nosuid and nodev unless the opposite is asked for, and
    /// it begins with what the image has there.
    pub(super) fn tmpfs(mut self, destination: String, source: SourceRequest) -> Result<MountRequest> {
        for word in ["exec", "suid", "dev"] {
            if !self.rest.iter().any(|option| option == word) {
                let no = format!("no{word}");
                if !self.rest.contains(&no) {
                    self.rest.push(no);
                }
            }
        }
        self.rest.retain(|option| !matches!(option.as_str(), "exec" | "suid" | "dev"));
        if !self.no_tmp_copy_up {
            self.rest.push("tmpcopyup".to_string());
        }
        self.request(destination, source)
    }
}

/// The options of a volume that is a tmpfs, checked.
///
/// # Errors
/// `Invalid` for words that are none of a tmpfs's, or have no good number.
pub(super) fn tmpfs(words: &[&str]) -> Result<Vec<String>> {
    let mut asked = Options::default();
    for word in words {
        asked.tmpfs_option(word)?;
    }
    if asked.own {
        return Err(invalid("U is no option of a volume: uid= and gid= say whose it is"));
    }
    if asked.read_only {
        asked.rest.push("ro".to_string());
    }
    Ok(asked.rest)
}

/// A path below the source, never above it.
pub(super) fn below(path: &str) -> Result<String> {
    if path.is_empty() || path.split('/').any(|part| part == "..") {
        return Err(invalid(format!("the subpath {path:?} has to lie within the source, without ..")));
    }
    Ok(path.trim_matches('/').to_string())
}

/// Mapping ids of a mount needs CAP_SYS_ADMIN over the file system's own user namespace.
pub(super) fn no_id_maps() -> crate::error::Error {
    crate::error::Error::new(
        crate::error::Kind::Unsupported,
        "idmap: the kernel maps the ids of a mount only for the administrator of its file system",
    )
    .hint("U gives the files to the container's user")
}
