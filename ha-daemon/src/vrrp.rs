//! VRRP instances by name, their router specifications, and the log lines about them.

pub mod instances;
pub(crate) mod log;
pub mod spec;
