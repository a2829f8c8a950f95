//! Conflicts between instances: the same VRID, address or interface name.

use core::net::IpAddr;
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use vrrp_core::{Family, Vrid};

use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::model::{Instance, Peer, Transport};
use crate::config::text::source::{Place, Span};

/// Reports VRIDs and addresses that several instances use, and names VMAC interfaces.
pub(in crate::config) fn resolve(
    mut instances: Vec<Instance>,
    vmac_prefix: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Instance> {
    let mut exchanges = Exchanges::of(instances.len());
    let each = instances.iter();
    let alone = each.map(|instance| exchanges.is_alone(instance, diagnostics));
    let mut alone = alone.collect::<Vec<bool>>().into_iter();
    instances.retain(|_| alone.next().unwrap_or(true));
    report_shared_addresses(&instances, diagnostics);
    name_vmacs(&mut instances, vmac_prefix, diagnostics);
    instances
}

const fn at(span: Span) -> Place {
    Place { span, via: None }
}

/// Interfaces by number, from 1 on.
#[derive(Debug, Default)]
struct Numbers<'i> {
    numbers: HashMap<Cow<'i, str>, u32>,
    /// Most often the next one is the same.
    last: Option<(&'i str, u32)>,
}

impl<'i> Numbers<'i> {
    fn of(&mut self, name: &'i str) -> u32 {
        match self.last {
            Some((last, number)) if last == name => number,
            Some(_) | None => {
                let number = self.of_any(name.into());
                self.last = Some((name, number));
                number
            }
        }
    }

    fn of_any(&mut self, name: Cow<'i, str>) -> u32 {
        // There are not as many.
        let next = u32::try_from(self.numbers.len() + 1).unwrap_or(u32::MAX);
        *self.numbers.entry(name).or_insert(next)
    }
}

/// An address and what it is seen in, as numbers, which are quick to hash.
fn key(address: IpAddr, scope: u64) -> (u128, u64) {
    match address {
        IpAddr::V4(address) => (address.to_bits().into(), scope << 1),
        IpAddr::V6(address) => (address.to_bits(), scope << 1 | 1),
    }
}

/// Where adverts of two virtual routers could be mistaken for each other: by address, interface, family
/// and VRID.
#[derive(Debug)]
struct Exchanges<'i> {
    interfaces: Numbers<'i>,
    first: HashMap<(u128, u64), &'i Instance>,
}

impl<'i> Exchanges<'i> {
    /// None, with room for those of so many instances.
    fn of(instances: usize) -> Self {
        Self {
            interfaces: Numbers::default(),
            first: HashMap::with_capacity(instances),
        }
    }

    /// Whether no earlier instance has the VRID on the interface, in the family and for the group or
    /// one of the peers.
    fn is_alone(&mut self, instance: &'i Instance, diagnostics: &mut Diagnostics) -> bool {
        let (source, group, peers): (_, _, &[Peer]) = match &instance.transport {
            Transport::Multicast { group, .. } => (None, Some(*group), &[]),
            Transport::Unicast { source, peers, .. } => (*source, None, peers),
        };
        let interface = match (&instance.interface, source) {
            (Some(name), _) => self.interfaces.of(name),
            (None, Some(source)) => self.interfaces.of_any(source.to_string().into()),
            (None, None) => 0,
        };
        let is_v6 = u64::from(instance.family == Family::V6);
        let scope = u64::from(interface) << 9 | u64::from(instance.vrid.get()) << 1 | is_v6;
        let ends = group
            .into_iter()
            .chain(peers.iter().map(|peer| peer.address));
        for end in ends {
            match self.first.entry(key(end, scope)) {
                Entry::Vacant(entry) => {
                    entry.insert(instance);
                }
                Entry::Occupied(first) => {
                    diagnostics.push(same_vrid(first.get(), instance, source));
                    return false;
                }
            }
        }
        true
    }
}

fn same_vrid(first: &Instance, instance: &Instance, source: Option<IpAddr>) -> Diagnostic {
    let source = source.map(|source| source.to_string());
    let interface = instance.interface.as_deref().or(source.as_deref());
    let text = format!(
        "`{}` and `{}` both use VRID {} over {} on {}",
        first.name,
        instance.name,
        instance.vrid,
        instance.family,
        interface.unwrap_or("any interface")
    );
    Diagnostic::fatal(Code::DuplicateVrid, at(instance.span), text)
        .label("this is the second one")
        .and(at(first.span), "the first one")
}

fn report_shared_addresses(instances: &[Instance], diagnostics: &mut Diagnostics) {
    let mut owners: HashMap<(u128, u64), &Instance> = HashMap::with_capacity(instances.len());
    let mut devices = Numbers::default();
    for instance in instances {
        for address in instance.addresses.iter().chain(&instance.excluded) {
            let device = address.device.as_ref().or(instance.interface.as_ref());
            let device = device.map_or(0, |device| devices.of(device));
            let key = key(address.address, device.into());
            let first = *owners.entry(key).or_insert(instance);
            if first.name != instance.name {
                let text = format!(
                    "`{}` and `{}` both have {}",
                    first.name, instance.name, address.address
                );
                diagnostics.push(
                    Diagnostic::warning(Code::SharedAddress, at(instance.span), text)
                        .and(at(first.span), "the first one"),
                );
            }
        }
    }
}

/// Gives a name to VMAC interfaces that have none: `PREFIX.VRID`, or another one if that is taken.
fn name_vmacs(instances: &mut [Instance], prefix: &str, diagnostics: &mut Diagnostics) {
    let mut taken: HashSet<String> = HashSet::new();
    for instance in instances.iter() {
        let given = instance.vmac.as_ref().map(|vmac| &vmac.name);
        if let Some(name) = given.filter(|name| !name.is_empty())
            && !taken.insert(name.clone())
        {
            let text = format!("there is another VMAC interface `{name}`");
            let place = at(instance.span);
            diagnostics.push(Diagnostic::fatal(Code::DuplicateName, place, text));
        }
    }
    let mut next: HashMap<(Family, Vrid), u32> = HashMap::new();
    for instance in instances.iter_mut() {
        let Some(vmac) = instance.vmac.as_mut().filter(|vmac| vmac.name.is_empty()) else {
            continue;
        };
        let plain = format!("{prefix}.{}", instance.vrid);
        let number = match instance.family {
            Family::V4 => 4,
            Family::V6 => 6,
        };
        let by_family = format!("{prefix}{number}.{}", instance.vrid);
        let count = next.entry((instance.family, instance.vrid)).or_insert(0);
        let mut names = [plain, by_family].into_iter();
        vmac.name = loop {
            let name = names.next().unwrap_or_else(|| {
                *count += 1;
                format!("{prefix}{number}{}.{}", suffix(*count), instance.vrid)
            });
            if taken.insert(name.clone()) {
                break name;
            }
        };
        if vmac.name.len() > 15 {
            let text = format!("`{}` is too long for an interface", vmac.name);
            let place = at(instance.span);
            let diagnostic = Diagnostic::fatal(Code::BadName, place, text);
            diagnostics.push(diagnostic.help("name it: `use_vmac NAME`"));
        }
    }
}

/// `a`, `b`, … `z`, `ba`, …
fn suffix(mut count: u32) -> String {
    let mut letters = Vec::new();
    while count > 0 {
        let letter = char::from_u32(u32::from(b'a') + (count - 1) % 26);
        letters.extend(letter);
        count = (count - 1) / 26;
    }
    letters.iter().rev().collect()
}
