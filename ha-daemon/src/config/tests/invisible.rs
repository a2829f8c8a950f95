//! Characters that nobody sees are letters, and are named.

use super::{instance, load_text, places};
use crate::config::{InitialState, Loaded, Severity};

fn said(loaded: &Loaded) -> String {
    let each = loaded.diagnostics.iter();
    each.map(|diagnostic| diagnostic.render(&loaded.sources, false))
        .collect()
}

#[test]
fn blanks_of_other_scripts_are_letters() {
    let lines = "\u{a0}priority 150\n\u{3000}advert_int 3\n  \u{a0}\u{a0}state MASTER";
    let loaded = load_text(&instance(lines));
    assert_eq!(
        places(&loaded),
        [
            ("unknown-keyword", 7, 1),
            ("unknown-keyword", 8, 1),
            ("unknown-keyword", 9, 3)
        ]
    );
    let [only] = &loaded.config.instances[..] else {
        panic!("{loaded:?}");
    };
    assert_eq!(only.priority.get(), 100);
    assert_eq!(only.interval.centis(), 100);
    assert_eq!(only.initial, InitialState::Backup);
    let text = said(&loaded);
    assert!(
        text.contains("unknown keyword `<U+00A0>priority` in"),
        "{text}"
    );
    assert!(text.contains("U+3000 (ideographic space)"), "{text}");
    assert!(text.contains("did you mean `state`?"), "{text}");
    let loaded = load_text(&instance("priority\u{a0}150"));
    assert_eq!(places(&loaded), [("unknown-keyword", 7, 1)]);
    let text = said(&loaded);
    assert!(text.contains("did you mean `priority`?"), "{text}");
}

#[test]
fn each_of_them_is_named_in_a_keyword() {
    for (c, name) in [
        ('\u{200b}', "U+200B (zero width space)"),
        ('\u{200d}', "U+200D (zero width joiner)"),
        ('\u{ad}', "U+00AD (soft hyphen)"),
        (
            '\u{feff}',
            "U+FEFF (byte order mark, or zero width no-break space)",
        ),
        ('\u{200f}', "U+200F (right-to-left mark)"),
        ('\u{202e}', "U+202E (right-to-left override)"),
        ('\u{2028}', "U+2028 (line separator)"),
        ('\u{85}', "U+0085 (next line)"),
        ('\u{1}', "U+0001"),
        ('\u{1b}', "U+001B (escape)"),
        ('\u{7f}', "U+007F (delete)"),
    ] {
        for line in [format!("{c} priority 150"), format!("pri{c}ority 150")] {
            let loaded = load_text(&instance(&line));
            assert_eq!(places(&loaded), [("unknown-keyword", 7, 1)], "{name}");
            assert!(said(&loaded).contains(name), "{name}: {}", said(&loaded));
        }
    }
}

#[test]
fn an_invisible_character_in_a_value_is_a_warning() {
    let loaded = load_text(&instance("notify_stop \"/bin/x\u{200b}\""));
    let invisible: Vec<_> = places(&loaded)
        .into_iter()
        .filter(|place| place.0 == "invisible-character")
        .collect();
    assert_eq!(invisible, [("invisible-character", 7, 20)]);
    // Not in a comment.
    let loaded = load_text(&instance("priority 5 # \u{200b}"));
    assert_eq!(places(&loaded), []);
    let loaded = load_text(
        "vrrp_instance A\u{a0} {\ninterface eth0\nvirtual_router_id 5\n\
                            virtual_ipaddress {\n10.0.0.1\n}\n}\n",
    );
    assert_eq!(places(&loaded), [("invisible-character", 1, 16)]);
    assert_eq!(loaded.worst(), Some(Severity::Warning));
    assert_eq!(loaded.config.instances[0].name, "A\u{a0}");
}
