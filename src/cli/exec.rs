//! `box exec`.

use super::Context;
use super::run::detach_keys;
use crate::error::{Doing, Result, invalid};
use crate::oci::lower::ExecProcess;
use crate::ops::exec::{self, ExecRequest};
use crate::supervisor::detach::DetachKeys;
use std::path::PathBuf;

/// Run a command in a running container
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  box exec -it web bash                    a shell beside what runs there\n  \
    box exec web nginx -s reload             its exit code is ours\n  \
    box exec -u postgres db psql -l          as another user\n  \
    tar -c . | box exec -i web tar -xC /srv  with our input"
)]
pub(crate) struct Exec {
    /// Start it and return
    #[arg(short, long)]
    detach: bool,
    /// Keys that leave the process running (default: ctrl-p,ctrl-q): letters, or ctrl- and one of a-z @ [ \ ] ^ _
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<String>,
    /// Set an environment variable; without a value it is taken from here
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
        value_name = "CONTAINER COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true
    )]
    words: Vec<String>,
}

impl Exec {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let (settings, store) = (ctx.settings()?, ctx.store()?);
        let (container, args) = if self.latest {
            (crate::ops::select::latest(settings, store)?.id.to_string(), self.words)
        } else {
            let mut words = self.words.into_iter();
            (words.next().unwrap_or_default(), words.collect())
        };
        if args.is_empty() {
            return Err(invalid("exec needs a command").hint("box exec CONTAINER COMMAND [ARGUMENT...]"));
        }
        let mut env = Vec::new();
        for file in &self.env_file {
            let text =
                std::fs::read_to_string(file).doing(|| format!("read --env-file {}", file.display()))?;
            let lines = text.lines().map(str::trim_start).filter(|l| !l.is_empty() && !l.starts_with('#'));
            env.extend(lines.filter_map(variable));
        }
        env.extend(self.env.iter().filter_map(|text| variable(text)));
        let request = ExecRequest {
            container,
            process: ExecProcess {
                args,
                env,
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
        };
        exec::exec(settings, store, &request)
    }
}

/// `NAME=VALUE`; a bare name takes our own value, and is left out when we have none.
fn variable(text: &str) -> Option<String> {
    if text.contains('=') {
        return Some(text.to_string());
    }
    std::env::var(text).ok().map(|value| format!("{text}={value}"))
}
