//! Images out of containers: `commit`; and the files of containers and images: `diff`, `export`.

use super::outgoing::{Conversion, Format, layer_type, package};
use super::outlet;
use super::publish::{Part, Parts, publish, stage_packed};
use crate::container::config::{ContainerConfig, MountSource, Rootfs};
use crate::container::id::ContainerId;
use crate::container::idmap;
use crate::error::{Doing, Error, Kind, Result, failed, invalid};
use crate::image::change;
use crate::image::config::{Execution, History, ImageConfig};
use crate::image::digest::{ChainId, ImageId};
use crate::image::manifest::{Descriptor, Manifest, media};
use crate::image::reference::Reference;
use crate::oci::{lower, spec};
use crate::store::changes::{self, Change};
use crate::store::containers;
use crate::store::driver;
use crate::store::images::{self, Image};
use crate::store::layers::{self, StagedLayer};
use crate::store::layout::Store;
use crate::store::pack::{Owners, Packer, Placeholders};
use crate::store::stack::Stack;
use crate::store::staging::Staging;
use crate::sys::userns::IdMaps;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What to commit, and as what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommitJob {
    /// The container.
    pub container: ContainerId,
    /// The new image's name.
    pub name: Option<Reference>,
    /// `--author`.
    pub author: Option<String>,
    /// `--message`.
    pub message: Option<String>,
    /// `--change`.
    pub changes: Vec<String>,
    /// `--run` and `--config`: documents in Docker's words, merged before the changes.
    pub documents: Vec<String>,
    /// `--format`: Docker's schema 2 instead of OCI.
    pub docker: bool,
    /// `--squash`: one layer with everything.
    pub squash: bool,
    /// `--include-volumes`.
    pub include_volumes: bool,
}

/// The moment that new images carry: SOURCE_DATE_EPOCH if it is set, else now; and the time that
/// files in new layers may have at most.
///
/// # Errors
/// `Invalid` when the variable is no number of seconds.
pub fn moment() -> Result<(Timestamp, Option<i64>)> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else {
        return Ok((Timestamp::now(), None));
    };
    let seconds = text.to_str().and_then(|text| text.parse::<i64>().ok());
    let moment = seconds.and_then(|seconds| Some((Timestamp::from_second(seconds).ok()?, Some(seconds))));
    moment.ok_or_else(|| invalid(format!("SOURCE_DATE_EPOCH is no number of seconds: {}", text.display())))
}

/// Makes an image of a container's files. Runs inside the user namespace.
///
/// The container is only read. A crash leaves a directory in `tmp/`, which the next job sweeps, or
/// blobs and layers that nothing names, which `store::gc` removes; the name moves last, in one step.
///
/// # Errors
/// `NotFound` when the container or its image has gone; `Invalid` for changes that make no sense.
pub fn commit(store: &Store, job: &CommitJob) -> Result<ImageId> {
    let _hold = images::hold(store)?;
    let staging = Staging::begin(store)?;
    let container = containers::config(store, &job.container)?;
    let base = base(store, &container)?;
    let (created, newest) = moment()?;
    let layer = pack(store, &staging, &container, newest, job.squash).doing(|| "archive its files")?;
    // Its directory may have gone to the trash under us; then the layer is a part of it at best.
    if !containers::exists(store, &job.container) {
        return Err(containers::no_such(job.container.as_str()));
    }

    let mut config = base.config.clone();
    config.created = Some(created);
    if job.author.is_some() {
        config.author.clone_from(&job.author);
    }
    take_over(&mut config.config, &container, job.include_volumes);
    for document in &job.documents {
        change::merge(&mut config.config, document)?;
    }
    for line in &job.changes {
        change::apply(&mut config.config, line)?;
    }
    if job.squash {
        config.rootfs.diff_ids.clear();
        config.history.iter_mut().for_each(|step| step.empty_layer = true);
    }
    config.rootfs.diff_ids.push(layer.diff_id.clone());
    config.history.push(History {
        created: Some(created),
        created_by: Some(container.process.args().join(" ")),
        author: job.author.clone(),
        comment: job.message.clone().filter(|text| !text.is_empty()),
        ..History::default()
    });
    let below = (!job.squash).then_some(&base);
    let format = if job.docker { Format::Docker } else { Format::Oci };
    finish(store, &staging, below, layer, config, format, job.name.clone())
}

/// The image that a container was made from.
fn base(store: &Store, container: &ContainerConfig) -> Result<Image> {
    let Some(id) = &container.image.id else {
        return Err(Error::new(Kind::Unsupported, "it was made with --rootfs and has no image to build on")
            .hint("box export CONTAINER | box import - NAME"));
    };
    images::find(store, &id.to_string())?.ok_or_else(|| {
        Error::new(Kind::NotFound, format!("the image it was made from is gone: {}", container.image.name))
            .hint("pull it again, or: box export CONTAINER | box import - NAME")
    })
}

