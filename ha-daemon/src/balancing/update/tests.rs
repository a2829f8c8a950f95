//! Tests of changes of virtual servers that run.

mod checkers;

use core::time::Duration;

use ipvs_core::configuration::ServiceEntry;
use ipvs_core::{Destination, DestinationKey, Forwarding};

use super::*;
use crate::balancing::tests::{Rig, prepare, service};
use crate::health::attempt::Passed;
use crate::health::schedule::Verdict;

const HOST: &str = "192.0.2.1";
const NOW: Instant = Instant::from_millis(5_000);
const TCP: &str = "TCP_CHECK {\n}";

/// A virtual server with these settings, and real servers with these.
fn text(settings: &str, real_servers: &[(&str, &str)]) -> String {
    let real_servers = real_servers
        .iter()
        .map(|(address, settings)| format!("real_server {address} 80 {{\n{settings}\n}}\n"));
    let real_servers: String = real_servers.collect();
    let scheduler = if settings.contains("lb_algo") {
        ""
    } else {
        "lb_algo rr"
    };
    format!(
        "virtual_server {HOST} 80 {{\nprotocol TCP\nlb_kind NAT\n{scheduler}\n{settings}\n\
         {real_servers}}}\n"
    )
}

fn key(address: &str) -> DestinationKey {
    DestinationKey::new(address.parse().unwrap(), 80)
}

impl Rig {
    fn host(&self) -> Handle {
        self.find(HOST).unwrap()
    }

    /// Updates the only virtual server, whose handle it keeps.
    fn update(&mut self, text: &str) -> Difference {
        let host = self.host();
        let difference = self.try_update(host, text).unwrap();
        assert_eq!(self.find(HOST), Some(host));
        difference
    }

    fn try_update(&mut self, handle: Handle, text: &str) -> Result<Difference, UpdateError> {
        let server = prepare(text).into_servers().remove(0);
        self.balancer.update(handle, server, NOW)
    }

    fn real_server(&self, address: &str) -> Handle {
        self.find_real_server(self.host(), address).unwrap()
    }

    fn checkers_of(&self, address: &str) -> Vec<Handle> {
        self.checkers(self.host(), self.real_server(address))
    }

    fn entry(&self) -> &ServiceEntry {
        self.balancer.reconciler.desired(&service(HOST)).unwrap()
    }

    fn verdict(&self, address: &str, checker: Handle) -> Verdict {
        let server = self.balancer.servers.get(self.host()).unwrap();
        let verdict = server.pool.verdict(self.real_server(address), checker);
        verdict.unwrap()
    }

    fn has_quorum(&self) -> bool {
        self.balancer
            .servers
            .get(self.host())
            .unwrap()
            .pool
            .has_quorum()
    }

    /// How often a checker tries.
    fn interval(&self, checker: Handle) -> Duration {
        let settings = self.balancer.checks.settings(checker_id(checker));
        settings.unwrap().timing.delay_loop
    }

    /// Everything that does something by itself, once the thread of tracked files has taken its orders.
    fn machinery(&self) -> String {
        let balancer = &self.balancer;
        let orders = || format!("{:?}", balancer.files).contains("orders: Mutex { data: [Watch");
        while orders() {
            std::thread::sleep(Duration::from_millis(1));
        }
        format!(
            "{:#?} {:#?} {:#?} {:#?}",
            balancer.checks, balancer.files, balancer.notifier, balancer.reconciler
        )
    }
}

fn settings(settings: &[Setting]) -> Difference {
    Difference {
        settings: settings.to_vec(),
        ..Difference::default()
    }
}

fn changed(address: &str, change: RealServerDifference) -> Difference {
    Difference {
        changed: vec![(key(address), change)],
        ..Difference::default()
    }
}

#[test]
fn an_equal_configuration_touches_nothing() {
    let checkers = "TCP_CHECK {\n}\nPING_CHECK {\n}\n\
        SSL_GET {\nurl {\npath /a\nstatus_code 200\nregex \"a+\"\n}\n}\n\
        SMTP_CHECK {\n}\nDNS_CHECK {\nname example.org\n}\nUDP_CHECK {\n}\n\
        MISC_CHECK {\nmisc_path /bin/true\n}\nFILE_CHECK {\ntrack_file f\n}\nnotify_up /bin/true";
    let text = format!(
        "track_file f {{\nfile /nonexistent/f\nweight 1\n}}\n{}",
        text(
            "quorum_up /bin/true\nomega\nsorry_server 10.0.0.9 80\npersistence_timeout 60",
            &[("10.0.0.1", checkers), ("10.0.0.2", checkers)]
        )
    );
    let mut rig = Rig::new(&text);
    let checkers = rig.checkers_of("10.0.0.1");
    assert_eq!(checkers.len(), 8);
    rig.judge(checkers[0], Ok(Passed::default()));
    rig.fail(checkers[1]);
    let (status, machinery) = (rig.status(), rig.machinery());
    for same in [
        text.clone(),
        format!("# Lines are elsewhere now.\n\n{text}"),
    ] {
        assert_eq!(rig.update(&same), Difference::default());
        assert_eq!(rig.status(), status);
        assert_eq!(rig.machinery(), machinery);
        assert_eq!(rig.checkers_of("10.0.0.1"), checkers);
    }
}

