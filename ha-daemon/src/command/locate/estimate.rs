//! The estimate of a scheduler's pick, and the reasons why it may be uncertain.

use core::fmt;

use ipvs_core::record::DestinationRecord;
use ipvs_core::scheduler::{Hidden, Model, Request, Schedule};
use ipvs_core::service::Flags;
use ipvs_core::table::Table;
use ipvs_core::{DestinationKey, Flow, KernelProfile, Scheduler, Service};

use super::{LocateError, Odds};

/// The generations of kernels, those of today first.
const PROFILES: [KernelProfile; 2] = [KernelProfile::TotalConnections, KernelProfile::Legacy];

/// What a scheduler would pick.
#[derive(Debug)]
pub(super) struct Estimate {
    /// The positions it may pick, the likeliest first; `None` for nobody.
    pub(super) possible: Vec<(Option<usize>, Option<Odds>)>,
    /// Why there is more than one.
    pub(super) unknown: Vec<Unknown>,
}

/// What decides and cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// State of the scheduler.
    Scheduler(Scheduler, Hidden),
    /// The client's port, which the scheduler hashes.
    Port,
    /// Whether this destination is overloaded.
    Overload(DestinationKey),
    /// The generation of the kernel.
    Generation,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheduler(scheduler, hidden) => {
                let what = match hidden {
                    Hidden::Cursor => "whose turn it is",
                    Hidden::Rotation => "whose turn it is, and at what weight",
                    Hidden::LastWeights => {
                        "what weights those of weight 0 had before, by which it shares its table"
                    }
                    Hidden::Cache => "which destination it remembers for the virtual address",
                    Hidden::Draws => "what it draws",
                };
                write!(f, "the kernel does not tell of {scheduler} {what}")
            }
            Self::Port => f.write_str("the client's port decides too, and is not given"),
            Self::Overload(key) => write!(
                f,
                "the kernel does not tell whether {key} is overloaded: it is between its thresholds"
            ),
            Self::Generation => f.write_str(
                "kernels of before 6.1.187 and 6.12.117 count inactive connections for less",
            ),
        }
    }
}

/// What the scheduler of `service` would pick for `flow`; `port` is whether its client's port is
/// known.
pub(super) fn estimate(
    service: &Service,
    records: &[DestinationRecord],
    flow: &Flow,
    port: bool,
) -> Result<Estimate, LocateError> {
    let mut estimate = Estimate {
        possible: Vec::new(),
        unknown: Vec::new(),
    };
    for profile in PROFILES {
        let table = Table::from_records(profile, records)?;
        let settled = estimate.settle(service, table, flow)?;
        if settled && profile == KernelProfile::Legacy {
            estimate.unknown.push(Unknown::Generation);
        }
    }
    let table = Table::from_records(KernelProfile::default(), records)?;
    let before = estimate.possible.len();
    if let Some(hidden) = service.scheduler.hidden() {
        let unknown = Unknown::Scheduler(service.scheduler, hidden);
        estimate.widen(unknown, hidden_picks(hidden, service, &table));
    }
    if !port && hashes_port(service) {
        estimate.widen(Unknown::Port, any(service, &table));
    }
    if before == 1 && estimate.possible.len() > 1 {
        estimate.weigh(&service.scheduler, &table);
    }
    Ok(estimate)
}

impl Estimate {
    /// Adds what may be picked from `table`, whatever is overloaded of what may be; whether
    /// something new was among it that the generation alone explains.
    fn settle(
        &mut self,
        service: &Service,
        mut table: Table,
        flow: &Flow,
    ) -> Result<bool, LocateError> {
        let mut fresh = false;
        // Each turn but the last overloads one more destination.
        for turn in 0..=table.len() {
            let picked = pick(service, &table, flow)?;
            if self.add(picked) {
                fresh |= turn == 0 && self.possible.len() > 1;
            }
            let Some(position) = picked.filter(|&position| table.is_ambiguous(position)) else {
                break;
            };
            if let Some(key) = table.get(position).map(|destination| destination.key) {
                let unknown = Unknown::Overload(key);
                if !self.unknown.contains(&unknown) {
                    self.unknown.push(unknown);
                }
            }
            overload(&mut table, position);
        }
        Ok(fresh)
    }

    fn add(&mut self, picked: Option<usize>) -> bool {
        let new = !self.possible.iter().any(|(known, _)| *known == picked);
        if new {
            self.possible.push((picked, None));
        }
        new
    }

    /// Adds what may be picked because of `unknown`, which is reported if it matters.
    fn widen(&mut self, unknown: Unknown, picks: impl IntoIterator<Item = Option<usize>>) {
        for picked in picks {
            self.add(picked);
        }
        if self.possible.len() > 1 {
            self.unknown.push(unknown);
        }
    }

