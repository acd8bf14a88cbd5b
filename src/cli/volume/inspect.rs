//! `box volume inspect`, `box volume exists`.

use super::super::format::template::{self, Format};
use super::super::{Context, output};
use crate::error::{Kind, Result, invalid};
use crate::ops::volumes;
use crate::store::volumes as store;

/// Show everything about volumes
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box volume inspect data\n  box volume inspect -f '{{.Mountpoint}}' data"
)]
pub(crate) struct Inspect {
    /// All volumes
    #[arg(long, short)]
    all: bool,
    /// json, or a Go template
    #[arg(long, short, value_name = "FORMAT")]
    format: Option<String>,
    /// Names, or their beginnings
    #[arg(value_name = "VOLUME")]
    names: Vec<String>,
}

/// Whether a volume exists: the exit code is 0 if it does, 1 if not
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box volume exists data || box volume create data")]
pub(crate) struct Exists {
    /// Name, or its beginning
    #[arg(value_name = "VOLUME")]
    name: String,
}

impl Inspect {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, at) = (ctx.settings()?, ctx.store()?);
        if self.all != self.names.is_empty() {
            return Err(invalid("it needs the names of volumes, or --all, and not both"));
        }
        let format = match self.format.as_deref() {
            None | Some("json" | "") => None,
            Some(text) => Some(Format::parse(text)?),
        };
        let (mut found, mut code) = (Vec::new(), 0);
        let mut missed = Vec::new();
        if self.all {
            found = volumes::list(settings, at)?;
        }
        for name in &self.names {
            match store::find(at, name).and_then(|name| volumes::look(settings, at, &[name])) {
                Ok(listed) => found.extend(listed),
                Err(error) => missed.push(error),
            }
        }
        match format {
            None => output::json(&found.iter().map(super::value).collect::<Vec<_>>()),
            Some(format) => {
                let rows: Vec<_> = found.iter().map(|one| template::value(&super::fields(one))).collect();
                output::text(format.lines(&rows, None)?);
            }
        }
        for error in missed {
            output::report(&error);
            code = error.kind().exit_code();
        }
        Ok(code)
    }
}

impl Exists {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        match store::find(ctx.store()?, &self.name) {
            Ok(_) => Ok(0),
            Err(error) if error.kind() == Kind::NotFound => Ok(1),
            Err(error) => Err(error),
        }
    }
}
