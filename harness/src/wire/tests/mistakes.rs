//! What the user is told about a description that is wrong.

use super::complaints;

/// A description with one kind, in which `body` and `layout` can be replaced.
fn with(layout: &str, messages: &str) -> String {
    complaints(&format!("layout: {layout}\nmessages: {messages}\n"))
}

#[track_caller]
fn says(shown: &str, parts: &[&str]) {
    for part in parts {
        assert!(shown.contains(part), "{part:?} is not in:\n{shown}");
    }
    assert!(
        shown.contains("--> protocol.yaml:"),
        "no place in:\n{shown}"
    );
}

#[test]
fn unknown_types_have_the_nearest_name() {
    let shown = with("{ body: $body }", "{ a: { dir: c2s, body: { x: u166 } } }");
    says(&shown, &["no type is called `u166`", "did you mean `u16`?"]);
    let shown = with(
        "{ body: $body }",
        "{ a: { dir: c2s, body: { x: { string: utf8, len: u17 } } } }",
    );
    says(&shown, &["`u17` is no length", "did you mean `u16`?"]);
    let shown = with(
        "{ body: $body }",
        "{ a: { dir: c2s, body: { x: { string: utf9, len: u8 } } } }",
    );
    says(
        &shown,
        &["how text is encoded", "one of: utf8, ascii, latin1"],
    );
}

#[test]
fn a_field_is_constant_or_has_a_default() {
    let shown = with(
        "{ body: $body }",
        "{ a: { dir: c2s, body: { x: { type: u8, const: 1, default: 2 } } } }",
    );
    says(
        &shown,
        &["`x` has both a constant and a default", "keep `const`"],
    );
}

#[test]
fn lengths_measure_fields_that_are_there() {
    let shown = with(
        "{ size: { type: u16, len_of: bdoy }, body: $body }",
        "{ a: { dir: c2s } }",
    );
    says(
        &shown,
        &["`len_of` names the text `bdoy`", "did you mean `body`?"],
    );
    let shown = with(
        "{ body: $body, size: { type: u16, len_of: body } }",
        "{ a: { dir: c2s, body: { x: { string: utf8, len: u8 } } } }",
    );
    says(
        &shown,
        &[
            "`size` counts `body`, which stands before it",
            "a length stands before",
        ],
    );
    let shown = with(
        "{ size: { type: u16, len_of: [a, body] }, a: { string: utf8, len: rest }, body: $body }",
        "{ a: { dir: c2s, body: { x: { string: utf8, len: u8 } } } }",
    );
    says(&shown, &["`a` takes the rest"]);
}

#[test]
fn tags_have_one_place() {
    let shown = with(
        "{ a: { type: u8, tag: true }, b: { type: u8, tag: true }, body: $body }",
        "{ a: { dir: c2s, tag: 1 } }",
    );
    says(
        &shown,
        &["a layout has one tag at most", "the second", "the first"],
    );
    let shown = with(
        "{ op: { type: u8, tag: true }, body: $body }",
        "{ a: { dir: c2s } }",
    );
    says(&shown, &["`a` needs `tag`"]);
    let shown = with(
        "{ body: $body }",
        "{ a: { dir: c2s, tag: 1, body: { x: u8 } } }",
    );
    says(&shown, &["no layout field takes it", "tag: true"]);
    let shown = with(
        "{ op: { type: u8, tag: true }, body: $body }",
        "{ a: { dir: c2s, tag: 256 } }",
    );
    says(&shown, &["256 is not within 0 to 255"]);
}

