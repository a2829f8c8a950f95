//! Properties that hold for every input, as functions that panic where they are broken.
//!
//! Property tests (`cargo test`) and the fuzz targets of the workspace call the same functions.
//! [`rules`] takes text; the others read their octets as choices ([`arbitrary::Unstructured`]), and
//! where octets run out, choices are zero.

#![expect(clippy::expect_used, reason = "a property that does not hold panics")]

mod balancing;
mod index;
mod naive;
mod planning;
mod text;

#[cfg(test)]
mod tests;

pub use self::balancing::schedulers;
#[cfg(test)]
pub(crate) use self::balancing::{destination, flow, key};
pub use self::index::index;
pub use self::planning::plan;
pub use self::text::rules;
