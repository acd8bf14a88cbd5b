//! `box port`.

use super::{Context, output};
use crate::container::port::Port;
use crate::error::{Error, Kind, Result, invalid};
use crate::ops;

/// Show which ports of the host lead to a container
///
/// Of a container that does not run there is nothing to show. Instead of a container, add and rm
/// change the ports of one that runs: see `box port add --help`.
#[derive(clap::Args)]
#[command(
    override_usage = "box port [OPTIONS] CONTAINER [PORT[/PROTOCOL]]",
    after_help = "Examples:\n  box port web\n  box port web 80\n  box port web 53/udp\n  box port --all"
)]
pub(crate) struct ShowPorts {
    /// All running containers
    #[arg(short, long, conflicts_with = "latest")]
    all: bool,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Its name or id, then a port of the container
    #[arg(value_name = "CONTAINER", num_args = 0..=2)]
    words: Vec<String>,
}

impl ShowPorts {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let mut words = self.words.into_iter();
        if self.all {
            if words.next().is_some() {
                return Err(invalid("--all shows every container: it takes no names"));
            }
            for entry in ops::ps::list(settings, store)?.containers {
                for bound in ops::port::bound(store, &entry)? {
                    output::line(format_args!(
                        "{}\t{} -> {}",
                        entry.id.short(),
                        bound.port(),
                        bound.host_side()
                    ));
                }
            }
            return Ok(0);
        }
        let entry = if self.latest {
            ops::select::latest(settings, store)?
        } else {
            let name =
                words.next().ok_or_else(|| invalid("you must supply a running container name or id"))?;
            ops::reconcile::find(settings, store, &name)?
        };
        let wanted: Option<Port> = words.next().map(|word| word.parse()).transpose()?;
        let bound = ops::port::bound(store, &entry)?;
        let Some(wanted) = wanted else {
            for bound in bound {
                output::line(format_args!("{} -> {}", bound.port(), bound.host_side()));
            }
            return Ok(0);
        };
        let places: Vec<String> =
            bound.iter().filter(|b| b.port() == wanted).map(|b| b.host_side()).collect();
        if places.is_empty() {
            return Err(Error::new(Kind::NotFound, format!("failed to find published port \"{wanted}\"")));
        }
        for place in places {
            output::line(place);
        }
        Ok(0)
    }
}
