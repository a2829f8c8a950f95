//! The engine as the source of a status reply.

use core::net::IpAddr;

use vrrp_core::Instant;
use vrrp_core::track::Status as Health;
use vrrp_mio::Router;

use super::{Engine, tracking};
use crate::balancing::status::{RealServerStatus, ServiceStatus, VirtualServerStatus};
use crate::observe::control::Source;
use crate::observe::log::chain;
use crate::observe::status::{FailingStatus, InstanceStatus, Status, TrackedStatus};
use crate::slab::{Cursor, Handle};
use crate::vrrp::instances::{Attachment, VrrpInstance};

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

    fn next_instance(&self, cursor: &mut Cursor) -> Option<(Handle, InstanceStatus)> {
        let now = self.driver.now();
        loop {
            let handle = self.instances.next(cursor)?;
            let instance = self.instances.get(handle);
            let status = instance.and_then(|instance| self.instance_status(instance, now));
            if let Some(status) = status {
                return Some((handle, status));
            }
        }
    }

    fn addresses(&self, instance: Handle, from: usize, most: usize) -> Vec<IpAddr> {
        match self.instances.get(instance).map(|it| &it.attachment) {
            None => Vec::new(),
            Some(Attachment::Router(router)) => {
                let router = self.driver.router(*router);
                let addresses = router.into_iter().flat_map(Router::addresses);
                addresses.skip(from).take(most).collect()
            }
            Some(Attachment::Pending(configured)) => {
                let addresses = configured.addresses.iter().map(|address| address.address);
                addresses.skip(from).take(most).collect()
            }
        }
    }

    fn failing(&self, instance: Handle, from: usize, most: usize) -> Option<Vec<FailingStatus>> {
        let id = self.instances.get(instance)?.router()?;
        let router = self.driver.router(id)?;
        let addresses = router.addresses().count() + router.excluded().len();
        let failures = self.driver.failures_within(id, from..from + most);
        let failures = failures.map(|(address, error)| FailingStatus {
            address,
            text: chain(error),
        });
        (from < addresses).then(|| failures.collect())
    }

    fn next_virtual_server(&self, cursor: &mut Cursor) -> Option<(Handle, VirtualServerStatus)> {
        self.balancer.next_status(cursor)
    }

    fn services(&self, virtual_server: Handle, from: usize, most: usize) -> Vec<ServiceStatus> {
        self.balancer.service_status(virtual_server, from, most)
    }

    fn next_real_server(
        &self,
        virtual_server: Handle,
        cursor: &mut Cursor,
    ) -> Option<RealServerStatus> {
        self.balancer
            .next_real_server_status(virtual_server, cursor)
    }
}

impl Engine {
    fn instance_status(&self, instance: &VrrpInstance, now: Instant) -> Option<InstanceStatus> {
        let tracked = instance.trackers.iter().map(|(name, tracked)| {
            let status = tracking::status(&self.driver, *name);
            let effect = tracked.tracker().effect(status);
            TrackedStatus {
                interface: name.to_string(),
                up: status == Health::Up,
                adjustment: effect.adjustment(),
                fault: effect.is_fault(),
            }
        });
        let mut status = match &instance.attachment {
            Attachment::Router(router) => InstanceStatus::new(
                &instance.name,
                self.driver.router(*router)?,
                tracked.collect(),
                now,
            ),
            Attachment::Pending(configured) => {
                let uptime = now.saturating_duration_since(self.started_at);
                InstanceStatus::unplaced(configured, tracked.collect(), uptime)
            }
        };
        let limit = instance.eligibility.tracking().limit();
        status.priority.limited(limit);
        Some(status)
    }
}
