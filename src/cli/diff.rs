//! `box diff`.

use super::format::visible;
use super::{Context, output};
use crate::error::{Result, invalid};
use crate::ops;
use crate::store::changes::{Change, How};
use serde_json::{Map, json};

/// Show which files a container or an image's last layer changed
///
/// A is added, C changed, D deleted. With a second name: what makes of that the first one.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box diff web\n  box diff --format json debian\n  box diff web debian")]
pub(crate) struct Diff {
    /// json
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// The newest container
    #[arg(short, long, conflicts_with = "of")]
    latest: bool,
    /// A container or an image
    #[arg(value_name = "CONTAINER|IMAGE", required_unless_present = "latest")]
    of: Option<String>,
    /// Another one to compare it with
    #[arg(value_name = "CONTAINER|IMAGE")]
    than: Option<String>,
}

impl Diff {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let as_json = match self.format.as_deref() {
            None | Some("") => false,
            Some("json") => true,
            Some(_) => return Err(invalid("only supported value for '--format' is 'json'")),
        };
        let of = match self.of {
            Some(of) => of,
            None => ops::select::latest(settings, store)?.id.to_string(),
        };
        let changes = ops::commit::diff(settings, store, &of, self.than.as_deref())?;
        if as_json {
            output::json(&document(&changes));
            return Ok(0);
        }
        for change in &changes {
            output::line(format_args!("{} {}", letter(change.how), visible::line(&change.path)));
        }
        Ok(0)
    }
}

fn letter(how: How) -> char {
    match how {
        How::Added => 'A',
        How::Changed => 'C',
        How::Deleted => 'D',
    }
}

/// podman's shape: what is empty is left out.
fn document(changes: &[Change]) -> Map<String, serde_json::Value> {
    let mut document = Map::new();
    for (key, how) in [("changed", How::Changed), ("added", How::Added), ("deleted", How::Deleted)] {
        let paths: Vec<&String> =
            changes.iter().filter(|change| change.how == how).map(|change| &change.path).collect();
        if !paths.is_empty() {
            document.insert(key.to_string(), json!(paths));
        }
    }
    document
}
