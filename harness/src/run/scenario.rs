//! One scenario from its first step to its verdict.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::time::Instant;

use super::actor::ItemKind;
use super::lateness::Lateness;
use super::problem::Problem;
use super::stop::{Done, Stop};
use super::subject::{NotHere, Subject, effective_params};
use super::target::Shared;
use super::world::{Setting, World};
use crate::plan::{LackPlan, ProtocolPlan, ScenarioPlan, StepPlace};
use crate::transcript::{Close, Transcript, What};
use crate::verdict::{Completion, Finding, Level, Outcome, SETUP_FAILED, Verdict, judge};

/// How long sockets stay open after the last step.
const SETTLE: Duration = Duration::from_millis(20);

/// How long the server may take to answer the end of a connection before it is left behind.
const FAREWELL: Duration = Duration::from_millis(250);

/// How often a scenario is tried again when the harness itself was too late to judge.
const MAX_RETRIES: usize = 3;

/// What a scenario is run with.
#[derive(Clone)]
pub(super) struct Job {
    pub protocol: Arc<ProtocolPlan>,
    pub scenario: Arc<ScenarioPlan>,
    pub shared: Arc<Shared>,
    pub seed: u64,
    pub strict: bool,
    pub lateness: Lateness,
}

impl Job {
    /// Runs it as often as it says; the first run that does not pass decides.
    pub(super) async fn run(&self) -> Outcome {
        let began = Instant::now();
        let mut retries = 0;
        let mut begun_anew = false;
        let mut run = 0;
        loop {
            let attempt = self.attempt(run, retries).await;
            if attempt.late && retries < MAX_RETRIES {
                retries += 1;
                continue;
            }
            // Once at most: from now on no fence sends a probe.
            if attempt.again && !std::mem::replace(&mut begun_anew, true) {
                continue;
            }
            run += 1;
            let outcome = attempt.outcome;
            if outcome.verdict != Verdict::Pass || run >= self.scenario.runs {
                return Outcome {
                    took: began.elapsed(),
                    retries,
                    ..outcome
                };
            }
        }
    }

    async fn attempt(&self, run: usize, retry: usize) -> Attempt {
        if let Some(reason) = self.why_not_here() {
            return self.without_running(Completion::Skipped(reason));
        }
        if let Some(lack) = &self.scenario.lacks {
            return self.lacking(lack);
        }
        let started = match effective_params(&self.protocol, &self.scenario, &self.shared.target) {
            Err(not_here) => Err(not_here),
            Ok(params) => Subject::start(&self.protocol, &self.scenario, &params, &self.shared)
                .await
                .map(|subject| (subject, params)),
        };
        let (subject, params) = match started {
            Ok(started) => started,
            Err(NotHere::Skip(reason)) => {
                return self.without_running(Completion::Skipped(reason));
            }
            Err(NotHere::Cannot(reason)) => {
                return self.without_running(Completion::Undecided(reason));
            }
        };
        let setting = Setting {
            protocol: Arc::clone(&self.protocol),
            scenario: Arc::clone(&self.scenario),
            shared: Arc::clone(&self.shared),
            subject,
            params,
            lateness: self.lateness.clone(),
            rng: StdRng::seed_from_u64(self.seed_of(run, retry)),
        };
        let mut world = World::new(setting, &self.shared.names);
        world.note_start();
        let mut not_run = 0;
        let done = world.judge_all(&mut not_run).await;
        let end = world.tear_down().await;
        self.conclude(done, end, not_run)
    }

    fn why_not_here(&self) -> Option<String> {
        self.scenario.not_here.clone()
    }

    /// Names and the like are the same for the same seed, whatever else runs.
    fn seed_of(&self, run: usize, retry: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        (
            self.seed,
            &*self.scenario.id.protocol,
            &self.scenario.id.title,
            run,
            retry,
        )
            .hash(&mut hasher);
        hasher.finish()
    }

    /// The dialect says by itself that a rule is broken.
    fn lacking(&self, lack: &LackPlan) -> Attempt {
        let dialect = &self.protocol.dialect;
        let finding = Finding {
            rule: Arc::clone(&lack.rule),
            step: lack.span.clone(),
            used_at: Some(self.scenario.id.span.clone()),
            actor: None,
            problem: format!("the dialect {dialect} says that the server lacks it"),
            expected: Some(lack.what.clone()),
            received: None,
            fields: Vec::new(),
            bytes: None,
            event: None,
            hints: Vec::new(),
        };
        let outcome = self.outcome(&Completion::Judged, End::of(vec![finding]), 0);
        Attempt {
            outcome,
            late: false,
            again: false,
        }
    }

    fn without_running(&self, completion: Completion) -> Attempt {
        let end = End::of(Vec::new());
        Attempt {
            outcome: self.outcome(&completion, end, 0),
            late: false,
            again: false,
        }
    }

