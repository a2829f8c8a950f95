//! Tests of the search.

use super::super::pattern::PatternOptions;
use super::*;

fn pattern(text: &str, options: PatternOptions) -> Pattern {
    Pattern::new(text, options).unwrap()
}

fn plain(text: &str) -> Pattern {
    pattern(text, PatternOptions::default())
}

fn matches(pattern: &Pattern, portions: &[&[u8]]) -> bool {
    let mut search = Search::new(pattern);
    for portion in portions {
        search.update(portion);
        assert_eq!(search.go_on(pattern, &Slice::endless()), Ok(()));
        assert!(!search.is_behind());
    }
    search.finish(pattern)
}

/// In portions of every size up to the whole.
fn found(pattern: &Pattern, body: &[u8]) -> bool {
    let whole = matches(pattern, &[body]);
    for size in 1..body.len() {
        let portions: Vec<_> = body.chunks(size).collect();
        assert_eq!(matches(pattern, &portions), whole, "{size}");
    }
    whole
}

#[test]
fn match_is_found_across_portions() {
    assert!(found(&plain("^ok [0-9]+$"), b"ok 42"));
    assert!(!found(&plain("^ok [0-9]+$"), b"ok 4x"));
    assert!(found(&plain("a*"), b""));
    assert!(!found(&plain("a"), b""));
    assert!(found(&plain("^$"), b""));
    assert!(!found(&plain("^.$"), b""));
}

#[test]
fn a_line_feed_may_follow_the_end_as_with_pcre() {
    assert!(found(&plain("^well$"), b"well\n"));
    assert!(!found(&plain("^well$"), b"well\r\n"));
    assert!(!found(&plain("^well$"), b"well\n\n"));
    assert!(!found(&plain("^well$"), b"well\nx"));
    let lines = PatternOptions {
        multiline: true,
        ..PatternOptions::default()
    };
    assert!(found(&pattern("^well$", lines), b"all\nwell\nx"));
    assert!(found(&plain(r"\bup\b"), b"is up."));
    assert!(!found(&plain(r"\bup\b"), b"is upper."));
}

#[test]
fn characters_may_be_of_several_octets() {
    let unicode = PatternOptions {
        unicode: true,
        ..PatternOptions::default()
    };
    assert!(found(&pattern("^ü.ö$", unicode), "üäö".as_bytes()));
    assert!(!found(&plain("^ü.ö$"), "üäö".as_bytes()));
    assert!(found(&pattern(r"\bup\b", unicode), "is up, ü".as_bytes()));
}

#[test]
fn negation_turns_the_outcome() {
    let options = PatternOptions {
        negated: true,
        ..PatternOptions::default()
    };
    assert!(!found(&pattern("down", options), b"is down"));
    assert!(found(&pattern("down", options), b"is up"));
}

#[test]
fn offsets_limit_where_a_match_begins() {
    let within = |text: &str, min_offset, max_offset| {
        let options = PatternOptions {
            min_offset,
            max_offset,
            ..PatternOptions::default()
        };
        found(&pattern(text, options), b"0123ok ok")
    };
    assert!(within("ok", 4, None));
    assert!(within("ok", 5, None));
    assert!(!within("ok", 8, None));
    assert!(within("ok", 0, Some(5)));
    assert!(!within("ok", 0, Some(4)));
    assert!(within("ok$", 0, Some(8)), "it ends behind that");
    assert!(!within("ok$", 0, Some(7)));
    assert!(!within("ok", 4, Some(4)));
    assert!(!within("ok", u64::MAX, None));
    assert!(!within("^ok", 4, None), "the octet before counts");
    assert!(within(r"\bok", 7, None));
    assert!(!within(r"\bok", 4, Some(5)));
    assert!(within("$", 9, None));
    assert!(!within("$", 10, None));
}

#[test]
fn match_is_found_anywhere_in_a_long_body_and_however_long() {
    let filler = vec![b'.'; 32 * 1024 - 3];
    let needle = plain("needle");
    for before in [0, 1, 2, 7] {
        let mut portions = vec![filler.as_slice(); before];
        portions.push(b"needle");
        portions.extend([filler.as_slice(); 3]);
        assert!(matches(&needle, &portions), "{before}");
    }
    let portions = [b"<", &filler[..], &filler, &filler, b">"];
    assert!(matches(&plain("^<[.]*>$"), &portions));
    assert!(!matches(&plain("^<[.]*>$"), &portions[..4]));
}

/// What is left for later is no more than what arrived at a time.
#[test]
fn a_slice_bounds_what_is_done_at_a_time() {
    let pattern = plain("a[ab]{1000}c");
    let body: Vec<_> = (0..16 * 1024_u32)
        .map(|at| b"ab"[usize::from(at.wrapping_mul(2_654_435_761) >> 31 == 1)])
        .collect();
    let mut search = Search::new(&pattern);
    search.update(&body);
    let mut slices = 0;
    while search.is_behind() {
        slices += 1;
        let before = search.done;
        assert_eq!(search.go_on(&pattern, &Slice::of(Duration::ZERO)), Ok(()));
        assert!(search.done <= before + 20);
    }
    assert!(slices > 800, "{slices}");
    assert!(!search.finish(&pattern));
}

#[test]
fn what_costs_too_much_is_told() {
    let pattern = plain("a[ab]{1000}c");
    let mut search = Search::new(&pattern);
    search.spent = PATTERN_TIME;
    search.update(&[b'a'; 4096]);
    let failure = search.go_on(&pattern, &Slice::of(Duration::ZERO));
    assert_eq!(failure, Err(HttpFailure::Cost));
    assert_eq!(
        HttpFailure::Cost.to_string(),
        "the regex is too costly for this body: 250 ms of searching did not decide it"
    );
}

#[test]
fn expressions_are_read_as_by_pcre() {
    assert!(found(
        &plain(r#"{"status":"(UP|OK)"}"#),
        br#"{"status":"UP"}"#
    ));
    assert!(found(&plain(r"\<title\>up"), b"<html><title>up"));
    assert!(!found(&plain(r"\<title\>"), b"title"));
    assert!(found(&plain(r"^[[]a\h]$"), b"[a ]"));
    assert!(found(&plain(r"^up\Z"), b"up\n"));
}
