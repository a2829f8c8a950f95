//! The loading of scheduler modules that the kernel must not load by itself.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, Stdio};

use ipvs_core::Scheduler;
use tracing::debug;

use crate::config::Config;

/// The program by which the kernel loads modules, as `sysctl(8)` has it.
const LOADER: &str = "/proc/sys/kernel/modprobe";

/// Loads the schedulers of `config` that the kernel must not load by itself.
///
/// `lblc` and `lblcr` have data of each network namespace. The kernel loads a scheduler with IPVS
/// locked; if a network namespace with IPVS ends just then, the namespace waits for IPVS and the module
/// for the end of the namespace, for ever. Asked for like this IPVS is not locked. Where there is no
/// such program, or it is not allowed to, the kernel tries in its own way.
pub(super) fn load(config: &Config) {
    for module in wanted(config) {
        if let Err(error) = run(module) {
            debug!("{module} was not loaded: {error}");
        }
    }
}

fn wanted(config: &Config) -> impl Iterator<Item = &'static str> {
    let used = |scheduler| {
        let mut servers = config.virtual_servers.iter();
        servers.any(|server| server.scheduler == scheduler)
    };
    let modules = [
        (Scheduler::Lblc, "ip_vs_lblc"),
        (Scheduler::Lblcr, "ip_vs_lblcr"),
    ];
    let modules = modules.map(|(scheduler, module)| used(scheduler).then_some(module));
    modules.into_iter().flatten()
}

fn run(module: &str) -> std::io::Result<()> {
    let path = fs::read(LOADER)?;
    let path = OsString::from_vec(path.trim_ascii_end().to_vec());
    let status = Command::new(path)
        .args(["-q", "--", module])
        .env_clear()
        .env("PATH", "/sbin:/usr/sbin:/bin:/usr/bin")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(std::io::Error::other(status.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, load_str};

    fn modules(schedulers: &[&str]) -> Vec<&'static str> {
        let servers = schedulers.iter().enumerate().map(|(at, scheduler)| {
            format!(
                "virtual_server 192.0.2.{at} 80 {{\nlb_algo {scheduler}\nlb_kind NAT\n\
                 protocol TCP\nreal_server 10.0.0.1 80 {{\n}}\n}}\n"
            )
        });
        let text: String = servers.collect();
        let loaded = load_str("test.conf", &text, &LoadOptions::default());
        assert_eq!(loaded.diagnostics, []);
        wanted(&loaded.config).collect()
    }

    #[test]
    fn only_schedulers_with_data_of_each_namespace_are_loaded_once() {
        assert_eq!(modules(&["rr", "sh", "mh", "wlc"]), [""; 0]);
        assert_eq!(modules(&["lblc", "rr", "lblc"]), ["ip_vs_lblc"]);
        assert_eq!(modules(&["lblcr", "lblc"]), ["ip_vs_lblc", "ip_vs_lblcr"]);
    }
}
