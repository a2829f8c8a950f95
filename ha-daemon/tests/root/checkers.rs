//! Tests of health checkers on a network: from the text of a `keepalived.conf` to the outcomes of
//! attempts.
//!
//! Each test has network namespaces of its own, which end with its threads. `scale` measures, and runs
//! alone:
//! ```sh
//! cargo test -p ha-daemon --test root -- --ignored --skip scale:: checkers::
//! cargo test --release -p ha-daemon --test root -- --ignored --nocapture checkers::scale::
//! ```
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod host;
mod paths;
mod scale;
mod servers;
mod site;
