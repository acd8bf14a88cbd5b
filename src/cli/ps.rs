//! `box ps`.

use super::format::template::{self, Field, Format, field};
use super::format::{human, json, table};
use super::{Context, output};
use crate::container::config::{Mount, MountSource, Network, NetworkMode};
use crate::container::port::{self, Bound};
use crate::container::state::{State, Status};
use crate::error::{Result, invalid};
use crate::ops;
use crate::ops::ps::{self, Size};
use crate::ops::select::Filters;
use crate::store::containers::Entry;
use jiff::Timestamp;
use serde_json::json;

/// List containers
///
/// Those that run; with --all, --last, --latest or a status filter also those that have ended.
#[derive(clap::Args)]
#[command(
    after_help = template::help("Examples:\n  box ps -a\n  box ps -a --filter status=exited --format '{{.Names}} {{.Status}}'\n  \
    box ps --format 'table {{.ID}}\\t{{.Image}}\\t{{.Names}}'\n  box rm $(box ps -aq --filter label=tier=test)", FIELDS)
)]
pub(crate) struct Ps {
    /// Also show those that do not run
    #[arg(long, short)]
    all: bool,
    /// Only those for which KEY=VALUE holds: ancestor, before, command, exited, expose, id, label,
    /// label!, name, network, publish, since, status, until, volume
    #[arg(long, short, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// json, a Go template, or `table` and a template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// The newest N, whatever they do
    #[arg(
        long,
        short = 'n',
        value_name = "N",
        default_value = "-1",
        allow_hyphen_values = true,
        hide_default_value = true
    )]
    last: i64,
    /// The newest one, whatever it does
    #[arg(long, short)]
    latest: bool,
    /// Whole ids and commands
    #[arg(long, visible_alias = "notruncate")]
    no_trunc: bool,
    /// No heading above the table
    #[arg(long)]
    noheading: bool,
    /// Only ids
    #[arg(long, short)]
    quiet: bool,
    /// What each has written, and with its image
    #[arg(long, short)]
    size: bool,
    /// Order: command, created, id, image, names, runningfor, size, status
    #[arg(long, value_name = "COLUMN", default_value = "created", hide_default_value = true,
        value_parser = ["command", "created", "id", "image", "names", "runningfor", "size", "status"], hide_possible_values = true)]
    sort: String,
    /// Show the namespaces of each
    #[arg(long, visible_alias = "ns")]
    namespace: bool,
    /// Show the pod of each
    #[arg(long, short, hide = true)]
    pod: bool,
    /// Show it again every so many seconds
    #[arg(long, short, value_name = "SECONDS")]
    watch: Option<u32>,
    /// As old docker's: --filter since=CONTAINER, whatever they do
    #[arg(long, value_name = "CONTAINER", alias = "since-id", alias = "sinceId", hide = true)]
    since: Option<String>,
    /// As old docker's: --filter before=CONTAINER, whatever they do
    #[arg(long, value_name = "CONTAINER", alias = "before-id", alias = "beforeId", hide = true)]
    before: Option<String>,
    /// Accepted for podman's scripts
    #[arg(long, hide = true)]
    sync: bool,
    /// Accepted for podman's scripts
    #[arg(long, hide = true)]
    external: bool,
}

