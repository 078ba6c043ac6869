//! `cargo xtask web`: the page, built into `dist/`.
//!
//! The same index.html works with Trunk; this needs nothing installed beforehand. Every URL in the
//! result is relative, so `dist/` can be hosted under any path of any static host, and names carry
//! a hash of their content, so a host may cache them for ever.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cmd::{self, cargo};
use crate::html::{self, Asset, Kind, Piece};
use crate::{lessons, offline, tools};

/// Where the page goes, and where the native program's build takes it from.
pub(crate) const DIST: &str = "dist";
/// The script that starts a page whose module is divided.
const START: &str = "web/later.js";
/// The script that comes before the first paint.
const AT_ONCE: &str = "boot.js";
/// The linker's notes: from them follows what data comes later, and functions are told apart.
const LINKER_NOTES: [&str; 3] = ["--", "-Clink-arg=--emit-relocs", "-Clink-arg=--no-demangle"];
/// Gzipped size of the wasm and JavaScript that the page starts with: the most that it may be.
const SIZE_LIMIT: usize = 200 * 1024;
/// The most that all of it may be, with what comes later.
const SIZE_ALL: usize = 820 * 1024;

/// How the page's standard library differs from the one that Rust ships: compiled for size, and
/// ending at once where it would first have put a panic into words. The page shows what to do then
/// (`web/boot.js`); the words, and all formatting for debugging, are in the build with `--dev`.
const SMALL_FLAGS: &str = "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none \
                           -Zfmt-debug=none";
const SMALL_STD: [&str; 4] =
    ["-Z", "build-std=std,panic_abort", "-Z", "build-std-features=optimize_for_size"];

#[derive(clap::Args, Clone)]
pub(crate) struct Args {
    /// Where the page goes.
    #[arg(long, default_value = DIST)]
    pub(crate) out: PathBuf,
    /// Build quickly, without optimising for size: for work on the page.
    #[arg(long)]
    pub(crate) dev: bool,
}

/// What is built of the page's module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Two small modules.
    Divided,
    /// One, quickly.
    Dev,
    /// One that remembers which of its functions have run.
    Profile,
}

