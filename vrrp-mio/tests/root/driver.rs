//! The driver on real interfaces: hosts are network namespaces, each with a driver on a thread, and
//! a bridge in a namespace of its own is the switch between them.

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
mod owner;
mod paths;
mod scale;
mod stalls;
mod transport;
mod virtual_mac;
mod wire;
