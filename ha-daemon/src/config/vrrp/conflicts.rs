//! Conflicts between instances: the same VRID, address or interface name.

use core::net::IpAddr;
use std::collections::{HashMap, HashSet};

use vrrp_core::{Family, Vrid};

use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::model::{Instance, Transport};
use crate::config::text::source::{Place, Span};

/// Where adverts of two virtual routers could be mistaken for each other.
type Exchange = (Option<String>, Family, Vrid, IpAddr);

/// Reports VRIDs and addresses that several instances use, and names VMAC interfaces.
pub(in crate::config) fn resolve(
    mut instances: Vec<Instance>,
    vmac_prefix: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Instance> {
    let mut exchanges: HashMap<Exchange, (Span, String)> = HashMap::new();
    instances.retain(|instance| is_alone(instance, &mut exchanges, diagnostics));
    report_shared_addresses(&instances, diagnostics);
    name_vmacs(&mut instances, vmac_prefix, diagnostics);
    instances
}

const fn at(span: Span) -> Place {
    Place { span, via: None }
}

/// Whether no earlier instance has the VRID on the interface, in the family and for the group or
/// one of the peers.
fn is_alone(
    instance: &Instance,
    exchanges: &mut HashMap<Exchange, (Span, String)>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let (source, ends): (_, Vec<IpAddr>) = match &instance.transport {
        Transport::Multicast { group, .. } => (None, vec![*group]),
        Transport::Unicast { source, peers, .. } => {
            let ends = peers.iter().map(|peer| peer.address).collect();
            (*source, ends)
        }
    };
    let interface = instance
        .interface
        .clone()
        .or_else(|| source.map(|source| source.to_string()));
    for end in ends {
        let key = (interface.clone(), instance.family, instance.vrid, end);
        if let Some((first, name)) = exchanges.get(&key) {
            let text = format!(
                "`{name}` and `{}` both use VRID {} over {} on {}",
                instance.name,
                instance.vrid,
                instance.family,
                interface.as_deref().unwrap_or("any interface")
            );
            diagnostics.push(
                Diagnostic::fatal(Code::DuplicateVrid, at(instance.span), text)
                    .label("this is the second one")
                    .and(at(*first), "the first one"),
            );
            return false;
        }
        exchanges.insert(key, (instance.span, instance.name.clone()));
    }
    true
}

fn report_shared_addresses(instances: &[Instance], diagnostics: &mut Diagnostics) {
    let mut owners: HashMap<(IpAddr, Option<&str>), &Instance> = HashMap::new();
    for instance in instances {
        for address in instance.addresses.iter().chain(&instance.excluded) {
            let device = address.device.as_ref().or(instance.interface.as_ref());
            let key = (address.address, device.map(String::as_str));
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
