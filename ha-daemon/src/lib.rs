//! The reference daemon, as a library.

pub mod config;
pub mod control;
pub mod engine;
pub mod lab;
mod narrator;
mod routers;
pub mod status;
