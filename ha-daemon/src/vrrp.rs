//! VRRP instances: the router that each one asks for, and the log lines about it.

pub(crate) mod narrator;
pub mod spec;
