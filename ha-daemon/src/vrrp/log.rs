//! Log lines about instances. Texts that keepalived's users search for are keepalived's.

use core::net::IpAddr;

use tracing::{debug, error, info, warn};
use vrrp_core::receive::{Discard, Remarks};
use vrrp_core::{Cause, Family, Heard, Role, Transition};
use vrrp_mio::{Notice, Obstacle, Router, RouterSpec, VirtualAddress};

use crate::observe::log::chain;
use crate::observe::status::state_word;

/// Logs a change of role.
pub(crate) fn transition(name: &str, router: &Router, transition: &Transition, first: bool) {
    let ours = router.machine().priority();
    match (transition.cause, transition.peer) {
        (Cause::HigherPriorityBackup, Some(peer)) => {
            let heard = router.machine().active_router().map(|heard| heard.priority);
            match heard {
                Some(heard) if heard > ours => info!(
                    "({name}) Master received advert from {peer} with higher priority {heard}, ours {ours}"
                ),
                Some(heard) => info!(
                    "({name}) Master received advert from {peer} with same priority {heard} but higher IP address than ours"
                ),
                None => {}
            }
        }
        (Cause::ActiveTimeout, _) => info!("({name}) Receive advertisement timeout"),
        (Cause::ActiveResigned, _) => info!("({name}) Backup received priority 0 advertisement"),
        (Cause::InterfaceDown | Cause::NoPrimaryAddress | Cause::Fault, _) => {
            for obstacle in logged_with_state(router) {
                warn!("({name}) entering FAULT state ({})", chain(obstacle));
            }
        }
        (Cause::Overslept, Some(peer)) => {
            warn!("({name}) overslept: {peer} took over meanwhile, leaving it the addresses");
        }
        (_, _) => {}
    }
    let state = state_word(transition.to, router.machine().is_started());
    let note = if first { " (init)" } else { "" };
    info!(
        instance = name,
        reason = %transition.cause,
        rule = transition.cause.rule(),
        "({name}) Entering {state} STATE{note}"
    );
}

/// Logs what is questionable about a router that is about to run.
pub(crate) fn placed(name: &str, spec: &RouterSpec) {
    let link_local = |address: &VirtualAddress| match address.spec.address {
        IpAddr::V6(address) => address.is_unicast_link_local(),
        IpAddr::V4(_) => true,
    };
    if spec.config.family() == Family::V6 && !spec.addresses.iter().any(link_local) {
        warn!(
            "({name}) no virtual address is link-local; RFC 9568 §5.2.9 has one first, and strict peers discard the adverts"
        );
    }
}

/// Logs an instance that cannot start yet; whether it is known why.
pub(crate) fn waiting(name: &str, router: &Router) -> bool {
    let Some(obstacle) = logged_with_state(router).next() else {
        return false;
    };
    warn!(
        instance = name,
        "({name}) Entering FAULT STATE (init): {}",
        chain(obstacle)
    );
    true
}

/// The obstacles that keep a router from being MASTER, except those that are logged where they are
/// tracked and those that pass in a moment.
fn logged_with_state(router: &Router) -> impl Iterator<Item = &Obstacle> {
    (router.obstacles().iter())
        .filter(|obstacle| !matches!(obstacle, Obstacle::Tracked | Obstacle::VirtualMacMissing(_)))
}

/// Logs that something keeps a router from being MASTER, or does so no longer.
fn obstacle(name: &str, obstacle: &Obstacle, present: bool) {
    let text = chain(obstacle);
    match (obstacle, present) {
        (Obstacle::Tracked | Obstacle::VirtualMacMissing(_), _) => {}
        (Obstacle::InterfaceDown(_) | Obstacle::InterfaceMissing(_), true) => {
            info!("({name}) {text}");
        }
        (Obstacle::InterfaceDown(interface), false) => {
            info!("({name}) interface {interface} is up");
        }
        (Obstacle::InterfaceMissing(interface), false) => {
            info!("({name}) interface {interface} exists");
        }
        (Obstacle::VirtualMac(_) | Obstacle::NoVirtualAddress { .. }, true) => {
            error!(
                reason = obstacle.name(),
                "({name}) cannot be MASTER: {text}"
            );
        }
        (
            Obstacle::InterfaceLoopback(_)
            | Obstacle::NoSocket(_)
            | Obstacle::NoPrimaryAddress(_)
            | Obstacle::DeviceMissing(_)
            | Obstacle::DeviceDown(_),
            true,
        ) => warn!(
            reason = obstacle.name(),
            "({name}) cannot be MASTER: {text}"
        ),
        (
            Obstacle::InterfaceLoopback(_)
            | Obstacle::NoSocket(_)
            | Obstacle::NoPrimaryAddress(_)
            | Obstacle::DeviceMissing(_)
            | Obstacle::DeviceDown(_)
            | Obstacle::VirtualMac(_)
            | Obstacle::NoVirtualAddress { .. },
            false,
        ) => info!(reason = obstacle.name(), "({name}) no longer: {text}"),
    }
}

