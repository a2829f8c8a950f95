//! The checkers of a configuration that cannot be built, for `check`.

use super::{BuildError, Builder};
use crate::config::{Check, Checker, Config, Place, Probe, Script, VirtualServer};
use crate::script::security::ProgramError;

/// Something that cannot be made.
#[derive(Debug)]
pub struct Refusal {
    /// Where it was written.
    pub place: Place,
    /// Why not.
    pub error: BuildError,
}

/// What [`Builder`] would refuse, all of it, and what it would not but is worth a word. It reads files
/// and looks up users.
#[must_use]
pub fn refusals(config: &Config) -> (Vec<Refusal>, Notes) {
    let (mut builder, mut refusals) = Builder::begin(config);
    let mut notes = Notes::default();
    for server in &config.virtual_servers {
        let hooks = [server.quorum_up.as_deref(), server.quorum_down.as_deref()];
        refusals.extend(
            hooks
                .into_iter()
                .flatten()
                .filter_map(|hook| builder.hook(hook)),
        );
        for server in &server.real_servers {
            let hooks = [server.notify_up.as_deref(), server.notify_down.as_deref()];
            refusals.extend(
                hooks
                    .into_iter()
                    .flatten()
                    .filter_map(|hook| builder.hook(hook)),
            );
            let checkers = server.checkers.iter();
            for checker in checkers.filter(|checker| may_be_refused(&checker.check)) {
                if let Err(error) = builder.checker(checker) {
                    let place = place(checker);
                    refusals.push(Refusal { place, error });
                }
            }
        }
        for script in scripts(server) {
            builder.note(script, &mut notes);
        }
    }
    (refusals, notes)
}

/// Whether there is anything in a check that depends on this host or is not validated yet.
const fn may_be_refused(check: &Check) -> bool {
    match check {
        Check::File(_) => false,
        Check::Probe { probe, .. } => match probe {
            Probe::Tcp(_) | Probe::Ping(_) | Probe::Udp(_) => false,
            Probe::Http(http) => http.tls.is_some(),
            Probe::Smtp(_) | Probe::Dns(_) | Probe::Misc(_) => true,
        },
    }
}

/// Something to be known of a script that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where the script was written.
    pub place: Place,
    /// What is wrong with its program.
    pub error: ProgramError,
}

/// What there is to be known of scripts that run as root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Of single scripts.
    pub notes: Vec<Note>,
    /// Where the first script is that runs though nothing was said about security.
    pub unguarded: Option<Place>,
}

fn scripts(server: &VirtualServer) -> impl Iterator<Item = &Script> {
    let quorum = [&server.quorum_up, &server.quorum_down];
    let real_servers = server.real_servers.iter().flat_map(|server| {
        let checks = server
            .checkers
            .iter()
            .filter_map(|checker| match &checker.check {
                Check::Probe {
                    probe: Probe::Misc(misc),
                    ..
                } => Some(&misc.script),
                Check::Probe { .. } | Check::File(_) => None,
            });
        let hooks = [&server.notify_up, &server.notify_down]
            .into_iter()
            .flatten();
        checks.chain(hooks.map(|hook| &**hook))
    });
    real_servers.chain(quorum.into_iter().flatten().map(|hook| &**hook))
}

impl Builder {
    /// Why there can be no such script.
    fn hook(&self, script: &Script) -> Option<Refusal> {
        let error = self.script(script).err()?;
        let place = script.at.0;
        Some(Refusal { place, error })
    }

    /// Notes what is to be known of a script, unless it is refused.
    fn note(&self, script: &Script, notes: &mut Notes) {
        if self.script(script).is_err() {
            return;
        }
        let place = script.at.0;
        let program = script.command.first().map_or("", String::as_str);
        let user = (script.user.as_deref(), script.group.as_deref());
        let credentials = self.users.credentials(user.0, user.1).ok().flatten();
        match self.inspect(program.as_ref(), credentials) {
            Err(error @ (ProgramError::Missing { .. } | ProgramError::NotExecutable(_))) => {
                notes.notes.push(Note { place, error });
                return;
            }
            Err(error @ ProgramError::Insecure { .. }) => notes.notes.push(Note { place, error }),
            Ok(()) => {}
        }
        if !self.secure {
            notes.unguarded.get_or_insert(place);
        }
    }
}

fn place(checker: &Checker) -> Place {
    match &checker.check {
        Check::Probe {
            probe: Probe::Misc(misc),
            ..
        } => misc.script.at.0,
        Check::Probe { .. } | Check::File(_) => Place {
            span: checker.span,
            via: None,
        },
    }
}
