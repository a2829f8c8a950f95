//! The messages of the kernel in memory: requests read, answers written.

use ipvs_core::ServiceKey;
use nix::libc;

use crate::attr::command;
use crate::decode::{self, DecodeError};
use crate::encode::answer::{self, Content};
use crate::error::ErrorKind;
use crate::frame::Message;
use crate::request::{Reply, Request};

/// `NLM_F_ACK`.
const ACK: u16 = 0x4;
/// `NLM_F_DUMP`.
const DUMP: u16 = 0x300;
/// Octets of a datagram at least, before the rest of a list is put in the next one.
const DATAGRAM: usize = 16 * 1024;

/// The request of a message.
///
/// # Errors
/// The error number of what is none.
pub(super) fn request(message: &Message<'_>) -> Result<Request, i32> {
    let payload = message.payload;
    let lists = message.flags & DUMP == DUMP;
    let key = || {
        let service = decode::requested_service(payload)?;
        service.ok_or(DecodeError::Missing("IPVS_CMD_ATTR_SERVICE"))
    };
    let destination = |make: fn(_, _) -> Request| {
        let key: ServiceKey = key()?;
        let destination = decode::requested(payload, key.family())?;
        Ok(make(key, destination))
    };
    let request = match (payload.first().copied().unwrap_or_default(), lists) {
        (command::GET_SERVICE, true) => Ok(Request::Services),
        (command::GET_DEST, true) => key().map(Request::Destinations),
        (command::GET_DAEMON, true) => Ok(Request::Daemons),
        (command::GET_INFO, false) => Ok(Request::Info),
        (command::GET_SERVICE, false) => key().map(Request::Service),
        (command::NEW_SERVICE, false) => {
            decode::service(payload).map(|record| Request::AddService(record.service))
        }
        (command::SET_SERVICE, false) => {
            decode::service(payload).map(|record| Request::EditService(record.service))
        }
        (command::DEL_SERVICE, false) => key().map(Request::DeleteService),
        (command::NEW_DEST, false) => destination(Request::AddDestination),
        (command::SET_DEST, false) => destination(Request::EditDestination),
        (command::DEL_DEST, false) => key().and_then(|key| {
            let destination = decode::requested_destination(payload, key.family())?;
            Ok(Request::DeleteDestination(key, destination))
        }),
        (command::ZERO, false) => decode::requested_service(payload).map(Request::Zero),
        (command::FLUSH, false) => Ok(Request::Flush),
        (command::GET_CONFIG, false) => Ok(Request::Timeouts),
        (command::SET_CONFIG, false) => decode::timeouts(payload).map(Request::SetTimeouts),
        (command::NEW_DAEMON, false) => decode::daemon(payload).map(Request::StartDaemon),
        (command::DEL_DAEMON, false) => decode::requested_role(payload).map(Request::StopDaemon),
        _ => return Err(libc::EOPNOTSUPP),
    };
    request.map_err(errno)
}

fn errno(error: DecodeError) -> i32 {
    let is_family = matches!(
        error,
        DecodeError::Value {
            attribute: "IPVS_SVC_ATTR_AF" | "IPVS_DEST_ATTR_ADDR_FAMILY",
            ..
        }
    );
    if is_family {
        libc::EAFNOSUPPORT
    } else {
        libc::EINVAL
    }
}

/// The datagrams that tell `reply` to the request of `message`, in the family numbered `family`.
pub(super) fn answer(message: &Message<'_>, family: u16, reply: &Reply) -> Vec<Vec<u8>> {
    let contents: Vec<_> = match reply {
        Reply::Done => Vec::new(),
        Reply::Info(info) => vec![Content::Info(*info)],
        Reply::Service(record) => vec![Content::Service(record)],
        Reply::Services(records) => records.iter().map(Content::Service).collect(),
        Reply::Destinations(records) => records.iter().map(Content::Destination).collect(),
        Reply::Timeouts(timeouts) => vec![Content::Timeouts(*timeouts)],
        Reply::Daemons(daemons) => daemons.iter().map(Content::Daemon).collect(),
    };
    let mut answer = Answer::default();
    for content in contents {
        answer.add(|datagram| answer::content(content, family, message.sequence, datagram));
    }
    if message.flags & DUMP == DUMP {
        answer.add(|datagram| answer::done(message.sequence, datagram));
    } else if message.flags & ACK != 0 {
        answer.add(|datagram| verdict(message, 0, datagram));
    }
    answer.finish()
}

/// The datagram that refuses the request of `message`.
pub(super) fn refusal(message: &Message<'_>, errno: i32) -> Vec<Vec<u8>> {
    let mut answer = Answer::default();
    answer.add(|datagram| verdict(message, errno, datagram));
    answer.finish()
}

/// The answer to the request for the number of a family.
pub(super) fn family(message: &Message<'_>, name: &str, number: u16) -> Vec<Vec<u8>> {
    if decode::requested_family(message.payload) != Ok(name) {
        return refusal(message, libc::ENOENT);
    }
    let mut answer = Answer::default();
    answer.add(|datagram| {
        let content = Content::Family(number);
        answer::content(content, message.kind, message.sequence, datagram)?;
        verdict(message, 0, datagram)
    });
    answer.finish()
}

fn verdict(message: &Message<'_>, errno: i32, datagram: &mut Vec<u8>) -> Result<(), ErrorKind> {
    let length = message.payload.len().saturating_add(16);
    let mut header = [0; 16];
    for (place, octet) in header.iter_mut().zip(
        u32::try_from(length)
            .unwrap_or(u32::MAX)
            .to_ne_bytes()
            .into_iter()
            .chain(message.kind.to_ne_bytes())
            .chain(message.flags.to_ne_bytes())
            .chain(message.sequence.to_ne_bytes()),
    ) {
        *place = octet;
    }
    answer::verdict(errno, message.sequence, header, datagram)
}

/// Datagrams that are being filled.
#[derive(Default)]
struct Answer {
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
}

impl Answer {
    fn add(&mut self, put: impl FnOnce(&mut Vec<u8>) -> Result<(), ErrorKind>) {
        if self.last.len() >= DATAGRAM {
            self.full.push(core::mem::take(&mut self.last));
        }
        let begin = self.last.len();
        // What was decoded fits a message.
        if put(&mut self.last).is_err() {
            self.last.truncate(begin);
        }
    }

    fn finish(mut self) -> Vec<Vec<u8>> {
        if !self.last.is_empty() {
            self.full.push(self.last);
        }
        self.full
    }
}
