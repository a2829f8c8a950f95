use core::time::Duration;

use vrrp_core::{Family, Interval, MacAddr, Priority, Version};

use super::{instance, load_text, only, places};
use crate::config::{
    Announce, Authentication, Broadcast, DynamicInterfaces, InitialState, Lifetime, Transport,
};

#[test]
fn an_instance_without_settings_is_a_backup_of_priority_100_in_version_2() {
    let a = only(&instance(""));
    assert_eq!((a.name.as_str(), a.vrid.get()), ("A", 5));
    assert_eq!(a.interface.as_deref(), Some("eth0"));
    assert_eq!((a.family, a.version), (Family::V4, Version::V2));
    assert_eq!(a.initial, InitialState::Backup);
    assert_eq!(a.priority, Priority::DEFAULT);
    assert_eq!(a.interval, Interval::DEFAULT);
    assert_eq!(a.authentication, Authentication::None);
    assert!(a.preempt && a.accept && a.track_primary && !a.strict);
    assert_eq!(a.preempt_delay, Duration::ZERO);
    assert_eq!(a.down_timer_adverts, 3);
    assert_eq!(
        a.transport,
        Transport::Multicast {
            group: "224.0.0.18".parse().unwrap(),
            source: None
        }
    );
    assert_eq!(
        a.announce,
        Announce {
            delay: Some(Duration::from_secs(5)),
            repeat: 5,
            refresh: None,
            refresh_repeat: 1,
            lower_prio_delay: Some(Duration::from_secs(5)),
            lower_prio_repeat: 5,
        }
    );
    let address = &a.addresses[0];
    assert_eq!((address.prefix_len, address.nodad), (32, false));
    assert_eq!(address.preferred_lifetime, Lifetime::Forever);
}

#[test]
fn scripts_have_the_user_and_group_of_script_user() {
    for (text, group) in [
        ("", None),
        (" staff", Some("staff")),
        (" :staff", Some("staff")),
    ] {
        let loaded = load_text(&format!("global_defs {{\nscript_user alice{text}\n}}\n"));
        assert_eq!(places(&loaded), []);
        let user = loaded.config.global.script_user.unwrap();
        assert_eq!(
            (user.user.as_str(), user.group.as_deref()),
            ("alice", group)
        );
    }
}

#[test]
fn master_without_a_priority_is_the_owner() {
    assert_eq!(only(&instance("state MASTER")).priority, Priority::OWNER);
    let with = only(&instance("state MASTER\npriority 99"));
    assert_eq!(
        (with.initial, with.priority.get()),
        (InitialState::Master, 99)
    );
}

#[test]
fn an_ipv6_instance_speaks_version_3_and_its_host_addresses_are_no_sources() {
    let a = only(&instance("").replace("10.0.0.1", "2001:db8::1"));
    assert_eq!((a.family, a.version), (Family::V6, Version::V3));
    let address = &a.addresses[0];
    assert_eq!((address.prefix_len, address.nodad), (128, true));
    assert_eq!(address.preferred_lifetime, Lifetime::Seconds(0));
    let a = only(&instance("").replace("10.0.0.1", "2001:db8::1/64 -nodad"));
    assert!(!a.addresses[0].nodad);
    assert_eq!(a.addresses[0].preferred_lifetime, Lifetime::Forever);
}

/// RFC 3768 §6.1 and RFC 9568 §6.1: at priority 100 and 1 s, 156/256 s; version 3 scales it with
/// the interval.
#[test]
fn skew_and_active_down_time_are_exact() {
    let v2 = only(&instance("advert_int 2\nversion 2"));
    assert_eq!(v2.skew(), Duration::from_nanos(609_375_000));
    assert_eq!(v2.active_down(), Duration::from_nanos(6_609_375_000));
    let v3 = only(&instance("advert_int 2\nversion 3"));
    assert_eq!(v3.skew(), Duration::from_nanos(1_218_750_000));
    assert_eq!(v3.active_down(), Duration::from_nanos(7_218_750_000));
    let fast = only(&instance("advert_int 0.01\nversion 3\npriority 255"));
    assert_eq!(fast.skew(), Duration::from_nanos(39_062));
}

#[test]
fn intervals_round_half_up_to_what_the_version_carries() {
    for (body, centis) in [
        ("advert_int 1.5", 200),
        ("advert_int 1.4", 100),
        ("advert_int 0.2", 100),
        ("advert_int 255", 25_500),
        ("version 3\nadvert_int 0.125", 13),
        ("version 3\nadvert_int 0.01", 1),
        ("version 3\nadvert_int 255", 4095),
    ] {
        let loaded = load_text(&instance(body));
        assert_eq!(
            loaded.config.instances[0].interval.centis(),
            centis,
            "{body}"
        );
    }
}

#[test]
fn strict_mode_changes_what_does_not_comply() {
    let body = "strict_mode\nadvert_int 1";
    let a = only(&instance(body));
    assert!(a.strict && !a.accept && a.lower_prio_no_advert && a.owner_ignore_adverts);
    assert!(!a.higher_prio_send_advert);
    assert_eq!(
        (a.announce.lower_prio_delay, a.announce.lower_prio_repeat),
        (None, 0)
    );
    let owner = only(&instance("strict_mode\npriority 255"));
    assert_eq!(owner.initial, InitialState::Master);
    assert!(owner.accept);
}

