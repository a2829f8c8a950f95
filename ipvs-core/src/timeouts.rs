//! Connection timeouts.

/// How long the kernel keeps idle connections (`ipvsadm --set`), in seconds.
///
/// In a request 0 leaves a timeout as it is. The kernel refuses more than 2³¹-1 ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Timeouts {
    /// Established TCP connections.
    #[cfg_attr(feature = "serde", serde(with = "crate::form::seconds"))]
    pub tcp: u32,
    /// TCP connections after a FIN.
    #[cfg_attr(feature = "serde", serde(with = "crate::form::seconds"))]
    pub tcp_fin: u32,
    /// UDP.
    #[cfg_attr(feature = "serde", serde(with = "crate::form::seconds"))]
    pub udp: u32,
}

/// 900, 120 and 300 s, as the kernel starts.
impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tcp: 900,
            tcp_fin: 120,
            udp: 300,
        }
    }
}
