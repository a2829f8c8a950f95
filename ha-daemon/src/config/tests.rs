use super::*;

mod balancing;
mod balancing_checks;
mod balancing_mistakes;
mod balancing_rules;
mod effort;
mod examples;
mod files;
mod instances;
mod invisible;
mod linearity;
mod mistakes;
mod model;
mod preprocessor;
mod rendering;

fn options() -> LoadOptions {
    LoadOptions {
        config_id: "node1".to_owned(),
        instance: "blue".to_owned(),
        environment: BTreeMap::from([("SITE".to_owned(), "berlin".to_owned())]),
        ..LoadOptions::default()
    }
}

fn load_text(text: &str) -> Loaded {
    load_str("test.conf", text, &options())
}

/// Code, line and column of each diagnostic.
fn places(loaded: &Loaded) -> Vec<(&'static str, usize, usize)> {
    let place = |diagnostic: &Diagnostic| {
        let position = Position::of(diagnostic.primary.place, &loaded.sources).unwrap();
        (diagnostic.code.id(), position.line, position.column)
    };
    loaded.diagnostics.iter().map(place).collect()
}

/// An instance that is complete, with `body` from line 7 on.
fn instance(body: &str) -> String {
    format!(
        "vrrp_instance A {{\n  interface eth0\n  virtual_router_id 5\n  virtual_ipaddress {{\n    \
         10.0.0.1\n  }}\n{body}\n}}\n"
    )
}

/// The only instance of a text without mistakes.
fn only(text: &str) -> Instance {
    let loaded = load_text(text);
    assert_eq!(places(&loaded), [], "{text}");
    let [instance] = <[Instance; 1]>::try_from(loaded.config.instances).unwrap();
    instance
}

/// The code, line and column of the one diagnostic of a text.
type Mistake = (&'static str, usize, usize, &'static str);

/// Checks that of each mistake there is exactly the one diagnostic, in a text made of it.
fn check_each(mistakes: &[Mistake], text: impl Fn(&str) -> String) {
    let mut wrong = Vec::new();
    for &(code, line, column, snippet) in mistakes {
        let found = places(&load_text(&text(snippet)));
        if found != [(code, line, column)] {
            wrong.push((snippet, (code, line, column), found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
