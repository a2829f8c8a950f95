//! The `ha-daemon` binary.

use core::num::NonZeroU32;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use ha_daemon::command::locate::{self, Endpoint, Question, Source};
use ha_daemon::command::{check, ipvsadm, simulate};
use ha_daemon::config::{self, LoadOptions, Severity};
use ha_daemon::daemon::{privilege, signals};
use ha_daemon::observe::{control, log};
use ha_daemon::{daemon, lab};
use ipvs_core::Protocol;

/// VRRP and balanced virtual servers from a keepalived.conf.
#[derive(Debug, Parser)]
#[command(name = "ha-daemon", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run in the foreground until SIGTERM or SIGINT.
    Run {
        /// The configuration.
        #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
        file: PathBuf,
        /// Where `status` asks.
        #[arg(long, value_name = "PATH", default_value = control::DEFAULT_PATH)]
        socket: PathBuf,
        /// What this daemon is called where several run in a network namespace: of each name one may,
        /// and one without a name.
        #[arg(long, value_name = "NAME")]
        instance: Option<String>,
        /// What `@ID` lines of the configuration are held against; the host name by default.
        #[arg(short = 'i', long, value_name = "ID")]
        config_id: Option<String>,
        /// The least level that is logged.
        #[arg(long, value_name = "LEVEL", default_value = "info")]
        log_level: tracing::Level,
    },
    /// Say what is wrong with a configuration, and what it would run.
    ///
    /// Exit status as of `keepalived -t`: 0 good, 2 a parameter is missing, 4 it cannot run, 5 there
    /// are mistakes but it would run, 6 scripts are insecure or an `includer` and the like fails. Where
    /// keepalived says 5 of what neither it nor this daemon would run, this is 4; where it says 0 of
    /// what is not supported here, 4 or 5; and 0, not 5, of an interface that this host lacks.
    /// docs/compatibility.md lists every difference.
    Check {
        /// The configuration, in as many files.
        #[arg(value_name = "FILE", default_value = DEFAULT_CONFIG)]
        files: Vec<PathBuf>,
        /// The same, as `run` and keepalived take it.
        #[arg(short, long, value_name = "FILE", conflicts_with = "files")]
        file: Vec<PathBuf>,
        /// What `@ID` lines of the configuration are held against; the host name by default.
        #[arg(short = 'i', long, value_name = "ID")]
        config_id: Option<String>,
        /// For people or for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        /// Let every warning count in the exit status.
        #[arg(long)]
        strict_exit: bool,
    },
    /// Ask the running daemon what its instances do and why.
    Status {
        /// Machine-readable.
        #[arg(long)]
        json: bool,
        /// Where the daemon listens.
        #[arg(long, value_name = "PATH", default_value = control::DEFAULT_PATH)]
        socket: PathBuf,
    },
    /// Show or change the kernel's IPVS as ipvsadm does, whose command line it takes.
    #[command(disable_help_flag = true)]
    Ipvsadm {
        /// As of ipvsadm 1.31; `-h` lists them.
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "WORD"
        )]
        words: Vec<OsString>,
    },
    /// Say which real server would get a client now, and why.
    ///
    /// Exit status: 0 there is one, 1 there is none, 2 the question or the table cannot be read.
    #[command(name = "where")]
    Where {
        /// Where the packet comes from.
        #[arg(value_name = "CLIENT[:PORT]")]
        client: Endpoint,
        /// Where it goes.
        #[arg(value_name = "VIP:PORT")]
        target: Endpoint,
        /// It is UDP, not TCP.
        #[arg(long, conflicts_with = "sctp")]
        udp: bool,
        /// It is SCTP, not TCP.
        #[arg(long)]
        sctp: bool,
        /// The mark that the packet filter gives it.
        #[arg(long, value_name = "N")]
        mark: Option<NonZeroU32>,
        /// `live` for the kernel's, or a file as `ipvsadm -Sn` writes.
        #[arg(long, value_name = "FILE|live", default_value = LIVE)]
        table: PathBuf,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Play the hosts of these configurations through faults: who becomes master when and why, how
    /// long nobody is, and which faults make two.
    ///
    /// Needs neither root nor a network. Exit status: 0 every invariant held, 1 something took longer
    /// than the protocol allows, 2 a configuration or the script cannot be used.
    Simulate {
        /// The configuration of a host; once for each host.
        #[arg(short, long = "file", value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// The name of a host, in the order of the files; the file's without `.conf` by default.
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
        /// What happens, as `10s crash NAME`; a standard round of faults by default.
        #[arg(long, value_name = "FILE")]
        script: Option<PathBuf>,
        /// What chance follows from, where packets are lost.
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
        /// How long it goes on, as `90s` or `10m`; until everything has settled by default.
        #[arg(long = "for", value_name = "TIME")]
        length: Option<simulate::Span>,
    },
    /// Show a failover in network namespaces on this machine; takes about 15 seconds.
    Lab {
        /// Print what the daemons log.
        #[arg(short, long)]
        verbose: bool,
    },
    /// A host of the laboratory.
    #[command(hide = true)]
    LabHost {
        /// Which one.
        role: lab::Role,
    },
}

/// What `where --table` takes for the kernel's table.
const LIVE: &str = "live";

