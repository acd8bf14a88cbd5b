//! How long a container takes to start, and a command to start in one.

use crate::bench::{BUSYBOX, Bench};
use crate::process;
use crate::row::{Contender, Report, Row, Unit, contender};

const NONE: [&str; 2] = ["--network=none", "--log-driver=none"];

/// `run --rm` of a static `true` without a network.
fn without_network(bench: &Bench) -> Vec<Contender<'_>> {
    let rootfs = bench.path("bundle/rootfs");
    let (bundle, crun_root) = (bench.path("bundle"), bench.path("crun"));
    let run = ["run", "--rm", NONE[0], NONE[1], BUSYBOX, "true"];
    vec![
        contender("box run", move |_| bench.time(bench.r#box(&run))),
        contender("bwrap --unshare-all", move |_| {
            let args =
                ["--unshare-all", "--ro-bind", &rootfs, "/", "--proc", "/proc", "--dev", "/dev", "/bin/true"];
            bench.time(bench.command("bwrap", &args))
        }),
        contender("crun run", move |round| {
            let name = format!("bench-{round}");
            let args = ["--root", &crun_root, "--cgroup-manager=disabled", "run", "--bundle", &bundle, &name];
            bench.time(bench.command("crun", &args))
        }),
        contender("podman run", move |_| bench.time(bench.podman(&run))),
    ]
}

/// A container that stays, of box and of podman; returns both ids.
pub(crate) fn alive(bench: &Bench, args: &[&str]) -> Result<[String; 2], String> {
    let mut all = vec!["run", "-d"];
    all.extend(args);
    all.extend([BUSYBOX, "sleep", "86400"]);
    let own = bench.output(bench.r#box(&all))?;
    // A row says itself when podman is missing.
    Ok([own, bench.output(bench.podman(&all)).unwrap_or_default()])
}

/// Nothing else runs: the user namespace is made.
pub(crate) fn cold(bench: &Bench, report: &mut Report) -> Result<(), String> {
    report.row(Row {
        what: "`run --rm true`, network none, log driver none, no other container".to_string(),
        unit: Unit::Time,
        aim: "3.5x bwrap",
        rounds: 30,
        warm_up: 3,
        contenders: without_network(bench),
    });
    Ok(())
}

/// Another container runs: its user namespace is joined.
pub(crate) fn warm(bench: &Bench, report: &mut Report) -> Result<(), String> {
    alive(bench, &["--network=none", "--log-driver=k8s-file"])?;
    report.row(Row {
        what: "the same with another container running".to_string(),
        unit: Unit::Time,
        aim: "2x bwrap",
        rounds: 30,
        warm_up: 3,
        contenders: without_network(bench),
    });
    Ok(())
}

/// The default network's row: box there, box without, podman on its own default.
fn on_the_default_network<'a>(
    bench: &'a Bench,
    before: impl Fn() -> Result<(), String> + 'a,
) -> Vec<Contender<'a>> {
    let run = |network: &'static str| ["run", "--rm", network, "--log-driver=none", BUSYBOX, "true"];
    vec![
        contender("box run", move |_| {
            before()?;
            bench.time(bench.r#box(&run("--network=bridge")))
        }),
        contender("box run, network none", move |_| bench.time(bench.r#box(&run("--network=none")))),
        contender("podman run, slirp4netns", move |_| {
            bench.time(bench.podman(&run("--network=slirp4netns")))
        }),
    ]
}

/// The bridge and its uplink are there.
pub(crate) fn uplink(bench: &Bench, report: &mut Report) -> Result<(), String> {
    alive(bench, &["--log-driver=none"])?;
    report.row(Row {
        what: "`run --rm true` on the default network (bridge; podman's: slirp4netns), log driver none, uplink up"
            .to_string(),
        unit: Unit::Time,
        aim: "+3 ms on network none",
        rounds: 20,
        warm_up: 2,
        contenders: on_the_default_network(bench, || Ok(())),
    });
    Ok(())
}

/// The bridge and its uplink are made; another container runs, without a network.
pub(crate) fn first(bench: &Bench, report: &mut Report) -> Result<(), String> {
    alive(bench, &["--network=none", "--log-driver=none"])?;
    // The last container's uplink ends soon after it, and the next would still find it.
    let gone = || {
        let is_uplink = |pid: &u32| process::command_line(*pid).starts_with("slirp4netns");
        process::until("the uplink's end", || !process::others().iter().any(is_uplink))
    };
    report.row(Row {
        what: "the same, first on its network".to_string(),
        unit: Unit::Time,
        aim: "+15 ms on network none",
        rounds: 15,
        warm_up: 1,
        contenders: on_the_default_network(bench, gone),
    });
    Ok(())
}

/// A command in a running container.
pub(crate) fn exec(bench: &Bench, report: &mut Report) -> Result<(), String> {
    let [own, theirs] = alive(bench, &["--network=none", "--log-driver=k8s-file"])?;
    report.row(Row {
        what: "`exec true`".to_string(),
        unit: Unit::Time,
        aim: "1/20 of podman",
        rounds: 20,
        warm_up: 2,
        contenders: vec![
            contender("box exec", move |_| bench.time(bench.r#box(&["exec", &own, "true"]))),
            contender("podman exec", move |_| bench.time(bench.podman(&["exec", &theirs, "true"]))),
        ],
    });
    Ok(())
}
