//! Replays one recorded scenario in the model.

use core::fmt;
use core::net::SocketAddr;
use core::num::NonZeroUsize;
use core::time::Duration;

use ipvs_core::connection::{DirectorError, Packet, Settings};
use ipvs_core::table::DestinationError;
use ipvs_core::{DestinationKey, Director, Flow, KernelProfile, Protocol, ServiceKey};
use thiserror::Error;

use super::trace::{self, Counters, LineError, Step};

/// Traces have no clock; none lasts as long as a timeout.
const NOW: Duration = Duration::ZERO;

/// What came of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How many flows there are.
    pub flows: usize,
    /// Where the model went another way than the kernel.
    pub mismatches: Vec<Mismatch>,
}

/// A flow that the model sends elsewhere than the kernel did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// Line, from 1.
    pub line: NonZeroUsize,
    /// Where the kernel sent it.
    pub kernel: Option<DestinationKey>,
    /// Where the model sends it.
    pub model: Option<DestinationKey>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |key: Option<DestinationKey>| {
            key.map_or_else(|| String::from("none"), |key| key.to_string())
        };
        let (kernel, model) = (name(self.kernel), name(self.model));
        write!(f, "line {}: kernel {kernel}, model {model}", self.line)
    }
}

/// Why a trace cannot be replayed.
#[derive(Debug, Error)]
pub(crate) enum ReplayError {
    /// A line that cannot be.
    #[error("line {line}")]
    Line {
        /// Line, from 1.
        line: NonZeroUsize,
        /// Why it cannot be.
        source: StepError,
    },
    /// The end is missing.
    #[error("it ends without `end`")]
    Truncated,
}

/// Why a step cannot be.
#[derive(Debug, Error)]
pub(crate) enum StepError {
    /// It cannot be read.
    #[error(transparent)]
    Line(#[from] LineError),
    /// It comes before the service.
    #[error("no `service` comes before it")]
    NoService,
    /// A second service.
    #[error("a second `service`")]
    SecondService,
    /// It comes after the end.
    #[error("it comes after `end`")]
    AfterEnd,
    /// The kernel could not have taken it.
    #[error(transparent)]
    Refused(#[from] DirectorError),
    /// Counters of a destination that is not there.
    #[error("{0} is not a destination now")]
    Destination(DestinationKey),
}

/// Replays the scenario of `text` on a kernel of `profile`.
pub(crate) fn replay(profile: KernelProfile, text: &str) -> Result<Outcome, ReplayError> {
    let mut scenario = Scenario {
        director: Director::new(profile, Settings::default()),
        service: None,
        ended: false,
        outcome: Outcome::default(),
    };
    for (line, text) in (1..).filter_map(NonZeroUsize::new).zip(text.lines()) {
        let step = trace::read(text).map_err(StepError::Line);
        step.and_then(|step| step.map_or(Ok(()), |step| scenario.take(line, step)))
            .map_err(|source| ReplayError::Line { line, source })?;
    }
    if scenario.ended {
        Ok(scenario.outcome)
    } else {
        Err(ReplayError::Truncated)
    }
}

struct Scenario {
    director: Director,
    service: Option<ServiceKey>,
    ended: bool,
    outcome: Outcome,
}

impl Scenario {
    fn take(&mut self, line: NonZeroUsize, step: Step) -> Result<(), StepError> {
        if self.ended {
            return Err(StepError::AfterEnd);
        }
        if let Step::Service(service) = step {
            if self.service.is_some() {
                return Err(StepError::SecondService);
            }
            self.director.add_service(&service)?;
            self.service = Some(service.key);
            return Ok(());
        }
        let service = self.service.ok_or(StepError::NoService)?;
        match step {
            Step::Service(_) => {}
            Step::Add(destination) => self.director.add(NOW, &service, &destination)?,
            Step::Edit(destination) => self.director.edit(NOW, &service, &destination)?,
            Step::Delete(key) => self.director.remove(NOW, &service, &key)?,
            Step::Flow {
                client,
                picked,
                before,
                after,
            } => {
                self.count(&service, &before)?;
                self.flow(line, &service, client, picked);
                if let Some(after) = after {
                    self.count(&service, &after)?;
                }
            }
            Step::Close(counters) => self.count(&service, &counters)?,
            Step::End => self.ended = true,
        }
        Ok(())
    }

    /// Takes the kernel's counters over: connections may have expired.
    fn count(&mut self, service: &ServiceKey, counters: &Counters) -> Result<(), StepError> {
        for (key, activity) in counters {
            match self.director.set_activity(service, key, *activity) {
                Err(DirectorError::Destination(DestinationError::Missing)) => {
                    return Err(StepError::Destination(*key));
                }
                result => result?,
            }
        }
        Ok(())
    }

    fn flow(
        &mut self,
        line: NonZeroUsize,
        service: &ServiceKey,
        client: SocketAddr,
        kernel: Option<DestinationKey>,
    ) {
        let (protocol, target) = match *service {
            ServiceKey::Address {
                protocol,
                address,
                port,
            } => (protocol, SocketAddr::new(address, port)),
            ServiceKey::Mark { .. } => (Protocol::UDP, client),
        };
        let packet = Packet::first(Flow {
            protocol,
            client,
            target,
        });
        let model = self.director.schedule(NOW, &packet, [0; 2]).destination();
        self.outcome.flows += 1;
        if model != kernel {
            self.outcome.mismatches.push(Mismatch {
                line,
                kernel,
                model,
            });
        }
    }
}
