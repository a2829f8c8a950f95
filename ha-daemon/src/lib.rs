//! The reference daemon, as a library.

pub mod lab;