    fn conclude(&self, done: Done, mut end: End, not_run: usize) -> Attempt {
        let mut late = false;
        let again = done == Err(Stop::Again);
        let completion = match done {
            Ok(()) | Err(Stop::Failed) => Completion::Judged,
            Err(Stop::Undecided(reason)) => Completion::Undecided(reason),
            Err(Stop::NotHere(reason)) => Completion::Skipped(reason),
            Err(Stop::Late(reason)) => {
                late = true;
                Completion::Undecided(reason)
            }
            Err(Stop::Again) => Completion::Undecided("probes do not come back".to_owned()),
        };
        let failed = judge(&completion, &end.findings, self.strict) == Verdict::Fail;
        if failed && self.scenario.needs_alone && end.strangers {
            end.findings.clear();
            let reason = "others were on the server, and this needs it for itself".to_owned();
            let completion = Completion::Undecided(reason);
            return Attempt {
                outcome: self.outcome(&completion, end, not_run),
                late: false,
                again: false,
            };
        }
        Attempt {
            outcome: self.outcome(&completion, end, not_run),
            late: late && !failed,
            again,
        }
    }

    fn outcome(&self, completion: &Completion, mut end: End, not_run: usize) -> Outcome {
        // What decides the verdict is told first.
        end.findings
            .sort_by_key(|finding| finding.rule.level != Level::Must);
        let reason = match completion {
            Completion::Judged => None,
            Completion::Undecided(reason) | Completion::Skipped(reason) => Some(reason.clone()),
        };
        Outcome {
            scenario: self.scenario.id.clone(),
            rules: self.scenario.rules.clone(),
            verdict: judge(completion, &end.findings, self.strict),
            reason,
            findings: end.findings,
            not_run,
            transcript: end.transcript,
            names: end.names,
            took: Duration::ZERO,
            retries: 0,
        }
    }
}

struct Attempt {
    outcome: Outcome,
    /// The clock of the harness could not be trusted.
    late: bool,
    /// It was given up because its probes did not come back.
    again: bool,
}

/// What is left of a world.
pub(super) struct End {
    pub findings: Vec<Finding>,
    pub transcript: Transcript,
    pub names: Vec<(String, String)>,
    pub strangers: bool,
}

impl End {
    /// Nothing was done.
    fn of(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            transcript: Transcript::default(),
            names: Vec::new(),
            strangers: false,
        }
    }
}

impl World {
    fn note_start(&mut self) {
        if let Some(program) = self.subject.program() {
            let command = program.command.shown();
            self.note(None, What::Started { command });
        }
    }

    async fn judge_all(&mut self, not_run: &mut usize) -> Done {
        let scenario = Arc::clone(&self.scenario);
        if let Err(stop) = self.start_client().await {
            *not_run += scenario.setup.len() + scenario.steps.len();
            return Err(stop);
        }
        self.setting_up = true;
        let set_up = self.run_steps(&scenario.setup, not_run).await;
        self.setting_up = false;
        if let Err(stop) = set_up {
            *not_run += scenario.steps.len();
            return Err(self.setup_stopped(stop));
        }
        self.run_steps(&scenario.steps, not_run).await?;
        self.settle().await
    }

    /// A failed setup decides nothing about the scenario's rules, unless it broke one of them, or
    /// the server died or sent bytes that are no message.
    fn setup_stopped(&mut self, stop: Stop) -> Stop {
        if stop != Stop::Failed {
            return stop;
        }
        let about = |finding: &Finding| {
            let rule = &finding.rule.id;
            self.scenario.rules.iter().any(|known| known.id == *rule)
                || *rule == self.protocol.crash.id
                || *rule == self.protocol.broken.id
                || self
                    .protocol
                    .fence
                    .as_ref()
                    .is_some_and(|fence| fence.rule.id == *rule)
        };
        if self.findings.iter().any(about) {
            return Stop::Failed;
        }
        let why = match self.findings.last() {
            Some(finding) => {
                let line = &finding.step;
                format!(
                    "{SETUP_FAILED} at {line}: {} ({})",
                    finding.problem, finding.rule.id
                )
            }
            None => SETUP_FAILED.to_owned(),
        };
        self.findings.clear();
        Stop::Undecided(why)
    }

    /// What arrives late still counts, and so does what nobody has looked at.
    async fn settle(&mut self) -> Done {
        let place = StepPlace {
            rules: Vec::new(),
            macro_rule: None,
            ..(*self.place).clone()
        };
        let place = Arc::new(place);
        let _: Option<()> = self.drive(Instant::now() + SETTLE, |_| None).await;
        for actor in 0..self.actors.len() {
            if self.actors[self.owner(actor)].closed.is_none() {
                self.settle_actor(actor, &place).await?;
            }
        }
        if let Some(how) = self.death_noticed().await {
            return self.fail_plainly(&place, None, Problem::Died { how }).await;
        }
        Ok(())
    }

    async fn death_noticed(&mut self) -> Option<String> {
        if self.judges_client() {
            // That a client ends when its steps are over is its own affair.
            return self.subject.violent_death();
        }
        if self.subject.is_watched() {
            self.death().await
        } else {
            None
        }
    }

