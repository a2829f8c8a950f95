//! Transmission: finished packets and frames.

use core::net::IpAddr;
use core::ops::Range;

use super::{Endpoint, Policy, Storage, TransmitChecksum, TransmitError};
use crate::receive::{Expect, Reach};
#[cfg(feature = "ah")]
use crate::wire::{AH_LEN, AhHeader};
use crate::wire::{
    Advertisement, Authentication, ChecksumForm, EncodeError, EtherType, EthernetHeader, Format,
    Ipv4Header, Ipv6Header, PROTOCOL, PseudoHeader, TOS, TTL, announcement_frame, multicast_mac,
};
use crate::{Family, Instant, Priority, Role, Version};

/// Octets of the longest packet or frame that an endpoint sends: an Ethernet and an IPv6 header and
/// an advertisement of 255 addresses.
pub const MAX_TRANSMIT: usize = EthernetHeader::LEN + Ipv6Header::LEN + 8 + 255 * 16;

/// Something to send now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmit<'b> {
    /// An advertisement, for a raw socket of protocol 112 that writes the IP header: between `ends`,
    /// with the time to live or hop limit `ttl` and the type of service [`TOS`].
    Payload {
        /// Source and destination.
        ends: PseudoHeader,
        /// Time to live, or hop limit.
        ttl: u8,
        /// The IP payload.
        octets: &'b [u8],
    },
    /// An advertisement in an Authentication Header, for a raw socket that takes the IPv4 header
    /// too.
    Packet {
        /// Source and destination.
        ends: PseudoHeader,
        /// The IPv4 packet.
        octets: &'b [u8],
    },
    /// An advertisement from the virtual MAC address, for a packet socket on the router's
    /// interface.
    Frame {
        /// The Ethernet frame.
        octets: &'b [u8],
    },
    /// A gratuitous ARP request or an unsolicited neighbour advertisement, for a packet socket on
    /// the interface that has the address.
    Announcement {
        /// The position of the address.
        position: usize,
        /// The address.
        address: IpAddr,
        /// The Ethernet frame.
        octets: &'b [u8],
    },
}

impl<'b> Transmit<'b> {
    /// What to send.
    #[must_use]
    pub const fn octets(&self) -> &'b [u8] {
        match self {
            Self::Payload { octets, .. }
            | Self::Packet { octets, .. }
            | Self::Frame { octets }
            | Self::Announcement { octets, .. } => octets,
        }
    }
}

/// An advertisement on its way: to the group, or to one peer after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Advert {
    priority: Priority,
    failed: bool,
    /// It has gone to everybody.
    complete: bool,
    /// The position of the next destination.
    next: u32,
}

impl Advert {
    pub(super) const fn new(priority: Priority) -> Self {
        Self {
            priority,
            failed: false,
            complete: false,
            next: 0,
        }
    }

    /// Where it goes next, with which time to live, and whether that is the last destination; nowhere
    /// if it has gone to everybody.
    fn destination(&self, policy: &Policy<'_>) -> Option<(IpAddr, u8, bool)> {
        match policy.reach {
            Reach::Group(group) => Some((group, TTL, true)),
            Reach::Peers { peers, .. } => {
                let next = usize::try_from(self.next).ok()?;
                let peer = peers.get(next)?;
                Some((peer.address, policy.hop_limit, next + 1 == peers.len()))
            }
        }
    }
}

/// Where a packet goes.
#[derive(Clone, Copy)]
struct Route {
    ends: PseudoHeader,
    ttl: u8,
}

impl Route {
    fn new(source: IpAddr, destination: IpAddr, ttl: u8) -> Option<Self> {
        let ends = PseudoHeader::new(source, destination)?;
        Some(Self { ends, ttl })
    }
}

/// The form of an encoded advertisement.
enum Envelope {
    Payload,
    #[cfg(feature = "ah")]
    Packet,
    Frame,
}

