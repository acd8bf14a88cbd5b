//! Everything on disk, and its locks.

pub mod archive;
pub mod blobs;
pub mod changes;
pub mod check;
pub mod compress;
pub mod containers;
pub mod driver;
pub mod gc;
pub mod images;
pub mod layers;
pub mod layout;
pub mod leases;
pub mod links;
pub mod lock;
pub mod mapped;
pub mod networks;
pub mod pack;
pub mod places;
pub mod ports;
pub mod rebuild;
pub mod stack;
pub mod staging;
pub mod tarball;
pub mod unpack;
pub mod usage;
pub mod volumes;
