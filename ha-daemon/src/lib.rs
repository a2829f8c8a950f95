//! The reference daemon, as a library.

pub mod check;
pub mod config;
pub mod control;
pub mod engine;
pub mod lab;
pub mod log;
mod narrator;
pub mod routers;
pub mod status;
