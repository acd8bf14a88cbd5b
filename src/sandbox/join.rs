//! A process inside a running container: exec.
