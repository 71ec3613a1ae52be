//! Waiting for nothing to come, where no fence can prove it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::actor::ItemKind;
use super::problem::Problem;
use super::stop::Done;
use super::world::World;
use crate::plan::{StepPlace, Who};

impl World {
    /// No judged message of an actor for a while.
    pub(super) async fn silence(
        &mut self,
        place: &Arc<StepPlace>,
        who: Who,
        how_long: Duration,
    ) -> Done {
        let mut until = Instant::now() + how_long;
        // Who never comes to the end of a message is not waited for.
        let last = until + self.protocol.deadline;
        let members = self.members(who);
        for actor in members.clone() {
            self.ensure_connected(actor, place).await?;
        }
        let inboxes = members.flat_map(|actor| self.inboxes(actor));
        let actors: Vec<usize> = inboxes.collect();
        loop {
            let heard = |world: &mut Self| {
                let unread = |actor: &usize| {
                    world.actors[*actor]
                        .inbox
                        .front()
                        .is_some_and(|item| !matches!(item.what, ItemKind::Ended(_)))
                };
                actors.iter().copied().find(unread)
            };
            let Some(actor) = self.drive(until, heard).await else {
                // What has begun to come is a message when nothing has followed it for a while.
                let rest = |actor: &usize| {
                    let session = self.actors[*actor].session.as_ref()?;
                    session.rest_due(&self.protocol.codec)
                };
                match actors.iter().filter_map(rest).max() {
                    Some(rest) if rest > until && rest < last => until = rest,
                    _ => return self.go_on(),
                }
                self.go_on()?;
                continue;
            };
            self.check_item(actor).await?;
            if self.skip_if_free(actor) || self.absorb(actor)? {
                if Instant::now() >= until {
                    return Ok(());
                }
                continue;
            }
            let Some(item) = self.actors[actor].inbox.front() else {
                continue;
            };
            let problem = match &item.what {
                ItemKind::Message(message) => Problem::NotSilent {
                    event: item.event,
                    message: Arc::clone(message),
                },
                ItemKind::Malformed { offset, reason } => Problem::Malformed {
                    event: item.event,
                    offset: *offset,
                    reason: reason.clone(),
                },
                ItemKind::Unfinished { missing } => Problem::Unfinished {
                    event: item.event,
                    missing: missing.clone(),
                },
                ItemKind::Ended(_) => continue,
            };
            self.fail_plainly(place, Some(actor), problem).await?;
            self.note_blamed(actor);
            return Ok(());
        }
    }
}
