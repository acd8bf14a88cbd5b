//! Everything on disk, and its locks.

pub mod blobs;
pub mod containers;
pub mod gc;
pub mod images;
pub mod layers;
pub mod layout;
pub mod lock;
pub mod unpack;
