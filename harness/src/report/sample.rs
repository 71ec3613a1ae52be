//! Outcomes put together by hand, for the tests of what consumes them.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::record::{Recorder, RunRecord, Writer};
use crate::event::{Reporter as _, RunEvent, RunPlan};
use crate::source::{SourceFile, Span};
use crate::transcript::{Cause, End, Transcript, Use, What};
use crate::verdict::{
    Evidence, FieldRow, Finding, Level, Outcome, Rule, RuleId, ScenarioId, Side, Summary, Texts,
    Verdict,
};
use crate::wire::{Direction, Message, Segment, Value};

const SCENARIO: &str = r"scenario: what comes while an acknowledgement is outstanding is kept, in order
rules: [BCP-7]
clients: { alice: {}, bob: {}, carol: {} }
setup:
  - { use: join, with: { who: bob } }
steps:
  - bob: { reflexes: [] }
  - alice: { send: send, with: { message: a } }
  - bob: { recv: deliver, with: { from: $alice, message: a } }
  - bob: { silence: 300ms }
  - alice: { closed: { within: 2s, after: 600ms } }
";

const MACROS: &str = r"macros:
  join:
    args: { who: actor }
    rule: BCP-2
    steps:
      - $who: { send: register, with: { username: $who } }
      - $who: { recv: status, with: { code: ok } }
";

fn file(path: &str, text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile {
        path: path.into(),
        text: text.to_owned(),
    })
}

fn span_in(path: &str, text: &str, needle: &str) -> Span {
    let start = text.find(needle).unwrap();
    let before = &text[..start];
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Span {
        file: file(path, text),
        start,
        end: start + needle.len(),
        line: before.matches('\n').count() + 1,
        column,
    }
}

/// The place of a text in the scenario that all samples use.
pub(crate) fn step(needle: &str) -> Span {
    span_in(
        "scenarios/bcp/server/acknowledgement/held.yaml",
        SCENARIO,
        needle,
    )
}

/// The place of a text in the protocol file that all samples use.
pub(crate) fn in_macro(needle: &str) -> Span {
    span_in("scenarios/bcp/protocol.yaml", MACROS, needle)
}

pub(crate) fn rule(id: &str, level: Level) -> Arc<Rule> {
    Arc::new(Rule {
        id: RuleId::new(id),
        side: Side::Server,
        level,
        text: "After a DELIVER the server waits for that client's STATUS before the next DELIVER \
               to it. Up to 100 messages that come meanwhile are kept and delivered afterwards, in \
               order, none lost."
            .to_owned(),
        source: "README, Connection States, REGISTERED".to_owned(),
        span: in_macro("rule: BCP-2"),
    })
}

pub(crate) fn message(kind: &str, fields: &[(&str, &str)]) -> Message {
    let field = |(name, value): &(&str, &str)| (Arc::from(*name), Value::Text((*value).to_owned()));
    Message {
        kind: kind.into(),
        fields: fields.iter().map(field).collect(),
    }
}

pub(crate) fn ok() -> Message {
    Message {
        kind: "status".into(),
        fields: vec![("code".into(), Value::Int(0))],
    }
}

pub(crate) fn sent(message: Option<Message>, bytes: &[u8], cause: Cause) -> What {
    What::Sent {
        direction: Direction::ToServer,
        message,
        bytes: bytes.into(),
        cause,
    }
}

pub(crate) fn received(message: Message, use_: Use) -> What {
    What::Received {
        direction: Direction::ToClient,
        message: Arc::new(message),
        bytes: b"\x03\x00\x01a".as_slice().into(),
        use_,
    }
}

/// Adds what an actor saw, `at` milliseconds after the start.
pub(crate) fn add(transcript: &mut Transcript, at: u64, actor: &str, what: What) -> usize {
    let actor = (!actor.is_empty()).then(|| Arc::from(actor));
    transcript.add(Duration::from_millis(at), actor, None, what)
}

/// Two clients that have joined, with probes.
pub(crate) fn joined() -> Transcript {
    let mut transcript = Transcript::default();
    for (at, actor) in [(1, "alice"), (3, "bob")] {
        let peer = "127.0.0.1:9001".parse().ok();
        add(
            &mut transcript,
            at,
            actor,
            What::Connected { local: None, peer },
        );
        let register = message("register", &[("username", actor)]);
        let bytes = format!("\x01\0\x05{actor}");
        add(
            &mut transcript,
            at,
            actor,
            sent(Some(register), bytes.as_bytes(), Cause::Step),
        );
        add(&mut transcript, at + 1, actor, received(ok(), Use::Matched));
    }
    for at in 5..9 {
        let probe = message("send", &[("message", "fence 71")]);
        let what = if at % 2 == 0 {
            received(ok(), Use::Fence)
        } else {
            sent(Some(probe), b"", Cause::Fence)
        };
        add(&mut transcript, at, "alice", what);
    }
    let text = message("send", &[("message", "a")]);
    add(
        &mut transcript,
        10,
        "alice",
        sent(Some(text), b"\x02\0\x01a", Cause::Step),
    );
    transcript
}

