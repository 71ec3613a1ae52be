use std::io::Write as _;

use super::arguments::ListArgs;
use super::{Exit, say, selection};
use crate::plan::Suite;
use crate::report::Context;
use crate::report::list::{RuleEntry, ScenarioEntry, json, rules, scenarios};

/// `harness list`.
pub(super) fn list(arguments: &ListArgs, context: Context) -> Exit {
    let Some(suites) = selection::read(&arguments.selection) else {
        return Exit::Usage;
    };
    if suites.iter().all(|suite| suite.scenarios.is_empty()) {
        say("nothing is selected: no scenario fits the filter");
        return Exit::NotJudged;
    }
    let text = if arguments.params_only {
        Ok(params(&suites))
    } else if arguments.rules {
        let entries = rule_entries(&suites);
        if arguments.json {
            json(&entries)
        } else {
            Ok(rules(&entries, context.width).to_text(context.colors))
        }
    } else {
        let entries = scenario_entries(&suites);
        if arguments.json {
            json(&entries)
        } else {
            Ok(scenarios(&entries, context.width).to_text(context.colors))
        }
    };
    match text {
        Ok(text) => {
            // A closed pipe (`| head`) is no error.
            let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end());
            Exit::Conforms
        }
        Err(error) => {
            say(&format!("cannot be written as JSON: {error}"));
            Exit::Usage
        }
    }
}

fn scenario_entries(suites: &[Suite]) -> Vec<ScenarioEntry> {
    let plans = suites.iter().flat_map(|suite| &suite.scenarios);
    plans
        .map(|plan| ScenarioEntry::new(&plan.id, &plan.rules))
        .collect()
}

fn rule_entries(suites: &[Suite]) -> Vec<RuleEntry> {
    let mut entries = Vec::new();
    for suite in suites {
        for rule in suite.protocol.rules.iter() {
            let about = |plan: &&std::sync::Arc<crate::plan::ScenarioPlan>| {
                plan.rules.iter().any(|known| known.id == rule.id)
            };
            let count = suite.scenarios.iter().filter(about).count();
            entries.push(RuleEntry::new(&suite.protocol.name, rule, count));
        }
    }
    entries
}

fn params(suites: &[Suite]) -> String {
    let mut lines = Vec::new();
    for suite in suites {
        lines.push(format!("{}:", suite.protocol.name));
        for (name, param) in &suite.protocol.params {
            let value = param.value.as_deref().unwrap_or("not set");
            lines.push(format!("  {name} ({value}): {}", param.about));
        }
    }
    lines.join("\n")
}
