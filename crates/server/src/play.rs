//! `lockstep play`: the playground page, embedded in the binary, on http://127.0.0.1.
//!
//! A handful of GET requests from one browser on the same machine need no web framework: threads,
//! a parser of request heads (`httparse`), and answers from memory, uncompressed since nothing
//! leaves the machine. The page may load nothing from elsewhere (Content-Security-Policy), and
//! only names of this machine are answered (a foreign name in `Host` is a rebinding attack).

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::sys::words;
use crate::{complain, say};

/// Where the page is served if nothing else is said.
pub(crate) const PORT: u16 = 8379;

/// Names and contents of the page's files; empty if it was not built before the binary.
static PAGE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Largest request head.
const HEAD_MAX: usize = 16 * 1024;
/// Header lines at most.
const HEADERS_MAX: usize = 64;
/// Connections served at once.
const CONNECTIONS_MAX: usize = 64;
/// An idle connection is closed after this.
const IDLE: Duration = Duration::from_secs(30);

/// Only this origin, WebAssembly, and style attributes; nothing may frame the page.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Lockstep: the page is missing</title>\
<body style=\"font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 4em auto\">\
<h1>This binary was built without the page</h1>\
<p>In a checkout of Lockstep, run</p><pre>cargo xtask play</pre>\
<p>It builds the page, embeds it into the binary, and serves it here. Afterwards \
<code>lockstep play</code> alone does.</p>";

/// Serves the page until the process is ended.
pub(crate) fn run(port: u16) -> ExitCode {
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(listener) => listener,
        Err(error) => {
            complain(&format!(
                "lockstep: can't listen on 127.0.0.1:{port}: {}. Another port can be given with \
                 --http-port, and 0 picks a free one.",
                words(&error)
            ));
            return ExitCode::FAILURE;
        }
    };
    let port = listener.local_addr().map_or(port, |addr| addr.port());
    say(&format!("Lockstep playground: http://127.0.0.1:{port}"));
    if PAGE.is_empty() {
        complain("This binary was built without the page; build both with: cargo xtask play");
    }
    serve(&listener, PAGE)
}

fn serve(listener: &TcpListener, page: &'static [(&'static str, &'static [u8])]) -> ! {
    static OPEN: AtomicUsize = AtomicUsize::new(0);
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // Out of file descriptors, most likely: some will come back.
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        if OPEN.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
            OPEN.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let talk = move || {
            // A browser that goes away is no error.
            let _ = converse(stream, page);
            OPEN.fetch_sub(1, Ordering::Relaxed);
        };
        if std::thread::Builder::new().name("http".into()).spawn(talk).is_err() {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Answers the requests of one connection.
fn converse(mut stream: TcpStream, page: &[(&str, &[u8])]) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut input = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let (answer, used) = match take_request(&input, page) {
            Some(answered) => answered,
            None => {
                let read = stream.read(&mut chunk)?;
                if read == 0 {
                    return Ok(());
                }
                input.extend_from_slice(&chunk[..read]);
                continue;
            }
        };
        stream.write_all(answer.head().as_bytes())?;
        if !answer.head_only {
            stream.write_all(answer.body)?;
        }
        if answer.close {
            return Ok(());
        }
        input.drain(..used);
    }
}

/// The answer to the first request in `input`, and its length; `None` if it is incomplete.
fn take_request<'p>(input: &[u8], page: &'p [(&str, &[u8])]) -> Option<(Answer<'p>, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(input) {
        Ok(httparse::Status::Complete(used)) => Some((answer(&request, page), used)),
        Ok(httparse::Status::Partial) if input.len() < HEAD_MAX => None,
        Ok(httparse::Status::Partial) => {
            Some((Answer::error("431 Request Header Fields Too Large"), input.len()))
        }
        Err(_) => Some((Answer::error("400 Bad Request"), input.len())),
    }
}

fn answer<'p>(request: &httparse::Request<'_, '_>, page: &'p [(&str, &[u8])]) -> Answer<'p> {
    let header = |name: &str| {
        let found = request.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
        found.map(|h| String::from_utf8_lossy(h.value))
    };
    if !header("host").is_some_and(|host| is_this_machine(&host)) {
        return Answer::error("421 Misdirected Request");
    }
    let method = request.method.unwrap_or_default();
    if !matches!(method, "GET" | "HEAD") {
        return Answer::error("405 Method Not Allowed");
    }
    let closing = header("connection").is_some_and(|c| c.eq_ignore_ascii_case("close"));
    // HTTP/1.0 closes after each answer; a body, which a GET has no use for, is not read.
    let body = header("content-length").is_some_and(|len| len.trim() != "0")
        || header("transfer-encoding").is_some();
    let found = find(request.path.unwrap_or("/"), page);
    Answer {
        head_only: method == "HEAD",
        close: closing || body || request.version == Some(0),
        ..found
    }
}

