//! `[gc]` of config.toml, after a command that brought images.

use super::Context;
use super::format::human;
use super::output;
use crate::error::Result;
use crate::image::digest::ImageId;
use crate::ops::keep::{self, Policy};

/// What the settings no longer want goes, now that there is more; what has just `come` stays.
///
/// # Errors
/// When the settings are wrong, or the store cannot be read.
pub(super) fn others(ctx: &Context, come: &[ImageId]) -> Result<()> {
    let Some(policy) = Policy::of(&ctx.conf()?.gc)? else { return Ok(()) };
    let pruned = keep::apply(ctx.settings()?, ctx.store()?, policy, come)?;
    if !pruned.images.is_empty() {
        let freed = human::size(pruned.bytes);
        output::note(format_args!("[gc] of config.toml gave up {} images: {freed}", pruned.images.len()));
    }
    Ok(())
}
