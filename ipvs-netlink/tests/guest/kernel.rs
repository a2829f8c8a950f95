//! Tests of the client against a kernel's IPVS, compared with ipvsadm and `/proc/net/ip_vs`.
//!
//! Each test has a network namespace of its own, and with it an empty table. They need root, a
//! kernel with ip_vs, and the programs `ipvsadm` and `ip`; `.ci/vm/run` gives them these.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod attributes;
mod daemons;
pub(crate) mod host;
mod rates;
mod raw;
mod refusals;
mod requests;
