//! The run of a scenario in the model and in the kernel.

use core::time::Duration;
use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

use ipvs_core::connection::{Because, Packet, Unserved, Verdict};
use ipvs_core::record::{Activity, DestinationRecord};
use ipvs_core::{
    Destination, DestinationKey, Director, Flow, KernelProfile, Scheduler, ServiceKey,
};

use super::generator::Generator;
use super::kernel::{Kernel, connections};
use super::step::Step;

/// In the model no time passes.
const NOW: Duration = Duration::ZERO;
/// Sooner than the first connection may expire: one that was reset, after 10 s.
const LIMIT: Duration = Duration::from_secs(9);
/// Steps of a scenario.
const STEPS: usize = 800;
/// Longer than two ticks of the kernel's.
const TICKS: Duration = Duration::from_millis(12);
/// How often the connections are read until they are those expected.
const READINGS: usize = 20;

pub(crate) enum Outcome {
    /// How many packets reached the scheduler, where model and kernel agree.
    Agreed(Scheduler, usize),
    /// It took so long that connections may have expired.
    Interrupted,
    /// A connection that was replaced was still there at the end. The kernel has it go by a timer, and
    /// if that is up on one processor while another still handles the packet that replaced it, a minute
    /// later. Until then it counts at its destination, so that another may be picked.
    Lingered,
}

/// Runs scenario `seed` in a network namespace of its own; panics where model and kernel differ.
pub(crate) fn run(seed: u64) -> Outcome {
    let mut generator = Generator::new(seed);
    let service = *generator.service();
    let mut kernel = Kernel::new(service.key, generator.settings());
    let profile = kernel.client.profile().unwrap();
    let mut contest = Contest {
        seed,
        key: service.key,
        profile,
        director: Director::new(profile, *generator.settings()),
        kernel,
        steps: Vec::new(),
        expected: BTreeMap::new(),
        picks: 0,
        replaced: false,
    };
    let begin = clock();
    let played = contest.play(&mut generator);
    let Listed {
        connections,
        lingers,
    } = contest.listed();
    let agreed = played.and_then(|()| contest.compare(&connections));
    if begin.elapsed() > LIMIT {
        return Outcome::Interrupted;
    }
    if lingers {
        return Outcome::Lingered;
    }
    if let Err(fault) = agreed {
        contest.tell(&fault);
    }
    Outcome::Agreed(service.scheduler, contest.picks)
}

fn clock() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "kernels have clocks")]
    Instant::now()
}

/// What model and kernel differ in, and after how many steps.
struct Fault {
    steps: usize,
    opinions: String,
}

impl Fault {
    const fn at(steps: usize, opinions: String) -> Self {
        Self { steps, opinions }
    }
}

/// What the kernel lists.
struct Listed {
    connections: BTreeMap<Flow, DestinationKey>,
    /// Whether a connection that was replaced has not gone.
    lingers: bool,
}

struct Contest {
    seed: u64,
    key: ServiceKey,
    profile: KernelProfile,
    director: Director,
    kernel: Kernel,
    steps: Vec<Step>,
    /// Where the model sent each flow last, and in which step.
    expected: BTreeMap<Flow, (DestinationKey, usize)>,
    picks: usize,
    /// Whether the last step replaced a connection: the kernel counts it off in the next tick.
    replaced: bool,
}

impl Contest {
    fn play(&mut self, generator: &mut Generator) -> Result<(), Fault> {
        for step in generator.beginning() {
            self.take(step)?;
        }
        for _ in 0..STEPS {
            self.take(generator.step())?;
        }
        generator.ending().map_or(Ok(()), |step| self.take(step))
    }

    fn take(&mut self, step: Step) -> Result<(), Fault> {
        self.steps.push(step);
        let model = self.model(&step);
        let kernel = self.kernel.perform(&step);
        if self.replaced {
            self.replaced = false;
            thread::sleep(TICKS);
        }
        self.forget_orphans(&step);
        if model == kernel {
            return Ok(());
        }
        let taken = |taken| if taken { "takes" } else { "refuses" };
        let opinions = format!("model {} it, kernel {} it", taken(model), taken(kernel));
        Err(Fault::at(self.steps.len(), opinions))
    }

    /// Connections end with their destination where the kernel is set to; it does so on a worker.
    fn forget_orphans(&mut self, step: &Step) {
        if !self.director.settings().expire_nodest_conn {
            return;
        }
        match step {
            Step::Remove(removed) => self.expected.retain(|_, (model, _)| model != removed),
            Step::DeleteService => self.expected.clear(),
            Step::AddService(_)
            | Step::EditService(_)
            | Step::Add(_)
            | Step::Edit(_)
            | Step::Packet(_)
            | Step::Reopen(_) => return,
        }
        thread::sleep(4 * TICKS);
    }

