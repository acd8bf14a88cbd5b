//! `box inspect`, `box container inspect`, `box image inspect`.

use super::flags::platform::PlatformFlag;
use super::format::go;
use super::format::template::Format;
use super::format::visible;
use super::inspect_container;
use super::inspect_image;
use super::{Context, output};
use crate::error::{Error, Kind, Result, invalid};
use crate::ops;
use crate::transfer::named;
use serde_json::Value;

/// Show everything about containers, images, volumes and networks
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box inspect web\n  box inspect -f '{{.State.Pid}}' web\n  \
    box inspect --type image -f '{{json .Config.Env}}' debian")]
pub(crate) struct Inspect {
    /// container, image, volume or network; when not given they are looked for in this order
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
        show(&self.names, self.format.as_deref(), |name, for_template| self.one(ctx, name, for_template))
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
                What::Image => match named::find(store, name) {
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
            let rows: Vec<gotmpl::Value> = found.iter().map(for_templates).collect();
            let text = format.lines(&rows, None)?;
            output::text(visible::out(text));
        }
    }
    let mut code = 0;
    for error in missed {
        output::report(&error);
        code = error.kind().exit_code();
    }
    Ok(code)
}

/// What templates see: beside what the document lists also the names that podman's Go structs give some
/// of it, and what docker's documents have. Nothing of that is listed by `{{json .}}`.
fn for_templates(document: &Value) -> gotmpl::Value {
    let made = go::value(document);
    let part = |name: &str| go::of_field("", name, &document[name]);
    let nil = |name: &str| go::of_field("", name, &Value::Null);
    let text = || gotmpl::Value::String("".into());
    if document.get("RootFS").is_some() {
        let made = [("ID", "Id"), ("HealthCheck", "Healthcheck"), ("DockerVersion", "Version")]
            .into_iter()
            .fold(made, |made, (name, of)| go::with(made, name, part(of)));
        let made = go::within(go::within(made, "Healthcheck", whole_check), "HealthCheck", whole_check);
        return go::within(go::with(made, "Container", text()), "Config", |config| {
            let config = ["User", "WorkingDir", "StopSignal", "Hostname", "Domainname", "Image"]
                .into_iter()
                .fold(config, |config, name| go::with(config, name, text()));
            let config = ["AttachStdin", "AttachStdout", "AttachStderr", "OpenStdin", "StdinOnce", "Tty"]
                .into_iter()
                .fold(config, |config, name| go::with(config, name, gotmpl::Value::Bool(false)));
            let open = ["Env", "Entrypoint", "Cmd", "OnBuild", "Shell", "Volumes", "ExposedPorts", "Labels"];
            let open = open.into_iter().chain(["Healthcheck"]);
            let config = open.fold(config, |config, name| go::with(config, name, nil(name)));
            go::within(config, "Healthcheck", whole_check)
        });
    }
    if document.get("HostConfig").is_none() {
        return made;
    }
    let made = go::within(go::with(made, "ID", part("Id")), "Config", |config| {
        let mode = config.field("sdNotifyMode").cloned().unwrap_or_else(text);
        go::with(go::with(config, "SdNotifyMode", mode), "Shell", nil("Shell"))
    });
    let made = go::within(made, "HostConfig", |host| {
        let mode = host.field("CgroupMode").cloned().unwrap_or_else(text);
        let host = go::with(host, "CgroupnsMode", mode);
        let lists = ["DeviceCgroupRules", "DeviceRequests"];
        lists.into_iter().fold(host, |host, name| go::with(host, name, nil(name)))
    });
    go::within(made, "NetworkSettings", |network| {
        let lists = ["SecondaryIPAddresses", "SecondaryIPv6Addresses"];
        lists.into_iter().fold(network, |network, name| go::with(network, name, nil(name)))
    })
}

/// An image's document leaves out what is zero in a health check; in Go it is there.
fn whole_check(check: gotmpl::Value) -> gotmpl::Value {
    let numbers = ["Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"];
    numbers.into_iter().fold(check, |check, name| go::with(check, name, gotmpl::Value::Int(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_go_has_as_nil_prints_as_in_go() {
        let image = json!({"Id": "1", "RootFS": {}, "Config": {"Env": ["A=1"]}, "Labels": null});
        let text = |template: &str| Format::parse(template).unwrap().render(&for_templates(&image)).unwrap();
        assert_eq!(text("{{.ID}} {{.Config.Env}} {{.Config.Cmd}} {{.Config.User}}."), "1 [A=1] [] .");
        assert_eq!(text("{{if .HealthCheck}}a{{else}}b{{end}}"), "b");
        assert_eq!(text("{{.Labels}} {{index .Config.Labels \"x\"}}."), "map[] .");
        assert_eq!(text("{{.HealthCheck}} {{json .Config.Volumes}} {{.Config.Tty}}"), "<nil> null false");
        assert_eq!(text("{{json .Config}}"), r#"{"Env":["A=1"]}"#);
        let checked = json!({"RootFS": {}, "Config": {"Healthcheck": {"Test": ["NONE"]}}});
        let format = Format::parse("{{.Config.Healthcheck.Retries}} {{json .Config.Healthcheck}}").unwrap();
        assert_eq!(format.render(&for_templates(&checked)).unwrap(), r#"0 {"Test":["NONE"]}"#);
    }
}
