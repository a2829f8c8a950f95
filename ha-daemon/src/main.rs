//! The `ha-daemon` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    ha_daemon::command::execute(std::env::args_os())
}
