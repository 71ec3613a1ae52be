//! The mode of the terminal: keys one by one, and back to what it was.

use std::io::{self, stdin, stdout};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetwinsize,
    tcsetattr,
};

/// When the terminal does not know its width.
const COLUMNS: usize = 80;

pub(super) fn is_input_terminal() -> bool {
    isatty(stdin())
}

/// Whether a line can be drawn, erased and drawn again.
pub(super) fn can_edit() -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    is_input_terminal() && isatty(stdout()) && !is_dumb
}

/// Columns of the terminal, at least 1.
pub(super) fn columns() -> usize {
    match tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => COLUMNS,
    }
}

/// A mode of the terminal that holds while this lives. Ctrl-C and Ctrl-Z stay signals.
#[derive(Debug)]
pub(super) struct KeyMode {
    before: Termios,
    without: LocalModes,
}

impl KeyMode {
    /// Keys come one by one and unechoed.
    pub(super) fn enter() -> io::Result<Self> {
        Self::without(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN)
    }

    /// Lines come as before and what is typed is not shown.
    pub(super) fn unechoed() -> io::Result<Self> {
        Self::without(LocalModes::ECHO)
    }

    fn without(without: LocalModes) -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mode = Self { before, without };
        mode.set()?;
        Ok(mode)
    }

    /// Enters the mode once more, after somebody else has changed it.
    pub(super) fn again(&self) {
        // When the terminal has gone, the end of input will tell.
        let _ = self.set();
    }

    fn set(&self) -> io::Result<()> {
        let mut mode = self.before.clone();
        mode.local_modes -= self.without;
        if self.without.contains(LocalModes::ICANON) {
            mode.special_codes[SpecialCodeIndex::VMIN] = 1;
            mode.special_codes[SpecialCodeIndex::VTIME] = 0;
        }
        Ok(tcsetattr(stdin(), OptionalActions::Drain, &mode)?)
    }
}

impl Drop for KeyMode {
    fn drop(&mut self) {
        // Not draining: output that nobody takes must not keep the program from ending.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}
