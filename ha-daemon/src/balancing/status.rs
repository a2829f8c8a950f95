//! The status of virtual servers.

use ipvs_core::ServiceKey;
use serde::{Deserialize, Serialize};

use super::server::{CheckerState, VirtualServerState};
use super::{Balancer, log};
use crate::config::Check;
use crate::health::schedule::Verdict;
use crate::slab::{Cursor, Handle, Slab};

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
    /// Without its services and real servers.
    fn new(state: &VirtualServerState) -> Self {
        let (config, pool) = (&state.config, &state.pool);
        Self {
            name: config.name.clone(),
            services: Vec::new(),
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
    fn new(
        state: &VirtualServerState,
        server: Handle,
        checkers: &Slab<CheckerState>,
    ) -> Option<Self> {
        let pool = &state.pool;
        let checkers = pool.checkers(server).filter_map(|(checker, verdict)| {
            let checker = checkers.get(checker)?;
            Some(CheckerStatus::new(checker, verdict))
        });
        Some(Self {
            address: pool.get(server)?.config.key.to_string(),
            alive: pool.is_alive(server),
            weight: pool.weight_of(server),
            checkers: checkers.collect(),
        })
    }
}

impl Balancer {
    /// The next virtual server of a walk over all, in the order of the configuration, without its
    /// services and real servers; `None` at the end.
    #[must_use]
    pub fn next_status(&self, cursor: &mut Cursor) -> Option<(Handle, VirtualServerStatus)> {
        let handle = self.servers.next(cursor)?;
        let state = self.servers.get(handle)?;
        Some((handle, VirtualServerStatus::new(state)))
    }

    /// At most `most` of the services of a virtual server, without the first `from`.
    #[must_use]
    pub fn service_status(
        &self,
        virtual_server: Handle,
        from: usize,
        most: usize,
    ) -> Vec<ServiceStatus> {
        let state = self.servers.get(virtual_server);
        let keys = state.map(|state| state.config.keys.as_slice());
        let keys = keys.unwrap_or_default().iter().skip(from).take(most);
        let status = |key: &ServiceKey| ServiceStatus {
            key: key.to_string(),
            in_place: self.reconciler.is_settled(key),
        };
        keys.map(status).collect()
    }

    /// The next real server of a walk over those of a virtual server, in the order of the configuration;
    /// `None` at the end.
    #[must_use]
    pub fn next_real_server_status(
        &self,
        virtual_server: Handle,
        cursor: &mut Cursor,
    ) -> Option<RealServerStatus> {
        let state = self.servers.get(virtual_server)?;
        let server = state.pool.next(cursor)?;
        RealServerStatus::new(state, server, &self.checkers)
    }
}

impl CheckerStatus {
    fn new(checker: &CheckerState, verdict: Verdict) -> Self {
        let kind = match &checker.config.check {
            Check::Probe { probe, .. } => log::kind(probe),
            Check::File(_) => "FILE_CHECK",
        };
        let last = checker.last.as_ref().map(|outcome| match outcome {
            Ok(_) => "passed".to_owned(),
            Err(failure) => failure.to_string(),
        });
        Self {
            kind: kind.to_owned(),
            up: verdict == Verdict::Up,
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
    use vrrp_core::Instant;

    use super::*;
    use crate::balancing::tests::Rig;
    use crate::health::attempt::Failure;

    #[test]
    fn a_checker_has_the_verdict_of_the_pool_and_its_last_outcome() {
        let text = "virtual_server 192.0.2.1 80 {\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n\
                    real_server 10.0.0.1 80 {\nTCP_CHECK {\n}\nTCP_CHECK {\nalpha\n}\n}\n}";
        let mut rig = Rig::new(text);
        let checkers = |rig: &Rig| {
            let mut cursor = Cursor::default();
            let balancer = &rig.balancer;
            let status = balancer.next_real_server_status(Handle::from_bits(0), &mut cursor);
            let checkers = status.unwrap().checkers.into_iter();
            checkers.map(|it| (it.up, it.last)).collect::<Vec<_>>()
        };
        assert_eq!(checkers(&rig), [(true, None), (false, None)]);
        let first = Handle::from_bits(0);
        let refused = Err(Failure::Refused);
        rig.balancer
            .judge(first, Verdict::Down, refused, Instant::EPOCH);
        let last = Some("connection refused".to_owned());
        assert_eq!(checkers(&rig), [(false, last), (false, None)]);
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