#[test]
fn every_message_has_an_end() {
    let shown = with(
        "{ body: $body }",
        "{ a: { dir: c2s, body: { x: { string: utf8, len: rest } } } }",
    );
    says(
        &shown,
        &[
            "`x` takes the rest, but nothing says how long",
            "len_of: body",
        ],
    );
    let shown = with("{ body: $body }", "{ a: { dir: c2s } }");
    says(&shown, &["a message of no bytes"]);
    let shown = with(
        "{ body: $body }",
        "{ a: { dir: c2s, body: { x: { string: utf8 } } } }",
    );
    says(&shown, &["`x` needs `len`"]);
    let shown = with(
        "{ body: $body }",
        "{ a: { dir: c2s, body: { x: u8, y: { type: u8, optional: true } } } }",
    );
    says(&shown, &["nothing says whether `y` is there"]);
}

#[test]
fn what_has_no_meaning_is_refused() {
    let shown = with(
        "{ body: $body }",
        "{ a: { dir: c2s, body: { x: { type: u8, len: 3 } } } }",
    );
    says(&shown, &["an integer has no `len`"]);
    let shown = with("{ body: $body }", "{ a: { dir: c2s, bdoy: { x: u8 } } }");
    says(&shown, &["a message has no `bdoy`", "did you mean `body`?"]);
    let shown = with("{ body: $body }", "{ a: { body: { x: u8 } } }");
    says(&shown, &["`a` does not say which way it goes", "dir: c2s"]);
    let shown = with(
        "{ body: $body, t: { type: u8, only: [aa] } }",
        "{ a: { dir: c2s, body: { x: u8 } } }",
    );
    says(&shown, &["no kind of message is the text `aa`"]);
    let shown = with(
        "{ x: u8, body: $body }",
        "{ a: { dir: c2s, body: { x: u8 } } }",
    );
    says(&shown, &["`a` has two fields called `x`"]);
}

/// What is said of a body.
fn body(fields: &str) -> String {
    with(
        "{ n: { type: u16, len_of: body }, body: $body }",
        &format!("{{ a: {{ dir: c2s, body: {fields} }} }}"),
    )
}

#[test]
fn ends_are_told_in_one_way() {
    for (fields, parts) in [
        (
            "{ x: { string: utf8, len: u8, until: \"\\n\" } }",
            ["`len` and `until` exclude each other", "keep the one"],
        ),
        (
            "{ x: { string: utf8, until: \"\" } }",
            ["an empty text ends nothing", "until: \"\\n\""],
        ),
        (
            "{ x: { string: utf8, until: [\"a\", \"ab\"] } }",
            ["one end is the beginning of another", "keep the shorter"],
        ),
        (
            "{ x: { string: utf8, until: [] } }",
            ["`until` names at least one end", "empty"],
        ),
        (
            "{ x: { string: utf8, len: 3, suffix: \"a\" } }",
            ["a suffix is counted", "filled up with `pad`"],
        ),
        (
            "{ x: { string: utf8, until: a, suffix: \"a\" } }",
            ["a suffix is counted", "belongs into `until`"],
        ),
        (
            "{ x: { string: utf8, len: u8, pad: \"a\" } }",
            ["only a fixed size is filled up", "len: 32"],
        ),
        (
            "{ x: { string: utf8, len: 3, pad: 0 } }",
            [
                "the padding is text, this is the number `0`",
                "is the byte 5",
            ],
        ),
        (
            "{ x: { string: utf8, len: 3, pad: ab } }",
            ["the padding is one byte, this is 2", "double quotes"],
        ),
        (
            "{ x: { string: utf8, len: 3, garbage: true } }",
            ["`garbage` says what may stand behind", "add `pad"],
        ),
        (
            "{ x: { string: utf8, len: -1 } }",
            ["a fixed length is from 0", "not a length"],
        ),
        (
            "{ x: { string: utf8, len: { type: string } } }",
            ["a length is an integer", "len: u16"],
        ),
        (
            "{ x: { type: decimal } }",
            ["a decimal number needs a width", "how long is it?"],
        ),
        (
            "{ x: { type: decimal, until: 5 } }",
            ["the end of a number is text", "byte or digit?"],
        ),
        (
            "{ x: { type: decimal, until: \"5\" } }",
            ["the first of which is no digit", "this is not such"],
        ),
    ] {
        says(&body(fields), &parts);
    }
}

