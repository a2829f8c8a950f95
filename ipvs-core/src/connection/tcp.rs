//! The TCP states of IPVS connections.

use super::{Direction, Segment};
use crate::Timeouts;

/// The state of a TCP connection, as the director derives it from the packets it sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum TcpState {
    /// Nothing seen yet.
    #[default]
    None,
    /// ESTABLISHED.
    Established,
    /// SYN_SENT.
    SynSent,
    /// SYN_RECV.
    SynReceived,
    /// FIN_WAIT.
    FinWait,
    /// TIME_WAIT.
    TimeWait,
    /// CLOSE.
    Close,
    /// CLOSE_WAIT.
    CloseWait,
    /// LAST_ACK.
    LastAck,
    /// LISTEN.
    Listen,
    /// SYNACK.
    SynAck,
}

use TcpState::{
    Close as CL, CloseWait as CW, Established as ES, FinWait as FW, LastAck as LA, Listen as LI,
    SynAck as SA, SynReceived as SR, SynSent as SS, TimeWait as TW,
};

/// Which packets of a connection the director has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Track {
    /// Those from the client only, as with direct routing and tunnels.
    InputOnly,
    /// Those from the client; answers pass here too.
    Input,
    /// Those to the client.
    Output,
}

impl Track {
    /// The track of a packet in `direction` of a connection whose answers have been seen or are
    /// expected (`answered`).
    #[must_use]
    pub const fn new(direction: Direction, answered: bool) -> Self {
        match (direction, answered) {
            (Direction::Output, _) => Self::Output,
            (Direction::Input, true) => Self::Input,
            (Direction::Input, false) => Self::InputOnly,
        }
    }
}

impl TcpState {
    /// Every state, in the kernel's order.
    pub const ALL: [Self; 11] = [Self::None, ES, SS, SR, FW, TW, CL, CW, LA, LI, SA];

    /// The state after `segment`.
    #[must_use]
    pub fn after(self, track: Track, segment: Segment) -> Self {
        let row = match (track, segment) {
            (_, Segment::Other) => return CL,
            (Track::Input | Track::InputOnly, Segment::Syn) => {
                [SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR]
            }
            (Track::Input, Segment::Fin) => [CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW],
            (Track::InputOnly, Segment::Fin) => [CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW],
            (Track::Input | Track::InputOnly, Segment::Ack) => {
                [ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES]
            }
            (Track::Input, Segment::Reset) => [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR],
            (Track::InputOnly, Segment::Reset) => [CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL],
            (Track::Output, Segment::Syn) => [SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR],
            (Track::Output, Segment::Fin) => [TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW],
            (Track::Output, Segment::Ack) => [ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES],
            (Track::Output, Segment::Reset) => [CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL],
        };
        let column = Self::ALL.iter().position(|&state| state == self);
        column
            .and_then(|column| row.get(column))
            .copied()
            .unwrap_or(CL)
    }

    /// Whether a connection in this state counts as active.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, ES | SS | SR | SA)
    }

    /// How long a connection in this state stays without a packet, in seconds.
    #[must_use]
    pub const fn timeout(self, timeouts: &Timeouts) -> u32 {
        match self {
            Self::None => 2,
            ES => timeouts.tcp,
            FW => timeouts.tcp_fin,
            SS | TW | LI | SA => 120,
            SR | CW => 60,
            CL => 10,
            LA => 30,
        }
    }
}
