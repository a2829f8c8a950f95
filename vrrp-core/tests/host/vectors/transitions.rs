//! Every state against every event: the state afterwards, its timer and the actions.

use core::net::IpAddr;
use std::collections::BTreeSet;

use serde::Deserialize;
use vrrp_core::{
    Action, Announcement, Config, Event, Family, Heard, Instant, Interval, Priority, Role,
    Settings, VirtualRouter,
};

use super::version;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tables: Vec<Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: String,
    router: Router,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Router {
    version: u8,
    priority: u8,
    interval_cs: u16,
    preempt: bool,
    primary: IpAddr,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "section")]
    _section: String,
    state: State,
    after_ns: u64,
    event: Happening,
    next: State,
    timer_ns: Option<u128>,
    actions: Vec<Done>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
enum State {
    Initialize,
    Backup,
    Active,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Happening {
    Startup,
    Shutdown,
    Timeout,
    #[serde(rename_all = "snake_case")]
    Advertisement {
        source: IpAddr,
        priority: u8,
        interval_cs: u16,
    },
    InterfaceUp,
    InterfaceDown,
    PrimaryAddress(Option<IpAddr>),
    Priority(u8),
    Fault,
    Recover,
    #[serde(rename_all = "snake_case")]
    Configure {
        priority: u8,
        interval_cs: u16,
    },
    Hold,
    Release,
    Elect,
    Yield,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Done {
    Advertise(u8),
    AddAddresses,
    Announce,
    AnnounceAgain,
    RemoveAddresses,
    Candidate,
}

fn tables() -> Vec<Table> {
    let file: File = serde_json::from_str(include_str!("../../vectors/transitions.json")).unwrap();
    file.tables
}

impl Router {
    fn settings(&self) -> Settings {
        let mut settings = Settings::new(version(self.version), Family::V4, 51);
        settings.priority = self.priority;
        settings.interval = Interval::from_centis(self.interval_cs).unwrap();
        settings.preempt = self.preempt;
        settings
    }

    /// Switched off; or a Backup, or an Active Router, that became one at the epoch.
    fn at(&self, state: State) -> VirtualRouter {
        let mut router = VirtualRouter::new(Config::try_from(self.settings()).unwrap());
        let primary = Event::PrimaryAddress(Some(self.primary));
        let mut happens = |event| {
            let _actions = router.handle(Instant::EPOCH, event);
        };
        happens(primary);
        if state >= State::Backup {
            happens(Event::Startup);
        }
        if state == State::Active {
            happens(Event::Elect);
        }
        assert_eq!(State::of(&router), state);
        router
    }

    fn event(&self, happening: &Happening) -> Event {
        match *happening {
            Happening::Startup => Event::Startup,
            Happening::Shutdown => Event::Shutdown,
            Happening::Timeout => Event::Timeout,
            Happening::Advertisement {
                source,
                priority,
                interval_cs,
            } => Event::Advertisement(Heard {
                source,
                priority: Priority::from_wire(priority),
                interval: Interval::from_centis(interval_cs).unwrap(),
            }),
            Happening::InterfaceUp => Event::InterfaceUp,
            Happening::InterfaceDown => Event::InterfaceDown,
            Happening::PrimaryAddress(address) => Event::PrimaryAddress(address),
            Happening::Priority(priority) => Event::Priority(Priority::from_wire(priority)),
            Happening::Fault => Event::Fault,
            Happening::Recover => Event::Recover,
            Happening::Configure {
                priority,
                interval_cs,
            } => {
                let mut settings = self.settings();
                settings.priority = priority;
                settings.interval = Interval::from_centis(interval_cs).unwrap();
                Event::Configure(Config::try_from(settings).unwrap())
            }
            Happening::Hold => Event::Hold,
            Happening::Release => Event::Release,
            Happening::Elect => Event::Elect,
            Happening::Yield => Event::Yield,
        }
    }
}

impl State {
    fn of(router: &VirtualRouter) -> Self {
        match router.role() {
            Role::Initialize => Self::Initialize,
            Role::Backup => Self::Backup,
            Role::Active => Self::Active,
        }
    }
}

impl From<Action> for Done {
    fn from(action: Action) -> Self {
        match action {
            Action::Advertise(priority) => Self::Advertise(priority.get()),
            Action::AddAddresses => Self::AddAddresses,
            Action::Announce(Announcement::NewActive) => Self::Announce,
            Action::Announce(Announcement::LowerPriority) => Self::AnnounceAgain,
            Action::RemoveAddresses => Self::RemoveAddresses,
            Action::Candidate => Self::Candidate,
        }
    }
}

#[test]
fn every_row_is_what_happens() {
    for table in tables() {
        for row in &table.rows {
            let mut router = table.router.at(row.state);
            let now = Instant::from_nanos(row.after_ns);
            let actions = router.handle(now, table.router.event(&row.event));
            let actions: Vec<Done> = actions.into_iter().map(Done::from).collect();
            let left = |deadline: Instant| deadline.saturating_duration_since(now).as_nanos();
            let timer = router.deadline().map(left);
            assert_eq!(
                (State::of(&router), timer, &actions),
                (row.next, row.timer_ns, &row.actions),
                "{}: {row:?}",
                table.name
            );
        }
    }
}

/// A variant added to [`Event`] breaks `kind` and so asks for rows.
#[test]
fn every_kind_of_event_has_a_row_in_every_state() {
    fn kind(event: Event) -> u8 {
        match event {
            Event::Startup => 0,
            Event::Shutdown => 1,
            Event::Timeout => 2,
            Event::Advertisement(_) => 3,
            Event::InterfaceUp => 4,
            Event::InterfaceDown => 5,
            Event::PrimaryAddress(_) => 6,
            Event::Priority(_) => 7,
            Event::Fault => 8,
            Event::Recover => 9,
            Event::Configure(_) => 10,
            Event::Hold => 11,
            Event::Release => 12,
            Event::Elect => 13,
            Event::Yield => 14,
        }
    }
    let tables = tables();
    let lengths: Vec<_> = tables.iter().map(|table| table.rows.len()).collect();
    assert_eq!(lengths, [65, 65, 65, 65, 8]);
    for table in &tables[..4] {
        let pairs: BTreeSet<_> = table
            .rows
            .iter()
            .map(|row| (row.state, kind(table.router.event(&row.event))))
            .collect();
        assert_eq!(pairs.len(), 3 * 15, "{}", table.name);
    }
}
