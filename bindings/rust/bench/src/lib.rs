//! Firn beside redb, fjall, sled and heed: the engines, and what is asked of them.

pub mod engine;
pub mod engines;
pub mod singles;
pub mod table;
pub mod workload;
