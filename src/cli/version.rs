//! `box version`.

use super::format::go;
use super::format::template::Format;
use super::{Context, output};
use crate::error::Result;
use crate::ops::info;

/// Show the version
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box version\n  box version --format json")]
pub(crate) struct Version {
    /// `json`, or a Go template over the version
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

impl Version {
    pub(crate) fn run(self, _ctx: &Context) -> Result<u8> {
        let version = info::version();
        let client = serde_json::json!({ "Client": version, "Server": version });
        if let Some(format) = &self.format {
            if format == "json" {
                output::json(&client);
                return Ok(0);
            }
            let format = Format::parse(format)?;
            match format.is_whole_json() {
                true => output::line(client),
                false => output::line(format.render(&go::value(&client))?),
            }
            return Ok(0);
        }
        output::text(format!(
            "Client:       Box Engine\nVersion:      {}\nAPI Version:  {}\nOS/Arch:      {}\n",
            text(&version["Version"]),
            text(&version["APIVersion"]),
            text(&version["OsArch"]),
        ));
        Ok(0)
    }
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}
