//! A small rtnetlink client: bridges, veth pairs and addresses.

use core::cell::Cell;
use core::fmt;
use core::net::Ipv4Addr;
use std::io;

use neli::consts::nl::{NlmF, NlmsgerrAttr};
use neli::consts::rtnl::{Ifa, Ifla, IflaInfo, RtAddrFamily, RtScope, RtaType, Rtm};
use neli::consts::socket::NlFamily;
use neli::err::{BuilderError, SocketError};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::rtnl::{Ifaddrmsg, IfaddrmsgBuilder, Ifinfomsg, IfinfomsgBuilder, Rtattr, RtattrBuilder};
use neli::socket::synchronous::NlSocketHandle;
use neli::types::{Buffer, RtBuffer};
use neli::utils::Groups;
use neli::{Size, ToBytes};
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::unistd::Pid;

/// `VETH_INFO_PEER` of linux/veth.h: the `ifinfomsg` and attributes of the other end.
const VETH_INFO_PEER: u16 = 1;

/// A blocking rtnetlink socket in the network namespace it was opened in.
pub(super) struct Rtnl {
    socket: NlSocketHandle,
    sequence: Cell<u32>,
}

impl Rtnl {
    pub(super) fn open() -> Result<Self, LinkError> {
        let socket = NlSocketHandle::connect(NlFamily::Route, None, Groups::empty())
            .map_err(LinkError::Socket)?;
        socket.enable_ext_ack(true).map_err(LinkError::Socket)?;
        Ok(Self {
            socket,
            sequence: Cell::new(0),
        })
    }

    /// Creates a bridge, up.
    pub(super) fn create_bridge(&self, name: &str) -> Result<(), LinkError> {
        let kind = link_info("bridge", None)?;
        let attributes = [attribute(Ifla::Ifname, name)?, kind];
        let link = link(0, true, attributes)?;
        self.change_link(Request::Bridge, NlmF::CREATE | NlmF::EXCL, link)
    }

    /// Creates a veth pair: `name` here, up and a port of `bridge`; the other end, of the name and
    /// hardware address `inner`, in the network namespace of the process `host`.
    pub(super) fn create_port(
        &self,
        name: &str,
        bridge: &str,
        inner: (&str, [u8; 6]),
        host: Pid,
    ) -> Result<(), LinkError> {
        let namespace = u32::try_from(host.as_raw()).unwrap_or(0);
        let peer = link(
            0,
            false,
            [
                attribute(Ifla::Ifname, inner.0)?,
                attribute(Ifla::Address, inner.1)?,
                attribute(Ifla::NetNsPid, namespace)?,
            ],
        )?;
        let attributes = [
            attribute(Ifla::Ifname, name)?,
            attribute(Ifla::Master, index(bridge)?)?,
            link_info("veth", Some(peer))?,
        ];
        let link = link(0, true, attributes)?;
        self.change_link(Request::Veth, NlmF::CREATE | NlmF::EXCL, link)
    }

