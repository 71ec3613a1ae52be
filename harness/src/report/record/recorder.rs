use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::{Duration, SystemTime};

use super::clock::rfc3339;
use super::scenario::ScenarioRecord;
use super::{
    ComplaintRecord, FORMAT, ProtocolRecord, RuleSet, RunRecord, ShardRecord, SummaryRecord,
};
use crate::event::{Reporter, RunEvent, RunPlan};
use crate::report::Rerun;
use crate::verdict::{Outcome, ScenarioId};
use crate::wire::{Direction, Segment};

/// Writes a record in some form.
pub trait Writer {
    /// Writes it; called once.
    fn write(&mut self, record: &RunRecord) -> io::Result<()>;
}

/// A writer, and what it is called in messages: `html=report`.
pub type NamedWriter = (String, Box<dyn Writer>);

/// Says what bytes of a scenario mean.
pub type Explain = Box<dyn Fn(&ScenarioId, Direction, &[u8]) -> Vec<Segment>>;

/// Keeps what a run finds, and has it written when the run ends.
pub struct Recorder {
    began: SystemTime,
    plan: RunPlan,
    rerun: Rerun,
    notes: Vec<String>,
    complaints: Vec<ComplaintRecord>,
    rules: RuleSet,
    scenarios: BTreeMap<usize, ScenarioRecord>,
    explain: Explain,
    writers: Vec<NamedWriter>,
}

impl Recorder {
    /// A record of a run that begins now.
    pub fn new(explain: Explain) -> Self {
        Self {
            began: SystemTime::now(),
            plan: RunPlan::default(),
            rerun: Rerun::default(),
            notes: Vec::new(),
            complaints: Vec::new(),
            rules: RuleSet::default(),
            scenarios: BTreeMap::new(),
            explain,
            writers: Vec::new(),
        }
    }

    /// Adds somebody who writes the record; the name is for messages: `html=report`.
    pub fn add(&mut self, name: impl Into<String>, writer: Box<dyn Writer>) {
        self.writers.push((name.into(), writer));
    }

    /// True when nobody writes it.
    pub fn is_empty(&self) -> bool {
        self.writers.is_empty()
    }

    fn take(&mut self, index: usize, outcome: &Outcome) {
        let protocol = &outcome.scenario.protocol;
        let broken = outcome.findings.iter().map(|finding| &finding.rule);
        for rule in outcome.rules.iter().chain(broken) {
            self.rules.add(protocol, rule);
        }
        let explain = |direction, bytes: &[u8]| (self.explain)(&outcome.scenario, direction, bytes);
        let record = ScenarioRecord::new(outcome, &self.rerun, &explain);
        self.scenarios.insert(index, record);
    }

    fn record(&mut self, took: Duration, interrupted: bool) -> RunRecord {
        let plan = std::mem::take(&mut self.plan);
        let mut scenarios: Vec<_> = std::mem::take(&mut self.scenarios).into_values().collect();
        number_repeated(&mut scenarios);
        RunRecord {
            format: FORMAT,
            harness: env!("CARGO_PKG_VERSION").to_owned(),
            started: rfc3339(self.began),
            took_ms: took.as_millis().try_into().unwrap_or(u64::MAX),
            target: plan.target,
            seed: plan.seed,
            jobs: plan.jobs,
            arguments: plan.arguments,
            interrupted,
            shard: plan.part.map(ShardRecord::from),
            protocols: plan.protocols.iter().map(ProtocolRecord::from).collect(),
            left_out: plan.left_out.iter().map(ProtocolRecord::from).collect(),
            notes: std::mem::take(&mut self.notes),
            complaints: std::mem::take(&mut self.complaints),
            rules: self.rules.records(),
            summary: SummaryRecord::of(&scenarios),
            scenarios,
        }
    }

