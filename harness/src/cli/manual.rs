//! What shells and `man` need to know of the command line; made from its description.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::arguments::{Cli, CompletionsArgs, ManArgs};
use super::{Exit, say};
use crate::report::record::{Sink, replace};

/// What the program is called.
const NAME: &str = "harness";

/// `harness completions`.
pub(super) fn completions(arguments: &CompletionsArgs) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), NAME, &mut text);
    // A closed pipe (`| head`) is no error.
    let _ = Sink::Stdout.put(|out| out.write_all(&text));
    Exit::Conforms
}

/// `harness man`.
pub(super) fn man(arguments: &ManArgs) -> Exit {
    let mut root = Cli::command();
    root.build();
    let mut pages = vec![(NAME.to_owned(), root)];
    let mut at = 0;
    while let Some((name, command)) = pages.get(at).cloned() {
        let shown = command
            .get_subcommands()
            .filter(|each| each.get_name() != "help");
        pages.extend(shown.map(|each| (format!("{name}-{}", each.get_name()), each.clone())));
        at += 1;
    }
    for (name, command) in pages {
        let path = arguments.folder.join(format!("{name}.1"));
        let page = clap_mangen::Man::new(command).title(name);
        if let Err(error) = replace(&path, |mut out| page.render(&mut out)) {
            say(&format!("{}: {error}", path.display()));
            return Exit::Incomplete;
        }
        let _ = writeln!(std::io::stdout().lock(), "{}", path.display());
    }
    Exit::Conforms
}
