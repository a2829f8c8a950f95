//! The macvlan interface that has a virtual router's MAC address.
//!
//! A macvlan in bridge mode on the router's interface: in private mode the kernel would deliver to
//! it the multicast of other routers that use the same virtual MAC, and the parent would not
//! receive their advertisements; one that is found in another mode is put in bridge mode. It is up
//! only in the Active state, for a Backup discards frames to the virtual MAC (RFC 9568 §6.4.2) and
//! must not teach switches that the MAC is here. It is in the VRF that its parent is in.
//!
//! ```
//! use vrrp_core::{Family, Instant, Vrid};
//! use vrrp_mio::Interfaces;
//! use vrrp_mio::macvlan::{Macvlan, MacvlanSpec, Presence};
//!
//! let vrid = Vrid::new(51).expect("1 to 255");
//! // On the interface of index 2.
//! let spec = MacvlanSpec::of_router(vrid, Family::V4, 2)?;
//! assert_eq!(spec.name.as_str(), "vrrp.51");
//! assert_eq!(spec.mac.to_string(), "00:00:5e:00:01:33");
//!
//! let mut macvlan = Macvlan::new(spec);
//! macvlan.want(Presence::Up);
//! // Nothing is to be done while the interface under it is not there.
//! assert_eq!(macvlan.next_step(&Interfaces::default(), Instant::EPOCH)?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod difference;
mod spec;

use core::time::Duration;

use nix::errno::Errno;
use thiserror::Error;
use vrrp_core::Instant;

pub use self::difference::Difference;
pub use self::spec::MacvlanSpec;
use crate::interfaces::{InterfaceName, Interfaces, Link, LinkKind};
use crate::netlink::{Request, RequestError};

/// How long the monitor may take to show what the kernel has acknowledged.
const CONFIRMATION: Duration = Duration::from_secs(1);
/// `MACVLAN_MODE_BRIDGE`.
const BRIDGE: u32 = 4;
/// Before the first repetition of a refused request; doubled each time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// Before any further repetition.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The wanted state of a macvlan.
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
    /// Read the interfaces again: the kernel does not report when the interface under a macvlan
    /// goes to another network namespace or returns from there, nor of the mode of one that is
    /// down.
    Reread,
}