    async fn settle_actor(&mut self, actor: usize, place: &Arc<StepPlace>) -> Done {
        let until = Instant::now() + self.protocol.deadline;
        loop {
            if !self.settle_inbox(actor, place, until).await? {
                return Ok(());
            }
            // A message that has begun may still end within the usual time. Who does not read
            // cannot know.
            let known = &self.actors[actor];
            let began = known.reading && self.unfinished_message(actor).is_some();
            if !began || known.ended.is_some() {
                return Ok(());
            }
            let goes_on = |world: &mut Self| {
                let news = !world.actors[actor].inbox.is_empty();
                (news || world.unfinished_message(actor).is_none()).then_some(())
            };
            if self.drive(until, goes_on).await.is_none() {
                return self.blame_unfinished(actor, place).await;
            }
        }
    }

    async fn blame_unfinished(&mut self, actor: usize, place: &Arc<StepPlace>) -> Done {
        let Some((missing, bytes)) = self.stalled_message(actor) else {
            return Ok(());
        };
        let direction = self.protocol.receives();
        let bytes = bytes.as_slice().into();
        let what = What::Unfinished {
            direction,
            bytes,
            missing: missing.clone(),
        };
        let event = self.note(Some(actor), what);
        self.fail_plainly(place, Some(actor), Problem::Unfinished { event, missing })
            .await
    }

    /// Looks at what nobody has looked at; false at the end of the connection, or when there is
    /// no end to it.
    pub(super) async fn settle_inbox(
        &mut self,
        actor: usize,
        place: &Arc<StepPlace>,
        until: Instant,
    ) -> Result<bool, Stop> {
        loop {
            self.share_thread().await;
            if Instant::now() > until {
                return Ok(false);
            }
            let Some(item) = self.actors[actor].inbox.front() else {
                return Ok(true);
            };
            let event = item.event;
            let problem = match &item.what {
                ItemKind::Ended(_) => return Ok(false),
                ItemKind::Malformed { offset, reason } => Problem::Malformed {
                    event,
                    offset: *offset,
                    reason: reason.clone(),
                },
                ItemKind::Unfinished { missing } => Problem::Unfinished {
                    event,
                    missing: missing.clone(),
                },
                ItemKind::Message(message) => {
                    let message = Arc::clone(message);
                    self.check_item(actor).await?;
                    if self.skip_if_free(actor) || self.absorb(actor)? {
                        continue;
                    }
                    Problem::Stray {
                        event,
                        message,
                        probe: None,
                    }
                }
            };
            self.fail_plainly(place, Some(actor), problem).await?;
            self.pop(actor);
        }
    }

    /// Where messages are datagrams, addresses stand in them that differ from run to run.
    fn redacted_addresses(&self) -> Vec<(String, String)> {
        if !self.has_datagrams() {
            return Vec::new();
        }
        let own = self.actors.iter();
        let own = own.filter_map(|actor| Some((actor.label.to_string(), actor.local?)));
        let server = ("server".to_owned(), self.subject.address());
        own.chain([server])
            .flat_map(|(label, address)| {
                [
                    (address.to_string(), format!("{label}.address")),
                    (address.port().to_string(), format!("{label}.port")),
                ]
            })
            .collect()
    }

    /// Closes the connections, then ends the server if it is ours. Nothing is judged any more.
    pub(super) async fn tear_down(mut self) -> End {
        self.step = None;
        // What happens from here on is the harness's own doing and explains nothing.
        let transcript = std::mem::take(&mut self.transcript);
        let attached = self.shared.may_have_strangers();
        for actor in self.actors.iter_mut().filter(|actor| actor.ended.is_some()) {
            actor.session = None;
        }
        let open: Vec<usize> = (0..self.actors.len())
            .filter(|actor| self.actors[*actor].session.is_some())
            .collect();
        for &actor in &open {
            self.actors[actor].reading = true;
            if self.actors[actor].closed.is_none() {
                self.begin_close(actor, Close::Fin);
            }
        }
        if attached || self.subject.program().is_some() {
            let until = Instant::now() + if attached { FAREWELL } else { SETTLE };
            let gone = |world: &mut Self| {
                open.iter()
                    .all(|actor| world.actors[*actor].session.is_none())
                    .then_some(())
            };
            self.drive(until, gone).await;
        }
        let mut names = self.redacted_addresses();
        if !self.program_name.is_empty() {
            names.push((self.program_name.clone(), "<program>".to_owned()));
        }
        for (index, actor) in self.actors.iter_mut().enumerate() {
            actor.session = None;
            if actor.owner == index {
                names.push((actor.name.clone(), actor.label.to_string()));
            }
        }
        let Self {
            subject,
            shared,
            findings,
            strangers,
            ..
        } = self;
        subject.stop(&shared).await;
        End {
            findings,
            transcript,
            names,
            strangers,
        }
    }
}
