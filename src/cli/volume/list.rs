//! `box volume ls`.

use super::super::format::{json as as_json, table, template};
use super::super::{Context, output};
use crate::error::Result;
use crate::ops::volumes::{self, Filters, Listed};
use serde_json::{Value, json};

/// List volumes
#[derive(clap::Args)]
#[command(after_help = template::help("Examples:\n  box volume ls\n  box volume ls -q --filter dangling=true\n  \
    box volume ls --format 'table {{.Name}}\\t{{.Mountpoint}}'", FIELDS))]
pub(crate) struct List {
    /// Only those for which KEY=VALUE holds: after, anonymous, dangling, driver, label, label!, name,
    /// opt, scope, since, until
    #[arg(long, short, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// json, a Go template, or `table` and a template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// No heading above the table
    #[arg(long, short)]
    noheading: bool,
    /// Only names
    #[arg(long, short)]
    quiet: bool,
}

impl List {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let filters = Filters::parse(&self.filter)?;
        let mut all = volumes::list(ctx.settings()?, ctx.store()?)?;
        all.retain(|listed| filters.hold(&listed.volume, listed.users.is_empty()));
        output::text(self.show(&all)?);
        Ok(0)
    }

    fn show(&self, all: &[Listed]) -> Result<String> {
        if self.quiet {
            return Ok(all.iter().map(|listed| format!("{}\n", listed.volume.name)).collect());
        }
        match template::asked(self.format.as_deref()) {
            Some("json") => Ok(as_json::pretty(&all.iter().map(super::value).collect::<Vec<_>>()) + "\n"),
            Some(text) => {
                let format = template::Format::parse(text)?;
                if format.is_whole_json() {
                    return Ok(as_json::lines(all.iter().map(docker_line)));
                }
                format.rows(all, FIELDS, true, !self.noheading)
            }
            None => {
                let columns: &[table::Column<Listed>] = &[
                    ("DRIVER", |listed, _| listed.volume.driver.clone()),
                    ("VOLUME NAME", |listed, _| listed.volume.name.to_string()),
                ];
                Ok(table::plain(columns, all, true, !self.noheading))
            }
        }
    }
}

/// A volume as `docker volume ls --format '{{json .}}'` has it.
fn docker_line(listed: &Listed) -> Value {
    let labels = listed.volume.labels.iter().map(|(key, value)| format!("{key}={value}"));
    json!({
        "Availability": "N/A",
        "Driver": listed.volume.driver,
        "Group": "N/A",
        "Labels": labels.collect::<Vec<_>>().join(","),
        "Links": "N/A",
        "Mountpoint": listed.mountpoint.display().to_string(),
        "Name": listed.volume.name.as_str(),
        "Scope": "local",
        "Size": "N/A",
        "Status": "N/A",
    })
}

const FIELDS: &[template::Field<Listed>] = &[
    template::field("Anonymous", "ANONYMOUS", |row, _| super::fields(row)["Anonymous"].clone()),
    template::field("CreatedAt", "CREATED AT", |row, _| super::fields(row)["CreatedAt"].clone()),
    template::field("Driver", "DRIVER", |row, _| super::fields(row)["Driver"].clone()),
    template::field("GID", "GID", |row, _| super::fields(row)["GID"].clone()),
    template::field("Labels", "LABELS", |row, _| super::fields(row)["Labels"].clone()),
    template::field("Links", "LINKS", |row, _| super::fields(row)["Links"].clone()),
    template::field("MountCount", "MOUNT COUNT", |row, _| super::fields(row)["MountCount"].clone()),
    template::field("Mountpoint", "MOUNTPOINT", |row, _| super::fields(row)["Mountpoint"].clone()),
    template::field("Name", "VOLUME NAME", |row, _| super::fields(row)["Name"].clone()),
    template::field("NeedsChown", "NEEDS CHOWN", |row, _| super::fields(row)["NeedsChown"].clone()),
    template::field("NeedsCopyUp", "NEEDS COPY UP", |row, _| super::fields(row)["NeedsCopyUp"].clone()),
    template::field("Options", "OPTIONS", |row, _| super::fields(row)["Options"].clone()),
    template::field("Scope", "SCOPE", |row, _| super::fields(row)["Scope"].clone()),
    template::field("Size", "SIZE", |row, _| super::fields(row)["Size"].clone()),
    template::field("Status", "STATUS", |row, _| super::fields(row)["Status"].clone()),
    template::field("StorageID", "STORAGE ID", |row, _| super::fields(row)["StorageID"].clone()),
    template::field("Timeout", "TIMEOUT", |row, _| super::fields(row)["Timeout"].clone()),
    template::field("UID", "UID", |row, _| super::fields(row)["UID"].clone()),
];
