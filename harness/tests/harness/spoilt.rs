//! Copies of the Python clients, each spoilt in one place: the scenario that is about it fails, and names
//! the rule that is broken first.
//!
//! A protocol joins with its command in [`COMMANDS`] and lines in [`SPOILT`].

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::program::{Ended, TRIES, repository, run_with};

/// A protocol and the arguments of its client below `python/`.
const COMMANDS: &[(&str, &str)] = &[
    ("bcp", "bcp/client.py -u {name} -s {host} -p {port}"),
    (
        "chatapp",
        "chatapp/ChatApp.py -c {name} {host} {port} {client_port}",
    ),
];

/// How many copies are judged at the same time: most of them wait for what never comes.
const AT_ONCE: usize = 4;

/// What is spoilt, and what is said about it.
struct Spoilt {
    protocol: &'static str,
    /// The file, below `python/`.
    file: &'static str,
    old: &'static str,
    new: &'static str,
    /// The rule that it breaks.
    rule: &'static str,
    /// The area and the title of the scenario that is about it.
    scenario: &'static str,
}

macro_rules! spoilt {
    ($($protocol:literal, $file:literal, $scenario:literal, $rule:literal: $old:literal => $new:literal;)+) => {
        &[$(Spoilt {
            protocol: $protocol,
            file: $file,
            old: $old,
            new: $new,
            rule: $rule,
            scenario: $scenario,
        },)+]
    };
}

const SPOILT: &[Spoilt] = spoilt! {
    "bcp", "bcp/protocol.py", "deliver/it acknowledges once", "BCP-C3b":
        "self.output += self._ok\n" => "self.output += self._ok * 2\n";
    "bcp", "bcp/protocol.py", "deliver/what somebody says is shown with his name", "BCP-C3a":
        "self.output += self._ok\n" => "pass\n";
    "chatapp", "chatapp/client.py", "registration/it registers at once, with its name", "CHATAPP-C1":
        "str(self._listening.getsockname()[1])" => "\"4119\"";
    "chatapp", "chatapp/datagrams.py", "registration/it registers at once, with its name", "CHATAPP-C11":
        "\"type_\": self.kind" => "\"type\": self.kind";
    "chatapp", "chatapp/ChatApp.py", "arguments/an address that cannot be one is told [host=not an address]", "CHATAPP-C1b":
        "valid IP address!" => "better one!";
    "chatapp", "chatapp/client.py", "registration/a new user is told to be registered", "CHATAPP-C1d":
        "self._show(\"[Welcome, you are registered.]\")" => "pass";
    "chatapp", "chatapp/client.py", "registration/a server that never answers a registration", "CHATAPP-C2":
        "TRIES = 5" => "TRIES = 4";
    "chatapp", "chatapp/client.py", "registration/a server that never answers a registration", "CHATAPP-C2":
        "TRIES = 5" => "TRIES = 7";
    "chatapp", "chatapp/client.py", "registration/a server that never answers a registration", "CHATAPP-C2a":
        "self._show(\"[Exiting]\")\n" => "raise SystemExit(3)\n";
    "chatapp", "chatapp/client.py", "registration/a registration is over when it is answered [late=0]", "CHATAPP-C2c":
        "        self._end_request()\n        if self._name is not None:\n" =>
        "        if request.kind != \"reg\" and self._name is not None:\n            self._end_request()\n        if self._name is not None and not request.again:\n            request.again = True\n";
    "chatapp", "chatapp/client.py", "direct/what is said to somebody goes there, and", "CHATAPP-C3":
        "Message(\"send\", text, self._name" => "Message(\"send\", text.upper(), self._name";
    "chatapp", "chatapp/client.py", "direct/what is said to somebody goes there, and", "CHATAPP-C3a":
        "self._show(\"[Message received by %s.]\" % shown)" => "pass";
    "chatapp", "chatapp/client.py", "direct/what is not acknowledged goes to the server, once", "CHATAPP-C3b":
        "self._store(request.name, request.text)" => "pass";
    "chatapp", "chatapp/client.py", "direct/what is said to somebody goes there, and", "CHATAPP-C3d":
        "self._show(\"[Message received by %s.]\" % shown)" =>
        "self._show(\"[Message received]\")\n            self._store(request.name, request.text)";
    "chatapp", "chatapp/client.py", "direct/what is for who is offline goes to the server alone", "CHATAPP-C3e":
        "elif self._table[to][\"status\"] == \"yes\":" => "elif True:";
    "chatapp", "chatapp/client.py", "direct/what is for who is offline goes to the server alone", "CHATAPP-C3f":
        "self._show(\"[Messages received by the server and saved]\")" => "pass";
    "chatapp", "chatapp/client.py", "direct/that a user is there after all is told, and counts", "CHATAPP-C4a":
        "self._waiting = (request.name, request.text, time.monotonic() + ENTRY_WAIT)" => "pass";
    "chatapp", "chatapp/client.py", "offline/who leaves is deregistered, whatever is typed [line=dereg]", "CHATAPP-C5":
        "        elif word == \"dereg\":\n            self._ask(Message(\"dereg\", self._name, self._name, to_server=True))" =>
        "        elif word == \"dereg\":\n            self._name = None";
    "chatapp", "chatapp/client.py", "offline/who has left shows and answers nothing [kind=send]", "CHATAPP-C5b":
        "            self._name = None\n            self._show(\"[You are Offline. Bye.]\")" =>
        "            self._show(\"[You are Offline. Bye.]\")";
    "chatapp", "chatapp/client.py", "offline/what has waited is shown with its sender, in order", "CHATAPP-C6":
        "            self._show_mails(message.content)\n        elif" => "            pass\n        elif";
    "chatapp", "chatapp/client.py", "heard/somebody of whom it has not heard may speak to it", "CHATAPP-C7":
        "            self._show(text)\n" => "";
    "chatapp", "chatapp/client.py", "heard/somebody of whom it has not heard may speak to it", "CHATAPP-C7a":
        "            self._reply(\"ack\", message, sender)\n" => "";
    "chatapp", "chatapp/client.py", "group/what others say to everybody is shown, and acknowledged to where it came from [from=another]", "CHATAPP-C7c":
        "addr=to).encode(), to)" => "addr=to).encode(), self._server)";
    "chatapp", "chatapp/client.py", "heard/what another client says is shown with its sender, and acknowledged [from=main]", "CHATAPP-C7d":
        "self._reply(\"ack\", message, sender)\n" =>
        "self._reply(\"ack\", message, sender)\n            self._reply(\"ack\", message, sender)\n";
    "chatapp", "chatapp/client.py", "heard/a question is answered to where it came from, and once [from=main]", "CHATAPP-C7e":
        "self._reply(\"test\", message, sender)" => "pass";
    "chatapp", "chatapp/client.py", "logout/who is logged out is told so, and is there no more [then=test]", "CHATAPP-C8":
        "elif message.kind == \"logout\":\n            self._name = None\n" => "elif message.kind == \"logout\":\n";
    "chatapp", "chatapp/client.py", "group/what is for everybody goes to the server, once", "CHATAPP-C9":
        "Message(\"send_all\", rest," => "Message(\"send_all\", \"what?\",";
    "chatapp", "chatapp/client.py", "hostile/what is no message is not answered and does no harm [bytes=garbage]", "CHATAPP-C10":
        "except (OSError, Malformed):\n            return\n        take" => "except OSError:\n            return\n        take";
    "chatapp", "chatapp/client.py", "hostile/a sender's name does not steer a terminal", "CHATAPP-C10b":
        "from terminal import harmless" => "def harmless(text, inline=False):\n    return text";
    "chatapp", "chatapp/client.py", "table/an entry adds to the table", "CHATAPP-C13":
        "else [message.content]:" => "else []:";
    "chatapp", "chatapp/client.py", "table/who has moved is spoken to at the new address", "CHATAPP-C13":
        "self._table[contact[\"name\"]] = contact" => "self._table.setdefault(contact[\"name\"], contact)";
    "chatapp", "chatapp/ChatApp.py", "ending/Ctrl-C ends it silently [waiting=for nothing]", "CHATAPP-C14":
        "signal.signal(signal.SIGINT, signal.default_int_handler)" => "signal.signal(signal.SIGINT, signal.SIG_IGN)";
};

