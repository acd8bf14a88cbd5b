//! From one container to another.

use crate::bench::{BUSYBOX, Bench};
use crate::process;
use crate::row::{Report, Row, Unit, contender};
use std::process::Command;

/// A user network with a server at .5 and a client, of box or of podman.
pub(crate) struct Pair<'a> {
    bench: &'a Bench,
    podman: bool,
}

impl<'a> Pair<'a> {
    /// `subnet` are the first three numbers of a /24.
    pub(crate) fn start(bench: &'a Bench, podman: bool, subnet: &str) -> Result<Pair<'a>, String> {
        let pair = Pair { bench, podman };
        let network = format!("pair-{subnet}").replace('.', "-");
        // One that an earlier row made is as good.
        let _ = pair.output(&["network", "create", "--subnet", &format!("{subnet}.0/24"), &network]);
        let (volume, network) = (bench.volume(), format!("--network={network}"));
        let run = |name: &str, more: &[&str], command: &[&str]| {
            let args = ["run", "-d", &network, "--log-driver=none", "-v", &volume, "--name", name];
            let args: Vec<_> = args.iter().chain(more).chain(&[BUSYBOX]).chain(command).copied().collect();
            pair.output(&args)
        };
        run("server", &["--ip", &format!("{subnet}.5")], &["/load", "load", "serve", "9000"])?;
        run("client", &[], &["sleep", "86400"])?;
        Ok(pair)
    }

    fn output(&self, args: &[&str]) -> Result<String, String> {
        self.bench.output(if self.podman { self.bench.podman(args) } else { self.bench.r#box(args) })
    }

    /// What `load` says inside the client.
    pub(crate) fn load(&self, words: &[&str]) -> Result<f64, String> {
        let args: Vec<_> = ["exec", "client", "/load", "load"].iter().chain(words).copied().collect();
        number(&self.output(&args)?)
    }
}

fn number(said: &str) -> Result<f64, String> {
    said.parse().map_err(|_| format!("not a number: {said}"))
}

/// Two network namespaces and nothing but a veth pair between them, as root.
struct Veth {
    bench: String,
    client: String,
}

impl Veth {
    fn start(bench: &Bench) -> Result<Veth, String> {
        let holder = || -> Result<String, String> {
            let mut command = Command::new("unshare");
            command.args(["--net", "sleep", "86400"]);
            let pid = process::background(command)?;
            process::until("a namespace", || process::command_line(pid).starts_with("sleep"))?;
            Ok(pid.to_string())
        };
        let (server, client) = (holder()?, holder()?);
        let script = "ip link add v1 netns $1 type veth peer name v2 netns $2
            nsenter -t $1 -n ip address add 10.79.0.5/24 dev v1 && nsenter -t $1 -n ip link set v1 up
            nsenter -t $2 -n ip address add 10.79.0.6/24 dev v2 && nsenter -t $2 -n ip link set v2 up";
        let mut command = Command::new("sh");
        command.args(["-ec", script, "sh", &server, &client]);
        process::run(command, process::LIMIT)?;
        let load = bench.path("load");
        let mut command = Command::new("nsenter");
        command.args(["-t", &server, "-n", &load, "load", "serve", "9000"]);
        process::background(command)?;
        Ok(Veth { bench: load, client })
    }

    fn load(&self, words: &[&str]) -> Result<f64, String> {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.client, "-n", &self.bench, "load"]).args(words);
        number(&process::run(command, process::LIMIT)?.stdout)
    }
}

/// One stream, and connections.
pub(crate) fn containers(bench: &Bench, report: &mut Report) -> Result<(), String> {
    let own = Pair::start(bench, false, "10.77.0")?;
    let theirs = Pair::start(bench, true, "10.78.0");
    let veth = Veth::start(bench);
    let throughput: (_, _, &[&str]) = ("one stream", Unit::Throughput, &["throughput", "up", "1"]);
    let connections: (_, _, &[&str]) =
        ("connections with one question each, 8 at once", Unit::Rate, &["connections", "1"]);
    for (what, unit, words) in [throughput, connections] {
        let words = |address: &'static str| {
            let mut all = words.to_vec();
            all.insert(1, address);
            all
        };
        let (own, theirs, veth) = (&own, &theirs, &veth);
        report.row(Row {
            what: format!("container to container on a user network, {what}"),
            unit,
            aim: "podman's",
            rounds: 3,
            warm_up: 1,
            contenders: vec![
                contender("box", move |_| own.load(&words("10.77.0.5:9000"))),
                contender("podman, netavark", move |_| {
                    theirs.as_ref().map_err(Clone::clone)?.load(&words("10.78.0.5:9000"))
                }),
                contender("a veth pair alone", move |_| {
                    veth.as_ref().map_err(Clone::clone)?.load(&words("10.79.0.5:9000"))
                }),
            ],
        });
    }
    Ok(())
}
