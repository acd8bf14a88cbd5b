//! The flags of `run` and `create`.

mod defaults;

use super::super::{Context, output};
use super::descriptors::DescriptorFlags;
use super::network::NetworkFlags;
use super::registry::{RegistryFlags, RetryFlags, without_password};
use super::surroundings::SurroundingsFlags;
use super::userns::UserNamespaceFlags;
use super::words;
use crate::container::caps::CapSet;
use crate::container::config::{Device, LogDriver};
use crate::container::env::file_words;
use crate::container::limit::UlimitRequest;
use crate::container::link::LinkWord;
use crate::container::name::ContainerName;
use crate::container::port::{Exposed, PortMap, Publish};
use crate::container::request::{
    ContainerRequest, EndingRequest, ImageVolumes, NamespaceRequest, NamespacesRequest, NetworkRequest,
    ProcessRequest, PullPolicy, PullRequest, SecurityRequest,
};
use crate::container::security::SecurityOption;
use crate::container::size::ByteSize;
use crate::container::volume::{MountRequest, MountWord, SourceRequest, TmpfsWord, VolumeWord, VolumesFrom};
use crate::error::{Doing, Error, Kind, Result, invalid};
use crate::oci::seccomp;
use crate::sys::signal::Signal;
use clap::{ArgAction, Args};
use std::path::{Path, PathBuf};

