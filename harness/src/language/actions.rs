use super::{Language, Section, Takes, Word};

const FRAME: &str = "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - alice: { … }";

pub(super) const SECTIONS: &[Section] = &[
    Section {
        language: Language::Scenarios,
        what: "an actor's step",
        title: "What an actor does",
        intro: "\
Behind the name of an actor stands a map with exactly one action: `connect`, `send`, `raw`, `batch`,
`recv`, `never`, `silence`, `closed`, `open`, `close`, `reflexes`, `ignore`, `judge`, `set`, `reading`,
`receive_buffer` or `network`. The other words are options of some of them.

Where messages are datagrams, an actor has a `main` socket from its first step on, and others: `via: fresh`
sends from a new one, which is then the actor's `request`, and `via: NAME` from one that is opened when it
is first named. Each socket has an inbox, in which the order is free: a `recv` takes the first message that
fits, and what nobody has asked for at the next fence, or at the end, is a stray one. `$self.main` is the
address of a socket as a text, `${self.main.port}` its port, `${bob.main.ip}` another actor's; so are
`request` and the names of others.

Times are judged by the moment at which bytes arrived at the socket. `within` counts from the last
action (a send, a close, a signal) or from `since`; without it a `recv` has the protocol's `deadline`
from the later of the last action and the actor's last arrival. When the harness itself was late, the
scenario is tried again and then inconclusive, never failed.",
        frame: FRAME,
        words: &[
            Word {
                word: "connect",
                takes: Takes::Connect,
                about: "`{}`: connects if the actor is not connected, and does nothing else. \
                        `fresh`: a new connection, whatever was before. Any other step connects by \
                        itself.",
                default: "",
                example: "connect: fresh",
            },
            Word {
                word: "send",
                takes: Takes::SentKind,
                about: "Sends a message of this kind. The actor's due automatic answers go out \
                        first. Lengths are computed.",
                default: "",
                example: "send: send, with: { message: hello }",
            },
            Word {
                word: "raw",
                takes: Takes::Bytes,
                about: "Sends these bytes, written as hexadecimal digits (white space is free), or a \
                        value that makes bytes.",
                default: "",
                example: "raw: \"02 ffff\"",
            },
            Word {
                word: "batch",
                takes: Takes::Batch,
                about: "Several messages in one write: a list, or one map with `repeat`. 64 MiB at \
                        most.",
                default: "",
                example: "batch: [ { send: send, with: { message: a } }, { raw: \"00\" } ]",
            },
            Word {
                word: "recv",
                takes: Takes::ReceivedKinds,
                about: "The actor's next judged message is of this kind (or one of these) and its \
                        fields are as in `with`. A kind that is ignored can be asked for, too: then \
                        ignored messages before it are skipped.",
                default: "",
                example: "recv: [notice, deliver], with: { message: { $contains: $bob } }",
            },
            Word {
                word: "never",
                takes: Takes::ReceivedKinds,
                about: "From here to the next fence, or to the end, no such message may come to the \
                        actor. Ignored kinds count.",
                default: "",
                example: "never: deliver, with: { from: $bob }",
            },
            Word {
                word: "silence",
                takes: Takes::Quantity,
                about: "No judged message comes to the actor for this long. Only for where no fence \
                        can prove it.",
                default: "",
                example: "silence: 300ms",
            },
            Word {
                word: "closed",
                takes: Takes::Map("`closed`"),
                about: "The server ends the connection: end of stream or reset. Judged messages \
                        before it fail.",
                default: "",
                example: "closed: { within: 2s }",
            },
            Word {
                word: "open",
                takes: Takes::Nothing,
                about: "The server has not ended the connection up to now. Nothing is waited for.",
                default: "",
                example: "open: {}",
            },
            Word {
                word: "close",
                takes: Takes::ChoiceOrVariable(&["fin", "write", "reset"]),
                about: "The actor ends the connection, or closes its sockets. `fin`: it shuts down its writing side, reads \
                        what still comes, and closes. `write`: it only shuts down its writing side. \
                        `reset`: the connection is reset.",
                default: "",
                example: "close: reset",
            },
            Word {
                word: "reflexes",
                takes: Takes::Reflexes,
                about: "Which of the protocol's automatic answers the actor gives from here on; `[]` \
                        for none. Messages of their kind are then sent by hand.",
                default: "all",
                example: "reflexes: [ack]",
            },
            Word {
                word: "ignore",
                takes: Takes::ReceivedKinds,
                about: "Messages of these kinds are shown and skipped from here on. Reflexes still \
                        answer them.",
                default: "as the protocol says",
                example: "ignore: [status, deliver]",
            },
            Word {
                word: "judge",
                takes: Takes::ReceivedKinds,
                about: "Takes `ignore` back, the protocol's too: from here on such messages must be \
                        asked for.",
                default: "",
                example: "judge: [notice]",
            },
            Word {
                word: "set",
                takes: Takes::Values,
                about: "Variables of the actor, `$self.name` and the like; `registered: true` also \
                        sets a mark such as the one that a fence asks for.",
                default: "",
                example: "set: { registered: true }",
            },
            Word {
                word: "reading",
                takes: Takes::Flag,
                about: "`false`: the actor stops reading, so that the server's writes pile up.",
                default: "true",
                example: "reading: false",
            },
            Word {
                word: "receive_buffer",
                takes: Takes::Number(1, 1_073_741_824),
                about: "The size of the socket's receive buffer in bytes, set before the actor \
                        connects: with `reading: false` it decides how soon the server feels it.",
                default: "the system's",
                example: "receive_buffer: 4096",
            },
            Word {
                word: "network",
                takes: Takes::Map("`network`"),
                about: "For datagrams: what becomes of those that the actor sends from here on, automatic \
                        answers included.",
                default: "each goes out once",
                example: "network: { copies: 2 }",
            },
            Word {
                word: "with",
                takes: Takes::MessageFields,
                about: "With `send`: the fields of the message; all that have neither a constant nor \
                        a default must be there. With `recv` and `never`: what fields must be like, \
                        as matchers; fields that are not listed are free.",
                default: "",
                example: "recv: deliver, with: { from: $bob, message: { $re: \"^h\" } }",
            },
            Word {
                word: "exact",
                takes: Takes::Flag,
                about: "With `recv` and `never`: the message has no other fields than those listed.",
                default: "false",
                example: "recv: status, with: { code: ok, message: \"\" }, exact: true",
            },
            Word {
                word: "optional",
                takes: Takes::Flag,
                about: "With `recv`: the message may also not come. The step is over when it has \
                        come, when another judged message comes, or when the time is over.",
                default: "false",
                example: "recv: status, optional: true, within: 100ms",
            },
            Word {
                word: "times",
                takes: Takes::Times,
                about: "With `recv`: how many such messages come one after another: `3`, `1..5`, \
                        `1..`. With an open end the step is over when another judged message comes \
                        or the time is over.",
                default: "1",
                example: "recv: deliver, times: 1..5",
            },
            Word {
                word: "save",
                takes: Takes::Captures,
                about: "With `recv`: fields and the variables that take their values: a name of your \
                        own for `$n` in later steps, or `$self.n` to keep it with the actor (of a \
                        crowd, each member has its own). For datagrams, `$source` stands for the \
                        sender's address.",
                default: "",
                example: "recv: deliver, save: { message: told, from: $self.friend }",
            },
            Word {
                word: "gather",
                takes: Takes::Captures,
                about: "With `recv` and `times`: the same for several messages; the variable is a \
                        list. Where messages are datagrams, `times: 1..` with `within` collects \
                        all that come in that time.",
                default: "",
                example: "recv: deliver, times: 2, gather: { message: all_told }",
            },
            Word {
                word: "mark",
                takes: Takes::NewName,
                about: "Names a moment: of the arrival with `recv` and `closed`, of the end of the \
                        write with `send`, `raw` and `batch`, of the closing with `close`. `last_sent` \
                        always names the last write of the actor.",
                default: "",
                example: "recv: deliver, mark: heard",
            },
            Word {
                word: "since",
                takes: Takes::Mark,
                about: "With `recv`: the mark that `within` and `after` count from.",
                default: "the last action",
                example: "recv: deliver, since: last_sent, within: 1s",
            },
            Word {
                word: "after",
                takes: Takes::Quantity,
                about: "With `recv`: it must not come earlier than this.",
                default: "at any time",
                example: "recv: deliver, after: 200ms",
            },
            Word {
                word: "within",
                takes: Takes::Quantity,
                about: "With `recv`: it must not come later than this.",
                default: "the protocol's `deadline`",
                example: "recv: deliver, within: 1s",
            },
            Word {
                word: "bend",
                takes: Takes::Bends,
                about: "With `send`: lengths (`len(field)`) and numbers of the layout that get a \
                        wrong value on purpose.",
                default: "",
                example: "send: send, with: { message: abc }, bend: { len(message): 999 }",
            },
            Word {
                word: "chunks",
                takes: Takes::Chunks,
                about: "With `send`, `raw` and `batch`: the sizes in bytes of the pieces in which it \
                        is written; the last one repeats, `rest` is all that is left.",
                default: "one write",
                example: "raw: \"010005616c696365\", chunks: [1, 2, rest]",
            },
            Word {
                word: "gap",
                takes: Takes::Quantity,
                about: "With `chunks`: the pause between two pieces. When the peer ends the connection, \
                        the rest is not sent.",
                default: "1ms",
                example: "raw: \"0100\", chunks: 1, gap: 5ms",
            },
            Word {
                word: "first",
                takes: Takes::Number(0, i64::MAX),
                about: "With `send`, `raw` and `batch`: only so many bytes of it are written, and \
                        the rest never.",
                default: "all",
                example: "send: send, with: { message: abc }, first: 2",
            },
            Word {
                word: "skip",
                takes: Takes::Number(0, i64::MAX),
                about: "With `send`, `raw` and `batch`: so many bytes from its start are left out. With \
                        `first` in an earlier step, a message goes out in two halves, and others can \
                        act in between.",
                default: "0",
                example: "send: send, with: { message: abc }, skip: 2",
            },
            Word {
                word: "via",
                takes: Takes::Text,
                about: "For datagrams, with `send`, `raw` and `batch`: the socket that it goes out from: \
                        `main`, `fresh` (a new one), `request` (the one that the last request went out \
                        from) or a name of your own.",
                default: "as the message says with `out`, else `main`",
                example: "send: send, with: { message: abc }, via: fresh",
            },
            Word {
                word: "at",
                takes: Takes::Text,
                about: "For datagrams, with `recv`: the socket to which it comes.",
                default: "as the message says with `in`, else `main`",
                example: "recv: deliver, at: request",
            },
            Word {
                word: "to",
                takes: Takes::Value,
                about: "For datagrams, with `send`, `raw` and `batch`: where it goes: an actor (its main \
                        socket), `\"IP:PORT\"`, `[IP, PORT]`, or a variable with such a value.",
                default: "to the server",
                example: "send: send, with: { message: abc }, to: $bob",
            },
            Word {
                word: "copies",
                takes: Takes::Number(0, 1000),
                about: "For datagrams, with `send`, `raw` and `batch`: how often each goes out. `0`: it \
                        is lost on its way.",
                default: "as `network` says, else 1",
                example: "send: send, with: { message: abc }, copies: 2",
            },
            Word {
                word: "order",
                takes: Takes::Choice(&["reversed", "shuffled"]),
                about: "For datagrams, with `batch`: in which order its parts go out.",
                default: "as they are written",
                example: "batch: { repeat: 3, as: i, send: send, with: { message: $i } }, order: reversed",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "a part of a batch",
        title: "A part of a batch",
        intro: "One `send` or one `raw` each.",
        frame: "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - alice: { batch: [ { … } ] }",
        words: &[
            Word {
                word: "send",
                takes: Takes::SentKind,
                about: "The kind of the message.",
                default: "",
                example: "send: send, with: { message: a }",
            },
            Word {
                word: "raw",
                takes: Takes::Bytes,
                about: "Bytes.",
                default: "",
                example: "raw: \"00\"",
            },
            Word {
                word: "with",
                takes: Takes::SentFields,
                about: "The fields of the message.",
                default: "",
                example: "send: send, with: { message: a }",
            },
            Word {
                word: "bend",
                takes: Takes::Bends,
                about: "Lengths and numbers of the layout that get a wrong value on purpose.",
                default: "",
                example: "send: send, with: { message: a }, bend: { op: 9 }",
            },
            Word {
                word: "repeat",
                takes: Takes::Count,
                about: "How often it is written. 1,000,000 times at most.",
                default: "1",
                example: "repeat: 200, as: i, send: send, with: { message: \"push ${i}\" }",
            },
            Word {
                word: "as",
                takes: Takes::NewName,
                about: "The variable of `repeat`, which counts from 1.",
                default: "none",
                example: "repeat: 2, as: i, send: send, with: { message: $i }",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "`network`",
        title: "What becomes of an actor's datagrams",
        intro: "",
        frame: "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - alice: { network: { … } }",
        words: &[Word {
            word: "copies",
            takes: Takes::Number(0, 1000),
            about: "How often each goes out that does not say so itself. `0`: all are lost.",
            default: "1",
            example: "copies: 0",
        }],
    },
    Section {
        language: Language::Scenarios,
        what: "`closed`",
        title: "When the server closes",
        intro: "`closed: {}` means within the protocol's `deadline`.",
        frame: "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - alice: { closed: { … } }",
        words: &[
            Word {
                word: "since",
                takes: Takes::Mark,
                about: "The mark that the times count from.",
                default: "the last action",
                example: "since: last_sent",
            },
            Word {
                word: "after",
                takes: Takes::Quantity,
                about: "Not earlier than this.",
                default: "at any time",
                example: "after: 200ms",
            },
            Word {
                word: "within",
                takes: Takes::Quantity,
                about: "Not later than this.",
                default: "the protocol's `deadline`",
                example: "within: 2s",
            },
            Word {
                word: "mark",
                takes: Takes::NewName,
                about: "Names the moment at which it was noticed.",
                default: "",
                example: "mark: gone",
            },
        ],
    },
];
