//! `box run`.

use super::flags::container::{ContainerFlags, RunFlags};
use super::{Context, output};
use crate::error::{Doing, Result, invalid};
use crate::ops;
use crate::ops::run::{Attendance, Outcome};
use crate::ops::start::Attach;
use crate::supervisor::detach::DetachKeys;
use std::io::IsTerminal;

/// Run a command in a new container
///
/// The image is pulled if it is not there. Without -d the container's output comes here, its exit
/// code is box's own, and with -i it reads what is typed here. Exit codes of box itself: 125 if the
/// container could not be made or started, 126 if its command cannot be executed, 127 if there is
/// no such command.
#[derive(clap::Args)]
#[command(
    override_usage = "box run [OPTIONS] IMAGE [COMMAND [ARG]...]",
    after_help = "Examples:\n  box run -it ubuntu bash                   a shell; ctrl-p ctrl-q leaves it running\n  \
    box run --rm -v .:/src -w /src gcc make    a command on files of the host\n  \
    box run -d --name web nginx                in the background; prints the id\n  \
    echo hello | box run --rm -i alpine cat    in a pipe"
)]
pub(crate) struct Run {
    #[command(flatten)]
    flags: RunFlags,
    #[command(flatten)]
    container: ContainerFlags,
}

impl Run {
    pub(crate) fn run(self, ctx: &Context) -> Result<u8> {
        let passed = self.flags.descriptors.take()?;
        let streams = streams(&self.container.attach)?;
        if self.flags.detach && streams.is_some_and(|streams| streams.any()) {
            return Err(invalid("-a and -d cannot be used together"));
        }
        let mut request = self.container.request(ctx)?;
        if self.flags.rmi {
            request.ending.remove = true;
            request.ending.remove_image = true;
        }
        let interactive = request.process.interactive;
        let attach = match streams {
            _ if self.flags.detach => Attach::nothing(),
            Some(streams) => Attach { stdin: streams.stdin && interactive, ..streams },
            None => Attach { stdin: interactive, stdout: true, stderr: true, stdin_once: interactive },
        };
        if attach.stdin && request.process.tty && !std::io::stdin().is_terminal() {
            output::warning(
                "the input device is not a terminal: --tty and --interactive together may not work as you expect",
            );
        }
        let attendance = Attendance {
            attach,
            detach_keys: detach_keys(self.flags.detach_keys.as_deref(), ctx)?,
            sig_proxy: self.flags.sig_proxy,
        };
        match ops::run::run(ctx.settings()?, ctx.store()?, &request, &attendance, passed)? {
            Outcome::Running(id) if self.flags.detach => {
                output::line(id);
                Ok(0)
            }
            Outcome::Running(_) => Ok(0),
            ended => Ok(code_of(ended)),
        }
    }
}

/// The code of a container that was attended, and why it ended where that is not its program's doing.
pub(super) fn code_of(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Running(_) => 0,
        Outcome::Ended(code) => exit_code(code),
        Outcome::Lost(code, why) => {
            output::warning(format_args!("the container has ended: {why}"));
            exit_code(code)
        }
    }
}

/// A container's code as ours.
pub(super) fn exit_code(code: i32) -> u8 {
    u8::try_from(code & 0xff).unwrap_or(125)
}

/// `--detach-keys`, or what containers.conf says.
pub(super) fn detach_keys(text: Option<&str>, ctx: &Context) -> Result<DetachKeys> {
    let text = match text {
        None => ctx.conf()?.engine.detach_keys.as_deref(),
        text => text,
    };
    text.map_or_else(|| Ok(DetachKeys::default()), str::parse).doing(|| "use --detach-keys")
}

/// `--attach stdin|stdout|stderr`; `None` if it was not given.
fn streams(words: &[String]) -> Result<Option<Attach>> {
    if words.is_empty() {
        return Ok(None);
    }
    let mut attach = Attach::nothing();
    for word in words {
        match word.to_ascii_lowercase().as_str() {
            "stdin" => (attach.stdin, attach.stdin_once) = (true, true),
            "stdout" => attach.stdout = true,
            "stderr" => attach.stderr = true,
            "none" => {}
            _ => {
                return Err(invalid(format!(
                    "{word:?} is not a stream: --attach takes stdin, stdout or stderr"
                )));
            }
        }
    }
    Ok(Some(attach))
}
