//! The client against a kernel's IPVS, with ipvsadm and `/proc/net/ip_vs` as second readers.
//!
//! Each test has a network namespace of its own, and with it an empty table. They need root, a
//! kernel with ip_vs, and the programs `ipvsadm` and `ip`; `.ci/vm/run` gives them these.

#[path = "kernel/attributes.rs"]
mod attributes;
#[path = "kernel/rates.rs"]
mod rates;
#[path = "kernel/refusals.rs"]
mod refusals;
#[path = "kernel/requests.rs"]
mod requests;
#[path = "kernel/rig.rs"]
mod rig;
