//! Names on the wire: random, unique in a run, and so chosen that none can be taken for another.

use std::collections::HashSet;
use std::sync::Mutex;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use crate::protocol::Names;

/// Names that were given out in this run.
#[derive(Debug, Default)]
pub struct UsedNames {
    used: Mutex<HashSet<String>>,
}

impl UsedNames {
    /// Takes a name; false when it was given out before.
    fn take(&self, name: &str) -> bool {
        let mut used = self
            .used
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        used.insert(name.to_owned())
    }
}

/// Generates the names of one scenario.
pub(super) struct Generator<'a> {
    rules: &'a Names,
    used: &'a UsedNames,
    /// Lengths that nobody has yet; when they are used up, any length may come again.
    lengths: Vec<usize>,
    given: Vec<String>,
    /// Where lengths come from.
    shape: StdRng,
}

/// How often a name is drawn before one that is not perfect is taken.
const DRAWS: usize = 200;

impl<'a> Generator<'a> {
    /// The lengths come from `shape` and nothing else: with it they are the same in every run, and
    /// so is whatever depends on them.
    pub(super) fn new(rules: &'a Names, used: &'a UsedNames, mut shape: StdRng) -> Self {
        let mut lengths: Vec<usize> = (rules.min..=rules.max).collect();
        lengths.shuffle(&mut shape);
        Self {
            rules,
            used,
            lengths,
            given: Vec::new(),
            shape,
        }
    }

    /// A name of a length that no other name of the scenario has, as long as there are such.
    pub(super) fn next(&mut self, rng: &mut StdRng) -> String {
        match self.lengths.pop() {
            Some(length) => self.draw(length, rng),
            None => {
                let range = self.rules.min.midpoint(self.rules.max)..=self.rules.max;
                let length = self.shape.random_range(range);
                self.draw(length, rng)
            }
        }
    }

    /// A name of this length.
    pub(super) fn of_length(&mut self, length: usize, rng: &mut StdRng) -> String {
        self.draw(length.clamp(1, 4096), rng)
    }

    fn draw(&mut self, length: usize, rng: &mut StdRng) -> String {
        let mut name = String::new();
        for attempt in 0..DRAWS {
            let letter = |rng: &mut StdRng| {
                self.rules.alphabet[rng.random_range(0..self.rules.alphabet.len())]
            };
            name = (0..length).map(|_| letter(rng)).collect();
            let confusable =
                |other: &String| other.contains(name.as_str()) || name.contains(other.as_str());
            if self.given.iter().any(confusable) {
                continue;
            }
            if self.used.take(&name) || attempt + 1 == DRAWS {
                break;
            }
        }
        self.given.push(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn names_differ_in_length_and_none_is_part_of_another() {
        let rules = Names {
            alphabet: "bcdfg".chars().collect(),
            min: 3,
            max: 12,
        };
        let used = UsedNames::default();
        let mut rng = StdRng::seed_from_u64(7);
        for round in 0..50 {
            let mut generator = Generator::new(&rules, &used, StdRng::seed_from_u64(round));
            let names: Vec<String> = (0..6).map(|_| generator.next(&mut rng)).collect();
            let lengths: HashSet<usize> = names.iter().map(String::len).collect();
            assert_eq!(lengths.len(), names.len());
            for (index, name) in names.iter().enumerate() {
                let others = names
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != index);
                assert!(
                    others
                        .into_iter()
                        .all(|(_, other)| !other.contains(name.as_str()))
                );
            }
        }
    }
}
