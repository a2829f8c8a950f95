//! The raw sockets that send and receive advertisements.

use core::net::{IpAddr, Ipv6Addr};
use core::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::net::if_::{if_indextoname, if_nametoindex};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use vrrp_core::Family;
use vrrp_core::wire;

mod control;
mod error;
mod filter;
mod receive;
mod transmit;

pub use self::error::{OpenError, ReceiveError, SendError};
pub use self::filter::{Filter, VridSet};
pub use self::receive::{Datagram, Ipv6Datagram, RECEIVE_BUFFER, Received, Reject};

use crate::source::source_by_descriptor;

/// Linux's queueing priority for the class of [`wire::TOS`]; from 7 on it would need a capability.
const QUEUE_PRIORITY: u32 = 6;

/// What an [`AdvertSocket`] carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Advertisements in IPv4.
    Ipv4,
    /// Advertisements behind an Authentication Header in IPv4 (RFC 2338 §5.3.6.3, VRRPv2 only).
    Ipv4Ah,
    /// Advertisements in IPv6.
    Ipv6,
}

impl Transport {
    /// The address family below.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::Ipv4 | Self::Ipv4Ah => Family::V4,
            Self::Ipv6 => Family::V6,
        }
    }

    /// The IP protocol number: 112 for VRRP, 51 for AH.
    #[must_use]
    pub const fn protocol(self) -> u8 {
        match self {
            Self::Ipv4 | Self::Ipv6 => wire::PROTOCOL,
            Self::Ipv4Ah => wire::AH_PROTOCOL,
        }
    }

    const fn domain(self) -> Domain {
        match self.family() {
            Family::V4 => Domain::IPV4,
            Family::V6 => Domain::IPV6,
        }
    }
}

/// A raw socket for all virtual routers of one interface and one [`Transport`].
///
/// It receives unicast packets and those of the groups it has [joined](Self::join), on its own
/// interface only, and never its own. Register it with mio, and [`receive`](Self::receive) until
/// there is nothing left or the budget of the turn is spent; readiness is edge-triggered, so in the
/// second case come back without waiting for an event. The socket stays in the network namespace in
/// which it was opened. When the interface is deleted the socket is unusable: open another one for
/// its successor. To receive and to send take `&self`: one task may send while another receives.
///
/// ```no_run
/// use vrrp_core::wire::{Advertisement, MULTICAST_V4};
/// use vrrp_mio::{AdvertSocket, RECEIVE_BUFFER, Received, Transport};
///
/// // What is sent on the interface of index 2.
/// let mut socket = AdvertSocket::open(2, Transport::Ipv4)?;
/// socket.join(MULTICAST_V4.into())?;
/// let mut buffer = [0; RECEIVE_BUFFER];
/// // Here a program waits until the socket is readable.
/// while let Some(received) = socket.receive(&mut buffer)? {
///     if let Received::Datagram(datagram) = received {
///         let advertisement = Advertisement::decode(datagram.payload(), &datagram.ends())?;
///         println!("{} says {advertisement:?}", datagram.ends().source());
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AdvertSocket {
    socket: Socket,
    transport: Transport,
    interface: u32,
    identification: AtomicU16,
    overflows: AtomicU32,
    /// The IPv6 groups joined, because the kernel does not look at them: a raw socket that is bound
    /// to no address gets every group somebody on the host is in, whatever `IPV6_MULTICAST_ALL`.
    groups: Vec<Ipv6Addr>,
}

impl AdvertSocket {
    /// Opens a socket on the interface with index `interface`, with the default [`Filter`] and no
    /// group joined.
    ///
    /// # Errors
    /// [`OpenError`] says which step failed: no such interface, no `CAP_NET_RAW`, or an option the
    /// kernel refused.
    pub fn open(interface: u32, transport: Transport) -> Result<Self, OpenError> {
        Self::open_on(Some(interface), transport)
    }

