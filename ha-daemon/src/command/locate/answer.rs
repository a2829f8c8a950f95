//! The answer: the service, its candidates and the decision.

use ipvs_core::connection::Settings;
use ipvs_core::destination::Tunnel;
use ipvs_core::record::DestinationRecord;
use ipvs_core::table::Table;
use ipvs_core::{DestinationKey, Forwarding, KernelProfile, Scheduler, Service};
use serde::Serialize;

use super::estimate::{Estimate, estimate};
use super::history::{History, Known, Reuse};
use super::service::{Match, MatchedBy};
use super::{LocateError, Odds, Question};

/// What an answer goes by.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) question: &'a Question,
    pub(super) settings: Settings,
    pub(super) matched: Match<'a>,
    /// The destinations of that service.
    pub(super) records: &'a [DestinationRecord],
    /// What the kernel remembers; `None` of one that was just filled.
    pub(super) history: Option<History>,
}

/// Which real server a client would get, and why. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The packet.
    pub packet: String,
    /// The service that takes it.
    pub service: Option<String>,
    /// By what it takes it.
    pub matched_by: Option<MatchedBy>,
    /// Its scheduler, and the scheduler's flags.
    pub scheduler: Option<String>,
    /// How long it remembers clients, in seconds.
    pub persistence_s: Option<u32>,
    /// The destination, or the likeliest; `null` for none.
    pub destination: Option<String>,
    /// What decides.
    pub decision: Decision,
    /// The same for people, one clause.
    pub why: String,
    /// Whether it can be nothing else.
    pub exact: bool,
    /// All it can be, the likeliest first.
    pub candidates: Vec<Candidate>,
    /// Why it is not exact.
    pub unknown: Vec<String>,
    /// What was taken for granted.
    pub assumed: Vec<String>,
    /// The destinations of the service, in the kernel's order.
    pub destinations: Vec<Row>,
}

/// What decides where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The connection is there.
    Connection,
    /// A persistence template says where the client has been.
    Template,
    /// The scheduler.
    Scheduler,
    /// The destination of the connection was removed: the packet is dropped.
    Removed,
    /// None: no destination takes it, and the client gets a "port unreachable" message.
    NoDestination,
    /// Nothing: only a persistent service takes other ports than its own.
    OtherPort,
    /// Nothing: such a packet is not balanced.
    Ignored,
    /// Nothing: no service is for it.
    NoService,
}

/// A destination that may be picked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// `null` if it may be none.
    pub destination: Option<String>,
    /// Its probability, where that is known.
    pub odds: Option<Odds>,
}

/// Whether a destination takes new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It does.
    Available,
    /// Its weight is 0.
    Quiescent,
    /// It carries more than its thresholds allow.
    Overloaded,
    /// It is between its thresholds: overloaded if it was above them last.
    MaybeOverloaded,
}

/// A destination of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Address and port; the port of the packet where the destination has none of its own.
    pub destination: String,
    /// How packets reach it.
    pub method: &'static str,
    /// Weight.
    pub weight: u32,
    /// Active connections.
    pub active: u32,
    /// Inactive connections.
    pub inactive: u32,
    /// Persistence templates.
    pub persistent: u32,
    /// What the scheduler divides by the weight: the overhead, or with `sed` and `nq` the expected
    /// delay.
    pub cost: Option<i32>,
    /// Whether it takes new connections.
    pub availability: Availability,
}

impl Answer {
    pub(super) fn of(facts: &Facts<'_>) -> Result<Self, LocateError> {
        let mut answer = Self::blank(facts)?;
        if let Some(History {
            unread: Some(error),
            ..
        }) = &facts.history
        {
            answer.assumed.push(format!(
                "the client has neither connection nor template: they cannot be read ({error})"
            ));
        }
        if answer.remembered(facts) {
            return Ok(answer);
        }
        match facts.matched {
            Match::None => answer.nothing(Decision::NoService, "no service is for it"),
            Match::OtherPort(_) => answer.nothing(
                Decision::OtherPort,
                "the service takes other ports than its own only with persistence",
            ),
            Match::Ignored(_) => answer.nothing(
                Decision::Ignored,
                "a packet from FTP's data port, or to it, starts no balanced connection",
            ),
            Match::Service(service) => answer.schedule(facts, service)?,
        }
        Ok(answer)
    }

    fn blank(facts: &Facts<'_>) -> Result<Self, LocateError> {
        let service = facts.matched.service();
        let mut assumed = Vec::new();
        if facts.history.is_none() {
            assumed.push(
                "the table was just read by `ipvsadm -R`, in this order, and nothing is connected"
                    .to_owned(),
            );
        }
        let persistence = service.and_then(|service| service.persistence);
        if let (Some(_), Some(engine)) = (persistence, service.and_then(|service| service.engine)) {
            assumed.push(format!(
                "the persistence engine {engine} finds nothing in the packet that it knows"
            ));
        }
        let flow = facts.question.flow();
        Ok(Self {
            packet: facts.question.to_string(),
            service: service.map(|service| service.key.to_string()),
            matched_by: service.map(|service| MatchedBy::of(&service.key, &flow)),
            scheduler: service.map(scheduler_with_flags),
            persistence_s: persistence.map(|persistence| persistence.timeout),
            destination: None,
            decision: Decision::NoService,
            why: String::new(),
            exact: true,
            candidates: Vec::new(),
            unknown: Vec::new(),
            assumed,
            destinations: match service {
                Some(service) => rows(service, facts)?,
                None => Vec::new(),
            },
        })
    }

