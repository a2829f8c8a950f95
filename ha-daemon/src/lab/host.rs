//! A host of the laboratory, inside its own process.

use core::convert::Infallible;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use super::namespace::{self, NamespaceError};
use super::pinger;
use super::probe::ProbeError;
use super::role::{INTERFACE, PREFIX_LEN, Role, VIRTUAL_ADDRESS};
use super::rtnl::{LinkError, Rtnl};
use super::visitor;
use super::web;

/// Written on standard output once the host has its namespaces.
pub(super) const READY: &str = "ready";

/// Becomes the host `role`: the hidden subcommand `lab-host`, started by [`run`](super::run) alone.
///
/// It takes namespaces of its own, says `ready` on standard output and waits for an octet on
/// standard input, which says that its interface is there. A director then becomes `ha-daemon run`;
/// the others wait for another octet, and ping, serve or ask until they are killed. The process dies with the one that started it.
///
/// # Errors
/// [`HostError`] with the step that failed.
pub fn run(role: Role) -> Result<(), HostError> {
    set_pdeathsig(Signal::SIGKILL).map_err(|errno| HostError::Channel(errno.into()))?;
    namespace::enter_host()?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{READY}").map_err(HostError::Channel)?;
    await_go()?;
    let rtnl = Rtnl::open()?;
    rtnl.set_up("lo")?;
    rtnl.set_up(INTERFACE)?;
    rtnl.add_address(INTERFACE, role.address(), PREFIX_LEN)?;
    match role {
        Role::DirectorA | Role::DirectorB => {
            become_director(role, role.configuration().unwrap_or_default())?;
        }
        Role::Client => {
            await_go()?;
            pinger::run(VIRTUAL_ADDRESS, &mut stdout)?;
        }
        Role::WebA | Role::WebB => {
            hold_quietly(&rtnl)?;
            await_go()?;
            match web::run(role)? {}
        }
        Role::Visitor => {
            await_go()?;
            visitor::run(VIRTUAL_ADDRESS, &mut stdout)?;
        }
    }
    Ok(())
}

/// Takes the virtual address without saying so to anybody, as direct routing wants of a real
/// server: only the director answers for it.
fn hold_quietly(rtnl: &Rtnl) -> Result<(), HostError> {
    for (setting, value) in [("arp_ignore", "1"), ("arp_announce", "2")] {
        fs::write(format!("/proc/sys/net/ipv4/conf/all/{setting}"), value)
            .map_err(|source| HostError::Setting { setting, source })?;
    }
    Ok(rtnl.add_address("lo", VIRTUAL_ADDRESS, 32)?)
}

fn await_go() -> Result<(), HostError> {
    io::stdin().read_exact(&mut [0]).map_err(HostError::Channel)
}

fn become_director(role: Role, configuration: &str) -> Result<Infallible, HostError> {
    let path = format!("/run/{role}.conf");
    fs::write(&path, configuration).map_err(HostError::Configuration)?;
    let error = Command::new("/proc/self/exe")
        .args(["run", "-f", &path])
        .exec();
    Err(HostError::Exec(error))
}

/// A host that could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The kernel refused a namespace.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The kernel refused to configure the interface.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The client could not ping, or the visitor not ask.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The web server could not listen.
    #[error("cannot serve")]
    Serve(#[source] io::Error),
    /// The kernel refused a setting.
    #[error("cannot set {setting}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The pipes to the process that started this one failed.
    #[error("cannot talk to the process that started this host")]
    Channel(#[source] io::Error),
    /// The director's configuration could not be written.
    #[error("cannot write the director's configuration")]
    Configuration(#[source] io::Error),
    /// The director could not be executed.
    #[error("cannot execute the director")]
    Exec(#[source] io::Error),
}
