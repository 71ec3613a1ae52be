//! Inboxes in which the order is free: what came waits there until somebody wants it.

use std::sync::Arc;

use super::actor::{Item, ItemKind};
use super::observe::Race;
use super::stop::Stop;
use super::watch::{Expected, Watch};
use super::world::World;
use crate::wire::Message;

impl World {
    /// An inbox whose first item is to be offered. Where the order is free, what some branch wants
    /// comes first, and then what nobody has looked at.
    pub(super) fn bring_news(&mut self, race: &Race<'_>) -> Result<Option<usize>, Stop> {
        let mut actors = race.heads().map(|(_, watch)| watch.actor);
        if !self.has_datagrams() {
            return Ok(actors.find(|actor| self.actors[*actor].has_news()));
        }
        let actors: Vec<usize> = actors.collect();
        for actor in actors {
            if !self.actors[actor].is_unordered() {
                if self.actors[actor].has_news() {
                    return Ok(Some(actor));
                }
                continue;
            }
            let mut found = None;
            for (at, item) in self.actors[actor].inbox.iter().enumerate() {
                let mut wanted = !item.checked;
                for (_, watch) in race.heads_of(actor) {
                    wanted |= self.fits(watch, &item.what)?;
                }
                if wanted {
                    found = Some(at);
                    break;
                }
            }
            if let Some(at) = found {
                self.actors[actor].bring_forward(at);
                return Ok(Some(actor));
            }
        }
        Ok(None)
    }

    /// Whether the first item of an inbox without order may be wanted later.
    pub(super) fn may_wait(&self, actor: usize) -> bool {
        let first = self.actors[actor].inbox.front();
        first.is_some_and(|item| matches!(item.what, ItemKind::Message(_)))
    }

    /// Where the order is free, a message of the kind that was expected and that nobody wanted: it
    /// is then what should have been otherwise.
    pub(super) fn bring_rival(&mut self, watch: &Watch<'_>) -> Option<Arc<Message>> {
        let Expected::Message(pattern, ..) = watch.what else {
            return None;
        };
        if !self.actors[watch.actor].is_unordered() {
            return None;
        }
        let of_kind = |item: &Item| match &item.what {
            ItemKind::Message(message) if pattern.takes_kind(&message.kind) => {
                Some(Arc::clone(message))
            }
            _ => None,
        };
        let inbox = self.actors[watch.actor].inbox.iter();
        let (at, message) = inbox
            .enumerate()
            .find_map(|(at, item)| Some((at, of_kind(item)?)))?;
        self.actors[watch.actor].bring_forward(at);
        Some(message)
    }

    /// Brings what nobody has looked at to the front of an inbox; false when there is nothing.
    pub(super) fn bring_unseen(&mut self, inbox: usize) -> bool {
        let known = &mut self.actors[inbox];
        let unseen = if known.is_unordered() {
            known.inbox.iter().position(|item| !item.checked)
        } else {
            (!known.inbox.is_empty()).then_some(0)
        };
        unseen.map(|at| known.bring_forward(at)).is_some()
    }
}
