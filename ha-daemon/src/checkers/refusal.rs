//! Everything of a configuration that cannot be made, for those who want to know before it runs.

use super::{BuildError, Builder};
use crate::config::{Check, Checker, Config, Place, Probe, Script};

/// Something that cannot be made.
#[derive(Debug)]
pub struct Refusal {
    /// Where it was written.
    pub place: Place,
    /// Why not.
    pub error: BuildError,
}

/// What [`Builder`] would refuse, all of it. It reads files and looks up users.
#[must_use]
pub fn refusals(config: &Config) -> Vec<Refusal> {
    let (mut builder, mut refusals) = Builder::begin(config);
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
            for checker in &server.checkers {
                if let Err(error) = builder.checker(checker) {
                    let place = place(checker, &error);
                    refusals.push(Refusal { place, error });
                }
            }
        }
    }
    refusals
}

impl Builder {
    /// Why there can be no such script.
    fn hook(&self, script: &Script) -> Option<Refusal> {
        let error = self.script(script).err()?;
        let place = script.at.0;
        Some(Refusal { place, error })
    }
}

fn place(checker: &Checker, error: &BuildError) -> Place {
    match (&checker.check, error) {
        (_, BuildError::Pattern(error)) => error.place,
        (
            Check::Probe {
                probe: Probe::Misc(misc),
                ..
            },
            _,
        ) => misc.script.at.0,
        (Check::Probe { .. } | Check::File(_), _) => Place {
            span: checker.span,
            via: None,
        },
    }
}
