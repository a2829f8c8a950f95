//! VRRP instances: their router specifications, and the log lines about them.

pub(crate) mod narrator;
pub mod spec;
