//! The status of virtual servers.

use serde::{Deserialize, Serialize};

use super::narrator;
use super::reconciler::Reconciler;
use super::server::VirtualServerState;
use crate::config::{Check, Checker};
use crate::health::attempt::Outcome;
use crate::health::schedule::Verdict;

/// A virtual server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualServerStatus {
    /// As keepalived calls it: `[192.0.2.1]:tcp:80`.
    pub name: String,
    /// Its services in the kernel's notation: `TCP 192.0.2.1:80`.
    pub services: Vec<ServiceStatus>,
    /// The scheduler.
    pub scheduler: String,
    /// Whether there is a quorum.
    pub quorum: bool,
    /// What the weights of those alive sum up to.
    pub weight: u64,
    /// What they have to reach to gain the quorum.
    pub gain: u64,
    /// Below what they lose it.
    pub loss: u64,
    /// Whether its checkers are suspended.
    pub suspended: bool,
    /// The sorry server, if there is one.
    pub sorry_server: Option<String>,
    /// Its real servers in the order of the configuration. There may be thousands, and a reply is made
    /// in parts: they are the last field.
    pub real_servers: Vec<RealServerStatus>,
}

/// A service of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// The kernel's notation.
    pub key: String,
    /// Whether the kernel was last seen to have it as wanted.
    pub in_place: bool,
}

/// A real server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RealServerStatus {
    /// Address and port.
    pub address: String,
    /// Whether every checker is up.
    pub alive: bool,
    /// Its weight, whether it is alive or not.
    pub weight: u32,
    /// Its checkers.
    pub checkers: Vec<CheckerStatus>,
}

/// A checker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckerStatus {
    /// As it is written: `TCP_CHECK`.
    pub kind: String,
    /// Whether the server may be used as far as it knows.
    pub up: bool,
    /// What it last found: `passed`, a reason, or nothing yet.
    pub last: Option<String>,
}

impl VirtualServerStatus {
    /// Without its real servers.
    pub(super) fn new(state: &VirtualServerState, reconciler: &Reconciler) -> Self {
        let (config, pool) = (&state.config, &state.pool);
        let services = config.keys.iter().map(|key| ServiceStatus {
            key: key.to_string(),
            in_place: reconciler.is_settled(key),
        });
        Self {
            name: config.name.clone(),
            services: services.collect(),
            scheduler: config.scheduler.to_string(),
            quorum: pool.has_quorum(),
            weight: pool.weight(),
            gain: pool.gain(),
            loss: pool.loss(),
            suspended: state.suspended,
            sorry_server: config.sorry_server.map(|sorry| sorry.key.to_string()),
            real_servers: Vec::new(),
        }
    }
}

impl RealServerStatus {
    /// The one of this number, if there is one.
    pub(super) fn new(state: &VirtualServerState, index: usize) -> Option<Self> {
        let server = state.config.real_servers.get(index)?;
        let outcomes = state.outcomes.get(index)?;
        let checkers = server.checkers.iter().zip(outcomes).enumerate();
        let checkers = checkers.map(|(number, (checker, last))| {
            let verdict = state.pool.verdict(index, number);
            CheckerStatus::new(checker, verdict, last.as_ref())
        });
        Some(Self {
            address: server.key.to_string(),
            alive: state.pool.is_alive(index),
            weight: state.pool.weight_of(index),
            checkers: checkers.collect(),
        })
    }
}

impl CheckerStatus {
    fn new(checker: &Checker, verdict: Option<Verdict>, last: Option<&Outcome>) -> Self {
        let kind = match &checker.check {
            Check::Probe { probe, .. } => narrator::kind(probe),
            Check::File(_) => "FILE_CHECK",
        };
        let last = last.map(|outcome| match outcome {
            Ok(_) => "passed".to_owned(),
            Err(failure) => failure.to_string(),
        });
        Self {
            kind: kind.to_owned(),
            up: verdict == Some(Verdict::Up),
            last,
        }
    }
}