impl Ps {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        if self.quiet && (self.namespace || self.size) {
            return Err(invalid("--quiet shows ids only: it cannot be used with --size or --namespace"));
        }
        loop {
            let text = self.show(ctx)?;
            let Some(seconds) = self.watch else {
                output::text(text);
                return Ok(0);
            };
            // Home, then erase what was there before.
            output::text(format!("\x1b[H\x1b[J{text}"));
            if output::is_gone() {
                return Ok(0);
            }
            std::thread::sleep(std::time::Duration::from_secs(seconds.max(1).into()));
        }
    }

    fn show(&self, ctx: &Context) -> Result<String> {
        let rows = self.rows(ctx)?;
        if self.quiet {
            return Ok(rows.iter().map(|row| row.id(self.no_trunc) + "\n").collect());
        }
        match template::asked(self.format.as_deref()) {
            Some("json") => {
                let all: Vec<_> = rows.iter().map(Row::json).collect();
                Ok(json::pretty(&all) + "\n")
            }
            Some(text) => {
                let format = Format::parse(text)?;
                if format.is_whole_json() {
                    return Ok(json::lines(rows.iter().map(|row| row.docker_json(self.no_trunc))));
                }
                format.rows(&rows, FIELDS, self.no_trunc, !self.noheading)
            }
            None => Ok(self.table(&rows)),
        }
    }

    fn table(&self, rows: &[Row]) -> String {
        let mut columns: Vec<table::Column<Row>> = vec![("CONTAINER ID", Row::id)];
        if self.namespace {
            columns.extend::<[table::Column<Row>; 9]>([
                ("NAMES", |row, _| row.entry.name.to_string()),
                ("PID", |row, _| row.pid().to_string()),
                ("CGROUPNS", |row, _| namespace(row.pid(), "cgroup")),
                ("IPC", |row, _| namespace(row.pid(), "ipc")),
                ("MNT", |row, _| namespace(row.pid(), "mnt")),
                ("NET", |row, _| namespace(row.pid(), "net")),
                ("PIDNS", |row, _| namespace(row.pid(), "pid")),
                ("USERNS", |row, _| namespace(row.pid(), "user")),
                ("UTS", |row, _| namespace(row.pid(), "uts")),
            ]);
        } else {
            columns.extend::<[table::Column<Row>; 6]>([
                ("IMAGE", |row, _| row.image()),
                ("COMMAND", Row::command_text),
                ("CREATED", |row, _| row.created()),
                ("STATUS", |row, _| row.status()),
                ("PORTS", |row, _| row.ports()),
                ("NAMES", |row, _| row.entry.name.to_string()),
            ]);
            if self.pod {
                columns.push(("POD ID", |_, _| String::new()));
                columns.push(("PODNAME", |_, _| String::new()));
            }
            if self.size {
                columns.push(("SIZE", |row, _| row.size_text()));
            }
        }
        table::plain(&columns, rows, self.no_trunc, !self.noheading)
    }

    fn rows(&self, ctx: &Context) -> Result<Vec<Row>> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let mut words = self.filter.clone();
        for (key, container) in [("since", &self.since), ("before", &self.before)] {
            words.extend(container.as_ref().map(|container| format!("{key}={container}")));
        }
        let filters = Filters::parse(&words, settings, store)?;
        let listing = ps::list(settings, store)?;
        for error in &listing.broken {
            output::warning(error.chain());
        }
        let last = if self.latest { 1 } else { self.last };
        let every = self.all
            || self.since.is_some()
            || self.before.is_some()
            || last >= 0
            || filters.names_a_status();
        let mut entries: Vec<Entry> = listing.containers;
        entries.retain(|entry| (every || entry.status() == Status::Running) && filters.hold(entry));
        if let Ok(last) = usize::try_from(last) {
            entries.truncate(last);
        }
        let wants_size = self.size
            || self.sort == "size"
            || self.format.as_deref().is_some_and(|format| format.contains(".Size"));
        let sizes = match wants_size {
            true => {
                let ids: Vec<_> = entries.iter().map(|entry| entry.id.clone()).collect();
                ps::sizes(settings, store, &ids)?
            }
            false => Default::default(),
        };
        let now = Timestamp::now();
        let mut rows: Vec<Row> = entries
            .into_iter()
            .map(|entry| {
                // A broken record harms only its column.
                let ports = ops::port::bound(store, &entry).unwrap_or_default();
                Row { size: sizes.get(&entry.id).copied(), now, entry, ports }
            })
            .collect();
        sort(&mut rows, &self.sort);
        Ok(rows)
    }
}

