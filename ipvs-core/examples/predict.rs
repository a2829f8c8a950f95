//! Says which servers get the next connections of a client, by the rules of `ipvsadm -S`:
//! `ipvsadm -Sn | cargo run -p ipvs-core --example predict -- 'tcp 192.0.2.1:80' 203.0.113.9 6`.

use core::error::Error;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::env;
use std::io::{self, Read, Write};

use ipvs_core::configuration::ServiceEntry;
use ipvs_core::connection::{Packet, Settings};
use ipvs_core::rules::{self, Command, Numeric};
use ipvs_core::{Configuration, Director, Flow, KernelProfile, ServiceKey};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [service, client, count] = &arguments[..] else {
        return Err("usage: predict SERVICE CLIENT COUNT < RULES".into());
    };
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let mut out = io::stdout().lock();
    let table = table(&text)?;
    for line in predict(&table, service.parse()?, client.parse()?, count.parse()?)? {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The table that `ipvsadm -S` has printed, in the kernel's order.
fn table(text: &str) -> Result<Configuration, Box<dyn Error>> {
    let mut table = Configuration::new();
    for rule in rules::read(text, &mut Numeric) {
        match rule? {
            (_, Command::AddService(service)) => {
                table.insert(ServiceEntry::new(service));
            }
            (line, Command::AddDestination(key, destination)) => {
                let entry = table.remove(&key);
                let mut entry = entry.ok_or_else(|| format!("line {line}: no service {key}"))?;
                entry.destinations.push(destination);
                table.insert(entry);
            }
            (line, _) => return Err(format!("line {line}: not a rule of a table").into()),
        }
    }
    Ok(table)
}

/// Where `count` connections go that `client` opens at once and keeps.
fn predict(
    table: &Configuration,
    service: ServiceKey,
    client: IpAddr,
    count: u16,
) -> Result<Vec<String>, Box<dyn Error>> {
    const FIRST_PORT: u16 = 32_768;
    let ServiceKey::Address {
        protocol,
        address,
        port,
    } = service
    else {
        return Err("a mark is of any address: name a service by its address".into());
    };
    let mut director = Director::of(table, KernelProfile::default(), Settings::default())?;
    let verdicts = (FIRST_PORT..).take(count.into()).map(|client_port| {
        let packet = Packet::first(Flow {
            protocol,
            client: SocketAddr::new(client, client_port),
            target: SocketAddr::new(address, port),
        });
        director
            .receive(Duration::ZERO, &packet, [0; 2])
            .to_string()
    });
    Ok(verdicts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(rules: &str, service: &str) -> Vec<String> {
        let table = table(rules).unwrap();
        let client = [203, 0, 113, 9].into();
        predict(&table, service.parse().unwrap(), client, 4).unwrap()
    }

    #[test]
    fn connections_go_in_turn_from_the_head_of_the_list() {
        let rules = "-A -t 192.0.2.1:80 -s rr\n\
            -a -t 192.0.2.1:80 -r 10.0.0.2:80 -m -w 1\n\
            -a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1\n";
        let picked = |host| format!("10.0.0.{host}:80 of TCP 192.0.2.1:80: the scheduler picks it");
        assert_eq!(ask(rules, "tcp 192.0.2.1:80"), [2, 1, 2, 1].map(picked));
        let none = "not balanced: no service is for it";
        assert_eq!(ask(rules, "udp 192.0.2.1:80"), [none; 4]);
    }

    #[test]
    fn the_least_connections_for_its_weight_win() {
        let rules = "-A -u [2001:db8::1]:53 -s wlc\n\
            -a -u [2001:db8::1]:53 -r [2001:db8::a]:53 -g -w 1\n\
            -a -u [2001:db8::1]:53 -r [2001:db8::b]:53 -g -w 3\n";
        let hosts = ask(rules, "udp [2001:db8::1]:53");
        let hosts: Vec<_> = hosts
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        let (a, b) = ("[2001:db8::a]:53", "[2001:db8::b]:53");
        assert_eq!(hosts, [a, b, b, b]);
    }
}
