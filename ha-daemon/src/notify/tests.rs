//! Tests of notifications.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use mio::{Events, Poll};

use super::*;
use crate::script::Credentials;

/// A command of a script: it waits until it may go on, or whoever started it is gone.
const WAIT: &str = "while [ ! -e go ] && [ -d /proc/$PPID ]; do sleep 0.1; done";

const TOKENS: TokenRange = TokenRange::new(100, Notifier::TOKENS.get());

/// Scripts of one subject that write to a file in a directory of their own.
struct Rig {
    directory: PathBuf,
    poll: Poll,
    clock: Clock,
    notifier: Notifier,
}

impl Rig {
    fn new(name: &str) -> Self {
        let name = format!("ha-daemon-notifier-{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let poll = Poll::new().unwrap();
        let runner = Runner::new(Notifier::TOKENS).unwrap();
        let notifier = Notifier::new(poll.registry(), TOKENS, runner).unwrap();
        let clock = Clock::new().unwrap();
        Self {
            directory,
            poll,
            clock,
            notifier,
        }
    }

    fn script(&self, text: &str) -> Option<Arc<Script>> {
        let text = format!("cd '{}'; {text}", self.directory.display());
        let words = ["/bin/sh", "-c", &text].map(Into::into);
        Script::new(words.to_vec(), None).map(Arc::new)
    }

    fn add(&mut self, up: &str, down: &str) -> HooksId {
        self.add_of(0, up, down)
    }

    fn add_of(&mut self, party: u64, up: &str, down: &str) -> HooksId {
        let hooks = Hooks {
            name: "test".to_owned(),
            up: self.script(up),
            down: self.script(down),
            party,
        };
        self.notifier.add(hooks)
    }

    fn notify(&mut self, id: HooksId, event: Event) {
        self.notifier.notify(id, event, self.clock.now());
    }

    /// One turn of a loop.
    fn turn(&mut self) {
        let mut events = Events::with_capacity(16);
        let now = self.clock.now();
        let wake = self.notifier.deadline();
        let limit = wake.map(|at| at.saturating_duration_since(now));
        // A process that another test starts may interrupt this.
        while let Err(error) = self.poll.poll(&mut events, limit) {
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        }
        let now = self.clock.now();
        for event in &events {
            assert!(self.notifier.owns(event.token()));
            self.notifier.ready(event.token(), now);
        }
        self.notifier.fire(now);
    }

    fn settle(&mut self) {
        while !self.notifier.is_idle() {
            self.turn();
        }
    }

    fn wait_for(&self, file: &str) {
        while !self.directory.join(file).exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.directory.join("log"));
        text.unwrap_or_default().replace('\n', " ")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

#[test]
fn a_change_runs_its_script() {
    let mut rig = Rig::new("each");
    let id = rig.add("echo up >>log", "echo down >>log");
    for event in [Event::Up, Event::Down, Event::Down] {
        rig.notify(id, event);
        rig.settle();
    }
    assert_eq!(rig.log(), "up down down ");
    assert_eq!(rig.notifier.deadline(), None);
}

#[test]
fn changes_during_a_run_wait_for_its_end_and_the_last_one_counts() {
    let mut rig = Rig::new("latest");
    let up = &format!("touch begun; {WAIT}; echo up >>log");
    let id = rig.add(up, "echo down >>log");
    rig.notify(id, Event::Up);
    rig.wait_for("begun");
    for event in [Event::Down, Event::Up, Event::Down] {
        rig.notify(id, event);
    }
    assert_eq!(rig.log(), "");
    fs::write(rig.directory.join("go"), "").unwrap();
    rig.settle();
    assert_eq!(rig.log(), "up down ");
}

#[test]
fn a_script_runs_again_for_a_change_during_its_run() {
    let mut rig = Rig::new("again");
    let up = &format!("touch begun; {WAIT}; echo up >>log");
    let id = rig.add(up, "");
    rig.notify(id, Event::Up);
    rig.wait_for("begun");
    rig.notify(id, Event::Up);
    fs::write(rig.directory.join("go"), "").unwrap();
    rig.settle();
    assert_eq!(rig.log(), "up up ");
}

#[test]
fn subjects_do_not_wait_for_one_another_unless_all_turns_are_taken() {
    let mut rig = Rig::new("turns");
    let text = &format!("echo begun >>begun; {WAIT}; echo done >>log");
    let ids: Vec<_> = (0..Notifier::TOKENS.get() + 3)
        .map(|_| rig.add(text, ""))
        .collect();
    for id in &ids {
        rig.notify(*id, Event::Up);
    }
    let begun = || fs::read_to_string(rig.directory.join("begun")).unwrap_or_default();
    while begun().lines().count() < Notifier::TOKENS.get() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(rig.notifier.turns.waiting(), 3);
    fs::write(rig.directory.join("go"), "").unwrap();
    rig.settle();
    assert_eq!(rig.log(), "done ".repeat(ids.len()));
}

#[test]
fn scripts_that_hang_hold_up_no_other_party() {
    let mut rig = Rig::new("parties");
    let quorum = rig.add_of(1, "", "echo down >>log");
    let hang = WAIT;
    for _ in 0..Notifier::TOKENS.get() + 10 {
        let id = rig.add_of(0, hang, "");
        rig.notify(id, Event::Up);
    }
    rig.notify(quorum, Event::Down);
    while rig.log() != "down " {
        rig.turn();
    }
    fs::write(rig.directory.join("go"), "").unwrap();
}

#[test]
fn a_script_that_finds_no_process_is_tried_again() {
    let mut rig = Rig::new("lack");
    // While it is being written, a program is not executed: ETXTBSY.
    let program = rig.directory.join("program");
    fs::copy("/bin/true", &program).unwrap();
    let writer = fs::File::options().append(true).open(&program).unwrap();
    let hooks = Hooks {
        name: "test".to_owned(),
        up: Script::new(vec![program.into()], None).map(Arc::new),
        down: None,
        party: 0,
    };
    let id = rig.notifier.add(hooks);
    rig.notify(id, Event::Up);
    while rig.notifier.resting.is_empty() {
        rig.turn();
    }
    assert_eq!(rig.notifier.logged_shortage, Some(Errno::ETXTBSY));
    drop(writer);
    rig.settle();
    assert_eq!(rig.notifier.logged_shortage, None);
}

#[test]
fn a_script_that_takes_too_long_is_ended_and_the_next_one_runs_after_its_end() {
    let mut rig = Rig::new("limit");
    rig.notifier.limit = Duration::from_millis(300);
    let up = "trap 'echo ended >>log; exit' TERM; touch begun; while :; do sleep 0.01; done";
    let id = rig.add(up, "echo down >>log");
    rig.notify(id, Event::Up);
    rig.wait_for("begun");
    rig.notify(id, Event::Down);
    rig.settle();
    assert_eq!(rig.log(), "ended down ");
}

#[test]
fn failures_are_ends_like_others() {
    let mut rig = Rig::new("failures");
    let missing = ["/nonexistent/script".into()].to_vec();
    let hooks = Hooks {
        name: "test".to_owned(),
        up: Script::new(missing, None).map(Arc::new),
        down: rig.script("kill -9 $$"),
        party: 0,
    };
    let id = rig.notifier.add(hooks);
    for event in [Event::Up, Event::Down] {
        rig.notify(id, event);
        rig.settle();
    }
}

#[test]
fn nothing_runs_for_a_change_without_a_script() {
    let mut rig = Rig::new("none");
    let down = rig.script("echo down >>log");
    let id = rig.notifier.add(Hooks {
        name: "test".to_owned(),
        up: None,
        down,
        party: 0,
    });
    rig.notify(id, Event::Up);
    assert!(rig.notifier.is_idle());
    rig.notify(id, Event::Down);
    rig.notify(id, Event::Up);
    rig.settle();
    assert_eq!(rig.log(), "down ");
}

#[test]
fn a_script_that_cannot_be_started_yet_is_tried_again() {
    let mut rig = Rig::new("retry");
    let script = rig.script(&format!("touch begun; {WAIT}; echo it >>log"));
    let [one, other] = [0, 1].map(|_| {
        rig.notifier.add(Hooks {
            name: "test".to_owned(),
            up: script.clone(),
            down: None,
            party: 0,
        })
    });
    rig.notify(one, Event::Up);
    rig.wait_for("begun");
    // There is one process of a script at most.
    rig.notify(other, Event::Up);
    fs::write(rig.directory.join("go"), "").unwrap();
    rig.settle();
    assert_eq!(rig.log(), "it it ");
}

/// What [`Notifier::finish`] says, and the log.
fn finish(mut rig: Rig, limit: Duration) -> (bool, String) {
    let runner = Runner::new(NonZeroUsize::MIN).unwrap();
    let spare = Notifier::new(rig.poll.registry(), TOKENS, runner).unwrap();
    let notifier = core::mem::replace(&mut rig.notifier, spare);
    let finished = notifier.finish(&rig.clock, limit);
    (finished, rig.log())
}

#[test]
fn finishing_runs_what_is_left() {
    let mut rig = Rig::new("finish");
    let id = rig.add("sleep 0.1; echo up >>log", "echo down >>log");
    rig.notify(id, Event::Up);
    rig.notify(id, Event::Down);
    let finished = finish(rig, Duration::from_secs(20));
    assert_eq!(finished, (true, "up down ".to_owned()));
}

#[test]
fn finishing_ends_what_takes_too_long() {
    let mut rig = Rig::new("cut");
    let up = "trap 'echo ended >>log; exit' TERM; touch begun; while :; do sleep 0.01; done";
    let id = rig.add(up, "echo down >>log");
    rig.notify(id, Event::Up);
    rig.wait_for("begun");
    rig.notify(id, Event::Down);
    let finished = finish(rig, Duration::from_millis(50));
    assert_eq!(finished, (true, "ended down ".to_owned()));
}

#[test]
fn subjects_come_and_go_without_the_others() {
    let mut rig = Rig::new("slab");
    let [a, b, c] = ["a", "b", "c"].map(|name| rig.add(&format!("echo {name} >>log"), ""));
    rig.notifier.remove(b);
    rig.notify(b, Event::Up);
    assert!(rig.notifier.is_idle(), "nobody is called so any more");
    let d = rig.add("echo d >>log", "");
    for id in [a, b, c, d] {
        rig.notify(id, Event::Up);
        rig.settle();
    }
    assert_eq!(rig.log(), "a c d ");
    for id in [a, c, d] {
        rig.notifier.remove(id);
    }
    assert!(rig.notifier.subjects.is_empty());
}

#[test]
fn what_a_removed_subject_was_notified_of_still_runs() {
    let mut rig = Rig::new("leaving");
    let up = &format!("touch begun; {WAIT}; echo up >>log");
    let id = rig.add(up, "echo down >>log");
    rig.notify(id, Event::Up);
    rig.wait_for("begun");
    rig.notify(id, Event::Down);
    rig.notifier.remove(id);
    rig.notify(id, Event::Up);
    fs::write(rig.directory.join("go"), "").unwrap();
    rig.settle();
    assert_eq!(rig.log(), "up down ");
    assert!(rig.notifier.subjects.is_empty());
}

#[test]
fn other_scripts_wait_for_the_one_that_runs() {
    let mut rig = Rig::new("update");
    let id = rig.add(&format!("{WAIT}; echo up >> log"), "echo down >> log");
    rig.notify(id, Event::Up);
    let hooks = Hooks {
        name: "test".to_owned(),
        up: rig.script("echo other up >> log"),
        down: rig.script("echo other down >> log"),
        party: 9,
    };
    rig.notifier.update(id, hooks);
    rig.notify(id, Event::Down);
    fs::write(rig.directory.join("go"), "").unwrap();
    while !rig.notifier.is_idle() {
        rig.turn();
    }
    let log = fs::read_to_string(rig.directory.join("log")).unwrap();
    assert_eq!(log, "up\nother down\n");
    assert_eq!(rig.notifier.get(id).unwrap().party, 0);
}

#[test]
fn scripts_are_the_same_if_they_run_the_same() {
    let hooks = |name: &str, up: &[&str], uid: Option<u32>| {
        let words = up.iter().map(Into::into).collect();
        let user = uid.map(|uid| Credentials { uid, gid: 1 });
        Hooks {
            name: name.to_owned(),
            up: Script::new(words, user).map(Arc::new),
            down: None,
            party: 0,
        }
    };
    let ours = hooks("a", &["x", "y"], None);
    assert!(ours.is_same(&hooks("a", &["x", "y"], None)));
    for other in [
        hooks("b", &["x", "y"], None),
        hooks("a", &["x"], None),
        hooks("a", &["z", "y"], None),
        hooks("a", &["x", "y"], Some(1)),
        hooks("a", &[], None),
    ] {
        assert!(!ours.is_same(&other), "{other:?}");
        assert!(!other.is_same(&ours), "{other:?}");
    }
}