// Comments of the whole struct are no doc comments: clap would take them for the command's text.
//
// All flags that `run` and `create` share, the image, and the command after it.
// `-h` is the host name, as in Docker, so `--help` has no short form here.
#[derive(Args, Clone, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct ContainerFlags {
    /// Print help
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,

    /// Name of the container; made up when not given
    #[arg(long, value_name = "NAME", help_heading = "Container")]
    name: Option<ContainerName>,

    /// Remove a container that has the name first
    #[arg(long, help_heading = "Container")]
    replace: bool,

    /// Write the container's id to a file, which must not exist yet
    #[arg(long, value_name = "FILE", help_heading = "Container")]
    cidfile: Option<PathBuf>,

    /// Set a label: KEY=VALUE
    #[arg(long, short, value_name = "KEY=VALUE", value_parser = words::label, help_heading = "Container")]
    label: Vec<(String, String)>,

    /// Read labels from a file, one KEY=VALUE a line
    #[arg(long, value_name = "FILE", help_heading = "Container")]
    label_file: Vec<PathBuf>,

    /// Set an annotation: KEY=VALUE
    #[arg(long, value_name = "KEY=VALUE", value_parser = words::pair, help_heading = "Container")]
    annotation: Vec<(String, String)>,

    /// Remove the container when it has ended
    #[arg(long, help_heading = "Container")]
    rm: bool,

    /// What is sent to stop it: a signal's name or number (default: the image's, or SIGTERM)
    #[arg(long, value_name = "SIGNAL", help_heading = "Container")]
    stop_signal: Option<Signal>,

    /// Seconds between the stop signal and SIGKILL (default: 10)
    #[arg(long, value_name = "SECONDS", help_heading = "Container")]
    stop_timeout: Option<u32>,

    /// Seconds until it is killed whatever it does; 0 is never
    #[arg(long, value_name = "SECONDS", help_heading = "Container")]
    timeout: Option<u32>,

    /// Write the pid of the container's first process to a file
    #[arg(long, value_name = "FILE", help_heading = "Container")]
    pidfile: Option<PathBuf>,

    /// Write the pid of the container's supervisor to a file
    #[arg(long, value_name = "FILE", help_heading = "Container")]
    conmon_pidfile: Option<PathBuf>,

    /// When to restart it: no (others are not there yet)
    #[arg(long, value_name = "POLICY", value_parser = words::restart, hide = true)]
    restart: Option<()>,

    /// Do not run the image's health check
    #[arg(long, hide = true)]
    no_healthcheck: bool,

    /// When to pull the image: always, missing, never, newer (default: missing)
    #[arg(long, value_name = "POLICY", value_parser = words::pull, help_heading = "Image")]
    pull: Option<PullPolicy>,

    /// Platform of the image: OS/ARCH[/VARIANT]
    #[arg(long, value_name = "PLATFORM", conflicts_with_all = ["arch", "os", "variant"], help_heading = "Image")]
    platform: Option<String>,

    /// Architecture of the image
    #[arg(long, value_name = "ARCH", help_heading = "Image")]
    arch: Option<String>,

    /// Operating system of the image
    #[arg(long, value_name = "OS", help_heading = "Image")]
    os: Option<String>,

    /// Variant of the image's architecture
    #[arg(long, value_name = "VARIANT", help_heading = "Image")]
    variant: Option<String>,

    /// Show no progress of a pull
    #[arg(long, short, help_heading = "Image")]
    quiet: bool,

    #[command(flatten)]
    registry: RegistryFlags,

    #[command(flatten)]
    retry: RetryFlags,

    /// Run a directory of the host: it stands in the image's place
    #[arg(long, help_heading = "Image")]
    rootfs: bool,

    /// What becomes of the image's volumes: anonymous, tmpfs, ignore
    #[arg(long, value_name = "KIND", value_parser = words::image_volume, help_heading = "Image")]
    image_volume: Option<ImageVolumes>,

    /// Accepted for docker's scripts
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    disable_content_trust: Option<String>,

    /// Accepted for docker's scripts: box is its own runtime
    #[arg(long, value_name = "NAME", hide = true)]
    runtime: Option<String>,

    /// Connect a terminal
    #[arg(long, short, help_heading = "Process")]
    tty: bool,

    /// Keep standard input open
    #[arg(long, short, help_heading = "Process")]
    interactive: bool,

    /// Attach only these streams: stdin, stdout, stderr
    #[arg(long, short, value_name = "STREAM", value_parser = words::stream, help_heading = "Process")]
    pub(crate) attach: Vec<String>,

    /// Command that replaces the image's entrypoint: a word or a JSON list; "" clears it
    #[arg(long, value_name = "COMMAND", help_heading = "Process")]
    entrypoint: Option<String>,

    /// Set a variable: KEY=VALUE, KEY for the host's value, PRE* for all of the host's beginning so
    #[arg(long, short, value_name = "KEY[=VALUE]", help_heading = "Process")]
    env: Vec<String>,

    /// Read variables from a file, one KEY=VALUE a line
    #[arg(long, value_name = "FILE", help_heading = "Process")]
    env_file: Vec<PathBuf>,

    /// Take over all of the host's variables
    #[arg(long, help_heading = "Process")]
    env_host: bool,

    /// Change a variable of the image: PATH=/opt/bin:${PATH}
    #[arg(long, value_name = "KEY=VALUE", value_parser = words::merge, help_heading = "Process")]
    env_merge: Vec<String>,

    /// Unset a variable of the image
    #[arg(long, value_name = "KEY", help_heading = "Process")]
    unsetenv: Vec<String>,

    /// Unset all variables of the image and of box
    #[arg(long, help_heading = "Process")]
    unsetenv_all: bool,

    /// Pass on the host's proxy variables
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, value_parser = words::boolean, help_heading = "Process")]
    http_proxy: Option<bool>,

    /// Run as this user: NAME|UID[:GROUP|GID]
    #[arg(long, short, value_name = "USER[:GROUP]", help_heading = "Process")]
    user: Option<String>,

    /// Add a supplementary group, or keep-groups for those of the caller, unseen
    #[arg(long, value_name = "GROUP", value_parser = words::group, help_heading = "Process")]
    group_add: Vec<String>,

    /// Directory to start in; made when it is missing
    #[arg(long, short, value_name = "DIR", help_heading = "Process")]
    workdir: Option<String>,

    /// File mode creation mask, octal
    #[arg(long, value_name = "MASK", value_parser = words::octal, help_heading = "Process")]
    umask: Option<u32>,

    /// Set a resource limit: nofile=1024:2048, or host for the caller's own limits
    #[arg(long, value_name = "NAME=SOFT[:HARD]", help_heading = "Process")]
    ulimit: Vec<UlimitRequest>,

    /// How readily the kernel kills it when memory runs out: -1000 to 1000
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = clap::value_parser!(i32).range(-1000..=1000), help_heading = "Process")]
    oom_score_adj: Option<i32>,

    /// Run box itself as PID 1: it reaps orphans and passes signals on
    #[arg(long, help_heading = "Process")]
    init: bool,

    #[command(flatten)]
    network: NetworkFlags,

    #[command(flatten)]
    surroundings: SurroundingsFlags,

    /// Note that the container offers a port: PORT[-PORT][/PROTOCOL]
    #[arg(long, value_name = "PORT", help_heading = "Network")]
    expose: Vec<Exposed>,

    /// Find another container under a name, with its ports in variables: CONTAINER[:ALIAS]
    #[arg(long, value_name = "CONTAINER[:ALIAS]", help_heading = "Network")]
    link: Vec<LinkWord>,

    /// Pass a port of the host on to the container: [[IP:][HOST-PORT]:]PORT[/PROTOCOL], or ranges
    #[arg(long, short, value_name = "PORTS", help_heading = "Network")]
    publish: Vec<Publish>,

    /// Publish every exposed port at a free port of the host
    #[arg(long, short = 'P', help_heading = "Network")]
    publish_all: bool,

    /// Mount a directory of the host or a volume: [HOST-PATH:|VOLUME:]PATH[:OPTIONS]
    #[arg(long, short, value_name = "[SOURCE:]PATH[:OPTIONS]", help_heading = "Files")]
    volume: Vec<VolumeWord>,

    /// Mount the volumes of another container, running or not: NAME[:ro],...
    #[arg(long, value_name = "CONTAINER[:ro]", value_parser = VolumesFrom::parse, help_heading = "Files")]
    volumes_from: Vec<Vec<VolumesFrom>>,

    /// Mount something: type=bind|volume|tmpfs|image|glob|devpts,source=PATH,target=PATH[,OPTION...]
    #[arg(long, value_name = "FIELDS", help_heading = "Files")]
    mount: Vec<MountWord>,

    /// Mount a fresh tmpfs: PATH[:OPTIONS]
    #[arg(long, value_name = "PATH[:OPTIONS]", help_heading = "Files")]
    tmpfs: Vec<TmpfsWord>,

    /// Give it a device of the host: HOST-PATH[:PATH][:rwm]
    #[arg(long, value_name = "DEVICE", value_parser = words::device, help_heading = "Files")]
    device: Vec<Device>,

    /// The container's root is not writable
    #[arg(long, help_heading = "Files")]
    read_only: bool,

    /// With --read-only: /run, /tmp and /var/tmp are writable
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set, value_parser = words::boolean, help_heading = "Files")]
    read_only_tmpfs: Option<bool>,

    /// Size of /dev/shm (default: 64m)
    #[arg(long, value_name = "SIZE", help_heading = "Files")]
    shm_size: Option<ByteSize>,

    /// Driver of the log: k8s-file or none (default: k8s-file)
    #[arg(long, value_name = "NAME", value_parser = words::log_driver, help_heading = "Files")]
    log_driver: Option<LogDriver>,

    /// Option of the log's driver: max-size=SIZE, max-file=NUMBER, path=FILE, and for `logs --details`
    /// env=NAMES, labels=NAMES, tag=TEXT
    #[arg(long, value_name = "KEY=VALUE", value_parser = words::pair, help_heading = "Files")]
    log_opt: Vec<(String, String)>,

    /// All capabilities, no seccomp, no hidden paths, all devices that the caller may open
    #[arg(long, help_heading = "Security")]
    privileged: bool,

    /// Add a capability, or ALL
    #[arg(long, value_name = "CAPABILITY", help_heading = "Security")]
    cap_add: Vec<String>,

    /// Drop a capability, or ALL
    #[arg(long, value_name = "CAPABILITY", help_heading = "Security")]
    cap_drop: Vec<String>,

    /// seccomp=FILE|unconfined, no-new-privileges, mask=PATH[:PATH], unmask=PATH[:PATH]|ALL
    #[arg(long, value_name = "OPTION", help_heading = "Security")]
    security_opt: Vec<String>,

    /// Set a kernel parameter of the container's own namespaces: KEY=VALUE
    #[arg(long, value_name = "KEY=VALUE", value_parser = words::pair, help_heading = "Security")]
    sysctl: Vec<(String, String)>,

    /// PID namespace: private, host, container:NAME
    #[arg(long, value_name = "MODE", value_parser = words::namespace, help_heading = "Security")]
    pid: Option<NamespaceRequest>,

    /// IPC namespace: private, host, container:NAME
    #[arg(long, value_name = "MODE", value_parser = words::namespace, help_heading = "Security")]
    ipc: Option<NamespaceRequest>,

    /// UTS namespace: private, host, container:NAME
    #[arg(long, value_name = "MODE", value_parser = words::namespace, help_heading = "Security")]
    uts: Option<NamespaceRequest>,

    /// Cgroup namespace: private, host, container:NAME
    #[arg(long, value_name = "MODE", value_parser = words::namespace, help_heading = "Security")]
    cgroupns: Option<NamespaceRequest>,

    #[command(flatten)]
    user_namespace: UserNamespaceFlags,

    /// The image (or a directory with --rootfs), then the command and its arguments
    #[arg(value_name = "IMAGE", trailing_var_arg = true, required = true)]
    words: Vec<String>,
}

