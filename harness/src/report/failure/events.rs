//! What happened around a fault, on all connections.

use unicode_width::UnicodeWidthStr as _;

use crate::report::safe::{cut, safe};
use crate::report::styled::{Line, Rendered, Role};
use crate::report::words;
use crate::transcript::{Bytes, Cause, Close, End, Event, Transcript, Use, What};

/// Rows shown before the one that shows the fault, and after it.
const BEFORE: usize = 14;
const AFTER: usize = 4;

/// This many probes in a row are shown as one row.
const MANY_PROBES: usize = 3;

/// Lines of the program's output that are shown.
const OUTPUT_LINES: usize = 12;

/// The widest column for actors.
const MAX_ACTOR: usize = 14;

/// Bytes shown of what is no message.
const RAW_BYTES: usize = 16;

/// One row: an event, or a run of probes.
enum Row<'t> {
    One(&'t Event),
    Probes(&'t Event, &'t Event, usize),
}

/// The events around number `marked`, or the last ones.
pub(super) fn shown(transcript: &Transcript, marked: Option<usize>, width: usize) -> Rendered {
    let rows = rows(transcript, marked);
    let center = rows
        .iter()
        .position(|row| matches!(row, Row::One(event) if Some(event.number) == marked))
        .unwrap_or(rows.len().saturating_sub(1));
    let window = center.saturating_sub(BEFORE)..(center + AFTER + 1).min(rows.len());
    let mut rendered = Rendered::default();
    if window.is_empty() {
        return rendered;
    }
    let heading = "what happened (-> to the program under test, <- from it)";
    rendered.push(Line::default().add(Role::Faint, heading));
    let actor_width = actor_width(&rows[window.clone()]);
    let number_width = transcript.len().to_string().len();
    elided(&mut rendered, window.start, "earlier");
    for row in &rows[window.clone()] {
        rendered.push(line(row, marked, number_width, actor_width).cut(width));
    }
    elided(&mut rendered, rows.len() - window.end, "later");
    rendered
}

fn elided(rendered: &mut Rendered, count: usize, when: &str) {
    if count > 0 {
        let text = words::count(count, &format!("{when} event"));
        rendered.push(Line::default().add(Role::Faint, format!("  … {text}")));
    }
}

/// The events without the program's output, which is shown apart, runs of probes put together.
fn rows(transcript: &Transcript, marked: Option<usize>) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut probes: Vec<&Event> = Vec::new();
    for event in transcript.events() {
        if matches!(event.what, What::Output { .. }) {
            continue;
        }
        if is_probe(event) && Some(event.number) != marked {
            probes.push(event);
            continue;
        }
        flush(&mut probes, &mut rows);
        rows.push(Row::One(event));
    }
    flush(&mut probes, &mut rows);
    rows
}

fn flush<'t>(probes: &mut Vec<&'t Event>, rows: &mut Vec<Row<'t>>) {
    match (probes.first(), probes.last()) {
        (Some(first), Some(last)) if probes.len() >= MANY_PROBES => {
            rows.push(Row::Probes(first, last, probes.len()));
        }
        _ => rows.extend(probes.iter().copied().map(Row::One)),
    }
    probes.clear();
}

fn is_probe(event: &Event) -> bool {
    match event.what {
        What::Sent { cause, .. } => cause == Cause::Fence,
        What::Received { use_, .. } => use_ == Use::Fence,
        _ => false,
    }
}

fn name(event: &Event) -> &str {
    match (&event.actor, &event.what) {
        (Some(actor), _) => actor,
        (None, What::Note(_)) => "",
        (None, _) => "(program)",
    }
}

