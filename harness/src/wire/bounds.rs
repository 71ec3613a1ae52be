//! Whether every message has an end that a reader can find.

use super::shape::{Content, Frame, Part, What};
use crate::source::{Diagnostic, Diagnostics, Span};

/// Checks the ends of all parts and fixes what follows those that go to the end of something.
/// `bounded`: the end of all is known from outside.
pub(super) fn settle(
    parts: &mut [Part],
    bounded: bool,
    span: &Span,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let mut check = Check { span, diagnostics };
    let behind = Behind {
        bounded,
        bytes: Some(0),
        only_optional: true,
    };
    check.list(parts, behind)?;
    if !bounded && parts.iter().map(Part::least).sum::<usize>() == 0 {
        let diagnostic = Diagnostic::error("a message of no bytes cannot be seen");
        let help = "give it a tag, a length or a constant, in the layout or in the body";
        let diagnostic = diagnostic.at(span, "may be empty").help(help);
        diagnostics.add(diagnostic);
        return None;
    }
    Some(())
}

struct Check<'a> {
    span: &'a Span,
    diagnostics: &'a mut Diagnostics,
}

/// What stands behind a part in the same window.
#[derive(Clone, Copy)]
struct Behind {
    /// The end of the window is known.
    bounded: bool,
    /// Its size, if it is always the same.
    bytes: Option<usize>,
    /// Nothing, or only what can be missing.
    only_optional: bool,
}

impl Check<'_> {
    fn list(&mut self, parts: &mut [Part], mut behind: Behind) -> Option<()> {
        for part in parts.iter_mut().rev() {
            self.part(part, behind)?;
            behind.bytes = behind
                .bytes
                .and_then(|bytes| Some(bytes + part.width()?))
                .filter(|_| !part.optional);
            behind.only_optional &= part.optional;
        }
        Some(())
    }

    fn part(&mut self, part: &mut Part, behind: Behind) -> Option<()> {
        if part.optional && !behind.bounded {
            let message = format!("nothing says whether `{}` is there", part.path);
            let help = "a field can be optional where a length counts the body";
            return self.refuse(&message, help);
        }
        if part.optional && !behind.only_optional {
            let message = format!("`{}` is optional, but what follows it is not", part.path);
            return self.refuse(&message, "only the last fields can be optional");
        }
        let What::Window(window) = &mut part.what else {
            return Some(());
        };
        if matches!(window.frame, Frame::Inline) {
            window.frame = match &window.content {
                content if content.finds_its_end() => Frame::Inline,
                Content::Json(body) if !behind.bounded && body.ends_itself() => Frame::Json,
                _ => Frame::Rest { behind: 0 },
            };
        }
        if let Frame::Rest { behind: rest } = &mut window.frame {
            *rest = self.rest(&part.path, behind)?;
        }
        let inside = match window.frame {
            Frame::Inline => behind,
            _ => Behind {
                bounded: true,
                bytes: Some(0),
                only_optional: true,
            },
        };
        let alone = Behind {
            bounded: false,
            ..inside
        };
        match &mut window.content {
            Content::Fields(parts) => self.list(parts, inside),
            Content::Group(items) => self.list(&mut items.parts, inside),
            Content::List(list) => self.list(&mut list.items.parts, alone),
            _ => Some(()),
        }
    }

    /// How many bytes stand behind a part that takes the rest.
    fn rest(&mut self, path: &str, behind: Behind) -> Option<usize> {
        if !behind.bounded {
            let message = format!("`{path}` takes the rest, but nothing says how long");
            let help = "count it: `layout: { size: { type: u16, len_of: body }, body: $body }`, \
                        or end it: `body: { type: $body, until: \"\\n\" }`; \
                        Protocol Buffers alone: `split: { begins: 1 }`; \
                        where nothing but a pause ends a message: `split: { pause: 100ms }`";
            self.refuse(&message, help)?;
        }
        if behind.bytes.is_none() {
            let message = format!("`{path}` takes the rest, but more follows it");
            self.refuse(&message, "what follows must have a fixed size")?;
        }
        behind.bytes
    }

    fn refuse(&mut self, message: &str, help: &str) -> Option<()> {
        let diagnostic = Diagnostic::error(message).at(self.span, "in this message");
        self.diagnostics.add(diagnostic.help(help));
        None
    }
}
