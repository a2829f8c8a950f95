//! Tests of instances that are added, updated and removed while the daemon runs.

use core::time::Duration;

use signal_hook_mio::v1_0::Signals;
use vrrp_core::Role;
use vrrp_mio::{Aspect, Driver, RouterId};

use super::super::host::Host;
use super::super::identity;
use super::super::turn::Switching;
use super::*;
use crate::balancing::Prepared;
use crate::config::{Config, LoadOptions, load_str};
use crate::slab::Cursor;

/// A daemon that keeps its privileges, of which no turn is made.
fn engine(name: &str) -> Engine {
    let host = Host::new().unwrap();
    let prepared = Prepared::new(&Config::default()).unwrap();
    let signals = Signals::new([0_i32; 0]).unwrap();
    let name = format!("test-{name}-{}", std::process::id());
    // Daemons that run beside the tests have theirs elsewhere.
    let directory = std::env::temp_dir();
    let identity = identity::claim_in(&directory, Some(&name)).unwrap();
    let driver = Driver::new().unwrap();
    Engine::assemble(driver, host, prepared, signals, identity).unwrap()
}

fn instance(name: &str, vrid: u8, settings: &str) -> Instance {
    let text = format!(
        "vrrp_instance {name} {{\ninterface none{vrid}\nvirtual_router_id {vrid}\n{settings}\n\
         virtual_ipaddress {{\n192.0.2.{vrid}/24\n}}\n}}"
    );
    let mut loaded = load_str("test.conf", &text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    loaded.config.instances.remove(0)
}

impl Engine {
    fn router(&self, handle: Handle) -> RouterId {
        self.instances.get(handle).unwrap().router().unwrap()
    }

    fn is_on(&self, handle: Handle) -> bool {
        let router = self.driver.router(self.router(handle)).unwrap();
        router.machine().is_started()
    }
}

#[test]
fn an_instance_is_switched_on_unless_all_are_to_be() {
    let mut engine = engine("on");
    let a = engine.add_instance(instance("a", 1, "")).unwrap();
    assert!(engine.is_on(a));
    engine.start_at = Some(engine.started_at + Duration::from_secs(9));
    let b = engine.add_instance(instance("b", 2, "")).unwrap();
    assert!(!engine.is_on(b), "the delay at the start is not over");
    engine.start_at = None;
    engine.switching = Switching::On(Cursor::default());
    let c = engine.add_instance(instance("c", 3, "")).unwrap();
    assert!(!engine.is_on(c), "its turn comes");
    engine.switching = Switching::Done;
    engine.stop_by = Some(engine.started_at);
    let d = engine.add_instance(instance("d", 4, "")).unwrap();
    assert!(!engine.is_on(d), "the daemon stops");
    let taken = engine.add_instance(instance("a", 5, "")).unwrap_err();
    assert_eq!(taken.to_string(), "vrrp_instance a exists already");
}

#[test]
fn an_instance_is_updated_in_place() {
    let mut engine = engine("update");
    engine.network_known = true;
    let a = engine.add_instance(instance("a", 1, "")).unwrap();
    let b = engine.add_instance(instance("b", 2, "")).unwrap();
    let routers = [a, b].map(|handle| engine.router(handle));
    engine.checks_left = 0;

    let same = engine.update_instance(instance("a", 1, "")).unwrap();
    assert_eq!(same, InstanceDifference::default());
    assert_eq!(engine.checks_left, 0, "there is nothing to look at");
    let changed = engine.update_instance(instance("a", 1, "priority 150"));
    assert_eq!(changed.unwrap().aspects, [Aspect::Election]);
    assert_eq!(engine.checks_left, 2);

    assert_eq!(engine.instances.find("a"), Some(a));
    assert_eq!([a, b].map(|handle| engine.router(handle)), routers);
    assert!(engine.is_on(a) && engine.is_on(b));
    let priorities = routers.map(|router| {
        let router = engine.driver.router(router).unwrap();
        router.machine().priority().get()
    });
    assert_eq!(priorities, [150, 100]);
    let unknown = engine.update_instance(instance("c", 1, "")).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "there is no such vrrp_instance any more"
    );
}

#[test]
fn an_instance_is_removed_without_the_others() {
    let mut engine = engine("remove");
    let a = engine.add_instance(instance("a", 1, "")).unwrap();
    let b = engine.add_instance(instance("b", 2, "")).unwrap();
    let router = engine.router(a);
    assert!(engine.remove_instance("a"));
    assert!(!engine.remove_instance("a"));
    assert!(engine.driver.router(router).is_none());
    assert_eq!(engine.instances.find("a"), None);
    assert_eq!(engine.instances.find("b"), Some(b));
    assert!(engine.is_on(b));
    let again = engine.add_instance(instance("a", 1, "")).unwrap();
    assert_ne!(again, a);
    let router = engine.driver.router(engine.router(again)).unwrap();
    assert_eq!(router.machine().role(), Role::Initialize);
}