    /// Deletes a link, and with it the other end of a veth pair. One that is gone already, as
    /// after the death of the host that had the other end, is no error.
    pub(super) fn delete(&self, name: &str) -> Result<(), LinkError> {
        let Ok(index) = index(name) else {
            return Ok(());
        };
        let link = link(unsigned_to_index(index), false, [])?;
        match self.exchange(Request::Delete, Rtm::Dellink, NlmF::empty(), link) {
            Err(LinkError::Refused { cause, .. })
                if cause.raw_os_error() == Some(Errno::ENODEV as i32) =>
            {
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Brings a link up.
    pub(super) fn set_up(&self, name: &str) -> Result<(), LinkError> {
        let link = link(unsigned_to_index(index(name)?), true, [])?;
        self.change_link(Request::Up, NlmF::empty(), link)
    }

    /// Gives a link an address.
    pub(super) fn add_address(
        &self,
        name: &str,
        address: Ipv4Addr,
        prefix_len: u8,
    ) -> Result<(), LinkError> {
        let octets = address.octets();
        let message = IfaddrmsgBuilder::default()
            .ifa_family(RtAddrFamily::Inet)
            .ifa_prefixlen(prefix_len)
            .ifa_scope(RtScope::Universe)
            .ifa_index(index(name)?)
            .rtattrs(
                [
                    attribute(Ifa::Local, octets)?,
                    attribute(Ifa::Address, octets)?,
                ]
                .into_iter()
                .collect(),
            )
            .build()
            .map_err(|error| LinkError::Build(error.into()))?;
        self.exchange::<Ifaddrmsg>(
            Request::Address,
            Rtm::Newaddr,
            NlmF::CREATE | NlmF::EXCL,
            message,
        )
    }

    fn change_link(&self, request: Request, flags: NlmF, link: Ifinfomsg) -> Result<(), LinkError> {
        self.exchange(request, Rtm::Newlink, flags, link)
    }

    /// Sends one request and waits for the kernel's verdict on it.
    fn exchange<P>(
        &self,
        request: Request,
        message_type: Rtm,
        flags: NlmF,
        payload: P,
    ) -> Result<(), LinkError>
    where
        P: Size + ToBytes + fmt::Debug,
    {
        let sequence = self.sequence.get().wrapping_add(1);
        self.sequence.set(sequence);
        let message = NlmsghdrBuilder::default()
            .nl_type(message_type)
            .nl_flags(flags | NlmF::REQUEST | NlmF::ACK)
            .nl_seq(sequence)
            .nl_payload(NlPayload::Payload(payload))
            .build()
            .map_err(|error| LinkError::Build(error.into()))?;
        self.socket.send(&message).map_err(LinkError::Socket)?;
        let (replies, _) = self
            .socket
            .recv::<u16, Buffer>()
            .map_err(LinkError::Socket)?;
        for reply in replies {
            let reply = reply.map_err(LinkError::Socket)?;
            if let NlPayload::Err(error) = reply.nl_payload() {
                let explanation = error
                    .ext_ack()
                    .iter()
                    .find(|part| *part.nla_type().nla_type() == NlmsgerrAttr::Msg)
                    .map(|part| {
                        String::from_utf8_lossy(part.nla_payload().as_ref())
                            .trim_end_matches('\0')
                            .to_owned()
                    });
                return Err(LinkError::Refused {
                    request,
                    cause: io::Error::from_raw_os_error(-error.error()),
                    explanation: Explanation(explanation),
                });
            }
        }
        Ok(())
    }
}

fn index(name: &str) -> Result<u32, LinkError> {
    if_nametoindex(name).map_err(|errno| LinkError::Index {
        name: name.to_owned(),
        source: errno.into(),
    })
}

/// The kernel counts interfaces in an `int`; zero, which names none, stands for the impossible.
fn unsigned_to_index(index: u32) -> i32 {
    i32::try_from(index).unwrap_or(0)
}

fn attribute<T, P>(kind: T, payload: P) -> Result<Rtattr<T, Buffer>, LinkError>
where
    T: RtaType,
    P: Size + ToBytes,
{
    RtattrBuilder::default()
        .rta_type(kind)
        .rta_payload(payload)
        .build()
        .map_err(|error| LinkError::Build(error.into()))
}

fn link_info(kind: &str, peer: Option<Ifinfomsg>) -> Result<Rtattr<Ifla, Buffer>, LinkError> {
    let mut info = RtBuffer::<IflaInfo, Buffer>::new();
    info.push(attribute(IflaInfo::Kind, kind)?);
    if let Some(peer) = peer {
        let mut data = RtBuffer::<Ifla, Buffer>::new();
        data.push(attribute(Ifla::from(VETH_INFO_PEER), peer)?);
        info.push(attribute(IflaInfo::Data, data)?);
    }
    attribute(Ifla::Linkinfo, info)
}

fn link<const N: usize>(
    index: i32,
    up: bool,
    attributes: [Rtattr<Ifla, Buffer>; N],
) -> Result<Ifinfomsg, LinkError> {
    let builder = IfinfomsgBuilder::default()
        .ifi_family(RtAddrFamily::Unspecified)
        .ifi_index(index)
        .rtattrs(attributes.into_iter().collect());
    let builder = if up { builder.up() } else { builder };
    builder
        .build()
        .map_err(|error| LinkError::Build(error.into()))
}

/// What was asked of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A bridge.
    Bridge,
    /// A veth pair between the bridge and a host.
    Veth,
    /// Deleting a link.
    Delete,
    /// Bringing a link up.
    Up,
    /// An address.
    Address,
}

impl Request {
    /// What to do where a kind of link is missing; EOPNOTSUPP says that of no other request.
    fn advice(self, cause: &io::Error) -> &'static str {
        let unsupported = cause.raw_os_error() == Some(Errno::EOPNOTSUPP as i32);
        match self {
            Self::Bridge if unsupported => {
                "; this kernel has no bridges: load the module with `modprobe bridge`, or use a \
                 kernel built with CONFIG_BRIDGE"
            }
            Self::Veth if unsupported => {
                "; this kernel has no veth pairs: load the module with `modprobe veth`, or use a \
                 kernel built with CONFIG_VETH"
            }
            Self::Bridge | Self::Veth | Self::Delete | Self::Up | Self::Address => "",
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bridge => "create a bridge",
            Self::Veth => "create a veth pair",
            Self::Delete => "delete a link",
            Self::Up => "bring a link up",
            Self::Address => "add an address",
        })
    }
}

/// The kernel's own words about a refusal.
#[derive(Debug)]
pub struct Explanation(Option<String>);

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => write!(f, " ({text})"),
            None => Ok(()),
        }
    }
}

/// A link or an address the kernel would not give.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The kernel refused.
    #[error("cannot {request}: {cause}{explanation}{}", request.advice(cause))]
    Refused {
        /// What was asked for.
        request: Request,
        /// The error number.
        cause: io::Error,
        /// What the kernel says about it, where it says anything.
        explanation: Explanation,
    },
    /// There is no interface of that name.
    #[error("no interface {name}")]
    Index {
        /// The name.
        name: String,
        /// The error number.
        source: io::Error,
    },
    /// The rtnetlink socket failed.
    #[error("cannot talk rtnetlink")]
    Socket(#[source] SocketError),
    /// A message could not be built.
    #[error("cannot build an rtnetlink message")]
    Build(#[source] BuilderError),
}
