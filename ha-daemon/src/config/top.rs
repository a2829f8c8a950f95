//! What is outside of blocks.

use std::collections::HashMap;

use super::complete::complete;
use super::conflicts;
use super::diagnostic::{Code, Diagnostic, Diagnostics};
use super::global::Globals;
use super::instance::Draft;
use super::keywords::{Known, TOP};
use super::lvs;
use super::model::Config;
use super::source::Place;
use super::tree::Node;
use super::value::Words;

/// The configuration a tree stands for.
pub(super) fn interpret(nodes: &[Node], diagnostics: &mut Diagnostics) -> Config {
    let mut globals = Globals::default();
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    let mut names: HashMap<&str, Place> = HashMap::new();
    let mut balancing = lvs::Drafts::default();
    for node in nodes {
        let Known::Supported(keyword) = TOP.check(node, diagnostics) else {
            continue;
        };
        let Some(block) = &node.block else {
            continue;
        };
        let mut words = Words::of(node, diagnostics);
        match keyword.name {
            "global_defs" => {
                words.end(&TOP);
                let first = drafts.first().map(|draft| draft.name.place);
                globals.read(block, first, diagnostics);
                continue;
            }
            "vrrp_instance" => {}
            name => {
                balancing.read(name, node, block, diagnostics);
                continue;
            }
        }
        let Ok(name) = words.word("a name") else {
            continue;
        };
        words.end(&TOP);
        if let Some(&first) = names.get(&*name.text) {
            let text = format!("there is another instance `{}`", name.text);
            diagnostics.push(
                Diagnostic::error(Code::DuplicateName, name.place, text)
                    .label("skipped with its block")
                    .and(first, "first defined here"),
            );
            continue;
        }
        names.insert(&name.text, name.place);
        drafts.push(Draft::read(
            name,
            block,
            globals.defaults.early,
            diagnostics,
        ));
    }
    let instances = drafts
        .into_iter()
        .filter_map(|draft| complete(draft, &globals.defaults, diagnostics))
        .collect();
    let mut config = Config {
        global: globals.global,
        instances: conflicts::resolve(instances, &globals.defaults.vmac_prefix, diagnostics),
        ..Config::default()
    };
    config.instances.shrink_to_fit();
    balancing.complete(globals.lvs, &mut config, diagnostics);
    config
}