#[test]
fn each_setting_is_changed_in_place_and_back() {
    let real = ("10.0.0.1", TCP);
    let base = text("lb_algo rr", &[real]);
    let mut rig = Rig::new(&base);
    let (server, checkers) = (rig.real_server("10.0.0.1"), rig.checkers_of("10.0.0.1"));
    rig.fail(checkers[0]);
    let status = rig.status();
    let cases: [(&str, &[Setting]); 7] = [
        ("lb_algo wlc", &[Setting::Scheduler]),
        ("lb_algo sh\nsh-port", &[Setting::Scheduler, Setting::Flags]),
        ("persistence_timeout 60", &[Setting::Persistence]),
        ("sorry_server 10.0.0.9 80", &[Setting::SorryServer]),
        ("quorum_down /bin/true", &[Setting::Scripts]),
        ("omega", &[Setting::Omega]),
        ("ha_suspend", &[Setting::HaSuspend]),
    ];
    for (changed, aspects) in cases {
        let changed = text(changed, &[real]);
        assert_eq!(rig.update(&changed), settings(aspects), "{changed}");
        assert_eq!(rig.update(&changed), settings(&[]), "{changed}");
        assert_eq!(rig.verdict("10.0.0.1", checkers[0]), Verdict::Down);
        assert_eq!(rig.real_server("10.0.0.1"), server);
        assert_eq!(rig.checkers_of("10.0.0.1"), checkers);
        let wanted = if aspects == [Setting::SorryServer] {
            vec!["10.0.0.9:80"]
        } else {
            vec![]
        };
        assert_eq!(rig.wanted(HOST).unwrap(), wanted);
        assert_eq!(rig.update(&base), settings(aspects), "back from {changed}");
        assert_eq!(rig.status(), status);
    }
    assert_eq!(rig.entry().service.scheduler.to_string(), "rr");
    rig.update(&text("lb_algo wlc", &[real]));
    assert_eq!(rig.entry().service.scheduler.to_string(), "wlc");
}

#[test]
fn a_real_server_is_edited() {
    let cases = [
        ("weight 7", RealServerSetting::Weight),
        ("lvs_method DR", RealServerSetting::Forwarding),
        ("uthreshold 9", RealServerSetting::Thresholds),
        ("inhibit_on_failure", RealServerSetting::InhibitOnFailure),
        ("notify_down /bin/true", RealServerSetting::Scripts),
    ];
    let base = text("", &[("10.0.0.1", TCP)]);
    let mut rig = Rig::new(&base);
    let (server, checkers) = (rig.real_server("10.0.0.1"), rig.checkers_of("10.0.0.1"));
    rig.judge(checkers[0], Ok(Passed::default()));
    let status = rig.status();
    let plain = Destination::new(key("10.0.0.1"), Forwarding::Masquerade, 1);
    for (change, setting) in cases {
        let expected = RealServerDifference {
            settings: vec![setting],
            ..RealServerDifference::default()
        };
        let expected = changed("10.0.0.1", expected);
        let edited = text("", &[("10.0.0.1", &format!("{TCP}\n{change}"))]);
        assert_eq!(rig.update(&edited), expected, "{change}");
        let destination = match setting {
            RealServerSetting::Weight => Destination { weight: 7, ..plain },
            RealServerSetting::Forwarding => Destination {
                forwarding: Forwarding::Route,
                ..plain
            },
            RealServerSetting::Thresholds => Destination { upper: 9, ..plain },
            RealServerSetting::InhibitOnFailure | RealServerSetting::Scripts => plain,
        };
        assert_eq!(rig.entry().destinations, [destination]);
        rig.fail(checkers[0]);
        let kept = setting == RealServerSetting::InhibitOnFailure;
        assert_eq!(rig.entry().destinations.len(), usize::from(kept));
        rig.judge(checkers[0], Ok(Passed::default()));
        assert_eq!(rig.update(&base), expected, "back from {change}");
        assert_eq!(rig.real_server("10.0.0.1"), server);
        assert_eq!(rig.checkers_of("10.0.0.1"), checkers);
        assert_eq!(rig.status(), status);
    }
}

