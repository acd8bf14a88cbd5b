//! `box port`.

use super::{Context, output};
use crate::container::port::{Port, PortMap, Publish};
use crate::error::{Error, Kind, Result, invalid};
use crate::ops;

/// Show which ports of the host lead to a container, or change them
///
/// Of a container that does not run there is nothing to show. `add` and `rm` change what is
/// published: at once if the container runs, and whenever it is started again. `rm` takes a port as
/// it was published, or the container's port alone for all that lead to it.
#[derive(clap::Args)]
#[command(
    override_usage = "box port [OPTIONS] CONTAINER [PORT[/PROTOCOL]]\n       \
    box port add CONTAINER [[IP:][HOST-PORT]:]PORT[/PROTOCOL]...\n       \
    box port rm CONTAINER [[IP:][HOST-PORT]:]PORT[/PROTOCOL]...",
    after_help = "Examples:\n  box port web\n  box port web 80\n  box port web 53/udp\n  box port --all\n  \
    box port add web 8080:80 127.0.0.1::443\n  box port rm web 8080:80"
)]
pub(crate) struct ShowPorts {
    /// All running containers
    #[arg(short, long, conflicts_with = "latest")]
    all: bool,
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Its name or id, then a port of the container; after add or rm several
    #[arg(value_name = "CONTAINER")]
    words: Vec<String>,
}

impl ShowPorts {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        if let [verb @ ("add" | "rm"), container, ports @ ..] =
            &self.words.iter().map(String::as_str).collect::<Vec<_>>()[..]
            && !ports.is_empty()
        {
            return change(ctx, *verb == "add", container, ports);
        }
        if self.words.len() > 2 {
            return Err(invalid("`port` accepts at most 2 arguments"));
        }
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

fn change(ctx: &Context, add: bool, container: &str, words: &[&str]) -> Result<u8> {
    let (settings, store) = (ctx.settings()?, ctx.store()?);
    let entry = ops::reconcile::find(settings, store, container)?;
    let mut maps: Vec<PortMap> = Vec::new();
    for word in words {
        maps.extend(word.parse::<Publish>()?.0);
    }
    let (to_add, to_remove) = if add { (maps, Vec::new()) } else { (Vec::new(), maps) };
    for bound in ops::port::change(store, &entry, &to_add, &to_remove)? {
        output::line(format_args!("{} -> {}", bound.port(), bound.host_side()));
    }
    Ok(0)
}
