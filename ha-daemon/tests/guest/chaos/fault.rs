//! The faults, with the outage and the reaction time allowed for each.

use core::time::Duration;

use super::client::PERIOD;
use super::stage::{CHECK, DOWN, INTERVAL, PREFERRED, SCRIPT_LIMIT, WHOLE_CHECK};
use rig::random::Random;

/// How often the daemon reads the kernel's table.
const RECONCILIATION: Duration = Duration::from_secs(5);
/// Until a started director can act: its start, and reading its configuration and the kernel's state.
const STARTUP: Duration = Duration::from_millis(2000);
/// Until the address is announced to neighbours again: the delay of the configuration, and once
/// more its refresh.
const REFRESH: Duration = Duration::from_secs(2);
/// What a script has from SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(2);
/// How often, and for how long, a server that flaps is away.
pub(crate) const FLAPS: u32 = 4;
pub(crate) const FLAP: Duration = Duration::from_millis(500);

/// A kind of fault, at one director, one web server, or everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The kernel's table is cleared by hand; what somebody else had in it is put back.
    Clear,
    /// The service is deleted by hand.
    Service,
    /// A destination is deleted by hand.
    Destination,
    /// The destinations' weights are changed by hand.
    Weight,
    /// The service is given another scheduler and persistence by hand.
    Scheduler,
    /// The service is given a destination that does not exist, and a service of somebody else's comes
    /// and goes.
    Stranger,
    /// Adverts are late by less than the others wait, and overtake each other.
    Late,
    /// Adverts are late by more than the others wait.
    TooLate,
    /// A third of the adverts is lost.
    Lossy,
    /// Every second advert is overtaken by the next.
    Reordered,
    /// Every advert comes twice.
    Doubled,
    /// A web server refuses connections.
    Refusal,
    /// A web server accepts and says nothing.
    Silence,
    /// A web server sends a body without an end.
    Endless,
    /// A web server sends what is not HTTP.
    Garbage,
    /// A web server sends its answer octet by octet.
    Drip,
    /// A web server goes and comes.
    Flapping,
    /// The script of a check does not end, and ignores SIGTERM.
    ScriptHangs,
    /// The script of a check writes all the time.
    ScriptFloods,
    /// The wall clock is six hours ahead.
    ClockAhead,
    /// The wall clock is six hours behind.
    ClockBehind,
    /// SIGKILL, and a start later.
    Kill,
    /// SIGSTOP for longer than the others wait.
    Stop,
    /// The daemon is killed and the host loses its links; a start later.
    Host,
}

/// What a fault is at. Two of one kind are not brought at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The kernel's table of a director.
    Table,
    /// The link between the directors.
    Link,
    /// A web server as a check finds it.
    Server,
    /// The wall clock of all.
    Clock,
    /// The process of a director.
    Process,
}

