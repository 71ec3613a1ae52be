use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Redactions;
use crate::report::safe;
use crate::transcript::{Cause, Close, Event, Turn, Use, What};
use crate::verdict::Outcome;
use crate::wire::{Message, Value};

/// The exchange of a scenario in the order of its steps, connection by connection: what steps sent
/// and consumed, and how connections ended.
///
/// Times are left out, and so is everything whose order is free: probes, automatic answers, ignored
/// messages and those about strangers. Values listed in `names` are replaced. So the text is the
/// same in every run against the same program, as long as that is what the steps ask for.
pub fn render(outcome: &Outcome, names: &Redactions) -> String {
    let mut text = outcome.scenario.title.clone();
    if outcome.transcript.dropped() > 0 {
        text.push_str("\n\ntoo long to be compared\n");
        return text;
    }
    let mut names = names.clone();
    let mut events: Vec<(Turn, &Event)> = outcome
        .transcript
        .events()
        .filter_map(|event| Some((event.turn?, event)))
        .collect();
    events.sort_by_key(|(turn, _)| *turn);
    number_opaque(&mut names, &events);
    let mut told: Vec<(Turn, &str, Told)> = events
        .iter()
        .filter_map(|(turn, event)| Some((*turn, &**event.actor.as_ref()?, line(event, &names)?)))
        .collect();
    // What a step takes in any order shares its turn.
    told.sort();
    told.dedup_by(|next, last| next.1 == last.1 && next.2.continues(&last.2));
    let mut actors: Vec<&str> = Vec::new();
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for (_, actor, told) in told {
        if !actors.contains(&actor) {
            actors.push(actor);
        }
        let of_actor = lines.entry(actor).or_default();
        of_actor.push_str("  ");
        // Snapshots are shown on terminals too.
        of_actor.push_str(&safe(told.text()));
        of_actor.push('\n');
    }
    for actor in actors {
        text.push_str("\n\n");
        text.push_str(actor);
        text.push('\n');
        text.push_str(lines.get(actor).map_or("", |lines| lines.trim_end()));
    }
    text.push('\n');
    text
}

/// Bytes of at least so many are taken for something that the program has made up, such as a token.
const OPAQUE: usize = 8;

/// Has values that are no text replaced by their numbers, in the order in which they came.
fn number_opaque(names: &mut Redactions, events: &[(Turn, &Event)]) {
    let mut count = 0;
    for (_, event) in events {
        let What::Received { message, .. } = &event.what else {
            continue;
        };
        for (_, value) in &message.fields {
            if let Some(bytes) = opaque(value)
                && names.add_opaque(bytes, &format!("opaque {}", count + 1))
            {
                count += 1;
            }
        }
    }
}

/// What a program has made up. By chance it can be text, with control characters most probably.
fn opaque(value: &Value) -> Option<&[u8]> {
    let made_up = |c: char| c.is_control() && !c.is_ascii_whitespace();
    let bytes = match value {
        Value::Bytes(bytes) => bytes,
        Value::Text(text) if text.contains(made_up) => text.as_bytes(),
        _ => return None,
    };
    (bytes.len() >= OPAQUE).then_some(bytes)
}

/// One line of an exchange.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Whole(String),
    /// Bytes that are part of what a step sends; how many there are depends on lengths of names.
    Piece(String),
}

impl Told {
    fn text(&self) -> &str {
        match self {
            Self::Whole(text) | Self::Piece(text) => text,
        }
    }

    /// It is a further piece of the same.
    fn continues(&self, last: &Self) -> bool {
        matches!(self, Self::Piece(_)) && self == last
    }
}

