use super::{instance, load_text};

fn rendered(text: &str) -> String {
    let loaded = load_text(text);
    let each = loaded.diagnostics.iter();
    let all: Vec<_> = each.map(|d| d.render(&loaded.sources, false)).collect();
    all.join("\n\n")
}

#[test]
fn a_misspelt_keyword_is_shown_with_a_suggestion() {
    assert_eq!(
        rendered(&instance("  priorty 100")),
        "\
error[unknown-keyword]: unknown keyword `priorty` in `vrrp_instance`
 --> test.conf:7:3
  |
7 |   priorty 100
  |   ^^^^^^^
  |
  = help: did you mean `priority`?"
    );
}

#[test]
fn a_repeated_setting_is_shown_with_the_first_one() {
    assert_eq!(
        rendered(&instance("  priority 100\n  priority 101")),
        "\
warning[repeated]: `priority` is set twice
 --> test.conf:8:3
  |
7 |   priority 100
  |   -------- first set here
8 |   priority 101
  |   ^^^^^^^^ this one counts"
    );
}

#[test]
fn a_mistake_from_a_macro_is_shown_with_its_use() {
    let text = format!("$PRIO=300\n{}", instance("  priority $PRIO"));
    assert_eq!(
        rendered(&text),
        "\
error[out-of-range]: `300` is out of range
 --> test.conf:1:7
  |
1 | $PRIO=300
  |       ^^^ 1 to 255 are allowed
...
8 |   priority $PRIO
  |            ----- expanded here"
    );
}

#[test]
fn records_for_machines_have_every_place() {
    let loaded = load_text(&instance("  priority 300"));
    let record = loaded.diagnostics[0].record(&loaded.sources);
    assert_eq!(
        serde_json::to_string(&record).unwrap(),
        r#"{"severity":"error","code":"out-of-range","message":"`300` is out of range","file":"test.conf","line":7,"column":12,"end_line":7,"end_column":15,"text":"300","label":"1 to 255 are allowed","related":[],"expanded_at":[],"included_at":[],"help":[]}"#
    );
}

#[test]
fn of_a_line_without_end_a_part_is_shown() {
    let text = |octets| format!("foo\n{}\nvrrp_instance \"A\n", "ä".repeat(octets / 2_usize));
    let shown = rendered(&text(1 << 20));
    assert_eq!(shown, rendered(&text(5000)));
    assert!(shown.contains("--> test.conf:2:513\n"), "{shown}");
    assert!(shown.contains("--> test.conf:3:15\n"), "{shown}");
    let lines = shown.lines();
    assert!(
        lines.clone().all(|line| line.chars().count() < 200),
        "{shown}"
    );
}
