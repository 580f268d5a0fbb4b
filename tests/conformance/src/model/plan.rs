//! What happens, made from numbers.

use std::{collections::BTreeMap, time::Duration};

use storage::{Error, backend::fault::Fault};

use super::Made;

/// How many tabs there are.
pub(super) const TABS: usize = 3;
/// How many entities they edit: see `World::key`.
pub(super) const ENTITIES: u64 = 9;

/// How many kinds of faults a commit can have: see [`Plan::faults`].
const KINDS: u64 = 6;
/// Those that leave something else behind or take their time: refused, stored all the same, late, and late and refused.
const TELLING: [u64; 4] = [1, 3, 4, 5];

/// What happens in one world.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// What goes wrong besides.
    pub mishaps: Vec<Mishap>,
}

/// What a tab does, or what happens to it. Tabs have numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Writes these together.
    Edit(usize, [Option<Change>; 3]),
    /// Waits until everything is stored.
    Flush(usize),
    /// Has edits gather from now on.
    Hold(usize),
    /// Lets them go.
    Release(usize),
    /// Hears what has happened meanwhile.
    Hear(usize),
    /// Tries again at once what failed.
    Retry(usize),
    /// Stores everything, goes away and comes back.
    Reload(usize),
    /// Is killed, and another one is opened in its place.
    Kill(usize),
    /// Other work goes on for a moment.
    Wait,
}

/// A register of an entity is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Which of the entities.
    pub entity: u64,
    /// Which of the registers that such an entity has, and what it becomes.
    pub register: u64,
    pub value: u64,
}

/// An operation of one tab's connection goes wrong. Those of all of its lives count on.
#[derive(Clone, Debug, PartialEq)]
pub enum Mishap {
    /// A commit, by its number.
    Commit { tab: usize, number: usize, kind: u64 },
    /// A read, by its number.
    Read { tab: usize, number: usize },
}

/// One number as several small ones.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        let rolled = self.0 % sides;
        self.0 /= sides;
        rolled
    }

    fn tab(&mut self) -> usize {
        usize::try_from(self.roll(TABS as u64)).unwrap()
    }
}

/// A repeatable series of numbers (splitmix64).
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    (1..).map(move |number: u64| {
        let mut z = seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

impl Step {
    fn of(number: u64) -> Self {
        let mut dice = Dice(number);
        let (kind, tab) = (dice.roll(20), dice.tab());
        match kind {
            0..=9 => {
                let count = 1 + dice.roll(3);
                let mut change = |index| {
                    let change = Change { entity: dice.roll(ENTITIES), register: dice.roll(6), value: dice.roll(50) };
                    (index < count).then_some(change)
                };
                Self::Edit(tab, [change(0), change(1), change(2)])
            }
            10 | 11 => Self::Flush(tab),
            12 => Self::Hold(tab),
            13 => Self::Release(tab),
            14 | 15 => Self::Hear(tab),
            16 => Self::Retry(tab),
            17 => Self::Reload(tab),
            18 => Self::Kill(tab),
            _ => Self::Wait,
        }
    }
}

impl Mishap {
    fn of(number: u64) -> Self {
        let mut dice = Dice(number);
        let (is_commit, tab) = (dice.roll(2) == 0, dice.tab());
        let number = usize::try_from(dice.roll(30)).unwrap();
        if is_commit { Self::Commit { tab, number, kind: dice.roll(KINDS) } } else { Self::Read { tab, number } }
    }
}

impl Plan {
    /// Every list of numbers is a plan.
    pub fn of(steps: impl IntoIterator<Item = u64>, mishaps: impl IntoIterator<Item = u64>) -> Self {
        Self {
            steps: steps.into_iter().map(Step::of).collect(),
            mishaps: mishaps.into_iter().map(Mishap::of).collect(),
        }
    }

    /// The one that belongs to this seed.
    pub fn of_seed(seed: u64) -> Self {
        Self::of(numbers(2 * seed).take(60), numbers(2 * seed + 1).take(20))
    }

    /// This one with one fault at a time, at each of the commits and reads that the tabs have made.
    pub(super) fn with_each_fault(&self, made: Made) -> impl Iterator<Item = Self> {
        let mishaps = (0..).zip(made).flat_map(|(tab, (commits, reads))| {
            let commits = (0..commits).flat_map(move |number| TELLING.map(|kind| Mishap::Commit { tab, number, kind }));
            commits.chain((0..reads).map(move |number| Mishap::Read { tab, number }))
        });
        mishaps.map(|mishap| Self { mishaps: vec![mishap], ..self.clone() })
    }

    /// What goes wrong with this tab's commits, by their number.
    pub(super) fn faults(&self, of: usize) -> BTreeMap<usize, Fault> {
        let moment = Duration::from_millis(2);
        let fault = |kind| match kind {
            0 => Fault::Before(refused()),
            1 => Fault::Before(Error::Full("no room".into())),
            2 => Fault::Before(Error::Disconnected("gone for a moment".into())),
            3 => Fault::After(Error::Disconnected("gone after it was stored".into())),
            4 => Fault::Delay(moment),
            _ => Fault::Late(moment, refused()),
        };
        let of_commit = |mishap: &Mishap| match *mishap {
            Mishap::Commit { tab, number, kind } if tab == of => Some((number, fault(kind))),
            _ => None,
        };
        self.mishaps.iter().filter_map(of_commit).collect()
    }

    /// Which of this tab's reads fail.
    pub(super) fn failing(&self, of: usize) -> BTreeMap<usize, Error> {
        let of_read = |mishap: &Mishap| match *mishap {
            Mishap::Read { tab, number } if tab == of => Some((number, refused())),
            _ => None,
        };
        self.mishaps.iter().filter_map(of_read).collect()
    }
}

fn refused() -> Error {
    Error::Refused { name: "AbortError".into(), message: "on purpose".into() }
}
