//! A static host, as plain as they come: files of a directory under some path, and 404.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Serves a directory until the process ends.
#[derive(Debug)]
pub struct Site {
    /// The address of its index, with a slash at the end.
    pub url: String,
    answers: Arc<AtomicBool>,
}

impl Site {
    /// Serves `dir` under `/prefix/` on a free port.
    ///
    /// # Panics
    /// If no port can be had.
    #[must_use]
    pub fn start(dir: PathBuf, prefix: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let root = format!("/{prefix}/");
        let url = format!("http://127.0.0.1:{port}{root}");
        let answers = Arc::new(AtomicBool::new(true));
        let on = answers.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if !on.load(Ordering::Relaxed) {
                    continue;
                }
                let (dir, root) = (dir.clone(), root.clone());
                std::thread::spawn(move || serve(stream, &dir, &root));
            }
        });
        Self { url, answers }
    }

    /// Answers nobody from now on.
    pub fn stop(&self) {
        self.answers.store(false, Ordering::Relaxed);
    }
}

fn serve(mut stream: TcpStream, dir: &Path, root: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or("/");
    let file = path.split('?').next().and_then(|path| path.strip_prefix(root));
    let name = file.map(|file| if file.is_empty() { "index.html" } else { file });
    let content = name.filter(|name| !name.contains("..")).map(|name| fs::read(dir.join(name)));
    let (status, kind, body) = match (content, name) {
        (Some(Ok(body)), Some(name)) => ("200 OK", content_type(name), body),
        _ => ("404 Not Found", "text/plain", b"not here".to_vec()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