fn pack(
    store: &Store,
    staging: &Staging,
    container: &ContainerConfig,
    newest: Option<i64>,
    everything: bool,
) -> Result<StagedLayer> {
    let (stack, owners) = of_container(store, container)?;
    let left_out = placeholders(container);
    stage_packed(staging, |to| {
        let mut packer = Packer::new(&stack, owners, newest, to);
        if everything {
            packer.everything(&left_out)?
        } else {
            packer.change(&left_out)?
        }
        packer.finish().map(drop)
    })
}

/// What containers of the new image take over from this container, beside what its image had.
fn take_over(to: &mut Execution, container: &ContainerConfig, with_volumes: bool) {
    let process = &container.process;
    let some = |words: &Vec<String>| (!words.is_empty()).then(|| words.clone());
    (to.entrypoint, to.cmd) = (some(&process.entrypoint), some(&process.cmd));
    let before: Vec<String> =
        to.env.iter().filter_map(|line| Some(line.split_once('=')?.0.to_string())).collect();
    to.env = process.env.clone();
    // What every container gets by itself is no property of the image.
    to.env.retain(|line| {
        let key = line.split('=').next().unwrap_or_default();
        !matches!(key, "container" | "TERM") || before.iter().any(|known| known == key)
    });
    to.user.clone_from(&process.user);
    if !(process.workdir == "/" && to.working_dir.is_empty()) {
        to.working_dir.clone_from(&process.workdir);
    }
    to.labels = container.labels.iter().cloned().collect();
    to.exposed_ports = container.network.exposed.iter().map(|port| (port.clone(), json!({}))).collect();
    if with_volumes {
        let kept = container.mounts.iter().filter(|mount| !matches!(mount.source, MountSource::Tmpfs));
        to.volumes.extend(kept.map(|mount| (mount.destination.clone(), json!({}))));
    }
}

/// Puts the new layer on those of an image, if there is one, and publishes it all.
fn finish(
    store: &Store,
    staging: &Staging,
    base: Option<&Image>,
    layer: StagedLayer,
    config: ImageConfig,
    format: Format,
    name: Option<Reference>,
) -> Result<ImageId> {
    let (mut descriptors, mut parts) = (Vec::new(), Vec::new());
    if let Some(base) = base {
        let below = package(store, &base.manifest, &base.media_type)?;
        let conversion = Conversion { format: Some(format), ..Conversion::default() };
        let below = conversion.apply(below, staging)?;
        descriptors.extend(below.layers.into_iter().map(|piece| piece.descriptor));
        if base.chain().iter().any(|chain| !layers::is_complete(store, chain)) {
            return Err(failed("a layer of its image is missing").hint("pull the image again"));
        }
        parts.extend(descriptors.iter().map(|_| Part::Present));
    }
    descriptors.push(Descriptor::new(
        layer_type(format, layer.compression)?,
        layer.blob.digest().clone(),
        layer.blob.size(),
    ));
    parts.push(Part::Staged(layer));
    let config = serde_json::to_vec(&config).expect("a configuration is strings, numbers and lists");
    let (of_config, media_type) = match format {
        Format::Oci => (media::OCI_CONFIG, media::OCI_MANIFEST),
        Format::Docker => (media::DOCKER_CONFIG, media::DOCKER_MANIFEST),
    };
    let manifest = Manifest {
        media_type: Some(media_type.to_string()),
        ..Manifest::oci(Descriptor::of(of_config, &config), descriptors)
    };
    let manifest = serde_json::to_vec(&manifest).expect("a manifest is strings and numbers");
    let parts = Parts {
        layers: parts,
        config,
        manifest,
        digest: None,
        media_type: media_type.to_string(),
        names: name.into_iter().collect(),
        index: None,
        beside: Vec::new(),
    };
    publish(store, staging, parts)
}

/// The files of a container: its own on top of its image's.
fn of_container(store: &Store, container: &ContainerConfig) -> Result<(Stack, Owners)> {
    match &container.rootfs {
        Rootfs::Layers(chain) => {
            let whole = driver::copied(store, &container.id).is_dir();
            let top = driver::own_files(store, &container.id);
            let directories = [top].into_iter().chain(downwards(store, chain)).collect::<Vec<_>>();
            let ids = idmap::nested(&container.namespaces.user, &IdMaps::current()?)?;
            let stack = Stack::open(&directories)?.seen_by(ids);
            let stack = if whole { stack.with_whole_top() } else { stack };
            Ok((stack, Owners::of(store, chain, 1)?))
        }
        Rootfs::Directory(path) => Ok((Stack::open(std::slice::from_ref(path))?, Owners::default())),
    }
}

fn downwards<'a>(store: &'a Store, chain: &'a [ChainId]) -> impl Iterator<Item = PathBuf> + 'a {
    chain.iter().rev().map(|chain| layers::diff(store, chain))
}

