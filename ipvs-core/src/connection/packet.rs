//! The fields of a packet that IPVS looks at.

use crate::Flow;

/// What of the TCP header decides a transition. Where several flags are set, the kernel goes by
/// the first of these that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    /// Whence and whither.
    pub flow: Flow,
    /// The packet filter's mark; 0 for none.
    pub mark: u32,
    /// What of TCP it is.
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
