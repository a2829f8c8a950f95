//! Packets, good and bad, and the router that receives them.

use core::net::IpAddr;

use serde::Deserialize;
use vrrp_core::announce::Slot;
use vrrp_core::endpoint::Table;
use vrrp_core::receive::{Conformance, Discard, Expect, Peer, Reach, Remarks};
use vrrp_core::wire::{
    Addresses, Advertisement, AhPacket, Authentication, ChecksumForm, DecodeError, Format,
    Ipv4Error, Ipv4Header, Ipv4Packet, Ipv6Header, Ipv6Packet, Key, MULTICAST_V4, MULTICAST_V6,
    PROTOCOL, PseudoHeader, TOS, TTL,
};
use vrrp_core::{Config, Endpoint, Event, Family, Instant, Interval, Settings, Version};

use super::version;
use crate::wire::octets;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    packets: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    #[serde(rename = "section")]
    _section: String,
    #[serde(rename = "origin")]
    _origin: String,
    packet: Option<String>,
    source: Option<IpAddr>,
    destination: Option<IpAddr>,
    ttl: Option<u8>,
    octets: Option<String>,
    router: Router,
    accepted: Option<Accepted>,
    written: Option<String>,
    discarded: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Router {
    version: u8,
    vrid: u8,
    #[serde(default = "hundred")]
    priority: u8,
    interval_cs: u16,
    addresses: Vec<IpAddr>,
    authentication: Option<Secret>,
    peer: Option<IpAddr>,
    first_address: Option<Discarding>,
    address_list: Option<Discarding>,
    #[serde(default)]
    owner_discards: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Discarding {
    Discard,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
enum Secret {
    Simple { password: String },
    Ah { password: String },
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Accepted {
    version: u8,
    vrid: u8,
    priority: u8,
    interval_cs: u16,
    addresses: Vec<IpAddr>,
    checksum: Option<String>,
    authentication: Option<String>,
    #[serde(default)]
    remarks: Vec<String>,
}

const fn hundred() -> u8 {
    100
}

fn key(password: &str) -> Key {
    Key::from_password(password.as_bytes()).unwrap()
}

/// What is left of a packet without the headers of IP.
struct Received {
    ends: PseudoHeader,
    ttl: u8,
    pdu: Vec<u8>,
}

impl Router {
    fn settings(&self) -> Settings {
        let family = self
            .addresses
            .first()
            .map_or(Family::V4, |one| Family::of(*one));
        let mut settings = Settings::new(version(self.version), family, self.vrid);
        settings.priority = self.priority;
        settings.interval = Interval::from_centis(self.interval_cs).unwrap();
        settings
    }

    /// Hands `receive` the router, and returns what it makes of its packet.
    fn judge<R>(&self, receive: impl FnOnce(&mut Endpoint<Table<'_>>) -> R) -> R {
        let config = Config::try_from(self.settings()).unwrap();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for address in &self.addresses {
            match address {
                IpAddr::V4(address) => v4.push(address.octets()),
                IpAddr::V6(address) => v6.push(address.octets()),
            }
        }
        let addresses = match config.family() {
            Family::V4 => Addresses::V4(&v4),
            Family::V6 => Addresses::V6(&v6),
        };
        let peers: Vec<_> = self
            .peer
            .iter()
            .map(|&address| Peer {
                address,
                min_ttl: 255,
                max_ttl: 255,
            })
            .collect();
        let mut slots = vec![Slot::EMPTY; self.addresses.len()];
        let mut table = Table::new(addresses, &mut slots);
        let policy = &mut table.policy;
        if self.peer.is_some() {
            policy.reach = Reach::Peers {
                peers: &peers,
                only: true,
            };
        }
        policy.expect = match &self.authentication {
            None => Expect::None,
            Some(Secret::Simple { password }) => Expect::Simple(key(password)),
            Some(Secret::Ah { password }) => Expect::Ah(key(password)),
        };
        let conformance = |setting: Option<Discarding>| match setting {
            Some(Discarding::Discard) => Conformance::Discard,
            None => Conformance::Report,
        };
        policy.first_address = conformance(self.first_address);
        policy.address_list = conformance(self.address_list);
        policy.owner_is_deaf = self.owner_discards;
        let mut endpoint = Endpoint::new(Instant::EPOCH, config, table).unwrap();
        let primary = match config.family() {
            Family::V4 => "192.0.2.250",
            Family::V6 => "fe80::250",
        };
        endpoint.handle(
            Instant::EPOCH,
            Event::PrimaryAddress(Some(primary.parse().unwrap())),
        );
        receive(&mut endpoint)
    }
}

impl Vector {
    /// What the router says of it: its remarks, or why it discards it.
    fn verdict(&self) -> Result<Remarks, Discard> {
        let now = Instant::EPOCH;
        let received = self.router.judge(|endpoint| match &self.packet {
            Some(hex) if hex.starts_with('4') => endpoint.receive_ipv4(now, &octets(hex)),
            _ => {
                let Received { ends, ttl, pdu } = self.received();
                endpoint.receive(now, &ends, ttl, &pdu)
            }
        });
        received.map(|received| received.admitted.remarks)
    }

    fn received(&self) -> Received {
        let Some(hex) = &self.packet else {
            let ends = PseudoHeader::new(self.source.unwrap(), self.destination.unwrap());
            return Received {
                ends: ends.unwrap(),
                ttl: self.ttl.unwrap(),
                pdu: octets(self.octets.as_ref().unwrap()),
            };
        };
        let packet = octets(hex);
        let (ends, ttl, pdu) = match packet[0] >> 4 {
            6 => {
                let ip = Ipv6Packet::decode(&packet).unwrap();
                (ip.pseudo_header(), ip.hop_limit, ip.payload)
            }
            _ => {
                let ip = Ipv4Packet::decode(&packet).unwrap();
                let ah = AhPacket::decode(&ip);
                (
                    ip.pseudo_header(),
                    ip.ttl,
                    ah.map_or(ip.payload, |ah| ah.payload),
                )
            }
        };
        let pdu = pdu.to_vec();
        Received { ends, ttl, pdu }
    }
}

impl Accepted {
    fn new(advertisement: &Advertisement<'_>, remarks: Remarks) -> Self {
        let checksum = match advertisement.format {
            Format::V2(_) => None,
            Format::V3(ChecksumForm::MessageOnly) => Some("message"),
            Format::V3(ChecksumForm::PseudoHeader) => Some("pseudo-header"),
            Format::V3(ChecksumForm::PseudoHeaderMulticast) => Some("pseudo-header-of-group"),
        };
        let authentication = match advertisement.format {
            Format::V2(Authentication::None) => Some("none"),
            Format::V2(Authentication::Simple(_)) => Some("simple"),
            Format::V2(Authentication::Ah) => Some("ah"),
            Format::V3(_) => None,
        };
        let named = [
            (remarks.interval, "interval"),
            (remarks.address_list, "address-list"),
            (remarks.first_address, "first-address"),
            (remarks.second_owner, "second-owner"),
        ];
        let told = named.into_iter().filter(|(told, _)| *told);
        Self {
            version: match advertisement.version() {
                Version::V2 => 2,
                Version::V3 => 3,
            },
            vrid: advertisement.vrid.get(),
            priority: advertisement.priority.get(),
            interval_cs: advertisement.interval.centis(),
            addresses: advertisement.addresses.iter().collect(),
            checksum: checksum.map(str::to_owned),
            authentication: authentication.map(str::to_owned),
            remarks: told.map(|(_, name)| name.to_owned()).collect(),
        }
    }
}

/// The name of a reason, as the README has it.
fn name(discard: &Discard) -> &'static str {
    match discard {
        Discard::Ipv4(Ipv4Error::TotalLength { .. }) => "ip-length",
        Discard::Ipv4(Ipv4Error::Fragment) => "fragment",
        Discard::Ipv4(_) => "ip-header",
        Discard::Ah(_) => "ah-header",
        Discard::Decode(error) => match error {
            DecodeError::Truncated { .. } => "truncated",
            DecodeError::Version(_) => "version",
            DecodeError::Type(_) => "type",
            DecodeError::Length { .. } => "length",
            DecodeError::Checksum => "checksum",
            DecodeError::VridZero => "vrid-zero",
            DecodeError::AuthenticationType(_) => "authentication-type-unknown",
            DecodeError::NoAddresses => "no-addresses",
            DecodeError::IntervalZero => "interval-zero",
            other => panic!("{other} has no name"),
        },
        Discard::Ttl(_) => "ttl",
        Discard::Vrid => "vrid",
        Discard::Version(_) => "version",
        Discard::Destination => "destination",
        Discard::Peer => "peer",
        Discard::AuthenticationType => "authentication-type",
        Discard::Authentication => "authentication",
        Discard::Replay => "replay",
        Discard::Owner => "owner",
        Discard::Interval { .. } => "interval",
        Discard::FirstAddress => "first-address",
        Discard::AddressList => "address-list",
        other => panic!("{other} has no name"),
    }
}

fn vectors() -> Vec<Vector> {
    let file: File = serde_json::from_str(include_str!("../../vectors/packets.json")).unwrap();
    assert_eq!(file.packets.len(), 114);
    file.packets
}

#[test]
fn every_packet_gets_its_verdict() {
    for vector in vectors() {
        match (&vector.accepted, &vector.discarded, vector.verdict()) {
            (Some(accepted), None, Ok(remarks)) => {
                let Received { ends, pdu, .. } = vector.received();
                let advertisement = Advertisement::decode(&pdu, &ends).unwrap();
                let read = Accepted::new(&advertisement, remarks);
                assert_eq!(&read, accepted, "{}", vector.name);
            }
            (None, Some(reason), Err(discard)) => {
                assert_eq!(name(&discard), reason, "{}", vector.name);
            }
            (.., verdict) => panic!("{}: {verdict:?}", vector.name),
        }
    }
}

/// What is accepted is what a sender writes, but for what a receiver ignores.
#[test]
fn every_accepted_packet_is_written_alike() {
    for vector in vectors().iter().filter(|one| one.accepted.is_some()) {
        let Received { ends, pdu, .. } = vector.received();
        let advertisement = Advertisement::decode(&pdu, &ends).unwrap();
        let mut encoded = Vec::new();
        advertisement.encode(&ends, &mut encoded).unwrap();
        let expected = vector
            .written
            .as_deref()
            .map_or_else(|| pdu.clone(), octets);
        assert_eq!(encoded, expected, "{}", vector.name);
        assert_eq!(encoded.len(), advertisement.encoded_len());
    }
}

/// The headers of IP that this crate writes: those without flags and options, and any flow label.
#[test]
fn every_header_is_written_alike() {
    let mut written = 0;
    for vector in vectors().iter().filter(|one| one.accepted.is_some()) {
        let Some(packet) = vector.packet.as_deref().map(octets) else {
            continue;
        };
        let mut encoded = Vec::new();
        let header = match packet[..] {
            [0x45, TOS, _, _, high, low, 0, 0, _, PROTOCOL, ..] => {
                let ip = Ipv4Packet::decode(&packet).unwrap();
                let header = Ipv4Header {
                    source: ip.source,
                    destination: MULTICAST_V4,
                    ttl: TTL,
                    tos: TOS,
                    id: u16::from_be_bytes([high, low]),
                    protocol: PROTOCOL,
                    payload_len: u16::try_from(ip.payload.len()).unwrap(),
                };
                header.encode(&mut encoded).unwrap();
                packet[..20].to_vec()
            }
            [0x6c, first, ..] => {
                let ip = Ipv6Packet::decode(&packet).unwrap();
                let header = Ipv6Header {
                    source: ip.source,
                    destination: MULTICAST_V6,
                    hop_limit: TTL,
                    traffic_class: TOS,
                    next_header: PROTOCOL,
                    payload_len: u16::try_from(ip.payload.len()).unwrap(),
                };
                header.encode(&mut encoded).unwrap();
                [&[0x6c, first & 0xf0, 0, 0], &packet[4..40]].concat()
            }
            _ => continue,
        };
        assert_eq!(encoded, header, "{}", vector.name);
        written += 1;
    }
    assert_eq!(written, 9);
}
