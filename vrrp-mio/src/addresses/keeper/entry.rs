//! The keeper's entry of one address: its claims, its state and its retries.

use core::time::Duration;
use std::collections::VecDeque;

use smallvec::SmallVec;
use vrrp_core::Instant;

use super::{AddressError, AddressEvent, Tenure};
use crate::addresses::AddressSpec;
use crate::interfaces::{AddressKey, KernelAddress};

/// Before an address lost for the second time is added again; doubled for each further loss.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// Before an address lost many times, or refused, is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long an address must stay for its losses to be forgotten.
const CALM: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Entry<O> {
    /// Nearly every address has one owner.
    pub(super) claims: SmallVec<[Claim<O>; 1]>,
    pub(super) phase: Phase,
    /// To be removed though nobody claims it: left over, or claimed until just now.
    pub(super) condemned: bool,
    /// It is to be removed and added anew: its owner wants another label or scope, say.
    pub(super) outdated: bool,
    /// We added it, so we may remove it whatever its tenure.
    pub(super) added: bool,
    /// The kernel refused it with our mark.
    pub(super) unmarked: bool,
    /// The reason why it is not in place and usable, once that was reported.
    pub(super) failure: Option<Box<AddressError>>,
    losses: u8,
    refusals: u8,
    disputes: u8,
    last_loss: Instant,
}

#[derive(Debug)]
pub(super) struct Claim<O> {
    pub(super) owner: O,
    prefix_len: u8,
    /// What is asked for, unless [`AddressSpec::new`] makes just that, as it nearly always does.
    special: Option<Box<AddressSpec>>,
    pub(super) tenure: Tenure,
    pub(super) active: bool,
    /// The owner knows that the address is in place.
    pub(super) reported: bool,
    /// The change of the owner by which it is active, or is not.
    pub(super) generation: u32,
}

impl<O> Claim<O> {
    /// The claim of an owner that knows of no address yet.
    pub(super) fn new(owner: O, tenure: Tenure, state: Activity, wanted: Wanted) -> Self {
        Self {
            owner,
            prefix_len: wanted.prefix_len,
            special: wanted.special,
            tenure,
            active: state.active,
            reported: false,
            generation: state.generation,
        }
    }

    fn spec(&self, key: &AddressKey) -> AddressSpec {
        match &self.special {
            None => AddressSpec::new(key.index(), key.address(), self.prefix_len),
            Some(spec) => AddressSpec::clone(spec),
        }
    }
}

/// Whether an owner is active, and the number of the change that made it so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Activity {
    pub(super) active: bool,
    pub(super) generation: u32,
}

/// What is wanted of an address, kept small.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) key: AddressKey,
    prefix_len: u8,
    special: Option<Box<AddressSpec>>,
}

