//! `box search`.

use super::flags::registry::{RegistryFlags, RetryFlags};
use super::format::template::{self, Field, Format, field};
use super::format::{json, table};
use super::{Context, output};
use crate::error::Result;
use crate::ops::search::{self, Filters, Found, SearchRequest};
use serde_json::{Value, json};

/// Search a registry for images
///
/// Without a registry it is docker.io, or those that registries.conf names. A registry without a
/// search of its own is asked for its catalogue, and what contains the term is shown.
#[derive(clap::Args)]
#[command(after_help = template::help("Examples:\n  box search debian\n  box search registry.example.com:5000/\n  \
    box search --list-tags registry.example.com:5000/team/app\n  \
    box search --filter is-official --limit 3 redis", &FIELDS))]
pub(crate) struct Search {
    /// The most results of each registry
    #[arg(long, value_name = "NUMBER", default_value = "25")]
    limit: usize,
    /// List the tags of a repository
    #[arg(long)]
    list_tags: bool,
    /// Only what is so: stars=NUMBER, is-official, is-automated
    #[arg(short, long, value_name = "FILTER", value_delimiter = ',')]
    filter: Vec<String>,
    /// As old docker's: --filter stars=NUMBER
    #[arg(short, long, value_name = "NUMBER", hide = true)]
    stars: Option<u64>,
    /// As old docker's: --filter is-automated
    #[arg(short = 't', long, alias = "trusted", hide = true)]
    automated: bool,
    /// json, a Go template, or `table` and a template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Whole descriptions
    #[arg(long, visible_alias = "notrunc")]
    no_trunc: bool,
    /// Also show stars, and what is official and automated, as docker does
    #[arg(long)]
    compatible: bool,
    #[command(flatten)]
    registry: RegistryFlags,
    #[command(flatten)]
    retry: RetryFlags,
    /// TERM, REGISTRY/TERM or REGISTRY/
    #[arg(value_name = "TERM")]
    term: String,
}

impl Search {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let mut words = self.filter.clone();
        words.extend(self.stars.map(|stars| format!("stars={stars}")));
        words.extend(self.automated.then(|| "is-automated".to_string()));
        let filters = Filters::parse(&words)?;
        let request = SearchRequest {
            term: self.term.clone(),
            limit: self.limit,
            registry: self.registry.clone().options(self.retry.clone(), ctx.conf()?)?,
        };
        if self.list_tags {
            let (name, tags) = search::tags(&request)?;
            output::text(self.show_tags(&name, &tags)?);
            return Ok(0);
        }
        let (found, errors) = search::search(&request, &filters)?;
        output::text(self.show(&found)?);
        for error in errors {
            output::warning(error.chain());
        }
        Ok(0)
    }

    fn show(&self, found: &[Found]) -> Result<String> {
        let format = match template::asked(self.format.as_deref()) {
            Some("json") => {
                let all: Vec<Value> = found.iter().map(as_json).collect();
                return Ok(json::pretty(&all) + "\n");
            }
            Some(text) => Format::parse(text)?,
            None if found.is_empty() => return Ok(String::new()),
            None => {
                let columns: [table::Column<Found>; 5] = [
                    ("NAME", |found, _| full_name(found)),
                    ("DESCRIPTION", description),
                    ("STARS", |found, _| found.hit.stars.to_string()),
                    ("OFFICIAL", |found, _| ok(found.hit.official)),
                    ("AUTOMATED", |found, _| ok(found.hit.automated)),
                ];
                let columns = if self.compatible { &columns[..] } else { &columns[..2] };
                return Ok(table::plain(columns, found, self.no_trunc, true));
            }
        };
        format.rows(found, &FIELDS, self.no_trunc, true)
    }

    fn show_tags(&self, name: &str, tags: &[String]) -> Result<String> {
        let rows: Vec<(&str, &str)> = tags.iter().map(|tag| (name, tag.as_str())).collect();
        match template::asked(self.format.as_deref()) {
            Some("json") => Ok(json::pretty(&[json!({ "Name": name, "Tags": tags })]) + "\n"),
            Some(text) => Format::parse(text)?.rows(&rows, &tag_fields(), self.no_trunc, true),
            None => {
                let columns: [table::Column<(&str, &str)>; 2] =
                    [("NAME", |row, _| row.0.to_string()), ("TAG", |row, _| row.1.to_string())];
                Ok(table::plain(&columns, &rows, self.no_trunc, true))
            }
        }
    }
}

const FIELDS: [Field<Found>; 7] = [
    field("Index", "INDEX", |found, _| found.registry.as_str().into()),
    field("Name", "NAME", |found, _| full_name(found).into()),
    field("Description", "DESCRIPTION", |found, whole| description(found, whole).into()),
    field("Stars", "STARS", |found, _| found.hit.stars.into()),
    field("Official", "OFFICIAL", |found, _| ok(found.hit.official).into()),
    field("Automated", "AUTOMATED", |found, _| ok(found.hit.automated).into()),
    field("Tag", "TAG", |_, _| "".into()),
];

const fn tag_fields<'a>() -> [Field<(&'a str, &'a str)>; 2] {
    [field("Name", "NAME", |row, _| row.0.into()), field("Tag", "TAG", |row, _| row.1.into())]
}

fn full_name(found: &Found) -> String {
    format!("{}/{}", found.registry, found.hit.name)
}

/// In one line, and for terminals: it is somebody else's text.
fn description(found: &Found, whole: bool) -> String {
    let text: String = found.hit.description.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if whole { text } else { table::shorten(&text, 47) }
}

fn ok(is: bool) -> String {
    if is { "[OK]".to_string() } else { String::new() }
}

fn as_json(found: &Found) -> Value {
    json!({
        "Index": found.registry,
        "Name": full_name(found),
        "Description": found.hit.description,
        "Stars": found.hit.stars,
        "Official": ok(found.hit.official),
        "Automated": ok(found.hit.automated),
        "Tag": "",
    })
}
