//! The report of an episode as text.

use core::time::Duration;
use std::fs;

use super::site::{DIRECTORS, Site};
use rig::Advert;

/// Lines of a log that are worth reading.
const LINES: usize = 25;

/// Who advertised and announced when, since `from`: one line for each change in each virtual router,
/// and the end of each director's log.
pub(crate) fn timeline(site: &Site<'_>, from: Duration) -> String {
    let mut text = String::new();
    for (instance, best) in Site::routers() {
        let (vrid, address) = (instance.vrid, instance.address());
        text += &format!("  virtual router {vrid}, {address}, best host {best}\n");
        let mut lines: Vec<(Duration, String)> = Vec::new();
        let mut last = None;
        for advert in site.lab.capture().adverts(instance.key(), from) {
            let Advert { time, host, fields } = advert;
            let what = format!("host {host} advertises priority {}", fields.priority);
            if last.as_ref() != Some(&what) {
                lines.push((time, what.clone()));
            }
            last = Some(what);
        }
        for host in 0..DIRECTORS {
            let announced = site.lab.capture().announced(host, address, from);
            lines.extend(
                announced
                    .into_iter()
                    .map(|one| (one.time, format!("host {host} announces the address"))),
            );
        }
        lines.sort();
        for (time, what) in lines {
            text += &format!("    {:8.3} s  {what}\n", (time - from).as_secs_f64());
        }
    }
    for host in 0..DIRECTORS {
        text += &format!("  the log of host {host} ends:\n");
        let log = fs::read_to_string(site.lab.dir(host).join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        for line in &lines[lines.len().saturating_sub(LINES)..] {
            text += &format!("    {line}\n");
        }
    }
    text
}
