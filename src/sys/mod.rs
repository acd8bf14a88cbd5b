//! The kernel, safely: the only place with `unsafe`. Knows nothing of containers.

pub mod compare;
pub mod copy;
pub mod credentials;
pub mod fd;
pub mod file;
pub mod limits;
pub mod memory;
pub mod mount;
pub mod net;
pub mod netns;
pub mod path;
pub mod process;
pub mod random;
pub mod reaper;
pub mod seccomp;
pub mod secret;
pub mod signal;
pub mod title;
pub mod tree;
pub mod tty;
pub mod userns;
