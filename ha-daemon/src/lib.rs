//! The daemon as a library: reads `keepalived.conf` and runs virtual routers and virtual servers.
//!
//! The binary is a command line over these modules: [`config`] reads a configuration and reports its
//! mistakes, [`daemon`] runs it, [`observe`] answers `ha-daemon status`, [`command`] has the other
//! subcommands, and `lab` (with the feature of this name, on by default) shows a failover in network namespaces.
//!
//! Reading needs neither privileges nor interfaces:
//!
//! ```
//! use ha_daemon::config::{LoadOptions, Severity, load_str};
//!
//! let text = "
//! vrrp_instance VI_1 {
//!     interface eth0
//!     virtual_router_id 51
//!     priorty 150
//!     virtual_ipaddress {
//!         192.0.2.100/24
//!     }
//! }";
//! let loaded = load_str("keepalived.conf", text, &LoadOptions::default());
//!
//! let [mistake] = loaded.diagnostics.as_slice() else { panic!("one mistake, one diagnostic") };
//! assert!(mistake.render(&loaded.sources, false).contains("keepalived.conf:5:5"));
//! assert!(loaded.worst() < Some(Severity::Fatal));
//! assert_eq!(loaded.config.instances[0].priority.get(), 100);
//! ```
//!
//! [`daemon::run`] takes such a configuration and returns after SIGTERM or SIGINT.

pub mod balancing;
pub mod command;
pub mod config;
pub mod daemon;
pub mod health;
#[cfg(feature = "lab")]
pub mod lab;
pub mod notify;
pub mod observe;
#[cfg(any(test, feature = "properties"))]
pub mod properties;
pub mod script;
pub mod slab;
pub mod tokens;
pub mod vrrp;
