//! Images come and go: a Debian of four layers, 180 MB, from and to a registry on loopback.
//!
//! Each time into a new, empty store. Nothing is deleted in between: deleting slows down what is
//! written next on some disks.

use crate::bench::Bench;
use crate::row::{Report, Row, Unit, contender};

/// The image's name in the registry.
fn remote(bench: &Bench) -> String {
    format!("{}/bench/debian:latest", bench.registry)
}

fn row<'a>(what: &str, contenders: Vec<crate::row::Contender<'a>>) -> Row<'a> {
    Row {
        what: what.to_string(),
        unit: Unit::Time,
        aim: "faster than both",
        rounds: 3,
        warm_up: 1,
        contenders,
    }
}

/// From the registry to unpacked layers.
pub(crate) fn pull(bench: &Bench, report: &mut Report) -> Result<(), String> {
    bench.room(6)?;
    let image = remote(bench);
    let contenders = vec![
        contender("box pull", |round| {
            let mut command = bench.r#box(&["pull", "-q", &image]);
            command.env("BOX_ROOT", bench.fresh("pull", round)?);
            bench.settle();
            bench.time(command)
        }),
        contender("podman pull", |round| {
            let root = bench.fresh("pull-podman", round)?;
            bench.settle();
            bench.time(bench.podman(&["--root", &root, "pull", "-q", "--tls-verify=false", &image]))
        }),
        contender("skopeo + umoci", |round| {
            let script = "skopeo --insecure-policy copy -q --src-tls-verify=false \"docker://$0\" \"oci:$1/layout:image\" && \
                umoci unpack --rootless --image \"$1/layout:image\" \"$1/bundle\"";
            let to = bench.fresh("pull-umoci", round)?;
            bench.settle();
            bench.time(bench.shell(script, &[&image, &to]))
        }),
    ];
    report.row(row("`pull` of a Debian of 4 layers (180 MB), registry on loopback", contenders));
    bench.discard(&["pull"]);
    Ok(())
}

/// From a docker-archive to unpacked layers.
pub(crate) fn load(bench: &Bench, report: &mut Report) -> Result<(), String> {
    bench.room(6)?;
    let tar = bench.image.join("docker.tar").display().to_string();
    let tar = tar.as_str();
    let contenders = vec![
        contender("box load", |round| {
            let mut command = bench.r#box(&["load", "-q", "-i", tar]);
            command.env("BOX_ROOT", bench.fresh("load", round)?);
            bench.settle();
            bench.time(command)
        }),
        contender("podman load", |round| {
            let root = bench.fresh("load-podman", round)?;
            bench.settle();
            bench.time(bench.podman(&["--root", &root, "load", "-q", "-i", tar]))
        }),
        contender("skopeo + umoci", |round| {
            let script = "skopeo --insecure-policy copy -q \"docker-archive:$0\" \"oci:$1/layout:image\" && \
                umoci unpack --rootless --image \"$1/layout:image\" \"$1/bundle\"";
            let to = bench.fresh("load-umoci", round)?;
            bench.settle();
            bench.time(bench.shell(script, &[tar, &to]))
        }),
    ];
    report.row(row("`load` of the same image from a docker-archive", contenders));
    bench.discard(&["load"]);
    Ok(())
}

/// To a new repository each time: an image that was pulled, and one whose layers have never been compressed.
pub(crate) fn push(bench: &Bench, report: &mut Report) -> Result<(), String> {
    bench.room(4)?;
    let image = remote(bench);
    let tar = bench.image.join("docker.tar").display().to_string();
    let layout = format!("oci:{}:debian", bench.image.join("layout").display());
    let to = |who: &str, round: usize| format!("{}/push/{who}-{round}:latest", bench.registry);

    bench.output(bench.r#box(&["pull", "-q", &image]))?;
    let theirs = bench.output(bench.podman(&["pull", "-q", "--tls-verify=false", &image]));
    report.row(row(
        "`push` of the pulled image",
        vec![
            contender("box push", |round| {
                bench.time(bench.r#box(&["push", "-q", &image, &to("box", round)]))
            }),
            contender("podman push", |round| {
                theirs.as_ref().map_err(Clone::clone)?;
                bench.time(bench.podman(&["push", "-q", "--tls-verify=false", &image, &to("podman", round)]))
            }),
            contender("skopeo copy", |round| {
                let to = format!("docker://{}", to("skopeo", round));
                let args = ["--insecure-policy", "copy", "-q", "--dest-tls-verify=false", &layout, &to];
                bench.time(bench.command("skopeo", &args))
            }),
        ],
    ));
    let _ = bench.output(bench.r#box(&["rmi", &image]));
    let _ = bench.output(bench.podman(&["rmi", &image]));

    // In a home of its own each time: podman and skopeo note there which compressed layers a registry
    // has for which plain ones, and would send nothing.
    let loaded = "localhost/bench/debian:latest";
    let source = format!("docker-archive:{tar}");
    report.row(row(
        "the first `push` of the loaded image (plain layers)",
        vec![
            contender("box push", |round| {
                let mut load = bench.r#box(&["load", "-q", "-i", &tar]);
                let root = bench.fresh("push", round)?;
                load.env("BOX_ROOT", &root);
                bench.output(load)?;
                let mut command = bench.r#box(&["push", "-q", loaded, &to("loaded-box", round)]);
                command.env("BOX_ROOT", &root);
                bench.settle();
                bench.time(command)
            }),
            contender("podman push", |round| {
                let root = bench.fresh("push-podman", round)?;
                bench.output(bench.podman(&["--root", &root, "load", "-q", "-i", &tar]))?;
                let to = to("loaded-podman", round);
                let mut push =
                    bench.podman(&["--root", &root, "push", "-q", "--tls-verify=false", loaded, &to]);
                push.env("HOME", bench.fresh("push-home", round)?);
                bench.settle();
                bench.time(push)
            }),
            contender("skopeo copy", |round| {
                let to = format!("docker://{}", to("loaded-skopeo", round));
                let args = ["--insecure-policy", "copy", "-q", "--dest-tls-verify=false", &source, &to];
                let mut copy = bench.command("skopeo", &args);
                copy.env("HOME", bench.fresh("push-skopeo-home", round)?);
                bench.settle();
                bench.time(copy)
            }),
        ],
    ));
    bench.discard(&["push"]);
    Ok(())
}
