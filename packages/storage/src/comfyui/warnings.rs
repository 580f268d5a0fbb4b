//! What an import has to say.

use std::fmt;

/// Sentences, of which only so many are kept.
#[derive(Debug)]
pub(super) struct Warnings {
    sentences: Vec<String>,
    limit: usize,
    more: usize,
}

impl Warnings {
    pub(super) fn new(limit: usize) -> Self {
        Self { sentences: Vec::new(), limit, more: 0 }
    }

    pub(super) fn add(&mut self, sentence: fmt::Arguments<'_>) {
        if self.sentences.len() < self.limit {
            self.sentences.push(sentence.to_string());
        } else {
            self.more += 1;
        }
    }

    pub(super) fn into_sentences(mut self) -> Vec<String> {
        if self.more > 0 {
            self.sentences.push(format!("And {} more of these.", self.more));
        }
        self.sentences
    }
}
