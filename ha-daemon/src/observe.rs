//! Observation of the running daemon: the control socket, the status and the log.

pub mod control;
pub(crate) mod limit;
pub mod log;
pub mod status;
