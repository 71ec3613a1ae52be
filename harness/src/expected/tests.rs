use std::sync::Arc;

use super::{Date, Expected, First, Known, Ledger};
use crate::report::sample::{finding, outcome};
use crate::source::{Diagnostics, SourceFile, documents};
use crate::transcript::Transcript;
use crate::verdict::{Level, Outcome, Verdict};

const TODAY: &str = "2026-06-15";

fn today() -> Date {
    TODAY.parse().unwrap()
}

fn read(text: &str) -> (Expected, Diagnostics) {
    let file = Arc::new(SourceFile {
        path: "known.yaml".into(),
        text: text.to_owned(),
    });
    let mut diagnostics = Diagnostics::default();
    let mut expected = Expected::default();
    for root in documents(&file, &mut diagnostics) {
        expected.take(&root, &mut diagnostics);
    }
    (expected, diagnostics)
}

#[track_caller]
fn list(entries: &str) -> Expected {
    let (expected, diagnostics) = read(&format!("expected:\n{entries}"));
    assert!(diagnostics.is_empty(), "{}", diagnostics.to_plain_text());
    expected
}

/// An outcome of a scenario with this title; broken rules with `?` are of the level `should`.
fn with(title: &str, verdict: Verdict, broken: &[&str]) -> Outcome {
    let found = |rule: &&str| {
        let (id, level) = match rule.strip_suffix('?') {
            Some(id) => (id, Level::Should),
            None => (*rule, Level::Must),
        };
        finding(id, level, "{ silence: 300ms }", "something is wrong")
    };
    let findings = broken.iter().map(found).collect();
    let mut outcome = outcome(verdict, findings, Transcript::default());
    outcome.scenario.title = title.to_owned();
    outcome
}

#[test]
fn an_entry_excuses_what_it_names_and_nothing_else() {
    use Verdict::{ExpectedFailure, Fail, Pass, UnexpectedPass, Warn};
    let both = "  - { scenario: a, rule: X-1, reason: r }";
    let title = "  - { scenario: a, reason: r }";
    let rule = "  - { rule: X-1, reason: r }";
    let rules = "  - { rule: [ X-1, X-2* ], reason: r }";
    let other = "  - { scenario: a, protocol: other, reason: r }";
    let old = "  - { scenario: a, reason: r, until: 2026-06-14 }";
    let last = "  - { scenario: a, reason: r, until: 2026-06-15 }";
    let flaky = "  - { scenario: a, kind: flaky, reason: r, until: 2026-07-01 }";
    let dialect = "  - { scenario: a, dialect: rpchat, reason: r }";
    for (entries, name, verdict, broken, becomes) in [
        (both, "a", Fail, &["X-1"][..], ExpectedFailure),
        (both, "a", Fail, &["X-2"], Fail),
        (both, "a", Fail, &["X-1", "X-2"], Fail),
        (both, "a", Fail, &["X-1", "X-2?"], Warn),
        (both, "b", Fail, &["X-1"], Fail),
        (both, "a", Pass, &[], UnexpectedPass),
        (both, "a", Warn, &["X-2?"], UnexpectedPass),
        (both, "a", Warn, &["X-1?"], Warn),
        (both, "b", Pass, &[], Pass),
        (title, "a", Fail, &["X-1", "X-2"], ExpectedFailure),
        (title, "a [how=fin]", Fail, &["X-1"], ExpectedFailure),
        (title, "a [how=fin]", Pass, &[], Pass),
        (title, "a b", Fail, &["X-1"], Fail),
        (
            title,
            "a",
            Verdict::Inconclusive,
            &[],
            Verdict::Inconclusive,
        ),
        (title, "a", Verdict::Skip, &[], Verdict::Skip),
        (rule, "whatever", Fail, &["X-1"], ExpectedFailure),
        (rule, "whatever", Fail, &["X-10"], Fail),
        (rule, "whatever", Pass, &[], Pass),
        (rules, "whatever", Fail, &["X-1", "X-2a"], ExpectedFailure),
        (other, "a", Fail, &["X-1"], Fail),
        (dialect, "a", Fail, &["X-1"], Fail),
        (old, "a", Fail, &["X-1"], Fail),
        (old, "a", Pass, &[], Pass),
        (last, "a", Fail, &["X-1"], ExpectedFailure),
        (flaky, "a", Fail, &["X-1"], ExpectedFailure),
        (flaky, "a", Pass, &[], Pass),
    ] {
        let judged = list(entries).judged(with(name, verdict, broken), today());
        assert_eq!(judged.verdict, becomes, "{entries} {name} {broken:?}");
    }
}

