//! Kernel profiles: generations of kernels whose schedulers differ.

/// Which of two generations of IPVS a kernel has.
///
/// In 2026 the kernel changed how it counts what a destination carries, and fixed the overload
/// flag; stable kernels took the change over. No version number distinguishes the two: a
/// destination with an upper threshold of 2³¹ is accepted by the older and refused by the newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum KernelProfile {
    /// Up to 6.1.176 and 6.12 before 6.12.117: the load is 256 times the active connections plus
    /// the inactive ones.
    Legacy,
    /// From 6.1.187 and 6.12.117: the load is 256 times the active connections plus all of them.
    #[default]
    TotalConnections,
}
