//! Tests with many routers, many addresses and short intervals.

use core::net::Ipv4Addr;
use core::ops::Range;
use core::time::Duration;
use std::collections::BTreeMap;
use std::thread::sleep;

use vrrp_core::{Config, Event, Family, Interval, Role, Settings, Version};
use vrrp_mio::{Clock, RouterSpec, VirtualAddress};

use super::host::{Host, Switch, router, until, virtual_address};
use rig::capture::Frame;
use rig::clock::processor_time;
use rig::{Tap, now, stall, start_stall_meters};

/// How long the meters of stalls sleep.
const TICK: Duration = Duration::from_millis(2);
/// Of the routers here.
const INTERVAL: Duration = Duration::from_millis(100);
/// Their Active_Down_Interval at priority 100.
const DOWN: Duration = Duration::from_millis(361);

fn spec(vrid: u8, interval_cs: u16, interface: &str, address: &str) -> RouterSpec {
    let mut settings = Settings::new(Version::V3, Family::V4, vrid);
    settings.priority = 100;
    settings.interval = Interval::from_centis(interval_cs).unwrap();
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

/// Those that are late: longer than the interval by more than a fifth of it and what the machine itself
/// stalled meanwhile.
fn late_periods(periods: &[Range<Duration>]) -> Vec<Duration> {
    let due = INTERVAL * 12 / 10;
    let late = periods.iter().filter(|period| length(period) > due);
    late.filter(|period| length(period) > due + stall(period.start, period.end))
        .map(length)
        .collect()
}

/// Hundredths of a second of processor this process has used, in user and system mode.
fn process_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next().unwrap().parse::<u64>().unwrap();
    next() + next()
}

fn started(host: &Host) -> usize {
    host.ask(|node| {
        let routers = node.driver().routers();
        routers
            .filter(|(_, router)| router.machine().role() != Role::Initialize)
            .count()
    })
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
            host.ip(&format!("link set {end}{link} addrgenmode none"));
            host.ip(&format!("link set {end}{link} up"));
        }
        host.ip(&format!("address add 10.{link}.0.1/24 dev eth{link}"));
    }
    start_stall_meters(TICK);
    let mut tap = Tap::on(&switch.namespace, "p1");
    let begin = now();
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
    until("a thousand routers in the election", || {
        started(&host) == 1_000
    });
    let electing = now();
    until("a thousand Active routers", || active(&host) == 1_000);
    println!(
        "1,000 routers in the election after {:?}, Active with their addresses after {:?}",
        electing - begin,
        now() - begin
    );
    let due = electing + DOWN + INTERVAL / 5;
    let mut first = BTreeMap::new();
    for frame in tap.read() {
        if let Some(pdu) = frame.advertisement() {
            first.entry(pdu[1]).or_insert(frame.time);
        }
    }
    let late = |time: &Duration| *time > due && *time > due + stall(electing, *time);
    let late: Vec<_> = first.iter().filter(|(_, time)| late(time)).collect();
    assert_eq!(
        (first.len(), late.len()),
        (250, 0),
        "{late:?} after {due:?}"
    );

    tap.clear();
    let (before, seconds) = (process_time(), 5);
    let from = now();
    sleep(Duration::from_secs(seconds));
    let used = process_time() - before;
    let periods = periods(tap.read());
    let all: Vec<Duration> = periods.values().flatten().map(length).collect();
    println!(
        "{} advertisements of {} routers on eth0: mean {:?}, longest {:?}",
        all.len(),
        periods.len(),
        mean(&all),
        longest(&all)
    );
    let processor = Duration::from_millis(10 * used) / u32::try_from(seconds).unwrap();
    println!(
        "{processor:?} of processor per second, {:?} per advertisement",
        processor / 10_000
    );
    assert_eq!(periods.len(), 250);
    for (vrid, own) in &periods {
        assert_eq!(late_periods(own), [], "virtual router {vrid}");
    }
    // Of 50, the last one may have stalled.
    let off = mean(&all).abs_diff(INTERVAL);
    let bound = INTERVAL / 1_000 + stall(from, now()) / 50;
    assert!(off <= bound, "{off:?}, not {bound:?}");
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
    assert_eq!(late_periods(&periods[&51]), []);
}

/// The lists of excluded addresses that a router has one after the other; they share a half.
fn twenty_thousand(first: u32) -> Vec<VirtualAddress> {
    let numbers = (0x0ac8_0000 + first..).take(20_000);
    let addresses = numbers.map(Ipv4Addr::from_bits);
    addresses
        .map(|address| VirtualAddress::new(address.into(), 32))
        .collect()
}

/// What follows from a change of role or of the addresses is done a part at a time: neither the call
/// nor a turn has to do with all of them. How long a turn takes besides that is a limit of work, ten
/// times what an optimised build may.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn twenty_thousand_excluded_addresses_change_in_short_turns() {
    const TURN: Duration = Duration::from_millis(20);
    let switch = Switch::new();
    let host = switch.host(1);
    host.favour();
    let mut tap = Tap::on(&switch.namespace, "p1");
    start_stall_meters(TICK);
    let mut spec = router(100, &["10.9.0.100/24"]);
    let accept = true;
    let mut settings = Settings::from(spec.config);
    settings.accept = accept;
    spec.config = Config::try_from(settings).unwrap();
    spec.excluded = twenty_thousand(10_000);
    let id = host.start(spec.clone());
    host.await_role(id, Role::Active);
    host.ask(|node| node.longest_turn = Duration::ZERO);
    let installed = || host.ask(move |node| node.driver().router(id).unwrap().installed());
    until("the first addresses", || installed() > 2_000);
    spec.excluded = twenty_thousand(0);
    host.ask(move |node| node.driver().update(id, spec))
        .unwrap();
    until("other addresses", || host.has("10.200.0.0/32"));
    let took = host.ask(move |node| {
        let before = processor_time();
        node.driver().tell(id, Event::Fault).unwrap();
        processor_time() - before
    });
    host.await_role(id, Role::Initialize);
    until("the addresses to be gone", || {
        tap.read();
        host.ask(|node| node.driver().is_settled())
    });
    let longest = host.ask(|node| node.longest_turn);
    println!("a turn took up to {longest:?}, the change of role {took:?}");
    assert_eq!(late_periods(&periods(tap.read())[&51]), []);
    assert!(took < Duration::from_millis(2), "{took:?}");
    assert!(longest < TURN, "{longest:?}");
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
    assert!(off < interval / 1_000, "{off:?}");
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
