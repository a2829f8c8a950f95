//! The completion of checks, with what they inherit from their real and virtual server.

use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

use super::Context;
use super::interner::Interner;
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::lvs::checker::{CheckerDraft, Kind};
use crate::config::lvs::connection::{ConnectionDraft, Target};
use crate::config::lvs::http::HttpDraft;
use crate::config::lvs::misc::{FileDraft, MiscDraft};
use crate::config::lvs::timing::{Defaults, TimingDraft};
use crate::config::lvs::udp::UdpDraft;
use crate::config::model::{
    Check, Checker, DnsCheck, FileCheck, HttpCheck, MiscCheck, Probe, Script, SmtpCheck, UdpCheck,
};
use crate::config::text::tape::Token;
use crate::health::dns::DnsType;
use crate::health::http::RequestText;
use crate::health::settings::Connection;

/// What checks take from the real server they are in.
#[derive(Debug)]
pub(super) struct Inherited<'d> {
    pub(super) address: IpAddr,
    /// 0 if there is none.
    pub(super) port: u16,
    pub(super) timing: TimingDraft,
    pub(super) virtual_host: Option<&'d RequestText>,
    /// How long a program may run.
    pub(super) script_timeout: Duration,
}

const HELO: &str = "smtpchecker.keepalived.org";

const fn defaults(kind: &Kind<'_>) -> Defaults {
    let (retry, delay) = match kind {
        Kind::Tcp | Kind::Ping | Kind::Udp(_) | Kind::Smtp(_) | Kind::File(_) => (1, Some(1)),
        Kind::Http(_) => (1, Some(3)),
        Kind::Misc(_) => (0, Some(1)),
        Kind::Dns(_) => (3, None),
    };
    let fast_recovery = match kind {
        Kind::Http(http) => http.fast_recovery,
        Kind::Tcp
        | Kind::Ping
        | Kind::Udp(_)
        | Kind::Smtp(_)
        | Kind::File(_)
        | Kind::Misc(_)
        | Kind::Dns(_) => false,
    };
    Defaults {
        fast_recovery,
        retry,
        delay_before_retry: match delay {
            Some(seconds) => Some(Duration::from_secs(seconds)),
            None => None,
        },
    }
}