impl VirtualServerStatus {
    /// For a person: a line for the virtual server and one for each real server.
    #[must_use]
    pub fn text(&self) -> String {
        let quorum = match self.quorum {
            true => "quorum",
            false => "NO QUORUM",
        };
        let mut text = format!(
            "{}  {}  {quorum} (weight {}, needs {})",
            self.name, self.scheduler, self.weight, self.gain
        );
        if let Some(sorry) = &self.sorry_server {
            let serves = if self.quorum { "" } else { ", serving" };
            text.push_str(&format!("  sorry server {sorry}{serves}"));
        }
        if self.suspended {
            text.push_str("  checkers suspended");
        }
        text.push('\n');
        for service in self.services.iter().filter(|service| !service.in_place) {
            text.push_str(&format!(
                "    {} is not in the kernel as wanted\n",
                service.key
            ));
        }
        for server in &self.real_servers {
            let state = if server.alive { "up" } else { "DOWN" };
            let head = format!(
                "    {:<24} {state:<5} weight {:<5}",
                server.address, server.weight
            );
            text.push_str(&head);
            let checkers = server.checkers.iter().map(|checker| {
                let last = checker.last.as_deref().unwrap_or("not tried yet");
                format!("{} {last}", checker.kind)
            });
            text.push_str(&checkers.collect::<Vec<_>>().join("; "));
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, load_str};
    use crate::health::attempt::Failure;

    #[test]
    fn a_checker_has_the_verdict_of_the_pool_and_its_last_outcome() {
        let text = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n\
                    real_server 10.0.0.1 80 {\nTCP_CHECK {\n}\nTCP_CHECK {\nalpha\n}\n}\n}";
        let mut loaded = load_str("test.conf", text, &LoadOptions::default());
        let mut state = VirtualServerState::new(loaded.config.virtual_servers.remove(0));
        let checkers = |state: &VirtualServerState| {
            let status = RealServerStatus::new(state, 0).unwrap();
            let checkers = status.checkers.into_iter();
            checkers.map(|it| (it.up, it.last)).collect::<Vec<_>>()
        };
        assert_eq!(checkers(&state), [(true, None), (false, None)]);
        let refused = Err(Failure::Refused);
        state.report((0, 0), Verdict::Down, refused, &mut Vec::new());
        let last = Some("connection refused".to_owned());
        assert_eq!(checkers(&state), [(false, last), (false, None)]);
    }

    #[test]
    fn says_what_a_person_asks_for() {
        let checker = |last: Option<&str>, up| CheckerStatus {
            kind: "TCP_CHECK".to_owned(),
            up,
            last: last.map(str::to_owned),
        };
        let server = |address: &str, alive, checkers| RealServerStatus {
            address: address.to_owned(),
            alive,
            weight: 1,
            checkers,
        };
        let status = VirtualServerStatus {
            name: "[192.0.2.1]:tcp:80".to_owned(),
            services: vec![ServiceStatus {
                key: "TCP 192.0.2.1:80".to_owned(),
                in_place: false,
            }],
            scheduler: "wlc".to_owned(),
            quorum: false,
            weight: 0,
            gain: 1,
            loss: 1,
            suspended: false,
            real_servers: vec![
                server(
                    "10.0.0.1:80",
                    false,
                    vec![checker(Some("connection refused"), false)],
                ),
                server("10.0.0.2:80", true, vec![checker(None, true)]),
                server("10.0.0.3:80", true, vec![]),
            ],
            sorry_server: Some("10.0.0.9:80".to_owned()),
        };
        assert_eq!(
            status.text(),
            "[192.0.2.1]:tcp:80  wlc  NO QUORUM (weight 0, needs 1)  sorry server 10.0.0.9:80, serving
    TCP 192.0.2.1:80 is not in the kernel as wanted
    10.0.0.1:80              DOWN  weight 1    TCP_CHECK connection refused
    10.0.0.2:80              up    weight 1    TCP_CHECK not tried yet
    10.0.0.3:80              up    weight 1
"
        );
    }
}
