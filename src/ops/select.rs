//! Which containers are meant: `--filter`, `--latest`, `--all`.

use super::{ps, reconcile};
use crate::container::config::{ContainerConfig, MountSource, NetworkMode};
use crate::container::state::State;
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::image::digest::digits;
use crate::settings::Settings;
use crate::store::containers::Entry;
use crate::store::layout::Store;
use jiff::{SignedDuration, Timestamp};
use regex_lite::Regex;

/// The newest container.
///
/// # Errors
/// `NotFound` when there is none at all.
pub fn latest(settings: &Settings, store: &Store) -> Result<Entry> {
    let newest = ps::list(settings, store)?.containers.into_iter().next();
    newest.ok_or_else(|| Error::new(Kind::NotFound, "no containers found: no such container"))
}

/// The words of all `--filter` of one command.
///
/// Words with the same key are alternatives, except labels, which must all be there; words with
/// different keys must all hold.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    filters: Vec<(Key, Vec<Test>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Id,
    Name,
    Label,
    Status,
    Exited,
    Ancestor,
    Before,
    Since,
    Until,
    Volume,
    Network,
    Command,
    Expose,
    Publish,
    /// What is so with every container here.
    All,
    /// What is so with none.
    None,
}

#[derive(Clone, Debug)]
enum Test {
    /// The text as it was given.
    Text(String),
    /// `KEY` or `KEY=VALUE`; must be missing if `not`.
    Label { key: String, value: Option<String>, not: bool },
    /// A name, by a regular expression.
    Name(Regex),
    /// An exit code.
    Code(i32),
    /// A point in time.
    Time(Timestamp),
}

impl Filters {
    /// Parses `KEY=VALUE` words; the containers that `before` and `since` name are looked up now.
    ///
    /// # Errors
    /// `Invalid` for an unknown key or a value that makes no sense; `NotFound` for a container that
    /// `before` or `since` names.
    pub fn parse(words: &[String], settings: &Settings, store: &Store) -> Result<Filters> {
        let mut all = Filters::default();
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| {
                invalid(format!("the filter {word:?} is not of the form KEY=VALUE"))
                    .hint("for example --filter status=exited")
            })?;
            // `label!=KEY` splits into `label!` and `KEY`.
            let (key, not) = key.strip_suffix('!').map_or((key, false), |key| (key, true));
            if not && key != "label" {
                return Err(invalid(format!("{key}! is an invalid filter")));
            }
            let created = |text: &str| -> Result<Test> {
                Ok(Test::Time(reconcile::find(settings, store, text)?.config.created))
            };
            let (key, test) = match key {
                "id" => (Key::Id, Test::Text(value.to_string())),
                "name" => (Key::Name, Test::Name(pattern(value)?)),
                "label" => (Key::Label, label(value, not)),
                "status" => (Key::Status, Test::Text(status(value)?)),
                "exited" => {
                    let code =
                        value.parse().map_err(|_| invalid(format!("{value:?} is not an exit code")))?;
                    (Key::Exited, Test::Code(code))
                }
                "ancestor" => (Key::Ancestor, Test::Text(value.to_string())),
                "before" => (Key::Before, created(value)?),
                "since" => (Key::Since, created(value)?),
                "until" => (Key::Until, Test::Time(moment(value, Timestamp::now())?)),
                "volume" => (Key::Volume, Test::Text(value.to_string())),
                "network" => (Key::Network, Test::Text(value.to_string())),
                "command" => (Key::Command, Test::Text(value.to_string())),
                "expose" => (Key::Expose, Test::Text(value.to_string())),
                "publish" => (Key::Publish, Test::Text(value.to_string())),
                "health" | "pod" | "restart-policy" | "should-start-on-boot" | "is-task" | "isolation" => {
                    (if common(key, value)? { Key::All } else { Key::None }, Test::Text(value.to_string()))
                }
                _ => {
                    return Err(invalid(format!("{key} is an invalid filter")).hint(
                        "there are: ancestor, before, command, exited, expose, id, label, name, network, publish, since, status, until, volume",
                    ));
                }
            };
            match all.filters.iter_mut().find(|(k, _)| *k == key) {
                Some((_, tests)) => tests.push(test),
                None => all.filters.push((key, vec![test])),
            }
        }
        Ok(all)
    }

    /// Whether none was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// Whether `status` is among them: `ps` then shows ended containers without `--all`.
    #[must_use]
    pub fn names_a_status(&self) -> bool {
        self.filters.iter().any(|(key, _)| matches!(key, Key::Status | Key::Exited))
    }

    /// Whether the container is meant.
    #[must_use]
    pub fn hold(&self, entry: &Entry) -> bool {
        self.filters.iter().all(|(key, tests)| {
            let mut holds = tests.iter().map(|test| one(*key, test, entry));
            if *key == Key::Label { holds.all(|held| held) } else { holds.any(|held| held) }
        })
    }
}