/// The reason why a macvlan is not as wanted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MacvlanError {
    /// An interface of the name exists and is something else; it is left alone.
    #[error("interface {name} exists and {difference}")]
    NameTaken {
        /// The name.
        name: InterfaceName,
        /// What it is.
        difference: Difference,
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

/// Creates a macvlan and restores it when others change it.
///
/// It has no socket and no clock: after any change of the table of interfaces, the outcomes or the
/// time, call [`next_step`](Self::next_step) until it has none. One that is there already with the
/// right MAC address and parent, from an earlier run, is adopted. One that was made or adopted here
/// is deleted in the end, and made anew if somebody gives it another MAC address or name.
#[derive(Debug)]
pub struct Macvlan {
    spec: MacvlanSpec,
    wanted: Presence,
    asked: Option<Asked>,
    refusal: Option<Refusal>,
    refusals: u32,
    /// The index of the one that was made or adopted.
    own: Option<u32>,
    /// The kernel said that it made it, and the table is yet to show it.
    made: bool,
    /// The index of the one that was put in bridge mode, which nothing notifies of.
    bridged: Option<u32>,
    suppressed: Option<u32>,
    tuned: Option<u32>,
    /// Whether the interfaces were read again because the table may be wrong about it.
    reread: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Create,
    Bridge(u32),
    /// The interface, and the VRF it is to be in.
    Vrf(u32, Option<u32>),
    Suppress(u32),
    Up(u32),
    Down(u32),
    Delete(u32),
    /// Of the table, not of the kernel.
    Reread,
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
}

/// The kernel refused a change that is still due.
#[derive(Debug)]
struct Refusal {
    change: Change,
    source: RequestError,
    /// Do not ask again before this time.
    until: Instant,
}

impl Macvlan {
    /// A macvlan that is not wanted yet.
    #[must_use]
    pub const fn new(spec: MacvlanSpec) -> Self {
        Self {
            spec,
            wanted: Presence::Absent,
            asked: None,
            refusal: None,
            refusals: 0,
            own: None,
            made: false,
            bridged: None,
            suppressed: None,
            tuned: None,
            reread: false,
        }
    }

    /// Its configuration.
    #[must_use]
    pub const fn spec(&self) -> &MacvlanSpec {
        &self.spec
    }

    /// Says what it should be from now on.
    pub const fn want(&mut self, wanted: Presence) {
        self.wanted = wanted;
    }

    /// The interface, if it is there and the one that is meant.
    #[must_use]
    pub fn link<'a>(&self, interfaces: &'a Interfaces) -> Option<&'a Link> {
        interfaces
            .link_named(self.spec.name)
            .filter(|link| self.spec.is_met_by(link, interfaces))
    }

    /// Whether it can have addresses: it exists, in bridge mode, and prepared to be up.
    #[must_use]
    pub fn is_ready(&self, interfaces: &Interfaces) -> bool {
        self.link(interfaces)
            .is_some_and(|link| is_bridge(link) && self.tuned == Some(link.index))
    }

    /// What the kernel refuses of what is due, if anything.
    #[must_use]
    pub fn refusal(&self) -> Option<MacvlanError> {
        let refusal = self.refusal.as_ref()?;
        Some(MacvlanError::Request {
            name: self.spec.name,
            source: refusal.source.clone(),
        })
    }

    /// Whether the interface is as wanted.
    #[must_use]
    pub fn is_settled(&self, interfaces: &Interfaces) -> bool {
        let link = self.link(interfaces);
        match (self.wanted, link) {
            (Presence::Absent, Some(_)) => false,
            (Presence::Absent, None) => {
                let own = self.own.and_then(|own| interfaces.link(own));
                own.is_none() && self.asked.is_none()
            }
            (Presence::Down | Presence::Up, None) => false,
            (Presence::Down, Some(link)) => !link.flags.is_up(),
            (Presence::Up, Some(link)) => link.flags.is_up() && self.is_ready(interfaces),
        }
    }

    /// When to call [`next_step`](Self::next_step) even if nothing has changed.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let confirmed = match self.asked {
            None => None,
            Some(Asked { progress, .. }) => match progress {
                Answer::Outstanding => return None,
                Answer::Confirmed(at) => Some(at),
            },
        };
        let refused = self.refusal.as_ref().map(|refusal| refusal.until);
        confirmed.into_iter().chain(refused).min()
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
        let confirmed = match self.asked {
            None => None,
            Some(Asked { change, progress }) => match progress {
                Answer::Outstanding => return Ok(None),
                Answer::Confirmed(until) => (now < until).then_some(change),
            },
        };
        self.recognise(interfaces);
        let due = self.due(interfaces, confirmed == Some(Change::Reread));
        let change = match due {
            Ok(Some(Due::Change(change))) => Some(change),
            Ok(Some(Due::Tune(_)) | None) | Err(_) => None,
        };
        if (self.refusal.as_ref()).is_some_and(|refusal| change != Some(refusal.change)) {
            self.refusal = None;
            self.refusals = 0;
        }
        let refused = (self.refusal.as_ref()).is_some_and(|refusal| now < refusal.until);
        if due.is_err() {
            self.asked = None;
        }
        let change = match due? {
            Some(Due::Change(change)) if confirmed == Some(change) || refused => return Ok(None),
            Some(Due::Change(change)) => change,
            Some(Due::Tune(index)) => return Ok(Some(MacvlanStep::Tune { index })),
            // What is to be deleted is yet to appear in the table.
            None if self.wanted == Presence::Absent && confirmed == Some(Change::Create) => {
                return Ok(None);
            }
            None => {
                self.asked = None;
                return Ok(None);
            }
        };
        let request = self.request(change);
        let progress = match request {
            Some(_) => Answer::Outstanding,
            None => Answer::Confirmed(now + CONFIRMATION),
        };
        self.asked = Some(Asked { change, progress });
        self.reread |= request.is_none();
        Ok(Some(
            request.map_or(MacvlanStep::Reread, MacvlanStep::Request),
        ))
    }

    /// Notes which interface is ours.
    fn recognise(&mut self, interfaces: &Interfaces) {
        if (self.own).is_some_and(|own| interfaces.link(own).is_none()) {
            self.own = None;
        }
        let Some(link) = interfaces.link_named(self.spec.name) else {
            self.reread = false;
            return;
        };
        let meets = self.spec.is_met_by(link, interfaces);
        let made = self.made && matches!(link.kind, LinkKind::Macvlan { .. });
        if meets || made {
            self.own = Some(link.index);
            self.made = false;
        }
        if meets && is_bridge(link) || interfaces.link(self.spec.parent).is_none() {
            self.reread = false;
        }
    }

    fn due(&self, interfaces: &Interfaces, rereading: bool) -> Result<Option<Due>, MacvlanError> {
        let parent = interfaces.link(self.spec.parent);
        let own = self.own.and_then(|own| interfaces.link(own));
        if let Some(renamed) = own.filter(|link| link.name != self.spec.name) {
            return Ok(Some(Due::Change(Change::Delete(renamed.index))));
        }
        let Some(link) = interfaces.link_named(self.spec.name) else {
            let create = self.wanted != Presence::Absent && parent.is_some();
            return Ok(create.then_some(Due::Change(Change::Create)));
        };
        if let Some(difference) = self.spec.difference(link, interfaces) {
            let in_doubt = difference == Difference::Lower && (rereading || !self.reread);
            if in_doubt && self.wanted != Presence::Absent && parent.is_some() {
                return Ok(Some(Due::Change(Change::Reread)));
            }
            return self.differing(link, difference, parent.is_some());
        }
        let index = link.index;
        let up = link.flags.is_up();
        let change = match self.wanted {
            Presence::Absent => Change::Delete(index),
            Presence::Down | Presence::Up if !is_bridge(link) => {
                let in_doubt = self.bridged == Some(index) && (rereading || !self.reread);
                if in_doubt {
                    Change::Reread
                } else {
                    Change::Bridge(index)
                }
            }
            Presence::Down | Presence::Up if parent.is_some_and(|it| it.vrf != link.vrf) => {
                Change::Vrf(index, parent.and_then(|parent| parent.vrf))
            }
            Presence::Down | Presence::Up if up && self.tuned != Some(index) => Change::Down(index),
            Presence::Down | Presence::Up if self.suppressed != Some(index) => {
                Change::Suppress(index)
            }
            Presence::Down | Presence::Up if self.tuned != Some(index) => {
                return Ok(Some(Due::Tune(index)));
            }
            Presence::Down if up => Change::Down(index),
            // Whether the kernel still refuses is found out by asking.
            Presence::Down if self.is_refused(Change::Up(index)) => Change::Up(index),
            Presence::Up if !up && parent.is_some_and(|parent| parent.flags.is_up()) => {
                Change::Up(index)
            }
            // The kernel refuses it while the parent is down.
            Presence::Down | Presence::Up => return Ok(None),
        };
        Ok(Some(Due::Change(change)))
    }

    /// What to do about an interface that has the name and is not as it should be.
    fn differing(
        &self,
        link: &Link,
        difference: Difference,
        possible: bool,
    ) -> Result<Option<Due>, MacvlanError> {
        let own = self.own == Some(link.index);
        let delete = Due::Change(Change::Delete(link.index));
        match (self.wanted, own) {
            (Presence::Absent, true) => Ok(Some(delete)),
            (Presence::Absent, false) => Ok(None),
            (Presence::Down | Presence::Up, true) => Ok(possible.then_some(delete)),
            (Presence::Down | Presence::Up, false) => Err(MacvlanError::NameTaken {
                name: self.spec.name,
                difference,
            }),
        }
    }

    fn is_refused(&self, change: Change) -> bool {
        (self.refusal.as_ref()).is_some_and(|refusal| refusal.change == change)
    }

    const fn request(&self, change: Change) -> Option<Request> {
        Some(match change {
            Change::Create => Request::CreateMacvlan(self.spec),
            Change::Bridge(index) => Request::BridgeMacvlan { index },
            Change::Vrf(index, vrf) => Request::SetVrf { index, vrf },
            Change::Suppress(index) => Request::SuppressLinkLocal { index },
            Change::Up(index) => Request::SetLink { index, up: true },
            Change::Down(index) => Request::SetLink { index, up: false },
            Change::Delete(index) => Request::DeleteLink { index },
            Change::Reread => return None,
        })
    }

    /// The kernel parameters of interface `index` are set.
    pub const fn tuned(&mut self, index: u32) {
        self.tuned = Some(index);
    }

    /// Processes the outcome of the last request. A refused request is repeated with
    /// growing pauses of at most 10 seconds; [`refusal`](Self::refusal) has the reason.
    pub fn completed(&mut self, result: Result<(), RequestError>, now: Instant) {
        let Some(Asked { change, .. }) = self.asked else {
            return;
        };
        self.made |= change == Change::Create && result.is_ok();
        let failure = result.err().filter(|error| !is_already(change, error));
        let Some(source) = failure else {
            if let Change::Suppress(index) = change {
                self.suppressed = Some(index);
            }
            if let Change::Bridge(index) = change {
                self.bridged = Some(index);
                self.reread = false;
            }
            self.refusals = 0;
            self.refusal = None;
            self.asked = Some(Asked {
                change,
                progress: Answer::Confirmed(now + CONFIRMATION),
            });
            return;
        };
        let pause = SHORTEST_PAUSE
            .saturating_mul(1 << self.refusals.min(10))
            .min(LONGEST_PAUSE);
        self.refusals = self.refusals.saturating_add(1);
        self.asked = None;
        self.refusal = Some(Refusal {
            change,
            source,
            until: now + pause,
        });
    }
}

enum Due {
    Change(Change),
    Tune(u32),
}

fn is_bridge(link: &Link) -> bool {
    matches!(link.kind, LinkKind::Macvlan { mode: BRIDGE })
}

/// Whether the refusal says that there is nothing left to be done.
fn is_already(change: Change, error: &RequestError) -> bool {
    let errno = error.errno().map(Errno::from_raw);
    match change {
        Change::Create => errno == Some(Errno::EEXIST),
        // It is gone, which the table is about to show.
        Change::Delete(_)
        | Change::Bridge(_)
        | Change::Vrf(..)
        | Change::Suppress(_)
        | Change::Up(_)
        | Change::Down(_) => errno == Some(Errno::ENODEV),
        Change::Reread => false,
    }
}

#[cfg(test)]
mod tests;