#[test]
fn fields_make_sense() {
    for (fields, parts) in [
        ("{ x: }", ["a field needs a type", "such as `u16`"]),
        ("{ x: { len: 3 } }", ["a field needs a type", "which one?"]),
        ("{ x: [] }", ["a field is a map", "a list"]),
        (
            "{ x: { type: u8, string: utf8 } }",
            ["exclude each other", "keep one"],
        ),
        (
            "{ x: { type: u8, tpye: u8 } }",
            ["a field has no `tpye`", "did you mean `type`?"],
        ),
        (
            "{ x: { type: u8, tag: true } }",
            ["`tag` belongs to fields of the layout", "no meaning"],
        ),
        (
            "{ x: $body }",
            ["`$body` belongs to fields of the layout", "no meaning"],
        ),
        (
            "{ x: { type: u8, only: [a] } }",
            ["`only` belongs to fields of the layout", "no meaning"],
        ),
        (
            "{ x: { type: u8, endian: middle } }",
            ["`endian` is big or little", "the text `middle`"],
        ),
        (
            "{ x: { type: u8, const: red } }",
            ["expected a whole number", "red"],
        ),
        (
            "{ x: { type: u8, const: $red } }",
            ["no constant is called `red`", "`consts`"],
        ),
        (
            "{ x: { type: u8, enum: [a] } }",
            ["`enum` is a map of names", "{ name: number }"],
        ),
        (
            "{ x: { type: u8, enum: { a: 256 } } }",
            ["`a` is a number from 0 to 255", "no value"],
        ),
        (
            "{ x: { type: u8, enum: { a: 1, b: 1 } } }",
            ["1 is called both `a` and `b`", "keep one name"],
        ),
        (
            "{ x: { string: utf8, len: u8, enum: { a: 1 } } }",
            ["only integers have named values", "leave `enum` out"],
        ),
        (
            "{ x: { string: ascii, len: u8, const: é } }",
            ["`x` cannot be \"é\" in its encoding", "here"],
        ),
        (
            "{ x: { type: u8, optional: true }, y: u8 }",
            [
                "`x` is optional, but what follows it is not",
                "only the last",
            ],
        ),
        (
            "{ x: { string: utf8, len: rest }, y: { string: utf8, len: u8 } }",
            ["`x` takes the rest, but more follows it", "a fixed size"],
        ),
    ] {
        says(&body(fields), &parts);
    }
}

#[test]
fn lengths_and_counts_make_sense() {
    for (fields, parts) in [
        (
            "{ x: { string: utf8, len: u8, len_of: y }, y: u8 }",
            ["`x` is a length, but no integer", "len_of: text"],
        ),
        (
            "{ n: { type: u8, len_of: y, const: 3 }, y: u8 }",
            ["`n` is computed, it has no `const`", "`bend`"],
        ),
        (
            "{ n: { type: u8, len_of: [x, y] }, x: { string: utf8 }, y: { string: utf8, len: u8 } }",
            ["`n` counts both `x` and `y`", "all but one"],
        ),
        (
            "{ x: { string: utf8, len: n }, n: u8 }",
            ["`n` is no length", "a field before it"],
        ),
        (
            "{ x: { list: u8 } }",
            ["`x` needs `count` or `len`", "count: u8"],
        ),
        (
            "{ x: { list: u8, count: u8, len: u8 } }",
            ["either a count of values or a length", "one of the two"],
        ),
        (
            "{ x: { list: u8, count: n } }",
            ["no field before it is the text `n`", "count: 3"],
        ),
        (
            "{ x: { list: u8, count: 0 } }",
            ["a list has from 1 to 100000 values", "not a count"],
        ),
        (
            "{ n: u8, x: { list: u8, count: n }, y: { string: utf8, len: n } }",
            ["either the bytes or the values", "the first use"],
        ),
        (
            "{ x: { list: { bytes: 0 }, count: u8 } }",
            ["can have no bytes at all", "at least one byte"],
        ),
        (
            "{ x: { list: u8, count: u8, const: 3 } }",
            ["it has no `const`", "constant"],
        ),
        (
            "{ x: { list: { fields: { a: { type: u8, optional: true } } }, count: u8 } }",
            ["can have no bytes at all", "at least one byte"],
        ),
    ] {
        says(&body(fields), &parts);
    }
    let many: Vec<String> = (0..17)
        .map(|n| format!("n{n}: {{ type: u8, len_of: x{n} }}, x{n}: {{ string: utf8 }}"))
        .collect();
    says(
        &body(&format!("{{ {} }}", many.join(", "))),
        &["`a` has more than 16 lengths", "too many"],
    );
}