fn one(key: Key, test: &Test, entry: &Entry) -> bool {
    let config = &entry.config;
    match (key, test) {
        (Key::Id, Test::Text(text)) => entry.id.as_str().starts_with(text.trim_start_matches('^')),
        (Key::Name, Test::Name(pattern)) => pattern.is_match(entry.name.as_str()),
        (Key::Label, Test::Label { key, value, not }) => {
            let there = config
                .labels
                .iter()
                .any(|(k, v)| k == key && value.as_ref().is_none_or(|wanted| wanted == v));
            there != *not
        }
        (Key::Status, Test::Text(text)) => entry.status().as_str() == text,
        (Key::Exited, Test::Code(code)) => {
            matches!(&entry.state, State::Exited(exited) if exited.code == *code)
        }
        (Key::Ancestor, Test::Text(text)) => is_image(config, text),
        (Key::Before, Test::Time(time)) => config.created < *time,
        (Key::Since, Test::Time(time)) => config.created > *time,
        (Key::Until, Test::Time(time)) => config.created <= *time,
        (Key::Volume, Test::Text(text)) => config.mounts.iter().any(|mount| {
            mount.destination == *text
                || match &mount.source {
                    MountSource::Bind { path, .. } => path.as_os_str() == text.as_str(),
                    MountSource::Volume { name, .. } => name.as_str() == text.as_str(),
                    MountSource::Image { name, .. } => name == text,
                    MountSource::Tmpfs | MountSource::Ramfs | MountSource::Devpts => false,
                }
        }),
        (Key::Network, Test::Text(text)) => match &config.network.mode {
            NetworkMode::None => text == "none",
            NetworkMode::Host => text == "host",
            NetworkMode::Container(id) => {
                text.strip_prefix("container:").unwrap_or(text) == id.as_str()
                    || id.as_str().starts_with(text)
            }
            NetworkMode::Path(path) => text.strip_prefix("ns:").unwrap_or(text) == path.as_os_str(),
            NetworkMode::Slirp4netns => text == "slirp4netns",
            NetworkMode::Pasta => text == "pasta",
            NetworkMode::Bridge => config.network.joins.iter().any(|join| join.network.as_str() == text),
        },
        (Key::Command, Test::Text(text)) => config.process.args().first().is_some_and(|first| first == text),
        // The container's side of a published port, which is exposed as well, as with docker.
        (Key::Expose | Key::Publish, Test::Text(text)) => {
            let exposed = key == Key::Expose && config.network.exposed.iter().any(|port| is_port(port, text));
            exposed || config.network.ports.iter().any(|map| is_port(&map.port().to_string(), text))
        }
        (Key::All, _) => true,
        _ => false,
    }
}

/// Whether this value is the one that every container here has: none has a health check, a restart
/// policy or a pod.
fn common(key: &str, value: &str) -> Result<bool> {
    let (usual, others): (&[&str], &[&str]) = match key {
        "health" => (&["none"], &["healthy", "starting", "unhealthy"]),
        "restart-policy" => (&["no"], &["always", "on-failure", "unless-stopped"]),
        "should-start-on-boot" | "is-task" => (&["false", "0"], &["true", "1"]),
        "isolation" => return Ok(value == "default"),
        _ => return Ok(false),
    };
    if usual.contains(&value) || others.contains(&value) {
        return Ok(usual.contains(&value));
    }
    Err(invalid(format!("{value:?} is no value of the filter {key}"))
        .hint(format!("there are: {}", [usual, others].concat().join(", "))))
}

