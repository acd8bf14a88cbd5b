//! Images that are here, by what the user calls them: [`crate::store::images`] knows their names, and
//! registries.conf other words for these.

use crate::error::Result;
use crate::image::reference::Reference;
use crate::registry::conf::Registries;
use crate::store::images::{self, Image};
use crate::store::layout::Store;

/// [`images::find`], and then the image that an alias means.
///
/// # Errors
/// As [`images::find`]; when registries.conf cannot be understood.
pub fn find(store: &Store, text: &str) -> Result<Option<Image>> {
    or_alias(text, |text| images::find(store, text))
}

/// [`images::find_to_run`], and then the image that an alias means.
///
/// # Errors
/// As [`find`].
pub fn find_to_run(store: &Store, text: &str) -> Result<Option<Image>> {
    or_alias(text, |text| images::find_to_run(store, text))
}

/// [`images::find_named`], and then the image that an alias means, with its own name.
///
/// # Errors
/// As [`find`].
pub fn find_named(store: &Store, text: &str) -> Result<Option<(Image, Option<Reference>)>> {
    or_alias(text, |text| images::find_named(store, text))
}

/// The files with the aliases are read only for what has not been found by its name.
fn or_alias<T>(text: &str, find: impl Fn(&str) -> Result<Option<T>>) -> Result<Option<T>> {
    match find(text)? {
        Some(found) => Ok(Some(found)),
        None if !Reference::is_short(text).unwrap_or(false) => Ok(None),
        None => match Registries::load()?.alias(text)? {
            Some(name) => find(&name.to_string()),
            None => Ok(None),
        },
    }
}