#[test]
fn passwords_are_cut_to_eight_octets_and_never_shown() {
    let body = "authentication {\nauth_type PASS\nauth_pass \"12345678!\"\n}";
    let loaded = load_text(&instance(body));
    let Authentication::Pass(password) = loaded.config.instances[0].authentication else {
        panic!("not PASS");
    };
    assert_eq!(password.octets(), b"12345678");
    assert_eq!(format!("{password:?}"), "Password(..)");
    let text = loaded.diagnostics[0].render(&loaded.sources, false);
    assert!(text.contains("auth_pass ***********"), "{text}");
    assert!(!text.contains("1234"));
    assert!(!format!("{:?}", loaded.sources).contains("1234"));
}

#[test]
fn global_defaults_reach_instances_below_and_version_and_strictness_all() {
    let globals = "global_defs {\nvrrp_garp_master_delay 0\nvrrp_down_timer_adverts 4\n\
                   vrrp_version 3\nvrrp_mcast_group4 224.0.0.99\n}\n";
    let a = only(&format!("{globals}{}", instance("")));
    assert_eq!(a.announce.delay, None);
    assert_eq!((a.down_timer_adverts, a.version), (4, Version::V3));
    let loaded = load_text(&format!("{}{globals}", instance("")));
    let late = ("late-defaults", 10, 1);
    assert_eq!(places(&loaded), [late, ("late-defaults", 11, 1)]);
    let a = &loaded.config.instances[0];
    assert_eq!(a.announce.delay, Some(Duration::from_secs(5)));
    assert_eq!((a.down_timer_adverts, a.version), (3, Version::V3));
}

#[test]
fn unicast_peers_with_a_source_need_no_interface() {
    let text = "vrrp_instance A {\nvirtual_router_id 1\nunicast_src_ip 10.0.0.8\nunicast_peer {\n\
                10.0.0.9 min_ttl 250\n}\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n";
    let Transport::Unicast {
        source,
        peers,
        check_source,
        ttl,
    } = only(text).transport
    else {
        panic!("not unicast");
    };
    assert_eq!(source, Some("10.0.0.8".parse().unwrap()));
    assert_eq!((peers[0].min_ttl, peers[0].max_ttl), (Some(250), None));
    assert!(check_source, "a TTL range needs the peer to be known");
    assert_eq!(ttl, None);
}

#[test]
fn vmac_interfaces_get_the_virtual_mac_and_a_name_of_their_own() {
    let a = instance("use_vmac");
    let b = a
        .replace("instance A", "instance B")
        .replace("eth0", "eth1")
        .replace("10.0.0.1", "fe80::1");
    let loaded = load_text(&format!("{a}{b}"));
    assert_eq!(places(&loaded), []);
    let vmacs = loaded
        .config
        .instances
        .iter()
        .filter_map(|i| i.vmac.as_ref());
    let vmacs: Vec<_> = vmacs.map(|vmac| (vmac.name.as_str(), vmac.mac)).collect();
    assert_eq!(
        vmacs,
        [
            ("vrrp.5", MacAddr([0, 0, 0x5e, 0, 1, 5])),
            ("vrrp6.5", MacAddr([0, 0, 0x5e, 0, 2, 5])),
        ]
    );
    let own = only(&instance("use_vmac 02:00:00:00:07"));
    assert_eq!(own.vmac.unwrap().mac, MacAddr([2, 0, 0, 0, 7, 5]));
}

#[test]
fn options_of_addresses_and_tracked_interfaces_are_kept() {
    let a = only(&instance(
        "virtual_ipaddress {\n10.0.0.2/24 brd + dev eth1 scope link label eth1:0 no_track\n}\n\
         track_interface {\neth1 weight -20\neth2 weight 5 reverse\n}",
    ));
    let address = &a.addresses[1];
    assert_eq!(address.broadcast, Some(Broadcast::Ones));
    assert_eq!(address.device.as_deref(), Some("eth1"));
    assert_eq!((address.scope, address.track), (Some(253), false));
    assert_eq!(address.label.as_deref(), Some("eth1:0"));
    let tracked: Vec<_> = a
        .track_interfaces
        .iter()
        .map(|t| (t.interface.as_str(), t.weight, t.reverse))
        .collect();
    assert_eq!(tracked, [("eth1", -20, false), ("eth2", 5, true)]);
}

#[test]
fn dynamic_interfaces_has_three_values() {
    for (argument, value) in [
        ("", DynamicInterfaces::Dynamic),
        ("off", DynamicInterfaces::Required),
        ("allow_if_changes", DynamicInterfaces::Changing),
    ] {
        let loaded = load_text(&format!(
            "global_defs {{\ndynamic_interfaces {argument}\n}}\n"
        ));
        assert_eq!(places(&loaded), []);
        assert_eq!(loaded.config.global.dynamic_interfaces, value);
    }
}
