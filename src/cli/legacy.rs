//! Spellings of old Docker versions: `-name web`, `-rm`, `-d=true`, `-n=false`.

use std::ffi::OsString;

/// Rewrites old spellings into today's.
pub(super) fn rewrite(words: Vec<OsString>) -> Vec<OsString> {
    words
}
