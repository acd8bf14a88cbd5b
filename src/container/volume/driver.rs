//! What the options of a volume come to: `volume create -o`, `--mount …,volume-opt=`.

use crate::error::{Error, Kind, Result, invalid};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where the files of a volume really are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backing {
    /// In the store.
    Store,
    /// In a directory of the host: `type=none,o=bind,device=DIR`.
    Directory {
        /// An absolute path.
        path: PathBuf,
        /// How it is mounted: `ro`, `noexec` …
        options: Vec<String>,
    },
    /// In memory, while containers run that have it: `type=tmpfs`, with a tmpfs's options.
    Tmpfs(Vec<String>),
}

/// What the options say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Where its files are.
    pub backing: Backing,
    /// It does not begin with what an image has.
    pub no_copy: bool,
    /// `o=uid=`: whose it is.
    pub uid: Option<u32>,
    /// `o=gid=`.
    pub gid: Option<u32>,
    /// The image that it is filled with when it is made: the driver `image`.
    pub image: Option<String>,
}

/// The driver of podman's that fills a volume with an image.
pub const IMAGE: &str = "image";

/// Understands what a driver was given.
///
/// # Errors
/// `Invalid` for options that are none; `Unsupported` for file systems that only the host's
/// administrator can mount, for limits that need one, and for other drivers.
///
/// Source: podman-volume-create(1); docker volume create, "Driver-specific options".
pub fn understand(driver: &str, options: &BTreeMap<String, String>) -> Result<Asked> {
    match driver {
        "local" | "" => local(options),
        IMAGE => of_image(options),
        other => Err(Error::new(
            Kind::Unsupported,
            format!("there is no volume driver {other:?}, and box runs no plugins"),
        )
        .hint("there are local and image; what the host has mounted is used by -v /mnt/it:/data")),
    }
}

fn of_image(options: &BTreeMap<String, String>) -> Result<Asked> {
    if let Some(other) = options.keys().find(|key| *key != IMAGE) {
        return Err(invalid(format!("invalid mount option {other} for driver 'image'")));
    }
    let image = options.get(IMAGE).filter(|name| !name.is_empty());
    let image = image.ok_or_else(|| {
        invalid("must provide an image name when creating a volume with the image driver")
            .hint("box volume create --driver image -o image=busybox files")
    })?;
    let image = Some(image.clone());
    Ok(Asked { backing: Backing::Store, no_copy: true, uid: None, gid: None, image })
}

fn local(options: &BTreeMap<String, String>) -> Result<Asked> {
    let mut asked = Asked { backing: Backing::Store, no_copy: false, uid: None, gid: None, image: None };
    let (mut kind, mut device, mut words) = ("", "", Vec::new());
    for (key, value) in options {
        match key.as_str() {
            "type" => kind = value,
            "device" => device = value,
            "o" => words = value.split(',').filter(|word| !word.is_empty()).collect(),
            "copy" | "nocopy" => asked.no_copy = (key == "nocopy") == is_meant(key, value)?,
            other => {
                return Err(invalid(format!("invalid mount option {other} for driver 'local'"))
                    .hint("there are type=, device=, o=, copy and nocopy"));
            }
        }
    }
    // What is said of the volume itself, whatever it is made of.
    words.retain(|word| match *word {
        "copy" | "nocopy" => {
            asked.no_copy = *word == "nocopy";
            false
        }
        // There are no quotas to be switched off.
        "noquota" => false,
        _ => true,
    });
    let binds = words.iter().any(|word| matches!(*word, "bind" | "rbind"));
    asked.backing = match kind {
        "tmpfs" => Backing::Tmpfs(super::options::tmpfs(&words)?),
        "none" | "bind" | "" if binds => directory(device, &words)?,
        "none" | "bind" | "" if !device.is_empty() || !kind.is_empty() => {
            return Err(invalid("a volume with a device needs o=bind")
                .hint("-o type=none -o o=bind -o device=/srv/data"));
        }
        "" => {
            for word in words {
                of_the_store(word, &mut asked)?;
            }
            Backing::Store
        }
        other => {
            return Err(Error::new(
                Kind::Unsupported,
                format!("a volume of type {other:?}: box mounts no file systems of the host's"),
            )
            .hint("mount it on the host, then use its directory: -v /mnt/it:/data"));
        }
    };
    Ok(asked)
}

