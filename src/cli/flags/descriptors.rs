//! The flags of `run` and `exec` that pass on descriptors of whoever called box.

use crate::error::{Result, invalid};
use crate::sys::fd::Passed;
use clap::Args;

// Not a doc comment: clap would take it for the command's text.
#[derive(Args, Clone, Debug)]
pub(crate) struct DescriptorFlags {
    /// Pass on so many descriptors of the caller, from 3 on
    #[arg(long, value_name = "COUNT")]
    preserve_fds: Option<u16>,

    /// Pass on these descriptors of the caller: 4,7
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', conflicts_with = "preserve_fds", value_parser = clap::value_parser!(i32).range(3..))]
    preserve_fd: Vec<i32>,
}

impl DescriptorFlags {
    /// Takes what they name.
    ///
    /// # Errors
    /// `Invalid` for one that is not open.
    pub(crate) fn take(&self) -> Result<Vec<Passed>> {
        let counted = 3..3 + i32::from(self.preserve_fds.unwrap_or(0));
        let mut numbers: Vec<i32> = counted.chain(self.preserve_fd.iter().copied()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let take = |number| {
            Passed::from_caller(number).ok_or_else(|| {
                invalid(format!("descriptor {number} is not open, so it cannot be passed on"))
                    .hint(format!("open it for box, as in: box run --preserve-fds 1 … {number}<FILE"))
            })
        };
        numbers.into_iter().map(take).collect()
    }
}
