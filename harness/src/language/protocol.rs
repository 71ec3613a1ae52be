use super::{Language, REQUIRED, Section, Takes, Word};

/// A small whole protocol, so that each word can be read in its place.
macro_rules! frame {
    ($rest:literal) => {
        concat!(
            "protocol: p\n",
            "layout: { op: { type: u8, tag: true }, body: $body }\n",
            "messages:\n",
            "  say: { dir: c2s, tag: 1, body: { text: { string: utf8, len: u16 } } }\n",
            "  said: { dir: s2c, tag: 2, body: { from: { string: utf8, len: u16 }, text: { string: utf8, len: u16 } } }\n",
            "  ok: { dir: s2c, tag: 3 }\n",
            "crash: X-1\n",
            "broken: X-1\n",
            $rest
        )
    };
}

pub(super) const SECTIONS: &[Section] = &[
    Section {
        language: Language::Wire,
        what: "a protocol file",
        title: "`protocol.yaml`",
        intro: "\
The folder of a protocol holds `protocol.yaml`, `rules.yaml`, scenarios below `server/<area>/` (and
`client/<area>/`), and dialects as `dialects/<name>.yaml`. The protocol file says what messages look
like in bytes, and what the scenarios share: parameters, macros, the fence, reflexes.

A dialect is a file of the same language that replaces parts. Maps merge key by key; lists, and the
maps under `body`, `json`, `fields`, `with` and `layout`, are replaced whole; an empty value (`name: ~`) takes
a key away. A form that a dialect gives a message (`body`, or one under `c2s` or `s2c`) takes the
place of any form that it had. Kinds that are new come first, since the first that fits is it. A
dialect with a `layout` of its own inherits no kinds and no vectors. `--dialect NAME` chooses it;
what the protocol file itself describes is called `spec`, unless `dialect` says otherwise.",
        frame: frame!("…"),
        words: &[
            Word {
                word: "protocol",
                takes: Takes::Text,
                about: "The protocol's short name, that of its folder.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "dialect",
                takes: Takes::Text,
                about: "In a dialect: its name, that of its file. In the protocol file: the name of \
                        what that file itself describes.",
                default: "spec",
                example: "dialect: first_edition",
            },
            Word {
                word: "title",
                takes: Takes::Text,
                about: "The protocol's name for people.",
                default: "as `protocol`",
                example: "title: A Protocol",
            },
            Word {
                word: "transport",
                takes: Takes::Choice(&["tcp", "udp"]),
                about: "A byte stream, or datagrams, of which each is one message.",
                default: "tcp",
                example: "transport: tcp",
            },
            Word {
                word: "default_port",
                takes: Takes::Number(1, 65_535),
                about: "The port of the document. With `--target` and several protocols in the paths \
                        it tells which one the server speaks.",
                default: "none",
                example: "default_port: 9001",
            },
            Word {
                word: "params",
                takes: Takes::Named("a parameter"),
                about: "What differs from server to server or run to run; `--param NAME=VALUE` sets \
                        it, a scenario's `params` do for servers of its own, and `--spawn` commands \
                        may hold `{NAME}`.",
                default: "none",
                example: "params: { idle_timeout: { default: 60s, about: when a silent client is left } }",
            },
            Word {
                word: "consts",
                takes: Takes::Constants,
                about: "Constants that messages and scenarios write as `$name`.",
                default: "none",
                example: "consts: { server: \"[Server]\" }",
            },
            Word {
                word: "names",
                takes: Takes::Map("`names`"),
                about: "How the names of fake clients are generated.",
                default: "see there",
                example: "names: { alphabet: abc, min: 3, max: 8 }",
            },
            Word {
                word: "deadline",
                takes: Takes::Time,
                about: "How long an expectation waits that has no `within`.",
                default: "2s",
                example: "deadline: 3s",
            },
            Word {
                word: "endian",
                takes: Takes::Choice(&["big", "little"]),
                about: "The byte order of integers that do not say theirs.",
                default: "big",
                example: "endian: little",
            },
            Word {
                word: "max_message",
                takes: Takes::Number(1, 1_073_741_824),
                about: "The most bytes of one message; a length that promises more is malformed.",
                default: "16 MiB",
                example: "max_message: 65536",
            },
            Word {
                word: "proto",
                takes: Takes::Texts,
                about: "Files in the language of Protocol Buffers that declare the message types of \
                        `proto` bodies. They stand beside the file that names them and are compiled \
                        when it is read; nothing else is needed.",
                default: "none",
                example: "proto: chat.proto",
            },
            Word {
                word: "split",
                takes: Takes::Map("`split`"),
                about: "How messages are told apart that stand in a stream without a length: by the field of Protocol \
                        Buffers with which each begins, or by pauses.",
                default: "they need a length or an end",
                example: "split: { begins: 1 }",
            },
            Word {
                word: "json_style",
                takes: Takes::Choice(&["compact", "spaced", "python"]),
                about: "How JSON is written: without spaces, with a space behind commas and colons, or \
                        as Python writes it (spaced, ASCII only). Read is any of them.",
                default: "compact",
                example: "json_style: spaced",
            },
            Word {
                word: "types",
                takes: Takes::Fields,
                about: "Names for types that are used more than once; a type may be made of another, \
                        16 deep at most.",
                default: "none",
                example: "types: { str16: { string: utf8, len: u16 } }",
            },
            Word {
                word: "layout",
                takes: Takes::Fields,
                about: "What all messages have in common: fields in wire order, with `$body` once, \
                        where the fields of the kind stand. One field may be the tag.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "messages",
                takes: Takes::Named("a message"),
                about: "The kinds of messages, 500 at most. They are tried in written order, and the \
                        first whose tag and constants all fit is it; `harness check` warns when an \
                        earlier kind always hides a later one.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "vectors",
                takes: Takes::Vectors,
                about: "Examples: bytes beside the message that they are. `harness check` and the \
                        tests hold the description against them, both ways, and let every beginning \
                        of the bytes need more. A kind without one gets a warning.",
                default: "none",
                example: "vectors: [ { dir: c2s, hex: \"01 0002 6869\", say: { text: hi } } ]",
            },
            Word {
                word: "ignore",
                takes: Takes::Ignored,
                about: "What is shown and skipped unless a scenario judges it: kinds, and single \
                        messages of a kind, which are written as in `fence` below.",
                default: "none",
                example: "ignore: [ ok, { recv: said, with: { text: { $re: \"^fence\" } } } ]",
            },
            Word {
                word: "reflexes",
                takes: Takes::Named("a reflex"),
                about: "Automatic answers of the fake clients, given on arrival, also to ignored \
                        messages and probes.",
                default: "none",
                example: "reflexes: { thanks: { when: said, send: say, with: { text: thanks } } }",
            },
            Word {
                word: "fence",
                takes: Takes::Map("`fence`"),
                about: "How silence is proven: a probe that travels the same path as everything \
                        else.",
                default: "none: `fence` steps cannot be used",
                example: "fence: { who: in, rule: X-1, send: { send: say, with: { text: $nonce } }, self: [ { recv: ok } ] }",
            },
            Word {
                word: "probe",
                takes: Takes::Steps,
                about: "Steps of a fresh client `x` that ask a server without harm whether it speaks \
                        this protocol. With `--target` alone, and several protocols in the paths, \
                        each is tried.",
                default: "it cannot be found by asking",
                example: "probe: [ { x: { recv: ok } } ]",
            },
            Word {
                word: "stray",
                takes: Takes::List("a stray"),
                about: "Which rule an unexpected message breaks; the first that fits is taken.",
                default: "the macro's or the scenario's rule",
                example: "stray: [ { recv: said, rule: X-1 } ]",
            },
            Word {
                word: "always",
                takes: Takes::List("a stray"),
                about: "What holds for every message of a kind, whether a step asks for it or not.",
                default: "none",
                example: "always: [ { recv: said, with: { from: { $not: $self.name } }, rule: X-1 } ]",
            },
            Word {
                word: "crash",
                takes: Takes::Rule,
                about: "The rule that is broken by a program that dies.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "broken",
                takes: Takes::Rule,
                about: "The rule that is broken by bytes that are no message, and by a message that \
                        does not end.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "client",
                takes: Takes::Map("`client`"),
                about: "What holds where a client program is judged and the harness plays the server. \
                        Without it there are no scenarios for clients.",
                default: "none",
                example: "client: { crash: X-1, broken: X-1 }",
            },
            Word {
                word: "ambient",
                takes: Takes::KindFields,
                about: "For each kind the field that names the user whom it concerns. On a server \
                        that others may use, a message whose field (a text, or a list or map with texts) names nobody of the scenario is a \
                        stranger's: shown, answered, and held against `never` alone.",
                default: "none",
                example: "ambient: { said: from }",
            },
            Word {
                word: "macros",
                takes: Takes::Named("a macro"),
                about: "Steps with a name, for `use`.",
                default: "none",
                example: "macros: { speak: { args: { who: actor }, steps: [ { $who: { send: say, with: { text: hi } } } ] } }",
            },
            Word {
                word: "pace",
                takes: Takes::Map("`pace`"),
                about: "Pauses that a fragile implementation needs; a scenario says `pace: none` where \
                        the race is the point.",
                default: "none",
                example: "pace: { between_sends: 100ms }",
            },
            Word {
                word: "lacks",
                takes: Takes::Lacks,
                about: "In a dialect: kinds, or fields as `kind.field`, that this implementation never \
                        sends, and the rule (or rules) that it breaks thereby.",
                default: "none",
                example: "lacks: { ok.when: X-1 }",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "`client`",
        title: "`client`",
        intro: "\
The words of the protocol file as they are in scenarios for clients, instead of those beside `client`:
there actors send what a server sends. The other words hold for both. Macros can use the steps `stdin`,
`stdout` and so on, and `$program`, the name of the program on the wire.",
        frame: frame!("client: { crash: X-2, broken: X-2, … }"),
        words: &[
            Word {
                word: "crash",
                takes: Takes::Rule,
                about: "The rule that is broken by a client that dies, or ends although nobody asked \
                        it to.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "broken",
                takes: Takes::Rule,
                about: "The rule that is broken by bytes that are no message, and by a message that \
                        does not end.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "deadline",
                takes: Takes::Time,
                about: "How long a `recv` and an output wait when they do not say so.",
                default: "as beside `client`",
                example: "deadline: 5s",
            },
            Word {
                word: "ignore",
                takes: Takes::Ignored,
                about: "Kinds that are skipped unless a scenario judges them.",
                default: "none",
                example: "ignore: [say]",
            },
            Word {
                word: "reflexes",
                takes: Takes::Named("a reflex"),
                about: "Automatic answers of the peers.",
                default: "none",
                example: "reflexes: { fine: { when: [say], send: ok } }",
            },
            Word {
                word: "stray",
                takes: Takes::List("a stray"),
                about: "Which rule a message breaks that no step asked for.",
                default: "none",
                example: "stray: [ { recv: say, rule: X-2 } ]",
            },
            Word {
                word: "always",
                takes: Takes::List("a stray"),
                about: "What holds for every message of a kind.",
                default: "none",
                example: "always: [ { recv: say, with: { text: hi }, rule: X-2 } ]",
            },
            Word {
                word: "macros",
                takes: Takes::Named("a macro"),
                about: "Steps with a name, for `use`.",
                default: "none",
                example: "macros: { join: { args: { to: actor }, steps: [ { $to: { recv: say } } ] } }",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "a parameter",
        title: "A parameter",
        intro: "",
        frame: frame!("params: { p: { … } }"),
        words: &[
            Word {
                word: "default",
                takes: Takes::Value,
                about: "Its value when nobody sets it: a time, a number or text.",
                default: "not set",
                example: "default: 60s",
            },
            Word {
                word: "assumed",
                takes: Takes::Flag,
                about: "The document fixes the default: a program that cannot be told another value has it. Scenarios that ask for another one, so as to be quick, run then with the default instead of being skipped.",
                default: "false",
                example: "default: 60s, assumed: true",
            },
            Word {
                word: "about",
                takes: Takes::Text,
                about: "What it is, for `harness list --params`.",
                default: "",
                example: "about: inactivity after which a client is disconnected",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "`split`",
        title: "Messages without a length",
        intro: "\
With `begins`, for a layout that is nothing but the body, on a stream, with `proto` bodies: a message
ends before the field with which the next one begins, when that follows another field; a rest of the
stream ends the last. A message that has all fields that are described for its kind is not waited for:
what still comes of it, undescribed fields, changes nothing.

With `pause` alone, for programs that send texts and take for a message what one read gives them: all
that comes until the stream rests is one message, as a datagram is. Texts that a server may send so
soon one behind the other that they run together need a kind for that: `text: \"Welcome!{}\"`, or one
that takes any text and is ignored. Nor must what a fake client sends run together: `pace: {
between_sends: 150ms }`.

The moment of a message is that of its last byte.",
        frame: frame!("split: { … }"),
        words: &[
            Word {
                word: "begins",
                takes: Takes::Number(1, 536_870_911),
                about: "The number of the field with which every message begins.",
                default: "pauses alone tell messages apart",
                example: "begins: 1",
            },
            Word {
                word: "pause",
                takes: Takes::Time,
                about: "How long a stream rests behind a message that nothing follows.",
                default: "200ms beside `begins`",
                example: "pause: 100ms",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "`names`",
        title: "Names of fake clients",
        intro: "",
        frame: frame!("names: { … }"),
        words: &[
            Word {
                word: "alphabet",
                takes: Takes::Text,
                about: "The characters, two at least.",
                default: "bcdfghjklmnpqrstvwxz",
                example: "alphabet: abcdef",
            },
            Word {
                word: "min",
                takes: Takes::Number(1, 1000),
                about: "The fewest characters.",
                default: "3",
                example: "min: 4",
            },
            Word {
                word: "max",
                takes: Takes::Number(1, 1000),
                about: "The most characters. No two actors of a scenario have names of the same \
                        length, as long as the range allows it.",
                default: "12",
                example: "max: 10",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "a reflex",
        title: "A reflex",
        intro: "",
        frame: frame!(
            "reflexes: { r: { when: said, send: say, with: { text: hi } } }\nignore: [ok]\n# …"
        ),
        words: &[
            Word {
                word: "when",
                takes: Takes::Kinds,
                about: "The kinds that it answers.",
                default: "",
                example: "",
            },
            Word {
                word: "send",
                takes: Takes::SentKind,
                about: "The kind of the answer.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "with",
                takes: Takes::SentFields,
                about: "The fields of the answer; `$got.field` is a field of the message that is \
                        answered.",
                default: "",
                example: "",
            },
            Word {
                word: "to",
                takes: Takes::Value,
                about: "For datagrams: where the answer goes, as with a step; `$source` is the sender.",
                default: "back to the sender",
                example: "reflexes: { r: { when: said, send: say, with: { text: hi }, to: $source } }",
            },
            Word {
                word: "delay",
                takes: Takes::Quantity,
                about: "How long after the arrival it is given.",
                default: "0",
                example: "",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "`fence`",
        title: "The fence",
        intro: "\
Each actor that takes part sends the probe in turn; what `self` and `others` say must come back
before the next one does. A probe that does not come back breaks a rule of the step, except where
probes do not come back on a fresh pair of clients either: then the fence's rule is broken, once.",
        frame: frame!(
            "fence: { who: in, rule: X-1, send: { send: say, with: { text: $nonce } }, self: [ { recv: ok } ], … }"
        ),
        words: &[
            Word {
                word: "who",
                takes: Takes::Text,
                about: "The mark that actors have who take part; a macro sets it.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "rule",
                takes: Takes::Rule,
                about: "Broken when probes do not come back on a target at all.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "send",
                takes: Takes::Map("the fence's probe"),
                about: "The probe. `$nonce` is a text that is new for each.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "self",
                takes: Takes::List("an expected message"),
                about: "What comes back to the prober, in any order.",
                default: "nothing",
                example: "",
            },
            Word {
                word: "others",
                takes: Takes::List("an expected message"),
                about: "What comes to every other actor that takes part, in this order.",
                default: "nothing",
                example: "others: [ { recv: said, with: { text: $nonce } } ]",
            },
            Word {
                word: "fallback",
                takes: Takes::Time,
                about: "How long silence is waited for where fences do not work.",
                default: "150ms",
                example: "fallback: 200ms",
            },
            Word {
                word: "control",
                takes: Takes::Steps,
                about: "Steps that bring two fresh clients, `x` and `y`, into the state in which they \
                        take part, to find out whether fences work on a target.",
                default: "a fence that fails is the server's fault",
                example: "control: [ { x: { set: { in: true } } } ]",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "the fence's probe",
        title: "The fence's probe",
        intro: "",
        frame: frame!(
            "fence: { who: in, rule: X-1, send: { send: say, with: { text: $nonce } }, self: [ { recv: ok } ] }\n# …"
        ),
        words: &[
            Word {
                word: "send",
                takes: Takes::SentKind,
                about: "Its kind.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "with",
                takes: Takes::SentFields,
                about: "Its fields, `$nonce` in one of them.",
                default: "",
                example: "",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "an expected message",
        title: "A message that is told apart",
        intro: "What comes back of a probe, and what is ignored.",
        frame: frame!(
            "fence: { who: in, rule: X-1, send: { send: say, with: { text: $nonce } }, self: [ { recv: said, … } ] }"
        ),
        words: &[
            Word {
                word: "recv",
                takes: Takes::ReceivedKinds,
                about: "Its kind, or a list of kinds.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "with",
                takes: Takes::ReceivedFields,
                about: "Matchers of its fields; `$nonce` is the probe's.",
                default: "any",
                example: "with: { text: $nonce }",
            },
            Word {
                word: "exact",
                takes: Takes::Flag,
                about: "It has no other fields than those listed.",
                default: "false",
                example: "exact: false",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "a stray",
        title: "Strays, and what always holds",
        intro: "\
Both lists have entries of this form. `$self.name` is the name of the actor that received the message.",
        frame: frame!("stray: [ { recv: said, rule: X-1, … } ]"),
        words: &[
            Word {
                word: "recv",
                takes: Takes::ReceivedKinds,
                about: "The kind, or a list of kinds.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "with",
                takes: Takes::ReceivedFields,
                about: "Matchers of the fields. A stray is a message that fits; what always holds is \
                        that they fit.",
                default: "any",
                example: "with: { text: \"\" }",
            },
            Word {
                word: "exact",
                takes: Takes::Flag,
                about: "It has no other fields than those listed.",
                default: "false",
                example: "exact: true",
            },
            Word {
                word: "rule",
                takes: Takes::Rule,
                about: "The rule that is broken.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "absorb",
                takes: Takes::Flag,
                about: "In `stray`: record the breach as a finding of its own, once a scenario, and go \
                        on as if the message had not come, so that one known fault does not fail \
                        every scenario.",
                default: "false",
                example: "absorb: true",
            },
            Word {
                word: "unasked",
                takes: Takes::Flag,
                about: "In `stray`: only where no message is waited for, as in a silence, in a fence, \
                        and at the end; for answers, of which one too many and the wrong one look \
                        alike while one is awaited.",
                default: "false",
                example: "unasked: true",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "a macro",
        title: "A macro",
        intro: "\
The steps are those of scenarios; `$who: { … }` is a step of the actor that the argument names. A
macro may use others, 16 deep, but not itself.",
        frame: frame!(
            "macros: { m: { args: { who: actor, text: value }, steps: [ { $who: { send: say, with: { text: $text } } } ], … } }"
        ),
        words: &[
            Word {
                word: "args",
                takes: Takes::ArgumentKinds,
                about: "Its arguments: each an `actor` or a `value`. All must be given.",
                default: "none",
                example: "",
            },
            Word {
                word: "rule",
                takes: Takes::Rule,
                about: "The rule that is broken when one of its steps fails that names none.",
                default: "that of the macro or scenario that uses it",
                example: "rule: X-1",
            },
            Word {
                word: "steps",
                takes: Takes::Steps,
                about: "What it does.",
                default: REQUIRED,
                example: "",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "`pace`",
        title: "Pace",
        intro: "",
        frame: frame!("pace: { … }"),
        words: &[Word {
            word: "between_sends",
            takes: Takes::Time,
            about: "The pause between two sends of any fake clients of a scenario.",
            default: "0",
            example: "between_sends: 100ms",
        }],
    },
];
