//! Tests with many routers, many addresses and short intervals.

use core::ops::Range;
use core::time::Duration;
use std::collections::BTreeMap;
use std::thread::sleep;

use vrrp_core::{Config, Family, Role, Settings, Version};
use vrrp_mio::{Clock, RouterSpec};

use super::host::{Host, Switch, router, until, virtual_address};
use rig::Tap;
use rig::capture::Frame;
use rig::{stall, start_stall_meters};

/// How long the meters of stalls sleep.
const TICK: Duration = Duration::from_millis(2);

fn spec(vrid: u8, interval_cs: u16, interface: &str, address: &str) -> RouterSpec {
    let settings = Settings {
        priority: 100,
        interval_cs,
        ..Settings::new(Version::V3, Family::V4, vrid)
    };
    let config = Config::try_from(settings).unwrap();
    let interface = interface.parse().unwrap();
    RouterSpec::new(config, interface, vec![virtual_address(address)])
}

/// From one advertisement to the next, by virtual router.
fn periods(frames: &[Frame]) -> BTreeMap<u8, Vec<Range<Duration>>> {
    let mut last = BTreeMap::new();
    let mut periods: BTreeMap<u8, Vec<Range<Duration>>> = BTreeMap::new();
    for frame in frames {
        let Some(pdu) = frame.advertisement() else {
            continue;
        };
        if let Some(before) = last.insert(pdu[1], frame.time) {
            periods.entry(pdu[1]).or_default().push(before..frame.time);
        }
    }
    periods
}

fn length(span: &Range<Duration>) -> Duration {
    span.end.saturating_sub(span.start)
}

fn mean(periods: &[Duration]) -> Duration {
    periods.iter().sum::<Duration>() / u32::try_from(periods.len()).unwrap()
}

fn longest(periods: &[Duration]) -> Duration {
    periods.iter().copied().max().unwrap_or_default()
}

/// Hundredths of a second of processor this process has used, in user and system mode.
fn processor_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next().unwrap().parse::<u64>().unwrap();
    next() + next()
}

