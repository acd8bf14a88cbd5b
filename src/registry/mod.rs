//! The OCI distribution specification, to a reader or a writer; knows no store.

pub mod auth;
pub mod authfile;
pub mod certs;
pub mod client;
pub mod conf;
pub mod credentials;
pub mod endpoint;
pub mod fetch;
pub mod helper;
pub mod http;
pub mod policy;
pub mod retry;
pub mod search;
mod tls;
pub mod upload;
