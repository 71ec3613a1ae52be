//! Proof of silence: a probe along the same path, in one round trip.

use std::sync::Arc;

use tokio::time::Instant;

use super::observe::Join;
use super::outgoing::Outgoing;
use super::problem::Problem;
use super::stop::{Done, Stop, undecided};
use super::watch::{Branch, Watch};
use super::world::{Names, World};
use crate::matching::Pattern;
use crate::plan::{FencePlan, PayloadPlan, StepPlace, Who};
use crate::transcript::{Cause, What};

impl World {
    /// Lets actors probe one after another; everybody else who takes part must receive the probe.
    pub(super) async fn fence(&mut self, place: &Arc<StepPlace>, who: Option<&[usize]>) -> Done {
        let protocol = Arc::clone(&self.protocol);
        let Some(fence) = &protocol.fence else {
            return Err(undecided("there is no fence"));
        };
        let health = self.shared.fence_health(&protocol.name);
        if health.is_broken() {
            return self.wait_instead(fence).await;
        }
        let taking_part: Vec<usize> = (0..self.actors.len())
            .filter(|actor| self.takes_part(*actor, fence))
            .collect();
        let probers: Vec<usize> = match who {
            None => taking_part.clone(),
            Some(groups) => groups
                .iter()
                .flat_map(|g| self.members(Who::Group(*g)))
                .collect(),
        };
        if probers.is_empty() {
            return self.nobody_probes(place, fence).await;
        }
        let found = self.findings.len();
        for prober in probers {
            let outcome = self.probe(place, fence, prober, &taking_part).await;
            // A rule of the level `should` ends nothing, but the probe has failed all the same.
            let failed = self.findings.len() > found;
            if failed && self.is_the_fence_at_fault().await {
                return Err(self.blame_fence(fence, found));
            }
            outcome?;
        }
        if self.findings.len() == found {
            health.note_working();
        }
        self.nothing_is_left(place, &taking_part).await?;
        for actor in taking_part {
            self.actors[actor].never.clear();
        }
        Ok(())
    }

    /// Lets all who take part probe; nothing is said about what is at fault.
    pub(super) async fn probe_all(&mut self, place: &Arc<StepPlace>, fence: &FencePlan) -> Done {
        let taking_part: Vec<usize> = (0..self.actors.len())
            .filter(|actor| self.takes_part(*actor, fence))
            .collect();
        for &prober in &taking_part {
            self.probe(place, fence, prober, &taking_part).await?;
        }
        Ok(())
    }

    fn takes_part(&self, actor: usize, fence: &FencePlan) -> bool {
        let actor = &self.actors[actor];
        actor.has_mark(&fence.who) && actor.is_open() && actor.unanswered == 0 && actor.reading
    }

    /// Nobody is left who could probe: either the server has ended the connections of all that
    /// could, or the scenario is at fault.
    async fn nobody_probes(&mut self, place: &Arc<StepPlace>, fence: &FencePlan) -> Done {
        let ended = self
            .actors
            .iter()
            .position(|a| a.has_mark(&fence.who) && a.ended.is_some());
        let Some(actor) = ended else {
            return Err(undecided("no actor is there to probe"));
        };
        let problem = Problem::Told {
            problem: format!("the {} ended the connection", self.protocol.subject_word()),
            expected: Some("a connection that can still be used".to_owned()),
            received: Some("the end of the connection".to_owned()),
            timed: false,
        };
        self.fail_plainly(place, Some(actor), problem).await
    }

