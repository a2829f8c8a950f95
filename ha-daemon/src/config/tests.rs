use super::*;

mod balancing;
mod balancing_checks;
mod balancing_mistakes;
mod balancing_rules;
mod examples;
mod mistakes;
mod model;
mod preprocessor;
mod properties;
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
