//! Tests of Skew_Time and Active_Down_Interval.

use proptest::prelude::*;

use super::*;

fn config(version: Version, priority: u8, centis: u16) -> Config {
    Config::try_from(Settings {
        version,
        priority,
        interval: Interval::from_centis(centis).unwrap(),
        ..Settings::new(version, Family::V4, 1)
    })
    .unwrap()
}

fn down(version: Version, priority: u8, centis: u16) -> u64 {
    let config = config(version, priority, centis);
    nanos(active_down_interval(
        &config,
        config.priority(),
        config.interval(),
    ))
}

/// At one centisecond every priority still has a skew of its own.
#[test]
fn no_two_priorities_share_a_skew_at_any_interval() {
    for centis in [1, 2, 100, 4095] {
        let interval = Interval::from_centis(centis).unwrap();
        let skews: Vec<_> = (1..=255)
            .map(|p| skew(Version::V3, Priority::from_wire(p), interval))
            .collect();
        assert!(
            skews.windows(2).all(|pair| pair[0] > pair[1]),
            "{centis} cs"
        );
        assert!(skews.iter().all(|skew| *skew < interval.duration()));
    }
}

#[test]
fn the_down_multiplier_counts_silent_intervals() {
    let settings = Settings {
        down_multiplier: 100,
        ..settings()
    };
    let config = Config::try_from(settings).unwrap();
    let wait = active_down_interval(&config, config.priority(), config.interval());
    assert_eq!(wait, Duration::from_nanos(100_609_375_000));
}

proptest! {
    /// All of 1 cs … 40.95 s and 1 … 255 s against 128-bit arithmetic.
    #[test]
    fn down_intervals_match_wide_arithmetic(priority in 1_u8..=255, centis in 1_u16..=4095,
                                            seconds in 1_u8..=255) {
        let interval = u128::from(centis) * 10_000_000;
        let skew = (256 - u128::from(priority)) * interval / 256;
        prop_assert_eq!(u128::from(down(Version::V3, priority, centis)), 3 * interval + skew);
        let interval = u128::from(seconds) * 1_000_000_000;
        let skew = (256 - u128::from(priority)) * 1_000_000_000 / 256;
        let v2 = down(Version::V2, priority, u16::from(seconds) * 100);
        prop_assert_eq!(u128::from(v2), 3 * interval + skew);
    }

    /// A router at the extremes of time saturates instead of wrapping round.
    #[test]
    fn time_saturates(nanos in u64::MAX - 1_000_000..=u64::MAX) {
        let mut router = VirtualRouter::new(config(Version::V3, 1, 4095));
        let now = Instant::from_nanos(nanos);
        let _primary = router.handle(now, Event::PrimaryAddress(Some(LOCAL)));
        let _start = router.handle(now, Event::Startup);
        prop_assert_eq!(router.deadline(), Some(Instant::MAX));
    }
}
