//! `box history`.

use super::flags::platform::PlatformFlag;
use super::format::template::{self, Field, Format, field};
use super::format::{human, json, table};
use super::{Context, output};
use crate::error::Result;
use crate::ops::history::{self, Step};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Show how an image came about
#[derive(clap::Args)]
#[command(
    after_help = template::help("Examples:\n  box history debian\n  box history --no-trunc --format '{{.CreatedBy}}' debian", &fields())
)]
pub(crate) struct History {
    /// json, a Go template, or `table` and a template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Times and sizes for people (true), or exact (false)
    #[arg(short = 'H', long, value_name = "BOOL", default_value = "true", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", action = clap::ArgAction::Set)]
    human: bool,
    /// Whole ids and commands
    #[arg(long, visible_alias = "notruncate")]
    no_trunc: bool,
    /// Only ids
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    platform: PlatformFlag,
    /// The image's name or id
    #[arg(value_name = "IMAGE")]
    image: String,
}

impl History {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        self.platform.check(ctx.store()?, &self.image)?;
        let steps = history::history(ctx.store()?, &self.image)?;
        let now = Timestamp::now();
        let rows: Vec<Row<'_>> = steps.iter().map(|step| Row { step, human: self.human, now }).collect();
        output::text(self.show(&rows)?);
        Ok(0)
    }

    fn show(&self, rows: &[Row<'_>]) -> Result<String> {
        if self.quiet {
            return Ok(rows.iter().map(|row| row.id(self.no_trunc) + "\n").collect());
        }
        let format = match template::asked(self.format.as_deref()) {
            Some("json") => {
                let all: Vec<Value> = rows.iter().map(Row::json).collect();
                return Ok(json::pretty(&all) + "\n");
            }
            Some(text) => Format::parse(text)?,
            None => return Ok(self.table(rows)),
        };
        format.rows(rows, &fields(), self.no_trunc, true)
    }

    fn table(&self, rows: &[Row<'_>]) -> String {
        let columns: [table::Column<Row<'_>>; 5] = [
            ("ID", |row, whole| row.id(whole)),
            ("CREATED", |row, _| row.created()),
            ("CREATED BY", |row, whole| row.created_by(whole)),
            ("SIZE", |row, _| row.size()),
            ("COMMENT", |row, _| row.step.comment.clone()),
        ];
        table::plain(&columns, rows, self.no_trunc, true)
    }
}

const fn fields<'a>() -> [Field<Row<'a>>; 8] {
    [
        field("Comment", "COMMENT", |row, _| row.step.comment.as_str().into()),
        field("Created", "CREATED", |row, _| row.created().into()),
        field("CreatedAt", "CREATED AT", |row, _| {
            row.step.created.map(human::time).unwrap_or_default().into()
        }),
        field("CreatedBy", "CREATED BY", |row, whole| row.created_by(whole).into()),
        field("CreatedSince", "CREATED", |row, _| row.created().into()),
        field("ID", "ID", |row, whole| row.id(whole).into()),
        field("Size", "SIZE", |row, _| row.size().into()),
        field("Tags", "TAGS", |row, _| row.tags().into()),
    ]
}

struct Row<'a> {
    step: &'a Step,
    human: bool,
    now: Timestamp,
}

impl Row<'_> {
    fn id(&self, whole: bool) -> String {
        match &self.step.id {
            Some(id) if whole => id.hex().to_string(),
            Some(id) => id.short().to_string(),
            None => "<missing>".to_string(),
        }
    }

    fn created(&self) -> String {
        match self.step.created {
            None => "N/A".to_string(),
            Some(then) if self.human => human::ago(then, self.now),
            Some(then) => seconds(then),
        }
    }

    fn created_by(&self, whole: bool) -> String {
        // One line a step, whatever a Dockerfile's RUN had.
        let text = self.step.created_by.split_whitespace().collect::<Vec<_>>().join(" ");
        if whole { text } else { table::shorten(&text, 45) }
    }

    fn size(&self) -> String {
        if self.human { human::size(self.step.size) } else { self.step.size.to_string() }
    }

    fn tags(&self) -> Vec<String> {
        self.step.tags.iter().map(ToString::to_string).collect()
    }

    /// podman's shape: what is empty is left out.
    fn json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("id".to_string(), json!(self.id(true)));
        fields.insert("created".to_string(), json!(self.step.created));
        fields.insert("CreatedBy".to_string(), json!(self.step.created_by));
        if !self.step.tags.is_empty() {
            fields.insert("tags".to_string(), json!(self.tags()));
        }
        fields.insert("size".to_string(), json!(self.step.size));
        if !self.step.comment.is_empty() {
            fields.insert("comment".to_string(), json!(self.step.comment));
        }
        fields.insert("Created".to_string(), json!(self.step.created.map(seconds)));
        Value::Object(fields)
    }
}

/// Without the fraction.
fn seconds(then: Timestamp) -> String {
    Timestamp::from_second(then.as_second()).unwrap_or(then).to_string()
}
