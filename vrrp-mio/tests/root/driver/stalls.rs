//! Tests of drivers that were stopped for a while, as by a debugger or a hypervisor, and of slow
//! kernels.

use core::net::Ipv4Addr;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::net::UdpSocket;
use std::thread::{self, sleep};

use vrrp_core::{Cause, Config, Interval, Role, Settings};
use vrrp_mio::{Clock, Notice, RouterSpec, VirtualAddress};

use super::host::{Host, PATIENCE, Switch, router, until};
use rig::Tap;
use rig::capture::Frame;

const VIP: &str = "10.9.0.100/24";

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_active_router_that_was_stopped_hears_its_successor_before_it_speaks() {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    let a = left.start(router(200, &[VIP]));
    let b = right.start(router(100, &[VIP]));
    left.await_role(a, Role::Active);
    until("the backup to hear it", || {
        right.ask(move |node| {
            let machine = node.driver().router(b).unwrap().machine();
            machine.active_router().is_some()
        })
    });
    left.forget_notices();
    left.ask(|_| sleep(Duration::from_secs(1)));
    left.await_role(a, Role::Backup);
    left.ask(|node| {
        assert!(matches!(node.notices[0], Notice::Late { by } if by > Duration::from_millis(800)));
        let yielded = node.notices.iter().any(|notice| {
            matches!(notice, Notice::Transition { transition, .. } if transition.cause == Cause::Overslept)
        });
        assert!(yielded, "{:?}", node.notices);
    });
    left.await_role(a, Role::Active);
    until("one Active router", || right.role(b) == Role::Backup);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_backup_that_was_stopped_hears_a_deep_queue_before_it_takes_over() {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    let a = left.start(router(200, &[VIP]));
    let b = right.start(router(100, &[VIP]));
    left.await_role(a, Role::Active);
    // 6,000 advertisements a second beside the ten that matter.
    left.ask(|node| {
        for vrid in 100..160 {
            let address = core::net::IpAddr::from([10, 9, 1, vrid]);
            let mut spec: RouterSpec = router(200, &[VIP]);
            let mut settings = Settings::from(spec.config);
            settings.vrid = vrid;
            settings.interval = Interval::from_centis(1).unwrap();
            spec.config = Config::try_from(settings).unwrap();
            spec.addresses = vec![VirtualAddress::new(address, 32)];
            let router = node.driver().add(spec).unwrap();
            node.driver().start(router);
        }
    });
    until("all to be Active", || {
        left.ask(|node| {
            let mut routers = node.driver().routers();
            routers.all(|(_, router)| router.machine().role() == Role::Active)
        })
    });
    // Where it was silent, as on a machine that stalls, the other has to take over.
    let mut tap = Tap::on(&switch.namespace, "p1");
    let taken_over = |notice: &Notice| matches!(notice, Notice::Transition { transition, .. } if transition.to == Role::Active);
    let mut judged = 0;
    for _ in 0..20 {
        tap.clear();
        let begin = rig::now();
        right.forget_notices();
        right.ask(|_| sleep(Duration::from_millis(1_000)));
        sleep(Duration::from_millis(200));
        let times = right.noticed(taken_over);
        if longest_silence(tap.read(), begin..rig::now()) < SILENCE {
            assert_eq!((times, right.role(b)), (0, Role::Backup));
            judged += 1;
        }
        if judged == 5 {
            return;
        }
        right.await_role(b, Role::Backup);
    }
    panic!("of 20 rounds, {judged} without a silence of {SILENCE:?}");
}

/// What a backup bears less than: the Active_Down_Interval is 361 ms.
const SILENCE: Duration = Duration::from_millis(300);

/// The longest time of `window` without an advertisement of VRID 51.
fn longest_silence(frames: &[Frame], window: Range<Duration>) -> Duration {
    let own = frames
        .iter()
        .filter(|frame| frame.advertisement().is_some_and(|pdu| pdu[1] == 51));
    let mut times = vec![window.start];
    times.extend(own.map(|frame| frame.time));
    times.push(window.end);
    let gaps = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    gaps.max().expect("a window has two ends")
}

/// Makes 20 interfaces of one group.
fn add_group(host: &Host) {
    for number in 0..20 {
        host.ip(&format!(
            "link add link eth0 name m{number} type macvlan mode bridge"
        ));
        host.ip(&format!("link set m{number} group 7"));
    }
}

/// Sets the interfaces of the group up and down until told to end. For each, the kernel waits until
/// no processor uses it any more, and holds the lock of rtnetlink over all of them.
fn keep_rtnetlink_busy(host: &Host, ends: &AtomicBool) {
    for _ in 0..100 {
        host.ip("link set group 7 up");
        host.ip("link set group 7 down");
        if ends.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// How long `work` takes at most, done again and again until `over`.
fn longest(over: &AtomicBool, work: impl Fn()) -> Duration {
    let clock = Clock::new().unwrap();
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let begin = clock.now();
        work();
        longest = longest.max(clock.now().saturating_duration_since(begin));
        sleep(Duration::from_millis(1));
    }
    longest
}

/// Two requests that need the lock for microseconds.
fn take_lock() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (group, loopback) = (Ipv4Addr::new(224, 0, 0, 99), Ipv4Addr::LOCALHOST);
    socket.join_multicast_v4(&group, &loopback).unwrap();
    socket.leave_multicast_v4(&group, &loopback).unwrap();
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_turn_does_not_wait_for_the_kernel_to_make_changes() {
    let switch = Switch::new();
    let (host, other) = (switch.host(1), switch.host(2));
    add_group(&other);
    let ends = AtomicBool::new(false);
    let (wait, turn) = thread::scope(|scope| {
        scope.spawn(|| keep_rtnetlink_busy(&other, &ends));
        let wait = scope.spawn(|| longest(&ends, take_lock));
        for number in 1..=20 {
            let mut spec: RouterSpec = router(200, &[VIP]);
            let mut settings = Settings::from(spec.config);
            settings.vrid = 100 + number;
            spec.config = Config::try_from(settings).unwrap();
            let address = core::net::IpAddr::from([10, 9, 1, number]);
            spec.addresses = vec![VirtualAddress::new(address, 32)];
            host.start(spec);
        }
        scope.spawn(|| {
            let clock = Clock::new().unwrap();
            let give_up = clock.now() + PATIENCE;
            while !host.has("10.9.1.20/32") && clock.now() < give_up {
                sleep(Duration::from_millis(5));
            }
            ends.store(true, Ordering::Relaxed);
        });
        let turn = longest(&ends, || host.ask(|_| ()));
        (wait.join().unwrap(), turn)
    });
    host.await_address("10.9.1.20/32", true);
    println!("a request waits up to {wait:?}, a turn takes up to {turn:?}");
    assert!(turn < wait / 2, "a turn took {turn:?}, a request {wait:?}");
}
