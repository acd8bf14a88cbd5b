//! Who runs everything, where, and with which stores.

use crate::process::{self, LIMIT};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// The name of the static busybox in both stores.
pub(crate) const BUSYBOX: &str = "localhost/busybox";

/// What `scripts/bench` made.
#[derive(Debug)]
pub(crate) struct Bench {
    uid: u32,
    gid: u32,
    /// The run's own directory; the user may write there.
    pub(crate) dir: PathBuf,
    binary: PathBuf,
    /// HOST:PORT of an empty registry that has `bench/debian:latest`.
    pub(crate) registry: String,
    /// Has `layout/` and `docker.tar`: the same image.
    pub(crate) image: PathBuf,
}

fn env(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set: run `make bench`"))
}

impl Bench {
    /// Finds what the script made and gives both stores their image.
    pub(crate) fn prepare() -> Result<Bench, String> {
        let number = |name| env(name)?.parse().map_err(|_| format!("{name} is not a number"));
        let bench = Bench {
            uid: number("BENCH_UID")?,
            gid: number("BENCH_GID")?,
            dir: env("BENCH_DIR")?.into(),
            binary: env("BENCH_BOX")?.into(),
            registry: env("BENCH_REGISTRY")?,
            image: env("BENCH_IMAGE")?.into(),
        };
        // What a row leaves behind is found by looking at all processes and is killed: see `clear`.
        let own = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        if own == Path::new(&env("BENCH_OUTER")?) {
            return Err("this must run in a process namespace of its own: run `make bench`".to_string());
        }
        let tar = env("BENCH_BUSYBOX")?;
        process::run(bench.r#box(&["import", &tar, BUSYBOX]), LIMIT)?;
        // Rows say which contender is missing; without podman the rest is still worth having.
        let _ = process::run(bench.podman(&["import", "-q", &tar, BUSYBOX]), LIMIT);
        Ok(bench)
    }

    /// A program as the user, with nothing of ours in its environment.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).uid(self.uid).gid(self.gid).env_clear().current_dir(&self.dir);
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.dir.join("home"))
            .env("TMPDIR", self.dir.join("tmp"))
            .env("XDG_RUNTIME_DIR", format!("/run/user/{}", self.uid))
            .env("BOX_ROOT", self.dir.join("box"));
        command
    }

    pub(crate) fn r#box(&self, args: &[&str]) -> Command {
        self.command(self.binary.to_str().unwrap_or("box"), args)
    }

    /// Podman 4.3.1 chooses netavark for its networks where there is one; said here so that an older
    /// store of somebody's does not choose otherwise.
    pub(crate) fn podman(&self, args: &[&str]) -> Command {
        let mut all =
            vec!["--cgroup-manager=cgroupfs", "--events-backend=none", "--network-backend=netavark"];
        all.extend(args);
        self.command("podman", &all)
    }

    /// Several commands, joined by a shell: `$0`, `$1`… are `args`.
    pub(crate) fn shell(&self, script: &str, args: &[&str]) -> Command {
        let mut all = vec!["-c", script];
        all.extend(args);
        self.command("sh", &all)
    }

    /// Seconds that a command took.
    pub(crate) fn time(&self, command: Command) -> Result<f64, String> {
        process::run(command, LIMIT).map(|ended| ended.took.as_secs_f64())
    }

    /// What a command wrote.
    pub(crate) fn output(&self, command: Command) -> Result<String, String> {
        process::run(command, LIMIT).map(|ended| ended.stdout)
    }

    /// A path below the run's directory.
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    /// A directory of the user's that is not there yet.
    pub(crate) fn fresh(&self, name: &str, round: usize) -> Result<String, String> {
        let path = self.path(&format!("{name}-{round}"));
        self.output(self.command("mkdir", &[&path]))?;
        Ok(path)
    }

    /// Deletes what `fresh` made; files in there may have any owner.
    pub(crate) fn discard(&self, names: &[&str]) {
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if names.iter().any(|prefix| name.starts_with(&format!("{prefix}-"))) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    /// `load` of this program, as the user on the host.
    pub(crate) fn load(&self, args: &[&str]) -> Command {
        let mut all = vec!["load"];
        all.extend(args);
        self.command(&self.path("load"), &all)
    }

    /// The option that shows `load` to a container.
    pub(crate) fn volume(&self) -> String {
        format!("{}:/load:ro", self.path("load"))
    }

    /// An error unless the disk has room for `gigabytes`.
    pub(crate) fn room(&self, gigabytes: u64) -> Result<(), String> {
        let there = rustix::fs::statvfs(&self.dir).map_err(|error| error.to_string())?;
        let free = there.f_bavail * there.f_frsize;
        if free < gigabytes << 30 {
            return Err(format!(
                "{gigabytes} GiB are needed in {}, {} MiB are free",
                self.dir.display(),
                free >> 20
            ));
        }
        Ok(())
    }

    /// Waits, for a moment, until the disk has what earlier work wrote.
    pub(crate) fn settle(&self) {
        settle(&self.dir);
    }

    /// Ends all that a row started, however it ended.
    pub(crate) fn clear(&self) {
        let soon = Duration::from_secs(30);
        for command in
            [self.r#box(&["rm", "-f", "-a", "-t", "0"]), self.podman(&["rm", "-f", "-a", "-t", "0"])]
        {
            // What they cannot end is killed.
            let _ = process::run(command, soon);
        }
        process::end_others();
        // The number of the process that podman kept is nobody's, or worse, somebody else's.
        let _ = std::fs::remove_file(format!("/run/user/{}/libpod/tmp/pause.pid", self.uid));
    }

    /// Who takes part, in one line.
    pub(crate) fn versions(&self) -> String {
        let of = |program: &str| {
            let said = process::run(self.command(program, &["--version"]), LIMIT);
            let said = said.map(|ended| ended.stdout).unwrap_or_default();
            said.lines().next().map_or(format!("no {program}"), str::to_string)
        };
        let own = self.output(self.r#box(&["--version"])).unwrap_or_default();
        let peers = ["podman", "bwrap", "crun", "skopeo", "umoci", "pasta", "slirp4netns"].map(of);
        format!("{own} against {}; all as uid {}", peers.join(", "), self.uid)
    }
}

/// Has what earlier work left in memory written out, so that the next does not pay for it; waits a
/// few seconds at most: on a disk that others keep busy there is no end to it.
fn settle(dir: &Path) {
    static WRITERS: AtomicUsize = AtomicUsize::new(0);
    let Ok(dir) = std::fs::File::open(dir) else { return };
    // One that takes long goes on by itself, and is enough.
    if WRITERS.fetch_add(1, Ordering::AcqRel) > 0 {
        WRITERS.fetch_sub(1, Ordering::AcqRel);
        return;
    }
    let (done, end) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = rustix::fs::syncfs(&dir);
        WRITERS.fetch_sub(1, Ordering::AcqRel);
        let _ = done.send(());
    });
    let _ = end.recv_timeout(Duration::from_secs(3));
}
