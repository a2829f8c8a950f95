//! Health checkers: is a real server fit to be sent connections?
//!
//! Three things are kept apart. An *attempt* ([`attempt`]) is one try: octets in, octets out, an
//! [`Outcome`](attempt::Outcome) in the end, no sockets and no clock.

pub mod attempt;
pub mod digest;
pub mod http;
pub mod schedule;
pub mod tls;