#[test]
fn what_nobody_expects_is_told_first() {
    let expected = list("  - { rule: X-1, reason: issue 12, owner: chat team }");
    let judged = expected.judged(with("a", Verdict::Fail, &["X-1", "X-2"]), today());
    assert_eq!(judged.findings[0].rule.id.as_str(), "X-2");
    let hint = &judged.findings[1].hints[0];
    assert!(
        hint.contains("issue 12 (owner: chat team; known.yaml:2:5)"),
        "{hint}"
    );
}

#[test]
fn with_strict_a_should_rule_must_be_listed_too() {
    let mut expected = list("  - { rule: X-1, reason: r }");
    expected.strict = true;
    let judged = expected.judged(with("a", Verdict::Fail, &["X-1", "X-2?"]), today());
    assert_eq!(judged.verdict, Verdict::Fail);
}

#[test]
fn only_a_failed_setup_can_be_expected_to_stay_undecided() {
    let expected = list("  - { scenario: a, kind: undecided, reason: r }");
    for (reason, becomes) in [
        (
            "its setup failed at x.yaml:1:1: no answer (X-2)",
            Verdict::Skip,
        ),
        (
            "the harness itself was late by 1 s: the machine is busy",
            Verdict::Inconclusive,
        ),
        ("127.0.0.1:9 cannot be reached", Verdict::Inconclusive),
    ] {
        let mut outcome = with("a", Verdict::Inconclusive, &[]);
        outcome.reason = Some(reason.to_owned());
        assert_eq!(
            expected.judged(outcome, today()).verdict,
            becomes,
            "{reason}"
        );
    }
    let failed = expected.judged(with("a", Verdict::Fail, &["X-1"]), today());
    assert_eq!(failed.verdict, Verdict::Fail);
}

/// What is said of the entries after a run of some scenarios.
fn complaints(entries: &str, outcomes: &[Outcome], left_out: &[&str]) -> String {
    let expected = Arc::new(list(entries));
    let known = |title: &str, selected| Known {
        id: with(title, Verdict::Pass, &[]).scenario,
        selected,
        judged: true,
    };
    let ran = outcomes
        .iter()
        .map(|outcome| known(&outcome.scenario.title, true));
    let others = left_out.iter().map(|title| known(title, false));
    let rules = with("", Verdict::Fail, &["X-1", "X-2"]).findings;
    let rules = rules.into_iter().map(|finding| finding.rule).collect();
    let mut ledger = Ledger::new(Arc::clone(&expected), ran.chain(others).collect(), rules);
    for outcome in outcomes {
        ledger.take(&expected.judged(outcome.clone(), today()));
    }
    let found = ledger.complaints(today(), true, |name| name == "chatapp");
    let texts: Vec<String> = found.iter().map(|found| found.render(false)).collect();
    texts.join("\n")
}

#[test]
fn entries_that_are_out_of_date_are_told() {
    let passed = || with("a name", Verdict::Pass, &[]);
    let failed = || with("a name", Verdict::Fail, &["X-1"]);
    for (entry, outcome, said) in [
        (
            "{ scenario: a name, reason: r, until: 2026-06-14 }",
            failed(),
            "until 2026-06-14",
        ),
        (
            "{ scenario: b name, reason: r }",
            failed(),
            "did you mean `a name`?",
        ),
        (
            "{ scenario: 'zz*', reason: r }",
            failed(),
            "no scenario fits `zz*`",
        ),
        ("{ rule: X-3, reason: r }", failed(), "no rule fits `X-3`"),
        (
            "{ rule: X-1, protocol: chotapp, reason: r }",
            failed(),
            "fits no scenario of this run",
        ),
        (
            "{ rule: X-2, reason: r }",
            failed(),
            "what should break a rule did not",
        ),
        (
            "{ scenario: 'a*', reason: r }",
            passed(),
            "what should fail did not",
        ),
        (
            "{ scenario: a name, rule: X-2, reason: r }",
            failed(),
            "what should break a rule",
        ),
        (
            "{ scenario: a name, kind: undecided, reason: r }",
            passed(),
            "was decided",
        ),
    ] {
        let text = complaints(&format!("  - {entry}"), &[outcome], &[]);
        assert!(
            text.contains(said) && text.contains("known.yaml:2:5"),
            "{entry}: {text}"
        );
    }
}

