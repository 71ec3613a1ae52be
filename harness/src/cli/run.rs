use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use super::arguments::RunArgs;
use super::judging::{Assignment, Judged};
use super::known::{self, Known};
use super::reports::ReportArg;
use super::{Exit, reports, say, selection, snapshots, target};
use crate::event::{PlannedProtocol, RunPlan};
use crate::expected::Expected;
use crate::plan::{ScenarioPlan, Suite};
use crate::protocol::Transport;
use crate::report::{Context, Reporters, Terminal};
use crate::run::{Settings, Target, ask, is_listed};
use crate::scenario::SubjectWord;

/// `harness run`.
pub(super) fn run(arguments: &RunArgs, context: Context) -> Exit {
    match prepare(arguments) {
        Ok(prepared) => judge(arguments, context, prepared),
        Err(exit) => exit,
    }
}

/// A run of which everything is known.
pub(super) struct Prepared {
    pub suites: Vec<Suite>,
    pub target: Target,
    pub settings: Settings,
    pub plan: RunPlan,
    pub known: Known,
}

/// Reads everything that a run needs.
///
/// # Errors
/// How the program ends when something cannot be used, which was said.
pub(super) fn prepare(arguments: &RunArgs) -> Result<Prepared, Exit> {
    let refuse = |message: &str, exit: Exit| {
        say(message);
        exit
    };
    let mut suites = selection::read(&arguments.selection).ok_or(Exit::Usage)?;
    if suites.iter().all(|suite| suite.scenarios.is_empty()) {
        let message = selection::why_empty(&arguments.selection);
        return Err(refuse(message, Exit::NotJudged));
    }
    for suite in &mut suites {
        suite
            .scenarios
            .retain(|scenario| is_judged(scenario, arguments));
    }
    suites.retain(|suite| !suite.scenarios.is_empty());
    if suites.is_empty() {
        return Err(refuse(selection::NO_SCENARIO_FITS, Exit::NotJudged));
    }
    let target = target::target(arguments, &suites);
    let target = target.map_err(|message| refuse(&message, Exit::Usage))?;
    let left_out = leave_out(&target, &mut suites, arguments).map_err(|unclear| match unclear {
        Unclear::Say(message) => refuse(&message, Exit::Usage),
        Unclear::None(message) => refuse(&message, Exit::NotJudged),
    })?;
    let expected = known::read(arguments).ok_or(Exit::Usage)?;
    let part = arguments.shard.map(|shard| shard.keep(&mut suites));
    let known = Known::new(arguments, expected, &suites, |plan| {
        is_judged(plan, arguments)
    });
    let settings = settings(arguments, &target, known.expected());
    let plan = RunPlan {
        part,
        ..run_plan(&suites, left_out, &target, &settings, arguments)
    };
    Ok(Prepared {
        suites,
        target,
        settings,
        plan,
        known,
    })
}

/// Whether a scenario judges the side that the flags say is judged.
fn is_judged(scenario: &ScenarioPlan, arguments: &RunArgs) -> bool {
    if arguments
        .subject
        .is_some_and(|side| side != scenario.subject)
    {
        return false;
    }
    match scenario.subject {
        SubjectWord::Server => arguments.client.is_none(),
        SubjectWord::Client => arguments.target.is_none() && arguments.spawn.is_none(),
    }
}

fn settings(arguments: &RunArgs, target: &Target, expected: Arc<Expected>) -> Settings {
    Settings {
        jobs: arguments
            .jobs
            .map_or_else(|| target::default_jobs(target), usize::from),
        seed: arguments.seed.unwrap_or_else(rand::random),
        strict: arguments.strict,
        fail_fast: arguments.fail_fast,
        repeat: usize::try_from(arguments.repeat).unwrap_or(1),
        expected,
    }
}

/// Why it is not known which protocol is to be judged.
enum Unclear {
    /// The user must say it.
    Say(String),
    /// The server was asked and speaks none of them.
    None(String),
}

/// One server speaks one protocol. Where the paths hold several it is asked: first in the one
/// whose default port it is, then in those that are asked without saying anything, then in the
/// others; what goes over streams or over datagrams only where the server listens for them.
fn leave_out(
    target: &Target,
    suites: &mut Vec<Suite>,
    arguments: &RunArgs,
) -> Result<Vec<PlannedProtocol>, Unclear> {
    if suites.len() == 1 || matches!(target, Target::Embedded { .. }) {
        return Ok(Vec::new());
    }
    let Target::Attach { address } = target else {
        let names: Vec<&str> = suites.iter().map(|suite| &*suite.protocol.name).collect();
        let names = names.join(", ");
        let text = format!("which of these protocols does it speak? say --protocol NAME: {names}");
        return Err(Unclear::Say(text));
    };
    let chosen = find_protocol(*address, suites)?;
    let chosen = suites.swap_remove(chosen);
    if !arguments.quiet {
        let name = &chosen.protocol.name;
        say(&format!(
            "the server at {address} speaks {name}: only its scenarios are run"
        ));
    }
    let left_out = suites.iter().map(planned).collect();
    *suites = vec![chosen];
    Ok(left_out)
}