impl Fault {
    pub(crate) const ALL: [Self; 24] = [
        Self::Clear,
        Self::Service,
        Self::Destination,
        Self::Weight,
        Self::Scheduler,
        Self::Stranger,
        Self::Late,
        Self::TooLate,
        Self::Lossy,
        Self::Reordered,
        Self::Doubled,
        Self::Refusal,
        Self::Silence,
        Self::Endless,
        Self::Garbage,
        Self::Drip,
        Self::Flapping,
        Self::ScriptHangs,
        Self::ScriptFloods,
        Self::ClockAhead,
        Self::ClockBehind,
        Self::Kill,
        Self::Stop,
        Self::Host,
    ];

    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Clear
            | Self::Service
            | Self::Destination
            | Self::Weight
            | Self::Scheduler
            | Self::Stranger => Kind::Table,
            Self::Late | Self::TooLate | Self::Lossy | Self::Reordered | Self::Doubled => {
                Kind::Link
            }
            Self::Refusal
            | Self::Silence
            | Self::Endless
            | Self::Garbage
            | Self::Drip
            | Self::Flapping
            | Self::ScriptHangs
            | Self::ScriptFloods => Kind::Server,
            Self::ClockAhead | Self::ClockBehind => Kind::Clock,
            Self::Kill | Self::Stop | Self::Host => Kind::Process,
        }
    }

    /// Whether a second fault of `kind` keeps the bounds of this one. A daemon that does not run
    /// neither restores a table nor checks, and one that starts takes real servers for fit.
    pub(crate) fn bears(self, kind: Kind) -> bool {
        let own = self.kind();
        let needs_daemon = |kind| matches!(kind, Kind::Table | Kind::Server);
        own != kind
            && !(own == Kind::Process && needs_daemon(kind))
            && !(needs_daemon(own) && kind == Kind::Process)
    }

    /// How long the fault lasts once it has been reacted to.
    pub(crate) fn duration(self, random: &mut Random) -> Duration {
        match self.kind() {
            Kind::Table | Kind::Server => random.millis(0..500),
            Kind::Clock => random.millis(1000..2500),
            Kind::Link => random.millis(2000..5000),
            Kind::Process => random.millis(500..4000),
        }
    }

    /// For how long all requests may be lost, or twice as long every second one, if the fault is at
    /// `place`.
    pub(crate) fn loss(self, place: usize) -> Duration {
        match self {
            // Nothing goes through the other director.
            Self::Clear | Self::Service | Self::Stranger | Self::Kill | Self::Stop | Self::Host
                if place != PREFERRED =>
            {
                Duration::ZERO
            }
            Self::Clear | Self::Service => RECONCILIATION,
            // Every third request goes to it.
            Self::Stranger => RECONCILIATION / 3,
            // Two have the address; neighbours may be left with the one that gives it up without
            // having been heard.
            Self::TooLate | Self::Lossy => REFRESH,
            // Every second request goes to the server until the check has failed.
            Self::Refusal | Self::Silence | Self::Endless | Self::Garbage | Self::Drip => {
                self.reaction() / 2
            }
            // One more is under way each time it goes.
            Self::Flapping => (FLAP / 2 + PERIOD) * FLAPS,
            Self::Kill | Self::Stop | Self::Host => DOWN,
            // Requests that are under way are lost with their destination, within what the machine
            // may take.
            Self::Destination | Self::Weight | Self::Scheduler => Duration::ZERO,
            Self::Late
            | Self::Reordered
            | Self::Doubled
            | Self::ScriptHangs
            | Self::ScriptFloods
            | Self::ClockAhead
            | Self::ClockBehind => Duration::ZERO,
        }
    }

    /// Whether the directors are to keep their roles.
    pub(crate) const fn keeps_roles(self) -> bool {
        match self.kind() {
            Kind::Table | Kind::Server | Kind::Clock => true,
            Kind::Link => !matches!(self, Self::TooLate | Self::Lossy),
            Kind::Process => false,
        }
    }

    /// How soon the daemon has to react to the fault, where it has to, and how soon to its end.
    pub(crate) fn reaction(self) -> Duration {
        match self {
            Self::Clear
            | Self::Service
            | Self::Destination
            | Self::Weight
            | Self::Scheduler
            | Self::Stranger => RECONCILIATION,
            Self::TooLate | Self::Lossy => DOWN + INTERVAL,
            // The time between two checks, and a step of a check.
            Self::Refusal | Self::Garbage | Self::Flapping => CHECK * 2,
            // A check that began before the end may yet fail.
            Self::Silence => CHECK * 3,
            Self::ScriptFloods => (CHECK + SCRIPT_LIMIT) * 2,
            Self::Endless | Self::Drip => CHECK + WHOLE_CHECK,
            // The next attempt fails as long as the process is there.
            Self::ScriptHangs => CHECK + SCRIPT_LIMIT * 2 + GRACE,
            Self::Kill | Self::Host => STARTUP + DOWN,
            // What waits longer than its peers yields at first, and preempts then.
            Self::Stop => DOWN + INTERVAL,
            Self::Late | Self::Reordered | Self::Doubled | Self::ClockAhead | Self::ClockBehind => {
                Duration::ZERO
            }
        }
    }
}
