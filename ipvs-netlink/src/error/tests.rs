//! Tests of the errors.

use ipvs_core::{
    Destination, DestinationKey, Forwarding, Name, Scheduler, Service, ServiceKey, SyncDaemon,
    SyncRole, Timeouts,
};
use nix::libc;

use super::*;

fn key() -> ServiceKey {
    ServiceKey::tcp([192, 0, 2, 1].into(), 80)
}

fn destination() -> Destination {
    let key = DestinationKey::new([10, 0, 0, 1].into(), 80);
    Destination::new(key, Forwarding::Masquerade, 1)
}

fn assert_means<const N: usize>(refusals: [(Request, i32, ErrorKind); N]) {
    for (request, errno, kind) in refusals {
        let error = Error::refused(request, errno, None);
        assert_eq!((error.kind, error.errno), (kind, Some(errno)), "{request}");
    }
}

#[test]
fn an_error_number_of_a_service_means_what_the_request_makes_of_it() {
    let service = Service::new(key(), Scheduler::Rr);
    let mut engine = service;
    engine.engine = Some(Name::new("sip").unwrap());
    let add = Request::AddService(service);
    assert_means([
        (add, libc::EEXIST, ErrorKind::ServiceExists),
        (add, libc::ENOENT, ErrorKind::SchedulerUnknown),
        (add, libc::EAFNOSUPPORT, ErrorKind::FamilyUnsupported),
        (add, libc::EINVAL, ErrorKind::Invalid),
        (
            Request::EditService(engine),
            libc::ENOENT,
            ErrorKind::SchedulerOrEngineUnknown,
        ),
        (
            Request::EditService(service),
            libc::ESRCH,
            ErrorKind::ServiceMissing,
        ),
        (
            Request::DeleteService(key()),
            libc::ESRCH,
            ErrorKind::ServiceMissing,
        ),
        (
            Request::Zero(Some(key())),
            libc::ESRCH,
            ErrorKind::ServiceMissing,
        ),
    ]);
}

#[test]
fn an_error_number_of_a_destination_means_what_the_request_makes_of_it() {
    let add = Request::AddDestination(key(), destination());
    let edit = Request::EditDestination(key(), destination());
    assert_means([
        (add, libc::EEXIST, ErrorKind::DestinationExists),
        (add, libc::ERANGE, ErrorKind::Range),
        (add, libc::ESRCH, ErrorKind::ServiceMissing),
        (add, libc::ENOMEM, ErrorKind::OutOfMemory),
        (edit, libc::ENOENT, ErrorKind::DestinationMissing),
        (edit, libc::ESRCH, ErrorKind::ServiceMissing),
    ]);
}

#[test]
fn an_error_number_of_a_daemon_means_what_the_request_makes_of_it() {
    let daemon = Request::StartDaemon(SyncDaemon {
        role: SyncRole::Master,
        interface: Name::new("eth0").unwrap(),
        id: 0,
        max_length: None,
        group: None,
        port: None,
        ttl: None,
    });
    assert_means([
        (daemon, libc::EEXIST, ErrorKind::DaemonRunning),
        (daemon, libc::ENODEV, ErrorKind::InterfaceMissing),
        (
            Request::StopDaemon(SyncRole::Backup),
            libc::ESRCH,
            ErrorKind::DaemonNotRunning,
        ),
    ]);
}

#[test]
fn an_error_number_of_any_other_request_means_what_it_says() {
    assert_means([
        (
            Request::SetTimeouts(Timeouts::default()),
            libc::EINVAL,
            ErrorKind::Invalid,
        ),
        (Request::Info, libc::EPERM, ErrorKind::Permission),
        (Request::Info, libc::ENOENT, ErrorKind::NotAvailable),
        (Request::Info, libc::EOPNOTSUPP, ErrorKind::Unsupported),
        (Request::Services, libc::EBUSY, ErrorKind::Busy),
        (Request::Flush, libc::EEXIST, ErrorKind::Other(libc::EEXIST)),
        (Request::Flush, 4095, ErrorKind::Other(4095)),
    ]);
}

#[test]
fn an_error_tells_what_was_asked_and_what_is_wrong() {
    let request = Request::AddDestination(key(), destination());
    let error = Error::refused(request, libc::ERANGE, Some("too heavy".into()));
    assert_eq!(
        error.to_string(),
        "cannot add destination 10.0.0.1:80 to TCP 192.0.2.1:80: the weight or a threshold is out \
         of range (too heavy)"
    );
    assert_eq!(
        ConnectError::NotAvailable.to_string(),
        "the kernel has no ip_vs: load the module (`modprobe ip_vs`)"
    );
}

#[test]
fn what_may_have_happened_is_uncertain() {
    for kind in [
        ErrorKind::AnswerLost,
        ErrorKind::TimedOut,
        ErrorKind::Socket(5),
    ] {
        assert!(kind.is_uncertain(), "{kind:?}");
    }
    for kind in [ErrorKind::Unencodable, ErrorKind::Invalid, ErrorKind::Busy] {
        assert!(!kind.is_uncertain(), "{kind:?}");
    }
}
