//! The entries of the connection table: connections, persistence templates and their expiry.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use super::TcpState;
use super::template::TemplateKey;
use crate::{DestinationKey, Flow, ServiceKey};

/// How long a template whose time has come stays while connections depend on it, before it is
/// looked at again.
const LATER: Duration = Duration::from_secs(60);

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) service: ServiceKey,
    pub(super) destination: DestinationKey,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Connection {
    pub(super) owner: Owner,
    /// Stays [`TcpState::None`] of other protocols.
    pub(super) state: TcpState,
    /// Whether it counts as active.
    pub(super) active: bool,
    /// Whether answers pass the director.
    pub(super) answered: bool,
    /// The template it depends on.
    pub(super) template: Option<u64>,
    pub(super) deadline: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Template {
    pub(super) owner: Owner,
    key: TemplateKey,
    timeout: Duration,
    deadline: Duration,
    /// The connections that depend on it.
    dependents: u32,
}

/// What has expired, to be counted off its destination.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expired {
    Connection { owner: Owner, active: bool },
    Template { owner: Owner },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Connection(Flow),
    Template(u64),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    connections: BTreeMap<Flow, Connection>,
    templates: BTreeMap<u64, Template>,
    /// The templates that clients still find.
    by_key: BTreeMap<TemplateKey, u64>,
    /// The number of the next template.
    next: u64,
    timers: BTreeSet<(Duration, Timer)>,
}

impl Entries {
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.timers.first().map(|&(deadline, _)| deadline)
    }

    pub(super) fn connection(&self, flow: &Flow) -> Option<Connection> {
        self.connections.get(flow).copied()
    }

    /// The connections, in order of their flows.
    pub(super) fn connections(&self) -> impl Iterator<Item = (&Flow, &Connection)> {
        self.connections.iter()
    }

    /// Adds a connection, or changes it.
    pub(super) fn put(&mut self, flow: Flow, connection: Connection) {
        if let Some(old) = self.connections.insert(flow, connection) {
            self.timers.remove(&(old.deadline, Timer::Connection(flow)));
        } else if let Some(template) = connection.template {
            self.depend(template, |dependents| dependents.saturating_add(1));
        }
        self.timers
            .insert((connection.deadline, Timer::Connection(flow)));
    }

    pub(super) fn remove(&mut self, flow: &Flow) -> Option<Connection> {
        let connection = self.connections.remove(flow)?;
        self.timers
            .remove(&(connection.deadline, Timer::Connection(*flow)));
        if let Some(template) = connection.template {
            self.depend(template, |dependents| dependents.saturating_sub(1));
        }
        Some(connection)
    }

    fn depend(&mut self, template: u64, change: impl FnOnce(u32) -> u32) {
        if let Some(template) = self.templates.get_mut(&template) {
            template.dependents = change(template.dependents);
        }
    }

    /// The templates, also those no client finds.
    pub(super) fn templates(&self) -> impl Iterator<Item = (u64, &Template)> {
        self.templates.iter().map(|(&id, template)| (id, template))
    }

    pub(super) fn template(&self, key: &TemplateKey) -> Option<(u64, Template)> {
        let id = *self.by_key.get(key)?;
        Some((id, *self.templates.get(&id)?))
    }

    /// Adds the template `key`, which is due at `deadline`.
    pub(super) fn add_template(
        &mut self,
        deadline: Duration,
        key: TemplateKey,
        owner: Owner,
        timeout: Duration,
    ) -> u64 {
        let id = self.next;
        self.next += 1;
        let template = Template {
            owner,
            key,
            timeout,
            deadline,
            dependents: 0,
        };
        self.timers.insert((template.deadline, Timer::Template(id)));
        self.templates.insert(id, template);
        self.by_key.insert(key, id);
        id
    }

    /// No client finds the template any more; it stays until it expires.
    pub(super) fn hide_template(&mut self, key: &TemplateKey) {
        self.by_key.remove(key);
    }

    /// The template was used at `now`.
    pub(super) fn touch_template(&mut self, now: Duration, id: u64) {
        if let Some(template) = self.templates.get_mut(&id) {
            self.timers
                .remove(&(template.deadline, Timer::Template(id)));
            template.deadline = now.saturating_add(template.timeout);
            self.timers.insert((template.deadline, Timer::Template(id)));
        }
    }

    /// The next that has expired by `now`, and when; the caller calls again until there is none.
    pub(super) fn expire(&mut self, now: Duration) -> Option<(Duration, Expired)> {
        while let Some(&(deadline, timer)) = self.timers.first().filter(|first| first.0 <= now) {
            match timer {
                Timer::Connection(flow) => {
                    let Connection { owner, active, .. } = self.remove(&flow)?;
                    return Some((deadline, Expired::Connection { owner, active }));
                }
                Timer::Template(id) => {
                    if let Some(owner) = self.expire_template(deadline, now, id) {
                        return Some((deadline, Expired::Template { owner }));
                    }
                }
            }
        }
        None
    }

    fn expire_template(&mut self, deadline: Duration, now: Duration, id: u64) -> Option<Owner> {
        self.timers.remove(&(deadline, Timer::Template(id)));
        let template = self.templates.get_mut(&id)?;
        if template.dependents > 0 {
            // From here on it lives a minute at a time. Where its connections outlive `now`,
            // nothing is missed by not going through every minute until then.
            template.timeout = LATER;
            let late = if self.timers.first().is_none_or(|first| first.0 > now) {
                let minutes = (now - deadline).as_secs() / LATER.as_secs();
                Duration::from_secs(minutes * LATER.as_secs())
            } else {
                Duration::ZERO
            };
            let template = self.templates.get_mut(&id)?;
            template.deadline = deadline.saturating_add(late).saturating_add(LATER);
            self.timers.insert((template.deadline, Timer::Template(id)));
            return None;
        }
        self.remove_template(id)
    }

    /// Removes a template; whose it was.
    pub(super) fn remove_template(&mut self, id: u64) -> Option<Owner> {
        let template = self.templates.remove(&id)?;
        self.timers
            .remove(&(template.deadline, Timer::Template(id)));
        if self.by_key.get(&template.key) == Some(&id) {
            self.by_key.remove(&template.key);
        }
        Some(template.owner)
    }
}

#[cfg(test)]
impl Entries {
    /// What there is of `owner`.
    pub(super) fn count(&self, owner: &Owner) -> crate::record::Activity {
        let mut activity = crate::record::Activity::default();
        for connection in self.connections.values().filter(|it| it.owner == *owner) {
            match connection.active {
                true => activity.active += 1,
                false => activity.inactive += 1,
            }
        }
        let templates = self.templates.values().filter(|it| it.owner == *owner);
        templates.for_each(|_| activity.persistent += 1);
        activity
    }
}
