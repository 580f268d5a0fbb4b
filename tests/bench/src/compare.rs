//! Two ways of doing the same, measured side by side.

use std::time::Duration;

use anyhow::Result;

/// Runs both in turn, `count` times, and prints a line of JSON.
///
/// # Errors
/// One of them fails.
pub fn compare(
    name: &str,
    bar: Option<f64>,
    count: usize,
    ours: &dyn Fn() -> Result<Duration>,
    peer: &dyn Fn() -> Result<Duration>,
) -> Result<()> {
    // Each once without looking: files, pages and branches get warm.
    ours()?;
    peer()?;
    let mut rounds = Vec::new();
    for round in 0..count {
        // Turn about, so that drift of the machine falls on both.
        rounds.push(if round % 2 == 0 {
            let ours = ours()?;
            (ours, peer()?)
        } else {
            let peer = peer()?;
            (ours()?, peer)
        });
    }
    let ratios = rounds.iter().map(|(ours, peer)| ours.div_duration_f64(*peer));
    let line = serde_json::json!({
        "name": name,
        "unit": "ms",
        "ours": rounded(1000. * median(rounds.iter().map(|round| round.0.as_secs_f64()))),
        "peer": rounded(1000. * median(rounds.iter().map(|round| round.1.as_secs_f64()))),
        "ratio": rounded(median(ratios.clone())),
        "bar": bar,
    });
    println!("{line}");
    println!("  its ratios' middle half spans {:.0} %", 100. * spread(ratios));
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// How far the middle half of the values lies apart, as a share of the median.
fn spread(values: impl Iterator<Item = f64> + Clone) -> f64 {
    (quantile(values.clone(), 0.75) - quantile(values.clone(), 0.25)) / median(values)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index of a few"
)]
fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(((values.len() as f64 - 1.) * share).round() as usize).copied().unwrap_or(f64::NAN)
}

fn rounded(value: f64) -> f64 {
    (value * 1000.).round() / 1000.
}
