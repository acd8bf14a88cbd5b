//! Names of containers, asked for by DNS.

use crate::bench::Bench;
use crate::between::Pair;
use crate::row::{Report, Row, Unit, contender};

/// Queries for another container's name, from a container on a user network.
pub(crate) fn queries(bench: &Bench, report: &mut Report) -> Result<(), String> {
    let own = Pair::start(bench, false, "10.77.0")?;
    let theirs = Pair::start(bench, true, "10.78.0");
    report.row(Row {
        what: "DNS queries for a container's name, by UDP, 8 at once".to_string(),
        unit: Unit::Rate,
        aim: "aardvark-dns's",
        rounds: 3,
        warm_up: 1,
        contenders: vec![
            contender("box", |_| own.load(&["queries", "server", "1"])),
            contender("podman, aardvark-dns", |_| {
                theirs.as_ref().map_err(Clone::clone)?.load(&["queries", "server.dns.podman", "1"])
            }),
        ],
    });
    Ok(())
}
