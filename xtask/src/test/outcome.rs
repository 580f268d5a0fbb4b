//! How many tests passed and failed, read from what the test runners print.

use std::process::ExitStatus;

#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    pub passed: usize,
    pub failed: usize,
    /// Neither passed nor failed.
    pub skipped: usize,
    /// What could not run, and why.
    pub problems: Vec<String>,
}

impl Outcome {
    /// Counts something that could not run.
    pub fn fail(&mut self, reason: impl Into<String>) {
        self.failed += 1;
        self.problems.push(reason.into());
    }

    /// Adds what a part of this name came to.
    pub fn add(&mut self, name: &str, part: Outcome) {
        self.passed += part.passed;
        self.failed += part.failed;
        self.skipped += part.skipped;
        self.problems.extend(part.problems.into_iter().map(|problem| format!("{name}: {problem}")));
    }

    /// Counts a line that Rust's test harness has printed, if it is a sum:
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
    pub fn libtest(&mut self, line: &str) {
        let Some((_, sums)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else { return };
        for sum in sums.split("; ") {
            match sum.split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse().unwrap_or(0),
                Some((count, "ignored")) => self.skipped += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Counts the comments at the end of Node's TAP report: `# pass 3`.
    pub fn tap(&mut self, report: &str) {
        for sum in report.lines().filter_map(|line| line.strip_prefix("# ")) {
            match sum.split_once(' ') {
                Some(("pass", count)) => self.passed += count.parse().unwrap_or(0),
                Some(("fail" | "cancelled", count)) => self.failed += count.parse().unwrap_or(0),
                Some(("skipped" | "todo", count)) => self.skipped += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Takes the runner's own verdict in: one that ended badly without a failed test has not run all of them.
    pub fn ended(&mut self, what: &str, status: ExitStatus, failed_before: usize) {
        if !status.success() && self.failed == failed_before {
            self.fail(format!("{what} ended before its tests did ({status}); see its output above"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn sums_of_several_test_binaries_add_up() {
        let mut outcome = Outcome::default();
        for line in [
            "running 4 tests",
            "test a ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 5 filtered out; finished in 1.20s",
            "test result: whatever",
        ] {
            outcome.libtest(line);
        }
        assert_eq!(outcome, Outcome { passed: 5, failed: 1, skipped: 1, problems: vec![] });
    }

    #[test]
    fn the_end_of_a_tap_report_is_counted() {
        let mut outcome = Outcome::default();
        outcome.tap(
            "TAP version 13\n# Subtest: a\nok 1 - a\nnot ok 2 - b\n1..2\n# tests 9\n# suites 0\n# pass 3\n# fail 2\n",
        );
        outcome.tap("# cancelled 1\n# skipped 2\n# todo 1\n# duration_ms 133.7\n");
        assert_eq!(outcome, Outcome { passed: 3, failed: 3, skipped: 3, problems: vec![] });
    }

    #[test]
    fn a_runner_that_died_counts_as_failed_once() {
        let status = Command::new("cargo").arg("--no-such-option").output().unwrap().status;
        let mut outcome = Outcome { passed: 3, ..Outcome::default() };
        outcome.ended("the runner", status, 0);
        assert_eq!((outcome.passed, outcome.failed, outcome.problems.len()), (3, 1, 1));
        outcome.ended("the runner", status, 0);
        assert_eq!(outcome.failed, 1);
    }
}
