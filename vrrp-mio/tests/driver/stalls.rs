//! Drivers that were stopped for a while, as by a debugger or a hypervisor.

use core::time::Duration;
use std::thread::sleep;

use vrrp_core::{Cause, Config, Role, Settings};
use vrrp_mio::{Notice, RouterSpec, VirtualAddress};

use crate::host::{Switch, router, until};

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
            spec.config = Config::try_from(Settings {
                vrid,
                interval_cs: 1,
                ..Settings::from(spec.config)
            })
            .unwrap();
            spec.addresses = vec![VirtualAddress::new(address, 32)];
            let router = node.driver().add(spec);
            node.driver().start(router);
        }
    });
    until("all to be Active", || {
        left.ask(|node| {
            let mut routers = node.driver().routers();
            routers.all(|(_, router)| router.machine().role() == Role::Active)
        })
    });
    for _ in 0..5 {
        right.ask(|_| sleep(Duration::from_millis(1_000)));
        sleep(Duration::from_millis(200));
        assert_eq!(right.role(b), Role::Backup);
    }
    assert_eq!(
        right.noticed(|notice| matches!(notice, Notice::Transition { transition, .. } if transition.to == Role::Active)),
        0
    );
}