    /// Has every writer write; one that cannot does not keep the others from it.
    fn write(&mut self, record: &RunRecord) -> io::Result<()> {
        let mut failed = Vec::new();
        for (name, writer) in &mut self.writers {
            if let Err(error) = writer.write(record) {
                failed.push(format!("{name}: {error}"));
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        Err(io::Error::other(failed.join("; ")))
    }
}

/// A scenario that ran several times has its number behind its name, from the second on.
fn number_repeated(scenarios: &mut [ScenarioRecord]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for scenario in scenarios {
        let count = seen.entry(scenario.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            scenario.id = format!("{}~{count}", scenario.id);
        }
    }
}

impl Reporter for Recorder {
    fn event(&mut self, event: &RunEvent<'_>) -> io::Result<()> {
        match *event {
            RunEvent::Started { plan } => {
                self.plan = plan.clone();
                self.rerun = Rerun {
                    seed: plan.seed,
                    arguments: plan.arguments.clone(),
                };
            }
            RunEvent::ScenarioStarted { .. } => {}
            RunEvent::ScenarioFinished { index, outcome } => self.take(index, outcome),
            RunEvent::Note { text } => self.notes.push(text.to_owned()),
            RunEvent::Complaint { diagnostic } => self.complaints.push(diagnostic.into()),
            RunEvent::Finished {
                took, interrupted, ..
            } => {
                let record = self.record(took, interrupted);
                self.write(&record)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::report::record::{read, write};
    use crate::report::sample::{Kept, closed, joined, outcome, recorded, wrong_field};
    use crate::transcript::{MAX_EVENTS, Transcript, What};
    use crate::verdict::{Summary, Verdict};

    struct Broken;

    impl Writer for Broken {
        fn write(&mut self, _: &RunRecord) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn a_run_is_kept_in_file_order() {
        let passed = outcome(Verdict::Pass, Vec::new(), joined());
        let mut record = recorded(&[wrong_field("a", "b"), closed(), passed]);
        assert!(record.started.ends_with('Z'));
        record.started = "2026-01-31T09:30:00Z".to_owned();
        let text = serde_json::to_string_pretty(&record).unwrap();
        insta::assert_snapshot!(text.replace(&record.harness, "VERSION"));
    }

    #[test]
    fn what_is_written_comes_back() {
        let record = recorded(&[wrong_field("a", "</script>\u{1b}[2J"), closed()]);
        let mut text = Vec::new();
        write(&record, &mut text).unwrap();
        assert_eq!(read(text.as_slice()).unwrap(), record);
    }

    #[test]
    fn what_passed_is_kept_in_short() {
        let long = || {
            let mut transcript = Transcript::default();
            for index in 0..MAX_EVENTS + 10 {
                let text = format!("{index} {}", "x".repeat(1_000));
                transcript.add(Duration::ZERO, None, None, What::Note(text));
            }
            transcript
        };
        let passed = outcome(Verdict::Pass, Vec::new(), long());
        let undecided = outcome(Verdict::Inconclusive, Vec::new(), long());
        let record = recorded(&[passed, undecided]);
        let of = |index: usize| {
            let scenario = &record.scenarios[index];
            (scenario.events.len(), scenario.events_dropped)
        };
        assert_eq!(of(0), (200, MAX_EVENTS + 10 - 200));
        assert_eq!(of(1), (MAX_EVENTS, 10));
        let text = |index: usize| {
            record.scenarios[index].events[0]
                .text
                .as_ref()
                .unwrap()
                .len()
        };
        assert!(text(0) < 300 && text(1) > 1_000);
    }

    #[test]
    fn a_writer_that_fails_is_named_and_keeps_nobody_from_writing() {
        let kept = Rc::default();
        let mut recorder = Recorder::new(Box::new(|_, _, _| Vec::new()));
        recorder.add("json=full", Box::new(Broken));
        recorder.add("kept", Box::new(Kept(Rc::clone(&kept))));
        let finished = RunEvent::Finished {
            summary: &Summary::default(),
            took: Duration::ZERO,
            interrupted: true,
        };
        let error = recorder.event(&finished).unwrap_err().to_string();
        assert!(error.starts_with("json=full: "), "{error}");
        assert!(
            kept.borrow()
                .as_ref()
                .is_some_and(|record| record.interrupted)
        );
    }

    #[test]
    fn repeated_scenarios_have_names_of_their_own() {
        let one = || outcome(Verdict::Pass, Vec::new(), Transcript::default());
        let record = recorded(&[one(), one(), one()]);
        let ids: Vec<&str> = record
            .scenarios
            .iter()
            .map(|each| each.id.as_str())
            .collect();
        let name = "bcp/server/acknowledgement/\
                    what-comes-while-an-acknowledgement-is-outstanding-is-kept-in-order-";
        assert!(ids[0].starts_with(name), "{}", ids[0]);
        assert_eq!(ids[1], format!("{}~2", ids[0]));
        assert_eq!(ids[2], format!("{}~3", ids[0]));
    }
}
