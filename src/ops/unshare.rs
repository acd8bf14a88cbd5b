//! A command inside the user namespace.
