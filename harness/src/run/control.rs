//! Whether fences work on a target at all, found out with fresh actors on which nothing else was
//! tried.

use std::pin::Pin;
use std::sync::Arc;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::stop::Stop;
use super::subject::{Subject, effective_params};
use super::world::{Setting, World};
use crate::plan::StepPlace;

/// True when probes of fresh actors do not come back either; false when they do, or when that
/// cannot be told.
pub(super) fn fences_fail(world: &World) -> Pin<Box<dyn Future<Output = bool>>> {
    let protocol = Arc::clone(&world.protocol);
    let shared = Arc::clone(&world.shared);
    let lateness = world.lateness.clone();
    Box::pin(async move {
        let Some(fence) = &protocol.fence else {
            return false;
        };
        let Some(control) = fence.control.clone() else {
            return false;
        };
        let Ok(params) = effective_params(&protocol, &control, &shared.target) else {
            return false;
        };
        let Ok(subject) = Subject::start(&protocol, &control, &params, &shared).await else {
            return false;
        };
        let setting = Setting {
            protocol: Arc::clone(&protocol),
            scenario: Arc::clone(&control),
            shared: Arc::clone(&shared),
            subject,
            params,
            lateness,
            rng: StdRng::from_rng(&mut rand::rng()),
        };
        let mut world = World::new(setting, &shared.names);
        let mut not_run = 0;
        let fails = match world.run_steps(&control.steps, &mut not_run).await {
            Ok(()) => {
                let place = Arc::new(StepPlace {
                    span: fence.span.clone(),
                    used_at: None,
                    rules: Vec::new(),
                    macro_rule: None,
                });
                let stopped = world.probe_all(&place, fence).await == Err(Stop::Failed);
                stopped || !world.findings.is_empty()
            }
            Err(_) => false,
        };
        world.tear_down().await;
        fails
    })
}
