//! `cp` into a running container and out of it.

use crate::bench::Bench;
use crate::process;
use crate::row::{Report, Row, Unit, contender};
use crate::start;
use std::time::Duration;

/// How long one copy may take.
const LIMIT: Duration = Duration::from_secs(120);

/// One file of 1 GB.
pub(crate) fn file(bench: &Bench, report: &mut Report) -> Result<(), String> {
    bench.room(8)?;
    let from = bench.fresh("cp-source", 0)?;
    // Random bytes repeated: no file system saves on them, and they are made in a second.
    let script = "head -c 4M /dev/urandom >\"$0/seed\" && for n in $(seq 256); do cat \"$0/seed\"; done >\"$0/data\" && rm \"$0/seed\"";
    bench.output(bench.shell(script, &[&from]))?;
    both_ways(bench, report, "1 GB in one file", &format!("{from}/data"))
}

/// 50,000 small files.
pub(crate) fn tree(bench: &Bench, report: &mut Report) -> Result<(), String> {
    bench.room(4)?;
    let from = bench.fresh("cp-source", 0)?;
    // tee opens all its files at once: 500 is well below every limit.
    let script = "mkdir \"$0/data\" && cd \"$0/data\" && head -c 1000 /dev/urandom >../seed && for d in $(seq 100); do \
        mkdir $d; for f in $(seq 500); do echo $d/$f; done; done | xargs -n 500 sh -c 'tee \"$@\" <../seed >/dev/null' sh";
    bench.output(bench.shell(script, &[&from]))?;
    both_ways(bench, report, "50,000 files of 1 kB", &format!("{from}/data"))
}

fn both_ways(bench: &Bench, report: &mut Report, what: &str, source: &str) -> Result<(), String> {
    let [own, theirs] = start::alive(bench, &["--network=none", "--log-driver=none"])?;
    let copy = |podman: bool, from: &str, to: &str| {
        bench.settle();
        let args = ["cp", from, to];
        let command = if podman { bench.podman(&args) } else { bench.r#box(&args) };
        process::run(command, LIMIT).map(|ended| ended.took.as_secs_f64())
    };
    // A new place each time: nothing is overwritten.
    let into =
        |podman: bool, id: &str, round: usize| copy(podman, source, &format!("{id}:/tmp/copy-{round}"));
    let out = |podman: bool, id: &str, round: usize| {
        let to = bench.fresh(if podman { "cp-podman" } else { "cp-box" }, round)?;
        copy(podman, &format!("{id}:/tmp/copy-0"), &format!("{to}/copy"))
    };
    let (own, theirs) = (own.as_str(), theirs.as_str());
    let row = |what: String, contenders| Row {
        what,
        unit: Unit::Time,
        aim: "faster than podman",
        rounds: 2,
        warm_up: 0,
        contenders,
    };
    report.row(row(
        format!("`cp` of {what} into a running container"),
        vec![
            contender("box cp", |round| into(false, own, round)),
            contender("podman cp", |round| into(true, theirs, round)),
        ],
    ));
    report.row(row(
        format!("`cp` of {what} out of it"),
        vec![
            contender("box cp", |round| out(false, own, round)),
            contender("podman cp", |round| out(true, theirs, round)),
        ],
    ));
    bench.discard(&["cp"]);
    Ok(())
}
