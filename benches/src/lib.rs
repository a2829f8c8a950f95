//! The inputs of the benchmarks: the same packets, tables and configurations everywhere.

pub mod configuration;
pub mod packets;
pub mod tables;
