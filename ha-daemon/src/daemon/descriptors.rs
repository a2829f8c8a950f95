//! The limit of open files, raised to what the configuration needs.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setrlimit};
use tracing::warn;

use crate::config::{Config, Instance};

/// For the log, timers, netlink, files, control clients and notifications.
const BASE: u64 = 256;
/// Sockets of an interface: to hear and to send adverts in both families, with and without the
/// Authentication Header, and to announce; the same for the interface of a virtual MAC.
const OF_INTERFACE: u64 = 8;
/// An attempt of a checker: a socket, or a script's.
const OF_CHECKER: u64 = 2;
/// Attempts under way at a time.
const MOST_CHECKERS: u64 = 4_096;

/// The limits that the daemon was started with.
static FORMER: OnceLock<Rlimit> = OnceLock::new();

/// How many descriptors a configuration may take.
#[must_use]
pub fn needed(config: &Config) -> u64 {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let devices = config.instances.iter().flat_map(devices);
    let devices = count(devices.collect::<BTreeSet<_>>().len());
    let servers = config.virtual_servers.iter().flat_map(|s| &s.real_servers);
    let checkers = servers.map(|server| count(server.checkers.len()));
    let checkers = checkers.fold(0, u64::saturating_add).min(MOST_CHECKERS);
    BASE + OF_INTERFACE * devices + OF_CHECKER * checkers
}

/// The interfaces that an instance has sockets on.
fn devices(instance: &Instance) -> impl Iterator<Item = &str> {
    let addresses = instance.addresses.iter().chain(&instance.excluded);
    let of_addresses = addresses.filter_map(|address| address.device.as_deref());
    let virtual_mac = instance.vmac.as_ref().map(|vmac| vmac.name.as_str());
    // Without an interface it has the one of its source.
    let own = instance.interface.as_deref().unwrap_or(&instance.name);
    of_addresses.chain(virtual_mac).chain([own])
}

/// Raises the limit to `needed`, if it is below: the soft one as far as the hard one goes, and that one
/// too where the process may. The shortage, if any, is logged.
pub fn raise(needed: u64) {
    let former = getrlimit(Resource::Nofile);
    FORMER.get_or_init(|| Rlimit { ..former });
    let soft = former.current.unwrap_or(u64::MAX);
    if soft >= needed {
        return;
    }
    let maximum = former.maximum.map(|hard| hard.max(needed));
    let raised = |limit: Option<u64>, maximum| {
        let current = limit;
        setrlimit(Resource::Nofile, Rlimit { current, maximum })
    };
    if raised(Some(needed), maximum).is_ok() {
        return;
    }
    let hard = former.maximum.unwrap_or(needed);
    if hard < needed {
        warn!(
            "the configuration may need {needed} descriptors, and {hard} are allowed (ulimit -Hn, LimitNOFILE=)"
        );
    }
    if let Err(error) = raised(Some(hard.min(needed)), former.maximum) {
        warn!("the limit of descriptors stays at {soft}: {error}");
    }
}

/// Gives a program that was started the limit that the daemon had before: select(2) cannot handle more
/// than 1,024. A program that has ended meanwhile needs none.
pub fn restore(process: u32) {
    if let Some(former) = FORMER.get()
        && let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw)
    {
        let _gone = prlimit(Some(process), Resource::Nofile, Rlimit { ..*former });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, load_str};

    #[test]
    fn a_configuration_needs_what_its_interfaces_and_checkers_take() {
        let config = |text: &str| load_str("test", text, &LoadOptions::default()).config;
        assert_eq!(needed(&config("")), 256);
        let instance = |name: &str, interface: &str, extra: &str| {
            format!(
                "vrrp_instance {name} {{\ninterface {interface}\nvirtual_router_id 1\n{extra}
                virtual_ipaddress {{\n192.0.2.1/24 dev eth9\n}}\n}}\n"
            )
        };
        let text = instance("a", "eth0", "") + &instance("b", "eth1", "use_vmac");
        // eth0, eth1, eth9 and the macvlan.
        assert_eq!(needed(&config(&text)), 256 + 4 * 8);
        let check = "TCP_CHECK {\n}\n";
        let server = format!("real_server 192.0.2.9 80 {{\n{check}{check}}}\n");
        let text = format!("virtual_server 192.0.2.1 80 {{\nprotocol TCP\n{server}}}\n");
        assert_eq!(needed(&config(&text)), 256 + 2 * 2);
    }
}
