use std::io::Write as _;

use super::arguments::CheckArgs;
use super::{Exit, complain, say, selection};
use crate::plan::Suite;
use crate::report::Context;
use crate::source::{Diagnostic, Diagnostics};
use crate::verdict::Rule;

/// `harness check`.
pub(super) fn check(arguments: &CheckArgs, _context: Context) -> Exit {
    let (suites, mut diagnostics) = selection::read_quietly(&arguments.selection);
    if !diagnostics.has_errors() {
        for suite in &suites {
            check_suite(
                suite,
                arguments.selection.filter.is_empty(),
                &mut diagnostics,
            );
        }
    }
    if !diagnostics.is_empty() {
        complain(&diagnostics);
    }
    if diagnostics.has_errors() {
        return Exit::Usage;
    }
    let filtered = !arguments.selection.filter.is_empty();
    if filtered && suites.iter().all(|suite| suite.scenarios.is_empty()) {
        say(selection::NO_SCENARIO_FITS);
        return Exit::NotJudged;
    }
    for suite in &suites {
        let protocol = &suite.protocol;
        let line = format!(
            "{} ({}): {} scenarios, {} rules, {} messages: in order",
            protocol.name,
            protocol.dialect,
            suite.scenarios.len(),
            protocol.rules.iter().count(),
            protocol.codec.kinds().count(),
        );
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
    Exit::Conforms
}

fn check_suite(suite: &Suite, whole: bool, diagnostics: &mut Diagnostics) {
    let codec = &suite.protocol.codec;
    codec.check_vectors(diagnostics);
    codec.check_shadows(diagnostics);
    for (kind, direction) in codec.uncovered_kinds() {
        let message = format!("no vector for `{kind}` ({})", direction.word());
        let mut warning = Diagnostic::warning(message);
        if let Some(kind) = codec.kind(&kind) {
            warning = warning.at(kind.span(), "its bytes are not held against anything");
        }
        diagnostics.add(warning.help("add one to `vectors`, with bytes from a real program"));
    }
    let has_clients = suite
        .scenarios
        .iter()
        .any(|scenario| scenario.subject == crate::scenario::SubjectWord::Client);
    let all_read = whole && suite.scenarios.len() > 1;
    let covered = |rule: &Rule| {
        suite
            .scenarios
            .iter()
            .any(|s| s.rules.iter().any(|known| known.id == rule.id))
    };
    for rule in suite.protocol.rules.iter().filter(|_| all_read) {
        let expected = rule.side == crate::verdict::Side::Server || has_clients;
        if expected && !covered(rule) {
            let message = format!("no selected scenario is about {}", rule.id);
            diagnostics.add(Diagnostic::warning(message).at(&rule.span, "nothing checks it"));
        }
    }
}
