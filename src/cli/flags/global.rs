//! The flags before the command.

use crate::error::Result;
use crate::settings::StorageDriver;
use crate::sys::process;
use clap::Args;
use std::path::PathBuf;

// Not a doc comment: clap would take it for the description of the command that flattens it.
// `--root`, `--runroot` and `--log-level` are also accepted after the command.
#[derive(Args, Debug)]
pub(crate) struct GlobalFlags {
    /// Directory of images and containers (or BOX_ROOT)
    #[arg(long, value_name = "DIR", global = true, help_heading = "Global options")]
    pub(crate) root: Option<PathBuf>,

    /// Directory of sockets and locks, gone after a reboot (or BOX_RUNROOT)
    #[arg(long, value_name = "DIR", global = true, help_heading = "Global options")]
    pub(crate) runroot: Option<PathBuf>,

    /// How much is said on stderr: error, warn, info, debug (prints the launch plan), trace
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "warn",
        global = true,
        help_heading = "Global options",
        hide_default_value = true,
        value_parser = ["trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"],
        hide_possible_values = true,
        ignore_case = true
    )]
    log_level: String,

    /// Same as --log-level debug
    #[arg(long, short = 'D', help_heading = "Global options")]
    debug: bool,

    /// How new containers get their root file system: overlay, fuse-overlayfs or vfs (a copy); the best
    /// that works unless given
    #[arg(long, value_name = "NAME", help_heading = "Global options")]
    storage_driver: Option<String>,

    /// Accepted for podman's scripts: option of the storage driver
    #[arg(long, value_name = "OPTION", hide = true)]
    storage_opt: Vec<String>,

    /// As docker's: --log-level
    #[arg(short = 'l', id = "l", value_name = "LEVEL", hide = true, ignore_case = true,
        value_parser = ["trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"])]
    docker_log_level: Option<String>,

    /// Accepted for podman's scripts: systemd or cgroupfs
    #[arg(long, value_name = "NAME", hide = true, value_parser = ["systemd", "cgroupfs"])]
    cgroup_manager: Option<String>,

    /// Accepted for podman's scripts: file, journald or none
    #[arg(long, value_name = "NAME", hide = true, value_parser = ["file", "journald", "none"])]
    events_backend: Option<String>,

    /// Ignored: what goes with a reboot is below --runroot
    #[arg(long, value_name = "DIR", hide = true)]
    tmpdir: Option<PathBuf>,

    /// As docker's: the directory whose config.json holds the logins (or DOCKER_CONFIG)
    #[arg(long, value_name = "DIR", hide = true)]
    config: Option<PathBuf>,

    /// Ignored: box needs no conmon
    #[arg(long, value_name = "PATH", hide = true)]
    conmon: Option<PathBuf>,

    /// Ignored: box is its own OCI runtime
    #[arg(long, value_name = "PATH", hide = true)]
    runtime: Option<PathBuf>,

    /// Ignored: box is its own OCI runtime
    #[arg(long, value_name = "FLAG", hide = true)]
    runtime_flag: Vec<String>,

    /// Ignored: helpers of the network are found in PATH
    #[arg(long, value_name = "PATH", hide = true)]
    network_cmd_path: Option<PathBuf>,

    /// Ignored: box runs no OCI hooks
    #[arg(long, value_name = "DIR", hide = true)]
    hooks_dir: Vec<PathBuf>,
}

impl GlobalFlags {
    /// The storage driver that is asked for, if any.
    ///
    /// # Errors
    /// For one that box does not have.
    pub(crate) fn storage_driver(&self) -> Result<StorageDriver> {
        let asked = match &self.storage_driver {
            Some(asked) => Some(asked.clone()),
            None => std::env::var("STORAGE_DRIVER").ok(),
        };
        asked.unwrap_or_default().parse()
    }

    /// Whether the plan and the steps are to be printed.
    pub(crate) fn wants_debug(&self) -> bool {
        let level = self.docker_log_level.as_ref().unwrap_or(&self.log_level);
        self.debug || matches!(level.to_ascii_lowercase().as_str(), "debug" | "trace")
    }

    /// Lets `--config` stand in for the variable of its name.
    pub(crate) fn pass_on(&self) {
        if let Some(dir) = &self.config {
            process::set_variable("DOCKER_CONFIG", dir.as_os_str());
        }
    }

    /// Says once for each flag that it has no effect in box.
    pub(crate) fn warn_about_ignored(&self) {
        let ignored = [
            (self.conmon.is_some(), "--conmon", "each container has box itself as its supervisor"),
            (self.tmpdir.is_some(), "--tmpdir", "what goes with a reboot is kept below --runroot"),
            (self.runtime.is_some(), "--runtime", "box is its own OCI runtime"),
            (!self.runtime_flag.is_empty(), "--runtime-flag", "box is its own OCI runtime"),
            (self.network_cmd_path.is_some(), "--network-cmd-path", "helpers are found in PATH"),
            (!self.hooks_dir.is_empty(), "--hooks-dir", "box runs no OCI hooks"),
        ];
        for (given, flag, why) in ignored {
            if given {
                super::super::output::warning(format_args!("{flag} is ignored: {why}"));
            }
        }
    }
}
