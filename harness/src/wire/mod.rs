//! What messages look like in bytes: one description encodes and decodes.
//!
//! # The language
//!
//! A protocol file says under `layout` what every message consists of, under `messages` what kinds
//! there are, and under `types` and `consts` what they share. Numbers are big-endian unless
//! `endian: little` stands at the root or at a field.
//!
//! ```yaml
//! types: { str16: { string: utf8, len: u16 } }
//! layout: { op: { type: u8, tag: true }, body: $body }
//! messages:
//!   register: { dir: c2s, tag: 1, body: { username: str16 } }
//!   status:   { dir: both, tag: 4, body: { code: { type: u8, enum: { ok: 0 } }, message: str16 } }
//! ```
//!
//! ## Kinds
//!
//! The kinds of one direction are tried as written, and the first that fits is it: it decides also
//! while bytes are missing, so that the answer never depends on how they were cut. `dir` is `c2s`,
//! `s2c` or `both`; a form for one direction alone stands under `c2s: { … }` or `s2c: { … }`.
//! `tag` is the value of the layout field with `tag: true`. The body is one of
//!
//! - `body: { name: field, … }`, fields in wire order, or the name of a type that has `fields`;
//! - `text: "NICK {nickname}"`, or a list of templates: all decode; of those that have a place for
//!   every given value, the first is sent;
//! - `json: { key: value, … }`;
//! - `proto: Type, fields: { field: value, … }`, a message type of a `.proto` file.
//!
//! `default: { field: value }` stands in for values that are not given; `$self.name` is a variable
//! of the sending actor. A layout field with `only: [kinds]`, `except: [kinds]` or `dir` belongs to
//! those messages alone. Layout fields that are no tag, no constant and no length are fields of the
//! message like those of the body.
//!
//! ## Fields
//!
//! A field is the name of a type, or a map with `type`, `string`, `bytes`, `list` or `fields`.
//!
//! | field | means |
//! |---|---|
//! | `u8` … `u64`, `i8` … `i64` | whole numbers, in steps of 8 bits; `u16le`, `u16be` say their order |
//! | `varint` | seven bits a byte, the lowest first, as in Protocol Buffers |
//! | `{ type: decimal, len: 4 }` | digits, filled up with `0` on the left; `pad: " "` on the right |
//! | `{ type: decimal, until: ":" }` | digits up to that, 8 bytes at most |
//! | `{ string: utf8, len: u16 }` | text; also `ascii`, `latin1`, `utf16be`, `utf16le`; wrong bytes come as bytes |
//! | `{ bytes: 16 }`, `{ type: bytes, len: u16 }` | bytes |
//! | `{ list: str16, count: u8 }` | values of one type; `count` is an integer type, a number or a field before it; with `len` instead, as many as fit |
//! | `{ fields: { name: str16, age: u8 } }` | fields that belong together, one value as a map |
//!
//! Beside it can stand
//!
//! | word | means |
//! |---|---|
//! | `const` | always this value; anything else is another kind |
//! | `default` | sent when no value is given |
//! | `enum: { ok: 0 }` | names for values; a value without a name is fine |
//! | `optional: true` | may be missing at the end of a window whose end is known |
//! | `endian` | the order of a number's bytes |
//! | `text`, `json` | the text is itself a template or JSON |
//!
//! ## Where something ends
//!
//! Text, bytes and the body (`{ type: $body, … }`) end by one of
//!
//! | word | means |
//! |---|---|
//! | `len: u16` | a length right before it; any integer form |
//! | `len: 16` | always as many bytes; `pad: "\0"` fills them up, `garbage: true` leaves open what stands behind the first padding byte |
//! | `len: rest` | the end of what it stands in, less what follows and has a fixed size |
//! | `len: size`, or `len_of: text` at the other end | a field before it is the length |
//! | `until: "\n"` | the first such end, a `\r` before it is dropped; a list means exactly those, the first is sent |
//!
//! `len_of: [size, op, body]` counts several fields, itself too where it is named; `plus: 4` adds a
//! number. A length of one padded field alone says how much of it is used. `suffix: "\0"` stands
//! behind the content and is counted; a message without it is understood.
//!
//! ## Templates
//!
//! `{x}` is a field; it ends at the first place where what follows it fits, and the last takes the
//! rest. `{}` drops what it matches and sends nothing. `{x:int}` is a decimal number, `{x:word}`
//! text without white space, and `types: { x: { enum: { five: 5 } } }` names values. `{{` is a brace.
//!
//! ## JSON
//!
//! A value is a literal, `"{x}"` (a text), `"{x:int}"`, `"{x:bool}"`, `"{x:json}"` (anything), or a
//! text with fields in it. Keys come in any order and unknown ones are tolerated, unless
//! `exact: true`; the fields under `optional: [x]` may be missing or null. At the root, `json_style`
//! is `compact`, `spaced` or `python` (spaced, ASCII only). Without a length, an object or a list
//! ends with its last bracket.
//!
//! ## Protocol Buffers
//!
//! `proto: chat.proto` at the root names files beside this one; they are compiled when they are read.
//! The values under `fields` are as in JSON, `"{x}"` having the type that is declared; without
//! `fields` every declared field is one of the message. A field that is not there counts as empty, and
//! what is empty is not sent, unless its presence is declared to mean something. Unknown fields are
//! tolerated unless `exact: true`.
//!
//! A body has an end like any other. Messages that are nothing but the body and have no length at all
//! need `split: { begins: 1, pause: 200ms }` at the root: field 1 behind another field begins the next
//! message, and a rest of so long ends the last. One that has all its described fields is not waited for.
//!
//! ## Vectors
//!
//! `vectors` are examples: `{ dir: c2s, hex: "01 0005 'alice'", register: { username: alice } }`.
//! The bytes must be that message with nothing left over, the message must give the bytes (unless
//! `decode_only: true`), and every beginning of the bytes must need more. Long ones are lists:
//! `hex: ["0102", { $fill: "\0", len: 100 }]`.
//!
//! ## Dialects and limits
//!
//! [`merge_dialect`] says how a dialect replaces parts of its protocol. A message has at most
//! `max_message` bytes (16 MiB), a list 100,000 values, JSON a depth of 64 and 100,000 values; a
//! length that says more is malformed before anything is waited for or allocated.
//!
//! # The code
//!
//! `description`, `types` and `message` are what is written; `compile` with `field`, `frame`,
//! `lengths`, `list`, `holes` and `json_holes` makes a `shape` of each kind and direction, and
//! `bounds` checks that its end can be found. `walk` with `window`, `json` and `proto` is the only code that
//! takes bytes apart: [`Codec::decode`] keeps the values, [`Codec::explain`] the places. `writer`
//! is its counterpart.

mod bounds;
mod class;
mod codec;
mod compile;
mod decode;
mod description;
mod dialect;
mod encode;
mod encode_error;
mod explain;
mod field;
mod frame;
mod hex;
mod holes;
mod integer;
mod json;
mod json_holes;
mod json_read;
mod json_write;
mod kind;
mod lacks;
mod lengths;
mod list;
mod literal;
mod message;
mod plain;
mod print;
mod proto;
mod proto_holes;
mod proto_read;
mod proto_schema;
mod proto_write;
mod refusal;
mod shadow;
mod shape;
mod split;
mod template;
mod types;
mod value;
mod vectors;
mod walk;
mod window;
mod writer;

#[cfg(test)]
mod tests;

pub use class::{Class, Names};
pub use codec::{Codec, DEFAULT_MAX_MESSAGE};
pub use decode::{Decoded, Malformed};
pub use dialect::merge_dialect;
pub use encode::Bend;
pub use encode_error::EncodeError;
pub use hex::{HexError, parse_hex};
pub use kind::{DefaultValue, FieldInfo, Kind};
pub use lacks::Lack;
#[cfg(test)]
pub(crate) use message::VECTOR_KEYS;
pub use split::Continued;
pub use value::{Direction, Message, Segment, Value};
