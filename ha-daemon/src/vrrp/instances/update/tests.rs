//! Tests of changes of instances that run.

use vrrp_core::Priority;
use vrrp_core::track::{Tracker, Weight};

use super::*;
use crate::vrrp::instances::{VrrpInstance, tests};

fn load(name: &str, settings: &str) -> (Global, Instance) {
    tests::load(&format!(
        "global_defs {{\nvrrp_garp_interval 0.5\n}}\n\
         vrrp_instance {name} {{\nvirtual_router_id 7\n{settings}\n}}"
    ))
}

struct Host {
    driver: Driver,
    instances: Instances,
    handle: Handle,
}

const ADDRESSES: &str = "virtual_ipaddress {\n192.0.2.7/24\n}";

/// Settings with an interface and an address, which are those of the host.
fn with(settings: &str) -> String {
    format!("interface none7\n{ADDRESSES}\n{settings}")
}

impl Host {
    fn new(settings: &str) -> Self {
        let (global, instance) = load("a", settings);
        let (mut driver, mut instances) = (Driver::new().unwrap(), Instances::new());
        let handle = instances.add(&mut driver, &global, instance).unwrap();
        Self {
            driver,
            instances,
            handle,
        }
    }

    fn update(&mut self, settings: &str) -> Result<InstanceDifference, String> {
        self.update_as("a", settings)
    }

    fn update_as(&mut self, name: &str, settings: &str) -> Result<InstanceDifference, String> {
        let (global, instance) = load(name, settings);
        let (driver, handle) = (&mut self.driver, self.handle);
        let updated = self.instances.update(driver, &global, handle, instance);
        updated.map_err(|error| crate::observe::log::chain(&error))
    }

    fn instance(&self) -> &VrrpInstance {
        self.instances.get(self.handle).unwrap()
    }

    fn router(&self) -> &vrrp_mio::Router {
        let router = self.instance().router().unwrap();
        self.driver.router(router).unwrap()
    }

    fn trackers(&self) -> Vec<(String, Tracker)> {
        let trackers = self.instance().trackers.iter();
        trackers
            .map(|(name, tracked)| (name.to_string(), tracked.tracker()))
            .collect()
    }
}

fn changed(aspects: &[Aspect]) -> Result<InstanceDifference, String> {
    Ok(InstanceDifference {
        aspects: aspects.to_vec(),
        ..InstanceDifference::default()
    })
}

#[test]
fn only_what_differs_is_changed_and_the_router_stays() {
    let mut host = Host::new(&with(""));
    let router = host.instance().router().unwrap();
    host.driver.start(router);
    host.instances.get_mut(host.handle).unwrap().entered = true;
    let (since, statistics) = (host.router().since(), host.router().statistics());

    assert_eq!(host.update(&with("")), changed(&[]));
    let cases: [(&str, &[Aspect]); 5] = [
        ("priority 150", &[Aspect::Election]),
        ("priority 150\nadvert_int 2", &[Aspect::Election]),
        (
            "priority 150\nadvert_int 2\nvirtual_ipaddress_excluded {\n192.0.2.8/24\n}",
            &[Aspect::Addresses],
        ),
        (
            "authentication {\nauth_type PASS\nauth_pass secret\n}",
            &[Aspect::Election, Aspect::Addresses, Aspect::Authentication],
        ),
        (
            "garp_master_repeat 7",
            &[Aspect::Authentication, Aspect::Announcements],
        ),
    ];
    for (settings, aspects) in cases {
        assert_eq!(host.update(&with(settings)), changed(aspects), "{settings}");
        assert_eq!(host.update(&with(settings)), changed(&[]), "{settings}");
    }

    assert_eq!(host.instance().router(), Some(router));
    assert_eq!(host.instances.find("a"), Some(host.handle));
    assert_eq!(host.instances.of_router(router), Some(host.handle));
    assert!(host.instance().entered);
    assert!(host.router().machine().is_started());
    assert_eq!(host.router().since(), since);
    assert_eq!(host.router().statistics(), statistics);
}

