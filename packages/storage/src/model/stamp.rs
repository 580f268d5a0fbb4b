//! Stamps, and the hybrid logical clock that makes them.
//!
//! A stamp is a UUID of version 7 ([RFC 9562](https://www.rfc-editor.org/rfc/rfc9562)) whose parts are a hybrid logical clock (Kulkarni
//! and others, *Logical Physical Clocks*, 2014): 48 bits of milliseconds, 12 bits of a counter within the millisecond, and
//! 62 bits that are drawn afresh by each tab or process. It serves as the id of a change, as its place in the order of all
//! changes, and as the tie-break, so it is never altered once it is made.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The last millisecond that a wall clock is believed: the end of the year 9999.
const LAST_WALL: u64 = 253_402_300_799_999;
/// The last millisecond that a clock takes note of in a stamp from elsewhere: in the year 10332. The 48 bits have room for
/// 10^16 stamps beyond it, so no stamp can bring a clock to a halt, and what a clock makes can always be read again.
const LAST_SEEN: u64 = (1 << 48) - (1 << 44);
const COUNTER_BITS: u32 = 12;
const COUNTER_MAX: u16 = (1 << COUNTER_BITS) - 1;
const REPLICA_MASK: u64 = (1 << 62) - 1;

/// When a register was changed, and by whom. Larger is later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Uuid", into = "Uuid")]
pub struct Stamp(Uuid);

/// A UUID that is no stamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a UUID of version 7")]
pub struct ParseStampError(pub String);

impl Stamp {
    fn new(millis: u64, counter: u16, replica: u64) -> Self {
        let high = (millis << 16) | (0x7 << COUNTER_BITS) | u64::from(counter);
        let low = (0b10 << 62) | replica;
        Self(Uuid::from_u64_pair(high, low))
    }

    /// Milliseconds since 1970: what people see as `updatedAt`.
    pub fn millis(self) -> u64 {
        self.0.as_u64_pair().0 >> 16
    }

    /// The UUID itself.
    pub fn uuid(self) -> Uuid {
        self.0
    }

    fn counter(self) -> u16 {
        #[expect(clippy::cast_possible_truncation, reason = "masked to 12 bits")]
        let counter = (self.0.as_u64_pair().0 & u64::from(COUNTER_MAX)) as u16;
        counter
    }
}

impl TryFrom<Uuid> for Stamp {
    type Error = ParseStampError;

    fn try_from(uuid: Uuid) -> Result<Self, Self::Error> {
        if uuid.get_version_num() == 7 && uuid.get_variant() == uuid::Variant::RFC4122 {
            Ok(Self(uuid))
        } else {
            Err(ParseStampError(uuid.to_string()))
        }
    }
}

impl From<Stamp> for Uuid {
    fn from(stamp: Stamp) -> Self {
        stamp.0
    }
}

impl FromStr for Stamp {
    type Err = ParseStampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map_err(|_| ParseStampError(text.to_owned())).and_then(Self::try_from)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stamp({})", self.0)
    }
}

/// Makes stamps, each larger than every stamp that it made or has seen, whatever the wall clock does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    millis: u64,
    counter: u16,
    replica: u64,
}

impl Clock {
    /// A clock of one tab or process. Of `replica` 62 bits count; they must be random, so that no two clocks that run at the
    /// same time make the same stamp.
    pub fn new(replica: u64) -> Self {
        Self { millis: 0, counter: 0, replica: replica & REPLICA_MASK }
    }

    /// The time of the last stamp that it made or has seen, in milliseconds since 1970.
    pub fn millis(&self) -> u64 {
        self.millis
    }

    /// Takes note of a time at which something was stored: every later stamp is of a later one.
    pub fn observe_millis(&mut self, millis: u64) {
        (self.millis, self.counter) = (self.millis, self.counter).max((millis.min(LAST_SEEN), COUNTER_MAX));
    }

    /// The next stamp. `wall` is the time that the system claims, in milliseconds since 1970.
    pub fn tick(&mut self, wall: u64) -> Stamp {
        let wall = wall.min(LAST_WALL);
        if wall > self.millis {
            (self.millis, self.counter) = (wall, 0);
        } else if self.counter < COUNTER_MAX {
            self.counter += 1;
        } else {
            (self.millis, self.counter) = (self.millis + 1, 0);
        }
        Stamp::new(self.millis, self.counter, self.replica)
    }

    /// Takes note of a stamp from elsewhere: every later one of this clock is larger. Except behind a stamp of a time after
    /// the year 10332, which no clock makes: it counts as the last of that year's.
    pub fn observe(&mut self, stamp: Stamp) {
        let seen = (stamp.millis(), stamp.counter()).min((LAST_SEEN, COUNTER_MAX));
        (self.millis, self.counter) = (self.millis, self.counter).max(seen);
    }
}
