//! The difference between a virtual server that runs and its new configuration.

use std::collections::HashSet;

use ipvs_core::{DestinationKey, ServiceKey};

use crate::config::{
    Check, Checker, DnsCheck, HttpCheck, MiscCheck, Probe, RealServer, SmtpCheck, SorryServer,
    UdpCheck, VirtualServer,
};
use crate::health::settings::Connection;

/// What an update changed of a virtual server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Its settings that changed.
    pub settings: Vec<Setting>,
    /// The real servers that went.
    pub removed: Vec<DestinationKey>,
    /// The real servers that came, in the order of the new configuration.
    pub added: Vec<DestinationKey>,
    /// The real servers that stayed and are not as before, in that order.
    pub changed: Vec<(DestinationKey, RealServerDifference)>,
    /// Whether those that stayed are in another order.
    pub reordered: bool,
}

impl Difference {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What an update changed of a real server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RealServerDifference {
    /// Its settings that changed.
    pub settings: Vec<RealServerSetting>,
    /// How many checkers went.
    pub checkers_removed: usize,
    /// How many checkers came.
    pub checkers_added: usize,
    /// How many checkers stayed and have other settings.
    pub checkers_changed: usize,
}

impl RealServerDifference {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A setting of a virtual server: a field of [`VirtualServer`], or some that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// Which addresses and marks its group has.
    Services,
    /// `lvs_sched`.
    Scheduler,
    /// `ops` and the flags of the scheduler.
    Flags,
    /// `persistence_timeout`, `persistence_granularity`, `persistence_engine`.
    Persistence,
    /// `sorry_server`, `sorry_server_lvs_method`, `sorry_server_inhibit`.
    SorryServer,
    /// `quorum`, `hysteresis`.
    Quorum,
    /// `quorum_up`, `quorum_down`.
    Scripts,
    /// `alpha`.
    Alpha,
    /// `omega`.
    Omega,
    /// `ha_suspend`.
    HaSuspend,
}

/// A setting of a real server: a field of [`RealServer`], or some that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RealServerSetting {
    /// `lvs_method`.
    Forwarding,
    /// `weight`.
    Weight,
    /// `uthreshold`, `lthreshold`.
    Thresholds,
    /// `inhibit_on_failure`.
    InhibitOnFailure,
    /// `notify_up`, `notify_down`.
    Scripts,
}

/// The settings that differ between two configurations of one virtual server, without its scripts: as
/// whom they run, the configuration does not say.
pub(super) fn settings(ours: &VirtualServer, theirs: &VirtualServer) -> Vec<Setting> {
    let VirtualServer {
        name: _,
        span: _,
        group: _,
        keys,
        scheduler,
        flags,
        persistence,
        engine,
        real_servers: _,
        sorry_server,
        quorum,
        hysteresis,
        quorum_up: _,
        quorum_down: _,
        alpha,
        omega,
        ha_suspend,
    } = theirs;
    let sorry = |server: SorryServer| {
        let SorryServer {
            key,
            span: _,
            forwarding,
            inhibit,
        } = server;
        (key, forwarding, inhibit)
    };
    let (our_sorry, their_sorry) = (ours.sorry_server.map(sorry), sorry_server.map(sorry));
    let persistence = (ours.persistence, ours.engine) != (*persistence, *engine);
    let quorum = (ours.quorum, ours.hysteresis) != (*quorum, *hysteresis);
    let differ = [
        (Setting::Services, ours.keys != *keys),
        (Setting::Scheduler, ours.scheduler != *scheduler),
        (Setting::Flags, ours.flags != *flags),
        (Setting::Persistence, persistence),
        (Setting::SorryServer, our_sorry != their_sorry),
        (Setting::Quorum, quorum),
        (Setting::Alpha, ours.alpha != *alpha),
        (Setting::Omega, ours.omega != *omega),
        (Setting::HaSuspend, ours.ha_suspend != *ha_suspend),
    ];
    let differ = differ.into_iter().filter(|(_, differs)| *differs);
    differ.map(|(setting, _)| setting).collect()
}

