use proptest::prelude::*;

use super::options;
use crate::config::{LoadOptions, Place, Sources, load_str};

/// Pieces of configurations, so that random texts get somewhere.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        prop::sample::select(vec![
            "vrrp_instance A {\n",
            "global_defs {\n",
            "}\n",
            "{",
            "}",
            "interface eth0\n",
            "virtual_router_id 5\n",
            "virtual_ipaddress {\n",
            "10.0.0.1/24 dev eth0\n",
            "priority ",
            "300",
            "$A=",
            "$A",
            "${A}",
            "$M= \\\n",
            "\\\n",
            "~SEQ(i,1,3) ",
            "~LST(i,a,b) ",
            "$i",
            "@node1 ",
            "@^node1 ",
            "include x\n",
            "\"",
            "#",
            "!",
            "\\",
            "auth_pass ",
            "secret\n",
            "authentication {\n",
            "track_interface {\n",
            "unicast_peer {\n",
            "\u{e9}",
            "\u{fffd}",
            "\0",
            "\t",
            "\r\n",
            "state MASTER\n",
            "use_vmac ",
            "advert_int 1.5\n",
            "virtual_server 10.0.0.1 80 {\n",
            "virtual_server group G {\n",
            "virtual_server fwmark 1 {\n",
            "virtual_server_group G {\n",
            "10.0.0.1-",
            "2001:db8::/",
            "real_server 10.0.0.2 80 {\n",
            "real_server 2001:db8::2 {\n",
            "lb_kind TUN type gue port 1\n",
            "lb_kind DR\n",
            "sorry_server 10.0.0.2\n",
            "quorum 4\n",
            "TCP_CHECK {\n",
            "HTTP_GET {\n",
            "url {\n",
            "status_code ",
            "digest ",
            "UDP_CHECK {\n",
            "payload ",
            "FILE_CHECK {\n",
            "track_file a {\n",
            "misc_path \"",
            "global_defs {\nlvs_sync_daemon eth0 ",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

fn is_inside(place: Place, sources: &Sources) -> bool {
    let text = sources.get(place.span.source).map(|source| source.text());
    text.is_some_and(|text| text.get(place.span.range()).is_some())
        && place.via.is_none_or(|via| {
            sources
                .used_at(via)
                .is_some_and(|place| is_inside(place, sources))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_makes_it_panic_and_every_place_is_in_its_text(
        pieces in prop::collection::vec(piece(), 0..60)
    ) {
        let options = LoadOptions { max_lines: 2000, ..options() };
        let loaded = load_str("test.conf", &pieces.concat(), &options);
        for diagnostic in &loaded.diagnostics {
            let labels = core::iter::once(&diagnostic.primary).chain(&diagnostic.secondary);
            for label in labels {
                prop_assert!(is_inside(label.place, &loaded.sources), "{label:?}");
            }
            prop_assert!(!diagnostic.render(&loaded.sources, false).is_empty());
            let record = serde_json::to_value(diagnostic.record(&loaded.sources));
            prop_assert!(record.is_ok());
        }
    }
}
