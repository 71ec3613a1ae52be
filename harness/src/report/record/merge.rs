//! Several records as one: what machines that shared a run found together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{ProtocolRecord, RunRecord, ScenarioRecord, SummaryRecord};
use crate::verdict::{RuleId, Verdict};

/// A record and where it was read from.
#[derive(Debug, Clone)]
pub struct Part {
    /// The name of its file.
    pub name: String,
    /// What is in it.
    pub record: RunRecord,
}

/// Several records put together.
#[derive(Debug, Clone)]
pub struct Merged {
    /// What all of them found. What is to be said about them is among its notes.
    pub record: RunRecord,
    /// Every part of the shared run is there, and each had its scenarios.
    pub complete: bool,
}

/// Why records cannot be put together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MergeError {
    /// There are none.
    #[error("there is no record to put together")]
    Nothing,
    /// They are parts of runs that were cut up differently.
    #[error("{first} is one of {of} shards, and {second} one of {other}: these are different runs")]
    OtherShards {
        /// The first record.
        first: String,
        /// Of how many parts it is one.
        of: u32,
        /// The record that does not fit.
        second: String,
        /// Of how many parts it is one.
        other: u32,
    },
}

/// Puts records together.
///
/// A scenario that several of them have counts once, with the worst of its verdicts.
pub fn merge(parts: &[Part]) -> Result<Merged, MergeError> {
    let first = parts.first().ok_or(MergeError::Nothing)?;
    let mut notes: Vec<String> = Vec::new();
    let complete = shards(parts, &mut notes)? && parts.iter().all(|part| !part.record.interrupted);
    different(parts, &mut notes);
    let scenarios = scenarios(parts, &mut notes);
    let each = || parts.iter().map(|part| &part.record);
    for note in each().flat_map(|record| &record.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    let mut complaints = Vec::new();
    for complaint in each().flat_map(|record| &record.complaints) {
        if !complaints.contains(complaint) {
            complaints.push(complaint.clone());
        }
    }
    let mut rules = BTreeMap::new();
    for rule in each().flat_map(|record| &record.rules) {
        let key = (rule.protocol.clone(), RuleId::new(&rule.id));
        rules.entry(key).or_insert_with(|| rule.clone());
    }
    let record = RunRecord {
        started: each()
            .map(|record| record.started.clone())
            .min()
            .unwrap_or_default(),
        took_ms: each()
            .map(|record| record.took_ms)
            .max()
            .unwrap_or_default(),
        interrupted: each().any(|record| record.interrupted),
        shard: None,
        protocols: protocols(each().flat_map(|record| &record.protocols)),
        left_out: protocols(each().flat_map(|record| &record.left_out)),
        notes,
        complaints,
        rules: rules.into_values().collect(),
        summary: SummaryRecord::of(&scenarios),
        scenarios,
        ..first.record.clone()
    };
    Ok(Merged { record, complete })
}

/// Whether all parts are there that a shared run has.
fn shards(parts: &[Part], notes: &mut Vec<String>) -> Result<bool, MergeError> {
    let mut found: BTreeMap<u32, &str> = BTreeMap::new();
    let mut known: Option<(&str, u32, usize)> = None;
    let mut complete = true;
    for part in parts {
        let Some(shard) = part.record.shard else {
            continue;
        };
        let (first, of, whole) = *known.get_or_insert((&part.name, shard.of, shard.whole));
        if shard.of != of {
            return Err(MergeError::OtherShards {
                first: first.to_owned(),
                of,
                second: part.name.clone(),
                other: shard.of,
            });
        }
        if shard.whole != whole {
            notes.push(format!(
                "{first} is part of {whole} scenarios, and {} of {}: not the same were selected",
                part.name, shard.whole
            ));
            complete = false;
        }
        if let Some(other) = found.insert(shard.index, &part.name) {
            notes.push(format!(
                "shard {} is there twice: {other} and {}",
                shard.index, part.name
            ));
        }
    }
    let Some((_, of, _)) = known else {
        return Ok(complete);
    };
    let missing: Vec<String> = (1..=of)
        .filter(|index| !found.contains_key(index))
        .map(|index| index.to_string())
        .collect();
    if !missing.is_empty() {
        notes.push(format!(
            "of {of} shards these are missing: {}",
            missing.join(", ")
        ));
        complete = false;
    }
    Ok(complete)
}

/// Says where the records are not of the same program.
fn different(parts: &[Part], notes: &mut Vec<String>) {
    let targets: BTreeSet<&str> = parts.iter().map(|part| &*part.record.target).collect();
    let versions: BTreeSet<&str> = parts.iter().map(|part| &*part.record.harness).collect();
    for (what, values) in [("targets", targets), ("versions of the harness", versions)] {
        if values.len() > 1 {
            let values: Vec<&str> = values.into_iter().collect();
            notes.push(format!("different {what}: {}", values.join(", ")));
        }
    }
}

/// The scenarios of all records, each once, in the order of their files.
fn scenarios(parts: &[Part], notes: &mut Vec<String>) -> Vec<ScenarioRecord> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut scenarios: Vec<ScenarioRecord> = Vec::new();
    let (mut twice, mut otherwise) = (0, 0);
    for scenario in parts.iter().flat_map(|part| &part.record.scenarios) {
        match places
            .get(&*scenario.id)
            .and_then(|place| scenarios.get_mut(*place))
        {
            None => {
                places.insert(&scenario.id, scenarios.len());
                scenarios.push(scenario.clone());
            }
            Some(known) => {
                twice += 1;
                otherwise += usize::from(known.verdict != scenario.verdict);
                if badness(scenario.verdict) > badness(known.verdict) {
                    *known = scenario.clone();
                }
            }
        }
    }
    if twice > 0 {
        notes.push(format!(
            "{twice} results are of scenarios that another record has too, {otherwise} of them with \
             another verdict; the worst counts"
        ));
    }
    let mut order: Vec<&str> = Vec::new();
    for part in parts {
        for protocol in &part.record.protocols {
            if !order.contains(&&*protocol.name) {
                order.push(&protocol.name);
            }
        }
    }
    let place =
        |scenario: &ScenarioRecord| order.iter().position(|name| *name == scenario.protocol);
    scenarios.sort_by(|a, b| {
        let key = |each: &ScenarioRecord| (place(each), each.dialect.clone());
        let file = |each: &ScenarioRecord| (each.file.clone(), each.line);
        key(a).cmp(&key(b)).then_with(|| file(a).cmp(&file(b)))
    });
    scenarios
}

