//! Protocol Buffers files beside the protocol's file, compiled when they are needed.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use miette::Diagnostic as _;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use protox::prost_reflect::{DescriptorPool, MessageDescriptor};
use protox::{Compiler, Error};

use super::holes::did_you_mean;
use crate::source::{Diagnostic, Diagnostics, Node, SourceFile, Span, read_file};

/// How many files one protocol can have, imported ones included.
const MAX_FILES: usize = 100;

/// The message types that a protocol's files declare.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pool: Option<DescriptorPool>,
    /// A file could not be compiled: what it declares is not known.
    failed: bool,
}

impl Schema {
    /// Compiles the files that `proto` of a protocol names, each beside the file that names it.
    pub(super) fn read(root: &Node, diagnostics: &mut Diagnostics) -> Self {
        let Some(node) = root.get("proto").filter(|node| !node.is_null()) else {
            return Self::default();
        };
        let folder = node.span.file.path.parent().unwrap_or(Path::new(""));
        let sources = Sources {
            folder: folder.to_owned(),
            files: Rc::default(),
        };
        let mut resolver = ChainFileResolver::new();
        resolver.add(sources.clone());
        resolver.add(GoogleFileResolver::new());
        let mut compiler = Compiler::with_file_resolver(resolver);
        let mut failed = false;
        for item in node.items().unwrap_or(std::slice::from_ref(node)) {
            let Some(name) = item.text() else {
                let message = format!("`proto` names a file, this is {}", item.describe());
                diagnostics.error(&item.span, message, "expected the name of a file");
                continue;
            };
            if let Err(error) = compiler.open_file(name) {
                diagnostics.add(sources.complaint(name, &error, &item.span));
                failed = true;
            }
        }
        Self {
            pool: Some(compiler.descriptor_pool()),
            failed,
        }
    }

    /// The message type of that name; its package can be left out.
    pub(super) fn message(
        &self,
        node: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<MessageDescriptor> {
        let Some(pool) = &self.pool else {
            let diagnostic = Diagnostic::error("this protocol names no `.proto` file");
            let diagnostic = diagnostic.at(&node.span, "where is it declared?");
            diagnostics.add(diagnostic.help("write `proto: messages.proto` at the root"));
            return None;
        };
        let word = node.text().unwrap_or_default();
        let short = format!(".{word}");
        let same = |message: &MessageDescriptor| message.full_name().ends_with(&short);
        let found = pool
            .get_message_by_name(word)
            .or_else(|| pool.all_messages().find(same));
        if found.is_none() && !self.failed {
            let own =
                |message: &MessageDescriptor| !message.full_name().starts_with("google.protobuf.");
            let known = pool.all_messages().filter(own);
            let names: Vec<String> = known.map(|m| m.full_name().to_owned()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let message = format!("no message type is called {}", node.describe());
            let diagnostic = Diagnostic::error(message).at(&node.span, "not declared");
            diagnostics.add(diagnostic.help(did_you_mean(word, &names)));
        }
        found
    }
}

/// Files by the names under which others import them.
type Files = Vec<(String, Arc<SourceFile>)>;

/// The files that were read, so that complaints can show their lines.
#[derive(Clone)]
struct Sources {
    folder: PathBuf,
    files: Rc<RefCell<Files>>,
}

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        if self.files.borrow().len() >= MAX_FILES {
            return Err(Error::new(format!("more than {MAX_FILES} files")));
        }
        let path = self.folder.join(name);
        if !path.exists() {
            return Err(Error::file_not_found(name));
        }
        let mut complaints = Diagnostics::default();
        let Some(file) = read_file(&path, &mut complaints) else {
            let words = complaints.iter().map(|one| one.message.clone());
            return Err(Error::new(words.collect::<Vec<_>>().join("; ")));
        };
        let mut files = self.files.borrow_mut();
        files.push((name.to_owned(), Arc::clone(&file)));
        File::from_source(name, &file.text)
    }
}

impl Sources {
    /// The complaint of the compiler with the line that it is about; `used` names the file.
    fn complaint(&self, name: &str, error: &Error, used: &Span) -> Diagnostic {
        let files = self.files.borrow();
        let of = |name: &str| files.iter().find(|(known, _)| known == name);
        if error.is_file_not_found() && of(name).is_none() {
            let path = self.folder.join(name);
            let message = format!("{}: no such file", path.display());
            let diagnostic = Diagnostic::error(message).at(used, "named here");
            return diagnostic.help("it stands beside the file that names it");
        }
        let mut diagnostic = Diagnostic::error(error.to_string());
        if let Some(help) = error.help() {
            diagnostic = diagnostic.help(help.to_string());
        }
        let Some((_, file)) = error.file().and_then(of) else {
            return diagnostic.at(used, "named here");
        };
        let mut places = error.labels().into_iter().flatten().map(|label| {
            let words = label.label().unwrap_or("here").to_owned();
            (span(file, label.offset(), label.len()), words)
        });
        diagnostic = match places.next() {
            Some((span, words)) => diagnostic.at(&span, words),
            None => diagnostic.at(&span(file, 0, 1), "in this file"),
        };
        for (span, words) in places {
            diagnostic = diagnostic.related(&span, words);
        }
        diagnostic
    }
}

/// A place in a file, given in bytes.
fn span(file: &Arc<SourceFile>, offset: usize, len: usize) -> Span {
    let text = &file.text;
    let boundary = |from: usize| (from..text.len()).find(|at| text.is_char_boundary(*at));
    let start = boundary(offset).unwrap_or(text.len());
    let end = boundary(start.saturating_add(len.max(1))).unwrap_or(text.len());
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Span {
        file: Arc::clone(file),
        start,
        end,
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}
