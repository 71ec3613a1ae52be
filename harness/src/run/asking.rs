//! Which protocol a server speaks, found out by asking.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::runtime::{Builder, LocalOptions};
use tokio_util::sync::CancellationToken;

use super::lateness::Lateness;
use super::stop::Stop;
use super::subject::{NotHere, Subject, effective_params};
use super::target::{Shared, Target};
use super::world::{Setting, World};
use crate::plan::ProtocolPlan;

/// Why a server seems not to speak a protocol.
#[derive(Debug, Clone)]
pub struct NotSpoken {
    /// One sentence.
    pub reason: String,
    /// Nobody was there to be asked over the protocol's transport.
    pub unreachable: bool,
}

impl From<String> for NotSpoken {
    fn from(reason: String) -> Self {
        Self {
            reason,
            unreachable: false,
        }
    }
}

/// Asks a server whether it speaks a protocol.
///
/// # Errors
/// Why it seems not to.
pub fn ask(address: SocketAddr, protocol: &Arc<ProtocolPlan>) -> Result<(), NotSpoken> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default());
    let runtime = runtime.map_err(|error| format!("cannot ask: {error}"))?;
    runtime.block_on(probe(address, protocol))
}

async fn probe(address: SocketAddr, protocol: &Arc<ProtocolPlan>) -> Result<(), NotSpoken> {
    let Some(scenario) = protocol.probe.clone() else {
        return Err("its file does not say how it may be asked (`probe`)"
            .to_owned()
            .into());
    };
    let target = Target::Attach { address };
    let shared = Arc::new(Shared::new(target, CancellationToken::new()));
    let words = |not_here| match not_here {
        NotHere::Skip(reason) | NotHere::Cannot(reason) => reason,
    };
    let params = effective_params(protocol, &scenario, &shared.target).map_err(words)?;
    let subject = Subject::start(protocol, &scenario, &params, &shared)
        .await
        .map_err(words)?;
    let setting = Setting {
        protocol: Arc::clone(protocol),
        scenario: Arc::clone(&scenario),
        shared: Arc::clone(&shared),
        subject,
        params,
        lateness: Lateness::default(),
        rng: StdRng::from_rng(&mut rand::rng()),
    };
    let mut world = World::new(setting, &shared.names);
    let mut not_run = 0;
    let outcome = world.run_steps(&scenario.steps, &mut not_run).await;
    let end = world.tear_down().await;
    let reason = match outcome {
        Ok(()) if end.findings.is_empty() => return Ok(()),
        Ok(()) | Err(Stop::Failed) => {
            let finding = end.findings.into_iter().next();
            finding.map_or_else(
                || "it answers otherwise".to_owned(),
                |f| f.received.unwrap_or(f.problem),
            )
        }
        Err(Stop::Undecided(reason) | Stop::NotHere(reason) | Stop::Late(reason)) => reason,
        Err(Stop::Again) => "it answers otherwise".to_owned(),
    };
    Err(NotSpoken {
        reason,
        unreachable: shared.unreachable.load(Ordering::Relaxed),
    })
}
