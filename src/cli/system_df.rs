//! `box system df`.

use super::format::template::{self, Field, Format, field};
use super::format::{go, human, table, visible};
use super::{Context, output};
use crate::error::Result;
use crate::image::reference::Reference;
use crate::ops::df::{self, ContainerUse, DiskUse, ImageUse, Sum, VolumeUse};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Show how much of the disk images, containers and volumes take
///
/// Images count with their unpacked layers and the blobs that these came from; what two images
/// share counts once. What is reclaimable goes with `box system prune --all`.
#[derive(clap::Args)]
#[command(after_help = template::help("Examples:\n  box system df\n  box system df -v     each image and container\n  \
    box system df --format '{{.Type}} {{.Reclaimable}}'", FIELDS))]
pub(crate) struct SystemDf {
    /// json, a Go template, or `table` and a template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show each image, container and volume; templates then see .Images, .Containers and .Volumes
    #[arg(long, short)]
    verbose: bool,
}

impl SystemDf {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let all = df::disk_use(ctx.settings()?, ctx.store()?)?;
        let rows = [
            Row("Images", all.all_images),
            Row("Containers", all.all_containers),
            Row("Local Volumes", all.all_volumes),
        ];
        let text = match template::asked(self.format.as_deref()) {
            None if self.verbose => verbose(&all, Timestamp::now()),
            Some("json") if self.verbose => super::format::json::pretty(&each(&all, Timestamp::now())) + "\n",
            Some(text) if self.verbose => {
                let format = Format::parse(text)?;
                visible::out(format.render(&go::value(&each(&all, Timestamp::now())))? + "\n")
            }
            None => table::plain(COLUMNS, &rows, false, true),
            Some("json") => {
                let all: Vec<_> = rows.iter().map(|row| template::object(row, FIELDS)).collect();
                super::format::json::pretty(&all) + "\n"
            }
            Some(text) => Format::parse(text)?.rows(&rows, FIELDS, false, true)?,
        };
        output::text(text);
        Ok(0)
    }
}

