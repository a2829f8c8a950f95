//! The interface of a connection that carries netlink datagrams to a kernel and back.

use core::time::Duration;
use std::io;

/// The monotonic clock of a [`Transport`], since an epoch of its own.
pub type Clock = Box<dyn Fn() -> Duration + Send + Sync>;

/// Carries netlink datagrams to a kernel's IPVS and back.
///
/// There are two: [`Socket`](crate::Socket), to the kernel of this host, and
/// [`memory::Socket`](crate::memory::Socket), to one in memory, for tests. Whatever is written for
/// a [`Client<S>`](crate::Client) or [`Requests<T, S>`](crate::Requests) of any transport runs on
/// both:
///
/// ```
/// use ipvs_core::Configuration;
/// use ipvs_netlink::{Client, Error, Transport, memory};
///
/// fn services<S: Transport>(client: &mut Client<S>) -> Result<usize, Error> {
///     client.configuration().map(|configuration| configuration.len())
/// }
///
/// let mut client = memory::Kernel::new().client()?;
/// assert_eq!(services(&mut client), Ok(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Another one may carry datagrams to a process that has the capability, or into another network
/// namespace.
pub trait Transport {
    /// Sends one datagram of one or more messages, on which the kernel acts before this returns.
    ///
    /// # Errors
    /// Those of send(2).
    fn send(&mut self, datagram: &[u8]) -> io::Result<()>;

    /// Reads one datagram without waiting.
    ///
    /// # Errors
    /// Those of recvmsg(2), but not those that say that there is nothing or that something was
    /// lost.
    fn receive(&mut self) -> io::Result<Received<'_>>;

    /// Waits until there is something to read, but no longer than `most`, and a little longer if
    /// nothing comes.
    ///
    /// # Errors
    /// Those of poll(2), but not that a signal came.
    fn wait(&mut self, most: Duration) -> io::Result<()>;

    /// The clock by which the blocking client waits for answers.
    fn clock(&self) -> Clock;
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A whole datagram from the kernel.
    Datagram(&'a [u8]),
    /// A datagram to disregard: another process sent it.
    Foreign,
    /// The kernel dropped messages for want of room, or one did not fit the buffer.
    Overrun,
    /// Nothing to read.
    Empty,
}
