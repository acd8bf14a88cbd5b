//! The command line: one file per command.
//!
//! A command is one file here: a `clap::Args` struct whose doc comments are the help, and a
//! `run(self, &Context) -> Result<u8>` that returns the exit code. `tree` lists them all, with
//! every spelling; that one line is what makes a command exist. `usage` turns clap's complaints
//! into our errors, `legacy` accepts the flags of old Docker versions, `output` is the only
//! place that prints, and `roles` is where box begins when it was started by box itself.

mod called;
mod documents;
pub(crate) mod flags;
pub(crate) mod format;
mod later;
mod legacy;
pub(crate) mod output;
mod roles;
#[cfg(test)]
mod seeds;
mod tree;
mod usage;
mod values;

// The commands, in alphabetical order; each has its line in `tree::COMMANDS`.
mod attach;
mod commit;
mod completion;
mod container_exists;
mod copy;
mod create;
mod diff;
mod doctor;
mod each;
mod exec;
mod export;
mod give_up;
mod help;
mod history;
mod image_exists;
mod image_insert;
mod image_prune;
mod image_tree;
mod images;
mod import;
mod info;
mod inspect;
mod inspect_container;
mod inspect_image;
mod kill;
pub mod known;
mod load;
mod login;
mod logs;
mod mount;
mod names;
mod network_connect;
mod network_create;
mod network_ls;
mod network_rm;
mod network_settings;
mod network_update;
mod port;
mod prune;
mod ps;
mod pull;
mod push;
mod rename;
mod reset;
mod restart;
mod rm;
mod rmi;
mod run;
mod save;
mod search;
mod start;
mod stop;
mod system_check;
mod system_df;
mod system_prune;
mod tag;
mod top;
mod unshare;
mod version;
mod volume;
mod wait;

pub use documents::documents;

use crate::error::{Error, Result, invalid};
use crate::settings::Settings;
use crate::settings::conf::{self, Conf};
use crate::store::layout::Store;
use crate::sys::process;
use clap::FromArgMatches;
use flags::global::GlobalFlags;
use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

/// What every command is given.
pub(crate) struct Context {
    global: GlobalFlags,
    settings: OnceCell<Settings>,
    conf: OnceCell<Conf>,
    store: OnceCell<Store>,
    command_line: Vec<String>,
}

impl Context {
    fn new(global: GlobalFlags, command_line: Vec<String>) -> Context {
        Context {
            global,
            settings: OnceCell::new(),
            conf: OnceCell::new(),
            store: OnceCell::new(),
            command_line,
        }
    }

    /// The settings, read when they are first asked for: `version` and `help` work without a home.
    ///
    /// # Errors
    /// See [`Settings::load`].
    pub(crate) fn settings(&self) -> Result<&Settings> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let global = &self.global;
        let mut settings = Settings::load(global.root.clone(), global.runroot.clone(), global.wants_debug())?;
        settings.storage = global.storage_driver()?;
        Ok(self.settings.get_or_init(|| settings))
    }

    /// What containers.conf and config.toml say, read when it is first asked for.
    ///
    /// # Errors
    /// See [`Conf::load`].
    pub(crate) fn conf(&self) -> Result<&Conf> {
        if let Some(conf) = self.conf.get() {
            return Ok(conf);
        }
        let conf = Conf::load()?;
        for word in conf::words(&conf.engine.env) {
            let (name, value) = word
                .split_once('=')
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| invalid(format!("env of containers.conf: {word:?} is not NAME=VALUE")))?;
            process::set_default_variable(name, value);
        }
        Ok(self.conf.get_or_init(|| conf))
    }

    /// The store, made when it is first asked for.
    ///
    /// # Errors
    /// See [`Store::open`].
    pub(crate) fn store(&self) -> Result<&Store> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        later::other_machine(called::name(), |name| std::env::var(name).ok())?;
        let store = Store::open(self.settings()?)?;
        if store.is_new()
            && let Some(reason) = crate::ops::ids::single_id_reason()
        {
            output::note(format_args!(
                "Note: single-id mode ({reason}): everything in a container belongs to you. `box doctor` says more"
            ));
        }
        Ok(self.store.get_or_init(|| store))
    }

    /// The words of the command line as they were typed, for `inspect`.
    pub(crate) fn command_line(&self) -> &[String] {
        &self.command_line
    }
}

/// Runs the command line of this process, or the role that another box gave it.
///
/// A standard stream that was closed is /dev/null by now: Rust's runtime opens it before `main`,
/// so no file of ours can end up as descriptor 0, 1 or 2.
#[must_use]
pub fn main() -> ExitCode {
    crate::sys::process::begin();
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(role) = words.first().and_then(|argv0| roles::find(argv0)) {
        return ExitCode::from(role(words[1..].to_vec()));
    }
    if let Some(all) = words.get(1).and_then(names::asked) {
        return ExitCode::from(output::finish(names::main(&words[2..], all)));
    }
    let code = match command(words) {
        Ok(code) => code,
        Err(error) => {
            output::report(&error);
            error.kind().exit_code()
        }
    };
    ExitCode::from(output::finish(code))
}

/// Parses and runs one command.
fn command(words: Vec<OsString>) -> Result<u8> {
    let command_line = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    called::note(words.first().map_or(OsStr::new("box"), OsString::as_os_str))?;
    let words = legacy::rewrite(words);
    let matches = match tree::root(tree::Detail::Lazy(&words)).try_get_matches_from(&words) {
        Ok(matches) => matches,
        // The cheap tree only knows whether it understood; the full one has the words.
        Err(_) => match tree::root(tree::Detail::Full).try_get_matches_from(&words) {
            Ok(matches) => matches,
            Err(said) => return usage::answer(&said, &words),
        },
    };
    let global = GlobalFlags::from_arg_matches(&matches).map_err(|said| usage::error(&said, &words))?;
    global.warn_about_ignored();
    global.pass_on();
    let (entry, matches) = tree::find(&matches).ok_or_else(nothing_named)?;
    entry.start(matches, &Context::new(global, command_line))
}

fn nothing_named() -> Error {
    crate::error::invalid("no command is named").hint("`box help` lists the commands")
}
