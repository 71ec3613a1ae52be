//! What the runner tells while it works, and who listens.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::source::Diagnostic;
use crate::verdict::{Outcome, ScenarioId, Summary};

/// What is going to run.
#[derive(Debug, Clone, Default)]
pub struct RunPlan {
    /// The protocols with something to run, in file order.
    pub protocols: Vec<PlannedProtocol>,
    /// Protocols that the paths hold and that do not fit the target.
    pub left_out: Vec<PlannedProtocol>,
    /// The program under test in words: `127.0.0.1:9001`, `the embedded reference server`.
    pub target: String,
    /// Where all that is random comes from.
    pub seed: u64,
    /// How many scenarios run at the same time.
    pub jobs: usize,
    /// The arguments of this run that running one scenario again needs too: the target, the
    /// dialect, parameters; neither paths nor filter nor seed.
    pub arguments: Vec<String>,
    /// The part that this run has of one that several machines share.
    pub part: Option<PartOfRun>,
}

/// One part of a run that several machines share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartOfRun {
    /// Which part, from 1.
    pub number: u32,
    /// How many parts there are.
    pub of: u32,
    /// How many scenarios all parts have together.
    pub whole: usize,
}

/// One protocol of a run.
#[derive(Debug, Clone)]
pub struct PlannedProtocol {
    /// Its name.
    pub name: Arc<str>,
    /// The dialect, if not the default one.
    pub dialect: Option<Arc<str>>,
    /// How many scenarios of it.
    pub scenarios: usize,
}

impl RunPlan {
    /// How many scenarios are going to run.
    pub fn scenarios(&self) -> usize {
        self.protocols.iter().map(|each| each.scenarios).sum()
    }
}

/// Something that happened in a run.
#[derive(Debug, Clone, Copy)]
pub enum RunEvent<'a> {
    /// The first event.
    Started {
        /// What is going to run.
        plan: &'a RunPlan,
    },
    /// A scenario begins.
    ScenarioStarted {
        /// Its place in file order, from 0.
        index: usize,
        /// Which one.
        id: &'a ScenarioId,
    },
    /// A scenario has its verdict; these come in the order in which scenarios end.
    ScenarioFinished {
        /// Its place in file order, from 0.
        index: usize,
        /// What came of it.
        outcome: &'a Outcome,
    },
    /// Something about the whole run that the user should know.
    Note {
        /// One sentence.
        text: &'a str,
    },
    /// Something other than a verdict that makes the run fail: an entry in a list of expected
    /// failures that is out of date.
    Complaint {
        /// What and where.
        diagnostic: &'a Diagnostic,
    },
    /// The last event.
    Finished {
        /// Counts and broken rules.
        summary: &'a Summary,
        /// How long the run took.
        took: Duration,
        /// The user ended it before every scenario had run.
        interrupted: bool,
    },
}

/// Somebody who wants to know what happens in a run.
pub trait Reporter {
    /// Takes note of an event. After an error the reporter gets no further events.
    fn event(&mut self, event: &RunEvent<'_>) -> io::Result<()>;
}