fn line(event: &Event, names: &Redactions) -> Option<Told> {
    let text = match &event.what {
        What::Sent {
            message,
            cause: Cause::Step,
            ..
        } => match message {
            Some(sent) => format!("-> {}", message_line(sent, names)),
            // The bytes hold lengths of generated names; the step that made them does not.
            None => return Some(Told::Piece(format!("-> {}", step_text(event)))),
        },
        What::Received { message, use_, .. } => match use_ {
            Use::Matched => format!("<- {}", message_line(message, names)),
            Use::Blamed => format!("<- not expected: {}", message_line(message, names)),
            _ => return None,
        },
        What::Malformed { .. } => "<- bytes that are no message".to_owned(),
        What::Unfinished { .. } => "<- an unfinished message".to_owned(),
        What::Ended(_) => "<- ended by the server".to_owned(),
        What::Closed(Close::Fin) => "-> closes".to_owned(),
        What::Closed(Close::Write) => "-> closes its writing half".to_owned(),
        What::Closed(Close::Reset) => "-> resets".to_owned(),
        _ => return None,
    };
    Some(Told::Whole(text))
}

fn message_line(message: &Message, names: &Redactions) -> String {
    let mut text = message.kind.to_string();
    for (name, value) in &message.fields {
        // Writing to a string does not fail.
        let _ = write!(text, " {name} {}", names.value(value));
    }
    text
}

/// The step as it is written, on one line.
fn step_text(event: &Event) -> String {
    let text = event.step.as_ref().map_or("bytes", |step| step.text());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::sample::{add, message, ok, outcome, received, sent, step};
    use crate::transcript::{End, Transcript};
    use crate::verdict::Verdict;

    /// The same exchange with other names, and with arrivals in another order.
    fn run(alice: &str, bob: &str, early: bool, end: End) -> String {
        let mut transcript = Transcript::default();
        for (actor, name) in [("alice", alice), ("bob", bob)] {
            let register = message("register", &[("username", name)]);
            add(
                &mut transcript,
                1,
                actor,
                sent(Some(register), name.as_bytes(), Cause::Step),
            );
            let number = add(&mut transcript, 2, actor, received(ok(), Use::Unread));
            transcript.set_use(number, Use::Matched, Some(&step("steps:")));
            add(
                &mut transcript,
                2,
                actor,
                sent(Some(ok()), b"", Cause::Reflex),
            );
        }
        let text = message("deliver", &[("from", alice), ("message", "hi")]);
        let notice = message("notice", &[("message", &format!("{alice} is here"))]);
        let came = |transcript: &mut Transcript| {
            add(transcript, 3, "bob", received(notice.clone(), Use::Ignored));
            add(transcript, 3, "bob", received(text.clone(), Use::Unread))
        };
        let first = early.then(|| came(&mut transcript));
        let raw = step("{ silence: 300ms }");
        let raw = transcript.add(
            Duration::from_millis(4),
            Some("bob".into()),
            Some(raw),
            sent(None, b"\x09", Cause::Step),
        );
        assert!(raw > 0);
        let number = first.unwrap_or_else(|| came(&mut transcript));
        transcript.set_use(number, Use::Matched, Some(&step("steps:")));
        let number = add(&mut transcript, 5, "bob", What::Ended(end));
        transcript.set_use(number, Use::Matched, Some(&step("steps:")));
        let unasked = What::Ended(End::EndOfStream);
        add(&mut transcript, 6, "alice", unasked);
        let mut names = Redactions::default();
        names.add(alice, "alice");
        names.add(bob, "bob");
        render(&outcome(Verdict::Pass, Vec::new(), transcript), &names)
    }

    #[test]
    fn an_exchange_is_told_by_connection() {
        insta::assert_snapshot!(run("bcd", "bcdfgh", false, End::EndOfStream));
    }

    #[test]
    fn every_run_has_the_same_text() {
        let first = run("bcd", "bcdfgh", false, End::EndOfStream);
        assert_eq!(run("zzzzzz", "kkk", true, End::Reset), first);
    }

    #[test]
    fn an_exchange_that_was_not_kept_is_not_compared() {
        let mut transcript = Transcript::default();
        for _ in 0..=crate::transcript::MAX_EVENTS {
            add(&mut transcript, 1, "a", sent(Some(ok()), b"", Cause::Step));
        }
        let text = render(
            &outcome(Verdict::Pass, Vec::new(), transcript),
            &Redactions::default(),
        );
        assert!(text.contains("too long"));
    }
}
