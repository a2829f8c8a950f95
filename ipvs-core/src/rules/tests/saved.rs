//! Tests with output of `ipvsadm -Sn` 1.31 on Linux 6.1.

use super::*;

const SAVED: &str = include_str!("saved.rules");

/// The service and destinations of consecutive commands.
fn tables(text: &str) -> Vec<(Service, Vec<Destination>)> {
    let mut tables: Vec<(Service, Vec<Destination>)> = Vec::new();
    for outcome in read(text, &mut Numeric) {
        let (line, command) = outcome.unwrap();
        if let Command::AddService(service) = command {
            tables.push((service, Vec::new()));
        } else if let Command::AddDestination(key, destination) = command {
            let (service, destinations) = tables.last_mut().unwrap();
            assert_eq!(service.key, key);
            destinations.push(destination);
        } else {
            panic!("line {line}: {command}");
        }
    }
    tables
}

#[test]
fn what_ipvsadm_saved_is_read_and_saved_again() {
    let mut again = String::new();
    for (service, destinations) in tables(SAVED) {
        save(&mut again, &service, &destinations, &mut numeric).unwrap();
    }
    assert_eq!(again, SAVED);
}

#[test]
fn what_ipvsadm_leaves_out_is_left_out() {
    let line = "-A -t 10.0.0.1:80 -s mh -b mh-fallback,flag-3";
    let Command::AddService(service) = parsed(line) else {
        panic!("{line}");
    };
    let address = Ipv4Addr::new(10, 0, 0, 2).into();
    let local = Destination {
        upper: 10,
        lower: 5,
        ..Destination::new(DestinationKey::new(address, 80), Forwarding::Local, 1)
    };
    let mut saved = String::new();
    save(&mut saved, &service, &[local], &mut numeric).unwrap();
    assert_eq!(
        saved,
        "-A -t 10.0.0.1:80 -s mh -b mh-fallback\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 1\n"
    );
}

#[test]
fn endpoints_are_spelled_by_the_caller() {
    let Command::AddService(service) = parsed("-A -u 10.0.0.1:53") else {
        panic!();
    };
    let mut saved = String::new();
    save(&mut saved, &service, &[], &mut |out, _, port, protocol| {
        write!(out, "dns:{port}/{protocol}")
    })
    .unwrap();
    assert_eq!(saved, "-A -u dns:53/UDP -s wlc\n");
}
