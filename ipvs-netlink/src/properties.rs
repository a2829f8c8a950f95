//! Properties that hold for every input, as functions that panic where they are broken.
//!
//! Property tests (`cargo test`) and the fuzz targets of the workspace call the same function.

#![expect(clippy::expect_used, reason = "a property that does not hold panics")]

use ipvs_core::{Family, ServiceKey};

use crate::decode::{self, DecodeError};
use crate::encode;
use crate::frame::{Acknowledgement, Messages, NLMSG_DONE, NLMSG_ERROR};
use crate::request::Request;

/// Octets of `struct nlmsghdr`.
const HEADER: usize = 16;

/// A datagram from a kernel: no reader of messages, verdicts or attributes panics, and what is
/// decoded is decoded again from the request that would set it in the kernel.
///
/// # Panics
/// If that does not hold for `datagram`.
pub fn answers(datagram: &[u8]) {
    payload(datagram);
    let mut left = datagram.len();
    for message in Messages::new(datagram) {
        let Ok(mut message) = message else {
            continue;
        };
        left = left
            .checked_sub(HEADER + message.payload.len())
            .expect("messages do not overlap");
        payload(message.payload);
        for kind in [message.kind, NLMSG_ERROR, NLMSG_DONE] {
            message.kind = kind;
            let verdict = Acknowledgement::decode(&message);
            assert!(verdict.is_none_or(|verdict| verdict.errno > i32::MIN));
        }
    }
}

/// What is in a message, taken for everything it could be.
fn payload(octets: &[u8]) {
    if let Ok(record) = decode::service(octets) {
        let request = Request::AddService(record.service);
        let again = |octets: &[u8]| decode::service(octets).map(|record| record.service);
        survives_a_round_trip(&request, &record.service, again);
    }
    for family in [Family::V4, Family::V6] {
        if let Ok(record) = decode::destination(octets, family) {
            let request = Request::AddDestination(any_key(), record.destination);
            let again = |octets: &[u8]| decode::requested(octets, family);
            survives_a_round_trip(&request, &record.destination, again);
        }
    }
    if let Ok(daemon) = decode::daemon(octets) {
        survives_a_round_trip(&Request::StartDaemon(daemon), &daemon, decode::daemon);
    }
    if let Ok(timeouts) = decode::timeouts(octets) {
        survives_a_round_trip(&Request::SetTimeouts(timeouts), &timeouts, decode::timeouts);
    }
    // There are no requests of these.
    let _: Result<_, DecodeError> = decode::info(octets);
    let _: Result<_, DecodeError> = decode::family_number(octets);
}

fn any_key() -> ServiceKey {
    ServiceKey::tcp([192, 0, 2, 1].into(), 80)
}

fn survives_a_round_trip<T: core::fmt::Debug + PartialEq>(
    request: &Request,
    value: &T,
    read: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
) {
    let mut datagram = Vec::new();
    encode::request(request, 30, 1, &mut datagram)
        .expect("every object of a kernel fits a request");
    let mut messages = Messages::new(&datagram);
    let message = messages.next().expect("a request").expect("a whole one");
    assert!(messages.next().is_none());
    assert_eq!(read(message.payload).as_ref(), Ok(value));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            answers(&octets);
        }
    }
}
