//! A store and a runtime directory of its own for each test, commands with an end, and the leak check.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// How long a command may take before the test fails. Generous: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);
/// How long what happens in the background after a command's answer may take.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// Who runs the commands of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum User {
    /// A normal user with a range of subordinate ids.
    Sub,
    /// A normal user without: single-id mode.
    NoSub,
    /// The administrator.
    Root,
}

/// Every user once, for tests that hold for all of them.
pub(crate) const EVERYONE: [User; 3] = [User::Sub, User::NoSub, User::Root];

struct Account {
    uid: u32,
    gid: u32,
    name: String,
}

impl User {
    fn name(self) -> &'static str {
        match self {
            User::Sub => "box-sub",
            User::NoSub => "box-nosub",
            User::Root => "root",
        }
    }

    fn account(self) -> Account {
        let passwd = fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
        let line = passwd.lines().find(|line| line.split(':').next() == Some(self.name()));
        let line = line.unwrap_or_else(|| panic!("there is no user {}: run `make test`", self.name()));
        let field: Vec<_> = line.split(':').collect();
        Account {
            uid: field[2].parse().expect("a uid"),
            gid: field[3].parse().expect("a gid"),
            name: field[0].to_string(),
        }
    }
}

fn required(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: these tests are run by `make test`"))
}

/// The directory with the binary, the fixtures and the tests' stores.
pub(crate) fn base() -> PathBuf {
    PathBuf::from(required("BOX_TEST_DIR"))
}

/// One of the files that scripts/fixtures made.
pub(crate) fn fixture(name: &str) -> String {
    let path = PathBuf::from(required("BOX_TEST_FIXTURES")).join(name);
    assert!(path.exists(), "the fixture {} is missing", path.display());
    path.to_str().expect("fixtures have plain names").to_string()
}

/// HOST:PORT of the registry that scripts/test started.
pub(crate) fn registry() -> String {
    required("BOX_TEST_REGISTRY")
}

/// The storage driver of containers: the whole suite can be run with another.
pub(crate) fn driver() -> &'static str {
    match std::env::var("BOX_TEST_DRIVER").as_deref() {
        Err(_) | Ok("overlay") => "overlay",
        Ok("vfs") => "vfs",
        Ok(_) => "fuse-overlayfs",
    }
}

/// How often the tests that repeat themselves do; `make stress` sets a thousand.
pub(crate) fn rounds(usually: usize) -> usize {
    std::env::var("BOX_TEST_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usually)
}

/// Does every round from 0 on, each number once; many of them side by side, since they wait more than
/// they compute.
pub(crate) fn in_parallel(rounds: usize, some: impl Fn(&mut dyn Iterator<Item = usize>) + Sync) {
    let next = AtomicUsize::new(0);
    let numbers =
        || std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < rounds));
    let workers = (rounds / 25).clamp(1, 6);
    if workers == 1 {
        return some(&mut numbers());
    }
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let mut numbers = numbers();
            let some = &some;
            scope.spawn(move || some(&mut numbers));
        }
    });
}

/// A store, a runtime directory and a scratch directory of one user, checked for leaks when dropped.
pub(crate) struct Env {
    user: User,
    account: Account,
    dir: PathBuf,
    vars: BTreeMap<String, OsString>,
    /// Tests that break the store on purpose end without its clean-up.
    checked: bool,
    /// How long things may take to disappear after the test.
    patience: Duration,
}

impl Env {
    /// For the user with subordinate ids; the image `busybox` is there.
    pub(crate) fn new() -> Env {
        Env::of(User::Sub)
    }

    /// For that user; the image `busybox` is there.
    pub(crate) fn of(user: User) -> Env {
        Env::with(user, &["busybox"])
    }

    /// With no image at all.
    pub(crate) fn empty(user: User) -> Env {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let account = user.account();
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        // Short: the sockets below it have 107 bytes for their paths.
        let dir = base().join("work").join(format!("{}-{number}", std::process::id()));
        let mut env = Env { user, account, dir, vars: BTreeMap::new(), checked: true, patience: SOON };
        for name in ["", "home", "tmp", "run"] {
            env.make_dir(&env.dir.join(name));
        }
        let path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
        for (name, value) in [
            ("PATH", path.into()),
            ("HOME", env.dir.join("home").into_os_string()),
            ("USER", env.account.name.clone().into()),
            ("LOGNAME", env.account.name.clone().into()),
            ("TERM", "xterm".into()),
            ("LANG", "C.UTF-8".into()),
            ("TMPDIR", env.dir.join("tmp").into_os_string()),
            ("XDG_RUNTIME_DIR", format!("/run/user/{}", env.account.uid).into()),
            ("BOX_ROOT", env.root().into_os_string()),
            ("BOX_RUNROOT", env.runroot().into_os_string()),
        ] {
            env.vars.insert(name.to_string(), value);
        }
        // All of the suite with another driver: BOX_TEST_DRIVER=fuse scripts/test.
        if let Some(driver) = std::env::var_os("BOX_TEST_DRIVER") {
            env.set("STORAGE_DRIVER", driver);
        }
        env
    }

