//! The thread that sends requests to the kernel.

use core::time::Duration;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread;

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, send};

use super::pipeline::IN_FLIGHT;

/// How long to wait after the kernel did not take a datagram.
const RETRY: Duration = Duration::from_millis(10);
/// How often a datagram is tried that the kernel refuses for another reason than want of memory. One
/// that is given up has no answer, and what waits for one is not done before the daemon ends.
const TRIES: u32 = 5;

/// Sends datagrams over a netlink socket, in order, from a thread of its own.
///
/// The kernel acts on a request before send(2) returns, and rtnetlink has one lock for all network
/// namespaces: a request waits for whatever anybody has asked for before, and setting an interface
/// down waits until no processor uses it any more, for seconds if they are busy. The answers come by
/// the socket, as ever; a datagram that the kernel does not take has none. The thread ends with the
/// value, after what was sent.
#[derive(Debug)]
pub(super) struct Sender {
    datagrams: SyncSender<Vec<u8>>,
}

impl Sender {
    /// Starts to send over the socket of `descriptor`.
    ///
    /// # Errors
    /// If there can be no thread.
    pub(super) fn start(descriptor: OwnedFd) -> io::Result<Self> {
        let (datagrams, queue) = mpsc::sync_channel::<Vec<u8>>(IN_FLIGHT);
        thread::Builder::new()
            .name("rtnetlink".to_owned())
            .spawn(move || {
                for datagram in queue {
                    send_until_taken(&descriptor, &datagram);
                }
            })?;
        Ok(Self { datagrams })
    }

    /// Has `datagram` sent after all before; false if as many wait already as may be in flight.
    pub(super) fn send(&self, datagram: Vec<u8>) -> bool {
        match self.datagrams.try_send(datagram) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}

fn send_until_taken(descriptor: &OwnedFd, datagram: &[u8]) {
    let mut refused = 0;
    while refused < TRIES {
        match send(descriptor.as_raw_fd(), datagram, MsgFlags::empty()) {
            Ok(_) => return,
            Err(Errno::EINTR) => continue,
            Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM) => {}
            Err(_) => refused += 1,
        }
        thread::sleep(RETRY);
    }
}
