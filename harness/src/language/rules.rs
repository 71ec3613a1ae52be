use super::{Language, REQUIRED, Section, Takes, Word};

pub(super) const SECTIONS: &[Section] = &[
    Section {
        language: Language::Rules,
        what: "a rules file",
        title: "`rules.yaml`",
        intro: "\
One file beside `protocol.yaml` says what the programs owe each other. Scenarios name rules; a
failure names the rule that is broken, with its text and its source.",
        frame: "…",
        words: &[Word {
            word: "rules",
            takes: Takes::Named("a rule"),
            about: "The rules by their ids, in the order in which they are listed. An id is free; \
                    `BCP-7` with `BCP-7a` for a finer point beside it reads well.",
            default: REQUIRED,
            example: "rules:\n  X-1: { side: server, level: must, text: It answers., source: chapter 2 }",
        }],
    },
    Section {
        language: Language::Rules,
        what: "a rule",
        title: "A rule",
        intro: "All four words are required.",
        frame: "\
rules:
  X-1:
    side: server
    level: must
    text: It answers.
    source: chapter 2
    …",
        words: &[
            Word {
                word: "side",
                takes: Takes::Choice(&["server", "client"]),
                about: "Which program the rule binds. A scenario can only be about rules of the \
                        side that it judges.",
                default: REQUIRED,
                example: "side: server",
            },
            Word {
                word: "level",
                takes: Takes::Choice(&["must", "should"]),
                about: "`must` where the document promises it, or where a program that did otherwise \
                        would lose, leak or invent messages or stop serving: breaking it fails the \
                        scenario. `should` where the document is silent or vague: breaking it warns, \
                        the scenario goes on after the step, and only `--strict` makes it a failure.",
                default: REQUIRED,
                example: "level: should",
            },
            Word {
                word: "text",
                takes: Takes::Text,
                about: "What is asked for, in one or two sentences of our own. It stands in every \
                        failure.",
                default: REQUIRED,
                example: "text: It answers every request.",
            },
            Word {
                word: "source",
                takes: Takes::Text,
                about: "Where the document says so, so that anybody can look it up.",
                default: REQUIRED,
                example: "source: chapter 2, last paragraph",
            },
        ],
    },
];
