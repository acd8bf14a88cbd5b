//! `box volume mount`, `box volume unmount`.

use super::super::{Context, output};
use crate::error::{Result, invalid};
use crate::ops::copy;
use crate::store::volumes;

/// Print where the files of volumes are on the host
///
/// They are always there. Those of other users of a container are readable inside `box unshare`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box unshare ls -l $(box volume mount data)")]
pub(crate) struct Mount {
    /// Names, or their beginnings
    #[arg(value_name = "VOLUME", required = true)]
    names: Vec<String>,
}

/// End what `box volume mount` began: nothing has to be done
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  box volume unmount data")]
pub(crate) struct Unmount {
    /// Names, or their beginnings
    #[arg(value_name = "VOLUME", required = true)]
    names: Vec<String>,
}

impl Mount {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let store = ctx.store()?;
        if self.names.is_empty() {
            return Err(invalid("a name is missing"));
        }
        for name in &self.names {
            let name = volumes::find(store, name)?;
            output::line(copy::volume_files(store, &name)?.display());
        }
        Ok(0)
    }
}

impl Unmount {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        for name in &self.names {
            output::line(volumes::find(ctx.store()?, name)?);
        }
        Ok(0)
    }
}