#[test]
fn types_have_one_meaning() {
    let of = |types: &str| {
        complaints(&format!(
            "types: {types}\nlayout: {{ body: $body }}\nmessages: {{ a: {{ dir: c2s, body: {{ x: u8 }} }} }}\n"
        ))
    };
    says(&of("[u8]"), &["`types` is a map of names", "a list"]);
    says(
        &of("{ u8: u16 }"),
        &["`u8` is a type already", "another name"],
    );
    says(&of("{ a: b, b: a }"), &["is made of itself"]);
    says(&of("{ a: { type: b } }"), &["no type is called `b`"]);
    let shown = complaints(
        "types: { a: { fields: { x: { list: a, count: u8 } } } }\nlayout: { body: $body }\n\
         messages: { m: { dir: c2s, body: a } }\n",
    );
    says(
        &shown,
        &["`x` is nested too deeply", "does it contain itself?"],
    );
}

/// What is said of a message with a text or JSON.
fn message(form: &str) -> String {
    with(
        "{ n: { type: u16, len_of: body }, body: $body }",
        &format!("{{ a: {{ dir: c2s, {form} }} }}"),
    )
}

#[test]
fn templates_make_sense() {
    for (form, parts) in [
        (
            "text: \"{a}{b}\"",
            ["nothing stands between `{a}` and `{b}`", "{x:int}"],
        ),
        ("text: \"{a} {a}\"", ["`{a}` stands here twice", "`{}`"]),
        ("text: \"{a\"", ["a `{` without its other half", "twice"]),
        (
            "text: \"{a b}\"",
            ["`a b` is no name of a field", "{name:int}"],
        ),
        (
            "text: \"{a:number}\"",
            ["`:number`: no such kind of value", "{x:word}"],
        ),
        (
            "text: \"{a:json}\"",
            ["stands alone in a JSON body", "{x:bool}"],
        ),
        ("text: []", ["`text` has at least one template", "empty"]),
        (
            "text: { a: b }",
            ["a template is text, this is a map", "expected text"],
        ),
        (
            "text: [\"x {a}\", \"y {a:int}\"]",
            [
                "`{a}` is a whole number here and text before",
                "in this template",
            ],
        ),
        (
            "text: \"${x}\"",
            ["no constant is called `x`", "`$$` is a dollar sign"],
        ),
        (
            "text: \"{a}\", types: { b: { enum: { x: 1 } } }",
            ["no field is called `b`", "there are: a"],
        ),
        (
            "text: \"{a}\", types: { a: {} }",
            ["the type of a field needs `enum`", "missing here"],
        ),
        (
            "text: \"{a}\", body: { x: u8 }",
            ["exclude each other", "keep one"],
        ),
        (
            "text: \"{a}\", default: { b: x }",
            ["`a` has no field `b`", "there are: a"],
        ),
        (
            "json: { x: {a} }",
            [
                "`{a}` without quotes is a map",
                "write \"{a}\" in double quotes",
            ],
        ),
        (
            "json: { x: \"{a}\" }, optional: [b]",
            ["no field is the text `b`", "there are: a"],
        ),
        (
            "json: { x: \"{a}\", y: \"{a}\" }",
            ["`{a}` stands here twice", "`{}`"],
        ),
        (
            "body: { x: { string: latin1, len: u8, text: \"{a}\" } }",
            ["templates and JSON are UTF-8", "string: utf8"],
        ),
        (
            "body: { x: { string: utf8, len: u8, text: \"{a}\", const: b } }",
            [
                "`x` has fields inside, it has no `const`",
                "into the template",
            ],
        ),
        (
            "body: { x: { string: utf8, len: u8, text: \"{a}\", json: {} } }",
            ["a text is a template or JSON", "keep one"],
        ),
    ] {
        says(&message(form), &parts);
    }
    let shown = with("{ body: $body }", "{ a: { dir: c2s, text: \"{a}\" } }");
    says(
        &shown,
        &["`body` takes the rest, but nothing says how long", "until"],
    );
}

