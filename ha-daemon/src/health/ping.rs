//! `PING_CHECK`: an echo request is answered (RFC 792, RFC 4443 §4.1 and §4.2).
//!
//! Messages are without the IP header, as ping sockets deliver them and as raw IPv6 sockets do; the
//! owner of a raw IPv4 socket takes the header off. Over IPv6 the kernel fills in and verifies the
//! checksum on either kind of socket; over IPv4 a raw socket's owner has to, so it is done here.

use core::time::Duration;

use vrrp_core::Family;
use vrrp_core::wire::Checksum;

use super::attempt::{Exchange, Failure, Outcome, Passed};

/// Type, code, checksum, identifier, sequence number.
const HEADER_LEN: usize = 8;
/// Data octets: as many as `ping` sends.
const DATA_LEN: usize = 56;
/// An echo message as sent here.
const MESSAGE_LEN: usize = HEADER_LEN + DATA_LEN;

/// Who chooses the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// The kernel, for a ping socket (`IPPROTO_ICMP` datagrams): it writes the socket's number into
    /// requests and delivers the replies to it alone.
    Kernel,
    /// The owner of a raw socket, which hears the replies to everybody.
    Own(u16),
}

impl Identifier {
    const fn field(self) -> u16 {
        match self {
            Self::Kernel => 0,
            Self::Own(identifier) => identifier,
        }
    }
}

/// One echo request.
#[derive(Clone, Copy, Debug)]
pub struct PingCheck {
    family: Family,
    identifier: Identifier,
    sequence: u16,
    nonce: u64,
}

impl PingCheck {
    /// A request with this sequence number. The `nonce` is to be drawn at random for each attempt:
    /// it distinguishes the answer from late ones and from forged ones.
    #[must_use]
    pub const fn new(family: Family, identifier: Identifier, sequence: u16, nonce: u64) -> Self {
        Self {
            family,
            identifier,
            sequence,
            nonce,
        }
    }

    const fn request_type(&self) -> u8 {
        match self.family {
            Family::V4 => 8,
            Family::V6 => 128,
        }
    }

    const fn reply_type(&self) -> u8 {
        match self.family {
            Family::V4 => 0,
            Family::V6 => 129,
        }
    }

    fn data(&self) -> [u8; DATA_LEN] {
        let mut data = [0; DATA_LEN];
        let (nonce, filler) = data.split_at_mut(8);
        nonce.copy_from_slice(&self.nonce.to_be_bytes());
        for (place, octet) in filler.iter_mut().zip(8..) {
            *place = octet;
        }
        data
    }

    fn is_reply(&self, message: &[u8]) -> bool {
        let Some((header, data)) = message.split_first_chunk::<HEADER_LEN>() else {
            return false;
        };
        let [kind, code, _, _, id_high, id_low, sequence @ ..] = *header;
        let ours = match self.identifier {
            Identifier::Kernel => true,
            Identifier::Own(identifier) => identifier.to_be_bytes() == [id_high, id_low],
        };
        let intact = match self.family {
            Family::V4 => Checksum::new().octets(message).verifies(),
            Family::V6 => true,
        };
        kind == self.reply_type()
            && code == 0
            && ours
            && sequence == self.sequence.to_be_bytes()
            && data == self.data()
            && intact
    }
}

impl Exchange for PingCheck {
    fn request(&mut self, out: &mut Vec<u8>) {
        let [id_high, id_low] = self.identifier.field().to_be_bytes();
        let [sequence_high, sequence_low] = self.sequence.to_be_bytes();
        let header = |[high, low]: [u8; 2]| {
            [
                self.request_type(),
                0,
                high,
                low,
                id_high,
                id_low,
                sequence_high,
                sequence_low,
            ]
        };
        let data = self.data();
        let checksum = match self.family {
            Family::V4 => Checksum::new()
                .octets(&header([0, 0]))
                .octets(&data)
                .field(),
            Family::V6 => [0, 0],
        };
        out.reserve(MESSAGE_LEN);
        out.extend_from_slice(&header(checksum));
        out.extend_from_slice(&data);
    }

    fn answer(&mut self, datagram: &[u8]) -> Option<Outcome> {
        self.is_reply(datagram).then(|| Ok(Passed::default()))
    }

