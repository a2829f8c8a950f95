//! Keywords of virtual servers and their checks.

use core::convert::{Infallible, identity};

use self::{
    CheckKeyword as Check, ConnectionKeyword as Connection, DnsKeyword as Dns, FileKeyword as File,
    FlagKeyword as Flag, HttpKeyword as Http, MiscKeyword as Misc, RealServerKeyword as Real,
    ScheduleKeyword as Schedule, SmtpKeyword as Smtp, SocketKeyword as Socket, SslKeyword as Ssl,
    TimingKeyword as Timing, UdpKeyword as Udp, UrlKeyword as Url, VirtualServerKeyword as Virtual,
};
use super::{Table, block, lost_block, no_effect, not_yet, yes};

/// The keywords of `virtual_server` that are interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum VirtualServerKeyword {
    Alpha,
    ConnectTimeout,
    Flag(FlagKeyword),
    HaSuspend,
    Hysteresis,
    InhibitOnFailure,
    IpFamily,
    LvsMethod,
    LvsSched,
    Omega,
    Ops,
    PersistenceEngine,
    PersistenceGranularity,
    PersistenceTimeout,
    Protocol,
    Quorum,
    QuorumDown,
    QuorumUp,
    RealServer,
    SorryServer,
    SorryServerInhibit,
    SorryServerLvsMethod,
    Timing(TimingKeyword),
    Virtualhost,
    Weight,
}

/// The flags of schedulers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum FlagKeyword {
    Flag1,
    Flag2,
    Flag3,
    MhFallback,
    MhPort,
    ShFallback,
    ShPort,
}

/// The keywords of `real_server` that are interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum RealServerKeyword {
    Alpha,
    Check(CheckKeyword),
    ConnectTimeout,
    InhibitOnFailure,
    Lthreshold,
    LvsMethod,
    NotifyDown,
    NotifyUp,
    Timing(TimingKeyword),
    Uthreshold,
    Virtualhost,
    Weight,
}

/// The checks that are interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum CheckKeyword {
    Dns,
    File,
    Http,
    Misc,
    Ping,
    Smtp,
    Ssl,
    Tcp,
    Udp,
}

/// When something is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum TimingKeyword {
    DelayBeforeRetry,
    DelayLoop,
    Retry,
    Warmup,
}

/// Where a check connects to, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum ConnectionKeyword {
    BindIf,
    BindPort,
    Bindto,
    ConnectIp,
    ConnectPort,
    ConnectTimeout,
    Fwmark,
}

/// When a check is made, and what its failures mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum ScheduleKeyword {
    Alpha,
    LogAllFailures,
    Timing(TimingKeyword),
}

/// The keywords of `TCP_CHECK` and `PING_CHECK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum SocketKeyword {
    Connection(ConnectionKeyword),
    Schedule(ScheduleKeyword),
}

/// The keywords of `HTTP_GET` and `SSL_GET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum HttpKeyword {
    Connection(ConnectionKeyword),
    EnableSni,
    FastRecovery,
    HttpProtocol,
    NbGetRetry,
    Schedule(ScheduleKeyword),
    SniName,
    TlsCompliant,
    Url,
    Virtualhost,
}

/// The keywords of `url`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum UrlKeyword {
    Digest,
    Path,
    Regex,
    RegexMaxOffset,
    RegexMinOffset,
    RegexNoMatch,
    RegexOptions,
    RegexStack,
    StatusCode,
    Virtualhost,
}

/// The keywords of `MISC_CHECK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum MiscKeyword {
    MiscDynamic,
    MiscPath,
    MiscTimeout,
    Schedule(ScheduleKeyword),
    User,
}

/// The keywords of `SMTP_CHECK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum SmtpKeyword {
    Connection(ConnectionKeyword),
    HeloName,
    Host,
    Schedule(ScheduleKeyword),
}

/// The keywords of `DNS_CHECK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum DnsKeyword {
    Connection(ConnectionKeyword),
    Name,
    Schedule(ScheduleKeyword),
    Type,
}

/// The keywords of `UDP_CHECK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum UdpKeyword {
    Connection(ConnectionKeyword),
    MaxReplyLength,
    MinReplyLength,
    Payload,
    RequireReply,
    Schedule(ScheduleKeyword),
}

/// The keywords of `FILE_CHECK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum FileKeyword {
    TrackFile,
    Weight,
}

/// The keywords of `SSL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum SslKeyword {
    Ca,
    Certificate,
    Key,
    Password,
}

