//! The container's pipes or pty.
