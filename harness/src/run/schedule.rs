//! Many scenarios side by side: a few threads, each with its own runtime, each running several
//! scenarios at once. A scenario never moves between threads, so the cost of a message is that of
//! the socket.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::lateness::Lateness;
use super::scenario::Job;
use super::target::{Shared, Target};
use crate::expected::{Date, Expected};
use crate::plan::{ProtocolPlan, ScenarioPlan, Suite};
use crate::transcript::Transcript;
use crate::verdict::{Outcome, Verdict};

/// How scenarios are run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many at once, at least 1.
    pub jobs: usize,
    /// What is random comes from this.
    pub seed: u64,
    /// Breaking a `should` rule fails.
    pub strict: bool,
    /// After the first failure nothing new is begun.
    pub fail_fast: bool,
    /// How often everything is run.
    pub repeat: usize,
    /// What is known to fail.
    pub expected: Arc<Expected>,
}

/// What happens in a run, in the order in which it happens.
#[derive(Debug)]
pub enum Progress {
    /// A scenario began.
    Started {
        /// Its place in file order, from 0.
        index: usize,
    },
    /// A scenario ended.
    Finished {
        /// Its place in file order, from 0.
        index: usize,
        /// How.
        outcome: Box<Outcome>,
    },
}

/// Scenarios and what they are run against.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What is judged.
    pub target: Target,
    /// By what.
    pub scenarios: Vec<Arc<ScenarioPlan>>,
}

/// A run that has begun.
pub struct Run {
    progress: mpsc::Receiver<Progress>,
    workers: Vec<thread::JoinHandle<io::Result<()>>>,
}

/// A scenario that is to run, and on what.
struct Entry {
    protocol: Arc<ProtocolPlan>,
    scenario: Arc<ScenarioPlan>,
    shared: Arc<Shared>,
}

/// What the workers share.
struct Queue {
    entries: Vec<Entry>,
    next: AtomicUsize,
    failed: AtomicBool,
    settings: Settings,
    today: Date,
    stop: CancellationToken,
}

/// The most threads: more would only make the clock less reliable.
const MAX_THREADS: usize = 8;

impl Run {
    /// Begins to run all scenarios of some suites.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(
        suites: &[Suite],
        target: Target,
        settings: Settings,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(target, stop.clone()));
        let mut entries = Vec::new();
        for _ in 0..settings.repeat.max(1) {
            for suite in suites {
                entries.extend(suite.scenarios.iter().map(|scenario| Entry {
                    protocol: Arc::clone(suite.protocol_of(scenario)),
                    scenario: Arc::clone(scenario),
                    shared: Arc::clone(&shared),
                }));
            }
        }
        Self::begin(entries, settings, stop)
    }

    /// Begins to run scenarios of one protocol, each on its own target. Targets that are the same
    /// [`Trial`] share what is known of them.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn on_several(
        suite: &Suite,
        trials: &[Trial],
        settings: Settings,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let mut entries = Vec::new();
        for Trial { target, scenarios } in trials {
            let shared = Arc::new(Shared::new(target.clone(), stop.clone()));
            entries.extend(scenarios.iter().map(|scenario| Entry {
                protocol: Arc::clone(suite.protocol_of(scenario)),
                scenario: Arc::clone(scenario),
                shared: Arc::clone(&shared),
            }));
        }
        Self::begin(entries, settings, stop)
    }

    fn begin(entries: Vec<Entry>, settings: Settings, stop: CancellationToken) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let jobs = settings.jobs.clamp(1, entries.len().max(1));
        let threads = cores.min(MAX_THREADS).min(jobs);
        let queue = Arc::new(Queue {
            entries,
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            settings,
            today: Date::today(),
            stop,
        });
        let (sender, progress) = mpsc::channel();
        let mut workers = Vec::new();
        for number in 0..threads {
            let slots = jobs / threads + usize::from(number < jobs % threads);
            let (queue, sender) = (Arc::clone(&queue), sender.clone());
            let name = format!("scenarios-{number}");
            let work = move || work(queue, slots, sender);
            workers.push(thread::Builder::new().name(name).spawn(work)?);
        }
        Ok(Self { progress, workers })
    }

    /// What happens next; `None` at the end.
    pub fn next_progress(&mut self) -> Option<Progress> {
        self.progress.recv().ok()
    }

    /// Waits for the end. A bug that made a worker panic goes on in the caller.
    ///
    /// # Errors
    /// When a worker could not run.
    pub fn finish(self) -> io::Result<()> {
        let mut result = Ok(());
        for worker in self.workers {
            match worker.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => result = Err(error),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        result
    }
}