fn find_protocol(address: SocketAddr, suites: &[Suite]) -> Result<usize, Unclear> {
    let mut order: Vec<usize> = (0..suites.len()).collect();
    order.sort_by_key(|index| {
        let protocol = &suites[*index].protocol;
        (
            is_listed(address, protocol.transport) == Some(false),
            protocol.default_port != Some(address.port()),
            protocol
                .probe
                .as_ref()
                .map_or(usize::MAX, |probe| probe.steps.len()),
        )
    });
    let mut tried = Vec::new();
    let mut unreachable: Vec<(Transport, String)> = Vec::new();
    for index in order {
        let protocol = &suites[index].protocol;
        let known = unreachable
            .iter()
            .find(|(transport, _)| *transport == protocol.transport);
        let reason = match known.map(|(_, reason)| reason.clone()) {
            Some(reason) => reason,
            None => match ask(address, protocol) {
                Ok(()) => return Ok(index),
                Err(not) if not.unreachable => {
                    unreachable.push((protocol.transport, not.reason.clone()));
                    not.reason
                }
                Err(not) => not.reason,
            },
        };
        tried.push(format!("  {}: {reason}", protocol.name));
    }
    let tried = tried.join("\n");
    Err(Unclear::None(format!(
        "the server at {address} does not seem to speak any of these protocols; tried:\n{tried}\n\
         if it should speak one of them, say --protocol NAME to have it judged"
    )))
}

fn planned(suite: &Suite) -> PlannedProtocol {
    let protocol = &suite.protocol;
    PlannedProtocol {
        name: Arc::clone(&protocol.name),
        dialect: (!protocol.default_dialect).then(|| Arc::clone(&protocol.dialect)),
        scenarios: suite.scenarios.len(),
    }
}

fn run_plan(
    suites: &[Suite],
    left_out: Vec<PlannedProtocol>,
    target: &Target,
    settings: &Settings,
    arguments: &RunArgs,
) -> RunPlan {
    let repeated = |suite: &Suite| {
        let planned = planned(suite);
        PlannedProtocol {
            scenarios: planned.scenarios * settings.repeat,
            ..planned
        }
    };
    RunPlan {
        protocols: suites.iter().map(repeated).collect(),
        left_out,
        target: target::words(target),
        seed: settings.seed,
        jobs: settings.jobs,
        arguments: again(arguments),
        part: None,
    }
}

/// The flags that running one scenario again needs too.
fn again(arguments: &RunArgs) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut add = |flag: &str, value: &str| words.extend([flag.to_owned(), value.to_owned()]);
    if let Some(target) = &arguments.target {
        add("--target", target);
    }
    if let Some(spawn) = &arguments.spawn {
        add("--spawn", spawn);
    }
    if let Some(client) = &arguments.client {
        add("--client", client);
    }
    if let Some(port) = arguments.port {
        add("--port", &port.to_string());
    }
    if let Some(dialect) = &arguments.selection.dialect {
        add("--dialect", dialect);
    }
    for (name, value) in &arguments.selection.params {
        add("--param", &format!("{name}={value}"));
    }
    if arguments.strict {
        words.push("--strict".to_owned());
    }
    words
}

fn judge(arguments: &RunArgs, context: Context, prepared: Prepared) -> Exit {
    let Prepared {
        suites,
        target,
        settings,
        plan,
        mut known,
    } = prepared;
    let assignment = Assignment {
        suites: &suites,
        target,
        settings,
        plan: &plan,
    };
    let mut reporters = Reporters::default();
    if arguments.reports.iter().any(ReportArg::is_on_stdout) {
        reporters.add("terminal", Terminal::new(std::io::stderr(), context));
    } else {
        reporters.add("terminal", Terminal::new(std::io::stdout(), context));
    }
    match reports::recorder(&arguments.reports, assignment.suites) {
        Ok(Some(recorder)) => reporters.add(reports::NAME, recorder),
        Ok(None) => {}
        Err(message) => {
            say(&message);
            return Exit::Usage;
        }
    }
    let mut keeper = match &arguments.snapshots {
        Some(label) => match snapshots::Keeper::new(assignment.suites, label) {
            Ok(keeper) => Some(keeper),
            Err(error) => {
                say(&error.to_string());
                return Exit::Usage;
            }
        },
        None => None,
    };
    let judged = match assignment.judge(&mut known, keeper.as_mut(), &mut reporters) {
        Ok(judged) => judged,
        Err(error) => {
            say(&format!("cannot start: {error}"));
            return Exit::NotJudged;
        }
    };
    let differ = keeper.is_some_and(|keeper| keeper.tell(context));
    let written = known.finish(&plan.target) & !reports_failed(&reporters);
    let _ = std::io::stdout().flush();
    exit_of(&judged, differ, written)
}

/// Tells which reports could not be written; that nobody reads the terminal is no harm.
pub(super) fn reports_failed(reporters: &Reporters) -> bool {
    let mut any = false;
    for (name, error) in reporters.failed() {
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            say(&format!("the report {name} could not be written: {error}"));
            any = true;
        }
    }
    any
}

fn exit_of(judged: &Judged, snapshots_differ: bool, written: bool) -> Exit {
    match judged.exit() {
        Exit::Conforms | Exit::NotJudged if snapshots_differ => Exit::DoesNotConform,
        Exit::Conforms if !written => Exit::Incomplete,
        exit => exit,
    }
}
