//! `box images`.

use super::format::template::{self, Field, Format, field};
use super::format::{human, json, table};
use super::{Context, image_tree, output};
use crate::error::Result;
use crate::image::digest::BlobDigest;
use crate::image::reference::Reference;
use crate::ops::history;
use crate::ops::images::{self, Filters};
use crate::store::images::Image;
use jiff::Timestamp;
use serde_json::json;

/// List images
#[derive(clap::Args)]
#[command(
    after_help = template::help("Examples:\n  box images\n  box images debian\n  box images --filter dangling=true -q\n  \
    box images --format 'table {{.Repository}}:{{.Tag}}\\t{{.Size}}'", &fields())
)]
pub(crate) struct Images {
    /// Also show what is no image by itself (nothing in box)
    #[arg(long, short)]
    all: bool,
    /// Show the digests of the manifests
    #[arg(long)]
    digests: bool,
    /// Only those for which KEY=VALUE holds: after, before, containers, dangling, id, label, label!,
    /// reference, since, until
    #[arg(long, short, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// json, a Go template, or `table` and a template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show the names that each had before
    #[arg(long)]
    history: bool,
    /// Whole ids
    #[arg(long, visible_alias = "notruncate")]
    no_trunc: bool,
    /// No heading above the table
    #[arg(long, short)]
    noheading: bool,
    /// Only ids
    #[arg(long, short)]
    quiet: bool,
    /// Order: created, id, repository, size, tag
    #[arg(long, value_name = "COLUMN", default_value = "created", hide_default_value = true,
        value_parser = ["created", "id", "repository", "size", "tag"], hide_possible_values = true)]
    sort: String,
    /// All layers as a tree, with the images that end at each
    #[arg(long, conflicts_with_all = ["quiet", "format", "viz", "name", "filter"])]
    tree: bool,
    /// The same as a picture for Graphviz: box images --viz | dot -Tsvg
    #[arg(long, conflicts_with_all = ["quiet", "format", "name", "filter"])]
    viz: bool,
    /// Only images of this name; `*` matches a part of it
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl Images {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let store = ctx.store()?;
        if self.tree || self.viz {
            let nodes = history::forest(store)?;
            output::text(if self.tree { image_tree::tree(&nodes) } else { image_tree::viz(&nodes) });
            return Ok(0);
        }
        let mut filters = Filters::parse(&self.filter, store)?;
        if let Some(name) = &self.name {
            filters.add_name(name);
        }
        let shows_users = self
            .format
            .as_deref()
            .is_some_and(|f| f == "json" || f.contains("json .") || f.contains(".Containers"));
        let users = match shows_users || filters.ask_for_users() {
            true => images::users(store)?,
            false => Default::default(),
        };
        let all = images::list(store)?;
        let now = Timestamp::now();
        let mut rows: Vec<Row<'_>> = Vec::new();
        for image in &all {
            let users = users.get(image.id.hex()).copied().unwrap_or(0);
            let names: Vec<(Option<&Reference>, &BlobDigest)> = match image.names.is_empty() {
                true => vec![(None, &image.manifest)],
                false => image.names.iter().map(Some).zip(&image.manifests).collect(),
            };
            let held = names.into_iter().filter(|(name, _)| filters.hold(image, *name, users));
            rows.extend(held.map(|(name, digest)| Row { image, name, digest, users, now }));
        }
        sort(&mut rows, &self.sort);
        output::text(self.show(&rows)?);
        Ok(0)
    }

    fn show(&self, rows: &[Row<'_>]) -> Result<String> {
        if self.quiet {
            let mut ids: Vec<String> = rows.iter().map(|row| row.id(self.no_trunc)).collect();
            let mut seen = std::collections::HashSet::new();
            ids.retain(|id| seen.insert(id.clone()));
            return Ok(ids.into_iter().map(|id| id + "\n").collect());
        }
        let format = match template::asked(self.format.as_deref()) {
            Some("json") => {
                let mut seen = std::collections::HashSet::new();
                let all: Vec<_> =
                    rows.iter().filter(|row| seen.insert(row.image.id.hex())).map(Row::json).collect();
                return Ok(json::pretty(&all) + "\n");
            }
            Some(text) => Format::parse(text)?,
            None => return Ok(self.table(rows)),
        };
        if format.is_whole_json() {
            return Ok(json::lines(rows.iter().map(|row| row.docker_json(self.no_trunc))));
        }
        format.rows(rows, &fields(), self.no_trunc, !self.noheading)
    }

    fn table(&self, rows: &[Row<'_>]) -> String {
        let mut columns: Vec<table::Column<Row<'_>>> =
            vec![("REPOSITORY", |row, _| row.repository()), ("TAG", |row, _| row.tag())];
        if self.digests {
            columns.push(("DIGEST", |row, _| row.digest.to_string()));
        }
        columns.push(("IMAGE ID", |row, whole| row.id(whole)));
        columns.push(("CREATED", |row, _| row.created()));
        columns.push(("SIZE", |row, _| human::size(row.image.size)));
        if self.history {
            columns.push(("HISTORY", |row, _| row.names().join(", ")));
        }
        table::plain(&columns, rows, self.no_trunc, !self.noheading)
    }
}

fn sort(rows: &mut [Row<'_>], by: &str) {
    match by {
        "id" => rows.sort_by_key(|row| row.image.id.hex().to_string()),
        "repository" => rows.sort_by_key(Row::repository),
        "size" => rows.sort_by_key(|row| row.image.size),
        "tag" => rows.sort_by_key(Row::tag),
        // The newest first, as they come.
        _ => {}
    }
}

/// What templates see: podman's names.
const fn fields<'a>() -> [Field<Row<'a>>; 24] {
    [
        field("Containers", "CONTAINERS", |row, _| row.users.into()),
        field("Created", "CREATED", |row, _| row.created().into()),
        field("CreatedAt", "CREATED AT", |row, _| row.created_at().into()),
        field("CreatedSince", "CREATED", |row, _| row.created().into()),
        field("CreatedTime", "CREATED TIME", |row, _| row.created_at().into()),
        field("Dangling", "DANGLING", |row, _| row.image.names.is_empty().into()),
        field("Digest", "DIGEST", |row, _| row.digest.to_string().into()),
        field("History", "HISTORY", |row, _| row.names().join(", ").into()),
        field("ID", "IMAGE ID", |row, whole| row.id(whole).into()),
        field("Id", "IMAGE ID", |row, _| row.image.id.hex().into()),
        field("IsDangling", "DANGLING", |row, _| row.image.names.is_empty().into()),
        field("IsReadOnly", "READONLY", |_, _| false.into()),
        field("Labels", "LABELS", |row, _| json!(row.image.config.config.labels)),
        field("Names", "NAMES", |row, _| row.names().into()),
        field("ParentId", "PARENT ID", |_, _| "".into()),
        field("ReadOnly", "READONLY", |_, _| false.into()),
        field("RepoDigests", "REPO DIGESTS", |row, _| row.digests().into()),
        field("RepoTags", "REPO TAGS", |row, _| row.names().into()),
        field("Repository", "REPOSITORY", |row, _| row.repository().into()),
        field("SharedSize", "SHARED SIZE", |_, _| 0.into()),
        field("Size", "SIZE", |row, _| human::size(row.image.size).into()),
        field("Tag", "TAG", |row, _| row.tag().into()),
        field("UniqueSize", "UNIQUE SIZE", |_, _| "N/A".into()),
        field("VirtualSize", "VIRTUAL SIZE", |row, _| human::size(row.image.size).into()),
    ]
}

/// One name of one image.
struct Row<'a> {
    image: &'a Image,
    name: Option<&'a Reference>,
    /// Its manifest.
    digest: &'a BlobDigest,
    users: u32,
    now: Timestamp,
}

