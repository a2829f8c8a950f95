//! The transmission of advertisements and announcements.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::io;

use vrrp_core::receive::Expect;
use vrrp_core::wire::{
    Advertisement, AhHeader, ArpPacket, Authentication, ChecksumForm, EncodeError, EtherType,
    EthernetHeader, Format, Ipv4Header, Ipv6Header, NeighborAdvertisement, PROTOCOL, PseudoHeader,
    TOS, TTL, multicast_mac,
};
use vrrp_core::{Family, MacAddr, Priority, Version};

use super::Notice;
use super::ports::Ports;
use super::router::Router;
use super::spec::{Path, TransmitChecksum};
use crate::SendError;

/// Buffers that live as long as the driver.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pdu: Vec<u8>,
    packet: Vec<u8>,
}

impl Router {
    /// The format of an advertisement sent now.
    fn format(&self) -> Format {
        match (
            self.machine.config().version(),
            self.machine.config().family(),
        ) {
            (Version::V2, _) => Format::V2(match self.profile.shared.expect {
                Expect::None => Authentication::None,
                Expect::Simple(key) => Authentication::Simple(key.octets()),
                Expect::Ah(_) => Authentication::Ah,
            }),
            (Version::V3, Family::V6) => Format::V3(ChecksumForm::PseudoHeader),
            (Version::V3, Family::V4) => Format::V3(match self.profile.shared.checksum {
                TransmitChecksum::Always(form) => form,
                TransmitChecksum::FollowPeer(_) => self.form.get(),
            }),
        }
    }

    /// Sends one advertisement; what to tell if that fails and did not before.
    pub(super) fn advertise_or_tell(
        &mut self,
        priority: Priority,
        ports: &mut Ports,
        scratch: &mut Scratch,
    ) -> Option<Notice> {
        let sent = self.advertise(priority, ports, scratch);
        let failed_before = core::mem::replace(&mut self.send_failing, sent.is_err());
        let error = sent.err().filter(|_| !failed_before)?;
        let router = self.id;
        Some(Notice::SendFailed { router, error })
    }

    /// Sends one advertisement of `priority` to the group or to every peer (RFC 9568 §7.2
    /// and §7.3). The first failure is returned after every peer had its turn.
    pub(super) fn advertise(
        &mut self,
        priority: Priority,
        ports: &mut Ports,
        scratch: &mut Scratch,
    ) -> Result<(), SendError> {
        let missing = || SendError::Transient {
            source: io::ErrorKind::AddrNotAvailable.into(),
        };
        let source = self.source.ok_or_else(missing)?;
        let mut outcome = Ok(());
        match &self.profile.shared.path {
            Path::Multicast { group, .. } => {
                let group = *group;
                outcome = self.advertise_to(source, group, TTL, priority, ports, scratch);
            }
            Path::Unicast {
                peers, hop_limit, ..
            } => {
                let hop_limit = *hop_limit;
                for index in 0..peers.len() {
                    let Some(peer) = self.peer(index) else { break };
                    let sent = self.advertise_to(source, peer, hop_limit, priority, ports, scratch);
                    outcome = outcome.and(sent);
                }
            }
        }
        let left = outcome.is_ok();
        self.counters.update(|all| all.sent(priority, left));
        outcome
    }

    fn peer(&self, index: usize) -> Option<IpAddr> {
        match &self.profile.shared.path {
            Path::Unicast { peers, .. } => peers.get(index).map(|peer| peer.address),
            Path::Multicast { .. } => None,
        }
    }

    fn advertise_to(
        &mut self,
        source: IpAddr,
        destination: IpAddr,
        hop_limit: u8,
        priority: Priority,
        ports: &mut Ports,
        scratch: &mut Scratch,
    ) -> Result<(), SendError> {
        let ends = PseudoHeader::new(source, destination).ok_or(SendError::Family)?;
        let advertisement = Advertisement {
            vrid: self.machine.config().vrid(),
            priority,
            interval: self.machine.config().interval(),
            addresses: self.octets.first(self.advertised.into()),
            format: self.format(),
        };
        scratch.pdu.clear();
        advertisement
            .encode(&ends, &mut scratch.pdu)
            .map_err(|error| refused(&error))?;
        let frame = self.profile.virtual_mac().filter(|mac| !mac.transmit_base);
        let link = self.interface.zip(frame).zip(multicast_mac(destination));
        if let Some(((interface, virtual_mac), group_mac)) = link {
            let header = EthernetHeader {
                destination: group_mac,
                source: virtual_mac.mac,
                ether_type: match ends.family() {
                    Family::V4 => EtherType::IPV4,
                    Family::V6 => EtherType::IPV6,
                },
            };
            scratch.packet.clear();
            header
                .encode(&mut scratch.packet)
                .map_err(|error| refused(&error))?;
            self.encode_packet(&ends, hop_limit, scratch)?;
            let socket = ports
                .link(interface)
                .map_err(|source| SendError::Transient { source })?;
            return socket.send(&scratch.packet);
        }
        let missing = || SendError::Transient {
            source: io::ErrorKind::NotConnected.into(),
        };
        let index = self.listener.ok_or_else(missing)?;
        if let Expect::Ah(_) = self.profile.shared.expect {
            scratch.packet.clear();
            self.encode_packet(&ends, hop_limit, scratch)?;
            let listener = ports.listener(index).ok_or_else(missing)?;
            return listener.socket.send_packet(&scratch.packet);
        }
        let listener = ports.listener(index).ok_or_else(missing)?;
        listener.socket.send(&ends, hop_limit, &scratch.pdu)
    }

