//! Every state against every event, as literal text: the role afterwards, the milliseconds to the
//! deadline, the actions.

use std::format;
use std::string::{String, ToString};

use super::*;

/// A name and the event it stands for.
type Case = (&'static str, fn() -> Event);

/// All events at an instant 500 ms after the state was entered. Adding a variant to [`Event`]
/// breaks `kind` and so asks for a row.
const EVENTS: [Case; 19] = [
    ("startup", || Event::Startup),
    ("shutdown", || Event::Shutdown),
    ("early timeout", || Event::Timeout),
    ("resignation", || heard(ABOVE, 0, 200)),
    ("lower", || heard(ABOVE, 99, 200)),
    ("equal, lower address", || heard(BELOW, 100, 200)),
    ("equal, own address", || heard(LOCAL, 100, 200)),
    ("equal, higher address", || heard(ABOVE, 100, 200)),
    ("higher", || heard(BELOW, 101, 200)),
    ("interface up", || Event::InterfaceUp),
    ("interface down", || Event::InterfaceDown),
    ("address changed", || Event::PrimaryAddress(Some(BELOW))),
    ("address gone", || Event::PrimaryAddress(None)),
    ("priority", || Event::Priority(Priority::from_wire(228))),
    ("fault", || Event::Fault),
    ("recover", || Event::Recover),
    ("configure", || {
        let settings = Settings {
            priority: 228,
            interval: Interval::from_centis(200).unwrap(),
            ..settings()
        };
        Event::Configure(Config::try_from(settings).unwrap())
    }),
    ("elect", || Event::Elect),
    ("yield", || Event::Yield),
];

/// Events that only set a flag: never a visible effect, in any state.
const FLAGS: [Event; 2] = [Event::Hold, Event::Release];

fn kind(event: Event) -> &'static str {
    match event {
        Event::Startup => "startup",
        Event::Shutdown => "shutdown",
        Event::Timeout => "timeout",
        Event::Advertisement(_) => "advertisement",
        Event::InterfaceUp => "interface up",
        Event::InterfaceDown => "interface down",
        Event::PrimaryAddress(_) => "primary address",
        Event::Priority(_) => "priority",
        Event::Fault => "fault",
        Event::Recover => "recover",
        Event::Configure(_) => "configure",
        Event::Hold => "hold",
        Event::Release => "release",
        Event::Elect => "elect",
        Event::Yield => "yield",
    }
}

/// Initialize (switched off), Backup (armed at 0 ms), Active (entered at 0 ms), all of priority
/// 100 and 1 s.
fn states(settings: Settings) -> [VirtualRouter; 3] {
    let mut off = VirtualRouter::new(Config::try_from(settings).unwrap());
    let _primary = off.handle(ms(0), Event::PrimaryAddress(Some(LOCAL)));
    let backup = started(settings);
    let mut active = backup;
    let _elect = active.handle(ms(0), Event::Elect);
    assert_eq!(
        [off.role(), backup.role(), active.role()],
        [Role::Initialize, Role::Backup, Role::Active]
    );
    [off, backup, active]
}

fn outcome(mut router: VirtualRouter, mut event: Event) -> String {
    if let Event::Configure(config) = &mut event {
        let version = router.config().version();
        let settings = Settings {
            version,
            ..Settings::from(*config)
        };
        *config = Config::try_from(settings).unwrap();
    }
    let actions = router.handle(ms(500), event);
    let mut text = router.role().to_string();
    if router.deadline().is_some() {
        let micros = wait(&router, ms(500)).as_micros();
        text += &format!(" {}.{:03}", micros / 1000, micros % 1000);
    }
    for action in actions {
        text += &match action {
            Action::Advertise(priority) => format!(" adv{priority}"),
            Action::AddAddresses => " add".to_string(),
            Action::Announce(Announcement::NewActive) => " announce".to_string(),
            Action::Announce(Announcement::LowerPriority) => " re-announce".to_string(),
            Action::RemoveAddresses => " remove".to_string(),
            Action::Candidate => " candidate".to_string(),
        };
    }
    text
}

fn check(settings: Settings, table: &[(&str, [&str; 3])]) {
    assert_eq!(table.len(), EVENTS.len(), "a row per event");
    for ((name, event), (row, cells)) in EVENTS.iter().zip(table) {
        assert_eq!(name, row);
        for (router, cell) in states(settings).into_iter().zip(cells) {
            assert_eq!(
                outcome(router, event()),
                *cell,
                "{} + {name}",
                router.role()
            );
        }
    }
    for router in states(settings) {
        for event in FLAGS {
            let before = (router.role(), router.deadline());
            let mut after = router;
            assert_eq!(after.handle(ms(500), event), Actions::NONE);
            assert_eq!((after.role(), after.deadline()), before);
        }
    }
}

#[test]
fn every_kind_of_event_has_a_row() {
    let mut kinds: Vec<_> = EVENTS
        .iter()
        .map(|(_, event)| kind(event()))
        .chain(FLAGS.map(kind))
        .collect();
    kinds.dedup();
    assert_eq!(kinds.len(), 15);
}

