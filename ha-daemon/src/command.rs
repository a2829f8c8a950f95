//! The subcommands of `ha-daemon`, and the command line that chooses among them.

mod arguments;
pub mod check;
pub mod ipvsadm;
pub mod locate;
mod output;
mod run;
pub mod simulate;
mod status;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use ipvs_core::Protocol;

use self::arguments::{Arguments, Command};
use self::locate::Question;
use self::output::complain;
use crate::config::LoadOptions;
use crate::daemon;
#[cfg(feature = "lab")]
use crate::lab;

/// Runs the command line `words`, of which the first is the name of the program.
#[must_use]
pub fn execute(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<_> = words.into_iter().collect();
    if let Some((program, words)) = words.split_first()
        && Path::new(program).file_name() == Some(OsStr::new(ipvsadm::NAME))
    {
        return run_ipvsadm(words);
    }
    match Arguments::parse_from(words).command {
        Command::Run {
            file,
            socket,
            instance,
            config_id,
            log_level,
        } => {
            let options = daemon::Options {
                control: Some(socket),
                instance,
            };
            run::execute(&file, &options, config_id, log_level)
        }
        Command::Check {
            files,
            file,
            config_id,
            format,
            strict_exit,
        } => {
            let files = if file.is_empty() { files } else { file };
            let options = check::Options {
                load: load_options(config_id),
                strict_exit,
                host: true,
            };
            check::execute(&files, &options, format)
        }
        Command::Status { json, socket } => status::execute(json, &socket),
        Command::Ipvsadm { words } => run_ipvsadm(&words),
        Command::Where {
            client,
            target,
            udp,
            sctp,
            mark,
            table,
            json,
        } => {
            let question = Question::new(client, target, protocol(udp, sctp), mark);
            question.map_or_else(misuse, |question| locate::execute(&question, table, json))
        }
        Command::Simulate {
            files,
            hosts,
            script,
            seed,
            length,
        } => simulate::execute(&simulate::Options {
            files,
            hosts,
            script,
            seed,
            length: length.map(|simulate::Span(length)| length),
            load: load_options(None),
        }),
        #[cfg(feature = "lab")]
        Command::Lab { verbose } => output::outcome(lab::run(&lab::Options { verbose })),
        #[cfg(feature = "lab")]
        Command::LabHost { role } => output::outcome(lab::run_host(role)),
    }
}

/// The protocol of the options, TCP without any.
const fn protocol(udp: bool, sctp: bool) -> Protocol {
    match (udp, sctp) {
        (true, _) => Protocol::UDP,
        (false, true) => Protocol::SCTP,
        (false, false) => Protocol::TCP,
    }
}

/// Words that do not make sense together.
fn misuse(error: impl core::fmt::Display) -> ExitCode {
    complain(&format!("ha-daemon: {error}"));
    ExitCode::from(2)
}

fn run_ipvsadm(words: &[OsString]) -> ExitCode {
    let words: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    ipvsadm::run(&words)
}

fn load_options(config_id: Option<String>) -> LoadOptions {
    let options = LoadOptions::of_process();
    match config_id {
        Some(config_id) => LoadOptions {
            config_id,
            ..options
        },
        None => options,
    }
}