impl Spoilt {
    /// A copy of `python/` with this fault.
    fn copy(&self) -> TempDir {
        let folder = TempDir::new().unwrap();
        copy_programs(&repository().join("python"), folder.path());
        let file = folder.path().join(self.file);
        let text = fs::read_to_string(&file).unwrap();
        let spoilt = text.replace(self.old, self.new);
        assert_ne!(text, spoilt, "{} has no {:?}", self.file, self.old);
        fs::write(file, spoilt).unwrap();
        folder
    }

    fn judged(&self) -> Ended {
        let known = COMMANDS.iter().find(|(name, _)| *name == self.protocol);
        let (_, command) = known.expect("a protocol with a command");
        let (area, title) = self.scenario.split_once('/').expect("an area and a title");
        run_with(|| {
            let folder = self.copy();
            let program = format!("python3 -B {}/{command}", folder.path().display());
            let scenarios = format!("../../scenarios/{}/client/{area}", self.protocol);
            let words = ["run", &scenarios, "--strict", "--filter", title];
            let more = ["--client", &program];
            let words = words.into_iter().chain(more).map(str::to_owned).collect();
            (folder, words)
        })
    }

    /// What is wrong with what was said, if anything. A line that was printed in time may be read
    /// late on a busy machine, and pass for the one that was waited for; not every time. Where the
    /// harness did not get the processor in all its attempts, nothing is known.
    fn complaint(&self) -> Option<String> {
        let mut last = String::new();
        for _ in 0..TRIES {
            let ended = self.judged();
            let named = first_rule(&ended.stdout);
            if ended.code == Some(1) && named == Some(self.rule) {
                return None;
            }
            if ended.stdout.contains("the machine is busy") {
                eprintln!("{}: no verdict on a machine this busy", self.rule);
                return None;
            }
            last = format!(
                "{}: {:?} for {:?}: status {:?}, {named:?} instead of {}\n{}{}",
                self.file, self.new, self.old, ended.code, self.rule, ended.stdout, ended.stderr
            );
        }
        Some(last)
    }
}

/// The rule that a report names first.
fn first_rule(report: &str) -> Option<&str> {
    let named = |line: &'_ str| line.trim_start().starts_with("rule  ");
    let line = report.lines().find(|line| named(line))?;
    line.split_whitespace().nth(1)
}

/// The programs of a folder and of those in it.
fn copy_programs(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&copy).unwrap();
            copy_programs(&path, &copy);
        } else if path.extension().is_some_and(|ending| ending == "py") {
            fs::copy(&path, &copy).unwrap();
        }
    }
}

#[test]
fn each_is_found_and_its_rule_is_named() {
    let next = AtomicUsize::new(0);
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let judge = || {
            let mut found = Vec::new();
            while let Some(spoilt) = SPOILT.get(next.fetch_add(1, Ordering::Relaxed)) {
                found.extend(spoilt.complaint());
            }
            found
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(judge)).collect();
        let found = workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap());
        found.collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
