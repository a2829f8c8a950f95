//! Tests of the firewall with a driver's virtual router.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeSet;

use vrrp_core::{Config, Event, Family, Interval, Role, Settings, Version};
use vrrp_mio::{Driver, Notice, RouterId, RouterSpec, VirtualAddress};

use super::lab::Lab;
use crate::now;

/// A router of priority 100 on `va` for `addresses`, and the driver it runs on.
struct Station {
    lab: Lab,
    driver: Driver,
    router: RouterId,
    addresses: Vec<String>,
}

fn spec(addresses: &[&str], accept: bool) -> RouterSpec {
    let ips: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let mut settings = Settings::new(Version::V3, Family::of(ips[0]), 51);
    settings.interval = Interval::from_centis(10).unwrap();
    settings.accept = accept;
    let config = Config::try_from(settings).unwrap();
    let virtuals = ips
        .iter()
        .map(|&ip| VirtualAddress::new(ip, if ip.is_ipv4() { 24 } else { 64 }));
    RouterSpec::new(config, "va".parse().unwrap(), virtuals.collect())
}

impl Station {
    fn new(addresses: &[&str], accept: bool) -> Self {
        let lab = Lab::new();
        lab.ip("addr add 192.0.2.1/24 dev va");
        lab.ip("addr add fe80::1/64 dev va nodad");
        lab.ip("addr add 2001:db8::1/64 dev va nodad");
        let mut driver = Driver::new().unwrap();
        let router = driver.add(spec(addresses, accept)).unwrap();
        Self {
            lab,
            driver,
            router,
            addresses: addresses.iter().map(ToString::to_string).collect(),
        }
    }

    /// Turns until `done`; after each turn an address that is in place is a refused one if `refused`.
    fn turn_until(&mut self, refused: bool, done: impl Fn(&Self) -> bool) {
        let give_up = now() + Duration::from_secs(30);
        while !done(self) {
            assert!(now() < give_up, "{:?}", self.driver);
            let turn = self.driver.turn(Some(Duration::from_millis(100))).unwrap();
            for notice in turn.notices {
                assert!(
                    !matches!(notice, Notice::FirewallFailed { .. }),
                    "{notice:?}"
                );
            }
            if refused {
                self.assert_refused();
            }
        }
    }

    /// What is in place is refused.
    fn assert_refused(&self) {
        let present = self.lab.ip("addr show dev va");
        let present: BTreeSet<_> = present.split([' ', '/']).collect();
        let ruleset = self.lab.ruleset();
        let ruleset: BTreeSet<_> = ruleset.split([' ', ',']).collect();
        for address in self.addresses.iter().map(String::as_str) {
            assert!(
                !present.contains(address) || ruleset.contains(address),
                "{address}"
            );
        }
    }

    fn start(&mut self, refused: bool) {
        self.driver.start(self.router);
        let count = self.addresses.len();
        self.turn_until(refused, |station| {
            station.driver.router(station.router).unwrap().installed() == count
        });
    }

