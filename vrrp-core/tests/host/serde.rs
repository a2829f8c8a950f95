//! Settings as they are written in files.

use core::time::Duration;

use serde_json::{from_str, to_string};
use vrrp_core::wire::{ChecksumForm, IcvForm};
use vrrp_core::{
    Cause, Config, Event, Family, Interval, MacAddr, Role, Settings, Version, announce,
};

#[test]
fn a_router_is_its_identifier_and_family_and_what_differs_from_the_rfc() {
    let written = r#"{"vrid": 51, "family": "ipv4"}"#;
    assert_eq!(
        from_str::<Settings>(written).unwrap(),
        Settings::new(Version::V3, Family::V4, 51)
    );
    let written = r#"{"version": 2, "vrid": 7, "family": "ipv4", "priority": 150,
        "interval": "2s", "preempt": false, "preempt-delay": "1.5s", "accept": true,
        "down-multiplier": 4, "answer-lower": true, "answer-higher": true}"#;
    let settings = from_str::<Settings>(written).unwrap();
    let mut expected = Settings::new(Version::V2, Family::V4, 7);
    expected.priority = 150;
    expected.interval = Interval::from_centis(200).unwrap();
    expected.preempt = false;
    expected.preempt_delay = Duration::from_millis(1_500);
    expected.accept = true;
    expected.down_multiplier = 4;
    expected.answer_lower = true;
    expected.answer_higher = true;
    assert_eq!(settings, expected);
    assert_eq!(
        from_str::<Settings>(&to_string(&settings).unwrap()).unwrap(),
        settings
    );
}

#[test]
fn a_configuration_is_refused_with_the_reason() {
    for (written, reason) in [
        (r#"{"family": "ipv4"}"#, "missing field `vrid`"),
        (r#"{"vrid": 1}"#, "missing field `family`"),
        (r#"{"vrid": 1, "family": "ipx"}"#, "unknown variant `ipx`"),
        (
            r#"{"vrid": 0, "family": "ipv4"}"#,
            "virtual router identifier 0",
        ),
        (
            r#"{"vrid": 1, "family": "ipv4", "prio": 5}"#,
            "unknown field `prio`",
        ),
        (
            r#"{"vrid": 1, "family": "ipv4", "version": 4}"#,
            "VRRP has no version 4",
        ),
        (
            r#"{"vrid": 1, "family": "ipv6", "version": 2}"#,
            "VRRPv2 has no IPv6 form",
        ),
        (
            r#"{"vrid": 1, "family": "ipv4", "interval": "1"}"#,
            "needs a unit",
        ),
        (
            r#"{"vrid": 1, "family": "ipv4", "interval": 1}"#,
            "an interval, as \"1s\"",
        ),
        (
            r#"{"vrid": 1, "family": "ipv4", "version": 2, "interval": "1.5s"}"#,
            "not a whole number of seconds",
        ),
    ] {
        let error = from_str::<Config>(written).unwrap_err().to_string();
        assert!(error.contains(reason), "{written}: {error}");
    }
}

#[test]
fn an_interval_that_nobody_can_send_is_refused_when_it_is_read() {
    let settings = Settings::new(Version::V3, Family::V4, 1);
    let written = to_string(&settings).unwrap();
    assert!(written.contains(r#""interval":"1s""#), "{written}");
    for interval in ["0s", "255.01s", "1.001s"] {
        let other = written.replace(r#""interval":"1s""#, &format!(r#""interval":"{interval}""#));
        assert!(from_str::<Settings>(&other).is_err(), "{other}");
    }
}

#[test]
fn announcements_are_what_differs_from_the_default() {
    let written = r#"{"repeat": 3, "refresh": "60s", "lower-prio-delay": "250ms"}"#;
    let mut settings = announce::Settings::default();
    settings.repeat = 3;
    settings.refresh = Duration::from_secs(60);
    settings.lower_prio_delay = Some(Duration::from_millis(250));
    assert_eq!(from_str::<announce::Settings>(written).unwrap(), settings);
    assert_eq!(
        from_str::<announce::Settings>("{}").unwrap(),
        announce::Settings::default()
    );
    let again = to_string(&settings).unwrap();
    assert_eq!(from_str::<announce::Settings>(&again).unwrap(), settings);
    assert!(from_str::<announce::Settings>(r#"{"repeats": 3}"#).is_err());
}

#[test]
fn values_are_their_texts() {
    let mac = MacAddr([0, 0, 0x5e, 0, 1, 0x33]);
    let pairs = [
        (to_string(&mac), r#""00:00:5e:00:01:33""#),
        (to_string(&Interval::MAX_V3), r#""40.95s""#),
        (to_string(&Version::V3), "3"),
        (to_string(&Family::V6), r#""ipv6""#),
        (to_string(&Role::Active), r#""active""#),
        (to_string(&Cause::ActiveTimeout), r#""active-timeout""#),
        (to_string(&ChecksumForm::PseudoHeader), r#""pseudo-header""#),
        (to_string(&IcvForm::TtlCovered), r#""ttl-covered""#),
        (to_string(&Event::InterfaceUp), r#""interface-up""#),
    ];
    for (written, expected) in pairs {
        assert_eq!(written.unwrap(), expected);
    }
    assert_eq!(from_str::<MacAddr>(r#""00:00:5e:00:01:33""#).unwrap(), mac);
    assert!(from_str::<MacAddr>(r#""00:00:5e:00:01""#).is_err());
}
