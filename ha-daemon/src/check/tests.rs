use super::*;
use crate::config::load_str;

fn report(text: &str) -> (ExitStatus, String) {
    let loaded = load_str("test.conf", text, &LoadOptions::default());
    let each = loaded.diagnostics.iter();
    let status = each.map(|d| ExitStatus::of(d, false)).max();
    let status = status.unwrap_or(ExitStatus::Good);
    let report = Report { loaded, status };
    (status, report.text(false))
}

const GOOD: &str = "vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 51\nnopreempt\n\
                    virtual_ipaddress {\n192.0.2.100/24\n192.0.2.101 dev eth1\n}\n}\n";

#[test]
fn a_good_configuration_is_summed_up() {
    let (status, text) = report(GOOD);
    assert_eq!(status.code(), 0);
    assert_eq!(
        text,
        "\
instance VI_1: VRID 51 on eth0, IPv4, VRRPv2
  adverts to    224.0.0.18
  state         BACKUP, priority 100
  interval      1 s, skew 0.609375 s, takes over after 3.609375 s
  preemption    never takes over from a lower priority
  addresses     192.0.2.100/24, 192.0.2.101/32 on eth1

this configuration runs: 1 instance, 0 errors, 0 warnings
"
    );
}

#[test]
fn the_exit_status_is_that_of_keepalived() {
    for (change, code) in [
        ("nopreempt", 0),
        ("notify_stop \"/bin/x\"", 0),
        ("advert_int 1.5", 5),
        (
            "authentication {\nauth_type PASS\nauth_pass 123456789\n}",
            5,
        ),
        ("strict_mode\nunicast_peer {\n10.0.0.1\n}", 4),
        ("priority", 2),
    ] {
        let (status, _) = report(&GOOD.replace("nopreempt", change));
        assert_eq!(status.code(), code, "{change}");
    }
}

#[test]
fn a_missing_file_cannot_run() {
    let report = run(&["/nonexistent/x.conf".as_ref()], &Options::default());
    assert_eq!(report.status.code(), 4);
    let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    assert_eq!(json["runs"], false);
    assert_eq!(json["diagnostics"][0]["code"], "unreadable-file");
}

#[test]
fn every_diagnostic_counts_when_the_exit_status_is_strict() {
    let text = GOOD.replace("nopreempt", "notify_stop \"/bin/x\"");
    let loaded = load_str("test.conf", &text, &LoadOptions::default());
    assert_eq!(ExitStatus::of(&loaded.diagnostics[0], true).code(), 5);
}

/// Forward references and repeated names must not make it quadratic.
#[test]
fn sixteen_thousand_instances_are_checked() {
    let text = "$I= \\\n vrrp_instance VI_${a}_${b} { \\\n interface eth$a \\\n \
                virtual_router_id $b \\\n virtual_ipaddress { \\\n 10.${a}.${b}.1 \\\n } \\\n }\n\
                ~SEQ(a, 1, 63) ~SEQ(b, 1, 255) $I\n";
    let loaded = load_str("test.conf", text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    assert_eq!(loaded.config.instances.len(), 63 * 255);
}
