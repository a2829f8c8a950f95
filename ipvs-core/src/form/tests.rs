//! Tests of files as people write them.

use alloc::string::{String, ToString};
use core::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::connection::{ReuseMode, Settings};
use crate::destination::{Tunnel, TunnelChecksum};
use crate::{
    Change, DestinationKey, Family, KernelProfile, Protocol, SyncDaemon, SyncRole, Timeouts,
};

const FILE: &str = r#"{
    "services": [
        {
            "service": "tcp 192.0.2.1:80",
            "destinations": [
                { "address": "10.0.0.2:8080", "forwarding": "masquerade", "weight": 3 },
                { "address": "10.0.0.1:80" }
            ]
        },
        {
            "service": "fwmark 7 ipv6",
            "scheduler": "mh",
            "flags": ["mh-fallback", "ops"],
            "persistence": { "timeout": "5m", "granularity": 64 },
            "engine": "sip",
            "destinations": [
                {
                    "address": "[2001:db8::2]:0",
                    "forwarding": { "tunnel": { "gue": { "port": 6080, "checksum": "remote" } } },
                    "weight": 0,
                    "upper": 9,
                    "lower": 4
                },
                { "address": "10.0.0.1:0", "forwarding": { "tunnel": "ipip" } }
            ]
        }
    ]
}"#;

fn expected() -> Configuration {
    let web = Service::new("tcp 192.0.2.1:80".parse().unwrap(), Scheduler::Wlc);
    let mut mark = Service::new("fwmark 7 ipv6".parse().unwrap(), Scheduler::Mh);
    mark.flags = Flags::SCHED_1.with(Flags::ONE_PACKET);
    mark.persistence = Some(Persistence {
        timeout: 300,
        granularity: Granularity::V6(64),
    });
    mark.engine = Some(Name::new("sip").unwrap());
    let real =
        |key: &str, forwarding, weight| Destination::new(key.parse().unwrap(), forwarding, weight);
    let gue = Tunnel::Gue {
        port: 6080,
        checksum: TunnelChecksum::Remote,
    };
    let mut thresholds = real("[2001:db8::2]:0", Forwarding::Tunnel(gue), 0);
    (thresholds.upper, thresholds.lower) = (9, 4);
    let ipip = Forwarding::Tunnel(Tunnel::Ipip);
    let entry = |service, destinations| ServiceEntry {
        service,
        destinations,
    };
    [
        entry(
            web,
            alloc::vec![
                real("10.0.0.2:8080", Forwarding::Masquerade, 3),
                real("10.0.0.1:80", Forwarding::Route, 1),
            ],
        ),
        entry(mark, alloc::vec![thresholds, real("10.0.0.1:0", ipip, 1)]),
    ]
    .into_iter()
    .collect()
}

#[test]
fn a_file_written_by_hand_is_a_table() {
    let read: Configuration = serde_json::from_str(FILE).unwrap();
    assert_eq!(read, expected());
    let written = serde_json::to_string(&read).unwrap();
    let again: Configuration = serde_json::from_str(&written).unwrap();
    assert_eq!(again, read);
    let empty: Configuration = serde_json::from_str("{}").unwrap();
    assert!(empty.is_empty());
}

#[test]
fn what_is_written_is_what_people_write() {
    let entry = expected()
        .remove(&"fwmark 7 ipv6".parse().unwrap())
        .unwrap();
    assert_eq!(
        serde_json::to_string(&entry).unwrap(),
        concat!(
            r#"{"service":"fwmark 7 ipv6","scheduler":"mh","flags":["ops","flag-1"],"#,
            r#""persistence":{"timeout":"300s","granularity":"64"},"engine":"sip","#,
            r#""destinations":[{"address":"[2001:db8::2]:0","#,
            r#""forwarding":{"tunnel":{"gue":{"port":6080,"checksum":"remote"}}},"#,
            r#""weight":0,"upper":9,"lower":4},"#,
            r#"{"address":"10.0.0.1:0","forwarding":{"tunnel":"ipip"},"#,
            r#""weight":1,"upper":0,"lower":0}]}"#
        )
    );
}

#[track_caller]
fn assert_refused<T: serde::de::DeserializeOwned + core::fmt::Debug>(text: &str, reason: &str) {
    let error = serde_json::from_str::<T>(text).unwrap_err().to_string();
    assert!(error.starts_with(reason), "{error}");
}