    /// Puts the likeliest first where turns or draws share by weight.
    fn weigh(&mut self, scheduler: &Scheduler, table: &Table) {
        let [Unknown::Scheduler(..)] = self.unknown.as_slice() else {
            return;
        };
        let shares: Vec<u64> = match scheduler {
            Scheduler::Rr => each_open(table, |_| 1),
            Scheduler::Wrr => each_open(table, |weight| weight),
            Scheduler::Twos => twos(table),
            Scheduler::Lc
            | Scheduler::Wlc
            | Scheduler::Lblc
            | Scheduler::Lblcr
            | Scheduler::Dh
            | Scheduler::Sh
            | Scheduler::Sed
            | Scheduler::Nq
            | Scheduler::Fo
            | Scheduler::Ovf
            | Scheduler::Mh
            | Scheduler::Other(_) => return,
        };
        let of = shares.iter().sum();
        for (picked, odds) in &mut self.possible {
            let cases = picked.and_then(|position| shares.get(position)).copied();
            *odds = cases.map(|cases| Odds { cases, of });
        }
        // Stable, so that of equals the model's pick stays first.
        self.possible
            .sort_by_key(|(_, odds)| core::cmp::Reverse(odds.map_or(0, |odds| odds.cases)));
    }
}

fn pick(service: &Service, table: &Table, flow: &Flow) -> Result<Option<usize>, LocateError> {
    let mut model = Model::new(&service.scheduler, table.profile())?;
    model.start(table);
    let request = Request {
        flags: service.flags,
        ..Request::new(*flow)
    };
    Ok(model.pick(table, &request))
}

/// Overloads the destination at `position`, which may be with what it carries.
fn overload(table: &mut Table, position: usize) {
    let activity = table.activity(position);
    let upper = table
        .get(position)
        .map_or(0, |destination| destination.upper);
    let mut busier = activity;
    busier.active = busier.active.max(upper);
    table.set_activity(position, busier);
    table.set_activity(position, activity);
}

/// Every open destination; with nobody where a hash may meet one that is not open.
fn any(service: &Service, table: &Table) -> Vec<Option<usize>> {
    let mut picks: Vec<_> = open(table).map(Some).collect();
    let fallback = service.flags.contains(Flags::SCHED_1);
    if picks.len() < table.len() && !fallback {
        picks.push(None);
    }
    picks
}

fn open(table: &Table) -> impl Iterator<Item = usize> {
    (0..table.len()).filter(|&position| table.is_open(position))
}

fn hidden_picks(hidden: Hidden, service: &Service, table: &Table) -> Vec<Option<usize>> {
    let weight = |position| table.get(position).map_or(0, |known| known.weight);
    match hidden {
        Hidden::Cursor | Hidden::Rotation | Hidden::Draws => open(table).map(Some).collect(),
        // What lblc remembers may be overloaded.
        Hidden::Cache if service.scheduler == Scheduler::Lblc => (0..table.len())
            .filter(|&position| weight(position) > 0)
            .map(Some)
            .collect(),
        Hidden::Cache => open(table).map(Some).collect(),
        Hidden::LastWeights if (0..table.len()).any(|position| weight(position) == 0) => {
            any(service, table)
        }
        Hidden::LastWeights => Vec::new(),
    }
}

fn hashes_port(service: &Service) -> bool {
    let hashes = matches!(service.scheduler, Scheduler::Sh | Scheduler::Mh);
    hashes && service.flags.contains(Flags::SCHED_2)
}

/// `share` of the weight of each open destination; 0 of the others.
fn each_open(table: &Table, share: impl Fn(u64) -> u64) -> Vec<u64> {
    let each = table.destinations().iter().enumerate();
    each.map(|(position, destination)| match table.is_open(position) {
        true => share(destination.weight.into()),
        false => 0,
    })
    .collect()
}

/// In how many pairs of draws each destination is the one of the two that `twos` takes.
fn twos(table: &Table) -> Vec<u64> {
    let mut draws = each_open(table, |weight| weight);
    // It draws from 0 to the sum of the weights, and 0 is the first one's as well.
    if let Some(first) = draws.iter_mut().find(|draws| **draws > 0) {
        *first = first.saturating_add(1);
    }
    let mut taken = vec![0_u64; draws.len()];
    let cost = |position| {
        let load = i64::from(table.activity(position).load(table.profile()));
        (
            load,
            i64::from(table.get(position).map_or(0, |known| known.weight)),
        )
    };
    for (first, &of_first) in draws.iter().enumerate() {
        for (second, &of_second) in draws.iter().enumerate() {
            let ((load1, weight1), (load2, weight2)) = (cost(first), cost(second));
            let better = weight2.saturating_mul(load1) > weight1.saturating_mul(load2);
            if let Some(cases) = taken.get_mut(if better { second } else { first }) {
                *cases = cases.saturating_add(of_first.saturating_mul(of_second));
            }
        }
    }
    taken
}