#[test]
fn the_frame_of_a_protocol_makes_sense() {
    says(
        &complaints("messages: {}\n"),
        &["a protocol needs `layout`", "body: $body"],
    );
    says(
        &complaints("layout: { body: $body }\n"),
        &["a protocol needs `messages`", "such as"],
    );
    says(
        &with("{ x: u8 }", "{}"),
        &["a layout has one place for the body"],
    );
    says(
        &with("[]", "{}"),
        &["`layout` is a map of fields, this is a list"],
    );
    says(
        &with("{ body: $body }", "[]"),
        &["`messages` is a map of kinds"],
    );
    says(
        &with(
            "{ body: { type: $body, const: 1 } }",
            "{ a: { dir: c2s, body: { x: u8 } } }",
        ),
        &["the place of the body has no `const`"],
    );
    says(
        &with("{ body: $body }", "{ hex: { dir: c2s, body: { x: u8 } } }"),
        &["no kind can be called `hex`"],
    );
    says(
        &with("{ body: $body }", "{ a: { dir: up, body: { x: u8 } } }"),
        &["`dir` is c2s, s2c or both, this is the text `up`"],
    );
    says(
        &with(
            "{ body: $body }",
            "{ a: { dir: c2s, body: { x: u8 }, s2c: { body: { y: u8 } } } }",
        ),
        &["`a` has a form for a way that it does not go", "dir: both"],
    );
    let root = |key: &str| {
        complaints(&format!(
            "{key}\nlayout: {{ body: $body }}\nmessages: {{ a: {{ dir: c2s, body: {{ x: u8 }} }} }}\n"
        ))
    };
    says(
        &root("max_message: many"),
        &["`max_message` is a number of bytes", "1_048_576"],
    );
    says(
        &root("json_style: pretty"),
        &["`json_style` is not the text `pretty`", "compact"],
    );
    says(&root("consts: [a]"), &["`consts` is a map of names"]);
    says(
        &root("consts: { a: [] }"),
        &["a constant is one value, not a list"],
    );
    says(
        &root("vectors: {}"),
        &["`vectors` is a list, this is a map", "such as"],
    );
    says(
        &root("vectors: [ { hex: '01', a: {} } ]"),
        &["a vector needs `dir`"],
    );
    says(
        &root("vectors: [ { dir: c2s, a: {} } ]"),
        &["a vector needs `hex`"],
    );
    says(
        &root("vectors: [ { dir: c2s, hex: '01' } ]"),
        &["a vector names one kind of message, this names 0"],
    );
    says(&root("lacks: [a]"), &["`lacks` is a map"]);
    says(
        &root("lacks: { a: {} }"),
        &["`a` names the rule that is broken"],
    );
    says(
        &root("lacks: { a.x: R-1 }"),
        &["`a.x` is lacking, and yet described", "warning"],
    );
}

