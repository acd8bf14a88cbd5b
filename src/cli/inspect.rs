//! `box inspect`, `box container inspect`, `box image inspect`.

use super::flags::platform::PlatformFlag;
use super::format::template::{self, Format};
use super::format::visible;
use super::inspect_container;
use super::inspect_image;
use super::{Context, output};
use crate::error::{Error, Kind, Result, invalid};
use crate::ops;
use crate::store::images;
use serde_json::Value;

/// Show everything about containers, images and volumes
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box inspect web\n  box inspect -f '{{.State.Pid}}' web\n  \
    box inspect --type image -f '{{json .Config.Env}}' debian")]
pub(crate) struct Inspect {
    /// container, image or volume; when not given they are looked for in this order
    #[arg(long, short, value_name = "TYPE", default_value = "all", hide_default_value = true,
        value_parser = ["all", "container", "image", "volume", "network", "pod"], hide_possible_values = true)]
    r#type: String,
    #[command(flatten)]
    how: How,
    /// Also add up how much each container takes
    #[arg(long, short)]
    size: bool,
    /// The newest container
    #[arg(long, short)]
    latest: bool,
    /// Names or ids
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Show everything about containers
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box container inspect web\n  box container inspect -f '{{.State.Status}}' web"
)]
pub(crate) struct InspectContainer {
    #[command(flatten)]
    how: How,
    /// Also add up how much each takes
    #[arg(long, short)]
    size: bool,
    /// The newest container
    #[arg(long, short)]
    latest: bool,
    /// Names or ids
    #[arg(value_name = "CONTAINER")]
    names: Vec<String>,
}

/// Show everything about images
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box image inspect debian\n  box image inspect -f '{{.Config.Cmd}}' debian"
)]
pub(crate) struct InspectImage {
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    platform: PlatformFlag,
    /// Names or ids
    #[arg(value_name = "IMAGE")]
    names: Vec<String>,
}

#[derive(clap::Args)]
struct How {
    /// json, or a Go template
    #[arg(long, short, value_name = "FORMAT")]
    format: Option<String>,
}

/// What kind of thing a name is looked up as.
#[derive(Clone, Copy)]
enum What {
    Container,
    Image,
    Volume,
    Network,
}

/// The order in which podman goes through them.
const EVERYTHING: &[What] = &[What::Container, What::Image, What::Volume, What::Network];

struct Asked {
    kinds: &'static [What],
    names: Vec<String>,
    format: Option<String>,
    size: bool,
    latest: bool,
}

impl Inspect {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let kinds: &'static [What] = match self.r#type.as_str() {
            "container" => &[What::Container],
            "image" => &[What::Image],
            "volume" => &[What::Volume],
            "network" => &[What::Network],
            "all" => EVERYTHING,
            other => return Err(crate::container::volume::not_yet(format!("inspect --type {other}"))),
        };
        let Inspect { how, size, latest, names, .. } = self;
        Asked { kinds, names, format: how.format, size, latest }.run(ctx)
    }
}

impl InspectContainer {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let InspectContainer { how, size, latest, names } = self;
        Asked { kinds: &[What::Container], names, format: how.format, size, latest }.run(ctx)
    }
}

impl InspectImage {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let InspectImage { how, platform, names } = self;
        platform.check_all(ctx.store()?, &names)?;
        Asked { kinds: &[What::Image], names, format: how.format, size: false, latest: false }.run(ctx)
    }
}

impl Asked {
    /// Shows those that are there, then says which are not.
    fn run(mut self, ctx: &Context) -> Result<u8> {
        if self.latest {
            if !self.names.is_empty() {
                return Err(invalid("--latest takes no names beside it"));
            }
            let latest = ops::select::latest(ctx.settings()?, ctx.store()?)?;
            self.names = vec![latest.id.to_string()];
            self.kinds = &[What::Container];
        }
        if self.names.is_empty() {
            return Err(invalid("a name is missing").hint("as in `box inspect web`"));
        }
        show(&self.names, self.format.as_deref(), |name, for_template| {
            let found = self.one(ctx, name, for_template)?;
            Ok(if for_template { with_go_s_nils(found) } else { found })
        })
    }

