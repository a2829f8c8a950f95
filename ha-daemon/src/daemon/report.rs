//! The engine as the source of a status reply.

use vrrp_core::Instant;
use vrrp_core::track::Status as Health;

use super::{Engine, Member, Place, tracking};
use crate::balancing::status::{RealServerStatus, VirtualServerStatus};
use crate::observe::control::Source;
use crate::observe::status::{InstanceStatus, Status, TrackedStatus};

impl Source for Engine {
    fn head(&self) -> Status {
        let now = self.driver.now();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_seconds: now.saturating_duration_since(self.started_at).as_secs_f64(),
            turns: self.meter.status(),
            losses: self.driver.losses().into(),
            instances: Vec::new(),
            virtual_servers: Vec::new(),
        }
    }

    fn instances(&self) -> usize {
        self.members.len()
    }

    fn instance(&self, index: usize) -> Option<InstanceStatus> {
        self.instance_status(self.members.get(index)?, self.driver.now())
    }

    fn virtual_server(&self, index: usize) -> Option<VirtualServerStatus> {
        self.balancer.status(index)
    }

    fn real_server(&self, virtual_server: usize, index: usize) -> Option<RealServerStatus> {
        self.balancer.real_server_status(virtual_server, index)
    }
}

impl Engine {
    fn instance_status(&self, member: &Member, now: Instant) -> Option<InstanceStatus> {
        let tracked = member.trackers.iter().map(|(name, tracked)| {
            let status = tracking::status(&self.driver, *name);
            let effect = tracked.tracker().effect(status);
            TrackedStatus {
                interface: name.to_string(),
                up: status == Health::Up,
                adjustment: effect.adjustment(),
                fault: effect.is_fault(),
            }
        });
        let mut status = match &member.place {
            Place::Found(router) => InstanceStatus::new(
                &member.name,
                self.driver.router(*router)?,
                tracked.collect(),
                self.failing(*router),
                now,
            ),
            Place::Sought(instance) => {
                let uptime = now.saturating_duration_since(self.started_at);
                InstanceStatus::unplaced(instance, tracked.collect(), uptime)
            }
        };
        let limit = member.eligibility.tracking().limit();
        status.priority.limited(limit);
        Some(status)
    }
}
