//! What is done with a message before any step looks at it, and when none wants it.

use std::sync::Arc;

use super::actor::{Item, ItemKind};
use super::problem::Problem;
use super::stop::{Done, Stop, undecided};
use super::world::{Names, World};
use crate::plan::StepPlace;
use crate::transcript::Use;
use crate::wire::{Message, Value};

impl World {
    /// Takes the first item out of an inbox.
    pub(super) fn pop(&mut self, actor: usize) -> Option<Item> {
        let (item, has_room_again) = self.actors[actor].pop();
        self.look_again |= has_room_again;
        item
    }

    /// Holds the first item of an inbox against `never` and `always`, once.
    pub(super) async fn check_item(&mut self, actor: usize) -> Done {
        let Some(item) = self.actors[actor].inbox.front_mut() else {
            return Ok(());
        };
        if std::mem::replace(&mut item.checked, true) {
            return Ok(());
        }
        let event = item.event;
        let Some(ItemKind::Message(message)) = self.first_in(actor) else {
            return Ok(());
        };
        let is_probe = self.fence_of(actor, message).is_some() || self.is_own_probe(actor, message);
        if is_probe {
            return Ok(());
        }
        // A message under a name that is nobody's here may be a stranger's, but also one that the
        // server let out under a false name. What `never` says of it tells: a text of this scenario
        // is no stranger's, and one that forbids everything needs a server without strangers.
        let is_ambient = self.is_ambient(message);
        let takes_kind = |always: &crate::plan::StrayPlan| always.pattern.takes_kind(&message.kind);
        let has_always = !is_ambient && self.protocol.always.iter().any(takes_kind);
        let owner = self.owner(actor);
        let checked = has_always || !self.actors[owner].never.is_empty();
        let message = checked.then(|| Arc::clone(message));
        self.strangers |= is_ambient;
        let Some(message) = message else {
            return Ok(());
        };
        self.check_never(actor, event, &message).await?;
        if is_ambient {
            return Ok(());
        }
        self.check_always(actor, event, &message)
    }

    /// What comes first in an inbox.
    fn first_in(&self, actor: usize) -> Option<&ItemKind> {
        self.actors[actor].inbox.front().map(|item| &item.what)
    }

    async fn check_never(&mut self, actor: usize, event: usize, message: &Arc<Message>) -> Done {
        let mut broken: Option<Arc<StepPlace>> = None;
        for never in &self.actors[self.owner(actor)].never {
            let names = Names {
                locals: &never.locals,
                ..self.names(Some(actor))
            };
            if never
                .pattern
                .fits(message, &self.protocol.codec, &names)
                .map_err(undecided)?
            {
                broken = Some(Arc::clone(&never.place));
                break;
            }
        }
        let Some(place) = broken else { return Ok(()) };
        let problem = Problem::Forbidden {
            event,
            message: Arc::clone(message),
        };
        self.fail_plainly(&place, Some(actor), problem).await?;
        self.note_blamed(actor);
        Ok(())
    }

    fn check_always(&mut self, actor: usize, event: usize, message: &Arc<Message>) -> Done {
        let protocol = Arc::clone(&self.protocol);
        for always in &protocol.always {
            if !always.pattern.takes_kind(&message.kind) {
                continue;
            }
            let names = self.names(Some(actor));
            if always
                .pattern
                .fits(message, &protocol.codec, &names)
                .map_err(undecided)?
            {
                continue;
            }
            let place = self.here();
            let problem = Problem::Forbidden {
                event,
                message: Arc::clone(message),
            };
            self.breach(&place, actor, problem, &always.rule, Some(&always.pattern))?;
        }
        Ok(())
    }

    /// Notes that a step has complained about the first item. A later step may still want it.
    pub(super) fn note_blamed(&mut self, actor: usize) {
        if let Some(item) = self.actors[actor].inbox.front_mut() {
            item.blamed = true;
        }
    }

    /// Takes the first item out when it needs no step: a fence's message, a stranger's, an ignored
    /// kind, or what a step has complained about.
    pub(super) fn skip_if_free(&mut self, actor: usize) -> bool {
        let Some(item) = self.actors[actor].inbox.front() else {
            return false;
        };
        if item.blamed {
            self.pop(actor);
            return true;
        }
        let ItemKind::Message(message) = &item.what else {
            return false;
        };
        let event = item.event;
        let use_ = if let Some(number) = self.fence_of(actor, message) {
            let owner = self.owner(actor);
            self.actors[owner].fences_seen.push(number);
            Use::Fence
        } else if self.is_ambient(message) {
            self.strangers = true;
            Use::Ambient
        } else if self.is_ignored(actor, message) {
            Use::Ignored
        } else {
            return false;
        };
        self.transcript.set_use(event, use_, None);
        self.pop(actor);
        true
    }

    /// Whether this is what the probe brings back that the actor has just sent.
    fn is_own_probe(&self, actor: usize, message: &Message) -> bool {
        let (Some(fence), Some((text, prober))) = (&self.protocol.fence, self.probes.last()) else {
            return false;
        };
        let names = Names {
            nonce: Some(text),
            ..self.names(Some(actor))
        };
        let fits = |pattern: &crate::matching::Pattern| {
            pattern
                .fits(message, &self.protocol.codec, &names)
                .unwrap_or(false)
        };
        self.probing && *prober == self.owner(actor) && fence.own.iter().any(fits)
    }