#[test]
fn real_servers_come_and_go_in_the_order_of_the_configuration() {
    let mut rig = Rig::new(&text(
        "",
        &[("10.0.0.1", TCP), ("10.0.0.2", TCP), ("10.0.0.3", TCP)],
    ));
    let kept = ["10.0.0.1", "10.0.0.3"];
    let servers = kept.map(|address| rig.real_server(address));
    let gone = rig.real_server("10.0.0.2");
    let checkers = kept.map(|address| rig.checkers_of(address));
    rig.fail(checkers[1][0]);
    let after = text(
        "",
        &[
            ("10.0.0.4", TCP),
            ("10.0.0.1", TCP),
            ("10.0.0.5", ""),
            ("10.0.0.3", TCP),
        ],
    );
    let expected = Difference {
        removed: vec![key("10.0.0.2")],
        added: vec![key("10.0.0.4"), key("10.0.0.5")],
        ..Difference::default()
    };
    assert_eq!(rig.update(&after), expected);
    assert_eq!(kept.map(|address| rig.real_server(address)), servers);
    assert_eq!(kept.map(|address| rig.checkers_of(address)), checkers);
    assert_eq!(
        rig.status(),
        ["[192.0.2.1]:tcp:80  rr  quorum (weight 3, needs 1)
    10.0.0.4:80              up    weight 1    TCP_CHECK not tried yet
    10.0.0.1:80              up    weight 1    TCP_CHECK not tried yet
    10.0.0.5:80              up    weight 1
    10.0.0.3:80              DOWN  weight 1    TCP_CHECK connection refused
"]
    );
    let wanted = ["10.0.0.4:80", "10.0.0.1:80", "10.0.0.5:80"];
    assert_eq!(rig.wanted(HOST).unwrap(), wanted);
    let host = rig.host();
    assert!(!rig.balancer.remove_real_server(host, gone, NOW));
    assert_eq!(rig.balancer.checks.len(), 3);

    let reversed = text(
        "",
        &[
            ("10.0.0.3", TCP),
            ("10.0.0.5", ""),
            ("10.0.0.1", TCP),
            ("10.0.0.4", TCP),
        ],
    );
    let reordered = Difference {
        reordered: true,
        ..Difference::default()
    };
    assert_eq!(rig.update(&reversed), reordered);
    assert_eq!(rig.update(&reversed), Difference::default());
    let wanted = ["10.0.0.5:80", "10.0.0.1:80", "10.0.0.4:80"];
    assert_eq!(rig.wanted(HOST).unwrap(), wanted);
}

#[test]
fn scripts_of_the_quorum_are_run_only_if_it_changes() {
    let scripts = "quorum_up /bin/true\nquorum_down /bin/true";
    let with =
        |quorum: &str, servers: &[(&str, &str)]| text(&format!("{scripts}\n{quorum}"), servers);
    let two = "weight 2\nTCP_CHECK {\n}";
    let band = "quorum 3\nhysteresis 1";
    let mut rig = Rig::new(&with(band, &[("10.0.0.1", two), ("10.0.0.2", two)]));
    assert!(rig.has_quorum());
    // It lies between loss and gain: for an instant there is no real server.
    let difference = rig.update(&with(band, &[("10.0.0.3", "weight 3\nTCP_CHECK {\n}")]));
    assert_eq!((difference.added.len(), difference.removed.len()), (1, 2));
    assert!(rig.has_quorum());
    assert!(rig.balancer.notifier.is_idle());

    let both = [("10.0.0.3", two), ("10.0.0.4", two)];
    let difference = rig.update(&with("quorum 3", &both));
    assert_eq!(difference.settings, [Setting::Quorum]);
    assert!(rig.has_quorum() && rig.balancer.notifier.is_idle());
    let lost = rig.checkers_of("10.0.0.4")[0];
    let easy = with("quorum 1", &both);
    rig.update(&easy);
    rig.fail(lost);
    assert!(rig.has_quorum() && rig.balancer.notifier.is_idle());
    rig.update(&with("quorum 3", &both));
    assert!(!rig.has_quorum() && !rig.balancer.notifier.is_idle());
    assert_eq!(rig.update(&easy), settings(&[Setting::Quorum]));
    assert!(rig.has_quorum());
}

#[test]
fn a_real_server_whose_checkers_are_replaced_does_not_come_and_go() {
    let with = |checkers: &str| {
        text(
            "",
            &[(
                "10.0.0.1",
                &format!("{checkers}\nnotify_up /bin/true\nnotify_down /bin/true"),
            )],
        )
    };
    let mut rig = Rig::new(&with("TCP_CHECK {\n}"));
    let failed = rig.checkers_of("10.0.0.1")[0];
    let down = |rig: &mut Rig| {
        rig.balancer
            .judge(failed, Verdict::Down, Ok(Passed::default()), NOW)
    };
    down(&mut rig);
    assert!(!rig.balancer.notifier.is_idle(), "it is down");
    let mut rig = Rig::new(&with("TCP_CHECK {\n}"));
    rig.update(&with("PING_CHECK {\n}"));
    assert!(rig.balancer.notifier.is_idle(), "it was up and is");
    rig.update(&with("TCP_CHECK {\nalpha\n}"));
    assert!(
        !rig.balancer.notifier.is_idle(),
        "it is down until it passes"
    );
    assert_eq!(rig.wanted(HOST).unwrap(), [""; 0]);
}

#[test]
fn checkers_run_again_without_ha_suspend() {
    let with = |setting| text(setting, &[("10.0.0.1", TCP)]);
    let mut rig = Rig::new(&with("ha_suspend"));
    // That of its only checker; that of the virtual server is in the status.
    let suspended = |rig: &Rig| {
        let checks = format!("{:?}", rig.balancer.checks);
        (
            checks.contains("suspended: true"),
            rig.status()[0].contains("suspended"),
        )
    };
    rig.balancer.note_addresses(|_| false, NOW);
    assert_eq!(suspended(&rig), (true, true));
    assert_eq!(rig.update(&with("ha_suspend")), Difference::default());
    assert_eq!(suspended(&rig), (true, true));
    assert_eq!(rig.update(&with("")), settings(&[Setting::HaSuspend]));
    assert_eq!(suspended(&rig), (false, false));
    assert!(!rig.balancer.watches_addresses());
    rig.update(&with("ha_suspend"));
    assert!(rig.balancer.watches(HOST.parse().unwrap()));
    rig.balancer.note_addresses(|_| false, NOW);
    assert_eq!(suspended(&rig), (true, true));
    let faster = text(
        "ha_suspend",
        &[("10.0.0.1", "TCP_CHECK {\ndelay_loop 3\n}")],
    );
    assert_eq!(rig.update(&faster).changed.len(), 1);
    assert_eq!(suspended(&rig), (true, true));
}

#[test]
fn what_takes_another_virtual_server_is_refused() {
    let mut rig = Rig::new(&text("", &[("10.0.0.1", TCP)]));
    let (host, status) = (rig.host(), rig.status());
    let other = text("lb_algo rr", &[("10.0.0.1", TCP)]).replace(HOST, "192.0.2.2");
    let refused = rig.try_update(host, &other).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "virtual_server [192.0.2.1]:tcp:80 cannot become [192.0.2.2]:tcp:80"
    );
    assert_eq!(rig.status(), status);
    assert!(rig.balancer.remove(host, NOW));
    let refused = rig.try_update(host, &text("", &[("10.0.0.1", TCP)]));
    assert_eq!(refused, Err(UpdateError::Unknown));
}

