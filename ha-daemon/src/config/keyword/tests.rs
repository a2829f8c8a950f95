use super::*;

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