// What only `run` has.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunFlags {
    /// Print the container's id and leave it running
    #[arg(long, short)]
    pub(crate) detach: bool,

    /// Keys that detach from the terminal (default: ctrl-p,ctrl-q); "" is none
    #[arg(long, value_name = "KEYS")]
    pub(crate) detach_keys: Option<String>,

    /// Pass signals on to the container
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, hide_default_value = true, action = ArgAction::Set, value_parser = words::boolean)]
    pub(crate) sig_proxy: bool,

    /// Remove the container and, if nothing else uses it, the image when it has ended
    #[arg(long)]
    pub(crate) rmi: bool,

    #[command(flatten)]
    pub(crate) descriptors: DescriptorFlags,
}

impl ContainerFlags {
    /// The typed form of it all. Reads the files that the flags name, and makes the directories
    /// that `-v` names.
    ///
    /// # Errors
    /// `Unsupported` for what is not there yet; `NotFound` for a file that is not there.
    pub(crate) fn request(mut self, ctx: &Context) -> Result<ContainerRequest> {
        self.user_namespace.fill_from_environment()?;
        let defaults = self.fill(ctx.conf()?)?;
        let (user, ids) = self.user_namespace.request()?;
        let (networks, identity) = self.network.request()?;
        let mut words = self.words.into_iter();
        let image = words.next().unwrap_or_default();
        if image.is_empty() {
            return Err(invalid("the image's name is empty"));
        }
        if self.replace && self.name.is_none() {
            return Err(invalid("--replace needs --name: it removes the container of that name"));
        }
        if self.group_add.len() > 1 && self.group_add.iter().any(|group| group == "keep-groups") {
            return Err(invalid("--group-add keep-groups goes with no other --group-add"));
        }
        let security_options: Vec<SecurityOption> = self
            .security_opt
            .iter()
            .map(|word| word.parse().doing(|| format!("use --security-opt {word}")))
            .collect::<Result<_>>()?;
        let mut labels = Vec::new();
        for file in &self.label_file {
            for word in file_words(&read(file, "--label-file")?) {
                // As both peers: a label from the command line may have any name.
                let name = word.split('=').next().unwrap_or_default();
                if name.contains(char::is_whitespace) {
                    return Err(invalid(format!(
                        "--label-file {}: there is white space in the name {name:?}",
                        file.display()
                    )));
                }
                labels.push(words::label(&word)?);
            }
        }
        labels.extend(self.label);
        let mut env = Vec::new();
        for file in &self.env_file {
            env.extend(env_words(file)?);
        }
        env.extend(self.env);
        let mounts: Vec<MountRequest> = (self.volume.into_iter().map(|word| word.0))
            .chain(self.mount.into_iter().map(|word| word.0))
            .chain(self.tmpfs.into_iter().map(|word| word.0))
            .collect();
        make_host_paths(&mounts)?;
        let platform = match (self.platform, self.os, self.arch, self.variant) {
            (None, None, None, None) => None,
            (Some(platform), ..) => Some(platform),
            (None, os, arch, variant) => {
                let os = os.unwrap_or_else(|| "linux".to_string());
                let arch = arch.unwrap_or_else(|| crate::image::platform::Platform::host().architecture);
                Some(variant.map_or(format!("{os}/{arch}"), |variant| format!("{os}/{arch}/{variant}")))
            }
        };
        let registry = self.registry.options(self.retry, ctx.conf()?)?;
        let create_command = without_password(ctx.command_line(), registry.creds.as_ref());
        let (publish, publish_all) = published(networks.first(), self.publish, self.publish_all);
        let mut request = ContainerRequest {
            name: self.name,
            replace: self.replace,
            image,
            rootfs: self.rootfs,
            pull: PullRequest {
                policy: self.pull.unwrap_or_default(),
                platform,
                quiet: self.quiet,
                registry,
            },
            command: words.collect(),
            create_command,
            cid_file: self.cidfile,
            process: ProcessRequest {
                entrypoint: self.entrypoint.as_deref().map(words::entrypoint),
                env_host: self.env_host,
                env,
                env_merge: self.env_merge,
                unset_env: self.unsetenv,
                unset_env_all: self.unsetenv_all,
                no_proxy_env: self.http_proxy == Some(false),
                workdir: self.workdir,
                user: self.user,
                groups: self.group_add,
                tty: self.tty,
                interactive: self.interactive,
                umask: self.umask,
                ulimits: self.ulimit,
                oom_score_adj: self.oom_score_adj,
                init: self.init,
                ..ProcessRequest::default()
            },
            namespaces: NamespacesRequest {
                pid: self.pid.unwrap_or_default(),
                ipc: self.ipc.unwrap_or_default(),
                uts: self.uts.unwrap_or_default(),
                cgroup: self.cgroupns.unwrap_or_default(),
                user,
                ids,
            },
            identity,
            links: self.link,
            publish,
            publish_all,
            networks,
            expose: self.expose,
            mounts,
            volumes_from: self.volumes_from.into_iter().flatten().collect(),
            image_volumes: self.image_volume.unwrap_or_default(),
            devices: self.device,
            security: SecurityRequest {
                privileged: self.privileged,
                cap_add: self.cap_add,
                cap_drop: self.cap_drop,
                seccomp_profile: profile(&security_options)?,
                options: security_options,
                option_words: self.security_opt,
                read_only: self.read_only,
                no_read_only_tmpfs: self.read_only_tmpfs == Some(false),
                sysctls: self.sysctl,
                shm_size: self.shm_size.map(|size| size.0),
            },
            log_driver: self.log_driver,
            log_options: self.log_opt,
            ending: EndingRequest {
                remove: self.rm,
                remove_image: false,
                stop_signal: self.stop_signal.map(Signal::number),
                stop_timeout: self.stop_timeout,
                timeout: self.timeout,
                pid_file: self.pidfile,
                supervisor_pid_file: self.conmon_pidfile,
            },
            labels,
            annotations: self.annotation,
            defaults,
            ..ContainerRequest::default()
        };
        self.surroundings.apply(&mut request);
        Ok(request)
    }
}