    fn stop(&mut self, refused: bool) {
        self.driver.stop(self.router);
        self.turn_until(refused, |station| station.driver.is_settled());
    }
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn an_active_router_that_does_not_accept_answers_arp_and_nothing_else() {
    let mut station = Station::new(&["192.0.2.100", "192.0.2.101"], false);
    station.start(true);
    let lab = &station.lab;
    for address in ["192.0.2.100", "192.0.2.101"] {
        lab.forget_neighbours();
        assert!(!lab.answers_ping(address));
        assert!(!lab.answers_tcp(address));
        assert!(lab.knows_neighbour(address));
        assert!(lab.confirms_neighbour(address));
    }
    assert!(lab.answers_ping("192.0.2.1"));
    station.stop(true);
    assert_eq!(station.lab.ruleset(), "");
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn an_active_router_that_does_not_accept_answers_neighbour_discovery_and_nothing_else() {
    let mut station = Station::new(&["fe80::100", "2001:db8::100"], false);
    station.start(true);
    let lab = &station.lab;
    for address in ["fe80::100%vb", "2001:db8::100"] {
        lab.forget_neighbours();
        assert!(!lab.answers_ping(address));
        assert!(!lab.answers_tcp(address));
        assert!(lab.knows_neighbour(address));
        assert!(lab.confirms_neighbour(address));
    }
    assert!(lab.answers_ping("2001:db8::1"));
    station.driver.remove(station.router);
    station.turn_until(true, |station| station.driver.is_settled());
    assert_eq!(station.lab.ruleset(), "");
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn of_a_thousand_addresses_none_is_in_place_before_it_is_refused_or_after() {
    let addresses: Vec<String> = (0..1_000)
        .map(|n| format!("10.9.{}.{}", n / 250, n % 250))
        .collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let mut station = Station::new(&addresses, false);
    station.start(true);
    station.stop(true);
    assert_eq!(station.lab.ruleset(), "");
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn a_loser_heard_while_addresses_wait_for_the_firewall_takes_none_of_them() {
    let addresses: Vec<String> = (0..1_000)
        .map(|n| format!("10.9.{}.{}", n / 250, n % 250))
        .collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let mut station = Station::new(&addresses, false);
    station.driver.start(station.router);
    station.turn_until(false, |station| {
        let router = station.driver.router(station.router).unwrap();
        router.machine().role() == Role::Active
    });
    let router = station.driver.router(station.router).unwrap();
    assert_eq!(router.installed(), 0);
    // VRID 51, priority 50, every 100 ms.
    station
        .lab
        .advertise(*b"\x31\x33\x32\x01\x00\x0a\xda\x5c\xc0\x00\x02\x64");
    station.turn_until(false, |station| {
        let router = station.driver.router(station.router).unwrap();
        router.installed() == 1_000
    });
    let router = station.driver.router(station.router).unwrap();
    assert_eq!(router.statistics().advertisement_rcvd, 1);
    assert_eq!(router.machine().role(), Role::Active);
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn an_active_router_told_to_accept_lets_packets_in() {
    let mut station = Station::new(&["192.0.2.100"], false);
    station.start(true);
    assert!(!station.lab.answers_ping("192.0.2.100"));
    let router = station.driver.router(station.router).unwrap();
    let mut accepting = Settings::from(*router.machine().config());
    accepting.accept = true;
    let event = Event::Configure(Config::try_from(accepting).unwrap());
    station.driver.tell(station.router, event).unwrap();
    station.turn_until(false, |station| station.driver.is_settled());
    assert_eq!(station.lab.ruleset(), "");
    assert!(station.lab.answers_ping("192.0.2.100"));
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn an_active_router_that_accepts_needs_no_table() {
    let mut station = Station::new(&["192.0.2.100"], true);
    station.start(false);
    assert_eq!(station.lab.ruleset(), "");
    assert!(station.lab.answers_ping("192.0.2.100"));
    station.stop(false);
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn a_driver_that_goes_takes_its_table_with_it() {
    let mut station = Station::new(&["192.0.2.100"], false);
    station.start(true);
    assert!(station.lab.ruleset().contains("192.0.2.100"));
    let Station { lab, driver, .. } = station;
    drop(driver);
    assert_eq!(lab.ruleset(), "");
    assert!(lab.answers_ping("192.0.2.100"));
}

#[test]
#[ignore = "needs root: own network namespaces, nft"]
fn addresses_that_come_and_go_by_an_update_are_refused_as_long_as_they_are_there() {
    let mut station = Station::new(&["192.0.2.100", "192.0.2.101"], false);
    station.start(true);
    station.addresses.push("192.0.2.102".to_owned());
    let wanted = spec(&["192.0.2.101", "192.0.2.102"], false);
    station.driver.update(station.router, wanted).unwrap();
    station.turn_until(true, |station| {
        let router = station.driver.router(station.router).unwrap();
        station.driver.is_settled() && router.installed() == 2
    });
    let ruleset = station.lab.ruleset();
    assert!(ruleset.contains("192.0.2.101") && ruleset.contains("192.0.2.102"));
    assert!(!ruleset.contains("192.0.2.100"), "{ruleset}");
    assert!(!station.lab.answers_ping("192.0.2.102"));

    let wanted = spec(&["192.0.2.102", "192.0.2.103"], true);
    station.driver.update(station.router, wanted).unwrap();
    station.turn_until(false, |station| {
        let router = station.driver.router(station.router).unwrap();
        station.driver.is_settled() && router.installed() == 2
    });
    assert_eq!(station.lab.ruleset(), "");
    assert!(station.lab.answers_ping("192.0.2.102"));
    assert!(station.lab.answers_ping("192.0.2.103"));
    let router = station.driver.router(station.router).unwrap();
    assert_eq!(router.machine().role(), Role::Active);

    let wanted = spec(&["192.0.2.102", "192.0.2.104"], false);
    station.driver.update(station.router, wanted).unwrap();
    station.turn_until(false, |station| {
        let router = station.driver.router(station.router).unwrap();
        station.driver.is_settled() && router.installed() == 2
    });
    assert!(!station.lab.answers_ping("192.0.2.102"));
    assert!(!station.lab.answers_ping("192.0.2.104"));
}
