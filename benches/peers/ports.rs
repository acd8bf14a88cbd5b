//! Published ports: bytes and connections through them, beside the same server on plain loopback.

use crate::bench::{BUSYBOX, Bench};
use crate::process;
use crate::row::{Contender, Report, Row, Unit, contender};
use std::net::{TcpListener, TcpStream};

/// The port of every server inside.
const INNER: &str = "9000";

/// Somebody's forwarding to the server, and where it is reached.
type Server = (&'static str, Result<String, String>);

/// The same server behind everybody's forwarding.
fn servers(bench: &Bench) -> Result<Vec<Server>, String> {
    let free = || -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        Ok(listener.local_addr().map_err(|error| error.to_string())?.port().to_string())
    };
    let volume = bench.volume();
    let run = |port: &str, podman: bool, network: &str| {
        let publish = format!("127.0.0.1:{port}:{INNER}");
        let args =
            ["run", "-d", network, "--log-driver=none", "-p", &publish, "-v", &volume, BUSYBOX, "/load"];
        let args: Vec<_> = args.into_iter().chain(["load", "serve", INNER]).collect();
        bench.output(if podman { bench.podman(&args) } else { bench.r#box(&args) }).map(drop)
    };
    let ports: Vec<String> = (0..6).map(|_| free()).collect::<Result<_, _>>()?;
    let forward = format!("127.0.0.1/{}:{INNER}", ports[2]);
    let load = bench.path("load");
    let pasta = ["--config-net", "-f", "-t", &forward, "--", &load, "load", "serve", INNER];
    let slirp = "--network=slirp4netns:port_handler=slirp4netns";
    let started = [
        ("box", run(&ports[0], false, "--network=bridge")),
        ("plain loopback", process::background(bench.load(&["serve", &ports[1]])).map(drop)),
        ("pasta", process::background(bench.command("pasta", &pasta)).map(drop)),
        ("podman, rootlessport", run(&ports[3], true, "--network=slirp4netns:port_handler=rootlesskit")),
        ("podman, slirp4netns", run(&ports[4], true, slirp)),
        ("box, network pasta", run(&ports[5], false, "--network=pasta")),
    ];
    let ready = |port: &str| {
        let address = format!("127.0.0.1:{port}");
        process::until("a server", || TcpStream::connect(&address).is_ok() && works(bench, &address))?;
        Ok(address)
    };
    Ok(started
        .into_iter()
        .zip(&ports)
        .map(|((name, up), port)| (name, up.and_then(|()| ready(port))))
        .collect())
}

/// Connecting alone proves nothing where somebody stands in between.
fn works(bench: &Bench, address: &str) -> bool {
    bench.output(bench.load(&["connections", address, "0.01"])).is_ok()
}

fn clients<'a>(
    bench: &'a Bench,
    servers: &'a [Server],
    before: &'a [&'a str],
    after: &'a [&'a str],
) -> Vec<Contender<'a>> {
    let client = |(name, address): &'a Server| {
        contender(name, move |_| {
            let address = address.as_deref().map_err(ToString::to_string)?;
            let words: Vec<_> = before.iter().chain([&address]).chain(after).copied().collect();
            let said = bench.output(bench.load(&words))?;
            said.parse().map_err(|_| format!("not a number: {said}"))
        })
    };
    servers.iter().map(client).collect()
}

/// One stream, into the container and out of it.
pub(crate) fn throughput(bench: &Bench, report: &mut Report) -> Result<(), String> {
    let servers = servers(bench)?;
    for (way, what) in [("up", "into a container"), ("down", "out of a container")] {
        report.row(Row {
            what: format!("published TCP port, one stream {what}"),
            unit: Unit::Throughput,
            aim: "pasta's, 1.5x slirp4netns's",
            rounds: 3,
            warm_up: 0,
            contenders: clients(bench, &servers, &["throughput"], &[way, "1"]),
        });
    }
    Ok(())
}

/// Eight clients that connect, ask, are answered and go.
pub(crate) fn connections(bench: &Bench, report: &mut Report) -> Result<(), String> {
    let servers = servers(bench)?;
    report.row(Row {
        what: "published TCP port, connections with one question each, 8 at once".to_string(),
        unit: Unit::Rate,
        aim: "pasta's",
        rounds: 3,
        warm_up: 0,
        contenders: clients(bench, &servers, &["connections"], &["1"]),
    });
    Ok(())
}