    /// Opens a socket that is bound to no interface: unicast leaves as the kernel routes it and is
    /// heard on any interface. It can join no group, and has the interface index 0.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_routed(transport: Transport) -> Result<Self, OpenError> {
        Self::open_on(None, transport)
    }

    fn open_on(interface: Option<u32>, transport: Transport) -> Result<Self, OpenError> {
        let kind = Type::RAW.nonblocking().cloexec();
        let protocol = Protocol::from(i32::from(transport.protocol()));
        let socket = Socket::new_raw(transport.domain(), kind, Some(protocol))
            .map_err(|source| OpenError::Create { source })?;
        let socket = Self {
            socket,
            transport,
            interface: interface.unwrap_or(0),
            identification: AtomicU16::new(0),
            overflows: AtomicU32::new(0),
            groups: Vec::new(),
        };
        // From its creation on the socket hears every interface. Until it is bound nothing may
        // stay in its queue.
        socket.set_filter(&Filter::Nothing)?;
        if let Some(interface) = interface {
            bind_to_interface(&socket.socket, interface)?;
        }
        socket.set_options()?;
        socket.discard_queue();
        socket.set_filter(&Filter::default())?;
        Ok(socket)
    }

    /// The index of the interface, or 0.
    #[must_use]
    pub const fn interface(&self) -> u32 {
        self.interface
    }

    /// What the socket carries.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// Packets the kernel dropped so far because the receive queue was full, as reported with the
    /// last packet received. Wraps.
    #[must_use]
    pub fn overflows(&self) -> u32 {
        self.overflows.load(Ordering::Relaxed)
    }

    /// Starts to receive what is sent to `group` on this interface.
    ///
    /// # Errors
    /// [`OpenError::Option`] if `group` is no multicast address of the socket's family, is joined
    /// already, or the kernel's limit of groups is reached (20 for IPv4 unless
    /// `net.ipv4.igmp_max_memberships` says otherwise).
    pub fn join(&mut self, group: IpAddr) -> Result<(), OpenError> {
        match group {
            IpAddr::V4(group) => self
                .socket
                .join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(self.interface)),
            IpAddr::V6(group) => self
                .socket
                .join_multicast_v6(&group, self.interface)
                .map(|()| self.groups.push(group)),
        }
        .map_err(|source| option("multicast membership", source))
    }

    /// Stops to receive what is sent to `group`.
    ///
    /// # Errors
    /// [`OpenError::Option`] if `group` was not joined.
    pub fn leave(&mut self, group: IpAddr) -> Result<(), OpenError> {
        match group {
            IpAddr::V4(group) => self
                .socket
                .leave_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(self.interface)),
            IpAddr::V6(group) => self
                .socket
                .leave_multicast_v6(&group, self.interface)
                .map(|()| self.groups.retain(|joined| *joined != group)),
        }
        .map_err(|source| option("multicast membership", source))
    }

    /// Replaces the filter the kernel applies before queueing.
    ///
    /// # Errors
    /// [`OpenError::Option`] if the kernel has no memory for it.
    pub fn set_filter(&self, filter: &Filter) -> Result<(), OpenError> {
        self.socket
            .attach_filter(&filter.program(self.transport))
            .map_err(|source| option("socket filter", source))
    }

    /// Asks for a receive queue of `octets`, beyond `net.core.rmem_max` if privileged
    /// (`CAP_NET_ADMIN`) and up to it otherwise. Gives the size now in force, which is twice what was
    /// granted because the kernel counts its own overhead.
    ///
    /// # Errors
    /// [`OpenError::Option`] if the kernel refuses both ways.
    pub fn set_receive_queue(&self, octets: usize) -> Result<usize, OpenError> {
        setsockopt(&self.socket, sockopt::RcvBufForce, &octets)
            .map_err(io::Error::from)
            .or_else(|_unprivileged| self.socket.set_recv_buffer_size(octets))
            .and_then(|()| self.socket.recv_buffer_size())
            .map_err(|source| option("receive buffer", source))
    }

    fn set_options(&self) -> Result<(), OpenError> {
        match self.transport.family() {
            Family::V4 => self.set_options_v4()?,
            Family::V6 => self.set_options_v6()?,
        }
        // After the traffic class, which for IPv4 derives another priority.
        self.socket
            .set_priority(QUEUE_PRIORITY)
            .map_err(|source| option("SO_PRIORITY", source))?;
        setsockopt(&self.socket, sockopt::RxqOvfl, &1)
            .map_err(|errno| option("SO_RXQ_OVFL", errno.into()))
    }

    /// TTL and precedence travel in the header we build; those set here serve routing.
    fn set_options_v4(&self) -> Result<(), OpenError> {
        let socket = &self.socket;
        let steps: [(&'static str, io::Result<()>); 4] = [
            ("IP_HDRINCL", socket.set_header_included_v4(true)),
            ("IP_MULTICAST_ALL", socket.set_multicast_all_v4(false)),
            ("IP_MULTICAST_LOOP", socket.set_multicast_loop_v4(false)),
            ("IP_TOS", socket.set_tos_v4(u32::from(wire::TOS))),
        ];
        first_failure(steps)
    }

    fn set_options_v6(&self) -> Result<(), OpenError> {
        let socket = &self.socket;
        let hops = u32::from(wire::TTL);
        let pktinfo = setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true);
        let steps: [(&'static str, io::Result<()>); 8] = [
            ("IPV6_MULTICAST_ALL", socket.set_multicast_all_v6(false)),
            ("IPV6_MULTICAST_LOOP", socket.set_multicast_loop_v6(false)),
            (
                "IPV6_MULTICAST_IF",
                socket.set_multicast_if_v6(self.interface),
            ),
            ("IPV6_MULTICAST_HOPS", socket.set_multicast_hops_v6(hops)),
            ("IPV6_UNICAST_HOPS", socket.set_unicast_hops_v6(hops)),
            ("IPV6_TCLASS", socket.set_tclass_v6(u32::from(wire::TOS))),
            ("IPV6_RECVHOPLIMIT", socket.set_recv_hoplimit_v6(true)),
            ("IPV6_RECVPKTINFO", pktinfo.map_err(io::Error::from)),
        ];
        first_failure(steps)
    }

    /// Ends, because the filter lets nothing in meanwhile.
    fn discard_queue(&self) {
        let mut octet = [core::mem::MaybeUninit::uninit()];
        while self.socket.recv(&mut octet).is_ok() {}
    }
}