impl From<AddressSpec> for Wanted {
    fn from(spec: AddressSpec) -> Self {
        let plain = AddressSpec::new(spec.index, spec.address, spec.prefix_len);
        Self {
            key: spec.key(),
            prefix_len: spec.prefix_len,
            special: (spec != plain).then(|| Box::new(spec)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Add,
    Remove,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    /// A request is with the kernel; `seen` if the monitor has reported the address since.
    Asked {
        change: Change,
        seen: bool,
    },
    /// The kernel agreed; the monitor should report it by this time.
    Unconfirmed {
        change: Change,
        until: Instant,
    },
    /// Nothing is asked before this time.
    Paused {
        until: Instant,
    },
    /// Another host has the address: it is removed, to be added anew, at this time.
    Disputed {
        until: Instant,
    },
    /// Duplicate address detection should have ended by this time.
    Tentative {
        until: Instant,
    },
}

impl Phase {
    /// Whether the kernel is removing it, or has removed it and the monitor has not reported it
    /// yet.
    pub(super) const fn is_removal(self) -> bool {
        match self {
            Self::Asked { change, .. } | Self::Unconfirmed { change, .. } => {
                matches!(change, Change::Remove)
            }
            Self::Idle | Self::Paused { .. } | Self::Disputed { .. } | Self::Tentative { .. } => {
                false
            }
        }
    }

    pub(super) const fn deadline(self) -> Option<Instant> {
        match self {
            Self::Idle | Self::Asked { .. } => None,
            Self::Unconfirmed { until, .. }
            | Self::Paused { until }
            | Self::Disputed { until }
            | Self::Tentative { until } => Some(until),
        }
    }
}

impl<O: Copy> Entry<O> {
    pub(super) fn new() -> Self {
        Self {
            claims: SmallVec::new(),
            phase: Phase::Idle,
            condemned: false,
            outdated: false,
            added: false,
            unmarked: false,
            failure: None,
            losses: 0,
            refusals: 0,
            disputes: 0,
            last_loss: Instant::EPOCH,
        }
    }

    /// Whether an active owner claims it.
    pub(super) fn is_wanted(&self) -> bool {
        self.claims.iter().any(|claim| claim.active)
    }

    /// The specification to add it by, if an active owner claims it. `key` is its own.
    pub(super) fn wanted(&self, key: &AddressKey) -> Option<AddressSpec> {
        let claim = self.claims.iter().find(|claim| claim.active)?;
        Some(claim.spec(key))
    }

    /// Whether it should be there as it is.
    pub(super) fn is_to_stay(&self) -> bool {
        self.is_wanted() && !self.outdated
    }

    /// Takes over what an owner declares of it. `key` is its own.
    pub(super) fn specify(&mut self, key: &AddressKey, claim: Claim<O>)
    where
        O: PartialEq,
    {
        let before = self.wanted(key);
        match self.claims.iter_mut().find(|it| it.owner == claim.owner) {
            Some(known) => {
                let reported = known.reported;
                *known = Claim { reported, ..claim };
            }
            None => {
                self.pardon();
                self.condemned = false;
                self.claims.push(claim);
            }
        }
        if before.is_some() && before != self.wanted(key) && self.is_removable() {
            self.outdated = true;
            // What was refused may be granted in another form.
            self.pardon();
        }
    }

    /// Whether a claim is not yet as active as its owner, which is in the state that `of` gives.
    pub(super) fn is_behind(&self, of: impl Fn(O) -> Activity) -> bool {
        let mut claims = self.claims.iter();
        claims.any(|claim| of(claim.owner).generation != claim.generation)
    }

    /// Makes the claims as active as their owners, which are in the state that `of` gives.
    pub(super) fn follow(&mut self, of: impl Fn(O) -> Activity) {
        let mut activated = false;
        for claim in &mut self.claims {
            let Activity { active, generation } = of(claim.owner);
            if claim.generation != generation {
                claim.generation = generation;
                claim.active = active;
                claim.reported = false;
                activated |= active;
            }
        }
        if activated {
            self.pardon();
        }
    }

    /// Owners that take the address for being in place learn that it is not.
    pub(super) fn report_removal(
        &mut self,
        address: &KernelAddress,
        event: fn(O, KernelAddress) -> AddressEvent<O>,
        events: &mut VecDeque<AddressEvent<O>>,
    ) {
        for claim in self.claims.iter_mut().filter(|claim| claim.reported) {
            claim.reported = false;
            events.push_back(event(claim.owner, *address));
        }
    }

    /// Whether we may remove it when nobody wants it.
    pub(super) fn is_removable(&self) -> bool {
        let own = (self.claims.iter()).any(|claim| claim.tenure == Tenure::Owner);
        self.condemned || self.added || (!self.claims.is_empty() && !own)
    }

    /// Whether nothing has to be remembered about it once it is gone or to be left.
    pub(super) fn is_forgettable(&self) -> bool {
        self.claims.is_empty() && matches!(self.phase, Phase::Idle)
    }

    /// Counts a loss; the pause before adding the address again, at first none.
    pub(super) fn lose(&mut self, now: Instant) -> Duration {
        if now.saturating_duration_since(self.last_loss) > CALM {
            self.losses = 0;
        }
        self.last_loss = now;
        self.losses = self.losses.saturating_add(1);
        match self.losses {
            1 => Duration::ZERO,
            losses => pause(losses - 2),
        }
    }

    /// Counts a refusal; the pause before asking again.
    pub(super) fn refuse(&mut self) -> Duration {
        self.refusals = self.refusals.saturating_add(1);
        pause(self.refusals - 1)
    }

    /// The kernel has made the change.
    pub(super) fn accept(&mut self) {
        self.refusals = 0;
        if matches!(self.failure.as_deref(), Some(AddressError::Request(_))) {
            self.failure = None;
        }
    }

    /// Counts a failed duplicate address detection; the pause before the next one.
    pub(super) fn dispute(&mut self) -> Duration {
        self.disputes = self.disputes.saturating_add(1);
        pause(self.disputes.saturating_add(2))
    }

    /// The address is in place and usable.
    pub(super) fn succeed(&mut self) {
        self.failure = None;
        self.disputes = 0;
    }

    /// Takes down why the address is not usable; whether that is news.
    pub(super) fn fail(&mut self, error: AddressError) -> bool {
        let news = self.failure.as_deref() != Some(&error);
        if news {
            self.failure = Some(Box::new(error));
        }
        news
    }

    /// Tells active owners why the address is not usable, if that is news.
    pub(super) fn tell_failure(
        &mut self,
        error: AddressError,
        key: AddressKey,
        events: &mut VecDeque<AddressEvent<O>>,
    ) {
        if self.fail(error.clone()) {
            let claims = self.claims.iter().filter(|claim| claim.active);
            events.extend(claims.map(|claim| AddressEvent::Failed {
                owner: claim.owner,
                key,
                error: error.clone(),
            }));
        }
    }

    /// Starts afresh with a new claim: it does not pay for the past.
    pub(super) fn pardon(&mut self) {
        self.losses = 0;
        self.refusals = 0;
        self.disputes = 0;
        self.unmarked = false;
        self.failure = None;
    }
}

fn pause(doublings: u8) -> Duration {
    SHORTEST_PAUSE
        .saturating_mul(1 << doublings.min(16))
        .min(LONGEST_PAUSE)
}
