//! What others say, as it is shown.

use reference_codecs::chatapp::{Kind, Mail, MailKind};

use super::faults::Fault;
use crate::faults::{Faults, half_raw, in_ascii, in_words};
use crate::text::{cut, harmless, message};

/// How much of a text a client shows that cuts it.
const CUT: usize = 4096;

/// CHATAPP-C10b: what somebody has just said, to the reader alone or to everybody.
pub(super) fn said(faults: Faults<Fault>, kind: Kind, sender: &str, text: &str) -> String {
    let is_group = kind == Kind::SendAll;
    let text = match text.lines().next() {
        Some(line) if faults.has(Fault::HeardFirstLine) => line.to_owned(),
        _ if faults.has(Fault::HeardInAscii) => in_ascii(text),
        _ if faults.has(Fault::HeardInWords) => in_words(text),
        _ => text.to_owned(),
    };
    let nameless = if is_group {
        Fault::GroupNameless
    } else {
        Fault::HeardNameless
    };
    let name = if faults.has(nameless) {
        String::new()
    } else if faults.has(Fault::NamesRaw) {
        format!("{sender}: ")
    } else {
        message(sender.as_bytes(), &[])
    };
    let text = if faults.has(Fault::ControlsRaw) {
        text
    } else if faults.has(Fault::ControlsHalfRaw) {
        half_raw(&text)
    } else {
        harmless(&text)
    };
    let channel = if is_group { "[Channel_Message] " } else { "" };
    format!("{channel}{name}{text}")
}

/// CHATAPP-C6: all that has waited, in the order in which it came.
pub(super) fn waited(faults: Faults<Fault>, mut mails: Vec<Mail>) -> Vec<String> {
    if faults.has(Fault::WaitingFirstOnly) {
        mails.truncate(1);
    }
    if faults.has(Fault::WaitingGroupUnshown) {
        mails.retain(|mail| mail.kind != MailKind::SendAll);
    }
    if faults.has(Fault::WaitingReversed) {
        mails.reverse();
    }
    mails.iter().map(|mail| mail_shown(faults, mail)).collect()
}

fn mail_shown(faults: Faults<Fault>, mail: &Mail) -> String {
    let text = if faults.has(Fault::WaitingInAscii) {
        in_ascii(&mail.content)
    } else if faults.has(Fault::WaitingCut) {
        cut(&mail.content, CUT).to_owned()
    } else {
        mail.content.clone()
    };
    let said = if faults.has(Fault::WaitingNameless) {
        harmless(&text)
    } else if faults.has(Fault::WaitingRaw) {
        format!("{}: {text}", mail.from)
    } else {
        message(mail.from.as_bytes(), text.as_bytes())
    };
    let time = if faults.has(Fault::TimesRaw) {
        mail.timestamp.clone()
    } else {
        harmless(&mail.timestamp)
    };
    match mail.kind {
        MailKind::Send => format!("{time} {said}"),
        MailKind::SendAll => format!("{time} [Channel_Message] {said}"),
    }
}
