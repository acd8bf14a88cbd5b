//! Requests to a running supervisor.
