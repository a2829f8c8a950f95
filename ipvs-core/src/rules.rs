//! Tables as text: the command lines that `ipvsadm -S` writes and `ipvsadm -R` reads.
//!
//! A file of rules is a list of ipvsadm command lines, and may hold any of them, so this is also
//! the parser of ipvsadm's own command line ([`parse`]), of every option of its version 1.31.
//!
//! The order of options does not matter, as it does for ipvsadm without being documented: `-r`
//! before `-t` takes the port of the service as well, and `-M` before `-t` is kept. It also
//! reads marks above 2³¹-1 the way ipvsadm prints them, as negative numbers, which ipvsadm itself
//! refuses.
//!
//! ```
//! use ipvs_core::rules::{self, Command, Numeric};
//!
//! let text = "-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3\n";
//! let mut weights = Vec::new();
//! for outcome in rules::read(text, &mut Numeric) {
//!     // An error has the number of its line.
//!     let (_line, command) = outcome?;
//!     if let Command::AddDestination(_service, real) = command {
//!         weights.push(real.weight);
//!     }
//! }
//! assert_eq!(weights, [3]);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod command;
mod draft;
mod line;
mod option;
mod print;
mod reason;
#[cfg(test)]
mod tests;
mod value;
mod words;

pub use command::{Command, Content, Listing};
pub use draft::parse;
pub use line::{LineError, RuleError, parse_line, read};
pub use option::{CommandKind, Opt};
pub use print::{Endpoint, numeric, save};
pub use reason::{CommandError, Reason};
pub use value::{Names, Numeric};
