//! Properties that hold for every input, as functions that panic where they are broken.
//!
//! Property tests (`cargo test`) and the fuzz targets of the workspace call the same functions.
//! [`decode`], [`authentication`] and [`resolution`] take what a socket hands over. The others read
//! their octets as choices ([`arbitrary::Unstructured`]); where octets run out, choices are zero.

#![expect(clippy::expect_used, reason = "a property that does not hold panics")]

mod contest;
mod endpoint;
mod machine;
mod packet;
mod sample;
#[cfg(test)]
mod tests;
mod track;

pub use self::contest::{election, sync_group};
pub use self::endpoint::endpoint;
pub use self::machine::machine;
pub use self::packet::{authentication, decode, resolution};
pub use self::sample::round_trip;
pub use self::track::tracking;
