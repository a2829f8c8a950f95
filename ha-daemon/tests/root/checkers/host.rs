//! An event loop with nothing but checkers.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::io::ErrorKind;

use ha_daemon::balancing::build::{Builder, Kind};
use ha_daemon::config::{LoadOptions, load_str};
use ha_daemon::health::attempt::Outcome;
use ha_daemon::health::driver::{CheckerId, Checks, Report};
use ha_daemon::health::schedule::BOOTSTRAP;
use ha_daemon::health::settings::Settings;
use ha_daemon::tokens::TokenRange;
use mio::{Events, Poll};
use vrrp_core::Instant;
use vrrp_mio::Clock;

pub(crate) struct Host {
    poll: Poll,
    events: Events,
    clock: Clock,
    /// How much later than the clock it is here.
    skipped: Duration,
    checks: Checks,
    /// When the last turn was.
    pub(crate) turned: Instant,
    /// How late the latest turn was that had slept until it was due.
    pub(crate) overslept: Duration,
}

impl Host {
    pub(crate) fn new(limit: usize) -> Self {
        let poll = Poll::new().unwrap();
        let limit = NonZeroUsize::new(limit).unwrap();
        let checks =
            Checks::new(poll.registry(), TokenRange::new(0, 1 << 16), limit, None).unwrap();
        let clock = Clock::new().unwrap();
        Self {
            poll,
            events: Events::with_capacity(256),
            clock,
            skipped: Duration::ZERO,
            checks,
            turned: clock.now(),
            overslept: Duration::ZERO,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now() + self.skipped
    }

    pub(crate) fn add(&mut self, id: u64, settings: Settings) {
        let now = self.now();
        self.checks.add(CheckerId(id), settings, now);
    }

    /// What is found in one turn of the loop.
    pub(crate) fn turn(&mut self) -> Vec<Report> {
        let deadline = self.checks.deadline();
        let before = self.now();
        let limit = deadline.map(|at| at.saturating_duration_since(before));
        let limit = limit.unwrap_or(Duration::from_secs(1));
        // A process that another test starts may interrupt this.
        while let Err(error) = self.poll.poll(&mut self.events, Some(limit)) {
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        }
        let now = self.now();
        let late = now.saturating_duration_since(before + limit);
        self.overslept = self.overslept.max(late);
        self.turned = now;
        for event in &self.events {
            self.checks.ready(event.token());
        }
        self.checks.fire(now);
        self.checks.reports()
    }

    /// The next thing found.
    pub(crate) fn report(&mut self) -> Report {
        let limit = self.now() + Duration::from_secs(30);
        loop {
            if let Some(report) = self.turn().pop() {
                return report;
            }
            assert!(self.now() < limit, "no attempt ended");
        }
    }

    /// A host with one checker, whose first attempt is due.
    pub(crate) fn with(settings: Settings) -> Self {
        let mut host = Self::new(1);
        host.add(0, settings);
        host.skipped += BOOTSTRAP;
        host
    }

    /// What the first attempt of a checker finds.
    pub(crate) fn outcome(settings: Settings) -> Outcome {
        Self::with(settings).report().outcome
    }
}

/// The only checker of a configuration.
pub(crate) fn settings(text: &str) -> Settings {
    let loaded = load_str("test.conf", text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, [], "{text}");
    let config = loaded.config;
    let mut builder = Builder::new(&config).unwrap();
    let checker = &config.virtual_servers[0].real_servers[0].checkers[0];
    match builder.checker(checker).unwrap() {
        Kind::Probe(settings) => settings,
        Kind::File { .. } => panic!("a file"),
    }
}
