use super::{Language, REQUIRED, Section, Takes, Word};

const FRAME: &str = "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps: [ { alice: { connect: {} } } ]
…";

const CLIENT_FRAME: &str = "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: { … } }
steps: [ { alice: { connect: {} } } ]";

const PEER_FRAME: &str = "\
scenario: x
rules: [BCP-C1]
subject: client
peers: { srv: {}, bob: { … } }
steps: [ { srv: { connect: {} } } ]";

const PROGRAM_FRAME: &str = "\
scenario: x
rules: [BCP-C1]
subject: client
program: { … }
peers: { srv: {} }
steps: [ { srv: { connect: {} } } ]";

pub(super) const SECTIONS: &[Section] = &[
    Section {
        language: Language::Scenarios,
        what: "a scenario",
        title: "A scenario",
        intro: "\
A scenario is one YAML document; a file below `server/<area>/` of a protocol's folder holds one, or
several with `---` between them. It says which fake clients there are, what they do, and what the
server must send them. It is judged step by step, from top to bottom.

Every actor has an inbox. Its next *judged* message must be what its next `recv` asks for: messages
may neither be left out nor come in another order on one connection, while the order between
connections is free. Judged are all messages but those of a kind that is ignored, a fence's probe,
and, on a server that others may use (`--target`), a message that concerns only users who are not of
this scenario. A judged message that is still unread when the scenario ends fails it. Bytes that are
no message, a message that does not end, and a server that dies break the rules that the protocol
names for them, wherever it happens.

The first failure of a rule of the level `must` ends the scenario; the steps after it count as not
run. After a failure of the level `should` it goes on. After the last step the connections stay open
for 20 ms, and what comes then still counts; a message that has begun may end within the protocol's
`deadline`. Then the clients close, and nothing is judged any more.

A failure blames, in this order: the rule of the step, or of the step around it; for a message of another kind than expected,
the rule that the protocol's `stray` names for it; the rule of the innermost macro that has one; for
a fence's probe in `setup`, the fence's rule; the first rule of the scenario. A message behind which bytes come that are
no message breaks the rule for those bytes.",
        frame: FRAME,
        words: &[
            Word {
                word: "scenario",
                takes: Takes::Text,
                about: "The title: what must hold, as a sentence. It names the scenario in reports, \
                        filters and snapshots, so it is unique within the protocol.",
                default: REQUIRED,
                example: "scenario: a name is free again when its owner has left",
            },
            Word {
                word: "rules",
                takes: Takes::Rules,
                about: "The rules that the scenario is about, at least one. The first is blamed when \
                        nothing nearer names a rule.",
                default: REQUIRED,
                example: "rules: [BCP-3, BCP-3b]",
            },
            Word {
                word: "about",
                takes: Takes::Text,
                about: "Why it is done like this, for whoever reads the file.",
                default: "",
                example: "about: both answers are allowed, silence is not",
            },
            Word {
                word: "needs",
                takes: Takes::Choices(&["alone", "signals", "log"]),
                about: "What the target must offer. `alone`: it runs everywhere, but a failure is \
                        inconclusive when a stranger's message was seen. `signals`: only where the \
                        server is ours to signal and kill (embedded, `--spawn`), else it is skipped. \
                        `log`: only where the server's log file is known.",
                default: "nothing",
                example: "needs: [alone]",
            },
            Word {
                word: "dialects",
                takes: Takes::Dialects,
                about: "Only in these dialects; in others it is skipped. What the protocol file \
                        itself describes is called `spec`.",
                default: "all",
                example: "dialects: [spec]",
            },
            Word {
                word: "params",
                takes: Takes::Params,
                about: "Values of the protocol's parameters that the server is to have. A server of \
                        ours is started with them (`--spawn` when its command has the placeholder). \
                        Elsewhere the scenario runs with the values that the user has told with \
                        `--param`, and is skipped when one is missing. Steps write `$idle_timeout`, \
                        so that they fit any value.",
                default: "the protocol's defaults",
                example: "params: { idle_timeout: 600ms }",
            },
            Word {
                word: "pace",
                takes: Takes::Choice(&["none"]),
                about: "`none` drops the pause that a dialect asks for between two sends: for \
                        scenarios in which the race is the point.",
                default: "as the dialect says",
                example: "pace: none",
            },
            Word {
                word: "snapshot",
                takes: Takes::Choice(&["none"]),
                about: "`none` leaves the scenario out of the comparison with snapshots: for \
                        exchanges in which chance decides who gets which answer.",
                default: "its transcript is compared",
                example: "snapshot: none",
            },
            Word {
                word: "subject",
                takes: Takes::Choice(&["server", "client"]),
                about: "Which program is judged. Scenarios for clients stand below `client/`; there \
                        the harness plays the server, sends what a server sends, and judges what \
                        the program sends, prints and how it ends.",
                default: "server",
                example: "subject: server",
            },
            Word {
                word: "peers",
                takes: Takes::Named("a peer"),
                about: "Instead of `clients` where a client program is judged: the servers, and other \
                        users where users speak with each other, by the words that steps use for \
                        them. All listen before the program starts. A peer takes the program's \
                        connection at its first step, and the next one with `connect: fresh`.",
                default: "",
                example: "subject: client\npeers: { srv: {} }",
            },
            Word {
                word: "program",
                takes: Takes::Map("`program`"),
                about: "How the client program is started. `$program` is its name on the wire.",
                default: "a pipe as input, a terminal as output, a generated name",
                example: "subject: client\npeers: { srv: {} }\nprogram: { stdout: pipe }",
            },
            Word {
                word: "clients",
                takes: Takes::Named("a client"),
                about: "The fake clients by the words that steps use for them. A client connects at \
                        its first step and not before. Needed where a server is judged.",
                default: "",
                example: "clients: { alice: {}, twin: { name: { same_length_as: alice } } }",
            },
            Word {
                word: "each",
                takes: Takes::Variants,
                about: "Variables with a list of values each. The scenario runs once for every \
                        combination (1000 at most), each with a verdict of its own; steps write \
                        `$how`, also where a kind, a macro or a way to close is named.",
                default: "",
                example: "each: { how: [fin, reset] }",
            },
            Word {
                word: "runs",
                takes: Takes::Number(1, 1000),
                about: "How often it runs, on a fresh server where the server is ours: for races \
                        that do not show every time. The first run that does not pass decides.",
                default: "1",
                example: "runs: 5",
            },
            Word {
                word: "setup",
                takes: Takes::Steps,
                about: "Steps before the judged ones. When they fail the scenario is inconclusive, \
                        unless the rule that they break is one of the scenario's, or is the \
                        protocol's `crash`, `broken` or `fence` rule.",
                default: "none",
                example: "setup: [ { use: join, with: { who: alice } } ]",
            },
            Word {
                word: "steps",
                takes: Takes::Steps,
                about: "The judged steps, at least one.",
                default: REQUIRED,
                example: "steps: [ { alice: { connect: {} } } ]",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "a client",
        title: "A client",
        intro: "\
An entry of `clients`; `{}` will do. Names on the wire are generated from the run's seed: unique in
a run, all of different lengths within a scenario, and none is part of another, so that the same
server can be tested again and again. `$alice` is the name of alice.",
        frame: CLIENT_FRAME,
        words: &[
            Word {
                word: "name",
                takes: Takes::ClientName,
                about: "The client's name on the wire, where it matters: a value, or \
                        `{ same_length_as: alice }` for a generated name as long as another's.",
                default: "generated",
                example: "name: { $fill: z, len: 4095 }",
            },
            Word {
                word: "count",
                takes: Takes::Number(1, 20_000),
                about: "Makes it a crowd of so many clients, `crowd.1`, `crowd.2` and so on. A step \
                        of the crowd is done by each member in turn, `$self` being the member.",
                default: "one client",
                example: "count: 30",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "a peer",
        title: "A peer of a client program",
        intro: "An entry of `peers`; `{}` will do.",
        frame: PEER_FRAME,
        words: &[
            Word {
                word: "name",
                takes: Takes::ClientName,
                about: "The peer's name on the wire, as that of a client.",
                default: "generated",
                example: "name: { same_length_as: srv }",
            },
            Word {
                word: "refuses",
                takes: Takes::Flag,
                about: "Nobody listens there: connections are refused.",
                default: "false",
                example: "refuses: true",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "`program`",
        title: "The client program",
        intro: "\
The program is the one of `--client`, or the reference client. In the command `{host}` and `{port}` are
where it is to connect, `{name}` is the name that it is to have, `{client_port}` a free port for its own
socket where messages are datagrams, `{dialect}` the dialect, `{dir}` a folder of its own, `{log}` a file
there; parameters are filled in as well. It starts before the first step, in a process group of its own,
of which nothing is left at the end.",
        frame: PROGRAM_FRAME,
        words: &[
            Word {
                word: "name",
                takes: Takes::Value,
                about: "Its name on the wire.",
                default: "generated",
                example: "name: { $fill: n, len: 4095 }",
            },
            Word {
                word: "to",
                takes: Takes::Text,
                about: "The peer whose address it is told.",
                default: "the first peer",
                example: "to: srv",
            },
            Word {
                word: "host",
                takes: Takes::Value,
                about: "The host that it is told, where that is the point.",
                default: "the peer's",
                example: "host: \"256.1.1.1\"",
            },
            Word {
                word: "port",
                takes: Takes::Value,
                about: "The port that it is told, where that is the point.",
                default: "the peer's",
                example: "port: \"70000\"",
            },
            Word {
                word: "client_port",
                takes: Takes::Value,
                about: "The port of its own that it is told, where that is the point. Only where messages \
                        are datagrams.",
                default: "a free one",
                example: "client_port: \"80\"",
            },
            Word {
                word: "stdin",
                takes: Takes::Choice(&["pipe", "terminal"]),
                about: "What its standard input is. A terminal takes lines of up to 4095 bytes; where \
                        both are terminals they are the same one.",
                default: "pipe",
                example: "stdin: terminal",
            },
            Word {
                word: "stdout",
                takes: Takes::Choice(&["pipe", "terminal"]),
                about: "What its standard output is: programs hold output back on a pipe. A terminal \
                        does not echo. Standard error is always a pipe.",
                default: "terminal",
                example: "stdout: pipe",
            },
            Word {
                word: "term",
                takes: Takes::Text,
                about: "The kind of terminal that it is told, in the variable TERM.",
                default: "dumb",
                example: "term: xterm",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "a client's name",
        title: "The name of a client",
        intro: "Or any value that is a text: `name: \"root\"`.",
        frame: "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: { name: { … } } }
steps: [ { alice: { connect: {} } } ]",
        words: &[Word {
            word: "same_length_as",
            takes: Takes::Text,
            about: "A generated name with as many characters as that of this client.",
            default: REQUIRED,
            example: "same_length_as: alice",
        }],
    },
];
