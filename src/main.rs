//! Picks the process role from argv, calls it, and turns its result into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    boxed::cli::main()
}
