//! Tests of tracking.

use super::*;

fn tracker(weight: i16) -> Tracker {
    Tracker::new(Weight::new(weight).unwrap())
}

fn priority(priority: u8) -> Priority {
    Priority::from_wire(priority)
}

#[test]
fn the_effect_of_every_sign_direction_and_status() {
    use Effect::{Adjust, Fault};
    use Status::{Down, Up, Value};
    let reversed = |weight| tracker(weight).reversed();
    for (row, (tracker, status, effect)) in [
        (tracker(30), Up, Adjust(30)),
        (tracker(30), Down, Adjust(0)),
        (tracker(-30), Up, Adjust(0)),
        (tracker(-30), Down, Adjust(-30)),
        (tracker(0), Up, Adjust(0)),
        (tracker(0), Down, Fault),
        (reversed(30), Up, Adjust(-30)),
        (reversed(30), Down, Adjust(0)),
        (reversed(-30), Up, Adjust(0)),
        (reversed(-30), Down, Adjust(30)),
        (reversed(0), Up, Fault),
        (reversed(0), Down, Adjust(0)),
        (tracker(1), Value(0), Adjust(0)),
        (tracker(2), Value(-20), Adjust(-40)),
        (tracker(-2), Value(20), Adjust(-40)),
        (tracker(1), Value(-253), Adjust(-253)),
        (tracker(1), Value(-254), Fault),
        (tracker(1), Value(254), Adjust(253)),
        (tracker(253), Value(i32::MAX), Adjust(253)),
        (tracker(253), Value(i32::MIN), Fault),
        (reversed(1), Value(20), Adjust(-20)),
        (reversed(-253), Value(i32::MIN), Fault),
        (tracker(0), Value(0), Adjust(0)),
        (tracker(0), Value(1), Fault),
        (reversed(0), Value(0), Fault),
        (reversed(0), Value(-1), Adjust(0)),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(tracker.effect(status), effect, "row {row}");
    }
}

#[test]
fn the_sum_is_clamped_to_what_a_backup_may_send() {
    for (configured, adjustments, effective) in [
        (100, &[20, -5][..], 115),
        (100, &[-253], 1),
        (100, &[-50, -50], 1),
        (200, &[253], 254),
        (254, &[1], 254),
        (1, &[-1], 1),
        (100, &[-253, 253], 100),
        (255, &[-100], 255),
    ] {
        let effects = adjustments.iter().map(|by| Effect::Adjust(*by));
        assert_eq!(
            Tracking::sum(priority(configured), effects).verdict(),
            Verdict::Priority(priority(effective))
        );
    }
}

#[test]
fn a_fault_stops_even_the_owner_and_recovery_brings_the_priority_of_the_moment() {
    let mut owner = Tracking::new(Priority::OWNER);
    assert!(owner.add(Effect::Fault).eq([Event::Fault]));

    let mut tracking = Tracking::new(priority(100));
    assert!(tracking.add(Effect::Fault).eq([Event::Fault]));
    assert!(tracking.add(Effect::Fault).eq([]));
    assert!(tracking.add(Effect::Adjust(-10)).eq([]));
    assert!(tracking.remove(Effect::Fault).eq([]));
    assert!(
        tracking
            .replace(Effect::Fault, Effect::Adjust(5))
            .eq([Event::Priority(priority(95)), Event::Recover])
    );
}

#[test]
fn what_changes_nothing_is_not_told() {
    let mut tracking = Tracking::new(priority(254));
    assert!(tracking.add(Effect::Adjust(10)).eq([]));
    assert!(
        tracking
            .replace(Effect::Adjust(10), Effect::Adjust(20))
            .eq([])
    );
    assert!(
        tracking
            .replace(Effect::Adjust(20), Effect::Adjust(-4))
            .eq([Event::Priority(priority(250))])
    );
}

#[test]
fn a_reload_remembers_what_the_clamp_hid() {
    let mut tracking = Tracking::new(priority(100));
    assert!(
        tracking
            .add(Effect::Adjust(-253))
            .eq([Event::Priority(priority(1))])
    );
    assert!(
        tracking
            .configure(priority(200))
            .eq([Event::Priority(priority(1))])
    );
}

#[test]
fn refuses_weights_beyond_the_priorities() {
    assert_eq!(Weight::new(254), None);
    assert_eq!(Weight::new(-254), None);
    assert_eq!(
        Weight::try_from(i16::MIN),
        Err(WeightError { weight: i16::MIN })
    );
    assert_eq!(Weight::new(-253).map(Weight::get), Some(-253));
    assert_eq!(Weight::try_from(253).map(i16::from), Ok(253));
}
