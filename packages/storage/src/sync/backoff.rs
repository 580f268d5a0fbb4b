//! When to try again.

/// Before the first repetition, in milliseconds. Doubles with each further failure.
const FIRST: u64 = 1_000;
const LONGEST: u64 = 120_000;

/// Numbers that look random and are the same for the same seed (`SplitMix64`): an engine has no source of chance of its own.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }
}

/// How long to wait after so many failures in a row, in milliseconds: twice as long each time, of which the second half is left
/// to chance, so that clients that failed together do not come back together.
pub fn pause(failures: u32, chance: &mut Chance) -> u64 {
    let whole = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(LONGEST);
    whole / 2 + chance.below(whole / 2 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_two_minutes_and_half_of_it_is_left_to_chance() {
        let mut chance = Chance::new(7);
        for (failures, whole) in [(1, 1_000), (2, 2_000), (5, 16_000), (8, 120_000), (60, 120_000), (u32::MAX, 120_000)]
        {
            let pauses: Vec<_> = (0..200).map(|_| pause(failures, &mut chance)).collect();
            assert!(pauses.iter().all(|pause| (whole / 2..=whole).contains(pause)), "{failures}: {pauses:?}");
            assert!(pauses.iter().max().unwrap() - pauses.iter().min().unwrap() > whole / 4, "{failures}: no jitter");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let numbers =
            |seed| (0..4).map(|_| seed).scan(Chance::new(seed), |chance, _| Some(chance.next())).collect::<Vec<_>>();
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }
}
