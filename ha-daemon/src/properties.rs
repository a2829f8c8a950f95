//! Properties that hold for every input, as functions that panic where they are broken.
//!
//! Property tests (`cargo test`) and the fuzz targets of the workspace call the same functions. Of
//! [`http`], [`smtp`] and [`tls`] the first octet says how the network cuts the rest into portions.

#![expect(clippy::expect_used, reason = "a property that does not hold panics")]

mod answer;
#[cfg(test)]
mod tests;

pub use self::answer::{control, dns, http, smtp, tls};
pub use crate::config::properties::{config, config_lines, config_shown, config_words};
