//! The kernel settings (`net.ipv4.vs.*`) that affect scheduling.

use crate::Timeouts;

/// When a SYN on a known connection starts a new one (`conn_reuse_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ReuseMode {
    /// Never (0).
    Never,
    /// Once it is closed: in [`TimeWait`](crate::connection::TcpState::TimeWait) or
    /// [`Close`](crate::connection::TcpState::Close) (1).
    #[default]
    Closed,
    /// Also in [`FinWait`](crate::connection::TcpState::FinWait) while no packet to the client was seen (2
    /// and more).
    Closing,
}

/// The kernel settings that affect scheduling. The defaults are the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct Settings {
    /// Packets of connections whose destination was removed start new ones, instead of being
    /// dropped (`expire_nodest_conn`).
    pub expire_nodest_conn: bool,
    /// Clients of a destination of weight 0 do not return to it (`expire_quiescent_template`).
    pub expire_quiescent_template: bool,
    /// When a SYN on a known connection starts a new one (`conn_reuse_mode`).
    pub conn_reuse_mode: ReuseMode,
    /// Any TCP segment but a RST starts a connection (`sloppy_tcp`).
    pub sloppy_tcp: bool,
    /// The first port that an FTP server may name for data (`net.ipv4.ip_unprivileged_port_start`).
    pub first_unprivileged_port: u16,
    /// How long idle connections stay.
    pub timeouts: Timeouts,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            expire_nodest_conn: false,
            expire_quiescent_template: false,
            conn_reuse_mode: ReuseMode::Closed,
            sloppy_tcp: false,
            first_unprivileged_port: 1024,
            timeouts: Timeouts::default(),
        }
    }
}
