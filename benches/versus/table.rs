//! Markdown tables of our figures beside a peer's.

use core::time::Duration;

/// What one row compares, in one unit.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    pub(crate) ours: Vec<f64>,
    pub(crate) theirs: Vec<f64>,
}

/// Prints rows under a heading with the peer's name. Every figure is the median of its samples.
pub(crate) fn print(peer: &str, rows: &[Row]) {
    println!("\n| | ha-daemon | {peer} | ratio |\n|---|---|---|---|");
    for row in rows {
        let (ours, theirs) = (median(&row.ours), median(&row.theirs));
        println!(
            "| {} | {} | {} | {} |",
            row.what,
            cell(ours, row.unit),
            cell(theirs, row.unit),
            cell(ours.zip(theirs).map(|(ours, theirs)| ours / theirs), ""),
        );
    }
}

fn cell(figure: Option<f64>, unit: &str) -> String {
    let Some(figure) = figure else {
        return "–".to_owned();
    };
    let space = if unit.is_empty() { "" } else { " " };
    match figure {
        ..10.0 => format!("{figure:.2}{space}{unit}"),
        ..100.0 => format!("{figure:.1}{space}{unit}"),
        _ => format!("{figure:.0}{space}{unit}"),
    }
}

/// The sample in the middle; of two, the lower one.
fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// A span in milliseconds.
pub(crate) fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
