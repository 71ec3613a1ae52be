//! Takes lines from the user and shows what comes, in a pipe or at a terminal.
//!
//! At a terminal the line being typed stays below everything that is shown: it is erased, the text
//! is written, and it is drawn again. Editing is done here and not by a crate because both must
//! come from one place that never blocks: an editor that waits for keys in a call of its own can
//! neither be ended when the server goes nor be trusted to have shown the last text by then.
//!
//! [`streams`] reads and writes the standard streams, [`keys`] finds keys in what is typed,
//! [`editor`] is the line and its history, [`lines`] cuts a pipe into lines, and [`modes`] changes
//! the terminal and puts it back.

mod editor;
mod keys;
mod lines;
mod modes;
mod streams;

use std::collections::VecDeque;
use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::editor::Editor;
use self::lines::Lines;
use self::modes::KeyMode;
use self::streams::{Input, Output, Piece};
use crate::session::{Ending, Note};

/// The name in front of what the program says about itself.
pub(crate) const PROGRAM: &str = "reference-client";

const PROMPT: &str = "> ";
/// The prompt for a line that is not to be seen.
const SECRET_PROMPT: &str = "password: ";
const ERASE: &str = "\r\x1b[K";

/// Pieces of output that wait to be written before the rest of the program should slow down.
const BEHIND: usize = 1000;

/// What has happened on the user's side.
#[derive(Debug)]
pub(crate) enum Event {
    /// A line was finished; given without its end.
    Line(String),
    /// There will be no more lines.
    End,
    /// The program is to end.
    Signal(Ending),
    /// Nobody reads what is shown.
    OutputGone,
    /// What waited to be shown is on its way.
    Drawn,
}

/// The standard streams and the signals of the process.
#[derive(Debug)]
pub(crate) struct Screen {
    input: Input,
    output: Output,
    signals: Signals,
    style: Style,
    ready: VecDeque<String>,
    ended: bool,
    waiting: Vec<Piece>,
    /// Whether the line being typed is not to be seen.
    hidden: bool,
}

/// How lines are taken and shown.
#[derive(Debug)]
enum Style {
    /// Line by line; what was typed is shown unless the terminal does it.
    Plain {
        lines: Lines,
        echo: bool,
        /// While a line is not to be seen at a terminal.
        unechoed: Option<KeyMode>,
    },
    /// Key by key, with the line being typed kept below.
    Edited {
        editor: Editor,
        mode: KeyMode,
        drawn: Drawn,
    },
}

/// The line being typed, as the terminal shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawn {
    /// It is there and right.
    Current,
    /// It is there and out of date.
    Stale,
    /// It is not there.
    Erased,
}

impl Screen {
    /// Takes over the standard streams; must be called inside the runtime.
    pub(crate) fn open() -> io::Result<Self> {
        // Before the terminal is changed, so that no signal can end the program in between.
        let signals = Signals::new()?;
        let style = if modes::can_edit() {
            Style::Edited {
                editor: Editor::default(),
                mode: KeyMode::enter()?,
                drawn: Drawn::Erased,
            }
        } else {
            Style::Plain {
                lines: Lines::default(),
                echo: !modes::is_input_terminal(),
                unechoed: None,
            }
        };
        Ok(Self {
            input: Input::open()?,
            output: Output::open()?,
            signals,
            style,
            ready: VecDeque::new(),
            ended: false,
            waiting: Vec::new(),
            hidden: false,
        })
    }

    /// Has `note` shown; returns before it is.
    pub(crate) fn show(&mut self, note: Note) {
        let piece = match note {
            Note::Heard(text) => Piece::Out(text + "\n"),
            Note::Said(text) => match self.style {
                Style::Plain { echo: false, .. } => return,
                _ => Piece::Out(text + "\n"),
            },
            Note::Warning(text) => Piece::Err(format!("{PROGRAM}: {text}\n")),
        };
        self.erase();
        self.waiting.push(piece);
    }

    /// Shows nothing of the line being typed while `hidden`, and keeps it out of the history.
    pub(crate) fn hide_input(&mut self, hidden: bool) {
        if self.hidden == hidden {
            return;
        }
        self.hidden = hidden;
        match &mut self.style {
            Style::Edited { drawn, .. } => {
                if *drawn == Drawn::Current {
                    *drawn = Drawn::Stale;
                }
            }
            // A pipe shows nothing of what comes from it, and nobody waits for a prompt.
            Style::Plain { echo: true, .. } => {}
            Style::Plain { unechoed, .. } => {
                *unechoed = hidden.then(KeyMode::unechoed).and_then(Result::ok);
                let prompt = if hidden { SECRET_PROMPT } else { "\n" };
                self.waiting.push(Piece::Out(prompt.to_owned()));
            }
        }
    }