fn sort(rows: &mut [Row], by: &str) {
    match by {
        "command" => rows.sort_by_key(Row::command),
        "id" => rows.sort_by_key(|row| row.entry.id.clone()),
        "image" => rows.sort_by_key(Row::image),
        "names" => rows.sort_by_key(|row| row.entry.name.clone()),
        "runningfor" => rows.sort_by_key(|row| row.started_at()),
        "size" => rows.sort_by_key(|row| row.size.map_or(0, |size| size.written)),
        "status" => rows.sort_by_key(Row::status),
        // The newest first, as they come.
        _ => {}
    }
}

/// What templates see: podman's names.
const FIELDS: &[Field<Row>] = &[
    field("AutoRemove", "AUTO REMOVE", |row, _| row.entry.config.ending.remove.into()),
    field("CIDFile", "CID FILE", |row, _| row.id_file().into()),
    field("Cgroup", "CGROUPNS", |row, _| namespace(row.pid(), "cgroup").into()),
    field("Command", "COMMAND", |row, whole| row.command_text(whole).into()),
    field("Created", "CREATED", |row, _| row.created().into()),
    field("CreatedAt", "CREATED AT", |row, _| human::time(row.entry.config.created).into()),
    field("CreatedHuman", "CREATED", |row, _| row.created().into()),
    field("ExitCode", "EXIT CODE", |row, _| row.exit_code().into()),
    field("Exited", "EXITED", |row, _| (row.entry.status() == Status::Exited).into()),
    field("ExitedAt", "EXITED AT", |row, _| seconds(row.exited_at()).into()),
    field("ExposedPorts", "EXPOSED PORTS", |row, _| row.entry.config.network.exposed.join(", ").into()),
    field("ID", "CONTAINER ID", |row, whole| row.id(whole).into()),
    field("IPC", "IPC", |row, _| namespace(row.pid(), "ipc").into()),
    field("Image", "IMAGE", |row, _| row.image().into()),
    field("ImageID", "IMAGE ID", |row, whole| match whole {
        true => row.image_id().into(),
        false => row.image_id().chars().take(12).collect::<String>().into(),
    }),
    field("IsInfra", "IS INFRA", |_, _| false.into()),
    field("Labels", "LABELS", |row, _| row.labels()),
    field("LocalVolumes", "LOCAL VOLUMES", |row, _| row.volumes().to_string().into()),
    field("MNT", "MNT", |row, _| namespace(row.pid(), "mnt").into()),
    field("Mounts", "MOUNTS", |row, whole| {
        let mounts = row.mounts().join(",");
        if whole { mounts.into() } else { table::shorten(&mounts, 40).into() }
    }),
    field("NET", "NET", |row, _| namespace(row.pid(), "net").into()),
    field("Names", "NAMES", |row, _| row.entry.name.as_str().into()),
    field("Networks", "NETWORKS", |row, _| network(&row.entry.config.network).into()),
    field("PIDNS", "PIDNS", |row, _| namespace(row.pid(), "pid").into()),
    field("Pid", "PID", |row, _| row.pid().into()),
    field("Platform", "PLATFORM", |_, _| "linux".into()),
    field("Pod", "POD ID", |_, _| "".into()),
    field("PodName", "PODNAME", |_, _| "".into()),
    field("Ports", "PORTS", |row, _| row.ports().into()),
    field("Restarts", "RESTARTS", |row, _| row.restarts().into()),
    field("RunningFor", "CREATED", |row, _| row.created().into()),
    field("Size", "SIZE", |row, _| row.size_text().into()),
    field("StartedAt", "STARTED AT", |row, _| seconds(row.started_at()).into()),
    field("State", "STATE", |row, _| row.entry.status().as_str().into()),
    field("Status", "STATUS", |row, _| row.status().into()),
    field("UTS", "UTS", |row, _| namespace(row.pid(), "uts").into()),
    field("User", "USERNS", |row, _| namespace(row.pid(), "user").into()),
];

/// Seconds since 1970; Go's zero time where there is none.
fn seconds(time: Option<Timestamp>) -> i64 {
    time.map_or(-62_135_596_800, Timestamp::as_second)
}

/// One container of the list.
struct Row {
    entry: Entry,
    size: Option<Size>,
    now: Timestamp,
    ports: Vec<Bound>,
}

