//! The injection of faults.

use core::time::Duration;

use nix::sys::signal::Signal;

use super::fault::{FLAP, FLAPS, Fault};
use super::stage::{PAIR, Stage};
use super::table::{self, FOREIGN, SERVERS, SERVICE, STRANGER, STRANGER_GOES};
use super::web::Manner;
use rig::clock::{self, pause};
use rig::tools;

/// The real server with the script.
const SCRIPTED: usize = 1;
const STEP: Duration = Duration::from_secs(6 * 3600);

/// What is done while a fault lasts.
pub(crate) type Meanwhile<'a> = dyn FnMut(&mut Stage) + 'a;

/// Brings `fault` upon the director or web server `place`, does `meanwhile`, and ends it.
pub(crate) fn during(fault: Fault, place: usize, stage: &mut Stage, meanwhile: &mut Meanwhile<'_>) {
    let [first, second] = SERVERS;
    match fault {
        Fault::Clear => edit(fault, place, stage, &format!("-C\n{FOREIGN}"), meanwhile),
        Fault::Service => edit(fault, place, stage, &format!("-D {SERVICE}"), meanwhile),
        Fault::Destination => {
            let commands = format!("-d {SERVICE} -r {first}");
            edit(fault, place, stage, &commands, meanwhile);
        }
        Fault::Weight => {
            let weight = |server, weight| format!("-e {SERVICE} -r {server} -m -w {weight}\n");
            let commands = weight(first, 0) + &weight(second, 77);
            edit(fault, place, stage, &commands, meanwhile);
        }
        Fault::Scheduler => {
            let commands = format!("-E {SERVICE} -s wlc -p 60");
            edit(fault, place, stage, &commands, meanwhile);
        }
        Fault::Stranger => {
            let commands = format!("-a {SERVICE} -r 10.81.0.99:80 -m\n{STRANGER}");
            table::edit(&stage.directors[place], &commands);
            expect_table(fault, place, stage, STRANGER);
            meanwhile(stage);
            table::edit(&stage.directors[place], STRANGER_GOES);
        }
        Fault::Late => impair(stage, "delay 500ms 200ms", meanwhile),
        Fault::TooLate => impair(stage, "delay 2500ms", meanwhile),
        Fault::Lossy => impair(stage, "loss 33%", meanwhile),
        Fault::Reordered => impair(stage, "delay 700ms reorder 50%", meanwhile),
        Fault::Doubled => impair(stage, "duplicate 100%", meanwhile),
        Fault::Refusal => misbehave(fault, place, stage, Manner::Closed, meanwhile),
        Fault::Silence => misbehave(fault, place, stage, Manner::Silent, meanwhile),
        Fault::Endless => misbehave(fault, place, stage, Manner::Endless, meanwhile),
        Fault::Garbage => misbehave(fault, place, stage, Manner::Garbage, meanwhile),
        Fault::Drip => misbehave(fault, place, stage, Manner::Drip, meanwhile),
        Fault::Flapping => {
            flap(stage, place);
            // The directors may still hold different views of it.
            (0..PAIR).for_each(|host| expect_table(fault, host, stage, ""));
            meanwhile(stage);
        }
        Fault::ScriptHangs => script(fault, stage, "hang", meanwhile),
        Fault::ScriptFloods => script(fault, stage, "flood", meanwhile),
        Fault::ClockAhead => step(stage, true, meanwhile),
        Fault::ClockBehind => step(stage, false, meanwhile),
        Fault::Kill => kill(stage, place, meanwhile),
        Fault::Stop => {
            stage.directors[place].process().signal(Signal::SIGSTOP);
            meanwhile(stage);
            stage.directors[place].process().signal(Signal::SIGCONT);
        }
        Fault::Host => {
            let links = |stage: &Stage, state| {
                let both = format!("link set front {state}\nlink set back {state}\n");
                stage.directors[place].namespace().ip(&both);
            };
            kill(stage, place, &mut |stage| {
                links(stage, "down");
                meanwhile(stage);
                links(stage, "up");
            });
        }
    }
}

/// Edits a director's table by hand and waits until it is restored.
fn edit(
    fault: Fault,
    place: usize,
    stage: &mut Stage,
    commands: &str,
    meanwhile: &mut Meanwhile<'_>,
) {
    table::edit(&stage.directors[place], commands);
    expect_table(fault, place, stage, "");
    meanwhile(stage);
}

fn expect_table(fault: Fault, place: usize, stage: &mut Stage, strangers: &str) {
    stage.expect("a table restored", fault.reaction(), |stage| {
        stage.has_table(place, strangers)
    });
}

/// The real server is unfit, both directors find out, and it is fit again.
fn unfit(fault: Fault, server: usize, stage: &mut Stage, meanwhile: &mut Meanwhile<'_>) {
    stage.unfit = Some(server);
    stage.expect("a real server taken out", fault.reaction(), |stage| {
        (0..PAIR).all(|host| stage.has_table(host, ""))
    });
    meanwhile(stage);
    stage.unfit = None;
}

fn misbehave(
    fault: Fault,
    server: usize,
    stage: &mut Stage,
    manner: Manner,
    meanwhile: &mut Meanwhile<'_>,
) {
    stage.web[server].set(manner);
    unfit(fault, server, stage, meanwhile);
    stage.web[server].set(Manner::Well);
}

fn script(fault: Fault, stage: &mut Stage, mode: &str, meanwhile: &mut Meanwhile<'_>) {
    stage.set_script(mode);
    unfit(fault, SCRIPTED, stage, meanwhile);
    stage.set_script("well");
}

fn flap(stage: &Stage, server: usize) {
    for _ in 0..FLAPS {
        stage.web[server].set(Manner::Closed);
        pause(FLAP);
        stage.web[server].set(Manner::Well);
        pause(FLAP);
    }
}

fn step(stage: &mut Stage, ahead: bool, meanwhile: &mut Meanwhile<'_>) {
    clock::step(STEP, ahead);
    meanwhile(stage);
    clock::step(STEP, !ahead);
}

fn kill(stage: &mut Stage, host: usize, meanwhile: &mut Meanwhile<'_>) {
    stage.directors[host].kill();
    stage.crashed[host] = true;
    meanwhile(stage);
    stage.directors[host].start_again();
}

/// Has both ports of the directors treat adverts to them as netem says, and nothing else.
fn impair(stage: &mut Stage, netem: &str, meanwhile: &mut Meanwhile<'_>) {
    const PORTS: [&str; PAIR] = ["director1", "director2"];
    // To the first three bands packets go by their type of service.
    let tc = |stage: &Stage, command: String| {
        let words: Vec<&str> = command.split(' ').collect();
        stage.site.switch.inside(|| tools::run("tc", &words));
    };
    for port in PORTS {
        tc(
            stage,
            format!("qdisc add dev {port} root handle 1: prio bands 4"),
        );
        tc(
            stage,
            format!("qdisc add dev {port} parent 1:4 handle 40: netem {netem}"),
        );
        tc(
            stage,
            format!(
                "filter add dev {port} parent 1: protocol ip u32 match ip protocol 112 0xff flowid 1:4"
            ),
        );
    }
    meanwhile(stage);
    for port in PORTS {
        tc(stage, format!("qdisc del dev {port} root"));
    }
}
