use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but probably does not mean what was intended.
    Warning,
}

/// One complaint about a file, with its place and what to do.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The place and a few words beside it.
    pub primary: Option<(Span, String)>,
    /// Other places that explain it.
    pub related: Vec<(Span, String)>,
    /// What would be right.
    pub help: Option<String>,
    /// The message or field that is not described, if that is what it is about.
    pub unknown: Option<Unknown>,
}

/// A kind of message, or a field of it, that a description does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The kind; several when a field is in none of them.
    pub kinds: Vec<String>,
    /// The field; `None` when the kind itself is unknown.
    pub field: Option<String>,
}

impl Diagnostic {
    /// An error that has no place yet.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            primary: None,
            related: Vec::new(),
            help: None,
            unknown: None,
        }
    }

    /// A warning that has no place yet.
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(message)
        }
    }

    /// Says where it is, with a few words to stand beside the marked text.
    #[must_use]
    pub fn at(mut self, span: &Span, label: impl Into<String>) -> Self {
        self.primary = Some((span.clone(), label.into()));
        self
    }

    /// Adds a place that explains it.
    #[must_use]
    pub fn related(mut self, span: &Span, label: impl Into<String>) -> Self {
        self.related.push((span.clone(), label.into()));
        self
    }

    /// Says what would be right.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Says which message or field is not described.
    #[must_use]
    pub fn about_unknown(mut self, kinds: Vec<String>, field: Option<&str>) -> Self {
        let field = field.map(str::to_owned);
        self.unknown = Some(Unknown { kinds, field });
        self
    }

    /// The complaint with the lines it is about; `styled` adds terminal colours.
    pub fn render(&self, styled: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(&*self.message));
        let mut files: Vec<&Span> = Vec::new();
        let places = || self.primary.iter().chain(&self.related);
        for (span, _) in places() {
            if !files.iter().any(|seen| seen.file == span.file) {
                files.push(span);
            }
        }
        for of_file in files {
            let mut snippet =
                Snippet::source(&*of_file.file.text).path(of_file.file.path.to_string_lossy());
            for (index, (span, label)) in places().enumerate() {
                if span.file != of_file.file {
                    continue;
                }
                let kind = if index == 0 {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                snippet = snippet.annotation(kind.span(first_line(span)).label(label.as_str()));
            }
            group = group.element(snippet);
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.decor_style(DecorStyle::Ascii).render(&[group])
    }
}

/// A place that goes over many lines is shown by its first one.
fn first_line(span: &Span) -> std::ops::Range<usize> {
    let line = span.text().lines().next().unwrap_or_default();
    let len = span.file.text.len();
    span.start.min(len)..(span.start + line.len()).min(len)
}

/// All complaints found so far.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

/// More complaints than this help nobody.
const MAX_KEPT: usize = 200;

impl Diagnostics {
    /// Adds one; the same complaint at the same place is kept once.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        let same = |known: &Diagnostic| {
            known.message == diagnostic.message
                && known.primary.as_ref().map(|(span, _)| span)
                    == diagnostic.primary.as_ref().map(|(span, _)| span)
        };
        if self.list.len() < MAX_KEPT && !self.list.iter().any(same) {
            self.list.push(diagnostic);
        }
    }

    /// Short form of [`Diagnostics::add`] for an error at a place.
    pub fn error(&mut self, span: &Span, message: impl Into<String>, label: impl Into<String>) {
        self.add(Diagnostic::error(message).at(span, label));
    }

    /// True when nothing was found, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// True when something makes the files unusable.
    pub fn has_errors(&self) -> bool {
        self.list
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many complaints there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The complaints in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Takes over the complaints of another collection.
    pub fn append(&mut self, other: Self) {
        for diagnostic in other.list {
            self.add(diagnostic);
        }
    }

    /// All complaints without colours.
    pub fn to_plain_text(&self) -> String {
        let texts: Vec<String> = self.list.iter().map(|d| d.render(false)).collect();
        texts.join("\n\n")
    }
}
