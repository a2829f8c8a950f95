//! The fields of a packet that IPVS looks at.

use crate::Flow;

/// The TCP flag that decides a state transition. If several are set, the kernel uses the first in
/// this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Segment {
    /// RST.
    Reset,
    /// SYN, also with ACK.
    Syn,
    /// FIN.
    Fin,
    /// ACK.
    Ack,
    /// None of the four, or not TCP.
    Other,
}

/// The direction of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Direction {
    /// From the client.
    Input,
    /// To the client; the director sees only those of masqueraded connections.
    Output,
}

/// A packet from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Packet {
    /// Source and destination.
    pub flow: Flow,
    /// The packet filter's mark; 0 for none.
    pub mark: u32,
    /// The TCP flag.
    pub segment: Segment,
}

impl Packet {
    /// The first packet of a connection: a SYN where the protocol is TCP.
    #[must_use]
    pub const fn first(flow: Flow) -> Self {
        Self {
            flow,
            mark: 0,
            segment: Segment::Syn,
        }
    }
}
