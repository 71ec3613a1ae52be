//! Connecting actors, and finding out whether the server still lives.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;
use super::listening;
use super::problem::Problem;
use super::session::Session;
use super::stop::{Done, Stop, undecided};
use super::world::World;
use crate::plan::{StepPlace, Who};
use crate::transcript::What;

/// The pause between two attempts to connect.
pub(super) const RETRY: Duration = Duration::from_millis(20);

/// How long the news of a program's death may take.
const DEATH_NEWS: Duration = Duration::from_millis(250);

impl World {
    /// The actors that a word means.
    pub(super) fn members(&self, who: Who) -> Range<usize> {
        match who {
            // The sockets of actors stand behind all actors.
            Who::All => 0..self.scenario.actors.len(),
            Who::Group(group) => {
                let group = self.scenario.groups.get(group);
                group.map_or(0..0, |group| group.members.clone())
            }
        }
    }

    /// Connects an actor at its first step.
    pub(super) async fn ensure_connected(&mut self, actor: usize, place: &Arc<StepPlace>) -> Done {
        let known = &self.actors[actor];
        if known.session.is_some()
            || known.ended.is_some()
            || known.closed.is_some()
            || known.owner != actor
        {
            return Ok(());
        }
        self.connect(actor, place).await
    }

    /// Makes a connection for an actor, dropping the one that it may have.
    pub(super) async fn connect(&mut self, actor: usize, place: &Arc<StepPlace>) -> Done {
        if self.has_datagrams() {
            return self.open_main(actor, place).await;
        }
        if self.judges_client() {
            return self.accept(actor, place).await;
        }
        self.actors[actor].session = None;
        let until = self.subject.patience(&self.shared);
        let receive_buffer = self.actors[actor].receive_buffer;
        let direction = self.protocol.receives();
        loop {
            let attempt = self.subject.connect(receive_buffer);
            let error = match self.drive_beside(attempt).await {
                Ok(stream) => {
                    let (local, peer) = stream.addresses();
                    self.actors[actor].begin_connection(Session::Stream(Box::new(
                        Connection::new(stream, direction),
                    )));
                    self.note(Some(actor), What::Connected { local, peer });
                    self.subject.note_accepted(&self.shared);
                    self.last_action = Instant::now();
                    return Ok(());
                }
                Err(error) => error,
            };
            if Instant::now() >= until || self.subject.death().is_some() {
                return self.not_connected(actor, place, &error).await;
            }
            let pause = Instant::now() + RETRY;
            let _: Option<()> = self.drive(pause, |_| None).await;
            self.go_on()?;
        }
    }

    pub(super) async fn not_connected(
        &mut self,
        actor: usize,
        place: &Arc<StepPlace>,
        error: &std::io::Error,
    ) -> Done {
        self.note(Some(actor), What::ConnectFailed(error.to_string()));
        // A server that ends may refuse newcomers: for them that is the end of their connection.
        if self.subject.is_ending() {
            self.refuse(actor);
            return Ok(());
        }
        if self.subject.may_still_die() {
            let until = Instant::now() + DEATH_NEWS;
            self.drive(until, |world| world.subject.death()).await;
        }
        if let Some(how) = self.subject.death() {
            // One that was never there has broken no rule: it was not started as it wants to be.
            if !self.shared.reached.load(Ordering::Relaxed) {
                let error = format!("the program ended before it listened: {how}");
                return Err(undecided(error));
            }
            return self
                .fail_plainly(place, Some(actor), Problem::Died { how })
                .await;
        }
        let address = self.subject.address();
        if self.subject.program().is_some() && !self.subject.was_reached() {
            return Err(undecided(format!(
                "the program was started, but nothing listens at {address}: {error}"
            )));
        }
        // The end of the scenario before this one can have killed it as well: that is said once.
        let reached = self.shared.reached.load(Ordering::Relaxed);
        let known = self.shared.unreachable.load(Ordering::Relaxed);
        let met = self
            .transcript
            .events()
            .any(|event| matches!(event.what, What::Connected { .. }));
        if met || (reached && !known) {
            let how = format!("it no longer accepts connections at {address}: {error}");
            let done = self
                .fail_plainly(place, Some(actor), Problem::Died { how })
                .await;
            let is_said = done == Err(Stop::Failed);
            self.shared.unreachable.fetch_or(is_said, Ordering::Relaxed);
            return done;
        }
        self.shared.unreachable.store(true, Ordering::Relaxed);
        Err(undecided(format!("{address} cannot be reached: {error}")))
    }

    /// How the server died, if it did: the program ended, or nobody listens any more.
    pub(super) async fn death(&mut self) -> Option<String> {
        if self.subject.is_watched() {
            let ended = |world: &mut Self| world.subject.death();
            let until = Instant::now() + DEATH_NEWS;
            return match self.subject.death() {
                Some(how) => Some(how),
                // The news of a process's end come after those of its connections.
                None if self.subject.may_still_die() && self.someone_was_ended() => {
                    self.drive(until, ended).await
                }
                None => None,
            };
        }
        if self.has_datagrams() {
            let address = self.subject.address();
            let heard = self.drive_beside(listening::is_heard(address, false)).await;
            let gone = heard == Some(false);
            return gone.then(|| format!("nothing listens at {address} any more"));
        }
        let attempt = self.subject.connect(None);
        let error = self.drive_beside(attempt).await.err()?;
        let refused = error.kind() == std::io::ErrorKind::ConnectionRefused;
        refused.then(|| format!("nothing listens at {} any more", self.subject.address()))
    }

    fn someone_was_ended(&self) -> bool {
        self.actors
            .iter()
            .any(|actor| actor.ended.is_some() && !actor.end_expected)
    }
}
