//! Configuration files, the environment and the XDG directories, as one [`Settings`].

pub mod conf;

use crate::error::{Doing, Error, Kind, Result};
use conf::Conf;
use serde::{Deserialize, Serialize};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where box keeps its files, for the user who called it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Images, layers and containers: survives a reboot.
    pub root: PathBuf,
    /// Sockets and locks: gone after a reboot.
    pub run: PathBuf,
    /// `--log-level`: the plan and the steps are printed at `debug`.
    pub debug: bool,
    /// `--storage-driver`: how new containers get their root file system.
    pub storage: StorageDriver,
}

/// How a container's root file system is made of its layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageDriver {
    /// The best that works.
    #[default]
    Auto,
    /// The kernel's overlay.
    Overlay,
    /// The same, served by box itself through FUSE.
    #[serde(rename = "fuse-overlayfs")]
    Fuse,
    /// A copy.
    Vfs,
}

impl std::str::FromStr for StorageDriver {
    type Err = Error;

    fn from_str(text: &str) -> Result<StorageDriver> {
        match text {
            "" => Ok(StorageDriver::Auto),
            "overlay" | "overlay2" => Ok(StorageDriver::Overlay),
            "vfs" => Ok(StorageDriver::Vfs),
            "fuse-overlayfs" | "fuse" => Ok(StorageDriver::Fuse),
            _ => Err(crate::error::invalid(format!(
                "there is no storage driver {text:?}: it is overlay, fuse-overlayfs or vfs"
            ))),
        }
    }
}

impl Settings {
    /// Takes `--root` and `--runroot` where given, else `BOX_ROOT` and `BOX_RUNROOT`, else what
    /// config.toml says, else the XDG directories (root: /var/lib/box and /run/box).
    ///
    /// # Errors
    /// `Unsupported` without a home directory; `Invalid` for a broken config.toml; `Denied` when the fall-back runtime directory under
    /// /tmp belongs to somebody else.
    ///
    /// Source: XDG Base Directory Specification.
    pub fn load(root: Option<PathBuf>, run: Option<PathBuf>, debug: bool) -> Result<Settings> {
        let uid = nix::unistd::geteuid();
        let from_env = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let (root, run) = (root.or_else(|| from_env("BOX_ROOT")), run.or_else(|| from_env("BOX_RUNROOT")));
        let storage = match (&root, &run) {
            (Some(_), Some(_)) => conf::Storage::default(),
            _ => Conf::load_own()?.storage,
        };
        let root = match root.or(storage.root) {
            Some(root) => root,
            None if uid.is_root() => PathBuf::from("/var/lib/box"),
            None => dirs::data_dir()
                .ok_or_else(|| {
                    Error::new(
                        Kind::Unsupported,
                        "there is no home directory to keep images and containers in",
                    )
                    .hint("set HOME or XDG_DATA_HOME, or name a directory with --root")
                })?
                .join("box"),
        };
        let run = match run.or(storage.runroot) {
            Some(run) => run,
            None if uid.is_root() => PathBuf::from("/run/box"),
            None => match from_env("XDG_RUNTIME_DIR").filter(|dir| dir.is_dir()) {
                Some(dir) => dir.join("box"),
                None => PathBuf::from(format!("/tmp/box-run-{uid}")),
            },
        };
        private_directory(&run)?;
        let absolute =
            |path: PathBuf| std::path::absolute(&path).doing(|| format!("resolve {}", path.display()));
        Ok(Settings { root: absolute(root)?, run: absolute(run)?, debug, storage: StorageDriver::Auto })
    }
}

/// Makes `path` with mode 0700, or accepts one that is ours alone.
fn private_directory(path: &Path) -> Result<()> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.doing(|| format!("make the runtime directory {}", path.display()))?;
    let there = std::fs::symlink_metadata(path).doing(|| format!("look at {}", path.display()))?;
    let ours = there.is_dir() && there.uid() == nix::unistd::geteuid().as_raw();
    if !ours || there.permissions().mode() & 0o022 != 0 {
        return Err(Error::new(Kind::Denied, format!("the runtime directory {} is not ours alone", path.display()))
            .hint("set XDG_RUNTIME_DIR to a directory of your own (systemd-logind makes /run/user/UID), or use --runroot"));
    }
    Ok(())
}
