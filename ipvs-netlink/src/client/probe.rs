//! Detection of the kernel profile.

use core::net::{IpAddr, Ipv4Addr};
use core::num::NonZeroU32;

use ipvs_core::{
    Destination, DestinationKey, Family, Forwarding, KernelProfile, Name, Scheduler, Service,
    ServiceKey,
};

use super::Client;
use crate::error::{Error, ErrorKind};
use crate::transport::Transport;

/// The first packet mark to try: no small number, as people choose, and no single bit.
const FIRST_MARK: u32 = 0x7eda_5c3b;
/// How many to try before the error is that such a service exists.
const MARKS: u32 = 16;
/// The upper threshold that only the older generation accepts.
const THRESHOLD: u32 = 1 << 31;

/// Adds a destination with the threshold to a service that takes no packets, as nothing sets its
/// mark; it would give them none either, for want of a scheduler and of weight.
pub(super) fn profile<S: Transport>(client: &mut Client<S>) -> Result<KernelProfile, Error> {
    let key = add_service(client)?;
    let found = ask(client, &key);
    let deleted = client.delete_service(&key);
    let found = found?;
    deleted?;
    Ok(found)
}

fn add_service<S: Transport>(client: &mut Client<S>) -> Result<ServiceKey, Error> {
    let scheduler = Name::new("none").map_or(Scheduler::Rr, Scheduler::Other);
    let mut mark = FIRST_MARK;
    loop {
        let key = ServiceKey::Mark {
            mark: NonZeroU32::new(mark).unwrap_or(NonZeroU32::MAX),
            family: Family::V4,
        };
        match client.add_service(&Service::new(key, scheduler)) {
            Ok(()) => return Ok(key),
            Err(error) if error.kind == ErrorKind::ServiceExists && mark < FIRST_MARK + MARKS => {
                mark += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

fn ask<S: Transport>(client: &mut Client<S>, key: &ServiceKey) -> Result<KernelProfile, Error> {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut destination =
        Destination::new(DestinationKey::new(address, 0), Forwarding::Masquerade, 0);
    destination.upper = THRESHOLD;
    match client.add_destination(key, &destination) {
        Ok(()) => Ok(KernelProfile::Legacy),
        Err(error) if error.kind == ErrorKind::Invalid => {
            // It was the threshold, if without it there is no objection.
            destination.upper = 0;
            client.add_destination(key, &destination)?;
            Ok(KernelProfile::TotalConnections)
        }
        Err(error) => Err(error),
    }
}
