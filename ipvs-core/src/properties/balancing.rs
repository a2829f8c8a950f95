//! Properties of schedulers while their table changes.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;

use arbitrary::{Error, Result, Unstructured};

use super::naive::Naive;
use crate::record::Activity;
use crate::scheduler::{Model, Request, Schedule};
use crate::service::Flags;
use crate::table::Table;
use crate::{
    Destination, DestinationKey, Flow, Forwarding, KernelProfile, Protocol, Scheduler, ServiceKey,
    Trash,
};

/// Any changes of a table and picks in between: every model picks what the reference's pseudocode
/// picks, without regard to speed; of Maglev hashing and two choices it is only known that what they
/// pick is open.
///
/// # Panics
/// If that does not hold for the choices `input`.
pub fn schedulers(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    let Ok(mut bench) = Bench::choose(&mut choices) else {
        return;
    };
    while !choices.is_empty() {
        let Ok(step) = Step::choose(&mut choices) else {
            return;
        };
        bench.take(step);
    }
}

/// Something that happens to a service, or a connection that is to be scheduled.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Add(Destination),
    Edit(Destination),
    Remove(DestinationKey),
    Carry(DestinationKey, Activity),
    Bind(DestinationKey),
    Unbind(DestinationKey),
    Restart,
    Pick(Request),
}

impl Step {
    pub(super) fn choose(choices: &mut Unstructured<'_>) -> Result<Self> {
        let number = choices.int_in_range(0..=11)?;
        Ok(match choices.int_in_range(0..=22)? {
            0..=2 => Self::Add(weighted(number, choices)?),
            3 | 4 => Self::Edit(weighted(number, choices)?),
            5 => Self::Remove(key(number)),
            6..=8 => Self::Carry(
                key(number),
                Activity {
                    active: choices.int_in_range(0..=8)?,
                    inactive: choices.int_in_range(0..=8)?,
                    persistent: 0,
                },
            ),
            9 | 10 => Self::Bind(key(number)),
            11 | 12 => Self::Unbind(key(number)),
            13 => Self::Restart,
            _ => Self::Pick(Request {
                flags: Flags::from_bits(choices.arbitrary()?),
                draws: choices.arbitrary()?,
                ..Request::new(flow(choices.arbitrary()?))
            }),
        })
    }
}

fn weighted(number: u8, choices: &mut Unstructured<'_>) -> Result<Destination> {
    let weight = *choices.choose(&[0, 1, 6, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12])?;
    let (one, other) = (choices.int_in_range(0..=7)?, choices.int_in_range(0..=7)?);
    Ok(Destination {
        upper: one.max(other),
        lower: one.min(other),
        ..destination(number, weight)
    })
}

const SERVICE: ServiceKey = ServiceKey::udp(core::net::IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)), 80);

/// A table with its scheduler and the second model of it.
struct Bench {
    scheduler: Scheduler,
    table: Table,
    trash: Trash,
    model: Model,
    naive: Naive,
}

impl Bench {
    fn choose(choices: &mut Unstructured<'_>) -> Result<Self> {
        let scheduler = *choices.choose(&Scheduler::ALL)?;
        let profile = profile(choices)?;
        let table = Table::new(profile);
        let mut model = Model::new(&scheduler, profile).map_err(|_| Error::IncorrectFormat)?;
        let mut naive = Naive::default();
        model.start(&table);
        naive.start(scheduler, &table);
        Ok(Self {
            scheduler,
            table,
            trash: Trash::new(),
            model,
            naive,
        })
    }

    fn take(&mut self, step: Step) {
        let now = Duration::ZERO;
        match step {
            Step::Add(added) => {
                if self.table.position(&added.key).is_none() {
                    let removed = self.trash.revive(now, &SERVICE, &added.key);
                    assert_eq!(self.table.add(&added, removed), Ok(()));
                    self.model.added(&self.table);
                    self.naive.changed(self.scheduler, &self.table, None);
                }
            }
            Step::Edit(edited) => {
                if self.table.edit(&edited).is_ok() {
                    self.model.edited(&self.table);
                    if self.scheduler != Scheduler::Dh {
                        self.naive.changed(self.scheduler, &self.table, None);
                    }
                }
            }
            Step::Remove(key) => self.remove(key),
            Step::Carry(key, activity) => {
                if let Some(position) = self.table.position(&key) {
                    self.table.set_activity(position, activity);
                }
            }
            Step::Bind(key) => {
                if let Some(position) = self.table.position(&key) {
                    self.table.bind(position);
                }
            }
            Step::Unbind(key) => {
                if let Some(position) = self.table.position(&key) {
                    self.table.unbind(position, key == self::key(2));
                }
            }
            Step::Restart => {
                self.model.start(&self.table);
                self.naive.start(self.scheduler, &self.table);
            }
            Step::Pick(request) => self.pick(&request),
        }
    }

    fn remove(&mut self, key: DestinationKey) {
        if let Some((position, removed)) = self.table.remove(&key) {
            self.trash.keep(Duration::ZERO, &SERVICE, key, removed);
            self.model.removed(&self.table, position);
            let previous = position.checked_sub(1);
            let previous = previous.and_then(|before| self.table.get(before));
            let gone = Some((key, previous.map(|before| before.key)));
            self.naive.changed(self.scheduler, &self.table, gone);
        }
    }

    fn pick(&mut self, request: &Request) {
        let position = self.model.pick(&self.table, request);
        assert!(position.is_none_or(|position| self.table.get(position).is_some()));
        if matches!(self.scheduler, Scheduler::Mh | Scheduler::Twos) {
            assert!(position.is_none_or(|position| self.table.is_open(position)));
            return;
        }
        let picked = position.and_then(|position| self.table.get(position));
        assert_eq!(
            picked.map(|picked| picked.key),
            self.naive.pick(self.scheduler, &self.table, request),
            "{:?}",
            self.scheduler
        );
    }
}

pub(super) fn profile(choices: &mut Unstructured<'_>) -> Result<KernelProfile> {
    Ok(*choices.choose(&[KernelProfile::TotalConnections, KernelProfile::Legacy])?)
}

/// Destination number `number`.
pub(crate) const fn key(number: u8) -> DestinationKey {
    let address = Ipv4Addr::new(10, 3, 0, number);
    DestinationKey::new(core::net::IpAddr::V4(address), 80)
}

pub(crate) const fn destination(number: u8, weight: u32) -> Destination {
    Destination::new(key(number), Forwarding::Masquerade, weight)
}

/// A packet of client number `client` to the virtual address.
pub(crate) fn flow(client: u8) -> Flow {
    Flow {
        protocol: Protocol::UDP,
        client: SocketAddr::new(Ipv4Addr::new(10, 2, 0, client).into(), 20_000),
        target: SocketAddr::new(Ipv4Addr::new(10, 1, 0, 1).into(), 80),
    }
}
