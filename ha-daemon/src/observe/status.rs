//! The status of a running daemon: the reply of the control socket.

mod text;

use core::net::IpAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};
use vrrp_core::track::Limit;
use vrrp_core::{Family, Heard, Instant, Role, Statistics};
use vrrp_mio::{Losses, Obstacle, Router};

use crate::balancing::status::VirtualServerStatus;
use crate::config::Instance;
use crate::observe::log::chain;

/// The daemon at one instant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Version of the daemon.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Seconds since it started.
    pub uptime_seconds: f64,
    /// What the turns of its loop have cost.
    #[serde(default)]
    pub turns: TurnStatus,
    /// What was sent to it and reached no virtual router.
    #[serde(default)]
    pub losses: LossStatus,
    /// Its virtual routers, in the order of the configuration.
    pub instances: Vec<InstanceStatus>,
    /// The virtual servers, in the order of the configuration.
    #[serde(default)]
    pub virtual_servers: Vec<VirtualServerStatus>,
}

/// The processor time that turns of the loop have taken. Advertisements wait for the end of a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnStatus {
    /// How many there were.
    pub count: u64,
    /// The longest, in microseconds.
    pub longest_us: u64,
    /// How many took more than 2,000 µs, which none is meant to.
    pub over_2000_us: u64,
    /// How long they took, by powers of two; those that never occurred are left out.
    pub cpu_us: Vec<TurnBucket>,
}

/// Packets that were sent to this host, on all interfaces, of which none knows what they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossStatus {
    /// Longer than any advert can be.
    pub oversized_packets: u64,
    /// Over IPv6, and the kernel did not tell the hop limit or an address.
    pub missing_metadata: u64,
    /// The kernel failed to receive in passing.
    pub receive_errors: u64,
    /// The kernel dropped them because the queue was full.
    pub queue_overflows: u64,
}

/// Turns of about the same length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnBucket {
    /// They took fewer microseconds than this, and half as many or more.
    pub below: u64,
    /// How many there were.
    pub turns: u64,
}

/// A virtual router at one instant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// `vrrp_instance NAME`.
    pub name: String,
    /// MASTER, BACKUP, FAULT or INIT.
    pub state: String,
    /// Seconds since that state was entered.
    pub for_seconds: f64,
    /// Why it was entered; absent until the first change.
    pub why: Option<Why>,
    /// The interface; empty while it is not known on which one the unicast source is.
    pub interface: String,
    /// Whether that exists, is up and has carrier.
    pub interface_up: bool,
    /// What keeps the router from being MASTER.
    #[serde(default)]
    pub obstacles: Vec<ObstacleStatus>,
    /// The virtual router identifier.
    pub vrid: u8,
    /// 4 or 6.
    pub family: u8,
    /// 2 or 3.
    pub vrrp_version: u8,
    /// The priority and its parts.
    pub priority: PriorityStatus,
    /// Source address of adverts.
    pub primary_address: Option<IpAddr>,
    /// The router that is MASTER, as far as this one knows.
    pub master: Option<MasterStatus>,
    /// The timers.
    pub timers: TimerStatus,
    /// The virtual addresses.
    pub addresses: AddressStatus,
    /// The checksum form last heard (VRRPv3 over IPv4).
    pub peer_checksum: Option<String>,
    /// The counters, by the names of RFC 8347 where it has one.
    pub statistics: serde_json::Map<String, serde_json::Value>,
}

/// Why a state was entered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Why {
    /// RFC 8347 `last-event`.
    pub event: String,
    /// RFC 8347 `new-master-reason`.
    pub new_master_reason: String,
    /// In words.
    pub text: String,
    /// The rule that made the change.
    pub rule: String,
    /// The router whose advert decided it.
    pub peer: Option<IpAddr>,
}

/// The effective priority and how it comes about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PriorityStatus {
    /// As configured.
    pub configured: u8,
    /// As advertised.
    pub effective: u8,
    /// What is tracked.
    pub tracked: Vec<TrackedStatus>,
    /// What keeps the effective one from being the sum: `lowest` (1), `highest` (254), or `owner`,
    /// which is not adjusted; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