/// A finding with nothing but a problem.
pub(crate) fn finding(id: &str, level: Level, needle: &str, problem: &str) -> Finding {
    Finding {
        rule: rule(id, level),
        step: step(needle),
        used_at: None,
        actor: Some("bob".into()),
        problem: problem.to_owned(),
        expected: None,
        received: None,
        fields: Vec::new(),
        bytes: None,
        event: None,
        hints: Vec::new(),
    }
}

/// The outcome of the sample scenario.
pub(crate) fn outcome(verdict: Verdict, findings: Vec<Finding>, transcript: Transcript) -> Outcome {
    Outcome {
        names: Vec::new(),
        scenario: ScenarioId {
            protocol: "bcp".into(),
            dialect: None,
            area: "acknowledgement".to_owned(),
            title: "what comes while an acknowledgement is outstanding is kept, in order"
                .to_owned(),
            span: step("scenario:"),
        },
        rules: vec![rule("BCP-7", Level::Must)],
        verdict,
        reason: None,
        findings,
        not_run: 0,
        transcript,
        took: Duration::from_millis(412),
        retries: 0,
    }
}

pub(crate) fn field(name: &str, expected: &str, received: &str) -> FieldRow {
    let quoted = |text: &str| Value::Text(text.to_owned()).to_string();
    FieldRow {
        field: name.to_owned(),
        expected: Some(quoted(expected)),
        received: Some(quoted(received)),
        fits: expected == received,
        texts: (expected != received).then(|| Texts {
            expected: expected.to_owned(),
            received: received.to_owned(),
        }),
    }
}

pub(crate) fn segment(
    range: std::ops::Range<usize>,
    field: &str,
    meaning: &str,
    problem: Option<&str>,
) -> Segment {
    Segment {
        range,
        field: field.to_owned(),
        meaning: meaning.to_owned(),
        problem: problem.map(str::to_owned),
    }
}

/// A deliver of `text` by `from` with its bytes.
pub(crate) fn delivered(from: &str, text: &str, problem: Option<&str>) -> Evidence {
    let len = |text: &str| u16::try_from(text.len()).unwrap().to_be_bytes();
    let mut bytes = vec![3];
    bytes.extend(len(from));
    bytes.extend(from.as_bytes());
    let middle = bytes.len();
    bytes.extend(len(text));
    bytes.extend(text.as_bytes());
    let value = |text: &str| Value::Text(text.to_owned()).to_string();
    let segments = vec![
        segment(0..1, "op", "3 (deliver)", None),
        segment(1..3, "len(from)", &from.len().to_string(), None),
        segment(3..middle, "from", &value(from), None),
        segment(
            middle..middle + 2,
            "len(message)",
            &text.len().to_string(),
            None,
        ),
        segment(middle + 2..bytes.len(), "message", &value(text), problem),
    ];
    Evidence {
        total: bytes.len(),
        bytes,
        segments,
    }
}

/// A message came with another text than the step wants.
pub(crate) fn wrong_field(wanted: &str, came: &str) -> Outcome {
    let mut transcript = joined();
    let came_message = message("deliver", &[("from", "alice"), ("message", came)]);
    let event = add(
        &mut transcript,
        11,
        "bob",
        received(came_message, Use::Blamed),
    );
    let mut found = finding(
        "BCP-6",
        Level::Must,
        "{ recv: deliver, with: { from: $alice, message: a } }",
        "deliver came with another message than the step wants",
    );
    found.expected = Some("deliver with from \"alice\", message \"a\"".to_owned());
    found.received = Some("deliver from \"alice\" message \"b\"".to_owned());
    found.fields = vec![
        field("from", "alice", "alice"),
        field("message", wanted, came),
    ];
    found.bytes = Some(delivered("alice", came, Some("not what was sent")));
    found.event = Some(event);
    Outcome {
        not_run: 2,
        ..outcome(Verdict::Fail, vec![found], transcript)
    }
}

