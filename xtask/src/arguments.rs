//! The words behind a command.

use std::str::FromStr;

use anyhow::{Result, anyhow, bail};

/// Options are taken out by name, in any order; what is left are the positional words.
pub struct Arguments(Vec<String>);

impl Arguments {
    pub fn new(words: impl IntoIterator<Item = String>) -> Self {
        Self(words.into_iter().collect())
    }

    /// Whether the option without a value, such as `--dev`, is there.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// The value of `--name value` or `--name=value`.
    pub fn value<T: FromStr>(&mut self, name: &str) -> Result<Option<T>> {
        let Some(place) = self.0.iter().position(|word| word.split('=').next() == Some(name)) else {
            return Ok(None);
        };
        let word = self.0.remove(place);
        let value = match word.split_once('=') {
            Some((_, value)) => value.to_owned(),
            None if place < self.0.len() => self.0.remove(place),
            None => bail!("{name} needs a value"),
        };
        value.parse().map(Some).map_err(|_| anyhow!("{name} cannot be \"{value}\""))
    }

    /// The positional words. An option that nobody took is an error.
    pub fn words(self) -> Result<Vec<String>> {
        match self.0.iter().find(|word| word.starts_with('-')) {
            Some(unknown) => bail!("unknown option {unknown}; `cargo xtask` lists the commands and their options"),
            None => Ok(self.0),
        }
    }

    /// For commands that take options only.
    pub fn none(self) -> Result<()> {
        match self.words()?.first() {
            Some(word) => bail!("unexpected \"{word}\"; `cargo xtask` lists the commands and their options"),
            None => Ok(()),
        }
    }

    /// Everything as it is, for passing on.
    pub fn all(self) -> Vec<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        Arguments::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_stand_anywhere_and_words_keep_their_order() {
        let mut arguments = arguments("storage --full ui --port 81");
        assert!(arguments.flag("--full"));
        assert!(!arguments.flag("--dev"));
        assert_eq!(arguments.value("--port").unwrap(), Some(81_u16));
        assert_eq!(arguments.words().unwrap(), ["storage", "ui"]);
    }

    #[test]
    fn a_value_may_follow_an_equals_sign() {
        assert_eq!(arguments("--base=a=b").value("--base").unwrap(), Some(String::from("a=b")));
        assert_eq!(arguments("").value::<String>("--base").unwrap(), None);
    }

    #[test]
    fn mistakes_are_named() {
        let message = |result: Result<Option<u16>>| result.unwrap_err().to_string();
        assert_eq!(message(arguments("--port").value("--port")), "--port needs a value");
        assert_eq!(message(arguments("--port 99999").value("--port")), "--port cannot be \"99999\"");
        assert!(arguments("--prot 81").words().unwrap_err().to_string().starts_with("unknown option --prot"));
        assert!(arguments("web").none().unwrap_err().to_string().starts_with("unexpected \"web\""));
    }
}
