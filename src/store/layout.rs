//! Where everything lies below the store's root.
//!
//! ```text
//! root/            box-store (the marker that `system reset` asks for)
//!   images/        an OCI image layout: oci-layout, index.json, blobs/sha256/… (sha512 too)
//!   layers/<hex>/  diff/ (what overlay mounts) beside what belongs to it
//!   places/        where containers' own files are mounted: the lowest layer of all
//!   containers/<id>/  config.json state.json name lock log diff/ work/ hosts resolv.conf hostname
//!   names/<name>   a symlink to ../containers/<id>: made, with its content, in one step
//!   networks/<name>/  network.json leases/<container id>
//!   volumes/<name>/  volume.json lock _data/ (what is mounted); see `volumes`
//!   trash/         what waits for its removal in the background
//! run/             userns/ (the lock and the living holders) c/<short id>/{attach,control}.sock
//!                  networks/<name>/{lock,uplink,holders/<container id>}
//! ```

use crate::container::bridge::NetworkName;
use crate::container::id::ContainerId;
use crate::container::volume::VolumeName;
use crate::error::{Doing, Result, failed};
use crate::image::digest::{Algorithm, BlobDigest, ChainId};
use crate::settings::Settings;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A store on disk: only paths, nothing that could disagree with the files.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    run: PathBuf,
    new: bool,
}

/// The file that marks a directory as ours; `system reset` touches nothing without it.
pub const MARKER: &str = "box-store";

impl Store {
    /// Opens the store at the place the settings name and makes what is missing of it. A crash leaves
    /// some of the directories without the marker, and the next command makes the rest.
    ///
    /// # Errors
    /// When the directories cannot be made: a home that is not writable, a full disk.
    pub fn open(settings: &Settings) -> Result<Store> {
        let mut store = Store { root: settings.root.clone(), run: settings.run.clone(), new: false };
        // Two stats on the common path; the marker is written last, so that it vouches for the rest, but
        // where a reset was interrupted: that begins with the containers.
        if !store.root.join(MARKER).exists() || !store.containers().exists() {
            // Nobody else may look inside: an image's setuid programs belong to us, and whoever ran
            // one on the host would become us. (CVE-2021-41091)
            let mut private = std::fs::DirBuilder::new();
            private.recursive(true).mode(0o700);
            for dir in super::foundations::DIRECTORIES {
                let dir = store.root.join(dir);
                private.create(&dir).map_err(|cause| {
                    failed(format!("cannot make the store's directory {}", dir.display()))
                        .because(cause)
                        .hint("--root DIR or BOX_ROOT=DIR puts the store somewhere else")
                })?;
            }
            let marker = store.root.join(MARKER);
            std::fs::write(&marker, "box\n").doing(|| format!("write {}", marker.display()))?;
            store.new = true;
        }
        Ok(store)
    }

    /// Whether it was made just now: the moment to say what is said once.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// The root: images, layers, containers.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The runtime directory: sockets and locks.
    #[must_use]
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// The OCI image layout.
    #[must_use]
    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// The blobs with digests of this algorithm; a directory for SHA-512 is only there when it is needed.
    #[must_use]
    pub fn blobs(&self, algorithm: Algorithm) -> PathBuf {
        self.root.join("images/blobs").join(algorithm.name())
    }

    /// The blob of this digest, there or not.
    #[must_use]
    pub fn blob(&self, digest: &BlobDigest) -> PathBuf {
        self.blobs(digest.algorithm()).join(digest.hex())
    }

    /// All unpacked layers.
    #[must_use]
    pub fn layers(&self) -> PathBuf {
        self.root.join("layers")
    }

    /// The directory of one unpacked layer; `diff` in it is what overlay mounts.
    #[must_use]
    pub fn layer(&self, chain: &ChainId) -> PathBuf {
        self.root.join("layers").join(chain.hex())
    }

    /// All containers.
    #[must_use]
    pub fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }

    /// The directory of one container.
    #[must_use]
    pub fn container(&self, id: &ContainerId) -> PathBuf {
        self.root.join("containers").join(id.as_str())
    }

    /// The files that hold containers' names.
    #[must_use]
    pub fn names(&self) -> PathBuf {
        self.root.join("names")
    }

    /// All networks.
    #[must_use]
    pub fn networks(&self) -> PathBuf {
        self.root.join("networks")
    }

    /// What a network has as long as one of its containers runs.
    #[must_use]
    pub fn network_run(&self, name: &NetworkName) -> PathBuf {
        self.run.join("networks").join(name.as_str())
    }

    /// All volumes.
    #[must_use]
    pub fn volumes(&self) -> PathBuf {
        self.root.join("volumes")
    }

    /// The directory of one volume; `_data` in it is what is mounted.
    #[must_use]
    pub fn volume(&self, name: &VolumeName) -> PathBuf {
        self.root.join("volumes").join(name.as_str())
    }

    /// What waits for its removal.
    #[must_use]
    pub fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    /// The sockets of one container. The twelve digits keep their paths below 107 bytes.
    #[must_use]
    pub fn container_run(&self, id: &ContainerId) -> PathBuf {
        self.run.join("c").join(id.short())
    }
}
