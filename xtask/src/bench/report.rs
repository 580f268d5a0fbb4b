//! Several runs of the same measurements, summed up by their medians.

use anyhow::{Result, ensure};
use serde::Serialize;

use super::Measurement;
use crate::table;

#[derive(Serialize)]
pub struct Report {
    measurements: Vec<Summary>,
}

/// The medians of one measurement, and what they are the medians of.
#[derive(Serialize)]
struct Summary {
    #[serde(flatten)]
    median: Measurement,
    /// In every run.
    missed: bool,
    runs: Vec<Measurement>,
}

impl Report {
    /// Each run has to hold the same measurements.
    pub fn new(runs: &[Vec<Measurement>]) -> Result<Self> {
        let first = runs.first().map_or(&[][..], Vec::as_slice);
        let measurements =
            first.iter().map(|measurement| Summary::new(&measurement.name, runs)).collect::<Result<_>>()?;
        Ok(Self { measurements })
    }

    pub fn table(&self) -> String {
        let figure = |value: Option<f64>| value.map_or("–".to_owned(), significant);
        let rows: Vec<Vec<String>> = self
            .measurements
            .iter()
            .map(|Summary { median, missed, .. }| {
                vec![
                    median.name.clone(),
                    median.unit.clone(),
                    significant(median.ours),
                    figure(median.peer),
                    figure(median.ratio),
                    figure(median.bar),
                    if *missed { "missed" } else { "" }.to_owned(),
                ]
            })
            .collect();
        table::render(&["name", "unit", "ours", "peer", "ratio", "bar", ""], &rows)
    }

    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The names of what missed its bar in every run.
    pub fn missed(&self) -> Vec<&str> {
        let missed = self.measurements.iter().filter(|summary| summary.missed);
        missed.map(|summary| summary.median.name.as_str()).collect()
    }
}

impl Summary {
    fn new(name: &str, all: &[Vec<Measurement>]) -> Result<Self> {
        let runs: Vec<Measurement> = all.iter().flatten().filter(|found| found.name == name).cloned().collect();
        ensure!(runs.len() == all.len(), "\"{name}\" was measured {} times in {} runs", runs.len(), all.len());
        let middle = |figure: fn(&Measurement) -> Option<f64>| median(runs.iter().filter_map(figure).collect());
        Ok(Self {
            median: Measurement {
                ours: middle(|run| Some(run.ours)).unwrap_or_default(),
                peer: middle(|run| run.peer),
                ratio: middle(|run| run.ratio),
                ..runs[0].clone()
            },
            missed: runs.iter().all(Measurement::misses_its_bar),
            runs,
        })
    }
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

/// Three digits are as many as mean something.
fn significant(figure: f64) -> String {
    match figure.abs() {
        100.0.. => format!("{figure:.0}"),
        10.0.. => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ours: f64) -> Vec<Measurement> {
        let measurement = |name: &str, ratio| Measurement {
            name: name.to_owned(),
            unit: "ms".to_owned(),
            ours,
            peer: Some(100.0),
            ratio: Some(ratio),
            bar: Some(1.0),
            higher_is_better: false,
        };
        vec![measurement("drag", ours / 100.0), measurement("pan", 1.5)]
    }

    #[test]
    fn medians_are_shown_and_a_bar_is_missed_only_in_every_run() {
        let report = Report::new(&[run(120.0), run(80.0), run(150.0)]).unwrap();
        assert_eq!(report.missed(), ["pan"]);
        assert_eq!(
            report.table(),
            "name  unit  ours  peer  ratio   bar\n\
             drag  ms     120   100   1.20  1.00\n\
             pan   ms     120   100   1.50  1.00  missed\n"
        );
    }

    #[test]
    fn the_file_holds_the_medians_and_every_run() {
        let json = Report::new(&[run(120.0), run(80.0), run(150.0)]).unwrap().json().unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["measurements"][0]["name"], "drag");
        assert_eq!(value["measurements"][0]["ratio"], 1.2);
        assert_eq!(value["measurements"][0]["runs"][1]["ratio"], 0.8);
        assert_eq!(value["measurements"][1]["missed"], true);
    }

    #[test]
    fn a_run_that_lacks_a_measurement_is_an_error() {
        let error = Report::new(&[run(1.0), run(1.0)[..1].to_vec()]).err().unwrap();
        assert_eq!(error.to_string(), "\"pan\" was measured 1 times in 2 runs");
    }
}
