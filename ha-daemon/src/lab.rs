//! A laboratory on one machine: `ha-daemon lab`.
//!
//! Two directors and a client, each a process in network and mount namespaces of its own, on a
//! bridge in a namespace of the laboratory's own. Two real daemons run the configurations of
//! `examples/`; the client pings the virtual address; the master is killed, brought back and
//! stopped, and what happens is measured on the wire and at the client.
//!
//! It needs root or unprivileged user namespaces, bridges and veth pairs, and no other program.
//! Nothing is left behind, however it ends: the namespaces live as long as their processes, and
//! those die with the laboratory.

mod failover;
mod host;
mod namespace;
mod pinger;
mod process;
mod record;
mod report;
mod rig;
mod role;
mod rtnl;
mod tap;

use core::time::Duration;
use std::io::{self, IsTerminal};
use std::process::ExitStatus;

pub use self::failover::StepKind;
pub use self::host::{HostError, run as run_host};
pub use self::namespace::NamespaceError;
pub use self::pinger::PingError;
pub use self::process::Tail;
pub use self::role::{Role, UnknownRole};
pub use self::rtnl::{Explanation, LinkError, Request};

use self::report::{Seconds, Timeline};
use self::rig::Rig;
use self::role::VIRTUAL_ADDRESS;

/// How the laboratory runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Print what the daemons log, too.
    pub verbose: bool,
}

/// Runs the laboratory, about 15 seconds, and prints what happens on standard output.
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
    for role in [Role::DirectorA, Role::DirectorB] {
        let (name, address) = (role.name(), role.address().to_string());
        timeline.line(format_args!(
            "  {name:<10}  {address:<10}  examples/{name}.conf"
        ))?;
    }
    let (name, address) = (Role::Client.name(), Role::Client.address().to_string());
    timeline.line(format_args!(
        "  {name:<10}  {address:<10}  pings {VIRTUAL_ADDRESS} every {} ms\n",
        pinger::PERIOD.as_millis()
    ))?;
    failover::run(&mut rig, &mut timeline, options)
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
    /// A step took longer than the protocol allows, by more than a loaded machine explains.
    #[error("{step} came {} later than the protocol allows", Seconds(*by))]
    Late {
        /// The step.
        step: StepKind,
        /// How much later.
        by: Duration,
    },
    /// A director took over before the protocol allows.
    #[error("{step} came {} earlier than the protocol allows", Seconds(*by))]
    Early {
        /// The step.
        step: StepKind,
        /// How much earlier.
        by: Duration,
    },
    /// SIGINT, SIGTERM or SIGHUP.
    #[error("interrupted")]
    Interrupted,
}

fn display(tail: Option<&Tail>) -> String {
    tail.map(ToString::to_string).unwrap_or_default()
}
