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
    use Limit::{Highest, Lowest, Owner};
    for (configured, adjustments, sum, effective, limit) in [
        (100, &[][..], 0, 100, None),
        (100, &[20, -5], 15, 115, None),
        (100, &[-99], -99, 1, None),
        (100, &[-253], -253, 1, Some(Lowest)),
        (100, &[-50, -50], -100, 1, Some(Lowest)),
        (200, &[253], 253, 254, Some(Highest)),
        (254, &[1], 1, 254, Some(Highest)),
        (1, &[-1], -1, 1, Some(Lowest)),
        (100, &[-253, 253], 0, 100, None),
        (255, &[-100], -100, 255, Some(Owner)),
        (255, &[-100, 100], 0, 255, None),
    ] {
        let effects = adjustments.iter().map(|by| Effect::Adjust(*by));
        let tracking = Tracking::sum(priority(configured), effects);
        assert_eq!(tracking.configured(), priority(configured));
        assert_eq!(tracking.adjustment(), sum);
        assert_eq!(tracking.priority(), priority(effective));
        assert_eq!(tracking.limit(), limit);
        assert_eq!(tracking.fault(), None);
    }
}

#[test]
fn the_first_fault_is_named_and_adjusts_nothing() {
    let effects = [Effect::Adjust(-7), Effect::Fault, Effect::Fault];
    assert_eq!(effects.map(Effect::adjustment), [-7, 0, 0]);
    assert_eq!(effects.map(Effect::is_fault), [false, true, true]);
    let tracking = Tracking::sum(priority(100), effects);
    assert_eq!(tracking.fault(), Some(1));
    assert_eq!(tracking.priority(), priority(93));
    assert_eq!(tracking.with(priority(50)).priority(), priority(43));
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
