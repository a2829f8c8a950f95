//! Property tests: random octets through each property.

use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

/// Lines made of what rules are made of.
fn rule_text() -> impl Strategy<Value = String> {
    let word = "-{0,2}[A-Zab-y6]{1,3}|--(tun|mcast|sync)-[a-z]{1,7}|[0-9a-f.:\\[\\]]{0,9}";
    prop_oneof![
        "([ -~\t\u{e9}]{0,60}\n){0,3}",
        prop::collection::vec(word, 0..9).prop_map(|words| words.join(" ")),
    ]
}

proptest! {
    #[test]
    fn models_pick_what_the_pseudocode_picks(input in octets(600)) {
        schedulers(&input);
    }

    #[test]
    fn an_index_picks_what_a_scan_picks(input in octets(600)) {
        index(&input);
    }

    #[test]
    fn a_plan_leads_to_what_is_desired_and_no_step_cuts_a_service(input in octets(200)) {
        plan(&input);
    }

    #[test]
    fn no_line_is_too_odd(text in rule_text()) {
        rules(text.as_bytes());
    }
}
