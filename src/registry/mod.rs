//! The OCI distribution specification, to a reader or a writer; knows no store.

pub mod auth;
pub mod client;
pub mod conf;
pub mod fetch;