#[test]
fn version_3_with_preemption() {
    check(
        settings(),
        &[
            (
                "startup",
                ["Backup 3609.375", "Backup 3109.375", "Active 500.000"],
            ),
            (
                "shutdown",
                ["Initialize", "Initialize", "Initialize adv0 remove"],
            ),
            (
                "early timeout",
                ["Initialize", "Backup 3109.375", "Active 500.000"],
            ),
            (
                "resignation",
                ["Initialize", "Backup 609.375", "Active 1000.000 adv100"],
            ),
            (
                "lower",
                [
                    "Initialize",
                    "Backup 3109.375",
                    "Active 500.000 adv100 re-announce",
                ],
            ),
            (
                "equal, lower address",
                [
                    "Initialize",
                    "Backup 7218.750",
                    "Active 500.000 adv100 re-announce",
                ],
            ),
            (
                "equal, own address",
                ["Initialize", "Backup 7218.750", "Active 500.000"],
            ),
            (
                "equal, higher address",
                ["Initialize", "Backup 7218.750", "Backup 7218.750 remove"],
            ),
            (
                "higher",
                ["Initialize", "Backup 7218.750", "Backup 7218.750 remove"],
            ),
            (
                "interface up",
                ["Initialize", "Backup 3109.375", "Active 500.000"],
            ),
            (
                "interface down",
                ["Initialize", "Initialize", "Initialize remove"],
            ),
            (
                "address changed",
                ["Initialize", "Backup 3109.375", "Active 1000.000 adv100"],
            ),
            (
                "address gone",
                ["Initialize", "Initialize", "Initialize adv0 remove"],
            ),
            (
                "priority",
                ["Initialize", "Backup 2609.375", "Active 500.000"],
            ),
            (
                "fault",
                ["Initialize", "Initialize", "Initialize adv0 remove"],
            ),
            (
                "recover",
                ["Initialize", "Backup 3109.375", "Active 500.000"],
            ),
            (
                "configure",
                [
                    "Initialize",
                    "Backup 5718.750",
                    "Active 2000.000 adv228 add announce",
                ],
            ),
            (
                "elect",
                [
                    "Initialize",
                    "Active 1000.000 adv100 add announce",
                    "Active 500.000",
                ],
            ),
            (
                "yield",
                [
                    "Initialize",
                    "Backup 3109.375",
                    "Backup 3609.375 adv0 remove",
                ],
            ),
        ],
    );
}

#[test]
fn version_3_without_preemption_differs_where_a_backup_hears_a_lower_priority() {
    let nopreempt = Settings {
        preempt: false,
        ..settings()
    };
    for (name, event) in EVENTS {
        for (router, other) in states(settings()).into_iter().zip(states(nopreempt)) {
            let expected = match (name, router.role()) {
                ("lower", Role::Backup) => "Backup 7218.750".to_string(),
                _ => outcome(router, event()),
            };
            assert_eq!(
                outcome(other, event()),
                expected,
                "{} + {name}",
                router.role()
            );
        }
    }
}

#[test]
fn version_2() {
    check(
        Settings::new(Version::V2, Family::V4, 51),
        &[
            (
                "startup",
                ["Backup 3609.375", "Backup 3109.375", "Active 500.000"],
            ),
            (
                "shutdown",
                ["Initialize", "Initialize", "Initialize adv0 remove"],
            ),
            (
                "early timeout",
                ["Initialize", "Backup 3109.375", "Active 500.000"],
            ),
            (
                "resignation",
                ["Initialize", "Backup 609.375", "Active 1000.000 adv100"],
            ),
            ("lower", ["Initialize", "Backup 3109.375", "Active 500.000"]),
            (
                "equal, lower address",
                ["Initialize", "Backup 3609.375", "Active 500.000"],
            ),
            (
                "equal, own address",
                ["Initialize", "Backup 3609.375", "Active 500.000"],
            ),
            (
                "equal, higher address",
                ["Initialize", "Backup 3609.375", "Backup 3609.375 remove"],
            ),
            (
                "higher",
                ["Initialize", "Backup 3609.375", "Backup 3609.375 remove"],
            ),
            (
                "interface up",
                ["Initialize", "Backup 3109.375", "Active 500.000"],
            ),
            (
                "interface down",
                ["Initialize", "Initialize", "Initialize remove"],
            ),
            (
                "address changed",
                ["Initialize", "Backup 3109.375", "Active 1000.000 adv100"],
            ),
            (
                "address gone",
                ["Initialize", "Initialize", "Initialize adv0 remove"],
            ),
            (
                "priority",
                ["Initialize", "Backup 2609.375", "Active 500.000"],
            ),
            (
                "fault",
                ["Initialize", "Initialize", "Initialize adv0 remove"],
            ),
            (
                "recover",
                ["Initialize", "Backup 3109.375", "Active 500.000"],
            ),
            (
                "configure",
                [
                    "Initialize",
                    "Backup 5609.375",
                    "Active 2000.000 adv228 add announce",
                ],
            ),
            (
                "elect",
                [
                    "Initialize",
                    "Active 1000.000 adv100 add announce",
                    "Active 500.000",
                ],
            ),
            (
                "yield",
                [
                    "Initialize",
                    "Backup 3109.375",
                    "Backup 3609.375 adv0 remove",
                ],
            ),
        ],
    );
}
