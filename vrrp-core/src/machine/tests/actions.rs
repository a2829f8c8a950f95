//! Tests of the list of actions.

use std::format;
use std::string::ToString;

use super::*;

/// What operators read of every cause: the words, the rule, and RFC 8347 `new-master-reason`.
#[test]
fn every_cause_has_its_words_its_rule_and_its_reason() {
    use Cause::*;
    use NewActiveReason::{NoResponse, Preempted, Priority};
    let (started, watching, ruling) = ("RFC 9568 §6.4.1", "RFC 9568 §6.4.2", "RFC 9568 §6.4.3");
    let stopped = "RFC 9568 §6.4.3, Shutdown";
    let hold = "RFC 8347 hold-time";
    for (cause, words, rule, reason) in [
        (Startup, "started", started, Priority),
        (Shutdown, "shut down", stopped, Priority),
        (
            HigherPriorityBackup,
            "a better router advertised",
            ruling,
            Priority,
        ),
        (
            ActiveTimeout,
            "the active router fell silent",
            watching,
            NoResponse,
        ),
        (
            ActiveResigned,
            "the active router resigned",
            watching,
            Priority,
        ),
        (
            LowerPriorityActive,
            "preempted a lower priority",
            watching,
            Preempted,
        ),
        (
            PreemptHoldTimeout,
            "preempted a lower priority after the preempt delay",
            hold,
            Preempted,
        ),
        (OwnerPreempt, "the owner returned", watching, Preempted),
        (InterfaceUp, "interface up", started, Priority),
        (InterfaceDown, "interface down", stopped, Priority),
        (NoPrimaryAddress, "no primary address", stopped, Priority),
        (PrimaryAddress, "primary address known", started, Priority),
        (Fault, "something it needs is missing", stopped, Priority),
        (Recover, "everything it needs is there", started, Priority),
        (Configured, "reconfigured", stopped, Priority),
        (GroupElected, "sync group elected", "sync group", Priority),
        (GroupYielded, "sync group yielded", "sync group", Priority),
        (
            Overslept,
            "overslept while another router took over",
            ruling,
            Priority,
        ),
    ] {
        assert_eq!(cause.to_string(), words);
        assert_eq!(cause.rule(), rule, "{words}");
        let mut transition = Transition {
            from: Role::Backup,
            to: Role::Active,
            cause,
            peer: None,
        };
        assert_eq!(transition.new_active_reason(), reason, "{words}");
        transition.to = Role::Initialize;
        assert_eq!(
            transition.new_active_reason(),
            NewActiveReason::NotActive,
            "{words}"
        );
    }
}

#[test]
fn displays_roles_as_the_rfc_names_them() {
    assert_eq!(Role::Initialize.to_string(), "Initialize");
    assert_eq!(Role::Backup.to_string(), "Backup");
    assert_eq!(Role::Active.to_string(), "Active");
}

#[test]
fn actions_show_what_there_is_to_do_and_no_more() {
    assert_eq!(
        format!("{:?}", Actions::NONE),
        "Actions { items: [], transition: None }"
    );
    let one = Actions::one(Action::Advertise(Priority::RESIGN));
    assert_eq!(
        format!("{one:?}"),
        "Actions { items: [Advertise(Priority(0))], transition: None }"
    );
}
