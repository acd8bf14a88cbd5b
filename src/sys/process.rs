//! Processes: spawn, re-exec, pidfd, wait.
