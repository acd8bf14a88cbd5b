//! `box version`.

use super::format::go;
use super::format::template::{self, Format};
use super::{Context, output};
use crate::error::Result;
use crate::ops::info;
use serde_json::{Value, json};

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
        let client = json!({ "Client": version, "Server": version });
        if let Some(format) = template::asked(self.format.as_deref()) {
            if format == "json" {
                output::json(&client);
                return Ok(0);
            }
            let format = Format::parse(format)?;
            match format.is_whole_json() {
                true => output::line(client),
                false => output::line(format.render(&for_templates(&version, &client))?),
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

/// What templates see: beside the document podman's short form, `{{.Version}}`, and what docker has.
fn for_templates(version: &Value, document: &Value) -> gotmpl::Value {
    let side = |side: gotmpl::Value| {
        let of_docker = json!({
            "ApiVersion": version["APIVersion"], "BuildTime": "", "Components": [], "Context": "default",
            "DefaultAPIVersion": version["APIVersion"], "Experimental": false,
            "MinAPIVersion": version["APIVersion"], "Platform": { "Name": "Box Engine" },
        });
        add(side, &of_docker)
    };
    let made = go::within(go::within(go::value(document), "Client", side), "Server", side);
    add(made, version)
}

fn add(to: gotmpl::Value, fields: &Value) -> gotmpl::Value {
    let fields = fields.as_object().into_iter().flatten();
    fields.fold(to, |to, (name, value)| go::with(to, name, go::of_field("", name, value)))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