impl<S: Storage> Endpoint<S> {
    /// What to send at `now`: advertisements, then announcements. Written to `buf`, which has
    /// [`MAX_TRANSMIT`] octets.
    ///
    /// Call it until it says `None`, after every call that changes the endpoint.
    pub fn poll_transmit<'b>(&mut self, now: Instant, buf: &'b mut [u8]) -> Option<Transmit<'b>> {
        if self.advert.is_some()
            && let Some((envelope, route, written)) = self.next_advertisement(buf)
        {
            return Some(envelope.around(route, buf.get(written)?));
        }
        self.poll_announcement(now, buf)
    }

    /// The advertisements of [`poll_transmit`](Self::poll_transmit) alone, for a runtime that keeps
    /// those of many routers from waiting for announcements.
    pub fn poll_advertisement<'b>(&mut self, buf: &'b mut [u8]) -> Option<Transmit<'b>> {
        let (envelope, route, written) = self.next_advertisement(buf)?;
        Some(envelope.around(route, buf.get(written)?))
    }

    /// The announcements of [`poll_transmit`](Self::poll_transmit) alone. An address is announced
    /// once it is in place, never before (RFC 9568 §8.1.2, §8.2.2).
    pub fn poll_announcement<'b>(
        &mut self,
        now: Instant,
        buf: &'b mut [u8],
    ) -> Option<Transmit<'b>> {
        if self.machine.role() != Role::Active {
            return None;
        }
        self.storage.announcer()?;
        let (announcer, slots) = self.storage.announcer_mut();
        let Some(position) = announcer.next(now, slots) else {
            self.tidy(now);
            return None;
        };
        let mac = slots.get(position).and_then(|slot| slot.mac())?;
        let address = self.storage.address(position)?;
        match announcement_frame(address, mac, &mut &mut *buf) {
            Ok(octets) => Some(Transmit::Announcement {
                position,
                address,
                octets: buf.get(..octets)?,
            }),
            Err(error) => {
                self.pending.not_sent = Some(error.into());
                None
            }
        }
    }

    /// The last packet or frame was not sent: an advertisement is counted so, and an announcement is
    /// lost like one on the wire. Call it before the next poll.
    pub const fn not_sent(&mut self) {
        if let Some(advert) = &mut self.advert {
            advert.failed = true;
        }
    }

    /// The last announcement found no room in a queue of the kernel: it is sent again, and no other
    /// before `until`. Call it before the next poll.
    pub fn blocked(&mut self, until: Instant) {
        if self.storage.announcer().is_some() {
            let (announcer, slots) = self.storage.announcer_mut();
            announcer.blocked(slots, until);
        }
    }

    /// When [`poll_announcement`](Self::poll_announcement) has something; `None` if nothing is to be
    /// announced. May be in the past, also after a poll that gave nothing: a long list is searched in
    /// several calls.
    #[must_use]
    pub fn announcement_deadline(&self) -> Option<Instant> {
        self.storage.announcer()?.deadline()
    }

    /// The next packet with an advertisement, and where in `buf` it is. Counts the advertisement
    /// when it has gone to everybody.
    fn next_advertisement(&mut self, buf: &mut [u8]) -> Option<(Envelope, Route, Range<usize>)> {
        loop {
            let advert = self.advert?;
            if advert.complete {
                self.settle();
                return None;
            }
            let policy = self.storage.policy();
            // An update may have left fewer peers.
            let Some((to, ttl, complete)) = advert.destination(&policy) else {
                self.settle();
                return None;
            };
            let route = self.source.and_then(|source| Route::new(source, to, ttl));
            // The kernel numbers what goes through its IP; a frame or a signed header does not.
            let sequence = self.ah_sequence.wrapping_add(1).max(1);
            let encoded = match route {
                None => Err(TransmitError::NoSource),
                Some(route) => (self.encode(&policy, advert.priority, &route, sequence, buf))
                    .map(|(envelope, written)| (envelope, route, written))
                    .map_err(TransmitError::Encode),
            };
            self.advert = Some(Advert {
                next: advert.next.saturating_add(1),
                failed: advert.failed || encoded.is_err(),
                complete,
                ..advert
            });
            match encoded {
                Ok(packet) => {
                    let is_numbered = !matches!(packet.0, Envelope::Payload);
                    if is_numbered && self.machine.config().family() == Family::V4 {
                        self.ah_sequence = sequence;
                    }
                    return Some(packet);
                }
                Err(error) => self.pending.not_sent = Some(error),
            }
        }
    }

    /// Counts the advertisement that was under way.
    pub(super) fn settle(&mut self) {
        if let Some(advert) = self.advert.take().filter(|advert| advert.next > 0) {
            let Advert {
                priority, failed, ..
            } = advert;
            self.storage.count(|all| all.sent(priority, !failed));
        }
    }

    fn encode(
        &self,
        policy: &Policy<'_>,
        priority: Priority,
        route: &Route,
        sequence: u32,
        buf: &mut [u8],
    ) -> Result<(Envelope, Range<usize>), EncodeError> {
        let advertisement = Advertisement {
            vrid: self.machine.config().vrid(),
            priority,
            interval: self.machine.config().interval(),
            addresses: self.advertised(),
            format: self.format(policy),
        };
        let link = policy.source_mac.and_then(|source| {
            let destination = multicast_mac(route.ends.destination())?;
            Some((source, destination))
        });
        let mut packet = Packet {
            buf,
            ends: &route.ends,
            ttl: route.ttl,
            sequence,
        };
        match (link, ah_key(policy)) {
            (Some((source, destination)), key) => {
                let header = EthernetHeader {
                    destination,
                    source,
                    ether_type: match route.ends.family() {
                        Family::V4 => EtherType::IPV4,
                        Family::V6 => EtherType::IPV6,
                    },
                };
                let frame = packet.frame(&header, &advertisement, key)?;
                Ok((Envelope::Frame, frame))
            }
            #[cfg(feature = "ah")]
            (None, Some(key)) => {
                let octets = packet.authenticated(0, &advertisement, key)?;
                Ok((Envelope::Packet, 0..octets))
            }
            (None, None) => {
                let all = packet.buf.len();
                let mut room = &mut *packet.buf;
                advertisement.encode(packet.ends, &mut room)?;
                Ok((Envelope::Payload, 0..all.saturating_sub(room.len())))
            }
        }
    }

    /// The format of an advertisement sent now.
    const fn format(&self, policy: &Policy<'_>) -> Format {
        let config = self.machine.config();
        match (config.version(), config.family()) {
            (Version::V2, _) => Format::V2(match policy.expect {
                Expect::None => Authentication::None,
                Expect::Simple(key) => Authentication::Simple(key.octets()),
                #[cfg(feature = "ah")]
                Expect::Ah(_) => Authentication::Ah,
            }),
            (Version::V3, Family::V6) => Format::V3(ChecksumForm::PseudoHeader),
            (Version::V3, Family::V4) => Format::V3(match policy.checksum {
                TransmitChecksum::Always(form) => form,
                TransmitChecksum::FollowPeer(_) => self.form.get(),
            }),
        }
    }
}

