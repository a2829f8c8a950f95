//! Properties of tracking under any sequence of changes.

use alloc::vec::Vec;

use arbitrary::{Result, Unstructured};

use crate::track::{Effect, Status, Tracker, Tracking, Verdict, Weight};
use crate::{Event, Priority};

/// Things of chosen weights change their status in any order: the running sum is the sum over what
/// is tracked, and whoever follows the events arrives at its verdict.
///
/// # Panics
/// If that does not hold for the choices `input`.
pub fn tracking(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    // An end of the choices is an end of the changes.
    let (Ok(()) | Err(_)) = change_by_change(&mut choices);
}

fn change_by_change(choices: &mut Unstructured<'_>) -> Result<()> {
    let mut configured = Priority::from_wire(choices.int_in_range(1..=255)?);
    let count: usize = choices.int_in_range(1..=8)?;
    let mut tracked: Vec<(Tracker, Effect)> = (0..count)
        .map(|_| {
            let tracker = tracker(choices)?;
            Ok((tracker, tracker.effect(status(choices)?)))
        })
        .collect::<Result<_>>()?;
    let effects = |tracked: &[(Tracker, Effect)]| tracked.iter().map(|it| it.1).collect::<Vec<_>>();
    let mut tracking = Tracking::sum(configured, effects(&tracked));
    let mut told = tracking.verdict();
    while !choices.is_empty() {
        let events = if choices.ratio(1, 8)? {
            configured = Priority::from_wire(choices.int_in_range(1..=255)?);
            tracking.configure(configured)
        } else {
            let place = choices.choose_index(tracked.len())?;
            let after = status(choices)?;
            let Some((tracker, effect)) = tracked.get_mut(place) else {
                continue;
            };
            let before = core::mem::replace(effect, tracker.effect(after));
            tracking.replace(before, *effect)
        };
        for event in events {
            told = follow(event, &tracking);
        }
        let anew = Tracking::sum(configured, effects(&tracked));
        assert_eq!(tracking, anew);
        assert_eq!(told, anew.verdict());
        is_in_range(configured, &tracking);
    }
    Ok(())
}

/// What the router knows after `event`.
fn follow(event: Event, tracking: &Tracking) -> Verdict {
    if let Event::Priority(priority) = event {
        Verdict::Priority(priority)
    } else if event == Event::Fault {
        Verdict::Fault
    } else {
        assert_eq!(event, Event::Recover);
        Verdict::Priority(tracking.priority())
    }
}

/// RFC 9568 §6.1: an owner stays one, and nobody becomes one or resigns by tracking.
fn is_in_range(configured: Priority, tracking: &Tracking) {
    let priority = tracking.priority();
    assert_eq!(priority.is_owner(), configured.is_owner());
    assert!(!priority.is_resign());
}

fn tracker(choices: &mut Unstructured<'_>) -> Result<Tracker> {
    let weight = choices.int_in_range(Weight::MIN.get()..=Weight::MAX.get())?;
    let tracker = Tracker::new(Weight::new(weight).expect("in range"));
    Ok(if choices.ratio(1, 4)? {
        tracker.reversed()
    } else {
        tracker
    })
}

fn status(choices: &mut Unstructured<'_>) -> Result<Status> {
    Ok(match choices.int_in_range(0..=2)? {
        0 => Status::Up,
        1 => Status::Down,
        _ => Status::Value(choices.arbitrary()?),
    })
}