/// Whether `port` (`80/tcp`) is the one, or in the range, that was asked for; TCP if nothing is said.
fn is_port(port: &str, asked: &str) -> bool {
    let split = |text: &str| {
        text.split_once('/')
            .map_or((text.to_string(), "tcp".to_string()), |(n, p)| (n.to_string(), p.to_string()))
    };
    let ((port, protocol), (asked, asked_protocol)) = (split(port), split(asked));
    let (first, last) = asked.split_once('-').unwrap_or((&asked, &asked));
    match (first.parse::<u16>(), port.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(port), Ok(last)) => protocol == asked_protocol && (first..=last).contains(&port),
        _ => false,
    }
}

/// Whether the container was made from the image that `text` names: by id, or by any end of its
/// name, with or without the tag.
fn is_image(config: &ContainerConfig, text: &str) -> bool {
    let id = digits(text);
    let hex = id.len() >= 4 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if hex && config.image.id.as_ref().is_some_and(|image| image.hex().starts_with(id)) {
        return true;
    }
    let name = config.image.name.as_str();
    let untagged = match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    };
    let ends =
        |name: &str| name.strip_suffix(text).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    !text.is_empty() && (ends(name) || ends(untagged))
}

/// A regular expression somewhere in the name, as podman has it; docker's names begin with `/`.
///
/// # Errors
/// `Invalid` when it is none.
pub fn pattern(text: &str) -> Result<Regex> {
    let without_slash = match text.strip_prefix('^') {
        Some(rest) => format!("^{}", rest.strip_prefix('/').unwrap_or(rest)),
        None => text.strip_prefix('/').unwrap_or(text).to_string(),
    };
    Regex::new(&without_slash)
        .map_err(|cause| invalid(format!("{text:?} is not a regular expression: {cause}")))
}

fn label(text: &str, not: bool) -> Test {
    match text.split_once('=') {
        Some((key, value)) => Test::Label { key: key.to_string(), value: Some(value.to_string()), not },
        None => Test::Label { key: text.to_string(), value: None, not },
    }
}

/// The word that we use for a status; podman's further words map to them.
fn status(text: &str) -> Result<String> {
    let word = match text {
        "created" | "configured" | "initialized" => "created",
        "running" | "up" => "running",
        "exited" | "stopped" => "exited",
        "paused" | "restarting" | "removing" | "dead" | "stopping" | "unknown" => text,
        _ => {
            return Err(invalid(format!("{text:?} is not a status"))
                .hint("there are: created, exited, paused, removing, restarting, running"));
        }
    };
    Ok(word.to_string())
}

/// A point in time as users give it: RFC 3339, a date, seconds since 1970, or how long ago (`10m`,
/// `1h30m`).
///
/// # Errors
/// `Invalid` for anything else.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return Timestamp::from_microsecond((seconds * 1e6) as i64)
            .map_err(|e| invalid(format!("{text:?} is no time")).because(e));
    }
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>()
        && let Ok(zoned) = civil.to_zoned(jiff::tz::TimeZone::system())
    {
        return Ok(zoned.timestamp());
    }
    if let Ok(length) = text.parse::<SignedDuration>()
        && let Ok(time) = now.checked_sub(length)
    {
        return Ok(time);
    }
    Err(invalid(format!("{text:?} is neither a time nor a duration"))
        .hint("for example 2026-01-31T08:00:00Z, 1767225600, 10m or 1h30m"))
}

/// The containers that the words of a command mean: `--latest`, `--all` (those that `every` takes),
/// `--filter`, or the names that were typed. Each comes with what was typed for it, or its whole
/// id.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// What was typed.
    pub names: Vec<String>,
    /// `--all`.
    pub all: bool,
    /// `--latest`.
    pub latest: bool,
    /// `--filter`.
    pub filters: Vec<String>,
    /// `--cidfile`: files that hold an id.
    pub id_files: Vec<std::path::PathBuf>,
    /// `--ignore`: such a file may have gone with its container, as units that podman has generated expect.
    pub ignore: bool,
}

/// The id in a file that `--cidfile` wrote.
///
/// # Errors
/// When it cannot be read.
pub fn id_in_file(file: &std::path::Path) -> Result<String> {
    let id = std::fs::read_to_string(file).doing(|| format!("read the id file {}", file.display()))?;
    Ok(id.lines().next().unwrap_or_default().trim().to_string())
}

