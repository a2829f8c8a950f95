//! Log lines about virtual servers, in keepalived's words where it has them.

use core::fmt;

use ipvs_core::{DestinationKey, Protocol, ServiceKey};
use tracing::{info, warn};

use super::server::VirtualServerState;
use super::system_errors::ErrorEvent;
use crate::balancing::pool::Event;
use crate::config::Probe;
use crate::health::attempt::{Failure, Outcome};
use crate::health::schedule::Change;

/// `[192.0.2.1]:tcp:80`, as keepalived writes a server.
pub(super) struct Endpoint {
    pub(super) key: DestinationKey,
    pub(super) protocol: Option<Protocol>,
}

impl Endpoint {
    /// A destination of a virtual server.
    pub(super) fn of(key: DestinationKey, service: Option<&ServiceKey>) -> Self {
        let protocol = match service {
            Some(ServiceKey::Address { protocol, .. }) => Some(*protocol),
            Some(ServiceKey::Mark { .. }) | None => None,
        };
        Self { key, protocol }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DestinationKey { address, port } = self.key;
        match self.protocol {
            Some(Protocol::TCP) => write!(f, "[{address}]:tcp:{port}"),
            Some(Protocol::UDP) => write!(f, "[{address}]:udp:{port}"),
            Some(Protocol::SCTP) => write!(f, "[{address}]:sctp:{port}"),
            Some(_) | None => write!(f, "[{address}]:{port}"),
        }
    }
}

/// Says what happened to a virtual server.
pub(super) fn event(state: &VirtualServerState, event: Event) {
    let name = &state.config.name;
    let (pool, config) = (&state.pool, &state.config);
    let endpoint = |server| {
        let server = pool.get(server);
        server.map(|server| Endpoint::of(server.config.key, config.keys.first()))
    };
    let inhibited = |server| {
        let server = pool.get(server);
        server.is_some_and(|server| server.config.inhibit_on_failure)
    };
    match event {
        Event::ServerUp { server } => {
            if let Some(server_name) = endpoint(server) {
                let (verb, to) = words(inhibited(server), "Enabling", "of", "Adding", "to");
                info!("{verb} service {server_name} {to} VS {name}");
            }
        }
        Event::ServerDown { server } => {
            if let Some(server_name) = endpoint(server) {
                let (verb, from) = words(inhibited(server), "Disabling", "of", "Removing", "from");
                warn!("{verb} service {server_name} {from} VS {name}");
            }
        }
        Event::Weight { server, from, to } => {
            if let Some(server_name) = endpoint(server) {
                let alive = words(pool.is_alive(server), "active", "", "inactive", "").0;
                info!(
                    "Changing weight from {from} to {to} for {alive} service {server_name} of VS {name}"
                );
            }
        }
        Event::QuorumGained { weight } => {
            let (quorum, hysteresis) = (config.quorum, config.hysteresis);
            let sum = pool.gain();
            info!("Gained quorum {quorum}+{hysteresis}={sum} <= {weight} for VS {name}");
            sorry(state, "Disabling", "Removing", "from");
        }
        Event::QuorumLost { weight } => {
            let (quorum, hysteresis) = (config.quorum, config.hysteresis);
            let sum = pool.loss();
            warn!("Lost quorum {quorum}-{hysteresis}={sum} > {weight} for VS {name}");
            sorry(state, "Enabling", "Adding", "to");
        }
    }
}

/// Says what becomes of the sorry server.
fn sorry(state: &VirtualServerState, inhibited: &str, removed: &str, preposition: &str) {
    let name = &state.config.name;
    if let Some(sorry) = state.config.sorry_server {
        let verb = words(sorry.inhibit, inhibited, "", removed, "").0;
        let server = Endpoint::of(sorry.key, state.config.keys.first());
        info!("{verb} sorry server {server} {preposition} VS {name}");
    }
}

fn words<'a>(
    first: bool,
    verb: &'a str,
    word: &'a str,
    other: &'a str,
    other_word: &'a str,
) -> (&'a str, &'a str) {
    if first {
        (verb, word)
    } else {
        (other, other_word)
    }
}

/// Says what a checker found, if that is news.
pub(super) fn outcome(
    probe: &Probe,
    server: &Endpoint,
    change: Change,
    failure: Option<&Failure>,
    every_failure: bool,
) {
    let kind = kind(probe);
    match (change, failure) {
        (Change::Rose, _) => info!("{kind} on service {server} success."),
        (Change::Confirmed, _) => {}
        (Change::Fell { retries: 0 }, Some(failure)) => {
            warn!("{kind} on service {server} failed: {failure}");
        }
        (Change::Fell { retries }, Some(failure)) => {
            warn!("{kind} on service {server} failed after {retries} retries: {failure}");
        }
        (Change::Unchanged, Some(Failure::System { .. })) => {}
        (Change::Unchanged, Some(failure)) if every_failure => {
            info!("{kind} on service {server} failed: {failure}");
        }
        (Change::Unchanged | Change::Fell { .. }, _) => {}
    }
}

/// Says that this host lacks something for an attempt, or no longer.
pub(super) fn system_error(probe: &Probe, server: &Endpoint, event: ErrorEvent, outcome: &Outcome) {
    match (event, outcome) {
        (ErrorEvent::Started, Err(failure)) => {
            let kind = kind(probe);
            warn!(
                "{kind} on service {server} could not be made: {failure}; \
                 that says nothing of the server, and is not told again until it is over"
            );
        }
        (ErrorEvent::Ended { call, errno }, _) => {
            let errno = errno.desc();
            info!("Health checks are no longer held up by {call}: {errno}");
        }
        (ErrorEvent::None, _) | (ErrorEvent::Started, Ok(_)) => {}
    }
}

/// What a probe is called in the log and in `status`.
pub(super) const fn kind(probe: &Probe) -> &'static str {
    match probe {
        Probe::Tcp(_) => "TCP_CHECK",
        Probe::Http(check) if check.tls.is_some() => "SSL_GET",
        Probe::Http(_) => "HTTP_GET",
        Probe::Smtp(_) => "SMTP_CHECK",
        Probe::Dns(_) => "DNS_CHECK",
        Probe::Udp(_) => "UDP_CHECK",
        Probe::Ping(_) => "PING_CHECK",
        Probe::Misc(_) => "MISC_CHECK",
    }
}
