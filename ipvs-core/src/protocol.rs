//! Transport protocols.

use core::fmt;

/// The transport protocol of a service, by its number in the IP header.
///
/// The kernel accepts any number here and schedules only [`TCP`](Self::TCP), [`UDP`](Self::UDP)
/// and [`SCTP`](Self::SCTP).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Protocol(pub u8);

impl Protocol {
    /// TCP, 6.
    pub const TCP: Self = Self(6);
    /// UDP, 17.
    pub const UDP: Self = Self(17);
    /// SCTP, 132.
    pub const SCTP: Self = Self(132);

    /// Whether the kernel schedules connections of this protocol.
    #[must_use]
    pub const fn is_scheduled(self) -> bool {
        matches!(self, Self::TCP | Self::UDP | Self::SCTP)
    }
}

/// `TCP`, `UDP`, `SCTP`, or the number.
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TCP => f.write_str("TCP"),
            Self::UDP => f.write_str("UDP"),
            Self::SCTP => f.write_str("SCTP"),
            Self(number) => write!(f, "protocol {number}"),
        }
    }
}
