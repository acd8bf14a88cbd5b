//! `box exec`.

use super::Context;
use super::flags::descriptors::DescriptorFlags;
use super::run::detach_keys;
use crate::container::env::{Env, HostEnv, file_words};
use crate::error::{Doing, Result, invalid};
use crate::oci::lower::ExecProcess;
use crate::ops::exec::{self, ExecRequest};
use crate::supervisor::detach::DetachKeys;
use std::path::PathBuf;

/// Run a command in a running container
#[derive(clap::Args)]
#[command(
    override_usage = "box exec [OPTIONS] CONTAINER COMMAND [ARG]...",
    after_help = "Examples:\n  box exec -it web bash                    a shell beside what runs there\n  \
    box exec web nginx -s reload             its exit code is ours\n  \
    box exec -u postgres db psql -l          as another user\n  \
    tar -c . | box exec -i web tar -xC /srv  with our input"
)]
pub(crate) struct Exec {
    /// A file that holds the container's id; no container is named then
    #[arg(long, value_name = "FILE", conflicts_with = "latest")]
    cidfile: Option<PathBuf>,
    /// Start it and return
    #[arg(short, long)]
    detach: bool,
    /// Keys that leave the process running (default: ctrl-p,ctrl-q): letters, or ctrl- and one of a-z @ [ \ ] ^ _
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Set an environment variable; without a value it is taken from here, and PRE* takes all that begin so
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// Read environment variables from a file of NAME=VALUE lines
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,
    /// Pass our standard input on
    #[arg(short, long)]
    interactive: bool,
    /// Use the container that was made last
    #[arg(short, long)]
    latest: bool,
    /// Accepted for podman's scripts: exec keeps no records anyway
    #[arg(long, hide = true)]
    no_session: bool,
    #[command(flatten)]
    descriptors: DescriptorFlags,
    /// All capabilities and no seccomp filter
    #[arg(long)]
    privileged: bool,
    /// Give the command a terminal
    #[arg(short, long)]
    tty: bool,
    /// Run as USER[:GROUP], names or numbers of the container
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// The working directory in the container
    #[arg(short, long, value_name = "PATH")]
    workdir: Option<String>,
    /// The container, the command and its arguments
    #[arg(
        value_name = "CONTAINER COMMAND [ARG]",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true
    )]
    words: Vec<String>,
}

impl Exec {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let passed = self.descriptors.take()?;
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let (container, args) = if self.latest {
            (crate::ops::select::latest(settings, store)?.id.to_string(), self.words)
        } else if let Some(file) = &self.cidfile {
            (crate::ops::select::id_in_file(file)?, self.words)
        } else {
            let mut words = self.words.into_iter();
            (words.next().unwrap_or_default(), words.collect())
        };
        if args.is_empty() {
            return Err(invalid("exec needs a command").hint("box exec CONTAINER COMMAND [ARGUMENT...]"));
        }
        let host: HostEnv = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let mut env = Env::default();
        for file in &self.env_file {
            let text =
                std::fs::read_to_string(file).doing(|| format!("read --env-file {}", file.display()))?;
            for word in file_words(&text) {
                env.apply(&word, &host).doing(|| format!("use --env-file {}", file.display()))?;
            }
        }
        for word in &self.env {
            env.apply(word, &host)?;
        }
        let request = ExecRequest {
            container,
            process: ExecProcess {
                args,
                env: env.lines(),
                user: self.user,
                workdir: self.workdir,
                tty: self.tty,
                privileged: self.privileged,
            },
            interactive: self.interactive,
            detach: self.detach,
            detach_keys: match &self.detach_keys {
                // Nobody can type them: no file is read for it.
                None if !(self.tty && self.interactive) => DetachKeys::default(),
                keys => detach_keys(keys.as_deref(), ctx)?,
            },
            passed,
        };
        exec::exec(settings, store, request)
    }
}
