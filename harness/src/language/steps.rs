use super::{Language, REQUIRED, Section, Takes, Word};

const FRAME: &str = "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - …";

const REMARK_FRAME: &str = "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - alice: { connect: {} }
    …";

pub(super) const SECTIONS: &[Section] = &[
    Section {
        language: Language::Scenarios,
        what: "a step",
        title: "A step",
        intro: "\
A step is a map with one thing to do: one of the words below, or the name of an actor (`alice: …`),
of a crowd, or `all` for every actor of the scenario; then what the actor does stands behind it, see
\"What an actor does\". Beside it may stand the remarks of the next section.",
        frame: FRAME,
        words: &[
            Word {
                word: "use",
                takes: Takes::MacroName,
                about: "Does the steps of a macro of the protocol, with its arguments in `with`. \
                        Rules beside it are blamed for every step of the macro that names none.",
                default: "",
                example: "{ use: join, with: { who: alice } }",
            },
            Word {
                word: "with",
                takes: Takes::Arguments,
                about: "The arguments of `use`: all that the macro has, actors by their words and \
                        values as values. (The fields of a message stand one level further in, \
                        beside `send` or `recv`.)",
                default: "",
                example: "{ use: post, with: { who: alice, text: hello } }",
            },
            Word {
                word: "fence",
                takes: Takes::Actors,
                about: "Proves that nothing more is on its way, in one round trip instead of by \
                        waiting: the named actors, or with `all` every one that takes part, send the \
                        protocol's probe one after another, and everybody else who takes part must \
                        receive it. An actor takes part that has the fence's mark, is open, reads, \
                        and owes no acknowledgement. Whatever comes before the probe is judged: a \
                        message that no step asked for fails here. It also ends every `never`. Where \
                        probes do not come back on a target at all, that is reported once as a \
                        breach of the fence's rule, and from then on silence is waited for.",
                default: "",
                example: "fence: [alice, bob]",
            },
            Word {
                word: "together",
                takes: Takes::Steps,
                about: "Writes of several actors back to back, with nothing in between: steps that \
                        send, connect or close. Connections are made first.",
                default: "",
                example: "together: [ { alice: { raw: \"00\" } }, { bob: { close: fin } } ]",
            },
            Word {
                word: "any_order",
                takes: Takes::Branches,
                about: "Branches of expectations (`recv`, `closed`, and `repeat` and `steps` of \
                        them) that may come true in any order; a branch that is a list keeps its \
                        own order. All must come true.",
                default: "",
                example: "any_order: [ { alice: { recv: status } }, { bob: { recv: deliver } } ]",
            },
            Word {
                word: "either",
                takes: Takes::Branches,
                about: "Branches of expectations of which one must come true. What arrives is held \
                        against all of them; a branch is out as soon as something does not fit it, \
                        and the first that has all it wants is taken. When the last one is out, \
                        that one tells what is wrong.",
                default: "",
                example: "either: [ { alice: { recv: status } }, { alice: { closed: {} } } ]",
            },
            Word {
                word: "repeat",
                takes: Takes::Count,
                about: "Does `steps` so often. In a branch of `any_order` or `either` 200,000 expectations \
                        at most come of it.",
                default: "",
                example: "{ repeat: 3, as: i, steps: [ { alice: { raw: \"00\" } } ] }",
            },
            Word {
                word: "as",
                takes: Takes::NewName,
                about: "The variable of `repeat`, which counts from 1.",
                default: "none",
                example: "{ repeat: 3, as: i, steps: [ { alice: { send: send, with: { message: \"${i}\" } } } ] }",
            },
            Word {
                word: "steps",
                takes: Takes::Steps,
                about: "What `repeat` does. Alone: a group, to which a rule or a condition applies \
                        as a whole.",
                default: "",
                example: "{ repeat: 3, steps: [ { alice: { raw: \"00\" } } ] }",
            },
            Word {
                word: "eventually",
                takes: Takes::Map("`eventually`"),
                about: "Tries its steps again until they hold. Only the last attempt counts.",
                default: "",
                example: "eventually: { within: 5s, every: 100ms, steps: [ { alice: { connect: fresh } } ] }",
            },
            Word {
                word: "server",
                takes: Takes::ServerStep,
                about: "Something about the server as a program: `kill`, `restart`, or a map, see \
                        \"The server as a program\". Only where the server is ours.",
                default: "",
                example: "server: restart",
            },
            Word {
                word: "expect",
                takes: Takes::Checks,
                about: "Checks of what was saved and marked: each key is a quantity, each value a \
                        matcher. The difference of two marks is a time.",
                default: "",
                example: "expect: { \"2 * 3\": 6, \"1s - 400ms\": { $le: 600ms } }",
            },
            Word {
                word: "program",
                takes: Takes::Map("a program's step"),
                about: "Something about the client program: a signal, its end, the end of its input. \
                        This word and the next four only where a client is judged.",
                default: "",
                example: "program: { signal: SIGINT }",
            },
            Word {
                word: "stdin",
                takes: Takes::Typed,
                about: "Types a line, or a list of lines at once, into the client program; or a map \
                        that says more, see \"What is typed\". It is an action.",
                default: "",
                example: "stdin: [hello, how are you]",
            },
            Word {
                word: "stdout",
                takes: Takes::PrintedOrMatcher,
                about: "The client program prints a line like this on its standard output, within \
                        the `deadline` of the protocol for clients. Lines count that no such step has \
                        taken yet: those before the one that fits are taken with it. A line that has \
                        begun counts as well, and a regular expression also sees all of them as one \
                        text. Or a map that says more, see \"What is printed\".",
                default: "",
                example: "stdout: { $re: \"bob.*hello\" }",
            },
            Word {
                word: "stderr",
                takes: Takes::PrintedOrMatcher,
                about: "The same on its standard error.",
                default: "",
                example: "stderr: { $contains: lost }",
            },
            Word {
                word: "output",
                takes: Takes::PrintedOrMatcher,
                about: "The same on either of them.",
                default: "",
                example: "output: { $contains: lost }",
            },
            Word {
                word: "pause",
                takes: Takes::Quantity,
                about: "Waits; for where time itself is tested. What arrives meanwhile is kept. It is an \
                        action: windows without `since` count from its end.",
                default: "",
                example: "pause: 300ms",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "a remark on a step",
        title: "Beside what a step does",
        intro: "These words stand in the same map as what the step does.",
        frame: REMARK_FRAME,
        words: &[
            Word {
                word: "rule",
                takes: Takes::Rules,
                about: "The rule that is broken when this step fails, or a step within it that names \
                        none; of a list the first is blamed.",
                default: "see \"A scenario\"",
                example: "rule: BCP-6",
            },
            Word {
                word: "rules",
                takes: Takes::Rules,
                about: "The same word, for a list.",
                default: "",
                example: "rules: [BCP-6, BCP-7]",
            },
            Word {
                word: "about",
                takes: Takes::Text,
                about: "Why, for whoever reads the file.",
                default: "",
                example: "about: its answer may come first",
            },
            Word {
                word: "only_if",
                takes: Takes::Conditions,
                about: "The step is left out unless these parameters or variants have these values; \
                        a list of values means any of them.",
                default: "",
                example: "only_if: { shutdown_signal: [SIGINT, SIGTERM] }",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "a program's step",
        title: "The client program in steps",
        intro: "One of `signal`, `exit`, `closed` and `may_end`.",
        frame: "\
scenario: x
rules: [BCP-C1]
subject: client
peers: { srv: {} }
steps:
  - program: { … }",
        words: &[
            Word {
                word: "signal",
                takes: Takes::Value,
                about: "Sends a signal to the program's process group, as a terminal does, once the \
                        program has connected.",
                default: "",
                example: "signal: SIGINT",
            },
            Word {
                word: "exit",
                takes: Takes::Map("`exit`"),
                about: "The program ends by itself.",
                default: "",
                example: "exit: { within: 5s, status: 0 }",
            },
            Word {
                word: "closed",
                takes: Takes::Choice(&["stdin"]),
                about: "The program's standard input ends, behind what was typed.",
                default: "",
                example: "closed: stdin",
            },
            Word {
                word: "may_end",
                takes: Takes::Flag,
                about: "From here on the program may end by itself, and need not.",
                default: "false",
                example: "may_end: true",
            },
            Word {
                word: "mark",
                takes: Takes::NewName,
                about: "Names the moment of the signal, or of the end of input.",
                default: "",
                example: "signal: SIGTERM, mark: told",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "what is typed",
        title: "What is typed",
        intro: "`stdin` with more to say: one of `lines` and `raw`.",
        frame: "\
scenario: x
rules: [BCP-C1]
subject: client
peers: { srv: {} }
steps:
  - stdin: { … }",
        words: &[
            Word {
                word: "lines",
                takes: Takes::Values,
                about: "A line or a list of lines; each gets its end.",
                default: "",
                example: "lines: [a, b]",
            },
            Word {
                word: "raw",
                takes: Takes::Values,
                about: "Text or bytes that get no end of line.",
                default: "",
                example: "raw: [\"half a li\"]",
            },
            Word {
                word: "mark",
                takes: Takes::NewName,
                about: "Names the moment.",
                default: "",
                example: "lines: [a], mark: asked",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "what is printed",
        title: "What is printed",
        intro: "`stdout`, `stderr` and `output` with more to say.",
        frame: "\
scenario: x
rules: [BCP-C1]
subject: client
peers: { srv: {} }
steps:
  - stdout: { text: hello, … }",
        words: &[
            Word {
                word: "text",
                takes: Takes::Matcher,
                about: "What a line must be like.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "never",
                takes: Takes::Flag,
                about: "No such line may come; waits as long as `within` says.",
                default: "false",
                example: "never: true, within: 100ms",
            },
            Word {
                word: "since",
                takes: Takes::Mark,
                about: "What has come since this mark counts, whether a step has taken it or not; \
                        times count from it.",
                default: "what no step has taken; times count from the last action",
                example: "since: last_sent",
            },
            Word {
                word: "after",
                takes: Takes::Quantity,
                about: "Accepted for symmetry; what was printed earlier counts all the same.",
                default: "",
                example: "after: 0",
            },
            Word {
                word: "within",
                takes: Takes::Quantity,
                about: "How long it may take.",
                default: "the protocol's `deadline`",
                example: "within: 1s",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "`eventually`",
        title: "Within `eventually`",
        intro: "",
        frame: "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - eventually:
      steps: [ { alice: { connect: fresh } } ]
      …",
        words: &[
            Word {
                word: "within",
                takes: Takes::Quantity,
                about: "How long it is tried; when the time is over the last failure counts.",
                default: "5s",
                example: "within: 5s",
            },
            Word {
                word: "every",
                takes: Takes::Quantity,
                about: "The pause between two attempts.",
                default: "100ms",
                example: "every: 50ms",
            },
            Word {
                word: "steps",
                takes: Takes::Steps,
                about: "What must hold. Actors that need a new connection for each attempt begin \
                        with `connect: fresh`.",
                default: REQUIRED,
                example: "steps: [ { alice: { connect: fresh } } ]",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "a server's step",
        title: "The server as a program",
        intro: "\
`server: kill` ends it at once (SIGKILL to its process group). `server: restart` stops it if it runs
and starts it again on the same address and in the same folder. Everything else is a map with one of
`signal`, `exit`, `stdout`, `stderr`, `output` or `log`. Such steps need a server of our own; with
`log` alone the parameter `log` will do.",
        frame: "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - server: { … }",
        words: &[
            Word {
                word: "signal",
                takes: Takes::Value,
                about: "Sends a signal to the server's process group, as a terminal does. It waits \
                        until the server has been reached by some connection.",
                default: "",
                example: "signal: SIGINT",
            },
            Word {
                word: "exit",
                takes: Takes::Map("`exit`"),
                about: "The server ends by itself.",
                default: "",
                example: "exit: { within: 5s, status: 0 }",
            },
            Word {
                word: "stdout",
                takes: Takes::Matcher,
                about: "It prints a line like this on standard output. What it has printed before \
                        the step counts too; a regular expression also sees all lines as one text.",
                default: "",
                example: "stdout: { $re: listening }",
            },
            Word {
                word: "stderr",
                takes: Takes::Matcher,
                about: "The same on standard error.",
                default: "",
                example: "stderr: { $contains: warning }",
            },
            Word {
                word: "output",
                takes: Takes::Matcher,
                about: "The same on either of them.",
                default: "",
                example: "output: { $re: \"(?i)error\" }, never: true",
            },
            Word {
                word: "log",
                takes: Takes::Matcher,
                about: "The same in the log file that the parameter `log` names.",
                default: "",
                example: "log: { $contains: alice }",
            },
            Word {
                word: "never",
                takes: Takes::Flag,
                about: "With an output: such a line must not be there, now or until the time is over.",
                default: "false",
                example: "stderr: panic, never: true, within: 200ms",
            },
            Word {
                word: "mark",
                takes: Takes::NewName,
                about: "With `signal`: names the moment at which it was sent.",
                default: "",
                example: "signal: SIGTERM, mark: told",
            },
            Word {
                word: "since",
                takes: Takes::Mark,
                about: "With an output: the mark that the time counts from.",
                default: "the last action",
                example: "log: x, since: last_sent",
            },
            Word {
                word: "after",
                takes: Takes::Quantity,
                about: "With an output: accepted for symmetry; what was printed earlier counts all \
                        the same.",
                default: "",
                example: "log: x, after: 0",
            },
            Word {
                word: "within",
                takes: Takes::Quantity,
                about: "With an output: how long it may take.",
                default: "the protocol's `deadline`",
                example: "log: x, within: 1s",
            },
        ],
    },
    Section {
        language: Language::Scenarios,
        what: "`exit`",
        title: "The end of the server",
        intro: "",
        frame: "\
scenario: x
rules: [BCP-1]
clients: { alice: {}, bob: {} }
steps:
  - server: { exit: { … } }",
        words: &[
            Word {
                word: "status",
                takes: Takes::Matcher,
                about: "The exit status. A server that a signal has ended has none.",
                default: "any end",
                example: "status: 0",
            },
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
                example: "after: 100ms",
            },
            Word {
                word: "within",
                takes: Takes::Quantity,
                about: "Not later than this.",
                default: "the protocol's `deadline`",
                example: "within: 5s",
            },
        ],
    },
];
