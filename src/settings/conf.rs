//! Defaults from files: `containers.conf`, as podman reads it, and box's own `config.toml`.
//!
//! Both have the same tables and keys; those that have no meaning here are passed over. The files,
//! each over those before it:
//!
//! | file | remark |
//! |---|---|
//! | /usr/share/containers/containers.conf | the distribution's |
//! | /etc/containers/containers.conf, containers.conf.d/*.conf | the administrator's |
//! | ~/.config/containers/containers.conf, containers.conf.d/*.conf | the user's; not root's |
//! | `$CONTAINERS_CONF` | in the place of all of these |
//! | `$CONTAINERS_CONF_OVERRIDE` | |
//! | /etc/box/config.toml, ~/.config/box/config.toml | or `$BOX_CONFIG` in their place |
//!
//! Source: containers.conf(5).

use crate::error::{Doing, Result, invalid};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// All the files together. What no file says is `None` or empty.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Conf {
    /// `[containers]`: defaults of `run` and `create`.
    pub containers: Containers,
    /// `[engine]`.
    pub engine: Engine,
    /// `[network]`.
    pub network: Network,
    /// `[storage]`, in config.toml.
    pub storage: Storage,
    /// `[gc]`, in config.toml.
    pub gc: Gc,
}

/// Declares a table whose keys are all optional, and how another one goes over it.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($(#[$key_doc:meta])* $key:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Deserialize, PartialEq)]
        #[serde(default)]
        pub struct $name {
            $($(#[$key_doc])* pub $key: Option<$kind>,)*
        }

        impl $name {
            fn overlay(&mut self, over: $name) {
                $(if let Some(value) = over.$key {
                    self.$key = Some(value.over(self.$key.take()));
                })*
            }
        }
    };
}

table! {
    /// `[containers]`. Values are as they stand in the file; whoever uses them parses them as the
    /// flag of the same name.
    Containers {
        /// `KEY=VALUE`.
        annotations: List,
        /// `--cgroupns`.
        cgroupns: String,
        /// `--hosts-file`.
        base_hosts_file: String,
        /// The address of the names that mean the host.
        host_containers_internal_ip: String,
        /// The capabilities that a container has without flags.
        default_capabilities: List,
        /// `KEY=VALUE`, as far as the namespaces are the container's own.
        default_sysctls: List,
        /// `NAME=SOFT:HARD`.
        default_ulimits: List,
        /// `--device`.
        devices: List,
        /// `--dns-option`.
        dns_options: List,
        /// `--dns-search`.
        dns_searches: List,
        /// `--dns`.
        dns_servers: List,
        /// Variables below those of the image.
        env: List,
        /// `--env-host`.
        env_host: bool,
        /// `--http-proxy`.
        http_proxy: bool,
        /// `--init`.
        init: bool,
        /// `--ipc`.
        ipcns: String,
        /// `--log-driver`.
        log_driver: String,
        /// `--log-opt max-size`: bytes, -1 is no limit.
        log_size_max: i64,
        /// `--log-opt tag`.
        log_tag: String,
        /// `--mount`.
        mounts: List,
        /// `--network`.
        netns: String,
        /// `--no-hosts`.
        no_hosts: bool,
        /// `--oom-score-adj`.
        oom_score_adj: i32,
        /// `--pid`.
        pidns: String,
        /// `--privileged`.
        privileged: bool,
        /// `--read-only`.
        read_only: bool,
        /// `--security-opt seccomp=`.
        seccomp_profile: String,
        /// `--shm-size`.
        shm_size: String,
        /// `--tz`.
        tz: String,
        /// `--umask`.
        umask: String,
        /// `--userns`.
        userns: String,
        /// `--uts`.
        utsns: String,
        /// `--volume`.
        volumes: List,
    }
}

table! {
    /// `[engine]`.
    Engine {
        /// `--compression-format`.
        compression_format: String,
        /// `--compression-level`.
        compression_level: u32,
        /// `--detach-keys`.
        detach_keys: String,
        /// `KEY=VALUE` for box itself, where its environment says nothing: proxies for example.
        env: List,
        /// `--image-volume`.
        image_volume_mode: String,
        /// `KEY=VALUE` for every slirp4netns, as behind `--network slirp4netns:`.
        network_cmd_options: List,
        /// `--pull`.
        pull_policy: String,
        /// `--retry`.
        retry: u32,
        /// `--retry-delay`.
        retry_delay: String,
        /// `--stop-timeout`.
        stop_timeout: u32,
    }
}