    fn is_ignored(&self, actor: usize, message: &Message) -> bool {
        let owner = self.owner(actor);
        if self.actors[owner].ignores(&message.kind) {
            return true;
        }
        let names = self.names(Some(actor));
        let fits = |some: &crate::matching::Pattern| {
            some.fits(message, &self.protocol.codec, &names)
                .unwrap_or(false)
        };
        !self.actors[owner].judges(&message.kind) && self.protocol.ignore_some.iter().any(fits)
    }

    /// The fence whose probe this message is, when the actor may see it and has not yet.
    fn fence_of(&self, actor: usize, message: &Message) -> Option<usize> {
        let fence = self.protocol.fence.as_ref()?;
        let owner = self.owner(actor);
        if self.probes.is_empty() || !self.actors[owner].has_mark(&fence.who) {
            return None;
        }
        let kinds = fence
            .others
            .iter()
            .any(|pattern| pattern.takes_kind(&message.kind));
        if !kinds {
            return None;
        }
        let seen = &self.actors[owner].fences_seen;
        let is_it = |(number, (text, prober)): &(usize, &(String, usize))| {
            let names = Names {
                nonce: Some(text),
                ..self.names(Some(actor))
            };
            let fits = |pattern: &crate::matching::Pattern| {
                pattern
                    .fits(message, &self.protocol.codec, &names)
                    .unwrap_or(false)
            };
            *prober != owner && !seen.contains(number) && fence.others.iter().any(fits)
        };
        self.probes
            .iter()
            .enumerate()
            .rev()
            .find(is_it)
            .map(|(number, _)| number)
    }

    /// Whether a message concerns only users who are not of this scenario.
    fn is_ambient(&self, message: &Message) -> bool {
        if !self.shared.may_have_strangers() {
            return false;
        }
        let ambient = self
            .protocol
            .ambient
            .iter()
            .find(|(kind, _)| *kind == message.kind);
        let Some((_, field)) = ambient else {
            return false;
        };
        let Some(value) = message.field(field) else {
            return false;
        };
        // The field may be a text that names users, such as a notice of somebody's coming, or a list.
        let names_us = |actor: &super::actor::Actor| mentions(value, &actor.name);
        !self.actors.iter().any(names_us)
    }

    /// Records a known fault as a finding of its own and goes on, where the protocol says so.
    pub(super) fn absorb(&mut self, actor: usize) -> Result<bool, Stop> {
        let Some(item) = self.actors[actor].inbox.front() else {
            return Ok(false);
        };
        let ItemKind::Message(message) = &item.what else {
            return Ok(false);
        };
        let (event, message) = (item.event, Arc::clone(message));
        let protocol = Arc::clone(&self.protocol);
        let names = self.names(Some(actor));
        let mut found = None;
        for stray in protocol.stray.iter().filter(|stray| stray.absorb) {
            if stray
                .pattern
                .fits(&message, &protocol.codec, &names)
                .map_err(undecided)?
            {
                found = Some(stray);
                break;
            }
        }
        let Some(stray) = found else { return Ok(false) };
        let place = self.here();
        let known = self
            .findings
            .iter()
            .any(|finding| finding.rule.id == stray.rule.id);
        self.pop(actor);
        if known {
            self.transcript.set_use(event, Use::Blamed, None);
            return Ok(true);
        }
        match self.breach(
            &place,
            actor,
            Problem::Stray {
                event,
                message,
                probe: None,
            },
            &stray.rule,
            None,
        ) {
            Ok(()) | Err(Stop::Failed) => Ok(true),
            Err(stop) => Err(stop),
        }
    }

    /// The step that is running, as a place to blame.
    pub(super) fn here(&self) -> Arc<StepPlace> {
        Arc::clone(&self.place)
    }
}

/// Whether a name stands somewhere in a value, and not only as a part of another name.
fn mentions(value: &Value, name: &str) -> bool {
    let apart = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    match value {
        Value::Text(text) => text.match_indices(name).any(|(at, _)| {
            let behind = &text[at + name.len()..];
            apart(text[..at].chars().next_back()) && apart(behind.chars().next())
        }),
        Value::List(items) => items.iter().any(|item| mentions(item, name)),
        Value::Map(entries) => entries.iter().any(|(_, value)| mentions(value, name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_mentioned_where_it_is_a_word() {
        let text = |text: &str| Value::Text(text.to_owned());
        let entry = Value::Map(vec![("name".to_owned(), text("bob"))]);
        for value in [
            text("bob"),
            text("<bob> has joined"),
            text("kbob and bob"),
            Value::List(vec![Value::Null, entry]),
        ] {
            assert!(mentions(&value, "bob"), "{value}");
        }
        for value in [text("kbob"), text("bobby"), text(""), Value::Int(7)] {
            assert!(!mentions(&value, "bob"), "{value}");
        }
    }
}
