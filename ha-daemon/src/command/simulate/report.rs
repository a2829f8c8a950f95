//! The report of a simulation as text.

use core::fmt;
use core::time::Duration;

use vrrp_core::Instant;
use vrrp_core::sim::Breach;

use super::network::Network;

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: Instant,
    pub(super) text: String,
}

/// A fault, and what it did to each virtual router until the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) at: Instant,
    pub(super) fault: String,
    pub(super) shares: Vec<Share>,
}

/// What a fault did to a virtual router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// The longest time without a master.
    pub(super) vacant: Duration,
    /// How long that may be, if there can be a master.
    pub(super) patience: Option<Duration>,
    /// The longest time with several masters.
    pub(super) dual: Duration,
    /// How long that may be, unless the fault itself keeps them from hearing each other.
    pub(super) contention: Option<Duration>,
    /// Who is master at the end.
    pub(super) masters: Vec<String>,
}

impl Share {
    fn is_sound(&self) -> bool {
        let within = |span, bound: Option<Duration>| bound.is_none_or(|bound| span <= bound);
        within(self.vacant, self.patience) && within(self.dual, self.contention)
    }

    fn is_eventful(&self) -> bool {
        self.vacant > Duration::ZERO || self.dual > Duration::ZERO
    }
}

/// What a simulation showed.
#[derive(Debug)]
pub struct Report {
    pub(super) network: Network,
    pub(super) lines: Vec<Line>,
    pub(super) rows: Vec<Row>,
    pub(super) breach: Option<Breach>,
}

impl Report {
    /// Whether no virtual router was without a master, or had several, for longer than the protocol
    /// allows, and no other invariant broke.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let shares = self.rows.iter().flat_map(|row| &row.shares);
        self.breach.is_none() && shares.into_iter().all(Share::is_sound)
    }

    fn name(&self, virtual_router: usize) -> &str {
        let known = self.network.virtual_routers.get(virtual_router);
        known.map_or("", |known| known.name.as_str())
    }

    fn cast(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for virtual_router in 0..self.network.virtual_routers.len() {
            let Some((_, first)) = self.network.members(virtual_router).next() else {
                continue;
            };
            let instance = &first.instance;
            writeln!(
                f,
                "{}: VRID {} on {}, {}, {}",
                self.name(virtual_router),
                instance.vrid,
                instance.interface.as_deref().unwrap_or("any interface"),
                instance.family,
                instance.version,
            )?;
            for (host, member) in self.network.members(virtual_router) {
                let name = self.network.hosts.get(host).map_or("", |host| &host.name);
                let instance = &member.instance;
                let interval = Seconds(instance.interval.duration());
                let down = Seconds(instance.active_down());
                writeln!(
                    f,
                    "  {name}  {}, priority {}, every {interval}, takes over after {down}",
                    member.address, instance.priority
                )?;
            }
        }
        if self.network.assumed {
            writeln!(f, "assumed: primary addresses that no file gives")?;
        }
        let mut notes = self.network.notes.iter();
        notes.try_for_each(|note| writeln!(f, "note: {note}"))
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults = self.rows.iter().map(|row| row.fault.chars().count());
        let wide = faults.max().unwrap_or_default().max("fault".len());
        let names = (0..self.network.virtual_routers.len()).map(|index| self.name(index).len());
        let narrow = names.max().unwrap_or_default().max("router".len());
        writeln!(
            f,
            "{:>10}    {:<wide$}  {:<narrow$}  {:>11}  {:>11}  {:>11}  {:>11}  then master",
            "at", "fault", "router", "no master", "at most", "two masters", "at most"
        )?;
        for row in &self.rows {
            let calm = !row.shares.iter().any(Share::is_eventful);
            let shares = row.shares.iter().enumerate();
            for (place, (index, share)) in shares
                .filter(|(index, share)| share.is_eventful() || (calm && *index == 0))
                .enumerate()
            {
                let (at, fault) = match place {
                    0 => (Time(row.at).to_string() + " s", row.fault.as_str()),
                    _ => (String::new(), ""),
                };
                let masters = match share.masters.as_slice() {
                    [] => "nobody".to_owned(),
                    masters => masters.join(", "),
                };
                let mark = if share.is_sound() { "" } else { "  TOO LONG" };
                writeln!(
                    f,
                    "{at:>12}  {fault:<wide$}  {:<narrow$}  {:>11}  {:>11}  {:>11}  {:>11}  {masters}{mark}",
                    self.name(index),
                    spent(share.vacant),
                    allowed(share.vacant, share.patience),
                    spent(share.dual),
                    allowed(share.dual, share.contention),
                )?;
            }
        }
        Ok(())
    }
}

fn spent(span: Duration) -> String {
    match span {
        Duration::ZERO => "-".to_owned(),
        span => Seconds(span).to_string(),
    }
}

fn allowed(span: Duration, bound: Option<Duration>) -> String {
    match (span, bound) {
        (Duration::ZERO, _) => String::new(),
        (_, None) => "as it lasts".to_owned(),
        (_, Some(bound)) => Seconds(bound).to_string(),
    }
}

/// The hosts, the timeline, a table of faults and the verdict.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cast(f)?;
        writeln!(f)?;
        for line in &self.lines {
            writeln!(f, "{:>10} s  {}", Time(line.at).to_string(), line.text)?;
        }
        writeln!(f)?;
        self.table(f)?;
        writeln!(f)?;
        if let Some(breach) = self.breach {
            writeln!(f, "broken {breach}: {}", breach.violation)?;
        }
        let verdict = if self.is_sound() {
            "every gap and every contest was as short as the protocol allows"
        } else {
            "something took longer than the protocol allows"
        };
        writeln!(f, "{verdict}")
    }
}

/// Seconds, rounded up to a tenth of a millisecond.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0.as_nanos().div_ceil(100_000);
        write!(f, "{}.{:04} s", tenths / 10_000, tenths % 10_000)
    }
}

/// Seconds from the start, to a tenth of a millisecond.
struct Time(Instant);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0.as_nanos() / 100_000;
        write!(f, "{}.{:04}", tenths / 10_000, tenths % 10_000)
    }
}