fn find<'p>(target: &str, page: &'p [(&str, &[u8])]) -> Answer<'p> {
    if page.is_empty() {
        return Answer {
            status: "503 Service Unavailable",
            kind: "text/html; charset=utf-8",
            body: NOT_BUILT.as_bytes(),
            ..Answer::default()
        };
    }
    let path = target.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    let name = if path.is_empty() { "index.html" } else { path };
    match page.iter().find(|(known, _)| *known == name) {
        Some((name, body)) => {
            Answer { kind: content_type(name), lasting: is_hashed(name), body, ..Answer::default() }
        }
        None => Answer { close: false, ..Answer::error("404 Not Found") },
    }
}

/// Whether `Host` names this machine, with or without a port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether a name carries a hash of its contents (`lockstep-web-9370051a4ca8fe1a.js`), so that
/// browsers may keep the file for good.
fn is_hashed(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    hash.len() >= 16 && hash.bytes().all(|b| b.is_ascii_hexdigit())
}

#[derive(Debug)]
struct Answer<'p> {
    status: &'static str,
    kind: &'static str,
    body: &'p [u8],
    lasting: bool,
    head_only: bool,
    close: bool,
}

impl Default for Answer<'_> {
    fn default() -> Self {
        Self {
            status: "200 OK",
            kind: "text/plain; charset=utf-8",
            body: b"",
            lasting: false,
            head_only: false,
            close: false,
        }
    }
}

impl Answer<'_> {
    fn error(status: &'static str) -> Self {
        Self { status, body: status.as_bytes(), close: true, ..Self::default() }
    }

    fn head(&self) -> String {
        let Self { status, kind, body, .. } = self;
        let len = body.len();
        let cache = match self.lasting {
            true => "public, max-age=31536000, immutable",
            false => "no-cache",
        };
        let connection = if self.close { "close" } else { "keep-alive" };
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\n\
             Cache-Control: {cache}\r\nContent-Security-Policy: {POLICY}\r\n\
             X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
             Cross-Origin-Opener-Policy: same-origin\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\nAllow: GET, HEAD\r\n\
             Connection: {connection}\r\n\r\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[(&str, &[u8])] =
        &[("index.html", b"<p>"), ("a-0123456789abcdef.wasm", b"\0asm"), ("sub/b.js", b"1")];

    fn ask(request: &str) -> (String, usize) {
        let (answer, used) = take_request(request.as_bytes(), FILES).expect("complete");
        let body = String::from_utf8_lossy(answer.body).into_owned();
        let body = if answer.head_only { String::new() } else { body };
        (answer.head() + &body, used)
    }

    fn get(path: &str) -> String {
        ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost:1\r\n\r\n")).0
    }

    #[test]
    fn files_have_their_types() {
        let page = get("/");
        assert!(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html"), "{page}");
        assert!(page.contains("\r\nContent-Length: 3\r\n") && page.ends_with("\r\n\r\n<p>"));
        assert!(page.contains("Cache-Control: no-cache"));
        let wasm = get("/a-0123456789abcdef.wasm?x");
        assert!(wasm.contains("application/wasm") && wasm.contains("immutable"), "{wasm}");
        assert!(get("/sub/b.js").contains("text/javascript"));
        assert!(get("/../x").starts_with("HTTP/1.1 404 "));
    }

    #[test]
    fn only_this_machine_is_answered() {
        for host in ["127.0.0.1", "127.0.0.1:8379", "localhost", "localhost:1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["evil.example", "evil.example:8379", "127.0.0.1.evil.example", "", "::1"] {
            assert!(!is_this_machine(host), "{host}");
        }
        let (answer, _) = ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
        let (answer, _) = ask("GET / HTTP/1.1\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    }

    #[test]
    fn requests_are_taken_one_by_one() {
        let head = "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let (answer, used) = ask(&format!("{head}GET / HTTP/1.1"));
        assert_eq!(used, head.len());
        assert!(answer.contains("Content-Length: 3\r\n") && answer.ends_with("\r\n\r\n"));
        assert!(take_request(b"GET / HTTP/1.1\r\nHo", FILES).is_none());
        let (answer, _) = ask("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
        let (answer, _) = ask("\0\0\0");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        let endless = format!("GET /{} HTTP/1.1\r\n", "x".repeat(HEAD_MAX));
        assert!(ask(&endless).0.starts_with("HTTP/1.1 431 "));
    }

    #[test]
    fn without_a_page_it_says_how_to_build_one() {
        let answer = find("/", &[]);
        assert_eq!(answer.status, "503 Service Unavailable");
        assert!(String::from_utf8_lossy(answer.body).contains("cargo xtask play"));
    }
}