    fn timed_out(&mut self, limit: Duration) -> Outcome {
        Err(Failure::NoAnswer(limit))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DATA: &[u8] = b"\x01\x23\x45\x67\x89\xab\xcd\xef\
        \x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\
        \x20\x21\x22\x23\x24\x25\x26\x27\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f\x30\x31\x32\x33\x34\x35\x36\x37";
    const PASSED: Option<Outcome> = Some(Ok(Passed { weight: None }));

    fn check(family: Family, identifier: Identifier) -> PingCheck {
        PingCheck::new(family, identifier, 0x0102, 0x0123_4567_89ab_cdef)
    }

    fn message(header: &[u8]) -> Vec<u8> {
        [header, DATA].concat()
    }

    fn request(mut check: PingCheck) -> Vec<u8> {
        let mut out = Vec::new();
        check.request(&mut out);
        out
    }

    #[test]
    fn requests_are_as_the_protocols_have_them() {
        assert_eq!(
            request(check(Family::V4, Identifier::Own(0xbeef))),
            message(b"\x08\x00\xae\xe5\xbe\xef\x01\x02")
        );
        assert_eq!(
            request(check(Family::V6, Identifier::Own(0xbeef))),
            message(b"\x80\x00\x00\x00\xbe\xef\x01\x02")
        );
        assert_eq!(
            request(check(Family::V6, Identifier::Kernel)),
            message(b"\x80\x00\x00\x00\x00\x00\x01\x02")
        );
    }

    #[test]
    fn the_reply_to_the_request_passes() {
        let mut v4 = check(Family::V4, Identifier::Own(0xbeef));
        let reply = message(b"\x00\x00\xb6\xe5\xbe\xef\x01\x02");
        assert_eq!(v4.answer(&reply), PASSED);
        let mut v6 = check(Family::V6, Identifier::Own(0xbeef));
        let reply = message(b"\x81\x00\x12\x34\xbe\xef\x01\x02");
        assert_eq!(v6.answer(&reply), PASSED);
    }

    #[test]
    fn waits_past_what_is_not_the_reply() {
        let mut v6 = check(Family::V6, Identifier::Own(0xbeef));
        for header in [
            b"\x80\x00\x00\x00\xbe\xef\x01\x02",
            b"\x81\x01\x00\x00\xbe\xef\x01\x02",
            b"\x81\x00\x00\x00\xbe\xee\x01\x02",
            b"\x81\x00\x00\x00\xbe\xef\x01\x03",
            b"\x00\x00\x00\x00\xbe\xef\x01\x02",
        ] {
            assert_eq!(v6.answer(&message(header)), None, "{header:02x?}");
        }
        let reply = message(b"\x81\x00\x00\x00\xbe\xef\x01\x02");
        assert_eq!(v6.answer(&reply[..reply.len() - 1]), None, "shorter");
        assert_eq!(v6.answer(&[&reply[..], b"\x38"].concat()), None, "longer");
        let mut other = reply;
        other[8] ^= 0x80;
        assert_eq!(v6.answer(&other), None, "another nonce");
    }

    #[test]
    fn a_damaged_reply_over_ipv4_is_not_one() {
        let mut v4 = check(Family::V4, Identifier::Own(0xbeef));
        assert_eq!(
            v4.answer(&message(b"\x00\x00\xb6\xe4\xbe\xef\x01\x02")),
            None
        );
    }

    #[test]
    fn the_kernels_identifier_may_be_any() {
        let mut v6 = check(Family::V6, Identifier::Kernel);
        let reply = message(b"\x81\x00\x00\x00\x77\x77\x01\x02");
        assert_eq!(v6.answer(&reply), PASSED);
    }

    proptest! {
        #[test]
        fn no_message_panics(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(check(Family::V4, Identifier::Own(1)).answer(&octets), None);
            prop_assert_eq!(check(Family::V6, Identifier::Kernel).answer(&octets), None);
        }

        #[test]
        fn an_echo_of_the_request_passes(id: u16, sequence: u16, nonce: u64, v4: bool) {
            let family = if v4 { Family::V4 } else { Family::V6 };
            let mut check = PingCheck::new(family, Identifier::Own(id), sequence, nonce);
            let mut reply = request(check);
            reply[0] = if v4 { 0 } else { 129 };
            if v4 {
                reply[2..4].fill(0);
                let sum = Checksum::new().octets(&reply).field();
                reply[2..4].copy_from_slice(&sum);
            }
            prop_assert_eq!(check.answer(&reply), PASSED);
        }
    }
}