    /// Appends the IP packet around the advertisement in `scratch.pdu`.
    fn encode_packet(
        &mut self,
        ends: &PseudoHeader,
        hop_limit: u8,
        scratch: &mut Scratch,
    ) -> Result<(), SendError> {
        let payload_len =
            u16::try_from(scratch.pdu.len()).map_err(|_exceeds_ip| SendError::TooLong {
                octets: scratch.pdu.len(),
            })?;
        let outcome = match (*ends, self.profile.shared.expect) {
            (
                PseudoHeader::V4 {
                    source,
                    destination,
                },
                expect,
            ) => {
                // The kernel numbers what goes through its IP; a frame or a signed header does not.
                self.ah_sequence = self.ah_sequence.wrapping_add(1).max(1);
                let [.., high, low] = self.ah_sequence.to_be_bytes();
                let header = Ipv4Header {
                    source,
                    destination,
                    ttl: hop_limit,
                    tos: TOS,
                    id: u16::from_be_bytes([high, low]).max(1),
                    protocol: PROTOCOL,
                    payload_len,
                };
                match expect {
                    Expect::Ah(key) => AhHeader {
                        spi: u32::from(source),
                        sequence: self.ah_sequence,
                    }
                    .encode(
                        &header,
                        &scratch.pdu,
                        &key,
                        self.profile.shared.icv,
                        &mut scratch.packet,
                    ),
                    Expect::None | Expect::Simple(_) => {
                        let header = header.encode(&mut scratch.packet);
                        scratch.packet.extend_from_slice(&scratch.pdu);
                        header
                    }
                }
            }
            (
                PseudoHeader::V6 {
                    source,
                    destination,
                },
                _,
            ) => {
                let header = ipv6(source, destination, hop_limit, payload_len);
                let header = header.encode(&mut scratch.packet);
                scratch.packet.extend_from_slice(&scratch.pdu);
                header
            }
        };
        outcome.map_err(|error| refused(&error))
    }
}

const fn ipv6(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    hop_limit: u8,
    payload_len: u16,
) -> Ipv6Header {
    Ipv6Header {
        source,
        destination,
        hop_limit,
        next_header: PROTOCOL,
        traffic_class: TOS,
        payload_len,
    }
}

/// Sends one gratuitous ARP request or unsolicited neighbour advertisement for `address` from
/// `mac` on `interface` (RFC 9568 §6.4.1 and §6.4.2).
pub(super) fn announce(
    address: IpAddr,
    mac: MacAddr,
    interface: u32,
    router: bool,
    ports: &mut Ports,
    scratch: &mut Scratch,
) -> Result<(), SendError> {
    scratch.packet.clear();
    let encoded = match address {
        IpAddr::V4(address) => gratuitous_arp(mac, address, &mut scratch.packet),
        IpAddr::V6(address) => NeighborAdvertisement::unsolicited(mac, address, router).encode(
            mac,
            NeighborAdvertisement::ALL_NODES_MAC,
            &mut scratch.packet,
        ),
    };
    encoded.map_err(|error| refused(&error))?;
    let socket = ports
        .link(interface)
        .map_err(|source| SendError::Transient { source })?;
    socket.send(&scratch.packet)
}

fn gratuitous_arp(mac: MacAddr, address: Ipv4Addr, frame: &mut Vec<u8>) -> Result<(), EncodeError> {
    ArpPacket::gratuitous_request(mac, address).encode(mac, MacAddr::BROADCAST, frame)
}

/// An advertisement that cannot be written: the specification allows what the wire does not.
fn refused(error: &EncodeError) -> SendError {
    SendError::Fatal {
        source: io::Error::new(io::ErrorKind::InvalidInput, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::profile::Profile;
    use crate::driver::{RouterId, RouterSpec};
    use vrrp_core::receive::Admitted;
    use vrrp_core::{Config, Event, Heard, Instant, Interval, Settings};

    /// RFC 9568 §5.2.8 and what came before it.
    #[test]
    fn the_checksum_of_the_winner_is_followed_unless_one_is_prescribed() {
        let config = Config::try_from(Settings::new(Version::V3, Family::V4, 1)).unwrap();
        let router = |checksum: Option<TransmitChecksum>| {
            let mut spec = RouterSpec::new(config, "eth0".parse().unwrap(), Vec::new());
            spec.checksum = checksum.unwrap_or(spec.checksum);
            let (config, profile) = Profile::new(spec, [].iter());
            let id = RouterId::new(0, 0);
            let mut router = Router::new(id, config, profile, Instant::EPOCH, 0);
            let heard = Heard {
                source: [192, 0, 2, 9].into(),
                priority: Priority::from_wire(200),
                interval: Interval::DEFAULT,
            };
            let admitted = Admitted {
                heard,
                remarks: vrrp_core::receive::Remarks {
                    checksum: Some(ChecksumForm::MessageOnly),
                    ..Default::default()
                },
                listed: true,
            };
            let before = router.format();
            for event in [
                Event::PrimaryAddress(Some([192, 0, 2, 2].into())),
                Event::Startup,
                Event::Advertisement(heard),
            ] {
                let _actions = router.machine.handle(Instant::EPOCH, event);
            }
            for second in 0..5 {
                let now = Instant::from_millis(second * 1_000);
                router.form.heard(now, &router.machine, &admitted);
            }
            (before, router.format())
        };
        let (pseudo, plain) = (
            Format::V3(ChecksumForm::PseudoHeader),
            Format::V3(ChecksumForm::MessageOnly),
        );
        assert_eq!(router(None), (pseudo, plain));
        let always = TransmitChecksum::Always(ChecksumForm::PseudoHeader);
        assert_eq!(router(Some(always)), (pseudo, pseudo));
    }
}
