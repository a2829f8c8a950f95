//! Diagnostics of valid configurations that `run` refuses.

use std::io::ErrorKind;

use vrrp_mio::InterfaceName;

use crate::balancing::build::{self, BuildError, Note, Notes, Refusal, TlsFileError};
use crate::config::{Code, Config, Diagnostic, Global, Instance, Place, Severity, TlsFiles};
use crate::observe::log::chain;
use crate::script::security::ProgramError;
use crate::vrrp::spec::{SpecError, specify};

/// A diagnostic for each. It reads files and looks up users.
pub(super) fn diagnostics(config: &Config) -> Vec<Diagnostic> {
    let instances = config.instances.iter();
    let instances = instances.filter_map(|instance| self::instance(instance, &config.global));
    let (refusals, notes) = build::refusals(config);
    let refusals = refusals.iter().map(refusal);
    let tls = lone_tls_file(&config.balancing.tls);
    let scripts = scripts(notes);
    instances
        .chain(refusals)
        .chain(tls)
        .chain(scripts)
        .collect()
}

/// What is to be known of scripts that run.
fn scripts(Notes { notes, unguarded }: Notes) -> impl Iterator<Item = Diagnostic> {
    let unguarded = unguarded.map(|place| {
        let text = "scripts run without `enable_script_security`";
        Diagnostic::new(Severity::Warning, Code::ScriptSecurity, place, text)
            .label("the first of them")
            .help(
                "with it in `global_defs`, scripts that others than root could change are refused",
            )
    });
    let notes = notes.into_iter().map(|Note { place, error }| {
        let text = error.to_string();
        let warning = |code| Diagnostic::new(Severity::Warning, code, place, text);
        match error {
            ProgramError::Insecure { .. } => warning(Code::InsecureScript)
                .label("it runs as root")
                .help("`enable_script_security` refuses such scripts"),
            ProgramError::Missing { .. } | ProgramError::NotExecutable(_) => {
                warning(Code::MissingProgram).label("it has no effect until there is one")
            }
        }
    });
    notes.chain(unguarded)
}

fn lone_tls_file(files: &TlsFiles) -> Option<Diagnostic> {
    let (has, lacks) = match (&files.certificate, &files.key) {
        (Some(_), None) => ("certificate", "key"),
        (None, Some(_)) => ("key", "certificate"),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let text = format!("`{has}` has no effect without `{lacks}`");
    Some(Diagnostic::new(
        Severity::Warning,
        Code::NoEffect,
        files.at.0,
        text,
    ))
}

fn refusal(Refusal { place, error }: &Refusal) -> Diagnostic {
    let fatal = |code| Diagnostic::new(Severity::Fatal, code, *place, chain(error));
    let script = |code| {
        let error = Diagnostic::new(Severity::Error, code, *place, chain(error));
        error.label("what depends on it is left out")
    };
    match error {
        BuildError::User(_) => script(Code::UnknownUser),
        BuildError::Program(_) => script(Code::InsecureScript),
        BuildError::TlsFile(TlsFileError::Read { source, .. })
            if source.kind() == ErrorKind::PermissionDenied =>
        {
            Diagnostic::new(Severity::Warning, Code::NotChecked, *place, chain(error))
                .help("check as the user who is to run it")
        }
        BuildError::TlsFile(_) => fatal(Code::BadTlsFile),
        BuildError::NoProgram | BuildError::Hello(_) | BuildError::Domain { .. } => {
            fatal(Code::BadName)
        }
    }
}

fn instance(instance: &Instance, global: &Global) -> Option<Diagnostic> {
    let error = attempt(instance, global).err()?;
    let code = match error {
        SpecError::Election(_) | SpecError::Announce(_) => Code::OutOfRange,
        SpecError::Interface(_) | SpecError::Label(_) => Code::BadName,
        SpecError::Password(_) => Code::TruncatedPassword,
        SpecError::Router(_) | SpecError::Add(_) => Code::Conflict,
    };
    let place = Place {
        span: instance.span,
        via: None,
    };
    let text = chain(&error);
    Some(Diagnostic::new(Severity::Fatal, code, place, text).label("this instance cannot run"))
}

/// Does what makes an instance at start. One without an interface is made once it is known.
fn attempt(instance: &Instance, global: &Global) -> Result<(), SpecError> {
    let name = |name: &str| name.parse::<InterfaceName>();
    let mut tracked = instance.track_interfaces.iter();
    tracked.try_for_each(|tracked| name(&tracked.interface).map(drop))?;
    let interface = name(instance.interface.as_deref().unwrap_or("lo"))?;
    specify(instance, global, interface).map(drop)
}
