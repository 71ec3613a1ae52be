use super::{Language, Section, Takes, Word};

pub(super) const SECTIONS: &[Section] = &[
    Section {
        language: Language::Scenarios,
        what: "a value",
        title: "Values",
        intro: "\
A value is plain YAML. In a field of a message it is read as the field wants it: `007` stays three
characters in a text, a number may be written by its name in the protocol (`code: ok`), decimally or
as `0x1f`. Elsewhere `12` is a number, `true` a truth value, everything in quotes a text.

`$name` as the whole value, or `${name}` inside a text, stands for: an actor's name on the wire, a
constant or parameter of the protocol, something that was saved, a variable of `repeat` or `each`, or
an argument of a macro. `$self` is the actor that does the step: `$self.name`, or what `set` gave it;
`$alice.token` is a variable of another actor. In a reflex, `$got.field` is a field of the message
that is answered; in a fence, `$nonce` is new for each probe. `$$` is a dollar sign.

`$absent` as a value leaves the field or key out. Maps with these words make values, too:",
        frame: "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - alice: { raw: { … } }",
        words: &[
            Word {
                word: "$fill",
                takes: Takes::Value,
                about: "Repeats this text up to `len` bytes.",
                default: "",
                example: "$fill: ab, len: 4096",
            },
            Word {
                word: "len",
                takes: Takes::Count,
                about: "The length of `$fill` in bytes.",
                default: "",
                example: "$fill: \"\\0\", len: 7",
            },
            Word {
                word: "$hex",
                takes: Takes::Hex,
                about: "Bytes, which need not be valid text.",
                default: "",
                example: "$hex: \"c3 28\"",
            },
            Word {
                word: "$concat",
                takes: Takes::Values,
                about: "Values one behind the other, as text or bytes.",
                default: "",
                example: "$concat: [ a, { $hex: \"ff\" } ]",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "a matcher",
        title: "Matchers",
        intro: "\
What a field must be like. A plain value, or one of the forms above, means equality. `$any` means
that there is something, `$absent` that there is nothing (or null). A list means a list of just these
items, a map a map with at least these keys. Or one of these words in a map of its own:",
        frame: "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - alice: { recv: deliver, with: { message: { … } } }",
        words: &[
            Word {
                word: "$re",
                takes: Takes::Text,
                about: "A text in which this regular expression occurs (the syntax of Rust's `regex`). \
                        Only `${name}` is a variable in it, and stands for itself, whatever \
                        characters it has.",
                default: "",
                example: "$re: \"^${bob} .*left$\"",
            },
            Word {
                word: "$one_of",
                takes: Takes::Matchers,
                about: "One of these matchers holds.",
                default: "",
                example: "$one_of: [ hello, { $re: \"^bye\" } ]",
            },
            Word {
                word: "$contains",
                takes: Takes::Matcher,
                about: "A text that has this text in it, or a list with such an item.",
                default: "",
                example: "$contains: $bob",
            },
            Word {
                word: "$not",
                takes: Takes::Matcher,
                about: "This matcher does not hold.",
                default: "",
                example: "$not: hello",
            },
            Word {
                word: "$len",
                takes: Takes::Matcher,
                about: "The length of a text or of bytes in bytes, of a list in items.",
                default: "",
                example: "$len: { $le: 4095 }",
            },
            Word {
                word: "$any",
                takes: Takes::Flag,
                about: "There is something, whatever it is; the same as `$any` alone.",
                default: "",
                example: "$any: true",
            },
            Word {
                word: "$absent",
                takes: Takes::Flag,
                about: "There is nothing, or null; with `false`, there is something.",
                default: "",
                example: "$absent: true",
            },
            Word {
                word: "$lt",
                takes: Takes::Quantity,
                about: "Less than this number or time. A text never is.",
                default: "",
                example: "$lt: 10",
            },
            Word {
                word: "$le",
                takes: Takes::Quantity,
                about: "At most this.",
                default: "",
                example: "$le: 10",
            },
            Word {
                word: "$gt",
                takes: Takes::Quantity,
                about: "More than this.",
                default: "",
                example: "$gt: 10",
            },
            Word {
                word: "$ge",
                takes: Takes::Quantity,
                about: "At least this.",
                default: "",
                example: "$ge: 10",
            },
            Word {
                word: "$hex",
                takes: Takes::Hex,
                about: "Equal to these bytes.",
                default: "",
                example: "$hex: \"c3a9\"",
            },
            Word {
                word: "$concat",
                takes: Takes::Values,
                about: "Equal to these values one behind the other.",
                default: "",
                example: "$concat: [ a, b ]",
            },
            Word {
                word: "$fill",
                takes: Takes::Value,
                about: "Equal to this text repeated up to `len` bytes.",
                default: "",
                example: "$fill: m, len: 4095",
            },
            Word {
                word: "len",
                takes: Takes::Count,
                about: "The length of `$fill` in bytes.",
                default: "",
                example: "$fill: m, len: 9",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "a quantity",
        title: "Times and quantities",
        intro: "\
A time has a unit: `150us`, `200ms`, `1.5s`, `2m` (or `min`), `1h`; `0` needs none. Where a quantity
is asked for, times, numbers, and names of parameters, saved numbers and marks (with or without `$`)
can be joined by `+ - * /`; products bind stronger, and there are no parentheses:
`$idle_timeout + $check_interval + 2s`, `n * 1s - 200ms`, `heard - left`. 32 terms at most.",
        frame: "",
        words: &[],
    },
];
