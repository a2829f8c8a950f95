//! The reference daemon, as a library.

pub mod check;
pub mod config;
