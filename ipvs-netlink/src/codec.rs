//! The codec of [`Client`](crate::Client) without a socket, for the benchmarks.

use ipvs_core::Family;
use ipvs_core::record::{DestinationRecord, ServiceRecord};

use crate::{DecodeError, ErrorKind, Request, decode, encode};

/// Appends `request` to `datagram` as a netlink message.
///
/// # Errors
/// [`ErrorKind`] of what does not fit a message.
pub fn request(request: &Request, datagram: &mut Vec<u8>) -> Result<(), ErrorKind> {
    encode::request(request, 0, 0, datagram)
}

/// Reads a listed service from a generic-netlink payload.
///
/// # Errors
/// See [`DecodeError`].
pub fn service(payload: &[u8]) -> Result<ServiceRecord, DecodeError> {
    decode::service(payload)
}

/// Reads a listed destination of a service of `family` from a generic-netlink payload.
///
/// # Errors
/// See [`DecodeError`].
pub fn destination(payload: &[u8], family: Family) -> Result<DestinationRecord, DecodeError> {
    decode::destination(payload, family)
}