/// One word of `o=` of a volume in the store.
fn of_the_store(word: &str, asked: &mut Asked) -> Result<()> {
    let id = |value: &str| {
        value.parse::<u32>().map(Some).map_err(|_| invalid(format!("{word:?} has no number, as in uid=1000")))
    };
    match word.split_once('=') {
        Some(("uid", value)) => asked.uid = id(value)?,
        Some(("gid", value)) => asked.gid = id(value)?,
        Some(("size" | "inodes", _)) => {
            return Err(Error::new(
                Kind::Unsupported,
                format!("{word}: a limit needs project quotas, which are the host's administrator's"),
            )
            .hint(format!("a volume in memory has one: -o type=tmpfs -o o={word}")));
        }
        _ => {
            return Err(invalid(format!("{word:?} is no option of a volume"))
                .hint("of one in the store there are uid=, gid=, copy and nocopy"));
        }
    }
    Ok(())
}

fn directory(device: &str, words: &[&str]) -> Result<Backing> {
    if !device.starts_with('/') {
        return Err(invalid("a volume that binds needs device=DIRECTORY, an absolute path"));
    }
    let mut options = Vec::new();
    for word in words {
        match *word {
            // Always with what is mounted below it: the kernel refuses the other in a user namespace.
            "bind" | "rbind" => {}
            "ro" | "rw" | "exec" | "noexec" | "suid" | "nosuid" | "dev" | "nodev" | "noatime"
            | "relatime" => options.push((*word).to_string()),
            _ if word.starts_with("uid=") || word.starts_with("gid=") => return Err(not_owned()),
            other => {
                return Err(invalid(format!("{other:?} is no option of a volume that binds"))
                    .hint("there are ro, rw, [no]exec, [no]suid, [no]dev, noatime, copy and nocopy"));
            }
        }
    }
    Ok(Backing::Directory { path: PathBuf::from(device), options })
}

/// The error for an owner of a volume that is a directory of the host.
#[must_use]
pub fn not_owned() -> Error {
    invalid("a volume that binds has the owner of its directory: no other can be chosen")
}

fn is_meant(key: &str, value: &str) -> Result<bool> {
    match value {
        "" | "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(invalid(format!("{key}={value}: that is neither true nor false"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(driver: &str, options: &[&str]) -> Result<Asked> {
        let pair = |word: &&str| {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            (key.to_string(), value.to_string())
        };
        understand(driver, &options.iter().map(pair).collect())
    }

    #[test]
    fn a_volume_is_in_the_store_a_directory_memory_or_an_image() {
        let plain = asked("local", &["o=uid=7,gid=8,nocopy"]).unwrap();
        assert_eq!(
            (plain.backing, plain.uid, plain.gid, plain.no_copy),
            (Backing::Store, Some(7), Some(8), true)
        );
        let bound = asked("", &["type=none", "o=bind,ro,noexec", "device=/srv"]).unwrap().backing;
        let options = vec!["ro".to_string(), "noexec".to_string()];
        assert_eq!(bound, Backing::Directory { path: "/srv".into(), options });
        let memory =
            asked("local", &["type=tmpfs", "device=tmpfs", "o=size=1m,mode=700,uid=3"]).unwrap().backing;
        assert_eq!(memory, Backing::Tmpfs(["size=1048576", "mode=700", "uid=3"].map(String::from).to_vec()));
        let image = asked("image", &["image=busybox"]).unwrap();
        assert_eq!((image.image.as_deref(), image.no_copy), (Some("busybox"), true));
        assert!(!asked("local", &["copy"]).unwrap().no_copy);
        assert!(asked("local", &["nocopy=true"]).unwrap().no_copy);
        assert!(!asked("local", &["nocopy=false"]).unwrap().no_copy);
    }

    #[test]
    fn what_cannot_be_is_refused_when_it_is_made() {
        for (options, kind) in [
            (&["frob=x"][..], Kind::Invalid),
            (&["o=frob"], Kind::Invalid),
            (&["o=uid=x"], Kind::Invalid),
            (&["o=size=1m"], Kind::Unsupported),
            (&["type=tmpfs", "o=size=x"], Kind::Invalid),
            (&["type=tmpfs", "o=frob"], Kind::Invalid),
            (&["type=nfs", "device=a:/b"], Kind::Unsupported),
            (&["device=/srv"], Kind::Invalid),
            (&["type=none"], Kind::Invalid),
            (&["o=bind"], Kind::Invalid),
            (&["o=bind,uid=3", "device=/srv"], Kind::Invalid),
            (&["o=bind,frob", "device=/srv"], Kind::Invalid),
            (&["nocopy=maybe"], Kind::Invalid),
        ] {
            assert_eq!(asked("local", options).unwrap_err().kind(), kind, "{options:?}");
        }
        assert_eq!(asked("nope", &[]).unwrap_err().kind(), Kind::Unsupported);
        assert_eq!(asked("image", &[]).unwrap_err().kind(), Kind::Invalid);
        assert_eq!(asked("image", &["image=x", "type=tmpfs"]).unwrap_err().kind(), Kind::Invalid);
    }
}