impl Row<'_> {
    fn id(&self, whole: bool) -> String {
        let id = &self.image.id;
        if whole { id.to_string() } else { id.short().to_string() }
    }

    fn repository(&self) -> String {
        self.name.map_or("<none>".to_string(), Reference::name)
    }

    fn tag(&self) -> String {
        self.name.and_then(Reference::tag).unwrap_or("<none>").to_string()
    }

    fn created(&self) -> String {
        self.image.created.map_or("N/A".to_string(), |created| human::ago(created, self.now))
    }

    fn names(&self) -> Vec<String> {
        self.image.names.iter().map(ToString::to_string).collect()
    }

    fn digests(&self) -> Vec<String> {
        self.image.digests.iter().map(ToString::to_string).collect()
    }

    fn created_at(&self) -> String {
        self.image.created.map(human::time).unwrap_or_default()
    }

    /// What `--format json` shows: podman's shape, once per image.
    fn json(&self) -> serde_json::Value {
        let mut document = json!({
            "Id": self.image.id.hex(),
            "ParentId": "",
            "RepoTags": self.names(),
            "RepoDigests": self.digests(),
            "Size": self.image.size,
            "SharedSize": 0,
            "VirtualSize": self.image.size,
            "Labels": self.image.config.config.labels,
            "Containers": self.users,
            "Names": self.names(),
            "Digest": self.image.manifest.to_string(),
            "History": self.names(),
            "Created": self.image.created.map_or(0, Timestamp::as_second),
            "CreatedAt": self.image.created.map(|created| created.to_string()),
        });
        if self.image.names.is_empty() {
            document["Dangling"] = true.into();
        }
        document
    }

    /// What `--format '{{json .}}'` shows: docker's shape.
    fn docker_json(&self, whole: bool) -> serde_json::Value {
        json!({
            "Containers": "N/A",
            "CreatedAt": self.image.created.map(human::whole_time).unwrap_or_default(),
            "CreatedSince": self.created(),
            "Digest": self.image.manifest.to_string(),
            "ID": self.id(whole),
            "Repository": self.repository(),
            "SharedSize": "N/A",
            "Size": human::size(self.image.size),
            "Tag": self.tag(),
            "UniqueSize": "N/A",
            "VirtualSize": human::exact_size(self.image.size),
        })
    }
}