impl PriorityStatus {
    /// Notes what limited it.
    pub(crate) fn limited(&mut self, limit: Option<Limit>) {
        let word = limit.map(|limit| match limit {
            Limit::Lowest => "lowest",
            Limit::Highest => "highest",
            Limit::Owner => "owner",
        });
        self.limit = word.map(str::to_owned);
    }
}

/// A tracked interface.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrackedStatus {
    /// Its name.
    pub interface: String,
    /// Whether it is up.
    pub up: bool,
    /// What it adds to the priority.
    pub adjustment: i16,
    /// Whether it keeps the instance in FAULT.
    pub fault: bool,
}

/// Something that keeps a router from being MASTER.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ObstacleStatus {
    /// Its name, such as `interface-down`, `address-interface-down` or `virtual-mac-refused`.
    pub name: String,
    /// In words, with those of the kernel.
    pub text: String,
}

/// The router that is MASTER.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MasterStatus {
    /// Its primary address.
    pub address: IpAddr,
    /// Its priority.
    pub priority: u8,
    /// Its advert interval.
    pub interval_ms: f64,
}

/// The timers of RFC 9568 §6.1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TimerStatus {
    /// Advertisement_Interval.
    pub advert_interval_ms: f64,
    /// Skew_Time.
    pub skew_ms: f64,
    /// Active_Down_Interval.
    pub master_down_interval_ms: f64,
    /// Until the running timer fires.
    pub next_in_ms: Option<f64>,
}

/// The virtual addresses.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddressStatus {
    /// Advertised ones.
    pub advertised: Vec<IpAddr>,
    /// How many more are excluded from adverts.
    pub excluded: usize,
    /// How many of all are in place.
    pub installed: usize,
    /// Those that cannot be put in place, the first few.
    #[serde(default)]
    pub failing: Vec<FailingStatus>,
}

/// A virtual address that cannot be put in place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FailingStatus {
    /// The address.
    pub address: IpAddr,
    /// Why not, in words.
    pub text: String,
}

/// keepalived's word for a role.
#[must_use]
pub(crate) const fn state_word(role: Role, started: bool) -> &'static str {
    match (role, started) {
        (Role::Active, _) => "MASTER",
        (Role::Backup, _) => "BACKUP",
        (Role::Initialize, true) => "FAULT",
        (Role::Initialize, false) => "INIT",
    }
}

impl InstanceStatus {
    /// The status without the addresses that are advertised or cannot be put in place: there may be
    /// thousands to go through.
    pub(crate) fn new(
        name: &str,
        router: &Router,
        tracked: Vec<TrackedStatus>,
        now: Instant,
    ) -> Self {
        let machine = router.machine();
        let config = machine.config();
        let role = machine.role();
        let master = match role {
            Role::Active => machine.primary().map(|source| Heard {
                source,
                priority: machine.priority(),
                interval: config.interval(),
            }),
            Role::Backup | Role::Initialize => machine.active_router(),
        };
        Self {
            name: name.to_owned(),
            state: state_word(role, machine.is_started()).to_owned(),
            for_seconds: now.saturating_duration_since(router.since()).as_secs_f64(),
            why: router.last_transition().map(|transition| Why {
                event: word(&transition.cause),
                new_master_reason: word(&transition.new_active_reason()),
                text: transition.cause.to_string(),
                rule: transition.cause.rule().to_owned(),
                peer: transition.peer,
            }),
            interface: router.interface().to_string(),
            interface_up: router.interface_usable(),
            obstacles: router.obstacles().iter().map(ObstacleStatus::new).collect(),
            vrid: config.vrid().get(),
            family: number(config.family()),
            vrrp_version: config.version().number(),
            priority: PriorityStatus {
                configured: config.priority().get(),
                effective: machine.priority().get(),
                tracked,
                limit: None,
            },
            primary_address: machine.primary(),
            master: master.map(|heard| MasterStatus {
                address: heard.source,
                priority: heard.priority.get(),
                interval_ms: millis(heard.interval.duration()),
            }),
            timers: TimerStatus {
                advert_interval_ms: millis(config.interval().duration()),
                skew_ms: millis(machine.skew()),
                master_down_interval_ms: millis(machine.active_down_interval()),
                next_in_ms: machine
                    .deadline()
                    .map(|deadline| millis(deadline.saturating_duration_since(now))),
            },
            addresses: AddressStatus {
                advertised: Vec::new(),
                excluded: router.excluded().len(),
                installed: router.installed(),
                failing: Vec::new(),
            },
            peer_checksum: router.peer_checksum().map(|form| word(&form)),
            statistics: counters(&router.statistics()),
        }
    }

