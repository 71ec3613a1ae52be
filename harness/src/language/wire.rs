use super::{Language, REQUIRED, Section, Takes, Word};

pub(super) const SECTIONS: &[Section] = &[
    Section {
        language: Language::Wire,
        what: "a message",
        title: "A kind of message",
        intro: "\
A message of this kind decodes only when its tag and all constants fit. Layout and body share one set
of field names; names are free. What is left over behind a message of a datagram, or within a length,
is an error.",
        frame: "\
protocol: p
proto: chat.proto
layout: { op: { type: u8, tag: true }, size: { type: u16, len_of: body }, body: $body }
messages:
  say: { dir: both, tag: 1, … }
crash: X-1
broken: X-1",
        words: &[
            Word {
                word: "dir",
                takes: Takes::Choice(&["c2s", "s2c", "both"]),
                about: "Which way it goes: client to server, server to client, or both.",
                default: "the ways that `c2s` and `s2c` give a form for",
                example: "",
            },
            Word {
                word: "tag",
                takes: Takes::Value,
                about: "The value of the layout's tag field. Several kinds may share one.",
                default: "",
                example: "",
            },
            Word {
                word: "body",
                takes: Takes::Body,
                about: "Its fields, in wire order, or the name of a type that has `fields`.",
                default: "no fields",
                example: "body: { text: { string: utf8, len: u16 } }",
            },
            Word {
                word: "text",
                takes: Takes::Texts,
                about: "Instead of `body`: a template that both prints and parses, or a list of them, of which \
                        the first is sent and all are accepted. `{x}` is a field: it ends where what \
                        follows it first fits, and the last one takes the rest; `{x:int}` is a whole \
                        number, `{x:word}` has no white space; `{}` matches anything and is dropped; \
                        `{{` and `}}` are braces.",
                default: "",
                example: "text: \"{nickname:word}: {text}\"",
            },
            Word {
                word: "json",
                takes: Takes::Template,
                about: "Instead of `body`: a JSON value with fields as texts in it, `\"{x}\"` alone or within a \
                        text; `{x:json}` alone takes any value, `{x:bool}` a truth value. The order \
                        of keys is free.",
                default: "",
                example: "json: { type: chat, text: \"{text}\", time: \"{time:json}\" }",
            },
            Word {
                word: "proto",
                takes: Takes::Text,
                about: "Instead of `body`: a message type that a `.proto` file declares. A field that is not there counts as \
                        empty, and what is empty is not sent; unknown fields are tolerated.",
                default: "",
                example: "proto: Request",
            },
            Word {
                word: "fields",
                takes: Takes::Template,
                about: "With `proto`: declared fields and their values, as in `json`: constants, names of \
                        an enum, `\"{x}\"` for a field of the message, a text with such in it, or a map \
                        for a message in the message.",
                default: "every declared field, under its own name",
                example: "proto: Request, fields: { opcode: 3, text: \"{text}\" }",
            },
            Word {
                word: "types",
                takes: Takes::TemplateTypes,
                about: "With `text`, `json` or `proto`: names of the values of a field, `{ x: { enum: … } }`; \
                        the text then holds the name.",
                default: "none",
                example: "text: \"in {n}\", types: { n: { enum: { five: 5, ten: 10 } } }",
            },
            Word {
                word: "optional",
                takes: Takes::Texts,
                about: "With `json` or `proto`: fields that may be missing.",
                default: "none",
                example: "json: { text: \"{text}\", time: \"{time}\" }, optional: [time]",
            },
            Word {
                word: "exact",
                takes: Takes::Flag,
                about: "With `json` or `proto`: what is not described is refused.",
                default: "false: they are tolerated",
                example: "json: { text: \"{text}\" }, exact: true",
            },
            Word {
                word: "default",
                takes: Takes::Values,
                about: "Values of fields that a scenario does not give: fixed ones, or the sender's own \
                        variables (`$self.name`).",
                default: "none",
                example: "body: { code: u8 }, default: { code: 0 }",
            },
            Word {
                word: "c2s",
                takes: Takes::Map("a form for one direction"),
                about: "What it looks like from client to server, where the ways differ.",
                default: "as both ways",
                example: "c2s: { body: { code: u8 } }",
            },
            Word {
                word: "s2c",
                takes: Takes::Map("a form for one direction"),
                about: "What it looks like from server to client.",
                default: "as both ways",
                example: "s2c: { body: { code: u8 } }",
            },
            Word {
                word: "about",
                takes: Takes::Text,
                about: "For whoever reads the file.",
                default: "",
                example: "about: what a user says",
            },
            Word {
                word: "in",
                takes: Takes::Text,
                about: "For datagrams: the socket of a client to which it comes: `main`, `request` (the \
                        one that the last request went out from) or the name of another.",
                default: "main",
                example: "in: main",
            },
            Word {
                word: "out",
                takes: Takes::Text,
                about: "For datagrams: the socket of a client that it goes out from: `main`, `fresh` (a new \
                        one, then called `request`), `request` or the name of another.",
                default: "main",
                example: "out: main",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "a form for one direction",
        title: "A form for one direction",
        intro: "What stands here counts for this direction before what the message says for both.",
        frame: "\
protocol: p
proto: chat.proto
layout: { op: { type: u8, tag: true }, size: { type: u16, len_of: body }, body: $body }
messages:
  say: { dir: both, tag: 1, c2s: { … } }
crash: X-1
broken: X-1",
        words: &[
            Word {
                word: "tag",
                takes: Takes::Value,
                about: "The tag in this direction.",
                default: "the message's",
                example: "tag: 2",
            },
            Word {
                word: "body",
                takes: Takes::Body,
                about: "The fields in this direction.",
                default: "the message's",
                example: "body: { code: u8 }",
            },
            Word {
                word: "text",
                takes: Takes::Texts,
                about: "The same as a template in this direction.",
                default: "",
                example: "text: \"{nickname:word}: {text}\"",
            },
            Word {
                word: "json",
                takes: Takes::Template,
                about: "The same as a JSON value in this direction.",
                default: "",
                example: "json: { type: chat, text: \"{text}\", time: \"{time:json}\" }",
            },
            Word {
                word: "proto",
                takes: Takes::Text,
                about: "The same as a message type in this direction.",
                default: "",
                example: "proto: Request",
            },
            Word {
                word: "fields",
                takes: Takes::Template,
                about: "With `proto`: declared fields and their values, as in `json`: constants, names of \
                        an enum, `\"{x}\"` for a field of the message, a text with such in it, or a map \
                        for a message in the message.",
                default: "every declared field, under its own name",
                example: "proto: Request, fields: { opcode: 3, text: \"{text}\" }",
            },
            Word {
                word: "types",
                takes: Takes::TemplateTypes,
                about: "With `text`, `json` or `proto`: names of the values of a field, `{ x: { enum: … } }`; \
                        the text then holds the name.",
                default: "none",
                example: "text: \"in {n}\", types: { n: { enum: { five: 5, ten: 10 } } }",
            },
            Word {
                word: "optional",
                takes: Takes::Texts,
                about: "With `json` or `proto`: fields that may be missing.",
                default: "none",
                example: "json: { text: \"{text}\", time: \"{time}\" }, optional: [time]",
            },
            Word {
                word: "exact",
                takes: Takes::Flag,
                about: "With `json` or `proto`: what is not described is refused.",
                default: "false: they are tolerated",
                example: "json: { text: \"{text}\" }, exact: true",
            },
            Word {
                word: "default",
                takes: Takes::Values,
                about: "Values of fields that a scenario does not give.",
                default: "the message's",
                example: "body: { code: u8 }, default: { code: 1 }",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "a field",
        title: "Types and fields",
        intro: "\
A field is the name of a type, or a map. Types are: `u8`, `u16`, `u24` and so on to `u64`, and `i8` to
`i64`, with `le` or `be` behind them where the byte order differs (`u16le`); `varint` (seven bits a
byte, the lowest first); `decimal` (digits); `string`; `bytes`; `$body`, in a layout; and the names
under `types`. What stands beside a type replaces what the type says.

A length is computed when a message is sent, unless a scenario bends it. Bytes that are not valid in
the encoding of a text are a wrong value and not a broken frame.",
        frame: "\
protocol: p
types: { own: { string: utf8, len: u16 } }
layout: { op: { type: u8, tag: true }, f: { … }, body: $body }
messages: { say: { dir: both, tag: 1 } }
crash: X-1
broken: X-1",
        words: &[
            Word {
                word: "type",
                takes: Takes::Type,
                about: "The type that it is made of. One of `type`, `string`, `bytes`, `list` and `fields` is needed.",
                default: "",
                example: "type: u16",
            },
            Word {
                word: "string",
                takes: Takes::Choice(&["utf8", "utf-8", "ascii", "latin1", "utf16be", "utf16le"]),
                about: "A text in this encoding.",
                default: "",
                example: "string: utf8, len: u16",
            },
            Word {
                word: "bytes",
                takes: Takes::Length,
                about: "Bytes, with their length as `len` would say it.",
                default: "",
                example: "bytes: 16",
            },
            Word {
                word: "list",
                takes: Takes::Type,
                about: "Values of this type one behind the other; one that has `fields` gives maps.",
                default: "",
                example: "list: { string: utf8, len: u8 }, count: u8",
            },
            Word {
                word: "count",
                takes: Takes::Length,
                about: "How many values a list has: a type of integer that stands before them, a number, \
                        or the name of a field before it. With `len` or `until` instead, a list has \
                        as many as there are.",
                default: "",
                example: "list: u16, count: 3",
            },
            Word {
                word: "fields",
                takes: Takes::Fields,
                about: "Fields that belong together: one value, a map. As a type of its own it can be the \
                        whole `body` of a message.",
                default: "",
                example: "fields: { x: u8, y: u8 }",
            },
            Word {
                word: "len",
                takes: Takes::Length,
                about: "Where it ends: a type of integer that stands before it and counts its bytes, a \
                        fixed number of bytes, `rest` (to the end of what it stands in), or the name \
                        of a field before it that holds the length.",
                default: "",
                example: "string: utf8, len: u8",
            },
            Word {
                word: "until",
                takes: Takes::Texts,
                about: "It ends where one of these bytes comes; the first is sent, all are accepted. \
                        With `\"\\n\"` alone a carriage return before it is accepted, too. What ends a \
                        `decimal` is one text of 8 bytes at most.",
                default: "",
                example: "string: ascii, until: \"\\n\"",
            },
            Word {
                word: "suffix",
                takes: Takes::Text,
                about: "Bytes behind the content that the length counts: sent, and tolerated when \
                        absent.",
                default: "none",
                example: "string: utf8, len: u16, suffix: \"\\0\"",
            },
            Word {
                word: "pad",
                takes: Takes::Text,
                about: "The byte that fills up a fixed length. In a decimal number, `0` fills on the \
                        left and anything else on the right.",
                default: "none; `0` in a decimal number",
                example: "string: ascii, len: 32, pad: \"\\0\"",
            },
            Word {
                word: "garbage",
                takes: Takes::Flag,
                about: "With `pad`: what stands behind the first padding byte is not looked at.",
                default: "false",
                example: "string: ascii, len: 32, pad: \"\\0\", garbage: true",
            },
            Word {
                word: "text",
                takes: Takes::Texts,
                about: "What the text is made of: a template, or a list of them, as in a message.",
                default: "",
                example: "string: utf8, len: u16, text: \"{a}={b}\"",
            },
            Word {
                word: "json",
                takes: Takes::Template,
                about: "What the text is made of: a JSON value, as in a message.",
                default: "",
                example: "string: utf8, len: u16, json: { a: \"{a}\" }",
            },
            Word {
                word: "types",
                takes: Takes::TemplateTypes,
                about: "With `text`, `json` or `proto`: names of the values of a field.",
                default: "none",
                example: "string: utf8, len: u16, text: \"{n}\", types: { n: { enum: { five: 5 } } }",
            },
            Word {
                word: "exact",
                takes: Takes::Flag,
                about: "With `json` or `proto`: what is not described is refused.",
                default: "false",
                example: "string: utf8, len: u16, json: { a: \"{a}\" }, exact: true",
            },
            Word {
                word: "const",
                takes: Takes::Value,
                about: "The only value that it can have. It need not be given to send a message, and a \
                        message with another value is not of this kind.",
                default: "",
                example: "type: u8, const: 7",
            },
            Word {
                word: "default",
                takes: Takes::Value,
                about: "The value that is sent when a scenario gives none, also `$self.name`.",
                default: "the field must be given",
                example: "type: u8, default: 0",
            },
            Word {
                word: "enum",
                takes: Takes::Constants,
                about: "Names of values of an integer; other values stay possible.",
                default: "none",
                example: "type: u8, enum: { ok: 0, refused: 1 }",
            },
            Word {
                word: "len_of",
                takes: Takes::Texts,
                about: "It is the length in bytes of this field, or of these together, which may stand \
                        apart from it and include itself and what stands before it, if that has a \
                        fixed size.",
                default: "",
                example: "type: u16, len_of: body",
            },
            Word {
                word: "plus",
                takes: Takes::Number(i64::MIN, i64::MAX),
                about: "With `len_of`: is added to the number of bytes.",
                default: "0",
                example: "type: u16, len_of: [f, body], plus: 1",
            },
            Word {
                word: "tag",
                takes: Takes::Flag,
                about: "In a layout: this field takes the `tag` of the kinds. One at most.",
                default: "false",
                example: "type: u8, tag: false",
            },
            Word {
                word: "optional",
                takes: Takes::Flag,
                about: "It may be missing where what it stands in ends.",
                default: "false",
                example: "string: utf8, len: u16, optional: false",
            },
            Word {
                word: "only",
                takes: Takes::Texts,
                about: "In a layout: only messages of these kinds have it.",
                default: "all",
                example: "type: u8, only: [say]",
            },
            Word {
                word: "except",
                takes: Takes::Texts,
                about: "In a layout: messages of these kinds do not have it.",
                default: "none",
                example: "type: u8, except: say",
            },
            Word {
                word: "endian",
                takes: Takes::Choice(&["big", "little"]),
                about: "Its byte order.",
                default: "the protocol's",
                example: "type: u32, endian: little",
            },
            Word {
                word: "dir",
                takes: Takes::Choice(&["c2s", "s2c", "both"]),
                about: "In a layout: only messages that go this way have it.",
                default: "both",
                example: "type: u8, dir: both",
            },
            Word {
                word: "about",
                takes: Takes::Text,
                about: "For whoever reads the file.",
                default: "",
                example: "type: u8, about: how many follow",
            },
        ],
    },
    Section {
        language: Language::Wire,
        what: "the type of a field",
        title: "Named values in a template",
        intro: "",
        frame: "\
protocol: p
layout: { op: { type: u8, tag: true }, size: { type: u16, len_of: body }, body: $body }
messages:
  say: { dir: both, tag: 1, text: \"in {n}\", types: { n: { … } } }
crash: X-1
broken: X-1",
        words: &[Word {
            word: "enum",
            takes: Takes::Constants,
            about: "Names of numbers.",
            default: REQUIRED,
            example: "enum: { five: 5, ten: 10 }",
        }],
    },
    Section {
        language: Language::Wire,
        what: "a vector",
        title: "A vector",
        intro: "One more key is the kind of the message, with its fields: `say: { text: hi }`.",
        frame: "\
protocol: p
layout: { op: { type: u8, tag: true }, body: $body }
messages:
  say: { dir: c2s, tag: 1, body: { text: { string: utf8, len: u16 } } }
vectors: [ { dir: c2s, hex: \"01 0002 6869\", say: { text: hi }, … } ]
crash: X-1
broken: X-1",
        words: &[
            Word {
                word: "dir",
                takes: Takes::Choice(&["c2s", "s2c"]),
                about: "Which way the bytes went.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "hex",
                takes: Takes::HexParts,
                about: "The bytes: pairs of hexadecimal digits with free white space, and text between \
                        single quotes. Long ones are a list of such and of `{ $fill: \"\\0\", len: 9 }`.",
                default: REQUIRED,
                example: "",
            },
            Word {
                word: "about",
                takes: Takes::Text,
                about: "Where the bytes come from, or what is special about them.",
                default: "",
                example: "about: recorded",
            },
            Word {
                word: "decode_only",
                takes: Takes::Flag,
                about: "The bytes are accepted, but not what would be sent for this message.",
                default: "false",
                example: "decode_only: false",
            },
        ],
    },
];
