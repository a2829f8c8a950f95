//! A non-blocking netlink socket.

use core::fmt;
use core::ops::Range;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;
use nix::errno::Errno;
use nix::sys::socket::{NetlinkAddr, recvfrom, setsockopt, sockopt};

use crate::sys;

/// Octets read at once. The kernel fills a datagram of a dump with at most 32 KiB.
const DATAGRAM: usize = 64 * 1024;

/// What one read of the socket gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received<'a> {
    /// A whole datagram from the kernel.
    Datagram(&'a [u8]),
    /// A datagram to disregard: another process sent it.
    Foreign,
    /// The kernel dropped messages for want of room, or one did not fit our buffer.
    Overrun,
    /// Nothing to read.
    Empty,
}

/// A netlink socket and the buffer it reads into.
pub(crate) struct NetlinkSocket {
    socket: NlSocket,
    buffer: Box<[u8]>,
}

impl NetlinkSocket {
    /// Opens a socket of `family` that hears `groups` (numbers, not masks), with room for about
    /// `receive_buffer` octets of unread messages.
    pub(crate) fn open(
        family: NlFamily,
        groups: &[u32],
        receive_buffer: usize,
    ) -> io::Result<Self> {
        let socket = NlSocket::connect(family, None, Groups::new_groups(groups))?;
        socket.nonblock()?;
        socket.enable_ext_ack(true)?;
        // SO_RCVBUFFORCE exceeds net.core.rmem_max but wants CAP_NET_ADMIN over the host.
        let fd = sys::descriptor(&socket);
        if setsockopt(&fd, sockopt::RcvBufForce, &receive_buffer).is_err() {
            socket.set_recv_buffer_size(receive_buffer)?;
        }
        Ok(Self {
            socket,
            buffer: vec![0; DATAGRAM].into_boxed_slice(),
        })
    }

    /// The socket's port, which the kernel puts on answers to our requests.
    pub(crate) fn port(&self) -> io::Result<u32> {
        self.socket.pid()
    }

    /// Sends one datagram of one or more messages to the kernel, which acts before this returns.
    pub(crate) fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.socket.send(datagram, Msg::empty()).map(drop)
    }

    /// Another descriptor of the socket, to send by from another thread.
    pub(crate) fn descriptor(&self) -> io::Result<OwnedFd> {
        self.as_fd().try_clone_to_owned()
    }

    /// The end of the last datagram, as long as no other is received.
    pub(crate) fn rest(&self, range: &Range<usize>) -> &[u8] {
        self.buffer.get(range.clone()).unwrap_or_default()
    }

    pub(crate) fn receive(&mut self) -> io::Result<Received<'_>> {
        loop {
            let received = recvfrom::<NetlinkAddr>(self.socket.as_raw_fd(), &mut self.buffer);
            return match received {
                Ok((_, Some(sender))) if sender.pid() != 0 => Ok(Received::Foreign),
                Ok((_, None)) => Ok(Received::Foreign),
                Ok((length, Some(_))) if length >= self.buffer.len() => Ok(Received::Overrun),
                Ok((length, Some(_))) => Ok(Received::Datagram(
                    self.buffer.get(..length).unwrap_or_default(),
                )),
                Err(Errno::EAGAIN) => Ok(Received::Empty),
                Err(Errno::ENOBUFS | Errno::ENOMEM) => Ok(Received::Overrun),
                Err(Errno::EINTR) => continue,
                Err(errno) => Err(errno.into()),
            };
        }
    }
}

impl AsFd for NetlinkSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        sys::descriptor(&self.socket)
    }
}

impl AsRawFd for NetlinkSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl fmt::Debug for NetlinkSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetlinkSocket")
            .field("fd", &self.socket.as_raw_fd())
            .finish_non_exhaustive()
    }
}