fn work(queue: Arc<Queue>, slots: usize, sender: mpsc::Sender<Progress>) -> io::Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())?;
    let lateness = Lateness::default();
    runtime.spawn_local(lateness.clone().watch());
    let interrupted = queue.stop.clone();
    runtime.spawn_local(stop_on_signals(interrupted));
    let queue = Rc::new(queue);
    let mut running = Vec::new();
    for _ in 0..slots {
        let (queue, sender, lateness) = (Rc::clone(&queue), sender.clone(), lateness.clone());
        running.push(runtime.spawn_local(async move { slot(&queue, &sender, lateness).await }));
    }
    drop(sender);
    let finished = async {
        for slot in running {
            slot.await?;
        }
        Ok(())
    };
    let ended: Result<(), JoinError> = runtime.block_on(finished);
    match ended.map_err(JoinError::try_into_panic) {
        Ok(()) | Err(Err(_)) => Ok(()),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
    }
}

async fn stop_on_signals(stop: CancellationToken) {
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    stop.cancel();
}

/// Takes one scenario after the other until there are no more.
async fn slot(queue: &Queue, sender: &mpsc::Sender<Progress>, lateness: Lateness) {
    loop {
        let index = queue.next.fetch_add(1, Ordering::Relaxed);
        let Some(entry) = queue.entries.get(index) else {
            return;
        };
        let outcome = if let Some(reason) = queue.why_not() {
            not_run(&entry.scenario, reason)
        } else {
            let _ = sender.send(Progress::Started { index });
            let job = Job {
                protocol: Arc::clone(&entry.protocol),
                scenario: Arc::clone(&entry.scenario),
                shared: Arc::clone(&entry.shared),
                seed: queue
                    .settings
                    .seed
                    .wrapping_add(index as u64 / queue.round()),
                strict: queue.settings.strict,
                lateness: lateness.clone(),
            };
            let outcome = job.run().await;
            queue.settings.expected.judged(outcome, queue.today)
        };
        if outcome.verdict == Verdict::Fail {
            queue.failed.store(true, Ordering::Relaxed);
        }
        if sender
            .send(Progress::Finished {
                index,
                outcome: Box::new(outcome),
            })
            .is_err()
        {
            return;
        }
    }
}

impl Queue {
    /// How many scenarios one of several repetitions has.
    fn round(&self) -> u64 {
        let round = self.entries.len() / self.settings.repeat.max(1);
        u64::try_from(round.max(1)).unwrap_or(u64::MAX)
    }

    fn why_not(&self) -> Option<&'static str> {
        if self.stop.is_cancelled() {
            return Some("not run: interrupted");
        }
        let failed = self.failed.load(Ordering::Relaxed);
        (self.settings.fail_fast && failed).then_some("not run: --fail-fast after a failure")
    }
}

fn not_run(scenario: &ScenarioPlan, reason: &str) -> Outcome {
    Outcome {
        scenario: scenario.id.clone(),
        rules: scenario.rules.clone(),
        verdict: Verdict::Skip,
        reason: Some(reason.to_owned()),
        findings: Vec::new(),
        not_run: scenario.setup.len() + scenario.steps.len(),
        transcript: Transcript::default(),
        names: Vec::new(),
        took: Duration::ZERO,
        retries: 0,
    }
}
