//! The `ha-daemon` binary.

use std::io::Write;
use std::process::ExitCode;

use ha_daemon::lab;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome: Result<(), Box<dyn core::error::Error>> = match arguments.as_slice() {
        ["lab"] => lab::run(&lab::Options::default()).map_err(Into::into),
        ["lab", "--verbose"] => lab::run(&lab::Options { verbose: true }).map_err(Into::into),
        ["lab-host", name] => name
            .parse()
            .map_err(Into::into)
            .and_then(|role| lab::run_host(role).map_err(Into::into)),
        _ => Err("usage: ha-daemon lab [--verbose]".into()),
    };
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    let mut text = format!("ha-daemon: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    let _closed = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}
