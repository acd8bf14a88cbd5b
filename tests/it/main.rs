//! The real binary, on the real kernel, as real users: run by `make test`, which makes the users,
//! the fixtures and a registry first. A module for each command or subject; [`env`] has the helpers.

mod env;
mod pty;

mod archives;
mod badregistry;
mod bridge;
mod check;
mod commit;
mod compare;
mod completion;
mod containers;
mod cp;
mod errors;
mod escapes;
mod exec;
mod habits;
mod history;
mod hostile;
mod housekeeping;
mod images;
mod inspect;
mod kills;
mod lifecycle;
mod listings;
mod login;
mod logs;
mod mounts;
mod names;
mod nested;
mod network;
mod nosub;
mod policies;
mod ports;
mod push;
mod run;
mod sandbox;
mod seccomp;
mod servers;
mod smoke;
mod storage;
mod system;
mod terminal;
mod userns;
mod volumes;
mod wicked;
