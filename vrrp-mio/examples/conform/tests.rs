//! Tests of the checks, with packets that keepalived 2.2.7 sent and with what is made here.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::{Family, MacAddr, Version};

use crate::checks::{advertisement, defects, on_time};
use crate::frame::{Advert, Draft};
use crate::subject::{Outcome, Subject};

const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);
/// keepalived, version 3 over IPv4, with the pseudo-header in its checksum.
const RECORDED: [u8; 12] = [0x31, 14, 100, 1, 0, 50, 0x05, 0x2e, 192, 0, 2, 5];

fn subject() -> Subject {
    Subject {
        version: Version::V3,
        family: Family::V4,
        vrid: 14,
        priority: 100,
        centis: 50,
        preempt: true,
        virtual_mac: false,
        addresses: vec![[192, 0, 2, 5].into()],
    }
}

fn source() -> IpAddr {
    [192, 0, 2, 251].into()
}

/// What is not passed of an advertisement on the link, and not left out.
fn failures(draft: &Draft, subject: &Subject) -> Vec<(&'static str, &'static str)> {
    let frame = draft.frame(MAC).unwrap();
    let advert = Advert::read(Duration::ZERO, &frame).unwrap();
    let rows = advertisement(&advert, subject);
    assert_eq!(rows.len(), 12);
    let failed = rows.iter().filter_map(|row| match row.outcome {
        Outcome::Fail(seen, _) => Some((row.check, seen)),
        Outcome::Pass | Outcome::Told(_) | Outcome::NotApplicable => None,
    });
    failed.collect()
}

#[test]
fn what_is_made_here_is_what_keepalived_sends() {
    let frame = Draft::new(&subject(), source(), 100, true)
        .frame(MAC)
        .unwrap();
    assert_eq!(frame[34..], RECORDED);
    let mut password = subject();
    password.version = Version::V2;
    password.centis = 100;
    let frame = Draft::new(&password, source(), 100, true)
        .frame(MAC)
        .unwrap();
    assert_eq!(frame[34..40], [0x21, 14, 100, 1, 0, 1]);
    assert_eq!(frame.len(), 34 + 20);
}

#[test]
fn an_advertisement_fails_where_it_is_wrong_and_nowhere_else() {
    let good = Draft::new(&subject(), source(), 100, false);
    assert_eq!(failures(&good, &subject()), []);
    let older = Draft::new(&subject(), source(), 100, true);
    let pseudo = ("checksum", "with the pseudo-header, as RFC 5798");
    assert_eq!(failures(&older, &subject()), [pseudo]);
    let with = |change: &dyn Fn(&mut Draft)| {
        let mut draft = good.clone();
        change(&mut draft);
        failures(&draft, &subject())
    };
    assert_eq!(with(&|one| one.checksum_error = 1), [("checksum", "wrong")]);
    assert_eq!(
        with(&|one| one.ttl = 254),
        [("TTL or hop limit 255", "another")]
    );
    assert_eq!(
        with(&|one| one.pdu[2] = 99),
        [("its priority", "another priority")]
    );
    let reserved = [("its interval, reserved bits zero", "another interval")];
    assert_eq!(with(&|one| one.pdu[4] = 0x10), reserved);
    assert_eq!(
        with(&|one| one.pdu[0] = 0x32),
        [("version and type", "another")]
    );
    let addresses = [
        ("the configured addresses", "other addresses"),
        ("addresses in the configured order", "another order"),
    ];
    assert_eq!(with(&|one| one.pdu[11] = 6), addresses);
    let length = [("as long as its count of addresses says", "another length")];
    assert_eq!(with(&|one| one.pdu.extend([0; 4])), length);
    let mut virtual_mac = subject();
    virtual_mac.virtual_mac = true;
    assert_eq!(
        failures(&good, &virtual_mac),
        [("from the virtual MAC", "another MAC")]
    );
}

/// A defect that were none would have a router fail that does right.
#[test]
fn every_defect_is_another_packet() {
    for (version, applicable) in [(Version::V3, 12), (Version::V2, 13)] {
        let mut subject = subject();
        subject.version = version;
        subject.centis = 100;
        let good = Draft::new(&subject, source(), 254, false);
        let drafts: Vec<_> = defects(&good, &subject)
            .into_iter()
            .filter_map(|defect| defect.draft)
            .collect();
        assert_eq!(drafts.len(), applicable, "{version}");
        let mut frames: Vec<_> = drafts.iter().map(|one| one.frame(MAC).unwrap()).collect();
        assert!(!frames.contains(&good.frame(MAC).unwrap()));
        frames.sort_unstable();
        frames.dedup();
        assert_eq!(frames.len(), applicable, "{version}");
    }
}

#[test]
fn a_takeover_is_early_late_or_on_time_by_a_fifth_of_the_interval() {
    let ms = Duration::from_millis;
    let of = |seen, stall| on_time(Some(ms(seen)), ms(700), ms(200), ms(stall)).to_string();
    assert_eq!(of(659, 0), "FAIL: too early");
    assert_eq!(of(660, 0), "pass");
    assert_eq!(of(740, 0), "pass");
    assert_eq!(of(741, 0), "FAIL: too late");
    assert_eq!(of(741, 1), "pass");
    let never = on_time(None, ms(700), ms(200), ms(0));
    assert_eq!(never.to_string(), "FAIL: does not take over");
}

/// RFC 9568 §6.1 and RFC 3768 §6.1.
#[test]
fn the_timers_are_those_of_the_standards() {
    let mut subject = subject();
    let interval = Duration::from_secs(10);
    assert_eq!(subject.down(interval), Duration::from_micros(36_093_750));
    subject.version = Version::V2;
    assert_eq!(subject.down(interval), Duration::from_micros(30_609_375));
}
