//! Log lines about scripts.

use core::fmt::Display;
use core::time::Duration;

use tracing::{debug, info, warn};

use super::{Event, Hooks};
use crate::script::Ending;

/// `up script /etc/up.sh of [192.0.2.1]:tcp:80`.
fn subject(hooks: &Hooks, event: Event) -> String {
    let word = match event {
        Event::Up => "up",
        Event::Down => "down",
    };
    let script = hooks.script(event);
    let program = script.map(|script| script.program().to_string_lossy());
    let program = program.unwrap_or_default();
    format!("{word} script {program} of {}", hooks.name)
}

pub(super) fn begun(hooks: &Hooks, event: Event) {
    debug!("Running {}", subject(hooks, event));
}

pub(super) fn ended(hooks: &Hooks, event: Event, ending: Ending) {
    let subject = subject(hooks, event);
    match ending {
        Ending::Exited(0) => debug!("The {subject} succeeded"),
        Ending::Exited(status) => warn!("The {subject} failed: exit status {status}"),
        Ending::Killed(signal) => warn!("The {subject} failed: ended by signal {signal}"),
        Ending::NotStarted(errno) => warn!("The {subject} cannot be run: {}", errno.desc()),
        Ending::NotRun | Ending::Lost => warn!("It is not known how the {subject} ended"),
    }
}

pub(super) fn too_long(hooks: &Hooks, event: Event, limit: Duration) {
    let subject = subject(hooks, event);
    warn!("The {subject} has run for {limit:?}; it is ended");
}

/// The reason is logged once, and not for the other scripts that it delays.
pub(super) fn put_off(hooks: &Hooks, event: Event, reason: impl Display) {
    let subject = subject(hooks, event);
    warn!("The {subject} cannot be started yet: {reason}; it is tried again every second");
}

pub(super) fn superseded(hooks: &Hooks, event: Event) {
    let subject = subject(hooks, event);
    info!("The {subject} is left out: there was another change before its turn");
}

pub(super) fn cut_short(hooks: &Hooks, event: Event) {
    let subject = subject(hooks, event);
    warn!("The {subject} still runs at shutdown; it is ended");
}

pub(super) fn not_run(hooks: &Hooks, event: Event) {
    let subject = subject(hooks, event);
    warn!("The {subject} is not run: there is no time left before shutdown");
}
