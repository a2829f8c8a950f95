//! The top level of a configuration: the blocks that are in no other block.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::diagnostic::{Code, Diagnostic, Diagnostics};
use super::global::{Defaults, EarlyDefaults, Globals};
use super::keyword::{Known, TOP, TopKeyword};
use super::lvs::{self, VirtualServers};
use super::model::{Config, Instance};
use super::text::source::{Place, Sources};
use super::text::tree::{Block, Node, Tree};
use super::value::Words;
use super::vrrp::complete::complete;
use super::vrrp::conflicts;
use super::vrrp::instance::Draft;
use super::vrrp::references::References;

/// The configuration that some files stand for.
///
/// They are gone through twice, since what instances and virtual servers depend on may come behind
/// them; so none of them has to be kept as it is written.
pub(super) fn interpret(
    trees: &[Tree],
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Config {
    let mut common = Common::default();
    for tree in trees {
        for node in tree.nodes(sources) {
            common.read(&node, diagnostics);
        }
    }
    let Common {
        globals,
        early,
        first_instance: _,
        balancing,
        mut references,
    } = common;
    let mut instances = Instances::new(&globals.defaults, &early);
    let mut servers = VirtualServers::new(&balancing, &globals.lvs);
    for tree in trees {
        for node in tree.nodes(sources) {
            let Some(block) = &node.block else {
                continue;
            };
            match TOP.variant(node.keyword.text) {
                Some(TopKeyword::GlobalDefs) => instances.after_globals(),
                Some(TopKeyword::VrrpInstance) => {
                    instances.read(&node, block, &mut references, diagnostics);
                }
                Some(TopKeyword::VirtualServer) => servers.read(&node, block, diagnostics),
                Some(TopKeyword::Ssl | TopKeyword::TrackFile | TopKeyword::VirtualServerGroup)
                | None => {}
            }
        }
    }
    references.report(diagnostics);
    let (instances, virtual_servers) = (instances.complete, servers.complete());
    let mut config = Config {
        global: globals.global,
        instances: conflicts::resolve(instances, &globals.defaults.vmac_prefix, diagnostics),
        virtual_servers,
        ..Config::default()
    };
    config.instances.shrink_to_fit();
    balancing.complete(globals.lvs, &mut config, diagnostics);
    config
}

/// Everything but instances and virtual servers.
#[derive(Debug, Default)]
struct Common<'t> {
    globals: Globals,
    /// What the instances behind each of the `global_defs` start with.
    early: Vec<EarlyDefaults>,
    first_instance: Option<Place>,
    balancing: lvs::Drafts<'t>,
    references: References<'t>,
}

impl<'t> Common<'t> {
    fn read(&mut self, node: &Node<'t>, diagnostics: &mut Diagnostics) {
        self.references.read(node);
        let Known::Supported(keyword, _) = TOP.check(node, diagnostics) else {
            return;
        };
        let Some(block) = &node.block else {
            return;
        };
        let mut words = Words::of(node, diagnostics);
        match keyword {
            TopKeyword::GlobalDefs => {
                words.end(&TOP);
                self.globals.read(block, self.first_instance, diagnostics);
                self.early.push(self.globals.defaults.early);
            }
            TopKeyword::VrrpInstance => {
                let name = words.peek().map(|name| name.place);
                self.first_instance = self.first_instance.or(name);
            }
            TopKeyword::VirtualServer => {}
            TopKeyword::VirtualServerGroup => self.balancing.group(block, &mut words),
            TopKeyword::Ssl => self.balancing.tls(block, &mut words),
            TopKeyword::TrackFile => self.balancing.track_file(block, &mut words),
        }
    }
}

/// The instances so far.
#[derive(Debug)]
struct Instances<'t, 'd> {
    defaults: &'d Defaults,
    early: EarlyDefaults,
    later: core::slice::Iter<'d, EarlyDefaults>,
    names: HashMap<&'t str, Place>,
    complete: Vec<Instance>,
}

impl<'t, 'd> Instances<'t, 'd> {
    fn new(defaults: &'d Defaults, later: &'d [EarlyDefaults]) -> Self {
        Self {
            defaults,
            early: Defaults::default().early,
            later: later.iter(),
            names: HashMap::new(),
            complete: Vec::new(),
        }
    }

    fn after_globals(&mut self) {
        self.early = self.later.next().copied().unwrap_or(self.early);
    }

    fn read(
        &mut self,
        node: &Node<'t>,
        block: &Block<'t>,
        references: &mut References<'t>,
        diagnostics: &mut Diagnostics,
    ) {
        let mut words = Words::of(node, diagnostics);
        let Ok(name) = words.word("a name") else {
            return;
        };
        words.end(&TOP);
        match self.names.entry(name.text) {
            Entry::Vacant(entry) => {
                entry.insert(name.place);
            }
            Entry::Occupied(first) => {
                let text = format!("there is another instance `{}`", name.text);
                diagnostics.push(
                    Diagnostic::error(Code::DuplicateName, name.place, text)
                        .label("skipped with its block")
                        .and(*first.get(), "first defined here"),
                );
                return;
            }
        }
        let draft = Draft::read(name, block, self.early, references, diagnostics);
        self.complete
            .extend(complete(draft, self.defaults, diagnostics));
    }
}
