//! `--shard 2/8`: a part of the scenarios, for machines that share them.

use std::str::FromStr;

use crate::event::PartOfRun;
use crate::plan::Suite;
use crate::stable_hash::stable_hash;
use crate::verdict::ScenarioId;

/// The most parts.
const MAX_PARTS: u32 = 1_000;

/// One of several parts. Which scenarios are in it depends on their protocol and title only: it
/// stays so when others come or go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shard {
    number: u32,
    of: u32,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "write NUMBER/PARTS with a number from 1 to the parts (at most {MAX_PARTS}), \
                 for example 2/8"
            )
        };
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let of: u32 = of.parse().map_err(|_| wrong())?;
        let fits = (1..=MAX_PARTS).contains(&of) && (1..=of).contains(&number);
        fits.then_some(Self { number, of }).ok_or_else(wrong)
    }
}

impl Shard {
    fn has(self, id: &ScenarioId) -> bool {
        let hash = stable_hash(&format!("{}\0{}", id.protocol, id.title));
        // The last bits alone follow the last letters.
        let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        mixed % u64::from(self.of) == u64::from(self.number - 1)
    }

    /// Keeps the scenarios of this part and says how many there were. Suites without any stay.
    pub(super) fn keep(self, suites: &mut [Suite]) -> PartOfRun {
        let whole = suites.iter().map(|suite| suite.scenarios.len()).sum();
        for suite in suites {
            suite.scenarios.retain(|scenario| self.has(&scenario.id));
        }
        PartOfRun {
            number: self.number,
            of: self.of,
            whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::outcome;
    use crate::transcript::Transcript;
    use crate::verdict::Verdict;

    fn id(title: &str) -> ScenarioId {
        ScenarioId {
            title: title.to_owned(),
            ..outcome(Verdict::Pass, Vec::new(), Transcript::default()).scenario
        }
    }

    #[test]
    fn shards_are_numbered_from_one() {
        for text in ["1/1", "2/8", "1000/1000"] {
            assert!(text.parse::<Shard>().is_ok(), "{text}");
        }
        for text in [
            "", "1", "0/8", "9/8", "1/0", "1/1001", "a/b", "1/2/3", "-1/2", "1.5/2",
        ] {
            assert!(text.parse::<Shard>().unwrap_err().contains("2/8"), "{text}");
        }
    }

    #[test]
    fn every_scenario_is_in_one_part_and_parts_are_alike() {
        let ids: Vec<ScenarioId> = (0..400).map(|n| id(&format!("scenario {n}"))).collect();
        let of = 8;
        let mut sizes = Vec::new();
        for number in 1..=of {
            let shard = Shard { number, of };
            sizes.push(ids.iter().filter(|id| shard.has(id)).count());
        }
        assert_eq!(sizes.iter().sum::<usize>(), ids.len(), "{sizes:?}");
        assert!(
            sizes.iter().all(|size| (25..=80).contains(size)),
            "{sizes:?}"
        );
    }

    /// Else the parts of one version could not be merged with those of another.
    #[test]
    fn the_part_of_a_scenario_is_held() {
        let of = 4;
        let parts = ["a", "b", "a name is free again [how=fin]", ""]
            .map(|title| (1..=of).find(|&number| Shard { number, of }.has(&id(title))));
        assert_eq!(parts, [Some(3), Some(4), Some(2), Some(4)]);
    }
}