table! {
    /// `[network]`.
    Network {
        /// The subnet of IPv4 that the default network is made with.
        default_subnet: String,
        /// Where automatic subnets come from.
        default_subnet_pools: Pools,
        /// Words for every pasta, as behind `--network pasta:`.
        pasta_options: List,
    }
}

/// `default_subnet_pools`.
pub type Pools = Vec<Pool>;

/// A network that automatic subnets are cut from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Pool {
    /// As in `10.89.0.0/16`.
    pub base: String,
    /// The length of each one's prefix.
    pub size: u8,
}

table! {
    /// `[storage]`.
    Storage {
        /// `--root`.
        root: PathBuf,
        /// `--runroot`.
        runroot: PathBuf,
    }
}

table! {
    /// `[gc]`: which images go by themselves after a pull.
    Gc {
        /// As much of the disk images may take, such as `20GB`.
        keep: String,
        /// Images that nothing was made from for as long, such as `14d`.
        unused: String,
    }
}

/// How a value goes over one of an earlier file.
trait Over: Sized {
    fn over(self, _before: Option<Self>) -> Self {
        self
    }
}

impl Over for String {}
impl Over for bool {}
impl Over for i32 {}
impl Over for i64 {}
impl Over for u32 {}
impl Over for PathBuf {}
impl Over for Pools {}

/// A list of words. With `{append=true}` in it, it follows that of an earlier file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Vec<Item>")]
pub struct List {
    words: Vec<String>,
    append: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Word(String),
    Attribute { append: bool },
}

impl From<Vec<Item>> for List {
    fn from(items: Vec<Item>) -> List {
        let mut list = List::default();
        for item in items {
            match item {
                Item::Word(word) => list.words.push(word),
                Item::Attribute { append } => list.append = append,
            }
        }
        list
    }
}

impl Over for List {
    fn over(mut self, before: Option<List>) -> List {
        if let Some(mut before) = before.filter(|_| self.append) {
            before.words.append(&mut self.words);
            before.append = true;
            return before;
        }
        self
    }
}

/// The words of a list that may be missing.
pub fn words(list: &Option<List>) -> impl Iterator<Item = &str> {
    list.iter().flat_map(|list| list.words.iter().map(String::as_str))
}

impl Conf {
    /// Reads all files that are there.
    ///
    /// # Errors
    /// `Invalid` for one that is no TOML or has a value of another type, with the file and the line;
    /// `NotFound` for one that a variable names.
    pub fn load() -> Result<Conf> {
        let mut conf = Conf::default();
        for file in files() {
            let Some(text) = read(&file)? else { continue };
            let mut over = parse(&text).doing(|| format!("read {}", file.path.display()))?;
            if file.path.starts_with("/usr/share") {
                // The distribution's file repeats podman's defaults, which are not box's.
                over.containers.default_capabilities = None;
                over.containers.default_sysctls = None;
                over.network.default_subnet = None;
            }
            conf.overlay(over);
        }
        Ok(conf)
    }

    /// Reads only box's own files, for what is needed before anything else.
    ///
    /// # Errors
    /// As [`Conf::load`].
    pub fn load_own() -> Result<Conf> {
        let mut conf = Conf::default();
        for file in own_files() {
            if let Some(text) = read(&file)? {
                conf.overlay(parse(&text).doing(|| format!("read {}", file.path.display()))?);
            }
        }
        Ok(conf)
    }

    fn overlay(&mut self, over: Conf) {
        self.containers.overlay(over.containers);
        self.engine.overlay(over.engine);
        self.network.overlay(over.network);
        self.storage.overlay(over.storage);
        self.gc.overlay(over.gc);
    }
}

/// A file, and whether it has to be there.
struct Place {
    path: PathBuf,
    named: bool,
}

fn from_variable(name: &str) -> Option<Place> {
    let path = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(Place { path: path.into(), named: true })
}

