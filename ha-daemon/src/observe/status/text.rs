//! The status as a table for people.

use core::fmt::Write as _;
use core::time::Duration;

use super::{FailingStatus, InstanceStatus, LossStatus, ObstacleStatus, Status};

impl Status {
    /// The status for a person: a table, and under each instance what is out of the ordinary.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "ha-daemon {}, process {}, up {}\n",
            self.version,
            self.pid,
            span(self.uptime_seconds)
        );
        text.push_str(&self.losses.text());
        text.push('\n');
        let width = self
            .instances
            .iter()
            .map(|i| i.name.len())
            .max()
            .unwrap_or(0)
            .max(8);
        let head = ("INSTANCE", "STATE", "FOR", "PRIO", "MASTER", "VIPS");
        let row = |text: &mut String, cells: (&str, &str, &str, &str, &str, &str), rest: &str| {
            let (name, state, since, priority, master, vips) = cells;
            // Writing to a String cannot fail.
            let _infallible = writeln!(
                text,
                "{name:width$}  {state:6}  {since:>9}  {priority:>7}  {master:24}  {vips:>7}  {rest}"
            );
        };
        if !self.instances.is_empty() || self.virtual_servers.is_empty() {
            row(&mut text, head, "WHY");
        }
        for instance in &self.instances {
            let priority = &instance.priority;
            let prio = if priority.configured == priority.effective {
                priority.effective.to_string()
            } else {
                format!("{}/{}", priority.effective, priority.configured)
            };
            let master = match &instance.master {
                _ if instance.state == "MASTER" => "this router".to_owned(),
                Some(master) => format!("{} ({})", master.address, master.priority),
                None => "-".to_owned(),
            };
            let total = instance.addresses.advertised.len() + instance.addresses.excluded;
            let vips = format!("{}/{total}", instance.addresses.installed);
            let why = instance.reason();
            let since = span(instance.for_seconds);
            let cells = (
                instance.name.as_str(),
                instance.state.as_str(),
                since.as_str(),
                prio.as_str(),
                master.as_str(),
                vips.as_str(),
            );
            row(&mut text, cells, &why);
            for remark in instance.remarks() {
                let _infallible = writeln!(text, "{:width$}  ! {remark}", "");
            }
        }
        for server in &self.virtual_servers {
            if !text.ends_with("\n\n") {
                text.push('\n');
            }
            text.push_str(&server.text());
        }
        text
    }
}

impl LossStatus {
    /// A line for each counter that is not zero.
    fn text(&self) -> String {
        let Self {
            oversized_packets,
            missing_metadata,
            receive_errors,
            queue_overflows,
        } = *self;
        let lines = [
            ("oversized_packets", oversized_packets),
            ("missing_metadata", missing_metadata),
            ("receive_errors", receive_errors),
            ("queue_overflows", queue_overflows),
        ];
        let mut text = String::new();
        for (name, count) in lines.into_iter().filter(|(_, count)| *count > 0) {
            let _infallible = writeln!(text, "! {name}: {count}");
        }
        text
    }
}

impl InstanceStatus {
    fn reason(&self) -> String {
        let other = self.obstacles.iter().find(|it| !it.is_tracked());
        let obstacle = other.or_else(|| self.obstacles.first());
        if self.state == "FAULT"
            && let Some(obstacle) = obstacle
        {
            return obstacle.text.clone();
        }
        match &self.why {
            Some(why) => match why.peer {
                Some(peer) => format!("{} ({peer})", why.text),
                None => why.text.clone(),
            },
            None if self.state == "INIT" => "not started".to_owned(),
            None if self.interface.is_empty() => {
                "waiting for its unicast source address".to_owned()
            }
            None if self.priority.tracked.iter().any(|tracked| tracked.fault) => {
                "a tracked interface is down".to_owned()
            }
            None => "waiting for its interface".to_owned(),
        }
    }

    /// What an operator should look at.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        // A virtual MAC is made when the router is switched on.
        let early = |o: &ObstacleStatus| self.state == "INIT" && o.name == "virtual-mac-missing";
        let obstacles = self.obstacles.iter();
        let obstacles = obstacles.filter(|obstacle| !obstacle.is_tracked() && !early(obstacle));
        remarks.extend(obstacles.map(|obstacle| obstacle.text.clone()));
        let untold = !(self.obstacles.iter()).any(|o| o.name.starts_with("interface-"));
        if !self.interface_up && !self.interface.is_empty() && untold {
            remarks.push(format!("interface {} is not up", self.interface));
        }
        for FailingStatus { address, text } in &self.addresses.failing {
            remarks.push(format!("{address}: {text}"));
        }
        for tracked in self.priority.tracked.iter().filter(|tracked| !tracked.up) {
            remarks.push(format!("tracked interface {} is down", tracked.interface));
        }
        let quiet = [
            "advertisement",
            "priority_zero",
            "master_",
            "checksum_message",
            "checksum_pseudo",
        ];
        for (name, count) in &self.statistics {
            let loud = !quiet.iter().any(|prefix| name.starts_with(prefix));
            if loud && count.as_u64().is_some_and(|count| count > 0) {
                remarks.push(format!("{name}: {count}"));
            }
        }
        remarks
    }
}

/// A rough span, as `3d 4h` or `12.3s`.
fn span(seconds: f64) -> String {
    let duration = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let whole = duration.as_secs();
    match whole {
        0..60 => format!("{whole}.{}s", duration.subsec_millis() / 100),
        60..3600 => format!("{}m {}s", whole / 60, whole % 60),
        3600..86_400 => format!("{}h {}m", whole / 3600, whole / 60 % 60),
        _ => format!("{}d {}h", whole / 86_400, whole / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::status::TurnStatus;

    #[test]
    fn losses_are_told_where_there_are_any() {
        let mut status = Status {
            version: "1".to_owned(),
            pid: 2,
            uptime_seconds: 3.0,
            turns: TurnStatus::default(),
            losses: LossStatus::default(),
            instances: Vec::new(),
            virtual_servers: Vec::new(),
        };
        let head = "ha-daemon 1, process 2, up 3.0s\n\nINSTANCE";
        assert!(status.text().starts_with(head), "{}", status.text());
        status.losses = LossStatus {
            oversized_packets: 1,
            missing_metadata: 0,
            receive_errors: 2,
            queue_overflows: 3,
        };
        let head = "ha-daemon 1, process 2, up 3.0s\n\
            ! oversized_packets: 1\n! receive_errors: 2\n! queue_overflows: 3\n\nINSTANCE";
        assert!(status.text().starts_with(head), "{}", status.text());
        status.losses = LossStatus {
            missing_metadata: 4,
            ..LossStatus::default()
        };
        let head = "ha-daemon 1, process 2, up 3.0s\n! missing_metadata: 4\n\n";
        assert!(status.text().starts_with(head), "{}", status.text());
    }

    #[test]
    fn spans_read_well() {
        for (seconds, text) in [
            (0.0, "0.0s"),
            (12.39, "12.3s"),
            (61.0, "1m 1s"),
            (7260.0, "2h 1m"),
            (180_000.0, "2d 2h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
