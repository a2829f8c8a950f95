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
//! use ipvs_core::Scheduler;
//! use ipvs_core::rules::{Command, Numeric, parse_line, read};
//!
//! let command = parse_line("-A -t 192.0.2.1:80 -s wrr", &mut Numeric)?;
//! let Some(Command::AddService(service)) = command else { panic!("a service") };
//! assert_eq!(service.scheduler, Scheduler::Wrr);
//!
//! let wrong = read("-A -t 192.0.2.1:80\n-A -t 192.0.2.1:port\n", &mut Numeric).last();
//! assert!(wrong.is_some_and(|rule| rule.is_err_and(|error| error.line == 2)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