/// The key of an Authentication Header and the form of its integrity check value.
#[cfg(feature = "ah")]
type AhKey = (crate::wire::Key, crate::wire::IcvForm);
/// Without the feature there is no key, and none needs to be handled.
#[cfg(not(feature = "ah"))]
type AhKey = core::convert::Infallible;

/// What an advertisement is authenticated with, if it has an Authentication Header.
const fn ah_key(policy: &Policy<'_>) -> Option<AhKey> {
    match policy.expect {
        #[cfg(feature = "ah")]
        Expect::Ah(key) => Some((key, policy.icv)),
        Expect::None | Expect::Simple(_) => None,
    }
}

impl Envelope {
    const fn around(self, Route { ends, ttl }: Route, octets: &[u8]) -> Transmit<'_> {
        match self {
            Self::Payload => Transmit::Payload { ends, ttl, octets },
            #[cfg(feature = "ah")]
            Self::Packet => Transmit::Packet { ends, octets },
            Self::Frame => Transmit::Frame { octets },
        }
    }
}

/// An IP packet that is being written.
struct Packet<'a> {
    buf: &'a mut [u8],
    ends: &'a PseudoHeader,
    ttl: u8,
    sequence: u32,
}

impl Packet<'_> {
    fn frame(
        &mut self,
        header: &EthernetHeader,
        advertisement: &Advertisement<'_>,
        key: Option<AhKey>,
    ) -> Result<Range<usize>, EncodeError> {
        header.encode(&mut &mut *self.buf)?;
        match key {
            #[cfg(feature = "ah")]
            Some(key) => {
                let octets = self.authenticated(EthernetHeader::LEN, advertisement, key)?;
                return Ok(0..EthernetHeader::LEN + octets);
            }
            None => {}
        }
        let octets = advertisement.encoded_len();
        let payload_len =
            u16::try_from(octets).map_err(|_| EncodeError::PayloadLength { octets })?;
        let ipv4 = self.ipv4(payload_len);
        let mut room = self.buf.get_mut(EthernetHeader::LEN..).unwrap_or_default();
        let header_len = match *self.ends {
            PseudoHeader::V4 { .. } => {
                ipv4?.encode(&mut room)?;
                Ipv4Header::LEN
            }
            PseudoHeader::V6 {
                source,
                destination,
            } => {
                let header = Ipv6Header {
                    source,
                    destination,
                    hop_limit: self.ttl,
                    traffic_class: TOS,
                    next_header: PROTOCOL,
                    payload_len,
                };
                header.encode(&mut room)?;
                Ipv6Header::LEN
            }
        };
        advertisement.encode(self.ends, &mut room)?;
        Ok(0..EthernetHeader::LEN + header_len + octets)
    }

    /// Writes an IPv4 packet with an Authentication Header behind `offset` octets, and gives its
    /// length.
    #[cfg(feature = "ah")]
    fn authenticated(
        &mut self,
        offset: usize,
        advertisement: &Advertisement<'_>,
        (key, icv): AhKey,
    ) -> Result<usize, EncodeError> {
        let octets = advertisement.encoded_len();
        let needed = Ipv4Header::LEN + AH_LEN + octets;
        let room = self.buf.len();
        let no_room = EncodeError::NoRoom {
            needed: offset + needed + octets,
            room,
        };
        let payload_len =
            u16::try_from(octets).map_err(|_| EncodeError::PayloadLength { octets })?;
        let header = self.ipv4(payload_len)?;
        // What is authenticated is written to the end of the buffer first.
        let split = room.checked_sub(octets).ok_or(no_room)?;
        let (front, payload) = self.buf.split_at_mut(split);
        let mut rest = &mut *payload;
        advertisement.encode(self.ends, &mut rest)?;
        let mut front = front.get_mut(offset..).ok_or(no_room)?;
        let ah = AhHeader {
            spi: u32::from(header.source),
            sequence: self.sequence,
        };
        ah.encode(&header, payload, &key, icv, &mut front)?;
        Ok(needed)
    }

    fn ipv4(&self, payload_len: u16) -> Result<Ipv4Header, EncodeError> {
        let [.., high, low] = self.sequence.to_be_bytes();
        match *self.ends {
            PseudoHeader::V4 {
                source,
                destination,
            } => Ok(Ipv4Header {
                source,
                destination,
                ttl: self.ttl,
                tos: TOS,
                id: u16::from_be_bytes([high, low]).max(1),
                protocol: PROTOCOL,
                payload_len,
            }),
            PseudoHeader::V6 { .. } => Err(EncodeError::V2OverIpv6),
        }
    }
}
