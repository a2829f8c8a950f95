//! The kernel parameters of a macvlan with a virtual MAC address.

use std::fs;
use std::io;

use vrrp_core::Family;

use super::{Parameter, SysctlAction, SysctlError, Sysctls, Target};
use crate::interfaces::InterfaceName;

/// Parameters of the parent. Without them it would answer ARP for the virtual addresses with its
/// own MAC address (RFC 9568 §8.1.2, §6.4.3).
const PARENT_V4: [(&str, i32); 2] = [("arp_ignore", 1), ("arp_filter", 1)];
/// Parameters of the macvlan. Packets it receives come from addresses that route to its parent, and
/// some from this host; removing one virtual address must not take others of its prefix along.
const MACVLAN_V4: [(&str, i32); 4] = [
    ("arp_ignore", 1),
    ("accept_local", 1),
    ("rp_filter", 0),
    ("promote_secondaries", 1),
];
const ALL_RP_FILTER: Parameter = Parameter {
    family: Family::V4,
    target: Target::All,
    key: "rp_filter",
};
const STRICT: i32 = 1;
const LOOSE: i32 = 2;
/// No IPv6 on a macvlan that has no IPv6 address.
const NO_IPV6: (&str, i32) = ("disable_ipv6", 1);
/// No address on the macvlan made from a router advertisement and the virtual MAC
/// (RFC 9568 §7.4).
const MACVLAN_V6: (&str, i32) = ("accept_ra", 0);

impl Sysctls {
    /// Holds the parameters that a macvlan with addresses of these families, and its parent, need;
    /// all or nothing.
    ///
    /// Call it while the macvlan is down. The parameter `disable_ipv6` is left out where the kernel
    /// has no IPv6.
    ///
    /// # Errors
    /// If a parameter cannot be read or set; none is then held.
    pub fn hold_macvlan(
        &mut self,
        families: &[Family],
        macvlan: InterfaceName,
        parent: InterfaceName,
    ) -> Result<(), SysctlError> {
        let mut held = Vec::new();
        // The kernel applies the larger of its own and that of all, and loose filtering is larger
        // than strict, which would refuse everything.
        let strict = self.value(&ALL_RP_FILTER).is_ok_and(|all| all == STRICT);
        for (parameter, value) in parameters(families, macvlan, parent) {
            let value = match parameter.key {
                "rp_filter" if strict => LOOSE,
                _ => value,
            };
            match self.hold(&parameter, value) {
                Ok(()) => held.push(parameter),
                Err(error) if is_missing_ipv6(families, &parameter, &error) => {}
                Err(error) => {
                    for parameter in &held {
                        self.release(parameter)?;
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Gives up what [`hold_macvlan`](Self::hold_macvlan) holds.
    ///
    /// # Errors
    /// The first that occurred; all are given up nevertheless.
    pub fn release_macvlan(
        &mut self,
        families: &[Family],
        macvlan: InterfaceName,
        parent: InterfaceName,
    ) -> Result<(), SysctlError> {
        let mut first = Ok(());
        for (parameter, _) in parameters(families, macvlan, parent) {
            let released = self.release(&parameter);
            if first.is_ok() {
                first = released;
            }
        }
        first
    }

    /// Moves reverse path filtering from all interfaces to each of them, so that single ones can be
    /// exempt: the kernel applies the stricter of `all` and the interface's own.
    ///
    /// # Errors
    /// If a parameter cannot be read or set; those set before stay held.
    pub fn hold_reverse_path_filters(&mut self) -> Result<(), SysctlError> {
        let of = |target| Parameter {
            family: Family::V4,
            target,
            key: "rp_filter",
        };
        let all = self.value(&of(Target::All))?;
        if all == 0 {
            return Ok(());
        }
        for target in self.v4_targets()? {
            let own = match self.value(&of(target)) {
                Ok(own) => own,
                // The interface went away since.
                Err(error) if error.source.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if own < all {
                self.hold(&of(target), all)?;
            }
        }
        self.hold(&of(Target::All), 0)
    }

    fn v4_targets(&self) -> Result<Vec<Target>, SysctlError> {
        let path = self.root.join("ipv4/conf");
        let listed = fs::read_dir(&path).and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.file_name()))
                .collect::<io::Result<Vec<_>>>()
        });
        let names = listed.map_err(|source| SysctlError {
            action: SysctlAction::Read,
            path,
            source,
        })?;
        let targets = names.iter().filter_map(|name| match name.to_str()? {
            "all" => None,
            "default" => Some(Target::Default),
            name => name.parse().ok().map(Target::Interface),
        });
        Ok(targets.collect())
    }
}

fn parameters(
    families: &[Family],
    macvlan: InterfaceName,
    parent: InterfaceName,
) -> Vec<(Parameter, i32)> {
    let mut parameters = Vec::new();
    if families.contains(&Family::V4) {
        parameters.extend(PARENT_V4.map(|(key, value)| (Parameter::v4(parent, key), value)));
        parameters.extend(MACVLAN_V4.map(|(key, value)| (Parameter::v4(macvlan, key), value)));
    }
    let (key, value) = if families.contains(&Family::V6) {
        MACVLAN_V6
    } else {
        NO_IPV6
    };
    parameters.push((Parameter::v6(macvlan, key), value));
    parameters
}

fn is_missing_ipv6(families: &[Family], parameter: &Parameter, error: &SysctlError) -> bool {
    !families.contains(&Family::V6)
        && parameter.family == Family::V6
        && error.source.kind() == io::ErrorKind::NotFound
}
