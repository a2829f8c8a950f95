//! The checks: what an advertisement says, which packets are to be discarded, and what was seen
//! afterwards. Nothing here opens a socket.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::wire::{MULTICAST_V4, MULTICAST_V6};
use vrrp_core::{Family, MacAddr, Version, Vrid};

use super::frame::{Advert, Draft};
use super::subject::{Outcome, Row, Subject};

const fn row(section: &'static str, check: &'static str, outcome: Outcome) -> Row {
    Row {
        section,
        check,
        outcome,
    }
}

/// What one advertisement of the subject, as an Active Router, has to be.
pub(crate) fn advertisement(advert: &Advert, subject: &Subject) -> Vec<Row> {
    let group = match subject.family {
        Family::V4 => IpAddr::from(MULTICAST_V4),
        Family::V6 => IpAddr::from(MULTICAST_V6),
    };
    let virtual_mac = Vrid::new(subject.vrid).map(|vrid| vrid.virtual_mac(subject.family));
    let listed = listed(&advert.pdu, subject.family);
    vec![
        row(
            "5.1.1.2",
            "sent to the group",
            Outcome::of(advert.ends.destination() == group, "another destination"),
        ),
        row(
            "5.1.1.3",
            "TTL or hop limit 255",
            Outcome::of(advert.ttl == 255, "another"),
        ),
        row(
            "7.2",
            "from the primary or link-local address, no virtual one",
            Outcome::of(
                is_own_source(advert.ends.source(), subject),
                "another source",
            ),
        ),
        row(
            "7.3",
            "from the virtual MAC",
            mac(advert.mac, virtual_mac, subject),
        ),
        row(
            "5.2.2",
            "version and type",
            Outcome::of(advert.pdu[0] == first_octet(subject), "another"),
        ),
        row(
            "5.2.4",
            "its priority",
            Outcome::of(advert.priority() == subject.priority, "another priority"),
        ),
        row(
            "7.1",
            "as long as its count of addresses says",
            Outcome::of(
                advert.pdu.len() == length(advert, subject),
                "another length",
            ),
        ),
        row(
            "5.2.9",
            "the configured addresses",
            Outcome::of(same(&listed, &subject.addresses), "other addresses"),
        ),
        row(
            "5.2.9",
            "addresses in the configured order",
            Outcome::of(listed == subject.addresses, "another order"),
        ),
        row("5.2.9", "IPv6: a link-local address first", first(&listed)),
        row(
            "5.2.7",
            "its interval, reserved bits zero",
            Outcome::of(interval(advert, subject), "another interval"),
        ),
        row("5.2.8", "checksum", checksum(advert, subject)),
    ]
}

/// Whether it may be the primary or link-local address of the subject.
fn is_own_source(source: IpAddr, subject: &Subject) -> bool {
    let local = match source {
        IpAddr::V4(_) => true,
        IpAddr::V6(source) => source.is_unicast_link_local(),
    };
    local && !subject.addresses.contains(&source)
}

/// The octets of an advertisement with as many addresses as it says.
fn length(advert: &Advert, subject: &Subject) -> usize {
    let size = match subject.family {
        Family::V4 => 4,
        Family::V6 => 16,
    };
    let trailer = match subject.version {
        Version::V2 => 8,
        Version::V3 => 0,
    };
    8 + usize::from(advert.pdu[3]) * size + trailer
}

const fn first_octet(subject: &Subject) -> u8 {
    match subject.version {
        Version::V2 => 0x21,
        Version::V3 => 0x31,
    }
}

fn mac(seen: MacAddr, virtual_mac: Option<MacAddr>, subject: &Subject) -> Outcome {
    match (subject.virtual_mac, Some(seen) == virtual_mac) {
        (true, passed) => Outcome::of(passed, "another MAC"),
        (false, false) => Outcome::NotApplicable,
        (false, true) => Outcome::Told("virtual MAC"),
    }
}

fn listed(pdu: &[u8], family: Family) -> Vec<IpAddr> {
    let addresses = &pdu[8..];
    let count = usize::from(pdu[3]);
    match family {
        Family::V4 => {
            let all = addresses.as_chunks::<4>().0.iter();
            all.take(count).map(|octets| (*octets).into()).collect()
        }
        Family::V6 => {
            let all = addresses.as_chunks::<16>().0.iter();
            all.take(count).map(|octets| (*octets).into()).collect()
        }
    }
}

fn same(ours: &[IpAddr], theirs: &[IpAddr]) -> bool {
    let (mut ours, mut theirs) = (ours.to_vec(), theirs.to_vec());
    ours.sort_unstable();
    theirs.sort_unstable();
    ours == theirs
}

fn first(listed: &[IpAddr]) -> Outcome {
    match listed.first() {
        Some(IpAddr::V6(first)) => Outcome::of(first.is_unicast_link_local(), "a global address"),
        Some(IpAddr::V4(_)) | None => Outcome::NotApplicable,
    }
}