/// How many octets of a report are written at once.
const OUTPUT: usize = 64 * 1024;

const DEFAULT_CONFIG: &str = "/etc/keepalived/keepalived.conf";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().map(PathBuf::from).unwrap_or_default();
    if program.file_name() == Some(OsStr::new(ipvsadm::NAME)) {
        return run_ipvsadm(words);
    }
    match Arguments::parse().command {
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
            run(&file, &options, config_id, log_level)
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
            examine(&files, &options, format)
        }
        Command::Status { json, socket } => status(json, &socket),
        Command::Ipvsadm { words } => run_ipvsadm(words),
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
            question.map_or_else(misuse, |question| locate(&question, table, json))
        }
        Command::Simulate {
            files,
            hosts,
            script,
            seed,
            length,
        } => play(&simulate::Options {
            files,
            hosts,
            script,
            seed,
            length: length.map(|simulate::Span(length)| length),
            load: load_options(None),
        }),
        Command::Lab { verbose } => outcome(lab::run(&lab::Options { verbose })),
        Command::LabHost { role } => outcome(lab::run_host(role)),
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

fn run_ipvsadm(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<String> = words
        .into_iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    ipvsadm::run(&words)
}

/// As keepalived: 2 for a configuration that cannot run, 4 for missing privileges.
fn run(
    file: &Path,
    options: &daemon::Options,
    config_id: Option<String>,
    level: tracing::Level,
) -> ExitCode {
    // Before there are any of our own.
    privilege::close_inherited();
    if let Err(error) = signals::withstand() {
        complain(&format!("ha-daemon: cannot handle signals: {error}"));
        return ExitCode::FAILURE;
    }
    let Some(config) = read(file, config_id) else {
        complain("ha-daemon: the configuration cannot run");
        return ExitCode::from(2);
    };
    let _log = match log::start(level) {
        Ok(log) => log,
        Err(error) => {
            complain(&format!(
                "ha-daemon: cannot start the log's thread: {error}"
            ));
            return ExitCode::FAILURE;
        }
    };
    match daemon::run(config, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{}", log::chain(&error));
            if matches!(error, daemon::EngineError::Privilege(_)) {
                ExitCode::from(4)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// Reads a configuration and says what is wrong with it; `None` if it cannot run. What only the
/// diagnostics point into is not kept.
fn read(file: &Path, config_id: Option<String>) -> Option<config::Config> {
    let mut loaded = config::load(file, &load_options(config_id));
    check::examine(&mut loaded);
    check::compare(&mut loaded);
    let said = check::shown(&loaded, io::stderr().is_terminal()).to_string();
    if !said.is_empty() {
        complain(said.trim_end());
    }
    if loaded.omitted > 0 {
        complain(&format!(
            "{} more diagnostics are not shown",
            loaded.omitted
        ));
    }
    (loaded.worst() != Some(Severity::Fatal)).then_some(loaded.config)
}

fn examine(files: &[PathBuf], options: &check::Options, format: Format) -> ExitCode {
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let report = check::run(&files, options);
    match format {
        Format::Text => {
            // A big report is never in memory as a whole.
            let mut output = BufWriter::with_capacity(OUTPUT, io::stdout().lock());
            let text = report.display(io::stdout().is_terminal());
            drop(write!(output, "{text}").and_then(|()| output.flush()));
        }
        Format::Json => print(&(report.json().unwrap_or_default() + "\n")),
    }
    let status = ExitCode::from(report.status.code());
    // The process ends: giving back the memory of each part of a big report would take a while.
    core::mem::forget(report);
    status
}

fn status(json: bool, socket: &Path) -> ExitCode {
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

fn locate(question: &Question, table: PathBuf, json: bool) -> ExitCode {
    let source = match table == Path::new(LIVE) {
        true => Source::Live,
        false => Source::Rules(table),
    };
    match locate::find(question, &source) {
        Ok(answer) => {
            if json {
                print(&(serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n"));
            } else {
                print(&answer.to_string());
            }
            ExitCode::from(u8::from(!answer.is_served()))
        }
        Err(error) => {
            complain(&format!("ha-daemon: {}", log::chain(&error)));
            ExitCode::from(2)
        }
    }
}

fn play(options: &simulate::Options) -> ExitCode {
    let colour = io::stderr().is_terminal();
    match simulate::prepare(options) {
        Ok(simulation) => {
            for loaded in &simulation.loaded {
                for diagnostic in &loaded.diagnostics {
                    complain(&diagnostic.render(&loaded.sources, colour));
                }
            }
            let report = simulation.run();
            print(&report.to_string());
            ExitCode::from(u8::from(!report.is_sound()))
        }
        Err(error) => {
            for detail in error.details(colour) {
                complain(&detail);
            }
            complain(&format!("ha-daemon: {}", log::chain(&error)));
            ExitCode::from(2)
        }
    }
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

fn outcome<E: core::error::Error>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("ha-daemon: {}", log::chain(&error)));
            ExitCode::FAILURE
        }
    }
}

/// A reader that went away is no failure of ours.
fn print(text: &str) {
    drop(io::stdout().write_all(text.as_bytes()));
}

fn complain(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
