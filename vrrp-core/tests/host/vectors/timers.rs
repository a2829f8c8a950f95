//! Skew_Time and Active_Down_Interval.

use serde::Deserialize;
use vrrp_core::{Config, Family, Interval, Priority, Settings, active_down_interval, skew};

use super::version;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    timers: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "section")]
    _section: String,
    version: u8,
    priority: u8,
    interval_cs: u16,
    skew_ns: u128,
    active_down_ns: u128,
}

#[test]
fn timers_are_exact() {
    let file: File = serde_json::from_str(include_str!("../../vectors/timers.json")).unwrap();
    assert_eq!(file.timers.len(), 20);
    for row in file.timers {
        let mut settings = Settings::new(version(row.version), Family::V4, 1);
        settings.interval = Interval::from_centis(row.interval_cs).unwrap();
        let config = Config::try_from(settings).unwrap();
        let (priority, interval) = (Priority::from_wire(row.priority), config.interval());
        let skew = skew(config.version(), priority, interval);
        assert_eq!(skew.as_nanos(), row.skew_ns, "{row:?}");
        let down = active_down_interval(&config, priority, interval);
        assert_eq!(down.as_nanos(), row.active_down_ns, "{row:?}");
    }
}
