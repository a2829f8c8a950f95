//! Tests of the reconciler without root, against a kernel in memory.

use ipvs_core::{Destination, Forwarding, Scheduler, Service};
use memory::{Fault, Kernel};

use super::*;

fn desired() -> Configuration {
    serde_json::from_str(include_str!("desired.json")).unwrap()
}

fn key(text: &str) -> ServiceKey {
    text.parse().unwrap()
}

#[test]
fn an_empty_table_becomes_the_desired_one() {
    let kernel = Kernel::new();
    let mut client = kernel.client().unwrap();
    let made = reconcile(&mut client, &desired()).unwrap();
    assert_eq!(made.len(), 3 + 5);
    assert_eq!(kernel.configuration(), desired());
    assert_eq!(reconcile(&mut client, &desired()).unwrap(), []);
}

#[test]
fn what_others_have_changed_is_put_right_and_what_is_theirs_stays() {
    let kernel = Kernel::new();
    let mut client = kernel.client().unwrap();
    reconcile(&mut client, &desired()).unwrap();
    let theirs = Service::new(key("tcp 192.0.2.99:80"), Scheduler::Rr);
    let stray = Service::new(key("tcp 192.0.2.1:8080"), Scheduler::Rr);
    client.add_service(&theirs).unwrap();
    client.add_service(&stray).unwrap();
    client.delete_service(&key("udp 192.0.2.1:53")).unwrap();
    let quiesced = Destination::new("10.0.0.1:8080".parse().unwrap(), Forwarding::Masquerade, 0);
    client
        .edit_destination(&key("tcp 192.0.2.1:80"), &quiesced)
        .unwrap();
    let made = reconcile(&mut client, &desired()).unwrap();
    let made: Vec<_> = made
        .iter()
        .map(|change| Request::from(*change).to_string())
        .collect();
    assert_eq!(
        made,
        [
            "add service UDP 192.0.2.1:53",
            "add destination 10.0.0.4:53 to UDP 192.0.2.1:53",
            "add destination 10.0.0.3:53 to UDP 192.0.2.1:53",
            "change destination 10.0.0.1:8080 of TCP 192.0.2.1:80",
            "delete service TCP 192.0.2.1:8080",
        ]
    );
    let mut expected = desired();
    expected.apply(&Change::AddService(theirs)).unwrap();
    assert_eq!(kernel.configuration(), expected);
}

#[test]
fn a_change_that_somebody_else_makes_first_is_no_failure() {
    let kernel = Kernel::new();
    let mut client = kernel.client().unwrap();
    let mut first = true;
    kernel.on_request(move |request| {
        const EEXIST: i32 = 17;
        let is_change = request.change().is_some();
        (is_change && core::mem::take(&mut first)).then_some(Fault::Errno(EEXIST))
    });
    reconcile(&mut client, &desired()).unwrap();
    assert_eq!(kernel.configuration(), desired());
}

#[test]
fn a_lost_answer_is_looked_up() {
    let kernel = Kernel::new();
    let mut client = kernel.client().unwrap();
    let mut changes = 0;
    kernel.on_request(move |request| {
        changes += usize::from(request.change().is_some());
        (changes == 4).then_some(Fault::AnswerLost)
    });
    reconcile(&mut client, &desired()).unwrap();
    assert_eq!(kernel.configuration(), desired());
}

#[test]
fn what_the_kernel_refuses_is_a_failure_that_says_what() {
    let kernel = Kernel::new();
    kernel.remove_scheduler(Scheduler::Mh);
    let mut client = kernel.client().unwrap();
    let error = reconcile(&mut client, &desired()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot add service TCP [2001:db8::1]:443: the kernel has no such scheduler"
    );
    kernel.on_request(|request| request.change().map(|_| Fault::Errno(3)));
    let error = reconcile(&mut client, &desired()).unwrap_err();
    assert_eq!(error.to_string(), "the table does not stay as it is made");
}
