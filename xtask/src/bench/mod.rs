//! `cargo xtask bench`: measurements of this program and its peers, side by side in the same run.

mod measurement;
mod report;

use std::{path::PathBuf, process::Command, process::ExitCode};

use anyhow::{Context, Result, bail, ensure};

use self::{measurement::Measurement, report::Report};
use crate::{
    arguments::Arguments, bundle::Profile, cargo::Build, files, harness, node, process, progress, serve, site,
};

/// Absolute times drift; a bar counts as missed only when every paired run misses it.
const RUNS: usize = 3;

/// What can be measured, by name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Storage,
    Assets,
    Packages,
    Canvas,
    Latency,
    Sync,
}

impl Part {
    const ALL: [Part; 6] = [Part::Storage, Part::Assets, Part::Packages, Part::Canvas, Part::Latency, Part::Sync];

    fn name(self) -> &'static str {
        match self {
            Part::Storage => "storage",
            Part::Assets => "assets",
            Part::Packages => "packages",
            Part::Canvas => "canvas",
            Part::Latency => "latency",
            Part::Sync => "sync",
        }
    }

    /// Builds what it measures, and returns the programs that do. Each prints one measurement per line.
    fn prepare(self) -> Result<Vec<Command>> {
        let mut script = node::node()?;
        script.arg(format!("tests/bench/{}.mjs", self.name()));
        Ok(match self {
            Part::Storage => {
                script.env("BENCH_URL", page()?);
                vec![Command::new(native()?), script]
            }
            Part::Assets => {
                let mut native = Command::new(native()?);
                native.arg(self.name());
                let mut ingest = node::node()?;
                ingest.arg("tests/bench/ingest.mjs").env("BENCH_URL", page()?);
                script.env("ATELIER_URL", serve::serve_aside(site::build(Profile::Release)?)?);
                vec![native, ingest, script]
            }
            Part::Packages => {
                let mut native = Command::new(native()?);
                native.arg(self.name());
                script.env("BENCH_URL", page()?);
                vec![native, script]
            }
            Part::Canvas | Part::Latency => {
                script.env("ATELIER_URL", serve::serve_aside(site::build(Profile::Release)?)?);
                vec![script]
            }
            Part::Sync => {
                node::install_sync()?;
                script.env("BENCH", native()?);
                vec![script]
            }
        })
    }
}

/// The address of the program as a page, built.
fn page() -> Result<String> {
    serve::serve_aside(harness::build("bench", Profile::Release)?)
}

/// The native program, built.
fn native() -> Result<PathBuf> {
    Build { package: "bench", features: "", profile: "release", target: None }.run()
}

/// The names of all parts.
pub fn parts() -> Vec<&'static str> {
    Part::ALL.iter().map(|part| part.name()).collect()
}

/// Measures the named parts, or all. Fails if a bar is missed in every run.
pub fn run(mut arguments: Arguments) -> Result<ExitCode> {
    let json: Option<PathBuf> = arguments.value("--json")?;
    let parts = chosen(&arguments.words()?)?;
    let mut programs = parts.iter().map(|part| Ok((part.name(), part.prepare()?))).collect::<Result<Vec<_>>>()?;
    let mut runs = Vec::new();
    for number in 1..=RUNS {
        let mut measurements = Vec::new();
        for (part, programs) in &mut programs {
            progress::say("Measuring", &format!("{part}, run {number} of {RUNS}"));
            for program in programs {
                measurements.extend(measure(program)?);
            }
        }
        runs.push(measurements);
    }
    let report = Report::new(&runs)?;
    println!("\n{}", report.table());
    if let Some(file) = json {
        files::write(&file, report.json()?)?;
    }
    let missed = report.missed();
    if missed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("Missed in each of {RUNS} runs: {}", missed.join(", "));
    Ok(ExitCode::FAILURE)
}

fn chosen(names: &[String]) -> Result<Vec<Part>> {
    if names.is_empty() {
        return Ok(Part::ALL.to_vec());
    }
    let find = |name: &String| Part::ALL.into_iter().find(|part| part.name() == name);
    names
        .iter()
        .map(|name| {
            find(name).with_context(|| format!("there is no part {name}. The parts are {}", parts().join(", ")))
        })
        .collect()
}

fn measure(program: &mut Command) -> Result<Vec<Measurement>> {
    let mut found = Vec::new();
    let mut broken = None;
    let status = process::watch(program, |line| match Measurement::parse(line) {
        Some(Ok(measurement)) => found.push(measurement),
        Some(Err(error)) => broken = Some(format!("{error} in the measurement {line}")),
        None => {}
    })?;
    ensure!(status.success(), "{} failed ({status})", process::line(program));
    if let Some(broken) = broken {
        bail!("{}: {broken}", process::line(program));
    }
    ensure!(!found.is_empty(), "{} has measured nothing", process::line(program));
    Ok(found)
}
