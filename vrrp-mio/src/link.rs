//! The packet socket that sends Ethernet frames.

use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, Protocol, Socket, Type};

use crate::socket::{OpenError, SendError};
use crate::source::source_by_descriptor;
use crate::sys;

/// A packet socket that sends complete Ethernet frames on one interface and receives nothing.
///
/// It sends gratuitous ARP and neighbour advertisements, and advertisements from a virtual MAC
/// without a macvlan (RFC 9568 §7.3). Register it with mio only to learn when a full send queue has
/// drained.
///
/// ```no_run
/// use vrrp_core::wire::announcement_frame;
/// use vrrp_mio::LinkSocket;
///
/// // A gratuitous ARP on the interface of index 2.
/// let mut frame = Vec::new();
/// announcement_frame([192, 0, 2, 100].into(), "02:00:00:00:00:01".parse()?, &mut frame)?;
/// LinkSocket::open(2)?.send(&frame)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LinkSocket {
    socket: Socket,
    interface: u32,
}

impl LinkSocket {
    /// Opens a socket on the interface with index `interface`.
    ///
    /// # Errors
    /// [`OpenError`] says which step failed.
    pub fn open(interface: u32) -> Result<Self, OpenError> {
        let missing = |source| OpenError::Interface { interface, source };
        let index = i32::try_from(interface)
            .map_err(|_never_given_out| missing(nix::errno::Errno::ENODEV.into()))?;
        // Protocol 0 attaches the socket to no receive path.
        let socket = Socket::new_raw(
            Domain::PACKET,
            Type::RAW.nonblocking().cloexec(),
            Some(Protocol::from(0)),
        )
        .map_err(|source| OpenError::Create { source })?;
        socket.bind(&sys::link_address(index)).map_err(missing)?;
        Ok(Self { socket, interface })
    }

    /// The index of the interface.
    #[must_use]
    pub const fn interface(&self) -> u32 {
        self.interface
    }

    /// Sends `frame`, from the destination address to the last octet before the frame check
    /// sequence. Frames below the minimum of Ethernet are padded by the driver.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send(&self, frame: &[u8]) -> Result<(), SendError> {
        match self.socket.send(frame) {
            Ok(_) => Ok(()),
            Err(error) => Err(SendError::new(error, frame.len())),
        }
    }
}

impl AsFd for LinkSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

source_by_descriptor!(LinkSocket);
