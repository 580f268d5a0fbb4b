//! What is found out of bytes while they stream by.

use super::{HEAD, Known, Look, Staged, sha256::Sha256};
use crate::{Error, Result};

/// Both checksums, the size and the beginning of a content, of which the pieces are given in order.
#[derive(Clone, Default)]
pub struct Digest {
    sha256: Sha256,
    crc32: crc32fast::Hasher,
    bytes: u64,
    head: Vec<u8>,
    /// Then nothing is hashed.
    known: Option<Known>,
}

impl Digest {
    /// One of a content of which this is known.
    pub fn of(known: Option<Known>) -> Self {
        Self { known, ..Self::default() }
    }

    /// The next piece.
    pub fn update(&mut self, piece: &[u8]) {
        if self.known.is_none() {
            self.sha256.update(piece);
        }
        self.skim(piece);
    }

    /// The same without the hash, which somebody else takes: [`Digest::staged_as`].
    pub fn skim(&mut self, piece: &[u8]) {
        self.crc32.update(piece);
        self.bytes += piece.len() as u64;
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// How many bytes have gone by.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was found out, after the last piece.
    ///
    /// # Errors
    /// It is not what was known of it.
    pub fn staged(mut self, look: Option<Look>) -> Result<Staged> {
        if let Some(known) = self.known.take() {
            let (hash, crc32) = (known.hash.clone(), self.crc32.finalize());
            return if (crc32, self.bytes) == (known.crc32, known.bytes) {
                Ok(Staged { hash, crc32, bytes: self.bytes, head: self.head, look })
            } else {
                Err(changed())
            };
        }
        let hash = std::mem::take(&mut self.sha256).finish();
        Ok(Staged { look, ..self.staged_as(&hash) })
    }

    /// The same with a hash that somebody else has taken.
    pub fn staged_as(self, hash: &[u8]) -> Staged {
        let hash = hash.iter().fold(String::from("sha256-"), |mut text, byte| {
            for digit in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(digit), 16));
            }
            text
        });
        Staged { hash, crc32: self.crc32.finalize(), bytes: self.bytes, head: self.head, look: None }
    }
}

/// Somebody has changed the file under us.
pub fn changed() -> Error {
    Error::Io { what: "the file".into(), reason: "it changed while it was read".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MediaKind;

    #[test]
    fn the_checksums_are_those_of_the_whole() {
        let mut digest = Digest::default();
        for piece in [&b"The quick brown fox "[..], b"", b"jumps over the lazy dog"] {
            digest.update(piece);
        }
        let staged = digest.staged(None).unwrap_or_else(|error| unreachable!("{error}"));
        assert_eq!(staged.hash, "sha256-d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592");
        assert_eq!((staged.crc32, staged.bytes), (0x414f_a339, 43));
        assert_eq!(staged.head, b"The quick brown fox jumps over the lazy dog");

        let mut skimmed = Digest::default();
        skimmed.skim(b"The quick brown fox jumps over the lazy dog");
        let hash: Vec<u8> =
            (7..64 + 7).step_by(2).filter_map(|at| u8::from_str_radix(&staged.hash[at..at + 2], 16).ok()).collect();
        assert_eq!(skimmed.staged_as(&hash), staged);
    }

    #[test]
    fn the_head_is_the_beginning_and_no_more() {
        let mut digest = Digest::default();
        for _ in 0..3 {
            digest.update(&vec![7; HEAD / 2 + 1]);
        }
        assert_eq!(digest.staged(None).map(|staged| staged.head.len()), Ok(HEAD));
    }

    #[test]
    fn what_is_known_is_not_hashed_but_compared() {
        let known =
            Known { hash: "sha256-of another program".into(), crc32: 0x414f_a339, bytes: 43, kind: MediaKind::Other };
        let staged = |text: &[u8]| {
            let mut digest = Digest::of(Some(known.clone()));
            digest.update(text);
            digest.staged(None).map(|staged| staged.hash)
        };
        assert_eq!(staged(b"The quick brown fox jumps over the lazy dog"), Ok(known.hash.clone()));
        assert_eq!(staged(b"The quick brown fox jumps over the lazy cog"), Err(changed()));
        assert_eq!(staged(b"The quick brown fox jumps over the lazy do"), Err(changed()));
    }
}
