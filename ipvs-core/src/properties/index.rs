//! Properties of the index of the least-connection schedulers.

use arbitrary::Unstructured;

use super::balancing::{Step, profile};
use crate::record::Activity;
use crate::scheduler::{Criterion, Indexed, Lc, Schedule, Sed, Wlc};
use crate::table::Table;

/// Any changes of a table and picks in between: an [`Indexed`] picks what a scan of all destinations
/// picks.
///
/// # Panics
/// If that does not hold for the choices `input`.
pub fn index(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    let criteria = [Criterion::Lc, Criterion::Wlc, Criterion::Sed];
    let (Ok(&criterion), Ok(profile), Ok(huge)) = (
        choices.choose(&criteria),
        profile(&mut choices),
        choices.ratio(1, 5),
    ) else {
        return;
    };
    let mut indexed = Indexed::new(criterion, Table::new(profile));
    while !choices.is_empty() {
        let Ok(step) = Step::choose(&mut choices) else {
            return;
        };
        take(&mut indexed, criterion, huge, step);
    }
}

fn take(indexed: &mut Indexed, criterion: Criterion, huge: bool, step: Step) {
    match step {
        // What is there already, or is not there, is refused.
        Step::Add(added) => {
            let _: Result<(), _> = indexed.add(&added, None);
        }
        Step::Edit(edited) => {
            let _: Result<usize, _> = indexed.edit(&edited);
        }
        Step::Remove(key) => {
            indexed.remove(&key);
        }
        Step::Carry(key, activity) => {
            let active = activity.active << if huge { 21 } else { 0 };
            if let Some(position) = indexed.table().position(&key) {
                indexed.set_activity(position, Activity { active, ..activity });
            }
        }
        Step::Bind(key) => {
            if let Some(position) = indexed.table().position(&key) {
                indexed.bind(position);
                indexed.activate(position, true);
            }
        }
        Step::Unbind(key) => {
            if let Some(position) = indexed.table().position(&key) {
                indexed.unbind(position, key.address.is_ipv4());
            }
        }
        Step::Restart => {}
        Step::Pick(request) => {
            let table = indexed.table();
            let scanned = match criterion {
                Criterion::Lc => Lc.pick(table, &request),
                Criterion::Wlc => Wlc.pick(table, &request),
                Criterion::Sed => Sed.pick(table, &request),
            };
            assert_eq!(indexed.pick(&request), scanned);
        }
    }
}
