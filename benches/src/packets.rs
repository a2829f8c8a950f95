//! A virtual router of two addresses, its neighbour, and their packets.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_core::announce::Slot;
use vrrp_core::receive::{Admission, Packet, ReplayWindow};
use vrrp_core::wire::{
    Addresses, Advertisement, ChecksumForm, Format, MULTICAST_V4, MULTICAST_V6, PseudoHeader,
};
use vrrp_core::{
    Config, Event, Family, Heard, Instant, Interval, MacAddr, Priority, Settings, Version,
    VirtualRouter, Vrid,
};

/// The VRID of the virtual router.
pub const VRID: u8 = 51;
/// The primary address of the neighbour, which sends what is received.
pub const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// The addresses of the virtual router over IPv4.
pub const LIST_V4: [[u8; 4]; 2] = [[192, 0, 2, 100], [192, 0, 2, 101]];

const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const LIST_V6: [[u8; 16]; 2] = [
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 1, 51).octets(),
    Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x64).octets(),
];

/// The ends of the neighbour's packets.
#[must_use]
pub const fn ends(family: Family) -> PseudoHeader {
    match family {
        Family::V4 => PseudoHeader::V4 {
            source: NEIGHBOUR,
            destination: MULTICAST_V4,
        },
        Family::V6 => PseudoHeader::V6 {
            source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2),
            destination: MULTICAST_V6,
        },
    }
}

/// The neighbour's advertisement of VRRPv3 every second, with the RFC 5798 form of the checksum.
#[must_use]
pub const fn advertisement(family: Family) -> Advertisement<'static> {
    Advertisement {
        vrid: Vrid::new(VRID).expect("it is not 0"),
        priority: Priority::DEFAULT,
        interval: Interval::DEFAULT,
        addresses: match family {
            Family::V4 => Addresses::V4(&LIST_V4),
            Family::V6 => Addresses::V6(&LIST_V6),
        },
        format: Format::V3(ChecksumForm::PseudoHeader),
    }
}

/// `advertisement` as octets: 16 over IPv4, 40 over IPv6, 24 in version 2.
///
/// # Panics
/// If it cannot be encoded between `ends`.
#[must_use]
pub fn octets(advertisement: &Advertisement<'_>, ends: &PseudoHeader) -> Vec<u8> {
    let mut octets = Vec::new();
    let encoded = advertisement.encode(ends, &mut octets);
    encoded.expect("a vector has room for every advertisement");
    octets
}

/// What a state machine hears of the neighbour.
#[must_use]
pub const fn heard(priority: Priority) -> Heard {
    Heard {
        source: IpAddr::V4(NEIGHBOUR),
        priority,
        interval: Interval::DEFAULT,
    }
}

/// The virtual router at priority 100 and one second, in Backup since the epoch.
///
/// # Panics
/// Never: the settings are valid.
#[must_use]
pub fn backup() -> VirtualRouter {
    let settings = Settings::new(Version::V3, Family::V4, VRID);
    let config = Config::try_from(settings).expect("the defaults are valid");
    let mut router = VirtualRouter::new(config);
    for event in [Event::PrimaryAddress(Some(OWN.into())), Event::Startup] {
        assert_eq!(router.handle(Instant::EPOCH, event).iter().count(), 0);
    }
    router
}

/// The same, Active since its timer fired.
///
/// # Panics
/// Never: a Backup has a deadline.
#[must_use]
pub fn active() -> VirtualRouter {
    let mut router = backup();
    let deadline = router.deadline().expect("a Backup has one");
    assert_eq!(router.handle(deadline, Event::Timeout).iter().count(), 3);
    router
}

/// Everything from received octets to the event of the state machine.
///
/// # Panics
/// If `octets` are not the neighbour's advertisement.
#[must_use]
pub fn admitted(octets: &[u8], router: &VirtualRouter, replay: &mut ReplayWindow) -> Event {
    let ends = ends(Family::V4);
    let advertisement = Advertisement::decode(octets, &ends).expect("it is well-formed");
    let admission = Admission::new(router.config(), Addresses::V4(&LIST_V4));
    let packet = Packet {
        source: ends.source(),
        destination: ends.destination(),
        ttl: 255,
        advertisement,
        ah: None,
    };
    let (priority, primary) = (router.priority(), router.primary());
    let admitted = admission.admit(Instant::EPOCH, &packet, priority, primary, replay);
    Event::Advertisement(admitted.expect("it is the neighbour's").heard)
}

/// A hundred addresses that are in place.
#[must_use]
pub fn slots() -> [Slot; 100] {
    let mut slots = [Slot::EMPTY; 100];
    for slot in &mut slots {
        slot.install(Family::V4, Some(MacAddr([2, 0, 0, 0, 0, 1])));
    }
    slots
}
