//! Tests of a driver in a loop that is not its own, of which it has one descriptor.

use core::time::Duration;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, spawn};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use rig::Namespace;
use vrrp_core::{Cause, Role, Transition};
use vrrp_mio::{Driver, Notice, RouterSpec};

use super::host::{PATIENCE, Switch, router};

const VIP: &str = "10.9.0.100/24";
const DRIVER: Token = Token(0);
const WAKER: Token = Token(1);

/// A host whose driver makes turns only when its descriptor is readable.
struct Nested {
    transitions: Receiver<Transition>,
    waker: Arc<Waker>,
    thread: JoinHandle<()>,
}

impl Nested {
    fn start(namespace: &Namespace, spec: RouterSpec) -> Self {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).unwrap());
        let (report, transitions) = channel();
        let enter = namespace.entrance();
        let thread = spawn(move || {
            enter();
            run(poll, spec, &report);
        });
        Self {
            transitions,
            waker,
            thread,
        }
    }

    fn next(&self, what: &str) -> Transition {
        let transition = self.transitions.recv_timeout(PATIENCE);
        transition.unwrap_or_else(|error| panic!("{what}: {error}"))
    }
}

/// The loop of a program that has other sources: here one, which ends it.
fn run(mut poll: Poll, spec: RouterSpec, report: &Sender<Transition>) {
    let mut driver = Driver::new().unwrap();
    let fd = driver.as_raw_fd();
    (poll
        .registry()
        .register(&mut SourceFd(&fd), DRIVER, Interest::READABLE))
    .unwrap();
    let router = driver.add(spec).unwrap();
    driver.start(router);
    turn(&mut driver, report);
    let mut events = Events::with_capacity(4);
    loop {
        poll.poll(&mut events, None).unwrap();
        for event in &events {
            if event.token() == WAKER {
                let notices = driver.shutdown(Duration::from_secs(5)).unwrap();
                tell(notices, report);
                assert!(driver.is_settled());
                return;
            }
            turn(&mut driver, report);
        }
    }
}

fn turn(driver: &mut Driver, report: &Sender<Transition>) {
    loop {
        let turn = driver.turn(Some(Duration::ZERO)).unwrap();
        tell(turn.notices, report);
        if !turn.pending {
            return;
        }
    }
}

fn tell(notices: Vec<Notice>, report: &Sender<Transition>) {
    for notice in notices {
        if let Notice::Transition { transition, .. } = notice {
            report.send(transition).unwrap();
        }
    }
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_driver_in_another_epoll_elects_by_its_descriptor_alone() {
    let switch = Switch::new();
    let left = switch.host(1);
    let a = left.start(router(200, &[VIP]));
    left.await_role(a, Role::Active);

    let namespace = Namespace::new("h2");
    switch.namespace.plug("br0", "p2", &namespace, "eth0");
    namespace.ip("address add 10.9.0.2/24 dev eth0");
    let nested = Nested::start(&namespace, router(150, &[VIP]));
    assert_eq!(nested.next("Backup").to, Role::Backup);
    left.crash();
    let taken = nested.next("the deadline");
    assert_eq!(
        (taken.to, taken.cause),
        (Role::Active, Cause::ActiveTimeout)
    );

    left.boot();
    let a = left.start(router(100, &[VIP]));
    left.await_address(VIP, false);
    left.await_role(a, Role::Backup);
    assert!(namespace.show("-o address show").contains(VIP));
    nested.waker.wake().unwrap();
    assert_eq!(nested.next("the end").to, Role::Initialize);
    nested.thread.join().unwrap();
    assert!(!namespace.show("-o address show").contains(VIP));
    left.await_role(a, Role::Active);
    let cause = left.ask(move |node| {
        let router = node.driver().router(a).unwrap();
        router.last_transition().unwrap().cause
    });
    assert_eq!(cause, Cause::ActiveResigned);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_shutdown_removes_what_dropping_a_driver_leaves() {
    let switch = Switch::new();
    let host = switch.host(1);
    let a = host.start(router(200, &[VIP]));
    host.await_role(a, Role::Active);
    host.await_address(VIP, true);
    host.crash();
    assert!(host.has(VIP), "dropped");

    host.boot();
    let a = host.start(router(200, &[VIP]));
    host.await_role(a, Role::Active);
    let last = host.ask(|node| node.driver().shutdown(Duration::from_secs(5)).unwrap());
    assert!(last.iter().any(
        |notice| matches!(notice, Notice::Transition { transition, .. } if transition.to == Role::Initialize)
    ));
    assert!(!host.has(VIP), "shut down");
    // It takes no time where nothing is left to do, and a router may be started again.
    let again = host.ask(|node| node.driver().shutdown(Duration::ZERO).unwrap());
    assert!(again.is_empty(), "{again:?}");
    host.ask(move |node| node.driver().start(a));
    host.await_role(a, Role::Active);
}
