//! What a scheduler may look at.

use core::net::{IpAddr, SocketAddr};

use crate::Protocol;

/// The packet that starts a connection, as far as schedulers look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Flow {
    /// Transport protocol.
    pub protocol: Protocol,
    /// Where it comes from.
    pub client: SocketAddr,
    /// Where it goes: the virtual address, or what a mark stands for.
    pub target: SocketAddr,
}

/// The 32 bits that the hash schedulers see of an address, as a number in host order.
pub(crate) const fn fold(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the four words are folded one by one"
            )]
            let folded =
                (bits >> 96) as u32 ^ (bits >> 64) as u32 ^ (bits >> 32) as u32 ^ bits as u32;
            folded
        }
    }
}
