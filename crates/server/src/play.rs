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

use crate::live::hub::Hub;
use crate::live::socket::{self, Refusal, Seat};
use crate::live::{self, Wish};
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

/// Only this origin, WebAssembly, and style attributes; only pages of this machine may frame the
/// page (`?embed=1`).
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' \
http://127.0.0.1:* http://localhost:*";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Lockstep: the page is missing</title>\
<body style=\"font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 4em auto\">\
<h1>This binary was built without the page</h1>\
<p>In a checkout of Lockstep, run</p><pre>cargo xtask play</pre>\
<p>It builds the page, embeds it into the binary, and serves it here. Afterwards \
<code>lockstep play</code> alone does.</p>";

/// What tells the page that there are live nodes to be asked for, at the beginning of its head.
const MARKER: &str = "<meta name=\"lockstep-live\" content=\"live\">";

/// What is served.
#[derive(Debug, Clone, Copy)]
struct Site {
    page: &'static [(&'static str, &'static [u8])],
    /// What live nodes tell, if there are any.
    hub: Option<&'static Hub>,
}

/// Serves the page until the process is ended, with live nodes if they are wished for.
pub(crate) fn run(port: u16, wish: Option<&Wish>) -> ExitCode {
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
    let mut site = Site { page: PAGE, hub: None };
    let mut told = None;
    if let Some(wish) = wish {
        let live = match live::start(wish) {
            Ok(live) => live,
            Err(text) => {
                complain(&format!("lockstep: {text}"));
                return ExitCode::FAILURE;
            }
        };
        told = Some(live.told.clone());
        site = Site { page: marked(PAGE), hub: Some(live.hub) };
        if let Err(error) = live.end_with_the_process() {
            complain(&format!("lockstep: can't catch signals: {}", words(&error)));
            return ExitCode::FAILURE;
        }
    }
    say(&format!("Lockstep playground: http://127.0.0.1:{port}"));
    told.iter().for_each(|told| say(told));
    if PAGE.is_empty() {
        complain("This binary was built without the page; build both with: cargo xtask play");
    }
    serve(&listener, site)
}

/// The page with the marker in its index.
fn marked(
    page: &'static [(&'static str, &'static [u8])],
) -> &'static [(&'static str, &'static [u8])] {
    let mark = |(name, body): &(&'static str, &'static [u8])| {
        let text = std::str::from_utf8(body).ok().filter(|_| *name == "index.html");
        match text {
            Some(text) if text.contains("<head>") => {
                let text = text.replacen("<head>", &format!("<head>{MARKER}"), 1);
                (*name, text.into_bytes().leak() as &[u8])
            }
            _ => (*name, *body),
        }
    };
    page.iter().map(mark).collect::<Vec<_>>().leak()
}

