//! From something that went wrong to a finding: which rule it breaks, and what shows it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::actor::Actor;
use super::listening::dropped;
use super::stop::{Done, Stop};
use super::watch::{Expected, TimeSpan, Watch};
use super::world::World;
use crate::matching::{Amount, Pattern, describe_message};
use crate::plan::StepPlace;
use crate::transcript::{Bytes, End, Use, What};
use crate::verdict::{Evidence, FieldRow, Finding, Level, Rule};
use crate::wire::Message;

/// How long what still comes is collected after a failure, for hints.
const AFTERMATH: Duration = Duration::from_millis(60);

/// The most hints of one kind.
const MAX_HINTS: usize = 3;

/// What went wrong.
#[derive(Debug, Clone)]
pub(super) enum Problem {
    /// Nothing came in time.
    Nothing,
    /// Another message came.
    Other { event: usize, message: Arc<Message> },
    /// A message came where none may.
    NotSilent { event: usize, message: Arc<Message> },
    /// A message came that `never` or `always` forbids.
    Forbidden { event: usize, message: Arc<Message> },
    /// A message came that nobody waits for; a fence waits for its probe, told in words.
    Stray {
        event: usize,
        message: Arc<Message>,
        probe: Option<String>,
    },
    /// It came before its time.
    TooEarly {
        event: usize,
        at: Instant,
        span: TimeSpan,
    },
    /// It came after its time.
    TooLate {
        event: usize,
        at: Instant,
        span: TimeSpan,
    },
    /// The connection was ended.
    Ended { event: usize, how: End },
    /// Bytes came that are no message.
    Malformed {
        event: usize,
        offset: usize,
        reason: String,
    },
    /// A message began and did not end.
    Unfinished { event: usize, missing: String },
    /// The server died.
    Died { how: String },
    /// Something that is said in words.
    Told {
        problem: String,
        expected: Option<String>,
        received: Option<String>,
        timed: bool,
    },
}

impl Problem {
    fn event(&self) -> Option<usize> {
        match self {
            Self::Nothing | Self::Died { .. } | Self::Told { .. } => None,
            Self::Other { event, .. }
            | Self::NotSilent { event, .. }
            | Self::Forbidden { event, .. }
            | Self::Stray { event, .. }
            | Self::TooEarly { event, .. }
            | Self::TooLate { event, .. }
            | Self::Ended { event, .. }
            | Self::Malformed { event, .. }
            | Self::Unfinished { event, .. } => Some(*event),
        }
    }

