//! Changes of the configuration of a virtual server that runs.

use std::collections::HashSet;

use ipvs_core::ServiceKey;
use tracing::info;
use vrrp_core::Instant;

use super::Balancer;
use super::build::Kind;
use super::difference::{self, Difference, RealServerDifference, RealServerSetting, Setting};
use super::inventory::{assumed, checker_id, unwatch, watch};
use super::pool::Server;
use super::prepared::{PreparedChecker, PreparedRealServer, PreparedServer};
use super::server::{VirtualServerKey, pool_settings};
use crate::config::{Check, Checker, VirtualServer};
use crate::notify::{Hooks, HooksId, Notifier};
use crate::slab::Handle;

/// A virtual server was not updated, and nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// It was removed.
    #[error("there is no such virtual_server any more")]
    Unknown,
    /// One of another [key](VirtualServerKey) is another virtual server, to be added in place of this
    /// one.
    #[error("virtual_server {ours} cannot become {theirs}")]
    Key {
        /// The name of the virtual server.
        ours: String,
        /// The name in the configuration.
        theirs: String,
    },
    /// A service that is new in its group is another virtual server's, which is to be removed or
    /// updated first.
    #[error("virtual_server {name}: {service} is another virtual server's")]
    Taken {
        /// The name of the virtual server.
        name: String,
        /// The service.
        service: ServiceKey,
    },
}

impl Balancer {
    /// Has a virtual server be as `prepared` says, and changes only what differs. Gives what did: if
    /// nothing, there is no request to the kernel, no script is run and no checker notices.
    ///
    /// It keeps its handle and its place among the others. Real servers stay by address and port, and
    /// checkers of them by what they look at; those that stay keep their handles, verdicts and
    /// schedules. A checker with other settings has them from its next attempt on; as long as it has
    /// made none, its verdict is what `alpha` says. Real servers that
    /// are new are checked from now on, and those that are gone are removed, in one step: only if there
    /// is a quorum after it and was none before, or the other way round, `quorum_up` or `quorum_down`
    /// is run. With `ha_suspend`, call [`note_addresses`](Self::note_addresses) next. This takes as
    /// long as there are real servers and checkers.
    ///
    /// # Errors
    /// [`UpdateError`].
    pub fn update(
        &mut self,
        virtual_server: Handle,
        prepared: PreparedServer,
        now: Instant,
    ) -> Result<Difference, UpdateError> {
        self.check_update(virtual_server, &prepared.config)?;
        let Some(state) = self.servers.get_mut(virtual_server) else {
            return Err(UpdateError::Unknown);
        };
        let PreparedServer {
            config,
            quorum_hooks,
            real_servers,
        } = prepared;
        let former = state.pool.begin();
        let settings = self.update_settings(virtual_server, config, quorum_hooks, now);
        let mut difference = Difference {
            settings,
            ..Difference::default()
        };
        self.update_real_servers(virtual_server, real_servers, now, &mut difference);
        let mut events = Vec::new();
        if let Some(state) = self.servers.get_mut(virtual_server) {
            state.pool.end(&former, &mut events);
        }
        self.follow(virtual_server, &events, now);
        if !difference.is_empty() {
            self.want(virtual_server);
        }
        Ok(difference)
    }

    fn check_update(
        &self,
        virtual_server: Handle,
        config: &VirtualServer,
    ) -> Result<(), UpdateError> {
        let key = self.servers.key(virtual_server);
        let state = self.servers.get(virtual_server);
        let (key, state) = key.zip(state).ok_or(UpdateError::Unknown)?;
        let occurrence = match key {
            VirtualServerKey::Service(_) => 0,
            VirtualServerKey::Group { occurrence, .. } => *occurrence,
        };
        if VirtualServerKey::of(config, occurrence).as_ref() != Some(key) {
            return Err(UpdateError::Key {
                ours: state.config.name.clone(),
                theirs: config.name.clone(),
            });
        }
        let new = difference::gone(&config.keys, &state.config.keys);
        let mut taken = new
            .into_iter()
            .filter(|key| self.reconciler.desired(key).is_some());
        match taken.next() {
            Some(service) => Err(UpdateError::Taken {
                name: config.name.clone(),
                service,
            }),
            None => Ok(()),
        }
    }

