//! Health checkers of real servers.
//!
//! Three things are kept apart. An *attempt* ([`attempt`]) is one try: octets in, octets out, an
//! [`Outcome`](attempt::Outcome) in the end, no sockets and no clock; the protocols are
//! [`http`] (on [`tls`] for `SSL_GET`), [`smtp`], [`dns`], [`udp`], [`ping`] and [`misc`]. A *schedule*
//! ([`schedule`]) says when the next attempt is due and what the outcomes amount to. The *driver*
//! ([`driver`]) has the sockets and makes the attempts that [`settings`] describe, in [slices](mod@slice) of
//! time. [`mod@file`] has no
//! attempts: it is notified when a file changes.

pub mod attempt;
pub mod digest;
pub mod dns;
pub mod driver;
pub mod file;
pub mod http;
pub mod misc;
pub mod ping;
pub mod schedule;
pub mod settings;
pub mod slice;
pub mod smtp;
pub mod tls;
pub mod udp;
