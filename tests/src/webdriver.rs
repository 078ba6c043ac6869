//! A browser driven through WebDriver: chromedriver, its JSON over HTTP, and nothing else.
//!
//! The protocol is one request and one JSON reply per action, so a client is smaller than the
//! crates (and the asynchronous runtime) it would take to have one.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::free_port;
use crate::temp::TempDir;
use crate::wait_for;

/// Options of the browser: no display, no sandbox (it may run as root in a container), and no
/// traffic of its own.
pub const BROWSER_ARGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// How a browser presents itself to the page.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Width of the window in CSS pixels.
    pub width: u32,
    /// Height of the window.
    pub height: u32,
    /// `prefers-color-scheme: dark`
    pub dark: bool,
    /// The language people asked for, `en` or `zh-CN`.
    pub language: &'static str,
}

impl Default for Look {
    fn default() -> Self {
        Self { width: 1280, height: 800, dark: false, language: "en" }
    }
}

/// A browser with one window; closed when dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts chromedriver and, through it, a browser.
    ///
    /// # Panics
    /// If one of them cannot be started.
    #[must_use]
    pub fn start(look: Look) -> Self {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot run chromedriver: {e}. Install chromium-driver"));
        let profile = TempDir::new();
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        wait_for("chromedriver", Duration::from_secs(30), || {
            browser.request("GET", "/status", &Value::Null)
        });
        let reply = browser.request("POST", "/session", &browser.capabilities(look));
        let session = reply.unwrap_or_else(|error| panic!("no browser: {error}"));
        browser.session = session["sessionId"].as_str().expect("a session id").to_owned();
        browser.look(look);
        browser
    }

    fn capabilities(&self, look: Look) -> Value {
        let mut args: Vec<String> = BROWSER_ARGS.iter().map(|arg| (*arg).to_owned()).collect();
        args.push(format!("--window-size={},{}", look.width, look.height));
        args.push(format!("--lang={}", look.language));
        args.push(format!("--user-data-dir={}", self._profile.path().display()));
        let options = json!({
            "args": args,
            "prefs": { "intl.accept_languages": look.language },
        });
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "timeouts": { "script": 180_000, "pageLoad": 60_000 },
        }}})
    }

    /// Changes size, colour scheme and language from here on. The size is that of the page, and
    /// may be narrower than any window.
    ///
    /// # Panics
    /// If the browser refuses.
    pub fn look(&self, look: Look) {
        let scheme = if look.dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &media);
        let size = json!({
            "width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        self.devtools("Emulation.setLocaleOverride", &json!({ "locale": look.language }));
    }

    /// Opens a page and waits until it is loaded.
    ///
    /// # Panics
    /// If it cannot be.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// Runs a function body in the page and returns what it returns.
    ///
    /// # Panics
    /// If it throws.
    #[must_use]
    pub fn script(&self, body: &str, args: &[Value]) -> Value {
        self.post("/execute/sync", &json!({ "script": body, "args": args }))
    }

    /// Runs a function body whose last argument is a callback that takes the result.
    ///
    /// # Panics
    /// If it throws or never calls back.
    #[must_use]
    pub fn script_async(&self, body: &str, args: &[Value]) -> Value {
        self.post("/execute/async", &json!({ "script": body, "args": args }))
    }

    /// How many elements match a selector.
    ///
    /// # Panics
    /// If the selector is wrong.
    #[must_use]
    pub fn count(&self, css: &str) -> usize {
        let found = self.post("/elements", &json!({ "using": "css selector", "value": css }));
        found.as_array().map_or(0, Vec::len)
    }

    /// Clicks the first element that matches, as a person would: it has to be visible.
    ///
    /// # Panics
    /// If there is none, or it cannot be clicked.
    pub fn click(&self, css: &str) {
        self.element(css, "click", &json!({}));
    }

    /// Types into the first element that matches.
    ///
    /// # Panics
    /// If there is none, or it takes no text.
    pub fn type_into(&self, css: &str, text: &str) {
        self.element(css, "value", &json!({ "text": text }));
    }

    /// Presses one key while nothing in particular has the focus; `\u{e014}` is the right arrow
    /// (WebDriver's own numbering).
    ///
    /// # Panics
    /// If the browser refuses.
    pub fn press(&self, key: char) {
        let key = key.to_string();
        let actions = json!([
            { "type": "keyDown", "value": key },
            { "type": "keyUp", "value": key },
        ]);
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.post("/actions", &body);
    }

    /// The visible text of the first element that matches.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn text(&self, css: &str) -> String {
        let reply = self.request("GET", &self.element_path(css, "text"), &Value::Null);
        reply.unwrap_or_else(|e| panic!("{css}: {e}")).as_str().unwrap_or_default().to_owned()
    }

    /// An attribute of the first element that matches.
    ///
    /// # Panics
    /// If there is no such element.
    #[must_use]
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let path = self.element_path(css, &format!("attribute/{name}"));
        let reply = self.request("GET", &path, &Value::Null);
        reply.unwrap_or_else(|e| panic!("{css}: {e}")).as_str().map(str::to_owned)
    }

    /// Takes what the browser has logged: `browser` (the console) or `performance` (the network).
    ///
    /// # Panics
    /// If there is no such log.
    #[must_use]
    pub fn take_log(&self, kind: &str) -> Vec<Value> {
        let entries = self.post("/se/log", &json!({ "type": kind }));
        entries.as_array().cloned().unwrap_or_default()
    }

    /// Every URL that was requested since the last call, without `data:` and `blob:`.
    ///
    /// # Panics
    /// If the log holds something else than devtools' messages.
    #[must_use]
    pub fn take_requests(&self) -> Vec<String> {
        let mut urls = Vec::new();
        for entry in self.take_log("performance") {
            let text = entry["message"].as_str().expect("a message");
            let message: Value = serde_json::from_str(text).expect("JSON");
            let message = &message["message"];
            if message["method"] == "Network.requestWillBeSent" {
                let url = message["params"]["request"]["url"].as_str().unwrap_or_default();
                if !url.starts_with("data:") && !url.starts_with("blob:") {
                    urls.push(url.to_owned());
                }
            }
        }
        urls
    }

    /// Calls the browser's devtools.
    ///
    /// # Panics
    /// If they refuse.
    pub fn devtools(&self, command: &str, params: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": params }))
    }

    fn element_path(&self, css: &str, what: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": css }));
        let id = found.as_object().and_then(|map| map.values().next()).and_then(Value::as_str);
        let id = id.unwrap_or_else(|| panic!("no element {css}"));
        format!("/session/{}/element/{id}/{what}", self.session)
    }

    fn element(&self, css: &str, what: &str, body: &Value) {
        let reply = self.request("POST", &self.element_path(css, what), body);
        reply.unwrap_or_else(|error| panic!("{what} {css}: {error}"));
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let reply = self.request("POST", &format!("/session/{}{path}", self.session), body);
        reply.unwrap_or_else(|error| panic!("{path} {body}: {error}"))
    }

    /// One request; the reply's `value`, or the error's text.
    fn request(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let reply = self.http(method, path, &text).map_err(|e| e.to_string())?;
        let mut reply: Value = serde_json::from_str(&reply).map_err(|e| format!("{e}: {reply}"))?;
        let value = reply["value"].take();
        match value["error"].as_str() {
            Some(error) => {
                let message = value["message"].as_str().unwrap_or_default();
                Err(format!("{error}: {}", message.lines().next().unwrap_or_default()))
            }
            None => Ok(value),
        }
    }

    fn http(&self, method: &str, path: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let port = self.port;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        read_reply(&mut stream)
    }
}

/// Reads the body of a reply: chromedriver gives its length and may keep the connection open.
fn read_reply(stream: &mut TcpStream) -> io::Result<String> {
    let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut data = Vec::new();
    let mut buffer = [0; 64 * 1024];
    loop {
        if let Some(end) = data.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&data[..end]).to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
                .ok_or_else(|| bad("a reply without its length"))?;
            let mut body = data.split_off(end + 4);
            if body.len() < length {
                let mut rest = vec![0; length - body.len()];
                stream.read_exact(&mut rest)?;
                body.append(&mut rest);
            }
            return String::from_utf8(body).map_err(|_| bad("a reply that is not UTF-8"));
        }
        match stream.read(&mut buffer)? {
            0 => return Err(bad("chromedriver closed the connection")),
            read => data.extend_from_slice(&buffer[..read]),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = self.request("DELETE", &format!("/session/{}", self.session), &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
