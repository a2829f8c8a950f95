//! Events of an endpoint: what its owner is to do, or may want to know.

use super::TransmitError;
use crate::{Instant, Transition};

/// What an endpoint asks of its owner, or tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointEvent {
    /// Put the virtual addresses of the storage in place, and the virtual MAC address where one is
    /// used; take others away that an [update](super::Endpoint::update) has left behind. Tell of
    /// each address that is in place with [`Endpoint::installed`](super::Endpoint::installed), of
    /// those that were there already as well.
    AddAddresses,
    /// Take the virtual addresses away.
    RemoveAddresses,
    /// The Active Router is down and this router is held: ask its sync group.
    Candidate,
    /// The router changed its role.
    Transition(Transition),
    /// A packet or a frame was not made.
    NotSent(TransmitError),
}

/// Events that are not polled yet: one of each kind, the latest. So there is a bound, and what is to
/// be done about the addresses is always what is to be done now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) addresses: Option<Wanted>,
    pub(super) candidate: bool,
    /// The last transition is to be told.
    pub(super) transition: bool,
    pub(super) not_sent: Option<TransmitError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Present,
    Absent,
}

/// The last change of role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tenure {
    /// When it happened, or when the endpoint was made.
    pub(super) since: Instant,
    pub(super) transition: Option<Transition>,
}

impl Pending {
    pub(super) fn next(&mut self, tenure: &Tenure) -> Option<EndpointEvent> {
        if let Some(wanted) = self.addresses.take() {
            return Some(match wanted {
                Wanted::Present => EndpointEvent::AddAddresses,
                Wanted::Absent => EndpointEvent::RemoveAddresses,
            });
        }
        if core::mem::take(&mut self.candidate) {
            return Some(EndpointEvent::Candidate);
        }
        if core::mem::take(&mut self.transition)
            && let Some(transition) = tenure.transition
        {
            return Some(EndpointEvent::Transition(transition));
        }
        self.not_sent.take().map(EndpointEvent::NotSent)
    }
}