/// The places in a container that box makes to mount something there, and the lines that it adds to files.
fn placeholders(container: &ContainerConfig) -> Placeholders {
    let always = [
        "/dev",
        "/etc/hostname",
        "/etc/hosts",
        "/etc/localtime",
        "/etc/resolv.conf",
        "/proc",
        "/run/.box-apt.conf",
        "/run/.containerenv",
        "/run/secrets",
        "/sys",
    ];
    let own = container.mounts.iter().map(|mount| mount.destination.as_str());
    let mut added: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for account in lower::accounts(container) {
        added.entry(spec::PASSWD).or_default().push(account.passwd_line());
        added.entry(spec::GROUP).or_default().extend(account.group_line());
    }
    added.into_iter().fold(Placeholders::new(always).with_files(own), |places, (file, lines)| {
        places.with_lines(file, lines)
    })
}

/// Something with files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Thing {
    /// A container.
    Container(ContainerId),
    /// An image's layers, lowest first.
    Layers(Vec<ChainId>),
}

fn of_thing(store: &Store, thing: &Thing) -> Result<(Stack, Placeholders)> {
    match thing {
        Thing::Container(id) => {
            let container = containers::config(store, id)?;
            Ok((of_container(store, &container)?.0, placeholders(&container)))
        }
        Thing::Layers(chain) => {
            Ok((Stack::open(&downwards(store, chain).collect::<Vec<_>>())?, Placeholders::default()))
        }
    }
}

/// What a container changed, or an image's last layer; or what makes of `than` the first one. Only
/// reads. Runs inside the user namespace.
///
/// # Errors
/// `NotFound` when one of them has gone.
pub fn diff(store: &Store, thing: &Thing, than: Option<&Thing>) -> Result<Vec<Change>> {
    let _hold = images::hold(store)?;
    let this = of_thing(store, thing)?;
    match than {
        Some(other) => changes::between(&of_thing(store, other)?, &this),
        None if this.0.depth() == 0 => Ok(Vec::new()),
        None => changes::of_top(&this.0, &this.1),
    }
}

/// Writes a container's files as a tar to a file or to standard output. Only reads the store. Runs
/// inside the user namespace.
///
/// # Errors
/// `NotFound` when the container has gone meanwhile; what the disk says.
pub fn export(store: &Store, id: &ContainerId, output: Option<&PathBuf>) -> Result<()> {
    let _hold = images::hold(store)?;
    let container = containers::config(store, id)?;
    let (stack, owners) = of_container(store, &container)?;
    let (_, newest) = moment()?;
    outlet::to_file(output.map(PathBuf::as_path), |to| {
        let mut packer = Packer::new(&stack, owners, newest, to);
        packer.everything(&Placeholders::default())?;
        packer.finish()?;
        match containers::exists(store, id) {
            true => Ok(()),
            false => Err(containers::no_such(id.as_str())),
        }
    })
}

/// Makes an image with one more file in it, as docker once could: what is read becomes `path`, and
/// the directories on the way there are as they were.
///
/// A crash leaves what it does to [`commit`].
///
/// # Errors
/// `Invalid` for a path that names no file; what reading and the disk say.
pub fn insert(store: &Store, job: &InsertJob) -> Result<ImageId> {
    let _hold = images::hold(store)?;
    let staging = Staging::begin(store)?;
    let base =
        images::find(store, &job.image.to_string())?.ok_or_else(|| images::unknown(job.image.hex()))?;
    let path = job.path.trim_matches('/');
    if path.is_empty()
        || job.path.ends_with('/')
        || path.split('/').any(|part| matches!(part, "" | "." | ".."))
    {
        return Err(invalid(format!("{:?} is not the path of a file in the image", job.path)));
    }
    let (created, newest) = moment()?;
    // Its length stands before it in the archive.
    let place = staging.path("file");
    let doing = || format!("get {}", job.url);
    let mut file = std::fs::File::create(&place).doing(doing)?;
    let mut from = crate::registry::client::download(&job.url).doing(doing)?;
    let size = std::io::copy(&mut from, &mut file).doing(doing)?;
    let chain = base.chain();
    let stack = Stack::open(&downwards(store, &chain).collect::<Vec<_>>())?;
    let layer = stage_packed(&staging, |to| {
        let mut packer = Packer::new(&stack, Owners::of(store, &chain, 0)?, newest, to);
        packer.one_file(path.as_bytes(), created.as_second(), size, std::fs::File::open(&place)?)?;
        packer.finish().map(drop)
    })?;
    let mut config = base.config.clone();
    config.created = Some(created);
    config.rootfs.diff_ids.push(layer.diff_id.clone());
    config.history.push(History {
        created: Some(created),
        created_by: Some(format!("/bin/sh -c #(nop) ADD {} in /{path}", job.url)),
        ..History::default()
    });
    let docker = base.media_type == media::DOCKER_MANIFEST;
    let format = if docker { Format::Docker } else { Format::Oci };
    finish(store, &staging, Some(&base), layer, config, format, None)
}

/// What `image insert` is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InsertJob {
    /// The image that is built on.
    pub image: ImageId,
    /// Where the file is.
    pub url: String,
    /// What it is called in the image.
    pub path: String,
}