/// How bad a verdict is beside others of the same scenario.
pub(crate) fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Skip => 0,
        Verdict::Pass => 1,
        Verdict::ExpectedFailure => 2,
        Verdict::Warn => 3,
        Verdict::Inconclusive => 4,
        Verdict::UnexpectedPass => 5,
        Verdict::Fail => 6,
    }
}

fn protocols<'a>(all: impl Iterator<Item = &'a ProtocolRecord>) -> Vec<ProtocolRecord> {
    let mut merged: Vec<ProtocolRecord> = Vec::new();
    for protocol in all {
        let same = |known: &&mut ProtocolRecord| {
            known.name == protocol.name && known.dialect == protocol.dialect
        };
        match merged.iter_mut().find(same) {
            Some(known) => known.scenarios += protocol.scenarios,
            None => merged.push(protocol.clone()),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::record::ShardRecord;
    use crate::report::sample::{outcome, recorded};
    use crate::transcript::Transcript;

    fn part(name: &str, scenarios: &[(&str, Verdict)], shard: Option<(u32, u32)>) -> Part {
        let outcomes: Vec<_> = scenarios
            .iter()
            .map(|(title, verdict)| {
                let mut outcome = outcome(*verdict, Vec::new(), Transcript::default());
                outcome.scenario.title = (*title).to_owned();
                outcome
            })
            .collect();
        let mut record = recorded(&outcomes);
        record.shard = shard.map(|(index, of)| ShardRecord {
            index,
            of,
            whole: 4,
        });
        Part {
            name: name.to_owned(),
            record,
        }
    }

    #[test]
    fn all_shards_make_the_whole() {
        let parts = [
            part("b.json", &[("b", Verdict::Fail)], Some((2, 2))),
            part(
                "a.json",
                &[("a", Verdict::Pass), ("c", Verdict::Skip)],
                Some((1, 2)),
            ),
        ];
        let merged = merge(&parts).unwrap();
        assert!(merged.complete, "{:?}", merged.record.notes);
        assert_eq!(merged.record.scenarios.len(), 3);
        assert_eq!(merged.record.summary.count(Verdict::Fail), 1);
        assert_eq!(merged.record.notes, [""; 0]);
        assert_eq!(merged.record.rules, parts[0].record.rules);
    }

    #[test]
    fn what_is_missing_or_there_twice_is_told() {
        let parts = [
            part("1.json", &[("a", Verdict::Pass)], Some((1, 3))),
            part("again.json", &[("a", Verdict::Fail)], Some((1, 3))),
        ];
        let merged = merge(&parts).unwrap();
        assert!(!merged.complete);
        let notes = merged.record.notes.join("\n");
        assert!(notes.contains("these are missing: 2, 3"), "{notes}");
        assert!(
            notes.contains("shard 1 is there twice: 1.json and again.json"),
            "{notes}"
        );
        assert!(notes.contains("1 of them with another verdict"), "{notes}");
        assert_eq!(merged.record.scenarios.len(), 1);
        assert_eq!(merged.record.scenarios[0].verdict, Verdict::Fail);
    }

    #[test]
    fn parts_of_different_runs_do_not_fit() {
        let parts = [
            part("1.json", &[], Some((1, 3))),
            part("2.json", &[], Some((2, 4))),
        ];
        assert!(matches!(
            merge(&parts),
            Err(MergeError::OtherShards {
                of: 3,
                other: 4,
                ..
            })
        ));
        assert_eq!(merge(&[]).unwrap_err(), MergeError::Nothing);
        let mut parts = [part("1.json", &[], Some((1, 1))), part("2.json", &[], None)];
        parts[1].record.target = "elsewhere".to_owned();
        let merged = merge(&parts).unwrap();
        assert!(merged.record.notes[0].contains("different targets"));
    }
}