/// The server ended a connection that should have stayed.
pub(crate) fn closed() -> Outcome {
    let mut transcript = joined();
    let event = add(&mut transcript, 12, "bob", What::Ended(End::Reset));
    let mut found = finding(
        "BCP-6",
        Level::Must,
        "{ recv: deliver, with: { from: $alice, message: a } }",
        "the server ended the connection instead of sending deliver",
    );
    found.expected = Some("deliver with from \"alice\", message \"a\"".to_owned());
    found.received = Some("reset of the connection".to_owned());
    found.event = Some(event);
    outcome(Verdict::Fail, vec![found], transcript)
}

/// Bytes of a peer that means no good, as text: markup, terminal escapes, characters that XML
/// forbids, marks of every format, and a great many of them.
pub(crate) fn hostile() -> String {
    let nasty = "</script><script>alert(1)</script><img src=x onerror=alert(1)> ]]> --> \u{1b}[2J\
                 \u{1b}]0;owned\u{7} \0\u{1}\u{8}\u{b}\u{c}\u{7f}\u{9b}\u{202e}\u{2028}\u{feff}\u{fffe}\u{fffd} \
                 ``````` ``` | a | b | @everyone #1 http://evil.example/ [x](javascript:alert(1)) \
                 </details></code> not ok 1 - x # SKIP\nok 2\r\n...\n---\nBail out! \\ &amp; &#0; %s '\"";
    format!("{nasty}{}", "x".repeat(1_000_000))
}

/// A verdict of each kind, with a hostile peer among those that failed.
pub(crate) fn all_verdicts() -> Vec<Outcome> {
    let hostile = hostile();
    // As much as a message of this protocol can hold.
    let fits: String = hostile.chars().take(60_000).collect();
    let mut outcomes = vec![wrong_field("a", &fits)];
    let mut crashed = joined();
    add(
        &mut crashed,
        12,
        "",
        What::Output {
            stderr: true,
            text: hostile.clone(),
        },
    );
    let died = finding("BCP-14", Level::Must, "{ silence: 300ms }", &hostile);
    outcomes.push(outcome(Verdict::Fail, vec![died], crashed));
    let warned = finding("BCP-9", Level::Should, "{ silence: 300ms }", "too much");
    outcomes.push(outcome(Verdict::Warn, vec![warned], joined()));
    let known = finding("BCP-7", Level::Must, "{ silence: 300ms }", "known");
    outcomes.push(outcome(Verdict::ExpectedFailure, vec![known], joined()));
    for verdict in [
        Verdict::Pass,
        Verdict::Inconclusive,
        Verdict::Skip,
        Verdict::UnexpectedPass,
    ] {
        outcomes.push(outcome(verdict, Vec::new(), joined()));
    }
    for (number, outcome) in outcomes.iter_mut().enumerate() {
        let title = &mut outcome.scenario.title;
        *title = format!("{title} [number={number}]");
        if !matches!(
            outcome.verdict,
            Verdict::Pass | Verdict::Warn | Verdict::Fail
        ) {
            outcome.reason = Some(format!("the reason: {hostile}"));
        }
    }
    outcomes
}

/// Keeps the record instead of writing it.
pub(crate) struct Kept(pub(crate) Rc<RefCell<Option<RunRecord>>>);

impl Writer for Kept {
    fn write(&mut self, record: &RunRecord) -> io::Result<()> {
        *self.0.borrow_mut() = Some(record.clone());
        Ok(())
    }
}

/// The record of a run whose scenarios ended in the reverse order.
pub(crate) fn recorded(outcomes: &[Outcome]) -> RunRecord {
    let kept = Rc::default();
    let mut recorder = Recorder::new(Box::new(|_, _, _| Vec::new()));
    recorder.add("kept", Box::new(Kept(Rc::clone(&kept))));
    let plan = RunPlan {
        target: "127.0.0.1:9001".to_owned(),
        seed: u64::MAX,
        jobs: 2,
        arguments: vec!["--target".to_owned(), "127.0.0.1:9001".to_owned()],
        ..RunPlan::default()
    };
    recorder.event(&RunEvent::Started { plan: &plan }).unwrap();
    for (index, outcome) in outcomes.iter().enumerate().rev() {
        let finished = RunEvent::ScenarioFinished { index, outcome };
        recorder.event(&finished).unwrap();
    }
    let finished = RunEvent::Finished {
        summary: &Summary::default(),
        took: Duration::from_millis(1_834),
        interrupted: false,
    };
    recorder.event(&finished).unwrap();
    kept.borrow_mut().take().unwrap()
}