/// One line of the short table.
struct Row(&'static str, Sum);

const COLUMNS: &[table::Column<Row>] = &[
    ("TYPE", |row, _| row.0.to_string()),
    ("TOTAL", |row, _| row.1.total.to_string()),
    ("ACTIVE", |row, _| row.1.active.to_string()),
    ("SIZE", |row, _| human::exact_size(row.1.size)),
    ("RECLAIMABLE", |row, _| row.reclaimable()),
];

const FIELDS: &[Field<Row>] = &[
    field("Type", "TYPE", |row, _| row.0.into()),
    field("Total", "TOTAL", |row, _| row.1.total.into()),
    field("TotalCount", "TOTAL", |row, _| row.1.total.into()),
    field("Active", "ACTIVE", |row, _| row.1.active.into()),
    field("Size", "SIZE", |row, _| human::exact_size(row.1.size).into()),
    field("RawSize", "SIZE", |row, _| row.1.size.into()),
    field("Reclaimable", "RECLAIMABLE", |row, _| row.reclaimable().into()),
    field("RawReclaimable", "RECLAIMABLE", |row, _| row.1.reclaimable.into()),
];

impl Row {
    fn reclaimable(&self) -> String {
        let Sum { size, reclaimable, .. } = self.1;
        let percent = if size == 0 { 0.0 } else { reclaimable as f64 * 100.0 / size as f64 };
        format!("{} ({percent:.0}%)", human::exact_size(reclaimable))
    }
}

/// As docker has it: each thing by itself, and all as text.
fn each(all: &DiskUse, now: Timestamp) -> Value {
    let size = human::exact_size;
    let mut images = Vec::new();
    for one in &all.images {
        let names: Vec<Option<&Reference>> = match one.image.names.is_empty() {
            true => vec![None],
            false => one.image.names.iter().map(Some).collect(),
        };
        images.extend(names.into_iter().map(|name| {
            json!({
                "Containers": one.containers.to_string(),
                "CreatedAt": one.image.created.map(human::whole_time).unwrap_or_default(),
                "CreatedSince": one.image.created.map_or("N/A".to_string(), |then| human::ago(then, now)),
                "Digest": one.image.manifest.to_string(),
                "ID": format!("sha256:{}", one.image.id.hex()),
                "Repository": name.map_or("<none>".to_string(), Reference::name),
                "SharedSize": size(one.shared),
                "Size": size(one.size),
                "Tag": name.and_then(Reference::tag).unwrap_or("<none>"),
                "UniqueSize": size(one.size - one.shared),
                "VirtualSize": size(one.size),
            })
        }));
    }
    let containers: Vec<Value> = all
        .containers
        .iter()
        .map(|one| {
            let config = &one.entry.config;
            json!({
                "Command": config.process.args().join(" "),
                "CreatedAt": human::whole_time(config.created),
                "ID": one.entry.id.as_str(),
                "Image": config.image.name,
                "Labels": config.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(","),
                "LocalVolumes": volumes(one).to_string(),
                "Names": one.entry.name.as_str(),
                "RunningFor": human::ago(config.created, now),
                "Size": size(one.size),
                "State": one.entry.status().as_str(),
            })
        })
        .collect();
    let volumes: Vec<Value> = all
        .volumes
        .iter()
        .map(|one| {
            json!({ "Driver": "local", "Links": one.links.to_string(), "Name": one.name, "Scope": "local", "Size": size(one.size) })
        })
        .collect();
    json!({ "Images": images, "Containers": containers, "Volumes": volumes.as_slice(), "BuildCache": [] })
}

fn verbose(all: &DiskUse, now: Timestamp) -> String {
    struct Named<'a>(&'a ImageUse, Option<&'a Reference>, Timestamp);
    let mut images: Vec<Named<'_>> = Vec::new();
    for image in &all.images {
        match image.image.names.is_empty() {
            true => images.push(Named(image, None, now)),
            false => images.extend(image.image.names.iter().map(|name| Named(image, Some(name), now))),
        }
    }
    let columns: &[table::Column<Named<'_>>] = &[
        ("REPOSITORY", |row, _| row.1.map_or("<none>".to_string(), Reference::name)),
        ("TAG", |row, _| row.1.and_then(Reference::tag).unwrap_or("<none>").to_string()),
        ("IMAGE ID", |row, _| row.0.image.id.short().to_string()),
        ("CREATED", |row, _| row.0.image.created.map_or("N/A".into(), |then| human::since(then, row.2))),
        ("SIZE", |row, _| human::exact_size(row.0.size)),
        ("SHARED SIZE", |row, _| human::exact_size(row.0.shared)),
        ("UNIQUE SIZE", |row, _| human::exact_size(row.0.size - row.0.shared)),
        ("CONTAINERS", |row, _| row.0.containers.to_string()),
    ];
    let mut text = "Images space usage:\n\n".to_string() + &table::plain(columns, &images, false, true);

    let columns: &[table::Column<(&ContainerUse, Timestamp)>] = &[
        ("CONTAINER ID", |row, _| row.0.entry.id.short().to_string()),
        ("IMAGE", |row, _| {
            row.0.entry.config.image.id.as_ref().map_or(String::new(), |id| id.short().into())
        }),
        ("COMMAND", |row, _| row.0.entry.config.process.args().join(" ")),
        ("LOCAL VOLUMES", |row, _| volumes(row.0).to_string()),
        ("SIZE", |row, _| human::exact_size(row.0.size)),
        ("CREATED", |row, _| human::since(row.0.entry.config.created, row.1)),
        ("STATUS", |row, _| row.0.entry.status().as_str().to_string()),
        ("NAMES", |row, _| row.0.entry.name.to_string()),
    ];
    let rows: Vec<_> = all.containers.iter().map(|container| (container, now)).collect();
    text += "\nContainers space usage:\n\n";
    text += &table::plain(columns, &rows, false, true);

    let columns: &[table::Column<VolumeUse>] = &[
        ("VOLUME NAME", |row, _| row.name.clone()),
        ("LINKS", |row, _| row.links.to_string()),
        ("SIZE", |row, _| human::exact_size(row.size)),
    ];
    text += "\nLocal Volumes space usage:\n\n";
    text += &table::plain(columns, &all.volumes, false, true);
    text
}

fn volumes(container: &ContainerUse) -> usize {
    let mounts = &container.entry.config.mounts;
    mounts.iter().filter(|mount| mount.volume().is_some()).count()
}
