//! The daemon as a library: `keepalived.conf` in, virtual routers out.
//!
//! The binary is a command line over these modules: [`config`] reads a configuration and says what
//! is wrong with it, [`check`] sums that up, [`engine`] runs it, [`control`] and [`status`] tell
//! what it does and why, [`placement`] says which real server a client would get, [`simulate`] what
//! happens when hosts fail, [`ipvsadm`] shows and changes the kernel's IPVS, [`lab`] shows a failover in network namespaces.
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
//! [`engine::run`] takes such a configuration and returns when the process is told to end.

pub mod balancer;
pub mod check;
pub mod checkers;
pub mod config;
pub mod control;
pub mod descriptors;
pub mod engine;
pub mod health;
pub mod ipvsadm;
pub mod lab;
pub mod log;
mod narrator;
pub mod notifier;
pub mod placement;
pub mod pool;
pub mod privilege;
#[cfg(any(test, feature = "properties"))]
pub mod properties;
pub mod routers;
pub mod script;
pub mod signals;
pub mod simulate;
pub mod status;
