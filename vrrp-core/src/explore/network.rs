//! The constant part of an exploration: routers, delays and bounds.

use alloc::vec::Vec;
use core::array;
use core::net::IpAddr;
use core::time::Duration;

use super::{Faults, Model, ModelError, Resigner, VirtualRouter};
use crate::receive::{Admission, Conformance, Expect, Packet, Reach, ReplayWindow};
use crate::wire::{
    Addresses, Advertisement, Authentication, ChecksumForm, EncodeError, Format, MULTICAST_V4,
    MULTICAST_V6, PseudoHeader, TTL,
};
use crate::{Config, Family, Heard, Instant, Interval, Priority, Version};

/// The virtual addresses, the same everywhere.
const ADDRESSES_V4: Addresses<'static> = Addresses::V4(&[[192, 0, 2, 100]]);
const ADDRESSES_V6: Addresses<'static> =
    Addresses::V6(&[[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100]]);

/// The routers of a model, and what each makes of the others' advertisements.
#[derive(Clone, Debug)]
pub(super) struct Network<const N: usize> {
    pub(super) stations: [Station; N],
    /// What a receiver hears of a sender's regular advertisement, and of its resignation.
    heard: [[[Option<Heard>; 2]; N]; N],
    pub(super) delay: Duration,
    pub(super) waits: Vec<Duration>,
    pub(super) faults: Faults,
    pub(super) resigner: Option<Resigner>,
    pub(super) bounds: Bounds,
    pub(super) limit: u32,
}

/// What does not change about a router.
#[derive(Clone, Copy, Debug)]
pub(super) struct Station {
    pub(super) config: Config,
    pub(super) address: IpAddr,
    /// The longest Active_Down_Interval it may wait.
    pub(super) down: Duration,
}

/// How long undisturbed routers may disagree, and how much they may say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) dual: Duration,
    pub(super) leaderless: Duration,
    pub(super) unsettled: Duration,
    /// The most advertisements of one router on their way to another at once.
    pub(super) packets: usize,
}

impl<const N: usize> Network<N> {
    pub(super) fn new(model: &Model) -> Result<Self, ModelError> {
        if let Some(Resigner { router, every }) = model.resigner {
            if router >= N {
                return Err(ModelError::Resigner { router });
            }
            if every.is_zero() {
                return Err(ModelError::ResignerPeriod);
            }
        }
        let waits = model.waits.len();
        if waits > usize::from(u8::MAX) {
            return Err(ModelError::Waits { waits });
        }
        let interval = model.routers.iter().map(|(config, _)| config.interval());
        let longest = interval.max().unwrap_or(Interval::DEFAULT);
        let stations = array::from_fn(|router| {
            let (config, address) = model.routers[router];
            Station {
                config,
                address,
                down: down(&config, longest),
            }
        });
        let mut heard = [[[None; 2]; N]; N];
        for (from, receivers) in heard.iter_mut().enumerate() {
            for (to, kinds) in receivers.iter_mut().enumerate() {
                let (from_station, to_station) = (&stations[from], &stations[to]);
                let hears = |priority| {
                    hears(model, from_station, to_station, priority).map_err(|source| {
                        ModelError::Advertisement {
                            router: from,
                            source,
                        }
                    })
                };
                *kinds = [
                    hears(from_station.config.priority())?,
                    hears(Priority::RESIGN)?,
                ];
            }
        }
        Ok(Self {
            bounds: Bounds::new(model, &stations, longest),
            stations,
            heard,
            delay: model.delay,
            waits: model.waits.clone(),
            faults: model.faults,
            resigner: model.resigner,
            limit: model.limit,
        })
    }

    pub(super) const fn heard(&self, from: usize, to: usize, resigns: bool) -> Option<Heard> {
        self.heard[from][to][resigns as usize]
    }