fn files() -> Vec<Place> {
    let usual = |path: PathBuf| Place { path, named: false };
    let mut all = Vec::new();
    match from_variable("CONTAINERS_CONF") {
        Some(named) => all.push(named),
        None => {
            all.push(usual("/usr/share/containers/containers.conf".into()));
            let user = dirs::config_dir().filter(|_| !nix::unistd::geteuid().is_root());
            for dir in [Some(PathBuf::from("/etc")), user].into_iter().flatten() {
                let dir = dir.join("containers");
                all.push(usual(dir.join("containers.conf")));
                all.extend(drop_ins(&dir.join("containers.conf.d")).into_iter().map(usual));
            }
        }
    }
    all.extend(from_variable("CONTAINERS_CONF_OVERRIDE"));
    all.extend(own_files());
    all
}

fn own_files() -> Vec<Place> {
    if let Some(named) = from_variable("BOX_CONFIG") {
        return vec![named];
    }
    let user = dirs::config_dir().map(|dir| dir.join("box/config.toml"));
    let all = [Some(PathBuf::from("/etc/box/config.toml")), user];
    all.into_iter().flatten().map(|path| Place { path, named: false }).collect()
}

/// The `*.conf` files of a directory by name.
fn drop_ins(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "conf"))
        .collect();
    files.sort();
    files
}

fn read(place: &Place) -> Result<Option<String>> {
    match std::fs::read_to_string(&place.path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if !place.named && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // A home that somebody else closed is as good as none.
        Err(error) if !place.named && error.kind() == std::io::ErrorKind::PermissionDenied => Ok(None),
        Err(error) => Err(error).doing(|| format!("read {}", place.path.display())),
    }
}

/// Parses one file. The distribution's is 24 kB of comments: they are taken out first, and a file
/// that says nothing never meets the parser.
fn parse(text: &str) -> Result<Conf> {
    let mut bare = String::new();
    let mut says_something = false;
    for line in text.lines() {
        let line = line.trim_end();
        let word = line.trim_start();
        if !word.starts_with('#') {
            bare.push_str(line);
            says_something |= !word.is_empty() && !word.starts_with('[');
        }
        // Lines keep their numbers.
        bare.push('\n');
    }
    if !says_something && !text.contains("[[") {
        return Ok(Conf::default());
    }
    // A `#` in a text of several lines is no comment.
    let text = if text.contains("\"\"\"") || text.contains("'''") { text } else { &bare };
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let message = error.message().lines().next().unwrap_or_default().to_string();
        invalid(format!("line {line}: {message}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_files_go_over_earlier_ones_and_lists_may_follow() {
        let mut conf =
            parse("[containers]\nenv = ['A=1']\ntz = 'UTC'\nvolumes=['/a:/a']\nunknown = 7\n").unwrap();
        conf.overlay(
            parse("[containers]\nenv = ['B=2', {append=true}]\nvolumes=['/b:/b']\n[engine]\nstop_timeout=3\n[x]\ny=1\n")
                .unwrap(),
        );
        assert_eq!(words(&conf.containers.env).collect::<Vec<_>>(), ["A=1", "B=2"]);
        assert_eq!(words(&conf.containers.volumes).collect::<Vec<_>>(), ["/b:/b"]);
        assert_eq!(conf.containers.tz.as_deref(), Some("UTC"));
        assert_eq!(conf.engine.stop_timeout, Some(3));
    }

    #[test]
    fn a_broken_file_is_named_by_its_line() {
        let chain = |text: &str| parse(text).unwrap_err().chain();
        assert!(
            chain("# a\n[containers]\n# b\ntz = \n").starts_with("line 4: "),
            "{}",
            chain("# a\n[containers]\n# b\ntz = \n")
        );
        assert!(chain("[containers]\n\ninit = 'yes'\n").starts_with("line 3: "));
        assert!(chain("[engine]\nstop_timeout = -1\n").starts_with("line 2: "));
    }

    #[test]
    fn comments_and_bare_tables_say_nothing() {
        assert_eq!(
            parse("# env = ['A=1']\n\n[containers]\n  # b\n[engine.runtimes]\n").unwrap(),
            Conf::default()
        );
        let text = "[containers]\ntz = \"\"\"\n# no comment\n\"\"\"\n";
        assert_eq!(parse(text).unwrap().containers.tz.as_deref(), Some("# no comment\n"));
    }
}