fn active(host: &Host) -> usize {
    host.ask(|node| {
        let routers = node.driver().routers();
        routers
            .filter(|(_, router)| {
                router.machine().role() == Role::Active && router.installed() == 1
            })
            .count()
    })
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_thousand_routers_on_four_links_start_in_their_time() {
    let switch = Switch::new();
    let host = switch.host(1);
    host.prioritise();
    for link in 1..4 {
        let peer = format!("link add eth{link} type veth peer name peer{link}");
        host.ip(&peer);
        for end in ["eth", "peer"] {
            host.ip(&format!("link set {end}{link} addrgenmode none up"));
        }
        host.ip(&format!("address add 10.{link}.0.1/24 dev eth{link}"));
    }
    let clock = Clock::new().unwrap();
    let begin = clock.now();
    host.ask(|node| {
        for index in 0..1_000_u16 {
            let link = index % 4;
            let vrid = u8::try_from(index / 4 + 1).unwrap();
            let address = format!("10.4{link}.0.{vrid}/32");
            let router = node
                .driver()
                .add(spec(vrid, 10, &format!("eth{link}"), &address))
                .unwrap();
            node.driver().start(router);
        }
    });
    until("a thousand Active routers", || active(&host) == 1_000);
    let took = clock.now().saturating_duration_since(begin);
    println!("1,000 routers Active with their addresses after {took:?}");
    // Active_Down_Interval at priority 100 is 361 ms.
    assert!(took < Duration::from_millis(1_500), "{took:?}");

    let mut tap = Tap::on(&switch.namespace, "p1");
    let (before, seconds) = (processor_time(), 5);
    sleep(Duration::from_secs(seconds));
    let used = processor_time() - before;
    let periods = periods(tap.read());
    let all: Vec<Duration> = periods.values().flatten().map(length).collect();
    let worst = longest(&all);
    println!(
        "{} advertisements of {} routers on eth0: mean {:?}, longest {worst:?}",
        all.len(),
        periods.len(),
        mean(&all),
    );
    let processor = Duration::from_millis(10 * used) / u32::try_from(seconds).unwrap();
    println!(
        "{processor:?} of processor per second, {:?} per advertisement",
        processor / 10_000
    );
    assert_eq!(periods.len(), 250);
    let off = mean(&all).abs_diff(Duration::from_millis(100));
    assert!(off < Duration::from_micros(100), "{off:?}");
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn twenty_thousand_excluded_addresses_delay_no_advertisement_by_a_fifth() {
    let switch = Switch::new();
    let host = switch.host(1);
    host.favour();
    let mut excluded = Vec::new();
    for high in 0..80 {
        for low in 0..250 {
            excluded.push(virtual_address(&format!("10.200.{high}.{low}/32")));
        }
    }
    let mut tap = Tap::on(&switch.namespace, "p1");
    start_stall_meters(TICK);
    let clock = Clock::new().unwrap();
    let begin = clock.now();
    let router = host.start(RouterSpec {
        excluded,
        ..router(100, &["10.9.0.100/24"])
    });
    let installed =
        move |host: &Host| host.ask(move |node| node.driver().router(router).unwrap().installed());
    loop {
        tap.read();
        let count = installed(&host);
        if count == 20_001 {
            break;
        }
        let waited = clock.now().saturating_duration_since(begin);
        assert!(
            waited < Duration::from_secs(300),
            "{count} after {waited:?}"
        );
        sleep(Duration::from_millis(100));
    }
    let took = clock.now().saturating_duration_since(begin);
    host.ask(move |node| node.driver().stop(router));
    until("the addresses to be gone", || {
        tap.read();
        host.ask(|node| node.driver().is_settled())
    });
    let removed = clock.now().saturating_duration_since(begin) - took;
    let periods = periods(tap.read());
    let own: Vec<_> = periods[&51].iter().map(length).collect();
    let announced = tap.count(|frame| frame.announced().is_some());
    println!(
        "20,001 addresses in {took:?}, removed in {removed:?}, {announced} announcements seen; \
         {} advertisements, mean {:?}, longest {:?}",
        own.len(),
        mean(&own),
        longest(&own)
    );
    let due = Duration::from_millis(120);
    let limit = |period: &Range<_>| due + stall(period.start, period.end);
    let late: Vec<_> = periods[&51]
        .iter()
        .enumerate()
        .filter(|(_, period)| length(period) > due && length(period) > limit(period))
        .collect();
    assert!(late.is_empty(), "{late:?}");
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_period_of_ten_milliseconds_does_not_drift() {
    let switch = Switch::new();
    let host = switch.host(1);
    host.prioritise();
    let a = host.start(spec(51, 1, "eth0", "10.9.0.100/24"));
    host.await_role(a, Role::Active);
    sleep(Duration::from_millis(100));
    let interval = Duration::from_millis(10);
    let mut own = Vec::new();
    for _ in 0..10 {
        own.extend(undisturbed_periods(&switch, interval));
        if own.len() > 900 {
            break;
        }
    }
    assert!(own.len() > 900, "the machine stalls all the time");
    let off = mean(&own).abs_diff(interval);
    assert!(off < Duration::from_micros(10), "{off:?}");
}

/// What is measured in ten seconds of the one router's periods in which the machine did not stall.
#[expect(clippy::print_stdout, reason = "tells how disturbed the machine is")]
fn undisturbed_periods(switch: &Switch, interval: Duration) -> Vec<Duration> {
    let mut tap = Tap::on(&switch.namespace, "p1");
    start_stall_meters(TICK);
    sleep(Duration::from_secs(10));
    let frames = tap.read();
    let advertised = frames
        .iter()
        .filter(|frame| frame.advertisement().is_some());
    let times: Vec<_> = advertised.map(|frame| frame.time).collect();
    let all = times.windows(2).map(|pair| pair[0]..pair[1]);
    // A period may also make up for the one before it.
    let touched = |period: &Range<Duration>| period.start.saturating_sub(interval)..period.end;
    let own: Vec<_> = all
        .filter(|period| {
            let touched = touched(period);
            stall(touched.start, touched.end).is_zero()
        })
        .map(|period| length(&period))
        .collect();
    println!(
        "{} of {} periods undisturbed, mean {:?}, longest {:?}",
        own.len(),
        times.len() - 1,
        mean(&own),
        longest(&own)
    );
    own
}
