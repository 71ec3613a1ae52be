use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as ParserSpan};

use super::{Content, Diagnostic, Diagnostics, Entry, Node, Scalar, SourceFile, Span};

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// How deep lists and maps may be nested.
const MAX_DEPTH: usize = 64;

/// Reads a text file of at most [`MAX_FILE_BYTES`] in UTF-8; a complaint is added when that fails.
pub fn read_file(path: &Path, diagnostics: &mut Diagnostics) -> Option<Arc<SourceFile>> {
    match read_text(path) {
        Ok(text) => Some(Arc::new(SourceFile {
            path: path.to_owned(),
            text,
        })),
        Err(message) => {
            diagnostics.add(Diagnostic::error(format!("{}: {message}", path.display())));
            None
        }
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!(
            "is larger than {} MiB",
            MAX_FILE_BYTES / 1024 / 1024
        ));
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| format!("is not UTF-8 (byte {})", error.utf8_error().valid_up_to()))?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}

/// The documents of a YAML file. Documents before the first syntax error are kept.
pub fn documents(file: &Arc<SourceFile>, diagnostics: &mut Diagnostics) -> Vec<Node> {
    Loader::new(file, diagnostics).load()
}

struct Loader<'a> {
    file: &'a Arc<SourceFile>,
    diagnostics: &'a mut Diagnostics,
    /// Byte offset of every character, and of the end; only for texts that are not ASCII.
    offsets: Option<Vec<usize>>,
}

enum Open {
    List(Span, Vec<Node>),
    Map(
        Span,
        Vec<Entry>,
        HashMap<String, Span>,
        Option<(String, Span)>,
    ),
}

/// Reading cannot go on after this.
struct Stop;

impl<'a> Loader<'a> {
    fn new(file: &'a Arc<SourceFile>, diagnostics: &'a mut Diagnostics) -> Self {
        let offsets = (!file.text.is_ascii()).then(|| {
            let starts = file.text.char_indices().map(|(at, _)| at);
            starts.chain([file.text.len()]).collect()
        });
        Self {
            file,
            diagnostics,
            offsets,
        }
    }

    fn load(mut self) -> Vec<Node> {
        let mut documents = Vec::new();
        let file = Arc::clone(self.file);
        let mut parser = Parser::new_from_str(&file.text);
        let mut stack: Vec<Open> = Vec::new();
        while let Some(next) = parser.next_event() {
            let outcome = match next {
                Ok((event, span)) => self.event(event, span, &mut stack, &mut documents),
                Err(error) => {
                    let place = self.place(*error.marker(), *error.marker());
                    self.diagnostics
                        .add(Diagnostic::error("not valid YAML").at(&place, error.info()));
                    Err(Stop)
                }
            };
            if outcome.is_err() {
                break;
            }
        }
        documents
    }

    fn event(
        &mut self,
        event: Event<'_>,
        span: ParserSpan,
        stack: &mut Vec<Open>,
        documents: &mut Vec<Node>,
    ) -> Result<(), Stop> {
        let place = self.place(span.start, span.end);
        let node = match event {
            Event::Alias(_) => return self.refuse(&place, "aliases are not supported"),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor > 0 =>
            {
                return self.refuse(&place, "anchors are not supported");
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                return self.refuse(&place, "tags are not supported");
            }
            Event::Scalar(text, style, _, None) => Node {
                content: scalar(&text, style),
                span: self.trimmed(place),
            },
            Event::SequenceStart(..) => return self.open(stack, Open::List(place, Vec::new())),
            Event::MappingStart(..) => {
                return self.open(stack, Open::Map(place, Vec::new(), HashMap::new(), None));
            }
            Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                Some(open) => self.close(open, &place),
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        self.add(node, stack, documents)
    }

    fn open(&mut self, stack: &mut Vec<Open>, open: Open) -> Result<(), Stop> {
        if stack.len() >= MAX_DEPTH {
            let (Open::List(place, _) | Open::Map(place, ..)) = &open;
            return self.refuse(place, "nested too deeply");
        }
        stack.push(open);
        Ok(())
    }

    fn close(&self, open: Open, end: &Span) -> Node {
        let (mut span, content) = match open {
            Open::List(span, items) => (span, Content::List(items)),
            Open::Map(span, entries, ..) => (span, Content::Map(entries)),
        };
        span.end = end.end.max(span.start);
        if let Content::Map(entries) = &content
            && let Some(first) = entries.first()
            && first.key_span.start < span.start
        {
            span.start = first.key_span.start;
        }
        Node {
            span: self.trimmed(span),
            content,
        }
    }

    fn add(
        &mut self,
        node: Node,
        stack: &mut [Open],
        documents: &mut Vec<Node>,
    ) -> Result<(), Stop> {
        match stack.last_mut() {
            None => documents.push(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, seen, pending)) => {
                if let Some((key, key_span)) = pending.take() {
                    entries.push(Entry {
                        key,
                        key_span,
                        value: node,
                    });
                    return Ok(());
                }
                let Some(key) = node.text().map(str::to_owned) else {
                    return self.refuse(&node.span, "a key must be a plain word");
                };
                if let Some(first) = seen.get(&key) {
                    let message = format!("the key `{key}` stands here twice");
                    self.diagnostics.add(
                        Diagnostic::error(message)
                            .at(&node.span, "again here")
                            .related(first, "first here")
                            .help("keep one of them; the other would be lost"),
                    );
                }
                seen.insert(key.clone(), node.span.clone());
                *pending = Some((key, node.span));
            }
        }
        Ok(())
    }