    fn model(&mut self, step: &Step) -> bool {
        let (director, key) = (&mut self.director, &self.key);
        match step {
            Step::AddService(service) => director.add_service(service).is_ok(),
            Step::EditService(service) => director.edit_service(service).is_ok(),
            Step::DeleteService => director.delete_service(NOW, key).is_ok(),
            Step::Add(destination) => director.add(NOW, key, destination).is_ok(),
            Step::Edit(destination) => director.edit(NOW, key, destination).is_ok(),
            Step::Remove(destination) => director.remove(NOW, key, destination).is_ok(),
            Step::Packet(packet) | Step::Reopen(packet) => self.receive(packet),
        }
    }

    fn receive(&mut self, packet: &Packet) -> bool {
        let mark = match self.key {
            ServiceKey::Mark { mark, .. } => mark.get(),
            ServiceKey::Address { .. } => 0,
        };
        let packet = Packet { mark, ..*packet };
        match self.director.receive(NOW, &packet, [0; 2]) {
            Verdict::Forward {
                destination,
                because,
                ..
            } => {
                match because {
                    Because::Connection => return true,
                    Because::Scheduler => self.picks += 1,
                    Because::Template => {}
                }
                let expected = (destination, self.steps.len());
                self.replaced = self.expected.insert(packet.flow, expected).is_some();
                true
            }
            Verdict::Unserved { because, .. } => {
                match because {
                    Unserved::NoDestination => {
                        self.picks += 1;
                        self.replaced = self.expected.remove(&packet.flow).is_some();
                    }
                    Unserved::OtherPort | Unserved::Removed(_) => {}
                }
                false
            }
            Verdict::NoService | Verdict::Ignored { .. } => true,
        }
    }
}

impl Contest {
    /// The first difference in what came of the steps.
    fn compare(&mut self, connections: &BTreeMap<Flow, DestinationKey>) -> Result<(), Fault> {
        let last = self.steps.len();
        let strayed = self.expected.iter().filter(|(flow, (model, _))| {
            let kernel = connections.get(flow);
            kernel.is_none_or(|kernel| !self.is_same(model, kernel))
        });
        if let Some((flow, (model, step))) = strayed.min_by_key(|(_, (_, step))| *step) {
            let kernel = connections.get(flow).map(DestinationKey::to_string);
            let kernel = kernel.unwrap_or_else(|| "nowhere".into());
            return Err(Fault::at(
                *step,
                format!("model to {model}, kernel to {kernel}"),
            ));
        }
        let mut others = connections.iter();
        if let Some((flow, kernel)) = others.find(|(flow, _)| !self.expected.contains_key(flow)) {
            let opinions = format!("{}: model nowhere, kernel to {kernel}", flow.client);
            return Err(Fault::at(last, opinions));
        }
        let kernel: Vec<_> = self.kernel.destinations().iter().map(summary).collect();
        let model = self.destinations();
        if model != kernel {
            return Err(Fault::at(
                last,
                format!("model  {model:#?}\nkernel {kernel:#?}"),
            ));
        }
        Ok(())
    }

    /// Reads until no connection is missing and none is left over: as connections of other
    /// namespaces go, a reading may leave some out, and one that was replaced goes by a timer.
    fn listed(&self) -> Listed {
        let mut known = BTreeMap::new();
        let mut lingers = false;
        for _ in 0..READINGS {
            let connections = connections();
            lingers = connections.values().any(|several| several.len() > 1);
            known.retain(|flow, _| self.expected.contains_key(flow));
            let each = connections.into_iter();
            known.extend(each.filter_map(|(flow, all)| Some((flow, *all.last()?))));
            let agreed = |(flow, (model, _)): (&Flow, &(DestinationKey, usize))| {
                let kernel = known.get(flow);
                kernel.is_some_and(|kernel| self.is_same(model, kernel))
            };
            let is_complete = known.len() == self.expected.len();
            if !lingers && is_complete && self.expected.iter().all(agreed) {
                break;
            }
            thread::sleep(TICKS);
        }
        Listed {
            connections: known,
            lingers,
        }
    }

    /// A service of a mark or of every port leaves the packet's port as it is.
    fn is_same(&self, model: &DestinationKey, kernel: &DestinationKey) -> bool {
        model.address == kernel.address && (model.port == kernel.port || self.key.port() == 0)
    }

    fn destinations(&self) -> Vec<Summary> {
        let Some(balancer) = self.director.service(&self.key) else {
            return Vec::new();
        };
        let table = balancer.table();
        let destinations = table.destinations().iter().enumerate();
        destinations
            .map(|(position, destination)| (*destination, table.activity(position)))
            .collect()
    }

    fn tell(&self, fault: &Fault) -> ! {
        println!("{:?}", self.director.settings());
        for (number, step) in (1..).zip(&self.steps[..fault.steps]) {
            println!("{number:4} {step}");
        }
        let Fault { steps, opinions } = fault;
        let Self { seed, profile, .. } = self;
        panic!("scenario {seed}, step {steps}, {profile:?}: {opinions}");
    }
}

type Summary = (Destination, Activity);

fn summary(record: &DestinationRecord) -> Summary {
    (record.destination, record.activity)
}
