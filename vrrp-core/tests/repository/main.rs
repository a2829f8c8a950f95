//! Tests that read this repository and not only the package, which does not have them. The check of
//! `docs/conformance.md`: every rule has a row, and every name in it exists in the source.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The families of rules, and how many each has.
const FAMILIES: [(&str, usize); 7] = [
    ("R", 19),
    ("T", 8),
    ("P", 6),
    ("F", 17),
    ("D", 10),
    ("I", 5),
    ("V", 10),
];
/// The pitfalls are numbered from 1.
const PITFALLS: usize = 42;

/// What a cell says instead of, or beside, names.
const REMARKS: [&str; 5] = [
    "**Deviation**",
    "**Not offered**",
    "**Not ours**",
    "**By construction**",
    "**Gap**",
];

const ITEMS: [&str; 7] = ["fn", "struct", "enum", "trait", "const", "static", "type"];

struct Rule<'a> {
    id: &'a str,
    demand: &'a str,
    code: &'a str,
    proof: &'a str,
}

struct Document<'a> {
    modules: BTreeMap<&'a str, Vec<String>>,
    rules: Vec<Rule<'a>>,
}

/// Every identifier there is, in the order of the document.
fn identifiers() -> Vec<String> {
    let lettered = FAMILIES
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")));
    lettered
        .chain((1..=PITFALLS).map(|number| number.to_string()))
        .collect()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read() -> String {
    fs::read_to_string(workspace().join("docs/conformance.md")).unwrap()
}

fn parse(text: &str) -> Document<'_> {
    let mut document = Document {
        modules: BTreeMap::new(),
        rules: Vec::new(),
    };
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        match cells[..] {
            ["", "rule" | "module" | "---", ..] => {}
            ["", module, path, ""] => {
                let module = module.trim_matches('`');
                let sources = sources(&workspace().join(path));
                assert!(!sources.is_empty(), "{path} does not exist");
                let former = document.modules.insert(module, sources);
                assert!(former.is_none(), "{module} stands for two paths");
            }
            ["", id, _, demand, code, proof, ""] => document.rules.push(Rule {
                id,
                demand,
                code,
                proof,
            }),
            _ => panic!("a row with other columns: {line}"),
        }
    }
    document
}

/// The text of `path.rs` and of every source file below `path`.
fn sources(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(fs::read_to_string(path.with_extension("rs")));
    let mut directories = vec![path.to_path_buf()];
    while let Some(directory) = directories.pop() {
        let Ok(entries) = fs::read_dir(directory) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

/// The `module::item` names of a cell.
fn names(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|name| name.split_once("::"))
}

/// Whether `text` continues an identifier.
fn continues(text: &str) -> bool {
    text.starts_with(|next: char| next == '_' || next.is_alphanumeric())
}

fn declares(source: &str, keyword: &str, name: &str) -> bool {
    let declaration = format!("{keyword} {name}");
    source.lines().any(|line| {
        let at = line.find(&declaration);
        at.is_some_and(|at| !continues(&line[at + declaration.len()..]))
    })
}

/// Whether `name` is a test: a function under `#[test]`, or a row of a macro that makes one of each.
fn tests(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let row = format!("{name}: ");
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let function = lines.iter().position(|line| line.starts_with(&head));
    let marked = |at: usize| {
        let above = lines[..at].iter().rev();
        above
            .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
            .any(|line| *line == "#[test]")
    };
    let made = source.contains("fn $name()") && lines.iter().any(|line| line.starts_with(&row));
    function.is_some_and(marked) || made
}

fn found_in(document: &Document<'_>, module: &str, check: impl Fn(&str) -> bool) -> bool {
    let sources = document.modules.get(module);
    let sources = sources.unwrap_or_else(|| panic!("`{module}` is not in the table of modules"));
    sources.iter().any(|source| check(source))
}

#[test]
fn every_rule_has_one_row_in_order() {
    let text = read();
    let document = parse(&text);
    let ids: Vec<_> = document.rules.iter().map(|rule| rule.id).collect();
    assert_eq!(ids, identifiers());
}

#[test]
fn every_rule_has_a_demand_and_a_proof_or_a_reason() {
    let text = read();
    for rule in parse(&text).rules {
        let id = rule.id;
        assert!(rule.demand.ends_with('.'), "{id} demands nothing");
        let reason = REMARKS.iter().any(|remark| rule.proof.contains(remark));
        let proven = names(rule.proof).next().is_some();
        assert!(proven || reason, "{id} has neither test nor reason");
        let obeyed = names(rule.code).next().is_some();
        assert!(obeyed || reason, "{id} has neither code nor reason");
        for (at, _) in rule.proof.match_indices("**").step_by(2) {
            let remark = &rule.proof[at..];
            let known = REMARKS.iter().any(|known| remark.starts_with(known));
            assert!(known, "{id}: {remark}");
        }
    }
}

#[test]
fn everything_named_exists() {
    let text = read();
    let document = parse(&text);
    let mut missing = Vec::new();
    for rule in &document.rules {
        for (module, item) in names(rule.code) {
            let declared =
                |source: &str| ITEMS.iter().any(|keyword| declares(source, keyword, item));
            if !found_in(&document, module, declared) {
                missing.push(format!("{}: code {module}::{item}", rule.id));
            }
        }
        for (module, test) in names(rule.proof) {
            if !found_in(&document, module, |source| tests(source, test)) {
                missing.push(format!("{}: test {module}::{test}", rule.id));
            }
        }
    }
    assert!(missing.is_empty(), "gone:\n{}", missing.join("\n"));
}

#[test]
fn every_module_is_used() {
    let text = read();
    let document = parse(&text);
    for module in document.modules.keys() {
        let named = format!("`{module}::");
        assert!(text.contains(&named), "`{module}` is listed and not used");
    }
}
