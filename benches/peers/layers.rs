//! What becomes of an image's layers here: a new one is made, all are removed.

use crate::bench::Bench;
use crate::process;
use crate::row::{Report, Row, Unit, contender};

/// The name that the archive gives the image.
const LOADED: &str = "localhost/bench/debian:latest";

/// What the containers change: some thousand files, 45 MB.
const CHANGE: &str = "cp -a /usr/share /changed";

fn archive(bench: &Bench) -> String {
    bench.image.join("docker.tar").display().to_string()
}

/// A file that each round has another of: the layer of the last round is none of this one's.
fn mark(bench: &Bench, round: usize) -> Result<String, String> {
    let path = bench.path("round");
    std::fs::write(&path, format!("{round}\n")).map_err(|error| error.to_string())?;
    Ok(path)
}

/// A container's changes become a layer.
pub(crate) fn commit(bench: &Bench, report: &mut Report) -> Result<(), String> {
    bench.room(4)?;
    let tar = archive(bench);
    let change = ["run", "--name", "changed", "--network=none", LOADED, "sh", "-c", CHANGE];
    bench.output(bench.r#box(&["load", "-q", "-i", &tar]))?;
    bench.output(bench.r#box(&change))?;
    let theirs = bench
        .output(bench.podman(&["load", "-q", "-i", &tar]))
        .and_then(|_| bench.output(bench.podman(&change)));
    let layout = bench.fresh("commit", 0)?;
    let script = "cp -r \"$0\" \"$1/layout\" && umoci unpack --rootless --image \"$1/layout:debian\" \"$1/bundle\" && \
        cp -a \"$1/bundle/rootfs/usr/share\" \"$1/bundle/rootfs/changed\"";
    let from = bench.image.join("layout").display().to_string();
    let umoci = bench.output(bench.shell(script, &[&from, &layout]));
    report.row(Row {
        what: "`commit` of a container with 45 MB of new files in that image".to_string(),
        unit: Unit::Time,
        aim: "faster than both",
        rounds: 3,
        warm_up: 1,
        contenders: vec![
            contender("box commit", |round| {
                bench.output(bench.r#box(&["cp", &mark(bench, round)?, "changed:/changed/round"]))?;
                bench.settle();
                bench.time(bench.r#box(&["commit", "-q", "changed", &format!("localhost/committed:{round}")]))
            }),
            contender("podman commit", |round| {
                theirs.as_ref().map_err(Clone::clone)?;
                bench.output(bench.podman(&["cp", &mark(bench, round)?, "changed:/changed/round"]))?;
                bench.settle();
                bench.time(bench.podman(&[
                    "commit",
                    "-q",
                    "changed",
                    &format!("localhost/committed:{round}"),
                ]))
            }),
            contender("umoci repack", |round| {
                umoci.as_ref().map_err(Clone::clone)?;
                let place = format!("{layout}/bundle/rootfs/changed/round");
                bench.output(bench.command("cp", &[&mark(bench, round)?, &place]))?;
                let image = format!("{layout}/layout:new{round}");
                bench.settle();
                bench
                    .time(bench.command("umoci", &["repack", "--image", &image, &format!("{layout}/bundle")]))
            }),
        ],
    });
    bench.clear();
    for command in [bench.r#box(&["rmi", "-f", LOADED]), bench.podman(&["rmi", "-f", LOADED])] {
        let _ = bench.output(command);
    }
    let script = "for tag in 0 1 2 3; do \"$@\" rmi \"localhost/committed:$tag\"; done; true";
    let own = bench.r#box(&[]);
    let own = own.get_program().to_string_lossy().into_owned();
    for program in [own.as_str(), "podman"] {
        let _ = bench.output(bench.shell(script, &["sh", program]));
    }
    bench.discard(&["commit"]);
    Ok(())
}

/// The image and its layers go, each round after having come again.
pub(crate) fn remove(bench: &Bench, report: &mut Report) -> Result<(), String> {
    bench.room(4)?;
    let tar = archive(bench);
    let own = |bench: &Bench| -> Result<(), String> {
        bench.output(bench.r#box(&["load", "-q", "-i", &tar]))?;
        process::until("processes to end", || process::others().is_empty())?;
        bench.settle();
        Ok(())
    };
    let (own, tar) = (&own, &tar);
    report.row(Row {
        what: "`rmi` of that image".to_string(),
        unit: Unit::Time,
        aim: "faster than both",
        rounds: 3,
        warm_up: 0,
        contenders: vec![
            contender("box rmi", |_| {
                own(bench)?;
                bench.time(bench.r#box(&["rmi", LOADED]))
            }),
            contender("box rmi, until the last file is gone", |_| {
                own(bench)?;
                let begin = std::time::Instant::now();
                bench.output(bench.r#box(&["rmi", LOADED]))?;
                process::until("files to go", || process::others().is_empty())?;
                Ok(begin.elapsed().as_secs_f64())
            }),
            contender("podman rmi", |_| {
                bench.output(bench.podman(&["load", "-q", "-i", tar]))?;
                bench.settle();
                bench.time(bench.podman(&["rmi", LOADED]))
            }),
            contender("rm of skopeo's and umoci's", |round| {
                let script = "skopeo --insecure-policy copy -q \"docker-archive:$0\" \"oci:$1/layout:image\" && \
                    umoci unpack --rootless --image \"$1/layout:image\" \"$1/bundle\"";
                let to = bench.fresh("rmi-umoci", round)?;
                bench.output(bench.shell(script, &[tar, &to]))?;
                bench.settle();
                bench.time(bench.command("rm", &["-rf", &to]))
            }),
        ],
    });
    bench.discard(&["rmi"]);
    Ok(())
}
