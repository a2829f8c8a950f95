//! Properties of plans between any two tables.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};
use core::num::NonZeroU32;

use arbitrary::{Result, Unstructured};

use crate::configuration::ServiceEntry;
use crate::destination::Tunnel;
use crate::service::{Flags, Granularity, Persistence};
use crate::{
    Change, Configuration, Destination, DestinationKey, Family, Forwarding, Name, Order, Scheduler,
    Service, ServiceKey,
};

/// A plan from any table to any other:
///
/// - It leads there, no step of it is refused, and nothing is left to plan then.
/// - It touches no service of somebody else.
/// - A service that has destinations before and after has some after every step, and one that serves
///   before and after serves after every step.
/// - A destination that stays is never deleted.
///
/// # Panics
/// If that does not hold for the choices `input`.
pub fn plan(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    if let Ok((actual, desired, owned, order)) = choose(&mut choices) {
        leads_there(&actual, &desired, &owned, order);
    }
}

type Choice = (Configuration, Configuration, Vec<ServiceKey>, Order);

fn choose(choices: &mut Unstructured<'_>) -> Result<Choice> {
    let order = *choices.choose(&[Order::Any, Order::Exact])?;
    let mut owned = keys().to_vec();
    if choices.ratio(1, 3)? {
        let left = choices.choose_index(owned.len())?;
        owned.remove(left);
    }
    Ok((
        configuration(choices)?,
        configuration(choices)?,
        owned,
        order,
    ))
}

fn leads_there(
    actual: &Configuration,
    desired: &Configuration,
    owned: &[ServiceKey],
    order: Order,
) {
    let is_owned = |key: &ServiceKey| owned.contains(key);
    let is_foreign = |key: &ServiceKey| !owned.contains(key);
    let mut table = actual.clone();
    for change in crate::plan(actual, desired, is_owned, order) {
        let key = change.service();
        assert!(is_owned(&key), "{change:?}");
        assert_eq!(table.apply(&change), Ok(()), "{change:?}");
        goes_on(actual, desired, &table, key, &change, order);
        if let Change::DeleteDestination(key, destination) = change {
            // In an exact order a destination is moved by taking it out.
            assert!(
                order == Order::Exact || !has(desired, key, destination),
                "{change:?}"
            );
        }
    }
    let part = |table: &Configuration, owned: &dyn Fn(&ServiceKey) -> bool, order| {
        let mut entries: Vec<_> = table.entries().cloned().collect();
        entries.retain(|entry| owned(&entry.service.key));
        if order == Order::Any {
            for entry in &mut entries {
                entry.destinations.sort_by_key(|it| it.key);
            }
        }
        entries
    };
    assert_eq!(
        part(&table, &is_owned, order),
        part(desired, &is_owned, order)
    );
    assert_eq!(
        part(&table, &is_foreign, Order::Exact),
        part(actual, &is_foreign, Order::Exact)
    );
    assert_eq!(crate::plan(&table, desired, is_owned, order), []);
}

fn goes_on(
    actual: &Configuration,
    desired: &Configuration,
    table: &Configuration,
    key: ServiceKey,
    change: &Change,
    order: Order,
) {
    let filled = |table: &Configuration| {
        let entry = table.get(&key);
        entry.is_some_and(|entry| !entry.destinations.is_empty())
    };
    assert!(
        !(filled(actual) && filled(desired)) || filled(table),
        "{change:?}"
    );
    let serves = |table: &Configuration| table.get(&key).is_some_and(ServiceEntry::is_serving);
    let throughout = order == Order::Any && serves(actual) && serves(desired);
    assert!(!throughout || serves(table), "{change:?}");
}

fn has(table: &Configuration, key: ServiceKey, destination: DestinationKey) -> bool {
    let entry = table.get(&key);
    entry.is_some_and(|entry| entry.destination(&destination).is_some())
}

fn keys() -> [ServiceKey; 3] {
    let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    [
        ServiceKey::tcp(address, 80),
        ServiceKey::udp(address, 53),
        ServiceKey::Mark {
            mark: NonZeroU32::MIN,
            family: Family::V4,
        },
    ]
}

fn configuration(choices: &mut Unstructured<'_>) -> Result<Configuration> {
    let mut entries = Vec::new();
    for key in keys() {
        if choices.ratio(3, 4)? {
            entries.push(entry(choices, key)?);
        }
    }
    Ok(entries.into_iter().collect())
}

fn entry(choices: &mut Unstructured<'_>, key: ServiceKey) -> Result<ServiceEntry> {
    let persistence = if choices.ratio(1, 2)? {
        Some(Persistence {
            timeout: choices.int_in_range(1..=3)?,
            granularity: Granularity::single(key.family()),
        })
    } else {
        None
    };
    let service = Service {
        key,
        scheduler: *choices.choose(&Scheduler::ALL)?,
        flags: Flags::from_bits(choices.int_in_range(0..=1)? << 3),
        persistence,
        engine: choices
            .ratio(1, 4)?
            .then(|| Name::new("sip").expect("a name")),
    };
    // The order of hosts is chosen, too: each is put in somewhere.
    let mut destinations = Vec::new();
    for host in 1..=4 {
        if choices.ratio(2, 3)? {
            let place = choices.int_in_range(0..=destinations.len())?;
            destinations.insert(place, destination(choices, host)?);
        }
    }
    Ok(ServiceEntry {
        service,
        destinations,
    })
}

fn destination(choices: &mut Unstructured<'_>, host: u8) -> Result<Destination> {
    let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, host));
    let forwarding =
        *choices.choose(&[Forwarding::Masquerade, Forwarding::Tunnel(Tunnel::Ipip)])?;
    let weight = choices.int_in_range(0..=1)?;
    Ok(Destination {
        upper: choices.int_in_range(0..=2)?,
        ..Destination::new(DestinationKey::new(address, 80), forwarding, weight)
    })
}
