//! Replays every committed input through its property.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use fuzz::TARGETS;

/// The files of a directory of this crate, sorted.
fn files(directory: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_input_keeps_the_property_of_its_target() {
    for target in TARGETS {
        let inputs = files(&format!("corpus/{}", target.name));
        assert!(!inputs.is_empty(), "{} has no inputs", target.name);
        for path in inputs {
            let octets = fs::read(&path).unwrap();
            let kept = panic::catch_unwind(|| (target.property)(&octets));
            assert!(kept.is_ok(), "{} breaks {}", path.display(), target.path);
        }
    }
}

#[test]
fn every_target_has_its_program_and_every_corpus_its_target() {
    let names: BTreeSet<_> = TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect();
    let of = |directory| files(directory).iter().map(|path| stem(path)).collect();
    assert_eq!(names, of("fuzz_targets"));
    assert_eq!(names, of("corpus"));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let declared = fs::read_to_string(manifest.join("Cargo.toml")).unwrap();
    for target in TARGETS {
        let program = manifest.join(format!("fuzz_targets/{}.rs", target.name));
        let call = format!("{}(octets)", target.path);
        assert!(
            fs::read_to_string(program).unwrap().contains(&call),
            "{call}"
        );
        assert!(declared.contains(&format!("name = \"{}\"", target.name)));
    }
}

#[test]
fn every_dictionary_is_of_a_target() {
    // One dictionary may serve targets of names that begin alike.
    for dictionary in files("dictionaries") {
        let name = stem(&dictionary);
        assert!(TARGETS.iter().any(|target| target.name == name), "{name}");
    }
}
