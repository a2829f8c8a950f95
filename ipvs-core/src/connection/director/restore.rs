//! Import of the connections and templates of a running kernel.

use core::time::Duration;

use super::{Director, DirectorError};
use crate::connection::TcpState;
use crate::connection::entries::{Connection, Owner};
use crate::connection::template::TemplateKey;
use crate::{DestinationKey, Flow, ServiceKey};

impl Director {
    /// Takes over a connection of `flow` that a kernel has listed at `now`, in `state` if it is one
    /// of TCP, with `remaining` until it expires.
    ///
    /// The counters of its destination are left alone: a listing has counted it
    /// ([`Table::from_records`](crate::table::Table::from_records)).
    pub fn restore_connection(
        &mut self,
        now: Duration,
        service: &ServiceKey,
        destination: &DestinationKey,
        flow: &Flow,
        (state, remaining): (TcpState, Duration),
    ) -> Result<(), DirectorError> {
        self.advance(now);
        let balancer = self.services.get(service).ok_or(DirectorError::Missing)?;
        let owner = Owner {
            service: *service,
            destination: *destination,
        };
        let persistence = balancer.service().persistence;
        let key = persistence.map(|it| TemplateKey::new(balancer.service(), &it, flow));
        let template = key.and_then(|key| self.entries.template(&key));
        let connection = Connection {
            owner,
            state,
            active: state.is_active(),
            answered: self.is_answered(&owner),
            template: template.map(|(id, _)| id),
            deadline: now.saturating_add(remaining),
        };
        self.entries.put(*flow, connection);
        Ok(())
    }

    /// Takes over a persistence template that a kernel has listed at `now`, with `remaining` until
    /// it expires; `flow` is any of a client it is for. Templates come before their connections.
    /// Does nothing where the service is not persistent.
    ///
    /// The counters of its destination are left alone, as with
    /// [`restore_connection`](Self::restore_connection).
    pub fn restore_template(
        &mut self,
        now: Duration,
        service: &ServiceKey,
        destination: &DestinationKey,
        flow: &Flow,
        remaining: Duration,
    ) -> Result<(), DirectorError> {
        self.advance(now);
        let balancer = self.services.get(service).ok_or(DirectorError::Missing)?;
        let Some(persistence) = balancer.service().persistence else {
            return Ok(());
        };
        let key = TemplateKey::new(balancer.service(), &persistence, flow);
        let owner = Owner {
            service: *service,
            destination: *destination,
        };
        let timeout = Duration::from_secs(persistence.timeout.into());
        self.entries
            .add_template(now.saturating_add(remaining), key, owner, timeout);
        Ok(())
    }
}