#[test]
fn mistakes_are_refused_by_name() {
    assert_refused::<Configuration>(
        r#"{"services": [{"service": "tcp 192.0.2.1:80"}, {"service": "TCP 192.0.2.1:80"}]}"#,
        "the service TCP 192.0.2.1:80 is there twice",
    );
    assert_refused::<Configuration>(r#"{"service": []}"#, "unknown field `service`");
    let service = |rest: &str| {
        let mut text = String::from(r#"{"service": "tcp 192.0.2.1:80", "#);
        text.push_str(rest);
        text
    };
    for (rest, reason) in [
        (
            r#""scheduler": "wr"}"#,
            "unknown variant `wr`, expected one of `rr`, `wrr`",
        ),
        (r#""weigth": 1}"#, "unknown field `weigth`"),
        (
            r#""flags": ["sh-fallbak"]}"#,
            "invalid value: string \"sh-fallbak\", expected a list of",
        ),
        (
            r#""persistence": {"timeout": "5 minutes"}}"#,
            "invalid value: string \"5 minutes\", expected a time such as 30s, 5m, 1h or 1d",
        ),
        (
            r#""persistence": {"timeout": -1}}"#,
            "invalid value: integer `-1`, expected a time",
        ),
        (
            r#""persistence": {"timeout": 4294967296}}"#,
            "invalid value: integer `4294967296`, expected a time",
        ),
        (
            r#""persistence": {"granularity": 256}}"#,
            "invalid value: string \"256\", expected an IPv4 mask or the length of an IPv6 prefix",
        ),
    ] {
        assert_refused::<Service>(&service(rest), reason);
    }
    assert_refused::<ServiceKey>(
        r#""tcp 192.0.2.1""#,
        "`tcp 192.0.2.1`: no address with a port, as in 192.0.2.1:80 and [2001:db8::1]:80",
    );
    assert_refused::<Destination>(r#"{"address": "10.0.0.1"}"#, "`10.0.0.1`: no address with");
    assert_refused::<Protocol>(
        r#""icmp""#,
        "invalid value: string \"icmp\", expected a protocol",
    );
}

#[test]
fn what_is_left_out_is_what_ipvsadm_takes_for_granted() {
    let persistent = |key: &str| {
        let text = alloc::format!(r#"{{"service": "{key}", "persistence": {{}}}}"#);
        let service: Service = serde_json::from_str(&text).unwrap();
        (service.scheduler, service.persistence)
    };
    for (key, granularity) in [
        ("udp 192.0.2.1:53", Granularity::V4(Ipv4Addr::BROADCAST)),
        ("udp [2001:db8::1]:53", Granularity::V6(128)),
    ] {
        let expected = Persistence {
            timeout: 300,
            granularity,
        };
        assert_eq!(persistent(key), (Scheduler::Wlc, Some(expected)));
    }
    let daemon: SyncDaemon =
        serde_json::from_str(r#"{"role": "master", "interface": "eth0"}"#).unwrap();
    let expected = SyncDaemon {
        role: SyncRole::Master,
        interface: Name::new("eth0").unwrap(),
        id: 0,
        max_length: None,
        group: None,
        port: None,
        ttl: None,
    };
    assert_eq!(daemon, expected);
    let settings: Settings = serde_json::from_str(
        r#"{"conn_reuse_mode": "closing", "timeouts": {"tcp": "15m", "udp": 30}}"#,
    )
    .unwrap();
    let expected = Settings {
        conn_reuse_mode: ReuseMode::Closing,
        timeouts: Timeouts {
            tcp: 900,
            tcp_fin: 120,
            udp: 30,
        },
        ..Settings::default()
    };
    assert_eq!(settings, expected);
}

#[test]
fn times_have_units() {
    for (text, seconds) in [
        ("0", 0),
        ("\"0\"", 0),
        ("\"30s\"", 30),
        ("\"5m\"", 300),
        ("\"1h\"", 3600),
        ("\"31d\"", 2_678_400),
        ("\"4294967295\"", u32::MAX),
    ] {
        let text = alloc::format!(r#"{{"tcp": {text}}}"#);
        let timeouts: Timeouts = serde_json::from_str(&text).unwrap();
        assert_eq!(timeouts.tcp, seconds, "{text}");
    }
    for text in [
        "\"\"",
        "\"s\"",
        "\"-1s\"",
        "\"+1s\"",
        "\"1.5s\"",
        "\"49711d\"",
        "null",
    ] {
        let text = alloc::format!(r#"{{"tcp": {text}}}"#);
        assert!(serde_json::from_str::<Timeouts>(&text).is_err(), "{text}");
    }
}

#[test]
fn names_are_in_lower_case() {
    fn written<T: Serialize>(value: T) -> String {
        serde_json::to_string(&value).unwrap()
    }
    let key: ServiceKey = "tcp [2001:db8::1]:80".parse().unwrap();
    let real: DestinationKey = "10.0.0.1:80".parse().unwrap();
    let other = Scheduler::named("mine").unwrap();
    for (text, expected) in [
        (written(key), r#""tcp [2001:db8::1]:80""#),
        (written(other), r#"{"other":"mine"}"#),
        (written(Protocol::UDP), r#""udp""#),
        (written(Protocol(99)), r#""99""#),
        (written(Family::V6), r#""ipv6""#),
        (
            written(KernelProfile::TotalConnections),
            r#""total-connections""#,
        ),
        (
            written(Granularity::V4([255, 0, 255, 0].into())),
            r#""255.0.255.0""#,
        ),
        (
            written(Change::DeleteDestination(key, real)),
            r#"{"delete-destination":["tcp [2001:db8::1]:80","10.0.0.1:80"]}"#,
        ),
    ] {
        assert_eq!(text, expected);
    }
    assert_eq!(
        serde_json::from_str::<Scheduler>(r#"{"other":"mine"}"#).unwrap(),
        other
    );
    let address = IpAddr::from([192, 0, 2, 1]);
    let odd = ServiceKey::Address {
        protocol: Protocol(99),
        address,
        port: 0,
    };
    assert_eq!(written(odd), r#""protocol 99 192.0.2.1:0""#);
    assert_eq!(
        serde_json::from_str::<ServiceKey>(&written(odd)).unwrap(),
        odd
    );
    assert_eq!(
        serde_json::from_str::<Protocol>("6").unwrap(),
        Protocol::TCP
    );
}
