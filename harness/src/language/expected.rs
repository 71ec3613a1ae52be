use super::{Language, REQUIRED, Section, Takes, Word};

pub(super) const SECTIONS: &[Section] = &[
    Section {
        language: Language::Expected,
        what: "a list of expected failures",
        title: "A file for `--expected`",
        intro: "\
`harness run --expected FILE` takes a list of failures that are known. They do not fail the run; they
are counted as failed as expected, and everything else that fails is new. `--write-expected FILE`
writes the first such list. The run fails when an entry is out of date: when a scenario that it names
passes, when nothing that it describes fails any more (told by runs of all that it describes, not by
shards and filters), when its last day is over, and when it fits no scenario or no rule.",
        frame: "…",
        words: &[Word {
            word: "expected",
            takes: Takes::List("an expected failure"),
            about: "The entries. `[]` is a list without any.",
            default: REQUIRED,
            example: "expected: [ { rule: X-1, reason: the server echoes } ]",
        }],
    },
    Section {
        language: Language::Expected,
        what: "an expected failure",
        title: "An entry",
        intro: "\
It names a scenario, rules, or both, and excuses no more than that: where a scenario also breaks a rule
that no entry names, it fails. What cannot be decided is no failure, and only `kind: undecided` excuses
it. In titles and rules `*` stands for any text, `\\*` for a star and `\\\\` for a backslash.",
        frame: "\
expected:
  -
    scenario: a title
    reason: issue 12
    …",
        words: &[
            Word {
                word: "scenario",
                takes: Takes::Text,
                about: "The title of the scenario. Without `[…]` all its variants are meant. A title \
                        in full, without `*`, must fail: when it passes, that is an unexpected pass.",
                default: "any scenario",
                example: "scenario: \"a name is free again [how=fin]\"",
            },
            Word {
                word: "rule",
                takes: Takes::Texts,
                about: "The rules that are broken, and no others.",
                default: "any rule",
                example: "rule: [ BCP-6a, \"BCP-7*\" ]",
            },
            Word {
                word: "protocol",
                takes: Takes::Text,
                about: "Only scenarios of this protocol. An entry for a protocol that does not run \
                        is left alone; without this word every entry must fit something.",
                default: "any protocol",
                example: "protocol: bcp",
            },
            Word {
                word: "dialect",
                takes: Takes::Text,
                about: "Only runs with this `--dialect`.",
                default: "any dialect",
                example: "dialect: rpchat",
            },
            Word {
                word: "kind",
                takes: Takes::Choice(&["fails", "flaky", "undecided"]),
                about: "`fails`: always. `flaky`: now and then, a pass is no surprise; it needs \
                        `until`, since nobody would notice that it is mended. `undecided`: the setup \
                        of this scenario fails; such an entry names a scenario and no rule, and the \
                        scenario counts as skipped.",
                default: "`fails`",
                example: "kind: fails",
            },
            Word {
                word: "reason",
                takes: Takes::Text,
                about: "Why it is so, for those who read it later: an issue, a decision.",
                default: REQUIRED,
                example: "reason: issue 12",
            },
            Word {
                word: "owner",
                takes: Takes::Text,
                about: "Who is going to mend it.",
                default: "nobody",
                example: "owner: the chat team",
            },
            Word {
                word: "until",
                takes: Takes::Date,
                about: "The last day on which it counts, in UTC. From then on it excuses nothing, and \
                        that it is still there fails the run.",
                default: "for ever",
                example: "until: 2027-01-31",
            },
        ],
    },
];
