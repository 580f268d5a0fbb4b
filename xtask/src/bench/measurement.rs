//! One figure of ours, beside a peer's.

use serde::{Deserialize, Serialize};

/// A line of a bench program: `{"name": "drag", "unit": "ms", "ours": 3.6, "peer": 17.8, "ratio": 0.2, "bar": 1}`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Measurement {
    pub name: String,
    pub unit: String,
    pub ours: f64,
    /// None where there is nothing to compare with.
    pub peer: Option<f64>,
    /// Ours divided by the peer's.
    pub ratio: Option<f64>,
    /// What the ratio (without a peer: our figure) must not pass. None where there is no bar yet.
    pub bar: Option<f64>,
    #[serde(default)]
    pub higher_is_better: bool,
}

impl Measurement {
    /// Reads a line, if it is a measurement and not something else that the program has to say.
    pub fn parse(line: &str) -> Option<serde_json::Result<Self>> {
        line.starts_with('{').then(|| serde_json::from_str(line))
    }

    pub fn misses_its_bar(&self) -> bool {
        let figure = self.ratio.unwrap_or(self.ours);
        self.bar.is_some_and(|bar| if self.higher_is_better { figure < bar } else { figure > bar })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Measurement {
        Measurement::parse(line).unwrap().unwrap()
    }

    #[test]
    fn a_bar_is_for_the_ratio_and_without_one_for_our_figure() {
        let drag =
            read(r#"{"name":"drag","unit":"ms","ours":12,"peer":10,"ratio":1.2,"bar":1.25,"higherIsBetter":false}"#);
        assert!(!drag.misses_its_bar());
        assert!(Measurement { bar: Some(1.0), ..drag.clone() }.misses_its_bar());
        assert!(!Measurement { bar: None, ..drag }.misses_its_bar());
        assert!(read(r#"{"name":"open","unit":"ms","ours":400,"bar":300}"#).misses_its_bar());
    }

    #[test]
    fn more_can_be_better() {
        let speed =
            read(r#"{"name":"import","unit":"MB/s","ours":90,"peer":100,"ratio":0.9,"bar":1,"higherIsBetter":true}"#);
        assert!(speed.misses_its_bar());
        assert!(!Measurement { ratio: Some(1.1), ..speed }.misses_its_bar());
    }

    #[test]
    fn other_lines_are_not_measurements_and_a_broken_one_is_an_error() {
        assert!(Measurement::parse("warming up").is_none());
        assert!(Measurement::parse("{\"name\": 1}").unwrap().is_err());
    }
}