fn interval(advert: &Advert, subject: &Subject) -> bool {
    let field = u16::from_be_bytes([advert.pdu[4], advert.pdu[5]]);
    match subject.version {
        // The authentication type, and seconds.
        Version::V2 => field == subject.centis / 100,
        Version::V3 => field == subject.centis,
    }
}

/// RFC 9568 §5.2.8 sums the message alone over IPv4.
fn checksum(advert: &Advert, subject: &Subject) -> Outcome {
    let (message, pseudo) = (advert.verifies(false), advert.verifies(true));
    match (subject.version, subject.family) {
        (Version::V2, _) => Outcome::of(message, "wrong"),
        (Version::V3, Family::V6) => Outcome::of(pseudo, "wrong"),
        (Version::V3, Family::V4) if message => Outcome::Pass,
        (Version::V3, Family::V4) => Outcome::Fail(
            if pseudo {
                "with the pseudo-header, as RFC 5798"
            } else {
                "wrong"
            },
            String::new(),
        ),
    }
}

/// A packet of a better priority with one defect, for which it is to be discarded.
pub(crate) struct Defect {
    pub(crate) section: &'static str,
    pub(crate) check: &'static str,
    pub(crate) draft: Option<Draft>,
    /// Whether a standard leaves it open.
    pub(crate) open: bool,
}

/// `good` with a defect.
fn changed(
    good: &Draft,
    section: &'static str,
    check: &'static str,
    change: &dyn Fn(&mut Draft),
) -> Defect {
    let mut draft = good.clone();
    change(&mut draft);
    Defect {
        section,
        check,
        draft: Some(draft),
        open: false,
    }
}

/// The packets of which none may demote an Active Router. `good` would.
pub(crate) fn defects(good: &Draft, subject: &Subject) -> Vec<Defect> {
    let change =
        |section, check, change: &dyn Fn(&mut Draft)| changed(good, section, check, change);
    let other = match subject.version {
        Version::V2 => Version::V3,
        Version::V3 => Version::V2,
    };
    let mut all = vec![
        change("7.1", "discards TTL or hop limit 254", &|draft| {
            draft.ttl = 254
        }),
        change("7.1", "discards TTL or hop limit 1", &|draft| draft.ttl = 1),
        change("7.1", "discards a wrong checksum", &|draft| {
            draft.checksum_error = 1
        }),
        change("7.1", "discards another version", &|draft| {
            draft.write(other, subject, 254, &subject.addresses)
        }),
        change("7.1", "discards an unknown version", &|draft| {
            draft.pdu[0] = 0x41
        }),
        change("5.2.2", "discards an unknown type", &|draft| {
            draft.pdu[0] += 1
        }),
        change("7.1", "discards another VRID", &|draft| {
            draft.pdu[1] ^= 0x80
        }),
        change(
            "7.1",
            "discards a count of addresses beyond the packet",
            &|draft| draft.pdu[3] += 1,
        ),
        change("7.1", "discards a packet cut short", &|draft| {
            draft.pdu.truncate(draft.pdu.len() - 4)
        }),
        change("5.2.5", "discards no addresses (erratum 8299)", &|draft| {
            draft.write(subject.version, subject, 254, &[])
        }),
        change(
            "5.2.7",
            "discards an interval of zero (erratum 8301)",
            &|draft| draft.set_interval(subject.version, 0),
        ),
        change(
            "RFC 3768 7.1",
            "version 2: discards another interval",
            &|draft| draft.set_interval(subject.version, subject.centis * 2),
        ),
        change(
            "RFC 3768 5.3.6",
            "version 2: discards an unknown authentication type",
            &|draft| draft.pdu[4] = 3,
        ),
        change("7.1", "another address: discarded or obeyed", &|draft| {
            if let Some(last) = draft.pdu.iter_mut().skip(8).take(4).next_back() {
                *last ^= 0x40;
            }
        }),
    ];
    for defect in &mut all {
        if !applies(defect, subject) {
            defect.draft = None;
        }
        defect.open = defect.check.starts_with("another address");
    }
    all
}

/// Whether the subject's version and family have this defect.
fn applies(defect: &Defect, subject: &Subject) -> bool {
    let v3 = subject.version == Version::V3;
    let of_v2 = defect.section.starts_with("RFC 3768");
    let of_v3 = defect.check.contains("8299");
    let over_v6 = subject.family == Family::V6 && defect.check.contains("another version");
    !(of_v2 && v3 || of_v3 && !v3 || over_v6)
}

/// Whether a time that was measured is the one that was due: within a fifth of the interval, and what
/// the machine itself stalled.
pub(crate) fn on_time(
    seen: Option<Duration>,
    due: Duration,
    interval: Duration,
    stall: Duration,
) -> Outcome {
    let slack = interval / 5;
    match seen {
        None => Outcome::Fail("does not take over", String::new()),
        Some(seen) if seen + slack < due => {
            Outcome::Fail("too early", format!("{seen:?}, not {due:?}"))
        }
        Some(seen) if seen > due + slack + stall => {
            Outcome::Fail("too late", format!("{seen:?}, not {due:?}"))
        }
        Some(_) => Outcome::Pass,
    }
}
