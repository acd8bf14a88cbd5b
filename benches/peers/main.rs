//! box against its peers: the same work, in turns, in one run.
//!
//! Run by `make bench`, or by `scripts/bench ROW…` for some of it. The script makes the user, the
//! fixtures, a registry, and namespaces of the run's own: of mounts, with a cgroup2 tree (crun
//! refuses hybrid ones), and of processes, so that nothing outlives it. Every contender is the same
//! unprivileged user with the same image, and takes its turn in each round, so that a busy moment
//! hits all of them. Ratios are of the rounds' medians.
//!
//! One file per topic; each row is a function there, listed in [`ROWS`]. How one is measured is in
//! [`row`], what runs and how long it may is in [`process`], who runs it in [`bench`].

mod bench;
mod between;
mod copies;
mod images;
mod layers;
mod listings;
mod load;
mod memory;
mod names;
mod ports;
mod process;
mod row;
mod start;

use bench::Bench;
use row::Report;
use std::process::ExitCode;
use std::time::Instant;

/// Measures one topic.
type Topic = fn(&Bench, &mut Report) -> Result<(), String>;

/// What is measured, by the name that limits a run to it.
const ROWS: &[(&str, Topic)] = &[
    ("start-cold", start::cold),
    ("start-warm", start::warm),
    ("start-uplink", start::uplink),
    ("start-first", start::first),
    ("exec", start::exec),
    ("ps", listings::ps),
    ("images", listings::images),
    ("memory-supervisor", memory::supervisor),
    ("memory-containers", memory::containers),
    ("port-throughput", ports::throughput),
    ("port-connections", ports::connections),
    ("between", between::containers),
    ("names", names::queries),
    ("pull", images::pull),
    ("load", images::load),
    ("push", images::push),
    ("commit", layers::commit),
    ("rmi", layers::remove),
    ("cp-file", copies::file),
    ("cp-tree", copies::tree),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = words.split_first()
        && first == "load"
    {
        return load::main(rest);
    }
    let mut report = Report::new();
    let wanted = |row: &str| words.is_empty() || words.iter().any(|word| row.starts_with(word.as_str()));
    if let Some(word) =
        words.iter().find(|word| !ROWS.iter().any(|(name, _)| name.starts_with(word.as_str())))
    {
        let names: Vec<_> = ROWS.iter().map(|(name, _)| *name).collect();
        report.note(&format!("no row is called {word}; there are {}", names.join(", ")));
        return ExitCode::from(2);
    }
    let bench = match Bench::prepare() {
        Ok(bench) => bench,
        Err(why) => {
            report.note(&format!("nothing could be measured: {why}"));
            return ExitCode::FAILURE;
        }
    };
    report.note(&bench.versions());
    for (name, measure) in ROWS.iter().filter(|(name, _)| wanted(name)) {
        if !report.goes_on() {
            let why = "this machine is too busy for all rows in one run: `scripts/bench ";
            report.skip(name, &format!("{why}{name}` measures it"));
            continue;
        }
        let begin = Instant::now();
        if let Err(why) = measure(&bench, &mut report) {
            report.skip(name, &why);
        }
        bench.clear();
        report.note(&format!("  ({name}: {:.0} s)", begin.elapsed().as_secs_f64()));
    }
    report.finish()
}