/// What is published; nothing, with a word about it, where the host's ports are the container's own
/// or nobody could reach it.
fn published(network: Option<&NetworkRequest>, publish: Vec<Publish>, all: bool) -> (Vec<PortMap>, bool) {
    let word = match network {
        Some(NetworkRequest::Host) => "host: the container has the host's ports already",
        Some(NetworkRequest::None) => "none: nothing can reach the container",
        _ => return (publish.into_iter().flat_map(|word| word.0).collect(), all),
    };
    if all || !publish.is_empty() {
        output::warning(format_args!("published ports are discarded with --network {word}"));
    }
    (Vec::new(), false)
}

/// The text of the last profile that is a file.
fn profile(options: &[SecurityOption]) -> Result<Option<String>> {
    let file = options.iter().rev().find_map(|option| match option {
        SecurityOption::SeccompFile(file) => Some(file),
        _ => None,
    });
    let Some(file) = file else { return Ok(None) };
    let text = read(Path::new(file), "--security-opt seccomp=")?;
    // Compiled once here, so that a broken one is named before there is a container.
    seccomp::compile(&text, CapSet::EMPTY).doing(|| format!("use the seccomp profile {file}"))?;
    Ok(Some(text))
}

/// The words of an env file; one without a name is named with the file.
fn env_words(file: &Path) -> Result<Vec<String>> {
    let words = file_words(&read(file, "--env-file")?);
    match words.iter().find(|word| word.starts_with('=')) {
        Some(word) => {
            Err(invalid(format!("--env-file {}: {word:?} has no name before the =", file.display())))
        }
        None => Ok(words),
    }
}

fn read(file: &Path, flag: &str) -> Result<String> {
    std::fs::read_to_string(file).doing(|| format!("read the file {} of {flag}", file.display()))
}

/// Makes the missing directories that `-v` names, as Docker does; `--mount` wants them there.
fn make_host_paths(mounts: &[MountRequest]) -> Result<()> {
    for mount in mounts {
        let SourceRequest::Bind { path, create, .. } = &mount.source else { continue };
        // In a directory that is gone nothing can be made, as is said when the path is resolved.
        let nowhere = path.is_relative() && std::env::current_dir().is_err();
        if nowhere || path.symlink_metadata().is_ok() {
            continue;
        }
        if !create {
            return Err(Error::new(Kind::NotFound, format!("there is no {} on the host", path.display()))
                .hint("make it, or give it with -v, which makes a missing directory"));
        }
        std::fs::create_dir_all(path).doing(|| format!("make the directory {} of -v", path.display()))?;
        output::note(format_args!("made the directory {}, which -v names", path.display()));
    }
    Ok(())
}

#[cfg(test)]
#[path = "container_tests.rs"]
mod tests;
