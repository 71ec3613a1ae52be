//! The words of the YAML languages: one table, from which the JSON Schemas and the language
//! reference are made. A test holds it against the keys that the readers ask for.

mod actions;
mod expected;
mod matrix;
mod protocol;
mod reference;
mod rules;
mod scenario;
mod steps;
mod values;
mod wire;

#[cfg(test)]
mod tests;

pub use reference::markdown;

/// Stands as the default of a word that must be there.
pub(crate) const REQUIRED: &str = "required";

/// One of the languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Scenario files.
    Scenarios,
    /// `protocol.yaml` and dialects.
    Wire,
    /// `rules.yaml`.
    Rules,
    /// Lists of expected failures.
    Expected,
    /// Lists of implementations.
    Matrix,
}

/// A map of a language: which words it can have.
#[derive(Debug)]
pub struct Section {
    /// The language that it belongs to.
    pub language: Language,
    /// What readers call such a map in messages; names the section.
    pub what: &'static str,
    /// Its title in the reference.
    pub title: &'static str,
    /// What it is for and how it is judged, as paragraphs of Markdown.
    pub intro: &'static str,
    /// A whole document with `…` where an example of a word stands.
    pub frame: &'static str,
    /// Its words.
    pub words: &'static [Word],
}

/// A word of a language.
#[derive(Debug)]
pub struct Word {
    /// The key, as written.
    pub word: &'static str,
    /// What stands behind it.
    pub takes: Takes,
    /// What it means.
    pub about: &'static str,
    /// What holds without it; `REQUIRED` where it must be there, empty where it goes without saying.
    pub default: &'static str,
    /// How it looks, as it stands in the frame of its section.
    pub example: &'static str,
}

/// What stands behind a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Text.
    Text,
    /// Text or a list of texts.
    Texts,
    /// Hexadecimal bytes, with free white space.
    Hex,
    /// Hexadecimal bytes, or a list of them and of values.
    HexParts,
    /// `true` or `false`.
    Flag,
    /// A whole number in a range.
    Number(i64, i64),
    /// A whole number, or a name of one.
    Count,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words, or a variable that is one of them.
    ChoiceOrVariable(&'static [&'static str]),
    /// A list of these words.
    Choices(&'static [&'static str]),
    /// A day: `2027-01-31`.
    Date,
    /// A fixed time: `150ms`.
    Time,
    /// Arithmetic with times, numbers and names.
    Quantity,
    /// A name that is given here: a mark or a variable.
    NewName,
    /// A mark that was set before.
    Mark,
    /// Field names and the variables that take their values.
    Captures,
    /// A kind of message that the actor sends.
    SentKind,
    /// A kind of message that the actor receives, or a list of them.
    ReceivedKinds,
    /// A kind of message, or a list of them.
    Kinds,
    /// Kinds of messages, and messages of a kind.
    Ignored,
    /// Values of the fields of the message that is sent.
    SentFields,
    /// Matchers of the fields of the message that is expected.
    ReceivedFields,
    /// Values of the fields of what is sent, or matchers of the fields of what is expected.
    MessageFields,
    /// Names of lengths and layout fields, and numbers.
    Bends,
    /// Any value that can be sent.
    Value,
    /// Hexadecimal bytes or a value.
    Bytes,
    /// A map of free names and values.
    Values,
    /// A list of values under each free name.
    Variants,
    /// A matcher.
    Matcher,
    /// A list of matchers.
    Matchers,
    /// Quantities and matchers of them.
    Checks,
    /// How often: `3`, `1..5`, `1..`.
    Times,
    /// Sizes in bytes, or `rest`.
    Chunks,
    /// The id of a rule.
    Rule,
    /// The id of a rule, or a list of them.
    Rules,
    /// Names of reflexes.
    Reflexes,
    /// Names of dialects.
    Dialects,
    /// Values of parameters.
    Params,
    /// Parameters or variants and the values that they must have.
    Conditions,
    /// The name of a macro.
    MacroName,
    /// The arguments of a macro.
    Arguments,
    /// `all`, the name of an actor, or a list of names.
    Actors,
    /// A list of steps.
    Steps,
    /// A list of branches; a branch is a step or a list of steps.
    Branches,
    /// A server's step.
    ServerStep,
    /// What is typed: a line, lines, or a map.
    Typed,
    /// A matcher of what is printed, or a map.
    PrintedOrMatcher,
    /// How a client's name is made.
    ClientName,
    /// One message with its options, or a list of them.
    Batch,
    /// Nothing more: an empty map, or the word `fresh`.
    Connect,
    /// Nothing more: an empty map.
    Nothing,
    /// A map with the words of this section.
    Map(&'static str),
    /// Free names, each with a map of this section.
    Named(&'static str),
    /// A list of maps of this section.
    List(&'static str),
    /// Fields by name: a type or a map each.
    Fields,
    /// Fields by name, or the name of a type that has them.
    Body,
    /// A type: its name, or a map.
    Type,
    /// Any JSON value, with fields of the message as texts in it.
    Template,
    /// Fields of a template and their types.
    TemplateTypes,
    /// Free names and one value each.
    Constants,
    /// Kinds and a field of each.
    KindFields,
    /// Kinds or fields and the rules that they break.
    Lacks,
    /// Examples of messages.
    Vectors,
    /// Macro arguments: `actor` or `value`.
    ArgumentKinds,
    /// A number of bytes, a type of integer, or `rest`.
    Length,
}

impl Section {
    /// All sections, in the order of the reference.
    pub fn all() -> impl Iterator<Item = &'static Section> {
        [
            scenario::SECTIONS,
            steps::SECTIONS,
            actions::SECTIONS,
            values::SECTIONS,
            protocol::SECTIONS,
            wire::SECTIONS,
            rules::SECTIONS,
            expected::SECTIONS,
            matrix::SECTIONS,
        ]
        .into_iter()
        .flatten()
    }

    /// The section of that name.
    pub fn of(what: &str) -> Option<&'static Section> {
        Self::all().find(|section| section.what == what)
    }

    /// The example of a word as a whole document. What the frame has of the same word gives way.
    #[cfg(test)]
    pub(crate) fn document(&self, word: &Word) -> String {
        let indent = |line: &str| line.len() - line.trim_start().len();
        // What a scenario for clients has instead.
        let own = match word.word {
            "peers" | "program" => "clients",
            own => own,
        };
        let place = self.frame.lines().find(|line| line.trim() == "…");
        let gives_way = |line: &&str| {
            !word.example.is_empty()
                && place.is_some_and(|place| indent(line) == indent(place))
                && line.trim_start().starts_with(&format!("{own}:"))
        };
        let kept: Vec<&str> = self.frame.lines().filter(|line| !gives_way(line)).collect();
        kept.join("\n").replace('…', word.example)
    }

    /// The words that must be there.
    pub fn required(&self) -> impl Iterator<Item = &'static str> {
        let required = self.words.iter().filter(|word| word.default == REQUIRED);
        required.map(|word| word.word)
    }

    /// The word of that name.
    pub fn word(&self, word: &str) -> Option<&'static Word> {
        self.words.iter().find(|known| known.word == word)
    }
}

impl Language {
    /// All languages.
    pub const ALL: [Self; 5] = [
        Self::Scenarios,
        Self::Wire,
        Self::Rules,
        Self::Expected,
        Self::Matrix,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scenarios => "scenarios",
            Self::Wire => "wire",
            Self::Rules => "rules",
            Self::Expected => "expected",
            Self::Matrix => "matrix",
        }
    }
}