#[test]
fn the_priority_is_the_configured_one_and_what_is_tracked() {
    let mut host = Host::new(&with("priority 100\ntrack_interface {\nup weight -30\n}"));
    let handle = host.handle;
    // The network is not known here, so that the effect of tracking is made by hand.
    let router = host.instance().router().unwrap();
    let instance = host.instances.get_mut(handle).unwrap();
    let trackers = instance.trackers.iter_mut();
    let trackers = trackers.map(|(_, tracked)| (tracked, Status::Down));
    let events: Vec<_> = instance.eligibility.assess(trackers).collect();
    for decision in events {
        host.driver.tell(router, decision.event).unwrap();
    }
    let priority = |host: &Host| host.router().machine().priority();
    assert_eq!(priority(&host), Priority::from_wire(70));

    let tracked = "track_interface {\nup weight -30\n}";
    let updated = host.update(&with(&format!("priority 200\n{tracked}")));
    assert_eq!(updated, changed(&[Aspect::Election]));
    assert_eq!(priority(&host), Priority::from_wire(170));
    let updated = host.update(&with(&format!("priority 20\n{tracked}")));
    assert_eq!(updated, changed(&[Aspect::Election]));
    assert_eq!(
        priority(&host),
        Priority::from_wire(1),
        "the least there is"
    );
    let updated = host.update(&with(&format!("priority 220\n{tracked}")));
    assert_eq!(updated, changed(&[Aspect::Election]));
    assert_eq!(priority(&host), Priority::from_wire(190));

    let other = "priority 220\ntrack_interface {\nup weight -40\nmore\n}";
    let retracked = Ok(InstanceDifference {
        trackers: true,
        ..InstanceDifference::default()
    });
    assert_eq!(host.update(&with(other)), retracked);
    let weight = Weight::new(-40).unwrap();
    let expected = [
        ("up".to_owned(), Tracker::new(weight)),
        ("more".to_owned(), Tracker::new(Weight::FAULT)),
    ];
    assert_eq!(host.trackers(), expected);
    assert_eq!(host.update(&with(other)), changed(&[]));
}

#[test]
fn priorities_that_do_not_last_are_left_out() {
    let priority = |octet| Event::Priority(Priority::from_wire(octet));
    let events = vec![priority(150), priority(90), Event::Fault];
    let left: Vec<_> = last_priority(events).collect();
    assert_eq!(left, [priority(90), Event::Fault]);
}

#[test]
fn what_takes_another_router_is_refused() {
    let mut host = Host::new(&with(""));
    let before = *host.router().machine().config();
    let other = format!("interface other\n{ADDRESSES}\npriority 9");
    assert_eq!(
        host.update(&other).unwrap_err(),
        "vrrp_instance a: a virtual router on none7 cannot move to other"
    );
    assert_eq!(
        host.update_as("b", &with("priority 9")).unwrap_err(),
        "vrrp_instance a cannot become b"
    );
    let refused = host.update(&with("version 3\npriority 9")).unwrap_err();
    assert!(refused.starts_with("vrrp_instance a: "), "{refused}");
    assert_eq!(*host.router().machine().config(), before);
    assert!(host.instances.remove(&mut host.driver, host.handle));
    assert_eq!(
        host.update(&with("")).unwrap_err(),
        "there is no such vrrp_instance any more"
    );
}

#[test]
fn an_instance_that_waits_takes_its_interface_from_the_configuration() {
    let unicast = "unicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.3\n}\n\
                   virtual_ipaddress {\n192.0.2.7/24 dev none7\n}";
    let waiting = Ok(InstanceDifference {
        waiting: true,
        ..InstanceDifference::default()
    });
    let mut host = Host::new(unicast);
    assert_eq!(host.instance().router(), None);
    assert_eq!(host.update(unicast), changed(&[]));
    assert_eq!(host.update(&format!("{unicast}\npriority 150")), waiting);
    assert_eq!(host.instance().router(), None);
    let bound = format!("interface none7\n{unicast}\npriority 160");
    assert_eq!(host.update(&bound), waiting);
    let router = host.instance().router().unwrap();
    assert_eq!(host.instances.of_router(router), Some(host.handle));
    assert_eq!(host.router().machine().priority().get(), 160);
    assert!(!host.router().machine().is_started());

    // Without an interface it stays on the one it has.
    assert_eq!(
        host.update(&format!("{unicast}\npriority 160")),
        changed(&[Aspect::Path, Aspect::Tracking])
    );
    assert_eq!(host.instance().router(), Some(router));
}
