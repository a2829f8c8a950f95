//! `keepalived.conf`: from text to a [`Config`].

mod model;
mod source;

pub use self::model::{
    Announce, Authentication, Broadcast, Config, DynamicInterfaces, Global, InitialState, Instance,
    Lifetime, MULTICAST_V4, MULTICAST_V6, Password, Peer, TrackedInterface, Transport,
    VirtualAddress, Vmac,
};
pub use self::source::{SourceId, Span};
