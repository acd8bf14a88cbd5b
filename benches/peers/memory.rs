//! What stays in memory for a running container.

use crate::bench::{BUSYBOX, Bench};
use crate::process;
use crate::row::{Report, Row, Unit, contender};
use crate::start;
use std::fs;
use std::time::Duration;

/// Bytes of `field` in a process's memory; a `Private_` field names both of its kind.
fn memory(pid: u32, field: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let lines = text.lines().filter(|line| line.starts_with(field));
    let kib: u64 = lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum();
    kib as f64 * 1024.0
}

fn switches(pid: u32) -> u64 {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let text = fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let lines = text.lines().filter(|line| line.contains("voluntary_ctxt_switches"));
        sum += lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>();
    }
    sum
}

/// How often all threads of a process woke up, per second.
fn wakeups(pid: u32) -> f64 {
    let before = switches(pid);
    std::thread::sleep(Duration::from_secs(3));
    (switches(pid) - before) as f64 / 3.0
}

/// The supervisor of an idle container beside conmon.
pub(crate) fn supervisor(bench: &Bench, report: &mut Report) -> Result<(), String> {
    let [own, theirs] = start::alive(bench, &["--network=none", "--log-driver=k8s-file"])?;
    let pid = |command| -> Result<u32, String> {
        bench.output(command)?.parse().map_err(|_| "no number of a process".to_string())
    };
    let own = pid(bench.r#box(&["inspect", "-f", "{{.State.ConmonPid}}", &own]))?;
    let conmon = pid(bench.podman(&["inspect", "-f", "{{.State.ConmonPid}}", &theirs]))?;
    let what = format!(
        "private memory of the supervisor of an idle container, network none ({:.1} wake-ups per second; conmon {:.1})",
        wakeups(own),
        wakeups(conmon)
    );
    report.row(Row {
        what,
        unit: Unit::Memory,
        aim: "2 MiB, 0 wake-ups",
        rounds: 1,
        warm_up: 0,
        contenders: vec![
            contender("box", |_| Ok(memory(own, "Private_"))),
            contender("conmon", |_| Ok(memory(conmon, "Private_"))),
        ],
    });
    Ok(())
}

/// The proportional memory of all that runs, except the containers' own commands.
fn everything() -> f64 {
    let payload = |pid: &u32| process::command_line(*pid).starts_with("sleep ");
    process::others().iter().filter(|pid| !payload(pid)).map(|pid| memory(*pid, "Pss:")).sum()
}

/// Supervisors and uplink of so many containers, each with a published port.
pub(crate) fn containers(bench: &Bench, report: &mut Report) -> Result<(), String> {
    let sum = |many: usize, podman: bool| -> Result<f64, String> {
        bench.clear();
        for _ in 0..many {
            let args =
                ["run", "-d", "-p", "127.0.0.1::80", "--log-driver=k8s-file", BUSYBOX, "sleep", "86400"];
            bench.output(if podman { bench.podman(&args) } else { bench.r#box(&args) })?;
        }
        let sum = everything();
        bench.clear();
        Ok(sum)
    };
    for (many, peer) in [(1, true), (10, true), (50, false)] {
        let mut contenders = vec![contender("box", move |_| sum(many, false))];
        if peer {
            let name = "podman (conmon, slirp4netns, rootlessport, pause)";
            contenders.push(contender(name, move |_| sum(many, true)));
        }
        report.row(Row {
            what: format!("memory (PSS) of all that runs for {many} idle containers with a published port each, default network"),
            unit: Unit::Memory,
            aim: "below podman's",
            rounds: 1,
            warm_up: 0,
            contenders,
        });
    }
    Ok(())
}
