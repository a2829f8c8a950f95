//! The addresses and ports of a packet that a scheduler uses.

use core::net::{IpAddr, SocketAddr};

use crate::Protocol;

/// The packet that starts a connection, as far as schedulers look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Flow {
    /// Transport protocol.
    pub protocol: Protocol,
    /// The client.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_folded_word_by_word() {
        let address: IpAddr = "2001:db8:f731:5a5a:ffff:1:8421:6bff".parse().unwrap();
        // 0x20010db8 ^ 0xf7315a5a ^ 0xffff0001 ^ 0x84216bff.
        assert_eq!(fold(address), 0xacee_3c1c);
        assert_eq!(fold("10.1.2.3".parse().unwrap()), 0x0a01_0203);
    }
}