    /// Takes over what is not the real servers'.
    fn update_settings(
        &mut self,
        virtual_server: Handle,
        config: VirtualServer,
        hooks: Option<Hooks>,
        now: Instant,
    ) -> Vec<Setting> {
        let Some(state) = self.servers.get_mut(virtual_server) else {
            return Vec::new();
        };
        let mut settings = difference::settings(&state.config, &config);
        let party = 2 * virtual_server.to_bits();
        if update_hooks(&mut self.notifier, &mut state.quorum_hooks, hooks, party) {
            settings.push(Setting::Scripts);
            settings.sort_unstable();
        }
        state
            .pool
            .configure(pool_settings(&config), &mut Vec::new());
        let former = core::mem::replace(&mut state.config, config);
        let resumed = state.suspended && !state.config.ha_suspend;
        if resumed {
            state.suspended = false;
            info!("Activating healthcheckers of VS {}", state.config.name);
            let servers = state.pool.iter();
            for (checker, _) in servers.flat_map(|(server, _)| state.pool.checkers(server)) {
                self.checks.resume(checker_id(checker), now);
            }
        }
        for key in difference::gone(&former.keys, &state.config.keys) {
            self.reconciler.retire(&key);
            self.refusals.remove(&Some(key));
        }
        watch(&mut self.watched, &state.config);
        unwatch(&mut self.watched, &former);
        settings
    }

    fn update_real_servers(
        &mut self,
        virtual_server: Handle,
        prepared: Vec<PreparedRealServer>,
        now: Instant,
        difference: &mut Difference,
    ) {
        let Some(state) = self.servers.get(virtual_server) else {
            return;
        };
        let wanted: HashSet<_> = prepared.iter().map(|server| server.config.key).collect();
        let servers = state.pool.iter();
        let (stay, go): (Vec<_>, Vec<_>) = servers
            .map(|(handle, server)| (handle, server.config.key))
            .partition(|(_, key)| wanted.contains(key));
        for (real_server, key) in go {
            if self.extract_real_server(virtual_server, real_server, &mut Vec::new()) {
                difference.removed.push(key);
            }
        }
        let mut order = Vec::with_capacity(prepared.len());
        for server in prepared {
            let key = server.config.key;
            if let Some(real_server) = self.find_real_server(virtual_server, &key) {
                let changed = self.update_real_server(virtual_server, real_server, server, now);
                if !changed.is_empty() {
                    difference.changed.push((key, changed));
                }
                order.push(real_server);
            } else if let Some(real_server) =
                self.insert_real_server(virtual_server, server, now, &mut Vec::new())
            {
                difference.added.push(key);
                order.push(real_server);
            }
        }
        if let Some(state) = self.servers.get_mut(virtual_server) {
            state.pool.arrange(&order);
        }
        let stay: Vec<_> = stay.into_iter().map(|(handle, _)| handle).collect();
        let stayed: HashSet<_> = stay.iter().copied().collect();
        order.retain(|handle| stayed.contains(handle));
        difference.reordered = stay != order;
    }

    fn update_real_server(
        &mut self,
        virtual_server: Handle,
        real_server: Handle,
        prepared: PreparedRealServer,
        now: Instant,
    ) -> RealServerDifference {
        let mut difference = RealServerDifference::default();
        let Some(state) = self.servers.get_mut(virtual_server) else {
            return difference;
        };
        let PreparedRealServer {
            config,
            hooks,
            checkers,
        } = prepared;
        let server = Server {
            weight: config.weight,
            inhibit: config.inhibit_on_failure,
        };
        if let Some(running) = state.pool.get_mut(real_server) {
            difference.settings = difference::real_server(&running.config, &config);
            let party = 2 * virtual_server.to_bits() + 1;
            if update_hooks(&mut self.notifier, &mut running.hooks, hooks, party) {
                difference.settings.push(RealServerSetting::Scripts);
            }
            running.config = config;
        }
        state.pool.edit(real_server, server, &mut Vec::new());
        self.update_checkers(
            (virtual_server, real_server),
            checkers,
            now,
            &mut difference,
        );
        difference
    }