    async fn probe(
        &mut self,
        place: &Arc<StepPlace>,
        fence: &FencePlan,
        prober: usize,
        taking_part: &[usize],
    ) -> Done {
        let number = self.probes.len();
        let nonce: Arc<str> = format!("{}{number}", self.nonce_prefix()).into();
        self.probes.push((nonce.to_string(), prober));
        let names = Names {
            nonce: Some(&nonce),
            ..self.names(Some(prober))
        };
        let (bytes, message) = self.payload(prober, &fence.probe, &names)?;
        self.pace(prober).await;
        let via = match &fence.probe {
            PayloadPlan::Message { kind, .. } => self.outlet_of(kind),
            PayloadPlan::Raw(_) => None,
        };
        let outgoing = Outgoing {
            bytes,
            message,
            via,
            to: None,
            copies: Some(1),
        };
        let used = self.put_out(prober, vec![outgoing], Cause::Fence)?;
        self.flush(&used).await;
        self.last_send = Some(Instant::now());
        self.last_action = Instant::now();
        let nonce = (number, nonce);
        let mut branches: Vec<Branch<'_>> = Vec::new();
        for pattern in &fence.own {
            branches.push(self.watches(place, prober, std::slice::from_ref(pattern), &nonce)?);
        }
        for &actor in taking_part.iter().filter(|actor| **actor != prober) {
            branches.push(self.watches(place, actor, &fence.others, &nonce)?);
        }
        self.probing = true;
        let done = self.observe(branches, Join::All).await;
        self.probing = false;
        done
    }

    /// Whether probes do not come back either when nothing else is going on: they get no answer,
    /// or another one than they should, as where nobody may write to himself.
    async fn is_the_fence_at_fault(&mut self) -> bool {
        let health = self.shared.fence_health(&self.protocol.name);
        !health.works() && super::control::fences_fail(self).await
    }

    /// The fence's own rule is broken, unless what came names another: said once, and from here on
    /// silence is waited for.
    fn blame_fence(&mut self, fence: &FencePlan, found: usize) -> Stop {
        let health = self.shared.fence_health(&self.protocol.name);
        let first = health.note_broken();
        let text = "probes do not come back on this server: silence is waited for instead";
        self.note(None, What::Note(text.to_owned()));
        if !first {
            return Stop::Again;
        }
        for (index, finding) in self.findings.iter_mut().enumerate().skip(found) {
            if !self.named.contains(&index) {
                finding.rule = Arc::clone(&fence.rule);
            }
            finding.hints.push(text.to_owned());
        }
        Stop::Failed
    }

    async fn wait_instead(&mut self, fence: &FencePlan) -> Done {
        let until = Instant::now() + fence.fallback;
        let _: Option<()> = self.drive(until, |_| None).await;
        for actor in 0..self.actors.len() {
            let mut looked_at = 0;
            while looked_at < 10_000 && self.bring_unseen(actor) {
                looked_at += 1;
                self.check_item(actor).await?;
                if !self.skip_if_free(actor) && !self.actors[actor].is_unordered() {
                    break;
                }
            }
            self.actors[actor].never.clear();
        }
        Ok(())
    }

    fn nonce_prefix(&mut self) -> String {
        if self.nonce_prefix.is_empty() {
            use rand::RngExt as _;
            let number: u32 = self.rng.random();
            self.nonce_prefix = format!("{number:08x}-");
        }
        self.nonce_prefix.clone()
    }

    /// What an actor must receive of a probe.
    fn watches<'p>(
        &self,
        place: &Arc<StepPlace>,
        actor: usize,
        patterns: &'p [Pattern],
        nonce: &(usize, Arc<str>),
    ) -> Result<Branch<'p>, Stop> {
        let watch = |pattern| {
            let inbox = self.inbox_of(actor, pattern)?;
            let mut watch = Watch::message(Arc::clone(place), inbox, pattern);
            watch.nonce = Some(nonce.clone());
            Ok(watch)
        };
        patterns.iter().map(watch).collect()
    }

    /// Where the order is free, a probe that came back does not show what else came: that is
    /// looked at here, and nothing may be left.
    async fn nothing_is_left(&mut self, place: &Arc<StepPlace>, actors: &[usize]) -> Done {
        let inboxes: Vec<usize> = actors
            .iter()
            .flat_map(|actor| self.inboxes(*actor))
            .collect();
        for inbox in inboxes {
            if self.actors[inbox].is_unordered() {
                let until = Instant::now() + self.protocol.deadline;
                self.settle_inbox(inbox, place, until).await?;
            }
        }
        Ok(())
    }
}