    /// With these of the root filesystems `busybox` and `debian` as images.
    ///
    /// They are imported once per user; later tests get hard links to the blobs and symbolic
    /// links to the layers, which nothing changes.
    pub(crate) fn with(user: User, images: &[&str]) -> Env {
        let env = Env::empty(user);
        let seed = seed(user, images);
        copy_linked(&seed, &env.root(), &env.account, 0);
        env
    }

    fn make_dir(&self, path: &Path) {
        fs::DirBuilder::new().mode(0o755).create(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        self.give(path);
    }

    /// Makes the user the owner of a file or directory.
    pub(crate) fn give(&self, path: &Path) {
        std::os::unix::fs::lchown(path, Some(self.account.uid), Some(self.account.gid)).expect("chown");
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.join("root")
    }

    pub(crate) fn runroot(&self) -> PathBuf {
        self.dir.join("run/box")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.join("home")
    }

    /// A directory that the user may write to, gone after the test.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    pub(crate) fn uid(&self) -> u32 {
        self.account.uid
    }

    pub(crate) fn user(&self) -> User {
        self.user
    }

    /// Writes a file in [`Env::tmp`] that belongs to the user and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.tmp().join(name);
        fs::write(&path, content).expect("write a file of the test");
        self.give(&path);
        path.to_str().expect("a plain name").to_string()
    }

    /// Makes a directory in [`Env::tmp`] that belongs to the user and returns its path.
    pub(crate) fn directory(&self, name: &str) -> String {
        let path = self.tmp().join(name);
        self.make_dir(&path);
        path.to_str().expect("a plain name").to_string()
    }

    /// Sets a variable for all later commands.
    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.vars.insert(name.to_string(), value.as_ref().to_os_string());
    }

    /// Unsets a variable for all later commands.
    pub(crate) fn unset(&mut self, name: &str) {
        self.vars.remove(name);
    }

    /// Sets how long things may take to disappear after the test.
    pub(crate) fn patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The path of the binary.
    pub(crate) fn binary() -> PathBuf {
        base().join("bin/box")
    }

    /// Any program as the user, in the user's environment.
    pub(crate) fn program<S: AsRef<OsStr>>(&self, program: S) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.vars).current_dir(self.tmp());
        if self.user != User::Root {
            // Setting the uid as root also empties the supplementary groups.
            command.uid(self.account.uid).gid(self.account.gid);
        }
        command
    }

    /// Any program as root, in the user's environment: one that becomes the user itself.
    pub(crate) fn as_root(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.vars).current_dir(self.tmp());
        command
    }

    /// The user's name.
    pub(crate) fn name(&self) -> &str {
        &self.account.name
    }

    /// `script` for sh(1), run by root in a mount namespace of its own; `$AS` in it is what makes a
    /// command the user's again, and `$BOX` the binary.
    pub(crate) fn prepared(&self, script: &str) -> Command {
        let ids = format!("--reuid {} --regid {} --clear-groups", self.account.uid, self.account.gid);
        let mut command = Command::new("unshare");
        command.env_clear().envs(&self.vars).current_dir(self.tmp());
        command.env("AS", format!("setpriv {ids}")).env("BOX", Env::binary());
        command.args(["--mount", "--propagation", "private", "sh", "-c", script]);
        command
    }

    /// `box` with these arguments, not yet started.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.program(Env::binary());
        command.args(args);
        command
    }

    /// Runs `box` to its end, with nothing on its standard input.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        finish(self.command(args), b"")
    }

    /// Runs `box` to its end with `input` on its standard input.
    pub(crate) fn feed<A: AsRef<OsStr>>(&self, input: &[u8], args: impl IntoIterator<Item = A>) -> Output {
        finish(self.command(args), input)
    }

    /// Runs `box`, demands success and returns its standard output without the last newline.
    pub(crate) fn ok<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> String {
        self.run(args).code(0).stdout_line()
    }

    /// Starts `box` with pipes on all three descriptors.
    pub(crate) fn spawn<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Running {
        Running::start(self.command(args))
    }

    /// Starts `box` on a terminal of its own.
    pub(crate) fn pty<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> crate::pty::Pty {
        self.pty_program(Env::binary(), args)
    }

    /// Starts any program on a terminal of its own.
    ///
    /// setsid(1) does what would need `unsafe` here: a new session with this terminal (TIOCSCTTY).
    pub(crate) fn pty_program<P: AsRef<OsStr>, A: AsRef<OsStr>>(
        &self,
        program: P,
        args: impl IntoIterator<Item = A>,
    ) -> crate::pty::Pty {
        let mut command = self.program("setsid");
        command.arg("--ctty").arg(program).args(args);
        crate::pty::Pty::start(command, self.account.uid)
    }

    /// `.State.Status` of a container.
    pub(crate) fn status(&self, container: &str) -> String {
        self.ok(["container", "inspect", "--format", "{{.State.Status}}", container])
    }

    /// Waits until a container has that status.
    pub(crate) fn until_status(&self, container: &str, status: &str) {
        eventually(&format!("{container} is {status}"), || self.status(container) == status);
    }

    /// Waits until the logs of a container contain `text`.
    pub(crate) fn until_logged(&self, container: &str, text: &str) {
        eventually(&format!("{text:?} is in the log of {container}"), || {
            let logs = self.run(["logs", container]);
            String::from_utf8_lossy(&logs.stdout).contains(text)
                || String::from_utf8_lossy(&logs.stderr).contains(text)
        });
    }

    /// What every path in this store begins with: with the slash, for `…/1-1` is also how `…/1-12` begins.
    fn below(&self) -> String {
        format!("{}/", self.dir.to_str().expect("a plain path"))
    }

    /// Host pids of the processes that belong to this store, with their command lines.
    pub(crate) fn processes(&self) -> BTreeMap<i32, String> {
        let needle = self.below().into_bytes();
        let mut found = BTreeMap::new();
        for entry in fs::read_dir("/proc").expect("/proc is readable").flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
            if pid == std::process::id() as i32 {
                continue;
            }
            let path = entry.path();
            // A container's processes know neither our arguments nor our variables, but they see our overlay.
            let ours = ["cmdline", "environ", "mountinfo"]
                .iter()
                .any(|name| fs::read(path.join(name)).is_ok_and(|text| contains(&text, &needle)));
            if ours {
                let cmdline = fs::read(path.join("cmdline")).unwrap_or_default();
                let text = String::from_utf8_lossy(&cmdline).replace('\0', " ");
                let comm = fs::read_to_string(path.join("comm")).unwrap_or_default();
                found.insert(pid, format!("{} [{}]", text.trim(), comm.trim()));
            }
        }
        found
    }

    /// What is left of this test on the machine, in words; empty when all is well.
    fn leaks(&self) -> Vec<String> {
        let mut leaks: Vec<String> =
            self.processes().iter().map(|(pid, what)| format!("process {pid}: {what}")).collect();
        let text = &self.below();
        for file in ["/proc/self/mountinfo", "/proc/net/unix"] {
            let content = fs::read_to_string(file).unwrap_or_default();
            let lines = content.lines().filter(|line| line.contains(text));
            leaks.extend(lines.map(|line| format!("{file}: {line}")));
        }
        for below in ["root/containers", "root/names", "root/trash", "run/box/c"] {
            let Ok(entries) = fs::read_dir(self.dir.join(below)) else { continue };
            leaks.extend(entries.flatten().map(|entry| format!("left over: {}", entry.path().display())));
        }
        leaks
    }

    /// Removes the containers that are left and waits for everything to be gone.
    ///
    /// # Panics
    /// When something stays.
    fn check(&self) {
        if fs::read_dir(self.root().join("names")).is_ok_and(|mut names| names.next().is_some()) {
            self.run(["rm", "--force", "--time", "0", "--all"]).code(0);
        }
        let end = Instant::now() + self.patience;
        loop {
            let leaks = self.leaks();
            if leaks.is_empty() {
                return;
            }
            assert!(Instant::now() < end, "the test left behind:\n{}", leaks.join("\n"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let verdict = if self.checked && !failed {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.check()))
        } else {
            Ok(())
        };
        // Whatever is still there now is ours to end: it carries this test's directory in it.
        for _ in 0..50 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            for pid in left.keys() {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(*pid), nix::sys::signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if std::env::var_os("BOX_TEST_KEEP").is_none() {
            let _ = fs::remove_dir_all(&self.dir);
        }
        if let Err(cause) = verdict {
            std::panic::resume_unwind(cause);
        }
    }
}

/// A store with the named images, made once for each user and set of images.
fn seed(user: User, images: &[&str]) -> PathBuf {
    type Seeds = Mutex<BTreeMap<(User, String), Result<PathBuf, String>>>;
    static SEEDS: OnceLock<Seeds> = OnceLock::new();
    let mut seeds = SEEDS.get_or_init(Mutex::default).lock().unwrap_or_else(|e| e.into_inner());
    let key = (user, images.join(" "));
    let made = seeds.entry(key).or_insert_with(|| {
        let mut env = Env::empty(user);
        for image in images {
            let output = env.run(["import", &fixture(&format!("{image}.tar")), image]);
            if output.code != Some(0) {
                return Err(format!("the image {image} could not be imported:\n{output}"));
            }
        }
        env.check();
        env.checked = false;
        let kept = base().join("work").join(format!(
            "seed-{}-{}-{}",
            std::process::id(),
            user.name(),
            images.join("-")
        ));
        fs::rename(env.root(), &kept).expect("the seed can be renamed");
        Ok(kept)
    });
    made.clone().unwrap_or_else(|why| panic!("{why}"))
}

/// Copies a store: files as hard links, except small documents; layers as symbolic links.
fn copy_linked(from: &Path, to: &Path, owner: &Account, depth: u32) {
    fs::DirBuilder::new().mode(0o700).create(to).expect("make a directory of the store");
    let meta = fs::metadata(from).expect("the seed is there");
    fs::set_permissions(to, meta.permissions()).expect("chmod");
    std::os::unix::fs::chown(to, Some(meta.uid()), Some(meta.gid())).expect("chown");
    for entry in fs::read_dir(from).expect("the seed is readable").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("the seed is readable");
        let in_layers = depth == 1 && from.ends_with("layers");
        if in_layers {
            std::os::unix::fs::symlink(&path, &target).expect("link a layer");
        } else if kind.is_dir() {
            copy_linked(&path, &target, owner, depth + 1);
        } else if entry.metadata().is_ok_and(|m| m.len() < 4096) {
            fs::copy(&path, &target).expect("copy a document");
            std::os::unix::fs::chown(&target, Some(owner.uid), Some(owner.gid)).expect("chown");
        } else {
            fs::hard_link(&path, &target).expect("link a blob");
        }
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

/// Waits until something is so, looking often.
///
/// # Panics
/// When it is not so in time.
pub(crate) fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !so() {
        assert!(Instant::now() < end, "it never came true that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a command printed and how it ended.
pub(crate) struct Output {
    pub(crate) args: String,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "$ {}\ncode {:?}, signal {:?}\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.args,
            self.code,
            self.signal,
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(&self.stderr)
        )
    }
}

impl Output {
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    #[track_caller]
    pub(crate) fn code(&self, wanted: i32) -> &Output {
        assert!(self.code == Some(wanted), "exit code {wanted} was expected:\n{self}");
        self
    }

    #[track_caller]
    pub(crate) fn stdout(&self, wanted: &str) -> &Output {
        assert!(self.stdout == wanted.as_bytes(), "stdout {wanted:?} was expected:\n{self}");
        self
    }

    #[track_caller]
    pub(crate) fn stderr(&self, wanted: &str) -> &Output {
        assert!(self.stderr == wanted.as_bytes(), "stderr {wanted:?} was expected:\n{self}");
        self
    }

    #[track_caller]
    pub(crate) fn stdout_contains(&self, part: &str) -> &Output {
        assert!(self.out().contains(part), "{part:?} was expected in stdout:\n{self}");
        self
    }

    #[track_caller]
    pub(crate) fn stderr_contains(&self, part: &str) -> &Output {
        assert!(self.err().contains(part), "{part:?} was expected in stderr:\n{self}");
        self
    }

    #[track_caller]
    pub(crate) fn stdout_matches(&self, pattern: &str) -> &Output {
        let regex = regex::Regex::new(pattern).expect("a regular expression");
        assert!(regex.is_match(&self.out()), "stdout like {pattern:?} was expected:\n{self}");
        self
    }

    /// The standard output without its last newline.
    pub(crate) fn stdout_line(&self) -> String {
        self.out().trim_end_matches('\n').to_string()
    }

    /// An error of our own: that code, nothing on stdout, one or two lines that contain `part`.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, part: &str) -> &Output {
        self.code(code).stdout("").stderr_contains(part);
        let lines = self.err().lines().count();
        assert!((1..=2).contains(&lines), "one or two lines were expected on stderr, not {lines}:\n{self}");
        assert!(!self.err().contains("panicked"), "a panic:\n{self}");
        self
    }
}

/// A command as a person would write it, for messages.
pub(crate) fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args()).map(|w| w.to_string_lossy().into_owned());
    shell_words::join(words)
}

