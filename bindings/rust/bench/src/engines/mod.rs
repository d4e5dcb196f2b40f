//! The engines that are compared.

mod firn;
mod fjall;
mod heed;
mod redb;
mod sled;

pub use self::{firn::Firn, fjall::Fjall, heed::Heed, redb::Redb, sled::Sled};
