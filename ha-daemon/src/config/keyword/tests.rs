use std::collections::BTreeSet;

use self::keepalived::KEYWORDS;
use super::*;

mod keepalived;

fn every_table() -> Vec<&'static dyn Names> {
    let mut tables: Vec<&'static dyn Names> = vec![&TOP];
    let mut at = 0;
    while let Some(table) = tables.get(at) {
        tables.extend(table.inner());
        at += 1;
    }
    tables
}

#[test]
fn every_table_is_sorted_without_duplicates() {
    for table in every_table() {
        for list in table.sorted() {
            assert!(
                list.is_sorted_by(|a, b| a < b),
                "{} {list:?}",
                table.place()
            );
        }
        let mut names = table.names();
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b), "twice {}", table.place());
    }
}

#[test]
fn keywords_are_found_by_their_whole_names() {
    for table in every_table() {
        let names = table.names();
        for &name in &names {
            let longer = format!("{name}_");
            let start = name.get(..8).unwrap_or("");
            for name in [name, &longer, &name[1..], &name[..name.len() - 1], start] {
                let known = names.iter().copied().find(|known| *known == name);
                assert_eq!(table.known(name), known, "{name}");
            }
        }
    }
}

#[test]
fn every_keyword_of_keepalived_is_in_the_table_of_its_block() {
    let mut all = BTreeSet::new();
    for (path, names) in KEYWORDS {
        let inner = |table: &'static dyn Names, block: &&str| table.block(block);
        let top: &'static dyn Names = &TOP;
        let table = path.iter().try_fold(top, inner).unwrap();
        for name in names.split_whitespace() {
            assert_eq!(table.known(name), Some(name), "{path:?}");
            all.insert(name);
        }
    }
    assert_eq!(all.len(), 363);
}