/// Runs any command to its end with `input` on its standard input.
pub(crate) fn finish(command: Command, input: &[u8]) -> Output {
    let mut running = Running::start(command);
    running.write_all_in_background(input);
    running.finish()
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    args: String,
    stdin: Option<ChildStdin>,
    out: Stream,
    err: Stream,
}

/// The bytes of one pipe, collected by a thread.
struct Stream {
    incoming: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Stream {
    fn start(mut pipe: impl Read + Send + 'static) -> Stream {
        let (sender, incoming) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(n @ 1..) = pipe.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Stream { incoming, bytes: Vec::new() }
    }

    /// Takes what comes until `done` or the pipe's end (`true`) or the time is over (`false`).
    fn read_until(&mut self, end: Instant, mut done: impl FnMut(&[u8]) -> bool) -> bool {
        loop {
            if done(&self.bytes) {
                return true;
            }
            match self.incoming.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(more) => self.bytes.extend(more),
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Running {
        let args = words(&command);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|e| panic!("cannot start {args}: {e}"));
        Running {
            stdin: child.stdin.take(),
            out: Stream::start(child.stdout.take().expect("a pipe")),
            err: Stream::start(child.stderr.take().expect("a pipe")),
            child,
            args,
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid()), signal)
            .expect("signal a child of ours");
    }

    /// Writes it and closes its standard input, without waiting for that.
    pub(crate) fn write_all_in_background(&mut self, input: &[u8]) {
        let (mut stdin, input) = (self.stdin.take(), input.to_vec());
        std::thread::spawn(move || {
            if let Some(stdin) = &mut stdin {
                // It may end without having read everything.
                let _ = stdin.write_all(&input);
            }
        });
    }

    /// Waits until its standard output contains `part`.
    #[track_caller]
    pub(crate) fn expect(&mut self, part: &str) {
        let needle = part.as_bytes();
        self.out.read_until(Instant::now() + SOON, |bytes| contains(bytes, needle));
        let seen = contains(&self.out.bytes, needle);
        let out = String::from_utf8_lossy(&self.out.bytes).into_owned();
        assert!(seen, "$ {}\n{part:?} was expected in stdout:\n{out}", self.args);
    }

    /// Waits for its end and returns how it ended, without looking at its output.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        let pidfd =
            rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).expect("pidfd_open");
        let mut fds = [rustix::event::PollFd::new(&pidfd, rustix::event::PollFlags::IN)];
        let timeout = rustix::event::Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
        let ready = rustix::event::poll(&mut fds, Some(&timeout)).expect("poll");
        if ready == 0 {
            let _ = self.child.kill();
            let _ = self.child.wait();
            self.err.read_until(Instant::now() + Duration::from_secs(1), |_| false);
            self.out.read_until(Instant::now() + Duration::from_secs(1), |_| false);
            panic!(
                "$ {}\ndid not end within {PATIENCE:?}\n--- stdout\n{}\n--- stderr\n{}",
                self.args,
                String::from_utf8_lossy(&self.out.bytes),
                String::from_utf8_lossy(&self.err.bytes)
            );
        }
        self.child.wait().expect("wait for a child of ours")
    }

    /// Closes its stdin, waits for its end and takes all its output.
    ///
    /// # Panics
    /// When it does not end, or when somebody else keeps its output open after its end.
    pub(crate) fn finish(mut self) -> Output {
        self.stdin = None;
        let status = self.wait();
        let end = Instant::now() + SOON;
        let closed = self.out.read_until(end, |_| false) && self.err.read_until(end, |_| false);
        let output = Output {
            args: self.args,
            stdout: self.out.bytes,
            stderr: self.err.bytes,
            code: status.code(),
            signal: status.signal(),
        };
        assert!(closed, "somebody keeps the output open after its end:\n{output}");
        output
    }
}
