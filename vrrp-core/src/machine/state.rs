//! The state of a virtual router, with its timers.

use crate::{Instant, Interval};

/// The state of a virtual router, each with its deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// Not running, or waiting for the interface, its primary address or tracking.
    Initialize,
    /// Watching the Active Router.
    Backup {
        /// When Active_Down_Timer fires.
        active_down: Instant,
        /// Active_Adver_Interval: the own interval until another one is learned (version 3).
        active_interval: Interval,
        /// Until when a lower-priority Active Router is tolerated, once one was heard.
        preempt_at: Option<Instant>,
        /// The reason for which the timer runs.
        watch: Watch,
    },
    /// Answering for the virtual addresses.
    Active {
        /// When Adver_Timer fires.
        advertise_at: Instant,
        /// The pauses between answers.
        answers: Answers,
    },
}

/// The times from which an Active Router answers again, so that neither a flood nor a contest of
/// two routers is echoed. Each kind of answer has its own pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Answers {
    /// To a losing advertisement (RFC 9568 §6.4.3).
    pub(crate) lower: Instant,
    /// To a resignation (RFC 9568 §6.4.3).
    pub(crate) resignation: Instant,
}

/// The reason for which Active_Down_Timer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Watch {
    /// The Active Router, if any, is silent.
    Silence,
    /// A lower-priority Active Router is being preempted (RFC 9568 §6.4.2).
    Lower,
    /// The Active Router resigned (RFC 9568 §6.4.2).
    Resigned,
    /// The timer fired and the sync group has yet to elect this router.
    Expired,
}
