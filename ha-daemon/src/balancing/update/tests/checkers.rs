//! Tests of checkers that get other settings.

use super::*;

#[test]
fn a_checker_with_other_settings_keeps_its_verdict() {
    let with = |checkers: &str| text("", &[("10.0.0.1", checkers)]);
    let mut rig = Rig::new(&with("TCP_CHECK {\n}\nPING_CHECK {\n}"));
    let [tcp, ping] = rig.checkers_of("10.0.0.1")[..] else {
        panic!()
    };
    rig.fail(tcp);
    assert_eq!(rig.interval(tcp), Duration::from_secs(60));
    let one = |added, removed, changed_| {
        let change = RealServerDifference {
            checkers_added: added,
            checkers_removed: removed,
            checkers_changed: changed_,
            ..RealServerDifference::default()
        };
        changed("10.0.0.1", change)
    };
    let faster = "TCP_CHECK {\ndelay_loop 7\nalpha\nconnect_timeout 2\n}\nPING_CHECK {\nalpha\n}";
    assert_eq!(rig.update(&with(faster)), one(0, 0, 2));
    assert_eq!(rig.update(&with(faster)), Difference::default());
    assert_eq!(rig.checkers_of("10.0.0.1"), [tcp, ping]);
    assert_eq!(rig.interval(tcp), Duration::from_secs(7));
    assert_eq!(rig.verdict("10.0.0.1", tcp), Verdict::Down);
    assert_eq!(
        rig.verdict("10.0.0.1", ping),
        Verdict::Down,
        "alpha, and it was not tried yet"
    );

    // What looks at something else is another one, and the order is the new one.
    let other = "PING_CHECK {\nalpha\n}\nTCP_CHECK {\nconnect_port 81\n}";
    assert_eq!(rig.update(&with(other)), one(1, 1, 0));
    let [same, new] = rig.checkers_of("10.0.0.1")[..] else {
        panic!()
    };
    assert_eq!(same, ping);
    assert_ne!(new, tcp);
    assert_eq!(rig.verdict("10.0.0.1", new), Verdict::Up);
    assert!(rig.balancer.checkers.get(tcp).is_none());
}

#[test]
fn alpha_of_a_checker_takes_effect_until_the_server_is_known() {
    let file = "track_file f {\nfile /nonexistent/f\nweight 1\n}\n";
    let with = |checker: &str, setting: &str| {
        let settings = format!("quorum_down /bin/true\n{setting}");
        format!("{file}{}", text(&settings, &[("10.0.0.1", checker)]))
    };
    for checker in [TCP, "FILE_CHECK {\ntrack_file f\n}"] {
        let mut rig = Rig::new(&with(checker, ""));
        let handle = rig.checkers_of("10.0.0.1")[0];
        for (setting, verdict) in [("alpha", Verdict::Down), ("", Verdict::Up)] {
            let difference = rig.update(&with(checker, setting));
            assert_eq!(difference.changed[0].1.checkers_changed, 1);
            assert_eq!(rig.checkers_of("10.0.0.1"), [handle]);
            assert_eq!(rig.verdict("10.0.0.1", handle), verdict, "{setting}");
            let is_up = verdict == Verdict::Up;
            assert_eq!(rig.wanted(HOST).unwrap().len(), usize::from(is_up));
            assert_eq!(rig.has_quorum(), is_up);
        }
        rig.balancer.files.assume(7);
        rig.update(&with(checker, "alpha"));
        let is_known = checker != TCP;
        assert_eq!(rig.has_quorum(), is_known, "{checker}");
    }
}

#[test]
fn checkers_that_share_attempts_part_and_meet_again() {
    let with = |interval| {
        let checker = format!("TCP_CHECK {{\ndelay_loop {interval}\nconnect_ip 10.0.0.9\n}}");
        text("", &[("10.0.0.1", &checker), ("10.0.0.2", TCP)])
    };
    let shared = "TCP_CHECK {\nconnect_ip 10.0.0.9\n}";
    let other = text("", &[("10.0.0.1", shared)]).replace(HOST, "192.0.2.2");
    let mut rig = Rig::new(&format!("{}{other}", with(60)));
    let [ours, theirs] = [HOST, "192.0.2.2"].map(|address| {
        let host = rig.find(address).unwrap();
        rig.checkers(host, rig.find_real_server(host, "10.0.0.1").unwrap())[0]
    });
    for interval in [7, 8, 60] {
        assert_eq!(rig.update(&with(interval)).changed[0].1.checkers_changed, 1);
        assert_eq!(rig.interval(ours), Duration::from_secs(interval));
        assert_eq!(rig.interval(theirs), Duration::from_secs(60));
    }
    assert_eq!(rig.balancer.checks.len(), 3);
}

#[test]
fn a_number_counts_by_another_weight_at_once() {
    let with = |weight| {
        let checker = format!("weight 10\nFILE_CHECK {{\ntrack_file f\nweight {weight}\n}}");
        let server = text("", &[("10.0.0.1", &checker)]);
        format!("track_file f {{\nfile /nonexistent/f\nweight 1\n}}\n{server}")
    };
    let mut rig = Rig::new(&with(1));
    let checker = rig.checkers_of("10.0.0.1")[0];
    rig.balancer.files.assume(7);
    let difference = rig.update(&with(2));
    assert_eq!(difference.changed[0].1.checkers_changed, 1);
    assert_eq!(rig.checkers_of("10.0.0.1"), [checker]);
    assert_eq!(rig.entry().destinations[0].weight, 24);
    assert_eq!(rig.balancer.files.len(), 1);
}
