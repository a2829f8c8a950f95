//! Real configurations, with what keepalived says of them.

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
    let text = include_str!("../../../../docs/compatibility.md");
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

/// How long it takes to check ten thousand lines, of which none of the files has as many.
fn control() -> Duration {
    let lines = "~SEQ(i, 1, 250) ~SEQ(j, 1, 20) virtual_server 10.0.${i}.${j} 80 { }\n";
    let start = Instant::now();
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
    for Verdict {
        file,
        status,
        unknown: keywords,
    } in &verdicts
    {
        let start = Instant::now();
        let report = run(&[&directory.join(file)], &Options::default());
        let took = start.elapsed();
        assert!(took < control() * 2, "{file} took {took:?}");
        let shown = report.text(false);
        assert!(!shown.is_empty() && report.json().is_ok());
        if unknown(&report) != *keywords {
            wrong.push(format!("{file}: {:?}, not {keywords:?}", unknown(&report)));
        }
        let ours = report.status.code();
        let diagnostics = &report.loaded.diagnostics;
        let is_meant = differences.iter().any(|difference| {
            let has = |code: &str| diagnostics.iter().any(|d| d.code.id() == code);
            difference.theirs == *status
                && difference.ours == ours
                && (difference.code.is_empty() || has(&difference.code))
        });
        if ours != *status && !is_meant {
            let codes = diagnostics.iter().map(|d| d.code.id());
            let codes: std::collections::BTreeSet<_> = codes.collect();
            wrong.push(format!("{file}: {ours}, not {status}: {codes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
