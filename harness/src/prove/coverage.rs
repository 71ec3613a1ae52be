//! How many faults break each rule, and whether that is what is known of it.

use super::Exceptions;
use crate::verdict::RuleId;

/// What is wrong with the number of faults that rules have: each should have two, for two ways of
/// breaking it, unless a reason is known why it has one or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Rules without a fault although nothing says so beforehand.
    pub without_fault: Vec<RuleId>,
    /// Rules with one fault although nothing says so beforehand.
    pub with_one_fault: Vec<RuleId>,
    /// Rules of which another number of faults is known beforehand than they have.
    pub counted_wrongly: Vec<RuleId>,
}

impl Coverage {
    /// Counts the faults of these rules.
    pub(super) fn of(
        rules: &[&RuleId],
        faults: impl Fn(&str) -> usize,
        exceptions: &Exceptions,
    ) -> Self {
        let having = |number: usize, excused: &[String]| {
            let unexcused = |rule: &&&RuleId| !excused.iter().any(|known| known == rule.as_str());
            let rules = rules.iter().filter(|rule| faults(rule.as_str()) == number);
            rules
                .filter(unexcused)
                .map(|rule| (*rule).clone())
                .collect()
        };
        let excused = [(0, exceptions.no_fault()), (1, exceptions.single())];
        let wrongly = excused.into_iter().flat_map(|(number, excused)| {
            let excused = excused.iter().map(move |rule| (number, rule));
            excused.filter(|(number, rule)| faults(rule) != *number)
        });
        Self {
            without_fault: having(0, exceptions.no_fault()),
            with_one_fault: having(1, exceptions.single()),
            counted_wrongly: wrongly.map(|(_, rule)| RuleId::new(rule)).collect(),
        }
    }

    /// Whether each rule has two faults, or a reason why it has fewer.
    pub fn is_complete(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Diagnostics;

    fn exceptions(text: &str) -> Exceptions {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(super::super::FILE), text).unwrap();
        let mut diagnostics = Diagnostics::default();
        let exceptions = Exceptions::read(folder.path(), &mut diagnostics);
        assert!(!diagnostics.has_errors());
        exceptions
    }

    /// The rules have as many faults as they are called.
    fn coverage(known: &str) -> [String; 3] {
        let rules = ["R-0", "R-1", "R-2"].map(RuleId::new);
        let rules: Vec<&RuleId> = rules.iter().collect();
        let faults = |rule: &str| rule.trim_start_matches("R-").parse().unwrap_or_default();
        let found = Coverage::of(&rules, faults, &exceptions(known));
        let shown = |rules: &[RuleId]| {
            let rules: Vec<&str> = rules.iter().map(RuleId::as_str).collect();
            rules.join(" ")
        };
        assert_eq!(
            found.is_complete(),
            shown(&found.without_fault).is_empty()
                && shown(&found.with_one_fault).is_empty()
                && shown(&found.counted_wrongly).is_empty()
        );
        [
            found.without_fault,
            found.with_one_fault,
            found.counted_wrongly,
        ]
        .map(|rules| shown(&rules))
    }

    #[test]
    fn each_rule_needs_two_faults() {
        assert_eq!(coverage("blame: []\n"), ["R-0", "R-1", ""]);
    }

    #[test]
    fn a_reason_excuses_the_number_that_it_is_about() {
        let known = "no_fault: [ { rule: R-0, because: it only counts } ]\n\
                     single: [ { rule: R-1, because: there is one way } ]\n";
        assert_eq!(coverage(known), ["", "", ""]);
        let known = "no_fault: [ { rule: R-1, because: it only counts } ]\n\
                     single: [ { rule: R-0, because: there is one way } ]\n";
        assert_eq!(coverage(known), ["R-0", "R-1", "R-1 R-0"]);
    }

    #[test]
    fn a_reason_that_holds_no_longer_is_told() {
        let known =
            "single: [ { rule: R-1, because: one way }, { rule: R-2, because: one way } ]\n";
        assert_eq!(coverage(known), ["R-0", "", "R-2"]);
    }
}
