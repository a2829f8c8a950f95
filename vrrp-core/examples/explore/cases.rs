//! The list of models to explore, and the flaws expected in each.

use vrrp_core::explore::{Flaw, Model, Report};

use crate::arguments::{self, ArgumentError};

/// A model and its flaws.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) model: Model,
    pub(crate) expected: &'static [Flaw],
}

impl Case {
    /// A case in which nothing is expected.
    pub(crate) fn sound(line: &str) -> Result<Self, ArgumentError> {
        Ok(Self {
            name: line.to_owned(),
            model: arguments::model(line.split_whitespace())?,
            expected: &[],
        })
    }

    /// Whether everything was visited, and nothing found but the expected.
    pub(crate) fn is_as_expected(&self, report: &Report) -> bool {
        let mut found: Vec<_> = report.violations.iter().map(|it| it.flaw).collect();
        let mut expected = self.expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        report.complete && found == expected
    }
}

/// Routers and faults that are combined with each other and with both versions. Nothing may be
/// found in any of them.
const GRID: [(&[&str], &[&str]); 6] = [
    (
        &["200 100", "101 100", "100 100", "255 100", "200d2500 100"],
        &[
            "drops=2 duplicates=1",
            "crashes=1 outages=1 pauses=1",
            "pauses=2 waits=0,1500,4000",
            "isolations=2 drops=1",
        ],
    ),
    (
        &["200 100", "101 100", "100 100"],
        &["drops=1 duplicates=1 crashes=1 shutdowns=1"],
    ),
    // Preempt_Mode False holds as long as nothing is lost.
    (
        &["200n 100n", "200n 150n 100n"],
        &["duplicates=1", "crashes=1", "outages=1"],
    ),
    (
        &["200 150 100", "200 100 100", "255 150 100"],
        &[
            "drops=2",
            "duplicates=1",
            "crashes=1",
            "outages=1",
            "pauses=1",
            "isolations=1",
        ],
    ),
    (
        &["200 150 100 50"],
        &[
            "waits=0",
            "waits=0 crashes=1",
            "waits=0 drops=1",
            "waits=0 outages=1",
        ],
    ),
    (&["255 150 100 50"], &["waits=0"]),
];

/// More of the same, once.
const SINGLE: [&str; 9] = [
    "200 100 drops=1 duplicates=1 crashes=1 shutdowns=1 outages=1 pauses=1",
    "200/1 100/1 delay=1 waits=0,15 drops=2 crashes=1 pauses=1",
    "254/4095 1/4095 drops=2 crashes=1",
    "answer 200 150 100 drops=1 crashes=1 waits=0",
    "255:1 255:2 drops=1 crashes=1 outages=1",
    "200 150 100 drops=3 waits=0",
    "200 150 100 drops=2 crashes=1 waits=0",
    "200 150 100 crashes=2",
    "200 150 100 pauses=1 crashes=1",
];

/// What the protocol itself leads to, whether that was found, and the shortest way there.
const KNOWN: [(&str, &str, &[Flaw]); 12] = [
    (
        "a router that resigns all the time: takeover is not held off",
        "200 150 50 resigner=2,125 crashes=1",
        &[],
    ),
    (
        "equal priorities and addresses",
        "100:1 100:1",
        &[Flaw::Dual],
    ),
    (
        "a link that works one way only",
        "200 100 one-way=1",
        &[Flaw::Dual],
    ),
    (
        "owners that hear nobody (RFC 5798 §7.1)",
        "deaf 255 255",
        &[Flaw::Dual],
    ),
    ("owners that hear each other (erratum 8298)", "255 255", &[]),
    ("VRRPv2 owners", "v2 255 255", &[Flaw::Dual]),
    (
        "VRRPv2 with different intervals",
        "v2 100/100 100/200",
        &[Flaw::Dual],
    ),
    (
        "a slow Active Router and two fast backups",
        "200/1000 100/100 90/100",
        &[Flaw::Displaced],
    ),
    (
        "Preempt_Mode False after a partition",
        "200n 100 isolations=1",
        &[Flaw::PreemptedDespiteMode],
    ),
    (
        "Preempt_Mode False and one loss",
        "200n 150n 100n crashes=1 drops=1",
        &[Flaw::PreemptedDespiteMode],
    ),
    (
        "an owner that restarts within the delay of its resignation",
        "255 100 shutdowns=1",
        &[Flaw::DisplacedByResignation],
    ),
    (
        "the resignation of a loser that was heard last",
        "200 150 100 shutdowns=1 drops=1 waits=0",
        &[Flaw::DisplacedByResignation],
    ),
];

/// Every case.
pub(crate) fn all() -> Result<Vec<Case>, ArgumentError> {
    let mut cases = Vec::new();
    for (routers, faults) in GRID {
        for routers in routers {
            for faults in faults {
                cases.push(Case::sound(&format!("{routers} {faults}"))?);
                cases.push(Case::sound(&format!("v2 {routers} {faults}"))?);
            }
        }
    }
    for line in SINGLE {
        cases.push(Case::sound(line)?);
    }
    for (what, line, expected) in KNOWN {
        cases.push(Case {
            name: format!("{line}: {what}"),
            expected,
            ..Case::sound(line)?
        });
    }
    Ok(cases)
}