/// Logs anything but a transition.
pub(crate) fn notice(name: &str, router: Option<&Router>, notice: &Notice) {
    match notice {
        Notice::Transition { .. } | Notice::Candidate { .. } => {}
        Notice::Contested { heard, .. } => contested(name, router, heard),
        Notice::Remark {
            source, remarks, ..
        } => remark(name, source, remarks),
        Notice::Discarded {
            source, discard, ..
        } => discarded(name, source, discard),
        Notice::Unknown {
            interface,
            family,
            vrid,
        } => {
            info!("{interface}: {family} adverts for unknown VRID {vrid}");
        }
        Notice::AddressInstalled { address, .. } => debug!("({name}) {address} is in place"),
        Notice::AddressLost { address, .. } => {
            warn!("({name}) {address} was removed by somebody else; putting it back");
        }
        Notice::AddressFailed { address, error, .. } => {
            error!("({name}) {address}: {}", chain(error));
        }
        Notice::SysctlFailed { error } => error!("{}", chain(error)),
        Notice::FirewallFailed { error } => error!(
            "packets to virtual addresses that are not to be accepted are: {}",
            chain(error)
        ),
        Notice::Obstacle {
            obstacle: what,
            present,
            ..
        } => obstacle(name, what, *present),
        Notice::SocketFailed { interface, error } => error!("{interface}: {}", chain(error)),
        Notice::ReceiveFailed { interface, error } => error!("{interface}: {}", chain(error)),
        Notice::SendFailed { error, .. } => {
            warn!("({name}) advert could not be sent: {}", chain(error));
        }
        Notice::Late { by } => {
            warn!(
                "VRRP thread timer expired {}.{:06} seconds ago",
                by.as_secs(),
                by.subsec_micros()
            );
        }
        Notice::Resynchronised => {
            warn!("the kernel dropped notifications; interfaces and addresses were read again");
        }
        other => debug!("{other:?}"),
    }
}

fn contested(name: &str, router: Option<&Router>, heard: &Heard) {
    let Some(router) = router.filter(|router| router.machine().role() == Role::Active) else {
        return;
    };
    let ours = router.machine().priority();
    let Heard {
        source, priority, ..
    } = heard;
    if priority.is_resign() {
        info!("({name}) {source} resigned");
    } else {
        info!(
            "({name}) Received advert from {source} with lower priority {priority}, ours {ours}, forcing new election"
        );
    }
}

fn remark(name: &str, source: &IpAddr, remarks: &Remarks) {
    for (set, text) in [
        (remarks.interval, "advertises at another interval than ours"),
        (remarks.address_list, "advertises other addresses than ours"),
        (
            remarks.first_address,
            "advertises a first address that is not link-local",
        ),
        (
            remarks.second_owner,
            "claims to own the addresses that we own",
        ),
        (remarks.equal_priority, "has the same priority as we do"),
        (remarks.own_address, "has the same primary address as we do"),
    ] {
        if set {
            warn!("({name}) {source} {text}");
        }
    }
}

fn discarded(name: &str, source: &IpAddr, discard: &Discard) {
    if let Discard::Interval { theirs } = discard {
        // A silent split brain otherwise.
        error!(
            "({name}) dropping adverts from {source}: advert interval {theirs} is not ours, and VRRPv2 cannot tolerate that; both will be MASTER"
        );
    } else {
        warn!("({name}) dropping adverts from {source}: {discard}");
    }
}
