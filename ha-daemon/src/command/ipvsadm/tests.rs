//! Tests of `ha-daemon ipvsadm`.

use ipvs_core::Name;

use super::*;

fn daemon(role: SyncRole) -> SyncDaemon {
    SyncDaemon {
        role,
        interface: Name::new("dummy0").unwrap(),
        id: 7,
        max_length: None,
        group: None,
        port: None,
        ttl: None,
    }
}

#[test]
fn daemons_are_told_in_a_line_each() {
    let mut text = String::new();
    write_daemon(
        &mut text,
        &SyncDaemon {
            max_length: Some(65487),
            group: Some([0xff05, 0, 0, 0, 0, 0, 0, 0x51].into()),
            port: Some(9001),
            ttl: Some(6),
            ..daemon(SyncRole::Backup)
        },
    )
    .unwrap();
    // Kernels before 4.3 report no more.
    write_daemon(&mut text, &daemon(SyncRole::Master)).unwrap();
    assert_eq!(
        text,
        "backup sync daemon (mcast=dummy0, syncid=7, maxlen=65487, group=ff05::51, port=9001, ttl=6)\n\
         master sync daemon (mcast=dummy0, syncid=7)\n"
    );
}

#[test]
fn mistakes_exit_as_ipvsadm_does() {
    for (words, status) in [
        (&["-n"][..], 255),
        (&["-L", "--bogus"], 255),
        (&["-A", "-t"], 255),
        (&["-L", "foo"], 2),
        (&["-A", "-D"], 2),
        (&["-A"], 2),
        (&["-A", "-t", "10.0.0.1:0"], 2),
        (&["-L", "-c", "--stats"], 2),
        (&["--set", "1", "2"], 2),
        (&["-A", "-t", "10.0.0.1:80", "-w", "5"], 2),
    ] {
        let failure = Program::new().run(words).unwrap_err();
        assert_eq!(failure.status(), status, "{words:?}: {failure}");
    }
}

#[test]
fn only_what_concerns_one_line_lets_restoring_go_on() {
    for (words, goes_on) in [
        (&["-L", "--bogus"][..], true),
        (&["-A", "-t"], true),
        (&["-n"], false),
        (&["-A"], false),
    ] {
        let failure = Program::new().run(words).unwrap_err();
        assert_eq!(failure.is_of_one_line(), goes_on, "{words:?}");
    }
}
