//! Routers that are given another specification while they run.
//!
//! An Active router keeps its role, and its advertisements stay on time: 20 % of the interval is
//! allowed, and what the machine itself stalled meanwhile.

mod addresses;
mod contention;
mod roles;
mod settings;
mod transport;
mod virtual_mac;

use core::net::IpAddr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep, spawn};

use rig::{now, stall, start_stall_meters};
use vrrp_core::{Config, Interval, Role, Settings, announce};
use vrrp_mio::netlink::Monitor;
use vrrp_mio::{Aspect, Clock, NetworkEvent, Notice, RouterId, RouterSpec, TimeSlice};

use self::contention::Contention;
use super::host::{Host, Switch, address, router, until};
use rig::Tap;
use rig::capture::Frame;

/// How long an address may be away that is put in place anew.
const AWAY: Duration = Duration::from_millis(10);

/// No addresses.
const NONE: [IpAddr; 0] = [];

/// The addresses that go from a host, and when.
struct Removals {
    end: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<(Duration, IpAddr)>>>,
    thread: Option<JoinHandle<()>>,
}

impl Removals {
    fn of(host: &Host) -> Self {
        let mut monitor = host.ask(|_| Monitor::open().unwrap());
        let clock = Clock::new().unwrap();
        let mut follow = move || {
            let mut events = Vec::new();
            let read = || clock.now();
            let slice = TimeSlice::of(Duration::from_secs(1), clock.now(), &read);
            let _progress = monitor.drive(&slice, &mut events).unwrap();
            (monitor.is_synchronised(), events)
        };
        until("the interfaces of the host", || follow().0);
        let end = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (ended, record) = (Arc::clone(&end), Arc::clone(&seen));
        let thread = spawn(move || {
            while !AtomicBool::load(&ended, Ordering::Relaxed) {
                let (complete, events) = follow();
                assert!(complete, "nothing is missed");
                let removed = events.into_iter().filter_map(|event| match event {
                    NetworkEvent::AddressRemoved(address) => Some((now(), address.address)),
                    NetworkEvent::LinkChanged(_)
                    | NetworkEvent::LinkRemoved(_)
                    | NetworkEvent::AddressAdded(_)
                    | NetworkEvent::AddressChanged(_)
                    | NetworkEvent::Synchronised => None,
                });
                Mutex::lock(&record).unwrap().extend(removed);
                sleep(Duration::from_micros(500));
            }
        });
        Self {
            end,
            seen,
            thread: Some(thread),
        }
    }

    fn clear(&self) {
        self.seen.lock().unwrap().clear();
    }

    /// IPv4 addresses that went, in order.
    fn list(&self) -> Vec<IpAddr> {
        let mut list: Vec<_> = self.seen.lock().unwrap().iter().map(|it| it.1).collect();
        list.retain(IpAddr::is_ipv4);
        list.sort_unstable();
        list
    }

    fn last(&self, address: IpAddr) -> Duration {
        let seen = self.seen.lock().unwrap();
        let mut of_it = seen.iter().rev().filter(|it| it.1 == address);
        of_it.next().expect("it went").0
    }
}

impl Drop for Removals {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_some_and(|it| it.is_ok()));
    }
}

/// An advertisement in the clear or with an Authentication Header.
fn is_advertisement(frame: &Frame) -> bool {
    let authenticated = frame.octets[12..14] == [8, 0] && frame.octets[23] == 51;
    authenticated || frame.advertisement().is_some()
}

fn is_transition(notice: &Notice) -> bool {
    matches!(notice, Notice::Transition { .. })
}

/// An Active router on host 1, and its backup on host 2.
struct Pair {
    switch: Switch,
    left: Host,
    right: Host,
    ids: [RouterId; 2],
    /// What the routers are.
    specs: [RouterSpec; 2],
    tap: Tap,
    removals: Removals,
    contention: Contention,
}

impl Pair {
    /// Routers of `spec`, which differ in their priority.
    fn of(spec: RouterSpec) -> Self {
        Self::prepared(spec, |_| ())
    }

    fn prepared(spec: RouterSpec, prepare: impl FnOnce(&Host)) -> Self {
        start_stall_meters(Duration::from_millis(2));
        let switch = Switch::new();
        let (left, right) = (switch.host(1), switch.host(2));
        prepare(&left);
        let tap = Tap::on(&switch.namespace, "p1");
        let removals = Removals::of(&left);
        let contention = Contention::measured(&switch.namespace);
        for host in [&left, &right] {
            host.prioritise();
        }
        let specs = [200, 100].map(|priority| {
            let mut spec = spec.clone();
            configure(&mut spec, |settings| settings.priority = priority);
            spec
        });
        let ids = [left.start(specs[0].clone()), right.start(specs[1].clone())];
        let mut pair = Self {
            switch,
            left,
            right,
            ids,
            specs,
            tap,
            removals,
            contention,
        };
        pair.left.await_role(ids[0], Role::Active);
        pair.await_installed();
        let [_, b] = ids;
        until("the backup to follow", || {
            pair.right.ask(move |node| {
                let machine = node.driver().router(b).unwrap().machine();
                machine.active_router().is_some()
            })
        });
        pair.await_quiet();
        pair
    }

