//! What the benchmarks measure on: the same packets, tables and configurations everywhere.

pub mod configuration;
pub mod packets;
pub mod tables;
