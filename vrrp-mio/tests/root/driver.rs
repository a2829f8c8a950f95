//! Tests of the driver on real interfaces: each host is a network namespace with a driver on a
//! thread, and a bridge in another namespace connects them.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share lies outside test functions"
)]

mod addresses;
mod contest;
mod election;
mod host;
mod interfaces;
mod losses;
mod nested;
mod owner;
mod paths;
mod scale;
mod stalls;
mod transport;
mod update;
mod virtual_mac;