impl Default for Args {
    fn default() -> Self {
        Self { out: DIST.into(), dev: false }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let dist = build(args)?.checked()?;
    println!("The page is in {}.", dist.display());
    Ok(())
}

/// A page that was built.
pub(crate) struct Built {
    dist: PathBuf,
    /// By how much it is over its budget. Who only wants to see the page need not care.
    excess: Option<String>,
}

impl Built {
    /// The directory it is in; an error if it is over its budget.
    pub(crate) fn checked(self) -> Result<PathBuf> {
        match self.excess {
            None => Ok(self.dist),
            Some(excess) => bail!(excess),
        }
    }
}

/// Builds the page, and prints its sizes.
pub(crate) fn build(args: &Args) -> Result<Built> {
    let mode = if args.dev { Mode::Dev } else { Mode::Divided };
    let root = cmd::root();
    let dist = root.join(&args.out);
    // Built beside the old page and swapped at the end: a failed build leaves the old one usable.
    let staging = dist.with_extension("new");
    let _ = fs::remove_dir_all(&staging);
    fs::create_dir_all(&staging).with_context(|| staging.display().to_string())?;
    let page = write(&staging, mode)?;
    if same_files(&dist, &staging) {
        // Left untouched, so that the program that embeds it need not be built again.
        fs::remove_dir_all(&staging)?;
    } else {
        let _ = fs::remove_dir_all(&dist);
        fs::rename(&staging, &dist).with_context(|| dist.display().to_string())?;
    }
    let excess = if args.dev { None } else { report(&page.sizes, page.large.as_deref()) };
    Ok(Built { dist, excess })
}

/// Writes the page into an empty directory.
pub(crate) fn write(out: &Path, mode: Mode) -> Result<Page> {
    tools::wasm_target()?;
    let (root, out) = (cmd::root(), out.to_path_buf());
    let mut page = Page { root, out, mode, large: None, sizes: Vec::new(), bound: 0 };
    page.write()?;
    Ok(page)
}

/// A file of the page that counts for its size.
struct Size {
    name: String,
    plain: usize,
    zipped: usize,
    /// Whether the page starts without it.
    later: bool,
}

/// Prints the sizes; returns what is above the limits, unless this machine lacks what makes the
/// page small.
fn report(sizes: &[Size], large: Option<&str>) -> Option<String> {
    let zipped = |later| -> usize {
        sizes.iter().filter(|size| size.later == later).map(|size| size.zipped).sum()
    };
    let (first, later) = (zipped(false), zipped(true));
    for Size { name, plain, zipped, .. } in sizes {
        println!("{name}: {:.1} KB, gzipped {:.1} KB", kb(*plain), kb(*zipped));
    }
    println!(
        "wasm + JS, gzipped: first load {:.1} KB (limit {:.0} KB), loaded later {:.1} KB, \
         together {:.1} KB (limit {:.0} KB)",
        kb(first),
        kb(SIZE_LIMIT),
        kb(later),
        kb(first + later),
        kb(SIZE_ALL)
    );
    if let Some(why) = large {
        println!(
            "warning: the page is larger than it could be, and its size is not checked: {why}"
        );
        return None;
    }
    if first > SIZE_LIMIT {
        let over = kb(first - SIZE_LIMIT);
        return Some(format!("the page's first load is {over:.1} KB over its budget"));
    }
    if first + later > SIZE_ALL {
        let over = kb(first + later - SIZE_ALL);
        return Some(format!("all of the page's wasm and JS is {over:.1} KB over its budget"));
    }
    None
}

#[allow(clippy::cast_precision_loss)] // A size on a screen.
fn kb(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

/// The page while it is being put together.
pub(crate) struct Page {
    root: PathBuf,
    out: PathBuf,
    mode: Mode,
    /// Why the page was built without the means that make it small.
    large: Option<String>,
    /// Of wasm and JavaScript.
    sizes: Vec<Size>,
    /// Of the module after wasm-bindgen.
    pub(crate) bound: u64,
}

impl Page {
    fn write(&mut self) -> Result<()> {
        let path = self.root.join("index.html");
        let html = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut text = String::with_capacity(html.len());
        let mut has_rust = false;
        for piece in html::pieces(&html)? {
            match piece {
                Piece::Text(plain) => text.push_str(&plain),
                Piece::Asset(asset) => {
                    has_rust |= asset.kind == Kind::Rust;
                    let tag = self
                        .asset(&asset)
                        .with_context(|| format!("index.html: rel {:?}", asset.kind))?;
                    text.push_str(&tag);
                }
            }
        }
        if !has_rust {
            bail!("index.html has no <link data-trunk rel=\"rust\" href=\"web/Cargo.toml\">");
        }
        fs::write(self.out.join("index.html"), text)?;
        // Whoever walks the opening world needs none.
        if self.mode == Mode::Profile {
            return Ok(());
        }
        lessons::write(&self.out.join("lessons"))?;
        // When all files are there.
        offline::write(&self.out)
    }

    /// Writes what a link stands for, and returns the tag that takes its place.
    fn asset(&mut self, asset: &Asset) -> Result<String> {
        let from = self.root.join(&asset.href);
        let rest = &asset.rest;
        Ok(match asset.kind {
            Kind::Rust => self.rust(&from)?,
            Kind::Css => {
                let name = self.copy_hashed(&from)?;
                format!("<link rel=\"stylesheet\" href=\"./{name}\"{rest}>")
            }
            Kind::Icon => {
                let name = self.copy_hashed(&from)?;
                format!("<link rel=\"icon\" href=\"./{name}\"{rest}>")
            }
            Kind::Inline => {
                let text = fs::read_to_string(&from).with_context(|| from.display().to_string())?;
                match from.extension().and_then(|e| e.to_str()) {
                    Some("css") => format!("<style>{text}</style>"),
                    Some("js") => format!("<script>{text}</script>"),
                    _ => text,
                }
            }
            Kind::CopyFile => {
                let name = from.file_name().context("href names no file")?;
                let data = fs::read(&from).with_context(|| from.display().to_string())?;
                if from.extension() == Some(OsStr::new("js")) {
                    self.script(&name.to_string_lossy(), String::from_utf8(data)?)?;
                } else {
                    fs::write(self.out.join(name), data)?;
                }
                String::new()
            }
            Kind::CopyDir => {
                let name = from.file_name().context("href names no directory")?;
                copy_dir(&from, &self.out.join(name))?;
                String::new()
            }
        })
    }

    /// Writes a script that is beside the page's own: `boot.js` at once, others when they are asked
    /// for.
    fn script(&mut self, name: &str, text: String) -> Result<()> {
        let text = if self.mode == Mode::Divided { bare(&text) } else { text };
        fs::write(self.out.join(name), text)?;
        self.measure(name, name != AT_ONCE)
    }

    /// Compiles the page's package and returns the tags that start it.
    fn rust(&mut self, manifest: &Path) -> Result<String> {
        let wasm = self.compile(manifest)?;
        let name = wasm.file_stem().and_then(|s| s.to_str()).context("a name")?.to_owned();
        let folder = if self.mode == Mode::Profile { "page-profile/work" } else { "page" };
        let work = cmd::target_dir().join(folder);
        let _ = fs::remove_dir_all(&work);
        println!("Binding it to JavaScript (wasm-bindgen, from its library).");
        let names = (self.mode != Mode::Dev).then_some("--names");
        let bind = [OsStr::new("bind"), wasm.as_ref(), name.as_ref(), work.as_ref()];
        bindgen(bind.into_iter().chain(names.map(OsStr::new)))?;
        let bound = work.join(format!("{name}_bg.wasm"));
        self.bound = hash(&fs::read(&bound)?);
        let later = work.join(format!("{name}_bg_later.wasm"));
        match self.mode {
            Mode::Dev => {}
            Mode::Profile => bindgen([OsStr::new("mark"), bound.as_ref(), bound.as_ref()])?,
            Mode::Divided => match crate::profile::of(&bound) {
                Ok(ran) => {
                    bindgen([OsStr::new("divide"), wasm.as_ref(), bound.as_ref(), ran.as_ref()])?
                }
                Err(error) => {
                    println!("The page's module stays in one piece: {error:#}.");
                    self.large.get_or_insert_with(|| format!("it is in one piece, for {error:#}"));
                }
            },
        }
        let first = self.module(&bound, false)?;
        // Started from its own file, not from an inline script: a page without inline scripts can
        // be served under a strict Content-Security-Policy.
        let script = work.join(format!("{name}.js"));
        let mut glue = fs::read_to_string(&script)?;
        if later.is_file() {
            let later = self.module(&later, true)?;
            let start = fs::read_to_string(self.root.join(START)).context(START)?;
            let start = bare(&start).replace("FIRST_WASM", &first).replace("LATER_WASM", &later);
            glue.push_str(&start);
        } else {
            if self.mode == Mode::Profile {
                glue.push_str("\nglobalThis.lockstepWhole = new Promise(() => {});");
            }
            glue.push_str(&format!(
                "\nawait __wbg_init({{ module_or_path: new URL('./{first}', import.meta.url) }});\n"
            ));
        }
        if self.mode == Mode::Profile {
            glue.push_str("globalThis.lockstepRan = () => new Uint8Array(wasm.ran.buffer);\n");
        }
        fs::write(&script, glue)?;
        let script = self.copy_hashed(&script)?;
        self.measure(&script, false)?;
        if work.join("snippets").is_dir() {
            copy_dir(&work.join("snippets"), &self.out.join("snippets"))?;
        }
        Ok(format!(
            "<link rel=\"preload\" href=\"./{first}\" as=\"fetch\" type=\"application/wasm\" \
             crossorigin>\n<script type=\"module\" src=\"./{script}\"></script>"
        ))
    }

    /// Makes a module small, puts it into the page and returns its name there.
    fn module(&mut self, wasm: &Path, later: bool) -> Result<String> {
        if self.mode == Mode::Divided && !optimise(wasm)? {
            self.large.get_or_insert_with(|| "there is no wasm-opt".into());
        }
        let name = self.copy_hashed(wasm)?;
        self.measure(&name, later)?;
        Ok(name)
    }

    fn measure(&mut self, name: &str, later: bool) -> Result<()> {
        let data = fs::read(self.out.join(name))?;
        let (plain, zipped) = (data.len(), gzipped(&data)?);
        self.sizes.push(Size { name: name.to_owned(), plain, zipped, later });
        Ok(())
    }

    /// Compiles the package to WebAssembly and returns the file.
    fn compile(&mut self, manifest: &Path) -> Result<PathBuf> {
        const TARGET: &str = "wasm32-unknown-unknown";
        let text = fs::read_to_string(manifest).with_context(|| manifest.display().to_string())?;
        let package = text
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
            .with_context(|| format!("{}: no package name", manifest.display()))?;
        let dev = self.mode == Mode::Dev;
        let profile = if dev { "dev" } else { "wasm" };
        let build = ["rustc", "--package", package, "--bin", package, "--target", TARGET];
        let build = || {
            let mut command = cargo(build);
            command.args(["--profile", profile]);
            command
        };
        println!("Compiling the page (package {package}) to WebAssembly.");
        if dev {
            cmd::run(&mut build())?;
        } else if let Err(error) = tools::rust_source().and_then(|()| {
            // The name of the variable says that what it allows may change with the compiler. If it
            // does, the page is built without.
            let mut small = build();
            small.args(SMALL_STD).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", SMALL_FLAGS);
            cmd::run(small.args(LINKER_NOTES))
        }) {
            println!("Building it with the standard library as Rust ships it: {error:#}.");
            cmd::run(build().args(LINKER_NOTES))?;
            self.large = Some(format!("the standard library is as Rust ships it, for {error:#}"));
        }
        let folder = if dev { "debug" } else { profile };
        Ok(cmd::target_dir().join(TARGET).join(folder).join(format!("{package}.wasm")))
    }

    /// Copies a file under a name with a hash of its content.
    fn copy_hashed(&self, from: &Path) -> Result<String> {
        let data = fs::read(from).with_context(|| from.display().to_string())?;
        let hash = hash(&data);
        let stem = from.file_stem().and_then(|s| s.to_str()).context("a file name")?;
        let extension = from.extension().and_then(|e| e.to_str()).unwrap_or("bin");
        let name = format!("{stem}-{hash:016x}.{extension}");
        fs::write(self.out.join(&name), data)?;
        Ok(name)
    }
}

/// A script without what only its readers need: comments that have lines of their own, and
/// indentation. None of ours has a text of several lines.
fn bare(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Runs the program beside this one.
fn bindgen<'a>(args: impl IntoIterator<Item = &'a OsStr>) -> Result<()> {
    let mut command = cargo(["run", "--quiet", "--package", "xtask", "--features", "bindgen"]);
    command.args(["--bin", "xtask-bindgen", "--"]).args(args);
    cmd::run(&mut command)
}

/// Runs wasm-opt over the file. False: there is none.
fn optimise(wasm: &Path) -> Result<bool> {
    let Some(mut command) = tools::wasm_opt() else { return Ok(false) };
    // What rustc emits by default for this target; without the flags wasm-opt refuses it.
    const FEATURES: &[&str] = &[
        "--enable-bulk-memory",
        "--enable-mutable-globals",
        "--enable-nontrapping-float-to-int",
        "--enable-sign-ext",
        "--enable-reference-types",
        "--enable-multivalue",
    ];
    // Nothing of ours lies in the first 1024 bytes (the far end of the stack does), which lets
    // offsets be folded. Functions with one caller stay apart: that compresses better. Once flat,
    // the code is put together anew by the passes that follow. Alignments are hints that no engine
    // needs, and what is alike compresses best side by side: `split` has named functions for that.
    const PASSES: &[&str] = &[
        "--low-memory-unused",
        "--one-caller-inline-max-function-size=0",
        "-Oz",
        "--flatten",
        "--rereloop",
        "-Oz",
        "-Oz",
        "--code-folding",
        "--merge-locals",
        "--coalesce-locals-learning",
        "--vacuum",
        "--reorder-locals",
        "--dealign",
        "--reorder-functions-by-name",
    ];
    let small = wasm.with_extension("small.wasm");
    command.args(PASSES).args(FEATURES).arg(wasm).arg("-o").arg(&small);
    cmd::run(&mut command)?;
    fs::rename(&small, wasm)?;
    Ok(true)
}

/// FNV-1a: it tells versions of one file apart, nothing more.
pub(crate) fn hash(data: &[u8]) -> u64 {
    data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The size after `gzip -9`, as a static host would send it.
fn gzipped(data: &[u8]) -> Result<usize> {
    let mut gzip = Command::new("gzip")
        .args(["-9", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run gzip, which measures the page")?;
    let mut input = gzip.stdin.take().context("gzip has no input")?;
    let data = data.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&data));
    let output = gzip.wait_with_output()?;
    writer.join().expect("writing does not panic")?;
    Ok(output.stdout.len())
}

/// Whether two directories hold the same files.
fn same_files(one: &Path, other: &Path) -> bool {
    let list = |dir: &Path| -> Option<Vec<(PathBuf, Vec<u8>)>> {
        let mut files = Vec::new();
        let mut open = vec![dir.to_path_buf()];
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(next).ok()? {
                let path = entry.ok()?.path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(dir).ok()?.to_path_buf();
                    files.push((name, fs::read(&path).ok()?));
                }
            }
        }
        files.sort();
        Some(files)
    };
    list(one).is_some_and(|files| list(other) == Some(files))
}

/// The native program's build looks here for the page it embeds, once there is one.
pub(crate) fn embed(command: &mut Command) -> &mut Command {
    let dist = cmd::root().join(DIST);
    if dist.join("index.html").is_file() {
        command.env("LOCKSTEP_DIST", dist);
    }
    command
}

fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