fn actor_width(rows: &[Row<'_>]) -> usize {
    let names = rows.iter().map(|row| match row {
        Row::One(event) => safe(name(event)).width(),
        Row::Probes(..) => 0,
    });
    names.max().unwrap_or(0).min(MAX_ACTOR)
}

fn line(row: &Row<'_>, marked: Option<usize>, numbers: usize, actors: usize) -> Line {
    let event = match row {
        Row::One(event) | Row::Probes(event, ..) => *event,
    };
    let fault = Some(event.number) == marked;
    let role = if fault { Role::Bad } else { Role::Plain };
    let line = Line::default()
        .add(Role::Bad, if fault { "> " } else { "  " })
        .add(Role::Faint, format!("{:>numbers$}  ", event.number))
        .add(Role::Faint, format!("{:>9}  ", words::seconds(event.at)));
    let start = line.width();
    match row {
        Row::Probes(_, last, count) => {
            let text = format!("{count} events of probes, up to event {}", last.number);
            line.pad(start + actors + 2).add(Role::Faint, text)
        }
        Row::One(_) => {
            let (arrow, text, remark) = description(&event.what);
            line.add(Role::Name, cut(&safe(name(event)), actors))
                .pad(start + actors + 2)
                .add(Role::Faint, format!("{arrow} "))
                .add(role, text)
                .add(Role::Faint, if fault { "" } else { remark })
        }
    }
}

/// What happened, without who did it and in which direction it went.
pub(crate) fn in_words(what: &What) -> String {
    description(what).1
}

/// Arrow (seen from the actor), the thing itself, and a remark about it.
fn description(what: &What) -> (&'static str, String, &'static str) {
    match what {
        What::Sent {
            message,
            bytes,
            cause,
            ..
        } => {
            let text = message.as_ref().map_or_else(|| raw(bytes), words::message);
            ("->", text, cause_remark(*cause))
        }
        What::Received { message, use_, .. } => ("<-", words::message(message), use_remark(*use_)),
        What::Malformed { bytes, reason, .. } => {
            ("<-", format!("no message: {reason}: {}", raw(bytes)), "")
        }
        What::Unfinished { bytes, missing, .. } => (
            "<-",
            format!("unfinished ({missing} missing): {}", raw(bytes)),
            "",
        ),
        What::Ended(End::EndOfStream) => ("<-", "end of stream".to_owned(), ""),
        What::Ended(End::Reset) => ("<-", "reset".to_owned(), ""),
        What::Closed(Close::Fin) => ("->", "closes".to_owned(), ""),
        What::Closed(Close::Write) => ("->", "closes its writing half".to_owned(), ""),
        What::Closed(Close::Reset) => ("->", "resets".to_owned(), ""),
        What::WriteFailed(error) => ("->", format!("could not write: {error}"), ""),
        What::ConnectFailed(error) => ("--", format!("could not connect: {error}"), ""),
        What::Connected {
            local: Some(local),
            peer: None,
        } => ("--", format!("opens {local}"), ""),
        What::Connected { peer, .. } => {
            let peer = peer.map(|peer| format!(" to {peer}")).unwrap_or_default();
            ("--", format!("connected{peer}"), "")
        }
        What::Started { command } => ("--", format!("started: {command}"), ""),
        What::Signalled { signal } => ("->", signal.clone(), ""),
        What::Typed(text) => ("->", format!("typed: {}", text.trim_end()), ""),
        What::Exited { status } => ("--", format!("ended, {status}"), ""),
        What::Output { text, .. } | What::Note(text) => ("--", text.clone(), ""),
    }
}

fn raw(bytes: &Bytes) -> String {
    let total = words::count(bytes.total, "byte");
    format!("{total} {}", words::hex(&bytes.kept, RAW_BYTES))
}

fn cause_remark(cause: Cause) -> &'static str {
    match cause {
        Cause::Step => "",
        Cause::Reflex => " (automatic)",
        Cause::Fence => " (probe)",
    }
}

fn use_remark(use_: Use) -> &'static str {
    match use_ {
        Use::Matched | Use::Blamed => "",
        Use::Unread => " (not looked at)",
        Use::Ignored => " (ignored)",
        Use::Fence => " (probe)",
        Use::Ambient => " (about strangers)",
    }
}

/// The last lines that the program printed.
pub(super) fn output(transcript: &Transcript, width: usize) -> Rendered {
    let lines: Vec<(&Event, bool, &str)> = transcript
        .events()
        .filter_map(|event| match &event.what {
            What::Output { stderr, text } => Some((event, *stderr, text.as_str())),
            _ => None,
        })
        .collect();
    let mut rendered = Rendered::default();
    let hidden = lines.len().saturating_sub(OUTPUT_LINES);
    if lines.is_empty() {
        return rendered;
    }
    rendered.push(Line::default().add(Role::Faint, "what the program printed"));
    if hidden > 0 {
        let text = format!("  … {}", words::count(hidden, "earlier line"));
        rendered.push(Line::default().add(Role::Faint, text));
    }
    for (event, stderr, text) in &lines[hidden..] {
        let stream = if *stderr { "stderr" } else { "stdout" };
        let start = format!("  {:>9}  {stream} | ", words::seconds(event.at));
        rendered.push(
            Line::default()
                .add(Role::Faint, start)
                .then(text)
                .cut(width),
        );
    }
    rendered
}