    /// Whether the packet has a destination, or lost it.
    #[must_use]
    pub const fn is_served(&self) -> bool {
        self.destination.is_some()
    }

    fn nothing(&mut self, decision: Decision, why: &str) {
        self.decision = decision;
        why.clone_into(&mut self.why);
    }

    /// Answers by what the kernel remembers, if that decides.
    fn remembered(&mut self, facts: &Facts<'_>) -> bool {
        let Some(history) = &facts.history else {
            return false;
        };
        let service = facts.matched.service();
        if let Some(known) = &history.connection {
            let protocol = facts.question.protocol;
            match known.reuse(protocol, service, &facts.settings, facts.records) {
                Reuse::There(position) => {
                    self.go_back(position, Decision::Connection, known);
                    return true;
                }
                Reuse::Dropped => {
                    let gone = known.destination;
                    let why = format!("its connection is there, but {gone} was removed");
                    self.nothing(Decision::Removed, &why);
                    return true;
                }
                Reuse::Anew => {}
            }
        }
        let quiescent = |position: usize| {
            let weight = facts.records.get(position).map(|it| it.destination.weight);
            facts.settings.expire_quiescent_template && weight == Some(0)
        };
        let template = history.template.as_ref();
        let found = template.and_then(|known| Some((known, known.position(facts.records)?)));
        match found.filter(|(_, position)| !quiescent(*position)) {
            Some((known, position)) => {
                self.go_back(position, Decision::Template, known);
                true
            }
            None => false,
        }
    }

    fn go_back(&mut self, position: usize, decision: Decision, known: &Known) {
        let row = self.destinations.get(position);
        self.destination = row.map(|row| row.destination.clone());
        self.candidates = vec![Candidate {
            destination: self.destination.clone(),
            odds: None,
        }];
        self.decision = decision;
        let Known { state, expires, .. } = known;
        self.why = if decision == Decision::Template {
            format!("the client has been there: a template says so for {expires} s more")
        } else {
            format!("its connection is there: {state}, for {expires} s more")
        };
    }

    fn schedule(&mut self, facts: &Facts<'_>, service: &Service) -> Result<(), LocateError> {
        let question = facts.question;
        let port = question.client.port.is_some();
        let Estimate { possible, unknown } =
            estimate(service, facts.records, &question.flow(), port)?;
        self.exact = possible.len() == 1;
        self.unknown = unknown.iter().map(ToString::to_string).collect();
        self.candidates = possible
            .iter()
            .map(|(position, odds)| Candidate {
                destination: position
                    .and_then(|position| self.destinations.get(position))
                    .map(|row| row.destination.clone()),
                odds: *odds,
            })
            .collect();
        let likeliest = self.candidates.first();
        self.destination = likeliest.and_then(|likeliest| likeliest.destination.clone());
        if self.is_served() {
            self.decision = Decision::Scheduler;
            self.why = format!(
                "{} picks {}",
                service.scheduler,
                super::text::rule(&service.scheduler, service.flags)
            );
        } else {
            self.decision = Decision::NoDestination;
            self.why = super::text::refusal(service, &self.destinations).to_owned();
        }
        Ok(())
    }
}

fn scheduler_with_flags(service: &Service) -> String {
    let mut text = service.scheduler.to_string();
    for (flag, name) in super::text::flag_names(&service.scheduler) {
        if service.flags.contains(*flag) {
            text.push(' ');
            text.push_str(name);
        }
    }
    text
}

fn rows(service: &Service, facts: &Facts<'_>) -> Result<Vec<Row>, LocateError> {
    let table = Table::from_records(KernelProfile::default(), facts.records)?;
    let row = |(position, record): (usize, &DestinationRecord)| {
        let DestinationRecord {
            destination,
            activity,
            ..
        } = record;
        let key = match destination.key.port {
            0 => DestinationKey {
                port: facts.question.target.port(),
                ..destination.key
            },
            _ => destination.key,
        };
        Row {
            destination: key.to_string(),
            method: method(destination.forwarding),
            weight: destination.weight,
            active: activity.active,
            inactive: activity.inactive,
            persistent: activity.persistent,
            cost: match service.scheduler {
                Scheduler::Lc
                | Scheduler::Wlc
                | Scheduler::Lblc
                | Scheduler::Lblcr
                | Scheduler::Twos => Some(activity.load(table.profile())),
                Scheduler::Sed | Scheduler::Nq => Some(activity.delay()),
                Scheduler::Rr
                | Scheduler::Wrr
                | Scheduler::Dh
                | Scheduler::Sh
                | Scheduler::Fo
                | Scheduler::Ovf
                | Scheduler::Mh
                | Scheduler::Other(_) => None,
            },
            availability: if destination.weight == 0 {
                Availability::Quiescent
            } else if table.is_ambiguous(position) {
                Availability::MaybeOverloaded
            } else if table.is_overloaded(position) {
                Availability::Overloaded
            } else {
                Availability::Available
            },
        }
    };
    Ok(facts.records.iter().enumerate().map(row).collect())
}

const fn method(forwarding: Forwarding) -> &'static str {
    match forwarding {
        Forwarding::Masquerade => "masquerade",
        Forwarding::Local => "local",
        Forwarding::Tunnel(Tunnel::Ipip) => "tunnel ipip",
        Forwarding::Tunnel(Tunnel::Gue { .. }) => "tunnel gue",
        Forwarding::Tunnel(Tunnel::Gre { .. }) => "tunnel gre",
        Forwarding::Tunnel(Tunnel::Other { .. }) => "tunnel",
        Forwarding::Route => "route",
        Forwarding::Other(_) => "unknown",
    }
}
