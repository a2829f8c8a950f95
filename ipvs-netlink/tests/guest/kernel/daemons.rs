//! Tests of synchronisation daemons, started by us and by ipvsadm.

use ipvs_core::{Name, SyncDaemon, SyncRole};

use super::host::{client, dummy, ip, joining, run};

#[test]
#[ignore = "needs ip_vs"]
fn synchronisation_daemons_start_and_stop() {
    let _joining = joining();
    let mut client = client();
    dummy("10.8.0.1/24");
    let interface = Name::new("sync").unwrap();
    let master = SyncDaemon {
        role: SyncRole::Master,
        interface,
        id: 200,
        max_length: Some(1200),
        group: Some(ip("224.0.0.99")),
        port: Some(9999),
        ttl: Some(3),
    };
    client.start_daemon(&master).unwrap();
    assert_eq!(client.daemons().unwrap(), [master]);
    let listed = run("ipvsadm", &["-L", "--daemon"]);
    assert!(
        listed.starts_with(
            "master sync daemon (mcast=sync, syncid=200, maxlen=1200, group=224.0.0.99, \
             port=9999, ttl=3)"
        ),
        "{listed}"
    );
    run(
        "ipvsadm",
        &[
            "--start-daemon",
            "backup",
            "--mcast-interface",
            "sync",
            "--syncid",
            "5",
        ],
    );
    let backup = SyncDaemon {
        role: SyncRole::Backup,
        interface,
        id: 5,
        max_length: Some(1472),
        group: Some(ip("224.0.0.81")),
        port: Some(8848),
        ttl: Some(1),
    };
    assert_eq!(client.daemons().unwrap(), [master, backup]);
    client.stop_daemon(SyncRole::Master).unwrap();
    client.stop_daemon(SyncRole::Backup).unwrap();
    assert_eq!(client.daemons().unwrap(), []);
}

#[test]
#[ignore = "needs ip_vs"]
fn a_daemon_of_an_ipv6_group_is_read_back() {
    let _joining = joining();
    let mut client = client();
    dummy("2001:db8::1/64");
    let daemon = SyncDaemon {
        role: SyncRole::Backup,
        interface: Name::new("sync").unwrap(),
        id: 0,
        max_length: None,
        group: Some(ip("ff05::99")),
        port: None,
        ttl: None,
    };
    client.start_daemon(&daemon).unwrap();
    let listed = client.daemons().unwrap();
    assert_eq!(listed[0].group, daemon.group);
    client.stop_daemon(SyncRole::Backup).unwrap();
}
