//! What scenarios are worth, for people.

use std::time::Duration;

use super::styled::{Line, Rendered, Role};
use super::words;
use crate::prove::{Caught, Coverage, Proof, Tried};
use crate::verdict::{RuleId, Side};

/// How a proof is shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// Each fault with the scenarios that caught it.
    pub verbose: bool,
    /// All scenarios and faults of the protocol took part.
    pub whole: bool,
    /// How long it took.
    pub took: Duration,
}

/// What was caught and what was not, and the counts last.
pub fn proof(proof: &Proof, shown: &Shown, width: usize) -> Rendered {
    let mut rendered = Rendered::default();
    let heading = format!(
        "{}: {} against {}",
        proof.protocol,
        words::count(proof.scenarios.len(), "scenario"),
        sides(proof),
    );
    rendered.push(Line::default().add(Role::Heading, heading));
    if shown.verbose {
        for tried in &proof.faults {
            rendered.section(matrix(proof, tried));
        }
    }
    let missed = proof.faults.iter().filter(|tried| tried.is_missed());
    let missed = missed.map(fault);
    rendered.section(titled(Role::Bad, "faults that nobody caught", missed));
    let slow = |tried: &&Tried| tried.caught.is_empty() && !tried.excused && tried.too_slow;
    let slow = proof.faults.iter().filter(slow).map(fault);
    let title = "faults that could not be tried, since the machine was too slow";
    rendered.section(titled(Role::Caution, title, slow));
    let others = proof.faults.iter();
    let others = others.filter(|tried| tried.is_caught_by_others_only());
    let title = "faults that were caught only by scenarios that do not name the rule";
    rendered.section(titled(Role::Caution, title, others.map(fault)));
    let wrong = proof.faults.iter().flat_map(|tried| blamed(proof, tried));
    rendered.section(titled(Role::Caution, "another rule was blamed", wrong));
    if shown.whole {
        let rules = proof.without_scenario.iter().map(rule);
        rendered.section(titled(Role::Bad, "rules that no scenario is about", rules));
        for (title, rules) in uncovered(&proof.coverage) {
            rendered.section(titled(Role::Bad, title, rules.iter().map(rule)));
        }
        let idle = proof.idle.iter().map(|index| scenario(proof, *index));
        rendered.section(titled(Role::Caution, "scenarios that catch nothing", idle));
    }
    rendered.section(Rendered::from_iter([counts(proof, shown)]));
    rendered.gap();
    rendered.wrapped(width)
}

/// Rules that have too few faults, or a reason for it that does not hold.
fn uncovered(coverage: &Coverage) -> [(&'static str, &[RuleId]); 3] {
    [
        ("rules without a fault", &coverage.without_fault),
        (
            "rules with one fault, where two or a reason should be",
            &coverage.with_one_fault,
        ),
        (
            "rules that do not have the number of faults for which faults.yaml has a reason",
            &coverage.counted_wrongly,
        ),
    ]
}

/// How many faults there are, and of whom.
fn sides(proof: &Proof) -> String {
    let of = |side: Side| {
        let faults = proof.faults.iter().map(|tried| tried.fault);
        let number = faults.filter(|fault| fault.side == side).count();
        (number > 0).then(|| {
            let faults = words::count(number, "fault");
            format!("{faults} of the {}", whose(side))
        })
    };
    let sides = [of(Side::Server), of(Side::Client)];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    if sides.is_empty() {
        return words::count(0, "fault");
    }
    sides.join(" and ")
}

fn whose(side: Side) -> &'static str {
    match side {
        Side::Server => "server",
        Side::Client => "client",
    }
}

fn titled(role: Role, title: &str, lines: impl Iterator<Item = Line>) -> Rendered {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return Rendered::default();
    }
    std::iter::once(Line::default().add(role, title))
        .chain(lines)
        .collect()
}

fn fault(tried: &Tried) -> Line {
    let fault = &tried.fault;
    Line::of("  ")
        .add(Role::Name, fault.rule)
        .pad(17)
        .then(whose(fault.side))
        .pad(25)
        .then(fault.name)
        .pad(52)
        .then("  ")
        .hang_here()
        .add(Role::Faint, fault.text)
}

fn rule(rule: &RuleId) -> Line {
    Line::of("  ").add(Role::Name, rule.as_str())
}

fn scenario(proof: &Proof, index: usize) -> Line {
    let id = &proof.scenarios[index].id;
    Line::of("  ")
        .hang_here()
        .then(format!("{}: {}", id.area, id.title))
        .add(
            Role::Faint,
            format!("  {}:{}", id.span.file.path.display(), id.span.line),
        )
}

fn matrix(proof: &Proof, tried: &Tried) -> Rendered {
    let mut rendered = Rendered::default();
    rendered.push(fault(tried));
    for caught in &tried.caught {
        rendered.push(by(proof, caught));
    }
    rendered
}

fn by(proof: &Proof, caught: &Caught) -> Line {
    let role = if caught.right {
        Role::Good
    } else {
        Role::Caution
    };
    Line::of("      ")
        .add(role, caught.blamed.as_str())
        .pad(21)
        .hang_here()
        .then(&proof.scenarios[caught.scenario].id.title)
}

/// The failures in which a fault's rule was not blamed.
fn blamed(proof: &Proof, tried: &Tried) -> Vec<Line> {
    let (right, all) = tried.blame();
    if right == all {
        return Vec::new();
    }
    let text = format!(" in {} of {}", all - right, words::count(all, "failure"));
    let wrong = tried.caught.iter().filter(|caught| !caught.right);
    std::iter::once(fault(tried).add(Role::Caution, text))
        .chain(wrong.map(|caught| by(proof, caught)))
        .collect()
}

fn counts(proof: &Proof, shown: &Shown) -> Line {
    let caught = proof.faults.iter().filter(|tried| !tried.caught.is_empty());
    let blame: Vec<(usize, usize)> = proof.faults.iter().map(Tried::blame).collect();
    let right: usize = blame.iter().map(|(right, _)| right).sum();
    let failures: usize = blame.iter().map(|(_, all)| all).sum();
    let mostly = blame
        .iter()
        .filter(|(right, all)| *all > 0 && right * 2 > *all);
    let share = if failures == 0 {
        0.0
    } else {
        // Counts of failures are far below what a float holds exactly.
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let share = right as f64 * 100.0 / failures as f64;
        share
    };
    let text = format!(
        "{}: {} of {} caught; the right rule is blamed in {share:.1} % of {}, and in most of them for {} in {:.1} s",
        proof.protocol,
        caught.count(),
        words::count(proof.faults.len(), "fault"),
        words::count(failures, "failure"),
        words::count(mostly.count(), "fault"),
        shown.took.as_secs_f64(),
    );
    let role = if proof.holds(shown.whole) {
        Role::Good
    } else {
        Role::Bad
    };
    Line::default().add(role, text)
}