    /// Waits until every address of the Active router is in place.
    fn await_installed(&self) {
        let [a, _] = self.ids;
        until("the addresses of the Active router", || {
            self.left.ask(move |node| {
                let router = node.driver().router(a).unwrap();
                router.installed() == router.addresses().count() + router.excluded().len()
            })
        });
    }

    /// Waits until nothing has been announced for a while.
    fn await_quiet(&mut self) {
        until("announcements to end", || {
            self.tap.clear();
            sleep(Duration::from_millis(100));
            self.tap.count(|frame| frame.announced().is_some()) == 0
        });
    }

    /// Changes the specification of the backup.
    fn change_backup(&mut self, change: impl FnOnce(&mut RouterSpec)) -> Vec<Aspect> {
        change(&mut self.specs[1]);
        let ([_, b], [_, spec]) = (self.ids, self.specs.clone());
        self.right
            .ask(move |node| node.driver().update(b, spec))
            .unwrap()
    }

    /// Changes the specification of the Active router, which shows neither on its role nor in the
    /// time of its advertisements. Gives when it was.
    fn change(&mut self, aspects: &[Aspect], change: impl FnOnce(&mut RouterSpec)) -> Duration {
        let former = self.specs[0].config.interval().duration();
        change(&mut self.specs[0]);
        let interval = self.specs[0].config.interval().duration();
        self.tap.clear();
        self.tap.wait("an advertisement", 1, is_advertisement);
        self.left.forget_notices();
        self.right.forget_notices();
        self.removals.clear();
        let ([a, b], [spec, _]) = (self.ids, self.specs.clone());
        let (at, found) = self.left.ask(move |node| {
            let at = now();
            (at, node.driver().update(a, spec).unwrap())
        });
        assert_eq!(found, aspects);
        sleep(interval * 2 + interval / 2);
        let end = now();
        let frames = self.tap.read().iter();
        let times = frames.filter(|frame| is_advertisement(frame));
        let mut times: Vec<_> = times.map(|frame| frame.time).collect();
        times.push(end);
        for pair in times.windows(2) {
            let due = if pair[0] <= at { former } else { interval };
            let length = pair[1].saturating_sub(pair[0]);
            let bound = due + due / 5 + stall(pair[0], pair[1]);
            assert!(length <= bound, "{length:?} of {due:?} after {found:?}");
        }
        assert_eq!(self.left.noticed(is_transition), 0, "{found:?}");
        assert_eq!(self.right.noticed(is_transition), 0, "{found:?}");
        assert_eq!(self.left.role(a), Role::Active, "{found:?}");
        assert_eq!(self.right.role(b), Role::Backup, "{found:?}");
        self.await_installed();
        at
    }

    /// Whether `it` was announced within 10 ms of `since`.
    fn is_announced_in_time(&mut self, it: &str, since: Duration) {
        let it = address(it);
        self.tap.wait("the address announced", 1, |frame| {
            frame.announced() == Some(it) && frame.time >= since
        });
        let mut announced = self.tap.frames.iter();
        let first = announced.find(|frame| frame.announced() == Some(it) && frame.time >= since);
        let first = first.unwrap().time;
        let bound = AWAY + stall(since, first) + self.contention.longest(since, first);
        let length = first.saturating_sub(since);
        assert!(length <= bound, "{it} after {length:?}, not {bound:?}");
    }
}

fn configure(spec: &mut RouterSpec, change: impl FnOnce(&mut Settings)) {
    let mut settings = Settings::from(spec.config);
    change(&mut settings);
    spec.config = Config::try_from(settings).unwrap();
}

/// A router that advertises every 200 ms, and announces each address twice and never again.
fn quiet_router(addresses: &[&str]) -> RouterSpec {
    let mut settings = announce::Settings::default();
    settings.repeat = 2;
    settings.delay = Duration::ZERO;
    let mut spec = router(100, addresses);
    configure(&mut spec, |it| {
        it.interval = Interval::from_centis(20).unwrap()
    });
    spec.announce = announce::Config::try_from(settings).unwrap();
    spec
}
