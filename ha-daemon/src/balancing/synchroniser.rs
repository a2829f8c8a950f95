//! The kernel's connection synchronisation daemons, which follow the state of an instance.

use std::collections::VecDeque;

use ipvs_core::{SyncDaemon, SyncRole};
use ipvs_netlink::{Reply, Request};
use vrrp_core::Role;

use crate::config::Synchronisation;

/// Which daemons are to run, and the requests that make it so.
///
/// With an instance the master daemon runs while that is Active and the backup daemon otherwise;
/// without one both run.
#[derive(Debug)]
pub struct Synchroniser {
    settings: Synchronisation,
    /// `None` until the instance has a role.
    role: Option<Role>,
    stopping: bool,
    /// Whether the running daemons are to be asked for.
    ask: bool,
    requests: VecDeque<Request>,
}

impl Synchroniser {
    /// Nothing runs yet.
    #[must_use]
    pub const fn new(settings: Synchronisation) -> Self {
        Self {
            settings,
            role: None,
            stopping: false,
            ask: true,
            requests: VecDeque::new(),
        }
    }

    /// The instance called `name` has a role.
    pub fn note_role(&mut self, name: &str, role: Role) {
        if self.settings.instance.as_deref() == Some(name) && self.role != Some(role) {
            self.role = Some(role);
            self.ask = true;
        }
    }

    /// Looks again at what runs.
    pub const fn verify(&mut self) {
        self.ask = true;
    }

    /// No daemon is to run any more.
    pub const fn stop(&mut self) {
        self.stopping = true;
        self.ask = true;
    }

    /// The next request.
    pub fn poll(&mut self) -> Option<Request> {
        if let Some(request) = self.requests.pop_front() {
            return Some(request);
        }
        core::mem::take(&mut self.ask).then_some(Request::Daemons)
    }

    /// Whether nothing is left to be asked.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.ask && self.requests.is_empty()
    }

    fn is_wanted(&self, role: SyncRole) -> bool {
        let active = self.role == Some(Role::Active);
        match (self.stopping, &self.settings.instance) {
            (true, _) => false,
            (false, None) => true,
            (false, Some(_)) => active == (role == SyncRole::Master),
        }
    }

    /// The kernel answered.
    pub fn answer(&mut self, reply: &Reply) {
        let Reply::Daemons(running) = reply else {
            return;
        };
        self.requests.clear();
        for daemon in running {
            if !(self.is_wanted(daemon.role) && self.is_ours(daemon)) {
                self.requests.push_back(Request::StopDaemon(daemon.role));
            }
        }
        for role in [SyncRole::Master, SyncRole::Backup] {
            let runs = running
                .iter()
                .any(|daemon| daemon.role == role && self.is_ours(daemon));
            if self.is_wanted(role) && !runs {
                let daemon = self.settings.daemon(role);
                self.requests.push_back(Request::StartDaemon(daemon));
            }
        }
    }

    /// Whether a running daemon is as configured, where that says something.
    fn is_ours(&self, running: &SyncDaemon) -> bool {
        fn fits<T: PartialEq>(wanted: Option<T>, running: Option<T>) -> bool {
            wanted.is_none() || wanted == running
        }
        let wanted = self.settings.daemon(running.role);
        wanted.interface == running.interface
            && wanted.id == running.id
            && fits(wanted.max_length, running.max_length)
            && fits(wanted.group, running.group)
            && fits(wanted.port, running.port)
            && fits(wanted.ttl, running.ttl)
    }
}

#[cfg(test)]
mod tests {
    use ipvs_core::Name;

    use super::*;

    fn settings(instance: Option<&str>) -> Synchronisation {
        Synchronisation {
            interface: Name::new("eth1").unwrap(),
            instance: instance.map(str::to_owned),
            id: 51,
            max_length: None,
            port: None,
            ttl: None,
            group: None,
        }
    }

    /// What the kernel runs after everything was carried out.
    fn settle(synchroniser: &mut Synchroniser, running: &mut Vec<SyncDaemon>) {
        while let Some(request) = synchroniser.poll() {
            if request == Request::Daemons {
                synchroniser.answer(&Reply::Daemons(running.clone()));
            } else if let Request::StartDaemon(daemon) = request {
                assert!(running.iter().all(|other| other.role != daemon.role));
                running.push(daemon);
            } else if let Request::StopDaemon(role) = request {
                running.retain(|daemon| daemon.role != role);
            } else {
                panic!("{request}");
            }
        }
        assert!(synchroniser.is_done());
    }

    fn roles(running: &[SyncDaemon]) -> Vec<SyncRole> {
        running.iter().map(|daemon| daemon.role).collect()
    }

    #[test]
    fn the_daemon_follows_the_instance() {
        let mut synchroniser = Synchroniser::new(settings(Some("VI_1")));
        let mut running = Vec::new();
        for (name, role, expected) in [
            ("VI_1", Role::Backup, SyncRole::Backup),
            ("VI_1", Role::Active, SyncRole::Master),
            ("VI_2", Role::Backup, SyncRole::Master),
            ("VI_1", Role::Initialize, SyncRole::Backup),
        ] {
            synchroniser.note_role(name, role);
            settle(&mut synchroniser, &mut running);
            assert_eq!(roles(&running), [expected]);
        }
        synchroniser.stop();
        settle(&mut synchroniser, &mut running);
        assert!(running.is_empty());
    }

    #[test]
    fn without_an_instance_both_run() {
        let mut synchroniser = Synchroniser::new(settings(None));
        let mut running = Vec::new();
        settle(&mut synchroniser, &mut running);
        assert_eq!(roles(&running), [SyncRole::Master, SyncRole::Backup]);
    }

    #[test]
    fn a_daemon_of_other_settings_is_replaced() {
        let mut synchroniser = Synchroniser::new(settings(Some("VI_1")));
        let other = Synchronisation {
            id: 7,
            ..settings(None)
        };
        let mut running = vec![other.daemon(SyncRole::Backup)];
        settle(&mut synchroniser, &mut running);
        assert_eq!(running.first().map(|daemon| daemon.id), Some(51));
    }
}
