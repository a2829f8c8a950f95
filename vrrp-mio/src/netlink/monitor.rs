//! The monitor of interfaces and addresses, by rtnetlink notifications.

mod mirror;

use core::ops::Range;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use neli::consts::socket::NlFamily;
use nix::errno::Errno;
use nix::libc;
use thiserror::Error;
use vrrp_core::Instant;

use self::mirror::Mirror;
use super::frame::Messages;
use super::request::{EncodeError, encode_dump};
use super::socket::{NetlinkSocket, Received};
use crate::interfaces::{Interfaces, NetworkEvent};
use crate::slice::{Progress, TimeSlice};

/// Room for some 5,000 notifications, a burst the loop may be late for.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// Keeps a table of this host's interfaces and addresses, and reports each change.
///
/// After opening, and after the kernel had to drop messages, it reads everything again and reports
/// the difference, ending with [`NetworkEvent::Synchronised`]. To drive it: register the descriptor
/// as readable; call [`drive`](Self::drive) once after opening, and then whenever it is readable or
/// [`deadline`](Self::deadline) has come; if that made only [`Progress::Partial`], do so in the next
/// turn as well.
#[derive(Debug)]
pub struct Monitor {
    socket: NetlinkSocket,
    /// What of the last datagram is yet to be taken in.
    unread: Range<usize>,
    mirror: Mirror,
}

/// The monitor failed and cannot go on.
#[derive(Debug, Error)]
pub enum MonitorError {
    /// The socket failed.
    #[error("the netlink socket failed")]
    Socket(#[from] io::Error),
    /// The request for a full list could not be sent.
    #[error("the request for all interfaces and addresses could not be made")]
    Encode(#[from] EncodeError),
}

impl Monitor {
    /// Opens a socket that receives notifications of interfaces and of addresses of both families.
    ///
    /// # Errors
    /// Errors of socket(2), bind(2) and setsockopt(2).
    pub fn open() -> io::Result<Self> {
        Self::with_receive_buffer(RECEIVE_BUFFER)
    }

    /// As [`open`](Self::open), with room for about `octets` of unread messages, 768 or more for
    /// each. The kernel may grant less, and never less than 2,304.
    ///
    /// # Errors
    /// Errors of socket(2), bind(2) and setsockopt(2).
    pub fn with_receive_buffer(octets: usize) -> io::Result<Self> {
        let groups = [
            libc::RTNLGRP_LINK,
            libc::RTNLGRP_IPV4_IFADDR,
            libc::RTNLGRP_IPV6_IFADDR,
        ];
        let socket = NetlinkSocket::open(NlFamily::Route, &groups, octets)?;
        let mirror = Mirror::new(socket.port()?);
        Ok(Self {
            socket,
            unread: 0..0,
            mirror,
        })
    }

    /// The table, as of the last [`drive`](Self::drive).
    #[must_use]
    pub const fn interfaces(&self) -> &Interfaces {
        self.mirror.interfaces()
    }

    /// Whether the table is complete and no message is known to be lost.
    #[must_use]
    pub const fn is_synchronised(&self) -> bool {
        self.mirror.is_synchronised()
    }

    /// Reads everything again, as after a loss of messages.
    pub fn resynchronise(&mut self) {
        self.mirror.invalidate();
    }

    /// When an interrupted or unanswered reading of everything is to be tried again.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.mirror.deadline()
    }

    /// Reads what can be read, and appends the changes to `events`.
    ///
    /// # Errors
    /// If the socket fails; overruns and the kernel's refusal to list are not failures.
    pub fn drive(
        &mut self,
        slice: &TimeSlice<'_>,
        events: &mut Vec<NetworkEvent>,
    ) -> Result<Progress, MonitorError> {
        loop {
            while self.mirror.end_round(events) {
                if slice.is_over() {
                    return Ok(Progress::Partial);
                }
            }
            if self.unread.is_empty() {
                self.ask(slice.now())?;
                match self.socket.receive()? {
                    Received::Empty => break,
                    Received::Foreign => {}
                    Received::Overrun => self.mirror.invalidate(),
                    Received::Datagram(datagram) => self.unread = 0..datagram.len(),
                }
            }
            self.take_in(slice, events);
            if slice.is_over() {
                return Ok(Progress::Partial);
            }
        }
        self.ask(slice.now())?;
        Ok(Progress::Complete)
    }

    /// Takes in the messages of a datagram, of which a list has hundreds.
    fn take_in(&mut self, slice: &TimeSlice<'_>, events: &mut Vec<NetworkEvent>) {
        let mut messages = Messages::new(self.socket.rest(&self.unread));
        for message in messages.by_ref() {
            match message {
                Ok(message) => self.mirror.take_in(&message, slice.now(), events),
                Err(_) => self.mirror.invalidate(),
            }
            if slice.is_over() {
                break;
            }
        }
        self.unread.start = self.unread.end - messages.left();
    }

    /// Sends the next request of the round, if one is due.
    fn ask(&mut self, now: Instant) -> Result<(), MonitorError> {
        let Some((sequence, dump)) = self.mirror.next_request(now) else {
            return Ok(());
        };
        let mut datagram = Vec::new();
        encode_dump(dump, sequence, &mut datagram)?;
        match self.socket.send(&datagram) {
            Ok(()) => Ok(()),
            Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EINTR) => {
                    self.mirror.fail(now);
                    Ok(())
                }
                Some(_) | None => Err(error.into()),
            },
        }
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Monitor {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
