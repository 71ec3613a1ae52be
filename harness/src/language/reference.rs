use std::fmt::Write as _;

use super::{Language, REQUIRED, Section, Takes, Word};

/// The reference of a language as Markdown.
pub fn markdown(language: Language) -> String {
    let mut text = format!("# {}\n", title(language));
    for section in Section::all().filter(|section| section.language == language) {
        let _ = write!(text, "\n## {}\n", section.title);
        if !section.intro.is_empty() {
            let _ = write!(text, "\n{}\n", section.intro);
        }
        if !section.words.is_empty() {
            text.push('\n');
        }
        for word in section.words {
            text.push_str(&entry(word));
        }
    }
    text
}

fn title(language: Language) -> &'static str {
    match language {
        Language::Scenarios => "The language of scenarios",
        Language::Wire => "The language of protocol files and dialects",
        Language::Rules => "The language of rules",
        Language::Expected => "The language of expected failures",
        Language::Matrix => "The language of matrices",
    }
}

fn entry(word: &Word) -> String {
    let about = word.about.trim_end_matches('.');
    let mut text = format!("- **`{}`**: {}. {about}.", word.word, word.takes.words());
    if word.default == REQUIRED {
        text.push_str(" Required.");
    } else if !word.default.is_empty() {
        let _ = write!(text, " Default: {}.", word.default);
    }
    if !word.example.is_empty() {
        let example = word.example.replace('\n', " ");
        let _ = write!(text, " For example `{example}`");
    }
    text.push('\n');
    text
}

impl Takes {
    /// What stands there, in words that begin a sentence.
    pub fn words(self) -> String {
        match self {
            Self::Number(min, max) => return number(min, max),
            Self::Choice(words) | Self::ChoiceOrVariable(words) => {
                return format!("One of `{}`", words.join("`, `"));
            }
            Self::Choices(words) => return format!("A list of `{}`", words.join("`, `")),
            Self::Map(what) => return format!("A map: see \"{}\"", title_of(what)),
            Self::Named(what) => {
                return format!("A map of free names; for each see \"{}\"", title_of(what));
            }
            Self::List(what) => return format!("A list; for each see \"{}\"", title_of(what)),
            _ => {}
        }
        self.plain_words().to_owned()
    }

    fn plain_words(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Texts => "Text, or a list of texts",
            Self::Hex => "Bytes as hexadecimal digits",
            Self::HexParts => "Bytes as hexadecimal digits, or a list of them and of values",
            Self::Flag => "`true` or `false`",
            Self::Count => "A whole number, or the name of one",
            Self::Date => "A day, as year, month and day",
            Self::Time => "A time",
            Self::Quantity => "A quantity",
            Self::NewName => "A name of your own",
            Self::Mark => "The name of a mark, or `last_sent`",
            Self::Captures => "A map of fields and variables",
            Self::SentKind => "A kind of message that the actor can send",
            Self::ReceivedKinds => {
                "A kind of message that the actor can receive, or a list of them"
            }
            Self::Kinds => "A kind of message, or a list of them",
            Self::Ignored => "A list of kinds and of messages (`{ recv, with }`)",
            Self::SentFields => "A map of fields and values",
            Self::ReceivedFields => "A map of fields and matchers",
            Self::MessageFields => "A map of fields and values or matchers",
            Self::Bends => "A map of lengths or layout fields and numbers",
            Self::Value => "A value",
            Self::Bytes => "Bytes as hexadecimal digits, or a value",
            Self::Values => "Names of your own and values",
            Self::Variants => "A map of names of your own and lists of values",
            Self::Matcher => "A matcher",
            Self::Matchers => "A list of matchers",
            Self::Checks => "A map of quantities and matchers",
            Self::Times => "A number or a range",
            Self::Chunks => "A size in bytes or `rest`, or a list of them",
            Self::Rule => "The id of a rule",
            Self::Rules => "The id of a rule, or a list of them",
            Self::Reflexes => "A list of reflexes of the protocol",
            Self::Dialects => "A list of dialects of the protocol",
            Self::Params => "A map of parameters of the protocol and values",
            Self::Conditions => "A map of parameters or variants and values",
            Self::MacroName => "A macro of the protocol",
            Self::Arguments => "A map of the macro's arguments",
            Self::Actors => "`all`, an actor, or a list of actors",
            Self::Steps => "A list of steps",
            Self::Branches => "A list of branches; a branch is a step or a list of steps",
            Self::ServerStep => "`kill`, `restart`, or a map",
            Self::Typed => "a line, a list of lines, or a map",
            Self::PrintedOrMatcher => "a matcher, or a map",
            Self::ClientName => "A value, or `{ same_length_as: … }`",
            Self::Batch => "A map or a list of maps: see \"A part of a batch\"",
            Self::Connect => "`{}` or `fresh`",
            Self::Nothing => "`{}`",
            Self::Fields => "A map of names and types, in order",
            Self::Body => "A map of names and types, in order, or the name of a type",
            Self::Type => "A type",
            Self::Template => "A JSON value with fields in it",
            Self::TemplateTypes => "A map of fields: see \"Named values in a template\"",
            Self::Constants => "A map of names and values",
            Self::KindFields => "A map of kinds and fields",
            Self::Lacks => "A map of kinds or fields and rules",
            Self::Vectors => "A list; for each see \"A vector\"",
            Self::ArgumentKinds => "A map of names to `actor` or `value`",
            Self::Length => "A type of integer, a number of bytes, `rest`, or a field",
            Self::Number(..)
            | Self::Choice(_)
            | Self::ChoiceOrVariable(_)
            | Self::Choices(_)
            | Self::Map(_)
            | Self::Named(_)
            | Self::List(_) => "",
        }
    }
}

fn number(min: i64, max: i64) -> String {
    match (min, max) {
        (i64::MIN, i64::MAX) => "A whole number".to_owned(),
        (_, i64::MAX) => format!("A whole number, at least {min}"),
        _ => format!("A whole number from {min} to {max}"),
    }
}

fn title_of(what: &str) -> &str {
    Section::of(what).map_or(what, |section| section.title)
}
