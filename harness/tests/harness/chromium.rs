//! A headless Chromium, driven over the pipes of its debugging protocol: no port, no other library.

use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the program may be called.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

/// How long an answer, or what is waited for, may take on a machine that has other things to do, too.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long nobody looks at the page while something is waited for.
const BETWEEN_LOOKS: Duration = Duration::from_millis(15);

/// How often a browser that ended by itself is started again.
const TRIES: usize = 3;

/// The browser ended or does not answer: a statement about this machine, not about the page.
#[derive(Debug)]
pub(crate) struct Gone(String);

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) type Seen<T> = Result<T, Gone>;

/// One browser with one page.
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    next: u64,
    session: Option<String>,
    complaints: Vec<String>,
    _profile: TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// Two browsers at a time would be slower than one after the other.
static ALONE: Mutex<()> = Mutex::new(());

/// Shows something in a browser; says so when there is none that works.
pub(crate) fn with_browser(what: &str, show: impl Fn(&mut Browser) -> Seen<()>) {
    let Some(program) = find() else {
        eprintln!("left out: {what}: there is no {} here", NAMES[0]);
        return;
    };
    for _ in 0..TRIES {
        let shown = Browser::start(&program).and_then(|mut browser| show(&mut browser));
        match shown {
            Ok(()) => return,
            Err(gone) => eprintln!("{what}: the browser is gone: {gone}"),
        }
    }
    eprintln!("left out: {what}: {} does not work here", program.display());
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let programs = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    programs.into_iter().find(|program| program.is_file())
}

impl Browser {
    fn start(program: &Path) -> Seen<Self> {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let profile = TempDir::new().unwrap();
        // The browser reads its third and writes its fourth descriptor.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"])
            .arg(program)
            .args([
                "--headless",
                "--remote-debugging-pipe",
                // Without it no browser runs for root, and the page comes from ourselves.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-extensions",
                "--no-first-run",
                "--no-default-browser-check",
                "--hide-scrollbars",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|error| Gone(error.to_string()))?;
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let parsed = serde_json::from_slice(&message);
                if parsed.is_ok_and(|message| sender.send(message).is_err()) {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            input,
            messages,
            next: 0,
            session: None,
            complaints: Vec::new(),
            _profile: profile,
            _alone: alone,
        };
        browser.open_page()?;
        Ok(browser)
    }

    fn open_page(&mut self) -> Seen<()> {
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.call("Target.attachToTarget", target)?;
        self.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(domain, json!({}))?;
        }
        // What is typed goes to the page whether its window is in front or not.
        self.call(
            "Emulation.setFocusEmulationEnabled",
            json!({ "enabled": true }),
        )?;
        self.resize(1280, 900)?;
        Ok(())
    }

    /// Asks for something and gives the answer, which may be a refusal.
    fn ask(&mut self, method: &str, parameters: Value) -> Seen<Value> {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input
            .write_all(&bytes)
            .map_err(|error| Gone(error.to_string()))?;
        loop {
            let answer = self.messages.recv_timeout(PATIENCE);
            let answer = answer.map_err(|error| match error {
                RecvTimeoutError::Timeout => Gone(format!("no answer to {method}")),
                RecvTimeoutError::Disconnected => Gone(format!("ended at {method}")),
            })?;
            if answer["id"] != self.next {
                self.note(&answer)?;
                continue;
            }
            return Ok(answer);
        }
    }

    /// Asks for something and gives the result.
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Seen<Value> {
        let mut answer = self.ask(method, parameters)?;
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        Ok(answer["result"].take())
    }

    /// Keeps what the page complains about.
    fn note(&mut self, event: &Value) -> Seen<()> {
        let parameters = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Inspector.targetCrashed" => return Err(Gone("the page crashed".to_owned())),
            "Runtime.exceptionThrown" => {
                let details = &parameters["exceptionDetails"];
                self.complaints.push(details.to_string());
            }
            "Runtime.consoleAPICalled" => self.complaints.push(parameters["args"].to_string()),
            "Log.entryAdded" => self.complaints.push(parameters["entry"].to_string()),
            "Page.javascriptDialogOpening" => {
                panic!("a dialog was opened: {}", parameters["message"]);
            }
            _ => {}
        }
        Ok(())
    }

    /// What the page wrote to its console, and what went wrong in it, until now.
    pub(crate) fn complaints(&mut self) -> Seen<Vec<String>> {
        // Whatever was written before comes before the answer.
        self.evaluate("0")?;
        Ok(std::mem::take(&mut self.complaints))
    }

    /// The value of an expression on the page; promises are waited for.
    #[track_caller]
    pub(crate) fn evaluate(&mut self, expression: &str) -> Seen<Value> {
        let parameters = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let answer = self.call("Runtime.evaluate", parameters)?;
        let exception = &answer["exceptionDetails"];
        assert!(exception.is_null(), "{expression}: {exception}");
        Ok(answer["result"]["value"].clone())
    }

    /// Waits until an expression holds; while another page comes, nothing does.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, expression: &str) -> Seen<()> {
        let tried =
            format!("(() => {{ try {{ return {expression}; }} catch {{ return false; }} }})()");
        let parameters = json!({ "expression": tried, "returnByValue": true });
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask("Runtime.evaluate", parameters.clone())?;
            if answer["result"]["result"]["value"] == true {
                return Ok(());
            }
            if Instant::now() > until {
                let page = self.evaluate("location.href + document.body.innerText")?;
                panic!("never: {expression}\non the page:\n{page}");
            }
            thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// Opens a file, at a place in it, and waits until its script has run.
    #[track_caller]
    pub(crate) fn open(&mut self, page: &Path, place: &str) -> Seen<()> {
        self.call("Page.navigate", json!({ "url": "about:blank" }))?;
        self.wait_until("location.href === 'about:blank'")?;
        let url = format!("file://{}{place}", page.display());
        self.call("Page.navigate", json!({ "url": url }))?;
        self.wait_until(
            "location.protocol === 'file:' && document.documentElement.dataset.ready !== undefined",
        )
    }

    /// Presses a key, as somebody at the keyboard does.
    pub(crate) fn press(&mut self, key: &str) -> Seen<()> {
        let text = if key.chars().count() == 1 { key } else { "" };
        let down = if text.is_empty() {
            "rawKeyDown"
        } else {
            "keyDown"
        };
        for kind in [down, "keyUp"] {
            let mut event = json!({ "type": kind, "key": key });
            if kind == "keyDown" {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// Light or dark.
    pub(crate) fn prefer(&mut self, scheme: &str) -> Seen<()> {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [feature] }),
        )?;
        Ok(())
    }

    /// The size of the window in pixels.
    pub(crate) fn resize(&mut self, width: u32, height: u32) -> Seen<()> {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", size)?;
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(group) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
