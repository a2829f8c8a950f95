//! The numbers of the family "IPVS" (`linux/ip_vs.h`), which has version 1.

use core::fmt;

/// `IPVS_GENL_NAME`.
pub(crate) const FAMILY: &str = "IPVS";
/// `IPVS_GENL_VERSION`.
pub(crate) const VERSION: u8 = 1;

/// An attribute: its number, and what to call it in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attr {
    pub(crate) number: u16,
    pub(crate) name: &'static str,
}

impl fmt::Display for Attr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! attributes {
    ($(#[$doc:meta])* $module:ident, $prefix:literal: $($name:ident = $number:literal),+ $(,)?) => {
        $(#[$doc])*
        pub(crate) mod $module {
            use super::Attr;
            $(pub(crate) const $name: Attr = Attr {
                number: $number,
                name: concat!($prefix, stringify!($name)),
            };)+
        }
    };
}

/// `IPVS_CMD_*`.
pub(crate) mod command {
    pub(crate) const NEW_SERVICE: u8 = 1;
    pub(crate) const SET_SERVICE: u8 = 2;
    pub(crate) const DEL_SERVICE: u8 = 3;
    pub(crate) const GET_SERVICE: u8 = 4;
    pub(crate) const NEW_DEST: u8 = 5;
    pub(crate) const SET_DEST: u8 = 6;
    pub(crate) const DEL_DEST: u8 = 7;
    pub(crate) const GET_DEST: u8 = 8;
    pub(crate) const NEW_DAEMON: u8 = 9;
    pub(crate) const DEL_DAEMON: u8 = 10;
    pub(crate) const GET_DAEMON: u8 = 11;
    pub(crate) const SET_CONFIG: u8 = 12;
    pub(crate) const GET_CONFIG: u8 = 13;
    pub(crate) const GET_INFO: u8 = 15;
    pub(crate) const ZERO: u8 = 16;
    pub(crate) const FLUSH: u8 = 17;
}

attributes! {
    /// Of a message.
    top, "IPVS_CMD_ATTR_":
    SERVICE = 1,
    DEST = 2,
    DAEMON = 3,
    TIMEOUT_TCP = 4,
    TIMEOUT_TCP_FIN = 5,
    TIMEOUT_UDP = 6,
}

attributes! {
    /// Of the answer to `GET_INFO`, which has numbers of its own.
    info, "IPVS_INFO_ATTR_":
    VERSION = 1,
    CONN_TAB_SIZE = 2,
}

attributes! {
    /// Of a service.
    service, "IPVS_SVC_ATTR_":
    AF = 1,
    PROTOCOL = 2,
    ADDR = 3,
    PORT = 4,
    FWMARK = 5,
    SCHED_NAME = 6,
    FLAGS = 7,
    TIMEOUT = 8,
    NETMASK = 9,
    STATS = 10,
    PE_NAME = 11,
    STATS64 = 12,
}

attributes! {
    /// Of a destination.
    dest, "IPVS_DEST_ATTR_":
    ADDR = 1,
    PORT = 2,
    FWD_METHOD = 3,
    WEIGHT = 4,
    U_THRESH = 5,
    L_THRESH = 6,
    ACTIVE_CONNS = 7,
    INACT_CONNS = 8,
    PERSIST_CONNS = 9,
    STATS = 10,
    ADDR_FAMILY = 11,
    STATS64 = 12,
    TUN_TYPE = 13,
    TUN_PORT = 14,
    TUN_FLAGS = 15,
}

attributes! {
    /// Of a synchronisation daemon.
    daemon, "IPVS_DAEMON_ATTR_":
    STATE = 1,
    MCAST_IFN = 2,
    SYNC_ID = 3,
    SYNC_MAXLEN = 4,
    MCAST_GROUP = 5,
    MCAST_GROUP6 = 6,
    MCAST_PORT = 7,
    MCAST_TTL = 8,
}

attributes! {
    /// Of statistics, in 32 or 64 bits.
    stats, "IPVS_STATS_ATTR_":
    CONNS = 1,
    INPKTS = 2,
    OUTPKTS = 3,
    INBYTES = 4,
    OUTBYTES = 5,
    CPS = 6,
    INPPS = 7,
    OUTPPS = 8,
    INBPS = 9,
    OUTBPS = 10,
}

/// `AF_INET`.
pub(crate) const AF_INET: u16 = 2;
/// `AF_INET6`.
pub(crate) const AF_INET6: u16 = 10;

/// `IP_VS_SVC_F_PERSISTENT`.
pub(crate) const PERSISTENT: u32 = 0x01;

/// `IP_VS_CONN_F_FWD_MASK` and the methods under it.
pub(crate) mod forwarding {
    pub(crate) const MASK: u32 = 7;
    pub(crate) const MASQ: u8 = 0;
    pub(crate) const LOCALNODE: u8 = 1;
    pub(crate) const TUNNEL: u8 = 2;
    pub(crate) const DROUTE: u8 = 3;
}

/// `IP_VS_CONN_F_TUNNEL_TYPE_*`.
pub(crate) mod tunnel {
    pub(crate) const IPIP: u8 = 0;
    pub(crate) const GUE: u8 = 1;
    pub(crate) const GRE: u8 = 2;
    /// `IP_VS_TUNNEL_ENCAP_FLAG_*`.
    pub(crate) const NO_CHECKSUM: u16 = 0;
    pub(crate) const CHECKSUM: u16 = 1;
    pub(crate) const REMOTE_CHECKSUM: u16 = 2;
}

/// `IP_VS_STATE_MASTER`.
pub(crate) const MASTER: u32 = 1;
/// `IP_VS_STATE_BACKUP`.
pub(crate) const BACKUP: u32 = 2;
