use super::{Language, REQUIRED, Section, Takes, Word};

pub(super) const SECTIONS: &[Section] = &[
    Section {
        language: Language::Matrix,
        what: "a matrix",
        title: "A file for `harness matrix`",
        intro: "\
`harness matrix FILE` judges several implementations in one go and shows which of them keep which
rules. Paths in the file are seen from the file itself.",
        frame: "\
implementations: [ { name: ours, protocol: bcp, embedded: server } ]
…",
        words: &[
            Word {
                word: "scenarios",
                takes: Takes::Texts,
                about: "Scenario files, folders of them, or folders of protocols.",
                default: "the folder of this file",
                example: "scenarios: ../scenarios",
            },
            Word {
                word: "implementations",
                takes: Takes::List("an implementation"),
                about: "What is judged; each is a column.",
                default: REQUIRED,
                example: "implementations: [ { name: theirs, protocol: bcp, target: \"127.0.0.1:9001\" } ]",
            },
        ],
    },
    Section {
        language: Language::Matrix,
        what: "an implementation",
        title: "An implementation",
        intro: "\
It has one of `target`, `spawn`, `client` and `embedded`. In commands `{here}` is the folder of the
file, besides all that `harness run` fills in.",
        frame: "\
implementations:
  -
    name: ours
    protocol: bcp
    embedded: server
    …",
        words: &[
            Word {
                word: "name",
                takes: Takes::Text,
                about: "What it is called.",
                default: REQUIRED,
                example: "name: the first one",
            },
            Word {
                word: "protocol",
                takes: Takes::Text,
                about: "The protocol that it speaks.",
                default: REQUIRED,
                example: "protocol: bcp",
            },
            Word {
                word: "dialect",
                takes: Takes::Text,
                about: "The form in which it does, as `--dialect`.",
                default: "the protocol's own",
                example: "dialect: rpchat",
            },
            Word {
                word: "target",
                takes: Takes::Text,
                about: "A server that runs already: its address, as `--target`.",
                default: "",
                example: "",
            },
            Word {
                word: "spawn",
                takes: Takes::Text,
                about: "A server that is started afresh for each scenario: the command, as `--spawn`.",
                default: "",
                example: "",
            },
            Word {
                word: "client",
                takes: Takes::Text,
                about: "A client program: the command, as `--client`.",
                default: "",
                example: "",
            },
            Word {
                word: "embedded",
                takes: Takes::Choice(&["server", "client"]),
                about: "The reference server or client that is built in.",
                default: "",
                example: "embedded: client",
            },
            Word {
                word: "port",
                takes: Takes::Number(1, 65_535),
                about: "The port that the spawned server always listens on, if it cannot be told one.",
                default: "a free one",
                example: "",
            },
            Word {
                word: "params",
                takes: Takes::Values,
                about: "Parameters of the protocol, as `--param`.",
                default: "those of the protocol",
                example: "params: { idle_timeout: 2s }",
            },
            Word {
                word: "expected",
                takes: Takes::Text,
                about: "A list of failures that are known, as `--expected`.",
                default: "none",
                example: "expected: known.yaml",
            },
        ],
    },
];
