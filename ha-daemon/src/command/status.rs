//! `status`: what the running daemon does, and why.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use super::output::{complain, print};
use crate::observe::control;

pub(super) fn execute(json: bool, socket: &Path) -> ExitCode {
    match control::ask_status(socket) {
        Ok(status) if json => {
            print(&(serde_json::to_string_pretty(&status).unwrap_or_default() + "\n"));
            ExitCode::SUCCESS
        }
        Ok(status) => {
            print(&status.text());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let hint =
                if let io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused = error.kind() {
                    "; is the daemon running, with the same --socket?"
                } else if error.kind() == io::ErrorKind::PermissionDenied {
                    "; try as root"
                } else {
                    ""
                };
            complain(&format!(
                "ha-daemon: no status from {}: {error}{hint}",
                socket.display()
            ));
            ExitCode::FAILURE
        }
    }
}