/// Binds by name, the only form the kernel had for long, and makes sure that the interface was not
/// renamed in between.
fn bind_to_interface(socket: &Socket, interface: u32) -> Result<(), OpenError> {
    let missing = |source| OpenError::Interface { interface, source };
    // The C library looks by a socket of its own, and does not say that there is none to have.
    let unnamed = |errno: Errno| match socket.try_clone() {
        Err(shortage) => option("if_indextoname", shortage),
        Ok(_) => missing(errno.into()),
    };
    let name = if_indextoname(interface).map_err(unnamed)?;
    socket
        .bind_device(Some(name.as_bytes()))
        .map_err(|source| option("SO_BINDTODEVICE", source))?;
    let bound = socket
        .device()
        .map_err(|source| option("SO_BINDTODEVICE", source))?
        .unwrap_or_default();
    match if_nametoindex(bound.as_slice()) {
        Ok(index) if index == interface => Ok(()),
        Ok(_) => Err(missing(io::Error::from(Errno::ENODEV))),
        Err(errno) => Err(unnamed(errno)),
    }
}

fn first_failure<const N: usize>(
    steps: [(&'static str, io::Result<()>); N],
) -> Result<(), OpenError> {
    for (name, outcome) in steps {
        outcome.map_err(|source| option(name, source))?;
    }
    Ok(())
}

const fn option(option: &'static str, source: io::Error) -> OpenError {
    OpenError::Option { option, source }
}

impl AsFd for AdvertSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

source_by_descriptor!(AdvertSocket);
