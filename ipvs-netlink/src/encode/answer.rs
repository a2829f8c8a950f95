//! The encoder of a kernel's answers, for a kernel in memory.

use core::mem;

use ipvs_core::record::{Activity, DestinationRecord, ServiceRecord, Statistics};
use ipvs_core::{SyncDaemon, Timeouts};
use neli::consts::nl::NlmF;

use super::writer::Writer;
use super::{daemon_attributes, destination_attributes, put_timeouts, service_attributes};
use crate::attr::{self, Attr, command, dest, info, service, stats, top};
use crate::error::ErrorKind;
use crate::frame::{NLMSG_DONE, NLMSG_ERROR};
use crate::request::Info;

/// What a message of an answer is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// The number of the family.
    Family(u16),
    Info(Info),
    Service(&'a ServiceRecord),
    Destination(&'a DestinationRecord),
    Timeouts(Timeouts),
    Daemon(&'a SyncDaemon),
}

/// Appends a message of the family numbered `kind` in answer to the request numbered `sequence`.
pub(crate) fn content(
    content: Content<'_>,
    kind: u16,
    sequence: u32,
    datagram: &mut Vec<u8>,
) -> Result<(), ErrorKind> {
    let (command, is_part) = match content {
        Content::Family(_) => (1, false),
        Content::Info(_) => (command::GET_INFO, false),
        Content::Service(_) => (command::NEW_SERVICE, true),
        Content::Destination(_) => (command::NEW_DEST, true),
        Content::Timeouts(_) => (command::SET_CONFIG, false),
        Content::Daemon(_) => (command::NEW_DAEMON, true),
    };
    let flags = if is_part { NlmF::MULTI } else { NlmF::empty() };
    append(datagram, kind, flags, sequence, |message| {
        message.write([command, attr::VERSION, 0, 0])?;
        put_content(message, content)
    })
}

/// Appends an acknowledgement, or the refusal with `errno`, of the request whose header is
/// `request`.
pub(crate) fn verdict(
    errno: i32,
    sequence: u32,
    request: [u8; 16],
    datagram: &mut Vec<u8>,
) -> Result<(), ErrorKind> {
    append(datagram, NLMSG_ERROR, NlmF::CAPPED, sequence, |message| {
        message.write(errno.wrapping_neg())?;
        message.write(request)
    })
}

/// Appends the end of a list.
pub(crate) fn done(sequence: u32, datagram: &mut Vec<u8>) -> Result<(), ErrorKind> {
    append(datagram, NLMSG_DONE, NlmF::MULTI, sequence, |message| {
        message.write(0_i32)
    })
}

fn append(
    datagram: &mut Vec<u8>,
    kind: u16,
    flags: NlmF,
    sequence: u32,
    content: impl FnOnce(&mut Writer) -> Result<(), ErrorKind>,
) -> Result<(), ErrorKind> {
    const PORT: u32 = 0;
    let mut writer = Writer::after(mem::take(datagram));
    let result = writer.message(|message| {
        message.write(kind)?;
        message.write(flags)?;
        message.write(sequence)?;
        message.write(PORT)?;
        content(message)
    });
    *datagram = writer.finish();
    result
}

fn put_content(message: &mut Writer, content: Content<'_>) -> Result<(), ErrorKind> {
    const FAMILY_ID: Attr = Attr {
        number: 1,
        name: "CTRL_ATTR_FAMILY_ID",
    };
    match content {
        Content::Family(number) => message.put(FAMILY_ID, number),
        Content::Info(info) => {
            message.put(info::VERSION, info.version.0)?;
            message.put(info::CONN_TAB_SIZE, info.connection_table_size)
        }
        Content::Service(record) => message.nest(top::SERVICE, |nest| {
            service_attributes(nest, &record.service)?;
            put_statistics(nest, service::STATS64, &record.statistics)
        }),
        Content::Destination(record) => message.nest(top::DEST, |nest| {
            destination_attributes(nest, &record.destination)?;
            put_activity(nest, record.activity)?;
            put_statistics(nest, dest::STATS64, &record.statistics)
        }),
        Content::Timeouts(timeouts) => put_timeouts(message, timeouts),
        Content::Daemon(daemon) => {
            message.nest(top::DAEMON, |nest| daemon_attributes(nest, daemon))
        }
    }
}

fn put_activity(list: &mut Writer, activity: Activity) -> Result<(), ErrorKind> {
    list.put(dest::ACTIVE_CONNS, activity.active)?;
    list.put(dest::INACT_CONNS, activity.inactive)?;
    list.put(dest::PERSIST_CONNS, activity.persistent)
}

fn put_statistics(list: &mut Writer, attr: Attr, statistics: &Statistics) -> Result<(), ErrorKind> {
    let Statistics { totals, rates } = statistics;
    list.nest(attr, |nest| {
        for (attr, value) in [
            (stats::CONNS, totals.connections),
            (stats::INPKTS, totals.packets_in),
            (stats::OUTPKTS, totals.packets_out),
            (stats::INBYTES, totals.octets_in),
            (stats::OUTBYTES, totals.octets_out),
            (stats::CPS, rates.connections),
            (stats::INPPS, rates.packets_in),
            (stats::OUTPPS, rates.packets_out),
            (stats::INBPS, rates.octets_in),
            (stats::OUTBPS, rates.octets_out),
        ] {
            nest.put(attr, value)?;
        }
        Ok(())
    })
}
