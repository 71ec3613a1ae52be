use std::io::Write as _;
use std::num::NonZero;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::arguments::ProveArgs;
use super::{Exit, complain, say, selection};
use crate::plan::Suite;
use crate::prove::{Exceptions, Settings, prove as prove_one, shares};
use crate::report::{Context, Verbosity, proof};
use crate::run::embedded;
use crate::source::Diagnostics;

/// `harness prove`.
pub(super) fn prove(arguments: &ProveArgs, context: Context) -> Exit {
    let Some(mut suites) = selection::read(&arguments.selection) else {
        return Exit::Usage;
    };
    suites.retain(|suite| !embedded::faults(&suite.protocol.name).is_empty());
    if suites.is_empty() {
        say("nothing to prove: no reference program of these protocols can be given faults");
        return Exit::NotJudged;
    }
    for name in &arguments.fault {
        let known = |suite: &Suite| {
            let faults = embedded::faults(&suite.protocol.name);
            faults.iter().any(|fault| fault.name == name)
        };
        if !suites.iter().any(known) {
            say(&format!(
                "--fault {name}: there is no such fault in these protocols; \
                 `reference-server faults` and `reference-client faults` list all"
            ));
            return Exit::Usage;
        }
    }
    let partly = !arguments.fault.is_empty() || !arguments.selection.filter.is_empty();
    let settings = Settings {
        all: arguments.all,
        whole: !partly,
        jobs: NonZero::new(usize::from(arguments.jobs)).unwrap_or(NonZero::<usize>::MIN),
        seed: arguments.seed.unwrap_or_else(rand::random),
        stop: CancellationToken::new(),
    };
    let wanted = |fault: &embedded::Fault| {
        arguments.fault.is_empty() || arguments.fault.iter().any(|name| name == fault.name)
    };
    let mut exceptions = Vec::new();
    for suite in &suites {
        let mut diagnostics = Diagnostics::default();
        exceptions.push(Exceptions::read(&suite.protocol.folder, &mut diagnostics));
        if diagnostics.has_errors() {
            complain(&diagnostics);
            return Exit::Usage;
        }
    }
    let shares = shares(&suites, &wanted, settings.jobs);
    let tried = &|suite: &Suite, exceptions: &Exceptions, jobs: NonZero<usize>| {
        let began = Instant::now();
        let settings = Settings {
            jobs,
            ..settings.clone()
        };
        let proven = prove_one(suite, exceptions, &wanted, &settings);
        proven.map(|proven| (proven, began.elapsed()))
    };
    let mut holds = true;
    // Faults are waited for more than worked for, so the protocols are tried side by side.
    let ended = std::thread::scope(|scope| {
        let each = suites.iter().zip(&exceptions).zip(shares);
        let running: Vec<_> = each
            .map(|((suite, exceptions), jobs)| scope.spawn(move || tried(suite, exceptions, jobs)))
            .collect();
        for thread in running {
            let (proven, took) = match thread.join() {
                Ok(Ok(proven)) => proven,
                Ok(Err(error)) => {
                    say(&format!("cannot start: {error}"));
                    return Some(Exit::NotJudged);
                }
                Err(panic) => std::panic::resume_unwind(panic),
            };
            if settings.stop.is_cancelled() {
                return Some(Exit::Interrupted);
            }
            let shown = proof::Shown {
                verbose: context.verbosity == Verbosity::Verbose,
                whole: !partly,
                took,
            };
            let text = proof::proof(&proven, &shown, context.width).to_text(context.colors);
            // A closed pipe (`| head`) is no error.
            let _ = write!(std::io::stdout().lock(), "{text}");
            holds &= proven.holds(!partly);
        }
        None
    });
    if let Some(exit) = ended {
        return exit;
    }
    if holds {
        Exit::Conforms
    } else {
        Exit::DoesNotConform
    }
}
