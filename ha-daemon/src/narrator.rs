//! What happened, as log lines. Texts that keepalived's users search for are keepalived's.

pub(crate) mod limit;

use core::net::IpAddr;

use tracing::{debug, error, info, warn};
use vrrp_core::receive::{Discard, Remarks};
use vrrp_core::{Cause, Family, Heard, Role, Transition};
use vrrp_mio::{Notice, Router, RouterSpec, VirtualAddress};

use crate::log::chain;
use crate::status::state_word;

/// Logs a change of role.
pub(crate) fn transition(name: &str, router: &Router, transition: &Transition, first: bool) {
    let ours = router.machine().priority();
    let interface = router.interface();
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
        (Cause::InterfaceDown, _) => {
            warn!("({name}) entering FAULT state (interface {interface} down)");
        }
        (Cause::NoPrimaryAddress, _) => {
            warn!("({name}) entering FAULT state (no address on interface {interface})");
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

/// Logs an instance that cannot start yet.
pub(crate) fn waiting(name: &str, router: &Router, interface_exists: bool) {
    let interface = router.interface();
    let reason = match (interface_exists, router.interface_usable()) {
        (false, _) => "does not exist",
        (true, false) => "is down",
        (true, true) => "has no address to send from",
    };
    warn!(
        instance = name,
        "({name}) Entering FAULT STATE (init): interface {interface} {reason}"
    );
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
        Notice::MacvlanFailed { error, .. } => error!("({name}) {}", chain(error)),
        Notice::SysctlFailed { error } => error!("{}", chain(error)),
        Notice::FirewallFailed { error } => error!(
            "packets to virtual addresses that are not to be accepted are: {}",
            chain(error)
        ),
        Notice::Interface { usable, .. } => {
            let interface = router.map(|router| router.interface().to_string());
            let interface = interface.unwrap_or_default();
            let state = if *usable { "up" } else { "down" };
            info!("({name}) interface {interface} is {state}");
        }
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