pub(in crate::config) static VIRTUAL_SERVER: Table<Virtual> = Table {
    place: "in `virtual_server`",
    keywords: &[
        yes("alpha", Virtual::Alpha),
        yes("connect_timeout", Virtual::ConnectTimeout),
        yes(
            "delay_before_retry",
            Virtual::Timing(Timing::DelayBeforeRetry),
        ),
        yes("delay_loop", Virtual::Timing(Timing::DelayLoop)),
        yes("flag-1", Virtual::Flag(Flag::Flag1)),
        yes("flag-2", Virtual::Flag(Flag::Flag2)),
        yes("flag-3", Virtual::Flag(Flag::Flag3)),
        yes("ha_suspend", Virtual::HaSuspend),
        no_effect("hashed"),
        yes("hysteresis", Virtual::Hysteresis),
        yes("inhibit_on_failure", Virtual::InhibitOnFailure),
        yes("ip_family", Virtual::IpFamily),
        yes("lb_algo", Virtual::LvsSched),
        yes("lb_kind", Virtual::LvsMethod),
        yes("lvs_method", Virtual::LvsMethod),
        yes("lvs_sched", Virtual::LvsSched),
        yes("mh-fallback", Virtual::Flag(Flag::MhFallback)),
        yes("mh-port", Virtual::Flag(Flag::MhPort)),
        yes("omega", Virtual::Omega),
        yes("ops", Virtual::Ops),
        yes("persistence_engine", Virtual::PersistenceEngine),
        yes("persistence_granularity", Virtual::PersistenceGranularity),
        yes("persistence_timeout", Virtual::PersistenceTimeout),
        yes("protocol", Virtual::Protocol),
        yes("quorum", Virtual::Quorum),
        yes("quorum_down", Virtual::QuorumDown).first_counts(),
        yes("quorum_up", Virtual::QuorumUp).first_counts(),
        block("real_server", Virtual::RealServer, &REAL_SERVER).adds(),
        yes("retry", Virtual::Timing(Timing::Retry)),
        yes("sh-fallback", Virtual::Flag(Flag::ShFallback)),
        yes("sh-port", Virtual::Flag(Flag::ShPort)),
        not_yet("smtp_alert"),
        not_yet("snmp_name"),
        yes("sorry_server", Virtual::SorryServer),
        yes("sorry_server_inhibit", Virtual::SorryServerInhibit),
        yes("sorry_server_lvs_method", Virtual::SorryServerLvsMethod),
        yes("virtualhost", Virtual::Virtualhost),
        yes("warmup", Virtual::Timing(Timing::Warmup)),
        yes("weight", Virtual::Weight),
    ],
    common: &[],
};

pub(in crate::config) static REAL_SERVER: Table<Real> = Table {
    place: "in `real_server`",
    keywords: &[
        lost_block("BFD_CHECK", &BFD_CHECK),
        block("DNS_CHECK", Real::Check(Check::Dns), &DNS_CHECK).adds(),
        block("FILE_CHECK", Real::Check(Check::File), &FILE_CHECK).adds(),
        block("HTTP_GET", Real::Check(Check::Http), &HTTP_CHECK).adds(),
        block("MISC_CHECK", Real::Check(Check::Misc), &MISC_CHECK).adds(),
        block("PING_CHECK", Real::Check(Check::Ping), &SOCKET_CHECK).adds(),
        block("SMTP_CHECK", Real::Check(Check::Smtp), &SMTP_CHECK).adds(),
        block("SSL_GET", Real::Check(Check::Ssl), &HTTP_CHECK).adds(),
        block("TCP_CHECK", Real::Check(Check::Tcp), &SOCKET_CHECK).adds(),
        block("UDP_CHECK", Real::Check(Check::Udp), &UDP_CHECK).adds(),
        yes("alpha", Real::Alpha),
        yes("connect_timeout", Real::ConnectTimeout),
        yes("delay_before_retry", Real::Timing(Timing::DelayBeforeRetry)),
        yes("delay_loop", Real::Timing(Timing::DelayLoop)),
        yes("inhibit_on_failure", Real::InhibitOnFailure),
        yes("lthreshold", Real::Lthreshold),
        yes("lvs_method", Real::LvsMethod),
        yes("notify_down", Real::NotifyDown).first_counts(),
        yes("notify_up", Real::NotifyUp).first_counts(),
        yes("retry", Real::Timing(Timing::Retry)),
        not_yet("smtp_alert"),
        not_yet("snmp_name"),
        yes("uthreshold", Real::Uthreshold),
        yes("virtualhost", Real::Virtualhost),
        yes("warmup", Real::Timing(Timing::Warmup)),
        yes("weight", Real::Weight),
    ],
    common: &[],
};

/// Where a check connects to, and from where: a list of keywords, as a variant of the block's own.
macro_rules! connection {
    ($own:path) => {
        &[
            yes("bind_if", $own(Connection::BindIf)),
            yes("bind_port", $own(Connection::BindPort)),
            yes("bindto", $own(Connection::Bindto)),
            yes("connect_ip", $own(Connection::ConnectIp)),
            yes("connect_port", $own(Connection::ConnectPort)),
            yes("connect_timeout", $own(Connection::ConnectTimeout)),
            yes("fwmark", $own(Connection::Fwmark)),
        ]
    };
}

