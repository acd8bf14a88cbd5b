//! `box top`.

use super::format::visible;
use super::{Context, output};
use crate::error::{Result, invalid};
use crate::ops;
use crate::ops::top::Table;

/// Show the processes of a container
///
/// Without further words: user, pid, ppid, pcpu, etime, tty, time, args. The words after the
/// container are descriptors, or else options of the host's ps. Nothing is run in the container.
#[derive(clap::Args)]
#[command(
    override_usage = "box top [OPTIONS] CONTAINER [DESCRIPTOR... | PS-OPTION...]",
    after_help = "Examples:\n  box top web\n  box top web pid hpid user args\n  box top web -eo pid,rss,args\n\n\
    Descriptors: args, capamb, capbnd, capeff, capinh, capprm, comm, etime, group, groups, hgroup, hgroups, \
    hpid, huser, label, nice, pcpu, pgid, pid, ppid, rgroup, rss, ruser, seccomp, state, stime, time, tty, \
    user, vsz; and ps's %C %G %P %U %a %c %g %n %p %r %t %u %x %y %z"
)]
pub(crate) struct Top {
    /// The newest container
    #[arg(short, long)]
    latest: bool,
    /// Its name or id, then what to show
    #[arg(value_name = "CONTAINER", trailing_var_arg = true)]
    words: Vec<String>,
}

impl Top {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let mut words = self.words.into_iter();
        let entry = if self.latest {
            ops::select::latest(settings, store)?
        } else {
            let name = words
                .next()
                .ok_or_else(|| invalid("you must provide the name or id of a running container"))?;
            ops::reconcile::find(settings, store, &name)?
        };
        print(&ops::top::top(settings, &entry, &words.collect::<Vec<_>>())?);
        Ok(0)
    }
}

/// Columns of at least twelve, two spaces between them, as podman has it here.
fn print(table: &Table) {
    // What is in the container names itself.
    let visible = |row: &Vec<String>| row.iter().map(|cell| visible::line(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(&table.header).chain(&table.rows).map(visible).collect();
    let rows = || rows.iter();
    let columns = table.header.len();
    let width = |at: usize| {
        let widest = rows().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
        widest.unwrap_or(0).max(10) + 2
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows() {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            line.push_str(cell);
            if at + 1 < columns {
                let gap = widths[at].saturating_sub(cell.chars().count());
                line.extend(std::iter::repeat_n(' ', gap));
            }
        }
        output::line(line.trim_end());
    }
}