/// One container that is meant, and the word for it in the output.
pub type Meant = (String, Result<Entry>);

impl Selection {
    /// Looks them up. A name that leads nowhere is an error of its own in the list, so that the
    /// others are served.
    ///
    /// # Errors
    /// `Invalid` when nothing, or too much, was given.
    pub fn find(
        &self,
        settings: &Settings,
        store: &Store,
        every: impl Fn(&Entry) -> bool,
    ) -> Result<Vec<Meant>> {
        self.check()?;
        if self.latest {
            let entry = latest(settings, store)?;
            return Ok(vec![(entry.id.to_string(), Ok(entry))]);
        }
        if self.all || !self.filters.is_empty() {
            let filters = Filters::parse(&self.filters, settings, store)?;
            let listing = ps::list(settings, store)?;
            let all = listing.containers.into_iter().filter(|e| every(e) && filters.hold(e));
            return Ok(all.map(|entry| (entry.id.to_string(), Ok(entry))).collect());
        }
        let mut meant = Vec::new();
        for file in &self.id_files {
            let id = match id_in_file(file) {
                Err(error) if self.ignore && error.kind() == Kind::NotFound => continue,
                id => id?,
            };
            meant.push((id.clone(), reconcile::find(settings, store, &id)));
        }
        for name in &self.names {
            meant.push((name.clone(), reconcile::find(settings, store, name)));
        }
        Ok(meant)
    }

    fn check(&self) -> Result<()> {
        let named = !self.names.is_empty() || !self.id_files.is_empty();
        let said = |text: &str| Err(invalid(text));
        match (self.all, self.latest, named) {
            (true, true, _) => said("--all and --latest cannot be used together"),
            (true, _, true) => said("no arguments are needed with --all"),
            (_, true, true) => said("no arguments are needed with --latest"),
            (false, false, true) if !self.filters.is_empty() => {
                said("--filter takes no names or ids beside it")
            }
            (false, false, false) if self.filters.is_empty() => {
                said("you must provide at least one name or id")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_users_write_them() {
        let now: Timestamp = "2026-01-02T12:00:00Z".parse().unwrap();
        assert_eq!(moment("2026-01-01T00:00:00Z", now).unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(moment("10m", now).unwrap().to_string(), "2026-01-02T11:50:00Z");
        assert_eq!(moment("1h30m", now).unwrap().to_string(), "2026-01-02T10:30:00Z");
        assert_eq!(moment("60", now).unwrap().to_string(), "1970-01-01T00:01:00Z");
        assert!(moment("2026-01-01", now).is_ok());
        assert!(moment("soon", now).is_err());
    }

    #[test]
    fn a_name_filter_is_a_regular_expression() {
        let matches = |name: &str, text: &str| pattern(text).unwrap().is_match(name);
        assert!(matches("web-1", "web"));
        assert!(matches("web-1", "^web-1$"));
        assert!(!matches("web-10", "^web-1$"));
        assert!(matches("web-1", "/web"));
        assert!(matches("web-1", "^/web"));
        assert!(!matches("my-web", "^web"));
        assert!(matches("web-12", "^web-[0-9]+$"));
        assert!(matches("web", "^(web|db)$"));
        assert!(pattern("web(").is_err());
    }

    #[test]
    fn a_port_is_one_or_in_a_range() {
        for (port, asked) in [("80/tcp", "80"), ("80/tcp", "80/tcp"), ("53/udp", "50-60/udp")] {
            assert!(is_port(port, asked), "{port} {asked}");
        }
        for (port, asked) in [("80/tcp", "8"), ("80/tcp", "80/udp"), ("80/tcp", "81-90"), ("80/tcp", "x")] {
            assert!(!is_port(port, asked), "{port} {asked}");
        }
    }

    #[test]
    fn nothing_or_too_much_is_refused() {
        let none = Selection::default();
        assert_eq!(none.check().unwrap_err().chain(), "you must provide at least one name or id");
        let both = Selection { names: vec!["a".into()], all: true, ..Selection::default() };
        assert_eq!(both.check().unwrap_err().chain(), "no arguments are needed with --all");
    }
}
