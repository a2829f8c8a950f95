//! Lists the public interface of a library by rustdoc's JSON: `api FILE`.
//!
//! Traits that are derived are listed without their methods, and those that every type has are not.

use std::collections::BTreeSet;
use std::error::Error;

use public_api::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: api FILE")?;
    let all = Builder::from_rustdoc_json(file)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true);
    let written = all.clone().omit_auto_derived_impls(true).build()?;
    let written: BTreeSet<_> = written.items().map(ToString::to_string).collect();
    // What is at the root and in a module, too, has its items twice.
    let mut seen = BTreeSet::new();
    for item in all.build()?.items().map(ToString::to_string) {
        let block = item.starts_with("impl") && !item.contains("::StructuralPartialEq for ");
        if (block || written.contains(&item)) && seen.insert(item.clone()) {
            println!("{item}");
        }
    }
    Ok(())
}
