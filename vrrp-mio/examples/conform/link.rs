//! The link: what is on it, with the kernel's time of each frame, and what is sent there.

use core::time::Duration;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::sockopt::{ReceiveTimeout, ReceiveTimestampns};
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::{TimeSpec, TimeVal, TimeValLike};
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::wire::EthernetHeader;
use vrrp_core::{Instant, MacAddr};
use vrrp_mio::{Clock, LinkSocket};

/// Every protocol, `ETH_P_ALL`.
const ALL: u16 = 3;
/// How long one attempt to read waits.
const SLICE_MS: i64 = 5;
/// Longer frames are cut.
const LONGEST: usize = 2_048;

/// A frame that another station sent.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Of the wall clock: only differences mean anything.
    pub(crate) time: Duration,
    pub(crate) octets: Vec<u8>,
}

/// The Ethernet address of an interface.
fn mac(name: &str) -> io::Result<MacAddr> {
    let mut all = getifaddrs()?.filter(|one| one.interface_name == name);
    let octets = all.find_map(|one| one.address?.as_link_addr()?.addr());
    octets
        .map(MacAddr)
        .ok_or_else(|| io::Error::other("no Ethernet"))
}

/// An interface of this host.
#[derive(Debug)]
pub(crate) struct Link {
    capture: OwnedFd,
    sender: LinkSocket,
    clock: Clock,
    mac: MacAddr,
    /// The frame that was sent last, and when it left.
    left: Option<Duration>,
    /// How late this process was woken at worst since it was asked last.
    pub(crate) stall: Duration,
}

impl Link {
    /// Opens the interface: needs `CAP_NET_RAW`.
    pub(crate) fn open(name: &str) -> io::Result<Self> {
        let index = if_nametoindex(name)?;
        let protocol = Protocol::from(i32::from(ALL.to_be()));
        let capture = Socket::new(Domain::PACKET, Type::RAW, Some(protocol))?;
        setsockopt(&capture, ReceiveTimestampns, &true)?;
        setsockopt(&capture, ReceiveTimeout, &TimeVal::milliseconds(SLICE_MS))?;
        Ok(Self {
            capture: capture.into(),
            sender: LinkSocket::open(index).map_err(io::Error::other)?,
            clock: Clock::new().map_err(io::Error::other)?,
            mac: mac(name)?,
            left: None,
            stall: Duration::ZERO,
        })
    }

    pub(crate) const fn mac(&self) -> MacAddr {
        self.mac
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Sends a frame; [`Self::next`] returns when it left as [`Self::left`].
    pub(crate) fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.left = None;
        self.sender.send(frame).map_err(io::Error::other)
    }

    /// When the last frame left, once it was seen to.
    pub(crate) const fn left(&self) -> Option<Duration> {
        self.left
    }

    /// The next frame of another station, if one comes within a few milliseconds.
    pub(crate) fn next(&mut self) -> io::Result<Option<Frame>> {
        let before = self.clock.now();
        let mut octets = [0; LONGEST];
        let mut space = nix::cmsg_space!(TimeSpec);
        let mut parts = [IoSliceMut::new(&mut octets)];
        let descriptor = self.capture.as_raw_fd();
        let read = recvmsg::<LinkAddr>(descriptor, &mut parts, Some(&mut space), MsgFlags::empty());
        let message = match read {
            Ok(message) => message,
            Err(Errno::EAGAIN | Errno::EINTR) => {
                let took = self.clock.now().saturating_duration_since(before);
                let late = took.saturating_sub(Duration::from_millis(SLICE_MS.unsigned_abs()));
                self.stall = self.stall.max(late);
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let Some(ControlMessageOwned::ScmTimestampns(stamp)) = message.cmsgs()?.next() else {
            return Ok(None);
        };
        let here = message.address.map(|address| address.ifindex());
        let (time, length) = (Duration::from(stamp), message.bytes);
        let index = usize::try_from(self.sender.interface()).ok();
        let octets = octets[..length].to_vec();
        let Ok((ethernet, _)) = EthernetHeader::decode(&octets) else {
            return Ok(None);
        };
        if here != index {
            return Ok(None);
        }
        if ethernet.source == self.mac {
            self.left = Some(time);
            return Ok(None);
        }
        Ok(Some(Frame { time, octets }))
    }
}
