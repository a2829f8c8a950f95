//! A network namespace with a pair of interfaces, and the event loop of these tests.

use core::time::Duration;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rig::clock::processor_time;
use rig::enter_namespace;
pub(crate) use rig::tools::ip;
use vrrp_core::Family;
use vrrp_mio::NetworkEvent;
use vrrp_mio::addresses::{AddressEvent, AddressKeeper};
use vrrp_mio::interfaces::AddressKey;
use vrrp_mio::macvlan::{Macvlan, MacvlanStep};
use vrrp_mio::netlink::{Completion, Monitor, Progress, Requests, TimeSlice};
use vrrp_mio::sysctl::Sysctls;

use crate::now;

pub(crate) struct Lab {
    pub(crate) monitor: Monitor,
    pub(crate) keeper: AddressKeeper<u32>,
    pub(crate) requests: Requests<AddressKey>,
    pub(crate) network_events: Vec<NetworkEvent>,
    pub(crate) address_events: Vec<AddressEvent<u32>>,
    pub(crate) longest_turn: Duration,
    pub(crate) turns: u32,
}

impl Lab {
    /// Moves the calling thread into a new network namespace with `va` and `vb` connected and up.
    pub(crate) fn new() -> Self {
        enter_namespace();
        ip("link add va type veth peer name vb");
        ip("link set va up");
        ip("link set vb up");
        let mut lab = Self {
            monitor: Monitor::open().unwrap(),
            keeper: AddressKeeper::default(),
            requests: Requests::open().unwrap(),
            network_events: Vec::new(),
            address_events: Vec::new(),
            longest_turn: Duration::ZERO,
            turns: 0,
        };
        lab.settle();
        lab
    }

    pub(crate) fn index(&self, name: &str) -> u32 {
        let link = self.monitor.interfaces().link_named(name.parse().unwrap());
        link.unwrap_or_else(|| panic!("no interface {name}")).index
    }

    /// One turn of a loop: whether there is more to do at once.
    pub(crate) fn turn(&mut self) -> Progress {
        let begin = now();
        let cpu = processor_time();
        let slice = || TimeSlice::new(begin, now() + Duration::from_millis(1), &now);
        let mut completions = Vec::new();
        let requests = self.requests.drive(&slice(), &mut completions).unwrap();
        for done in completions {
            self.keeper.completed(done.tag, done.result, begin);
        }
        let mut events = Vec::new();
        let monitor = self.monitor.drive(&slice(), &mut events).unwrap();
        for event in &events {
            self.keeper.observe(event, begin);
        }
        self.network_events.extend(events);
        let slice = slice();
        while self.requests.room() > 0 && !slice.is_over() {
            let interfaces = self.monitor.interfaces();
            let Some((key, request)) = self.keeper.next_request(interfaces, begin) else {
                break;
            };
            self.requests.push(request, key).unwrap();
        }
        while let Some(event) = self.keeper.next_event() {
            self.address_events.push(event);
        }
        if self.keeper.takes_doubt() {
            self.monitor.resynchronise();
        }
        self.turns += 1;
        self.longest_turn = self.longest_turn.max(processor_time().saturating_sub(cpu));
        if requests == Progress::Complete && monitor == Progress::Complete {
            Progress::Complete
        } else {
            Progress::Partial
        }
    }

    /// Turns until nothing is left to do and nothing has come for 100 ms.
    pub(crate) fn settle(&mut self) {
        let mut poll = Poll::new().unwrap();
        for fd in [self.monitor.as_raw_fd(), self.requests.as_raw_fd()] {
            let mut source = SourceFd(&fd);
            poll.registry()
                .register(&mut source, Token(0), Interest::READABLE)
                .unwrap();
        }
        let give_up = now() + Duration::from_secs(60);
        loop {
            assert!(now() < give_up, "does not settle");
            let more = self.turn() == Progress::Partial;
            if more
                || self
                    .keeper
                    .deadline()
                    .is_some_and(|deadline| deadline <= now())
            {
                continue;
            }
            let mut events = Events::with_capacity(4);
            // A process that another test starts may interrupt this.
            while let Err(error) = poll.poll(&mut events, Some(Duration::from_millis(100))) {
                assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
            }
            let quiet = events.is_empty() && self.requests.is_idle();
            if quiet && self.monitor.is_synchronised() && self.keeper.is_settled() {
                return;
            }
        }
    }

    pub(crate) fn drive<T>(&mut self, requests: &mut Requests<T>) -> Vec<Completion<T>> {
        let mut completions = Vec::new();
        while !requests.is_idle() {
            let begin = now();
            let slice = TimeSlice::new(begin, begin + Duration::from_millis(1), &now);
            let _progress = requests.drive(&slice, &mut completions).unwrap();
        }
        self.settle();
        completions
    }

    /// Carries out the steps of a macvlan until it is as wanted.
    pub(crate) fn reconcile(
        &mut self,
        macvlan: &mut Macvlan,
        sysctls: &mut Sysctls,
        family: Family,
    ) {
        let mut requests = Requests::open().unwrap();
        for _ in 0..50 {
            match macvlan.next_step(self.monitor.interfaces(), now()).unwrap() {
                Some(MacvlanStep::Request(request)) => {
                    requests.push(request, ()).unwrap();
                    for done in self.drive(&mut requests) {
                        macvlan.completed(done.result, now());
                        assert_eq!(macvlan.refusal(), None);
                    }
                }
                Some(MacvlanStep::Reread) => self.monitor.resynchronise(),
                Some(MacvlanStep::Tune { index }) => {
                    let parent = "va".parse().unwrap();
                    let name = macvlan.spec().name;
                    sysctls.hold_macvlan(&[family], name, parent).unwrap();
                    macvlan.tuned(index);
                }
                None if macvlan.is_settled(self.monitor.interfaces()) => return,
                None => self.settle(),
            }
        }
        panic!("does not settle: {macvlan:?}");
    }
}
