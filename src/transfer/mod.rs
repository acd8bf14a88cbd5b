//! Between a registry or an archive and the store.

pub mod commit;
pub mod import;
pub mod layouts;
pub mod load;
pub mod named;
pub mod outgoing;
pub mod outlet;
pub mod progress;
pub mod publish;
pub mod pull;
pub mod push;
pub mod save;