/// When a check is made, and what its failures mean, likewise.
macro_rules! schedule {
    ($own:path) => {
        &[
            yes("alpha", $own(Schedule::Alpha)),
            yes(
                "delay_before_retry",
                $own(Schedule::Timing(Timing::DelayBeforeRetry)),
            ),
            yes("delay_loop", $own(Schedule::Timing(Timing::DelayLoop))),
            yes("log_all_failures", $own(Schedule::LogAllFailures)),
            yes("retry", $own(Schedule::Timing(Timing::Retry))),
            yes("warmup", $own(Schedule::Timing(Timing::Warmup))),
        ]
    };
}

pub(in crate::config) static SOCKET_CHECK: Table<Socket> = Table {
    place: "in a check",
    keywords: &[],
    common: &[connection!(Socket::Connection), schedule!(Socket::Schedule)],
};

pub(in crate::config) static HTTP_CHECK: Table<Http> = Table {
    place: "in a check",
    keywords: &[
        yes("enable_sni", Http::EnableSni),
        yes("fast_recovery", Http::FastRecovery),
        yes("http_protocol", Http::HttpProtocol),
        yes("nb_get_retry", Http::NbGetRetry)
            .same_as(Http::Schedule(Schedule::Timing(Timing::Retry))),
        yes("sni_name", Http::SniName),
        yes("tls_compliant", Http::TlsCompliant),
        block("url", Http::Url, &URL).adds(),
        yes("virtualhost", Http::Virtualhost),
    ],
    common: &[connection!(Http::Connection), schedule!(Http::Schedule)],
};

pub(in crate::config) static URL: Table<Url> = Table {
    place: "in `url`",
    keywords: &[
        yes("digest", Url::Digest),
        yes("path", Url::Path),
        yes("regex", Url::Regex),
        yes("regex_max_offset", Url::RegexMaxOffset),
        yes("regex_min_offset", Url::RegexMinOffset),
        yes("regex_no_match", Url::RegexNoMatch),
        yes("regex_options", Url::RegexOptions).adds(),
        yes("regex_stack", Url::RegexStack),
        yes("status_code", Url::StatusCode).adds(),
        yes("virtualhost", Url::Virtualhost),
    ],
    common: &[],
};

pub(in crate::config) static MISC_CHECK: Table<Misc> = Table {
    place: "in a check",
    keywords: &[
        yes("misc_dynamic", Misc::MiscDynamic),
        yes("misc_path", Misc::MiscPath).first_counts(),
        yes("misc_timeout", Misc::MiscTimeout),
        yes("user", Misc::User),
    ],
    common: &[schedule!(Misc::Schedule)],
};

pub(in crate::config) static HOST: Table<Connection> = Table {
    place: "in `host`",
    keywords: &[],
    common: &[connection!(identity)],
};

pub(in crate::config) static SMTP_CHECK: Table<Smtp> = Table {
    place: "in a check",
    keywords: &[
        yes("helo_name", Smtp::HeloName),
        block("host", Smtp::Host, &HOST).adds(),
    ],
    common: &[connection!(Smtp::Connection), schedule!(Smtp::Schedule)],
};

pub(in crate::config) static DNS_CHECK: Table<Dns> = Table {
    place: "in a check",
    keywords: &[
        yes("name", Dns::Name).first_counts(),
        yes("type", Dns::Type),
    ],
    common: &[connection!(Dns::Connection), schedule!(Dns::Schedule)],
};

pub(in crate::config) static UDP_CHECK: Table<Udp> = Table {
    place: "in a check",
    keywords: &[
        yes("max_reply_length", Udp::MaxReplyLength),
        yes("min_reply_length", Udp::MinReplyLength),
        yes("payload", Udp::Payload),
        yes("require_reply", Udp::RequireReply),
    ],
    common: &[connection!(Udp::Connection), schedule!(Udp::Schedule)],
};

pub(in crate::config) static BFD_CHECK: Table<Infallible> = Table {
    place: "in a check",
    keywords: &[not_yet("alpha"), not_yet("name")],
    common: &[],
};

pub(in crate::config) static FILE_CHECK: Table<File> = Table {
    place: "in a check",
    keywords: &[
        yes("track_file", File::TrackFile),
        yes("weight", File::Weight),
    ],
    common: &[],
};

pub(in crate::config) static SSL: Table<Ssl> = Table {
    place: "in `SSL`",
    keywords: &[
        yes("ca", Ssl::Ca),
        yes("certificate", Ssl::Certificate),
        yes("key", Ssl::Key),
        yes("password", Ssl::Password),
    ],
    common: &[],
};
