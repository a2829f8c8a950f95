//! Raw requests for which the crate has no type, sent on a client's own socket.
//!
//! The kernel answers to the number a request bears. When octets bear the one of the client's next
//! request, what the kernel says of them comes first, and the client takes it for the answer to
//! that.

use std::os::fd::AsRawFd;

use ipvs_netlink::Client;
use neli::consts::socket::NlFamily;
use neli::router::synchronous::NlRouter;
use neli::utils::Groups;
use nix::sys::socket::{MsgFlags, send};

/// The number of the first request after connecting, which asked for the version.
pub(crate) const FIRST: u32 = 2;

/// `NLM_F_REQUEST`.
pub(crate) const REQUEST: u16 = 1;
/// `NLM_F_DUMP`.
pub(crate) const DUMP: u16 = 0x300;

/// `IPVS_CMD_*`.
pub(crate) const NEW_SERVICE: u8 = 1;
pub(crate) const GET_SERVICE: u8 = 4;
pub(crate) const GET_DEST: u8 = 8;

/// Sends a message of the family "IPVS".
pub(crate) fn request(client: &Client, flags: u16, number: u32, command: u8, attributes: &[u8]) {
    let mut octets = Vec::new();
    octets.extend(u32::try_from(20 + attributes.len()).unwrap().to_ne_bytes());
    octets.extend(family().to_ne_bytes());
    octets.extend((REQUEST | flags).to_ne_bytes());
    octets.extend(number.to_ne_bytes());
    octets.extend([0; 4]);
    octets.extend([command, 1, 0, 0]);
    octets.extend(attributes);
    let sent = send(client.as_raw_fd(), &octets, MsgFlags::empty()).unwrap();
    assert_eq!(sent, octets.len());
}

/// An attribute, padded.
pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = 4 + value.len();
    let mut octets = Vec::new();
    octets.extend(u16::try_from(length).unwrap().to_ne_bytes());
    octets.extend(kind.to_ne_bytes());
    octets.extend(value);
    octets.resize(length.next_multiple_of(4), 0);
    octets
}

fn family() -> u16 {
    let (router, _) = NlRouter::connect(NlFamily::Generic, None, Groups::empty()).unwrap();
    router.resolve_genl_family("IPVS").unwrap()
}
