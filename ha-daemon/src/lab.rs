//! A laboratory on one machine: `ha-daemon lab`.
//!
//! Two directors and a client, each a process in network and mount namespaces of its own, on a
//! bridge in a namespace of the laboratory's own. Two real daemons run the configurations of
//! `examples/`; the client pings the virtual address; the master is killed, brought back and
//! stopped, and what happens is measured on the wire and at the client.
//!
//! On a kernel with IPVS there is a second act: two web servers behind the virtual address. One of
//! them is killed and brought back, and then the master is killed, while requests go on.
//!
//! It needs root or unprivileged user namespaces, bridges and veth pairs, and no other program; the
//! second act needs root. Nothing is left behind, however it ends: the namespaces live as long as
//! their processes, and those die with the laboratory.

mod act;
mod balancing;
mod failover;
mod host;
mod namespace;
mod pinger;
mod probe;
mod process;
mod record;
mod report;
mod requests;
mod rig;
mod role;
mod rtnl;
mod tap;
mod visitor;
mod web;

use core::time::Duration;
use std::io::{self, IsTerminal};
use std::process::ExitStatus;

use ipvs_netlink::{Client, ConnectError};

pub use self::failover::StepKind;
pub use self::host::{HostError, run as run_host};
pub use self::namespace::NamespaceError;
pub use self::probe::ProbeError;
pub use self::process::Tail;
pub use self::role::{Role, UnknownRole};
pub use self::rtnl::{Explanation, LinkError, Request};

use self::act::Act;
use self::report::{Seconds, Timeline};
use self::rig::Rig;
use self::role::VIRTUAL_ADDRESS;

/// How the laboratory runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Print what the daemons log, too.
    pub verbose: bool,
}

/// Runs the laboratory, about 15 seconds or with the second act 40, and prints what happens on standard output.
///
/// The process stays in the laboratory's namespaces with SIGINT, SIGTERM and SIGHUP blocked, so
/// call this from a process that does nothing else, while it is still single-threaded. The hosts
/// are this same program, started with `lab-host NAME` ([`run_host`]) and `run -f FILE`.
///
/// # Errors
/// [`LabError`] with what the kernel refused, which host failed and what it wrote, or which step
/// did not keep the protocol's time.
pub fn run(options: &Options) -> Result<(), LabError> {
    namespace::enter()?;
    let mut rig = Rig::build()?;
    let stdout = io::stdout().lock();
    let terminal = stdout.is_terminal();
    let mut timeline = Timeline::new(stdout, rig.now(), terminal);
    timeline.line("Two directors and a client on a bridge, in network namespaces of their own:")?;
    let mut act = Act {
        rig: &mut rig,
        timeline: &mut timeline,
        options,
    };
    for role in [Role::DirectorA, Role::DirectorB] {
        act.introduce(role, format_args!("examples/{role}.conf"))?;
    }
    let period = pinger::PERIOD.as_millis();
    let what = format_args!("pings {VIRTUAL_ADDRESS} every {period} ms\n");
    act.introduce(Role::Client, what)?;
    failover::play(&mut act)?;
    match Client::connect() {
        Ok(_) => balancing::play(&mut act),
        Err(error) => act.timeline.line(left_out(&error)),
    }
}

/// Why there is no second act.
fn left_out(error: &ConnectError) -> String {
    let reason = if matches!(error, ConnectError::NotAvailable) {
        "this kernel has no ip_vs".to_owned()
    } else if matches!(error, ConnectError::Permission) {
        "IPVS takes root".to_owned()
    } else {
        crate::observe::log::chain(error)
    };
    format!(
        "\nThe second act, requests to two web servers behind {VIRTUAL_ADDRESS}, is left out: \
         {reason}.\n`bash .ci/run vm lab` shows both acts in a guest whose kernel has it."
    )
}

/// A laboratory that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// The kernel refused a namespace.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The kernel refused a link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// No packet socket on the bridge.
    #[error("cannot watch the bridge")]
    Tap(#[source] io::Error),
    /// Signals could not be taken.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
    /// The clock failed.
    #[error("cannot read the clock")]
    Clock(#[source] io::Error),
    /// Waiting failed.
    #[error("cannot wait for the hosts")]
    Poll(#[source] io::Error),
    /// Standard output is gone.
    #[error("cannot print")]
    Print(#[source] io::Error),
    /// A host's process could not be started.
    #[error("cannot start {role}")]
    Spawn {
        /// The host.
        role: Role,
        /// Why.
        source: io::Error,
    },
    /// A host's process could not be stopped.
    #[error("cannot stop {role}")]
    Stop {
        /// The host.
        role: Role,
        /// Why.
        source: io::Error,
    },
    /// A host's output could not be read.
    #[error("cannot read the output of {role}")]
    Output {
        /// The host.
        role: Role,
        /// Why.
        source: io::Error,
    },
    /// A host ended by itself.
    #[error("{role} ended ({status}){tail}")]
    HostExited {
        /// The host.
        role: Role,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote last.
        tail: Tail,
    },
    /// A host did not do in time what it was asked to.
    #[error("{role} did not {what} in time{}", display(tail.as_ref()))]
    HostSilent {
        /// The host.
        role: Role,
        /// What it was asked to do.
        what: &'static str,
        /// What it wrote last.
        tail: Option<Tail>,
    },
    /// The client had no answer although there was a master.
    #[error("{VIRTUAL_ADDRESS} does not answer although a director is MASTER")]
    NoAnswer,
    /// A step took longer than the protocol or the configuration allows, by more than a loaded machine explains.
    #[error("{step} came {} later than allowed", Seconds(*by))]
    Late {
        /// The step.
        step: StepKind,
        /// How much later.
        by: Duration,
    },
    /// A director took over before the protocol allows.
    #[error("{step} came {} earlier than allowed", Seconds(*by))]
    Early {
        /// The step.
        step: StepKind,
        /// How much earlier.
        by: Duration,
    },
    /// Requests were lost that should not have been.
    #[error("{step}: {lost} request{} lost", if *lost == 1 { "" } else { "s" })]
    Lost {
        /// The step.
        step: StepKind,
        /// How many.
        lost: usize,
    },
    /// The web servers did not get requests in turn.
    #[error("requests were not spread in turn: web-a had {web_a}, web-b {web_b}")]
    Uneven {
        /// What the first had.
        web_a: usize,
        /// What the second had.
        web_b: usize,
    },
    /// SIGINT, SIGTERM or SIGHUP.
    #[error("interrupted")]
    Interrupted,
}

fn display(tail: Option<&Tail>) -> String {
    tail.map(ToString::to_string).unwrap_or_default()
}