#[test]
fn a_group_gets_other_services_unless_they_are_taken() {
    let group = |addresses: &str| {
        format!(
            "virtual_server_group g {{\n{addresses}\n}}\nvirtual_server group g {{\nprotocol TCP\n\
             lb_kind NAT\nlb_algo rr\nreal_server 10.0.0.1 80 {{\n{TCP}\n}}\n}}\n"
        )
    };
    let single = text("", &[("10.0.0.1", TCP)]);
    let both = "192.0.2.5 80\n192.0.2.6 80";
    let mut rig = Rig::new(&format!("{}{single}", group(both)));
    let server = prepare(&group(both)).into_servers().remove(0);
    let key = VirtualServerKey::of(&server.config, 0).unwrap();
    let handle = rig.balancer.find(&key).unwrap();

    let moved = rig.try_update(handle, &group("192.0.2.6 80\n192.0.2.7 80"));
    assert_eq!(moved, Ok(settings(&[Setting::Services])));
    let wanted = ["192.0.2.5", "192.0.2.6", "192.0.2.7"].map(|address| rig.wanted(address));
    let one = Some(vec!["10.0.0.1:80".to_owned()]);
    assert_eq!(wanted, [None, one.clone(), one]);
    let taken = rig.try_update(handle, &group("192.0.2.1 80\n192.0.2.6 80"));
    let taken = taken.unwrap_err().to_string();
    let expected = "virtual_server [g]:0: TCP 192.0.2.1:80 is another virtual server's";
    assert_eq!(taken, expected);
    assert_eq!(rig.balancer.find(&key), Some(handle));
}