/// The same of a real server.
pub(super) fn real_server(ours: &RealServer, theirs: &RealServer) -> Vec<RealServerSetting> {
    let RealServer {
        key: _,
        span: _,
        forwarding,
        weight,
        upper,
        lower,
        inhibit_on_failure,
        notify_up: _,
        notify_down: _,
        checkers: _,
    } = theirs;
    let thresholds = (ours.upper, ours.lower) != (*upper, *lower);
    let inhibit = ours.inhibit_on_failure != *inhibit_on_failure;
    let differ = [
        (
            RealServerSetting::Forwarding,
            ours.forwarding != *forwarding,
        ),
        (RealServerSetting::Weight, ours.weight != *weight),
        (RealServerSetting::Thresholds, thresholds),
        (RealServerSetting::InhibitOnFailure, inhibit),
    ];
    let differ = differ.into_iter().filter(|(_, differs)| *differs);
    differ.map(|(setting, _)| setting).collect()
}

/// The services that are no longer among those of a virtual server.
pub(super) fn gone(ours: &[ServiceKey], theirs: &[ServiceKey]) -> Vec<ServiceKey> {
    if ours == theirs {
        return Vec::new();
    }
    let theirs: HashSet<_> = theirs.iter().collect();
    let gone = ours.iter().filter(|key| !theirs.contains(key));
    gone.copied().collect()
}

/// Which of `ours` each of `theirs` is, by its place: of several that look at the same, first one that
/// is equal.
pub(super) fn pair(ours: &[&Checker], theirs: &[&Checker]) -> Vec<Option<usize>> {
    let mut pairs = vec![None; theirs.len()];
    let mut taken = vec![false; ours.len()];
    let tests: [fn(&Check, &Check) -> bool; 2] = [|ours, theirs| ours == theirs, looks_at_the_same];
    for test in tests {
        for (their, pair) in theirs.iter().zip(&mut pairs) {
            if pair.is_some() {
                continue;
            }
            let mut candidates = ours.iter().zip(&mut taken).enumerate();
            let found =
                candidates.find(|(_, (our, taken))| !**taken && test(&our.check, &their.check));
            if let Some((place, (_, taken))) = found {
                *taken = true;
                *pair = Some(place);
            }
        }
    }
    pairs
}

/// Whether two checks look at the same in the same way. When and how long, and what it counts, may
/// differ.
fn looks_at_the_same(ours: &Check, theirs: &Check) -> bool {
    match (ours, theirs) {
        (Check::File(ours), Check::File(theirs)) => ours.path == theirs.path,
        (Check::Probe { probe: ours, .. }, Check::Probe { probe: theirs, .. }) => {
            is_same_probe(ours, theirs)
        }
        (Check::File(_), Check::Probe { .. }) | (Check::Probe { .. }, Check::File(_)) => false,
    }
}

fn is_same_probe(ours: &Probe, theirs: &Probe) -> bool {
    match (ours, theirs) {
        (Probe::Tcp(ours), Probe::Tcp(theirs)) | (Probe::Ping(ours), Probe::Ping(theirs)) => {
            is_same_way(ours, theirs)
        }
        (Probe::Http(ours), Probe::Http(theirs)) => {
            let HttpCheck {
                connection,
                tls,
                version,
                urls,
            } = &**theirs;
            is_same_way(&ours.connection, connection)
                && (&ours.tls, ours.version, &ours.urls) == (tls, *version, urls)
        }
        (Probe::Smtp(ours), Probe::Smtp(theirs)) => {
            let SmtpCheck { connection, helo } = &**theirs;
            is_same_way(&ours.connection, connection) && ours.helo == *helo
        }
        (Probe::Dns(ours), Probe::Dns(theirs)) => {
            let DnsCheck {
                connection,
                record,
                name,
            } = &**theirs;
            is_same_way(&ours.connection, connection)
                && (ours.record, &ours.name) == (*record, name)
        }
        (Probe::Udp(ours), Probe::Udp(theirs)) => {
            let UdpCheck {
                connection,
                settings,
            } = &**theirs;
            is_same_way(&ours.connection, connection) && ours.settings == *settings
        }
        (Probe::Misc(ours), Probe::Misc(theirs)) => {
            let MiscCheck {
                script,
                timeout: _,
                dynamic,
            } = &**theirs;
            (&ours.script, ours.dynamic) == (script, *dynamic)
        }
        (
            Probe::Tcp(_)
            | Probe::Http(_)
            | Probe::Smtp(_)
            | Probe::Dns(_)
            | Probe::Udp(_)
            | Probe::Ping(_)
            | Probe::Misc(_),
            _,
        ) => false,
    }
}

/// Whether two connections lead to the same and come from the same.
fn is_same_way(ours: &Connection, theirs: &Connection) -> bool {
    let Connection {
        to,
        limits: _,
        source,
    } = theirs;
    (ours.to, &ours.source) == (*to, source)
}

#[cfg(test)]
mod tests;