#[test]
fn shadows_are_warned_of() {
    for (first, second) in [
        ("text: \"{x}\"", "text: HELLO"),
        ("text: \"{x} {y}\"", "text: \"{y:word} {x}\""),
        ("text: [\"a{x}\", \"b{y:int}\"]", "text: [\"b5\", \"a\"]"),
        ("json: { t: \"{x}\" }", "json: { t: \"a\", u: \"{y}\" }"),
        (
            "json: { t: a, n: \"{x:json}\" }",
            "json: { t: a, n: \"{x:int}\" }",
        ),
        ("json: [\"{}\", 1]", "json: [{ a: 1 }, 1]"),
        (
            "body: { x: { bytes: rest } }",
            "body: { z: { type: u8, const: 0 } }",
        ),
        (
            "body: { x: { list: u8, len: rest } }",
            "body: { x: { list: { type: u8, const: 5 }, len: rest } }",
        ),
    ] {
        let shown = with(
            "{ n: { type: u16, len_of: body }, body: $body }",
            &format!("{{ a: {{ dir: c2s, {first} }}, b: {{ dir: c2s, {second} }} }}"),
        );
        says(
            &shown,
            &["`b` is never seen c2s: whatever fits it fits `a` first"],
        );
    }
    for (first, second) in [
        ("text: HELLO", "text: \"{x}\""),
        ("text: \"{x:word} {y}\"", "text: \"{x} {y}\""),
        ("json: { t: \"{x}\", u: 1 }", "json: { t: \"a\" }"),
        ("json: { t: \"{x:int}\" }", "json: { t: \"{x}\" }"),
        ("json: { t: 1 }, exact: true", "json: { t: 1 }"),
        (
            "body: { z: { type: u8, const: 0 } }",
            "body: { x: { bytes: rest } }",
        ),
    ] {
        let shown = with(
            "{ n: { type: u16, len_of: body }, body: $body }",
            &format!("{{ a: {{ dir: c2s, {first} }}, b: {{ dir: c2s, {second} }} }}"),
        );
        assert_eq!(shown, "", "{first} / {second}");
    }
    let shown = with(
        "{ op: { type: u8, tag: true }, body: $body }",
        "{ a: { dir: c2s, tag: 1, body: { x: u8 } }, b: { dir: c2s, tag: 1, body: { x: { type: u8, const: 3 } } } }",
    );
    says(
        &shown,
        &[
            "warning",
            "`b` is never seen c2s: whatever fits it fits `a` first",
        ],
    );
}

#[test]
fn vectors_that_do_not_hold_are_shown() {
    let of = |vector: &str| {
        complaints(&format!(
            "layout: {{ op: {{ type: u8, tag: true }}, body: $body }}\n\
             messages: {{ a: {{ dir: c2s, tag: 1, body: {{ x: u8 }} }}, b: {{ dir: c2s, tag: 2 }} }}\n\
             vectors: [ {vector} ]\n"
        ))
    };
    says(
        &of("{ dir: c2s, hex: '01 02', a: { x: 3 } }"),
        &["`x` is 2 and not 3"],
    );
    says(
        &of("{ dir: c2s, hex: '02', a: { x: 3 } }"),
        &["they are `b`"],
    );
    says(
        &of("{ dir: c2s, hex: '01', a: { x: 3 } }"),
        &["field `x`: 1 byte needed, 0 there"],
    );
    says(
        &of("{ dir: c2s, hex: '01 03 04', a: { x: 3 } }"),
        &["1 byte is left over"],
    );
    says(
        &of("{ dir: c2s, hex: '01 03', a: {} }"),
        &["they also have `x`: 3"],
    );
    says(
        &of("{ dir: c2s, hex: '01 0', a: {} }"),
        &["the digit `0` stands alone"],
    );
    says(
        &of("{ dir: s2c, hex: '01 03', a: { x: 3 } }"),
        &["`a` does not go s2c"],
    );
    says(
        &of("{ dir: c2s, hex: '01 03', aa: { x: 3 } }"),
        &["no message is called `aa`"],
    );
    says(
        &of("{ dir: c2s, hex: '01 03', a: { y: 3 } }"),
        &["`a` has no field `y`"],
    );
}