fn serve(listener: &TcpListener, site: Site) -> ! {
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
            let _ = converse(stream, site);
            OPEN.fetch_sub(1, Ordering::Relaxed);
        };
        if std::thread::Builder::new().name("http".into()).spawn(talk).is_err() {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Answers the requests of one connection.
fn converse(mut stream: TcpStream, site: Site) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut input = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let (answer, used) = match take_request(&input, site) {
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
        if let (Some(seat), Some(hub)) = (answer.seat, site.hub) {
            socket::tell(stream, hub);
            drop(seat);
            return Ok(());
        }
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
fn take_request(input: &[u8], site: Site) -> Option<(Answer, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(input) {
        Ok(httparse::Status::Complete(used)) => Some((answer(&request, site), used)),
        Ok(httparse::Status::Partial) if input.len() < HEAD_MAX => None,
        Ok(httparse::Status::Partial) => {
            Some((Answer::error("431 Request Header Fields Too Large"), input.len()))
        }
        Err(_) => Some((Answer::error("400 Bad Request"), input.len())),
    }
}

fn answer(request: &httparse::Request<'_, '_>, site: Site) -> Answer {
    let header = |name: &str| {
        let found = request.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
        found.and_then(|h| std::str::from_utf8(h.value).ok())
    };
    if !header("host").is_some_and(is_this_machine) {
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
    let path = request.path.unwrap_or("/");
    if site.hub.is_some() && path == socket::PATH && !body {
        return upgrade(method, header);
    }
    let found = find(path, site.page);
    Answer {
        head_only: method == "HEAD",
        close: closing || body || request.version == Some(0),
        ..found
    }
}

/// The answer to a page that asks for the WebSocket.
fn upgrade<'h>(method: &str, header: impl Fn(&str) -> Option<&'h str>) -> Answer {
    if method != "GET" {
        return Answer::error("405 Method Not Allowed");
    }
    match socket::accept(header) {
        Err(Refusal::Origin) => Answer::error("403 Forbidden"),
        Err(Refusal::Version) => Answer::error("426 Upgrade Required"),
        Ok(key) => match Seat::take() {
            None => Answer::error("503 Service Unavailable"),
            seat => Answer { key, seat, ..Answer::default() },
        },
    }
}

fn find(target: &str, page: &'static [(&'static str, &'static [u8])]) -> Answer {
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
        Some("webmanifest") => "application/manifest+json",
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
struct Answer {
    status: &'static str,
    kind: &'static str,
    body: &'static [u8],
    lasting: bool,
    head_only: bool,
    close: bool,
    /// With a seat, it is the answer that opens a WebSocket; this is its key.
    key: String,
    seat: Option<Seat>,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: "200 OK",
            kind: "text/plain; charset=utf-8",
            body: b"",
            lasting: false,
            head_only: false,
            close: false,
            key: String::new(),
            seat: None,
        }
    }
}

impl Answer {
    fn error(status: &'static str) -> Self {
        Self { status, body: status.as_bytes(), close: true, ..Self::default() }
    }

    fn head(&self) -> String {
        let Self { status, kind, body, key, .. } = self;
        if self.seat.is_some() {
            return format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: {key}\r\n\r\n"
            );
        }
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

    const SITE: Site = Site { page: FILES, hub: None };

    fn ask(request: &str) -> (String, usize) {
        ask_of(SITE, request)
    }

    fn ask_of(site: Site, request: &str) -> (String, usize) {
        let (answer, used) = take_request(request.as_bytes(), site).expect("complete");
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
        assert!(take_request(b"GET / HTTP/1.1\r\nHo", SITE).is_none());
        let (answer, _) = ask("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
        let (answer, _) = ask("\0\0\0");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        let endless = format!("GET /{} HTTP/1.1\r\n", "x".repeat(HEAD_MAX));
        assert!(ask(&endless).0.starts_with("HTTP/1.1 431 "));
    }

    #[test]
    fn the_index_has_the_marker_only_where_there_is_something_to_ask_for() {
        const INDEX: &[(&str, &[u8])] = &[("index.html", b"<html><head><title>"), ("x", b"<head>")];
        let page = marked(INDEX);
        let text = String::from_utf8_lossy(page[0].1);
        assert_eq!(text, format!("<html><head>{MARKER}<title>"));
        assert_eq!(page[1].1, b"<head>");
        assert!(get("/live").starts_with("HTTP/1.1 404 "));
    }

    #[test]
    fn only_this_servers_own_page_may_open_the_websocket() {
        let hub: &'static Hub = Box::leak(Box::new(Hub::new(String::new())));
        let site = Site { hub: Some(hub), ..SITE };
        let with = |method: &str, host: &str, origin: &str, more: &str| {
            let origin = match origin {
                "" => String::new(),
                origin => format!("Origin: {origin}\r\n"),
            };
            let upgrade = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
            let head = format!("{method} /live HTTP/1.1\r\nHost: {host}\r\n");
            ask_of(site, &format!("{head}{origin}{upgrade}{more}\r\n")).0
        };
        let version = "Sec-WebSocket-Version: 13\r\n";
        let open = |host: &str, origin: &str| with("GET", host, origin, version);
        let (host, own) = ("127.0.0.1:8379", "http://127.0.0.1:8379");
        let answer = open(host, own);
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        // The example of RFC 6455, section 1.3.
        assert!(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(open("localhost:8379", "http://localhost:8379").starts_with("HTTP/1.1 101 "));
        let others = [
            "",
            "null",
            "http://evil.example",
            "http://evil.example:8379",
            "http://127.0.0.1",
            "http://127.0.0.1:8380",
            "http://localhost:8379",
            "https://127.0.0.1:8379",
            "http://127.0.0.1:8379.evil.example",
        ];
        for origin in others {
            assert!(open(host, origin).starts_with("HTTP/1.1 403 "), "{origin}");
        }
        let rebound = open("evil.example:8379", "http://evil.example:8379");
        assert!(rebound.starts_with("HTTP/1.1 421 "), "{rebound}");
        assert!(with("GET", host, own, "").starts_with("HTTP/1.1 426 "));
        assert!(with("GET", host, own, "Sec-WebSocket-Version: 8\r\n").contains(" 426 "));
        assert!(with("HEAD", host, own, version).starts_with("HTTP/1.1 405 "));
        assert!(with("POST", host, own, version).starts_with("HTTP/1.1 405 "));
    }

    #[test]
    fn without_a_page_it_says_how_to_build_one() {
        let answer = find("/", &[]);
        assert_eq!(answer.status, "503 Service Unavailable");
        assert!(String::from_utf8_lossy(answer.body).contains("cargo xtask play"));
    }
}