impl Row {
    fn id(&self, whole: bool) -> String {
        let id = &self.entry.id;
        if whole { id.to_string() } else { id.short().to_string() }
    }

    fn labels(&self) -> serde_json::Value {
        let labels = &self.entry.config.labels;
        labels
            .iter()
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    fn created(&self) -> String {
        human::ago(self.entry.config.created, self.now)
    }

    /// How many volumes it has.
    fn volumes(&self) -> usize {
        let mounts = self.entry.config.mounts.iter();
        mounts.filter(|mount| mount.volume().is_some()).count()
    }

    fn command(&self) -> String {
        self.entry.config.process.args().join(" ")
    }

    fn command_text(&self, whole: bool) -> String {
        // One line and no columns of its own, whatever is in it.
        let command = self.command().replace(['\n', '\t'], " ");
        if whole { command } else { table::shorten(&command, 20) }
    }

    fn id_file(&self) -> String {
        self.entry.config.ending.id_file.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    }

    /// As docker has it: what holds spaces is quoted.
    fn quoted_command(&self, whole: bool) -> String {
        let words = self.entry.config.process.args().into_iter();
        let words: Vec<String> = words
            .map(
                |word| if word.contains(' ') { format!("'{word}'") } else { word.replace(['\n', '\t'], " ") },
            )
            .collect();
        if whole { words.join(" ") } else { table::shorten(&words.join(" "), 20) }
    }

    fn image(&self) -> String {
        match &self.entry.config.rootfs {
            crate::container::config::Rootfs::Directory(dir) => dir.display().to_string(),
            crate::container::config::Rootfs::Layers(_) => self.entry.config.image.name.clone(),
        }
    }

    fn image_id(&self) -> String {
        self.entry.config.image.id.as_ref().map(|id| id.hex().to_string()).unwrap_or_default()
    }

    fn runs(&self) -> bool {
        self.entry.status() == Status::Running
    }

    fn started_at(&self) -> Option<Timestamp> {
        match &self.entry.state {
            State::Created => None,
            State::Started(started) => Some(started.at),
            State::Exited(exited) => exited.started_at,
        }
    }

    fn exited_at(&self) -> Option<Timestamp> {
        match &self.entry.state {
            State::Exited(exited) => Some(exited.finished_at),
            _ => None,
        }
    }

    fn exit_code(&self) -> i32 {
        match &self.entry.state {
            State::Exited(exited) => exited.code,
            _ => 0,
        }
    }

    fn restarts(&self) -> u32 {
        match &self.entry.state {
            State::Created => 0,
            State::Started(started) => started.restarts,
            State::Exited(exited) => exited.restarts,
        }
    }

    fn pid(&self) -> i32 {
        match &self.entry.state {
            State::Started(started) if self.runs() => started.init.pid,
            _ => 0,
        }
    }

    fn status(&self) -> String {
        match (&self.entry.state, self.entry.status()) {
            (State::Started(started), Status::Running) => {
                format!("Up {}", human::since(started.at, self.now))
            }
            (State::Exited(exited), Status::Exited) => {
                format!("Exited ({}) {}", exited.code, human::ago(exited.finished_at, self.now))
            }
            (_, Status::Created) => "Created".to_string(),
            (_, other) => template_title(other.as_str()),
        }
    }

    /// Only a running container offers its ports.
    fn ports(&self) -> String {
        match self.runs() {
            true => port::summary(&self.ports, &self.entry.config.network.exposed),
            false => String::new(),
        }
    }

    fn mounts(&self) -> Vec<String> {
        self.entry
            .config
            .mounts
            .iter()
            .filter(|m| !matches!(m.source, MountSource::Tmpfs | MountSource::Ramfs | MountSource::Devpts))
            .map(mount)
            .collect()
    }

    fn size_text(&self) -> String {
        let size = self.size.unwrap_or_default();
        format!("{} (virtual {})", human::size(size.written), human::size(size.total))
    }

    /// podman's shape: neighbours are not put together.
    fn ports_json(&self) -> serde_json::Value {
        let one = |bound: &Bound| {
            json!({
                "host_ip": bound.host_ip.map(|ip| ip.to_string()).unwrap_or_default(),
                "container_port": bound.container,
                "host_port": bound.host,
                "range": 1,
                "protocol": bound.protocol.to_string(),
            })
        };
        if self.ports.is_empty() { serde_json::Value::Null } else { self.ports.iter().map(one).collect() }
    }

    /// What `--format json` shows: podman's shape.
    fn json(&self) -> serde_json::Value {
        let config = &self.entry.config;
        json!({
            "AutoRemove": config.ending.remove,
            "Command": config.process.args(),
            "CreatedAt": self.created(),
            "CIDFile": self.id_file(),
            "Exited": self.entry.status() == Status::Exited,
            "ExitedAt": seconds(self.exited_at()),
            "ExitCode": self.exit_code(),
            "ExposedPorts": config.network.exposed,
            "Id": self.entry.id.as_str(),
            "Image": self.image(),
            "ImageID": self.image_id(),
            "IsInfra": false,
            "Labels": self.labels(),
            "Mounts": config.mounts.iter().map(|mount| mount.destination.clone()).collect::<Vec<_>>(),
            "Names": [self.entry.name.as_str()],
            "Namespaces": {},
            // Those that `network ls` knows.
            "Networks": match config.network.mode {
                NetworkMode::Bridge => config.network.joins.iter().map(|join| join.network.as_str()).collect(),
                _ => Vec::new(),
            },
            "Pid": self.pid(),
            "Pod": "",
            "PodName": "",
            "Ports": self.ports_json(),
            "Restarts": self.restarts(),
            "Size": self.size.map(|size| json!({"rootFsSize": size.total, "rwSize": size.written})),
            "StartedAt": seconds(self.started_at()),
            "State": self.entry.status().as_str(),
            "Status": self.status(),
            "Created": config.created.as_second(),
        })
    }

    /// What `--format '{{json .}}'` shows: docker's shape.
    fn docker_json(&self, whole: bool) -> serde_json::Value {
        let config = &self.entry.config;
        let labels: Vec<String> = config.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        json!({
            "Command": format!("\"{}\"", self.quoted_command(whole)),
            "CreatedAt": human::whole_time(config.created),
            "ID": self.id(whole),
            "Image": self.image(),
            "Labels": labels.join(","),
            "LocalVolumes": self.volumes().to_string(),
            "Mounts": self.mounts().join(","),
            "Names": self.entry.name.as_str(),
            "Networks": network(&config.network),
            "Platform": null,
            "Ports": self.ports(),
            "RunningFor": self.created(),
            "Size": self.size.map_or("0B".to_string(), |_| self.size_text()),
            "State": self.entry.status().as_str(),
            "Status": self.status(),
        })
    }
}

fn template_title(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn mount(mount: &Mount) -> String {
    match &mount.source {
        MountSource::Bind { path, .. } => path.display().to_string(),
        MountSource::Volume { name, .. } => name.to_string(),
        MountSource::Image { name, .. } => name.clone(),
        MountSource::Tmpfs | MountSource::Ramfs | MountSource::Devpts => mount.destination.clone(),
    }
}

/// The network's name, as filters and templates know it.
pub(super) fn network(network: &Network) -> String {
    match &network.mode {
        NetworkMode::Bridge => {
            network.joins.iter().map(|join| join.network.as_str()).collect::<Vec<_>>().join(",")
        }
        NetworkMode::None => "none".to_string(),
        NetworkMode::Host => "host".to_string(),
        NetworkMode::Container(id) => format!("container:{id}"),
        NetworkMode::Path(path) => format!("ns:{}", path.display()),
        NetworkMode::Slirp4netns => "slirp4netns".to_string(),
        NetworkMode::Pasta => "pasta".to_string(),
    }
}

/// The number of a process's namespace; empty when it does not run.
fn namespace(pid: i32, kind: &str) -> String {
    if pid == 0 {
        return String::new();
    }
    let link = std::fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap_or_default();
    link.to_string_lossy().chars().filter(char::is_ascii_digit).collect()
}
