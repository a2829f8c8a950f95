//! A non-blocking netlink socket.

use core::fmt;
use core::time::Duration;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Instant;

use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, NetlinkAddr, recvmsg, setsockopt, sockopt};

use crate::sys;
use crate::transport::{Clock, Received, Transport};

/// Octets read at once. The kernel fills a datagram of a list with at most 32 KiB.
const DATAGRAM: usize = 64 * 1024;
/// Room for the answers to all requests in flight, should each be refused, with a margin.
const RECEIVE_BUFFER: usize = 1024 * 1024;

/// A generic-netlink socket to the kernel of this host, in the network namespace it was opened in.
pub struct Socket {
    socket: NlSocket,
    buffer: Box<[u8]>,
}

impl Socket {
    /// Opens a socket.
    ///
    /// # Errors
    /// Those of socket(2), bind(2) and setsockopt(2).
    pub fn open() -> io::Result<Self> {
        let socket = NlSocket::connect(NlFamily::Generic, None, Groups::empty())?;
        socket.nonblock()?;
        socket.enable_ext_ack(true)?;
        // SO_RCVBUFFORCE exceeds net.core.rmem_max but wants CAP_NET_ADMIN over the host.
        if setsockopt(
            &sys::descriptor(&socket),
            sockopt::RcvBufForce,
            &RECEIVE_BUFFER,
        )
        .is_err()
        {
            socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        }
        Ok(Self {
            socket,
            buffer: vec![0; DATAGRAM].into_boxed_slice(),
        })
    }
}

impl Transport for Socket {
    fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        self.socket.send(datagram, Msg::empty()).map(drop)
    }

    fn receive(&mut self) -> io::Result<Received<'_>> {
        let (length, flags, sender) = loop {
            let mut buffers = [IoSliceMut::new(&mut self.buffer)];
            let received = recvmsg::<NetlinkAddr>(
                self.socket.as_raw_fd(),
                &mut buffers,
                None,
                MsgFlags::empty(),
            );
            match received {
                Ok(received) => break (received.bytes, received.flags, received.address),
                Err(Errno::EAGAIN) => return Ok(Received::Empty),
                Err(Errno::ENOBUFS | Errno::ENOMEM) => return Ok(Received::Overrun),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        };
        if sender.is_none_or(|sender| sender.pid() != 0) {
            return Ok(Received::Foreign);
        }
        if flags.contains(MsgFlags::MSG_TRUNC) {
            return Ok(Received::Overrun);
        }
        Ok(Received::Datagram(
            self.buffer.get(..length).unwrap_or_default(),
        ))
    }

    fn wait(&mut self, most: Duration) -> io::Result<()> {
        // A little longer, so that time is over when nothing came.
        let milliseconds = most.as_millis().saturating_add(1);
        let timeout = PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX);
        let mut descriptors = [PollFd::new(
            sys::descriptor(&self.socket),
            PollFlags::POLLIN,
        )];
        match poll(&mut descriptors, timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn clock(&self) -> Clock {
        #[expect(
            clippy::disallowed_methods,
            reason = "blocking use has no loop whose time it could take"
        )]
        let epoch = Instant::now();
        Box::new(move || epoch.elapsed())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        sys::descriptor(&self.socket)
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("fd", &self.socket.as_raw_fd())
            .finish_non_exhaustive()
    }
}
