//! Between a registry or an archive and the store.

pub mod import;
pub mod load;
pub mod progress;
pub mod publish;
pub mod pull;
