use std::path::{Path, PathBuf};

use super::{options, places};
use crate::config::keyword::{
    AUTHENTICATION, DNS_CHECK, FILE_CHECK, GLOBAL, HOST, HTTP_CHECK, INSTANCE, MISC_CHECK, Names,
    REAL_SERVER, SMTP_CHECK, SOCKET_CHECK, SSL, TOP, TRACK_FILE, UDP_CHECK, URL, VIRTUAL_SERVER,
};
use crate::config::load;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name)
}

#[test]
fn the_directors_share_a_virtual_router_and_differ_in_priority() {
    let mut priorities = Vec::new();
    for name in ["director-a.conf", "director-b.conf"] {
        let loaded = load(&example(name), &options());
        assert_eq!(places(&loaded), [], "{name}");
        let [instance] = loaded.config.instances.as_slice() else {
            panic!("one instance");
        };
        assert_eq!((instance.vrid.get(), instance.version.number()), (51, 3));
        assert_eq!(instance.interface.as_deref(), Some("eth0"));
        let address = &instance.addresses[0];
        assert_eq!(address.address.to_string(), "192.0.2.100");
        assert_eq!(address.prefix_len, 24);
        priorities.push(instance.priority.get());
    }
    assert_eq!(priorities, [150, 100]);
}

#[test]
fn the_full_example_has_no_mistakes_and_uses_every_supported_keyword() {
    let loaded = load(&example("full.conf"), &options());
    assert_eq!(places(&loaded), []);
    assert_eq!(loaded.config.instances.len(), 9);
    assert_eq!(loaded.config.virtual_servers.len(), 3);
    let text = std::fs::read_to_string(example("full.conf")).unwrap();
    let words: Vec<_> = text.split_whitespace().collect();
    let tables: [&dyn Names; 17] = [
        &TOP,
        &GLOBAL,
        &INSTANCE,
        &AUTHENTICATION,
        &VIRTUAL_SERVER,
        &REAL_SERVER,
        &SOCKET_CHECK,
        &HTTP_CHECK,
        &URL,
        &MISC_CHECK,
        &SMTP_CHECK,
        &HOST,
        &DNS_CHECK,
        &UDP_CHECK,
        &FILE_CHECK,
        &TRACK_FILE,
        &SSL,
    ];
    // They are supported with a warning.
    let discouraged = ["host", "lvs_flush_onstop", "nb_get_retry", "regex_stack"];
    let keywords = tables.into_iter().flat_map(|table| table.supported());
    for keyword in keywords.filter(|keyword| !discouraged.contains(keyword)) {
        assert!(words.contains(&keyword), "{keyword} is missing");
    }
}