    fn refuse(&mut self, place: &Span, message: &str) -> Result<(), Stop> {
        let help = "write plain maps, lists and values; macros serve for repetition";
        self.diagnostics
            .add(Diagnostic::error(message).at(place, "here").help(help));
        Err(Stop)
    }

    fn place(&self, start: Marker, end: Marker) -> Span {
        let first = self.offset(start.index());
        Span {
            file: Arc::clone(self.file),
            start: first,
            end: self.offset(end.index()).max(first),
            line: start.line().max(1),
            column: start.col() + 1,
        }
    }

    fn offset(&self, index: usize) -> usize {
        let len = self.file.text.len();
        match &self.offsets {
            Some(offsets) => offsets.get(index).copied().unwrap_or(len),
            None => index.min(len),
        }
    }

    /// Block values end where the next token begins; what is shown ends with their last letter.
    fn trimmed(&self, mut span: Span) -> Span {
        let text = self.file.text.get(span.start..span.end).unwrap_or_default();
        span.end = span.start + text.trim_end().len();
        span
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Content {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(text, "" | "~" | "null") {
        return Content::Null;
    }
    Content::Scalar(Scalar {
        text: text.to_owned(),
        plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> (Vec<Node>, Diagnostics) {
        let file = Arc::new(SourceFile {
            path: "t.yaml".into(),
            text: text.to_owned(),
        });
        let mut diagnostics = Diagnostics::default();
        let documents = documents(&file, &mut diagnostics);
        (documents, diagnostics)
    }

    #[test]
    fn every_node_knows_its_place() {
        let (documents, diagnostics) = load("é: 1\nlist:\n  - a\n  - { b: c }\nlast: x\n");
        assert!(diagnostics.is_empty());
        let list = documents[0].get("list").unwrap();
        let item = &list.items().unwrap()[1];
        assert_eq!(item.span.to_string(), "t.yaml:4:5");
        assert_eq!(item.span.text(), "{ b: c }");
        assert_eq!(item.get("b").unwrap().span.text(), "c");
        assert_eq!(documents[0].get("é").unwrap().integer(), Some(1));
    }

    #[test]
    fn several_documents_are_several_nodes() {
        let (documents, diagnostics) = load("---\na: 1\n---\na: 2\n");
        assert!(diagnostics.is_empty());
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[1].get("a").unwrap().span.line, 4);
    }

    #[test]
    fn quoted_values_are_text() {
        let (documents, _) = load("a: '5'\nb: 5\nc: ~\nd: 'null'\ne: true\nf: no\n");
        let map = &documents[0];
        assert_eq!(map.get("a").unwrap().integer(), None);
        assert_eq!(map.get("b").unwrap().integer(), Some(5));
        assert!(map.get("c").unwrap().is_null());
        assert_eq!(map.get("d").unwrap().text(), Some("null"));
        assert_eq!(map.get("e").unwrap().boolean(), Some(true));
        assert_eq!(map.get("f").unwrap().text(), Some("no"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_place() {
        let deep = "[".repeat(100);
        for (text, message) in [
            ("a: 1\nb: 2\na: 3\n", "twice"),
            ("a: &x 1\n", "anchors"),
            ("a: *x\n", "not valid YAML"),
            ("a: !!str 1\n", "tags"),
            ("? [a]\n: b\n", "plain word"),
            (deep.as_str(), "nested"),
            ("a: [\n", "not valid YAML"),
            ("a:\n  - b\n c: d\n", "not valid YAML"),
        ] {
            let (_, diagnostics) = load(text);
            let shown = diagnostics.to_plain_text();
            assert!(
                shown.contains(message) && shown.contains("t.yaml:"),
                "{text}: {shown}"
            );
        }
    }
}
