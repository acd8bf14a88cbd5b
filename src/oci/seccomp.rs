//! Seccomp profiles and their compiler.
