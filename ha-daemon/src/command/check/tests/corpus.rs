//! Tests with real configurations, compared with the verdicts of keepalived.

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::*;

/// What keepalived makes of a file.
struct Verdict {
    file: String,
    /// Exit status of `keepalived -t` 2.2.7.
    status: u8,
    unknown: Vec<String>,
}

/// A difference that is meant.
struct Difference {
    theirs: u8,
    ours: u8,
    code: String,
}

fn corpus() -> PathBuf {
    std::env::var_os("CORPUS")
        .expect("CORPUS names the directory of the configurations")
        .into()
}

fn verdicts(directory: &Path) -> Vec<Verdict> {
    let table = fs::read_to_string(directory.join("verdicts.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|row| {
        let cells: Vec<_> = row.split('\t').collect();
        Verdict {
            file: cells[0].to_owned(),
            status: cells[3].parse().unwrap(),
            unknown: words(cells.get(5).copied().unwrap_or("")),
        }
    });
    rows.collect()
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<_> = text.split_ascii_whitespace().map(str::to_owned).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The rows of the table of exit statuses.
fn differences() -> Vec<Difference> {
    let text = include_str!("../../../../../docs/compatibility.md");
    let table = text.split("## Exit statuses").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let (theirs, ours) = (cells.get(1)?.parse().ok()?, cells.get(2)?.parse().ok()?);
        let code = cells.get(3)?.trim_matches('`').to_owned();
        Some(Difference { theirs, ours, code })
    });
    rows.collect()
}

fn unknown(report: &Report) -> Vec<String> {
    let Loaded {
        diagnostics,
        sources,
        ..
    } = &report.loaded;
    let unknown = diagnostics
        .iter()
        .filter(|d| d.code == Code::UnknownKeyword);
    let texts = unknown.map(|diagnostic| sources.text(diagnostic.primary.place.span));
    words(&texts.collect::<Vec<_>>().join(" "))
}

/// How the unknown keywords differ: those in blocks that are skipped are not looked at, nor braces
/// that are left over there; and keepalived reads no further where a parameter is missing.
fn difference_in_keywords(report: &Report, verdict: &Verdict) -> Option<String> {
    let (ours, theirs) = (unknown(report), &verdict.unknown);
    let skips = report.loaded.diagnostics.iter().any(|diagnostic| {
        let is_block = diagnostic.primary.text == "skipped with its block";
        let is_brace = diagnostic.code == Code::UnexpectedBrace;
        (diagnostic.code == Code::UnknownKeyword && is_block) || is_brace
    });
    let misses = !skips && theirs.iter().any(|word| !ours.contains(word));
    let invents = verdict.status != 2 && ours.iter().any(|word| !theirs.contains(word));
    (misses || invents).then(|| format!("unknown are {ours:?}, not {theirs:?}"))
}

#[expect(clippy::disallowed_methods, reason = "nothing else is measured here")]
fn now() -> Instant {
    Instant::now()
}

/// How long it takes to check ten thousand lines, of which none of the files has as many.
fn control() -> Duration {
    let lines = "~SEQ(i, 1, 250) ~SEQ(j, 1, 20) virtual_server 10.0.${i}.${j} 80 { }\n";
    let start = now();
    drop(report(&lines.repeat(2)));
    start.elapsed()
}

#[test]
#[ignore = "needs CORPUS"]
fn real_configurations_are_read_as_keepalived_reads_them() {
    let directory = corpus();
    let (verdicts, differences) = (verdicts(&directory), differences());
    assert!(verdicts.len() > 50 && differences.len() > 3);
    let mut wrong = Vec::new();
    let longest = control() * 3;
    for verdict in &verdicts {
        let path = directory.join(&verdict.file);
        let start = now();
        let report = run(&[&path], &Options::default());
        let took = start.elapsed();
        assert!(took < longest, "{} took {took:?}", verdict.file);
        let shown = report.text(false);
        assert!(!shown.is_empty() && report.json().is_ok());
        let known = difference_in_keywords(&report, verdict);
        wrong.extend(known.map(|text| format!("{}: {text}", verdict.file)));
        let (ours, theirs) = (report.status.code(), verdict.status);
        if ours == theirs {
            continue;
        }
        // What this host lacks may be the reason.
        let host = Options {
            host: true,
            ..Options::default()
        };
        let diagnostics = run(&[&path], &host).loaded.diagnostics;
        let has = |code: &str| diagnostics.iter().any(|d| d.code.id() == code);
        let is_meant = differences.iter().any(|difference| {
            let code = &*difference.code;
            difference.theirs == theirs && difference.ours == ours && (code.is_empty() || has(code))
        });
        if !is_meant {
            let codes: Vec<_> = report
                .loaded
                .diagnostics
                .iter()
                .map(|d| d.code.id())
                .collect();
            let file = &verdict.file;
            wrong.push(format!("{file}: {ours}, not {theirs}: {codes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
