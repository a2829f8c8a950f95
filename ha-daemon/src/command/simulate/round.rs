//! The standard script of faults, used where none is given.

use core::time::Duration;

use super::script::{Side, Step, Verb, Who};

/// Every host crashes and returns; then the master loses its first interface, all others, each
/// direction to them, and its processor. There is `pause` between two faults.
pub(super) fn standard(hosts: usize, pause: Duration) -> Vec<Step> {
    let master = || Side {
        named: vec![Who::Master],
        others: false,
    };
    let others = || Side {
        named: Vec::new(),
        others: true,
    };
    let mut verbs = Vec::new();
    for host in (0..hosts).map(Who::Host) {
        verbs.extend([Verb::Crash(host), Verb::Restart(host)]);
    }
    for host in (0..hosts).map(Who::Host) {
        verbs.extend([Verb::Link(host, None, false), Verb::Link(host, None, true)]);
    }
    if hosts > 1 {
        verbs.extend([
            Verb::Partition(vec![master(), others()]),
            Verb::Heal,
            Verb::OneWay(master(), others()),
            Verb::Heal,
            Verb::OneWay(others(), master()),
            Verb::Heal,
        ]);
    }
    verbs.push(Verb::Pause(Who::Master, pause));
    let mut at = Duration::ZERO;
    let steps = verbs.into_iter().map(|verb| {
        at += pause;
        Step { at, verb }
    });
    steps.collect()
}
