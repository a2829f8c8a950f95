//! Tests of the sockets, over veth pairs between network namespaces.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share lies outside test functions"
)]

mod advertisements;
mod delivery;
mod failures;
mod frames;
mod lab;