    pub(super) fn index(&self, address: IpAddr) -> usize {
        let mut stations = self.stations.iter();
        stations
            .position(|station| station.address == address)
            .unwrap_or(N)
    }

    pub(super) fn is_resigner(&self, router: usize) -> bool {
        self.resigner.is_some_and(|it| it.router == router)
    }

    /// A router as it is before it starts.
    pub(super) const fn fresh(&self, router: usize) -> VirtualRouter {
        VirtualRouter::new(self.stations[router].config)
    }
}

impl Bounds {
    /// Two Active Routers hear each other within an interval. Somebody's timer runs out after an
    /// Active_Down_Interval. A preempt delay ends, a first router takes over, is preempted, and the
    /// loser's neighbours have learned another interval: three times the longest.
    ///
    /// A router sends its own advertisement and two answers of each kind in an interval, and one
    /// more whenever it starts and ends.
    fn new<const N: usize>(model: &Model, stations: &[Station; N], longest: Interval) -> Self {
        let down = stations.iter().map(|station| station.down).max();
        let down = down.unwrap_or_default();
        let preempt = model
            .routers
            .iter()
            .map(|(config, _)| config.preempt_delay());
        let preempt = preempt.max().unwrap_or_default();
        let wait = model.waits.iter().max().copied().unwrap_or_default();
        let Faults {
            crashes,
            shutdowns,
            outages,
            ..
        } = model.faults;
        let restarts = usize::from(crashes) + usize::from(shutdowns) + usize::from(outages);
        Self {
            packets: 5 + 2 * restarts,
            dual: longest.duration() + 2 * model.delay,
            leaderless: down + 2 * model.delay,
            unsettled: wait + preempt + 3 * down + longest.duration() + 8 * model.delay,
        }
    }
}

/// RFC 9568 §6.1, RFC 3768 §6.1: apart from the machine's own arithmetic.
fn down(config: &Config, interval: Interval) -> Duration {
    let span = match config.version() {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => interval.duration(),
    };
    let skew = span * (256 - u32::from(config.priority().get())) / 256;
    interval.duration() * u32::from(config.down_multiplier()) + skew
}

/// What `to` hears of an advertisement of `from`: over the wire, through admission.
fn hears(
    model: &Model,
    from: &Station,
    to: &Station,
    priority: Priority,
) -> Result<Option<Heard>, EncodeError> {
    let (group, addresses) = match from.config.family() {
        Family::V4 => (IpAddr::V4(MULTICAST_V4), ADDRESSES_V4),
        Family::V6 => (IpAddr::V6(MULTICAST_V6), ADDRESSES_V6),
    };
    let Some(ends) = PseudoHeader::new(from.address, group) else {
        return Ok(None);
    };
    let mut octets = Vec::new();
    Advertisement {
        vrid: from.config.vrid(),
        priority,
        interval: from.config.interval(),
        addresses,
        format: match from.config.version() {
            Version::V2 => Format::V2(Authentication::None),
            Version::V3 => Format::V3(ChecksumForm::PseudoHeader),
        },
    }
    .encode(&ends, &mut octets)?;
    let Ok(advertisement) = Advertisement::decode(&octets, &ends) else {
        return Ok(None);
    };
    let admission = Admission {
        config: &to.config,
        addresses,
        expect: Expect::None,
        reach: Reach::Group(group),
        owner_is_deaf: model.owner_is_deaf,
        first_address: Conformance::Report,
        address_list: Conformance::Report,
    };
    let packet = Packet {
        source: from.address,
        destination: group,
        ttl: TTL,
        advertisement,
        ah: None,
    };
    let (own, primary) = (to.config.priority(), Some(to.address));
    let mut replay = ReplayWindow::new();
    let admitted = admission.admit(Instant::EPOCH, &packet, own, primary, &mut replay);
    let same = to.config.family() == from.config.family() && to.config.vrid() == from.config.vrid();
    Ok(admitted.ok().filter(|_| same).map(|it| it.heard))
}
