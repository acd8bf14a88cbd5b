//! box against bwrap, crun, podman, skopeo and umoci: the same work, in turns, in one run.
//!
//! Run by `make bench`, which makes the user, the fixtures, the registry and a mount namespace with a
//! cgroup2 tree (crun refuses hybrid ones). Every contender is the same unprivileged user, runs the
//! same static busybox with the network mode and log driver that the table names, and takes its turn in each round,
//! so that a busy moment hits all of them. Minimum and median of the rounds; ratios are of medians.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Who runs everything, and where.
struct Bench {
    uid: u32,
    gid: u32,
    dir: PathBuf,
    binary: PathBuf,
    registry: String,
    fixtures: PathBuf,
}

/// One program doing the work of a row.
struct Contender {
    name: &'static str,
    /// Makes the command of round number N.
    make: Box<dyn Fn(usize) -> Command>,
    times: Vec<Duration>,
}

/// Prints a line of the report.
macro_rules! say {
    ($($word:tt)*) => { writeln!(std::io::stdout(), $($word)*).expect("somebody reads the report") };
}

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make bench`"))
}

impl Bench {
    fn from_env() -> Bench {
        Bench {
            uid: env("BENCH_UID").parse().expect("a uid"),
            gid: env("BENCH_GID").parse().expect("a gid"),
            dir: env("BENCH_DIR").into(),
            binary: env("BENCH_BOX").into(),
            registry: env("BENCH_REGISTRY"),
            fixtures: env("BENCH_FIXTURES").into(),
        }
    }

    /// A program as the user, with nothing of ours in its environment.
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).uid(self.uid).gid(self.gid).env_clear().current_dir(&self.dir);
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.dir.join("home"))
            .env("XDG_RUNTIME_DIR", format!("/run/user/{}", self.uid))
            .env("BOX_ROOT", self.dir.join("box"))
            .env("BOX_RUNROOT", format!("/run/user/{}/box-bench", self.uid))
            .stdin(Stdio::null());
        command
    }

    fn r#box(&self, args: &[&str]) -> Command {
        self.command(self.binary.to_str().expect("a plain path"), args)
    }

    fn podman(&self, args: &[&str]) -> Command {
        let mut all = vec!["--cgroup-manager=cgroupfs", "--events-backend=none"];
        all.extend(args);
        self.command("podman", &all)
    }
}

/// Runs a command that must succeed and returns its standard output.
fn output(mut command: Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_string()
}

/// From before the fork to after the wait.
fn time(mut command: Command) -> Duration {
    let before = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it starts");
    let took = before.elapsed();
    assert!(status.success(), "{command:?} ended with {status}");
    took
}

fn contender(name: &'static str, make: impl Fn(usize) -> Command + 'static) -> Contender {
    Contender { name, make: Box::new(make), times: Vec::new() }
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}

fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

/// Runs the contenders in turns and prints the row; the first is box.
fn row(what: &str, rounds: usize, warm_up: usize, mut contenders: Vec<Contender>, budget: &str) -> Duration {
    for round in 0..rounds + warm_up {
        for contender in &mut contenders {
            let took = time((contender.make)(round));
            if round >= warm_up {
                contender.times.push(took);
            }
        }
    }
    let own = median(&contenders[0].times);
    say!("\n{what} ({rounds} rounds; budget: {budget})");
    say!("  {:<22} {:>9} {:>9} {:>9}", "", "min ms", "median ms", "box is");
    for contender in &contenders {
        let middle = median(&contender.times);
        let ratio = own.as_secs_f64() / middle.as_secs_f64();
        say!(
            "  {:<22} {:>9} {:>9} {:>9}",
            contender.name,
            ms(*minimum(&contender.times)),
            ms(middle),
            format!("{ratio:.2}x")
        );
    }
    own
}

fn minimum(times: &[Duration]) -> &Duration {
    times.iter().min().expect("there was a round")
}

/// Private memory in KiB, from smaps_rollup.
fn private_memory(pid: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("root may read it");
    text.lines()
        .filter(|line| line.starts_with("Private_"))
        .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
        .sum()
}

fn switches(pid: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    text.lines()
        .filter(|line| line.contains("voluntary_ctxt_switches"))
        .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok())
        .sum()
}

fn wakeups(pid: &str) -> f64 {
    let before = switches(pid);
    std::thread::sleep(Duration::from_secs(5));
    (switches(pid) - before) as f64 / 5.0
}

fn main() {
    let bench: &'static Bench = Box::leak(Box::new(Bench::from_env()));
    let rootfs: &'static str =
        Box::leak(bench.dir.join("bundle/rootfs").display().to_string().into_boxed_str());
    let bundle: &'static str = Box::leak(bench.dir.join("bundle").display().to_string().into_boxed_str());
    let crun_root: &'static str = Box::leak(bench.dir.join("crun").display().to_string().into_boxed_str());
    let tar = bench.fixtures.join("busybox.tar");
    let tar = tar.to_str().expect("a plain path");
    output(bench.r#box(&["import", tar, "busybox"]));
    output(bench.podman(&["import", "-q", tar, "localhost/busybox"]));

    say!("{}", output(bench.r#box(&["--version"])));
    say!(
        "{}, {}, {}",
        output(bench.podman(&["--version"])),
        output(bench.command("bwrap", &["--version"])),
        output(bench.command("crun", &["--version"])).lines().next().unwrap_or_default()
    );
    say!("times from fork to wait, as uid {}; all in turns", bench.uid);

    let bwrap = || {
        contender("bwrap --unshare-all", move |_| {
            let args =
                ["--unshare-all", "--ro-bind", rootfs, "/", "--proc", "/proc", "--dev", "/dev", "/bin/true"];
            bench.command("bwrap", &args)
        })
    };
    let crun = || {
        contender("crun run", move |n| {
            let name = format!("bench-{}-{n}", std::process::id());
            bench.command(
                "crun",
                &["--root", crun_root, "--cgroup-manager=disabled", "run", "--bundle", bundle, &name],
            )
        })
    };
    let podman = || {
        contender("podman run", move |_| {
            bench.podman(&["run", "--rm", "--network=none", "--log-driver=none", "localhost/busybox", "true"])
        })
    };
    let own = || {
        contender("box run", move |_| {
            bench.r#box(&["run", "--rm", "--network=none", "--log-driver=none", "busybox", "true"])
        })
    };
    let what = "run --rm true, network none, log driver none";
    row(
        &format!("{what}, cold: no other container"),
        30,
        3,
        vec![own(), bwrap(), crun(), podman()],
        "3.5x bwrap",
    );
    let alive = output(bench.r#box(&[
        "run",
        "-d",
        "--network=none",
        "--log-driver=none",
        "busybox",
        "sleep",
        "86400",
    ]));
    let podman_alive = output(bench.podman(&[
        "run",
        "-d",
        "--network=none",
        "--log-driver=k8s-file",
        "localhost/busybox",
        "sleep",
        "86400",
    ]));
    row(
        &format!("{what}, warm: another container runs"),
        30,
        3,
        vec![own(), bwrap(), crun(), podman()],
        "2x bwrap",
    );

    let slirp = vec![
        contender("box run", move |_| {
            bench.r#box(&["run", "--rm", "--network=slirp4netns", "--log-driver=none", "busybox", "true"])
        }),
        contender("podman run", move |_| {
            bench.podman(&[
                "run",
                "--rm",
                "--network=slirp4netns",
                "--log-driver=none",
                "localhost/busybox",
                "true",
            ])
        }),
    ];
    row("run --rm true, network slirp4netns, log driver none, warm", 15, 1, slirp, "+15 ms on the row above");

    let (id, podman_id): (&'static str, &'static str) = (alive.clone().leak(), podman_alive.clone().leak());
    let exec = vec![
        contender("box exec", move |_| bench.r#box(&["exec", id, "true"])),
        contender("podman exec", move |_| bench.podman(&["exec", podman_id, "true"])),
    ];
    row("exec true", 20, 2, exec, "1/20 of podman");

    say!("\nan idle supervisor of a running container (network none)");
    let supervisor = output(bench.r#box(&["inspect", "-f", "{{.State.ConmonPid}}", id]));
    let conmon = output(bench.podman(&["inspect", "-f", "{{.State.ConmonPid}}", podman_id]));
    for (name, pid) in [("box", &supervisor), ("conmon", &conmon)] {
        say!("  {name:<22} {:>6} KiB private, {:.1} wake-ups per second", private_memory(pid), wakeups(pid));
    }
    say!("  budget: 2048 KiB, 0 wake-ups");

    for number in 0..99 {
        output(bench.r#box(&["create", "busybox", "true"]));
        output(bench.r#box(&["tag", "busybox", &format!("localhost/busybox:t{number}")]));
        output(bench.podman(&["tag", "localhost/busybox", &format!("localhost/busybox:t{number}")]));
    }
    for _ in 0..9 {
        output(bench.podman(&["create", "--network=none", "localhost/busybox", "true"]));
    }
    let ps = vec![
        contender("box ps -a (100)", move |_| bench.r#box(&["ps", "-a"])),
        contender("podman ps -a (10)", move |_| bench.podman(&["ps", "-a"])),
    ];
    row("ps -a", 20, 2, ps, "5 ms");
    let images = vec![
        contender("box images", move |_| bench.r#box(&["images"])),
        contender("podman images", move |_| bench.podman(&["images"])),
    ];
    row("images with 100 names", 20, 2, images, "5 ms");
    output(bench.r#box(&["rm", "-f", "-a", "-t", "0"]));
    output(bench.podman(&["rm", "-f", "-a", "-t", "0"]));

    pull(bench);
}

/// A Debian of three layers from the registry on loopback, each time into a new, empty store. Nothing is
/// deleted in between: deleting slows down what is written next on some disks.
fn pull(bench: &'static Bench) {
    let image = format!("{}/library/debian:bookworm", bench.registry);
    let (own, theirs, source) = (image.clone(), image.clone(), format!("docker://{image}"));
    let dir = |name: &str, n: usize| bench.dir.join(format!("{name}-{n}")).display().to_string();
    let contenders = vec![
        contender("box pull", move |n| {
            let mut command = bench.r#box(&["pull", "-q", &own]);
            command.env("BOX_ROOT", dir("pull-box", n));
            command
        }),
        contender("podman pull", move |n| {
            bench.podman(&["--root", &dir("pull-podman", n), "pull", "-q", "--tls-verify=false", &theirs])
        }),
        contender("skopeo + umoci", move |n| {
            let to = dir("pull-umoci", n);
            let script = "mkdir \"$1\" && skopeo --insecure-policy copy -q --src-tls-verify=false \"$0\" \"oci:$1/layout:image\" && \
                umoci unpack --rootless --image \"$1/layout:image\" \"$1/bundle\"";
            bench.command("sh", &["-c", script, &source, &to])
        }),
    ];
    row(
        "pull and unpack a Debian of 3 layers (180 MB), registry on loopback",
        3,
        1,
        contenders,
        "faster than both",
    );
}