    fn update_checkers(
        &mut self,
        (virtual_server, real_server): (Handle, Handle),
        prepared: Vec<PreparedChecker>,
        now: Instant,
        difference: &mut RealServerDifference,
    ) {
        let Some(state) = self.servers.get(virtual_server) else {
            return;
        };
        let running = state.pool.checkers(real_server);
        let running = running.filter_map(|(handle, _)| {
            let state = self.checkers.get(handle)?;
            Some((handle, &state.config))
        });
        let (handles, configs): (Vec<_>, Vec<_>) = running.unzip();
        let wanted: Vec<_> = prepared.iter().map(|checker| &checker.config).collect();
        let pairs = difference::pair(&configs, &wanted);
        let mut go: Vec<_> = handles.iter().copied().map(Some).collect();
        let mut order = Vec::with_capacity(prepared.len());
        for (checker, pair) in prepared.into_iter().zip(pairs) {
            if let Some(handle) = pair.and_then(|place| go.get_mut(place)?.take()) {
                let changed = self.update_checker(handle, checker, now);
                difference.checkers_changed += usize::from(changed);
                order.push(handle);
            } else if let Some(handle) = self.add_checker(virtual_server, real_server, checker, now)
            {
                difference.checkers_added += 1;
                order.push(handle);
            }
        }
        for handle in go.into_iter().flatten() {
            difference.checkers_removed += usize::from(self.remove_checker(handle, now));
        }
        if let Some(state) = self.servers.get_mut(virtual_server) {
            state.pool.arrange_checkers(real_server, &order);
        }
    }

    /// Gives a checker other settings; whether they differ.
    fn update_checker(&mut self, checker: Handle, prepared: PreparedChecker, now: Instant) -> bool {
        let Some(state) = self.checkers.get_mut(checker) else {
            return false;
        };
        let PreparedChecker { config, kind } = prepared;
        let former = core::mem::replace(&mut state.config, config);
        let Checker {
            span: _,
            log_all_failures,
            check,
        } = &state.config;
        let logs = *log_all_failures != former.log_all_failures;
        let mut is_founded = false;
        let differs = match (kind.of(state.virtual_server.to_bits()), check) {
            (Kind::Probe(settings), _) => {
                let id = checker_id(checker);
                let running = self.checks.settings(id);
                let differs = running.is_none_or(|running| !running.is_same(&settings));
                is_founded = self.checks.is_founded(id);
                if differs {
                    self.checks.update(id, settings, now);
                }
                is_founded |= self.checks.is_founded(id);
                differs
            }
            (Kind::File { weight, .. }, Check::File(file)) => {
                let differs = former.check != *check;
                if differs && let Some(value) = self.files.update(&file.path, checker, weight) {
                    is_founded = true;
                    self.judge_file(checker, weight, value, now);
                }
                differs
            }
            (Kind::File { .. }, Check::Probe { .. }) => false,
        };
        if !is_founded {
            self.assume(checker, &former);
        }
        differs || logs
    }

    /// Has the verdict of a checker of which nothing is known be as its configuration says, if that
    /// differs (`alpha`).
    fn assume(&mut self, checker: Handle, former: &Checker) {
        let Some(state) = self.checkers.get(checker) else {
            return;
        };
        let verdict = assumed(&state.config);
        if verdict != assumed(former)
            && let Some(server) = self.servers.get_mut(state.virtual_server)
        {
            let pool = &mut server.pool;
            pool.report(state.real_server, checker, verdict, None, &mut Vec::new());
        }
    }
}

/// Gives a subject other scripts; whether they differ.
fn update_hooks(
    notifier: &mut Notifier,
    running: &mut Option<HooksId>,
    hooks: Option<Hooks>,
    party: u64,
) -> bool {
    match (*running, hooks) {
        (None, None) => false,
        (Some(id), Some(hooks)) => {
            let differ = notifier
                .get(id)
                .is_none_or(|running| !running.is_same(&hooks));
            if differ {
                notifier.update(id, hooks);
            }
            differ
        }
        (Some(id), None) => {
            notifier.remove(id);
            *running = None;
            true
        }
        (None, Some(hooks)) => {
            *running = Some(notifier.add(Hooks { party, ..hooks }));
            true
        }
    }
}

#[cfg(test)]
mod tests;
