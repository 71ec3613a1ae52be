use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Redactions;
use crate::report::safe;
use crate::transcript::{Cause, Close, Event, Turn, Use, What};
use crate::verdict::Outcome;
use crate::wire::Message;

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
    let mut events: Vec<(Turn, &Event)> = outcome
        .transcript
        .events()
        .filter_map(|event| Some((event.turn?, event)))
        .collect();
    events.sort_by_key(|(turn, _)| *turn);
    let mut actors: Vec<&str> = Vec::new();
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for (_, event) in events {
        let Some((actor, line)) = event.actor.as_ref().zip(line(event, names)) else {
            continue;
        };
        if !actors.contains(&&**actor) {
            actors.push(actor);
        }
        let of_actor = lines.entry(actor).or_default();
        of_actor.push_str("  ");
        // Snapshots are shown on terminals too.
        of_actor.push_str(&safe(&line));
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

fn line(event: &Event, names: &Redactions) -> Option<String> {
    match &event.what {
        What::Sent {
            message,
            cause: Cause::Step,
            ..
        } => Some(match message {
            Some(sent) => format!("-> {}", message_line(sent, names)),
            // The bytes hold lengths of generated names; the step that made them does not.
            None => format!("-> {}", step_text(event)),
        }),
        What::Received { message, use_, .. } => match use_ {
            Use::Matched => Some(format!("<- {}", message_line(message, names))),
            Use::Blamed => Some(format!("<- not expected: {}", message_line(message, names))),
            _ => None,
        },
        What::Malformed { .. } => Some("<- bytes that are no message".to_owned()),
        What::Unfinished { .. } => Some("<- an unfinished message".to_owned()),
        What::Ended(_) => Some("<- ended by the server".to_owned()),
        What::Closed(Close::Fin) => Some("-> closes".to_owned()),
        What::Closed(Close::Write) => Some("-> closes its writing half".to_owned()),
        What::Closed(Close::Reset) => Some("-> resets".to_owned()),
        _ => None,
    }
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
