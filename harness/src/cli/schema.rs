use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::arguments::SchemaArgs;
use super::{Exit, complain, say};
use crate::plan::{Described, Selection, describe};
use crate::report::Context;
use crate::schema::{self, Vocabulary};
use crate::source::Diagnostics;

/// `harness schema`.
pub(super) fn schema(arguments: &SchemaArgs, _context: Context) -> Exit {
    let selection = Selection {
        paths: arguments.paths.clone(),
        protocols: arguments.protocol.clone(),
        ..Selection::default()
    };
    let mut diagnostics = Diagnostics::default();
    let protocols = describe(&selection, &mut diagnostics);
    if !diagnostics.is_empty() {
        complain(&diagnostics);
    }
    if diagnostics.has_errors() {
        return Exit::Usage;
    }
    let outcome = if arguments.write {
        write_all(&protocols)
    } else {
        print_one(&protocols)
    };
    outcome.unwrap_or_else(|message| {
        say(&message);
        Exit::Usage
    })
}

fn print_one(protocols: &[Vec<Described>]) -> Result<Exit, String> {
    let [forms] = protocols else {
        let names: Vec<&str> = protocols
            .iter()
            .filter_map(|forms| Some(&*forms.first()?.plan.name))
            .collect();
        return Err(format!(
            "which protocol's schema? say --protocol NAME, or --write for all: {}",
            names.join(", ")
        ));
    };
    let vocabulary = Vocabulary::of(forms).ok_or("no protocol here")?;
    let text = text(&schema::of_scenarios(&vocabulary))?;
    // A closed pipe (`| head`) is no error.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(Exit::Conforms)
}

fn write_all(protocols: &[Vec<Described>]) -> Result<Exit, String> {
    let mut folders = BTreeSet::new();
    for forms in protocols {
        let Some(vocabulary) = Vocabulary::of(forms) else {
            continue;
        };
        let clash = |(name, _): &(&str, Value)| *name == format!("{}.schema.json", vocabulary.name);
        if schema::of_all_protocols().iter().any(clash) {
            let name = &vocabulary.name;
            return Err(format!(
                "no protocol can be called `{name}`: rename its folder and file"
            ));
        }
        let own = forms.first().map(|form| form.plan.folder.as_path());
        let folder = schema_folder(own.unwrap_or(Path::new(".")))?;
        let name = format!("{}.schema.json", vocabulary.name);
        write(&folder.join(name), &schema::of_scenarios(&vocabulary))?;
        folders.insert(folder);
    }
    for folder in folders {
        for (name, schema) in schema::of_all_protocols() {
            write(&folder.join(name), &schema)?;
        }
    }
    Ok(Exit::Conforms)
}

/// `schema/` beside the protocol's folder.
fn schema_folder(protocol: &Path) -> Result<PathBuf, String> {
    let cannot = |path: &Path, error| format!("{}: {error}", path.display());
    let folder = match (protocol.file_name(), protocol.parent()) {
        (Some(_), Some(around)) => around.join("schema"),
        _ => protocol
            .canonicalize()
            .map_err(|error| cannot(protocol, error))?
            .with_file_name("schema"),
    };
    std::fs::create_dir_all(&folder).map_err(|error| cannot(&folder, error))?;
    Ok(folder)
}

/// Writes a schema where it is not yet as it should be.
fn write(path: &Path, schema: &Value) -> Result<(), String> {
    let text = text(schema)?;
    let known = std::fs::read_to_string(path).ok();
    let what = match known {
        Some(known) if known == text => "up to date",
        _ => {
            std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
            "written"
        }
    };
    let _ = writeln!(std::io::stdout().lock(), "{}: {what}", path.display());
    Ok(())
}

fn text(schema: &Value) -> Result<String, String> {
    schema::to_text(schema).map_err(|error| format!("cannot be written as JSON: {error}"))
}
