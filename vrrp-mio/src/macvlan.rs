//! The interface that bears a virtual router's MAC address.
//!
//! A macvlan in bridge mode on the router's interface: in private mode the kernel would hand it the
//! multicast of other routers that use the same virtual MAC, and the parent would not hear their
//! advertisements. It is up only in the Active state, for a Backup discards frames to the virtual
//! MAC (D1) and must not teach switches that the MAC is here.

use core::time::Duration;

use nix::errno::Errno;
use thiserror::Error;
use vrrp_core::{Family, Instant, MacAddr, Vrid};

use crate::interfaces::{InterfaceName, InterfaceNameError, Interfaces, Link, LinkKind};
use crate::netlink::{Request, RequestError};

/// How long the monitor may take to show what the kernel has acknowledged.
const CONFIRMATION: Duration = Duration::from_secs(1);
/// Before the first repetition of a refused request; doubled each time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// Before any further repetition.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A macvlan that bears a virtual MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacvlanSpec {
    /// Its name.
    pub name: InterfaceName,
    /// The index of the interface it sits on.
    pub parent: u32,
    /// The virtual MAC address.
    pub mac: MacAddr,
}

impl MacvlanSpec {
    /// The macvlan of a virtual router: `vrrp.VRID` over IPv4, `vrrp6.VRID` over IPv6.
    ///
    /// # Errors
    /// Never: both names are short. The type says so where a constant cannot.
    pub fn of_router(vrid: Vrid, family: Family, parent: u32) -> Result<Self, InterfaceNameError> {
        let prefix = match family {
            Family::V4 => "vrrp",
            Family::V6 => "vrrp6",
        };
        Ok(Self {
            name: format!("{prefix}.{vrid}").parse()?,
            parent,
            mac: vrid.virtual_mac(family),
        })
    }

    fn describes(&self, link: &Link) -> bool {
        matches!(link.kind, LinkKind::Macvlan { .. })
            && link.parent == Some(self.parent)
            && link.mac == Some(self.mac)
    }
}

/// What a macvlan should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Not there.
    Absent,
    /// There, and set down.
    Down,
    /// There, and set up.
    Up,
}

/// What is to be done next about a macvlan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MacvlanStep {
    /// Have this carried out, and report the outcome to [`Macvlan::completed`].
    Request(Request),
    /// Set the kernel parameters of the interface, which is there and down, and call
    /// [`Macvlan::tuned`].
    Tune {
        /// Its index.
        index: u32,
    },
}

/// A macvlan cannot be as wanted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MacvlanError {
    /// An interface of the name exists and is something else; it is left alone.
    #[error("interface {name} exists and is not a macvlan of {mac} on the same parent")]
    NameTaken {
        /// The name.
        name: InterfaceName,
        /// The virtual MAC address it lacks.
        mac: MacAddr,
    },
    /// The kernel refused; it is asked again later.
    #[error("the kernel refused a change to interface {name}")]
    Request {
        /// The name.
        name: InterfaceName,
        /// Why.
        source: RequestError,
    },
}

/// Keeps a macvlan as it is wanted, whatever others do to it.
///
/// A pure function of the table of interfaces, the outcomes and the time: after any change of
/// these, call [`next_step`](Self::next_step) until it has none. One that is there already with the
/// right MAC address and parent, from an earlier run, is adopted.
#[derive(Debug)]
pub struct Macvlan {
    spec: MacvlanSpec,
    wanted: Presence,
    asked: Option<Asked>,
    suppressed: Option<u32>,
    tuned: Option<u32>,
    refusals: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Create,
    Suppress(u32),
    Up(u32),
    Down(u32),
    Delete(u32),
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    change: Change,
    progress: Answer,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Outstanding,
    /// Do not ask the same again before this time; the table should show it by then.
    Confirmed(Instant),
    /// Do not ask anything before this time.
    Refused(Instant),
}

impl Macvlan {
    /// A macvlan that is not wanted yet.
    #[must_use]
    pub const fn new(spec: MacvlanSpec) -> Self {
        Self {
            spec,
            wanted: Presence::Absent,
            asked: None,
            suppressed: None,
            tuned: None,
            refusals: 0,
        }
    }

    /// What it is to look like.
    #[must_use]
    pub const fn spec(&self) -> &MacvlanSpec {
        &self.spec
    }

    /// Says what it should be from now on.
    pub const fn want(&mut self, wanted: Presence) {
        self.wanted = wanted;
    }