    fn message(&self) -> Option<&Message> {
        match self {
            Self::Other { message, .. }
            | Self::NotSilent { message, .. }
            | Self::Forbidden { message, .. }
            | Self::Stray { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Whether a message came while none was waited for.
    fn is_unasked(&self) -> bool {
        matches!(self, Self::Stray { .. } | Self::NotSilent { .. })
    }

    /// Whether the clock of the harness decided it.
    fn is_timed(&self) -> bool {
        match self {
            Self::Nothing | Self::TooEarly { .. } | Self::TooLate { .. } => true,
            Self::Unfinished { .. } => true,
            Self::Told { timed, .. } => *timed,
            _ => false,
        }
    }
}

/// How many times the margin the harness must have stood still for anything that happens after to
/// be put down to it: programs wait some hundred milliseconds for an answer.
const STALL: u32 = 4;

/// Within how long the harness must have stood still for so long, at once or bit by bit.
const STRETCH: Duration = Duration::from_millis(500);
/// The part of a wait in vain that the harness may have been late, when that is more than the
/// margin.
const LONG_WAIT: u32 = 20;

impl World {
    /// Writes down that an expectation was not met. Ends the scenario unless only a rule of the
    /// level `should` was broken.
    pub(super) async fn fail(&mut self, watch: &Watch<'_>, problem: Problem) -> Done {
        let since = watch.time_span().map_or(self.last_action, |span| span.base);
        let problem = self.or_death(problem).await;
        self.refuse_if_late(&problem, since).await?;
        let pattern = match &watch.what {
            Expected::Message(pattern, ..) => Some(*pattern),
            Expected::End => None,
        };
        // Whatever a probe meets was not waited for, of which kind it may be.
        let waited_for = pattern.filter(|_| watch.nonce.is_none());
        let mut rule = self.blame_for_good(&watch.place, &problem, waited_for);
        if rule.level == Level::Must {
            self.aftermath().await;
        }
        if self.is_out_of_step(watch.actor, &problem) {
            rule = Arc::clone(&self.protocol.broken);
            self.note_named();
        }
        let expected = self.expected_words(watch, pattern);
        let names = self.watch_names(watch);
        let fields = match (pattern, problem.message()) {
            (Some(pattern), Some(message)) if pattern.takes_kind(&message.kind) => {
                pattern.rows(message, &self.protocol.codec, &names)
            }
            _ => Vec::new(),
        };
        let hints = match pattern {
            Some(pattern) => self.hints(watch, pattern, &problem),
            None => Vec::new(),
        };
        let actor = Some(watch.actor);
        self.record(
            &watch.place,
            actor,
            problem,
            rule,
            Some(expected),
            fields,
            hints,
        )
    }

    /// The same for what is not an expectation of a message.
    pub(super) async fn fail_plainly(
        &mut self,
        place: &Arc<StepPlace>,
        actor: Option<usize>,
        problem: Problem,
    ) -> Done {
        let problem = self.or_death(problem).await;
        self.refuse_if_late(&problem, self.last_action).await?;
        let mut rule = self.blame_for_good(place, &problem, None);
        if rule.level == Level::Must {
            self.aftermath().await;
        }
        if actor.is_some_and(|actor| self.is_out_of_step(actor, &problem)) {
            rule = Arc::clone(&self.protocol.broken);
            self.note_named();
        }
        self.record(place, actor, problem, rule, None, Vec::new(), Vec::new())
    }

    /// Writes down that a rule was broken that the protocol names for it.
    pub(super) fn breach(
        &mut self,
        place: &Arc<StepPlace>,
        actor: usize,
        problem: Problem,
        rule: &Arc<Rule>,
        pattern: Option<&Pattern>,
    ) -> Done {
        let names = self.names(Some(actor));
        let codec = &self.protocol.codec;
        let (expected, fields) = match (pattern, problem.message()) {
            (Some(pattern), Some(message)) => {
                let rows = pattern.rows(message, codec, &names);
                (Some(pattern.describe(codec, &names)), rows)
            }
            _ => (None, Vec::new()),
        };
        let rule = Arc::clone(rule);
        self.note_named();
        self.record(
            place,
            Some(actor),
            problem,
            rule,
            expected,
            fields,
            Vec::new(),
        )
    }

    /// A connection that ends or stays silent because the server is no more is a crash.
    async fn or_death(&mut self, problem: Problem) -> Problem {
        if !matches!(problem, Problem::Ended { .. } | Problem::Nothing) {
            return problem;
        }
        match self.death().await {
            Some(how) => Problem::Died { how },
            None => problem,
        }
    }

    /// The clock proves nothing when the harness itself was late.
    pub(super) async fn refuse_if_late(&self, problem: &Problem, since: Instant) -> Done {
        self.go_on()?;
        // A pulse that is due is felt first: the timers are looked at, then who waits for them.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        let late = if problem.is_timed() {
            self.lateness.worst_since(since, self.worst_delay)
        } else {
            self.worst_delay
        };
        // Whatever it is, it may follow from a step or an answer that came too late.
        let stalled = self.lateness.worst_total_since(self.start, STRETCH);
        let has_stalled = stalled > self.shared.margin * STALL;
        if late <= self.margin(problem, since) && !has_stalled {
            return self.refuse_if_lost(problem);
        }
        let late = if has_stalled { late.max(stalled) } else { late };
        let late = Amount::Time(i128::try_from(late.as_nanos()).unwrap_or(i128::MAX));
        Err(Stop::Late(format!(
            "the harness itself was late by {late}: the machine is busy"
        )))
    }

    /// Whether what came is only how bytes look that are no message: such bytes follow on the same
    /// connection.
    fn is_out_of_step(&self, actor: usize, problem: &Problem) -> bool {
        let Some(at) = problem.event().filter(|_| !self.has_datagrams()) else {
            return false;
        };
        let label = &self.actors[actor].label;
        self.transcript.events().any(|event| {
            event.number > at
                && event.actor.as_ref() == Some(label)
                && matches!(event.what, What::Malformed { .. })
        })
    }

    /// How much the harness may have been late. Who has said nothing for many seconds has not said
    /// it because of a moment in which nobody listened.
    fn margin(&self, problem: &Problem, since: Instant) -> Duration {
        let says_nothing = match problem {
            Problem::Nothing => true,
            Problem::Told { timed, .. } => *timed,
            _ => false,
        };
        let waited = since.elapsed() / LONG_WAIT;
        let margin = self.shared.margin;
        margin.max(if says_nothing { waited } else { Duration::ZERO })
    }

    /// Whether a client program has given up with an error of its own, which it does for a reason:
    /// what was done just before is to blame.
    fn gave_up(&self) -> bool {
        let code = self.subject.exit_status().and_then(|status| status.code());
        self.judges_client() && code.is_some_and(|code| code != 0)
    }

    /// Whether it is the point that the program goes on, or what it did just before binds nobody.
    /// Where nothing in the scenario binds anybody, who gives up has done no worse than that.
    fn is_about_survival(&self, place: &StepPlace) -> bool {
        let crash = &self.protocol.crash.id;
        let binds = |rule: &Arc<Rule>| rule.level == Level::Must;
        let rules = &self.scenario.rules;
        rules.iter().any(|rule| rule.id == *crash)
            || !place.rules.first().is_none_or(binds) && rules.iter().any(binds)
    }

    /// The rule of the next finding; notes whether the fence may still take it over.
    fn blame_for_good(
        &mut self,
        place: &StepPlace,
        problem: &Problem,
        pattern: Option<&Pattern>,
    ) -> Arc<Rule> {
        let (rule, named) = self.blame(place, problem, pattern);
        if named {
            self.note_named();
        }
        rule
    }

    /// What the next finding shows breaks a rule of its own, in a fence as anywhere else.
    fn note_named(&mut self) {
        let next = self.findings.len();
        self.named.retain(|index| *index < next);
        self.named.push(next);
    }

    /// What the system has lost on its way nobody can miss.
    fn refuse_if_lost(&self, problem: &Problem) -> Done {
        if !self.has_datagrams() || !problem.is_timed() {
            return Ok(());
        }
        // Who is flooded until his inbox is full has not read on purpose.
        let reads = |actor: &&Actor| actor.session.is_some() && actor.reading && !actor.is_full();
        let reading = self.actors.iter().filter(reads);
        let ports: Vec<u16> = reading
            .filter_map(|actor| Some(actor.local?.port()))
            .collect();
        let at_server = dropped(&[self.subject.address().port()]).saturating_sub(self.lost_before);
        let lost = at_server + dropped(&ports);
        if lost == 0 {
            return Ok(());
        }
        Err(Stop::Late(format!(
            "the system lost {lost} of the datagrams: too many came at once"
        )))
    }

    /// The step's rules, then what the unexpected message breaks, then the macro's rule, then, in a
    /// setup, the fence's for its probes, then the scenario's first.
    ///
    /// Also tells whether what happened names the rule, and not only the place where it did.
    fn blame(
        &self,
        place: &StepPlace,
        problem: &Problem,
        pattern: Option<&Pattern>,
    ) -> (Arc<Rule>, bool) {
        match problem {
            Problem::Malformed { .. } | Problem::Unfinished { .. } => {
                return (Arc::clone(&self.protocol.broken), true);
            }
            Problem::Died { .. } if !self.gave_up() || self.is_about_survival(place) => {
                return (Arc::clone(&self.protocol.crash), true);
            }
            _ => {}
        }
        if let Some(rule) = place.rules.first() {
            let forbidden = matches!(problem, Problem::Forbidden { .. });
            return (Arc::clone(rule), forbidden);
        }
        let other_kind = |message: &&Message| pattern.is_none_or(|p| !p.takes_kind(&message.kind));
        if let Some(message) = problem.message().filter(other_kind)
            && let Some((rule, named)) = self.stray_rule(message, problem.is_unasked())
        {
            return (rule, named);
        }
        // A probe that fails before anything was tried shows nothing about the scenario's rules.
        let fence = self.protocol.fence.as_ref();
        let fence = fence.filter(|_| self.probing && self.setting_up);
        let default = place
            .macro_rule
            .as_ref()
            .or(fence.map(|fence| &fence.rule))
            .or_else(|| self.scenario.rules.first());
        (Arc::clone(default.unwrap_or(&self.protocol.crash)), false)
    }

    /// The rule that an unexpected message breaks, and whether its kind alone says so: an answer
    /// that nobody asked for may be a fence's, which is told elsewhere.
    fn stray_rule(&self, message: &Message, unasked: bool) -> Option<(Arc<Rule>, bool)> {
        let names = self.names(None);
        let codec = &self.protocol.codec;
        let fits = |stray: &&crate::plan::StrayPlan| {
            (unasked || !stray.unasked)
                && stray.pattern.fits(message, codec, &names).unwrap_or(false)
        };
        let stray = self.protocol.stray.iter().find(fits)?;
        Some((Arc::clone(&stray.rule), !stray.unasked))
    }

    /// Collects what still comes, so that hints can speak of it.
    async fn aftermath(&mut self) {
        let until = Instant::now() + AFTERMATH;
        let _: Option<()> = self.drive(until, |_| None).await;
    }

    fn expected_words(&self, watch: &Watch<'_>, pattern: Option<&Pattern>) -> String {
        let mut words = match pattern {
            Some(pattern) => pattern.describe(&self.protocol.codec, &self.watch_names(watch)),
            None => format!("the {} ends the connection", self.protocol.subject_word()),
        };
        let Some(span) = watch.time_span() else {
            return words;
        };
        let time = |moment: Instant| {
            let nanos = moment.saturating_duration_since(span.base).as_nanos();
            Amount::Time(i128::try_from(nanos).unwrap_or(i128::MAX))
        };
        let from = match &watch.window.since {
            Some(mark) => format!(" of the mark `{mark}`"),
            None => String::new(),
        };
        match span.earliest {
            Some(earliest) => words.push_str(&format!(
                ", {} to {} after{}",
                time(earliest),
                time(span.latest),
                if from.is_empty() {
                    " the last action".to_owned()
                } else {
                    from.replace(" of", "")
                }
            )),
            // The usual deadline counts from what came last, which nobody can look up here.
            None if watch.window.within.is_none() => {
                let deadline = self.protocol.deadline.as_nanos();
                let deadline = Amount::Time(i128::try_from(deadline).unwrap_or(i128::MAX));
                words.push_str(&format!(", within {deadline}"));
            }
            None => words.push_str(&format!(", within {}{from}", time(span.latest))),
        }
        words
    }

    /// Events that nobody took and that would have been right.
    fn hints(&self, watch: &Watch<'_>, pattern: &Pattern, problem: &Problem) -> Vec<String> {
        let names = self.watch_names(watch);
        let codec = &self.protocol.codec;
        let own = &self.actors[watch.actor].label;
        let mut hints = Vec::new();
        let mut almost = Vec::new();
        for event in self
            .transcript
            .events()
            .filter(|e| Some(e.number) != problem.event())
        {
            let What::Received { message, use_, .. } = &event.what else {
                continue;
            };
            let free = !matches!(use_, Use::Matched | Use::Fence);
            let number = event.number;
            let whose = event.actor.as_deref().unwrap_or_default();
            if !free || !pattern.fits(message, codec, &names).unwrap_or(false) {
                if *use_ == Use::Ambient && whose == &**own {
                    almost.extend(self.almost(watch, pattern, number, message));
                }
                continue;
            }
            let hint = match (whose == &**own, use_) {
                (true, Use::Ambient) => {
                    format!("event {number} would match, but speaks of nobody in this scenario")
                }
                (true, Use::Ignored) => format!("event {number} would match, but came earlier"),
                (true, _) => format!("event {number} would match"),
                (false, _) => format!("event {number} would match, but came to {whose}"),
            };
            hints.push(hint);
            if hints.len() >= MAX_HINTS {
                break;
            }
        }
        if hints.is_empty() {
            almost.truncate(MAX_HINTS);
            return almost;
        }
        hints
    }

    /// What was taken for a stranger's message may be the one that was expected, under a name that
    /// nobody has.
    fn almost(
        &self,
        watch: &Watch<'_>,
        pattern: &Pattern,
        number: usize,
        message: &Message,
    ) -> Option<String> {
        if !pattern.takes_kind(&message.kind) {
            return None;
        }
        let names = self.watch_names(watch);
        let rows = pattern.rows(message, &self.protocol.codec, &names);
        let mut wrong = rows.iter().filter(|row| !row.fits);
        let (row, None) = (wrong.next()?, wrong.next()) else {
            return None;
        };
        let received = row.received.as_deref().unwrap_or("nothing");
        Some(format!(
            "event {number} would match if its {} were not {received}, who is nobody in this scenario",
            row.field
        ))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one finding, from three callers"
    )]
    fn record(
        &mut self,
        place: &Arc<StepPlace>,
        actor: Option<usize>,
        problem: Problem,
        rule: Arc<Rule>,
        expected: Option<String>,
        fields: Vec<FieldRow>,
        hints: Vec<String>,
    ) -> Done {
        let event = problem.event();
        if let Some(event) = event {
            self.transcript
                .set_use(event, Use::Blamed, Some(&place.span));
        }
        let level = rule.level;
        let (text, expected_default, received) = self.words(&problem);
        let finding = Finding {
            rule,
            step: place.span.clone(),
            used_at: place.used_at.clone(),
            actor: actor.map(|index| Arc::clone(&self.actors[index].label)),
            problem: text,
            expected: expected.or(expected_default),
            received,
            fields,
            bytes: event.and_then(|event| self.evidence(event, &problem)),
            event,
            hints,
        };
        self.findings.push(finding);
        if level == Level::Must || self.setting_up {
            Err(Stop::Failed)
        } else {
            Ok(())
        }
    }

    /// What happened, what should have, and what came instead, in words.
    fn words(&self, problem: &Problem) -> (String, Option<String>, Option<String>) {
        let codec = &self.protocol.codec;
        let subject = self.protocol.subject_word();
        let told =
            |message: &Message| Some(describe_message(codec, self.protocol.receives(), message));
        let after = |at: &Instant, span: &TimeSpan| {
            let nanos = at.saturating_duration_since(span.base).as_nanos();
            Amount::Time(i128::try_from(nanos).unwrap_or(i128::MAX))
        };
        match problem {
            Problem::Nothing => (
                "what was expected did not come in time".to_owned(),
                None,
                Some("nothing".to_owned()),
            ),
            Problem::Other { message, .. } => (
                "another message came than expected".to_owned(),
                None,
                told(message),
            ),
            Problem::NotSilent { message, .. } => {
                let expected = Some("no message".to_owned());
                (
                    "a message came where none may come".to_owned(),
                    expected,
                    told(message),
                )
            }
            Problem::Forbidden { message, .. } => (
                "a message came that must not come".to_owned(),
                None,
                told(message),
            ),
            Problem::Stray { message, probe, .. } => {
                let expected = match probe {
                    Some(probe) => format!("no further message before the probe: {probe}"),
                    None => "no further message".to_owned(),
                };
                (
                    "a message came that nothing asked for".to_owned(),
                    Some(expected),
                    told(message),
                )
            }
            Problem::TooEarly { at, span, .. } => {
                let received = format!("it, {} after", after(at, span));
                ("it came too early".to_owned(), None, Some(received))
            }
            Problem::TooLate { at, span, .. } => {
                let received = format!("it, {} after", after(at, span));
                ("it came too late".to_owned(), None, Some(received))
            }
            Problem::Ended { how, .. } => {
                let received = match how {
                    End::EndOfStream => "the end of the connection (end of stream)",
                    End::Reset => "the end of the connection (reset)",
                };
                (
                    format!("the {subject} ended the connection"),
                    None,
                    Some(received.to_owned()),
                )
            }
            Problem::Malformed { offset, reason, .. } => (
                format!("the {subject} sent bytes that are no message"),
                None,
                Some(format!(
                    "bytes that are no message, at offset {offset}: {reason}"
                )),
            ),
            Problem::Unfinished { missing, .. } => (
                "a message began and did not end".to_owned(),
                None,
                Some(format!("the beginning of a message: {missing}")),
            ),
            Problem::Died { how } => {
                // A client that nobody has killed may well have ended on purpose.
                let status = self.subject.exit_status();
                let by_itself = self.judges_client() && status.is_some_and(|s| s.code().is_some());
                let verb = if by_itself { "ended by itself" } else { "died" };
                (
                    format!("the {subject} {verb}: {how}"),
                    Some(format!("a {subject} that goes on")),
                    Some(format!("the end of the {subject}")),
                )
            }
            Problem::Told {
                problem,
                expected,
                received,
                ..
            } => (problem.clone(), expected.clone(), received.clone()),
        }
    }

    fn evidence(&self, event: usize, problem: &Problem) -> Option<Evidence> {
        let Bytes { kept, total } = match &self.transcript.get(event)?.what {
            What::Received { bytes, .. }
            | What::Malformed { bytes, .. }
            | What::Unfinished { bytes, .. } => bytes.clone(),
            _ => return None,
        };
        let mut segments = self.protocol.codec.explain(self.protocol.receives(), &kept);
        if let Problem::Malformed { offset, reason, .. } = problem
            && segments.iter().all(|segment| segment.problem.is_none())
            && let Some(segment) = segments.iter_mut().find(|s| s.range.contains(offset))
        {
            segment.problem = Some(reason.clone());
        }
        Some(Evidence {
            bytes: kept,
            total,
            segments,
        })
    }
}