impl Inherited<'_> {
    /// Appends what a draft stands for. What cannot run is left out, which has been reported.
    pub(super) fn complete(
        &self,
        draft: &mut CheckerDraft<'_>,
        context: &Context<'_, '_>,
        interner: &mut Interner,
        into: &mut Vec<Checker>,
        diagnostics: &mut Diagnostics,
    ) {
        let keyword = draft.keyword;
        let timing = draft.common.timing.or(self.timing);
        let schedule = timing.complete(defaults(&draft.kind));
        let target = Target {
            address: self.address,
            port: self.port,
            timeout: timing
                .connect_timeout
                .unwrap_or(TimingDraft::CONNECT_TIMEOUT),
        };
        let needs_port = !matches!(draft.kind, Kind::Ping);
        let connect = |own: &ConnectionDraft, diagnostics: &mut Diagnostics| {
            own.complete(target, needs_port, keyword, diagnostics)
        };
        let log_all_failures = draft.common.log_all_failures;
        let checker = |check| Checker {
            span: keyword.place.span,
            log_all_failures: log_all_failures.unwrap_or(context.log_all_failures),
            check,
        };
        let own = &draft.common.connection;
        let probe = match &mut draft.kind {
            Kind::File(file) => {
                let check = self::file(file, schedule.alpha, keyword, context, diagnostics);
                into.extend(check.map(checker));
                return;
            }
            Kind::Smtp(draft) => {
                let helo = draft.helo.as_deref().unwrap_or(HELO);
                let hosts = match &draft.hosts[..] {
                    [] => core::slice::from_ref(own),
                    hosts => hosts,
                };
                let timing = interner.timing(schedule);
                let connections = hosts.iter().filter_map(|host| connect(host, diagnostics));
                into.extend(connections.map(|connection| {
                    let timing = Arc::clone(&timing);
                    let probe = smtp(connection, helo);
                    checker(Check::Probe { probe, timing })
                }));
                return;
            }
            Kind::Ping => connect(own, diagnostics).map(Probe::Ping),
            Kind::Tcp => connect(own, diagnostics).map(Probe::Tcp),
            Kind::Http(draft) => connect(own, diagnostics).and_then(|connection| {
                self.http(draft, connection, keyword, interner, diagnostics)
            }),
            Kind::Dns(dns) => connect(own, diagnostics).map(|connection| {
                Probe::Dns(Box::new(DnsCheck {
                    connection,
                    record: dns.record.unwrap_or(DnsType::Soa),
                    name: dns.name.take().unwrap_or_else(|| ".".to_owned()),
                }))
            }),
            Kind::Udp(udp) => connect(own, diagnostics)
                .map(|connection| self::udp(core::mem::take(&mut **udp), connection, diagnostics)),
            Kind::Misc(misc) => self.misc(core::mem::take(&mut **misc), keyword, diagnostics),
        };
        into.extend(probe.map(|probe| {
            let timing = interner.timing(schedule);
            checker(Check::Probe { probe, timing })
        }));
    }

    fn http(
        &self,
        draft: &mut HttpDraft,
        connection: Connection,
        keyword: Token<'_>,
        interner: &mut Interner,
        diagnostics: &mut Diagnostics,
    ) -> Option<Probe> {
        if draft.urls.is_empty() {
            if !draft.has_url {
                let text = format!("`{}` has no `url`", keyword.text);
                let diagnostic = Diagnostic::error(Code::MissingSetting, keyword.place, text);
                diagnostics.push(diagnostic.label("the check is left out"));
            }
            return None;
        }
        let urls = core::mem::take(&mut draft.urls).into_iter();
        let host = draft.virtual_host.as_ref().or(self.virtual_host);
        let urls = urls.map(|url| interner.url(url, host, diagnostics));
        Some(Probe::Http(Box::new(HttpCheck {
            connection,
            tls: draft.tls.take(),
            version: draft.version,
            urls: urls.collect(),
        })))
    }

    fn misc(
        &self,
        draft: MiscDraft,
        keyword: Token<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Probe> {
        let Some(command) = draft.command else {
            if !draft.tried {
                let text = "`MISC_CHECK` has no `misc_path`";
                let diagnostic = Diagnostic::error(Code::MissingSetting, keyword.place, text);
                diagnostics.push(diagnostic.label("the check is left out"));
            }
            return None;
        };
        Some(Probe::Misc(Box::new(MiscCheck {
            script: Script {
                command,
                user: draft.user,
                group: draft.group,
                at: draft.at,
            },
            timeout: draft.timeout.unwrap_or(self.script_timeout),
            dynamic: draft.dynamic,
        })))
    }
}

fn smtp(connection: Connection, helo: &str) -> Probe {
    Probe::Smtp(Box::new(SmtpCheck {
        connection,
        helo: helo.to_owned(),
    }))
}

fn udp(draft: UdpDraft, connection: Connection, diagnostics: &mut Diagnostics) -> Probe {
    let (settings, impossible) = draft.complete();
    if let Some(place) = impossible {
        let text = "no reply is that long: the least length is above the greatest";
        let diagnostic = Diagnostic::error(Code::Conflict, place, text);
        diagnostics.push(diagnostic.label("the check never succeeds"));
    }
    Probe::Udp(Box::new(UdpCheck {
        connection,
        settings,
    }))
}

fn file(
    draft: &FileDraft<'_>,
    alpha: bool,
    keyword: Token<'_>,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Option<Check> {
    let Some(name) = draft.name else {
        if !draft.tried {
            let text = "`FILE_CHECK` has no `track_file`";
            let diagnostic = Diagnostic::error(Code::MissingSetting, keyword.place, text);
            diagnostics.push(diagnostic.label("the check is left out"));
        }
        return None;
    };
    let Some(file) = context.track_file(name.text) else {
        let text = format!("there is no `track_file` {}", name.text);
        let names = context.track_file_names.keys().copied();
        let diagnostic =
            Diagnostic::error(Code::UnknownName, name.place, text).label("the check is left out");
        diagnostics.push_suggesting(diagnostic, name.text, names);
        return None;
    };
    Some(Check::File(FileCheck {
        name: file.name.clone(),
        path: file.path.clone(),
        weight: draft.weight.unwrap_or(file.weight),
        alpha,
    }))
}