    /// Whether so much waits to be written that nothing more should be produced.
    pub(crate) fn is_behind(&self) -> bool {
        self.waiting.len() > BEHIND
    }

    /// Waits for the next event. Lines are taken only when `takes_line`; nothing is lost when the
    /// future is dropped.
    pub(crate) async fn event(&mut self, takes_line: bool) -> Event {
        loop {
            if takes_line {
                if let Some(line) = self.ready.pop_front() {
                    if self.hidden {
                        self.forget(&line);
                    }
                    return Event::Line(line);
                }
                if self.ended {
                    return Event::End;
                }
            }
            let has_output = !self.waiting.is_empty() || self.needs_drawing();
            tokio::select! {
                () = self.output.ready(), if has_output => {
                    self.output.send(draw(&mut self.style, &mut self.waiting, self.hidden));
                    return Event::Drawn;
                }
                () = self.output.gone() => return Event::OutputGone,
                chunk = self.input.chunk(), if takes_line => self.take(chunk.as_deref()),
                notice = self.signals.next() => match notice {
                    Notice::End(ending) => return Event::Signal(ending),
                    Notice::Redraw => self.restore(),
                },
            }
        }
    }

    /// Shows what still waits, within a bounded time, and puts the terminal back.
    pub(crate) async fn close(mut self) {
        self.erase();
        self.output.finish(std::mem::take(&mut self.waiting)).await;
    }

    fn take(&mut self, chunk: Option<&[u8]>) {
        match &mut self.style {
            Style::Plain { lines, .. } => match chunk {
                Some(bytes) => self.ready.extend(lines.feed(bytes)),
                None => self.ready.extend(lines.finish()),
            },
            Style::Edited { editor, drawn, .. } => {
                self.ready.extend(editor.feed(chunk.unwrap_or_default()));
                self.ended = editor.has_ended();
                if *drawn == Drawn::Current {
                    *drawn = Drawn::Stale;
                }
            }
        }
        self.ended |= chunk.is_none();
    }

    fn forget(&mut self, line: &str) {
        if let Style::Edited { editor, .. } = &mut self.style {
            editor.forget(line);
        }
    }

    fn erase(&mut self) {
        if let Style::Edited { drawn, .. } = &mut self.style
            && *drawn != Drawn::Erased
        {
            *drawn = Drawn::Erased;
            self.waiting.push(Piece::Out(ERASE.to_owned()));
        }
    }

    fn needs_drawing(&self) -> bool {
        matches!(&self.style, Style::Edited { drawn, .. } if *drawn != Drawn::Current)
    }

    /// After a stop the shell has set its own mode; after a change of width the line is cut
    /// elsewhere.
    fn restore(&mut self) {
        if let Style::Edited { mode, drawn, .. } = &mut self.style {
            mode.again();
            *drawn = Drawn::Stale;
        }
    }
}

/// What is to be written next: all that waits, and the line being typed below it.
fn draw(style: &mut Style, waiting: &mut Vec<Piece>, hidden: bool) -> Vec<Piece> {
    let mut pieces = std::mem::take(waiting);
    if let Style::Edited { editor, drawn, .. } = style {
        *drawn = Drawn::Current;
        let prompt = if hidden { SECRET_PROMPT } else { PROMPT };
        let (text, column) = if hidden {
            (String::new(), 0)
        } else {
            editor.view(modes::columns().saturating_sub(prompt.len()).max(1))
        };
        let column = prompt.len() + column;
        pieces.push(Piece::Out(format!("{ERASE}{prompt}{text}\r\x1b[{column}C")));
    }
    pieces
}

/// The signals that the program answers to.
#[derive(Debug)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    resized: Signal,
    resumed: Signal,
}

enum Notice {
    End(Ending),
    Redraw,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            resized: signal(SignalKind::window_change())?,
            resumed: signal(SignalKind::from_raw(Number::CONT.as_raw()))?,
        })
    }

    async fn next(&mut self) -> Notice {
        let by = |number: Number| {
            Notice::End(Ending::Signal(
                u8::try_from(number.as_raw()).unwrap_or(u8::MAX),
            ))
        };
        tokio::select! {
            // Ctrl-C is how the documents say that one leaves.
            _ = self.interrupt.recv() => Notice::End(Ending::Done),
            _ = self.terminate.recv() => by(Number::TERM),
            _ = self.hangup.recv() => by(Number::HUP),
            _ = self.resized.recv() => Notice::Redraw,
            _ = self.resumed.recv() => Notice::Redraw,
        }
    }
}
