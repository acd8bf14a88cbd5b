//! `box volume inspect`, `box volume exists`.

use super::super::Context;
use super::super::inspect::show;
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
        if self.all {
            let all = volumes::list(settings, at)?;
            let names: Vec<String> = all.iter().map(|one| one.volume.name.to_string()).collect();
            let mut all = all.iter();
            return show(&names, self.format.as_deref(), |name, for_template| {
                let listed = all.next().ok_or_else(|| store::no_such(name))?;
                Ok(if for_template { super::fields(listed) } else { super::value(listed) })
            });
        }
        show(&self.names, self.format.as_deref(), |name, for_template| {
            super::inspected(settings, at, name, for_template)
        })
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
