use std::io::Write as _;

use super::arguments::ListArgs;
use super::{Exit, say, selection};
use crate::plan::Suite;
use crate::report::list::{
    FaultEntry, RuleEntry, ScenarioEntry, json, rules, rules_in_full, scenarios,
};
use crate::report::{Context, Verbosity};
use crate::run::embedded;

/// `harness list`.
pub(super) fn list(arguments: &ListArgs, context: Context) -> Exit {
    let Some(suites) = selection::read(&arguments.selection) else {
        return Exit::Usage;
    };
    if suites.iter().all(|suite| suite.scenarios.is_empty()) {
        say(selection::why_empty(&arguments.selection));
        return Exit::NotJudged;
    }
    let text = if arguments.params_only {
        Ok(params(&suites))
    } else if arguments.rules {
        let entries = rule_entries(&suites);
        if arguments.json {
            json(&entries)
        } else if context.verbosity == Verbosity::Verbose {
            Ok(rules_in_full(&entries, context.width).to_text(context.colors))
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
        let faults = embedded::faults(&suite.protocol.name);
        for rule in suite.protocol.rules.iter() {
            let about = |plan: &&std::sync::Arc<crate::plan::ScenarioPlan>| {
                plan.rules.iter().any(|known| known.id == rule.id)
            };
            let scenarios = suite.scenarios.iter().filter(about).map(|plan| &plan.id);
            let breaks = |fault: &&embedded::Fault| fault.rule == rule.id.as_str();
            let faults = faults.iter().filter(breaks).map(|fault| FaultEntry {
                name: fault.name.to_owned(),
                text: fault.text.to_owned(),
            });
            let name = &suite.protocol.name;
            entries.push(RuleEntry::new(name, rule, scenarios, faults.collect()));
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