#[test]
fn entries_that_hold_or_cannot_be_told_are_no_concern() {
    let passed = || with("a name", Verdict::Pass, &[]);
    let failed = || with("a name", Verdict::Fail, &["X-1"]);
    let open = || with("a name", Verdict::Inconclusive, &[]);
    for (entry, outcome, left_out) in [
        (
            "{ scenario: a name, rule: X-1, reason: r }",
            failed(),
            &[][..],
        ),
        ("{ rule: 'X-*', reason: r }", failed(), &[]),
        // The scenario itself has an unexpected pass.
        ("{ scenario: a name, reason: r }", passed(), &[]),
        (
            "{ scenario: a name, kind: flaky, reason: r, until: 2027-01-01 }",
            passed(),
            &[],
        ),
        ("{ rule: X-1, reason: r }", open(), &[]),
        ("{ rule: X-1, reason: r }", passed(), &["another"]),
        ("{ scenario: another, reason: r }", passed(), &["another"]),
        ("{ rule: Y-1, protocol: chatapp, reason: r }", passed(), &[]),
        ("{ rule: X-1, dialect: rpchat, reason: r }", passed(), &[]),
    ] {
        let text = complaints(&format!("  - {entry}"), &[outcome], left_out);
        assert_eq!(text, "", "{entry}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let entry = |text: &str| format!("expected:\n  - {text}\n");
    for (text, said) in [
        ("expected: 5\n".to_owned(), "is a list"),
        ("unexpected: []\n".to_owned(), "needs `expected`"),
        (entry("{ scenario: a }"), "needs `reason`"),
        (entry("{ scenario: a, reason: ' ' }"), "why this is so"),
        (entry("{ reason: r }"), "names a scenario or a rule"),
        (
            entry("{ scenario: '*', reason: r }"),
            "names a scenario or a rule",
        ),
        (
            entry("{ rule: '**', reason: r }"),
            "names a scenario or a rule",
        ),
        (
            entry("{ scenario: a, reason: r, until: 2027-02-30 }"),
            "no day of the calendar",
        ),
        (
            entry("{ scenario: a, reason: r, until: soon }"),
            "`until: 2027-01-31`",
        ),
        (
            entry("{ scenario: a, reason: r, kind: xfail }"),
            "`fails`, `flaky` or `undecided`",
        ),
        (
            entry("{ scenario: a, reason: r, kind: flaky }"),
            "needs `until`",
        ),
        (
            entry("{ rule: X-1, reason: r, kind: undecided }"),
            "names a scenario only",
        ),
        (
            entry("{ scenario: a, reason: r, ownr: me }"),
            "did you mean `owner`?",
        ),
        (entry("{ rule: [ [] ], reason: r }"), "id of a rule"),
        (entry("text"), "is a map"),
    ] {
        let (_, diagnostics) = read(&text);
        let shown = diagnostics.to_plain_text();
        assert!(
            shown.contains(said) && shown.contains("known.yaml:"),
            "{text}{shown}"
        );
    }
}

#[test]
fn the_first_file_excuses_everything_that_it_was_written_for() {
    use Verdict::{ExpectedFailure, Pass, Skip, Warn};
    let mut undecided = with("no: \"answer\" # here", Verdict::Inconclusive, &[]);
    undecided.reason = Some("its setup failed at x.yaml:1:1: \u{1b}[2J\n- x (X-2)".to_owned());
    let outcomes = [
        with("fine", Verdict::Pass, &[]),
        with(
            "a star * and a \\ [text=*\\u{1}x: y]",
            Verdict::Fail,
            &["X-1"],
        ),
        with("true", Verdict::Fail, &["X-2", "X-1"]),
        with("é\u{7}\u{2028}日", Verdict::Fail, &["X-1", "X-9?"]),
        undecided,
    ];
    let mut first = First::new(false);
    for (place, outcome) in outcomes.iter().enumerate() {
        first.take(place, outcome);
    }
    let text = first.to_yaml("a run against\n`x`");
    let (expected, diagnostics) = read(&text);
    assert!(
        diagnostics.is_empty(),
        "{text}{}",
        diagnostics.to_plain_text()
    );
    assert_eq!(first.len(), 4, "{text}");
    assert_eq!(expected.entries.len(), 4, "{text}");
    let verdicts = outcomes.map(|outcome| expected.judged(outcome, today()).verdict);
    assert_eq!(
        verdicts,
        [Pass, ExpectedFailure, ExpectedFailure, Warn, Skip]
    );
    assert!(text.contains("# X-1: After a DELIVER"), "{text}");
}

#[test]
fn what_fails_now_and_then_is_written_as_such() {
    let mut first = First::new(false);
    for verdict in [Verdict::Fail, Verdict::Pass] {
        let broken: &[&str] = if verdict == Verdict::Fail {
            &["X-1"]
        } else {
            &[]
        };
        first.take(3, &with("a", verdict, broken));
    }
    let (expected, _) = read(&first.to_yaml("twice"));
    assert_eq!(expected.entries[0].kind, super::Kind::Flaky);
    assert!(expected.entries[0].until > Some(Date::today()));
}
