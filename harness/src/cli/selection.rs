use super::arguments::SelectionArgs;
use crate::plan::{ScenarioPlan, Selection, Suite, load};
use crate::source::Diagnostics;

/// What is said where a choice leaves nothing.
pub(super) const NO_SCENARIO_FITS: &str =
    "nothing is selected: no scenario fits the filter; `harness list` shows what there is";

/// Why not one scenario is left of what was read.
pub(super) fn why_empty(arguments: &SelectionArgs) -> &'static str {
    if arguments.filter.is_empty() {
        "nothing is selected: there are no scenarios yet; they stand below the protocol's \
         server/<area>/ and client/<area>/"
    } else {
        NO_SCENARIO_FITS
    }
}

/// Reads what is selected; `None` when the files cannot be used, which was said.
pub(super) fn read(arguments: &SelectionArgs) -> Option<Vec<Suite>> {
    let (suites, diagnostics) = read_quietly(arguments);
    if diagnostics.is_empty() {
        return Some(suites);
    }
    super::complain(&diagnostics);
    (!diagnostics.has_errors()).then_some(suites)
}

/// Reads what is selected, with all that is wrong with it.
pub(super) fn read_quietly(arguments: &SelectionArgs) -> (Vec<Suite>, Diagnostics) {
    let selection = Selection {
        paths: arguments.paths.clone(),
        protocols: arguments.protocol.clone(),
        dialect: arguments.dialect.clone(),
        params: arguments.params.clone(),
    };
    let mut diagnostics = Diagnostics::default();
    let mut suites = load(&selection, &mut diagnostics);
    if !arguments.filter.is_empty() {
        for suite in &mut suites {
            suite
                .scenarios
                .retain(|scenario| arguments.filter.iter().any(|filter| fits(scenario, filter)));
        }
    }
    (suites, diagnostics)
}

/// Whether a scenario is about this rule, or has this text in its protocol, area or title.
fn fits(scenario: &ScenarioPlan, filter: &str) -> bool {
    let id = &scenario.id;
    let place = format!("{}/{}: {}", id.protocol, id.area, id.title).to_lowercase();
    place.contains(&filter.to_lowercase())
        || scenario
            .rules
            .iter()
            .any(|rule| rule.id.as_str().eq_ignore_ascii_case(filter))
}
