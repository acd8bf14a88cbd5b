//! The user namespace that all containers of a user share.