    /// The same of an instance that has no interface yet.
    pub(crate) fn unplaced(
        instance: &Instance,
        tracked: Vec<TrackedStatus>,
        uptime: Duration,
    ) -> Self {
        Self {
            name: instance.name.clone(),
            state: state_word(Role::Initialize, true).to_owned(),
            for_seconds: uptime.as_secs_f64(),
            why: None,
            interface: String::new(),
            interface_up: false,
            obstacles: Vec::new(),
            vrid: instance.vrid.get(),
            family: number(instance.family),
            vrrp_version: instance.version.number(),
            priority: PriorityStatus {
                configured: instance.priority.get(),
                effective: instance.priority.get(),
                tracked,
                limit: None,
            },
            primary_address: None,
            master: None,
            timers: TimerStatus {
                advert_interval_ms: millis(instance.interval.duration()),
                skew_ms: millis(instance.skew()),
                master_down_interval_ms: millis(instance.active_down()),
                next_in_ms: None,
            },
            addresses: AddressStatus {
                advertised: Vec::new(),
                excluded: instance.excluded.len(),
                installed: 0,
                failing: Vec::new(),
            },
            peer_checksum: None,
            statistics: counters(&Statistics::default()),
        }
    }
}

impl From<&Losses> for LossStatus {
    fn from(losses: &Losses) -> Self {
        Self {
            oversized_packets: losses.oversized_packets,
            missing_metadata: losses.missing_metadata,
            receive_errors: losses.receive_errors,
            queue_overflows: losses.queue_overflows,
        }
    }
}

impl ObstacleStatus {
    fn new(obstacle: &Obstacle) -> Self {
        Self {
            name: obstacle.name().to_owned(),
            text: chain(obstacle),
        }
    }

    /// Whether it is shown with the tracked objects.
    fn is_tracked(&self) -> bool {
        self.name == Obstacle::Tracked.name()
    }
}

const fn number(family: Family) -> u8 {
    match family {
        Family::V4 => 4,
        Family::V6 => 6,
    }
}

fn counters(statistics: &Statistics) -> serde_json::Map<String, serde_json::Value> {
    match serde_json::to_value(statistics) {
        Ok(serde_json::Value::Object(map)) => map,
        Ok(_) | Err(_) => serde_json::Map::new(),
    }
}

/// The serialized name of a unit variant.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

#[expect(clippy::float_arithmetic, reason = "for display only")]
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_limits_a_priority_is_named() {
        let mut status = PriorityStatus {
            configured: 100,
            effective: 1,
            tracked: Vec::new(),
            limit: None,
        };
        let json = |status: &PriorityStatus| serde_json::to_string(status).unwrap();
        let unlimited = r#"{"configured":100,"effective":1,"tracked":[]}"#;
        assert_eq!(json(&status), unlimited);
        for (limit, word) in [
            (Limit::Lowest, "lowest"),
            (Limit::Highest, "highest"),
            (Limit::Owner, "owner"),
        ] {
            status.limited(Some(limit));
            assert_eq!(status.limit.as_deref(), Some(word));
        }
        status.limited(None);
        assert_eq!(json(&status), unlimited);
    }

    #[test]
    fn losses_are_those_of_the_driver() {
        let mut losses = Losses::default();
        losses.oversized_packets = 1;
        losses.missing_metadata = 2;
        losses.receive_errors = 3;
        losses.queue_overflows = 4;
        let json = serde_json::to_string(&LossStatus::from(&losses)).unwrap();
        let expected = r#"{"oversized_packets":1,"missing_metadata":2,"receive_errors":3,"queue_overflows":4}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn words_are_those_of_the_model() {
        assert_eq!(
            word(&vrrp_core::Cause::HigherPriorityBackup),
            "higher-priority-backup"
        );
        assert_eq!(word(&vrrp_core::NewActiveReason::NoResponse), "no-response");
    }
}