    /// The interface, if it is there and ours.
    #[must_use]
    pub fn link<'a>(&self, interfaces: &'a Interfaces) -> Option<&'a Link> {
        interfaces
            .link_named(self.spec.name)
            .filter(|link| self.spec.describes(link))
    }

    /// Whether the interface is as wanted.
    #[must_use]
    pub fn is_settled(&self, interfaces: &Interfaces) -> bool {
        match (self.wanted, self.link(interfaces)) {
            (Presence::Absent, link) => link.is_none() && self.asked.is_none(),
            (Presence::Down | Presence::Up, None) => false,
            (Presence::Down, Some(link)) => !link.flags.is_up(),
            (Presence::Up, Some(link)) => link.flags.is_up() && self.tuned == Some(link.index),
        }
    }

    /// When to call [`next_step`](Self::next_step) even if nothing has changed.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.asked?.progress {
            Answer::Outstanding => None,
            Answer::Confirmed(at) | Answer::Refused(at) => Some(at),
        }
    }

    /// What is to be done now, if anything.
    ///
    /// # Errors
    /// If another interface has the name.
    pub fn next_step(
        &mut self,
        interfaces: &Interfaces,
        now: Instant,
    ) -> Result<Option<MacvlanStep>, MacvlanError> {
        let blocked = match self.asked {
            None => None,
            Some(Asked { change, progress }) => match progress {
                Answer::Outstanding => return Ok(None),
                Answer::Refused(until) if now < until => return Ok(None),
                Answer::Confirmed(until) if now < until => Some(change),
                Answer::Refused(_) | Answer::Confirmed(_) => None,
            },
        };
        let change = match self.due(interfaces)? {
            Some(Due::Change(change)) if blocked != Some(change) => change,
            Some(Due::Change(_)) => return Ok(None),
            Some(Due::Tune(index)) => return Ok(Some(MacvlanStep::Tune { index })),
            // What is to be deleted is yet to appear in the table.
            None if self.wanted == Presence::Absent && blocked == Some(Change::Create) => {
                return Ok(None);
            }
            None => {
                self.asked = None;
                return Ok(None);
            }
        };
        self.asked = Some(Asked {
            change,
            progress: Answer::Outstanding,
        });
        Ok(Some(MacvlanStep::Request(self.request(change))))
    }

    fn due(&self, interfaces: &Interfaces) -> Result<Option<Due>, MacvlanError> {
        let Some(link) = interfaces.link_named(self.spec.name) else {
            let possible = interfaces.link(self.spec.parent).is_some();
            let create = self.wanted != Presence::Absent && possible;
            return Ok(create.then_some(Due::Change(Change::Create)));
        };
        if !self.spec.describes(link) {
            return match self.wanted {
                Presence::Absent => Ok(None),
                Presence::Down | Presence::Up => Err(MacvlanError::NameTaken {
                    name: self.spec.name,
                    mac: self.spec.mac,
                }),
            };
        }
        let index = link.index;
        let up = link.flags.is_up();
        Ok(match self.wanted {
            Presence::Absent => Some(Due::Change(Change::Delete(index))),
            Presence::Down | Presence::Up if up && self.tuned != Some(index) => {
                Some(Due::Change(Change::Down(index)))
            }
            Presence::Down | Presence::Up if self.suppressed != Some(index) => {
                Some(Due::Change(Change::Suppress(index)))
            }
            Presence::Down | Presence::Up if self.tuned != Some(index) => Some(Due::Tune(index)),
            Presence::Down => up.then_some(Due::Change(Change::Down(index))),
            // The kernel refuses it while the parent is down.
            Presence::Up => {
                let parent = interfaces.link(self.spec.parent);
                let possible = parent.is_some_and(|parent| parent.flags.is_up());
                (!up && possible).then_some(Due::Change(Change::Up(index)))
            }
        })
    }

    const fn request(&self, change: Change) -> Request {
        match change {
            Change::Create => Request::CreateMacvlan(self.spec),
            Change::Suppress(index) => Request::SuppressLinkLocal { index },
            Change::Up(index) => Request::SetLink { index, up: true },
            Change::Down(index) => Request::SetLink { index, up: false },
            Change::Delete(index) => Request::DeleteLink { index },
        }
    }

    /// The kernel parameters of interface `index` are set.
    pub const fn tuned(&mut self, index: u32) {
        self.tuned = Some(index);
    }

    /// Takes in the outcome of the last request.
    ///
    /// # Errors
    /// If the kernel refused, for the caller to report; it is asked again with growing pauses of at
    /// most 10 seconds.
    pub fn completed(
        &mut self,
        result: Result<(), RequestError>,
        now: Instant,
    ) -> Result<(), MacvlanError> {
        let Some(Asked { change, .. }) = self.asked else {
            return Ok(());
        };
        let failure = result.err().filter(|error| !is_already(change, error));
        let Some(source) = failure else {
            if let Change::Suppress(index) = change {
                self.suppressed = Some(index);
            }
            self.refusals = 0;
            self.asked = Some(Asked {
                change,
                progress: Answer::Confirmed(now + CONFIRMATION),
            });
            return Ok(());
        };
        let pause = SHORTEST_PAUSE
            .saturating_mul(1 << self.refusals.min(10))
            .min(LONGEST_PAUSE);
        self.refusals = self.refusals.saturating_add(1);
        self.asked = Some(Asked {
            change,
            progress: Answer::Refused(now + pause),
        });
        Err(MacvlanError::Request {
            name: self.spec.name,
            source,
        })
    }
}

enum Due {
    Change(Change),
    Tune(u32),
}

/// Whether the refusal says that things are as they should be.
fn is_already(change: Change, error: &RequestError) -> bool {
    let errno = error.errno().map(Errno::from_raw);
    match change {
        Change::Create => errno == Some(Errno::EEXIST),
        Change::Delete(_) => errno == Some(Errno::ENODEV),
        Change::Suppress(_) | Change::Up(_) | Change::Down(_) => false,
    }
}

#[cfg(test)]
mod tests;
