//! Tests of the simulator.

use proptest::prelude::*;
use std::string::ToString;
use std::vec::Vec;

use super::*;
use crate::{Cause, Event, Interval, Priority, Role, Settings};

fn base() -> Settings {
    Settings::new(Version::V3, Family::V4, 51)
}

fn config(settings: Settings) -> Config {
    Config::try_from(settings).unwrap()
}

fn priority(priority: u8) -> Config {
    config(Settings { priority, ..base() })
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn actives(lan: &Lan) -> Vec<usize> {
    lan.actives().map(RouterId::index).collect()
}

fn assert_sound(lan: &mut Lan) {
    assert_eq!(lan.check(), Ok(()), "{}", lan.timeline());
}

/// A LAN of version 3 routers with the addresses 192.0.2.1, 192.0.2.2, …
fn lan<const N: usize>(configs: [Config; N]) -> (Lan, [RouterId; N]) {
    let mut lan = Lan::new(1);
    let mut last = 0;
    let ids = configs.map(|config| {
        last += 1;
        lan.router(config, address(last))
    });
    (lan, ids)
}

/// Years of them are played by the example `simulate`.
#[test]
fn lans_of_every_tempo_survive_round_after_round() {
    for seed in 0..10 {
        let mut soak = Soak::new(seed);
        for _ in 0..3 {
            if let Err(failure) = soak.round() {
                panic!("{failure}");
            }
        }
        assert!(soak.disturbances() > 0);
        assert!(soak.uptime() > Duration::ZERO);
    }
    let tempi: Vec<_> = (0..5).map(Tempo::of).collect();
    assert!(Tempo::ALL.iter().all(|tempo| tempi.contains(tempo)));
}

proptest! {
    /// Whatever happens, every invariant holds; a failure prints its timeline.
    #[test]
    fn random_scenarios_keep_the_invariants(seed: u64) {
        if let Err(failure) = Scenario::random(seed).run() {
            return Err(TestCaseError::fail(std::format!(
                "{failure}replay: cargo run --release -p vrrp-core --features sim --example simulate -- \
                 --scenario {seed}"
            )));
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_story(seed: u64) {
        let story = || {
            let mut lan = Scenario::random(seed).lan();
            lan.record_adverts();
            lan.run_until(at(20_000));
            lan.timeline().to_string()
        };
        prop_assert_eq!(story(), story());
    }
}

mod counterexamples;
mod election;
mod mutants;
