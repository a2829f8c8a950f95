//! Changes of the instances of a daemon that runs: one is added, updated or removed.

use vrrp_core::Role;

use super::Engine;
use super::turn::Switching;
use crate::config::Instance;
use crate::slab::Handle;
use crate::vrrp::instances::{
    InstanceDifference, InstanceError, InstanceUpdateError, VrrpInstance,
};

impl Engine {
    /// Adds an instance behind the others. What it tracks is looked at in the turns that follow.
    ///
    /// # Errors
    /// [`InstanceError`]; nothing has changed then.
    pub fn add_instance(&mut self, instance: Instance) -> Result<Handle, InstanceError> {
        let Self {
            instances,
            driver,
            global,
            ..
        } = self;
        let handle = instances.add(driver, global, instance)?;
        self.look_again();
        self.start_router(handle);
        Ok(handle)
    }

    /// Has the instance of this name be as `instance` says, and changes only what differs: see
    /// [`Instances::update`](crate::vrrp::instances::Instances::update).
    ///
    /// # Errors
    /// [`InstanceUpdateError`], of which [`Unknown`](InstanceUpdateError::Unknown) if there is none of
    /// this name.
    pub fn update_instance(
        &mut self,
        instance: Instance,
    ) -> Result<InstanceDifference, InstanceUpdateError> {
        let handle = self.instances.find(&instance.name);
        let handle = handle.ok_or(InstanceUpdateError::Unknown)?;
        let Self {
            instances,
            driver,
            global,
            ..
        } = self;
        let difference = instances.update(driver, global, handle, instance)?;
        if !difference.is_empty() {
            self.look_again();
        }
        if difference.waiting {
            self.start_router(handle);
        }
        Ok(difference)
    }

    /// Removes an instance, whose router resigns if it is Active; whether there was one with this name.
    pub fn remove_instance(&mut self, name: &str) -> bool {
        let Some(handle) = self.instances.find(name) else {
            return false;
        };
        let router = self.instances.get(handle).and_then(VrrpInstance::router);
        self.notices.forget(handle, router);
        self.balancer.note_role(name, Role::Initialize);
        self.instances.remove(&mut self.driver, handle)
    }

    /// Has the turns that follow look at what instances track and wait for.
    fn look_again(&mut self) {
        if self.network_known {
            self.checks_left = self.instances.len();
        }
    }

    /// Switches a new router on, unless that is done for all later.
    fn start_router(&mut self, handle: Handle) {
        let is_running = self.start_at.is_none() && self.stop_by.is_none();
        if is_running
            && self.switching == Switching::Done
            && let Some(router) = self.instances.get(handle).and_then(VrrpInstance::router)
        {
            self.driver.start(router);
        }
    }
}

#[cfg(test)]
mod tests;
