//! `box system df`.

use super::format::template::{self, Field, Format, field};
use super::format::{human, table};
use super::{Context, output};
use crate::error::Result;
use crate::image::reference::Reference;
use crate::ops::df::{self, ContainerUse, DiskUse, ImageUse, Sum, VolumeUse};
use jiff::Timestamp;

/// Show how much of the disk images, containers and volumes take
///
/// Images count with their unpacked layers and the blobs that these came from; what two images
/// share counts once. What is reclaimable goes with `box system prune --all`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box system df\n  box system df -v     each image and container\n  \
    box system df --format '{{.Type}} {{.Reclaimable}}'")]
pub(crate) struct SystemDf {
    /// json, a Go template, or `table` and a template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show each image, container and volume
    #[arg(long, short, conflicts_with = "format")]
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
        let text = match self.format.as_deref().filter(|format| !format.is_empty()) {
            _ if self.verbose => verbose(&all, Timestamp::now()),
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
    ("SIZE", |row, _| human::size(row.1.size)),
    ("RECLAIMABLE", |row, _| row.reclaimable()),
];

const FIELDS: &[Field<Row>] = &[
    field("Type", "TYPE", |row, _| row.0.into()),
    field("Total", "TOTAL", |row, _| row.1.total.into()),
    field("TotalCount", "TOTAL", |row, _| row.1.total.into()),
    field("Active", "ACTIVE", |row, _| row.1.active.into()),
    field("Size", "SIZE", |row, _| human::size(row.1.size).into()),
    field("RawSize", "SIZE", |row, _| row.1.size.into()),
    field("Reclaimable", "RECLAIMABLE", |row, _| row.reclaimable().into()),
    field("RawReclaimable", "RECLAIMABLE", |row, _| row.1.reclaimable.into()),
];

impl Row {
    fn reclaimable(&self) -> String {
        let Sum { size, reclaimable, .. } = self.1;
        let percent = if size == 0 { 0.0 } else { reclaimable as f64 * 100.0 / size as f64 };
        format!("{} ({percent:.0}%)", human::size(reclaimable))
    }
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
        ("SIZE", |row, _| human::size(row.0.size)),
        ("SHARED SIZE", |row, _| human::size(row.0.shared)),
        ("UNIQUE SIZE", |row, _| human::size(row.0.size - row.0.shared)),
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
        ("SIZE", |row, _| human::size(row.0.size)),
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
        ("SIZE", |row, _| human::size(row.size)),
    ];
    text += "\nLocal Volumes space usage:\n\n";
    text += &table::plain(columns, &all.volumes, false, true);
    text
}

fn volumes(container: &ContainerUse) -> usize {
    let mounts = &container.entry.config.mounts;
    mounts.iter().filter(|mount| mount.volume().is_some()).count()
}
