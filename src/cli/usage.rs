//! What clap says about a wrong command line, as one of our errors: a line and a hint.

use super::output;
use crate::error::{Error, Result, invalid};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// Prints what was asked for (help, version), or returns the error.
pub(super) fn answer(said: &clap::Error, words: &[OsString]) -> Result<u8> {
    match said.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::text(said.render().to_string());
            Ok(0)
        }
        // `box` and `box container` alone: the list of commands, but it is no success.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output::note(said.render().to_string().trim_end());
            Ok(125)
        }
        _ => Err(error(said, words)),
    }
}

/// The error in our form.
pub(super) fn error(said: &clap::Error, words: &[OsString]) -> Error {
    let command = command_of(words);
    let see = format!("`{command} --help` shows what it takes");
    let text = |kind| said.get(kind).map(ToString::to_string);
    // `--name <NAME>` without its value's name.
    let arg = text(ContextKind::InvalidArg).unwrap_or_default();
    let arg = arg.split(" <").next().unwrap_or_default().trim_end_matches("...").to_string();
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    match said.kind() {
        ErrorKind::UnknownArgument if !arg.starts_with('-') => {
            invalid(format!("{command}: {arg:?} is one word too many")).hint(see)
        }
        ErrorKind::UnknownArgument => {
            let error = invalid(format!("{command}: unknown flag {arg}"));
            match text(ContextKind::SuggestedArg) {
                Some(near) => error.hint(format!("did you mean {near}? {see}")),
                None => error.hint(see),
            }
        }
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            let error = invalid(format!("{command}: unknown command {name:?}"));
            match said.get(ContextKind::SuggestedSubcommand).and_then(nearest) {
                Some(near) => error.hint(format!("did you mean `{command} {near}`?")),
                None => error.hint(format!("`{command} --help` lists the commands")),
            }
        }
        ErrorKind::MissingSubcommand => invalid(format!("{command}: a command is missing"))
            .hint(format!("`{command} --help` lists the commands")),
        ErrorKind::MissingRequiredArgument => invalid(format!("{command}: {arg} is missing")).hint(see),
        ErrorKind::InvalidValue if value.is_empty() => {
            invalid(format!("{command}: {arg} needs a value")).hint(see)
        }
        ErrorKind::InvalidValue => {
            let error = invalid(format!("{command}: {value:?} is no value of {arg}"));
            match text(ContextKind::ValidValue) {
                Some(valid) => error.hint(format!("it takes one of {valid}")),
                None => error.hint(see),
            }
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(said);
            let text = why.map(ToString::to_string).unwrap_or_default();
            let error = invalid(format!("{command}: {arg} {value:?}: {text}"));
            match why.and_then(|why| why.downcast_ref::<Error>()).and_then(Error::find_hint) {
                Some(hint) => error.hint(hint),
                None => error.hint(see),
            }
        }
        ErrorKind::ArgumentConflict => {
            let other = text(ContextKind::PriorArg).unwrap_or_default();
            if other == arg || other.is_empty() {
                invalid(format!("{command}: {arg} can be given only once")).hint(see)
            } else {
                invalid(format!("{command}: {arg} cannot be used with {other}")).hint(see)
            }
        }
        _ => {
            let rendered = said.render().to_string();
            let first = rendered.lines().next().unwrap_or_default();
            invalid(format!("{command}: {}", first.trim_start_matches("error: "))).hint(see)
        }
    }
}

fn nearest(value: &ContextValue) -> Option<String> {
    match value {
        ContextValue::Strings(near) => near.last().cloned(),
        ContextValue::String(near) => Some(near.clone()),
        _ => None,
    }
}

/// `box`, `box run`, `box container run`: as far as the words name a command.
pub(super) fn command_of(words: &[OsString]) -> String {
    let mut path = String::new();
    for word in words.iter().skip(1).filter_map(|word| word.to_str()).filter(|word| !word.starts_with('-')) {
        let longer = if path.is_empty() { word.to_string() } else { format!("{path} {word}") };
        let known = super::tree::named(&longer).is_some();
        if known || (path.is_empty() && super::tree::is_group(word)) {
            path = longer;
            if known {
                break;
            }
        } else if !path.is_empty() {
            break;
        }
    }
    if path.is_empty() { "box".to_string() } else { format!("box {path}") }
}