    /// The first thing of that name, in podman's order.
    fn one(&self, ctx: &Context, name: &str, for_template: bool) -> Result<Value> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let mut missed = Vec::new();
        for kind in self.kinds {
            let found = match kind {
                What::Container => ops::inspect::container(settings, store, name, self.size)
                    .map(|inspected| inspect_container::value(&inspected)),
                What::Volume => super::volume::inspected(settings, store, name, for_template),
                What::Network => super::network_ls::inspected(store, name, for_template),
                What::Image => match images::find(store, name) {
                    Ok(Some(image)) => Ok(inspect_image::value(store, &image)),
                    // What is no image's name may be another thing's.
                    Err(error) if error.kind() != Kind::Invalid || self.kinds.len() == 1 => Err(error),
                    _ => Err(Error::new(Kind::NotFound, format!("there is no image {name:?}"))
                        .hint("`box images` lists them")),
                },
            };
            match found {
                Err(error) if error.kind() == Kind::NotFound => missed.push(error),
                found => return found,
            }
        }
        match missed.pop() {
            Some(only) if missed.is_empty() => Err(only),
            _ => Err(Error::new(
                Kind::NotFound,
                format!("no such object: there is no container, image, volume or network {name:?}"),
            )
            .hint("`box ps -a`, `box images`, `box volume ls` and `box network ls` list them")),
        }
    }
}

/// Shows those that are there, then says which are not. `one` makes the document of a name, as JSON
/// or with the fields that templates may ask for.
pub(super) fn show(
    names: &[String],
    format: Option<&str>,
    mut one: impl FnMut(&str, bool) -> Result<Value>,
) -> Result<u8> {
    let format = match format {
        None | Some("json" | "") => None,
        Some(text) => Some(Format::parse(text)?),
    };
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    for name in names {
        match one(name, format.is_some()) {
            Ok(value) => found.push(value),
            Err(error) => missed.push(error),
        }
    }
    match format {
        None => output::json(&found),
        Some(format) => {
            let rows: Vec<gotmpl::Value> = found.iter().map(template::value).collect();
            let text = format.lines(&rows, None)?;
            output::text(if visible::is_shown() { visible::text(&text) } else { text.into() });
        }
    }
    let mut code = 0;
    for error in missed {
        output::report(&error);
        code = error.kind().exit_code();
    }
    Ok(code)
}

/// What templates see: `.ID` beside `.Id` and the like, as with podman, and for each list and map that Go would
/// have as nil an empty one, which prints the same.
fn with_go_s_nils(mut value: Value) -> Value {
    // Of other things than containers and images the document has it all.
    if value.get("Id").is_none() {
        return value;
    }
    value["ID"] = value["Id"].clone();
    // podman's fields, which have other names than its documents.
    if value.get("RootFS").is_some() {
        value["HealthCheck"] = value["Healthcheck"].clone();
    } else if let Some(mode) = value["Config"].get("sdNotifyMode").cloned() {
        value["Config"]["SdNotifyMode"] = mode;
    }
    if value.get("RootFS").is_some()
        && let Some(config) = value["Config"].as_object_mut()
    {
        for key in ["User", "WorkingDir", "StopSignal"] {
            config.entry(key).or_insert_with(|| "".into());
        }
        for key in LISTS.iter().chain(&MAPS).chain(&["Healthcheck"]) {
            config.entry(*key).or_insert(Value::Null);
        }
    }
    fill(&mut value);
    value
}

const LISTS: [&str; 9] =
    ["Env", "Entrypoint", "Cmd", "OnBuild", "Secrets", "Links", "VolumesFrom", "Aliases", "Log"];
const MAPS: [&str; 3] = ["Volumes", "ExposedPorts", "Labels"];

fn fill(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::Null if LISTS.contains(&key.as_str()) => *value = Value::Array(Vec::new()),
                    Value::Null if MAPS.contains(&key.as_str()) => *value = Value::Object(Default::default()),
                    other => fill(other),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(fill),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_go_has_as_nil_prints_as_in_go() {
        let image = json!({"Id": "1", "RootFS": {}, "Config": {"Env": ["A=1"]}, "Labels": null});
        let text = |template: &str| {
            Format::parse(template).unwrap().render(&template::value(&with_go_s_nils(image.clone()))).unwrap()
        };
        assert_eq!(text("{{.ID}} {{.Config.Env}} {{.Config.Cmd}} {{.Config.User}}."), "1 [A=1] [] .");
        assert_eq!(text("{{if .HealthCheck}}a{{else}}b{{end}}"), "b");
        assert_eq!(text("{{.Labels}} {{index .Config.Labels \"x\"}}."), "map[] .");
    }
}
