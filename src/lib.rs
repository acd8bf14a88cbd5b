//! # The architecture of box
//!
//! box is a daemonless, rootless container engine. One `box run` goes through three forms of a
//! container and no fourth:
//!
//! ```text
//!  cli          the command line
//!   │
//!  ContainerRequest   what was asked            container::request
//!   │  container::resolve (+ image config + settings)
//!  ContainerConfig    what was decided          container::config
//!   │  oci::lower
//!  Spec               what the kernel is given  oci::spec
//!   │  sandbox::plan
//!  Plan = [Step]      the system calls, in order
//! ```
//!
//! There is no daemon: each container has one supervisor process ([`supervisor`]), which is PID 1
//! of a pid namespace of its own, holds a lock as long as it lives, and takes everything in the
//! container with it when it dies. All containers of a user share one user namespace, held by
//! whichever supervisors live.
//!
//! ## The layers, lowest first
//!
//! | layer | modules |
//! |---|---|
//! | 0 | [`error`] |
//! | 1 | [`sys`]: the kernel, safely; the only place with `unsafe` |
//! | 2 | [`image`], [`settings`]: names and documents, no container in sight |
//! | 3 | [`container`]: what a container is |
//! | 4 | [`oci`]: the runtime spec, seccomp and capabilities |
//! | 5 | [`store`], [`registry`], [`sandbox`], [`network`] |
//! | 6 | [`supervisor`], [`transfer`] |
//! | 8 | [`ops`]: one verb, one file |
//! | 10 | [`cli`]: one file per command |
//!
//! A layer uses those below it and none beside it; `tests/layers.rs` checks that.

pub mod cli;
pub mod container;
pub mod error;
pub mod image;
pub mod network;
pub mod oci;
pub mod ops;
pub mod registry;
pub mod sandbox;
pub mod settings;
pub mod store;
pub mod supervisor;
pub mod sys;
pub mod transfer;
