//! Tests of checkers that get other settings.

use super::*;

fn settings(to_address: SocketAddr, seconds: u64) -> Settings {
    Settings {
        protocol: Protocol::Tcp(to(to_address)),
        timing: Timing {
            warmup: Duration::ZERO,
            ..Timing::every(Duration::from_secs(seconds))
        },
    }
}

#[test]
fn an_attempt_under_way_ends_and_the_next_is_by_the_new_settings() {
    let (_listener, address) = listener();
    let mut host = Host::new(4);
    host.add(7, Protocol::Tcp(to(address)));
    host.skip(1);
    host.checks.fire(host.now());
    assert_eq!(host.checks.running, 1);
    let now = host.now();
    host.checks
        .update(CheckerId(7), settings(closed_port(), 60), now);
    assert_eq!(host.checks.running, 1);
    assert_eq!(host.reports(1)[0].outcome, PASSED);
    host.skip(60);
    let report = host.reports(1).remove(0);
    assert_eq!(report.outcome, Err(Failure::Refused));
    assert_eq!(
        report.verdict,
        Verdict::Up,
        "of two failures in a row it is the first"
    );
}

#[test]
fn equal_settings_are_no_change() {
    let mut host = Host::new(4);
    let (_listener, address) = listener();
    host.add(7, Protocol::Tcp(to(address)));
    let before = format!("{:?}", host.checks);
    host.skip(5);
    let now = host.now();
    host.checks.update(CheckerId(7), settings(address, 60), now);
    assert_eq!(format!("{:?}", host.checks), before);
}

#[test]
fn checkers_part_and_meet() {
    let (_listener, address) = listener();
    let mut host = Host::new(4);
    host.add(7, Protocol::Tcp(to(address)));
    host.add(8, Protocol::Tcp(to(address)));
    host.skip(1);
    assert_eq!(host.reports(2).len(), 2);
    let now = host.now();
    host.checks.update(CheckerId(7), settings(address, 20), now);
    assert_eq!(host.checks.by_settings.len(), 2);
    assert!(
        host.checks.reports().is_empty(),
        "it goes on alone with what it knew"
    );
    host.skip(20);
    let reports = host.reports(1);
    let changes: Vec<_> = (reports.iter()).map(|it| (it.checker, it.change)).collect();
    assert_eq!(changes, [(CheckerId(7), Change::Unchanged)]);

    let now = host.now();
    host.checks.update(CheckerId(7), settings(address, 60), now);
    assert_eq!(host.checks.by_settings.len(), 1);
    let told: Vec<_> = host
        .checks
        .reports()
        .into_iter()
        .map(|it| it.checker)
        .collect();
    assert_eq!(told, [CheckerId(7)], "what the other knows");
    host.checks.suspend(CheckerId(7));
    host.checks.update(CheckerId(7), settings(address, 20), now);
    host.checks.update(CheckerId(7), settings(address, 60), now);
    assert!(host.checks.reports().is_empty(), "it is suspended");
    host.skip(60);
    assert_eq!(host.reports(1)[0].checker, CheckerId(8));
}
